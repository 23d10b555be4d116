import { describe, expect, test } from '@jest/globals';
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CloudFormationProduct, CloudFormationTemplate, ProductStack } from 'aws-cdk-lib/aws-servicecatalog';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import {
  Annotations,
  App,
  AssetStaging,
  FileAssetPackaging,
  NestedStack,
  RemovalPolicy,
  Stack,
  Stage,
} from 'aws-cdk-lib/core';
import { at } from '../support/json-pointer.ts';
import { CdkProject, functionOf, parameterOf, synthesizer } from './app.ts';

const HEX = /[0-9a-f]{64}/g;
const ARCHIVE = { 'Fn::Join': ['', [expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}\/archive\.zip$/)]] };
const bucketOf = (logicalId: string): unknown => ({
  'Fn::Join': ['', [{ 'Fn::GetAtt': [logicalId, 'Bucket'] }]],
});

describe('assets', () => {
  test('of functions and layers are referred to, and called after their constructs', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1', 'tools/nodejs/x.js': '2' });
    project.synthesizeStack('Web', (stack) => {
      new LayerVersion(stack, 'Tools', { code: Code.fromAsset(project.path('tools')) });
      functionOf(stack, 'Api', Code.fromAsset(project.path('api')));
    });
    const { only } = await project.package('Web');
    expect(only('AWS::Lambda::LayerVersion')).toEqual({
      Content: { S3Bucket: bucketOf('WebToolsCodeArtifact'), S3Key: ARCHIVE },
    });
    expect(only('AWS::Lambda::Function')).toMatchObject({
      Code: { S3Bucket: bucketOf('WebApiCodeArtifact'), S3Key: ARCHIVE },
    });
    expect(await project.artifacts()).toEqual(['shop/Web/Api/Code', 'shop/Web/Tools/Code']);
  });

  test('are found where the CDK itself makes them', async () => {
    const project = await CdkProject.of({ 'site/index.html': 'Hello', 'orders.asl.json': '{}' });
    project.synthesizeStack('Web', (stack) => {
      const site = new Bucket(stack, 'Site', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
      new BucketDeployment(stack, 'Deploy', {
        destinationBucket: site as IBucket,
        sources: [Source.asset(project.path('site')), Source.data('config.json', '{}')],
      });
      new StateMachine(stack, 'Orders', { definitionBody: DefinitionBody.fromFile(project.path('orders.asl.json')) });
    });
    const { only, text } = await project.package('Web');
    const { SourceBucketNames, SourceObjectKeys } = only('Custom::CDKBucketDeployment');
    expect(SourceBucketNames).toEqual([bucketOf('WebDeployAsset1Artifact'), bucketOf('WebDeployAsset2Artifact')]);
    expect(SourceObjectKeys).toEqual([ARCHIVE, ARCHIVE]);
    expect(only('AWS::StepFunctions::StateMachine')).toMatchObject({
      DefinitionS3Location: { Bucket: bucketOf('WebOrdersDefinitionBodyArtifact') },
    });
    expect(text).not.toContain('Fn::Artifact');
    expect(await project.artifacts()).toEqual([
      'shop/Web/Custom--CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C/Code',
      'shop/Web/Custom--S3AutoDeleteObjectsCustomResourceProvider',
      'shop/Web/Deploy/Asset1',
      'shop/Web/Deploy/Asset2',
      'shop/Web/Deploy/AwsCliLayer/Code',
      'shop/Web/Orders/DefinitionBody',
    ]);
  });

  test('that several constructs share are one artifact, called after the first', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    project.synthesizeStack('Web', (stack) => {
      functionOf(stack, 'First', Code.fromAsset(project.path('api')));
      functionOf(stack, 'Second', Code.fromAsset(project.path('api')));
      functionOf(new NestedStack(stack, 'Below'), 'Third', Code.fromAsset(project.path('api')));
    });
    await project.package('Web');
    const artifacts = await project.artifacts();
    expect(artifacts.filter((id) => id.endsWith('/Code'))).toEqual(['shop/Web/First/Code']);
  });

  test('give text to be put together with other text', async () => {
    const project = await CdkProject.of({ 'words.txt': 'Hello' });
    project.synthesizeStack('Web', (stack) => {
      const words = new Asset(stack, 'Words', { path: project.path('words.txt') });
      parameterOf(stack, 'Command', `aws s3 cp ${words.s3ObjectUrl} .`);
      parameterOf(stack, 'Json', stack.toJsonString({ url: words.httpUrl }));
    });
    const { data } = await project.package('Web');
    const uri = 's3://${WebWordsArtifact.Bucket}/blobs/sha256/HEX/asset.HEX.txt';
    expect(JSON.parse(JSON.stringify(data).replaceAll(HEX, 'HEX'))).toMatchObject({
      Resources: {
        Command: { Properties: { Value: { 'Fn::Join': ['', ['aws s3 cp ', { 'Fn::Sub': uri }, ' .']] } } },
        Json: {
          Properties: {
            Value: { 'Fn::Join': ['', ['{"url":"', { 'Fn::GetAtt': ['WebWordsArtifact', 'Url'] }, '"}']] },
          },
        },
      },
    });
  });

  test('with names that an ID can not have get others, all different', async () => {
    const project = await CdkProject.of({ '0.txt': '0', '1.txt': '1', '2.txt': '2', '3.txt': '3' });
    project.synthesizeStack('Web', (stack) => {
      const names = ['The words (1)', 'The words [1]', '_words', '語'];
      for (const [index, name] of names.entries()) {
        const { s3ObjectUrl } = new Asset(stack, name, { path: project.path(`${index}.txt`) });
        parameterOf(stack, `Words${index}`, s3ObjectUrl);
      }
    });
    await project.package('Web');
    expect(await project.artifacts()).toEqual([
      'shop/Web/The-words--1--d3320220',
      'shop/Web/The-words--1-',
      'shop/Web/de7754f7',
      'shop/Web/words',
    ]);
  });

  test('that a command makes when they are published are refused', () => {
    const stack = new Stack(new App({ defaultStackSynthesizer: synthesizer() }), 'Web');
    const asset = { executable: ['make'], sourceHash: 'abc', packaging: FileAssetPackaging.FILE };
    expect(() => stack.synthesizer.addFileAsset(asset)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: "the asset 'abc' of 'Web' is made by a command when it is published",
      }),
    );
  });

  test('are the same text in two runs, and the second stores nothing', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    const build = (stack: Stack): void => {
      functionOf(new NestedStack(stack, 'Below'), 'Api', Code.fromAsset(project.path('api')));
    };
    project.synthesizeStack('Web', build);
    const first = await project.package('Web', '--quiet');
    const stored = project.project.stored('.');
    project.synthesizeStack('Web', build);
    expect((await project.package('Web', '--quiet')).text).toBe(first.text);
    expect(project.project.stored('.')).toEqual(stored);
  });
});

