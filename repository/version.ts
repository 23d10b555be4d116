import { expandAhead } from './ahead.ts';
import type { BlobName } from './blob.ts';
import type { Domain } from './domain.ts';
import {
  parseVersionKey,
  parseVersionReferenceKey,
  versionPrefix,
  versionReferencePrefix,
  versionsPrefix,
} from './keys.ts';
import type { Digest } from './digest.ts';
import { hasCode } from './error.ts';
import { initialStatus, readDatedManifest, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { readDecision } from './promoting/record.ts';
import type { Stored } from './record.ts';
import { exists, isGone, readStatusRecord, takesNoReferences } from './status.ts';
import type { Status, StatusRecord } from './status.ts';

export { assetName, contentAssets, initialStatus, readManifest, withdrawNumber } from './manifest.ts';
export type { Asset, AssetSet, Manifest, Promoted } from './manifest.ts';

/** A version, and whether it may be used. */
export interface Version {
  readonly manifest: Manifest;
  readonly status: Status;
  /** Absent: the status follows from the manifest. */
  readonly record?: Stored<StatusRecord>;
  /** When it came to be, by the store's clock. */
  readonly modified: Date;
  /** Of one that is Unfinished because it was promoted with others. */
  readonly pending?: Pending;
}

/**
 * Why a version that was promoted with others is not to be seen: nothing is decided yet; it never will be, because the promotion was withdrawn or made without it; or nobody can read what was
 * decided.
 */
export type Pending = 'open' | 'withdrawn' | 'unknown';

/**
 * A version and its status, as far as both go together: one that was promoted with others is Unfinished until the record of the promotion is there, which makes all
 * of them visible at once.
 */
export async function readVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Version | undefined> {
  const [dated, record] = await Promise.all([
    readDatedManifest(domain, name, number),
    readStatusRecord(domain, name, number),
  ]);
  if (dated === undefined) return undefined;
  const current = await currentStatus(domain, dated.manifest, record?.value.status);
  return { ...dated, ...current, ...(record !== undefined && { record }) };
}

/**
 * What a version is, as far as that depends on others.
 * @param recorded what its status record says, if there is one
 */
export async function currentStatus(
  domain: Pick<Domain, 'store'>,
  manifest: Manifest,
  recorded: Status | undefined,
): Promise<Pick<Version, 'status' | 'pending'>> {
  const status = recorded ?? initialStatus(manifest);
  if (status !== 'Unfinished' || manifest.promotion === undefined) return { status };
  const pending = await pendingOf(domain, manifest);
  return pending === undefined ? { status: 'Published' } : { status, pending };
}

/** `undefined`: it was promoted, together with all others. */
async function pendingOf(
  domain: Pick<Domain, 'store'>,
  { repository, id, number, promotion }: Manifest,
): Promise<Pending | undefined> {
  if (promotion === undefined) return undefined;
  try {
    const decision = await readDecision(domain, repository, promotion.id);
    if (decision === undefined) return 'open';
    const isPromoted =
      decision !== 'withdrawn' && decision.items.some(({ to }) => to.id === id && to.number === number);
    return isPromoted ? undefined : 'withdrawn';
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return 'unknown';
    throw error;
  }
}

/** Whether a version was given up, or never is to be seen, so that the same content becomes another one. */
export function isLost({ status, pending }: Pick<Version, 'status' | 'pending'>): boolean {
  return isGone(status) || pending === 'withdrawn';
}

/** Whether a version was promoted with others, and nobody ever saw it: it is given up now, or about to be. */
export async function isNeverSeen(domain: Pick<Domain, 'store'>, version: Version): Promise<boolean> {
  const { manifest, status, pending, record } = version;
  const { promotion } = manifest;
  if (promotion === undefined || promotion.items === 1) return false;
  if (!isGone(status)) return pending === 'withdrawn';
  return record?.value.was === 'Unfinished' && (await pendingOf(domain, manifest)) === 'withdrawn';
}

/** 0 where there is none. One request, however many there are: keys list newest first. */
export async function newestNumber({ store }: Pick<Domain, 'store'>, name: ArtifactName): Promise<number> {
  for await (const { key } of store.list(versionPrefix(name), { limit: 1 })) return parseVersionKey(key).number;
  return 0;
}

/** Newest first. */
export async function* listVersionNumbers(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
): AsyncGenerator<number> {
  for await (const { key } of store.list(versionPrefix(name))) yield parseVersionKey(key).number;
}

/** The newest version that exists: numbers that were taken out of use are passed over. `likely` is looked at first, and mostly is the one. */
export async function findNewest(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  likely: number,
): Promise<Manifest | undefined> {
  const first = await readManifest(domain, name, likely);
  if (first !== undefined) return first;
  for await (const number of listVersionNumbers(domain, name)) {
    const manifest = await readManifest(domain, name, number);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

export interface ListedArtifact extends ArtifactName {
  /** Of its numbers, also of one that was taken out of use. */
  readonly newest: number;
}

/** So many versions of one artifact in a row are read past; beyond, a new listing that begins behind them is cheaper. */
const READ_PAST = 1000;

/** By repository and ID, ascending. `idPrefix` may end within a segment. */
export async function* listArtifacts(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  idPrefix = '',
): AsyncGenerator<ListedArtifact> {
  const prefix = versionsPrefix(repository, idPrefix);
  let after: string | undefined;
  for (let more = true; more;) {
    more = false;
    let current = '';
    let seen = 0;
    for await (const { key } of store.list(prefix, after === undefined ? {} : { after })) {
      const { id, number } = parseVersionKey(key);
      if (id !== current) {
        current = id;
        seen = 0;
        // `shop/` is a prefix of the keys of `shop` too, because of the `/` before the `!`.
        if (id.startsWith(idPrefix)) yield { repository, id, newest: number };
      } else if (++seen > READ_PAST) {
        after = `${versionPrefix({ repository, id })}~`;
        more = true;
        break;
      }
    }
  }
}

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 16;

/** The first version of a repository that exists, in the order of a listing. */
export async function firstVersion(
  domain: Pick<Domain, 'store'>,
  repository: string,
): Promise<(ArtifactName & { readonly number: number }) | undefined> {
  for await (const { id } of listArtifacts(domain, repository)) {
    const name = { repository, id };
    const found = expandAhead(listVersionNumbers(domain, name), VERSIONS_AHEAD, async function* (number) {
      const status = (await readVersion(domain, name, number))?.status;
      // Whoever is deleting one has not decided yet.
      if (status !== undefined && (status === 'Deleting' || exists(status))) yield number;
    });
    for await (const number of found) return { ...name, number };
  }
  return undefined;
}

/** The newest version of this artifact that holds this content under whatever filename; one that may still be used goes before one that may not. */
export async function findVersionOf(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  digest: Digest,
): Promise<Pick<Version, 'manifest' | 'status'> | undefined> {
  let second: Pick<Version, 'manifest' | 'status'> | undefined;
  for (const { number, nonce } of await holdersOf(domain, name, { digest })) {
    const version = await readVersion(domain, name, number);
    if (version?.manifest.nonce !== nonce) continue;
    if (!takesNoReferences(version.status)) return version;
    second ??= version;
  }
  return second;
}

/** What says that versions of this artifact hold this content, newest first; whether they exist is not said by it. */
export async function holdersOf(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  { digest }: Pick<BlobName, 'digest'>,
): Promise<readonly { readonly number: number; readonly nonce: string; readonly modified: Date }[]> {
  const references: { readonly number: number; readonly nonce: string; readonly modified: Date }[] = [];
  for await (const { key, modified } of store.list(versionReferencePrefix(digest, name))) {
    references.push({ ...parseVersionReferenceKey(key), modified });
  }
  return references.sort((a, b) => b.number - a.number);
}
