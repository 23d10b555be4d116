import { describe, expect, test } from '@jest/globals';
import { find, messages, onlyPlace, positions, shown, warned } from './search.ts';
import type { Given } from './search.ts';

type Path = string | { readonly computed: string };

const fn = (path: Path): string =>
  `{Type: AWS::Lambda::Function, Properties: {Code: ${typeof path === 'string' ? JSON.stringify(path) : path.computed}}}`;

function loop(collection: string, path: Path, given: Given = {}) {
  const source = `Parameters:
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
  Unknown: {Type: CommaDelimitedList}
  Text: {Type: String, Default: a}
Resources:
  Fn::ForEach::Fns:
    - N
    - ${collection}
    - Fn\${N}: ${fn(path)}
`;
  return find(source, given);
}

describe('a path in a loop', () => {
  test('that is always the same is one place', () => {
    const found = loop('[a, b]', './src');
    expect(onlyPlace(found)).toMatchObject({
      pointer: '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code',
      resource: 'Fn${N}',
      targets: [{ values: [], target: { kind: 'path', path: './src' } }],
      loop: [],
    });
    expect(found.warnings).toEqual([]);
  });

  test('has the condition of its resource, if it is the same in each turn', () => {
    const conditions = ['Wanted', 'Wanted${N}'].map((condition) => {
      const resource = `{Type: AWS::Lambda::Function, Condition: "${condition}", Properties: {Code: ./src}}`;
      return onlyPlace(find(`Resources: {Fn::ForEach::L: [N, [a], {"F\${N}": ${resource}}]}`)).condition;
    });
    expect(conditions).toEqual(['Wanted', undefined]);
  });

  test('with the loop variable has a target for each value', () => {
    const place = onlyPlace(loop('[a, b, a]', './fns/${N}'));
    expect(place.loop).toEqual(['N']);
    expect(place.targets).toEqual([
      { values: ['a'], target: { kind: 'path', path: './fns/a' } },
      { values: ['b'], target: { kind: 'path', path: './fns/b' } },
    ]);
  });

  test('may take the variable without what is no letter or digit', () => {
    expect(shown(loop('[a-1, b.2]', '&{N}/${N}'))).toEqual([
      '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code = a1/a-1 b2/b.2',
    ]);
  });

  test('leaves other names alone', () => {
    expect(shown(loop('[a]', './${M}/&{M}/${N'))).toEqual([
      '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code = ./${M}/&{M}/${N',
    ]);
  });

  test('takes numbers as texts', () => {
    expect(shown(loop('[1, 2]', 'f${N}'))).toEqual(['/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code = f1 f2']);
  });

  test('over a parameter is frozen, with one warning', () => {
    const found = loop('!Ref Names', './fns/${N}');
    expect(shown(found)).toEqual(['/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code = ./fns/a ./fns/b']);
    expect(found.warnings).toEqual([
      {
        code: 'frozen-collection',
        place: { file: 't.yaml', line: 8, column: 7 },
        message: "'Fn::ForEach::Fns' is packaged for the values that the parameter 'Names' has now: a, b",
        remedy: 'Deploy with these values, or package again with --parameter-overrides for others.',
      },
    ]);
    expect(shown(loop('!Ref Unknown', './${N}', { parameters: { Unknown: 'x' } }))).toEqual([
      '/Resources/Fn::ForEach::Fns/2/Fn${N}/Properties/Code = ./x',
    ]);
    expect(loop('!Ref Names', './src').warnings).toEqual([]);
  });

  test.each([
    ['!Ref Unknown', "the values of the parameter 'Unknown' are not known"],
    ['!Ref Text', "the values of the parameter 'Text' are not known"],
    ['!FindInMap [a, b, c]', 'its collection is not known before the deploy'],
    ['[a, !Ref AWS::Region]', 'its collection holds a value that is not known before the deploy'],
    ['[{}]', 'its collection holds a value that is not known before the deploy'],
  ])('over %s is told of', (collection, why) => {
    const found = loop(collection, './fns/${N}');
    expect(found.places).toEqual([]);
    expect(found.problems).toEqual([]);
    expect(found.warnings.map(({ message }) => message)).toEqual([
      `Code of 'Fn\${N}' (AWS::Lambda::Function) is not packaged: 'N' takes its values from 'Fn::ForEach::Fns', and ${why}, so a local path in it can't be known`,
    ]);
    expect(loop(collection, './src').places).toHaveLength(1);
    expect(loop(collection, 's3://b/${N}').warnings).toEqual([]);
  });

  test.each([
    ['my_fn', "letters, digits, '-' and '.'"],
    ['a b', "letters, digits, '-' and '.'"],
    ['a/b', "letters, digits, '-' and '.'"],
  ])('whose value %s can’t be the key of a mapping is a problem', (value, allowed) => {
    const found = loop(`[ok, "${value}"]`, './fns/${N}');
    expect(found.places).toEqual([]);
    expect(messages(found)).toEqual([
      `t.yaml:9:64: Code of 'Fn\${N}' (AWS::Lambda::Function) depends on the loop value '${value}', which can't be the key of a mapping: CloudFormation takes ${allowed} there`,
    ]);
    expect(loop(`["${value}"]`, './src').places).toHaveLength(1);
  });

  test('keys of the first level may have dots and hyphens', () => {
    expect(loop('[a-b, c.d]', './fns/${N}').places).toHaveLength(1);
  });

  test('an empty collection is nothing to package', () => {
    expect(loop('[]', './fns/${N}')).toEqual({ places: [], warnings: [], problems: [] });
  });
});

