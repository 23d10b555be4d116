import { describe, expect, test } from '@jest/globals';
import { ArtifactErrors } from '../../../repository/error.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';

/** The message of the one problem, and its remedy. */
function mistake(source: string): { readonly message: string; readonly remedy: string } {
  try {
    parseTemplate(source, 't', { kind: 'fragment' });
  } catch (error) {
    if (!(error instanceof ArtifactErrors)) throw error;
    expect(error.code).toBe('INVALID_TEMPLATE');
    expect(error.problems).toHaveLength(1);
    const [{ message, remedy = '' } = { message: '' }] = error.problems;
    return { message, remedy };
  }
  throw new Error('there is no mistake');
}

describe('a mistake in YAML is told once, where it is, in plain words', () => {
  test.each<[string, string, string]>([
    ['a tab', 'A:\n  B: 1\n\tC: 2\n', 't:3:1: a tab stands in the indentation, and YAML indents with blanks only'],
    [
      'tabs in every line',
      `Resources:\n${'\tF:\n\t\tType: X\n'.repeat(200)}`,
      't:2:1: a tab stands in the indentation, and YAML indents with blanks only',
    ],
    [
      'a line too far in',
      'A:\n  B: 1\n    C: 2\n',
      't:3:5: this line is indented further than the one before, which has its value already',
    ],
    [
      'a line too far out',
      'A:\n    B: 1\n  C: 2\nD: 3\n',
      't:3:3: this line is indented otherwise than those that it belongs to',
    ],
    [
      'an item too far out',
      'A:\n  - a\n - b\n',
      't:3:2: this item is indented otherwise than its list, or stands among keys',
    ],
    ['a double quote', 'A: "abc\nB: 1\nC: 2\n', 't:1:4: the quote " that opens here is never closed'],
    ['a single quote', "A: 'abc\nB: 1\nC: 2\n", "t:1:4: the quote ' that opens here is never closed"],
    [
      'a quote that another closes',
      'A:\n  B: !Sub "${x}\nC: !Sub "y"\nD: [e]\n',
      't:2:11: the quote " that opens here closes only at 3:9',
    ],
    [
      'a list in brackets',
      'A:\n  B: [a, b\n  C: !Ref D\nE:\n  - x\n',
      't:2:6: the bracket [ that opens here is never closed',
    ],
    ['a map in brackets', 'A: {a: b\nB: 1\nC: 2\n', 't:1:4: the bracket { that opens here is never closed'],
    ['the other bracket', 'A: [a, b}\nB: {c: d]\n', 't:1:9: a ] is missing before this'],
    ['a bracket too many', 'A: ]\n', 't:1:4: this ] closes nothing'],
    ['a missing colon', 'Resources:\n  Foo\n    Type: X\n', 't:2:3: a colon is missing behind this key'],
    ['a missing colon at the end', 'A: 1\nB\n', 't:2:1: a colon is missing behind this key'],
    ['a missing blank', 'A:\n  B:1\n  C: 2\n', "t:2:3: a blank is missing behind 'B:'"],
    [
      'a colon in a value',
      'Description: Foo: bar\n',
      't:1:14: this value holds a colon with a blank behind it, which makes a key of it',
    ],
    ['a character that begins no value', 'A: @b\nC: `d\n', 't:1:4: a value that begins with @ needs quotes'],
    ['a star alone', 'A:\n  - *\n', 't:2:5: a value that begins with * needs quotes'],
    ['a path of Windows', 'A: "C:\\path"\n', 't:1:7: \\p means nothing in double quotes'],
    ['two tags', 'A: !Artifact !Sub x\n', "t:1:14: '!Sub' can't stand right behind '!Artifact': a value has one tag"],
    [
      'a merge conflict',
      'A: 1\n<<<<<<< HEAD\nB: 1\n=======\nB: 2\n>>>>>>> x\n',
      't:2:1: the mark of a merge conflict is left here',
    ],
    [
      'dashes in brackets',
      'A: [\n  - b\n]\n',
      't:2:3: inside of brackets there are no lines with dashes or keys of their own',
    ],
    ['a comma too many', 'A: [a,,b]\n', 't:1:7: a value is missing before this comma'],
    ['text behind a pipe', 'A: | b\n', "t:1:6: text behind '|' or '>' begins on the next line"],
    ['text behind a value', "A: 'it's'\n", 't:1:8: this stands behind the end of a value'],
  ])('%s', (_name, source, message) => {
    expect(mistake(source).message).toBe(message);
  });

  test('two tags: the long form is shown', () => {
    expect(mistake('A: !Artifact !Sub x\n').remedy).toContain(
      `Write the outer one in its long form: '{"Fn::Artifact": !Sub …}', or 'Fn::Artifact: !Sub …' on a line of its own below the key.`,
    );
    expect(() => parseTemplate('A: {"Fn::Artifact": !Sub x}\nB:\n  Fn::Artifact: !Sub x\n', 't')).not.toThrow();
  });
});

