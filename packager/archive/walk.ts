import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';
import type { FileState } from './file.ts';
import { stateOf, unreadable } from './file.ts';
import type { Boundary, LinkTarget } from './links.ts';
import { followLink, isWithin, realTarget } from './links.ts';
import { compareUtf8 } from './names.ts';
import { isDomain, OwnOutput } from './own-output.ts';
import type { Rules } from './rules.ts';
import { IGNORE_FILE, rulesOf } from './rules.ts';
import { NAME_LIMIT } from './zip.ts';

/** A file of a tree: links are followed, folders are only parts of names. */
export interface TreeFile {
  /** Path below the packaged folder, joined by `/`, in the characters of the file system. */
  readonly name: string;
  readonly file: FileState;
  /** The owner may execute it. */
  readonly executable: boolean;
}

export interface Tree {
  /** Ascending by the UTF-8 bytes of their names. */
  readonly files: readonly TreeFile[];
  /** Names of folders (or files) called `.git`. */
  readonly gitFolders: readonly string[];
  /** How many files and folders the rules kept out. */
  readonly ignored: number;
  /** Names of what this program writes, which is no part of the tree; the folder itself is `.`. */
  readonly ownOutput: readonly string[];
  readonly problems: readonly ArtifactError[];
}

export interface WalkOptions {
  /** As the user knows it: for messages. */
  readonly folder: string;
  readonly boundary: Boundary;
  readonly exclude: readonly string[];
  /** What the run itself writes: absolute paths, which need not exist. */
  readonly leaveOut: readonly string[];
  /** Called now and then; may reject to end the walk. */
  readonly pause: () => Promise<void>;
}

/** Looks at every file below `boundary.packaged` once. Synchronous calls: asynchronous ones cost four times as much for a file. */
export async function walk(options: WalkOptions): Promise<Tree> {
  const walker = new Walker(options);
  await walker.folder({ name: '', real: options.boundary.packaged, above: [] }, rulesOf(options.exclude));
  return walker;
}

/** A folder on the way. */
interface Folder {
  readonly name: string;
  /** Absolute, links resolved. */
  readonly real: string;
  /** The real folders through which it was reached. */
  readonly above: readonly string[];
}

/** `order`: in its folder, a folder is sorted as the names of its files are, with the slash that follows. */
type Entry = { readonly order: string } & ({ readonly file: TreeFile } | { readonly folder: Folder });

/** About 10 ms. */
const PAUSE_AFTER = 2000;

