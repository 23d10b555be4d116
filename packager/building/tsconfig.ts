import path from 'node:path';
import type { ParseError } from 'jsonc-parser';
import { parse } from 'jsonc-parser';
import { realPath } from '../location.ts';
import type { BuildOptions } from '../template/build.ts';
import { isPath, packageOf } from './metafile.ts';
import { isIrregular, readRegularText, statsOf } from '../regular-file.ts';

/** What says how modules are compiled, and what says which file that is. Paths are absolute. */
export interface Configs {
  /** Each tsconfig.json that counts; by it the one that extends it, `undefined` where none does. */
  readonly followed: ReadonlyMap<string, string | undefined>;
  /** What was looked at on the way: those themselves, package.json of packages that are extended, and where another would be taken, if one were there. */
  readonly lookedAt: ReadonlySet<string>;
}

/** What stands in the place of a tsconfig.json. */
export interface RawConfig {
  readonly folder: string;
  readonly text: string;
}

/** How a tsconfig.json is looked for. */
export interface ConfigSearch {
  readonly raw?: RawConfig | undefined;
  /** What one extends is looked for beside a link to it, else beside the file that it leads to. */
  readonly preserveSymlinks?: boolean;
}

/**
 * Every tsconfig.json that these extend, themselves included, found as esbuild finds them.
 * https://www.typescriptlang.org/tsconfig/#extends
 *
 * @param files absolute; what is no tsconfig.json extends nothing
 */
export function configsAbove(files: readonly string[], { raw, preserveSymlinks = false }: ConfigSearch = {}): Configs {
  const followed = new Map<string, string | undefined>(files.map((file) => [file, undefined]));
  const lookedAt = new Set(files);
  const follow = (document: unknown, folder: string, by: string | undefined): void => {
    for (const base of extendedBy(document).map((name) => baseOf(name, folder))) {
      for (const file of base.lookedAt) lookedAt.add(file);
      for (const file of base.followed) if (!followed.has(file)) followed.set(file, by);
    }
  };
  if (raw !== undefined) follow(parsed(raw.text), raw.folder, undefined);
  for (const file of followed.keys()) follow(read(file), path.dirname(preserveSymlinks ? file : realPath(file)), file);
  return { followed, lookedAt };
}

/**
 * The tsconfig.json that holds for what is in a folder, if any does: none is looked for above what is installed.
 * @param known by folders, what was found for them
 */
export function configAround(folder: string, known: Map<string, string | undefined> = new Map()): string | undefined {
  if (folder.split(path.sep).includes('node_modules')) return undefined;
  if (known.has(folder)) return known.get(folder);
  const above = path.dirname(folder);
  const config =
    CONFIGS.map((name) => path.join(folder, name)).find(isFile) ??
    (above === folder ? undefined : configAround(above, known));
  known.set(folder, config);
  return config;
}

/** Itself and those above it, all of which esbuild reads. */
export function configsUpFrom(config: string): readonly string[] {
  const folder = path.dirname(config);
  const above = path.dirname(folder);
  const next = above === folder ? undefined : configAround(above);
  return [config, ...(next === undefined ? [] : configsUpFrom(next))];
}

/** What esbuild takes from `compilerOptions`. https://esbuild.github.io/content-types/#tsconfig-json */
const READ_OPTIONS = [
  'alwaysStrict',
  'baseUrl',
  'experimentalDecorators',
  'importsNotUsedAsValues',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
  'paths',
  'preserveValueImports',
  'strict',
  'target',
  'useDefineForClassFields',
  'verbatimModuleSyntax',
];

/** Whether nothing that is built shows that a tsconfig.json is there. One that extends another may mean something, as may one that can't be read. */
export function meansNothing(config: string): boolean {
  const document = readSoundly(config);
  if (!isObject(document) || 'extends' in document) return false;
  const { compilerOptions = {} } = document as { readonly compilerOptions?: unknown };
  return isObject(compilerOptions) && READ_OPTIONS.every((name) => !(name in compilerOptions));
}

export function isReadable(config: string): boolean {
  return readSoundly(config) !== undefined;
}

