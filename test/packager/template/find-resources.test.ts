import { describe, expect, test } from '@jest/globals';
import { find, findInResource, messages, onlyPlace, positions, shown, warned } from './search.ts';

const S3 = { bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' };
const SAM = { bucket: 'Bucket', key: 'Key', version: 'Version' };

describe('a place', () => {
  test('has everything that writing its location takes', () => {
    const found = find(`Resources:
  Fn:
    Type: AWS::Lambda::Function
    Condition: Wanted
    Properties:
      Handler: app.handler
      Code: ./src
`);
    expect(onlyPlace(found)).toEqual({
      pointer: '/Resources/Fn/Properties/Code',
      position: { file: 't.yaml', line: 7, column: 13 },
      resource: 'Fn',
      condition: 'Wanted',
      type: 'AWS::Lambda::Function',
      property: 'Code',
      absent: false,
      wanted: 'zip',
      targets: [{ values: [], target: { kind: 'path', path: './src' } }],
      loop: [],
      form: { kind: 'object', fields: S3, inKey: false },
      literal: false,
      detached: false,
      pinned: false,
      needsArn: false,
    });
    expect(found.warnings).toEqual([]);
  });

  test('stands at its value in JSON too, and its pointer is escaped', () => {
    const found = find(
      '{"Resources": {"a/b~c": {"Type": "AWS::Glue::Job",\n "Properties": {"Command": {"ScriptLocation": "x.py"}}}}}',
    );
    expect(shown(found)).toEqual(['/Resources/a~1b~0c/Properties/Command/ScriptLocation = x.py']);
    expect(positions(found)).toEqual(['2:47']);
  });

  test('comes in the order of the document, whatever finds it', () => {
    const found = find(
      `Outputs: {O: {Value: !Artifact ./o}}
Transform: [{Name: AWS::Include, Parameters: {Location: ./t.yaml}}]
Resources:
  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a.yaml}}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: i.yaml}}
  B:
    Type: AWS::Serverless::Function
    Properties: {Tags: {x: !Artifact ./tag}, CodeUri: b}
`,
    );
    expect(shown(found)).toEqual([
      '/Outputs/O/Value = ./o',
      '/Transform/0/Parameters/Location = ./t.yaml',
      '/Resources/A/Properties/TemplateURL = a.yaml',
      '/Resources/Fn::Transform/Parameters/Location = i.yaml',
      '/Resources/B/Properties/Tags/x = ./tag',
      '/Resources/B/Properties/CodeUri = b',
    ]);
  });

  test('stands where the alias stood, at the position of what it repeats', () => {
    const found = find(`Resources:
  A: {Type: AWS::Lambda::Function, Properties: &p {Code: ./src}}
  B: {Type: AWS::Lambda::Function, Properties: *p}
`);
    expect(shown(found)).toEqual(['/Resources/A/Properties/Code = ./src', '/Resources/B/Properties/Code = ./src']);
  });
});

describe('what aws-cli and SAM package is found in their forms', () => {
  test.each([
    ['AWS::Lambda::Function', '{Code: x}', 'zip', { kind: 'object', fields: S3, inKey: false }],
    ['AWS::Lambda::LayerVersion', '{Content: x}', 'zip', { kind: 'object', fields: S3, inKey: false }],
    ['AWS::Serverless::Function', '{CodeUri: x}', 'zip', { kind: 'uri', objectFields: SAM }],
    ['AWS::Serverless::LayerVersion', '{ContentUri: x}', 'zip', { kind: 'uri', objectFields: SAM }],
    ['AWS::Serverless::Application', '{Location: x}', 'template', { kind: 'https-url' }],
    ['AWS::Serverless::Api', '{DefinitionUri: x}', 'file', { kind: 'uri', objectFields: SAM }],
    ['AWS::Serverless::HttpApi', '{DefinitionUri: x}', 'file', { kind: 'uri', objectFields: SAM }],
    ['AWS::Serverless::StateMachine', '{DefinitionUri: x}', 'file', { kind: 'object', fields: SAM, inKey: false }],
    ['AWS::Serverless::GraphQLApi', '{SchemaUri: x}', 'file', { kind: 'uri' }],
    ['AWS::Serverless::GraphQLApi', '{Resolvers: {Query: {get: {CodeUri: x}}}}', 'file', { kind: 'uri' }],
    ['AWS::Serverless::GraphQLApi', '{Functions: {f: {CodeUri: x}}}', 'file', { kind: 'uri' }],
    [
      'AWS::StepFunctions::StateMachine',
      '{DefinitionS3Location: x}',
      'file',
      { kind: 'object', fields: SAM, inKey: false },
    ],
    ['AWS::ApiGateway::RestApi', '{BodyS3Location: x}', 'file', { kind: 'object', fields: SAM, inKey: false }],
    ['AWS::ApiGatewayV2::Api', '{BodyS3Location: x}', 'file', { kind: 'object', fields: SAM, inKey: false }],
    ['AWS::AppSync::GraphQLSchema', '{DefinitionS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::Resolver', '{RequestMappingTemplateS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::Resolver', '{ResponseMappingTemplateS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::Resolver', '{CodeS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::FunctionConfiguration', '{RequestMappingTemplateS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::FunctionConfiguration', '{ResponseMappingTemplateS3Location: x}', 'file', { kind: 'uri' }],
    ['AWS::AppSync::FunctionConfiguration', '{CodeS3Location: x}', 'file', { kind: 'uri' }],
    [
      'AWS::ElasticBeanstalk::ApplicationVersion',
      '{SourceBundle: x}',
      'archive-or-file',
      { kind: 'object', fields: { bucket: 'S3Bucket', key: 'S3Key' }, inKey: false },
    ],
    ['AWS::CloudFormation::Stack', '{TemplateURL: x}', 'template', { kind: 'https-url' }],
    ['AWS::CloudFormation::StackSet', '{TemplateURL: x}', 'template', { kind: 'https-url' }],
    ['AWS::CloudFormation::ModuleVersion', '{ModulePackage: x}', 'archive-or-file', { kind: 'uri' }],
    ['AWS::CloudFormation::ResourceVersion', '{SchemaHandlerPackage: x}', 'archive-or-file', { kind: 'uri' }],
    ['AWS::Glue::Job', '{Command: {ScriptLocation: x}}', 'archive-or-file', { kind: 'uri' }],
    [
      'AWS::CodeCommit::Repository',
      '{Code: {S3: x}}',
      'zip',
      { kind: 'object', fields: { bucket: 'Bucket', key: 'Key', version: 'ObjectVersion' }, inKey: false },
    ],
  ])('%s %s', (type, properties, wanted, form) => {
    const place = onlyPlace(findInResource(type, properties));
    expect(place).toMatchObject({ type, wanted, form });
    expect(place.targets).toEqual([{ values: [], target: { kind: 'path', path: 'x' } }]);
  });

  test('literals where SAM evaluates nothing, detached templates where no domain can be presumed', () => {
    expect(onlyPlace(findInResource('AWS::Serverless::Application', '{Location: x}'))).toMatchObject({ literal: true });
    expect(onlyPlace(findInResource('AWS::Serverless::GraphQLApi', '{SchemaUri: x}'))).toMatchObject({ literal: true });
    expect(onlyPlace(findInResource('AWS::CloudFormation::Stack', '{TemplateURL: x}'))).toMatchObject({
      literal: false,
      detached: false,
    });
    expect(onlyPlace(findInResource('AWS::CloudFormation::StackSet', '{TemplateURL: x}'))).toMatchObject({
      literal: false,
      detached: true,
    });
    const pack = findInResource('AWS::Config::ConformancePack', '{TemplateS3Uri: ./x}');
    expect(onlyPlace(pack)).toMatchObject({ wanted: 'template', form: { kind: 'uri' }, detached: true });
  });

  test('every place of a detached template is a literal, and what is behind it is detached as well', () => {
    const found = findInResource('AWS::CloudFormation::Stack', '{TemplateURL: x}', { detached: true });
    expect(onlyPlace(found)).toMatchObject({ literal: true, detached: true });
  });
});

describe('functions that have their code elsewhere', () => {
  test.each([
    ['AWS::Serverless::Function', '{InlineCode: "x", CodeUri: ./src}'],
    ['AWS::Serverless::Function', '{PackageType: Image, CodeUri: ./src}'],
    ['AWS::Serverless::Function', '{PackageType: Image}'],
    ['AWS::Lambda::Function', '{Code: {ZipFile: "x"}}'],
    ['AWS::Lambda::Function', '{PackageType: Image, Code: ./src}'],
    [
      'AWS::Lambda::Function',
      '{PackageType: Image, Code: {ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1}}',
    ],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: 123456789012.dkr-ecr.eu-west-1.on.aws/x@sha256:0a}'],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: 123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x}'],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: localhost:5000/x}'],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: !Ref Image}'],
  ])('%s %s is left alone', (type, properties) => {
    const found = findInResource(type, properties, { disk: ['./src/'], zipTemplateDirWhenAbsent: true });
    expect(found).toEqual({ places: [], warnings: [], problems: [] });
  });

  test('PackageType may come from a parameter, or from Globals', () => {
    const resources = `Resources: {R: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./src}}}`;
    expect(find(`Globals: {Function: {PackageType: Image}}\n${resources}`).places).toEqual([]);
    const byParameter = `Parameters: {P: {Type: String, Default: Image}}
Resources: {R: {Type: AWS::Serverless::Function, Properties: {PackageType: !Ref P, CodeUri: ./src}}}`;
    expect(find(byParameter).places).toEqual([]);
    expect(find(byParameter, { parameters: { P: 'Zip' } }).places).toHaveLength(1);
  });

  test.each(['my-function:latest', 'function', './image.tar.gz', '../image', '/image', 'user/image:1'])(
    'the local image %s is a problem that says what to do',
    (image) => {
      const sam = findInResource('AWS::Serverless::Function', `{PackageType: Image, ImageUri: ${image}}`);
      expect(messages(sam)).toEqual([
        `t.yaml:4:48: ImageUri of 'R' (AWS::Serverless::Function) is '${image}', an image of this machine, and images are not packaged`,
      ]);
      expect(sam.problems[0]?.remedy).toContain('--image-repository');
      const plain = findInResource('AWS::Lambda::Function', `{PackageType: Image, Code: {ImageUri: ${image}}}`);
      expect(messages(plain)).toHaveLength(1);
    },
  );

  test.each(['public.ecr.aws/lambda/nodejs:22', 'docker.io/library/x', 'ghcr.io/shop/x:1', '10.0.0.1:5000/x'])(
    'the image %s of another registry is warned of',
    (image) => {
      const [host] = image.split('/');
      const { problems, warnings, places } = findInResource(
        'AWS::Serverless::Function',
        `{PackageType: Image, ImageUri: ${image}}`,
      );
      expect({ problems, places }).toEqual({ problems: [], places: [] });
      expect(warnings).toEqual([
        {
          code: 'image-not-pushed',
          message: `ImageUri of 'R' (AWS::Serverless::Function) is '${image}', which stays in '${host ?? ''}': images are not packaged, and Lambda takes them from private repositories of Amazon ECR alone`,
          place: { file: 't.yaml', line: 4, column: 48 },
          remedy: 'Push it to Amazon ECR and write its URI there.',
        },
      ]);
      const plain = findInResource('AWS::Lambda::Function', `{PackageType: Image, Code: {ImageUri: ${image}}}`);
      expect(plain.warnings.map(({ code }) => code)).toEqual(['image-not-pushed']);
    },
  );

  /** A function whose Metadata describes an image, as `sam init` writes it. */
  function findImage(type: string, properties: string, before = '') {
    return find(
      `${before}Resources:\n  R:\n    Type: ${type}\n    Metadata:\n      Dockerfile: Dockerfile\n      DockerContext: ./app\n    Properties: ${properties}\n`,
      { disk: ['./app/'] },
    );
  }

  test.each<[string, string, string?]>([
    ['AWS::Serverless::Function', '{PackageType: Image}'],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: null}'],
    ['AWS::Serverless::Function', '{MemorySize: 128}', 'Globals: {Function: {PackageType: Image}}\n'],
    ['AWS::Lambda::Function', '{PackageType: Image}'],
    ['AWS::Lambda::Function', '{PackageType: Image, Code: ./app}'],
  ])('%s %s whose image nobody pushes is warned of', (type, properties, before = '') => {
    const { problems, warnings, places } = findImage(type, properties, before);
    expect({ problems, places }).toEqual({ problems: [], places: [] });
    expect(warnings).toEqual([
      {
        code: 'image-not-pushed',
        message: `ImageUri of 'R' (${type}) is absent, and images are not packaged: nothing builds or pushes the one that its Metadata describes`,
        place: { file: 't.yaml', line: before === '' ? 5 : 6, column: 19 },
        remedy:
          "Run 'sam build' and 'sam package --image-repository URI' before, or push the image to Amazon ECR and write its URI there.",
      },
    ]);
  });

  test.each([
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1}'],
    ['AWS::Serverless::Function', '{PackageType: Image, ImageUri: !Ref Image}'],
    ['AWS::Serverless::Function', '{CodeUri: ./app}'],
    ['AWS::Lambda::Function', '{PackageType: Image, Code: {ImageUri: !Sub "${Registry}/x"}}'],
    ['AWS::Lambda::Function', '{PackageType: Image, Code: !If [A, {ImageUri: !Ref B}, {ImageUri: !Ref C}]}'],
    ['AWS::ECS::Service', '{PackageType: Image}'],
  ])('%s %s is not, whatever its Metadata describes', (type, properties) => {
    expect(warned(findImage(type, properties))).toEqual([]);
  });

  test('is told once where it is a file too', () => {
    const found = findInResource('AWS::Serverless::Function', '{PackageType: Image, ImageUri: ./image.tar.gz}', {
      disk: ['./image.tar.gz'],
    });
    expect(messages(found)).toHaveLength(1);
    expect(found.warnings).toEqual([]);
  });
});

