import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../repository/digest.ts';
import { entriesIn, namesIn } from '../folders.ts';
import { realPath } from '../location.ts';
import type { BuildOptions } from '../template/build.ts';
import { isReadOf, meantPackages, missedMains } from './manifests.ts';
import type { Asked } from './metafile.ts';
import { stemOf } from './metafile.ts';
import { mappedFiles } from './source-maps.ts';
import { CONFIGS, configsAbove, isFile, mappedPaths, saidConfigs } from './tsconfig.ts';

/**
 * All that decided what a bundle became: the files that were read, and of every folder where a module was looked for the names that could have
 * been found in its place. While none of that changes, bundling again would give the same. Paths are absolute.
 */
export interface Survey {
  readonly files: Readonly<Record<string, SeenFile>>;
  readonly folders: Readonly<Record<string, SeenFolder>>;
}

interface SeenFile {
  readonly sha256: string;
  /** As it was when it was read; absent where a change in the same tick of the clock would not show in it. */
  readonly stat?: string;
}

interface SeenFolder {
  /** Names that count, without suffix. */
  readonly stems: readonly string[];
  /** Those that are there; behind the name of a link, where it leads. */
  readonly found: readonly string[];
}

export interface SurveyRequest {
  /** What was bundled. */
  readonly inputs: readonly string[];
  readonly asked: Asked;
  /** In which it was bundled, and with which options: they may name a tsconfig.json. */
  readonly folder: string;
  readonly options: BuildOptions;
  /** When bundling began. Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Whatever changed so long before bundling began was read as it is: clocks of file systems tick in 10 ms. Milliseconds. */
const READ_AFTER = 100;

/** Some file systems count in two seconds. Milliseconds. */
const STAT_TELLS_AFTER = 2_000;

/** They count wherever they are. */
const ALWAYS = ['node_modules', 'package.json', ...CONFIGS, '.pnp.cjs', '.pnp.js', '.pnp.data.json'];

/**
 * @returns undefined where something changed meanwhile, or can't be seen: nobody knows then what was bundled; and where the bundle has all of a folder in it, whatever
 * comes there
 */
export function survey({ inputs, asked, folder: own, options, startedAt }: SurveyRequest): Survey | undefined {
  if (asked.isOpen) return undefined;
  const { named, raw, preserveSymlinks } = saidConfigs(options, own);
  const packages = new Set([...asked.packages, ...meantPackages(options, manifestsIn(foldersAbove(inputs)))]);
  const stems = stemsOf(inputs, packages);
  const around = [...stems.keys()].flatMap((folder) => CONFIGS.map((name) => path.join(folder, name)));
  const above = configsAbove([...around.filter((file) => existsSync(file)), ...named], { raw, preserveSymlinks });
  const mapped = mappedPaths(asked.names, [...above.followed.keys()], raw);
  const passedBy = passedByIn([...stems.keys()], new Set([...asked.names, ...packages]));
  const taken = mappedFiles(inputs, options);
  // The code's own package.json says which dependencies a layer brings, wherever the modules are.
  const others = [path.join(own, 'package.json'), ...asked.paths, ...mapped, ...above.lookedAt, ...passedBy, ...taken];
  for (const module of others) addModule(stems, module);
  const isRead = isReadOf(inputs);
  const missed = manifestsIn([...stems.keys()]).flatMap((file) => missedMains(file, options, isRead));
  for (const module of missed) addModule(stems, module);
  const folders = [...stems].map(([folder, names]): [string, SeenFolder] => {
    const counting = [...names].sort();
    return [folder, { stems: counting, found: foundIn(folder, counting) }];
  });
  const configs = folders.flatMap(([folder, { found }]) =>
    found
      .map(nameOf)
      .filter((name) => name.endsWith('.json') && ALWAYS.includes(name))
      .map((name) => path.join(folder, name)),
  );
  const counting = configsAbove([...configs, ...named], { raw, preserveSymlinks });
  const read = new Set([
    ...inputs,
    ...[...counting.followed.keys(), ...counting.lookedAt, ...taken].filter((file) => isFile(file)),
  ]);
  try {
    const isNew = (file: string): boolean => changedAt(file) > startedAt - READ_AFTER;
    if (folders.some(([folder, { found }]) => found.some((one) => isNew(path.join(folder, nameOf(one))))))
      return undefined;
    const files = [...read].map((file): [string, SeenFile] => [file, seen(file, startedAt)]);
    if ([...read].some(isNew)) return undefined;
    return { files: Object.fromEntries(files), folders: Object.fromEntries(folders) };
  } catch {
    return undefined;
  }
}

/** Whether all is as it was. */
export function isUnchanged({ files, folders }: Survey): boolean {
  try {
    return (
      Object.entries(folders).every(([folder, { stems, found }]) => {
        const names = foundIn(folder, stems);
        return names.length === found.length && names.every((name, index) => name === found[index]);
      }) &&
      Object.entries(files).every(
        ([file, { sha256: digest, stat }]) => stat === statOf(file).text || sha256(readFileSync(file)) === digest,
      )
    );
  } catch {
    return false;
  }
}

function seen(file: string, now: number): SeenFile {
  const { text, changed } = statOf(file);
  return { sha256: sha256(readFileSync(file)), ...(changed < now - STAT_TELLS_AFTER && { stat: text }) };
}

function statOf(file: string): { readonly text: string; readonly changed: number } {
  const { size, mtimeNs, ctimeNs, ino, dev, mtimeMs, ctimeMs } = statSync(file, { bigint: true });
  const text = [size, mtimeNs, ctimeNs, ino, dev].join(':');
  return { text, changed: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs) };
}

