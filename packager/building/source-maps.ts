import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from './build.ts';

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

const COMMENT = /[#@]\s*sourceMappingURL=(?<url>[^\s'"*]+)/g;
const DATA = /^data:[^,]*?(?<base64>;base64)?,(?<content>.*)$/s;

function mapsOf(input: string, text: string): readonly string[] {
  return [...text.matchAll(COMMENT)].flatMap(({ groups }) => {
    const url = groups?.['url'] ?? '';
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
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}