/** `undefined` where there is a mistake in it. */
function readSoundly(file: string): unknown {
  try {
    const errors: ParseError[] = [];
    const document: unknown = parsed(readRegularText(file), errors);
    return errors.length > 0 ? undefined : document;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What BuildProperties say of it. */
export interface SaidConfigs {
  /** Absolute; one at most. */
  readonly named: readonly string[];
  readonly raw: RawConfig;
  readonly preserveSymlinks: boolean;
  /** Whether that is all that counts. */
  readonly isAll: boolean;
}

/** @param folder of the code, absolute */
export function saidConfigs({ tsconfig, tsconfigRaw, preserveSymlinks }: BuildOptions, folder: string): SaidConfigs {
  return {
    named: typeof tsconfig === 'string' ? [path.resolve(folder, tsconfig)] : [],
    raw: { folder, text: typeof tsconfigRaw === 'string' ? tsconfigRaw : '{}' },
    preserveSymlinks: preserveSymlinks === true,
    isAll: tsconfig !== undefined || tsconfigRaw !== undefined,
  };
}

/** What a tsconfig.json may be called that nobody names: the first that is there counts. */
export const CONFIGS: readonly string[] = ['tsconfig.json', 'jsconfig.json'];

function extendedBy(document: unknown): readonly string[] {
  const { extends: said } = (document ?? {}) as { readonly extends?: unknown };
  const names: readonly unknown[] = Array.isArray(said) ? said : [said];
  return names.filter((name) => typeof name === 'string').filter((name) => name !== '');
}

function read(file: string): unknown {
  try {
    return path.basename(file) === 'package.json' ? undefined : parsed(readRegularText(file));
  } catch {
    return undefined;
  }
}

function parsed(text: string, errors: ParseError[] = []): unknown {
  return parse(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
}

/** What one name after `extends` means. */
interface Base {
  /** Several where only the conditions of a package's exports would tell. */
  readonly followed: readonly string[];
  readonly lookedAt: readonly string[];
}

/** As esbuild: https://github.com/evanw/esbuild/blob/main/internal/resolver/resolver.go */
function baseOf(name: string, folder: string): Base {
  if (!isPath(name)) return packageBase(name, folder);
  const file = path.resolve(folder, /^\.\.?$/.test(name) ? path.join(name, 'tsconfig.json') : name);
  return firstOf(file.endsWith('.json') ? [file] : [file, `${file}.json`]);
}

function firstOf(files: readonly string[]): Base {
  const first = files.findIndex((file) => isFile(file) || isIrregular(file));
  return first < 0
    ? { followed: [], lookedAt: files }
    : { followed: files.slice(first, first + 1), lookedAt: files.slice(0, first + 1) };
}

function packageBase(name: string, folder: string): Base {
  const lookedAt: string[] = [];
  const owner = packageOf(name) ?? name;
  for (let here = folder; ; here = path.dirname(here)) {
    if (path.basename(here) !== 'node_modules') {
      const home = path.join(here, 'node_modules', owner);
      const manifest = manifestOf(home);
      const exported = exportedBy(manifest, home, `.${name.slice(owner.length)}`);
      const { tsconfig = '' } = manifest;
      const file = tsconfig === '' ? path.join(here, 'node_modules', name) : path.resolve(home, tsconfig);
      const others = firstOf([path.join(file, 'tsconfig.json'), file, `${file}.json`]);
      const followed = exported.some(isFile) ? exported.filter(isFile) : others.followed;
      lookedAt.push(path.join(home, 'package.json'), ...exported, ...others.lookedAt);
      if (followed.length > 0) return { followed, lookedAt };
    }
    if (here === path.dirname(here)) return { followed: [], lookedAt };
  }
}

interface Manifest {
  readonly tsconfig?: string;
  readonly exports?: unknown;
}

function manifestOf(home: string): Manifest {
  try {
    const { tsconfig, exports } = JSON.parse(readRegularText(path.join(home, 'package.json'))) as Record<
      string,
      unknown
    >;
    return { exports, ...(typeof tsconfig === 'string' && { tsconfig }) };
  } catch {
    return {};
  }
}

/** What a part of a package may be, whatever the conditions. https://nodejs.org/api/packages.html#exports */
function exportedBy({ exports }: Manifest, home: string, part: string): readonly string[] {
  const byPart =
    typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'))
      ? Object.entries(exports)
      : [['.', exports] as const];
  const targets = byPart.flatMap(([pattern, said]) => targetsOf(part, pattern, textsIn(said)));
  return targets.map((target) => path.resolve(home, target));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Or a link to one. */
export function isFile(file: string): boolean {
  return statsOf(file)?.isFile() === true;
}

/** A tsconfig.json, as far as it says where modules are. */
interface Mapping {
  /** Where it may be: beside a link to it, or what that leads to. */
  readonly folders: readonly string[];
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
export function mappedPaths(names: Iterable<string>, files: readonly string[], raw: RawConfig): readonly string[] {
  const mappings = [
    mappingOf(parsed(raw.text), [raw.folder]),
    ...files.map((file) => mappingOf(read(file), [path.dirname(file), path.dirname(realPath(file))])),
  ].filter((one) => one !== undefined);
  const configDirs = [raw.folder, ...files.map((file) => path.dirname(file))];
  const within = (folders: readonly string[], text: string): readonly string[] =>
    text.startsWith(CONFIG_DIR)
      ? configDirs.map((folder) => path.join(folder, text.slice(CONFIG_DIR.length)))
      : folders.map((folder) => path.resolve(folder, text));
  const bases = [...new Set(mappings.flatMap(({ folders, baseUrl = '.' }) => within(folders, baseUrl)))];
  const patterns = mappings.flatMap(({ paths }) => Object.entries(paths));
  const found = [...names].flatMap((name) => {
    const targets = patterns.flatMap(([pattern, said]) => targetsOf(name, pattern, Array.isArray(said) ? said : []));
    return [name, ...targets].flatMap((target) => within(bases, target));
  });
  return [...new Set(found)];
}

/** The folder of the tsconfig.json that extends the others. https://www.typescriptlang.org/tsconfig/#paths */
const CONFIG_DIR = '${configDir}';

function mappingOf(document: unknown, folders: readonly string[]): Mapping | undefined {
  const { compilerOptions } = (document ?? {}) as { readonly compilerOptions?: unknown };
  const { baseUrl, paths } = (compilerOptions ?? {}) as { readonly baseUrl?: unknown; readonly paths?: unknown };
  if (typeof baseUrl !== 'string' && (typeof paths !== 'object' || paths === null)) return undefined;
  return { folders, paths: { ...(paths as Mapping['paths']) }, ...(typeof baseUrl === 'string' && { baseUrl }) };
}

/** A pattern has one `*` at most, which is put into each target. */
function targetsOf(name: string, pattern: string, targets: readonly unknown[]): readonly string[] {
  const [before = '', after] = pattern.split('*');
  const fits =
    after === undefined
      ? name === pattern
      : name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
  if (!fits) return [];
  const middle = after === undefined ? '' : name.slice(before.length, name.length - after.length);
  return targets.filter((target) => typeof target === 'string').map((target) => target.replace('*', () => middle));
}