/** When a file was changed, and a folder made: what is in that is looked at by itself. Of a link, the link itself. */
function changedAt(file: string): number {
  const stats = lstatSync(file);
  return stats.isDirectory() ? stats.birthtimeMs : stats.ctimeMs;
}

function foundIn(folder: string, stems: readonly string[]): readonly string[] {
  const counting = new Set(stems);
  return entriesIn(folder)
    .filter(({ name }) => ALWAYS.includes(name) || counting.has(stemOf(name)))
    .map((entry) => (entry.isSymbolicLink() ? withTarget(folder, entry.name) : entry.name))
    .sort();
}

/** No name has that in it. */
const LEADS_TO = '\0';

/** A link may be made anew for another file, with all else as it was: so package managers change versions. */
function withTarget(folder: string, name: string): string {
  return `${name}${LEADS_TO}${realPath(path.join(folder, name))}`;
}

function nameOf(found: string): string {
  return found.split(LEADS_TO, 1)[0] ?? found;
}

/**
 * By folder, what was found in it and could have been something else. An import looks beside the importer and in the `node_modules` of every folder above it;
 * `baseUrl` and `paths` of a tsconfig.json look for packages in folders that are called like them.
 */
function stemsOf(inputs: readonly string[], packages: ReadonlySet<string>): Map<string, Set<string>> {
  const stems = new Map<string, Set<string>>();
  const tops = [...packages].map((name) => name.split('/')[0] ?? name);
  for (const input of inputs) {
    for (let file = input; path.dirname(file) !== file; file = path.dirname(file)) {
      const folder = path.dirname(file);
      const known = stems.get(folder) ?? new Set(tops.map(stemOf));
      known.add(stemOf(path.basename(file)));
      stems.set(folder, known);
    }
  }
  for (const folder of [...stems.keys()]) {
    const modules = path.join(folder, 'node_modules');
    if (path.basename(folder) === 'node_modules' || !namesIn(folder).includes('node_modules')) continue;
    for (const top of ['', ...tops.filter((name) => name.startsWith('@'))]) {
      const within = path.join(modules, top);
      const names = [...packages].map((name) => (top === '' ? name.split('/')[0] : name.split('/')[1]) ?? name);
      stems.set(within, new Set([...(stems.get(within) ?? []), ...names.map(stemOf)]));
    }
  }
  return stems;
}

/** Of files, each folder once. */
function foldersAbove(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = path.dirname(file); !folders.has(folder); folder = path.dirname(folder)) folders.add(folder);
  }
  return [...folders];
}

function manifestsIn(folders: readonly string[]): readonly string[] {
  return folders.map((folder) => path.join(folder, 'package.json')).filter(isFile);
}

/** Where a package lies that may have been passed by, as it had not what was asked for: one farther up is taken then. */
function passedByIn(folders: readonly string[], names: ReadonlySet<string>): readonly string[] {
  return folders
    .filter((folder) => path.basename(folder) !== 'node_modules')
    .flatMap((folder) => {
      const modules = path.join(folder, 'node_modules');
      const installed = new Set(namesIn(modules));
      return [...names]
        .filter((name) => installed.has(name.split('/')[0] ?? name))
        .map((name) => path.join(modules, name));
    });
}

/** It may be a file there, or a folder; none of the folders need exist, and each may be a link. */
function addModule(stems: Map<string, Set<string>>, module: string): void {
  for (let file = path.join(module, 'index'); path.dirname(file) !== file; file = path.dirname(file)) {
    const folder = path.dirname(file);
    stems.set(folder, (stems.get(folder) ?? new Set()).add(stemOf(path.basename(file))));
  }
}
