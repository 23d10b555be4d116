import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Column } from '../../../../packager/cli/talk/report.ts';
import { formatSize } from '../../../../packager/size.ts';
import {
  formatDate,
  formatFields,
  formatTable,
  GrowingTable,
  reportFailure,
  writeJson,
  writeJsonList,
} from '../../../../packager/cli/talk/report.ts';
import { ArtifactError, ArtifactErrors } from '../../../../repository/error.ts';
import { recordedTerminal } from '../../../support/terminal.ts';

describe('formatTable()', () => {
  const columns: readonly Column[] = [
    { title: 'ARTIFACT' },
    { title: 'SIZE', align: 'right' },
    { title: 'PATH', shrinks: true },
  ];
  const rows = [
    ['default/shop/api', '1.5 KiB', 'functions/orders/src'],
    ['default/x', '9 B', 'x'],
  ];

  test('lines up its columns', () => {
    expect(formatTable(columns, rows)).toBe(
      [
        'ARTIFACT             SIZE  PATH',
        'default/shop/api  1.5 KiB  functions/orders/src',
        'default/x             9 B  x',
        '',
      ].join('\n'),
    );
  });

  test('cuts what may be cut where the terminal is narrow', () => {
    expect(formatTable(columns, rows, 40)).toBe(
      [
        'ARTIFACT             SIZE  PATH',
        'default/shop/api  1.5 KiB  functions/or…',
        'default/x             9 B  x',
        '',
      ].join('\n'),
    );
  });

  test('becomes paragraphs rather than cut a name', () => {
    expect(formatTable(columns, rows, 30)).toBe(
      [
        'default/shop/api',
        '  SIZE  1.5 KiB',
        '  PATH  functions/orders/src',
        'default/x',
        '  SIZE  9 B',
        '  PATH  x',
        '',
      ].join('\n'),
    );
  });

  test('counts characters as people do', () => {
    expect(
      formatTable(
        [{ title: 'A' }, { title: 'B' }],
        [
          ['héllo👩‍👩‍👧', 'x'],
          ['hello!', 'y'],
        ],
      ),
    ).toBe('A       B\nhéllo👩‍👩‍👧  x\nhello!  y\n');
  });

  test('never loses what may not be cut, nor passes the width as a table', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 20, max: 120 }),
        (table, width) => {
          const text = formatTable(columns, table, width);
          for (const [name, size] of table) {
            expect(text).toContain(name);
            expect(text).toContain(size);
          }
          if (text.startsWith('ARTIFACT')) {
            expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});

test('formatFields() keeps values whole, in one column', () => {
  const arn = `arn:aws:artifacts:local:000000000000:default/shop/api:3@sha256:${'0'.repeat(64)}`;
  expect(
    formatFields([
      ['Arn', arn],
      ['Published', 'x'],
      ['Empty', ''],
    ]),
  ).toBe(`Arn        ${arn}\nPublished  x\nEmpty\n`);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 KiB'],
  [1023, '1 KiB'],
  [1536, '1.5 KiB'],
  [102_348, '99.9 KiB'],
  [102_400, '100 KiB'],
  [1_048_063, '1 MiB'],
  [52_428_800, '50 MiB'],
  [2 ** 31, '2 GiB'],
  [2 ** 41, '2 TiB'],
  [2 ** 51, '2048 TiB'],
])('formatSize(%d) is %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test('formatDate() is to the minute in UTC', () => {
  expect(formatDate(new Date('2026-11-21T05:07:59.999+02:00'))).toBe('2026-11-21 03:07Z');
});

describe('GrowingTable', () => {
  const columns: readonly Column[] = [{ title: 'ID' }, { title: 'SIZE', align: 'right' }, { title: 'X' }];

  test('is as formatTable() has it where it is short, each time anew', async () => {
    const terminal = recordedTerminal();
    const table = new GrowingTable(terminal, columns);
    const rows = [
      ['long one', '1', 'x'],
      ['b', '2', 'y'],
    ];
    for (let turn = 0; turn < 2; turn++) {
      for (const row of rows) await table.add(row);
      await table.end();
    }
    await table.end();
    expect(terminal.stdout.text).toBe(formatTable(columns, rows).repeat(2));
    expect(table.rows).toBe(4);
  });

  test('has its titles once however long it is, and columns that only grow', async () => {
    const terminal = recordedTerminal();
    const table = new GrowingTable(terminal, columns);
    const COUNT = 1000;
    for (let index = 0; index < COUNT; index++) {
      await table.add([index === 250 ? 'much longer' : `n${index}`, `${index}`, 'x']);
      // Of so many only the last few may not be written.
      expect(table.rows - terminal.stdout.text.split('\n').length).toBeLessThan(250);
    }
    await table.end();
    const lines = terminal.stdout.text.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('ID'))).toEqual(['ID    SIZE  X']);
    expect(lines).toHaveLength(COUNT + 1);
    expect(lines[1]).toBe('n0       0  x');
    expect(lines.at(-1)).toBe('n999          999  x');
  });
});