/** A resource beside a parameter with a Default and one without. */
function findInFunctions(type: string, properties: string, disk: readonly string[]) {
  const parameters = 'Parameters:\n  P: {Type: String, Default: ./a}\n  None: {Type: String}\n';
  return find(`${parameters}Resources:\n  R:\n    Type: ${type}\n    Properties: ${properties}\n`, { disk });
}

describe('a key without a bucket', () => {
  test('is a path, and the other members stay', () => {
    const found = findInResource('AWS::Synthetics::Canary', '{Code: {S3Key: ./canary, Handler: x.handler}}');
    expect(onlyPlace(found)).toMatchObject({
      pointer: '/Resources/R/Properties/Code/S3Key',
      position: { line: 4, column: 32 },
      property: 'Code',
      form: { kind: 'object', fields: S3, inKey: true },
      pinned: false,
    });
  });

  test.each([
    ['AWS::Lambda::Function', '{Code: {S3Key: src, S3ObjectStorageMode: REFERENCE}}', S3],
    ['AWS::Lambda::LayerVersion', '{Content: {S3Key: src, S3ObjectStorageMode: REFERENCE}}', S3],
    ['AWS::Serverless::Function', '{CodeUri: {Key: src, StorageMode: REFERENCE}}', SAM],
  ])('%s %s pins the version', (type, properties, fields) => {
    const form = { kind: 'object', fields, inKey: true };
    expect(onlyPlace(findInResource(type, properties))).toMatchObject({ form, pinned: true });
  });

  test.each([
    ['AWS::Lambda::Function', '{Code: {S3Key: !Ref P, S3ObjectStorageMode: REFERENCE}}', './a'],
    ['AWS::Synthetics::Canary', "{Code: {S3Key: !Sub '${P}'}}", './a'],
    ['AWS::Synthetics::Canary', "{Code: {S3Key: !Sub './b'}}", './b'],
    ['AWS::ElasticLoadBalancingV2::TrustStore', "{CaCertificatesBundleS3Key: !Sub '${P}.pem'}", './a.pem'],
  ])('%s %s is a path too, there or not', (type, properties, path) => {
    for (const disk of [[], ['./a/', './b', './a.pem']]) {
      const found = findInFunctions(type, properties, disk);
      expect(onlyPlace(found)).toMatchObject({
        form: { kind: 'object', inKey: true },
        targets: [{ target: { kind: 'path', path } }],
      });
      expect(found.warnings.map(({ code }) => code)).toEqual(properties.includes('P') ? ['frozen-parameter'] : []);
    }
  });

  test('names a path in each turn of a loop', () => {
    const found = find(`Resources:
  Fn::ForEach::Canaries:
    - M
    - [a, b]
    - Canary\${M}: {Type: AWS::Synthetics::Canary, Properties: {Code: {S3Key: !Sub './\${M}'}}}
`);
    expect(onlyPlace(found)).toMatchObject({
      loop: ['M'],
      targets: [
        { values: ['a'], target: { path: './a' } },
        { values: ['b'], target: { path: './b' } },
      ],
    });
  });

  test.each(['!Ref None', "!Sub './${None}'", '!If [C, ./a, ./b]', '!If [C, !Ref P, !GetAtt B.Key]'])(
    '%s can’t be known, which is told of',
    (value) => {
      for (const type of ['AWS::Lambda::Function', 'AWS::Synthetics::Canary']) {
        const found = findInFunctions(type, `{Code: {S3Key: ${value}}}`, ['./a', './b']);
        expect(found.places).toEqual([]);
        expect(warned(found)).toEqual(['unresolved-path 7:32']);
        expect(found.warnings[0]?.message).toContain(`Code of 'R' (${type}) is not packaged: `);
      }
    },
  );

  test.each(['!GetAtt B.Key', '!Ref R', "!Sub '${Other.Key}'", '!ImportValue k', '!Ref AWS::NoValue'])(
    '%s has no path behind it, and no warning',
    (value) => {
      const found = findInFunctions('AWS::Lambda::Function', `{Code: {S3Key: ${value}}}`, []);
      expect(found).toEqual({ places: [], warnings: [], problems: [] });
    },
  );

  test('has no place for the bucket of !Artifact in a branch, unless that says what it stands for', () => {
    const branch = (value: string) =>
      findInFunctions('AWS::Lambda::Function', `{Code: {S3Key: !If [C, ${value}, !Ref AWS::NoValue]}}`, []);
    expect(messages(branch('!Artifact ./a'))).toEqual([
      "t.yaml:7:40: Code of 'R' (AWS::Lambda::Function): 'Fn::Artifact' in a branch of a key has no place for its bucket",
    ]);
    expect(branch('!Artifact ./a').places).toEqual([]);
    expect(onlyPlace(branch('!Artifact {Path: ./a, Form: Key}'))).toMatchObject({
      pointer: '/Resources/R/Properties/Code/S3Key/Fn::If/1',
      form: { kind: 'artifact', member: 'Key' },
    });
  });

  test('storage by copy pins nothing', () => {
    const found = findInResource('AWS::Lambda::Function', '{Code: {S3Key: src, S3ObjectStorageMode: COPY}}');
    expect(onlyPlace(found).pinned).toBe(false);
  });

  test.each([
    '{Code: {S3Bucket: b, S3Key: ./src}}',
    '{Code: {S3Bucket: !Ref B, S3Key: k}}',
    '{Code: {S3Key: !Ref K}}',
    '{Code: {S3Key: ""}}',
    '{Code: {SourceKMSKeyArn: k}}',
  ])('%s stays', (properties) => {
    expect(findInResource('AWS::Lambda::Function', properties).places).toEqual([]);
  });

  test('a key among sibling properties is a path if the bucket is not given', () => {
    const type = 'AWS::ElasticLoadBalancingV2::TrustStore';
    expect(onlyPlace(findInResource(type, '{CaCertificatesBundleS3Key: ca.pem, Name: n}'))).toMatchObject({
      pointer: '/Resources/R/Properties/CaCertificatesBundleS3Key',
      property: 'CaCertificatesBundleS3Key',
      wanted: 'file',
      form: {
        kind: 'object',
        fields: {
          bucket: 'CaCertificatesBundleS3Bucket',
          key: 'CaCertificatesBundleS3Key',
          version: 'CaCertificatesBundleS3ObjectVersion',
        },
        inKey: true,
      },
    });
    const given = '{CaCertificatesBundleS3Bucket: b, CaCertificatesBundleS3Key: ca.pem}';
    expect(findInResource(type, given, { disk: ['ca.pem'] }).places).toEqual([]);
  });

  test('a bucket member may take an ARN', () => {
    const found = findInResource('AWS::KafkaConnect::CustomPlugin', '{Location: {S3Location: ./plugin.jar}}');
    expect(onlyPlace(found).form).toEqual({
      kind: 'object',
      fields: { bucket: 'BucketArn', key: 'FileKey', version: 'ObjectVersion', bucketIsArn: true },
      inKey: false,
    });
  });
});

