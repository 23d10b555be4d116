import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Stack } from '@aws-sdk/client-cloudformation';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../packager/cli/program.ts';
import { WITHOUT_FILES } from '../support/aws-environment.ts';
import type { CorpusCase, ExpectedTemplate } from '../support/corpus.ts';
import { copyInput, corpusCases, expectedOf } from '../support/corpus.ts';
import { at } from '../support/json-pointer.ts';
import { startMoto } from '../support/moto.ts';
import type { Files, Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { canOpenZips, zipEntries } from '../support/zip-entries.ts';
import { DIFFERENCES } from './template/corpus-differences.ts';
import { readIndependently } from './template/independent.ts';

knowEveryError();

const moto = await startMoto();
const hasAws = spawnSync('aws', ['--version']).status === 0;
/** Whose everything in moto is. */
const ACCOUNT = '123456789012';
const BUCKET = 'deployments';
const DOMAIN = 'shop-artifacts';

const endpoint = 'skipped' in moto ? 'http://127.0.0.1:1' : moto.endpoint;
const ENV = {
  ...WITHOUT_FILES,
  ...{ AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' },
};

const client = new S3Client({
  ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const own = process.env;
let scratch = '';
let files = 0;

beforeAll(async () => {
  // The SDK reads variables by itself: none of this machine's may play a part.
  process.env = { PATH: own['PATH'], HOME: '/no/such/home', AWS_EC2_METADATA_DISABLED: 'true' };
  scratch = await temporaryFolder();
  if ('skipped' in moto) return;
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await client.send(new CreateBucketCommand({ Bucket: DOMAIN }));
  const versioned = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: DOMAIN, VersioningConfiguration: versioned }));
  // A domain is not begun on moto, which takes bytes that don't have the SHA-256 announced; one that is there is used.
  const descriptor = { format: 1, partition: 'aws', account: ACCOUNT, region: 'us-east-1', bucket: DOMAIN };
  await client.send(new PutObjectCommand({ Bucket: DOMAIN, Key: 'domain', Body: JSON.stringify(descriptor) }));
});

afterAll(async () => {
  process.env = own;
  client.destroy();
  if ('close' in moto) await moto.close();
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real one. */
async function aws(cwd: string, ...argv: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)('aws', argv, {
      ...{ cwd, maxBuffer: 1 << 26 },
      env: { ...process.env, ...(ENV as NodeJS.ProcessEnv), AWS_DEFAULT_REGION: 'us-east-1' },
    });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

async function ours(cwd: string, ...argv: string[]): Promise<Ended> {
  const terminal = recordedTerminal({ cwd, env: ENV });
  const exitCode = await run(argv, terminal);
  return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

function packageWithAws(cwd: string, template: string, bucket: string, ...flags: string[]): Promise<Ended> {
  return aws(cwd, 'cloudformation', 'package', '--template-file', template, '--s3-bucket', bucket, ...flags);
}

function packageOurs(cwd: string, template: string, ...flags: string[]): Promise<Ended> {
  const root = ['--project-root', '.', '--artifact-prefix', 'case'];
  return ours(cwd, 'package', '--template-file', template, ...root, ...flags);
}

/**
 * What the AWS CLI understands a packaged template to say: it reads numbers and dates in ways of its own and loses quotes, so it is made to
 * read ours too. Nothing in it is local any more: it comes out as it is understood.
 */
async function understood(text: string): Promise<unknown> {
  const folder = path.join(scratch, `understood-${(files += 1)}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'template'), text);
  const { exitCode, stdout, stderr } = await packageWithAws(folder, 'template', 'no-such-bucket');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return dataOf(stdout);
}

function dataOf(text: string): unknown {
  const read = readIndependently(text);
  if (read === undefined) throw new Error(`not a template: ${text}`);
  return read.data;
}

/** An object as both call it: by its MD5, or below `blobs/`. */
const KEY = /(?:[0-9a-f]{32}(?:\.template)?|blobs\/sha256\/[0-9a-f]{64}\/[^/]+)$/;

interface Pair {
  readonly theirs: string;
  readonly ours: string;
}

/** Everything is equal but the keys; those stand at the same places in the same forms, and are answered in pairs. */
function samePlaces(theirs: unknown, mine: unknown): Pair[] {
  const pairs: Pair[] = [];
  const masked = (value: unknown, other: unknown): unknown => {
    if (typeof value === 'string') return masksAway(value, other) ? value.replace(KEY, 'KEY') : value;
    if (Array.isArray(value))
      return value.map((item, index) => masked(item, (other as unknown[] | undefined)?.[index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        masked(item, (other as Record<string, unknown> | undefined)?.[key]),
      ]),
    );
  };
  const masksAway = (value: string, other: unknown): boolean => {
    if (typeof other !== 'string' || value === other || !KEY.test(value) || !KEY.test(other)) return false;
    if (!value.includes('blobs/sha256/')) pairs.push({ theirs: value, ours: other });
    return true;
  };
  const [left, right] = [masked(theirs, mine), masked(mine, theirs)];
  expect(right).toEqual(left);
  expect(JSON.stringify(right)).toBe(JSON.stringify(left));
  return pairs;
}

async function contentAt(location: string, bucket: string): Promise<Buffer> {
  const prefixes = [`s3://${bucket}/`, `${endpoint}/${bucket}/`];
  const prefix = prefixes.find((one) => location.startsWith(one)) ?? '';
  const Key = prefix.startsWith('http')
    ? decodeURIComponent(location.slice(prefix.length))
    : location.slice(prefix.length);
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const content = Buffer.from((await Body?.transformToByteArray()) ?? []);
  const digest = /blobs\/sha256\/(?<digest>[0-9a-f]{64})\//.exec(Key)?.groups?.['digest'];
  if (digest !== undefined) expect(createHash('sha256').update(content).digest('hex')).toBe(digest);
  return content;
}

/** Objects of both hold the same: archives by their entries, nested templates by what they say, everything else to the byte. */
async function sameContents(pairs: readonly Pair[], bucket: string): Promise<void> {
  for (const pair of new Map(pairs.map((one) => [one.theirs, one])).values()) {
    const [theirs, mine] = [await contentAt(pair.theirs, bucket), await contentAt(pair.ours, bucket)];
    if (pair.theirs.endsWith('.template')) {
      const nested = samePlaces(dataOf(theirs.toString()), await understood(mine.toString()));
      await sameContents(nested, bucket);
    } else if (isZip(theirs) && !theirs.equals(mine)) {
      sameEntries(theirs, mine);
    } else {
      expect(mine.equals(theirs)).toBe(true);
    }
  }
}

function isZip(content: Buffer): boolean {
  return content.subarray(0, 2).toString() === 'PK';
}

function sameEntries(theirs: Buffer, mine: Buffer): void {
  if (!canOpenZips) return;
  const names = ['theirs', 'ours'].map((name) => path.join(scratch, `${name}-${(files += 1)}.zip`));
  writeFileSync(names[0] ?? '', theirs);
  writeFileSync(names[1] ?? '', mine);
  const entries = zipEntries(names);
  expect(entries.get(names[1] ?? '')).toEqual(entries.get(names[0] ?? ''));
}

/** Both on the same input. */
async function compare(cwd: string, template: string, flags: readonly string[] = []): Promise<Pair[]> {
  const [theirs, mine] = [
    await packageWithAws(cwd, template, BUCKET, ...flags),
    await packageOurs(cwd, template, '--s3-bucket', BUCKET, ...flags),
  ];
  expect([theirs, mine].map(({ exitCode, stderr }) => (exitCode === 0 ? 'ok' : stderr))).toEqual(['ok', 'ok']);
  // Theirs begins with an empty line.
  expect(theirs.stdout.startsWith('\n')).toBe(true);
  const json = flags.includes('--use-json');
  const pairs = samePlaces(
    json ? JSON.parse(theirs.stdout) : dataOf(theirs.stdout),
    json ? JSON.parse(mine.stdout) : await understood(mine.stdout),
  );
  await sameContents(pairs, BUCKET);
  return pairs;
}

/**
 * About 25 cases that between them have every resource type, kind of artifact and way of writing that there is: as few as need be, the rest at
 * even distances. The same ones on every machine.
 */
function sampleOf(cases: readonly CorpusCase[], size: number): CorpusCase[] {
  const candidates = cases.filter(
    (one) =>
      one.exit_code === 0 &&
      one.expect === 'match' &&
      DIFFERENCES.every((difference) => difference.case !== one.name) &&
      hasNothingExtra(expectedOf(one)),
  );
  const featuresOf = ({ types = [], kinds = {}, format = [], symlinks }: CorpusCase): string[] => [
    ...[...types, ...Object.keys(kinds), ...format],
    ...(symlinks > 0 ? ['links'] : []),
  ];
  const missing = new Set(candidates.flatMap(featuresOf));
  const chosen: CorpusCase[] = [];
  const gain = (one: CorpusCase): number => featuresOf(one).filter((feature) => missing.has(feature)).length;
  while (missing.size > 0) {
    const [best] = candidates.toSorted((a, b) => gain(b) - gain(a));
    if (best === undefined) break;
    chosen.push(best);
    for (const feature of featuresOf(best)) missing.delete(feature);
  }
  const rest = candidates.filter((one) => !chosen.includes(one));
  const others = Math.max(0, size - chosen.length);
  for (let n = 0; n < others; n += 1) chosen.push(rest[Math.floor((n * rest.length) / others)] ?? rest[0]!);
  return chosen;
}

/** Nothing that ours packages and the AWS CLI leaves alone. */
function hasNothingExtra({ extra_allowed: extra = [], rewrites }: ExpectedTemplate): boolean {
  return extra.length === 0 && rewrites.every(({ nested }) => nested === undefined || hasNothingExtra(nested));
}

const lambda = (code: string): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${code}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;

const HAND_MADE: Readonly<Record<string, Files>> = {
  'every form at once': {
    'template.yaml': `AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Metadata:
  AWS::ServerlessRepo::Application: {Name: n, LicenseUrl: LICENSE, ReadmeUrl: ./README.md}
Resources:
  # a comment
  Uri: {Type: AWS::Serverless::Function, Properties: {CodeUri: src, Handler: x.h, Runtime: nodejs22.x}}
  Object: ${lambda('src/')}
  OneFile: ${lambda('src/x.js')}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: machine.asl.json, Role: r}}
  States: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionS3Location: machine.asl.json, RoleArn: r}}
  Resolver:
    Type: AWS::AppSync::Resolver
    Properties: {ApiId: a, TypeName: t, FieldName: f, RequestMappingTemplateS3Location: in.vtl, ResponseMappingTemplateS3Location: out.vtl}
  Version: {Type: AWS::ElasticBeanstalk::ApplicationVersion, Properties: {ApplicationName: a, SourceBundle: src}}
  Repository: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: r, Code: {S3: src, BranchName: main}}}
  Job: {Type: AWS::Glue::Job, Properties: {Role: r, Command: {Name: glueetl, ScriptLocation: job.py}}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: p
      DefinitionBody: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.json}}}
  App: {Type: AWS::Serverless::Application, Properties: {Location: nested/app.yaml}}
  Stack: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./nested/stack.json}}
  Elsewhere: ${lambda('"s3://other-bucket/some/key.zip?versionId=v1"')}
  Remote: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3.amazonaws.com/other/t.yaml}}
`,
    ...{ LICENSE: 'MIT', 'README.md': '# n', 'src/x.js': 'x', 'src/deeper/run.sh*': '#!/bin/sh\n', 'layer/a.txt': 'a' },
    ...{ 'api.json': '{"openapi": "3.0.1"}', 'machine.asl.json': '{}', 'in.vtl': 'in', 'out.vtl': 'out', 'job.py': '' },
    'nested/app.yaml': `Resources:\n  F: ${lambda('code')}\n  Deep: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ../nested/stack.json}}\n`,
    'nested/stack.json': '{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "code"}}}}',
    'nested/code/y.js': 'y',
  },
  'what the AWS CLI writes in another way': {
    'template.yaml':
      `Parameters:\n  On: {Type: String, Default: 0123}\n  Account: {Type: String, Default: "012345678901"}\n  Time: {Type: String, Default: 12:30:45}\n  Ratio: {Type: Number, Default: 1.10}\nResources:\n  F:\n    Type: AWS::Lambda::Function\n    Description: héllo ☃ 😀\n    Properties:\n      Code: "src"\n      Handler: !Sub "\${AWS::StackName}.h"\n      Role: !GetAtt R.Arn\n      Environment: {Variables: {Text: |\n        line 1\n\n          line 2\n      }}\n  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17}}}\n`.replace(
        'Environment: {Variables: {Text: |\n        line 1\n\n          line 2\n      }}',
        'Environment:\n        Variables:\n          Text: |\n            line 1\n\n              line 2',
      ),
    'src/x.js': 'x',
  },
  'JSON with tabs and CRLF': {
    'template.yaml': `{\r\n\t"Resources": {\r\n\t\t"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "src", "Timeout": 3}}\r\n\t}\r\n}`,
    'src/x.js': 'x',
  },
};

const skipped =
  'skipped' in moto ? ` (skipped: ${moto.skipped})` : hasAws ? '' : ' (skipped: there is no aws command on the PATH)';
const describeBoth = skipped === '' ? describe : describe.skip;
const describeMoto = 'skipped' in moto ? describe.skip : describe;

describeBoth(`in the place of 'aws cloudformation package'${skipped}`, () => {
  test('the example of the project', async () => {
    const folder = path.join(scratch, 'example');
    cpSync(path.join(import.meta.dirname, '../../templates/examples/shop'), folder, { recursive: true });
    // It names its domain and more, for which the AWS CLI has no words.
    writeFileSync(path.join(folder, 'samconfig.toml'), '');
    expect((await compare(folder, 'template.yaml')).length).toBeGreaterThan(3);
  });

  test.each(Object.entries(HAND_MADE))('%s', async (_title, input) => {
    const project = await TestProject.of(input);
    const pairs = await compare(project.folder, 'template.yaml');
    expect(pairs.length).toBeGreaterThan(0);
  });

  test.each<[string, string[]]>([
    ['--s3-prefix', ['--s3-prefix', 'team/shop']],
    ['--use-json', ['--use-json']],
    ['--force-upload', ['--force-upload']],
  ])('with %s', async (_title, flags) => {
    const project = await TestProject.of({
      ...HAND_MADE['every form at once'],
      // As JSON the AWS CLI can't write a date.
      'template.yaml': (HAND_MADE['every form at once']?.['template.yaml'] ?? '').replace(/^AWSTemplate.*\n/, ''),
    });
    const pairs = await compare(project.folder, 'template.yaml', flags);
    expect(
      pairs.filter(({ theirs, ours: mine }) => theirs.includes('team/shop') !== mine.includes('team/shop')),
    ).toEqual([]);
  });

  // Not '/a': the AWS CLI uploads to '/a/…' and then writes 'a/…' into the template, where there is nothing.
  test.each(['a/', 'a//b', '.', 'a/../b'])('with --s3-prefix %s, as it is, before every key', async (given) => {
    const project = await TestProject.of(HAND_MADE['every form at once'] ?? {});
    const pairs = await compare(project.folder, 'template.yaml', ['--s3-prefix', given]);
    const keys = pairs
      .flatMap(({ theirs, ours: mine }) => [theirs, mine])
      .map((one) => one.split(`/${BUCKET}/`).at(-1));
    expect(keys.filter((key) => key?.startsWith(`${given}/`) !== true)).toEqual([]);
  });

  test('with --kms-key-id and --metadata, on the objects', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  F: ${lambda('src')}\n`, 'src/x.js': 'kms' });
    const pairs = await compare(project.folder, 'template.yaml', ['--kms-key-id', 'some-key', '--metadata', 'a=b,c=d']);
    for (const Key of pairs.flatMap(({ theirs, ours: mine }) => [theirs, mine])) {
      expect(await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))).toMatchObject({
        ...{ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'some-key', Metadata: { a: 'b', c: 'd' } },
      });
    }
  });

  test('with an output file, in the words of the AWS CLI', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  F: ${lambda('src')}\n`, 'src/x.js': 'x' });
    const output = ['--output-template-file', 'out.yaml'];
    const theirs = await packageWithAws(project.folder, 'template.yaml', BUCKET, ...output);
    const mine = await packageOurs(project.folder, 'template.yaml', '--s3-bucket', BUCKET, ...output);
    expect(mine.stdout).toBe(theirs.stdout);
  });

  /** Runs the last line of what `package` prints. */
  async function deployed(name: string, more: string): Promise<Ended & { readonly line: string }> {
    const layer = '  Layer: {Type: AWS::Lambda::LayerVersion, Properties: {LayerName: l, Content: src}}\n';
    const project = await TestProject.of({ 'template.yaml': `Resources:\n${layer}${more}`, 'src/x.js': 'x' });
    const output = ['--output-template-file', 'out.yaml'];
    const { stdout } = await packageOurs(project.folder, 'template.yaml', '--s3-bucket', BUCKET, ...output);
    const line = (stdout.trim().split('\n').at(-1) ?? '').replace('<YOUR STACK NAME>', name);
    expect(line).toMatch(/^aws cloudformation deploy /);
    return { ...(await aws(project.folder, ...line.split(' ').slice(1))), line };
  }

  test('the line that deploys', async () => {
    const { exitCode, stdout, stderr } = await deployed('small', '');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Successfully created/updated stack - small');
  });

  test('the line that deploys what is too large to be sent in a request', async () => {
    const long = `  Long: {Type: AWS::SNS::Topic, Metadata: {Text: ${'x'.repeat(60_000)}}}\n`;
    const { line, stderr } = await deployed('large', long);
    expect(line).toContain(` --s3-bucket ${BUCKET}`);
    // What comes next moto can't: it knows no TemplateURL but those of Amazon's hosts.
    expect(stderr).toMatch(/Uploading to [0-9a-f]{32}\.template +\d+ \/ \d+\.0 +\(100\.00%\)/);
  });

  test('where nothing is local, without a bucket', async () => {
    const project = await TestProject.of({ 'template.yaml': 'Resources:\n  T: {Type: AWS::SNS::Topic}\n' });
    const theirs = await packageWithAws(project.folder, 'template.yaml', 'no-such-bucket');
    const mine = await packageOurs(project.folder, 'template.yaml', '--s3-bucket', 'no-such-bucket');
    expect(dataOf(mine.stdout)).toEqual(dataOf(theirs.stdout));
  });

  test.each<[string, Files, string, string]>([
    ['a missing path', { 'template.yaml': `Resources:\n  F: ${lambda('none')}\n` }, BUCKET, 'none'],
    [
      'a missing bucket',
      { 'template.yaml': `Resources:\n  F: ${lambda('src')}\n`, 'src/x': '' },
      'no-such-bucket',
      'no-such-bucket',
    ],
    ['a broken template', { 'template.yaml': 'Resources: {F: [' }, BUCKET, 'template.yaml:1:'],
  ])('fails where that fails: %s', async (_title, input, bucket, named) => {
    const project = await TestProject.of(input);
    const output = ['--output-template-file', 'out.yaml'];
    const theirs = await packageWithAws(project.folder, 'template.yaml', bucket, ...output);
    const mine = await packageOurs(project.folder, 'template.yaml', '--s3-bucket', bucket, ...output);
    expect(theirs.exitCode).not.toBe(0);
    expect(mine.exitCode).not.toBe(0);
    expect(mine.stderr).toContain(named);
    expect(project.exists('out.yaml')).toBe(false);
  });

  const cases = corpusCases();
  // A single one says that the corpus is missing.
  const sample = cases.length > 1 ? sampleOf(cases, 25) : cases;
  (sample.length > 1 ? test : test.skip).each(sample.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, one) => {
      const input = copyInput(one, path.join(scratch, 'corpus', one.name));
      const pairs = await compare(input, one.template);
      expect(pairs.length).toBeGreaterThan(0);
    },
  );

  (sample.length > 1 ? test : test.skip).each(sample.slice(0, 8).map((one) => [one.name, one] as const))(
    'in a domain too: %s',
    async (_name, one) => {
      const input = copyInput(one, path.join(scratch, 'domain', one.name));
      const theirs = await packageWithAws(input, one.template, DOMAIN);
      const literal = ['--domain', `s3://${DOMAIN}`, '--references', 'none'];
      const mine = await packageOurs(input, one.template, ...literal);
      expect(mine.exitCode).toBe(0);
      const pairs = samePlaces(dataOf(theirs.stdout), await understood(mine.stdout));
      await sameContents(pairs, DOMAIN);
      const before = await keysOf(DOMAIN);
      expect((await packageOurs(input, one.template, ...literal)).stdout).toBe(mine.stdout);
      expect(await keysOf(DOMAIN)).toEqual(before);
      const referring = await packageOurs(input, one.template, '--domain', `s3://${DOMAIN}`);
      expect(referring.stdout).toContain(`arn:aws:artifacts:us-east-1:${ACCOUNT}:default/case/`);
    },
  );
});

async function keysOf(bucket: string): Promise<string[]> {
  const keys: string[] = [];
  for (let token: string | undefined; ;) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    token = page.NextContinuationToken;
    if (token === undefined) return keys;
  }
}

