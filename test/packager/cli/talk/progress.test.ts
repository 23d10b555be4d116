import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createProgress } from '../../../../packager/cli/talk/progress.ts';
import { createWarnings } from '../../../../packager/cli/talk/warnings.ts';
import type { PackagerEvent } from '../../../../packager/event.ts';
import type { RecordedTerminal } from '../../../support/terminal.ts';
import { recordedTerminal } from '../../../support/terminal.ts';

const DISPLAY = { json: false, quiet: false, progressBar: true, color: 'off', debug: false } as const;

const UPLOADED = event({ kind: 'published', subject: 'shop/api', outcome: 'uploaded', size: 1536, name: 'arn:x' });
const REUSED = event({ kind: 'published', subject: 'shop/web', outcome: 'reused', size: 1, name: 'arn:y' });
const WARNING = event({
  kind: 'warning',
  warning: {
    code: 'secret-in-archive',
    message: "'.env' goes into the archive",
    place: { file: 't.yaml', line: 3, column: 5 },
    remedy: 'Exclude it.',
  },
});
const WARNED = "warning: t.yaml:3:5: '.env' goes into the archive\n  Exclude it.\n";

function event<E extends PackagerEvent>(value: E): E {
  return value;
}

function tell(
  terminal: RecordedTerminal,
  events: readonly PackagerEvent[],
  display: Partial<typeof DISPLAY> | object = {},
): string {
  const progress = createProgress(terminal, { ...DISPLAY, ...display }, createWarnings(terminal, DISPLAY));
  for (const one of events) progress.reporter(one);
  progress.stop();
  progress.stop();
  expect(terminal.stdout.text).toBe('');
  return terminal.stderr.text;
}

const WALK = event({ kind: 'progress', stage: 'walk', subject: 'src', done: 1200 });
const UPLOAD = event({ kind: 'progress', stage: 'upload', subject: 'shop/api', done: 512, total: 1024 });

describe('createProgress() without a terminal', () => {
  test('has a line for what was sent, and each warning once', () => {
    const text = tell(recordedTerminal(), [WALK, UPLOAD, UPLOADED, REUSED, WARNING, WARNING]);
    expect(text).toBe(`uploaded shop/api (1.5 KiB) as arn:x\n${WARNED}`);
  });

  test('tells the warnings in file order as soon as all is read, and later ones at the end', () => {
    const at = (line: number, code: string, remedy?: string): PackagerEvent => ({
      kind: 'warning',
      warning: {
        code,
        message: code,
        place: { file: 't.yaml', line, column: 1 },
        ...(remedy !== undefined && { remedy }),
      },
    });
    const events = [
      at(9, 'x', 'Do x.'),
      at(10, 'y', 'Do y.'),
      at(2, 'x', 'Do x.'),
      WALK,
      UPLOADED,
      at(1, 'x', 'Do x.'),
    ];
    expect(tell(recordedTerminal(), events)).toBe(
      [
        'warning: t.yaml:2:1: x',
        'warning: t.yaml:9:1: x',
        '  Do x.',
        'warning: t.yaml:10:1: y',
        '  Do y.',
        'uploaded shop/api (1.5 KiB) as arn:x',
        'warning: t.yaml:1:1: x',
        '',
      ].join('\n'),
    );
  });

  test('says of a dry run what would be sent, and with debug what was reused', () => {
    const planned = { ...UPLOADED, outcome: 'planned' } as const;
    expect(tell(recordedTerminal(), [planned])).toBe('would upload shop/api\n');
    expect(tell(recordedTerminal(), [REUSED], { debug: true })).toBe('reused shop/web (1 B) as arn:y\n');
  });

  test.each([{ quiet: true }, { json: true }])('has only warnings with %j', (display) => {
    expect(tell(recordedTerminal(), [UPLOAD, UPLOADED, WARNING], display)).toBe(WARNED);
  });
});

describe('createProgress() on a terminal', () => {
  /** Bars are drawn by a timer: this is what stands there as soon as it has run. */
  async function drawnBy(columns: number, events: readonly PackagerEvent[]): Promise<readonly string[]> {
    const terminal = recordedTerminal({ columns });
    const progress = createProgress(terminal, DISPLAY, createWarnings(terminal, DISPLAY));
    for (const one of events) progress.reporter(one);
    while (!terminal.stderr.text.includes('Uploading')) await new Promise((resolve) => setTimeout(resolve, 10));
    progress.stop();
    return stripVTControlCharacters(terminal.stderr.text)
      .split('\n')
      .map((line) => line.trimEnd());
  }

  test('draws a bar for each stage, of all that goes on in it', async () => {
    const lines = await drawnBy(100, [
      WALK,
      UPLOAD,
      { ...UPLOAD, subject: 'b', done: 0, total: 1024 },
      { ...UPLOAD, subject: 'b', done: 256, total: 1024 },
    ]);
    expect(lines.slice(0, 2)).toEqual([
      'Reading    1,200 files',
      'Uploading  [=========               ]  37%  768 B of 2 KiB',
    ]);
  });

  test('draws no wider than the terminal', async () => {
    const [, bar] = await drawnBy(30, [WALK, UPLOAD]);
    expect(bar).toBe('Uploading  [============');
  });

  test('takes the bars away before a line, and at the end', () => {
    const text = tell(recordedTerminal({ columns: 100 }), [UPLOAD, UPLOADED, UPLOAD]);
    const erase = '\u001b[0J';
    expect(text.indexOf(erase)).toBeGreaterThanOrEqual(0);
    expect(text.indexOf(erase)).toBeLessThan(text.indexOf('uploaded shop/api'));
    expect(text.lastIndexOf(erase)).toBeGreaterThan(text.indexOf('uploaded shop/api'));
    expect(text.endsWith('\n')).toBe(false);
  });

  test.each<[string, object, Record<string, string>]>([
    ['--no-progressbar', { progressBar: false }, {}],
    ['CI', {}, { CI: 'true' }],
    ['--quiet', { quiet: true }, {}],
    ['--json', { json: true }, {}],
  ])('draws none with %s', (_what, display, env) => {
    expect(tell(recordedTerminal({ columns: 100, env }), [WALK, UPLOAD, UPLOADED], display)).not.toContain('\u001b');
  });

  test('CI=false is no CI', () => {
    expect(tell(recordedTerminal({ columns: 100, env: { CI: 'false' } }), [UPLOAD])).toContain('\u001b');
  });
});
