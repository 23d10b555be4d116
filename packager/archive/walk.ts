import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';
import type { FileState } from './file.ts';
import { stateOf, unreadable } from './file.ts';
import type { States } from './file-list.ts';
import { STATE_FIELDS, joined, putState } from './file-list.ts';
import type { Boundary, LinkTarget } from './links.ts';
import { followLink, isWithin, realTarget } from './links.ts';
import { compareUtf8 } from './names.ts';
import { isDomain, OwnOutput, withoutKept } from './own-output.ts';
import type { Rules } from './rules.ts';
import { IGNORE_FILE, rulesOf } from './rules.ts';
import type { Found, Tree } from './tree.ts';
import { treeOf } from './tree.ts';
import { NAME_LIMIT } from './zip.ts';

/** Can be sent between threads. */
export interface WalkOptions {
  /** As the user knows it: for messages. */
  readonly folder: string;
  readonly boundary: Boundary;
  readonly exclude: readonly string[];
  /** What the run itself writes: absolute paths, which need not exist. */
  readonly leaveOut: readonly string[];
}

/**
 * Looks at every file below `boundary.packaged` once. Synchronous calls: asynchronous ones cost four times as much for a file.
 * @param pause called after each folder with how much was looked at there; who answers with a promise is waited for, and may reject to end the walk
 */
export async function walk(options: WalkOptions, pause: (looked: number) => Promise<void> | undefined): Promise<Tree> {
  const walker = new Walker(options);
  while (!walker.isDone) {
    const pausing = pause(walker.step());
    if (pausing !== undefined) await pausing;
  }
  return treeOf(walker.found);
}

/** The same without a pause, for a thread that does nothing else. */
export function walkAtOnce(options: WalkOptions): Found {
  const walker = new Walker(options);
  while (!walker.isDone) walker.step();
  return walker.found;
}

/** A folder on the way. */
interface Folder {
  readonly name: string;
  /** Absolute, links resolved. */
  readonly real: string;
  /** The real folders through which it was reached. */
  readonly above: readonly string[];
  /** Those of the folders above it; when its own were read, these too. */
  readonly rules: Rules;
  /** A link led there: its files don't stand where their names say. */
  readonly isElsewhere: boolean;
}

interface File {
  readonly name: string;
  readonly state: FileState;
  readonly isElsewhere: boolean;
}

/** Two links to each of thirty folders below each other are a billion ways to the last one, none of which is a circle. */
const WAYS_LIMIT = 100_000;

/** Files for which there is room at first. */
const ROOM = 1024;

/** `order`: in its folder, a folder is sorted as the names of its files are, with the slash that follows. */
type Entry = { readonly order: string } & ({ readonly file: File } | { readonly folder: Folder });

