import path from 'node:path';
import type { Metafile } from 'esbuild';

/** What esbuild read, and what it was asked for. */
export interface Inputs extends Asked {
  /** Absolute, each once. */
  readonly files: readonly string[];
}

/** What was imported. */
export interface Asked {
  /** All that is no path: `@scope/name/part`. */
  readonly names: ReadonlySet<string>;
  /** Packages of those names. */
  readonly packages: ReadonlySet<string>;
  /** Paths at which nothing is, or that lead to something that is called otherwise. Absolute, as they were written. */
  readonly paths: ReadonlySet<string>;
  /** Which module it is shows when it runs: all that fit are in the bundle, and those that come later would be. */
  readonly isOpen: boolean;
}

/** @param folder that esbuild worked in: paths in the metafile are relative to it */
export function inputsOf({ inputs }: Metafile, folder: string): Inputs {
  const files = new Set<string>();
  const names = new Set<string>();
  const paths = new Set<string>();
  let isOpen = false;
  for (const [name, { imports }] of Object.entries(inputs)) {
    const file = fileOf(name, folder);
    if (file !== undefined) files.add(file);
    for (const { path: imported, original = imported, external = false } of imports) {
      if (!isPath(original)) names.add(original);
      else if (external && original.includes('*')) isOpen = true;
      else {
        const asked = path.resolve(path.dirname(file ?? folder), original);
        if (external || !isCalled(asked, fileOf(imported, folder))) paths.add(asked);
      }
    }
  }
  const packages = new Set([...names].map(packageOf).filter((name) => name !== undefined));
  return { files: [...files], names, packages, paths, isOpen };
}

/** Not the name of a package. */
export function isPath(imported: string): boolean {
  return /^\.\.?(?:\/|$)/.test(imported) || path.isAbsolute(imported);
}

/** Whether a path means a file by its name: `./a` means `a.ts`, and `a/index.js`. */
function isCalled(asked: string, file: string | undefined): boolean {
  if (file === undefined) return true;
  const { dir, base } = path.parse(file);
  return (
    (dir === path.dirname(asked) && stemOf(base) === stemOf(path.basename(asked))) ||
    (dir === asked && stemOf(base) === 'index')
  );
}

/** `app` of `app.service.ts`: what is called so may stand for it, whatever its suffix. */
export function stemOf(name: string): string {
  return name.slice(0, name.slice(1).indexOf('.') + 1 || name.length);
}

/** By each file, one that imports it. */
export function importers({ inputs }: Metafile, folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, { imports }] of Object.entries(inputs)) {
    const importer = fileOf(name, folder);
    for (const { path: imported } of imports) {
      const file = fileOf(imported, folder);
      if (importer !== undefined && file !== undefined) found.set(file, importer);
    }
  }
  return found;
}

/** `undefined` for what is no file: esbuild's own runtime, a data URL. */
function fileOf(name: string, folder: string): string | undefined {
  if (/^<|^data:/.test(name)) return undefined;
  return path.resolve(folder, name.replace(/^\(disabled\):/, '').replace(/[?#][^/]*$/, ''));
}

/** `@scope/name` of `@scope/name/part`; `undefined` for a path. */
export function packageOf(imported: string): string | undefined {
  return /^(?:@[^/]+\/)?[^./@:][^/:]*(?=\/|$)/.exec(imported)?.[0];
}
