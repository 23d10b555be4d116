import { sha256 } from '../../../repository/digest.ts';
import type { Place } from '../place.ts';
import type { Member, Value } from './value.ts';
import { findInMap, map, ref, text } from './value.ts';
import { pointerMembers } from '../site.ts';

/** A mapping that the packaged template needs: what a loop's place names, by the values of the loop's variables. */
export interface GeneratedMapping {
  readonly name: string;
  /** First key, second key, value. Both in the order in which they are written. */
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Second key of a mapping that has but one variable. */
export type LoopMember = 'Key' | 'Bucket' | 'Version' | 'Location';

/** As long as a name is without being told apart by a digest. */
const LIMIT = 200;
const SHORT = 8;

/**
 * Collects the mappings of one template. Their names come from the places, never from the order of things, so that they stay the same when other loops
 * come and go. Where two would read alike, or the template has that name, each gets a short digest of where its place stands.
 */
export class LoopMappings {
  readonly #mappings = new Map<string, Map<string, Map<string, string>>>();
  readonly #names: ReadonlyMap<string, string>;

  /**
   * @param places all that may be looked up, and others
   * @param taken names that the template has already, of whatever: CloudFormation wants logical names to be unique in a template.
   *   https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
   */
  constructor(places: readonly Place[], taken: readonly string[]) {
    this.#names = namesOf(places, new Set(taken));
  }

  get all(): readonly GeneratedMapping[] {
    return [...this.#mappings].map(([name, entries]) => ({ name, entries }));
  }

  /**
   * The Fn::FindInMap that gives, in each turn of the loops around the place, the value that belongs to it.
   * @param values as many as the place has targets, in that order
   */
  lookUp(place: Place, member: LoopMember, values: readonly string[]): Value {
    const [outer, inner] = place.loop;
    if (outer === undefined || place.loop.length > 2) throw new Error('a mapping has one or two variables');
    // Two variables leave no key of a mapping for the member: each member that a place has beside the first has a mapping of its own.
    const apart = inner !== undefined && (member === 'Bucket' || member === 'Version');
    const name = this.#names.get(identityOf(place, apart ? member : ''));
    if (name === undefined) throw new Error(`nothing was known of a loop at '${place.pointer}'`);
    const mapping = this.#mappings.get(name) ?? new Map<string, Map<string, string>>();
    this.#mappings.set(name, mapping);
    for (const [index, { values: turn }] of place.targets.entries()) {
      const [first = '', second = member] = turn;
      const row = mapping.get(first) ?? new Map<string, string>();
      mapping.set(first, row.set(second, values[index] ?? ''));
    }
    return findInMap(name, ref(outer), inner === undefined ? text(member) : ref(inner));
  }
}

function identityOf({ pointer }: Place, suffix: string): string {
  return `${pointer} ${suffix}`;
}

/** Names of mappings, by identity. Whether a place has need of all that are made for it is of no account. */
function namesOf(places: readonly Place[], taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  for (const place of places) {
    const [outer, inner] = place.loop;
    const suffixes = outer === undefined ? [] : inner === undefined ? [''] : ['', 'Bucket', 'Version'];
    for (const suffix of suffixes) wanted.set(identityOf(place, suffix), readableName(place, suffix));
  }
  const count = new Map<string, number>();
  for (const name of wanted.values()) count.set(name, (count.get(name) ?? 0) + 1);
  const used = new Set([...taken, ...wanted.values()]);
  return new Map(
    [...wanted].map(([identity, name]) => {
      const isKept = count.get(name) === 1 && !taken.has(name) && name.length <= LIMIT;
      return [identity, isKept ? name : withDigest(name, identity, used)];
    }),
  );
}

function readableName({ pointer, property }: Place, suffix: string): string {
  const around = pointerMembers(pointer).filter((member) => /^Fn::ForEach::|\$\{/.test(member));
  const words = [...around.map((member) => member.replace(/^Fn::ForEach::|\$\{[^}]*\}/g, '')), property, suffix];
  return `Artifacts${words.map(asWords).join('')}`;
}

function withDigest(name: string, identity: string, used: ReadonlySet<string>): string {
  const digest = sha256(identity);
  for (let length = SHORT; ; length *= 2) {
    const long = `${name.slice(0, LIMIT - length)}${digest.slice(0, length)}`;
    if (!used.has(long) || length > digest.length) return long;
  }
}

/** The mapping as it stands in the template's Mappings: name, rows, columns. */
export function mappingMember({ name, entries }: GeneratedMapping): Member {
  const rows = [...entries].map(([first, row]): Member => [
    first,
    map(...[...row].map(([second, value]): Member => [second, text(value)])),
  ]);
  return [name, map(...rows)];
}

/** Names of mappings are letters and digits. */
function asWords(part: string): string {
  return part
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
