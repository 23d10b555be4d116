import { dirname, resolve } from 'node:path';
import { ArtifactError } from '../error.ts';
import type { ObjectKey } from '../object-store.ts';

/**
 * How keys become names of files. A segment of a key is a folder, its last one a file with `@` and the number of its slot (directory.ts)
 * behind the name or before its extension, so that programs recognise it: `archive@1.zip`, `1.4.0@1`. File systems fold upper and lower
 * case, normalise Unicode, hide what begins with a dot and end names at 255 bytes; so
 *
 * - `a-z`, `0-9`, the blank and most punctuation stay; a capital is `~` and its lower case (`~readme`); everything else, and a dot at the
 *   beginning, is `%` and two hexadecimal digits for each byte of its UTF-8;
 * - what doesn't fit into one name goes on in a folder `…@more`.
 *
 * No two segments share a name, and no name that is not exactly what a segment is encoded to is taken for one: what people or
 * systems leave in a folder is not seen. `@drafts` is no segment's name.
 */

/** Some file systems that encrypt names hold 143 bytes of them; 120 leave room for `@` and a slot of 15 digits. */
const NAME_LIMIT = 120;
const CONTINUED = '@more';

const PLAIN = /[a-z0-9 !#$&'()+,.;=[\]^_`{}-]/;
const ALL_PLAIN = new RegExp(`^(?!\\.)${PLAIN.source}{1,${NAME_LIMIT}}$`);
const CAPITAL = /[A-Z]/;
const SLOT = /^[1-9][0-9]{0,14}$/;
/** No number, so that it is not part of a label like `1.4.0`. */
const EXTENSION = /\.[a-z][a-z0-9]{0,7}$/;
const ENTRY = /^(?<begin>[^@]+)(?:@(?<slot>[1-9][0-9]{0,14})(?<end>\.[a-z][a-z0-9]{0,7})?|(?<continued>@more))?$/;

/** Where the slots of a key are: in `folder`, with their numbers put into `path`. */
export interface Place {
  readonly folder: string;
  readonly path: string;
}

/** @throws ArtifactError INVALID_KEY for a key that a prefix has made one of S3 alone */
export function placeOf(root: string, key: string): Place {
  const segments = key.split('/');
  if (!segments.every(isSegment)) {
    throw new ArtifactError(
      'INVALID_KEY',
      `a directory can't have the key '${key}': it has an empty segment, '.' or '..'`,
    );
  }
  const path = [root, ...segments.map(pathOf)].join('/');
  return { folder: dirname(path), path };
}

/** Where a person finds the bytes of an object: those of its first creation, which is the only one unless it was removed since. */
export function directoryFile(root: string, key: ObjectKey): string {
  return slotPath(placeOf(resolve(root), key), 1);
}

/** Where an incarnation of an object stands. */
export function slotPath({ path }: Place, slot: number): string {
  return withSlot(path, slot);
}

/** Before the extension, so that programs know the file's type: `api@2.zip`. */
export function withSlot(path: string, slot: number): string {
  const extension = EXTENSION.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - extension.length)}@${slot}${extension}`;
}

/** The folder of the keys that begin with `prefix`, which is empty or ends with `/`; undefined where no key can. */
export function folderOf(root: string, prefix: string): string | undefined {
  const segments = prefix.split('/').slice(0, -1);
  if (!segments.every(isSegment) || !prefix.isWellFormed()) return undefined;
  return [root, ...segments.map(pathOf)].join('/');
}

/** Whether a folder or file can stand for it, as far as its meaning goes: its characters are encoded. */
export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/');
}

/** The number that a revision or an incarnation of this store is; undefined for one of another store. */
export function parseSlot(text: string): number | undefined {
  return SLOT.test(text) ? Number(text) : undefined;
}

/** The name of a segment; of a long one, names below each other. */
export function pathOf(segment: string): string {
  if (ALL_PLAIN.test(segment)) return segment;
  let path = '';
  let name = '';
  for (const character of segment) {
    let encoded = encode(character, name === '');
    if (name.length + encoded.length > NAME_LIMIT) {
      path += `${name}${CONTINUED}/`;
      name = '';
      encoded = encode(character, true);
    }
    name += encoded;
  }
  return path + name;
}

function encode(character: string, first: boolean): string {
  if (PLAIN.test(character) && !(first && character === '.')) return character;
  if (CAPITAL.test(character)) return `~${character.toLowerCase()}`;
  return Buffer.from(character, 'utf8').toString('hex').replaceAll(/../g, '%$&');
}

/** What a name in a folder stands for. `text` is the segment, or as much of it as this name holds. */
export type EntryName =
  | { readonly kind: 'folder' | 'continued'; readonly text: string }
  | { readonly kind: 'slot'; readonly text: string; readonly slot: number };

/** Undefined for a name that is none of ours. Lenient: a name that is not exactly what `text` is encoded to is none of ours either. */
export function parseEntry(name: string): EntryName | undefined {
  const parts = ENTRY.exec(name)?.groups;
  if (parts === undefined) return undefined;
  const { begin = '', slot, end = '', continued } = parts;
  if (slot !== undefined) return { kind: 'slot', text: decode(begin + end), slot: Number(slot) };
  return { kind: continued === undefined ? 'folder' : 'continued', text: decode(begin) };
}

function decode(name: string): string {
  if (!/[~%]/.test(name)) return name;
  return name
    .replaceAll(/~([a-z])/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll(/(?:%[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'));
}
