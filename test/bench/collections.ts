import { spawnSync } from 'node:child_process';

export const COLLECTION = 'gc-plan';
/** Megabytes: what a plan may need, however much there is. */
const LIMIT = 300;

interface Planned {
  readonly seconds: number;
  readonly items: number;
  readonly parts: number;
  /** Requests that list, and what they list. */
  readonly pages: number;
  readonly listed: number;
  readonly others: number;
  /** Bytes. */
  readonly peak: number;
}

/**
 * Plans over stores that generate their listing, each in a process of its own.
 * @param program `collection.ts`, bundled
 * @returns bounds that are missed
 */
export function measureCollections(program: string, print: (text: string) => void): string[] {
  print(`\n${COLLECTION}: what could go, of a listing that is generated`);
  print(line(['blobs, references', 'wall s', 'keys', 'listings', 'others', 'items', 'peak MB']));
  const missed: string[] = [];
  for (const [blobs, unneeded] of [
    [1000, 0],
    [1_000_000, 0],
    [1_000_000, 10],
  ] as const) {
    const args = [program, String(blobs), String(blobs), String(unneeded)];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`the plan ended with ${String(status)}`);
    const { seconds, pages, listed, others, items, parts, peak } = JSON.parse(stdout) as Planned;
    const figures = [listed, pages, others, items].map((figure) => figure.toLocaleString('en'));
    const megabytes = peak / 1e6;
    print(line([`2 × ${blobs.toLocaleString('en')}`, seconds.toFixed(1), ...figures, megabytes.toFixed(0)]));
    // Sixteen shards of three listings end with a page of their own; each part writes, and begins some listings again.
    const allowed = Math.ceil(listed / 1000) + 60 + parts * 14;
    if (megabytes > LIMIT) missed.push(`${COLLECTION}: ${megabytes.toFixed(0)} MB of memory, not ${LIMIT}`);
    if (pages + others > allowed) missed.push(`${COLLECTION}: ${pages + others} requests, not ${allowed}`);
  }
  return missed;
}

function line([name = '', ...figures]: readonly string[]): string {
  return `${name.padEnd(20)} ${figures.map((figure) => figure.padStart(14)).join('')}`;
}
