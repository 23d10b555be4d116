import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { parseVersionKey, versionPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { exists } from '../status.ts';
import type { Status } from '../status.ts';
import type { Unreadable } from '../unreadable.ts';
import { readable } from '../unreadable.ts';
import { bookmarkedNumbers, hasUses } from '../usage.ts';
import type { ListedArtifact, Version } from '../version.ts';
import { listVersionNumbers, readVersion } from '../version.ts';
import { labelledVersions } from './labels.ts';

/** Which versions are looked for. */
export interface VersionFilter {
  /** One of these. Empty: any that is listed, which unlisted ones are not, and those that were given up. */
  readonly statuses: readonly Status[];
  /** Has a label that matches; `*` stands for any characters. */
  readonly label?: string;
  /** Came to be before, by the store's clock. */
  readonly before?: Date;
  /** Came to be at that time or after. */
  readonly since?: Date;
  /** Whether somebody needs it: a stack, a named consumer, a bookmark or a promotion. */
  readonly isUsed?: boolean;
}

/** So many are looked at at once. */
const AHEAD = 16;

/**
 * Versions of an artifact, newest first, as they are when each is looked at.
 * @param unreadable told of records that can't be read; absent: they are a failure, UNSUPPORTED_FORMAT. A version is left out that can't be read; one of which can't be read who needs it, is used.
 */
export async function* listVersions(
  domain: Domain,
  name: ArtifactName,
  filter: VersionFilter,
  unreadable?: Unreadable,
): AsyncGenerator<Version> {
  const bookmarked =
    filter.isUsed === undefined
      ? Promise.resolve(undefined)
      : readable(unreadable, () => bookmarkedNumbers(domain, name));
  // Heard of where it is needed, perhaps nowhere.
  bookmarked.catch(() => undefined);
  const candidates =
    filter.label === undefined ? byNumber(domain, name, filter) : byLabel(domain, name, filter.label, unreadable);
  yield* expandAhead(candidates, AHEAD, async function* (read) {
    const version = await readable(unreadable, read);
    if (version === undefined || !isMeant(version, filter)) return;
    if (filter.isUsed !== undefined && filter.isUsed !== (await isUsed(domain, version, await bookmarked, unreadable)))
      return;
    yield version;
  });
}

type Reading = () => Promise<Version | undefined>;

/** Age is told by the listing: what is too young or too old is not read. */
async function* byNumber(domain: Domain, name: ArtifactName, filter: VersionFilter): AsyncGenerator<Reading> {
  for await (const { key, modified } of domain.store.list(versionPrefix(name))) {
    if (isOfTime(modified, filter)) yield () => readVersion(domain, name, parseVersionKey(key).number);
  }
}

async function* byLabel(
  domain: Domain,
  name: ArtifactName,
  label: string,
  unreadable: Unreadable | undefined,
): AsyncGenerator<Reading> {
  for (const version of await labelledVersions(domain, name, label, unreadable)) yield () => Promise.resolve(version);
}

function isMeant({ status, modified }: Version, filter: VersionFilter): boolean {
  const isListed =
    filter.statuses.length === 0 ? exists(status) && status !== 'Unlisted' : filter.statuses.includes(status);
  return isListed && isOfTime(modified, filter);
}

function isOfTime(time: Date, { before, since }: Pick<VersionFilter, 'before' | 'since'>): boolean {
  return (before === undefined || time < before) && (since === undefined || time >= since);
}

/** @param bookmarked `undefined` where that can't be read: then it may be any version */
async function isUsed(
  domain: Domain,
  { manifest }: Version,
  bookmarked: ReadonlySet<number> | undefined,
  unreadable: Unreadable | undefined,
): Promise<boolean> {
  if (bookmarked?.has(manifest.number) ?? true) return true;
  return (await readable(unreadable, () => hasUses(domain, manifest))) ?? true;
}

/**
 * The version that stands for an artifact in a list: the newest that is Published, which is the one that is meant where the artifact alone is named; else the newest that exists; of what was
 * given up the newest, where nothing else is left. `undefined` where it has none but numbers out of use, or unlisted ones beside.
 * @param unreadable told of versions that can't be read, which stand for nothing; absent: they are a failure, UNSUPPORTED_FORMAT
 */
export async function findShown(
  domain: Pick<Domain, 'store'>,
  artifact: ListedArtifact,
  unreadable?: Unreadable,
): Promise<Version | undefined> {
  const likely = await readable(unreadable, () => readVersion(domain, artifact, artifact.newest));
  if (likely?.status === 'Published') return likely;
  let existing: Version | undefined;
  let gone: Version | undefined;
  let isHidden = false;
  const versions = expandAhead(listVersionNumbers(domain, artifact), AHEAD, async function* (number) {
    const version = await readable(unreadable, () => readVersion(domain, artifact, number));
    if (version !== undefined) yield version;
  });
  for await (const version of versions) {
    const { status } = version;
    if (status === 'Published') return version;
    if (status === 'Unlisted') isHidden = true;
    else if (exists(status)) existing ??= version;
    else gone ??= version;
  }
  return existing ?? (isHidden ? undefined : gone);
}
