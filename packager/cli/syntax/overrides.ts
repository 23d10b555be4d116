import { dirname, extname, resolve } from 'node:path';
import { ArtifactError } from '../../../repository/error.ts';
import { describeValue, pathOfFileUrl, readArgument, scalarText } from './given.ts';

/** Values of template parameters by their names. */
export type Overrides = Readonly<Record<string, string>>;

const REMEDY =
  'Write NAME=VALUE NAME2=VALUE2, or ParameterKey=NAME,ParameterValue=VALUE, or file://PATH to JSON or YAML; quote a value that has spaces.';

/** A template's parameters are alphanumeric; `:` and the rest are taken too, so that a wrong name is told by who knows the template. */
const NAME = /^[A-Za-z0-9_:.-]+$/;

/**
 * `aws cloudformation deploy`'s and `sam`'s ways to give parameters, in any mixture; of two values for a name the later wins:
 * `NAME=VALUE`, `ParameterKey=NAME,ParameterValue=VALUE`, several of either in one text, a map, a list of maps with ParameterKey and
 * ParameterValue (CloudFormation), a map under `Parameters` (CodePipeline), any of that as JSON text or behind `file://`, `$include` in a map (SAM).
 *
 * One text with spaces is several parameters if each word is one (SAM); else the spaces belong to the value (AWS CLI).
 * @param folder Where a relative `file://` starts.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export async function parseOverrides(given: unknown, folder: string): Promise<Overrides> {
  const result = new Map<string, string>();
  await collect(given, { folder, open: [] }, result);
  return Object.fromEntries(result);
}

interface Reading {
  readonly folder: string;
  /** The files being read, outermost first: one that includes itself would never end. */
  readonly open: readonly string[];
}

async function collect(given: unknown, reading: Reading, result: Map<string, string>): Promise<void> {
  if (given === null || given === undefined || given === '') return;
  if (Array.isArray(given)) {
    for (const item of given as unknown[]) await collect(item, reading, result);
  } else if (typeof given === 'string') {
    await collectText(given, reading, result);
  } else if (typeof given === 'object' && !(given instanceof Date)) {
    await collectMap(given as Record<string, unknown>, reading, result);
  } else {
    throw invalid(`${describeValue(given)} is no parameter`);
  }
}

async function collectText(text: string, reading: Reading, result: Map<string, string>): Promise<void> {
  const path = pathOfFileUrl(text);
  if (path !== undefined) {
    await collectFile(text, resolve(reading.folder, path), reading, result);
  } else if (/^\s*[[{]/.test(text)) {
    await collect(parseJson(text), reading, result);
  } else {
    for (const [name, value] of pairsOf(text)) result.set(name, value);
  }
}

async function collectFile(given: string, path: string, reading: Reading, result: Map<string, string>): Promise<void> {
  if (reading.open.includes(path)) throw invalid(`'${path}' includes itself`);
  const text = readArgument(given, reading.folder);
  const value = await parseFile(path, text);
  await collect(value, { folder: dirname(path), open: [...reading.open, path] }, result);
}

async function parseFile(path: string, text: string): Promise<unknown> {
  try {
    switch (extname(path).toLowerCase()) {
      case '.yaml':
      case '.yml': {
        const { parse } = await import('yaml');
        // As SAM reads it: `yes` and `012` keep their letters only in quotes, as everywhere in YAML.
        return parse(text);
      }
      case '.toml': {
        const { parse } = await import('smol-toml');
        return parse(text);
      }
      default:
        return JSON.parse(text);
    }
  } catch (error) {
    throw invalid(`'${path}' can't be read: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
}

async function collectMap(map: Record<string, unknown>, reading: Reading, result: Map<string, string>): Promise<void> {
  if ('ParameterKey' in map) {
    const { ParameterKey: name, ParameterValue: value, UsePreviousValue: previous } = map;
    if (typeof name !== 'string') throw invalid(`${describeValue(name)} is no parameter's name`);
    // Only the stack knows its previous value; a path that needs it is then reported as one that can't be resolved.
    if (previous === true && value === undefined) return;
    result.set(checkedName(name), textOf(name, value));
    return;
  }
  const { Parameters: parameters } = map;
  if (typeof parameters === 'object' && parameters !== null) {
    await collect(parameters, reading, result);
    return;
  }
  for (const [name, value] of Object.entries(map)) {
    if (name === '$include') await collect(value, reading, result);
    else result.set(checkedName(name), textOf(name, value));
  }
}

/** Lists are joined by commas, as CloudFormation takes them. */
function textOf(name: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) {
    return (value as unknown[])
      .map((item) => textOf(name, item).trim())
      .filter((item) => item !== '')
      .join(',');
  }
  const text = scalarText(value);
  if (text !== undefined) return text;
  throw invalid(`parameter '${name}' can't have a map for its value`);
}

function pairsOf(text: string): readonly (readonly [string, string])[] {
  const words = wordsOf(text.trim());
  const pairs = words.map((word) => pairOf(word));
  if (words.length > 0 && pairs.every((pair) => pair !== undefined)) return pairs;
  const whole = pairOf(text.trim());
  if (whole === undefined) throw invalid(`'${text}' is not NAME=VALUE`);
  return [whole];
}

/** Whether a word of a text stands alone, so that it may belong to the value before it, or be a slip. */
export function hasStrayWord(text: string): boolean {
  return !/^\s*(?:\{|file:\/\/)/.test(text) && wordsOf(text.trim()).some((word) => pairOf(word) === undefined);
}

/** At spaces, but not behind a backslash and not in quotes that follow `=` (elsewhere they are apostrophes). Quotes and backslashes stay. */
function wordsOf(text: string): readonly string[] {
  return text.match(/(?:(?<==)"(?:\\.|[^"\\])*"|(?<==)'(?:\\.|[^'\\])*'|\\.|\S)+/gsu) ?? [];
}

const KEY_FIRST = /^ParameterKey=(?<name>[^,]*),ParameterValue=(?<value>.*)$/s;
const VALUE_FIRST = /^ParameterValue=(?<value>.*),ParameterKey=(?<name>[^,]*)$/s;
const PLAIN = /^(?<name>[^=]*)=(?<value>.*)$/s;

function pairOf(word: string): readonly [string, string] | undefined {
  for (const form of [KEY_FIRST, VALUE_FIRST, PLAIN]) {
    const pair = form.exec(word)?.groups;
    if (pair !== undefined) {
      const name = unquoted(pair['name'] ?? '');
      return NAME.test(name) ? [name, unquoted(pair['value'] ?? '')] : undefined;
    }
  }
  return undefined;
}

/** Quotes around the whole go; `\ `, `\"`, `\'` and `\,` lose their backslash, every other one stays (C:\code). */
function unquoted(text: string): string {
  const inner = /^(?<quote>["'])(?<text>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>$/s.exec(text)?.groups?.['text'] ?? text;
  return inner.replaceAll(/\\([ "',])/g, '$1');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`'${text}' is no JSON: ${(error as Error).message}`);
  }
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw invalid(`'${name}' is no parameter's name`);
  return name;
}

function invalid(message: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, { remedy: REMEDY });
}
