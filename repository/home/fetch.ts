import type { ArtifactArn } from '../arn.ts';
import { formatArn, samePlace } from '../arn.ts';
import type { Arrival, BlobName } from '../blob.ts';
import { headBlob, missing } from '../blob.ts';
import { measured } from '../content.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { blobPrefix, isBlobKey, parseBlobKey } from '../keys.ts';
import type { ObjectHead, ObjectStore } from '../object-store.ts';
import { securePresence } from '../presence.ts';
import { storedContent } from '../stored-content.ts';
import type { AtHome, Fetched } from './away.ts';
import { byOne } from './claim.ts';
import type { Homes } from './home.ts';
import { atHome, openHome } from './home.ts';
import { resolveAtHome } from './resolve.ts';

/** What is refused may have been shared, or published, a moment ago: whoever shares marks the content after that. Ten seconds. */
const ATTEMPTS = 6;
const PAUSE_MS = 2000;
/** Content under one key never changes: what does is written again by somebody who mends it. */
const CHANGES = 3;

/** As `Away.fetch`, for the keeper of the domain. */
export async function fetchContent(
  domain: Domain,
  homes: Homes,
  named: ArtifactArn,
  filename?: string,
): Promise<Fetched> {
  const subject = formatArn(named);
  requireReachable(domain, named);
  const here = await findHere(domain, named, filename);
  if (here !== undefined) return here;
  return patiently(domain, async () => {
    const home = await openHome(homes, named, subject, domain.chance);
    const open = (bucket: string): Promise<ObjectStore> => homes.content(named, bucket, named.account);
    const { ownBucket, ...found } = await atHome(named, subject, () => resolveAtHome(home, named, open, filename));
    const source = async (): Promise<ObjectStore> => (ownBucket === undefined ? home.store : open(ownBucket));
    const arrival = await securePresence(domain, found, () =>
      byOne(
        domain,
        found.digest,
        async () => ((await headBlob(domain.store, found)) === undefined ? undefined : 'reused'),
        () => atHome(named, subject, async () => bring(domain, await source(), found)),
      ),
    );
    return { ...found, arrival };
  });
}

/** Content that is here already: under the filename, or under the only one that it has here. `undefined`: it is not, or is on its way out. */
async function findHere(
  domain: Domain,
  named: ArtifactArn,
  filename: string | undefined,
): Promise<Fetched | undefined> {
  const { digest, version, asset } = named;
  if (digest === undefined || asset !== undefined) return undefined;
  const blob = filename === undefined ? await onlyOneHere(domain, digest) : { digest, filename };
  const head = blob && (await headBlob(domain.store, blob));
  if (blob === undefined || head === undefined) return undefined;
  try {
    const arrival = await securePresence(domain, blob);
    const found = { arn: formatArn(named), key: head.key, digest, filename: blob.filename, size: head.size };
    return { ...found, ...(version !== undefined && { version }), arrival };
  } catch (error) {
    // Decided to go just now: home has it.
    if (hasCode(error, 'ARTIFACT_DELETED', 'CONTENT_MISSING')) return undefined;
    throw error;
  }
}

async function onlyOneHere({ store }: Domain, digest: Digest): Promise<BlobName | undefined> {
  const blobs: BlobName[] = [];
  for await (const { key } of store.list(blobPrefix(digest), { limit: 2 })) {
    if (isBlobKey(key)) blobs.push(parseBlobKey(key));
  }
  return blobs.length === 1 ? blobs[0] : undefined;
}

