import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { IGNORE_FILE, rulesOf } from '../archive/rules.ts';
import type { Rules } from '../archive/rules.ts';

/** What a rule leaves out of an archive. */
export interface Ignored {
  /** Path below the packaged folder, with `/`; a folder ends in one, and what is in it is not listed. */
  readonly name: string;
  /** The pattern, as it would stand at the top. */
  readonly pattern: string;
}

/**
 * What the rules leave out of a folder, ascending by name. Folders that are links are not looked into, though an archive has what is in them.
 * @param exclude patterns of the command line
 */
export function ignoredIn(folder: string, exclude: readonly string[]): readonly Ignored[] {
  return below(folder, '', rulesOf(exclude));
}

function below(top: string, name: string, rulesAbove: Rules): readonly Ignored[] {
  const entries = readdirSync(path.join(top, name), { withFileTypes: true });
  const hasRules = entries.some((entry) => entry.name === IGNORE_FILE && !entry.isDirectory());
  const rules = hasRules ? rulesAbove.with(name, readFileSync(path.join(top, name, IGNORE_FILE), 'utf8')) : rulesAbove;
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): readonly Ignored[] => {
      const child = name === '' ? entry.name : `${name}/${entry.name}`;
      const isFolder = entry.isDirectory();
      const pattern = rules.patternOf(child, isFolder ? 'folder' : 'file');
      if (pattern !== undefined) return [{ name: isFolder ? `${child}/` : child, pattern }];
      return isFolder ? below(top, child, rules) : [];
    });
}
