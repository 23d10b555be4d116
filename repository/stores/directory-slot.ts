import type { Stats } from 'node:fs';
import { statOf } from './directory-files.ts';
import type { Place } from './directory-path.ts';
import { slotPath } from './directory-path.ts';

/** The state of a key at one moment. */
export interface State {
  /** The highest; 0 where the key never was. */
  readonly slot: number;
  /** What is in that slot; undefined where there is nothing. */
  readonly stats: Stats | undefined;
  /** The same, if it is an object and no removal. */
  readonly content: Stats | undefined;
}

/**
 * The state at some moment of the call. The highest slot is searched for by doubling and halving, because slots have no gaps: when one
 * name is there and the next is not, at whatever moments these were seen, there was a moment between them when that name was the
 * highest. Its file, if it is one, was then there too, for a slot is only emptied after the next is linked; but a link to nothing may
 * have become so since, and only if there is still no next slot was it made to be one.
 * @param known a slot that is there, or 0
 */
export async function stateOf(place: Place, known = 0): Promise<State> {
  for (let from = known; ;) {
    const { slot, stats } = await highestSlot(place, from);
    if (slot === 0) return { slot, stats, content: undefined };
    if (stats?.isFile() === true) return { slot, stats, content: stats };
    if ((await statOf(slotPath(place, slot + 1))) === undefined) return { slot, stats, content: undefined };
    from = slot + 1;
  }
}

/** The object of a key of which this slot was the highest a moment ago. */
export async function contentSince(place: Place, slot: number): Promise<Stats | undefined> {
  const stats = await statOf(slotPath(place, slot));
  return stats?.isFile() === true ? stats : (await stateOf(place, slot)).content;
}

async function highestSlot(place: Place, known: number): Promise<{ slot: number; stats: Stats | undefined }> {
  let slot = known;
  let stats: Stats | undefined;
  let missing = Infinity;
  while (missing - slot > 1) {
    const next = missing === Infinity ? slot + Math.max(1, slot - known) : Math.floor((slot + missing) / 2);
    const found = await statOf(slotPath(place, next));
    if (found === undefined) missing = next;
    else [slot, stats] = [next, found];
  }
  return { slot, stats: stats ?? (slot === 0 ? undefined : await statOf(slotPath(place, slot))) };
}
