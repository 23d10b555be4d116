import { cpSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LambdaOfDomains } from '../../support/lambda-of-domains.ts';
import { startLambdaOf } from '../../support/lambda-of-domains.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { SeveralDomain } from '../../support/several-domains.ts';
import { openDomainOn } from '../../support/several-domains.ts';

knowEveryError();
hideOwnEnvironment();

const ACCOUNT = '111122223333';
const EXAMPLES = path.resolve(import.meta.dirname, '../../../templates/examples');
const REGIONS = ['--regions', 'us-east-1,eu-west-1'];

let server: S3Server;
let lambda: LambdaOfDomains;
let home: SeveralDomain;
let near: SeveralDomain;

beforeAll(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ACCOUNT, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ACCOUNT, region: 'eu-west-1' });
  lambda = await startLambdaOf([home, near]);
}, 120_000);

afterAll(async () => {
  await Promise.all([home, near].map((domain) => domain.close()));
  await lambda.close();
  await server.close();
});

/** A bundle of an example, and what publishes it without its sources. */
async function bundled(name: string): Promise<TestProject> {
  const project = await TestProject.of({});
  cpSync(path.join(EXAMPLES, name), project.path('sources'), { recursive: true });
  const made = [
    'bundle',
    'create',
    '-t',
    'sources/template.yaml',
    '--project-root',
    'sources',
    '--output',
    'app.bundle',
  ];
  expect(await project.run(...made, '--artifact-prefix', name)).toMatchObject({ exitCode: 0 });
  project.env = { ...home.administrator, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
  return project;
}

function packaged(project: TestProject, name: string, output: string): Promise<Outcome> {
  const sources = ['-t', 'sources/template.yaml', '--project-root', 'sources', '--artifact-prefix', name];
  return project.run('package', ...sources, ...REGIONS, '--output-template-file', output);
}

test('a bundle is brought to every region, and an output is written for each where one does not serve all', async () => {
  const project = await bundled('sam-app');
  const argv = ['bundle', 'publish', 'app.bundle', ...REGIONS, '--output-template-file', 'published.yaml'];
  const published = await project.run(...argv);
  expect(published).toMatchObject({ exitCode: 0 });
  expect(published.stderr).toMatch(/^eu-west-1: \d+ brought there$/m);
  expect(await packaged(project, 'sam-app', 'packaged.yaml')).toMatchObject({ exitCode: 0 });
  for (const [region, domain] of [['us-east-1', home] as const, ['eu-west-1', near] as const]) {
    const text = project.read(`published.${region}.yaml`);
    expect(text).toBe(project.read(`packaged.${region}.yaml`));
    expect(text).toContain(domain.bucket);
    const { status, reason } = await domain.engine.deploy('bundled', text);
    expect([status, reason]).toEqual(['CREATE_COMPLETE', undefined]);
  }
});

test('one output serves all where no place is of one region, and deploys in each', async () => {
  const project = await bundled('nested-stacks');
  const argv = ['bundle', 'publish', 'app.bundle', ...REGIONS, '--output-template-file', 'published.yaml'];
  expect(await project.run(...argv)).toMatchObject({ exitCode: 0 });
  expect(await packaged(project, 'nested-stacks', 'packaged.yaml')).toMatchObject({ exitCode: 0 });
  const text = project.read('published.yaml');
  expect(text).toBe(project.read('packaged.yaml'));
  for (const { engine } of [home, near]) {
    const { status, reason } = await engine.deploy('served', text);
    expect([status, reason]).toEqual(['CREATE_COMPLETE', undefined]);
  }
});
