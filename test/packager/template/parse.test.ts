import { describe, expect, test } from '@jest/globals';
import { ArtifactErrors } from '../../../repository/error.ts';
import type { MapNode, TemplateNode } from '../../../packager/template/node.ts';
import { isMap, isString, valueOf } from '../../../packager/template/node.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import { dataOf, nodesOf } from './independent.ts';

function data(source: string): unknown {
  return dataOf(parseTemplate(source, 'template', { kind: 'fragment' }).root);
}

function problems(source: string, kind?: 'template' | 'fragment'): readonly string[] {
  try {
    parseTemplate(source, 't', kind === undefined ? {} : { kind });
  } catch (error) {
    if (!(error instanceof ArtifactErrors)) throw error;
    expect(error.code).toBe('INVALID_TEMPLATE');
    expect(error.problems.every(({ remedy }) => remedy !== undefined)).toBe(true);
    return error.problems.map(({ message }) => message);
  }
  return [];
}

/** Each scalar as it stands in the text, tag and anchor included. */
function written(source: string): readonly string[] {
  const { root, text } = parseTemplate(source, 'template', { kind: 'fragment' });
  return [...nodesOf(root)].filter(({ kind }) => kind === 'scalar').map(({ start, end }) => text.slice(start, end));
}

describe('types of scalars', () => {
  test.each<[string, unknown]>([
    ['yes', true],
    ['Off', false],
    ['~', null],
    ['', null],
    ['0123', 83],
    ['0x1F', 31],
    ['0b101', 5],
    ['-0x1F', -31],
    ['1_000', 1000],
    ['1.10', 1.1],
    ['.5', 0.5],
    ['+1.5e+3', 1500],
    ['12:30:45', 45045],
    ['-1:30', -90],
    ['1:30.5', 90.5],
    ['012345678901', '012345678901'],
    ['2012-10-17', '2012-10-17'],
    ['2001-12-14 21:59:43.10 -5', '2001-12-14 21:59:43.10 -5'],
    ['y', 'y'],
    ['.inf', '.inf'],
    ['1e3', '1e3'],
    ['.', '.'],
    ['0o17', '0o17'],
    ["'0123'", '0123'],
    ['"a\\tb\\x41\\u00e9"', 'a\tbA\u00e9'],
    ['!!str 0123', '0123'],
    ['!!int "3"', 3],
    ['! 12', '12'],
    ['!<tag:yaml.org,2002:str> no', 'no'],
  ])('%s', (scalar, value) => {
    expect(data(`A: ${scalar}\n`)).toEqual({ A: value });
  });

  test('keys are the text that they are', () => {
    expect(data('On: 1\n0123: 2\n~: 3\n"q": 4\n')).toEqual({ On: 1, '0123': 2, '~': 3, q: 4 });
  });
});

describe('short tags', () => {
  test.each<[string, unknown]>([
    ['!Ref 0123', { Ref: '0123' }],
    ['!Condition yes', { Condition: 'yes' }],
    ['!GetAtt a.b.c', { 'Fn::GetAtt': 'a.b.c' }],
    ['!Anything {b: !Sub c}', { 'Fn::Anything': { b: { 'Fn::Sub': 'c' } } }],
    ['!Select [0, !GetAZs ""]', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }],
    ['!Ref', { Ref: '' }],
    ['!Sub\n  - a\n  - {b: 1}', { 'Fn::Sub': ['a', { b: 1 }] }],
    ['!Sub |\n  a\n  b', { 'Fn::Sub': 'a\nb\n' }],
  ])('%s', (value, expected) => {
    expect(data(`A: ${value}\n`)).toEqual({ A: expected });
  });

  test('the node begins at the tag, its value behind it', () => {
    const { root, text } = parseTemplate('A: !Sub &x "b"\n', 'template');
    const sub = valueOf(root, 'A') as MapNode;
    expect(sub.short).toBe(true);
    expect(text.slice(sub.start, sub.end)).toBe('!Sub &x "b"');
    const [entry] = sub.entries;
    expect(text.slice(entry!.keyStart, entry!.keyEnd)).toBe('!Sub');
    expect(text.slice(entry!.value.start, entry!.value.end)).toBe('"b"');
  });

  test('%TAG directives', () => {
    expect(data('%TAG !e! tag:yaml.org,2002:\n---\nA: !e!str 1\n')).toEqual({ A: '1' });
  });
});

