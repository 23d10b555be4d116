import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { at } from '../support/json-pointer.ts';
import { TestProject } from '../support/project.ts';

const FUNCTION = (code: string): string => `
    Type: AWS::Lambda::Function
    Properties:
      Code: ${code}
      Handler: index.handler
      Runtime: nodejs22.x
      Role: arn:aws:iam::123456789012:role/r`;
const HEX = /[0-9a-f]{64}/g;

describe('package', () => {
  test('writes what the design shows', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  # the API\n  Api:${FUNCTION('src/api   # a comment')} # another\n`,
      'src/api/index.js': 'exports.handler = 1;',
    });
    const { exitCode, text, stderr } = await project.package();
    expect(text.replaceAll(HEX, 'HEX')).toBe(`Resources:
  # the API
  Api:
    Type: AWS::Lambda::Function
    Properties:
      Code:   # a comment
        S3Bucket: !GetAtt SrcApiArtifact.Bucket
        S3Key: blobs/sha256/HEX/archive.zip
      Handler: index.handler
      Runtime: nodejs22.x
      Role: arn:aws:iam::123456789012:role/r # another
  SrcApiArtifact:
    Type: Custom::ArtifactRef
    Properties:
      ServiceToken: !ImportValue cfn-artifacts-ServiceToken
      ServiceTimeout: 300
      ArtifactArn: arn:aws:artifacts:local:000000000000:default/shop/src/api:1@sha256:HEX
      Key: blobs/sha256/HEX/archive.zip
`);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/cannot be deployed as it is/);
  });

  test('a second run stores nothing and says the same', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n`, 'a/x.js': '1' });
    const first = await project.package('--quiet');
    const stored = project.stored('.');
    expect((await project.package('--quiet')).text).toBe(first.text);
    expect(project.stored('.')).toEqual(stored);
  });

  test('one folder at many places is one artifact with one reference', async () => {
    const functions = Array.from(
      { length: 20 },
      (_, index) => `  F${index}:${FUNCTION(index % 2 === 0 ? 'src' : './src/')}`,
    );
    const project = await TestProject.of({ 'template.yaml': `Resources:\n${functions.join('\n')}\n`, 'src/x.js': '1' });
    const { data, text } = await project.package();
    expect(text.match(/Custom::ArtifactRef/g)).toHaveLength(1);
    expect(at(data, '/Resources/F19/Properties/Code/S3Bucket')).toEqual({ 'Fn::GetAtt': 'SrcArtifact.Bucket' });
    expect(project.stored('versions')).toHaveLength(1);
  });

  test('one path at properties of different kinds is one artifact too', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  F:${FUNCTION('src')}\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: !Artifact ./src}\n`,
      'src/x.js': '1',
    });
    const { text } = await project.package();
    expect(text.match(/^ {2}SrcArtifact:/gm)).toHaveLength(1);
    expect(text.match(/Custom::ArtifactRef/g)).toHaveLength(1);
  });

  test('inserting a function above another changes nothing for the other', async () => {
    const files = { 'b/x.js': 'b', 'a/x.js': 'a' };
    const project = await TestProject.of({ ...files, 'template.yaml': `Resources:\n  B:${FUNCTION('b')}\n` });
    const before = (await project.package()).data;
    project.write({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n  B:${FUNCTION('b')}\n` });
    const after = (await project.package()).data;
    for (const pointer of ['/Resources/B', '/Resources/BArtifact'])
      expect(at(after, pointer)).toEqual(at(before, pointer));
  });

  test('an executable bit is new content, new times are not', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n`, 'a/run.sh': 'x' });
    const plain = await project.package();
    rmSync(project.path('a'), { recursive: true });
    project.write({ 'a/run.sh': 'x' });
    expect((await project.package()).text).toBe(plain.text);
    project.write({ 'a/run.sh*': 'x' });
    expect((await project.package()).text).toMatch(/default\/shop\/a:2@/);
  });

  test('a template without local paths comes out to the byte and asks no store', async () => {
    const source = 'Resources:\r\n  T: {Type: AWS::SNS::Topic}\r\n  # end, no line end';
    const project = await TestProject.of({ 'template.yaml': source });
    const { text, exitCode } = await project.run('package', '--s3-bucket', 'no-such-bucket-anywhere');
    expect({ text, exitCode }).toEqual({ text: source, exitCode: 0 });
    await project.package();
    expect(project.stored('.')).toEqual([]);
  });

  test('an unused condition is not shared, a shared one is', async () => {
    const conditional = (code: string, condition: string): string =>
      FUNCTION(code).replace('\n    Properties', `\n    Condition: ${condition}\n    Properties`);
    const project = await TestProject.of({
      'template.yaml': `Conditions:\n  C: !Equals [a, b]\n  D: !Equals [a, b]\nResources:\n  A:${conditional('a', 'C')}\n  A2:${conditional('a', 'C')}\n  B:${conditional('b', 'C')}\n  B2:${conditional('b', 'D')}\n  E:${conditional('e', 'C')}\n  E2:${FUNCTION('e')}\n`,
      ...{ 'a/x': 'a', 'b/x': 'b', 'e/x': 'e' },
    });
    const { data } = await project.package();
    expect(['AArtifact', 'BArtifact', 'EArtifact'].map((id) => at(data, `/Resources/${id}/Condition`))).toEqual([
      'C',
      undefined,
      undefined,
    ]);
  });
});