describe('what no other tool packages', () => {
  const disk = ['prod.env', 'a.env', './spec.json', './x.py', 'lib.zip', './src/', 'src/', 'c.pem', './buildspec.yml'];

  test('lists and maps on the way', () => {
    const found = findInResource(
      'AWS::ECS::TaskDefinition',
      `
        ContainerDefinitions:
          - EnvironmentFiles: [{Type: s3, Value: prod.env}, {Type: s3, Value: 'arn:aws:s3:::b/x.env'}]
          - Image: x
          - EnvironmentFiles: [{Type: s3, Value: ./missing.env}]`,
      { disk },
    );
    expect(shown(found)).toEqual([
      '/Resources/R/Properties/ContainerDefinitions/0/EnvironmentFiles/0/Value = prod.env',
      '/Resources/R/Properties/ContainerDefinitions/2/EnvironmentFiles/0/Value = ./missing.env',
    ]);
    expect(found.places[0]).toMatchObject({
      property: 'ContainerDefinitions.[].EnvironmentFiles.[].Value',
      form: { kind: 'arn' },
      wanted: 'file',
      suffix: ['.env'],
    });
  });

  test('a prefix stays before the location', () => {
    const found = findInResource(
      'AWS::ECS::TaskDefinition',
      `{ContainerDefinitions: [{CredentialSpecs: ['credentialspec:./spec.json', 'credentialspecdomainless:spec', './spec.json']}]}`,
      { disk },
    );
    expect(onlyPlace(found)).toMatchObject({ prefix: 'credentialspec:', form: { kind: 'arn' } });
    expect(shown(found)).toEqual(['/Resources/R/Properties/ContainerDefinitions/0/CredentialSpecs/0 = ./spec.json']);
    expect(warned(found)).toEqual(['path-left-local 4:123']);
  });

  test('a list in one text has several targets, S3 objects among them', () => {
    const found = findInResource(
      'AWS::Glue::Job',
      '{DefaultArguments: {--extra-py-files: "lib.zip, s3://b/k.py?versionId=3,./x.py"}}',
      { disk },
    );
    expect(shown(found)).toEqual([
      '/Resources/R/Properties/DefaultArguments/--extra-py-files = lib.zip s3 b k.py 3 ./x.py',
    ]);
    expect(onlyPlace(found).loop).toEqual([]);
    const remote = findInResource('AWS::Glue::Job', '{DefaultArguments: {--extra-py-files: "s3://b/a,s3://b/c"}}');
    expect(remote.places).toEqual([]);
  });

  test('a list of paths and what is none is not packaged, with a warning', () => {
    const found = findInResource('AWS::Glue::Job', '{DefaultArguments: {--extra-jars: "./x.py,https://h/x.jar"}}', {
      disk,
    });
    expect(found.places).toEqual([]);
    expect(warned(found)).toEqual(['unresolved-path 4:51']);
  });

  test('only in the company that makes it a location', () => {
    const sources = `
        Source: {Type: S3, Location: src}
        SecondarySources:
          - {Type: GITHUB, Location: src}
          - {Type: S3, Location: src}`;
    expect(shown(findInResource('AWS::CodeBuild::Project', sources, { disk }))).toEqual([
      '/Resources/R/Properties/Source/Location = src',
      '/Resources/R/Properties/SecondarySources/1/Location = src',
    ]);
    const attachments = `{Attachments: [{Key: SourceUrl, Values: [lib.zip]}, {Key: S3FileUrl, Values: [x, lib.zip]}]}`;
    expect(shown(findInResource('AWS::SSM::Document', attachments, { disk }))).toEqual([
      '/Resources/R/Properties/Attachments/1/Values/1 = lib.zip',
    ]);
  });

  test('an ambiguous value is a path only if it says so and is there', () => {
    const spec = (text: string) =>
      shown(findInResource('AWS::CodeBuild::Project', `{Source: {BuildSpec: ${text}}}`, { disk }));
    expect(spec('./buildspec.yml')).toEqual(['/Resources/R/Properties/Source/BuildSpec = ./buildspec.yml']);
    expect(spec('c.pem')).toEqual([]);
    expect(spec('./missing.yml')).toEqual([]);
    expect(spec('"version: 0.2"')).toEqual([]);
  });

  test.each([
    ['AWS::EMR::Step', '{HadoopJarStep: {Jar: command-runner.jar}}'],
    ['AWS::EMR::Step', '{HadoopJarStep: {Jar: /usr/lib/x.jar}}'],
    [
      'AWS::EMRContainers::JobTemplate',
      '{JobTemplateData: {JobDriver: {SparkSubmitJobDriver: {EntryPoint: "local:///opt/x.py"}}}}',
    ],
    ['AWS::AppConfig::ConfigurationProfile', '{LocationUri: "ssm-document://x"}'],
    ['AWS::AppConfig::ConfigurationProfile', '{LocationUri: hosted}'],
    ['AWS::ImageBuilder::Component', '{Uri: "s3://b/prefix/"}'],
    ['AWS::ImageBuilder::Component', '{Uri: "s3://b"}'],
    ['AWS::ImageBuilder::Component', '{Uri: "https://h/x"}'],
    ['AWS::CloudFront::KeyValueStore', '{ImportSource: {SourceArn: "arn:aws:s3:::b/x"}}'],
    ['AWS::ImageBuilder::Component', '{Uri: "{{resolve:ssm:x}}"}'],
    ['AWS::ImageBuilder::Component', '{Uri: nothing-here}'],
    ['AWS::ImageBuilder::Component', '{Uri: !Ref Anything}'],
  ])('%s %s stays as it is, silently', (type, properties) => {
    const everything = () => 'file' as const;
    const nothing = () => false;
    const exists = properties.includes('nothing') ? nothing : everything;
    expect(findInResource(type, properties, { exists })).toEqual({ places: [], warnings: [], problems: [] });
  });

  test('a bare name that is there is a path if what is there fits', () => {
    const component = (text: string) => findInResource('AWS::ImageBuilder::Component', `{Uri: ${text}}`, { disk });
    expect(component('c.pem').places).toHaveLength(1);
    expect(component('src').places).toEqual([]);
    expect(component('./src').places).toHaveLength(1);
  });

  test('a version that stands beside a path is that of another object', () => {
    const domain = '{MutualTlsAuthentication: {TruststoreUri: ./ca.pem, TruststoreVersion: 1}}';
    expect(warned(findInResource('AWS::ApiGateway::DomainName', domain))).toEqual(['stale-version 4:88']);
    const remote = domain.replace('./ca.pem', 's3://b/ca.pem');
    expect(warned(findInResource('AWS::ApiGateway::DomainName', remote))).toEqual([]);
    const key = '{Code: {S3Key: ./src, S3ObjectVersion: x}}';
    expect(warned(findInResource('AWS::Lambda::Function', key))).toEqual(['stale-version 4:56']);
    const complete = '{Code: {S3Bucket: b, S3Key: ./src, S3ObjectVersion: x}}';
    expect(warned(findInResource('AWS::Lambda::Function', complete))).toEqual([]);
  });

  test('a version member beside it is named', () => {
    const found = findInResource('AWS::ApiGateway::DomainName', '{MutualTlsAuthentication: {TruststoreUri: ./ca.pem}}');
    expect(onlyPlace(found).form).toEqual({ kind: 'uri', versionSibling: 'TruststoreVersion' });
  });
});