describe('stacks', () => {
  test('are made without a bootstrap, and the CDK has nothing to say against them', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    project.synthesizeStack('Web', (stack) => {
      functionOf(stack, 'Api', Code.fromAsset(project.path('api')));
      functionOf(new NestedStack(stack, 'Below'), 'Api', Code.fromAsset(project.path('api')));
    });
    expect(Object.keys(project.json('cdk.out/Web.template.json'))).toEqual(['Resources']);
    expect(at(project.json('cdk.out/manifest.json'), '/artifacts/Web/properties')).toEqual({
      templateFile: 'Web.template.json',
      terminationProtection: false,
      validateOnSynth: false,
      additionalDependencies: [],
    });
    expect(project.json('cdk.out/validation-report.json')).toMatchObject({ pluginReports: [] });
  });

  test('that are nested are packaged, with what is nested in them', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    project.synthesizeStack('Web', (stack) => {
      const outer = new NestedStack(stack, 'Outer');
      const inner = new NestedStack(outer, 'Inner');
      functionOf(inner, 'Api', Code.fromAsset(project.path('api')));
    });
    const { only } = await project.package('Web');
    const [code, outer = '', inner = ''] = await project.artifacts();
    expect([code, outer, inner]).toEqual([
      'shop/Web/Outer/Inner/Api/Code',
      'shop/WebOuter69D26BDE.nested.template.json',
      'shop/WebOuterInnerCBB29B1F.nested.template.json',
    ]);
    const template = { 'Fn::GetAtt': ['WebOuter69D26BDENestedTemplateJsonArtifact', 'Url'] };
    expect(only('AWS::CloudFormation::Stack')).toEqual({ TemplateURL: template });
    expect(await project.content(outer)).toContain(
      `"ArtifactArn": "arn:aws:artifacts:local:000000000000:default/${inner}:1@`,
    );
    expect(await project.content(inner)).toContain(
      `"ArtifactArn": "arn:aws:artifacts:local:000000000000:default/${String(code)}:1@`,
    );
  });

  test('of an app may be several, also in stages', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    project.synthesize((app) => {
      for (const id of ['Web', 'Jobs']) functionOf(new Stack(app, id), 'Api', Code.fromAsset(project.path('api')));
      const stage = new Stage(app, 'Prod');
      const stack = new Stack(stage, 'Web');
      functionOf(new NestedStack(stack, 'Below'), 'Api', Code.fromAsset(project.path('api')));
    });
    await project.package('Web');
    await project.package('Jobs');
    await project.package('assembly-Prod/ProdWebF45B1510');
    expect(await project.artifacts()).toEqual([
      'shop/Jobs/Api/Code',
      'shop/Prod/Web/Below/Api/Code',
      'shop/Web/Api/Code',
      'shop/assembly-Prod/ProdWebBelowC50B603F.nested.template.json',
    ]);
  });

  test('have a synthesizer each, if that is wanted', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    const app = new App({ outdir: project.path('cdk.out') });
    functionOf(new Stack(app, 'Ours', { synthesizer: synthesizer() }), 'Api', Code.fromAsset(project.path('api')));
    functionOf(new Stack(app, 'Theirs'), 'Api', Code.fromAsset(project.path('api')));
    app.synth();
    const { text } = await project.package('Ours');
    expect(text).toContain('OursApiCodeArtifact');
    expect(JSON.stringify(project.json('cdk.out/Theirs.template.json'))).toContain('cdk-hnb659fds-assets');
  });

  test('of a product are stored as they are', async () => {
    const project = await CdkProject.of({});
    project.synthesizeStack('Web', (stack) => {
      const product = new ProductStack(stack, 'Product');
      new Bucket(product, 'Bucket');
      new CloudFormationProduct(stack, 'Catalog', {
        ...{ productName: 'Bucket', owner: 'us' },
        productVersions: [{ cloudFormationTemplate: CloudFormationTemplate.fromProductStack(product) }],
      });
    });
    const { only } = await project.package('Web');
    const { ProvisioningArtifactParameters: versions } = only('AWS::ServiceCatalog::CloudFormationProduct');
    const url = { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['WebWebProductTemplateArtifact', 'Url'] }]] };
    expect(versions).toEqual([{ DisableTemplateValidation: false, Info: { LoadTemplateFromURL: url } }]);
    const [id = ''] = await project.artifacts();
    expect(JSON.parse(await project.content(id))).toMatchObject({ Resources: expect.anything() });
    expect(id).toBe('shop/Web/Web/Product-Template');
  });
});