describe('nested templates', () => {
  test('are packaged first, relative to their own folder, however deep', async () => {
    const project = await TestProject.of({
      'template.yaml':
        'Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: stacks/child.yaml\n',
      'stacks/child.yaml': `Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: deeper/grandchild.json}\n  F:${FUNCTION('src/one.js')}\n`,
      'stacks/src/one.js': '1',
      'stacks/deeper/grandchild.json':
        '{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "../src"}}}}',
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/N/Properties/TemplateURL')).toEqual({ 'Fn::GetAtt': 'StacksChildYamlArtifact.Url' });
    const child = project.content(String(at(data, '/Resources/StacksChildYamlArtifact/Properties/Key')));
    expect(child).toMatch(/^Resources:\n {2}N:/);
    expect(child).toContain('S3Bucket: !GetAtt StacksSrcOneJsArtifact.Bucket');
    const key = /blobs\/sha256\/[0-9a-f]{64}\/grandchild\.json/.exec(child)?.[0] ?? '';
    expect(JSON.parse(project.content(key))).toMatchObject({
      Resources: { F: { Properties: { Code: { S3Bucket: { 'Fn::GetAtt': ['StacksSrcArtifact', 'Bucket'] } } } } },
    });
  });

  test('in a circle are an error that shows the chain', async () => {
    const stack = (url: string): string =>
      `Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ${url}\n`;
    const project = await TestProject.of({
      'template.yaml': stack('a/b.yaml'),
      'a/b.yaml': stack('c.yaml'),
      'a/c.yaml': stack('../template.yaml'),
    });
    const { exitCode, stderr, stdout } = await project.package();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/a\/c\.yaml:5:20: .*includes itself: a\/c\.yaml → template\.yaml → a\/b\.yaml → a\/c\.yaml/);
  });

  test("that include each other from two sides don't hang", async () => {
    const stack = (...urls: string[]): string =>
      `Resources:\n${urls.map((url, index) => `  N${index}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ${url}\n`).join('')}`;
    const project = await TestProject.of({
      'template.yaml': stack('b.yaml', 'c.yaml'),
      'b.yaml': stack('c.yaml'),
      'c.yaml': stack('b.yaml'),
    });
    expect((await project.package()).exitCode).toBe(2);
  });

  test('of StackSets hold literals, and their parent holds the references', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      StackSetName: s\n      PermissionModel: SELF_MANAGED\n      TemplateURL: each.yaml\n`,
      'each.yaml': `Resources:\n  F:${FUNCTION('src')}\n`,
      'src/x.js': '1',
    });
    const { data, text } = await project.package();
    const key = String(at(data, '/Resources/EachYamlArtifact/Properties/Key'));
    expect(project.content(key)).toMatch(/S3Bucket: local\n/);
    expect(project.content(key)).not.toContain('ArtifactRef');
    expect(at(data, '/Resources/S/DependsOn')).toEqual('SrcArtifact');
    expect(text.match(/Custom::ArtifactRef/g)).toHaveLength(2);
  });

  test('used twice are one artifact', async () => {
    const stack = '\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n';
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A:${stack}  B:${stack}`,
      'child.yaml': 'Resources: {T: {Type: AWS::SNS::Topic}}',
    });
    expect((await project.package()).text.match(/Custom::ArtifactRef/g)).toHaveLength(1);
  });
});

