import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDocument, visit } from 'yaml';
import { ArtifactErrors } from '../../../repository/error.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import { documents } from './documents.ts';
import { dataOf, readIndependently } from './independent.ts';

function expand(source: string): string {
  return parseTemplate(source, 'template.yaml', { kind: 'fragment' }).text;
}

function problems(source: string): string[] {
  try {
    parseTemplate(source, 't.yaml', { kind: 'fragment' });
  } catch (error) {
    if (!(error instanceof ArtifactErrors)) throw error;
    expect(error.problems.every(({ remedy }) => remedy !== undefined)).toBe(true);
    return error.problems.map(({ message }) => message);
  }
  return [];
}

/** What each shape of a document becomes: [what it shows, before, after]. */
const CASES: readonly (readonly [string, string, string])[] = [
  ['a scalar', 'a: &x ./src # why\nb: *x # where\n', 'a: &x ./src # why\nb: ./src # where\n'],
  ['a quoted scalar', 'a: &x "./s\\trc"\nb: *x\n', 'a: &x "./s\\trc"\nb: "./s\\trc"\n'],
  ['a tagged scalar', 'a: &x !Ref P\nb: *x\n', 'a: &x !Ref P\nb: !Ref P\n'],
  ['an anchor behind the tag', 'a: !Ref &x P\nb: *x\n', 'a: !Ref &x P\nb: !Ref P\n'],
  ['nothing', 'a: &x\nb: *x\n', 'a: &x\nb: null\n'],
  ['nothing behind a tag', 'a: &x !Ref\nb: *x\n', 'a: &x !Ref\nb: !Ref ""\n'],
  [
    'text over several lines',
    'a: &x one\n  two\n\n  three\nd:\n    e: *x\n',
    'a: &x one\n  two\n\n  three\nd:\n    e: one\n      two\n\n      three\n',
  ],
  [
    'a block map, deeper',
    'A: &a\n  Type: T # what\n  Sub:\n    - 1\nR:\n    B: *a\n',
    'A: &a\n  Type: T # what\n  Sub:\n    - 1\nR:\n    B:\n      Type: T # what\n      Sub:\n        - 1\n',
  ],
  [
    'a block map with a comment behind the alias',
    'A: &a\n  T: 1\nB: *a # same\nC: 2\n',
    'A: &a\n  T: 1\nB: # same\n  T: 1\nC: 2\n',
  ],
  ['an alias on its own line', 'A: &a\n  T: 1\nB:\n    *a # c\n', 'A: &a\n  T: 1\nB:\n    # c\n    T: 1\n'],
  ['a block map in a list', 'A: &a\n  T: 1\n  U: 2\nL:\n- *a\n', 'A: &a\n  T: 1\n  U: 2\nL:\n- T: 1\n  U: 2\n'],
  ['a list at its key', 'A: &a\n- 1\n- 2\nR:\n  B: *a\n', 'A: &a\n- 1\n- 2\nR:\n  B:\n  - 1\n  - 2\n'],
  [
    'a tagged block map',
    'A: &a !Foo\n  T: 1\nB: *a\nC:\n  - *a\n',
    'A: &a !Foo\n  T: 1\nB: !Foo\n  T: 1\nC:\n  - !Foo\n    T: 1\n',
  ],
  [
    'a block scalar',
    'R:\n    A: &a |-\n      one\n        two\n\n      three\nB: *a # c\n',
    'R:\n    A: &a |-\n      one\n        two\n\n      three\nB: |- # c\n  one\n    two\n\n  three\n',
  ],
  ['a block scalar with an indicator', 'A: &a |2\n   one\nR:\n  - *a\n', 'A: &a |2\n   one\nR:\n  - |2\n     one\n'],
  [
    'a block scalar that keeps its line breaks',
    'A: &a |+\n  one\n\nB: *a\n\nC: 1\n',
    'A: &a |+\n  one\n\nB: "one\\n\\n"\n\nC: 1\n',
  ],
  [
    'a block scalar inside of a copy',
    'A: &a\n  U: |\n    #!/bin/sh\n    x\nR:\n    B: *a\n',
    'A: &a\n  U: |\n    #!/bin/sh\n    x\nR:\n    B:\n      U: |\n        #!/bin/sh\n        x\n',
  ],
  ['a flow map', 'A: &a {T: [1, &b 2], U: *b}\nB: *a\n', 'A: &a {T: [1, &b 2], U: 2}\nB: {T: [1, 2], U: 2}\n'],
  [
    'a flow map over lines',
    'R:\n  S:\n    A: &a {\n      T: 1 # c\n    }\nB: *a\n',
    'R:\n  S:\n    A: &a {\n      T: 1 # c\n    }\nB: {\n  T: 1 # c\n }\n',
  ],
  [
    'a block map in flow',
    'A: &a\n  T: "x"\n  U: [a, b]\n  V:\n    - c, d\nB: {C: *a}\n',
    'A: &a\n  T: "x"\n  U: [a, b]\n  V:\n    - c, d\nB: {C: {T: "x", U: [a, b], V: ["c, d"]}}\n',
  ],
  ['a key', 'A: &a Name\nB:\n  *a : 1\nC: {*a : 2}\n', 'A: &a Name\nB:\n  Name : 1\nC: {Name : 2}\n'],
  ['an anchored key', '&k A: 1\nB: *k\n', '&k A: 1\nB: A\n'],
  ['an anchor that is set again', 'A: &x 1\nB: *x\nC: &x 2\nD: *x\n', 'A: &x 1\nB: 1\nC: &x 2\nD: 2\n'],
  [
    'nested anchors',
    'A: &a\n  B: &b\n    C: 1\n  D: *b\nE: *a\nF: *b\n',
    'A: &a\n  B: &b\n    C: 1\n  D:\n    C: 1\nE:\n  B:\n    C: 1\n  D:\n    C: 1\nF:\n  C: 1\n',
  ],
  [
    'a merge',
    'A: &a\n  T: 1\n  U: 2\nB:\n  <<: *a # base\n  U: 3\n',
    'A: &a\n  T: 1\n  U: 2\nB:\n  # base\n  T: 1\n  U: 3\n',
  ],
  [
    'a merge of several',
    'A: &a {T: 1}\nB: &b\n  T: 2\n  U:\n    - 3\nC:\n  V: 4\n  <<: [*a, *b]\n',
    'A: &a {T: 1}\nB: &b\n  T: 2\n  U:\n    - 3\nC:\n  V: 4\n  T: 1\n  U:\n    - 3\n',
  ],
  [
    'a merge of what is merged itself',
    'A: &a\n  T: 1\nB: &b\n  <<: *a\n  U: 2\nC:\n  <<: *b\n',
    'A: &a\n  T: 1\nB: &b\n  T: 1\n  U: 2\nC:\n  U: 2\n  T: 1\n',
  ],
  ['a merge into a list item', 'A: &a\n  T: 1\nL:\n  - <<: *a\n    U: 2\n', 'A: &a\n  T: 1\nL:\n  - T: 1\n    U: 2\n'],
  ['a merge in flow', 'A: &a\n  T: 1\nB: {<<: *a, U: 2}\n', 'A: &a\n  T: 1\nB: {T: 1, U: 2}\n'],
  ['a merge that brings nothing, first', 'A: &a {T: 1}\nB:\n  <<: *a\n  T: 2\n', 'A: &a {T: 1}\nB:\n  T: 2\n'],
  [
    'a merge that brings nothing, last',
    'A: &a {T: 1}\nB:\n  T: 2 # t\n  <<: *a\nC: 3\n',
    'A: &a {T: 1}\nB:\n  T: 2 # t\nC: 3\n',
  ],
  ['a merge of an empty map', 'A: &a {}\nB:\n  <<: *a\nC: {<<: *a}\n', 'A: &a {}\nB:\n  {}\nC: {}\n'],
  [
    'a merge that brings nothing, in flow',
    'A: &a {T: 1}\nB: {<<: *a, T: 2}\nC: {T: 2, <<: *a}\n',
    'A: &a {T: 1}\nB: {T: 2}\nC: {T: 2}\n',
  ],
  [
    'an explicit key',
    'A: &a\n  ? T\n  : - 1\n    - 2\nR:\n  B:\n    ? k\n    : *a\n',
    'A: &a\n  ? T\n  : - 1\n    - 2\nR:\n  B:\n    ? k\n    : ? T\n      : - 1\n        - 2\n',
  ],
  [
    'CRLF',
    'A: &a\r\n  T: 1\r\n  U: |\r\n    x\r\nB: *a\r\n',
    'A: &a\r\n  T: 1\r\n  U: |\r\n    x\r\nB:\r\n  T: 1\r\n  U: |\r\n    x\r\n',
  ],
  ['a byte order mark and no last line break', '\uFEFFA: &a\n  T: 1\nB: *a', '\uFEFFA: &a\n  T: 1\nB:\n  T: 1'],
  [
    'an alias further left than its anchor',
    'R:\n      A: &a\n        T:\n                - x\n  # left\n        U: 1\nB: *a\n',
    'R:\n      A: &a\n        T:\n                - x\n  # left\n        U: 1\nB:\n  T:\n          - x\n  # left\n  U: 1\n',
  ],
];