describe('loops in loops', () => {
  const nested = (path: string, inner = '["1", "2"]') =>
    find(`Resources:
  Fn::ForEach::Outer:
    - O
    - [A, B]
    - Fn::ForEach::Inner:
        - I
        - ${inner}
        - Fn\${O}\${I}: ${fn(path)}
`);

  test('have a target for each combination, the outer variable first', () => {
    const place = onlyPlace(nested('./${I}/${O}'));
    expect(place.pointer).toBe('/Resources/Fn::ForEach::Outer/2/Fn::ForEach::Inner/2/Fn${O}${I}/Properties/Code');
    expect(place.loop).toEqual(['O', 'I']);
    expect(place.targets.map(({ values, target }) => [...values, target.kind === 'path' && target.path])).toEqual([
      ['A', '1', './1/A'],
      ['A', '2', './2/A'],
      ['B', '1', './1/B'],
      ['B', '2', './2/B'],
    ]);
  });

  test('count only the variables that the path has', () => {
    expect(onlyPlace(nested('./${I}'))).toMatchObject({ loop: ['I'], targets: [{ values: ['1'] }, { values: ['2'] }] });
    expect(onlyPlace(nested('./src'))).toMatchObject({ loop: [] });
  });

  test('keys of the second level are letters and digits', () => {
    const found = nested('./${O}/${I}', '[a-b]');
    expect(messages(found)).toEqual([
      expect.stringContaining("the loop value 'a-b', which can't be the key of a mapping"),
    ]);
    expect(messages(found)).toEqual([expect.stringContaining('CloudFormation takes letters and digits there')]);
    expect(nested('./${I}', '[a-b]').places).toHaveLength(1);
  });

  test('an inner variable hides an outer one', () => {
    const found = find(`Resources:
  Fn::ForEach::Outer: [N, [A], {Fn::ForEach::Inner: [N, [B], {'Fn\${N}': ${fn('./${N}')}}]}]
`);
    expect(onlyPlace(found)).toMatchObject({ loop: ['N'], targets: [{ values: ['B'], target: { path: './B' } }] });
  });

  test('more than two variables are a problem', () => {
    const found = find(`Resources:
  Fn::ForEach::A: [A, [a], {Fn::ForEach::B: [B, [b], {Fn::ForEach::C: [C, [c], {'F\${A}': ${fn('${A}${B}${C}')}}]}]}]
`);
    expect(messages(found)).toEqual([
      expect.stringContaining("depends on 3 loop variables ('A', 'B', 'C'), and a mapping has keys for two"),
    ]);
  });
});

test('loops that multiply to more turns than any template can have are not run through', () => {
  const values = Array.from({ length: 400 }, (_, index) => `v${index}`).join(', ');
  const threefold = (path: string) =>
    find(`Resources:
  Fn::ForEach::A: [A, [${values}], {Fn::ForEach::B: [B, [${values}], {Fn::ForEach::C: [C, [${values}], {'F\${A}\${B}\${C}': ${fn(path)}}]}]}]
`);
  expect(threefold('./${A}${B}${C}')).toMatchObject({
    places: [],
    warnings: [
      { message: expect.stringContaining('its loops take 64000000 turns, more than a template can have') as unknown },
    ],
  });
  expect(onlyPlace(threefold('./src')).targets).toHaveLength(1);
  expect(messages(threefold('./${A}'))).toEqual([]);
});

