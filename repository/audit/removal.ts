import type { BindingKeys, BindingName, BindingRecord } from '../binding.ts';
import { readBindingRecord } from '../binding.ts';
import type { Domain } from '../domain.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { prepare } from '../release.ts';

/** The two records of one blob, as they were at one moment. */
export interface ReadRecords extends BindingKeys {
  readonly reference: BindingKeys['reference'];
  readonly protecting: Stored<BindingRecord> | undefined;
  readonly entry: Stored<BindingRecord> | undefined;
}

/** A binding, or as many of its records as were looked at. */
export interface ReadBinding extends BindingName {
  readonly records: readonly ReadRecords[];
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export async function readRecords(store: ObjectStore, keys: BindingKeys): Promise<ReadRecords> {
  const [protecting, entry] = await Promise.all([
    readBindingRecord(store, keys.reference),
    readBindingRecord(store, keys.consumer),
  ]);
  return { ...keys, protecting, entry };
}

/** What of it was there. */
export function recordsOf({ records }: ReadBinding): readonly Stored<BindingRecord>[] {
  return records.flatMap(({ protecting, entry }) => [protecting, entry].filter((one) => one !== undefined));
}

/**
 * Removes exactly what was read: by revision, and not by time as a Delete does. An operation that goes back to the binding in the meantime stamps its
 * records, the reference first, and so keeps all that it has stamped; where it finds one gone it gives the binding up and makes another.
 *
 * The reference goes first and the entry last, as in every release: a crash in between leaves the way to what is left.
 * @returns whether all of it is gone
 */
export async function removeAsRead(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  { records, ...name }: ReadBinding,
): Promise<boolean> {
  const noting = { nonce: chance.nonce() };
  let areGone = true;
  for (const { digest, reference, consumer, protecting, entry } of records) {
    if (protecting !== undefined) {
      await prepare(store, name, digest, protecting.value, noting);
      if ((await store.removeRevision(reference, protecting.revision)) === 'conflict') {
        areGone = false;
        continue;
      }
    }
    if (entry !== undefined && (await store.removeRevision(consumer, entry.revision)) === 'conflict') areGone = false;
  }
  return areGone;
}