describe('versions of functions', () => {
  test('are new ones where the code is', async () => {
    const project = await CdkProject.of({ 'api/index.mjs': '1' });
    const versionOf = (): unknown => {
      AssetStaging.clearAssetHashCache();
      project.synthesizeStack(
        'Web',
        (stack) => functionOf(stack, 'Api', Code.fromAsset(project.path('api'))).currentVersion,
      );
      const { Resources } = project.json('cdk.out/Web.template.json') as {
        Resources: Record<string, { Type: string }>;
      };
      return Object.entries(Resources).find(([, { Type }]) => Type === 'AWS::Lambda::Version')?.[0];
    };
    const first = versionOf();
    expect(versionOf()).toBe(first);
    project.project.write({ 'api/index.mjs': '2' });
    expect(versionOf()).not.toBe(first);
  });
});

describe('Docker images', () => {
  const ACCOUNT_AND_REGION = '${AWS::AccountId}-${AWS::Region}';

  test.each([
    [
      'stay where the CDK has them',
      ...[{}, `cdk-hnb659fds-container-assets-${ACCOUNT_AND_REGION}`],
      "to the repository that only 'cdk bootstrap' makes: run it, or name one of yours by imageRepositoryName",
    ],
    [
      'go where the author wants them',
      ...[{ imageRepositoryName: 'images' }, 'images'],
      "to the repository 'images', which must be there",
    ],
  ] as const)('%s', async (_, props, repositoryName, warning) => {
    const project = await CdkProject.of({ 'image/Dockerfile': 'FROM scratch' });
    const app = new App({ outdir: project.path('cdk.out') });
    const stack = new Stack(app, 'Web', { synthesizer: synthesizer(props) });
    const { imageUri, assetHash } = new DockerImageAsset(stack, 'Image', { directory: project.path('image') });
    new DockerImageAsset(stack, 'Same', { directory: project.path('image') });
    parameterOf(stack, 'Name', imageUri);
    app.synth();
    const { dockerImages, files } = project.json('cdk.out/Web.assets.json');
    expect(files).toEqual({});
    const { destinations } = at(dockerImages, `/${assetHash}`) as { readonly destinations: object };
    expect(Object.values(destinations)).toEqual([{ repositoryName, imageTag: assetHash }]);
    const { messages } = app.synth().getStackByName('Web');
    expect(messages.map(({ level, id, entry: { data } }) => [level, id, data])).toEqual([
      [
        'warning',
        '/Web',
        expect.stringMatching(/neither builds nor pushes .*'npx cdk-assets publish --path cdk.out\/Web.assets.json'/),
      ],
    ]);
    expect(messages[0]?.entry.data).toContain(warning);
    const { only } = await project.package('Web');
    const registry = '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}';
    expect(only('AWS::SSM::Parameter')).toMatchObject({
      Value: { 'Fn::Sub': `${registry}/${repositoryName}:${assetHash}` },
    });
  });

  test('warn nobody who has acknowledged that', async () => {
    const project = await CdkProject.of({ 'image/Dockerfile': 'FROM scratch' });
    const app = new App({ outdir: project.path('cdk.out'), defaultStackSynthesizer: synthesizer() });
    const stack = new Stack(app, 'Web');
    Annotations.of(stack).acknowledgeWarning('cfn-artifacts:docker-images');
    parameterOf(stack, 'Name', new DockerImageAsset(stack, 'Image', { directory: project.path('image') }).imageUri);
    expect(app.synth().getStackByName('Web').messages).toEqual([]);
  });
});
