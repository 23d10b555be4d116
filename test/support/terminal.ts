import type { OutputStream, Terminal } from '../../packager/cli/terminal.ts';

/** Keeps what was written, as text. */
export interface RecordedStream extends OutputStream {
  readonly text: string;
}

export interface RecordedTerminal extends Terminal {
  readonly stdout: RecordedStream;
  readonly stderr: RecordedStream;
}

export interface TerminalSettings {
  readonly env?: Terminal['env'];
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Width of a terminal; absent: there is none. */
  readonly columns?: number;
  readonly ask?: (question: string) => Promise<string>;
  readonly askOpenly?: (question: string) => Promise<string>;
}

export function recordedTerminal(settings: TerminalSettings = {}): RecordedTerminal {
  const { env = {}, cwd = process.cwd(), signal = new AbortController().signal, columns, ask, askOpenly } = settings;
  return {
    stdout: recordedStream(columns),
    stderr: recordedStream(columns),
    env,
    cwd,
    signal,
    ...(ask !== undefined && { ask }),
    ...(askOpenly !== undefined && { askOpenly }),
  };
}

function recordedStream(columns: number | undefined): RecordedStream {
  const pieces: Buffer[] = [];
  return {
    write(data) {
      pieces.push(Buffer.from(data));
    },
    flushed: () => Promise.resolve(),
    isTTY: columns !== undefined,
    columns,
    get text() {
      return Buffer.concat(pieces).toString();
    },
  };
}
