import { bytesOf, contentOf } from '../content.ts';
import { sha256 } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { ObjectKey, ObjectStore, Revision } from '../object-store.ts';
import { objectKey } from '../object-store.ts';

/**
 * Tries what everything else relies on, with objects under `scratch/probe-{nonce}/`, which it removes again (where it may: else they
 * expire with all of `scratch/`). Judges by what the store then holds and by its answers both, except that the first writing of a kind
 * may be answered by the echo of its own first attempt.
 * @param nonce never used before
 * @throws ArtifactError UNSUPPORTED_STORE where the store doesn't keep a promise; what the store itself throws
 */
export async function probe(store: ObjectStore, nonce: string): Promise<void> {
  const folder = `scratch/probe-${nonce}/`;
  const record = objectKey(`${folder}record`);
  const corrupt = objectKey(`${folder}corrupt`);
  try {
    const first = await createsOnce(store, record, nonce);
    await replacesOnlyTheCurrent(store, record, nonce, first);
    await removesOnlyTheCurrent(store, record, first);
    await rejectsWrongBytes(store, corrupt);
    await listsWhatIsThere(store, folder, record);
  } finally {
    await removeIfAllowed(store, record);
    await removeIfAllowed(store, corrupt);
  }
}

async function createsOnce(store: ObjectStore, key: ObjectKey, nonce: string): Promise<Revision> {
  await store.create(key, contentOf(`first ${nonce}`));
  await expectContent(store, key, `first ${nonce}`, 'does not show an object that was just created');
  const revision = (await store.head(key))?.revision;
  if (revision === undefined) throw unsupported('does not show an object that was just created');
  const again = await store.create(key, contentOf(`second ${nonce}`));
  const broken = 'creates an object that exists already (a put with If-None-Match)';
  if (again !== 'exists') throw unsupported(broken);
  await expectContent(store, key, `first ${nonce}`, broken);
  return revision;
}

async function replacesOnlyTheCurrent(
  store: ObjectStore,
  key: ObjectKey,
  nonce: string,
  stale: Revision,
): Promise<void> {
  await store.replace(key, contentOf(`third ${nonce}`), stale);
  await expectContent(store, key, `third ${nonce}`, 'does not replace the current revision (a put with If-Match)');
  const broken = 'replaces a revision that is no longer the current (a put with If-Match)';
  if ((await store.replace(key, contentOf(`fourth ${nonce}`), stale)) !== 'conflict') throw unsupported(broken);
  await expectContent(store, key, `third ${nonce}`, broken);
}

async function removesOnlyTheCurrent(store: ObjectStore, key: ObjectKey, stale: Revision): Promise<void> {
  const outcome = await store.removeRevision(key, stale).catch((error: unknown) => {
    // Who may not remove anything can't do harm by it either.
    if (hasCode(error, 'ACCESS_DENIED')) return 'conflict';
    throw error;
  });
  if (outcome !== 'conflict' || (await store.head(key)) === undefined) {
    throw unsupported('removes a revision that is no longer the current (a delete with If-Match)');
  }
}

async function rejectsWrongBytes(store: ObjectStore, key: ObjectKey): Promise<void> {
  try {
    await store.create(key, { ...contentOf('some bytes'), sha256: sha256('other bytes') });
  } catch (error) {
    if (hasCode(error, 'DIGEST_MISMATCH')) return;
    throw error;
  }
  throw unsupported('takes bytes that do not have the announced SHA-256 (x-amz-checksum-sha256)');
}

async function listsWhatIsThere(store: ObjectStore, folder: string, key: ObjectKey): Promise<void> {
  for await (const listed of store.list(folder)) if (listed.key === key) return;
  throw unsupported('does not list an object that was just created');
}

async function expectContent(store: ObjectStore, key: ObjectKey, expected: string, broken: string): Promise<void> {
  const object = await store.read(key);
  const text = object && (await bytesOf(object.body)).toString();
  if (text !== expected) throw unsupported(broken);
}

async function removeIfAllowed(store: ObjectStore, key: ObjectKey): Promise<void> {
  try {
    const head = await store.head(key);
    if (head !== undefined) await store.removeRevision(key, head.revision);
  } catch {
    // What was found out counts; what stays here is a few bytes that expire.
  }
}

function unsupported(broken: string): ArtifactError {
  return new ArtifactError('UNSUPPORTED_STORE', `the store ${broken}`, {
    remedy:
      'Two writers at once would overwrite each other here. Use Amazon S3, a store with the same conditional requests, or a ' +
      'directory.',
  });
}