describe('what AWS::Include brings in', () => {
  test('is packaged too, with literals, and the references stand where it is included', async () => {
    const project = await TestProject.of({
      'template.yaml': `Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn::Transform:\n    Name: AWS::Include\n    Parameters:\n      Location: more.yaml\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: p\n      DefinitionBody:\n        Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}\n`,
      'more.yaml': `F:${FUNCTION('src')}\n`,
      'api.yaml': 'openapi: "3.0.1"\npaths: {}\n',
      'src/x.js': '1',
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/Api/Properties/DefinitionBody/Fn::Transform/Parameters/Location')).toMatch(
      /^s3:\/\/local\/blobs\/sha256\/.*\/api\.yaml$/,
    );
    const more = String(at(data, '/Resources/Fn::Transform/Parameters/Location')).replace('s3://local/', '');
    expect(project.content(more)).toMatch(/S3Key: blobs\/sha256\/.*\/archive\.zip/);
    expect(
      Object.keys(at(data, '/Resources') as object)
        .filter((id) => id.endsWith('Artifact'))
        .sort(),
    ).toEqual(['ApiYamlArtifact', 'MoreYamlArtifact', 'SrcArtifact']);
    expect(at(data, '/Resources/Api/DependsOn')).toBe('ApiYamlArtifact');
  });
});

describe('a path with !Ref or !Sub', () => {
  const template = (path: string): string =>
    `Parameters:\n  Dir: {Type: String, Default: one}\nResources:\n  F:${FUNCTION(path)}\n`;

  test('is resolved by defaults and --parameter-overrides', async () => {
    const project = await TestProject.of({
      'template.yaml': template('!Sub ./src/${Dir}'),
      'src/one/x': '1',
      'src/two/x': '2',
    });
    expect((await project.package()).text).toContain('SrcOneArtifact');
    expect((await project.package('--parameter-overrides', 'Dir=two')).text).toContain('SrcTwoArtifact');
  });

  test('that lacks the !Sub is told so', async () => {
    const project = await TestProject.of({ 'template.yaml': template('./src/${Dir}'), 'src/one/x': '1' });
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml:7:13: Code of 'F' .*no file or folder at .*\n {2}Write !Sub before it/);
  });

  test('that is a version as the command line takes it is told how a template names one', async () => {
    const told = async (text: string): Promise<string> => {
      const project = await TestProject.of({ 'template.yaml': template(text) });
      return (await project.package()).stderr;
    };
    for (const version of ['default/shop/api:7', 'default/shop/api:1.0.0-rc+1', 'default/shop/api:7#linux'])
      expect(await told(version)).toContain(
        `\n  A template names a version by its ARN, which 'cfn-artifacts show ${version} --domain file:../domain' tells, or by a bookmark: 'default/shop/api^prod'.\n`,
      );
    for (const path of ['./shop/api:7', 'api:7', 'shop/api']) expect(await told(path)).toContain('\n  Create it, or');
  });

  test('that can not be resolved is left with a warning that names the place', async () => {
    const project = await TestProject.of({ 'template.yaml': template('!Sub ./src/${AWS::Region}') });
    const { exitCode, stderr, text } = await project.package();
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: template('!Sub ./src/${AWS::Region}') });
    expect(stderr).toMatch(/warning: template\.yaml:7:13: /);
  });

  test('in a fragment knows the parameters of the template around it', async () => {
    const project = await TestProject.of({
      'template.yaml':
        'Parameters:\n  Dir: {Type: String, Default: one}\nResources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n',
      'more.yaml': `F:${FUNCTION('{"Fn::Sub": "./src/${Dir}"}')}\n`,
      'src/one/x': '1',
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/SrcOneArtifact/Type')).toBe('Custom::ArtifactRef');
  });
});