describe('Globals', () => {
  const globals = 'Globals: {Function: {CodeUri: ./src}}\n';
  const one = (properties: string): string =>
    `${globals}Resources: {R: {Type: AWS::Serverless::Function, Properties: ${properties}}}`;

  test('give their code to functions that have none', () => {
    expect(onlyPlace(find(one('{}')))).toMatchObject({
      pointer: '/Globals/Function/CodeUri',
      type: 'AWS::Serverless::Function',
      property: 'CodeUri',
      form: { kind: 'uri', objectFields: SAM },
      literal: false,
    });
    expect(onlyPlace(find(one('{}')))).not.toHaveProperty('resource');
    expect(find(`${globals}Resources: {R: {Type: AWS::Serverless::Function}}`).places).toHaveLength(1);
    expect(
      find(`${globals}Resources: {'Fn::ForEach::L': [N, [a], {'F\${N}': {Type: AWS::Serverless::Function}}]}`).places,
    ).toHaveLength(1);
  });

  test.each(['{CodeUri: "s3://b/k"}', '{InlineCode: x}', '{PackageType: Image}'])(
    'are left alone where nobody takes it: %s',
    (properties) => {
      expect(find(one(properties)).places).toEqual([]);
    },
  );

  test('are told of where a path in them is packaged by nobody', () => {
    const found = find('Globals: {Api: {DefinitionUri: ./a.yaml}, Function: {CodeUri: ./a.yaml}}\nResources: {}', {
      disk: ['./a.yaml'],
    });
    expect(found.warnings.map(({ message }) => message)).toEqual([
      "Api.DefinitionUri of 'Globals' stays './a.yaml': it is not among the properties that are packaged",
    ]);
  });

  test('are no template folder, whatever the switch says', () => {
    const found = find(one('{}'), { zipTemplateDirWhenAbsent: true });
    expect(shown(found)).toEqual(['/Globals/Function/CodeUri = ./src']);
  });
});

