import { playHistory } from './history.ts';
import type { HistoryOptions } from './history.ts';
import { Tally } from './tally.ts';

interface Playing extends Pick<HistoryOptions, 'stage' | 'collect'> {
  /** Of the test, for the line that is printed. */
  readonly title: string;
  /** At most: the first that goes wrong is the last. */
  readonly histories: number;
  /** Of each history. */
  readonly rounds: number;
}

interface Played {
  readonly violations: readonly string[];
  readonly tally: Tally;
  /** Mishaps that can befall a request on this line, and befell none. */
  readonly unseen: readonly string[];
}

/** Histories at the same time: while one waits, another is at work. */
const AT_ONCE = 6;

/** Plays histories, each by a seed and in a bucket of its own, prints what came up in them in one line, and closes the stage. */
export async function playHistories({ title, stage, histories, ...options }: Playing): Promise<Played> {
  const tally = new Tally();
  const violations: string[] = [];
  const began = Date.now();
  const isWanted = (): boolean => violations.length === 0;
  let seed = 0;
  const play = async (): Promise<void> => {
    while (seed < histories && isWanted()) {
      violations.push(...(await playHistory({ ...options, stage, tally, isWanted, seed: ++seed })));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, play));
  } finally {
    await stage.close();
  }
  const mishaps = [...stage.mishaps()];
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const line = mishaps.map(([mishap, times]) => `${mishap} ${times}`).join(', ');
  process.stderr.write(
    `${title}: ${seed} histories, ${seconds} s, ${tally.toString()}; ${stage.requests()} requests on the wire: ${line}\n`,
  );
  return { violations, tally, unseen: mishaps.flatMap(([mishap, times]) => (times === 0 ? [mishap] : [])) };
}
