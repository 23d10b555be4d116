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

/**
 * How often each thing has to come up in a hundred rounds: about a third of what was seen, because who meets whom is decided by the machine too. A run that never
 * deletes proves nothing.
 */
const LEAST: Readonly<Record<Exclude<Thing, 'round'>, number>> = {
  race: 130,
  check: 1000,
  request: 4000,
  crash: 8,
  'crash after the decision': 15,
  'crash after a removal': 6,
  sleep: 30,
  'version published': 70,
  'version deleted': 20,
  'version refused as used': 8,
  'version undeleted': 3,
  'reference added': 70,
  'reference released': 50,
  update: 6,
  rollback: 3,
  'reference refused': 5,
  condemned: 15,
  'content deleted': 20,
  rescue: 15,
  'rescued by a collector': 8,
  'deletion refused': 12,
  'deletion finished by who met it': 18,
  're-upload': 15,
  // Left only by a writing that comes late, after its own release: a race sees that seldom.
  'left behind': 0,
};

export class Tally {
  readonly #counts = new Map<Thing, number>();

  count(thing: Thing, times = 1): void {
    this.#counts.set(thing, this.of(thing) + times);
  }

  of(thing: Thing): number {
    return this.#counts.get(thing) ?? 0;
  }

  /** What came up too seldom in the rounds that were played. */
  get lacking(): readonly string[] {
    const hundreds = this.of('round') / 100;
    return THINGS.flatMap((thing) => {
      if (thing === 'round') return [];
      const least = Math.floor(LEAST[thing] * hundreds);
      return this.of(thing) < least ? [`${thing}: ${this.of(thing)} times instead of ${least}`] : [];
    });
  }

  toString(): string {
    return THINGS.map((thing) => `${thing} ${this.of(thing)}`).join(', ');
  }
}