describe('an absent property', () => {
  const absent = (type: string, properties: string, zipTemplateDirWhenAbsent = true) =>
    findInResource(type, properties, { zipTemplateDirWhenAbsent });

  test('stays absent', () => {
    expect(absent('AWS::Serverless::Function', '{Handler: h}', false)).toEqual({
      places: [],
      warnings: [],
      problems: [],
    });
    expect(absent('AWS::Lambda::Function', '{Code: }', false)).toEqual({ places: [], warnings: [], problems: [] });
  });

  test.each([
    ['AWS::Lambda::Function', '{Handler: h}', 'Code'],
    ['AWS::Lambda::LayerVersion', '{LayerName: h}', 'Content'],
    ['AWS::Serverless::Function', '{Handler: h}', 'CodeUri'],
    ['AWS::Serverless::LayerVersion', '{LayerName: h}', 'ContentUri'],
    ['AWS::ElasticBeanstalk::ApplicationVersion', '{ApplicationName: h}', 'SourceBundle'],
    ['AWS::Glue::Job', '{Command: {Name: glueetl}}', 'Command/ScriptLocation'],
    ['AWS::Glue::Job', '{Role: r}', 'Command/ScriptLocation'],
    ['AWS::CloudFormation::ModuleVersion', '{ModuleName: h}', 'ModulePackage'],
    ['AWS::CloudFormation::ResourceVersion', '{TypeName: h}', 'SchemaHandlerPackage'],
  ])('is the template folder for %s if the switch says so', (type, properties, pointer) => {
    const place = onlyPlace(absent(type, properties));
    expect(place).toMatchObject({ pointer: `/Resources/R/Properties/${pointer}`, absent: true });
    expect(place.targets).toEqual([{ values: [], target: { kind: 'path', path: '.' } }]);
  });

  test('is not made up beside a function, where nothing can stand, but beside a macro', () => {
    expect(absent('AWS::Lambda::Function', '!If [C, {Handler: h}, {Handler: i}]').places).toEqual([]);
    expect(absent('AWS::Glue::Job', '{Command: !If [C, {Name: a}, {Name: b}]}').places).toEqual([]);
    expect(onlyPlace(absent('AWS::Lambda::Function', '!Transform {Name: Mine}')).pointer).toBe(
      '/Resources/R/Properties/Code',
    );
  });

  test('is not made up where aws-cli makes up none', () => {
    expect(absent('AWS::CloudFormation::Stack', '{Parameters: {}}').places).toEqual([]);
    expect(find('Resources: {R: {Type: AWS::Lambda::Function}}', { zipTemplateDirWhenAbsent: true }).places).toEqual(
      [],
    );
  });

  test.each(['{Code: }', '{Code: null}', '{Code: ""}'])('that is there and empty is replaced: %s', (properties) => {
    expect(onlyPlace(absent('AWS::Lambda::Function', properties))).toMatchObject({
      pointer: '/Resources/R/Properties/Code',
      absent: false,
      targets: [{ target: { path: '.' } }],
    });
  });

  test('an empty text is told of where it means nothing', () => {
    expect(warned(absent('AWS::Lambda::Function', '{Code: ""}', false))).toEqual(['empty-path 4:24']);
    expect(warned(absent('AWS::CloudFormation::Stack', '{TemplateURL: ""}'))).toEqual(['empty-path 4:31']);
    expect(warned(absent('AWS::ImageBuilder::Component', '{Uri: ""}'))).toEqual([]);
  });
});

