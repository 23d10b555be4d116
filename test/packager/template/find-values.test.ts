import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findInResource, find, messages, onlyPlace, shown, warned } from './search.ts';
import type { Given } from './search.ts';

const ARN = 'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:3';
const DIGEST = '@sha256:' + 'ab'.repeat(32);

/** What a text means in a property that aws-cli packages, as an object. */
function code(text: string, given: Given = {}) {
  return findInResource('AWS::Lambda::Function', `{Code: ${text}}`, given);
}

describe('a text in a property that aws-cli packages', () => {
  test.each(['src', './src', '../src', '/abs/src', 'a:b', 'C:\\src', 'fns/*', 'a^b', 'some text', '~/x'])(
    '%s is a path, there or not',
    (path) => {
      expect(shown(code(JSON.stringify(path)))).toEqual([`/Resources/R/Properties/Code = ${path}`]);
    },
  );

  test.each([
    ['s3://b/k', 's3 b k'],
    ['s3://b/a/b.zip?versionId=v.1', 's3 b a/b.zip v.1'],
    ['https://s3.amazonaws.com/b/k.zip', 's3 b k.zip'],
    ['https://s3.eu-west-1.amazonaws.com/b/a/k.zip?versionId=7', 's3 b a/k.zip 7'],
    ['https://s3-eu-west-1.amazonaws.com/b/k', 's3 b k'],
    ['https://s3.cn-north-1.amazonaws.com.cn/b/k', 's3 b k'],
  ])('%s is taken apart for an object', (uri, target) => {
    expect(shown(code(uri))).toEqual([`/Resources/R/Properties/Code = ${target}`]);
  });

  test('an S3 URI stays where the property takes it', () => {
    const found = findInResource('AWS::Serverless::Function', '{CodeUri: "s3://b/k?versionId=1"}');
    expect(found).toEqual({ places: [], warnings: [], problems: [] });
  });

  test.each(['s3://b', 's3://b/', 's3://', 's3:///k', 's3://b/k?versionId=a&x=1'])('%s names no object', (uri) => {
    expect(messages(code(`"${uri}"`))).toEqual([
      `t.yaml:4:24: Code of 'R' (AWS::Lambda::Function): '${uri}' is not s3://BUCKET/KEY`,
    ]);
  });

  test.each([ARN, `${ARN}${DIGEST}`, `${ARN}#asset`, 'default/shop/api^prod', 'my-repo/x^a.b'])(
    '%s names an artifact',
    (name) => {
      const given: Given = { exists: () => 'file' };
      expect(shown(code(`"${name}"`, given))).toEqual([`/Resources/R/Properties/Code = artifact ${name}`]);
      expect(shown(findInResource('AWS::ImageBuilder::Component', `{Uri: "${name}"}`))).toEqual([
        `/Resources/R/Properties/Uri = artifact ${name}`,
      ]);
    },
  );

  test('what looks like an artifact’s name is a path without ^', () => {
    expect(shown(code('default/shop/api'))).toEqual(['/Resources/R/Properties/Code = default/shop/api']);
  });

  test('a broken ARN of an artifact is a problem', () => {
    const [message] = messages(code('arn:aws:artifacts:eu-west-1:1:default/x:1'));
    expect(message).toMatch(
      /^t\.yaml:4:24: Code of 'R' \(AWS::Lambda::Function\): 'arn:aws:artifacts:eu-west-1:1:default\/x:1' is no artifact ARN/,
    );
  });

  test('an artifact can be named only where there is a domain', () => {
    const found = code(ARN, { hasDomain: false });
    expect(found.places).toEqual([]);
    expect(messages(found)).toEqual([
      `t.yaml:4:24: Code of 'R' (AWS::Lambda::Function): '${ARN}' names an artifact of a domain, and there is no domain to find it in`,
    ]);
    expect(code('./src', { hasDomain: false }).places).toHaveLength(1);
  });

  test.each([
    ['S3://b/k', "no path, and the scheme of such a location is 's3://', in lower case"],
    ['HTTPS://h/x.zip', "no path, and the scheme of such a location is 'https://', in lower case"],
    ['file://a', 'a URL, and a path is wanted'],
    ['gs://b/k', 'a URL, and a path is wanted'],
  ])('%s is neither path nor location', (url, why) => {
    expect(messages(code(url))).toEqual([`t.yaml:4:24: Code of 'R' (AWS::Lambda::Function): '${url}' is ${why}`]);
    expect(messages(code(`!Artifact ${url}`))).toEqual([expect.stringContaining(`'${url}' is ${why}`)]);
    expect(shown(code(url, { disk: [url] }))).toEqual([`/Resources/R/Properties/Code = ${url}`]);
    expect(findInResource('AWS::ImageBuilder::Component', `{Uri: '${url}'}`).problems).toEqual([]);
  });

  test('an http URL stays, with a warning where the property takes none', () => {
    const found = code('https://example.com/x.zip');
    expect(found.places).toEqual([]);
    expect(found.warnings).toEqual([
      {
        code: 'url-left',
        place: { file: 't.yaml', line: 4, column: 24 },
        message:
          "Code of 'R' (AWS::Lambda::Function) stays 'https://example.com/x.zip', which the property does not take",
      },
    ]);
    const nested = (url: string) => findInResource('AWS::CloudFormation::Stack', `{TemplateURL: "${url}"}`);
    expect(nested('https://h/x')).toEqual({ places: [], warnings: [], problems: [] });
    expect(warned(nested('s3://b/x'))).toEqual(['url-left 4:31']);
  });

  test.each(['{{resolve:ssm:/x}}', 'arn:aws:s3:::b/k'])('%s stays', (text) => {
    expect(code(`"${text}"`).places).toEqual([]);
  });
});

