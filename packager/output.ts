import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../repository/index.ts';
import { refuse } from '../repository/error.ts';
import { failedOutput } from './output-failure.ts';
import { isAlive } from './processes.ts';

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A file that a person wants to have written. */
export interface OutputFile {
  /** Absolute. */
  readonly file: string;
  /** As the person wrote it. */
  readonly given: string;
  /** How it was asked for: `--manifest`. */
  readonly option: string;
  /** Whether the text of a file that stands there is one that an earlier run wrote. Absent: no file is taken for one. */
  readonly isEarlier?: (text: string) => boolean;
}

/** What must stay as it is: absolute paths. */
export interface Kept {
  readonly files?: readonly string[];
  /** Of what is in them, what an earlier run wrote may be replaced. */
  readonly folders?: readonly string[];
}

export type Output =
  | { readonly file: OutputFile; readonly bytes: Bytes }
  /** `ready`: a file that has the bytes already, on the disk, in the folder that `placeOf` tells. It becomes the output; where that fails, it stays. */
  | { readonly file: OutputFile; readonly ready: string };

/**
 * @param given relative to `cwd`, or absolute
 * @param isEarlier whether a text was written by an earlier run, and may be replaced
 */
export function outputFile(
  option: string,
  given: string,
  cwd: string,
  isEarlier?: (text: string) => boolean,
): OutputFile {
  return { option, given, file: path.resolve(cwd, given), ...(isEarlier !== undefined && { isEarlier }) };
}

/**
 * Whether these files could be written, as far as looking tells; touches nothing.
 * @throws ArtifactErrors OUTPUT_FAILED or INVALID_ARGUMENT, with everything that is wrong
 */
export function checkOutputs(files: readonly OutputFile[], { files: inputs = [], folders = [] }: Kept = {}): void {
  const problems: ArtifactError[] = [];
  const kept = realPaths(inputs);
  const sources = [...realPaths(folders)];
  const taken = new Map<string, OutputFile>();
  for (const file of files) {
    try {
      const { path: target, isReplaced, mode } = targetOf(file);
      if (!isReplaced) continue;
      const rival = taken.get(target);
      const around = sources.find((folder) => isBelow(folder, target));
      if (kept.has(target)) problems.push(overwriting(file));
      else if (mode !== undefined && around !== undefined && !isEarlierOutput(file, target))
        problems.push(overwritingSource(file, around));
      if (rival !== undefined) problems.push(sameFile(rival, file));
      taken.set(target, file);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      problems.push(error);
    }
  }
  refuse(problems);
}

/**
 * Whether files can be made where these are to appear: permissions, read-only disks and quotas are known only to those who try. Leaves nothing.
 * @throws ArtifactError OUTPUT_FAILED
 */
export function tryOutputs(files: readonly OutputFile[]): void {
  for (const file of files) {
    const { path: target, isReplaced } = targetOf(file);
    if (!isReplaced) continue;
    const draft = draftOf(target);
    attempt(file, () => {
      closeSync(openSync(draft, 'w', 0o666));
      rmSync(draft, { force: true });
    });
  }
}

/**
 * Every file appears whole, or all stay as they were: none takes its place before all are on the disk, and then they do in this order. A file that was there
 * keeps its permissions, and a link stays a link. What is no file, a device or a pipe, can't be replaced: it is written to.
 * @throws ArtifactError OUTPUT_FAILED; what reading the bytes throws
 */
export async function writeOutputs(outputs: readonly Output[]): Promise<void> {
  const drafts: string[] = [];
  const finish: (() => void | Promise<void>)[] = [];
  try {
    for (const output of outputs) {
      const { file } = output;
      const { path: target, isReplaced, mode } = targetOf(file);
      if ('ready' in output) {
        finish.push(() => {
          attempt(file, () => {
            if (mode !== undefined) chmodSync(output.ready, mode & 0o777);
            renameSync(output.ready, target);
          });
        });
        continue;
      }
      const { bytes } = output;
      if (!isReplaced) {
        finish.push(() => fill(file, target, bytes));
        continue;
      }
      const draft = draftOf(target);
      drafts.push(draft);
      removeAbandoned(target);
      await fill(file, draft, bytes, mode);
      finish.push(() => {
        attempt(file, () => {
          renameSync(draft, target);
        });
      });
    }
    for (const step of finish) await step();
  } finally {
    for (const draft of drafts) rmSync(draft, { force: true });
  }
}

/**
 * The file that an output becomes, links followed; `undefined` of a device or a pipe, which is written to.
 * @throws ArtifactError OUTPUT_FAILED where no file can be
 */
export function placeOf(file: OutputFile): string | undefined {
  const { path: target, isReplaced } = targetOf(file);
  return isReplaced ? target : undefined;
}

/** Where the bytes go in the end. */
interface Target {
  readonly path: string;
  /** The permissions of the file that stands there. */
  readonly mode?: number;
  /** Not so of a device or a pipe. */
  readonly isReplaced: boolean;
}