describe('outside of Properties', () => {
  test('the metadata of the application repository', () => {
    const found = find(`Resources: {}
Metadata:
  AWS::ServerlessRepo::Application: {Name: n, LicenseUrl: LICENSE.txt, ReadmeUrl: https://h/README.md}`);
    expect(onlyPlace(found)).toMatchObject({
      pointer: '/Metadata/AWS::ServerlessRepo::Application/LicenseUrl',
      type: 'Metadata/AWS::ServerlessRepo::Application',
      property: 'LicenseUrl',
      wanted: 'file',
      literal: true,
    });
    expect(found.warnings).toEqual([]);
  });

  test('what cfn-init downloads', () => {
    const found = find(
      `Resources:
  I:
    Type: AWS::EC2::Instance
    Metadata:
      AWS::CloudFormation::Init:
        configSets: {default: [one]}
        one:
          files: {/etc/a: {source: ./a.conf, mode: '000644'}, /etc/b: {content: x}, /etc/c: {source: 'https://h/c'}}
          sources: {/opt/x: app, /opt/y: missing}`,
      { disk: ['./a.conf', 'app/'] },
    );
    expect(shown(found)).toEqual([
      '/Resources/I/Metadata/AWS::CloudFormation::Init/one/files/~1etc~1a/source = ./a.conf',
      '/Resources/I/Metadata/AWS::CloudFormation::Init/one/sources/~1opt~1x = app',
    ]);
    expect(found.places[0]).toMatchObject({
      resource: 'I',
      wanted: 'file',
      form: { kind: 'https-url' },
      literal: false,
    });
    expect(found.places[1]).toMatchObject({ wanted: 'archive-or-file' });
  });

  test('AWS::Include, one, several, short, and in the top-level Transform', () => {
    const found = find(`Transform: {Name: AWS::Include, Parameters: {Location: top.yaml}}
Mappings:
  Fn::Transform: [{Name: AWS::Include, Parameters: {Location: m.yaml}}, Other, {Name: Other, Parameters: {Location: no.yaml}}]
Resources:
  A:
    Type: AWS::Serverless::Api
    Properties:
      DefinitionBody: !Transform {Name: AWS::Include, Parameters: {Location: ./openapi.yaml}}
`);
    expect(shown(found)).toEqual([
      '/Transform/Parameters/Location = top.yaml',
      '/Mappings/Fn::Transform/0/Parameters/Location = m.yaml',
      '/Resources/A/Properties/DefinitionBody/Fn::Transform/Parameters/Location = ./openapi.yaml',
    ]);
    expect(found.places.map(({ type }) => type)).toEqual([
      'Transform/AWS::Include',
      'Fn::Transform/AWS::Include',
      'Fn::Transform/AWS::Include',
    ]);
    expect(found.places[2]).toMatchObject({
      resource: 'A',
      property: 'Parameters.Location',
      wanted: 'fragment',
      literal: true,
      form: { kind: 'uri' },
    });
  });

  test.each(['Transform: AWS::Serverless-2016-10-31', 'Transform: [AWS::LanguageExtensions, AWS::Include]'])(
    '%s names no file',
    (transform) => {
      expect(find(`${transform}\nResources: {}`)).toEqual({ places: [], warnings: [], problems: [] });
    },
  );

  test('the author’s own Custom::ArtifactRef takes ARNs', () => {
    const found = find(`Resources:
  A: {Type: Custom::ArtifactRef, Properties: {ArtifactArn: ./dist/model.tar.gz}}
  B: {Type: Custom::ArtifactRef, Properties: {ArtifactArn: 'arn:aws:artifacts:eu-west-1:111122223333:default/x:1'}}
  C: {Type: Custom::ArtifactRef, Properties: {ArtifactArns: [./a, !Ref Arn, {Arn: default/x^prod}]}}
`);
    expect(shown(found)).toEqual([
      '/Resources/A/Properties/ArtifactArn = ./dist/model.tar.gz',
      '/Resources/C/Properties/ArtifactArns/0 = ./a',
      '/Resources/C/Properties/ArtifactArns/2/Arn = artifact default/x^prod',
    ]);
    expect(found.places[0]).toMatchObject({
      type: 'Custom::ArtifactRef',
      wanted: 'archive-or-file',
      form: { kind: 'artifact', member: 'Arn' },
      needsArn: true,
      literal: true,
    });
    expect(found.warnings).toEqual([]);
  });

  test('wants a domain for an ARN', () => {
    const found = findInResource('Custom::ArtifactRef', '{ArtifactArn: ./x}', { hasDomain: false });
    expect(messages(found)).toEqual([
      "t.yaml:4:31: ArtifactArn of 'R' (Custom::ArtifactRef) wants the ARN of an artifact, and only a domain gives ARNs",
    ]);
    expect(found.problems[0]).toMatchObject({ code: 'INVALID_ARGUMENT', remedy: expect.stringContaining('--domain') });
  });
});

