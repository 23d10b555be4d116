import { playHistory } from './history.ts';
import type { HistoryOptions } from './history.ts';
import { Tally } from './tally.ts';

interface Playing extends Pick<HistoryOptions, 'stage' | 'collect'> {
  /** Of the test, for the line that is printed. */
  readonly file: string;
  readonly histories: number;
  /** Of each history. */
  readonly rounds: number;
}

/** Histories at the same time: while one waits, another is at work. */
const AT_ONCE = 3;

/** Plays histories, each by a seed and in a bucket of its own, prints what came up in them in one line, and closes the stage. */
export async function playHistories({
  file,
  stage,
  histories,
  ...options
}: Playing): Promise<{ readonly violations: readonly string[]; readonly tally: Tally }> {
  const tally = new Tally();
  const violations: string[] = [];
  const began = Date.now();
  let seed = 0;
  const play = async (): Promise<void> => {
    while (seed < histories && violations.length === 0) {
      violations.push(...(await playHistory({ ...options, stage, tally, seed: ++seed })));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, play));
  } finally {
    const { all, late } = stage.mishaps();
    tally.count('mishap on the line', all);
    tally.count('late repeat', late);
    await stage.close();
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stderr.write(`${file}: ${histories} histories, ${seconds} s, ${tally.toString()}\n`);
  return { violations, tally };
}