class Walker implements Tree {
  readonly files: TreeFile[] = [];
  readonly gitFolders: string[] = [];
  readonly problems: ArtifactError[] = [];
  readonly ownOutput: string[] = [];
  ignored = 0;
  readonly #options: WalkOptions;
  readonly #own: OwnOutput;
  #sincePause = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#own = new OwnOutput(options.leaveOut);
  }

  async folder(folder: Folder, rulesAbove: Rules): Promise<void> {
    const asOwn = folder.name === '' ? '.' : folder.name;
    if (this.#isOwn(asOwn, folder.real)) return;
    const names = this.#attempt(folder.name, () => this.#list(folder));
    if (names === undefined) return;
    if (isDomain(folder.real, names)) {
      this.ownOutput.push(asOwn);
      return;
    }
    const ignoreFile = join(folder.name, IGNORE_FILE);
    const rules = this.#attempt(ignoreFile, () => this.#rulesIn(folder, names, rulesAbove)) ?? rulesAbove;
    const entries: Entry[] = [];
    const within = folder.real.endsWith(path.sep) ? folder.real : folder.real + path.sep;
    for (const child of names) {
      const name = join(folder.name, child);
      try {
        const entry = this.#look(folder, child, name, within + child, rules);
        if (entry !== undefined) entries.push(entry);
      } catch (error) {
        this.problems.push(unreadable(this.#shown(name), error));
      }
    }
    this.#sincePause += names.length;
    if (this.#sincePause > PAUSE_AFTER) {
      this.#sincePause = 0;
      await this.#options.pause();
    }
    entries.sort((a, b) => compareUtf8(a.order, b.order));
    for (const entry of entries) {
      if ('file' in entry) this.files.push(entry.file);
      else await this.folder(entry.folder, rules);
    }
  }

  /** What fails is told at the end, together with everything else. */
  #attempt<T>(name: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.problems.push(unreadable(this.#shown(name), error));
      return undefined;
    }
  }

  #shown(name: string): string {
    return name === '' ? this.#options.folder : path.join(this.#options.folder, name);
  }

  /** The names in a folder that can be written in an archive. */
  #list({ name, real }: Folder): readonly string[] {
    const names = readdirSync(real);
    if (names.every((child) => !child.includes('\ufffd') && child.isWellFormed())) return names;
    // a replacement character may be meant, or stand for bytes that are no UTF-8
    return readdirSync(real, { encoding: 'buffer' }).flatMap((bytes) => {
      const child = bytes.toString();
      if (isUtf8(bytes) && child.isWellFormed()) return [child];
      this.problems.push(
        new ArtifactError('PATH_OF_WRONG_KIND', `the name of '${this.#shown(join(name, child))}' is not UTF-8`, {
          remedy: 'Rename it: every program that unpacks the archive would read another name.',
        }),
      );
      return [];
    });
  }

  /** `undefined`: left out. */
  #look(folder: Folder, child: string, name: string, real: string, rules: Rules): Entry | undefined {
    const stats = lstatSync(real);
    const isFolder = stats.isDirectory();
    if (child === IGNORE_FILE && !isFolder) return undefined;
    if (rules.ignores(name, isFolder ? 'folder' : 'file')) {
      this.ignored++;
      return undefined;
    }
    // A link may be what is written, wherever it leads, if anywhere.
    if (!isFolder && this.#isOwn(name, real)) return undefined;
    if (!stats.isSymbolicLink()) return this.#entry(child, name, { path: real, stats }, folder);
    const target = this.#follow(name, real);
    if (!target.stats.isDirectory()) {
      return this.#isOwn(name, target.path) ? undefined : this.#entry(child, name, target, folder);
    }
    if (rules.ignores(name, 'folder')) {
      this.ignored++;
      return undefined;
    }
    for (const around of [folder.real, ...folder.above]) {
      if (isWithin(target.path, around)) throw this.#loop(name, target.path);
    }
    return this.#entry(child, name, target, folder);
  }

  /** Remembers it if it is. */
  #isOwn(name: string, place: string): boolean {
    if (!this.#own.has(place)) return false;
    this.ownOutput.push(name);
    return true;
  }

  /** A link is followed wherever it leads: rules are read, and not packaged. */
  #rulesIn({ name, real }: Folder, names: readonly string[], rules: Rules): Rules {
    if (!names.includes(IGNORE_FILE)) return rules;
    const shown = this.#shown(join(name, IGNORE_FILE));
    const file = realTarget(path.join(real, IGNORE_FILE), shown);
    const stats = statSync(file);
    if (stats.isDirectory()) return rules;
    // What is no file may have no end.
    if (!stats.isFile()) throw wrongKind(shown, stats);
    return rules.with(name, readFileSync(file, 'utf8'));
  }

  #follow(name: string, real: string): LinkTarget {
    return followLink(real, this.#shown(name), this.#options.boundary);
  }

  #loop(name: string, target: string): ArtifactError {
    return new ArtifactError(
      'PATH_OF_WRONG_KIND',
      `'${this.#shown(name)}' is a link to '${target}', which contains it: the archive would have no end`,
      { remedy: 'Remove it, or leave it out with .artifactignore or --exclude.' },
    );
  }

  #entry(child: string, name: string, { path: real, stats }: LinkTarget, folder: Folder): Entry {
    if (child === '.git') this.gitFolders.push(name);
    if (stats.isDirectory()) {
      return { order: `${child}/`, folder: { name, real, above: [...folder.above, folder.real] } };
    }
    if (!stats.isFile()) throw wrongKind(this.#shown(name), stats);
    if (name.length > NAME_LIMIT / 3 && Buffer.byteLength(name) > NAME_LIMIT) throw nameTooLong(this.#shown(name));
    return { order: child, file: { name, file: stateOf(real, stats), executable: isExecutable(stats) } };
  }
}

function join(folder: string, child: string): string {
  return folder === '' ? child : `${folder}/${child}`;
}

/** As git sees it: by the owner's permission alone. */
export function isExecutable({ mode }: Stats): boolean {
  return (mode & 0o100) !== 0;
}

/** PATH_OF_WRONG_KIND: of what is neither a file nor a folder, and no link. */
export function wrongKind(shown: string, stats: Stats): ArtifactError {
  const kind = stats.isSocket()
    ? 'a socket'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isBlockDevice() || stats.isCharacterDevice()
        ? 'a device'
        : 'neither a file nor a folder';
  return new ArtifactError('PATH_OF_WRONG_KIND', `'${shown}' is ${kind}, which can't be packaged`, {
    remedy: 'Remove it, or leave it out with .artifactignore or --exclude.',
  });
}

function nameTooLong(shown: string): ArtifactError {
  return new ArtifactError('PATH_OF_WRONG_KIND', `'${shown}' has a longer name than an archive can hold`, {
    remedy: 'Leave it out with .artifactignore or --exclude.',
  });
}