describe('what stays local and looks like a mistake', () => {
  test('a property beside Properties', () => {
    const found = find('Resources:\n  R:\n    Type: AWS::CloudFormation::Stack\n    TemplateURL: child.yaml\n');
    expect(found.places).toEqual([]);
    expect(found.warnings).toEqual([
      {
        code: 'path-left-local',
        place: { file: 't.yaml', line: 4, column: 5 },
        message:
          "TemplateURL of 'R' (AWS::CloudFormation::Stack) stands beside 'Properties', not in it, so 'child.yaml' is not packaged",
        remedy: "Move 'TemplateURL' into 'Properties'.",
      },
    ]);
  });

  test('assets that the CDK would bring to the bucket of its bootstrap', () => {
    const bucket = '{ "Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}" }';
    const code = `{ "S3Bucket": ${bucket}, "S3Key": "1a.zip" }`;
    const found = find(
      `{ "Resources": { "F": { "Type": "AWS::Lambda::Function", "Properties": { "Code": ${code} } } } }`,
    );
    expect(found.places).toEqual([]);
    expect(warned(found)).toEqual(['cdk-assets 1:109']);
  });

  test('no image of the CDK, and no policy that names its bucket', () => {
    const image =
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-111122223333-eu-west-1:1a';
    const policy = 'arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1';
    const found = find(
      `{ "Resources": { "R": { "Type": "A::B::C", "Properties": { "A": "${image}", "B": "${policy}" } } } }`,
    );
    expect(found.warnings).toEqual([]);
  });

  test('an unknown property with a path that is there', () => {
    const given = { disk: ['./x.json', './run.sh', '../y/'] };
    const found = findInResource('Acme::Widget::Thing', '{A: ./x.json, B: [{C: ../y}], D: ./none, E: x.json}', given);
    expect(warned(found)).toEqual(['path-left-local 4:21', 'path-left-local 4:39']);
    expect(found.warnings[0]?.message).toBe(
      "A of 'R' stays './x.json': it is not among the properties that are packaged",
    );
  });

  test.each([
    ['AWS::Lambda::Function', '{ImageConfig: {Command: [./run.sh]}, Environment: {Variables: {CONFIG: ./run.sh}}}'],
    [
      'AWS::ECS::TaskDefinition',
      '{ContainerDefinitions: [{EntryPoint: [./run.sh], Environment: [{Value: ./run.sh}]}]}',
    ],
  ])('but not the business of programs: %s %s', (type, properties) => {
    expect(findInResource(type, properties, { disk: ['./run.sh'] }).warnings).toEqual([]);
  });

  test.each([
    ['AWS::CloudFormation::Stack', '{Parameters: {Code: ./x}, TemplateURL: child.yaml}'],
    ['AWS::Serverless::Application', '{Parameters: {Code: ./x}, Location: child.yaml}'],
    [
      'AWS::CloudFormation::StackSet',
      '{Parameters: [{ParameterKey: Code, ParameterValue: ./x}], TemplateURL: child.yaml}',
    ],
  ])('nor what %s passes on: the other template decides about it', (type, properties) => {
    expect(findInResource(type, properties, { disk: ['./x/', 'child.yaml'] }).warnings).toEqual([]);
    const beside = properties.replace('Parameters:', 'Other:');
    expect(findInResource(type, beside, { disk: ['./x/'] }).warnings).toHaveLength(1);
  });

  test('nor outputs, nor the metadata that builders read', () => {
    const found = find(
      `Outputs: {O: {Value: ./x}}
Resources: {R: {Type: AWS::SNS::Topic, Metadata: {DockerContext: ./x}, Properties: {}}}`,
      { disk: ['./x'] },
    );
    expect(found.warnings).toEqual([]);
  });
});