describe('loops elsewhere', () => {
  test('in Properties, with lists, maps and objects on the way', () => {
    const found = find(`Resources:
  G:
    Type: AWS::Serverless::GraphQLApi
    Properties:
      SchemaUri: s.graphql
      Functions:
        Fn::ForEach::F: [N, [one, two], {'\${N}': {Runtime: x, CodeUri: './\${N}.js'}}]
  C:
    Type: AWS::Synthetics::Canary
    Properties:
      Fn::ForEach::P: [P, [x], {Code: {S3Key: './\${P}', Handler: h}}]
`);
    expect(shown(found)).toEqual([
      '/Resources/G/Properties/SchemaUri = s.graphql',
      '/Resources/G/Properties/Functions/Fn::ForEach::F/2/${N}/CodeUri = ./one.js ./two.js',
      '/Resources/C/Properties/Fn::ForEach::P/2/Code/S3Key = ./x',
    ]);
    expect(found.places[2]?.form).toMatchObject({ kind: 'object', inKey: true });
  });

  test('around Fn::Artifact and AWS::Include', () => {
    const found = find(`Resources:
  Fn::ForEach::L:
    - N
    - [a, b]
    - T\${N}:
        Type: AWS::SNS::Topic
        Properties:
          Name: !Artifact {Path: !Sub './m/\${N}', Form: Key}
          Fn::Transform: {Name: AWS::Include, Parameters: {Location: t.yaml}}
Outputs:
  Fn::ForEach::O: [N, [a], {'O\${N}': {Value: !Artifact './o/\${N}'}}]
`);
    expect(shown(found)).toEqual([
      '/Resources/Fn::ForEach::L/2/T${N}/Properties/Name = ./m/a ./m/b',
      '/Resources/Fn::ForEach::L/2/T${N}/Properties/Fn::Transform/Parameters/Location = t.yaml',
      '/Outputs/Fn::ForEach::O/2/O${N}/Value = ./o/a',
    ]);
    expect(found.places[0]).toMatchObject({ loop: ['N'], resource: 'T${N}' });
  });

  test('a variable by Ref, Fn::Sub and Fn::Join', () => {
    const code = (value: string) =>
      shown(
        find(
          `Resources:
  Fn::ForEach::L:
    - N
    - [a, b]
    - F\${N}:
        Type: AWS::Lambda::Function
        Properties:
          Code: ${value}
`,
          { disk: ['a/', 'x/a/'] },
        ),
      );
    const at = '/Resources/Fn::ForEach::L/2/F${N}/Properties/Code';
    expect(code('!Ref N')).toEqual([`${at} = a b`]);
    expect(code("!Sub '&{N}'")).toEqual([`${at} = a b`]);
    expect(code("!Sub 'x/${N}'")).toEqual([`${at} = x/a x/b`]);
    expect(code('!Join [/, [x, !Ref N]]')).toEqual([`${at} = x/a x/b`]);
    expect(code("!Sub 'y/${N}'")).toEqual([]);
  });

  test('a Name is not for several artifacts', () => {
    const found = find(`Outputs:
  Fn::ForEach::O: [N, [a], {'O\${N}': {Value: !Artifact {Path: './o/\${N}', Name: one}}}]
`);
    expect(messages(found)).toEqual([expect.stringContaining("Name 'one' is one artifact")]);
  });

  test('a list in one text can’t be different in each turn', () => {
    const libs = (files: string) =>
      find(`Resources:
  Fn::ForEach::L:
    - N
    - [a]
    - J\${N}: {Type: AWS::Glue::Job, Properties: {DefaultArguments: {--extra-jars: '${files}'}}}
`);
    expect(messages(libs('./x.jar,./${N}.jar'))).toEqual([expect.stringContaining('is a list in one text')]);
    expect(shown(libs('./${N}.jar'))).toHaveLength(1);
    expect(onlyPlace(libs('./x.jar,./y.jar'))).toMatchObject({ loop: [], targets: [{}, {}] });
  });

  test.each([
    ['AWS::CloudFormation::Stack', 'TemplateURL', 0],
    ['AWS::CloudFront::KeyValueStore', 'ImportSource: {SourceArn', 0],
    ['AWS::KafkaConnect::CustomPlugin', 'Location: {S3Location', 0],
    ['AWS::Lambda::Function', 'Code', 1],
    ['AWS::Serverless::Function', 'CodeUri', 1],
  ])('a path beside an S3 URI in %s, of which no URL or ARN can be made', (type, property, places) => {
    const close = property.includes('{') ? '}' : '';
    const resource = `{Type: ${type}, Properties: {${property}: '\${N}://b/k'${close}}}`;
    const found = find(`Resources: {Fn::ForEach::L: [N, [a, s3], {'R\${N}': ${resource}}]}`, { exists: () => true });
    expect(found.places).toHaveLength(places);
    expect(warned(found).map((warning) => warning.split(' ')[0])).toEqual(places === 0 ? ['unresolved-path'] : []);
  });

  test('where nothing is, is told with the loop and its value', () => {
    const told = (collection: string, path: string) =>
      loop(collection, { computed: path }).warnings.filter(({ code }) => code === 'unresolved-path');
    const subject = "Code of 'Fn${N}' (AWS::Lambda::Function)";
    expect(told('[a, b]', '!Sub "./${N}"')).toMatchObject([
      {
        message: `${subject} comes to './a' when 'N' is 'a', where nothing is, and is not packaged`,
        remedy: "Create it, or correct the values in 'Fn::ForEach::Fns'.",
      },
    ]);
    expect(told('!Ref Names', '!Sub "./${Text}/${N}"')).toMatchObject([
      {
        message: `${subject} comes to './a/a' when 'N' is 'a', where nothing is, and is not packaged`,
        remedy: expect.stringMatching(/the values in the parameter 'Names'\. Check the Defaults/),
      },
    ]);
    expect(told('[a]', '!Sub "./${Text}"')).toMatchObject([{ remedy: expect.stringMatching(/^Check the Defaults/) }]);
    expect(told('[""]', '!Sub "${N}"')).toMatchObject([{ message: expect.stringContaining("when 'N' is ''") }]);
  });

  test('where nothing is, a loop over what nobody is shown keeps its values', () => {
    const { warnings } = find(`Parameters:
  Names: {Type: CommaDelimitedList, Default: 'hush', NoEcho: true}
Resources:
  Fn::ForEach::Fns: [N, !Ref Names, {'Fn\${N}': ${fn({ computed: '!Sub "./${N}"' })}}]
`);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining("comes to a path when 'N' has one of its values, where nothing is"),
    ]);
    expect(JSON.stringify(warnings)).not.toContain('hush');
  });

  test('paths beside what is none', () => {
    const found = loop('["./x", "s3://b/k"]', '${N}');
    expect(messages(found)).toEqual([expect.stringContaining("the loop value './x'")]);
    expect(warned(loop('[a, b]', '${N}://x'))).toEqual([]);
  });
});

