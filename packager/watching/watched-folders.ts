import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import path from 'node:path';
import { isFolder } from '../folders.ts';
import type { Interest } from './interest.ts';

/** What is of interest in a folder: everything, or what is called so. */
export type Wanted = 'everything' | Set<string>;

/**
 * The folders that have to be watched for something to be noticed, each alone, what is in folders in it left out. Of what does not exist, the nearest folder that does.
 * Nobody packages what is in `.git`.
 */
export function foldersToWatch({ files, trees, sources }: Interest): ReadonlyMap<string, Wanted> {
  const folders = new Map<string, Wanted>();
  for (const file of [...files, ...trees, ...sources]) addName(folders, file);
  for (const tree of trees) addTree(folders, tree, () => true, new Set());
  for (const source of sources) addTree(folders, source, (name) => name !== 'node_modules', new Set());
  // What is installed comes and goes there.
  for (const file of files) {
    if (path.basename(file) === 'node_modules' && isFolder(file)) folders.set(file, 'everything');
  }
  return folders;
}

function addName(folders: Map<string, Wanted>, file: string): void {
  const folder = path.dirname(file);
  if (folder === file) return;
  if (!isFolder(folder)) {
    addName(folders, folder);
    return;
  }
  const wanted = folders.get(folder) ?? new Set<string>();
  folders.set(folder, wanted);
  if (wanted !== 'everything') wanted.add(path.basename(file));
}

function addTree(
  folders: Map<string, Wanted>,
  folder: string,
  isWanted: (name: string) => boolean,
  seen: Set<string>,
): void {
  const entries = entriesOf(folder);
  if (entries === undefined || seen.has(realpathSync(folder))) return;
  seen.add(realpathSync(folder));
  folders.set(folder, 'everything');
  for (const entry of entries) {
    const { name } = entry;
    if (name === '.git' || !isWanted(name)) continue;
    const file = path.join(folder, name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && isFolder(file))) addTree(folders, file, isWanted, seen);
  }
}

function entriesOf(folder: string): readonly Dirent[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return undefined;
  }
}

/** What is wanted in a folder and was changed, or put there, after a moment. Milliseconds since 1970. */
export function changedAfter(folder: string, wanted: Wanted, moment: number): readonly string[] {
  return (entriesOf(folder) ?? [])
    .filter((entry) => !entry.isDirectory() && (wanted === 'everything' || wanted.has(entry.name)))
    .map(({ name }) => path.join(folder, name))
    .filter((file) => (lstatSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) > moment);
}
