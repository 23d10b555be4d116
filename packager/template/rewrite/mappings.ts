import type { Place } from '../place.ts';
import type { Member, Value } from './value.ts';
import { findInMap, map, ref, text } from './value.ts';
import { pointerMembers } from './site.ts';

/** A mapping that the packaged template needs: what a loop's place names, by the values of the loop's variables. */
export interface GeneratedMapping {
  readonly name: string;
  /** First key, second key, value. Both in the order in which they are written. */
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Second key of a mapping that has but one variable. */
export type LoopMember = 'Key' | 'Bucket' | 'Version' | 'Location';

/** Collects the mappings of one template. Their names come from the places, so that they stay the same when other loops come and go. */
export class LoopMappings {
  readonly #mappings = new Map<string, Map<string, Map<string, string>>>();
  readonly #taken: Set<string>;
  readonly #names = new Map<string, string>();

  /** @param taken names of the template's own mappings */
  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken);
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
    const name = this.#nameOf(place, apart ? member : '');
    const mapping = this.#mappings.get(name) ?? new Map<string, Map<string, string>>();
    this.#mappings.set(name, mapping);
    for (const [index, { values: turn }] of place.targets.entries()) {
      const [first = '', second = member] = turn;
      const row = mapping.get(first) ?? new Map<string, string>();
      mapping.set(first, row.set(second, values[index] ?? ''));
    }
    return findInMap(name, ref(outer), inner === undefined ? text(member) : ref(inner));
  }

  #nameOf({ pointer, property }: Place, suffix: string): string {
    const id = `${pointer} ${suffix}`;
    let name = this.#names.get(id);
    if (name === undefined) {
      const around = pointerMembers(pointer).filter((member) => /^Fn::ForEach::|\$\{/.test(member));
      const words = [...around.map((member) => member.replace(/^Fn::ForEach::|\$\{[^}]*\}/g, '')), property, suffix];
      name = this.#free(`Artifacts${words.map(asWords).join('')}`.slice(0, 200));
      this.#names.set(id, name);
    }
    return name;
  }

  /** Names of mappings are letters and digits. */
  #free(name: string): string {
    let free = name;
    for (let number = 2; this.#taken.has(free); number += 1) free = `${name}${number}`;
    this.#taken.add(free);
    return free;
  }
}

export function mappingMember({ name, entries }: GeneratedMapping): Member {
  const rows = [...entries].map(([first, row]): Member => [
    first,
    map(...[...row].map(([second, value]): Member => [second, text(value)])),
  ]);
  return [name, map(...rows)];
}

function asWords(part: string): string {
  return part
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
