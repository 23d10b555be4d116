import { ArtifactError, ArtifactErrors } from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import type { SourcePlace } from '../../../repository/index.ts';
import type { MapNode, TemplateNode } from '../node.ts';
import { isList, isMap, isString, valueOf } from '../node.ts';
import { parseTemplate } from '../text/parse.ts';
import { formatPosition } from '../place.ts';
import type { PropertyEntry, WrittenEntry, WrittenMembers } from './property.ts';
import { entryOf, parsePath, WRITTEN_FORMS } from './property.ts';
import type { Template } from '../template.ts';

const WANTED: readonly WrittenEntry['wanted'][] = ['zip', 'archive-or-file', 'file', 'template'];
const FLAGS = ['core', 'explicit', 'url', 'literal', 'detached', 'orFolder'] as const;
const TEXTS = ['version', 'storageMode', 'note'] as const;
const LISTS = ['suffix', 'prefix', 'leave'] as const;
const MEMBERS = ['form', 'wanted', 'members', 'separator', 'when', ...FLAGS, ...TEXTS, ...LISTS];

/**
 * Reads a user's table: a map of resource types to maps of paths to entries, in JSON or YAML. For the members see `WrittenEntry`.
 * @param file as the user knows it
 * @throws ArtifactErrors INVALID_CONFIGURATION with all problems, each with its place
 */
export function loadProperties(text: string, file: string): PropertyEntry[] {
  const reader = new Reader(parse(text, file));
  const entries = reader.entries();
  refuse(reader.problems());
  return entries;
}

function parse(text: string, file: string): Template {
  try {
    return parseTemplate(text, file, { kind: 'fragment' });
  } catch (error) {
    if (!(error instanceof ArtifactErrors)) throw error;
    const [first, ...rest] = error.problems.map(({ message, remedy, place }) => invalid(message, remedy, place));
    throw first === undefined ? error : new ArtifactErrors([first, ...rest]);
  }
}

function invalid(message: string, remedy?: string, place?: SourcePlace): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', message, {
    ...(remedy !== undefined && { remedy }),
    ...(place !== undefined && { place }),
  });
}

class Reader {
  readonly #problems: { readonly start: number; readonly error: ArtifactError }[] = [];
  readonly #file: Template;

  constructor(file: Template) {
    this.#file = file;
  }

  /** In the order of the file. */
  problems(): ArtifactError[] {
    return this.#problems.toSorted((a, b) => a.start - b.start).map(({ error }) => error);
  }

  entries(): PropertyEntry[] {
    const { root } = this.#file;
    if (!isMap(root)) {
      this.#problem(
        root,
        'the table is no map of resource types',
        'Write Acme::Type: {Path: {form: uri, wanted: file}}.',
      );
      return [];
    }
    return root.entries.flatMap(({ key, value }) => this.#ofType(key, value));
  }

