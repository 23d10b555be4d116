/** What came up, of things that are counted alike. A round that nothing happened in proves nothing. */
const THINGS = [
  'round',
  'check',
  'request',
  'crash',
  'crash after the decision',
  'crash after a removal',
  'sleep',
  'mishap on the line',
  'late repeat',
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
  'rescue',
  'content deleted',
  're-upload',
  'left behind',
] as const;
type Thing = (typeof THINGS)[number];

/** Too seldom to be asked for in some hundred rounds. */
const RARE: readonly Thing[] = [
  ...(['crash after the decision', 'crash after a removal', 're-upload', 'rollback', 'left behind'] as const),
];

export class Tally {
  readonly #counts = new Map<Thing, number>();

  count(thing: Thing, times = 1): void {
    this.#counts.set(thing, this.of(thing) + times);
  }

  of(thing: Thing): number {
    return this.#counts.get(thing) ?? 0;
  }

  /** What never came up, and must in every run. */
  get missing(): readonly Thing[] {
    return THINGS.filter((thing) => this.of(thing) === 0 && !RARE.includes(thing));
  }

  toString(): string {
    return THINGS.map((thing) => `${thing} ${this.of(thing)}`).join(', ');
  }
}
