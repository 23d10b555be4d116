import path from 'node:path';
import type { ArtifactError } from '../../repository/error.ts';
import type { FileState } from './file.ts';
import type { Listing } from './file-list.ts';
import { split, stateAt } from './file-list.ts';

/** A file of a tree: links are followed, folders are only parts of names. */
export interface TreeFile {
  /** Path below the packaged folder, joined by `/`, in the characters of the file system. */
  readonly name: string;
  readonly file: FileState;
  /** The owner may execute it. */
  readonly executable: boolean;
}

export interface Tree {
  /** Its files, ascending by the UTF-8 bytes of their names. */
  readonly listing: Listing;
  /** The same, an object for each: made when they are asked for, because who finds nothing changed needs none. */
  readonly files: readonly TreeFile[];
  /** Names of folders (or files) called `.git`. */
  readonly gitFolders: readonly string[];
  /** How many files and folders the rules kept out. */
  readonly ignored: number;
  /** Names of what this program writes, which is no part of the tree; the folder itself is `.`. */
  readonly ownOutput: readonly string[];
  readonly problems: readonly ArtifactError[];
}

/** What a walk found. */
export interface Found extends Omit<Tree, 'files'> {
  /** The folder: absolute, links resolved. */
  readonly root: string;
  /** Where files stand that a link led to, by their places in the listing: absolute, links resolved. */
  readonly elsewhere: ReadonlyMap<number, string>;
}

export function treeOf({ root, elsewhere, listing, ...others }: Found): Tree {
  let files: readonly TreeFile[] | undefined;
  return {
    ...{ listing, ...others },
    get files() {
      return (files ??= treeFiles({ root, elsewhere, listing }));
    },
  };
}

function treeFiles({ root, elsewhere, listing }: Pick<Found, 'root' | 'elsewhere' | 'listing'>): TreeFile[] {
  const within = root.endsWith(path.sep) ? root : root + path.sep;
  return split(listing.names).map((name, i) => {
    const file = stateAt(listing.states, i, elsewhere.get(i) ?? within + native(name));
    return { name, file, executable: isExecutable(file) };
  });
}

/** With the separators of this machine. */
function native(name: string): string {
  // What replaces in vain makes a string of many parts all the same, which takes several times the memory.
  return path.sep === '/' ? name : name.replaceAll('/', path.sep);
}

/** As git sees it: by the owner's permission alone. */
export function isExecutable({ mode }: Pick<FileState, 'mode'>): boolean {
  return (mode & 0o100) !== 0;
}
