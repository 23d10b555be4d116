import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OutputFile } from 'esbuild';
import { readRegularText } from '../regular-file.ts';
import type { BuildOptions } from '../template/build.ts';

/**
 * What esbuild takes over into a source map, and tells nobody of: the maps of modules that were compiled before, and the sources that those name without their text.
 * https://esbuild.github.io/api/#sourcemap
 *
 * @param inputs absolute
 * @returns absolute, whether something stands there or not
 */
export function mappedFiles(inputs: readonly string[], { sourcemap = false }: BuildOptions): readonly string[] {
  return sourcemap === false ? [] : inputs.flatMap((input) => textOf(input).flatMap((text) => mapsOf(input, text)));
}

/**
 * The maps that modules may name, of which esbuild takes one each.
 * @param inputs absolute
 * @returns by each map, absolute, the module that names it
 */
export function namedMaps(inputs: readonly string[], { sourcemap = false }: BuildOptions): ReadonlyMap<string, string> {
  if (sourcemap === false) return new Map();
  return new Map(
    inputs.flatMap((input) =>
      textOf(input)
        .flatMap((text) => [...text.matchAll(COMMENT)])
        .flatMap(({ groups }) => filesOf(groups?.['url'] ?? '', input))
        .map((file): [string, string] => [file, input]),
    ),
  );
}

/** A source whose text stands in a map. */
export interface TakenSource {
  /** Absolute, whether something stands there or not. */
  readonly file: string;
  readonly text: string;
}

/** What maps that were built hold the texts of. esbuild reads sources that a map names without their text, wherever they are. */
export function takenSources(outputs: readonly OutputFile[]): readonly TakenSource[] {
  return outputs.flatMap(({ path: file, text }) =>
    (file.endsWith('.map') ? [text] : inlineMaps(text)).flatMap((map) => takenIn(map, path.dirname(file))),
  );
}

const INLINE = /[#@] sourceMappingURL=data:application\/json;base64,(?<content>[\w+/=]+)/g;

function inlineMaps(text: string): readonly string[] {
  return [...text.matchAll(INLINE)].map(({ groups }) => Buffer.from(groups?.['content'] ?? '', 'base64').toString());
}

function takenIn(map: string, folder: string): readonly TakenSource[] {
  const { sources, sourcesContent } = parsed(map);
  const texts: readonly unknown[] = Array.isArray(sourcesContent) ? sourcesContent : [];
  const named: readonly unknown[] = Array.isArray(sources) ? sources : [];
  return named.flatMap((source, index) => {
    const text = texts[index];
    const file = typeof source === 'string' ? fileOf(source, folder) : undefined;
    return typeof text === 'string' && file !== undefined ? [{ file, text }] : [];
  });
}

const COMMENT = /[#@]\s*sourceMappingURL=(?<url>\S+)/g;
const DATA = /^data:[^,]*?(?<base64>;base64)?,(?<content>.*)$/s;

function mapsOf(input: string, text: string): readonly string[] {
  return [...text.matchAll(COMMENT)].flatMap(({ groups }) => {
    const [url = ''] = (groups?.['url'] ?? '').split(/['"*]/, 1);
    const data = DATA.exec(url)?.groups;
    if (data !== undefined) {
      const { base64, content = '' } = data;
      return sourcesIn(base64 === undefined ? decoded(content) : Buffer.from(content, 'base64').toString(), input);
    }
    const map = fileOf(url, path.dirname(input));
    return map === undefined ? [] : [map, ...textOf(map).flatMap((found) => sourcesIn(found, map))];
  });
}

interface SourceMap {
  readonly sources?: unknown;
  readonly sourcesContent?: unknown;
  readonly sourceRoot?: unknown;
}

/** Those without their text. @param map where it stands, absolute */
function sourcesIn(text: string, map: string): readonly string[] {
  const { sources, sourcesContent, sourceRoot } = parsed(text);
  const texts: readonly unknown[] = Array.isArray(sourcesContent) ? sourcesContent : [];
  const named: readonly unknown[] = Array.isArray(sources) ? sources : [];
  const folders = ['', typeof sourceRoot === 'string' ? sourceRoot : ''];
  return named
    .filter((source, index) => typeof source === 'string' && typeof texts[index] !== 'string')
    .flatMap((source) => folders.map((folder) => fileOf(String(source), path.resolve(path.dirname(map), folder))))
    .filter((file) => file !== undefined);
}

function parsed(text: string): SourceMap {
  try {
    return (JSON.parse(text) ?? {}) as SourceMap;
  } catch {
    return {};
  }
}

/** However the end of a comment, and a query, are told from the URL. */
function filesOf(url: string, module: string): readonly string[] {
  const spelled = [url, ...[/['"*]/, '*/'].map((end) => url.split(end, 1)[0] ?? '')];
  return spelled
    .flatMap((one) => [fileOf(one, path.dirname(module)), resolved(one, module)])
    .filter((file) => file !== undefined);
}

/** `undefined` of what is no file. */
function resolved(url: string, module: string): string | undefined {
  try {
    return fileURLToPath(new URL(url, pathToFileURL(module)));
  } catch {
    return undefined;
  }
}

/** `undefined` of what is no file. */
function fileOf(url: string, folder: string): string | undefined {
  try {
    if (url.startsWith('file:')) return fileURLToPath(url);
  } catch {
    return undefined;
  }
  return /^[a-z][a-z\d+.-]+:/i.test(url) ? undefined : path.resolve(folder, decoded(url));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Nothing where it can't be read. */
function textOf(file: string): readonly string[] {
  try {
    return [readRegularText(file)];
  } catch {
    return [];
  }
}
