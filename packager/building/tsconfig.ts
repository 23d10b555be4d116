import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'jsonc-parser';

/**
 * Every tsconfig.json that these extend, themselves included, and where a package is extended, all of it that may say which file is meant.
 * https://www.typescriptlang.org/tsconfig/#extends
 *
 * @param files absolute; what is no tsconfig.json extends nothing
 */
export function configsAbove(files: readonly string[]): readonly string[] {
  const all = new Set(files);
  for (const file of all) for (const base of basesOf(file)) all.add(base);
  return [...all];
}

function basesOf(file: string): readonly string[] {
  const { extends: said } = (read(file) ?? {}) as { readonly extends?: unknown };
  const names = (Array.isArray(said) ? said : [said]).filter((name) => typeof name === 'string');
  return names.flatMap((name) => candidates(name, path.dirname(file)).filter(existsSync));
}

function read(file: string): unknown {
  try {
    return path.basename(file) === 'package.json'
      ? undefined
      : parse(readFileSync(file, 'utf8'), [], { allowTrailingComma: true });
  } catch {
    return undefined;
  }
}

function candidates(name: string, folder: string): readonly string[] {
  if (name.startsWith('.') || path.isAbsolute(name)) return spellings(path.resolve(folder, name));
  const found: string[] = [];
  for (let here = folder; ; here = path.dirname(here)) {
    const modules = path.join(here, 'node_modules');
    const [scope = '', own = ''] = name.split('/');
    const owner = scope.startsWith('@') ? path.join(scope, own) : scope;
    found.push(path.join(modules, owner, 'package.json'), ...spellings(path.join(modules, name)));
    if (here === path.dirname(here)) return found;
  }
}

function spellings(file: string): readonly string[] {
  return [...(file.endsWith('.json') ? [file] : []), `${file}.json`, path.join(file, 'tsconfig.json')];
}
