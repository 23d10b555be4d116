import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectedOf } from '../../packager/doctor/expected.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import { at } from '../support/json-pointer.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Files, Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../support/s3-server.ts';

knowEveryError();

/**
 * What a person sees in each partition, over a line that leads every name to the server of the tests: S3 is reached by an endpoint in a VPC, so that nothing of the
 * server's own address can pass for what AWS's rules give.
 */

const BUCKET = 'shop-artifacts';

const lambda = (code: string): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${code}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;

const SHOP: Files = {
  'template.yaml': `Resources:
  A: ${lambda('functions/a')}
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: stacks/child.yaml}}
  Deliveries:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: app, Image: app, EnvironmentFiles: [{Type: s3, Value: app.env}]}
`,
  'stacks/child.yaml': `Resources:\n  C: ${lambda('../functions/a')}\n`,
  'functions/a/x.js': 'a',
  'api.json': '{"openapi": "3.0.1"}',
  'app.env': 'A=1\n',
};

interface Partition {
  readonly partition: string;
  readonly region: string;
  readonly suffix: string;
}

const PARTITIONS: readonly Partition[] = [
  { partition: 'aws', region: 'eu-west-1', suffix: 'amazonaws.com' },
  { partition: 'aws-cn', region: 'cn-north-1', suffix: 'amazonaws.com.cn' },
  { partition: 'aws-us-gov', region: 'us-gov-west-1', suffix: 'amazonaws.com' },
  { partition: 'aws-eusc', region: 'eusc-de-east-1', suffix: 'amazonaws.eu' },
];

let server: S3Server;
let line: Line;

hideOwnEnvironment();

beforeEach(async () => {
  server = await startS3Server();
  line = await lineTo(server);
});

afterEach(async () => {
  await line.close();
  await server.close();
});

interface Line {
  readonly url: string;
  /** Hosts that were asked for. */
  readonly hosts: Set<string>;
  close(): Promise<void>;
}