/** A function with its code, in flow style. */
function lambda(code: string): string {
  return `{Type: AWS::Lambda::Function, Properties: {Code: ${code}}}`;
}

describe('an intrinsic function', () => {
  const parameters = `Parameters:
  Folder: {Type: String, Default: src}
  None: {Type: String}
  Uri: {Type: String, Default: 's3://b/k.zip'}
  Empty: {Type: String, Default: ''}
  List: {Type: CommaDelimitedList, Default: 'a, src'}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: src}
Mappings: {Paths: {dev: {Code: ./dev}, prod: {Code: ./prod}}, Remote: {dev: {U: 'https://h/a'}, prod: {U: 's3://b/k'}}, One: {dev: {U: 's3://b/k'}}}
`;
  const disk = ['src/', './src/', './fns/src/', './dev/', 'a-src/'];
  const resource = (value: string, given: Given = {}, type = 'AWS::Lambda::Function', property = 'Code') =>
    find(`${parameters}Resources:\n  R:\n    Type: ${type}\n    Properties:\n      ${property}: ${value}\n`, {
      disk,
      ...given,
    });

  test.each([
    ['!Ref Folder', 'src'],
    ['{Ref: Folder}', 'src'],
    ['!Sub ./${Folder}', './src'],
    ['{"Fn::Sub": "./fns/${Folder}"}', './fns/src'],
    ['!Sub ["./fns/${X}", {X: !Ref Folder}]', './fns/src'],
    ['!Sub ["${A}-${Folder}", {A: a}]', 'a-src'],
    ['!Join [/, [., fns, !Ref Folder]]', './fns/src'],
    ['!Join ["", [./, src]]', './src'],
    ['!FindInMap [Paths, dev, Code]', './dev'],
    ['!Join ["-", !Ref List]', 'a-src'],
    ['!Ref Uri', 's3 b k.zip'],
  ])('%s comes to %s', (value, path) => {
    const found = resource(value);
    expect(shown(found)).toEqual([`/Resources/R/Properties/Code = ${path}`]);
    expect(found.warnings.map(({ code: warning }) => warning)).toEqual(
      /Folder|List/.test(value) ? ['frozen-parameter'] : [],
    );
  });

  test('of a Default is told of once, and not where the deploy gives nothing else', () => {
    const twice = `${parameters}Resources:\n  R: ${lambda('!Ref Folder')}\n  S: ${lambda('!FindInMap [Paths, !Ref Stage, Code]')}\n`;
    const text = twice.replace('Parameters:\n', 'Parameters:\n  Stage: {Type: String, Default: dev}\n');
    const { warnings } = find(text, { disk });
    expect(warnings).toMatchObject([
      { code: 'frozen-parameter', message: expect.stringMatching(/'Folder', 'src'/) as unknown },
      { code: 'frozen-parameter', message: expect.stringMatching(/'Stage', 'dev'/) as unknown },
    ]);
    expect(find(text, { disk, defaultsAreFinal: true }).warnings).toEqual([]);
    expect(find(text, { disk, parameters: { Folder: 'src', Stage: 'prod' } }).warnings).toMatchObject([
      { code: 'unresolved-path' },
    ]);
  });

  test('an override takes the place of the Default', () => {
    expect(shown(resource('!Ref None', { parameters: { None: './src' } }))).toEqual([
      '/Resources/R/Properties/Code = ./src',
    ]);
  });

  test.each([
    ['!Ref None', "the parameter 'None' has no value yet"],
    ['!Ref List', "the parameter 'List' is a list"],
    ['!Ref Secret', "the parameter 'Secret' has no value yet"],
    ['!Ref AWS::Region', "'AWS::Region' is known only at the deploy"],
    ['!Sub ./${AWS::Region}', "'AWS::Region' is known only at the deploy"],
    ['!Sub ./${Other.Arn}', "'Other.Arn' is known only at the deploy"],
    ['!Select [0, [a, b]]', "'Fn::Select' is evaluated at the deploy"],
    ['!If [C, ./src, ./other]', "'Fn::If' is evaluated at the deploy"],
    ['!If [C, ./src, "s3://b/k"]', "'Fn::If' is evaluated at the deploy"],
    ['!FindInMap [Paths, !Ref AWS::Region, Code]', "'Fn::FindInMap' is evaluated at the deploy"],
    ['!FindInMap [Paths, qa, Code]', "'Fn::FindInMap' is evaluated at the deploy"],
    ['!Join [/, !Ref Elsewhere]', "'Fn::Join' is evaluated at the deploy"],
    ['!Sub ["${A}", {A: !If [C, a, b]}]', "'Fn::If' is evaluated at the deploy"],
  ])('%s is told of where it can’t be known', (value, why) => {
    const found = resource(value);
    expect(found.places).toEqual([]);
    expect(found.warnings).toMatchObject([
      {
        code: 'unresolved-path',
        place: { file: 't.yaml', line: 13, column: 13 },
        message: `Code of 'R' (AWS::Lambda::Function) is not packaged: ${why}, so a local path in it can't be known`,
      },
    ]);
  });

  test.each([
    ['!Sub ./nothing', 'Create it'],
    ['!Ref Empty', 'Check the Defaults'],
    ['!Sub "${Folder}/nothing"', 'Check the Defaults'],
  ])('%s comes to nothing that is there', (value, remedy) => {
    const found = resource(value);
    expect(found.places).toEqual([]);
    expect(warned(found)).toEqual(['unresolved-path 13:13']);
    expect(found.warnings).toMatchObject([{ remedy: expect.stringContaining(remedy) }]);
  });

  test.each([
    '!Sub "s3://${None}/k"',
    '!Sub "https://${None}.s3.amazonaws.com/k"',
    '!Join ["", ["s3://", !Ref None]]',
    '!GetAtt Other.Uri',
    '!ImportValue x',
    '!Ref R',
    '!Sub "${Other.Uri}"',
    '!Ref AWS::NoValue',
    '!If [C, !Ref AWS::NoValue, {S3Bucket: b, S3Key: k}]',
    '!If [C, !Sub "s3://${None}/k", !If [D, "s3://b/k", {ZipFile: x}]]',
    '!FindInMap [Remote, !Ref AWS::Region, U]',
    '!FindInMap [One, !Ref AWS::Region, U]',
    '{S3Bucket: !Ref B, S3Key: !Ref K}',
    '{ZipFile: !Sub "x"}',
  ])('%s is no local path, and no warning', (value) => {
    expect(resource(value)).toEqual({ places: [], warnings: [], problems: [] });
  });

  describe('a name that nothing has', () => {
    const told = (value: string, rest = '', given: Given = {}) =>
      find(`${parameters}Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n  R: ${lambda(value)}\n${rest}`, given)
        .warnings;

    test.each([
      ['!Ref Absent', 'Absent', 'write the path itself'],
      ['!Ref Foldr', 'Foldr', "Did you mean 'Folder'?"],
      ['!Sub "./${Foldr}"', 'Foldr', "Did you mean 'Folder'?"],
      ['!Sub "${Buckett}"', 'Buckett', "Did you mean 'Bucket'?"],
    ])('%s is told, for CloudFormation refuses it', (value, name, remedy) => {
      expect(told(value)).toMatchObject([
        {
          code: 'unresolved-path',
          place: { file: 't.yaml', line: 11, column: 55 },
          message: expect.stringContaining(`no parameter or resource of this template is called '${name}', so`),
          remedy: expect.stringContaining(remedy),
        },
      ]);
    });

    test.each([
      ['that is a pseudo parameter', 'AWS::NoValue', ''],
      ['that SAM makes', 'FnRole', '  Fn: {Type: AWS::Serverless::Function}\n'],
      ['that SAM calls so', 'ServerlessRestApi', ''],
      ['that a loop writes', 'Qa', '  Fn::ForEach::L: [N, [a], {"Q${N}": {Type: AWS::S3::Bucket}}]\n'],
      ['where a loop may', 'Qa', '  Fn::ForEach::L: [N, !Ref None, {"Q${N}": {Type: AWS::S3::Bucket}}]\n'],
      ['where a macro may bring it', 'Qa', 'Transform: Mine\n'],
      ['where a macro may bring it into Resources', 'Qa', '  Fn::Transform: {Name: Mine}\n'],
      ['where another macro may bring it', 'Qa', 'Transform: [AWS::LanguageExtensions, {Name: Mine}]\n'],
      ['where a macro may bring it into the template', 'Qa', 'Fn::Transform: {Name: Mine}\n'],
      ['where a macro may change a resource', 'Qa', '  S: {Type: AWS::S3::Bucket, Fn::Transform: {Name: Mine}}\n'],
      ['where something else reads the template first', 'Qa', 'Modules: {M: {Source: ./m.yaml}}\n'],
      ['that is called after a connector', 'SC', '  S: {Type: AWS::S3::Bucket, Connectors: {C: {Properties: {}}}}\n'],
      ['that a loop completes', "'Q${N}'", '  Fn::ForEach::L: [N, [a], {"Q${N}": {Type: AWS::S3::Bucket}}]\n'],
      ['where a loop is broken', 'Qa', '  Fn::ForEach::L: [N]\n'],
      ['that is nothing at all', "''", ''],
    ])('is not one %s', (_where, name, rest) => {
      expect(told(`!Ref ${name}`, rest)).toEqual([]);
    });

    test('is told where macros bring no names', () => {
      const rest = 'Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n';
      expect(told('!Ref Nope', rest)).toMatchObject([{ code: 'unresolved-path' }]);
    });

    test('may be the slip of a loop variable', () => {
      const body = `{"R\${Name}": {Type: AWS::Lambda::Function, Properties: {Code: !Sub "./\${Nam}"}}}`;
      const { warnings } = find(`Resources:\n  Fn::ForEach::L: [Name, [a], ${body}]\n`);
      expect(warnings).toMatchObject([{ remedy: "Did you mean 'Name'?" }]);
    });

    test('is known around a fragment, and not in it', () => {
      const { warnings } = find(`R: ${lambda('!Ref Nope')}\n`, { kind: 'fragment' });
      expect(warnings).toEqual([]);
    });
  });

  test('is hardly ever a path where no other tool looks for one', () => {
    const component = (value: string) => resource(value, {}, 'AWS::ImageBuilder::Component', 'Uri');
    expect(component('!Ref None')).toEqual({ places: [], warnings: [], problems: [] });
    expect(component('!Ref Uri')).toEqual({ places: [], warnings: [], problems: [] });
    expect(warned(component('!Sub ./${None}'))).toEqual(['unresolved-path 13:12']);
    expect(warned(component('!Sub ./nothing'))).toEqual(['unresolved-path 13:12']);
    expect(shown(component('!Sub ./${Folder}'))).toEqual(['/Resources/R/Properties/Uri = ./src']);
  });

  test('stands in the literal text of Fn::Sub as itself', () => {
    expect(shown(resource('!Sub "./${!Folder}"', { disk: ['./${Folder}'] }))).toEqual([
      '/Resources/R/Properties/Code = ./${Folder}',
    ]);
  });

  test('inside a function that is left alone, texts are the function’s', () => {
    expect(warned(resource('!If [C, ./src, ./src]'))).toEqual(['unresolved-path 13:13']);
  });
});

