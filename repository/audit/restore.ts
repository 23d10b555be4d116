import type { BindingName, BindingRecord } from '../binding.ts';
import { bindingKeys, isLater, readBindingRecord } from '../binding.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { endedBy, readEndingOf } from '../ending.ts';
import { ArtifactError } from '../error.ts';
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
 * time has been here, whether the content is there, and what else the caller wants to see once more. Else what was made is taken back.
 *
 * `bind` is of no use here. To it any later Delete of the resource is a sign that its event is an old one that comes again; but after an update there
 * always is one, that of what was replaced.
 *
 * @param stillHolds asked last
 * @throws ArtifactError SUPERSEDED, ARTIFACT_DELETED, CONTENT_MISSING, DIGEST_MISMATCH
 */
export async function restore(
  domain: Domain,
  name: BindingName,
  restoring: readonly Restoring[],
  stillHolds: () => Promise<boolean>,
): Promise<void> {
  const made: Made[] = [];
  try {
    for (const one of restoring) made.push(await write(domain.store, name, one));
    for (const { record } of restoring) await requireNotEnded(domain.store, name, record);
    for (const key of new Set(restoring.flatMap(({ record }) => record.uses.map((use) => use.key)))) {
      await securePresence(domain, parseBlobKey(key));
    }
    if (await stillHolds()) return;
    throw new ArtifactError('SUPERSEDED', 'its stack began to change in the meantime', {
      remedy: 'Audit again when the stack has settled.',
    });
  } catch (error) {
    for (const one of made) await takeBack(domain.store, name, one);
    throw error;
  }
}

async function write(store: ObjectStore, name: BindingName, one: Restoring): Promise<Made> {
  const { reference, consumer } = bindingKeys(name, one.digest);
  // First what finds the reference, so that none is ever without.
  const entry = await store.create(consumer, recordContent(one.record));
  const protecting = await store.create(reference, recordContent(one.record));
  return { ...one, entry: entry === 'created', reference: protecting === 'created' };
}

/**
 * A Delete writes its ending and looks for records then; this wrote records and looks for endings: one sees the other. Those that were issued
 * before the records' time are of an operation before the stack's last change, and what it names now is what that came to.
 */
async function requireNotEnded(
  store: ObjectStore,
  { resource, generation }: BindingName,
  { issued }: BindingRecord,
): Promise<void> {
  const own = await readEndingOf(store, resource, generation);
  const isEnded =
    (own !== undefined && isLater(own.value.issued, issued)) ||
    // Of an ID that CloudFormation had to invent: it meant everything before it. No Delete has an empty RequestId.
    (await endedBy(store, resource, { requestId: '', issued })) === 'its own';
  if (!isEnded) return;
  throw new ArtifactError('SUPERSEDED', 'a Delete was here after the last change that its stack tells of', {
    remedy: 'Update the stack with its packaged template.',
  });
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