describe('a mistake in JSON', () => {
  test.each<[string, string]>([
    ['{"A": 1\n "B": 2}', 't:2:2: a comma is missing before this'],
    ['{"A" 1}', 't:1:6: a colon is missing before this'],
    ['{"A": 1}}', 't:1:9: something stands behind the end of the template'],
    ['{"A": {"B": 1}', 't:1:15: the text ends before its last } is there'],
    ['{"A": {"B": [1, 2}, "C": 1}', 't:1:18: this } closes another bracket than the open one'],
    ['{"A": [1, "B": 3}', 't:1:14: a colon stands where no key is'],
    ['{"A": {"B": 1}, "D": "e}', 't:1:22: the quote " that opens here is not closed on its line'],
  ])('%s', (source, message) => {
    expect(mistake(source).message).toBe(message);
  });
});

describe('JSON with comments, which YAML would read as something else', () => {
  test.each([
    ['{\n  // why\n  "Resources": {}\n}', 't:2:3: JSON has no comments'],
    ['\uFEFF// why\n{"Resources": {}}', 't:1:1: JSON has no comments'],
    ['{"A": {"B": 1, /* c */},}', 't:1:16: JSON has no comments'],
  ])('%j', (source, message) => {
    expect(mistake(source).message).toBe(message);
  });

  test.each(['{"A": "http://x", "B": "/* c */",}', '{A: //x}\n', '{"A": 1} # c\n'])(
    'there are none in %j',
    (source) => {
      expect(() => parseTemplate(source, 't')).not.toThrow();
    },
  );
});

describe('the line of a mistake', () => {
  test('with a caret below its column', () => {
    expect(mistake('A:\n  B: 1\n\tC: 2\n').remedy).toBe('3 | \tC: 2\n  | ^\nWrite blanks in its place.');
    expect(mistake('\uFEFFA: @b\r\n').remedy).toMatch(/^1 \| A: @b\n {2}\| {4}\^\n/);
    const tenth = mistake(`${'# c\n'.repeat(9)}\tA\t: @\t\n`);
    expect(tenth.remedy.split('\n').slice(0, 2)).toEqual(['10 | \tA\t: @\t', '   | ^']);
  });

  test('of a long line there is a part', () => {
    const { message, remedy } = mistake(`{"A": "${'x'.repeat(300)}", "B" 2, "C": "${'y'.repeat(300)}"}`);
    expect(message).toBe('t:1:315: a colon is missing before this');
    const [line = '', caret = ''] = remedy.split('\n');
    expect(line).toMatch(/^1 \| …x+", "B" 2, "C": "y+…$/);
    expect(line.charAt(caret.indexOf('^'))).toBe('2');
    expect(line.length).toBeLessThan(120);
  });

  test('a terminal is not moved by it', () => {
    expect(mistake('A: "\u001b[2J" b\n').remedy).toMatch(/^1 \| A: "·\[2J" b\n/);
  });
});