describe('a path with a line break', () => {
  const blockCode = (value: string, given: Given) =>
    find(`Resources:\n  R:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: ${value}\n`, given);

  test.each([
    ['|\n        ./src\n', './src\\n'],
    ['>\n        ./src\n', './src\\n'],
    ['|\n        ./a\n        ./b\n', './a\\n./b\\n'],
  ])('%j is not there, as for aws-cli, and the message stays on its line', (value, escaped) => {
    const found = blockCode(value, { disk: ['./src/'] });
    expect(messages(found)).toEqual([
      `t.yaml:5:13: Code of 'R' (AWS::Lambda::Function): nothing is at '${escaped}', a path with a line break`,
    ]);
    expect(found.problems[0]?.code).toBe('PATH_NOT_FOUND');
    expect(found.problems[0]?.remedy).toContain("'|-'");
  });

  test('nor is one with another control character, which no terminal gets to see', () => {
    expect(messages(code('"./s\\u001b[2Jrc"'))).toEqual([
      "t.yaml:4:24: Code of 'R' (AWS::Lambda::Function): nothing is at './s\\u001b[2Jrc', a path with a control character",
    ]);
    expect(messages(code('"./s\\u0000\\u007frc"'))[0]).toContain("'./s\\u0000\\u007frc'");
  });

  test('is one where a file is called so, and without the break it is any path', () => {
    expect(shown(blockCode('|\n        ./src\n', { disk: ['./src\n/'] }))).toEqual([
      '/Resources/R/Properties/Code = ./src\n',
    ]);
    expect(shown(blockCode('|-\n        ./src\n', { disk: ['./src/'] }))).toEqual([
      '/Resources/R/Properties/Code = ./src',
    ]);
  });
});

