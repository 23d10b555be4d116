import { describe, expect, test } from '@jest/globals';
import type { CommandHandlers } from '../../../packager/cli/handlers.ts';
import { run } from '../../../packager/cli/program.ts';
import { INTERRUPTED, OUTPUT_CLOSED } from '../../../packager/cli/terminal.ts';
import type { SourcePlace } from '../../../repository/error.ts';
import { ArtifactError, ArtifactErrors } from '../../../repository/error.ts';
import { everyCommand } from '../../support/called.ts';
import type { RecordedTerminal, TerminalSettings } from '../../support/terminal.ts';
import { recordedTerminal } from '../../support/terminal.ts';

/** A `list` that ends in this error. */
async function failing(
  error: Error,
  argv: readonly string[] = [],
  settings: TerminalSettings = {},
): Promise<RecordedTerminal & { readonly code: number }> {
  const terminal = recordedTerminal(settings);
  const fail = (): Promise<never> => Promise.reject(error);
  const code = await run(
    ['list', ...argv],
    terminal,
    everyCommand(() => fail),
  );
  return { ...terminal, code };
}

describe('failures of a command', () => {
  const ended = (reason: unknown): AbortSignal => {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  };

  test('are told with what to do, and their code is the exit code', async () => {
    const { code, stdout, stderr } = await failing(
      new ArtifactError('ACCESS_DENIED', "you may not read 'x'", { remedy: 'Ask for s3:GetObject.' }),
    );
    expect({ code, stdout: stdout.text }).toEqual({ code: 3, stdout: '' });
    expect(stderr.text).toBe("error: you may not read 'x'\n  Ask for s3:GetObject.\n");
  });

  test('that share a remedy say it once', async () => {
    const same = { remedy: 'Do this.' };
    const { stderr } = await failing(
      new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'first', same),
        new ArtifactError('PATH_NOT_FOUND', 'second', same),
        new ArtifactError('PATH_NOT_FOUND', 'third'),
      ]),
    );
    expect(stderr.text).toBe('error: first\nerror: second\n  Do this.\nerror: third\n3 problems\n');
  });

  const at = (file: string, line: number, column = 1): SourcePlace => ({ file, line, column });

  test('stand in file order, behind their places, after what has none', async () => {
    const { stderr, code } = await failing(
      new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'b 9', { place: at('b', 9) }),
        new ArtifactError('PATH_NOT_FOUND', 'a 10', { place: at('a', 10) }),
        new ArtifactError('PATH_NOT_FOUND', 'a 9:2', { place: at('a', 9, 2) }),
        new ArtifactError('PATH_NOT_FOUND', 'a:9:1: as it says itself', { place: at('a', 9) }),
        new ArtifactError('ACCESS_DENIED', 'no place'),
        new ArtifactError('PATH_NOT_FOUND', 'b 1', { place: at('b', 1) }),
      ]),
    );
    expect(stderr.text).toBe(
      [
        'error: no place',
        'error: b:1:1: b 1',
        'error: b:9:1: b 9',
        'error: a:9:1: as it says itself',
        'error: a:9:2: a 9:2',
        'error: a:10:1: a 10',
        '6 problems',
        '',
      ].join('\n'),
    );
    expect(code).toBe(3);
  });

  test('have their places and the warnings before them in the document of --json', async () => {
    const terminal = recordedTerminal();
    const place = { ...at('t.yaml', 7), resource: 'Fn', property: 'Code', type: 'AWS::Lambda::Function' };
    const list: CommandHandlers['list'] = async (_options, _terminal, warnings) => {
      warnings.add({ code: 'w', message: 'second', place });
      warnings.add({ code: 'w', message: 'first', place: { file: 't.yaml', line: 2, column: 3 }, remedy: 'Do.' });
      await Promise.resolve();
      throw new ArtifactErrors([
        new ArtifactError('PATH_NOT_FOUND', 'later', { place }),
        new ArtifactError('PATH_NOT_FOUND', 't.yaml:1:1: sooner', { place: at('t.yaml', 1) }),
      ]);
    };
    const never = (): Promise<never> => Promise.reject(new Error('another command'));
    const code = await run(['list', '--json'], terminal, {
      ...everyCommand(() => never),
      list,
    });
    expect(code).toBe(2);
    expect(JSON.parse(terminal.stdout.text)).toEqual({
      error: {
        code: 'PATH_NOT_FOUND',
        message: '2 problems',
        problems: [
          { code: 'PATH_NOT_FOUND', message: 'sooner', place: at('t.yaml', 1) },
          { code: 'PATH_NOT_FOUND', message: 'later', place },
        ],
        exitCode: 2,
      },
      warnings: [
        { code: 'w', message: 'first', place: at('t.yaml', 2, 3), remedy: 'Do.' },
        { code: 'w', message: 'second', place },
      ],
    });
    expect(terminal.stderr.text).toBe('warning: t.yaml:2:3: first\n  Do.\nwarning: t.yaml:7:1: second\n');
  });

  test('with --json are a document, interruption too', async () => {
    const { stdout, stderr } = await failing(new ArtifactError('STORE_FULL', 'full'), ['--json']);
    expect(JSON.parse(stdout.text)).toEqual({
      error: { code: 'STORE_FULL', message: 'full', problems: [{ code: 'STORE_FULL', message: 'full' }], exitCode: 4 },
      warnings: [],
    });
    expect(stderr.text).toBe('');
    const interrupted = await failing(INTERRUPTED, ['--json'], { signal: ended(INTERRUPTED) });
    expect(interrupted.code).toBe(130);
    expect(JSON.parse(interrupted.stdout.text)).toMatchObject({ error: { code: 'INTERRUPTED', exitCode: 130 } });
  });

  test('that nobody foresaw ask for a report; --debug shows the stack', async () => {
    const { code, stderr } = await failing(new TypeError('x is not a function'));
    expect(code).toBe(1);
    expect(stderr.text).toContain('error: unexpected TypeError: x is not a function\n');
    expect(stderr.text).toContain('Please report it');
    expect(stderr.text).not.toContain('program.test');
    const debugged = await failing(new TypeError('x is not a function'), ['--debug']);
    expect(debugged.stderr.text).toContain('program.test');
    const json = await failing(new TypeError('x'), ['--json']);
    expect(JSON.parse(json.stdout.text)).toMatchObject({ error: { code: 'INTERNAL', exitCode: 1 } });
  });

  test('after an interruption are the interruption', async () => {
    const { code, stderr } = await failing(new Error('request aborted'), [], { signal: ended(INTERRUPTED) });
    expect({ code, stderr: stderr.text }).toEqual({ code: 130, stderr: 'interrupted\n' });
    expect(await failing(new ArtifactError('INTERRUPTED', 'interrupted'))).toMatchObject({ code: 130 });
  });

  test('because nobody reads the output are none', async () => {
    const { code, stdout, stderr } = await failing(OUTPUT_CLOSED, ['--json'], { signal: ended(OUTPUT_CLOSED) });
    expect({ code, stdout: stdout.text, stderr: stderr.text }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('are coloured on a terminal', async () => {
    const error = new ArtifactError('STORE_FULL', 'full');
    expect((await failing(error, [], { columns: 80 })).stderr.text).toBe('\u001b[31merror:\u001b[39m full\n');
    expect((await failing(error, ['--color', 'off'], { columns: 80 })).stderr.text).toBe('error: full\n');
    expect((await failing(error, [], { columns: 80, env: { TERM: 'dumb' } })).stderr.text).toBe('error: full\n');
  });
});