  #ofType(type: string, paths: TemplateNode): PropertyEntry[] {
    if (!isMap(paths)) {
      this.#problem(paths, `'${type}' is no map of paths to properties`);
      return [];
    }
    return paths.entries.flatMap(({ key, value, keyStart }) => {
      const path = this.#path(key, keyStart);
      const written = this.#entry(`'${key}' of '${type}'`, value);
      return path === undefined || written === undefined ? [] : [entryOf(type, path, written)];
    });
  }

  #path(path: string, start: number): string | undefined {
    try {
      parsePath(path);
      return path;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#problem({ start }, `'${path}' is no path: ${error.message}`, 'Write A.B, A.[].B or A.{}.B.');
      return undefined;
    }
  }

  /** `undefined` where it has problems, which are told. */
  #entry(subject: string, node: TemplateNode): WrittenEntry | undefined {
    if (!isMap(node)) {
      this.#problem(node, `${subject} is no map`, 'Write {form: uri, wanted: file}.');
      return undefined;
    }
    const before = this.#problems.length;
    for (const { key, keyStart } of node.entries) {
      if (!MEMBERS.includes(key)) this.#problem({ start: keyStart }, `${subject} has an unknown member '${key}'`);
    }
    const form = this.#oneOf(subject, node, 'form', WRITTEN_FORMS);
    const wanted = this.#oneOf(subject, node, 'wanted', WANTED);
    const members = this.#members(subject, node);
    if ((form === 'object' || form === 'siblings') && valueOf(node, 'members') === undefined) {
      this.#problem(
        node,
        `${subject} has the form '${form}' and no members`,
        'Write members: {bucket: Bucket, key: Key}.',
      );
    }
    const when = this.#when(subject, node);
    const separator = valueOf(node, 'separator') && this.#oneOf(subject, node, 'separator', [','] as const);
    const given = {
      ...collect(FLAGS, (name) => this.#flag(subject, node, name)),
      ...collect(TEXTS, (name) => this.#text(subject, node, name)),
      ...collect(LISTS, (name) => this.#list(subject, node, name)),
    };
    if (this.#problems.length > before || form === undefined || wanted === undefined) return undefined;
    return {
      form,
      wanted,
      ...(members !== undefined && { members }),
      ...(when !== undefined && { when }),
      ...(separator !== undefined && { separator }),
      ...given,
    };
  }

  #oneOf<T extends string>(subject: string, entry: MapNode, member: string, known: readonly T[]): T | undefined {
    const node = valueOf(entry, member);
    const value = known.find((one) => isString(node) && node.value === one);
    if (value === undefined) {
      const problem = node === undefined ? `${subject} has no '${member}'` : `${subject}: '${member}' is unknown`;
      this.#problem(node ?? entry, problem, `It is one of ${known.map((one) => `'${one}'`).join(', ')}.`);
    }
    return value;
  }

  #members(subject: string, entry: MapNode): WrittenMembers | undefined {
    const node = valueOf(entry, 'members');
    if (node === undefined) return undefined;
    const text = (name: string): string | undefined => (isMap(node) ? this.#text(subject, node, name) : undefined);
    const [bucket, bucketArn, key, version] = [text('bucket'), text('bucketArn'), text('key'), text('version')];
    const rest = { key: key ?? '', ...(version !== undefined && { version }) };
    if (key !== undefined && bucket !== undefined && bucketArn === undefined) return { bucket, ...rest };
    if (key !== undefined && bucketArn !== undefined && bucket === undefined) return { bucketArn, ...rest };
    this.#problem(node, `${subject}: 'members' must name 'key' and either 'bucket' or 'bucketArn'`);
    return undefined;
  }

  #when(subject: string, entry: MapNode): Readonly<Record<string, string>> | undefined {
    const node = valueOf(entry, 'when');
    if (node === undefined) return undefined;
    if (!isMap(node)) {
      this.#problem(node, `${subject}: 'when' is no map of paths to values`);
      return undefined;
    }
    return Object.fromEntries<string>(
      node.entries.map(({ key, keyStart }) => [this.#path(key, keyStart) ?? key, this.#text(subject, node, key) ?? '']),
    );
  }

  #flag(subject: string, entry: MapNode, name: string): boolean | undefined {
    const node = valueOf(entry, name);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.#problem(node, `${subject}: '${name}' is neither true nor false`);
    return undefined;
  }

  #text(subject: string, entry: MapNode, name: string): string | undefined {
    const node = valueOf(entry, name);
    if (node === undefined) return undefined;
    if (isString(node) && node.value !== '') return node.value;
    this.#problem(node, `${subject}: '${name}' is no text`);
    return undefined;
  }

  #list(subject: string, entry: MapNode, name: string): readonly string[] | undefined {
    const node = valueOf(entry, name);
    if (node === undefined) return undefined;
    const items = isList(node) ? node.items : [node];
    const texts = items.filter(isString).map(({ value }) => value);
    if (texts.length === items.length) return texts;
    this.#problem(node, `${subject}: '${name}' is no text and no list of texts`);
    return undefined;
  }

  #problem({ start }: Pick<TemplateNode, 'start'>, message: string, remedy?: string): void {
    const place = this.#file.position(start);
    const error = invalid(`${formatPosition(place)}: ${message}`, remedy, place);
    this.#problems.push({ start, error });
  }
}

function collect<Name extends string, Value>(
  names: readonly Name[],
  read: (name: Name) => Value | undefined,
): Partial<Record<Name, Value>> {
  const all: Partial<Record<Name, Value>> = {};
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) all[name] = value;
  }
  return all;
}
