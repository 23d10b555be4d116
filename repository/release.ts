import type { BindingName, BindingRecord } from './binding.ts';
import { bindingKeys, isLater, listBindings, readBindingRecord } from './binding.ts';
import type { Digest } from './digest.ts';
import { recordEnding } from './ending.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { noteHomes } from './home/note.ts';
import { tellHomes } from './home/tell-homes.ts';
import { namedReferenceKey } from './keys.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import { recordContent } from './record.ts';
import type { StackResource } from './stack-id.ts';

/** A Delete of CloudFormation's. */
export interface Release {
  readonly resource: StackResource;
  readonly requestId: string;
  /** ISO 8601. */
  readonly issued: string;
  /** The binding that the physical ID names; absent where CloudFormation invented the ID, because it never got an answer to a Create. */
  readonly generation?: string;
}

/** Published versions of a function that runs from the bucket go on reading it: they are the consumer from here on. */
export const RETAINED_CONSUMER = 'retained';

/** What one invocation notes for other domains. */
export interface Noting {
  /** New for every invocation: what it notes is nobody else's note. */
  readonly nonce: string;
  isNoted?: boolean;
}

const TURNS = 20;

/**
 * Ends a binding, or everything that the resource has bound by an operation before this Delete. Removes exactly the records that it read, and leaves
 * what a later operation wants. Succeeds where there is nothing to remove.
 * @param domain where other domains can be told of it; absent: they are told later
 * @returns how many bindings it took away, or some of
 */
export async function release(
  store: ObjectStore,
  { resource, requestId, issued, generation }: Release,
  domain?: Pick<Domain, 'away' | 'chance'>,
): Promise<number> {
  const noting: Noting = { nonce: domain?.chance.nonce() ?? requestId };
  const first = await recordEnding(store, resource, generation ?? requestId, { requestId, issued });
  const before = isLater(issued, first) ? first : issued;
  const released = new Set<string>();
  for await (const { digest, generation: one } of listBindings(store, resource, generation)) {
    if (await removeRecords(store, { resource, generation: one }, [digest], before, noting)) released.add(one);
  }
  if (noting.isNoted === true && domain !== undefined)
    await tellHomes(domain, { resource, ...(generation !== undefined && { generation }) });
  return released.size;
}

/**
 * Removes a binding's records of these blobs, those left that an operation later than `before` wants.
 * @param before ISO 8601
 * @returns whether all of them are gone
 */
export async function removeRecords(
  store: ObjectStore,
  name: BindingName,
  digests: readonly Digest[],
  before: string,
  noting: Noting,
): Promise<boolean> {
  let areGone = true;
  for (const digest of digests) {
    const { reference, consumer } = bindingKeys(name, digest);
    // The entry goes last, so that a crash in between leaves the way to the reference.
    if (await removeOlder(store, reference, before, (record) => prepare(store, name, digest, record, noting))) {
      await removeOlder(store, consumer, before);
    } else {
      areGone = false;
    }
  }
  return areGone;
}

/** To be called before the reference of a binding is removed: homes are to be told, and what published versions go on reading stays protected. */
export async function prepare(
  store: ObjectStore,
  name: BindingName,
  digest: Digest,
  record: BindingRecord,
  noting: Noting,
): Promise<void> {
  const { homes = [] } = record;
  await noteHomes(store, name, digest, homes, noting.nonce);
  noting.isNoted ||= homes.length > 0;
  await retain(store, digest, record);
}

/** What published versions go on reading stays protected. */
async function retain(store: ObjectStore, digest: Digest, record: BindingRecord): Promise<void> {
  if (record.pinned !== true) return;
  await store.create(namedReferenceKey(digest, RETAINED_CONSUMER, record.generation), recordContent(record));
}

/** @returns whether it is gone; what a later operation has stamped stays */
async function removeOlder(
  store: ObjectStore,
  key: ObjectKey,
  before: string,
  prepared?: (record: BindingRecord) => Promise<void>,
): Promise<boolean> {
  for (let turn = 0; turn < TURNS; turn++) {
    const record = await readBindingRecord(store, key);
    if (record === undefined) return true;
    if (isLater(record.value.issued, before)) return false;
    await prepared?.(record.value);
    if ((await store.removeRevision(key, record.revision)) !== 'conflict') return true;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}
