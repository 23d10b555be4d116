import { bytesOf, contentOf } from '../content.ts';
import { sha256 } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { Incarnation, ObjectHead, ObjectKey, ObjectStore, Revision } from '../object-store.ts';
import { objectKey } from '../object-store.ts';

/**
 * Tries what everything else relies on, with objects under `scratch/probe-{nonce}/`, which it removes again (where it may: else they
 * expire with all of `scratch/`). Judges by what the store then holds and by its answers both, except that the first writing of a kind
 * may be answered by the echo of its own first attempt. What the caller may not do (removing, as a rule) is not tried.
 *
 * - A copy must keep its condition. It is not verified on the way: one that overwrites would put the bytes of a damaged object over those of a good
 *   one, and give a blob that a keeper is about to delete an incarnation that the keeper has not recorded.
 * - Content in parts is not tried: it takes more than 64 MiB. A store that keeps the conditions of a single put and not those of a
 *   completed upload is not found out.
 * @param nonce never used before
 * @throws ArtifactError UNSUPPORTED_STORE where the store doesn't keep a promise; what the store itself throws
 */
export async function probe(store: ObjectStore, nonce: string): Promise<void> {
  const folder = `scratch/probe-${nonce}/`;
  const [record, copied, same, corrupt] = ['record', 'copied', 'same', 'corrupt'].map((name) =>
    objectKey(folder + name),
  ) as [ObjectKey, ObjectKey, ObjectKey, ObjectKey];
  try {
    const first = await createsOnce(store, record, nonce);
    await replacesOnlyTheCurrent(store, record, nonce, first);
    await copiesOnce(store, { from: record, to: copied, absent: corrupt }, nonce);
    await listsWhatIsThere(store, folder, [copied, record]);
    await tellsIncarnationsApart(store, same, nonce);
    await removesOnlyTheCurrent(store, record, first);
    await rejectsWrongBytes(store, corrupt);
  } finally {
    for (const key of [record, copied, same, corrupt]) await removeIfAllowed(store, key);
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

/** `from` holds what `replacesOnlyTheCurrent` leaves. */
async function copiesOnce(
  store: ObjectStore,
  { from, to, absent }: Readonly<Record<'from' | 'to' | 'absent', ObjectKey>>,
  nonce: string,
): Promise<void> {
  if ((await store.copy(absent, to)) !== 'absent') throw unsupported('copies an object that is not there');
  await store.copy(from, to);
  await expectContent(store, to, `third ${nonce}`, 'does not copy an object');
  const copied = await currentOf(store, to);
  const broken = 'copies over an object that exists already (a copy with If-None-Match)';
  if ((await store.copy(from, to)) !== 'exists') throw unsupported(broken);
  if ((await currentOf(store, to)) !== copied) throw unsupported(broken);
}

async function listsWhatIsThere(store: ObjectStore, folder: string, keys: readonly ObjectKey[]): Promise<void> {
  if ((await keysBelow(store, folder)).join() === keys.join()) return;
  throw unsupported('does not list the objects that were just created');
}

/** The same bytes, written three times: what was recorded of the first writing must never stand for a later one. */
async function tellsIncarnationsApart(store: ObjectStore, key: ObjectKey, nonce: string): Promise<void> {
  const content = contentOf(`same ${nonce}`);
  await store.create(key, content);
  const first = await currentOf(store, key);
  await store.replace(key, contentOf(`other ${nonce}`), await revisionOf(store, key));
  await store.replace(key, content, await revisionOf(store, key));
  const second = await currentOf(store, key);
  if (second === first) throw unsupported(SAME_INCARNATION);
  if (!(await removesIfAllowed(store, key, first))) return;
  if ((await store.head(key))?.incarnation !== second) throw unsupported(REMOVES_OTHERS);
  if ((await store.incarnations(key))[0] !== second) throw unsupported('does not tell the incarnations of an object');
  await store.removeIncarnation(key, second);
  if ((await store.head(key)) !== undefined || (await store.incarnations(key)).includes(second)) {
    throw unsupported('does not remove an incarnation');
  }
  await store.create(key, content);
  const third = await currentOf(store, key);
  if (third === second || third === first) throw unsupported(SAME_INCARNATION);
  // As a request that was sent twice, and arrives late.
  await store.removeIncarnation(key, second);
  if ((await store.head(key))?.incarnation !== third) throw unsupported(REMOVES_OTHERS);
}

const SAME_INCARNATION =
  'gives the same incarnation to the same bytes when they are written again (a bucket must keep versions)';
const REMOVES_OTHERS = 'removes another incarnation than it is told (a delete with a version ID)';

/** Whether the caller may. Who may not remove anything can't do harm by it either. */
async function removesIfAllowed(store: ObjectStore, key: ObjectKey, incarnation: Incarnation): Promise<boolean> {
  try {
    await store.removeIncarnation(key, incarnation);
    return true;
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return false;
    throw error;
  }
}

async function removesOnlyTheCurrent(store: ObjectStore, key: ObjectKey, stale: Revision): Promise<void> {
  let outcome: Awaited<ReturnType<ObjectStore['removeRevision']>>;
  try {
    outcome = await store.removeRevision(key, stale);
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return;
    throw error;
  }
  if (outcome !== 'conflict' || (await store.head(key)) === undefined) {
    throw unsupported('removes a revision that is no longer the current (a delete with If-Match)');
  }
  await store.removeRevision(key, await revisionOf(store, key));
  const broken = 'does not remove the current revision (a delete with If-Match)';
  if ((await store.head(key)) !== undefined) throw unsupported(broken);
  if ((await keysBelow(store, key)).length > 0) throw unsupported('lists an object that was just removed');
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

async function keysBelow(store: ObjectStore, prefix: string): Promise<ObjectKey[]> {
  const keys: ObjectKey[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function expectContent(store: ObjectStore, key: ObjectKey, expected: string, broken: string): Promise<void> {
  const object = await store.read(key);
  const text = object && (await bytesOf(object.body)).toString();
  if (text !== expected) throw unsupported(broken);
}

async function currentOf(store: ObjectStore, key: ObjectKey): Promise<Incarnation> {
  const head = await store.head(key);
  if (head === undefined) throw unsupported('does not show an object that was just written');
  return head.incarnation;
}

async function revisionOf(store: ObjectStore, key: ObjectKey): Promise<Revision> {
  const head = await store.head(key);
  if (head === undefined) throw unsupported('does not show an object that was just written');
  return head.revision;
}

/** One way or the other: one of them may be what is broken. */
async function removeIfAllowed(store: ObjectStore, key: ObjectKey): Promise<void> {
  const ways: readonly ((head: ObjectHead) => Promise<unknown>)[] = [
    ({ revision }) => store.removeRevision(key, revision),
    ({ incarnation }) => store.removeIncarnation(key, incarnation),
  ];
  for (const remove of ways) {
    try {
      const head = await store.head(key);
      if (head === undefined) return;
      await remove(head);
    } catch {
      // What was found out counts; what stays here is a few bytes that expire.
    }
  }
}

function unsupported(broken: string): ArtifactError {
  return new ArtifactError('UNSUPPORTED_STORE', `the store ${broken}`, {
    remedy:
      'Two writers at once would overwrite each other here, or what is in use be removed. Use Amazon S3, a store with the same ' +
      'conditional requests and versions, or a directory.',
  });
}