describe('any property', () => {
  test('takes an artifact by !Artifact, in every form', async () => {
    const members = ['Uri', 'Url', 'Arn', 'Bucket', 'Key', 'ObjectVersion', 'Digest', 'CodeSha256'];
    const values = members.map((form) => `      ${form}: !Artifact {Path: dist/model.bin, Form: ${form}}`);
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  X:\n    Type: Custom::Thing\n    Properties:\n      ServiceToken: x\n      Plain: !Artifact ./dist/model.bin\n${values.join('\n')}\n`,
      'dist/model.bin': 'model',
    });
    const { data, stderr } = await project.package();
    const properties = at(data, '/Resources/X/Properties') as Record<string, unknown>;
    const key = String(properties['Key']);
    expect(stderr).not.toMatch(/error/);
    expect(key).toMatch(/^blobs\/sha256\/[0-9a-f]{64}\/model\.bin$/);
    expect(properties).toMatchObject({
      Plain: { 'Fn::Sub': `s3://\${DistModelBinArtifact.Bucket}/${key}` },
      Uri: { 'Fn::Sub': `s3://\${DistModelBinArtifact.Bucket}/${key}` },
      Url: { 'Fn::GetAtt': 'DistModelBinArtifact.Url' },
      Bucket: { 'Fn::GetAtt': 'DistModelBinArtifact.Bucket' },
      ObjectVersion: { 'Fn::GetAtt': 'DistModelBinArtifact.ObjectVersion' },
      Digest: key.split('/')[2],
      CodeSha256: Buffer.from(key.split('/')[2] ?? '', 'hex').toString('base64'),
    });
    expect(properties['Arn']).toMatch(
      /^arn:aws:artifacts:local:000000000000:default\/shop\/dist\/model\.bin:1@sha256:/,
    );
  });

  test("and the author's own Custom::ArtifactRef takes a path", async () => {
    const project = await TestProject.of({
      'template.yaml':
        'Resources:\n  Model:\n    Type: Custom::ArtifactRef\n    Properties:\n      ServiceToken: !ImportValue cfn-artifacts-ServiceToken\n      ArtifactArn: ./dist/model.bin\n',
      'dist/model.bin': 'model',
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/Model/Properties/ArtifactArn')).toMatch(/default\/shop\/dist\/model\.bin:1@sha256:/);
    expect(Object.keys(at(data, '/Resources') as object)).toEqual(['Model']);
  });

  test('takes an ARN or a bookmark where it takes a path', async () => {
    const project = await TestProject.of({ 'src/x.js': '1', 'template.yaml': '' });
    const arn = (await project.run('publish', 'src', '--id', 'lib/x', '--domain', 'file:../domain')).stdout.trim();
    project.write({ 'template.yaml': `Resources:\n  F:${FUNCTION(arn)}\n  G:${FUNCTION(arn.replace(/@.*/, ''))}\n` });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    const references = Object.entries(
      at(data, '/Resources') as Record<string, { Type: string; Properties: unknown }>,
    ).filter(([, { Type }]) => Type === 'Custom::ArtifactRef');
    // However a version is spelled, it is one artifact.
    expect(references.map(([, { Properties }]) => (Properties as { ArtifactArn: string }).ArtifactArn)).toEqual([arn]);
    project.write({ 'template.yaml': `Resources:\n  F:${FUNCTION(arn.replace(/:1@.*/, ''))}\n` });
    const versionless = await project.package();
    expect(versionless.exitCode).toBe(2);
    expect(versionless.stderr).toMatch(/template\.yaml:5:13: Code of 'F' .*names an artifact and none of its versions/);
    project.write({ 'template.yaml': `Resources:\n  F:${FUNCTION('default/lib/x^prod')}\n` });
    const missing = await project.package();
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toMatch(/template\.yaml:5:13: .*no bookmark 'prod'/);
  });

  test('a local path in a key member keeps its neighbours', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  C:\n    Type: AWS::Synthetics::Canary\n    Properties:\n      Code: {S3Key: ./canary, Handler: x.handler}\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code:\n        S3Key: ./src\n        S3ObjectStorageMode: REFERENCE\n`,
      ...{ 'canary/x.js': '1', 'src/x.js': '2' },
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/C/Properties/Code')).toMatchObject({
      Handler: 'x.handler',
      S3Bucket: { 'Fn::GetAtt': 'CanaryArtifact.Bucket' },
    });
    expect(at(data, '/Resources/F/Properties/Code')).toMatchObject({
      S3ObjectStorageMode: 'REFERENCE',
      S3ObjectVersion: { 'Fn::GetAtt': 'SrcArtifact.ObjectVersion' },
    });
    expect(at(data, '/Resources/SrcArtifact/Properties/Pinned')).toBe(true);
  });
});

describe('Fn::ForEach', () => {
  test('with the loop variable in the path: one artifact each, keys by a mapping, one reference for all', async () => {
    const project = await TestProject.of({
      'template.yaml': `Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Fns:\n    - N\n    - [a, b]\n    - Fn\${N}:\n        Type: AWS::Lambda::Function\n        Properties:\n          Code: ./fns/\${N}\n          Handler: app.handler\n`,
      ...{ 'fns/a/x': 'a', 'fns/b/x': 'b' },
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    const code = at(data, '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code') as Record<
      string,
      Record<string, unknown>
    >;
    const [map, outer, inner] = code['S3Key']?.['Fn::FindInMap'] as [string, unknown, string];
    expect(outer).toEqual({ Ref: 'N' });
    const keys = ['a', 'b'].map((value) => String(at(data, `/Mappings/${map}/${value}/${inner}`)));
    expect(keys.every((key) => /^blobs\/sha256\/[0-9a-f]{64}\/archive\.zip$/.test(key))).toBe(true);
    expect(new Set(keys).size).toBe(2);
    const reference = (code['S3Bucket'] as { 'Fn::GetAtt': string })['Fn::GetAtt'].replace('.Bucket', '');
    expect(at(data, `/Resources/${reference}/Properties/ArtifactArns`)).toHaveLength(2);
  });

  test('twice, with resources that read alike, gives references of different names', async () => {
    const loop = (name: string, values: string): string =>
      `  Fn::ForEach::${name}:\n    - ${name}\n    - [${values}]\n    - Fn\${${name}}:\n        Type: AWS::Lambda::Function\n        Properties:\n          Code: ./fns/\${${name}}\n`
        .replaceAll(`\${${name}}`, '${N}')
        .replace(`- ${name}`, '- N');
    const project = await TestProject.of({
      'template.yaml': `Transform: AWS::LanguageExtensions\nResources:\n${loop('A', 'a, b')}${loop('B', 'c, d')}`,
      ...{ 'fns/a/x': 'a', 'fns/b/x': 'b', 'fns/c/x': 'c', 'fns/d/x': 'd' },
    });
    const { data, text } = await project.package();
    const ids = Object.keys(at(data, '/Resources') as object).filter((id) => /Artifacts/.test(id));
    expect(new Set(ids).size).toBe(2);
    expect(text.match(/Custom::ArtifactRef/g)).toHaveLength(2);
  });

  test('with a static path: one artifact, one reference', async () => {
    const project = await TestProject.of({
      'template.yaml': `Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Fns:\n    - N\n    - [a, b]\n    - Fn\${N}:\n        Type: AWS::Lambda::Function\n        Properties:\n          Code: ./src\n`,
      'src/x': 'a',
    });
    const { data } = await project.package();
    expect(at(data, '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code/S3Bucket')).toEqual({
      'Fn::GetAtt': 'SrcArtifact.Bucket',
    });
  });
});

describe('references', () => {
  const many = (count: number): Record<string, string> => ({
    'template.yaml': `Resources:\n${Array.from({ length: count }, (_, index) => `  F${index}:${FUNCTION(`f/${index}`)}`).join('\n')}\n`,
    ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`f/${index}/x.js`, `content ${index}`])),
  });

  test('grouped are as few as possible', async () => {
    const project = await TestProject.of(many(45));
    const { data, exitCode } = await project.package('--references', 'grouped');
    expect(exitCode).toBe(0);
    const resources = at(data, '/Resources') as Record<
      string,
      { Type: string; Properties: { ArtifactArns?: unknown[] } }
    >;
    const groups = Object.values(resources).filter(({ Type }) => Type === 'Custom::ArtifactRef');
    expect(groups.map(({ Properties }) => Properties.ArtifactArns?.length)).toEqual([5, 40]);
  });

  test('that would make too many resources are an error that says so, before anything is stored', async () => {
    const project = await TestProject.of(many(251));
    const { exitCode, stderr } = await project.package();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/template\.yaml: the template would have 502 resources.*\n.*--references grouped/);
    expect(project.stored('.')).toEqual([]);
  });

  test('none: plain locations', async () => {
    const project = await TestProject.of(many(1));
    expect((await project.package('--references', 'none')).text).toMatch(/S3Bucket: local\n {8}S3Key: blobs/);
  });
});

describe('all problems at once, and nothing stored', () => {
  test('each with its place and what to do', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A:${FUNCTION('missing')}\n  B:${FUNCTION('empty')}\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      DefinitionUri: folder\n  L:${FUNCTION('links')}\n`,
      'child.yaml': `Resources:\n  F:${FUNCTION('also-missing')}\n  F:${FUNCTION('x')}\n`,
      ...{ 'folder/x': '', 'links/a': '' },
    });
    mkdirSync(project.path('empty'));
    symlinkSync('nowhere', project.path('links/dangling'));
    const { exitCode, stdout, stderr } = await project.package();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(project.stored('.')).toEqual([]);
    const problems = stderr.split('\n').filter((line) => line.startsWith('error: '));
    expect(problems).toEqual([
      expect.stringMatching(/template\.yaml:5:13: Code of 'A' \(AWS::Lambda::Function\): .*missing/),
      expect.stringMatching(/template\.yaml:12:13: Code of 'B' .*empty/),
      expect.stringMatching(/template\.yaml:\d+:22: DefinitionUri of 'Api' .*folder/),
      expect.stringMatching(/template\.yaml:\d+:13: Code of 'L' .*dangling/),
      expect.stringMatching(/child\.yaml:\d+:3: .*'F'/),
    ]);
  });

  test.each([
    ['folder', "folder' is a folder, and a template is wanted\n  Name the file in it.\n"],
    ['no.yaml', "no.yaml'\n  Correct the path, which is relative to the working directory.\n"],
  ])('a template that is none: %s', async (name, expected) => {
    const project = await TestProject.of({ 'folder/template.yaml': 'Resources: {}' });
    const { exitCode, stderr } = await project.package('--template-file', name);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(expected);
  });

  test("an output that can't be written is found first", async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n`, 'a/x': '1' });
    const { exitCode, stderr } = await project.package('--output-template-file', 'no/such/folder/out.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/the folder '.*no\/such\/folder' does not exist/);
    expect(project.stored('.')).toEqual([]);
  });

  test('a folder of other files becomes no domain', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n`, 'a/x': '1' });
    const { exitCode, stderr } = await project.run('package', '--domain', 'file:.');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/is no domain, and not empty/);
  });
});

