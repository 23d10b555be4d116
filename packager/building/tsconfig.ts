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

/** A tsconfig.json, as far as it says where modules are. */
interface Mapping {
  readonly folder: string;
  readonly baseUrl?: string;
  readonly paths: Readonly<Record<string, unknown>>;
}

/**
 * Where modules may be looked for because of `baseUrl` and `paths`. Which of these files holds for which module is left open: there may be more than that.
 * https://www.typescriptlang.org/tsconfig/#paths
 *
 * @param files absolute; what is no tsconfig.json says nothing
 * @param raw what stands in the place of one beside the code
 */
export function mappedPaths(
  names: Iterable<string>,
  files: readonly string[],
  raw: { readonly folder: string; readonly text: string },
): readonly string[] {
  const mappings = [
    mappingOf(parse(raw.text), raw.folder),
    ...files.map((file) => mappingOf(read(file), path.dirname(file))),
  ].filter((one) => one !== undefined);
  const bases = [...new Set(mappings.map(({ folder, baseUrl = '.' }) => path.resolve(folder, baseUrl)))];
  const patterns = mappings.flatMap(({ paths }) => Object.entries(paths));
  return [...names].flatMap((name) => {
    const targets = patterns.flatMap(([pattern, said]) => targetsOf(name, pattern, said));
    return bases.flatMap((base) => [name, ...targets].map((target) => path.resolve(base, target)));
  });
}

function mappingOf(document: unknown, folder: string): Mapping | undefined {
  const { compilerOptions } = (document ?? {}) as { readonly compilerOptions?: unknown };
  const { baseUrl, paths } = (compilerOptions ?? {}) as { readonly baseUrl?: unknown; readonly paths?: unknown };
  if (typeof baseUrl !== 'string' && (typeof paths !== 'object' || paths === null)) return undefined;
  return { folder, paths: { ...(paths as Mapping['paths']) }, ...(typeof baseUrl === 'string' && { baseUrl }) };
}

/** A pattern has one `*` at most, which is put into each target. */
function targetsOf(name: string, pattern: string, said: unknown): readonly string[] {
  const [before = '', after] = pattern.split('*');
  const fits =
    after === undefined
      ? name === pattern
      : name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
  if (!fits || !Array.isArray(said)) return [];
  const middle = after === undefined ? '' : name.slice(before.length, name.length - after.length);
  return said.filter((target) => typeof target === 'string').map((target) => target.replace('*', () => middle));
}
