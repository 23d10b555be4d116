import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { INTERRUPTED, paletteFor, terminalOf } from '../../../packager/cli/terminal.ts';
import { recordedTerminal } from '../../support/terminal.ts';

function streams(isTTY: boolean): { stdin: PassThrough; stdout: PassThrough; stderr: PassThrough } {
  const make = (): PassThrough => Object.assign(new PassThrough(), { isTTY, columns: 100 });
  return { stdin: make(), stdout: make(), stderr: make() };
}

const never = new AbortController().signal;
const surroundings = { env: {}, cwd: () => '/work' };

describe('terminalOf()', () => {
  test('has columns only where somebody looks at them', () => {
    expect(terminalOf({ ...streams(true), ...surroundings }, never).stderr).toMatchObject({
      isTTY: true,
      columns: 100,
    });
    expect(terminalOf({ ...streams(false), ...surroundings }, never).stdout).toMatchObject({
      isTTY: false,
      columns: undefined,
    });
  });

  test('is flushed when a slow reader has taken everything, bytes as text', async () => {
    const { stdin, stderr } = streams(false);
    const stdout = new PassThrough({ highWaterMark: 1 });
    const terminal = terminalOf({ stdin, stdout, stderr, ...surroundings }, never);
    const read: Buffer[] = [];
    terminal.stdout.write('one ');
    terminal.stdout.write(Buffer.from('two'));
    let flushed = false;
    const flushing = terminal.stdout.flushed().then(() => (flushed = true));
    await new Promise(setImmediate);
    expect(flushed).toBe(false);
    stdout.on('data', (piece: Buffer) => read.push(piece));
    await flushing;
    expect(Buffer.concat(read).toString()).toBe('one two');
  });

  test('asks where there is a terminal, on stderr, and does not show the answer', async () => {
    const parts = streams(true);
    const terminal = terminalOf({ ...parts, ...surroundings }, never);
    const answer = terminal.ask?.('Enter MFA code for x: ');
    await new Promise(setImmediate);
    parts.stdin.write('123456\n');
    expect(await answer).toBe('123456');
    expect(String(parts.stderr.read())).toBe('Enter MFA code for x: \n');
    expect(parts.stdout.read()).toBeNull();
  });

  test('shows the answer of a question that is open', async () => {
    const parts = streams(true);
    const terminal = terminalOf({ ...parts, ...surroundings }, never);
    const answer = terminal.askOpenly?.('Make these changes? [y/N] ');
    await new Promise(setImmediate);
    parts.stdin.write('y\n');
    expect(await answer).toBe('y');
    expect(String(parts.stderr.read())).toMatch(/Make these changes\? \[y\/N\] .*y/s);
    expect(parts.stdout.read()).toBeNull();
  });

  test.each(['\u0003', '\u0004'])('an open question ends with %j', async (key) => {
    const parts = streams(true);
    const asking = terminalOf({ ...parts, ...surroundings }, never).askOpenly?.('? ');
    await new Promise(setImmediate);
    parts.stdin.write(key);
    await expect(asking).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('stops asking at Ctrl-C, and with the signal', async () => {
    const parts = streams(true);
    const ending = new AbortController();
    const terminal = terminalOf({ ...parts, ...surroundings }, ending.signal);
    const first = terminal.ask?.('? ');
    await new Promise(setImmediate);
    parts.stdin.write('\u0003');
    await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const second = terminal.ask?.('? ');
    ending.abort(INTERRUPTED);
    await expect(second).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('asks nobody where there is no terminal', () => {
    expect(terminalOf({ ...streams(false), ...surroundings }, never)).not.toHaveProperty('ask');
    expect(terminalOf({ ...streams(false), ...surroundings }, never)).not.toHaveProperty('askOpenly');
    const half = { ...streams(true), stdin: streams(false).stdin };
    expect(terminalOf({ ...half, ...surroundings }, never).ask).toBeUndefined();
  });
});

describe('paletteFor()', () => {
  const RED = '\u001b[31mx\u001b[39m';

  test.each<[string, Record<string, string>, boolean, 'on' | 'off' | 'auto', string]>([
    ['a terminal', {}, true, 'auto', RED],
    ['no terminal', {}, false, 'auto', 'x'],
    ['NO_COLOR', { NO_COLOR: '1' }, true, 'auto', 'x'],
    ['an empty NO_COLOR', { NO_COLOR: '' }, true, 'auto', RED],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, false, 'auto', RED],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, 'auto', 'x'],
    ['both', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, 'auto', 'x'],
    ['a dumb terminal', { TERM: 'dumb' }, true, 'auto', 'x'],
    ['--no-color', { FORCE_COLOR: '1' }, true, 'off', 'x'],
    ['--color on', { NO_COLOR: '1' }, false, 'on', RED],
  ])('with %s', (_what, env, isTTY, wanted, expected) => {
    const { stdout } = recordedTerminal(isTTY ? { columns: 80 } : {});
    expect(paletteFor(stdout, env, wanted).red('x')).toBe(expected);
  });
});