describe('a malformed loop', () => {
  test.each([
    ['x', 'must be a list of three'],
    ['[N, [a]]', 'must be a list of three'],
    ['[N, [a], {}, {}]', 'must be a list of three'],
    ['[[N], [a], {}]', 'must begin with the name of the loop variable'],
    ['["", [a], {}]', 'must begin with the name of the loop variable'],
    ['[N, [a], [x]]', 'must end with a map'],
    ['[N, [a], text]', 'must end with a map'],
  ])('%s', (value, why) => {
    const found = find(`Resources:\n  Fn::ForEach::L: ${value}\n`);
    expect(messages(found)).toEqual([expect.stringMatching(`^t\\.yaml:2:19: 'Fn::ForEach::L' ${why}`)]);
    expect(found.problems[0]?.remedy).toContain('Fn::ForEach::Name');
  });

  test('in Properties and Outputs', () => {
    const found = find(`Resources: {R: {Type: AWS::Lambda::Function, Properties: {Fn::ForEach::L: 1}}}
Outputs: {Fn::ForEach::M: [a]}`);
    expect(messages(found)).toHaveLength(2);
  });

  test('is told of where a resource is no map', () => {
    const found = find('Resources: {Fn::ForEach::L: [N, [a], {"R${N}": text}]}');
    expect(messages(found)).toEqual([expect.stringContaining("the resource 'R${N}' is not a map")]);
    expect(positions(found)).toEqual([]);
  });
});
