/** What came up, of things that are counted alike. */
const THINGS = [
  'round',
  'race',
  'check',
  'request',
  'crash',
  'crash after the decision',
  'crash after a removal',
  'sleep',
  'version published',
  'version deleted',
  'version refused as used',
  'version undeleted',
  'reference added',
  'reference released',
  'update',
  'rollback',
  'reference refused',
  'condemned',
  'content deleted',
  /** Somebody lifted a condemnation, a collector or who needs the content. */
  'rescue',
  /** A collector found a reference, and lifted it. */
  'rescued by a collector',
  /** A collector found no reference, and its decision lost against another. */
  'deletion refused',
  'deletion finished by who met it',
  're-upload',
  /** References of stacks that are found in the end when all were released. */
  'left behind',
] as const;
export type Thing = (typeof THINGS)[number];

/** How often each thing has to come up. A round that nothing happened in proves nothing. */
export type AtLeast = Readonly<Record<Thing, number>>;

export class Tally {
  readonly #counts = new Map<Thing, number>();

  count(thing: Thing, times = 1): void {
    this.#counts.set(thing, this.of(thing) + times);
  }

  of(thing: Thing): number {
    return this.#counts.get(thing) ?? 0;
  }

  /** What came up too seldom. */
  lacking(least: AtLeast): readonly string[] {
    return THINGS.filter((thing) => this.of(thing) < least[thing]).map(
      (thing) => `${thing}: ${this.of(thing)} times instead of ${least[thing]}`,
    );
  }

  toString(): string {
    return THINGS.map((thing) => `${thing} ${this.of(thing)}`).join(', ');
  }
}
