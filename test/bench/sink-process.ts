import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What reached the store. */
export interface Traffic {
  readonly requests: number;
  /** Objects written. */
  readonly written: number;
  /** Of bodies. */
  readonly bytes: number;
}

export interface Sink {
  readonly endpoint: string;
  readonly empty: (bucket: string) => Promise<void>;
  /** Milliseconds, added to each answer. */
  readonly delay: (milliseconds: number) => Promise<void>;
  /** What came since this was asked for the last time. */
  readonly traffic: () => Promise<Traffic>;
  readonly stop: () => void;
}

/** @param program `sink.ts`, bundled */
export async function startSink(program: string): Promise<Sink> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [told] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const endpoint = told.trim();
  const post = async (address: string): Promise<unknown> =>
    await (await fetch(`${endpoint}/-/${address}`, { method: 'POST' })).json();
  return {
    endpoint,
    empty: async (bucket) => {
      await post(`empty?bucket=${bucket}`);
    },
    delay: async (milliseconds) => {
      await post(`delay?ms=${milliseconds}`);
    },
    traffic: async () => (await post('reset')) as Traffic,
    stop: () => child.stdin.end(),
  };
}
