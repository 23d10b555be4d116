import { join } from 'node:path';

/**
 * How keys become names of files. A segment of a key is a folder, its last one a file with `@` and the number of its slot behind it
 * (directory.ts). File systems fold upper and lower case, normalise Unicode, hide what begins with a dot and end names at 255 bytes; so
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

/** Where the slots of a key are: `path` with `@` and a number behind it. */
export interface Place {
  readonly folder: string;
  readonly path: string;
}

export function placeOf(root: string, key: string): Place {
  const names = key.split('/').flatMap(namesOf);
  const last = names.pop() ?? '';
  const folder = join(root, ...names);
  return { folder, path: join(folder, last) };
}

/** The folder of the keys that begin with `prefix`, which is empty or ends with `/`; undefined where no key can. */
export function folderOf(root: string, prefix: string): string | undefined {
  const segments = prefix.split('/').slice(0, -1);
  if (!segments.every(isSegment) || !prefix.isWellFormed()) return undefined;
  return join(root, ...segments.flatMap(namesOf));
}

export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/');
}

export function slotPath(place: Place, slot: number): string {
  return `${place.path}@${slot}`;
}

/** The number that a revision or an incarnation of this store is; undefined for one of another store. */
export function parseSlot(text: string): number | undefined {
  return SLOT.test(text) ? Number(text) : undefined;
}

/** Names below each other: all but the last are folders of a segment that is continued. */
export function namesOf(segment: string): string[] {
  if (ALL_PLAIN.test(segment)) return [segment];
  const names: string[] = [];
  let name = '';
  for (const character of segment) {
    let encoded = encode(character, name === '');
    if (name.length + encoded.length > NAME_LIMIT) {
      names.push(name + CONTINUED);
      name = '';
      encoded = encode(character, true);
    }
    name += encoded;
  }
  return [...names, name];
}

function encode(character: string, first: boolean): string {
  if (PLAIN.test(character) && !(first && character === '.')) return character;
  if (CAPITAL.test(character)) return `~${character.toLowerCase()}`;
  return Buffer.from(character, 'utf8').toString('hex').replaceAll(/../g, '%$&');
}

/** What a name in a folder stands for. */
export interface EntryName {
  readonly kind: 'slot' | 'folder' | 'continued';
  /** The segment, or as much of it as this name holds. */
  readonly text: string;
  /** The name without `@` and what follows. */
  readonly stem: string;
  /** Of a slot. */
  readonly slot: number;
}

/** Undefined for a name that is none of ours. Lenient: a stem that is not exactly what `text` is encoded to is none either. */
export function parseEntry(name: string): EntryName | undefined {
  const at = name.indexOf('@');
  const stem = at < 0 ? name : name.slice(0, at);
  const suffix = at < 0 ? '' : name.slice(at);
  const slot = parseSlot(suffix.slice(1));
  const kind = suffix === '' ? 'folder' : suffix === CONTINUED ? 'continued' : slot === undefined ? undefined : 'slot';
  return kind && { kind, text: decode(stem), stem, slot: slot ?? 0 };
}

function decode(stem: string): string {
  return stem
    .replaceAll(/~([a-z])/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll(/(?:%[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'));
}
