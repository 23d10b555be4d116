import type { Stats } from 'node:fs';
import { lstatSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { namesIn } from '../folders.ts';
import { unreadable } from './file.ts';
import { isWithin, outsideProject, realTarget } from './links.ts';
import { differsInCase, similarName } from './names.ts';
import { wrongKind } from './walk.ts';

/** What stands at a path. */
export interface Located {
  readonly kind: 'file' | 'folder';
  /** Absolute, links resolved. */
  readonly real: string;
  readonly stats: Stats;
}

export interface LocateOptions {
  /** Absolute, links resolved. */
  readonly root: string;
  readonly followExternalSymlinks: boolean;
}

/**
 * Finds the file or folder at an absolute path. A path may name what is outside of the project; a link on the way may not lead out of it.
 * @throws ArtifactError PATH_NOT_FOUND, PATH_OUTSIDE_PROJECT, PATH_OF_WRONG_KIND, PATH_UNREADABLE
 */
export function locate(wanted: string, { root, followExternalSymlinks }: LocateOptions): Located {
  const spelled = spelledOtherwise(wanted, root);
  if (spelled !== undefined) throw notFound(wanted, spelled);
  if (lstatOrUndefined(wanted) === undefined) throw notFound(wanted, suggestion(wanted));
  const real = realTarget(wanted, wanted);
  if (!followExternalSymlinks && !isWithin(root, real) && beginsInside(wanted, root)) {
    throw outsideProject(wanted, real, root);
  }
  try {
    const stats = statSync(real);
    if (stats.isDirectory()) return { kind: 'folder', real, stats };
    if (stats.isFile()) return { kind: 'file', real, stats };
    throw wrongKind(wanted, stats);
  } catch (error) {
    throw unreadable(wanted, error);
  }
}

function lstatOrUndefined(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw unreadable(file, error);
  }
}

/** Whether some folder on the way is in the project: then it was a link that led out of it. */
function beginsInside(wanted: string, root: string): boolean {
  for (const folder of foldersAbove(wanted)) {
    try {
      if (isWithin(root, realpathSync.native(folder))) return true;
    } catch {
      // a folder that can't be resolved is not in the project
    }
  }
  return false;
}

function* foldersAbove(file: string): Generator<string> {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    yield folder;
    if (folder === path.dirname(folder)) return;
  }
}

/**
 * The path as the file system spells it, where that differs in case alone: it would be found here, and on no other machine.
 */
function spelledOtherwise(wanted: string, root: string): string | undefined {
  const relative = path.relative(root, wanted);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return undefined;
  let folder = root;
  for (const name of relative.split(path.sep)) {
    const names = namesIn(folder);
    if (!names.includes(name)) {
      const other = names.find((candidate) => differsInCase(candidate, name));
      return other === undefined ? undefined : path.join(folder, other);
    }
    folder = path.join(folder, name);
  }
  return undefined;
}

/** The path up to its first name that doesn't exist, with the most similar one in its place. */
function suggestion(wanted: string): string | undefined {
  let missing = wanted;
  for (const folder of foldersAbove(wanted)) {
    if (lstatOrUndefined(folder) !== undefined) {
      const similar = similarName(path.basename(missing), namesIn(folder));
      return similar === undefined ? undefined : path.join(folder, similar);
    }
    missing = folder;
  }
  return undefined;
}

function notFound(wanted: string, similar: string | undefined): ArtifactError {
  const looksTheSame = similar !== undefined && isWithin(similar.normalize(), wanted.normalize());
  return new ArtifactError('PATH_NOT_FOUND', `no file or folder at '${wanted}'`, {
    remedy: looksTheSame
      ? `'${similar}' looks the same, and its accents are other characters (Unicode normalization): rename it, or copy its name.`
      : similar === undefined
        ? 'Create it, or correct the path.'
        : `Did you mean '${similar}'?`,
  });
}