describeMoto(`--resolve-s3${'skipped' in moto ? ` (skipped: ${moto.skipped})` : ''}`, () => {
  async function shop(): Promise<TestProject> {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  F: ${lambda('src')}\n`, 'src/x.js': 'x' });
    project.env = { ...ENV, AWS_REGION: 'eu-west-1' };
    return project;
  }
  const packaged = (project: TestProject, ...flags: string[]): Promise<Outcome> =>
    project.run('package', '--resolve-s3', '--project-root', '.', ...flags);

  const StackName = 'aws-sam-cli-managed-default';
  const cloudFormation = new CloudFormationClient({
    ...{ endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
  });

  afterAll(() => {
    cloudFormation.destroy();
  });

  async function describeStack(): Promise<Stack | undefined> {
    const { Stacks: [stack] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return stack;
  }

  test('speaks of the stack in a dry run, makes it, and uses its bucket ever after', async () => {
    const project = await shop();
    const planned = await packaged(project, '--dry-run');
    expect(planned.exitCode).toBe(0);
    expect(planned.stderr).toMatch(/^note: would create the stack 'aws-sam-cli-managed-default' in eu-west-1/m);
    expect(planned.stdout).toMatch(/F\.Code +src +would upload/);
    await expect(describeStack()).rejects.toThrow('does not exist');

    const made = await packaged(project, '--output-template-file', 'out.yaml');
    expect(made.stderr.match(/^note: creating the stack/gm)).toHaveLength(1);
    expect(await describeStack()).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Tags: [{ Key: 'ManagedStackSource', Value: 'AwsSamCli' }],
    });
    // Of a stack that a change set made, moto forgets the outputs. CloudFormation doesn't; so the same template is given to it once more.
    expect(made.stderr).toMatch(/is CREATE_COMPLETE and has no output 'SourceBucket'/);
    expect(project.exists('out.yaml')).toBe(false);
    const { TemplateBody } = await cloudFormation.send(new GetTemplateCommand({ StackName }));
    await cloudFormation.send(new DeleteStackCommand({ StackName }));
    const Tags = [{ Key: 'ManagedStackSource', Value: 'AwsSamCli' }];
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody, Tags }));

    const first = await packaged(project);
    expect(first.exitCode).toBe(0);
    expect(first.stderr).toMatch(/^uploaded .*\n$/);
    const bucket = (await describeStack())?.Outputs?.[0]?.OutputValue ?? '';
    expect(at(first.data, '/Resources/F/Properties/Code/S3Bucket')).toBe(bucket);
    expect(await keysOf(bucket)).toEqual([at(first.data, '/Resources/F/Properties/Code/S3Key')]);

    const second = await packaged(project, '--output-template-file', 'out.yaml');
    expect(second.stderr).toBe('');
    expect(project.read('out.yaml')).toBe(first.text);
  });
});
