import { describe, expect, test } from '@jest/globals';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Lazy, Stack } from 'aws-cdk-lib/core';
import { ArtifactRef } from '../../cdk/index.ts';
import { CdkProject, functionOf, parameterOf } from './app.ts';

const BOOKMARK = 'default/tools/report^prod';
const ARN = 'arn:aws:artifacts:local:000000000000:default/tools/report:1';

async function projectWithReport(): Promise<CdkProject> {
  const project = await CdkProject.of({ 'report/index.mjs': '1' });
  const domain = ['--domain', 'file:../domain'];
  await project.project.run('publish', 'report', '--id', 'tools/report', ...domain);
  await project.project.run('bookmark', 'set', 'tools/report:1', 'prod', ...domain);
  return project;
}

describe('a reference', () => {
  test('by bookmark is one to the version that it names when it is packaged', async () => {
    const project = await projectWithReport();
    project.synthesizeStack('Web', (stack) => {
      functionOf(stack, 'Report', new ArtifactRef(stack, 'Ref', { artifact: BOOKMARK }).asCode());
    });
    const { only } = await project.package('Web');
    expect(only('Custom::ArtifactRef')).toEqual({
      ServiceToken: { 'Fn::ImportValue': 'cfn-artifacts-ServiceToken' },
      ServiceTimeout: 300,
      ArtifactArn: expect.stringMatching(
        /^arn:aws:artifacts:local:000000000000:default\/tools\/report:1@sha256:\w{64}$/,
      ),
      ResolvedFrom: BOOKMARK,
    });
    const attribute = (name: string): unknown => ({ 'Fn::GetAtt': ['Ref47C32AF2', name] });
    expect(only('AWS::Lambda::Function')).toMatchObject({
      Code: { S3Bucket: attribute('Bucket'), S3Key: attribute('Key') },
    });
  });

  test('by ARN says no bookmark', async () => {
    const project = await projectWithReport();
    project.synthesizeStack('Web', (stack) => new ArtifactRef(stack, 'Ref', { artifact: ARN }));
    const { only } = await project.package('Web');
    expect(only('Custom::ArtifactRef')).not.toHaveProperty('ResolvedFrom');
    expect(only('Custom::ArtifactRef')['ArtifactArn']).toMatch(ARN);
  });

  test('has all that Custom::ArtifactRef answers', () => {
    const stack = new Stack();
    const ref = new ArtifactRef(stack, 'Ref', { artifact: ARN });
    const { arn, bucketName, key, objectVersion, s3Uri, url, version, digest, codeSha256, size } = ref;
    const members = { arn, bucketName, key, objectVersion, s3Uri, url, version, digest, codeSha256, size };
    const attributes = Object.values(members).map((token) => stack.resolve(token) as unknown);
    const names = ['Arn', 'Bucket', 'Key', 'ObjectVersion', 'Uri', 'Url', 'Version', 'Digest', 'CodeSha256', 'Size'];
    expect(attributes).toEqual(names.map((name) => ({ 'Fn::GetAtt': ['Ref47C32AF2', name] })));
  });

  test('lets others be granted to read it', async () => {
    const project = await projectWithReport();
    project.project.write({ 'api/index.mjs': '1' });
    project.synthesizeStack('Web', (stack) => {
      const ref = new ArtifactRef(stack, 'Ref', { artifact: BOOKMARK });
      const api = functionOf(stack, 'Api', Code.fromAsset(project.path('api')));
      ref.bucket.grantRead(api, ref.key);
      parameterOf(stack, 'Where', ref.s3Uri);
    });
    const { only } = await project.package('Web');
    expect(JSON.stringify(only('AWS::IAM::Policy'))).toContain('"/",{"Fn::GetAtt":["Ref47C32AF2","Key"]}');
  });

  test('makes a new version of a function where another artifact is named', async () => {
    const project = await CdkProject.of({});
    const versionOf = (artifact: string): unknown => {
      project.synthesizeStack('Web', (stack) => {
        const report = functionOf(stack, 'Report', new ArtifactRef(stack, 'Ref', { artifact }).asCode());
        parameterOf(stack, 'Version', report.currentVersion.version);
      });
      const { Resources } = project.json('cdk.out/Web.template.json') as {
        Resources: Record<string, { Type: string }>;
      };
      return Object.entries(Resources).find(([, { Type }]) => Type === 'AWS::Lambda::Version')?.[0];
    };
    expect(versionOf(ARN)).toBe(versionOf(ARN));
    expect(versionOf(ARN.replace(/1$/, '2'))).not.toBe(versionOf(ARN));
  });
});

describe('is refused:', () => {
  test.each([
    ...['./report', 'default/tools/report:1', 'default/tools/report:^1.4'].map(
      (artifact) =>
        [artifact, 'INVALID_ARGUMENT', `'${artifact}' is neither an artifact's ARN nor a bookmark`] as const,
    ),
    ['Default/tools^prod', 'INVALID_NAME', /'Default'/],
    ['arn:aws:artifacts:local:1:default/tools/report', 'INVALID_ARN', /'arn:aws:artifacts:local:1:/],
    [Lazy.string({ produce: () => ARN }), 'INVALID_ARGUMENT', 'the artifact is known only at the deploy'],
  ])('%s', (artifact, code, message) => {
    const matching: unknown = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(() => new ArtifactRef(new Stack(), 'Ref', { artifact })).toThrow(
      expect.objectContaining({ code, message: matching }),
    );
  });
});
