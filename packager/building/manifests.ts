import path from 'node:path';
import type { BuildOptions } from '../template/build.ts';
import { isPath, packageOf, stemOf } from './metafile.ts';
import { readRegularText } from '../regular-file.ts';

/** What esbuild takes for a package where nothing is said. https://esbuild.github.io/api/#main-fields */
const MAIN_FIELDS: readonly string[] = ['main', 'module'];

/** Whether a module is among those that were read, whatever its suffix. */
type IsRead = (module: string) => boolean;

export function isReadOf(inputs: readonly string[]): IsRead {
  const known = new Set(inputs.map(withoutSuffixes));
  return (module) => known.has(withoutSuffixes(module)) || known.has(path.join(module, 'index'));
}

function withoutSuffixes(file: string): string {
  return path.join(path.dirname(file), stemOf(path.basename(file)));
}

/**
 * Modules that a package.json names and that are not there: the next main field counts for as long, or `index.js`. So it is with what is yet to be compiled.
 * @param manifest absolute
 * @returns absolute
 */
export function missedMains(manifest: string, { mainFields }: BuildOptions, isRead: IsRead): readonly string[] {
  const document = read(manifest);
  const fields = Array.isArray(mainFields) ? (mainFields as readonly string[]) : MAIN_FIELDS;
  const mains = fields
    .map((field) => document[field])
    .filter((main) => typeof main === 'string')
    .map((main) => path.resolve(path.dirname(manifest), main));
  const first = mains.findIndex(isRead);
  return first < 0 ? mains : mains.slice(0, first);
}

/** Packages that stand for another name: what is imported doesn't tell of them. @param manifests absolute */
export function meantPackages({ alias = {} }: BuildOptions, manifests: readonly string[]): readonly string[] {
  const meant = [alias, ...manifests.flatMap((file) => [read(file)['imports'], read(file)['browser']])];
  return meant
    .flatMap((said) => (typeof said === 'object' ? textsIn(said) : []))
    .filter((name) => !isPath(name))
    .flatMap((name) => packageOf(name) ?? []);
}

function read(manifest: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(readRegularText(manifest));
    return typeof document === 'object' && document !== null ? { ...document } : {};
  } catch {
    return {};
  }
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
