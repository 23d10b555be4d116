import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { EVERY_BLOB, isBlobKey, parseBlobKey, referencesPrefix, versionOfReference } from '../keys.ts';
import type { ListedObject } from '../object-store.ts';
import { damaged, misreadOf } from './content.ts';
import { foreign } from './finding.ts';
import type { Pass } from './verifying.ts';
import { arnOf, listAfter } from './verifying.ts';

/** So many versions are named: where there are more, they are of one content, and one remedy serves all. */
const NAMED = 20;

/** Everything below `blobs/`: that it is content, and, read to its end, the content that its address says. */
export const blobs: Pass<ListedObject> = {
  // Each may be large: nothing is gained by reading many at once.
  ahead: 4,
  items: ({ domain }, after) => listAfter(domain.store, EVERY_BLOB, after),
  async examine({ domain, deep }, { key }) {
    if (!isBlobKey(key)) return [foreign(key)];
    if (!deep) return [];
    const blob = parseBlobKey(key);
    const why = await misreadOf(domain.store, key, blob.digest);
    if (why === undefined) return [];
    const arns = await holdersOf(domain, blob.digest);
    return [{ finding: { ...damaged(key, blob, why), ...(arns.length > 0 && { arns }) } }];
  },
};

async function holdersOf(domain: Domain, digest: Digest): Promise<readonly string[]> {
  const arns: string[] = [];
  for await (const { key } of domain.store.list(`${referencesPrefix(digest)}version/`, { limit: NAMED })) {
    const version = versionOfReference(key);
    if (version !== undefined) arns.push(arnOf(domain, version, digest));
  }
  return arns;
}