describe('writeJsonList()', () => {
  async function* counted(to: number, error?: Error): AsyncGenerator<object> {
    for (let n = 1; n <= to; n++) yield { n, in: { a: [n] } };
    if (error !== undefined) throw error;
  }

  test.each([0, 1, 2, 250])('writes the same document as writeJson(), with %i items', async (count) => {
    const [terminal, whole] = [recordedTerminal(), recordedTerminal()];
    await writeJsonList(terminal, 'items', counted(count));
    writeJson(terminal, { warnings: [] });
    const items: object[] = [];
    for await (const item of counted(count)) items.push(item);
    writeJson(whole, { items, warnings: [] });
    expect(terminal.stdout.text).toBe(whole.stdout.text);
    // What is written next is a document of its own again.
    writeJson(terminal, { a: 1 });
    expect(terminal.stdout.text).toBe(`${whole.stdout.text}{\n  "a": 1\n}\n`);
  });

  test.each([0, 3])('leaves one document where the listing fails after %i items', async (count) => {
    const terminal = recordedTerminal();
    const error = new ArtifactError('STORE_UNAVAILABLE', 'gone');
    await expect(writeJsonList(terminal, 'items', counted(count, error))).rejects.toBe(error);
    expect(reportFailure(terminal, error, { json: true, debug: false, color: 'off' })).toBe(4);
    const document = JSON.parse(terminal.stdout.text) as Record<string, unknown>;
    expect(document['error']).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(Object.keys(document)).toEqual(count === 0 ? ['error', 'warnings'] : ['items', 'error', 'warnings']);
  });
});

describe('many problems of one kind', () => {
  const link = (line: number, name: number, remedy = 'Leave it out.'): ArtifactError =>
    new ArtifactError('PATH_OUTSIDE_PROJECT', `'${line}-${name}' leads astray`, {
      remedy,
      place: { file: 't.yaml', line, column: 1 },
    });
  const links = (line: number, count: number): readonly ArtifactError[] =>
    Array.from({ length: count }, (_, index) => link(line, index));

  test('are told as far as people read, and all of them to a script', () => {
    const error = new ArtifactErrors([link(1, 0, 'Correct it.'), ...links(2, 700), ...links(3, 11), link(4, 0)]);
    const people = recordedTerminal({});
    reportFailure(people, error, { json: false, debug: false, color: 'off' });
    const lines = people.stderr.text.split('\n');
    expect(lines.filter((line) => line.includes(':2:1:'))).toHaveLength(11);
    expect(lines).toContain('error: t.yaml:2:1: 690 others of this kind, which --json tells');
    expect(lines.filter((line) => line.includes(':3:1:'))).toHaveLength(11);
    expect(lines).toContain("error: t.yaml:3:1: '3-10' leads astray");
    expect(lines).toContain("error: t.yaml:4:1: '4-0' leads astray");
    expect(lines).toContain('713 problems');
    expect(lines.filter((line) => line === '  Leave it out.')).toHaveLength(1);
    const script = recordedTerminal({});
    reportFailure(script, error, { json: true, debug: false, color: 'off' });
    expect((JSON.parse(script.stdout.text) as { error: { problems: object[] } }).error.problems).toHaveLength(713);
  });
});

test('what a message repeats of others does nothing to the terminal, and is whole for a script', () => {
  const error = new ArtifactError('INVALID_TEMPLATE', "'A\u001b[31m\u202e' is\n\tno resource", {
    remedy: 'Rename \u0007A:\nmv a b',
  });
  const people = recordedTerminal({});
  reportFailure(people, error, { json: false, debug: false, color: 'off' });
  expect(people.stderr.text).toBe("error: 'A\\x1b[31m\\u202e' is\n\tno resource\n  Rename \\x07A:\n  mv a b\n");
  const script = recordedTerminal({});
  reportFailure(script, error, { json: true, debug: false, color: 'off' });
  expect(JSON.parse(script.stdout.text)).toMatchObject({ error: { message: error.message, remedy: error.remedy } });
});