/** A proxy of HTTP at whose other end is always the server. */
async function lineTo({ endpoint }: S3Server): Promise<Line> {
  const hosts = new Set<string>();
  const sockets = new Set<Socket>();
  const proxy: Server = createServer();
  proxy.on('connect', (request, socket: Socket) => {
    hosts.add((request.url ?? '').replace(/:\d+$/, ''));
    const target = connect(Number(new URL(endpoint).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const one of [socket, target]) {
      sockets.add(one);
      one.on('error', () => {
        for (const each of [socket, target]) each.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    hosts,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        proxy.close(() => {
          resolve();
        });
      });
    },
  };
}

/** A project of somebody who works in this partition, and the bucket. */
async function shopIn({ partition, region, suffix }: Partition, bucket = BUCKET): Promise<TestProject> {
  server.identities.set('test', { account: TEST_ACCOUNT, arn: `arn:${partition}:iam::${TEST_ACCOUNT}:user/dev` });
  server.createBucket(bucket, { versioning: 'Enabled', region });
  const project = await TestProject.of(SHOP);
  project.env = {
    ...awsEnvironment(server, 'test', region),
    AWS_ENDPOINT_URL: '',
    HTTP_PROXY: line.url,
    AWS_ENDPOINT_URL_S3: `http://bucket.vpce-1a2b3c4d-5e6f.s3.${region}.vpce.${suffix}`,
    AWS_ENDPOINT_URL_STS: `http://sts.${region}.${suffix}`,
  };
  return project;
}

/** Everything that was said is of the partition. */
function expectOwn({ stdout, stderr }: Outcome, { partition, suffix }: Partition): void {
  const said = `${stdout}\n${stderr}`;
  const partitions = [...said.matchAll(/arn:(aws[a-z-]*):/g)].map(([, name]) => name);
  expect([...new Set(partitions)].filter((name) => name !== partition)).toEqual([]);
  const hosts = [...said.matchAll(/https?:\/\/([a-z0-9.-]+)/g)].map(([, host = '']) => host);
  expect(hosts.filter((host) => !host.endsWith(`.${suffix}`))).toEqual([]);
}

describe.each(PARTITIONS)('in $partition', (where) => {
  const { partition, region, suffix } = where;
  const place = `${region}:${TEST_ACCOUNT}`;

  test('package writes ARNs of the partition, and the deploy line says nothing of another', async () => {
    const project = await shopIn(where);
    const outcome = await project.run('package', '--domain', `s3://${BUCKET}`, '--output-template-file', 'out.yaml');
    expect(outcome).toMatchObject({ exitCode: 0 });
    expectOwn(outcome, where);
    const written = { stdout: project.read('out.yaml'), stderr: '' } as Outcome;
    expect(written.stdout).toContain(`arn:${partition}:artifacts:${place}:default/`);
    expectOwn(written, where);
    expect([...line.hosts].filter((host) => !host.endsWith(`.${suffix}`))).toEqual([]);
  });

  test('what stands literally has the ARNs and URLs of the partition', async () => {
    const project = await shopIn(where);
    const outcome = await project.run('package', '--s3-bucket', BUCKET, '--project-root', '.');
    expect(outcome).toMatchObject({ exitCode: 0 });
    expectOwn(outcome, where);
    const url = at(outcome.data, '/Resources/Nested/Properties/TemplateURL') as string;
    expect(url).toMatch(new RegExp(`^https://s3\\.${region}\\.${suffix.replaceAll('.', '\\.')}/${BUCKET}/`));
    expect(outcome.stdout).toContain(`arn:${partition}:s3:::${BUCKET}/`);
  });

  test('publish, show and get', async () => {
    const project = await shopIn(where);
    const domain = ['--domain', `s3://${BUCKET}`];
    const published = await project.run('publish', 'api.json', '--id', 'api', ...domain);
    expect(published).toMatchObject({ exitCode: 0 });
    const arn = published.stdout.trim();
    expect(arn).toMatch(new RegExp(`^arn:${partition}:artifacts:${place}:default/api:1@sha256:`));
    for (const words of [
      ['show', arn],
      ['show', 'api:1', '--json'],
      ['list', '--json'],
      ['verify'],
      ['gc', 'plan'],
      ['references', arn],
      ['get', arn, '--output', 'got.json'],
    ]) {
      const outcome = await project.run(...words, ...domain);
      expect({ words, ...outcome }).toMatchObject({ words, exitCode: 0 });
      expectOwn(outcome, where);
    }
    expect(project.read('got.json')).toBe(SHOP['api.json']);
  });

  test('what is refused, and what to do about it', async () => {
    const project = await shopIn(where);
    const domain = ['--domain', `s3://${BUCKET}`];
    await project.run('publish', 'api.json', '--id', 'api', ...domain);
    const digest = 'a'.repeat(64);
    for (const words of [
      ['get', `arn:${partition}:artifacts:${place}:default/api:9@sha256:${digest}`, ...domain],
      ['get', `arn:${partition}:artifacts:${place}:default/apo:1`, ...domain],
      ['show', `arn:${partition}:artifacts:${place}:default/api:nine`, ...domain],
      ['references', '--stack', `arn:${partition}:cloudformation:${place}:stack/shop`, ...domain],
      ['audit', '--stack', 'no stack', ...domain],
      ['get', 'api:9', ...domain],
      ['package', '--domain', 's3://no-such-bucket'],
    ]) {
      const outcome = await project.run(...words);
      expect({ words, isRefused: outcome.exitCode > 0 }).toEqual({ words, isRefused: true });
      expectOwn(outcome, where);
    }
  });

  test('doctor', async () => {
    const project = await shopIn(where);
    await project.run('publish', 'api.json', '--id', 'api', '--domain', `s3://${BUCKET}`);
    const outcome = await project.run('doctor', '--domain', `s3://${BUCKET}`);
    expect(outcome.stdout).toContain(BUCKET);
    expectOwn(outcome, where);
  });

  test("what doctor expects of the domain's template", () => {
    const template = readFileSync(path.join(import.meta.dirname, '../../templates/domain/template.yaml'), 'utf8');
    const bucket = `cfn-artifacts-${TEST_ACCOUNT}-${region}`;
    const text = JSON.stringify(expectedOf(template, { partition, account: TEST_ACCOUNT, region, bucket }));
    expect(text).toContain(`arn:${partition}:`);
    const partitions = [...text.matchAll(/arn:(aws[a-z-]*):/g)].map(([, name]) => name);
    expect(new Set(partitions)).toEqual(new Set([partition]));
  });
});

test('a bundle carries what a template names from one partition into another', async () => {
  const [from, to] = [PARTITIONS[0], PARTITIONS[1]];
  if (from === undefined || to === undefined) throw new Error('two partitions are needed');
  const project = await shopIn(from);
  expect(await project.run('bundle', 'create', '-t', 'template.yaml', '-o', 'app.bundle')).toMatchObject({
    exitCode: 0,
  });
  const there = await shopIn(to, 'shop-in-china');
  copyFileSync(project.path('app.bundle'), there.path('app.bundle'));
  const published = await there.run(
    ...['bundle', 'publish', 'app.bundle', '--domain', 's3://shop-in-china', '--output-template-file', 'out.yaml'],
  );
  expect(published).toMatchObject({ exitCode: 0 });
  expectOwn(published, to);
  const written = { stdout: there.read('out.yaml'), stderr: '' } as Outcome;
  expect(written.stdout).toContain(`arn:${to.partition}:artifacts:${to.region}:${TEST_ACCOUNT}:default/`);
  expectOwn(written, to);
});

/** Where a partition, an endpoint or a suffix is written out, and why. */
const WRITTEN: Readonly<Record<string, readonly (readonly [text: RegExp, why: string])[]>> = {
  'packager/aws/access.ts': [[/\.vpce\\\./, 'looks for the name of an endpoint in a VPC']],
  'packager/aws/partition.ts': [
    [
      /\['[a-z-]+-', \{ name: 'aws-[a-z-]+', suffix: '[a-z0-9.-]+' \}\]/,
      "the table, which tests hold against the SDK's",
    ],
    [/^const AWS: Partition = /, 'the partition of every region that is in none of the others'],
  ],
  'repository/arn.ts': [
    [/partition: 'aws', region: 'local'/, 'a directory is in no partition: its ARNs must have one'],
  ],
  'packager/opening/open-directory.ts': [
    [/LOCAL_PLACE\.region}\.amazonaws\.com/, 'the shape of a URL, at which nothing answers'],
  ],
  'packager/template/find/meaning.ts': [[/amazonaws\\\.com\(\?:\\\.cn\)\?/, 'reads what an author wrote, as SAM does']],
  'packager/aws-cli/alias-file.ts': [[/\['aws', \.\.\.section/, 'the program of that name']],
  'packager/aws-cli/caller.ts': [[/what 'aws' was told/, 'the program of that name']],
  'packager/cli/commands/install-alias.ts': [[/\('aws', \['--version'\]/, 'the program of that name']],
  'packager/cli/syntax/bootstrap.ts': [[/^command: 'cfn-artifacts .*arn:aws:/, 'an example']],
  'packager/cli/syntax/replicate.ts': [[/^command: 'cfn-artifacts .*arn:aws:/, 'an example']],
  'handler/lambda.ts': [[/PARTITION: partition = 'aws'/, "the domain's template sets it"]],
};

/**
 * Principals of services are the same in all partitions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services.
 * So are the values of aws:CalledVia and iam:PassedToService, which name them; and what GitHub's tokens are asked to be for is a name, not an endpoint.
 */
const PRINCIPAL =
  /\b(?:Service|Principal|aws:CalledVia|iam:PassedToService)['"]?:? ['"]?[a-z.]+\.amazonaws\.com\b(?!\.)|ClientIdList: \[sts\.amazonaws\.com\]|:aud': sts\.amazonaws\.com/;

/** What a VPC's endpoint is for: a name of AWS's, with its region, and no address. */
const SERVICE_NAME = /!Sub '?(?:cn\.)?com\.amazonaws\.\$\{AWS::Region\}\./;

/** Comments tell what things look like. */
function codeIn(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.filter((one) => !/^\s*(?:\*|\/\*|\/\/|#)/.test(one)).map((one) => one.replace(/\s(?:\/\/|#) .*$/, ''));
}

const BY_HAND =
  /arn:aws[a-z-]*:|amazonaws|\bapi\.aws\b|\.vpce\b|console\.aws|(['"])aws(?:-(?:cn|us-gov|eusc|iso[a-z-]*))?\1/;

function sourceFiles(): readonly string[] {
  const root = path.join(import.meta.dirname, '../..');
  return ['repository', 'packager', 'handler', 'templates'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(folder, name))
      .filter((name) => /\.(?:ts|mjs|yaml|json)$/.test(name) && !name.includes('node_modules')),
  );
}

describe('no source file', () => {
  const root = path.join(import.meta.dirname, '../..');
  const found = sourceFiles().flatMap((file) =>
    codeIn(readFileSync(path.join(root, file), 'utf8'))
      .map((line) => line.replaceAll(/https:\/\/docs\.aws\.amazon\.com\S*/g, ''))
      .filter((line) => BY_HAND.test(line) && !PRINCIPAL.test(line) && !SERVICE_NAME.test(line))
      .map((line) => ({ file, line: line.trim() })),
  );

  test('writes a partition, an endpoint or a suffix out, but for those that are named', () => {
    const unnamed = found.filter(({ file, line }) => !(WRITTEN[file] ?? []).some(([text]) => text.test(line)));
    expect(unnamed).toEqual([]);
  });

  test('is named that does not', () => {
    const unneeded = Object.entries(WRITTEN).flatMap(([file, all]) =>
      all
        .filter(([text]) => !found.some((one) => one.file === file && text.test(one.line)))
        .map(([text]) => [file, text.source]),
    );
    expect(unneeded).toEqual([]);
  });
});
