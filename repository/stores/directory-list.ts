import { dirname, join } from 'node:path';
import type { ListedObject, ListOptions, ObjectKey } from '../object-store.ts';
import { compareKeys } from '../object-store.ts';
import { namesIn } from './directory-files.ts';
import type { EntryName, Place } from './directory-path.ts';
import { folderOf, isSegment, namesOf, parseEntry } from './directory-path.ts';
import { contentSince } from './directory-slot.ts';

/** Files whose state is asked for at once. */
const BATCH = 64;

/** A file, with the highest slot that was seen of it, or a folder. Its key (and every key in it) begins with `key`. */
interface Entry {
  readonly key: string;
  readonly place: Place;
  /** Absent: a folder. Its `key` ends with `/`. */
  readonly slot?: number;
}

/** What a listing asks for: not every folder needs to be opened for it. */
interface Wanted {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

export async function* listDirectory(
  root: string,
  prefix: string,
  { after = '', limit = Infinity }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const folder = folderOf(root, start);
  let left = limit;
  if (folder === undefined || left <= 0) return;
  for await (const object of objectsBelow(root, folder, start, { prefix, after, limit })) {
    yield object;
    left -= 1;
    if (left <= 0) return;
  }
}

async function* objectsBelow(
  root: string,
  folder: string,
  start: string,
  wanted: Wanted,
): AsyncGenerator<ListedObject> {
  const entries = (await entriesOf(root, folder, start)).filter((entry) => isWanted(entry, wanted));
  let files: Entry[] = [];
  for (const entry of ascending(entries)) {
    if (entry.slot !== undefined) files.push(entry);
    if (files.length > 0 && (entry.slot === undefined || files.length >= Math.min(BATCH, wanted.limit))) {
      yield* objectsAt(files);
      files = [];
    }
    if (entry.slot === undefined) yield* objectsBelow(root, entry.place.path, entry.key, wanted);
  }
  yield* objectsAt(files);
}

async function* objectsAt(files: readonly Entry[]): AsyncGenerator<ListedObject> {
  const contents = await Promise.all(files.map(({ place, slot }) => contentSince(place, slot ?? 0)));
  for (const [index, { key }] of files.entries()) {
    const stats = contents[index];
    if (stats !== undefined) yield { key: key as ObjectKey, size: stats.size, modified: stats.mtime };
  }
}

function isWanted({ key, slot }: Entry, { prefix, after }: Wanted): boolean {
  if (slot !== undefined) return key.startsWith(prefix) && compareKeys(key, after) > 0;
  return (key.startsWith(prefix) || prefix.startsWith(key)) && (after.startsWith(key) || compareKeys(key, after) > 0);
}

/** By the bytes of the keys. A folder stands for keys that go on behind its `/`, and that is how it sorts: behind `a!` and `a-b`. */
function ascending(entries: readonly Entry[]): Entry[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.key, 'utf8') }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry);
}

/** What a folder holds, with what its continued segments hold: that belongs to the same level of keys. */
async function entriesOf(root: string, folder: string, start: string): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  const parts = [{ folder, begun: '' }];
  for (const part of parts) {
    for (const name of await everyNameIn(part.folder, root)) {
      const entry = parseEntry(name);
      if (entry === undefined) continue;
      const segment = part.begun + entry.text;
      const path = join(folder, ...namesOf(segment));
      if (entry.kind === 'continued') parts.push({ folder: join(part.folder, name), begun: segment });
      else if (isSegment(segment) && path === join(part.folder, entry.stem)) add(entry, start + segment, path);
    }
  }
  return [...entries.values()];

  function add({ kind, slot }: EntryName, text: string, path: string): void {
    const key = kind === 'folder' ? `${text}/` : text;
    const place = { folder: dirname(path), path };
    if (kind === 'folder') entries.set(key, { key, place });
    else entries.set(key, { key, place, slot: Math.max(slot, entries.get(key)?.slot ?? 0) });
  }
}

/**
 * Twice, because a reading of a folder may miss a name over which another is renamed meanwhile (btrfs and tmpfs then list it at another
 * place), and to empty a slot is such a renaming. A key that was there before the first reading has a name that one of the two finds:
 * if the first reading misses `a@1`, that was being emptied; so `a@2` had been linked, and both stand still when the second begins.
 */
async function everyNameIn(folder: string, root: string): Promise<Set<string>> {
  // A file without `@` is none of ours.
  const codes = folder === root ? [] : ['ENOTDIR'];
  const names = new Set(await namesIn(folder, ...codes));
  for (const name of await namesIn(folder, ...codes)) names.add(name);
  return names;
}
