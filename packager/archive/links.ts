import { existsSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { unreadable } from './file.ts';

/** Where links may lead. Absolute, links resolved. */
export interface Boundary {
  readonly project: string;
  /** The folder that is packaged: what is in it anyway may be linked to as well. */
  readonly packaged: string;
  readonly followExternalSymlinks: boolean;
}

export interface LinkTarget {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * `shown`: the link as the user knows it.
 * @throws ArtifactError PATH_OF_WRONG_KIND (dangling, a loop), PATH_OUTSIDE_PROJECT, PATH_UNREADABLE
 */
export function followLink(link: string, shown: string, boundary: Boundary): LinkTarget {
  const target = realTarget(link, shown);
  const inside = isWithin(boundary.project, target) || isWithin(boundary.packaged, target);
  if (!inside && !boundary.followExternalSymlinks) throw outsideProject(shown, target, boundary.project);
  try {
    return { path: target, stats: statSync(target) };
  } catch (error) {
    throw unreadable(target, error);
  }
}

/**
 * PATH_OUTSIDE_PROJECT: following this link would take in files from elsewhere.
 * @param shown the link as its user knows it
 */
export function outsideProject(shown: string, target: string, project: string): ArtifactError {
  return new ArtifactError(
    'PATH_OUTSIDE_PROJECT',
    `'${shown}' is a link to '${target}', which is outside of the project '${project}'`,
    {
      remedy:
        'If it belongs into the archive, package with --follow-external-symlinks, or with a --project-root that contains both; if not, leave it out with .artifactignore or --exclude.',
    },
  );
}

/** @throws ArtifactError PATH_OF_WRONG_KIND, PATH_UNREADABLE */
export function realTarget(link: string, shown: string): string {
  try {
    return realpathSync.native(link);
  } catch (error) {
    if (hasCode(error, 'ELOOP')) {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `'${shown}' is a link that leads back to itself`, {
        remedy: 'Remove it, or leave it out with .artifactignore or --exclude.',
      });
    }
    // Below /proc links lead to what has no path: a shell's `<(command)` is one.
    if (hasCode(error, 'ENOENT') && existsSync(link)) {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `'${shown}' leads to ${named(link)}, which has no path`, {
        remedy: 'Write it into a file first.',
      });
    }
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `'${shown}' is a link to ${named(link)}, which does not exist`, {
        remedy: 'Create what it leads to, remove it, or leave it out with .artifactignore or --exclude.',
      });
    }
    throw unreadable(shown, error);
  }
}

function named(link: string): string {
  try {
    return `'${readlinkSync(link)}'`;
  } catch {
    return 'something';
  }
}

/** An absolute path with its links resolved as far as there is something. */
export function realSoFar(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    const folder = path.dirname(file);
    return folder === file ? file : path.join(realSoFar(folder), path.basename(file));
  }
}

/** Of absolute paths with links resolved: by their text alone. A folder is within itself. */
export function isWithin(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
