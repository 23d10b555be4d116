import { expandAhead } from '../ahead.ts';
import { bookmarkPrefix, labelPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectStore } from '../object-store.ts';
import { readRecord } from '../record.ts';
import type { LifecycleRule } from '../settings.ts';
import type { Numbers } from './candidates.ts';
import { matchesSegment } from './pattern.ts';

/** That a bookmark names a version, or did. */
export interface Bookmarked {
  readonly bookmark: string;
  /** Until when it did; absent while it does. */
  readonly until?: Date;
}

/** So many records are on their way at once. */
const RECORDS_AHEAD = 16;

/** What rules ask about all versions of an artifact together: each is read once, where the first version needs it. */
export class Artifact {
  readonly name: ArtifactName;
  /** Those that concern it. */
  readonly rules: readonly LifecycleRule[];
  /** Numbers of the versions that may have a status record. */
  readonly changed: Numbers;
  readonly #store: ObjectStore;
  #bookmarks: Promise<ReadonlyMap<number, readonly Bookmarked[]>> | undefined;
  #labels: Promise<ReadonlyMap<number, readonly string[]>> | undefined;

  constructor(store: ObjectStore, name: ArtifactName, rules: readonly LifecycleRule[], changed: Numbers) {
    this.name = name;
    this.rules = rules;
    this.changed = changed;
    this.#store = store;
  }

  /** @throws ArtifactError UNSUPPORTED_FORMAT where a bookmark can't be read: it may name any version */
  async bookmarksOf(number: number): Promise<readonly Bookmarked[]> {
    this.#bookmarks ??= this.#readBookmarks();
    return (await this.#bookmarks).get(number) ?? [];
  }

  /** Those that some rule keeps. @throws ArtifactError UNSUPPORTED_FORMAT */
  async labelsOf(number: number): Promise<readonly string[]> {
    this.#labels ??= this.#readLabels();
    return (await this.#labels).get(number) ?? [];
  }

  async #readBookmarks(): Promise<ReadonlyMap<number, readonly Bookmarked[]>> {
    const prefix = bookmarkPrefix(this.name);
    const found = expandAhead(this.#store.list(prefix), RECORDS_AHEAD, (listed) => this.#readBookmark(listed, prefix));
    return grouped(found);
  }

  async *#readBookmark(
    { key }: { readonly key: Parameters<typeof readRecord>[1] },
    prefix: string,
  ): AsyncGenerator<readonly [number, Bookmarked]> {
    const bookmark = key.slice(prefix.length);
    const record = await readRecord(this.#store, key, ({ number, history = [] }) => {
      const past = Array.isArray(history) ? history.map(pastOf) : [undefined];
      if (typeof number !== 'number' || past.includes(undefined)) return undefined;
      return { number, past: past as readonly { readonly number: number; readonly until: Date }[] };
    });
    if (record === undefined) return;
    yield [record.value.number, { bookmark }];
    for (const { number, until } of record.value.past) yield [number, { bookmark, until }];
  }

  async #readLabels(): Promise<ReadonlyMap<number, readonly string[]>> {
    const patterns = this.rules.flatMap(({ keepLabels = [] }) => keepLabels);
    if (patterns.length === 0) return new Map();
    const prefix = labelPrefix(this.name);
    const store = this.#store;
    const found = expandAhead(store.list(prefix), RECORDS_AHEAD, async function* ({ key }): AsyncGenerator<
      readonly [number, string]
    > {
      const label = key.slice(prefix.length);
      if (!patterns.some((pattern) => matchesSegment(pattern, label))) return;
      const record = await readRecord(store, key, ({ number }) => (typeof number === 'number' ? number : undefined));
      if (record !== undefined) yield [record.value, label];
    });
    return grouped(found);
  }
}

/** What a bookmark named before: the version, and when that ended. */
function pastOf(value: unknown): { readonly number: number; readonly until: Date } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { number, until } = value as { readonly number?: unknown; readonly until?: unknown };
  if (typeof number !== 'number' || typeof until !== 'string') return undefined;
  const time = new Date(until);
  return Number.isNaN(time.getTime()) ? undefined : { number, until: time };
}

async function grouped<T>(pairs: AsyncIterable<readonly [number, T]>): Promise<ReadonlyMap<number, readonly T[]>> {
  const groups = new Map<number, T[]>();
  for await (const [number, one] of pairs) {
    const group = groups.get(number);
    if (group === undefined) groups.set(number, [one]);
    else group.push(one);
  }
  return groups;
}
