import { dirname } from 'node:path';
import type { ListedObject, ListOptions, ObjectKey } from '../object-store.ts';
import { compareKeys } from '../object-store.ts';
import { entriesIn } from './directory-files.ts';
import type { EntryName } from './directory-path.ts';
import { folderOf, isSegment, parseEntry, pathOf, withSlot } from './directory-path.ts';
import { contentSince } from './directory-slot.ts';
import { isBehindLink, requireWhole } from './directory-sound.ts';

/** Files whose state is asked for at once. */
const BATCH = 64;

/** All keys of an entry begin with its `key`. */
type Entry =
  /** With the highest slot that was seen of it. */
  | { readonly kind: 'file'; readonly key: string; readonly path: string; readonly slot: number }
  /** The key ends with `/`. */
  | { readonly kind: 'folder'; readonly key: string; readonly path: string };

type FileEntry = Extract<Entry, { kind: 'file' }>;

/** What a listing asks for: not every folder needs to be opened for it. */
interface Wanted {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

/** The store's `list`, below a root: in the order that stores promise, opening only the folders that can have something of it. */
export async function* listDirectory(
  root: string,
  prefix: string,
  { after = '', limit = Infinity }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const folder = folderOf(root, start);
  let left = limit;
  if (folder === undefined || left <= 0 || (await isBehindLink(root, folder))) return;
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
  let files: FileEntry[] = [];
  for (const entry of ascending(entries)) {
    if (entry.kind === 'file' && files.push(entry) < Math.min(BATCH, wanted.limit)) continue;
    yield* objectsAt(files);
    files = [];
    if (entry.kind === 'folder') yield* objectsBelow(root, entry.path, entry.key, wanted);
  }
  yield* objectsAt(files);
}

async function* objectsAt(files: readonly FileEntry[]): AsyncGenerator<ListedObject> {
  const contents = await Promise.all(
    files.map(({ path, slot }) => contentSince({ folder: dirname(path), path }, slot)),
  );
  for (const [index, { key }] of files.entries()) {
    const stats = contents[index];
    if (stats !== undefined) yield { key: key as ObjectKey, size: stats.size, modified: stats.mtime };
  }
}

function isWanted({ kind, key }: Entry, { prefix, after }: Wanted): boolean {
  const isBehind = after === '' || compareKeys(key, after) > 0;
  if (kind === 'file') return isBehind && key.startsWith(prefix);
  return (isBehind || after.startsWith(key)) && (key.startsWith(prefix) || prefix.startsWith(key));
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
  const parts = [{ within: '', begun: '' }];
  for (const { within, begun } of parts) {
    const names = await everyNameIn(`${folder}/${within}`, root);
    await requireWhole(`${folder}/${within}`, names);
    for (const [name, isFolder] of names) {
      const entry = parseEntry(name);
      if (entry === undefined || (entry.kind !== 'slot' && !isFolder)) continue;
      const segment = begun + entry.text;
      if (entry.kind === 'continued') parts.push({ within: `${within}${name}/`, begun: segment });
      else if (isSegment(segment)) add(entry, segment, within + name);
    }
  }
  return [...entries.values()];

  /** Unless the name is not that of the segment. */
  function add(entry: EntryName, segment: string, found: string): void {
    const path = pathOf(segment);
    if (entry.kind !== 'slot') {
      const key = `${start}${segment}/`;
      if (found === path) entries.set(key, { kind: 'folder', key, path: `${folder}/${path}` });
      return;
    }
    const key = start + segment;
    const known = entries.get(key);
    if (found !== withSlot(path, entry.slot) || (known?.kind === 'file' && known.slot > entry.slot)) return;
    entries.set(key, { kind: 'file', key, path: `${folder}/${path}`, slot: entry.slot });
  }
}

/**
 * All names, and whether each is a folder: one that a link leads to is not, it may be this very one. Read
 * twice, because a reading of a folder may miss a name over which another is renamed meanwhile (btrfs and tmpfs then list it at another
 * place), and to empty a slot is such a renaming. A key that was there before the first reading has a name that one of the two finds:
 * if the first reading misses `a@1`, that was being emptied; so `a@2` had been linked, and both stand still when the second begins.
 */
async function everyNameIn(folder: string, root: string): Promise<ReadonlyMap<string, boolean>> {
  // A file without `@` is none of ours.
  const codes = folder === `${root}/` ? [] : ['ENOTDIR'];
  const first = await entriesIn(folder, ...codes);
  const entries = [...first, ...(await entriesIn(folder, ...codes))];
  return new Map(entries.map((entry) => [entry.name, entry.isDirectory()]));
}
