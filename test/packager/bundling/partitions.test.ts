import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { at } from '../../support/json-pointer.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';

knowEveryError();
hideOwnEnvironment();

const BUCKET = 'shop-artifacts';
const DOMAIN = ['--domain', `s3://${BUCKET}`];

const lambda = (code: string): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${code}, Handler: x.h, Runtime: nodejs22.x, Role: r}}`;

const SHOP: Files = {
  'template.yaml': `Resources:
  A: ${lambda('functions/a')}
  Lasting:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3ObjectStorageMode: REFERENCE, S3Key: ./functions/a}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: stacks/child.yaml}}
  Set: {Type: AWS::CloudFormation::StackSet, Properties: {StackSetName: s, TemplateURL: stacks/child.yaml}}
  App: {Type: AWS::Serverless::Application, Properties: {Location: stacks/child.yaml}}
  Deliveries:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: app, Image: app, EnvironmentFiles: [{Type: s3, Value: app.env}]}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}
`,
  'stacks/child.yaml': `Resources:\n  C: ${lambda('../functions/a')}\n`,
  'more.yaml': `More: ${lambda('functions/a')}\n`,
  'functions/a/x.js': 'a',
  'app.env': 'A=1\n',
};

let server: S3Server;

beforeEach(async () => {
  server = await startS3Server();
});

afterEach(async () => {
  await server.close();
});

/** An empty domain of somebody in this partition, in the place of an earlier one. */
function newDomain(project: TestProject, partition: string, region: string): void {
  server.identities.set('test', { account: TEST_ACCOUNT, arn: `arn:${partition}:iam::${TEST_ACCOUNT}:user/dev` });
  server.createBucket(BUCKET, { versioning: 'Enabled', region });
  project.env = awsEnvironment(server, 'test', region);
}

/** A bundle of SHOP, made by somebody who has neither credentials nor a Region. */
async function bundled(): Promise<TestProject> {
  const project = await TestProject.of(SHOP);
  const made = await project.run(
    'bundle',
    'create',
    '-t',
    'template.yaml',
    '--project-root',
    '.',
    '-o',
    '../app.bundle',
  );
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  expect(server.requests).toEqual([]);
  return project;
}

describe.each([
  ['aws', 'eu-west-1', 'amazonaws.com'],
  ['aws-cn', 'cn-north-1', 'amazonaws.com.cn'],
  ['aws-us-gov', 'us-gov-west-1', 'amazonaws.com'],
])('in %s', (partition, region) => {
  test('the template is what package writes there, with its ARNs, and says what is bound to the Region', async () => {
    const project = await bundled();
    newDomain(project, partition, region);
    const published = await project.run('bundle', 'publish', '../app.bundle', ...DOMAIN);
    expect(published).toMatchObject({ exitCode: 0 });
    newDomain(project, partition, region);
    const direct = await project.run('package', '--project-root', '.', ...DOMAIN);
    // The versions of objects are the bucket's own.
    expect(published.text).toBe(direct.text);
    expect(published.text).toContain(
      `arn:${partition}:artifacts:${region}:${TEST_ACCOUNT}:default/shop/functions/a:1@`,
    );
    expect(`${published.text}${published.stderr}`.match(/arn:aws[a-z-]*(?=:artifacts)/g)).toEqual(
      expect.not.arrayContaining(
        ['aws', 'aws-cn', 'aws-us-gov'].filter((one) => one !== partition).map((one) => `arn:${one}`),
      ),
    );
    const url = at(published.data, '/Resources/App/Properties/Location') as string;
    expect(url).toMatch(/^https?:\/\/[^/]+\/(?:shop-artifacts\/)?blobs\/sha256\//);
    expect(published.stderr).toContain(`which binds the packaged template to ${region}`);
    expect(published.stderr.match(/warning: .*literal/g)).toEqual(
      direct.stderr
        .match(/warning: .*literal/g)
        ?.map((line) => line.replace('template.yaml', '../app.bundle/template.yaml')),
    );
  });
});

test('what was interrupted is gone on with by the same command', async () => {
  const project = await bundled();
  newDomain(project, 'aws-cn', 'cn-north-1');
  const undisturbed = await project.run('bundle', 'publish', '../app.bundle', ...DOMAIN);
  const writes = server.requests.filter(({ operation }) => operation === 'PutObject').length;
  expect(undisturbed.exitCode).toBe(0);
  expect(writes).toBeGreaterThan(10);
  for (let after = 0; after < writes; after += 5) {
    newDomain(project, 'aws-cn', 'cn-north-1');
    const fault = { effect: 'error', code: 'AccessDenied' } as const;
    server.faults.add({ operation: 'PutObject', skip: after, times: Infinity, fault });
    const output = `out-${after}.yaml`;
    const refused = await project.run(
      'bundle',
      'publish',
      '../app.bundle',
      ...DOMAIN,
      '--output-template-file',
      output,
    );
    expect({ after, ...refused }).toMatchObject({ after, exitCode: 3 });
    expect(project.exists(output)).toBe(false);
    server.faults.clear();
    const again = await project.run('bundle', 'publish', '../app.bundle', ...DOMAIN, '--output-template-file', output);
    expect(again).toMatchObject({ exitCode: 0 });
    // A number that was begun and not finished is not used again; versions of objects are drawn anew.
    const unnumbered = (text: string): string =>
      text.replaceAll(/(?<=default\/[^:\s]+):\d+(?=@sha256)/g, ':N').replaceAll(/@sha256:\w+|sha256\/\w+/g, '');
    expect(unnumbered(project.read(output))).toBe(unnumbered(undisturbed.text));
  }
});