function requireReachable(domain: Domain, named: ArtifactArn): void {
  if (named.partition !== domain.partition) {
    throw new ArtifactError(
      'ARTIFACT_NOT_FOUND',
      `'${formatArn(named)}' belongs to the partition ${named.partition}, which nobody in ${domain.partition} can reach`,
      { remedy: "Carry it over: 'cfn-artifacts bundle create' there, 'cfn-artifacts bundle publish' here." },
    );
  }
  if (!samePlace(named, domain)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'${formatArn(named)}' is at home in this domain`);
}

async function patiently<T>({ chance }: Domain, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'ACCESS_DENIED')) throw error;
      await chance.pause(PAUSE_MS);
    }
  }
}

/** Within the service where both stores are of it, else through here. Other bytes than the digest says never stand here. */
async function bring(domain: Domain, source: ObjectStore, blob: AtHome): Promise<Arrival> {
  for (let change = 0; change < CHANGES; change++) {
    const head = await source.head(blob.key);
    if (head === undefined) throw missing(blob);
    if (head.size !== blob.size) throw wrongBytes(blob, `${head.size} bytes instead of ${blob.size}`);
    const outcome = await copyWithin(domain, source, head, blob);
    if (outcome === 'created') return 'copied';
    if (outcome === 'exists') return 'reused';
    if (outcome === 'changed') continue;
    const carried = await carry(domain, source, head, blob);
    if (carried !== 'changed') return carried;
  }
  throw new ArtifactError('CONTENTION', `'${blob.key}' is written again by others all the time`, {
    remedy: 'Try again.',
  });
}

async function copyWithin(
  { store }: Domain,
  source: ObjectStore,
  head: ObjectHead,
  blob: AtHome,
): Promise<'created' | 'exists' | 'changed' | 'unsupported'> {
  if (store.copyFrom === undefined || source.address === undefined) return 'unsupported';
  // What S3 verified when it took the object; else it is read once, and exactly what was read is copied.
  const digest = head.sha256 ?? (await digestOf(source, head));
  if (digest === undefined) return 'changed';
  if (digest !== blob.digest) throw wrongBytes(blob, `bytes with the digest ${digest}`);
  try {
    const outcome = await store.copyFrom(source, head, blob.key);
    if (outcome === 'created') await proveCopy(store, blob);
    return outcome;
  } catch (error) {
    // Who may write here and read there may not always have S3 do it: encrypted with a key of somebody's, behind an endpoint.
    if (hasCode(error, 'ACCESS_DENIED', 'UNSUPPORTED_STORE')) return 'unsupported';
    throw error;
  }
}

/**
 * What was copied is held to the object that was looked at by its ETag, which is an MD5 where no key encrypts: whoever owns it could have put other bytes there with the same one. S3 tells the digest of what it
 * copied at once, and whoever looks at it meanwhile refuses it by that; what it copied in parts is read, and could be taken for good by others until then.
 */
async function proveCopy(store: ObjectStore, blob: AtHome): Promise<void> {
  const head = await store.head(blob.key);
  if (head === undefined) return;
  const digest = head.sha256 ?? (await digestOf(store, head));
  if (digest === undefined || digest === blob.digest) return;
  await store.removeIncarnation(blob.key, head.incarnation);
  throw wrongBytes(blob, `bytes with the digest ${digest}`);
}

/** `undefined` where it is no longer the object of that head. */
async function digestOf(source: ObjectStore, { key, revision }: ObjectHead): Promise<Digest | undefined> {
  const object = await source.read(key);
  if (object === undefined) return undefined;
  let found: Digest | undefined;
  let left = object.size;
  for await (const piece of measured(object.body, (digest) => (found = digest))) left -= piece.byteLength;
  return left === 0 && object.revision === revision ? found : undefined;
}

/** The store here verifies the digest of what arrives. */
async function carry(
  { store }: Domain,
  source: ObjectStore,
  head: ObjectHead,
  blob: AtHome,
): Promise<Arrival | 'changed'> {
  const content = storedContent(source, head, blob.digest);
  try {
    return (await store.create(blob.key, content)) === 'created' ? 'copied' : 'reused';
  } catch (error) {
    if (hasCode(error, 'DIGEST_MISMATCH')) throw wrongBytes(blob, 'other bytes', error);
    // Deleted there, or written again: the next look tells.
    if (hasCode(error, 'SOURCE_CHANGED')) return 'changed';
    throw error;
  }
}

function wrongBytes({ arn }: AtHome, what: string, cause?: unknown): ArtifactError {
  return new ArtifactError('DIGEST_MISMATCH', `the content of '${arn}' is damaged at home: it has ${what}`, {
    remedy:
      "Nothing of it was taken over. Run 'cfn-artifacts verify --fix --deep' there, then publish the same bytes again.",
    cause,
  });
}
