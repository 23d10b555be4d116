import { realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * A path below the project, with `/`, the same wherever the project lies; what lies outside begins with `..`. The project may have been
 * reached through links.
 *
 * @param root absolute, links resolved
 * @param file absolute
 */
export function locationOf(root: string, file: string): string {
  return slashed(path.relative(enclosing(root, file) ?? root, file));
}

/** The folder above the file that is the project's, as the file's path spells it. */
function enclosing(root: string, file: string): string | undefined {
  if (file === root || file.startsWith(root + path.sep)) return root;
  for (let folder = file; path.dirname(folder) !== folder; folder = path.dirname(folder)) {
    if (realPath(folder) === root) return folder;
  }
  return undefined;
}

/** Without links; the path itself where nothing is. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** As the user would type it: relative to where they are, unless that leads far up. */
export function shownPath(cwd: string, file: string): string {
  const relative = path.relative(cwd, file);
  if (relative === '') return '.';
  return relative.startsWith(`..${path.sep}..`) ? file : relative;
}

function slashed(file: string): string {
  return file.split(path.sep).join('/');
}
