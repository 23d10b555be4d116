import type { BlobName } from '../blob.ts';
import { keyOf } from '../blob.ts';
import { lookAtOwnBuckets } from '../contents.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import {
  bucketPrefix,
  EVERY_BLOB,
  isBlobKey,
  parseBlobKey,
  versionOfReference,
  versionReferencesPrefix,
} from '../keys.ts';
import type { ListedObject, ObjectHead } from '../object-store.ts';
import type { Manifest } from '../version.ts';
import { readManifest } from '../version.ts';
import { faultOf } from './content.ts';
import { readingOf } from './damage.ts';
import { foreign } from './finding.ts';
import type { Pass } from './verifying.ts';
import { arnOf, listAfter } from './verifying.ts';

/** So many versions are named: where there are more, they are of one content, and one remedy serves all. */
const NAMED = 20;

/** Everything below `blobs/`: that it is content, and, read to its end, the content that its address says. */
export const blobs: Pass<ListedObject> = {
  // Each may be large: nothing is gained by reading many at once.
  ahead: 4,
  items: ({ domain }, after) => everywhere(domain, after),
  async examine({ domain, deep }, { key }) {
    if (!isBlobKey(key)) return [foreign(key)];
    if (!deep) return [];
    const blob = parseBlobKey(key);
    const reading = await readingOf(domain.store, key);
    if (reading === undefined || reading.digest === blob.digest) return [];
    const [head, holders] = await Promise.all([domain.store.head(key), holdersOf(domain, blob)]);
    if (head === undefined || isTold(head, blob, holders)) return [];
    const fault = await faultOf(domain, blob, true);
    if (fault === undefined) return [];
    const arns = holders.map((manifest) => arnOf(domain, manifest, blob.digest));
    return [{ ...fault, finding: { ...fault.finding, ...(arns.length > 0 && { arns }) } }];
  },
};

/** In the domain's bucket, then in each that repositories have, as far as they may be looked into: what is needed in others is told where the versions are looked at. */
async function* everywhere({ store }: Domain, after: string): AsyncGenerator<ListedObject> {
  yield* listAfter(store, EVERY_BLOB, after);
  const { open } = await lookAtOwnBuckets(store);
  for (const bucket of open) yield* listAfter(store, `${bucketPrefix(bucket)}${EVERY_BLOB}`, after);
}

/** Whether it was told where the versions were looked at, by what the store knows without reading. */
function isTold({ size, sha256 }: ObjectHead, blob: BlobName, holders: readonly Manifest[]): boolean {
  const { digest } = blob;
  const key = keyOf(blob);
  const assets = holders.flatMap((manifest) => manifest.assets);
  const wanted = assets.filter((asset) => keyOf(asset) === key);
  return wanted.some((asset) => asset.size !== size || (sha256 !== undefined && sha256 !== digest));
}

async function holdersOf(domain: Domain, { digest }: BlobName): Promise<readonly Manifest[]> {
  const holders: Manifest[] = [];
  for await (const { key } of domain.store.list(versionReferencesPrefix(digest), { limit: NAMED })) {
    const version = versionOfReference(key);
    const manifest = version && (await manifestOf(domain, version));
    if (manifest !== undefined) holders.push(manifest);
  }
  return holders;
}

/** What can't be read was told where the versions were looked at. */
async function manifestOf(
  domain: Domain,
  version: NonNullable<ReturnType<typeof versionOfReference>>,
): Promise<Manifest | undefined> {
  try {
    return await readManifest(domain, version, version.number);
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return undefined;
    throw error;
  }
}