describe('positions', () => {
  test.each<[string, string, readonly string[]]>([
    ['block scalars end before their last line break', 'A: |-\n  a\n  b\n\nB: 1\n', ['|-\n  a\n  b', '1']],
    ['those that keep line breaks do so', 'A: |+\n  a\n\n\nB: 1\n', ['|+\n  a\n\n', '1']],
    ['text over several lines', 'A: a\n  b\n  c # d\n', ['a\n  b\n  c']],
    ['quoted text', `A: "a # b"   # c\nB: 'it''s'\n`, ['"a # b"', "'it''s'"]],
    ['anchors and tags', 'A: &x !!str a\nB: !!str &y b\n', ['&x !!str a', '!!str &y b']],
    ['an empty value is behind its colon', 'A:   # a\nB:\n', ['', '']],
    ['explicit keys', '? A\n: b\n? C\n', ['b', '']],
    ['byte order mark, CRLF, document markers', '\uFEFF%YAML 1.1\r\n---\r\nA: b\r\n...\r\n', ['b']],
    ['a lone CR breaks lines', 'A: b\rC:\r  - d\r', ['b', 'd']],
    ['tabs in JSON', '{\n\t"A":\t"b"\n}', ['"b"']],
    ['what is no ASCII', 'A: [é😀, "\u00a0\u0085\u2028"]\n', ['é😀', '"\u00a0\u0085\u2028"']],
    [
      'JSON with a byte order mark and escapes',
      '\uFEFF{"\\u0041": "\\ud83d\\ude00", "B": 1.50}',
      ['"\\ud83d\\ude00"', '1.50'],
    ],
    ['JSON with comments and trailing commas is YAML', '{ # c\n"A": ["b",], }', ['"b"']],
  ])('%s', (_name, source, expected) => {
    expect(written(source)).toEqual(expected);
  });

  test('collections end with their last item', () => {
    const source = 'A:\n  B:\n  - c # d\n  # e\n\nF: {G: h} # i\n';
    const { root, text } = parseTemplate(source, 'template');
    const collections = [...nodesOf(root)].filter(({ kind }) => kind !== 'scalar');
    expect(collections.map(({ start, end }) => text.slice(start, end))).toEqual([
      'A:\n  B:\n  - c # d\n  # e\n\nF: {G: h}',
      'B:\n  - c',
      '- c',
      '{G: h}',
    ]);
    expect(collections.map(({ style }) => style)).toEqual(['block', 'block', 'block', 'flow']);
  });

  test.each(['\n', '\r\n', '\r'])('lines and columns, with %j', (lineBreak) => {
    const template = parseTemplate(`\uFEFFA: b${lineBreak}C: {"é😀": d}${lineBreak}`, 'dir/t.yaml');
    const at = (text: string): object => template.position(template.text.indexOf(text));
    expect(at('A')).toEqual({ file: 'dir/t.yaml', line: 1, column: 1 });
    expect(at('b')).toEqual({ file: 'dir/t.yaml', line: 1, column: 4 });
    expect(at('d}')).toEqual({ file: 'dir/t.yaml', line: 2, column: 12 });
  });

  test('a bracket may close, and quoted text go on, further left than YAML 1.2 wants', () => {
    const source = 'A:\n    B: [\n  1,\n2\n]\n    C: "d\ne"\n    F: {\n  G: h\n    }\n';
    expect(data(source)).toEqual({ A: { B: [1, 2], C: 'd e', F: { G: 'h' } } });
    expect(written(source)).toEqual(['1', '2', '"d\ne"', 'h']);
  });
});