describe('aliases', () => {
  test.each(CASES)('%s', (_name, before, after) => {
    expect(expand(before)).toBe(after);
    expect(dataOf(parseTemplate(after, 'template.yaml', { kind: 'fragment' }).root)).toEqual(
      readIndependently(before)?.data,
    );
  });

  test('a quoted << is a key like any other', () => {
    const source = 'A: {"<<": 1}\n';
    expect(expand(source)).toBe(source);
  });

  test('a position inside of a copy is where it was written', () => {
    const source = 'A: &a\n  Type: T\n  Code: ./src\nR:\n    B: *a\n    C: ./c\n';
    const template = parseTemplate(source, 'f.yaml', { kind: 'fragment' });
    expect(template.position(template.text.lastIndexOf('./src'))).toEqual({ file: 'f.yaml', line: 3, column: 9 });
    expect(template.position(template.text.indexOf('./c'))).toEqual({ file: 'f.yaml', line: 6, column: 8 });
  });
});

describe('aliases that can not be expanded', () => {
  test.each([
    ['no anchor', 'a: *x\n', "t.yaml:1:4: the alias '*x' names no anchor before it"],
    ['inside of itself', 'a: &x\n  b: *x\n', "t.yaml:2:6: the alias '*x' stands inside of what it names"],
    ['merged into itself', 'a: &x\n  <<: *x\n', "t.yaml:2:7: the alias '*x' stands inside of what it names"],
    ['a merge of text', 'a: &x 1\nb:\n  <<: *x\n', "t.yaml:3:7: '<<' takes a map or a list of maps"],
    ['a merge of texts', 'a: &x [1]\nb:\n  <<: *x\n', "t.yaml:1:8: '<<' takes a map or a list of maps"],
    ['two merges', 'a: &x {}\nb:\n  <<: *x\n  <<: *x\n', "t.yaml:4:3: the key '<<' is there twice, first at 3:3"],
    ['a map as a key', 'a: &x {}\nb:\n  *x : 1\n', "t.yaml:3:3: the alias '*x' is a key, and a key must be text"],
    ['a key twice', 'a: &x k\nb:\n  *x : 1\n  k: 2\n', "t.yaml:4:3: the key 'k' is there twice, first at 1:7"],
  ])('%s', (_name, source, message) => {
    expect(problems(source)).toEqual([message]);
  });

  test('a billion laughs', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
    const source = `l0: &l0 lol\n${levels.join('\n')}\n`;
    expect(problems(source)).toEqual([
      't.yaml:2:10: with its aliases written out, the template has more than 4 million characters',
    ]);
  });

  test('a billion merges', () => {
    const levels = Array.from({ length: 40 }, (_, i) => `m${i + 1}: &m${i + 1}\n  a${i}: *m${i}\n  b${i}: *m${i}\n`);
    expect(problems(`m0: &m0\n  a: 1\n${levels.join('')}`)).toEqual([
      't.yaml:4:7: with its aliases written out, the template has more than 4 million characters',
    ]);
  });

  test('merges that grow with each other', () => {
    const chain = Array.from({ length: 3000 }, (_, i) => `m${i + 1}: &m${i + 1}\n  <<: *m${i}\n  k${i}: 1\n`);
    expect(problems(`m0: &m0 {a: 1}\n${chain.join('')}`)).toEqual([
      't.yaml:3:7: with its aliases written out, the template has more than 4 million characters',
    ]);
  });

  test('a long chain is no problem', () => {
    const chain = Array.from({ length: 2000 }, (_, i) => `m${i + 1}: &m${i + 1}\n  <<: *m${i}\n`);
    expect(expand(`m0: &m0 {a: 1}\n${chain.join('')}`).match(/^ {2}a: 1$/gm)).toHaveLength(2000);
  });

  test('nor are many aliases of one anchor', () => {
    const aliases = Array.from({ length: 5000 }, (_, i) => `  r${i}: *a\n`);
    expect(expand(`a: &a\n  b: c\nR:\n${aliases.join('')}`).match(/^ {4}b: c$/gm)).toHaveLength(5000);
  });
});

test('the expanded text has the same data and no alias', () => {
  let compared = 0;
  let withAliases = 0;
  fc.assert(
    fc.property(documents, (source) => {
      const independent = read(source);
      if (independent === undefined) return;
      compared += 1;
      const template = parseTemplate(source, 'template.yaml', { kind: 'fragment' });
      expect(dataOf(template.root)).toEqual(independent.data);
      expect(readIndependently(template.text)?.data).toEqual(independent.data);
      if (template.text !== source) withAliases += 1;
      let aliases = 0;
      visit(parseDocument(template.text, { logLevel: 'silent', schema: 'failsafe' }), {
        Alias: () => void (aliases += 1),
      });
      expect(aliases).toBe(0);
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
  );
  expect(compared).toBeGreaterThan(250);
  expect(withAliases).toBeGreaterThan(100);
});

/** Undefined where the printer made something that no reader takes, or a tree that holds itself. */
function read(source: string): { readonly data: unknown } | undefined {
  try {
    return readIndependently(source);
  } catch {
    return undefined;
  }
}