describe('what is no template', () => {
  test.each([
    ['Resources: {A: hello}', "t.yaml:1:16: the resource 'A' is not a map"],
    ['Resources:\n  A:\n', "the resource 'A' is not a map"],
    ['Resources: [a]', "t.yaml:1:12: 'Resources' is not a map"],
    ['Resources:', "'Resources' is not a map"],
  ])('%s', (source, message) => {
    const [problem, ...others] = messages(find(source));
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });

  test('one without Resources is passed on with a warning, unless it includes them', () => {
    expect(warned(find('Description: x'))).toEqual(['no-resources 1:1']);
    expect(warned(find('Fn::Transform: {Name: AWS::Include, Parameters: {Location: all.yaml}}'))).toEqual([]);
  });

  test('a resource without a type, or of an unknown one, has nothing', () => {
    const found = find('Resources: {A: {Properties: {Code: ./x}}, B: {Type: 1}, C: {Type: AWS::Code, Properties: []}}');
    expect(found).toEqual({ places: [], warnings: [], problems: [] });
  });

  test.each([
    ['AWS::Lambda::Function', '{Code: 2020}', 'the number 2020'],
    ['AWS::Serverless::Function', '{CodeUri: true}', 'the boolean true'],
  ])('%s %s is not text', (type, properties, what) => {
    const [message] = messages(findInResource(type, properties));
    expect(message).toContain(what);
  });

  test('what an alias repeats is told where it is written, in the order of the file', () => {
    const found = find(`Metadata:
  - &code {Code: 1}
  - &left {Code: ./x, CodeUri: ./y}
Resources:
  A: x
  B: {Type: AWS::Lambda::Function, Properties: *code}
  C: {Type: AWS::Lambda::Function, CodeUri: ./x, Code: ./y}
  D: {Type: AWS::Lambda::Function, <<: *left}
`);
    expect(messages(found).map((message) => message.slice(0, 10))).toEqual(['t.yaml:2:1', 't.yaml:5:6']);
    expect(warned(found)).toEqual(['path-left-local 3:12', 'path-left-local 7:50']);
  });

  test('all problems at once, in their order', () => {
    const found = find('Resources: {A: x, B: {Type: AWS::Lambda::Function, Properties: {Code: 1}}, C: y}');
    expect(messages(found).map((message) => message.slice(0, 11))).toEqual([
      't.yaml:1:16',
      't.yaml:1:71',
      't.yaml:1:79',
    ]);
  });
});

describe('a reference of the author’s own', () => {
  const reference = (policies: string): string => `Resources:
  Ref:
    Type: Custom::ArtifactRef
${policies}    Properties: {ServiceToken: t, ArtifactArn: ./src}
`;

  test('that is retained is warned about, by each of its policies', () => {
    const found = find(reference('    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n'));
    expect(found.warnings.map(({ code, message, place }) => [code, message, place?.line])).toEqual([
      ['reference-retained', expect.stringContaining("'DeletionPolicy: RetainExceptOnCreate'"), 4],
      ['reference-retained', expect.stringContaining("'UpdateReplacePolicy: Retain'"), 5],
    ]);
  });

  test('that goes with its stack is not', () => {
    expect(find(reference('    DeletionPolicy: Delete\n')).warnings).toEqual([]);
    expect(find(reference('')).warnings).toEqual([]);
    const other = reference('    DeletionPolicy: Retain\n').replace('Custom::ArtifactRef', 'Custom::Other');
    expect(find(other).warnings.filter(({ code }) => code === 'reference-retained')).toEqual([]);
  });
});
