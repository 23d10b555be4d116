import type { BlobName } from '../blob.ts';
import { keyOf } from '../blob.ts';
import { placeOfKey } from '../contents.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import type { ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';
import type { Doubt, WantedBlob } from './damage.ts';
import { doubtOf, eraseDamaged } from './damage.ts';
import type { Notes, Problem } from './finding.ts';

/** What is wrong with content that somebody needs. */
type ContentFinding = Pick<Problem['finding'], 'key' | 'digest' | 'why' | 'remedy'> & {
  readonly kind: 'lost' | 'hidden' | 'damaged' | 'unreadable';
};

export interface ContentFault {
  readonly finding: ContentFinding;
  readonly heal?: NonNullable<Problem['heal']>;
}

/**
 * Whether content is where it is needed, and is what its address says: by its size, and by the SHA-256 that the store itself verified when it took it. Of what went up
 * in parts, and in a directory, the store tells none: that takes reading.
 * @param reads whether to read all of it
 */
export async function faultOf(
  domain: Domain,
  blob: WantedBlob,
  reads: boolean,
  notes?: Notes,
): Promise<ContentFault | undefined> {
  const { store } = domain;
  const key = keyOf(blob);
  const head = await store.head(key);
  if (head === undefined) return { finding: await absent(store, key, blob) };
  if (head.sha256 === undefined && notes !== undefined) notes.bySizeAlone += 1;
  const doubt = await doubtOf(domain, head, blob, reads);
  if (doubt === undefined) return undefined;
  if (doubt.about === 'record') return { finding: misrecorded(key, blob, doubt) };
  const heal = (): Promise<string | undefined> => eraseDamaged(domain, blob);
  return { finding: damaged(domain, head, blob, doubt), ...(doubt.isProven && { heal }) };
}

async function absent(store: ObjectStore, key: ObjectKey, { digest, filename }: BlobName): Promise<ContentFinding> {
  const isHidden = await isKept(store, key);
  const what = `the content sha256:${digest} ('${filename}')`;
  if (!isHidden) return { kind: 'lost', key, digest, why: `${what} is not in the store`, remedy: publishAgain(digest) };
  return {
    ...{ kind: 'hidden', key, digest },
    why: `${what} was hidden by somebody: a delete marker stands before it`,
    remedy: `${publishAgain(digest)} Or remove the delete marker of '${key}'.`,
  };
}

/** Whether something stands there that is not shown. Who may not list what was superseded can't tell it from what is gone. */
async function isKept(store: ObjectStore, key: ObjectKey): Promise<boolean> {
  try {
    return (await store.incarnations(key)).length > 0;
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return false;
    throw error;
  }
}

function damaged(
  domain: Domain,
  { key, version }: ObjectHead,
  { digest, filename }: BlobName,
  { why, isProven }: Doubt,
): ContentFinding {
  const place = placeOfKey(domain, key);
  const remedy = isProven
    ? `'cfn-artifacts verify --fix --deep' erases what is proven to be damaged. ${publishAgain(digest)}`
    : `What was read is no proof while the store says otherwise: read it again with 'cfn-artifacts verify --deep'. If it stays so, have the version '${version ?? ''}' of the object '${place.key}' in '${place.bucket}' erased by who may change the bucket's policy. ${publishAgain(digest)}`;
  return {
    ...{ kind: 'damaged', key, digest, remedy },
    why: `the content sha256:${digest} ('${filename}') is not what its address says: ${why}`,
  };
}

/** Nothing is wrong with the content, which others may need. */
function misrecorded(key: ObjectKey, { digest, filename }: BlobName, { why }: Doubt): ContentFinding {
  return {
    ...{ kind: 'unreadable', key, digest },
    why: `its manifest is wrong about the content sha256:${digest} ('${filename}'), which is what its address says: ${why}`,
    remedy: 'Put the manifest back from a backup. The content needs nothing.',
  };
}

function publishAgain(digest: Digest): string {
  return `Publish or package the same bytes again: what has the digest sha256:${digest} is put back under the same version and ARN.`;
}