class Walker {
  readonly #gitFolders: string[] = [];
  readonly #problems: ArtifactError[] = [];
  readonly #ownOutput: string[] = [];
  #ignored = 0;
  readonly #names: string[] = [];
  readonly #elsewhere = new Map<number, string>();
  /** With room for more. */
  #states: States = new Float64Array(STATE_FIELDS * ROOM);
  readonly #options: WalkOptions;
  readonly #own: OwnOutput;
  /** What was found and not yet gone through: the next one last. */
  readonly #ahead: Entry[];
  /** By each folder that is reached through links, in how many ways. */
  readonly #ways = new Map<string, number>();

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#own = new OwnOutput(options.leaveOut);
    const rules = rulesOf(options.exclude);
    const top = { name: '', real: options.boundary.packaged, above: [], rules, isElsewhere: false };
    this.#ahead = [{ order: '', folder: top }];
  }

  get isDone(): boolean {
    return this.#ahead.length === 0;
  }

  /** Goes on until it has looked at what stands in one folder. Returns how much that was. */
  step(): number {
    for (let next = this.#ahead.pop(); next !== undefined; next = this.#ahead.pop()) {
      if ('folder' in next) return this.#folder(next.folder);
      this.#add(next.file);
    }
    return 0;
  }

  /** When it is done. */
  get found(): Found {
    const states = this.#states.slice(0, STATE_FIELDS * this.#names.length);
    return {
      ...{ root: this.#options.boundary.packaged, elsewhere: this.#elsewhere },
      listing: { names: joined(this.#names), states },
      ...{ gitFolders: this.#gitFolders, ignored: this.#ignored },
      ...{ ownOutput: this.#ownOutput, problems: this.#problems },
    };
  }

  #add({ name, state, isElsewhere }: File): void {
    const i = this.#names.push(name) - 1;
    if (this.#states.length === STATE_FIELDS * i) {
      const more = new Float64Array(2 * this.#states.length);
      more.set(this.#states);
      this.#states = more;
    }
    putState(this.#states, i, state);
    if (isElsewhere) this.#elsewhere.set(i, state.path);
  }

  #folder(folder: Folder): number {
    const asOwn = folder.name === '' ? '.' : folder.name;
    if (this.#isOwn(asOwn, folder.real) || this.#isEndless(folder)) return 0;
    const found = this.#attempt(folder.name, () => this.#list(folder));
    if (found === undefined) return 0;
    const names = withoutKept(folder.real, found);
    if (isDomain(folder.real, names)) {
      this.#ownOutput.push(asOwn);
      return names.length;
    }
    const ignoreFile = join(folder.name, IGNORE_FILE);
    const rules = this.#attempt(ignoreFile, () => this.#rulesIn(folder, names)) ?? folder.rules;
    const here = { ...folder, rules };
    const entries: Entry[] = [];
    const within = folder.real.endsWith(path.sep) ? folder.real : folder.real + path.sep;
    for (const child of names) {
      const name = join(folder.name, child);
      try {
        const entry = this.#look(here, child, name, within + child);
        if (entry !== undefined) entries.push(entry);
      } catch (error) {
        this.#problems.push(unreadable(this.#shown(name), error));
      }
    }
    entries.sort((a, b) => compareUtf8(b.order, a.order));
    for (const entry of entries) this.#ahead.push(entry);
    return names.length;
  }

  /** Ends the walk where it is. */
  #isEndless({ name, real, isElsewhere }: Folder): boolean {
    if (!isElsewhere) return false;
    const ways = (this.#ways.get(real) ?? 0) + 1;
    this.#ways.set(real, ways);
    if (ways <= WAYS_LIMIT) return false;
    this.#ahead.length = 0;
    this.#problems.push(
      new ArtifactError('PATH_OF_WRONG_KIND', `links lead to '${real}' in more than ${WAYS_LIMIT} ways`, {
        remedy: `Remove some on the way to '${this.#shown(name)}', or leave them out with .artifactignore or --exclude.`,
      }),
    );
    return true;
  }

  /** What fails is told at the end, together with everything else. */
  #attempt<T>(name: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#problems.push(unreadable(this.#shown(name), error));
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
      this.#problems.push(
        new ArtifactError('PATH_OF_WRONG_KIND', `the name of '${this.#shown(join(name, child))}' is not UTF-8`, {
          remedy: 'Rename it: every program that unpacks the archive would read another name.',
        }),
      );
      return [];
    });
  }

  /** `undefined`: left out. */
  #look(folder: Folder, child: string, name: string, real: string): Entry | undefined {
    const { rules } = folder;
    const stats = lstatSync(real);
    const isFolder = stats.isDirectory();
    if (child === IGNORE_FILE && !isFolder) return undefined;
    if (rules.ignores(name, isFolder ? 'folder' : 'file')) {
      this.#ignored++;
      return undefined;
    }
    // A link may be what is written, wherever it leads, if anywhere.
    if (!isFolder && this.#isOwn(name, real)) return undefined;
    if (!stats.isSymbolicLink()) return this.#entry(child, name, { path: real, stats }, folder);
    const target = this.#follow(name, real);
    const elsewhere = { ...folder, isElsewhere: true };
    if (!target.stats.isDirectory()) {
      return this.#isOwn(name, target.path) ? undefined : this.#entry(child, name, target, elsewhere);
    }
    if (rules.ignores(name, 'folder')) {
      this.#ignored++;
      return undefined;
    }
    for (const around of [folder.real, ...folder.above]) {
      if (isWithin(target.path, around)) throw this.#loop(name, target.path);
    }
    return this.#entry(child, name, target, elsewhere);
  }

  /** Remembers it if it is. */
  #isOwn(name: string, place: string): boolean {
    if (!this.#own.has(place)) return false;
    this.#ownOutput.push(name);
    return true;
  }

  /** A link is followed wherever it leads: rules are read, and not packaged. */
  #rulesIn({ name, real, rules }: Folder, names: readonly string[]): Rules {
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
    if (child === '.git') this.#gitFolders.push(name);
    if (stats.isDirectory()) {
      return { order: `${child}/`, folder: { ...folder, name, real, above: [...folder.above, folder.real] } };
    }
    if (!stats.isFile()) throw wrongKind(this.#shown(name), stats);
    if (name.length > NAME_LIMIT / 3 && Buffer.byteLength(name) > NAME_LIMIT) throw nameTooLong(this.#shown(name));
    return { order: child, file: { name, state: stateOf(real, stats), isElsewhere: folder.isElsewhere } };
  }
}

function join(folder: string, child: string): string {
  return folder === '' ? child : `${folder}/${child}`;
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
