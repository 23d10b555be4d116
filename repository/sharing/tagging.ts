import { parseArn, samePlace } from '../arn.ts';
import { expandAhead } from '../ahead.ts';
import { headBlob } from '../blob.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import {
  blobPrefix,
  kindPrefix,
  parseBlobKey,
  versionOfKey,
  versionOfReference,
  versionReferenceKey,
  versionReferencesPrefix,
} from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { readRecord } from '../record.ts';
import { isGone } from '../status.ts';
import type { Manifest } from '../version.ts';
import { readVersion } from '../version.ts';
import { namedBy, scopeOfFile } from './guest-file.ts';
import { reaching } from './reach.ts';
import type { RepositoryShare } from './share.ts';
import { includes, scopeOf } from './share.ts';
import { SHARES_TAG } from './statements.ts';

/** What became of one version's content. */
export interface TaggedVersion extends ArtifactName {
  readonly number: number;
  /** So many objects were tagged anew. */
  readonly tagged: number;
}

/** What S3 takes for the value of a tag. */
const TAG_LIMIT = 256;
/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 8;

/**
 * Tags the content of versions with what it is shared as, and of content that is no longer shared takes that back. Tags follow what the records say, so that it may be done again, by anybody, at any time.
 * @param versions in an order of which `after` is made
 */
export async function* tagVersions(
  domain: Domain,
  shares: readonly RepositoryShare[],
  versions: AsyncIterable<ArtifactName & { readonly number: number }>,
): AsyncGenerator<TaggedVersion> {
  yield* expandAhead(versions, VERSIONS_AHEAD, async function* (name) {
    const version = await readable(() => readVersion(domain, name, name.number));
    const digests = new Set(version?.manifest.assets.map(({ digest }) => digest));
    let tagged = 0;
    for (const digest of digests) tagged += await tagContent(domain, shares, digest);
    yield { repository: name.repository, id: name.id, number: name.number, tagged };
  });
}

/** Those of a list; what is another domain's, or names no version, is passed over. */
export async function* versionsNamed(
  domain: Domain,
  arns: readonly string[],
): AsyncGenerator<ArtifactName & { readonly number: number }> {
  for (const arn of new Set(arns)) {
    const { repository, id, version: number, ...place } = parseArn(arn);
    if (number !== undefined && samePlace(place, domain)) yield { repository, id, number };
  }
}

/**
 * All versions of a repository, by their keys.
 * @param after the key behind which it goes on
 */
export async function* versionsOfRepository(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  after?: string,
): AsyncGenerator<ArtifactName & { readonly number: number; readonly key: string }> {
  const options = after === undefined ? {} : { after };
  for await (const { key } of store.list(kindPrefix('versions', repository), options)) {
    const version = versionOfKey(key);
    if (version !== undefined) yield { ...version, key };
  }
}

/** @returns how many objects have another tag now */
async function tagContent(domain: Domain, shares: readonly RepositoryShare[], digest: Digest): Promise<number> {
  const { store } = domain;
  if (store.setTag === undefined) return 0;
  const scopes = await scopesOf(domain, shares, digest);
  let tagged = 0;
  for await (const { key } of store.list(blobPrefix(digest))) {
    const { filename } = parseBlobKey(key);
    const wanted = scopes.filter((scope) => scope.mayRead(filename)).map(({ name }) => name);
    if (scopeOfFile(filename) !== undefined && wanted.length > 0 && !(await isSound(domain, digest, filename)))
      continue;
    if ((await store.setTag(key, SHARES_TAG, tagOf(wanted))) === 'set') tagged += 1;
  }
  return tagged;
}

/** Nobody is shown bytes that are not what their key says. */
async function isSound({ store }: Domain, digest: Digest, filename: string): Promise<boolean> {
  try {
    return (await headBlob(store, { digest, filename })) !== undefined;
  } catch (error) {
    if (hasCode(error, 'DIGEST_MISMATCH', 'CONTENT_MISSING')) return false;
    throw error;
  }
}