describe('what AWS::Include brings in', () => {
  const include = '{Name: AWS::Include, Parameters: {Location: ./code.yaml}}';

  test.each([
    ['!Transform ' + include, ['/Resources/R/Properties/Code/Fn::Transform/Parameters/Location = ./code.yaml']],
    [
      `{Fn::Transform: [${include}]}`,
      ['/Resources/R/Properties/Code/Fn::Transform/0/Parameters/Location = ./code.yaml'],
    ],
    [
      `!If [C, {Fn::Transform: ${include}}, !Ref AWS::NoValue]`,
      ['/Resources/R/Properties/Code/Fn::If/1/Fn::Transform/Parameters/Location = ./code.yaml'],
    ],
  ])('is packaged, and nothing is said of what it makes: %s', (value, places) => {
    const found = code(value, { disk: ['./code.yaml'] });
    expect(shown(found)).toEqual(places);
    expect(found).toMatchObject({ warnings: [], problems: [] });
  });

  test('of what another macro makes nothing is known', () => {
    expect(warned(code('!Transform {Name: Mine, Parameters: {P: ./src}}'))).toEqual(['unresolved-path 4:24']);
  });
});

test('whatever text stands there, it is a place, or stays, and nothing breaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const found = findInResource('AWS::Lambda::Function', `{Code: ${JSON.stringify(text)}}`);
      expect(found.places.length + found.warnings.length + found.problems.length).toBeLessThanOrEqual(1);
    }),
  );
});

test('a place is at the value', () => {
  expect(onlyPlace(code('!Sub ./src', { disk: ['./src/'] })).position).toEqual({ file: 't.yaml', line: 4, column: 24 });
});
