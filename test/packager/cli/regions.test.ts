import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { LambdaOfDomains } from '../../support/lambda-of-domains.ts';
import { startLambdaOf } from '../../support/lambda-of-domains.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Files, Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { problemsBy } from '../../support/schemas.ts';
import type { SeveralDomain } from '../../support/several-domains.ts';
import { openDomainOn } from '../../support/several-domains.ts';

/** `package --regions`, with the keepers of several domains as they are built; what it writes is deployed. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const EXAMPLES = path.resolve(import.meta.dirname, '../../../templates/examples');

let server: S3Server;
let lambda: LambdaOfDomains;
let home: SeveralDomain;
let near: SeveralDomain;
let south: SeveralDomain;
let project: TestProject;
let count = 0;

beforeAll(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ONE, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ONE, region: 'eu-west-1' });
  south = await openDomainOn(server, { account: ONE, region: 'sa-east-1' });
  lambda = await startLambdaOf([home, near, south]);
}, 120_000);

afterAll(async () => {
  await Promise.all([home, near, south].map((domain) => domain.close()));
  await lambda.close();
  await server.close();
});

beforeEach(() => {
  count += 1;
});

async function begin(files: Files): Promise<void> {
  project = await TestProject.of(files);
  project.env = { ...home.administrator, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
}

async function example(name: string): Promise<void> {
  await begin({});
  cpSync(path.join(EXAMPLES, name), project.folder, { recursive: true });
}

/** Each test has artifacts of its own. */
function packaged(...flags: string[]): Promise<Outcome> {
  return project.run('package', '--project-root', '.', '--artifact-prefix', `test-${count}`, ...flags);
}

async function versions(): Promise<readonly string[]> {
  const { stdout } = await project.run('list', `test-${count}/`, '--versions', '--json');
  const { versions: all } = JSON.parse(stdout) as { versions: readonly { id: string; version: number }[] };
  return all.map(({ id, version }) => `${id.slice(`test-${count}/`.length)}:${version}`).sort();
}

async function deployed({ engine }: SeveralDomain, file: string): Promise<void> {
  const { status, reason } = await engine.deploy(`stack-${count}`, project.read(file));
  expect([status, reason]).toEqual(['CREATE_COMPLETE', undefined]);
}

/** Buckets of domains that a text names. */
function bucketsIn(text: string): readonly string[] {
  return [...new Set(text.match(/cfn-artifacts-\d{12}-[a-z0-9-]+-\d/g))].sort();
}

const LAYER = 'Resources: {Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}}\n';
const OUT = ['--output-template-file', 'out/packaged.yaml'];