/** Each between colons, so that one is found whole; as many as there is room for, and always the same. */
export function tagOf(scopes: readonly string[]): string {
  let text = '';
  for (const scope of [...new Set(scopes)].toSorted()) {
    const longer = text === '' ? `:${scope}:` : `${text}${scope}:`;
    if (longer.length > TAG_LIMIT) break;
    text = longer;
  }
  return text;
}

/** What content is shared as. */
interface ContentScope {
  readonly name: string;
  /** Whether it means what stands under this name, too. */
  readonly mayRead: (filename: string) => boolean;
}

/** Of every version that holds it, as its references tell: they are written before the version is, and by nobody but who may publish it. */
async function scopesOf(
  domain: Domain,
  shares: readonly RepositoryShare[],
  digest: Digest,
): Promise<readonly ContentScope[]> {
  const scopes: ContentScope[] = [];
  for await (const { key } of domain.store.list(versionReferencesPrefix(digest))) {
    const reference = versionOfReference(key);
    const reached = reference === undefined ? [] : reaching(shares, reference);
    if (reference === undefined || reached.length === 0) continue;
    const version = await readable(() => readVersion(domain, reference, reference.number));
    if (version === undefined || isGone(version.status) || version.manifest.nonce !== reference.nonce) continue;
    const { manifest } = version;
    const names = [...new Set(reached.map(scopeOf))];
    const by = namedBy(reference.nonce);
    if (by === undefined) continue;
    if (by === 'domain') {
      const isOpen = publishersOf(shares, reference).length > 0;
      if (isOpen && !(await isDomains(domain, shares, manifest, digest))) continue;
      // The domain's own: it may name what it likes. What guests have brought it names only where it promotes that.
      scopes.push(...names.map((name) => ({ name, mayRead: () => true })));
      continue;
    }
    const isPromoted = await mayPromote(domain, shares, manifest, digest);
    // A guest may name any digest, and has brought only what stands under its own names.
    scopes.push(
      ...names.map((name) => ({
        name,
        mayRead: (filename: string) => isPromoted || scopeOfFile(filename) === by.scope,
      })),
    );
  }
  return scopes;
}

/**
 * Whether the domain itself has named this content in the version. What the version says of that is no proof, because a guest writes it, whatever it likes; the reference under a nonce of the domain's is, which
 * no guest can write. Except where it was put back for a version (`writing`), which is done for whatever version is there: then it is none where guests publish.
 */
async function isDomains(
  { store }: Domain,
  shares: readonly RepositoryShare[],
  manifest: Manifest,
  digest: Digest,
): Promise<boolean> {
  if (namedBy(manifest.nonce) !== 'domain') return false;
  const key = versionReferenceKey(digest, manifest, manifest.number, manifest.nonce);
  const reference = await readable(() =>
    readRecord(store, key, ({ writing }) => ({ isPutBack: writing !== undefined })),
  );
  if (reference === undefined) return false;
  return !reference.value.isPutBack || publishersOf(shares, manifest).length === 0;
}

function publishersOf(shares: readonly RepositoryShare[], name: ArtifactName): readonly RepositoryShare[] {
  return reaching(shares, name).filter(({ right }) => includes(right, 'publish'));
}

/**
 * Whether all guests who may have promoted this could read what it says to be made from: a version of the domain's own that holds this content, and is shared with each of them.
 */
async function mayPromote(
  domain: Domain,
  shares: readonly RepositoryShare[],
  { repository, id, promotion }: Manifest,
  digest: Digest,
): Promise<boolean> {
  if (promotion === undefined) return false;
  const { version: number, ...from } = parseArn(promotion.from);
  if (number === undefined || !samePlace(from, domain)) return false;
  const source = await readable(() => readVersion(domain, from, number));
  const holds = source?.manifest.assets.some((asset) => asset.digest === digest) === true;
  if (source === undefined || !holds || !(await isDomains(domain, shares, source.manifest, digest))) return false;
  const readers = new Set(reaching(shares, from).map((share) => share.with));
  const guests = publishersOf(shares, { repository, id });
  return guests.length > 0 && guests.every((guest) => readers.has(guest.with));
}

/** A record that can't be read says nothing, and is in nobody's way. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT', 'INVALID_ARN')) return undefined;
    throw error;
  }
}