/** @throws ArtifactError OUTPUT_FAILED where no file can be */
function targetOf(output: OutputFile): Target {
  const { file, given } = output;
  if (given === '-') {
    throw new ArtifactError('OUTPUT_FAILED', `'${output.option}' wants a file, and not '-'`, {
      remedy: "A file of that name is './-'.",
    });
  }
  const existing = attempt(output, () => statSync(file, { throwIfNoEntry: false }));
  if (existing?.isDirectory() === true || /[/\\]$/.test(given)) {
    throw new ArtifactError('OUTPUT_FAILED', `'${given}' is a folder, and '${output.option}' wants a file`, {
      remedy: `Name a file: '${output.option} ${path.join(given, 'NAME')}'.`,
    });
  }
  if (existing === undefined) return { path: attempt(output, () => absentTarget(output)), isReplaced: true };
  if (!existing.isFile()) return { path: file, isReplaced: false };
  return { path: attempt(output, () => realpathSync.native(file)), mode: existing.mode, isReplaced: true };
}

/** Where a file appears that is not there yet: at the end of links, if its name is one of a link that leads nowhere. */
function absentTarget(output: OutputFile): string {
  let { file } = output;
  for (;;) {
    const folder = path.dirname(file);
    requireFolder(output, folder);
    const place = path.join(realpathSync.native(folder), path.basename(file));
    // A circle of links can't get here: it is no absent file but ELOOP.
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return place;
    file = path.resolve(path.dirname(place), readlinkSync(place));
  }
}

function requireFolder({ given }: OutputFile, folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ArtifactError('OUTPUT_FAILED', `'${given}' can't be written: the folder '${folder}' does not exist`, {
    remedy: `mkdir -p '${folder}'`,
  });
}

function overwriting({ option, given }: OutputFile): ArtifactError {
  return new ArtifactError('OUTPUT_FAILED', `'${option} ${given}' would overwrite a file that this run reads`, {
    remedy: `Name another file with ${option}.`,
  });
}

function overwritingSource({ option, given }: OutputFile, folder: string): ArtifactError {
  return new ArtifactError(
    'OUTPUT_FAILED',
    `'${option} ${given}' would overwrite a file of the folder '${folder}', which is packaged`,
    { remedy: `Name another file with ${option}. If that one is of no use, remove it first.` },
  );
}

function isBelow(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** Bytes: more than any template or manifest has. */
const EARLIER_LIMIT = 64 * 1024 * 1024;

/** What can't be read is taken for somebody's. */
function isEarlierOutput({ isEarlier }: OutputFile, target: string): boolean {
  if (isEarlier === undefined) return false;
  try {
    return statSync(target).size <= EARLIER_LIMIT && isEarlier(readFileSync(target, 'utf8'));
  } catch {
    return false;
  }
}

function sameFile(one: OutputFile, other: OutputFile): ArtifactError {
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `'${one.option}' and '${other.option}' name the same file '${other.given}'`,
    {
      remedy: 'Name two files.',
    },
  );
}

/** Two hundred functions may stand on one folder. */
function realPaths(files: readonly string[]): ReadonlySet<string> {
  return new Set([...new Set(files)].map(realPath));
}

/** What is not there has no other name. */
function realPath(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    return file;
  }
}

/** Whether a file is what this or another process makes a file of, before that appears. Absolute paths. */
export function isDraftOf(target: string, file: string): boolean {
  const start = path.join(path.dirname(target), `.${path.basename(target)}.`);
  return file.startsWith(start) && /^[1-9]\d*\.draft$/.test(file.slice(start.length));
}

function draftOf(target: string): string {
  return path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.draft`);
}

async function fill(file: OutputFile, target: string, bytes: Bytes, mode?: number): Promise<void> {
  const descriptor = attempt(file, () => openSync(target, 'w', 0o666));
  try {
    if (mode !== undefined)
      attempt(file, () => {
        fchmodSync(descriptor, mode & 0o777);
      });
    for await (const piece of bytes) {
      attempt(file, () => {
        for (let sent = 0; sent < piece.byteLength;) sent += writeSync(descriptor, piece, sent);
      });
    }
    attempt(file, () => {
      flush(descriptor);
    });
  } finally {
    closeSync(descriptor);
  }
}

function flush(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Of what is no file there is nothing to flush.
    if (!hasCode(error, 'EINVAL', 'EROFS', 'ENOTSUP')) throw error;
  }
}

/** What a killed process left of an earlier writing of the same file. */
function removeAbandoned(target: string): void {
  const folder = path.dirname(target);
  const start = `.${path.basename(target)}.`;
  try {
    for (const name of readdirSync(folder)) {
      const maker = name.startsWith(start) ? /^(?<pid>[1-9]\d*)\.draft$/.exec(name.slice(start.length)) : null;
      const pid = maker?.groups?.['pid'];
      if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true });
    }
  } catch {
    // A folder that can't be listed may still be written to.
  }
}

function attempt<T>(file: OutputFile, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw failedOutput(file, cause);
  }
}