describe('what can not be read', () => {
  test.each<[string, string, readonly string[]]>([
    ['nothing', '', ['t:1:1: this is not a template: there is nothing in it']],
    ['comments alone', '# a\n---\n', ['t:1:1: this is not a template: there is nothing in it']],
    ['a list', '\n- a\n', ['t:2:1: this is not a template but a list']],
    ['JSON of a list', '[1]', ['t:1:1: this is not a template but a list']],
    ['text', 'hello\n', ['t:1:1: this is not a template but a single value']],
    ['a tagged map', '!Foo {a: b}\n', ['t:1:1: this is not a template but a single value']],
    ['two documents', 'A: 1\n---\nB: 2\n', ['t:2:1: a second YAML document begins here, and a template is one']],
    [
      'a key twice',
      'A: 1\nB:\n  C: 1\n  "C": 2\nA: 3\n',
      ["t:4:3: the key 'C' is there twice, first at 3:3", "t:5:1: the key 'A' is there twice, first at 1:1"],
    ],
    ['a key twice in JSON', '{"A": 1,\n "\\u0041": 2}', ["t:2:2: the key 'A' is there twice, first at 1:2"]],
    ['a list as key', '? [a]\n: b\n', ['t:1:3: a key must be text, not a map or a list']],
    ['a missing key', 'A:\n  : b\n', ['t:2:3: a key is missing']],
    ['JSON with a mistake', '{"A": 1\n "B": 2}', ['t:2:2: a comma is missing before this']],
    ['a handle that is not declared', 'A: !e!x b\n', ['t:1:4: could not resolve tag: !e!x']],
  ])('%s', (_name, source, expected) => {
    expect(problems(source)).toEqual(expected);
  });

  test('all that no template can hold is said at once', () => {
    expect(problems('A: *b\nC: *d\n')).toHaveLength(2);
    expect(problems('? [a]\n: b\n? {c: d}\n: e\n')).toHaveLength(2);
  });

  test('a fragment may be anything but nothing', () => {
    expect(data('- a\n')).toEqual(['a']);
    expect(data('b')).toBe('b');
    expect(problems(' \n', 'fragment')).toEqual(['t:1:1: this is not a template: there is nothing in it']);
  });

  test.each<[string, (depth: number) => string]>([
    ['JSON', (depth) => `{"A":${'['.repeat(depth)}${']'.repeat(depth)}}`],
    ['flow YAML', (depth) => `A: ${'['.repeat(depth)}${']'.repeat(depth)}\n`],
    ['block YAML', (depth) => Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:\n`).join('')],
  ])('nesting that is too deep, in %s', (_name, nested) => {
    expect(problems(nested(400))).toEqual([]);
    expect(problems(nested(3000))).toEqual([expect.stringMatching(/^t:\d+:\d+: more than 500 levels of nesting$/)]);
  });
});

describe('names that JavaScript knows', () => {
  test.each(['__proto__: {a: 1}\nconstructor: 2\n', '{"__proto__": {"a": 1}, "constructor": 2}'])('%s', (source) => {
    const { root } = parseTemplate(source, 'template');
    const keys = isMap(root) ? root.entries.map(({ key }) => key) : [];
    expect(keys).toEqual(['__proto__', 'constructor']);
  });
});

test('a template of a megabyte, with every line at its place', () => {
  const resources = Array.from(
    { length: 8000 },
    (_, index) =>
      `  R${index}:\n    Type: !Sub "T${index}"\n    Properties: {Code: ./src/${index}, L: [a, b]} # ${'c'.repeat(60)}\n`,
  );
  const source = `Resources:\n${resources.join('')}`;
  expect(source.length).toBeGreaterThan(1_000_000);
  const { root, text } = parseTemplate(source, 'template');
  const codes = [...nodesOf(root)].filter(
    (node): node is TemplateNode & { value: string } => isString(node) && node.value.startsWith('./src/'),
  );
  expect(codes).toHaveLength(8000);
  expect(codes.every(({ start, end, value }) => text.slice(start, end) === value)).toBe(true);
});
