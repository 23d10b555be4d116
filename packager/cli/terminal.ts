import type { Readable, Writable } from 'node:stream';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { Environment } from '../environment.ts';
import { isSet } from '../environment.ts';

/** Where text or bytes leave. A write never throws: who owns the stream hears of its errors. */
export interface OutputStream {
  write(data: string | Uint8Array): void;
  /** Resolves when everything written so far has left this process. Large output waits for it between its pieces. */
  flushed(): Promise<void>;
  readonly isTTY: boolean;
  /** Characters in a line, now; `undefined` where nobody looks at lines. */
  readonly columns: number | undefined;
}

/** All that a command knows of the process around it: data goes to `stdout`, talk to `stderr`. */
export interface Terminal {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Environment;
  /** Absolute. Paths that people give are relative to it. */
  readonly cwd: string;
  /** Aborted when the person, or the system, wants this to end. */
  readonly signal: AbortSignal;
  /** Asks for a line; what is typed is not shown. Absent where nobody can answer: no command may depend on it. */
  readonly ask?: (question: string) => Promise<string>;
  /** The same, and what is typed is shown: for what is no secret. */
  readonly askOpenly?: (question: string) => Promise<string>;
}

/** Why a signal is aborted: a person's Ctrl-C or the system's SIGTERM … */
export const INTERRUPTED: ArtifactError = new ArtifactError('INTERRUPTED', 'interrupted');

/** … or that nobody reads the output any more, as behind `| head`: to be quiet about. */
export const OUTPUT_CLOSED: ArtifactError = new ArtifactError('OUTPUT_FAILED', 'nobody reads the output any more');

/** The colours that this program uses. Without colours each returns its text. */
export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
}

const CODES: Readonly<Record<keyof Palette, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
};

/**
 * What was asked for before `NO_COLOR` (https://no-color.org: any value but the empty one) before `FORCE_COLOR` (any value but empty and `0`); else
 * colours where the stream is a terminal that is not dumb.
 */
export function paletteFor(stream: OutputStream, env: Terminal['env'], wanted: 'on' | 'off' | 'auto'): Palette {
  const coloured = wanted === 'auto' ? wantsColours(stream, env) : wanted === 'on';
  const paint =
    (name: keyof Palette) =>
    (text: string): string =>
      coloured ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return { bold: paint('bold'), dim: paint('dim'), red: paint('red'), yellow: paint('yellow'), green: paint('green') };
}

function wantsColours(stream: OutputStream, env: Terminal['env']): boolean {
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY && env['TERM'] !== 'dumb';
}

/** The part of `process` that becomes a Terminal. */
export interface ProcessStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Terminal['env'];
  cwd(): string;
}

/** Questions can be asked only where answers come from a terminal, and messages go to one. */
export function terminalOf(streams: ProcessStreams, signal: AbortSignal): Terminal {
  const { stdout, stderr, env } = streams;
  // Nobody's input is touched before somebody may be asked: Node.js makes it when it is looked at, and takes its time.
  const stdin = stderr.isTTY === true ? streams.stdin : undefined;
  return {
    stdout: outputStream(stdout),
    stderr: outputStream(stderr),
    env,
    cwd: streams.cwd(),
    signal,
    ...(stdin?.isTTY === true && {
      ask: (question: string) => askLine(question, 'hidden', stdin, stderr, signal),
      askOpenly: (question: string) => askLine(question, 'shown', stdin, stderr, signal),
    }),
  };
}

function outputStream(stream: ProcessStreams['stdout']): OutputStream {
  let pending: Promise<void> = Promise.resolve();
  return {
    write(data) {
      const written = new Promise<void>((resolve) => {
        stream.write(data, () => {
          resolve();
        });
      });
      pending = written;
    },
    flushed: () => pending,
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.isTTY === true ? stream.columns : undefined;
    },
  };
}

/** A hidden echo goes nowhere: what is asked for is a secret. */
async function askLine(
  question: string,
  echo: 'hidden' | 'shown',
  input: Readable,
  output: Writable,
  signal: AbortSignal,
): Promise<string> {
  const [{ createInterface }, { Writable: Sink }] = await Promise.all([
    import('node:readline/promises'),
    import('node:stream'),
  ]);
  const nowhere = new Sink({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const isHidden = echo === 'hidden';
  if (isHidden) output.write(question);
  const reader = createInterface({ input, output: isHidden ? nowhere : output, terminal: true });
  // In raw mode Ctrl-C is a key like any other: no signal comes. Ctrl-D ends the input, and with it all hope of an answer.
  const cancelled = new AbortController();
  for (const event of ['SIGINT', 'close']) {
    reader.once(event, () => {
      cancelled.abort();
    });
  }
  try {
    const ending = { signal: AbortSignal.any([signal, cancelled.signal]) };
    return (await reader.question(isHidden ? '' : question, ending)).trim();
  } catch (error) {
    if (!hasCode(error, 'AbortError', 'ABORT_ERR')) throw error;
    throw new ArtifactError('INTERRUPTED', 'interrupted', { cause: error });
  } finally {
    reader.close();
    if (isHidden) output.write('\n');
  }
}
