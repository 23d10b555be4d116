import type { BindingName } from '../binding.ts';
import type { Digest } from '../digest.ts';
import { ArtifactError } from '../error.ts';
import type { ForeignPlace } from '../keys.ts';
import { FORMAT_VERSION, noteKey, parseNoteKey } from '../keys.ts';
import type { ObjectKey, ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { readRecord, recordContent } from '../record.ts';

/** That a domain elsewhere may not know of a reference here, or not of its end. What is true stands under the reference's own key. */
export interface Note {
  readonly format: number;
  /** New for every writing, so that no two have one revision. */
  readonly touched: string;
}

const TURNS = 20;

/** Each once. */
export function homesOf(places: readonly (ForeignPlace | undefined)[]): readonly ForeignPlace[] {
  const homes = places.flatMap((place) =>
    place === undefined ? [] : [[`${place.account}/${place.region}`, place] as const],
  );
  return [...new Map(homes).values()].map(({ account, region }) => ({ account, region }));
}

/**
 * Notes that homes have to be told of a binding's reference: to be called before it is written, wanted again, or removed. Nobody who told what was true before takes the
 * note away after that.
 */
export async function noteHomes(
  store: ObjectStore,
  { resource, generation }: BindingName,
  digest: Digest,
  homes: readonly ForeignPlace[],
  touched: string,
): Promise<void> {
  await Promise.all(homes.map((home) => touch(store, noteKey(resource, generation, digest, home), touched)));
}

async function touch(store: ObjectStore, key: ObjectKey, touched: string): Promise<void> {
  const content = recordContent({ format: FORMAT_VERSION, touched } satisfies Note);
  for (let turn = 0; turn < TURNS; turn++) {
    if ((await store.create(key, content)) === 'created') return;
    const note = await readNote(store, key);
    if (note?.value.touched === touched) return;
    if (note !== undefined && (await store.replace(key, content, note.revision)) === 'replaced') return;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export function readNote(store: ObjectStore, key: ObjectKey): Promise<Stored<Note> | undefined> {
  return readRecord(store, key, ({ format, touched }) =>
    typeof format === 'number' && typeof touched === 'string' ? { format, touched } : undefined,
  );
}

/** Where notes stand below a prefix, in the order of their keys. What is none is left out. */
export async function* listNotes(
  store: ObjectStore,
  prefix: string,
  after?: string,
): AsyncGenerator<NonNullable<ReturnType<typeof parseNoteKey>> & { readonly key: ObjectKey }> {
  for await (const { key } of store.list(prefix, after === undefined ? {} : { after })) {
    const note = parseNoteKey(key);
    if (note !== undefined) yield { ...note, key };
  }
}
