import type { KeeperAnswer, KeeperCommand } from '../asking/command.ts';

/** Results in one answer. Lambda takes 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const RESULTS = 1000;
/** Bytes of JSON, about: however long IDs and reasons are, the answer stays well below the limit. */
const BYTES = 2 * 1024 * 1024;

/** One step of a long command. */
export interface Step<R extends object = object> {
  /** Where the command goes on if it ends here. */
  readonly after: string;
  readonly result?: R;
}

/**
 * As many steps as there is time and room for, and at least one: a keeper that has little time gets on all the same.
 * @param goOn the command that does the rest
 */
export async function collectPiece(
  steps: AsyncGenerator<Step>,
  isTimeUp: () => boolean,
  goOn: (after: string) => KeeperCommand,
): Promise<KeeperAnswer & { readonly looked: number }> {
  const results: object[] = [];
  let looked = 0;
  let bytes = 0;
  for await (const { after, result } of steps) {
    looked += 1;
    if (result !== undefined) {
      results.push(result);
      bytes += Buffer.byteLength(JSON.stringify(result));
    }
    if (results.length >= RESULTS || bytes >= BYTES || isTimeUp()) return { results, looked, next: goOn(after) };
  }
  return { results, looked };
}
