import type { BindingName, BindingRecord } from '../binding.ts';
import { bindingKeys, isLater, readBindingRecord } from '../binding.ts';
import { headBlob, missing } from '../blob.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { endedBy, readEndingOf } from '../ending.ts';
import { ArtifactError } from '../error.ts';
import { noteHomes } from '../home/note.ts';
import { parseBlobKey } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import { securePresence } from '../presence.ts';
import { recordContent } from '../record.ts';

/** What a blob's records are to say. */
export interface Restoring {
  readonly digest: Digest;
  readonly record: BindingRecord;
}

interface Made extends Restoring {
  readonly entry: boolean;
  readonly reference: boolean;
}

/**
 * Writes records of a binding that are not there. Like every binding it writes first and looks then: whether a Delete that was issued after the records'
 * time has been here, and whether the content is there.
 *
 * Only what a Delete has ended is taken back. Whatever else becomes of the stack in the meantime: an Update that goes on with this binding finds the
 * records written, and relies on them. Should nobody want them, the next audit finds them stale.
 *
 * `bind` is of no use here. To it any later Delete of the resource is a sign that its event is an old one that comes again; but after an update there
 * always is one, that of what was replaced.
 *
 * @throws ArtifactError SUPERSEDED; ARTIFACT_DELETED, CONTENT_MISSING, DIGEST_MISMATCH, mostly before anything was written
 */
export async function restore(domain: Domain, name: BindingName, restoring: readonly Restoring[]): Promise<void> {
  const keys = new Set(restoring.flatMap(({ record }) => record.uses.map(({ key }) => key)));
  for (const key of keys) {
    const blob = parseBlobKey(key);
    if ((await headBlob(domain.store, blob)) === undefined) throw missing(blob);
  }
  const made: Made[] = [];
  for (const one of restoring) made.push(await write(domain, name, one));
  for (const one of made) {
    if (!(await isEnded(domain.store, name, one.record))) continue;
    for (const each of made) await takeBack(domain.store, name, each);
    throw new ArtifactError('SUPERSEDED', 'a Delete was here after the last change that its stack tells of', {
      remedy: 'Update the stack with its packaged template.',
    });
  }
  for (const key of keys) await securePresence(domain, parseBlobKey(key));
}

async function write({ store, chance }: Domain, name: BindingName, one: Restoring): Promise<Made> {
  const { reference, consumer } = bindingKeys(name, one.digest);
  await noteHomes(store, name, one.digest, one.record.homes ?? [], chance.nonce());
  // First what finds the reference, so that none is ever without.
  const entry = await store.create(consumer, recordContent(one.record));
  const protecting = await store.create(reference, recordContent(one.record));
  return { ...one, entry: entry === 'created', reference: protecting === 'created' };
}

/**
 * A Delete writes its ending and looks for records then; this wrote records and looks for endings: one sees the other. Those that were issued
 * before the records' time are of an operation before the stack's last change, and what it names now is what that came to.
 */
async function isEnded(
  store: ObjectStore,
  { resource, generation }: BindingName,
  { issued }: BindingRecord,
): Promise<boolean> {
  const own = await readEndingOf(store, resource, generation);
  if (own !== undefined && isLater(own.value.issued, issued)) return true;
  // Of an ID that CloudFormation had to invent: it meant everything before it. No event has an empty RequestId.
  return (await endedBy(store, resource, { requestId: '', issued })) === 'its own';
}

/** What an event has stamped since, which then goes on with it, stays. */
async function takeBack(store: ObjectStore, name: BindingName, made: Made): Promise<void> {
  const { reference, consumer } = bindingKeys(name, made.digest);
  const drop = async (key: typeof reference): Promise<void> => {
    const record = await readBindingRecord(store, key);
    if (record?.value.issued === made.record.issued) await store.removeRevision(key, record.revision);
  };
  if (made.reference) await drop(reference);
  // Of a reference that is there now, the entry is needed.
  if (made.entry && (await store.head(reference)) === undefined) await drop(consumer);
}
