import path from 'node:path';
import type { Metafile } from 'esbuild';

/** What esbuild read, and the packages that it was asked for. */
export interface Inputs {
  /** Absolute, each once. */
  readonly files: readonly string[];
  readonly packages: ReadonlySet<string>;
}

/** @param folder that esbuild worked in: paths in the metafile are relative to it */
export function inputsOf({ inputs }: Metafile, folder: string): Inputs {
  const files = new Set<string>();
  const packages = new Set<string>();
  for (const [name, { imports }] of Object.entries(inputs)) {
    const file = fileOf(name, folder);
    if (file !== undefined) files.add(file);
    for (const { path: imported, original = imported } of imports) {
      const asked = packageOf(original);
      if (asked !== undefined) packages.add(asked);
    }
  }
  return { files: [...files], packages };
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
