import { lstat, opendir, readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Chance, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, hasCode, LOCAL_PLACE } from '../../repository/index.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { checkDirectory } from '../../repository/stores/directory-root.ts';
import { requireNoLink } from '../../repository/stores/directory-sound.ts';
import { probe } from '../../repository/stores/probe.ts';
import type { Ask, Result } from '../check.ts';
import { askingOnce, diagnose, DoesNotApply } from '../check.ts';
import type { DirectoryAnswers, Trouble } from './answers.ts';
import { DIRECTORY_ACTIONS } from './answers.ts';
import { readDescriptor, requireDomain, tryStore } from './bucket-domain.ts';
import { DIRECTORY_CHECKS } from './directory-checks.ts';

export interface DirectoryRequest {
  /** Absolute. */
  readonly folder: string;
  readonly bucket: string;
  readonly writes: boolean;
  readonly chance: Chance;
  readonly signal: AbortSignal;
}

/** Whether a domain in a directory is sound. Reads the name of everything in it. */
export async function examineDirectory(request: DirectoryRequest): Promise<readonly Result[]> {
  const { folder, bucket, writes, chance, signal } = request;
  const store = directoryStore(folder);
  const ask: Ask<DirectoryAnswers> = askingOnce<DirectoryAnswers>({
    folder: async () => folder,
    access: async () => troublesOf(folder),
    descriptor: () => readDescriptor(store, { ...LOCAL_PLACE, bucket }, chance),
    whole: async () => {
      await requireDomain(ask('descriptor'));
      return tryStore(() => requireSound(store, folder, signal), 'STORE_UNAVAILABLE', 'INVALID_ARGUMENT');
    },
    conditionalWrites: async () => {
      if (!writes) throw new DoesNotApply('nothing was to be written (--no-write)');
      await requireDomain(ask('descriptor'));
      return tryStore(() => probe(store, chance.nonce()));
    },
    space: async () => {
      const { bavail, bsize } = await onlyThere(statfs(folder));
      return bavail * bsize;
    },
    leftovers: async () => leftoversIn(path.join(folder, '@drafts'), chance.now()),
  });
  return diagnose(DIRECTORY_CHECKS, { ask, actions: DIRECTORY_ACTIONS });
}

/**
 * What was lost is told by the store itself when it comes upon it. A folder behind a link it would only tell of when something in it is asked for.
 * @throws ArtifactError STORE_UNAVAILABLE, INVALID_ARGUMENT, INTERRUPTED
 */
async function requireSound(store: ObjectStore, root: string, signal: AbortSignal): Promise<void> {
  for await (const { key } of store.list('')) {
    if (signal.aborted) throw new ArtifactError('INTERRUPTED', `interrupted at '${key}'`);
  }
  for await (const entry of await opendir(root, { recursive: true })) {
    const found = path.join(entry.parentPath, entry.name);
    if (signal.aborted) throw new ArtifactError('INTERRUPTED', `interrupted at '${found}'`);
    // One that leads nowhere is how the store marks what was removed.
    if (entry.isSymbolicLink() && (await stat(found).catch(() => undefined))?.isDirectory() === true) {
      await requireNoLink(found);
    }
  }
}

/** Only what reading does not find is asked of writing. */
function troublesOf(folder: string): readonly Trouble[] {
  for (const use of ['read', 'write'] as const) {
    try {
      checkDirectory(folder, use);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      return [{ message: error.message, remedy: error.remedy }];
    }
  }
  return [];
}

/** After so long without a change nobody still writes it. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

async function leftoversIn(folder: string, now: Date): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw unreadable(folder, error);
  });
  const old: string[] = [];
  for (const name of names) {
    const stats = await lstat(path.join(folder, name)).catch(() => undefined);
    if (stats !== undefined && now.getTime() - stats.ctimeMs > ABANDONED_MS) old.push(name);
  }
  return old;
}

async function onlyThere<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) throw new DoesNotApply('there is no directory');
    throw unreadable('the disk', error);
  });
}

function unreadable(what: string, cause: unknown): ArtifactError {
  return new ArtifactError('STORE_UNAVAILABLE', `'${what}' can't be looked at: ${(cause as Error).message}`, { cause });
}
