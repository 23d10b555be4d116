import { expandAhead } from '../ahead.ts';
import { listBookmarkRecords, numbersNeeded } from '../bookmark-record.ts';
import type { Domain } from '../domain.ts';
import { labelPrefix } from '../keys.ts';
import { findLabel, isGiven } from '../label.ts';
import type { ArtifactName } from '../name.ts';
import type { LifecycleRule } from '../settings.ts';
import type { Numbers } from './numbers.ts';
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
  readonly #domain: Pick<Domain, 'store' | 'chance'>;
  #bookmarks: Promise<ReadonlyMap<number, readonly Bookmarked[]>> | undefined;
  #labels: Promise<ReadonlyMap<number, readonly string[]>> | undefined;

  constructor(
    domain: Pick<Domain, 'store' | 'chance'>,
    name: ArtifactName,
    rules: readonly LifecycleRule[],
    changed: Numbers,
  ) {
    this.name = name;
    this.rules = rules;
    this.changed = changed;
    this.#domain = domain;
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
    return grouped(bookmarked(this.#domain, this.name));
  }

  async #readLabels(): Promise<ReadonlyMap<number, readonly string[]>> {
    const patterns = this.rules.flatMap(({ keepLabels = [] }) => keepLabels);
    if (patterns.length === 0) return new Map();
    const { name } = this;
    const prefix = labelPrefix(name);
    const { store } = this.#domain;
    const found = expandAhead(store.list(prefix), RECORDS_AHEAD, async function* ({ key }): AsyncGenerator<
      readonly [number, string]
    > {
      const label = key.slice(prefix.length);
      if (!isGiven(label) || !patterns.some((pattern) => matchesSegment(pattern, label))) return;
      const version = await findLabel({ store }, name, label);
      if (version !== undefined) yield [version.manifest.number, label];
    });
    return grouped(found);
  }
}

/** What is named now, or is about to be, and what was. */
async function* bookmarked(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
): AsyncGenerator<readonly [number, Bookmarked]> {
  for await (const { bookmark, record } of listBookmarkRecords(store, name)) {
    for (const number of numbersNeeded(record, chance.now())) yield [number, { bookmark }];
    for (const { number, until } of record.history) yield [number, { bookmark, until: new Date(until) }];
  }
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
