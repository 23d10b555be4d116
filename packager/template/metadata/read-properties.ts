import { nearest } from '../../../repository/nearest.ts';
import type { BuildOptions } from '../build.ts';
import type { MapEntry, TemplateNode } from '../node.ts';
import { isList, isMap, isString } from '../node.ts';
import type { PropertyKind } from './build-properties.ts';
import { optionNamed, PROPERTIES, propertyNamed } from './build-properties.ts';

/** Who reads a template, and hears of what is wrong in it. Offsets are into its text. */
export interface PropertyReader {
  /** What a value comes to before the deploy, if that is known. */
  readonly textOf: (node: TemplateNode) => string | undefined;
  readonly problem: (start: number, message: string, remedy: string) => void;
  readonly warn: (start: number, code: string, message: string, remedy: string) => void;
}

/** What BuildProperties say. */
export interface BuildProperties {
  /** As written; empty where the handler says it. */
  readonly entryPoints: readonly string[];
  readonly outbase?: string;
  /** `undefined`: nothing is said of source maps. */
  readonly sourcemap: boolean | string | undefined;
  /** With SAM's defaults in them. */
  readonly options: BuildOptions;
  /** Where the values of those that are written begin. */
  readonly starts: ReadonlyMap<string, number>;
}

/** As SAM has them, for what BuildProperties don't say. */
const DEFAULTS: BuildOptions = { target: ['es2020'], format: 'cjs', minify: true };

/** Reads all properties and tells of all that is wrong; what is wrong is left out. */
export function readBuildProperties(node: TemplateNode | undefined, reader: PropertyReader): BuildProperties {
  const read = new Map<string, BuildOptions[string]>();
  const starts = new Map<string, number>();
  if (node !== undefined && !isMap(node) && !(node.kind === 'scalar' && node.value === null)) {
    reader.problem(node.start, "'BuildProperties' is not a map", 'Write a map of names to values.');
  }
  for (const entry of isMap(node) ? node.entries : []) {
    const name = named(entry, reader);
    const value = name === undefined ? undefined : valueOf(name, entry, reader);
    if (name === undefined || value === undefined) continue;
    read.set(name, value);
    starts.set(name, entry.value.start);
  }
  const { entryPoints, outbase, sourcemap, ...options } = Object.fromEntries(
    [...read].map(([name, value]) => [optionNamed(name), value]),
  );
  return {
    entryPoints: Array.isArray(entryPoints) ? (entryPoints as readonly string[]) : [],
    ...(typeof outbase === 'string' && { outbase }),
    sourcemap: typeof sourcemap === 'boolean' || typeof sourcemap === 'string' ? sourcemap : undefined,
    options: { ...DEFAULTS, ...options },
    starts,
  };
}

function named({ key, keyStart }: MapEntry, reader: PropertyReader): string | undefined {
  const name = propertyNamed(key);
  if (name === undefined) {
    const similar = nearest(key, Object.keys(PROPERTIES));
    reader.problem(
      keyStart,
      `'${key}' is none of the BuildProperties of esbuild`,
      similar === undefined ? 'docs/building.md lists them. Plugins cannot be named.' : `Did you mean '${similar}'?`,
    );
    return undefined;
  }
  if (PROPERTIES[name] !== 'fixed') return name;
  reader.warn(
    keyStart,
    'build-property-ignored',
    `'${key}' of BuildProperties is ignored: SAM sets it itself, to what Lambda needs`,
    'Leave it out.',
  );
  return undefined;
}

function valueOf(name: string, { value }: MapEntry, reader: PropertyReader): BuildOptions[string] | undefined {
  const kind = PROPERTIES[name];
  if (kind === undefined || kind === 'fixed' || kind === 'idle') return undefined;
  const read =
    typeof kind === 'string' && LISTS.includes(kind) ? listIn(kind, value, reader) : scalarIn(kind, value, reader);
  if (typeof read !== 'object' || !('wrong' in read)) return read;
  const { at = value, wrong, remedy } = read as Wrong;
  reader.problem(at.start, `'${name}' of BuildProperties ${wrong}`, remedy);
  return undefined;
}

/** The end of a sentence, and what to do. */
interface Wrong {
  readonly at?: TemplateNode;
  readonly wrong: string;
  readonly remedy: string;
}

const LISTS: readonly PropertyKind[] = ['list', 'commas', 'pairs'];

function listIn(kind: PropertyKind, node: TemplateNode, { textOf }: PropertyReader): BuildOptions[string] | Wrong {
  const items = isList(node) ? node.items : kind === 'pairs' ? [] : [node];
  if (kind === 'pairs' && !isList(node)) {
    return { wrong: `is ${describe(node)}, not a list`, remedy: "Write a list of texts, each 'name=value'." };
  }
  const texts: string[] = [];
  for (const at of items) {
    const text = at.kind === 'scalar' && !isString(at) ? undefined : textOf(at);
    if (text === undefined) return { at, ...unknown(at, 'a text') };
    texts.push(...(kind === 'commas' && !isList(node) ? text.split(',').map((part) => part.trim()) : [text]));
  }
  if (kind !== 'pairs') return texts;
  const odd = texts.findIndex((text) => text.indexOf('=') < 1);
  const at = items[odd];
  if (at !== undefined) {
    return { at, wrong: `has '${String(texts[odd])}' in it`, remedy: "Each item is written 'name=value'." };
  }
  return Object.fromEntries(texts.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
}

function scalarIn(kind: PropertyKind, node: TemplateNode, { textOf }: PropertyReader): BuildOptions[string] | Wrong {
  const text = isList(node) ? undefined : textOf(node);
  if (text === undefined || (node.kind === 'scalar' && node.value === null)) return unknown(node, wordFor(kind));
  const isPlainText = node.kind !== 'scalar' || isString(node);
  if (kind === 'switch') return truthOf(text) ?? unknown(node, wordFor(kind), text);
  if (kind === 'number') return /^\d+$/.test(text) ? Number(text) : unknown(node, wordFor(kind), text);
  if (kind === 'text') return isPlainText ? text : unknown(node, wordFor(kind), text);
  if (kind === 'pattern') return isPattern(text) ? text : unknown(node, wordFor(kind), text);
  const words = typeof kind === 'object' && 'switchOr' in kind ? kind.switchOr : kind;
  const truth = words === kind ? undefined : truthOf(text);
  return truth ?? (words.includes(text) ? text : unknown(node, wordFor(kind), text));
}

function truthOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

function isPattern(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}

function wordFor(kind: PropertyKind): string {
  if (typeof kind === 'object') {
    return 'switchOr' in kind ? `true, false, ${kind.switchOr.join(', ')}` : `one of ${kind.join(', ')}`;
  }
  const words: Partial<Record<typeof kind, string>> = {
    switch: 'true or false',
    number: 'a number',
    pattern: 'a regular expression',
  };
  return words[kind] ?? 'a text';
}

function unknown(node: TemplateNode, wanted: string, text?: string): Wrong {
  return {
    wrong: `is ${text === undefined ? describe(node) : `'${text}'`}, not ${wanted}`,
    remedy: `Write ${wanted}; of parameters, their Defaults and --parameter-overrides are known.`,
  };
}

function describe(node: TemplateNode): string {
  if (isList(node)) return 'a list';
  if (isMap(node)) return node.short ? 'known only at the deploy' : 'a map';
  return node.value === null ? 'empty' : `the ${typeof node.value} ${String(node.value)}`;
}