describe('a dry run', () => {
  test('says what would be uploaded and touches nothing', async () => {
    const project = await TestProject.of({
      'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n  B:${FUNCTION('b')}\n`,
      'a/x': '1',
      'b/x': '2',
    });
    const { stdout } = await project.package('--dry-run', '--output-template-file', 'out.yaml');
    expect(stdout).toMatch(/A\.Code +a +would upload/);
    expect(project.stored('.')).toEqual([]);
    expect(project.exists('out.yaml')).toBe(false);
    await project.package();
    project.write({ 'b/x': '3' });
    const after = (await project.package('--dry-run')).stdout;
    expect(after).toMatch(/A\.Code +a +reused +arn:aws:artifacts:local:000000000000:default\/shop\/a:1@/);
    expect(after).toMatch(/B\.Code +b +would upload +default\/shop\/b$/m);
  });
});

describe('the manifest', () => {
  test('names every place with what stands behind it', async () => {
    const project = await TestProject.of({ 'template.yaml': `Resources:\n  A:${FUNCTION('a')}\n`, 'a/x': '1' });
    await project.package('--manifest', 'artifacts.json', '--output-template-file', 'out.yaml');
    const manifest = JSON.parse(project.read('artifacts.json')) as { artifacts: unknown[] };
    expect(manifest).toMatchObject({ format: 1, bucket: 'local', region: 'local', outputTemplateFile: 'out.yaml' });
    expect(manifest.artifacts).toEqual([
      expect.objectContaining({
        place: 'template.yaml:5:13',
        resource: 'A',
        property: 'Code',
        path: 'a',
        id: 'default/shop/a',
        outcome: 'uploaded',
        bucket: 'local',
      }),
    ]);
  });
});

test('what the text has no room for is told before anything is stored', async () => {
  const project = await TestProject.of({
    'template.yaml':
      'Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    DependsOn: !If [A, B, C]\n    Properties:\n      StackSetName: s\n      PermissionModel: SELF_MANAGED\n      TemplateURL: each.yaml\n',
    'each.yaml': `Resources:\n  F:${FUNCTION('src')}\n`,
    'src/x.js': '1',
  });
  const { exitCode, stderr, stdout } = await project.package();
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/error: template\.yaml:4:16: .*DependsOn/);
  expect(project.stored('.')).toEqual([]);
});
