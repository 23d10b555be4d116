import { accessSync, constants, lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ArtifactError, hasCode } from '../error.ts';

/**
 * Whether a folder can be, or can be made, the root of a directory store, as far as looking tells; touches nothing. Only who tries knows all:
 * quotas, and file systems that take no folders.
 * @param root absolute
 * @throws ArtifactError INVALID_ARGUMENT where something else stands there or on the way, ACCESS_DENIED, STORE_UNAVAILABLE
 */
export function checkDirectory(root: string, use: 'read' | 'write'): void {
  for (let folder = root; ; folder = dirname(folder)) {
    if (isThere(folder, root)) {
      // What is not there yet can't be read, and so needs no rights.
      if (use === 'write' || folder === root) requireAccess(folder, use);
      return;
    }
    if (folder === dirname(folder)) return;
  }
}

/** Whether a folder is there; not if one can be made, if those above it are. */
function isThere(folder: string, root: string): boolean {
  try {
    if (statSync(folder).isDirectory()) return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      const link = linkAt(folder);
      if (link === undefined) return false;
      throw unfit(root, `'${folder}' is a link to '${link}', which does not exist`);
    }
    // Somewhere above: there it is found to be a file.
    if (hasCode(error, 'ENOTDIR')) return false;
    throw unusable(root, folder, error);
  }
  throw unfit(root, `'${folder}' is a file`);
}

function linkAt(folder: string): string | undefined {
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? undefined : readlinkSync(folder);
}

function requireAccess(folder: string, use: 'read' | 'write'): void {
  const { R_OK, W_OK, X_OK } = constants;
  try {
    accessSync(folder, R_OK | X_OK | (use === 'write' ? W_OK : 0));
  } catch (error) {
    throw unusable(folder, folder, error);
  }
}

function unusable(root: string, folder: string, cause: unknown): ArtifactError {
  if (hasCode(cause, 'ELOOP')) return unfit(root, `the links at '${folder}' lead in a circle`, cause);
  if (hasCode(cause, 'ENAMETOOLONG')) return unfit(root, 'the name is too long', cause);
  if (!hasCode(cause, 'EACCES', 'EPERM', 'EROFS')) {
    return new ArtifactError('STORE_UNAVAILABLE', `the folder '${folder}' can't be looked at: ${String(cause)}`, {
      remedy: "Check that the domain's folder is mounted and whole; then run it again.",
      cause,
    });
  }
  const why = hasCode(cause, 'EROFS') ? 'its disk is read-only' : 'permission denied';
  return new ArtifactError('ACCESS_DENIED', `the folder '${folder}' can't be used: ${why}`, {
    remedy: "Allow yourself to read and write the domain's folder, or choose another one.",
    cause,
  });
}

function unfit(root: string, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `'${root}' can't be a domain's folder: ${why}`, {
    remedy: 'Name a folder that is there, or one that can be made.',
    cause,
  });
}
