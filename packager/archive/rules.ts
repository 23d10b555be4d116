import type { Ignore } from 'ignore';
import ignore from 'ignore';

/** Patterns beside the code, in the syntax of .gitignore. Never packaged itself. */
export const IGNORE_FILE = '.artifactignore';

/** What is left out of an archive, as git would decide: the last pattern that fits counts, and nothing in a folder that is left out comes back. */
export interface Rules {
  /** `name`: path in the archive. Asked from the top down: a folder before what is in it. */
  ignores(name: string, kind: 'file' | 'folder'): boolean;
  /** The pattern that leaves it out, as it is written at the top; `undefined` where none does. */
  patternOf(name: string, kind: 'file' | 'folder'): string | undefined;
  /** These rules and those of an ignore file in a folder of the archive (`''`: its top), which go before those from above. */
  with(folder: string, text: string): Rules;
}

/**
 * `exclude`: patterns relative to the top, which go before all ignore files. One that begins with `./`, as people write paths on a command line,
 * begins with `/`: git's rules have nothing that it could fit.
 */
export function rulesOf(exclude: readonly string[]): Rules {
  return new PatternRules(
    [],
    exclude.map((pattern) => pattern.replace(/^(!?)\.\//, '$1/')),
  );
}

class PatternRules implements Rules {
  readonly #patterns: readonly string[];
  readonly #exclude: readonly string[];
  readonly #matcher: Ignore | undefined;

  constructor(patterns: readonly string[], exclude: readonly string[]) {
    this.#patterns = patterns;
    this.#exclude = exclude;
    // the same in every file system: git's default is case-sensitive, the library's isn't
    const matcher = ignore({ ignorecase: false });
    this.#matcher = patterns.length + exclude.length === 0 ? undefined : matcher.add(patterns).add(exclude);
  }

  ignores(name: string, kind: 'file' | 'folder'): boolean {
    return this.#matcher?.test(kind === 'folder' ? `${name}/` : name).ignored ?? false;
  }

  patternOf(name: string, kind: 'file' | 'folder'): string | undefined {
    return this.#matcher?.test(kind === 'folder' ? `${name}/` : name).rule?.pattern;
  }

  with(folder: string, text: string): Rules {
    const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
    return new PatternRules([...this.#patterns, ...lines.flatMap((line) => rooted(folder, line))], this.#exclude);
  }
}

/** A pattern of an ignore file in `folder`, as it is written at the top. */
function rooted(folder: string, line: string): string[] {
  if (line.trim() === '' || line.startsWith('#')) return [];
  if (folder === '') return [line];
  const negation = line.startsWith('!') ? '!' : '';
  const pattern = line.slice(negation.length);
  const slash = pattern.indexOf('/');
  const anchored = slash >= 0 && slash < pattern.trimEnd().length - 1;
  const below = anchored ? pattern.replace(/^\//, '') : `**/${pattern}`;
  return [`${negation}/${folder.replace(/[\\*?[\]]/g, '\\$&')}/${below}`];
}