describe('where no place is of one region', () => {
  test('one output serves all, and deploys where everything has been brought before', async () => {
    await example('nested-stacks');
    const { exitCode, stdout, stderr } = await packaged(
      '--regions',
      'us-east-1,eu-west-1,sa-east-1',
      ...['--region', 'us-east-1'],
      '--output-template-file',
      'packaged.yaml',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('wrote output template to file packaged.yaml.');
    expect(stdout).not.toContain('--region');
    expect(stderr).toContain(
      'eu-west-1: 3 brought there\nsa-east-1: 3 brought there\n' +
        'one output serves us-east-1, eu-west-1 and sa-east-1: no place in it is of one Region\n',
    );
    expect(project.exists('packaged.eu-west-1.yaml')).toBe(false);
    const text = project.read('packaged.yaml');
    expect(bucketsIn(text)).toEqual([]);
    const before = server.requests.length;
    await deployed(near, 'packaged.yaml');
    const copies = server.requests.slice(before).filter(({ operation }) => operation === 'CopyObject');
    expect(copies).toEqual([]);
    expect((await packaged('--output-template-file', 'alone.yaml')).exitCode).toBe(0);
    expect(project.read('alone.yaml')).toBe(text);
  });

  test('stdout takes it', async () => {
    await begin({ 'template.yaml': LAYER, 'layer/a.txt': 'a' });
    const { exitCode, text, stderr } = await packaged('--regions', 'us-east-1', '--regions', 'eu-west-1');
    expect([exitCode, bucketsIn(text)]).toEqual([0, []]);
    expect(text).toContain('!GetAtt');
    expect(stderr).toMatch(/^one output serves us-east-1 and eu-west-1: no place in it is of one Region$/m);
  });
});

describe('where places are literals', () => {
  test('an output is written for each region, and deploys there', async () => {
    await example('sam-app');
    const { exitCode, stdout, stderr } = await packaged(
      '--regions',
      'us-east-1,eu-west-1',
      '--output-template-file',
      'packaged.yaml',
    );
    expect(exitCode).toBe(0);
    for (const region of ['us-east-1', 'eu-west-1'])
      expect(stdout).toMatch(
        new RegExp(`packaged\\.${region}\\.yaml --stack-name <YOUR STACK NAME> --region ${region} `),
      );
    expect(stderr).toContain(
      'an output for each of us-east-1 and eu-west-1 was written, because these places are literals:\n' +
        "  template.yaml:25:37: Parameters.Location of 'Api' (Fn::Transform/AWS::Include)\n",
    );
    expect(stderr).not.toContain('warning');
    expect(project.exists('packaged.yaml')).toBe(false);
    const [own, other] = [project.read('packaged.us-east-1.yaml'), project.read('packaged.eu-west-1.yaml')];
    expect([bucketsIn(own), bucketsIn(other)]).toEqual([[home.bucket], [near.bucket]]);
    expect(other.replaceAll(near.bucket, home.bucket)).toBe(own);
    await deployed(home, 'packaged.us-east-1.yaml');
    await deployed(near, 'packaged.eu-west-1.yaml');
  });

  test('what includes them is published for each region once, beside that of home', async () => {
    await begin({
      'template.yaml': 'Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: part.yaml}}\n',
      'part.yaml': 'Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}\n',
      'layer/a.txt': `literal ${count}`,
    });
    const both = ['--regions', 'us-east-1,eu-west-1', ...OUT];
    project.write({ 'out/keep': '' });
    expect(await packaged(...both)).toMatchObject({ exitCode: 0 });
    const made = ['layer:1', 'part.yaml/eu-west-1:1', 'part.yaml:1'];
    expect(await versions()).toEqual(made);
    const other = project.read('out/packaged.eu-west-1.yaml');
    const key = /s3:\/\/[^/]+\/(blobs\/\S+\/part\.yaml)/.exec(other)?.[1] ?? '';
    expect(bucketsIn(other)).toEqual([near.bucket]);
    const included = server.buckets.get(near.bucket)?.current(key);
    expect(bucketsIn((await included?.bytes.text()) ?? '')).toEqual([near.bucket]);
    // The ARN by which it is recorded names the text of that region.
    expect(other).toContain(`default/test-${count}/part.yaml/eu-west-1:1@sha256:`);
    expect(await packaged(...both)).toMatchObject({ exitCode: 0 });
    expect(await versions()).toEqual(made);
    await deployed(near, 'out/packaged.eu-west-1.yaml');
  });

  test('without references everything is one, nested templates included, and versions of objects are those of the region', async () => {
    await begin({
      'template.yaml':
        'Resources: {Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml}}}\n',
      'nested.yaml':
        'Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n' +
        '      Code: {S3Key: ./layer, S3ObjectStorageMode: REFERENCE}\n      Handler: i.h\n      Runtime: nodejs22.x\n      Role: r\n',
      'layer/a.txt': `none ${count}`,
    });
    const { exitCode } = await packaged(
      '--references',
      'none',
      '--regions',
      'us-east-1,eu-west-1',
      '--output-template-file',
      'packaged.yaml',
    );
    expect(exitCode).toBe(0);
    const other = project.read('packaged.eu-west-1.yaml');
    expect(bucketsIn(other)).toEqual([near.bucket]);
    const key = /(blobs\/[^'\s]+\/nested\.yaml)/.exec(other)?.[1] ?? '';
    const nested = (await server.buckets.get(near.bucket)?.current(key)?.bytes.text()) ?? '';
    expect(bucketsIn(nested)).toEqual([near.bucket]);
    const code = /(blobs\/[^'\s]+\/archive\.zip)/.exec(nested)?.[1] ?? '';
    expect(nested).toContain(`S3ObjectVersion: ${server.buckets.get(near.bucket)?.current(code)?.versionId ?? 'none'}`);
  });

  test('home need not be among the regions, and one region has the name that was given', async () => {
    await example('sam-app');
    const { exitCode, stderr, stdout } = await packaged(
      '--regions',
      'eu-west-1',
      '--output-template-file',
      'packaged.yaml',
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain('the output is for eu-west-1: these places are literals of that Region\n');
    expect(stdout).toContain('--region eu-west-1');
    expect(bucketsIn(project.read('packaged.yaml'))).toEqual([near.bucket]);
    const two = await packaged(
      '--regions',
      'eu-west-1,sa-east-1',
      '--output-template-file',
      'packaged.yaml',
      '--manifest',
      'm.json',
    );
    expect(two.stderr).toContain("warning: 'packaged.yaml' was there before, and was left as it is\n");
    expect(project.exists('packaged.us-east-1.yaml')).toBe(false);
    expect(bucketsIn(project.read('packaged.sa-east-1.yaml'))).toEqual([south.bucket]);
    expect(problemsBy('manifest', JSON.parse(project.read('m.json')))).toEqual([]);
    expect(JSON.parse(project.read('m.json'))).toMatchObject({
      region: 'us-east-1',
      regions: [
        { region: 'eu-west-1', bucket: near.bucket, outputTemplateFile: 'packaged.eu-west-1.yaml' },
        { region: 'sa-east-1', bucket: south.bucket, outputTemplateFile: 'packaged.sa-east-1.yaml' },
      ],
      literalPlaces: [{ place: 'template.yaml:25:37', resource: 'Api' }],
    });
  });

  test('--json tells each, in the form of its schema, in a dry run too', async () => {
    await example('sam-app');
    for (const dry of [['--dry-run'], []]) {
      const flags = ['--regions', 'us-east-1,eu-west-1', '--output-template-file', 'packaged.yaml', '--json', ...dry];
      const { exitCode, text } = await packaged(...flags);
      expect(exitCode).toBe(0);
      const result = JSON.parse(text) as object;
      expect(problemsBy('package', result)).toEqual([]);
      expect(result).toMatchObject({
        ...(dry.length > 0 && { dryRun: true }),
        regions: [{ region: 'us-east-1' }, { region: 'eu-west-1', bucket: near.bucket }],
        literalPlaces: [{ resource: 'Api' }],
      });
    }
  });

  test('stdout is refused before anything is sent', async () => {
    await example('sam-app');
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, stdout, stderr } = await packaged('--regions', 'us-east-1,eu-west-1', ...more);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(
        '--output-template-file packaged.yaml writes packaged.us-east-1.yaml, packaged.eu-west-1.yaml.',
      );
    }
    expect(await versions()).toEqual([]);
  });
});

describe('all outputs appear, or none', () => {
  test('where a region has no domain, nothing is sent', async () => {
    await begin({ 'template.yaml': LAYER, 'layer/a.txt': 'a' });
    const { exitCode, stderr } = await packaged(
      '--regions',
      'eu-north-1,us-east-1,ap-south-1',
      '--output-template-file',
      'packaged.yaml',
    );
    expect(exitCode).toBe(3);
    for (const region of ['eu-north-1', 'ap-south-1']) {
      const way = `  'cfn-artifacts bootstrap --region ${region}' makes it.\n`;
      expect(stderr).toContain(`error: account ${ONE} in ${region} has no domain\n${way}`);
    }
    expect(project.exists('packaged.yaml')).toBe(false);
    expect(await versions()).toEqual([]);
  });

  test('where a keeper does not do it, and what was there stays', async () => {
    await example('sam-app');
    project.write({ 'packaged.us-east-1.yaml': 'Resources: {}\n' });
    south.keeper.refuse = () => [403, 'AccessDeniedException'];
    try {
      const failed = await packaged(
        '--regions',
        'us-east-1,eu-west-1,sa-east-1',
        '--output-template-file',
        'packaged.yaml',
      );
      expect(failed.exitCode).toBe(3);
      expect(failed.stderr).toContain(
        `could not be brought to account ${ONE} in sa-east-1: the keeper may not be asked`,
      );
    } finally {
      south.keeper.refuse = undefined;
    }
    expect(project.read('packaged.us-east-1.yaml')).toBe('Resources: {}\n');
    expect(project.exists('packaged.eu-west-1.yaml')).toBe(false);
    const again = await packaged(
      '--regions',
      'us-east-1,eu-west-1,sa-east-1',
      '--output-template-file',
      'packaged.yaml',
    );
    expect(again.exitCode).toBe(0);
    expect(bucketsIn(project.read('packaged.us-east-1.yaml'))).toEqual([home.bucket]);
  });

  test('a dry run tells it all, and changes nothing', async () => {
    await example('sam-app');
    const before = await near.keys('');
    const { exitCode, stderr } = await packaged(
      '--regions',
      'us-east-1,eu-west-1',
      '--output-template-file',
      'packaged.yaml',
      '--dry-run',
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      'an output for each of us-east-1 and eu-west-1 would be written, because these places are literals:\n' +
        "  template.yaml:25:37: Parameters.Location of 'Api' (Fn::Transform/AWS::Include)\n" +
        "note: nothing was written to 'packaged.us-east-1.yaml' and 'packaged.eu-west-1.yaml': this is a dry run\n",
    );
    expect(stderr).toMatch(/^eu-west-1: 3 would be brought there$/m);
    expect(await versions()).toEqual([]);
    expect(await near.keys('')).toEqual(before);
    await packaged('--regions', 'us-east-1,eu-west-1', '--output-template-file', 'packaged.yaml');
    const later = await packaged(
      '--regions',
      'us-east-1,eu-west-1',
      '--output-template-file',
      'packaged.yaml',
      '--dry-run',
    );
    expect(later.stderr).toMatch(/^eu-west-1: 3 there already$/m);
  });
});

test('what a template names of another domain is brought here, and to every region', async () => {
  await begin({ 'one.txt': `one ${count}` });
  project.env = { ...project.env, AWS_REGION: 'sa-east-1' };
  expect(await project.run('publish', 'one.txt', '--id', `test-${count}/one`)).toMatchObject({ exitCode: 0 });
  const arn = `arn:aws:artifacts:sa-east-1:${ONE}:default/test-${count}/one:1`;
  project.write({
    'template.yaml': `Resources:\n  Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: '${arn}'}}\n`,
  });
  project.env = { ...project.env, AWS_REGION: 'us-east-1' };
  const planned = await packaged('--dry-run');
  expect([planned.exitCode, planned.stdout]).toEqual([0, expect.stringContaining(`${arn}@sha256:`)]);
  expect((await home.keys('blobs/')).filter((key) => key.endsWith('/one.txt'))).toEqual([]);
  const all = await packaged('--regions', 'us-east-1,eu-west-1,sa-east-1', '--output-template-file', 'packaged.yaml');
  expect([all.exitCode, all.stderr]).toEqual([0, expect.stringContaining('sa-east-1: 1 there already\n')]);
  const text = project.read('packaged.yaml');
  expect(text).toContain(`ArtifactArn: ${arn}@sha256:`);
  for (const domain of [home, near]) {
    expect((await domain.keys('blobs/')).filter((key) => key.endsWith('/one.txt'))).toHaveLength(1);
    await deployed(domain, 'packaged.yaml');
  }
});

test('a plain bucket and a directory have no regions', async () => {
  await begin({ 'template.yaml': LAYER, 'layer/a.txt': 'a' });
  const bucket = await packaged('--regions', 'eu-west-1', '--s3-bucket', 'plain');
  expect([bucket.exitCode, bucket.stderr]).toEqual([
    2,
    "error: cannot use '--regions' and '--s3-bucket' together\n" +
      '  Only domains fetch from each other: with a plain bucket, package once for each Region.\n',
  ]);
  project.write({
    'samconfig.toml':
      'version = 0.1\n[default.global.parameters]\nresolve_s3 = true\n[default.package.parameters]\ns3_bucket = "plain"\n',
  });
  const plain = await packaged('--dry-run');
  expect([plain.exitCode, plain.stderr]).toEqual([2, expect.stringContaining("'s3_bucket' in [default.package")]);
  const typed = await packaged('--regions', 'eu-west-1', '--domain', 'file:domain', '--dry-run');
  expect([typed.exitCode, typed.stderr]).toEqual([2, expect.stringContaining("from the directory 'domain'")]);
  rmSync(project.path('samconfig.toml'));
  const directory = await packaged('--regions', 'eu-west-1', '--domain', 'file:domain');
  expect(directory.exitCode).toBe(2);
  expect(directory.stderr).toContain("no Region fetches anything from the directory 'domain'");
  expect(project.exists('domain')).toBe(false);
  const wrong = await packaged('--regions', 'eu-west-1,Paris');
  expect(wrong.stderr).toContain("'--regions' must be Regions, not 'Paris'");
});
