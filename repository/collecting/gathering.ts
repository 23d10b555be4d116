import type { PlanItem } from './item.ts';
import { compareItems } from './item.ts';
import type { Position } from './position.ts';
import type { SeenRules } from './stored-plan.ts';
import { NOTHING, addTallies, tallyOf } from './tally.ts';
import type { RuleTally, Tally } from './tally.ts';

/** Items in one part of a plan, and bytes of JSON: whoever runs it holds one part. */
const ITEMS = 1000;
const BYTES = 512 * 1024;

/** A part of a plan, as it came about. */
export interface Gathered {
  readonly to: Position;
  readonly rules: readonly SeenRules[];
  readonly items: readonly PlanItem[];
  readonly tally: Tally;
}

/** What a walk has come upon since its part began. */
export class Gathering {
  position: Position;
  readonly #items: PlanItem[] = [];
  readonly #seen: SeenRules[] = [];
  readonly #rules = new Map<string, RuleTally>();
  readonly #isTimeUp: () => boolean;
  #bytes = 0;
  #looked = 0;
  #isOver = false;

  constructor(position: Position, isTimeUp: () => boolean) {
    this.position = position;
    this.#isTimeUp = isTimeUp;
  }

  /** Nothing more may be looked at for this part. */
  get isOver(): boolean {
    return this.#isOver;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** One version or content that was looked at. */
  look(item: PlanItem | undefined): 'over' | 'more' {
    this.#looked += 1;
    if (item !== undefined) this.add(item);
    if (this.#items.length >= ITEMS || this.#bytes >= BYTES || this.#isTimeUp()) this.#isOver = true;
    return this.#isOver ? 'over' : 'more';
  }

  add(item: PlanItem): void {
    this.#items.push(item);
    this.#bytes += Buffer.byteLength(JSON.stringify(item));
  }

  /** By which rules versions are judged from here on. */
  see(rules: SeenRules): void {
    this.#seen.push(rules);
  }

  count(repository: string, kept: readonly string[], took: readonly string[]): void {
    for (const rule of kept) this.#countRule(repository, rule, { kept: 1, took: 0 });
    for (const rule of took) this.#countRule(repository, rule, { kept: 0, took: 1 });
  }

  #countRule(repository: string, rule: string, { kept, took }: Pick<RuleTally, 'kept' | 'took'>): void {
    const name = `${repository}/${rule}`;
    const sum = this.#rules.get(name) ?? { repository, rule, kept: 0, took: 0 };
    this.#rules.set(name, { ...sum, kept: sum.kept + kept, took: sum.took + took });
  }

  end(): Gathered {
    const tally = this.#items.map(tallyOf).reduce(addTallies, NOTHING);
    const items = this.#items.toSorted(compareItems);
    const rules = [...this.#rules.values()];
    return { to: this.position, rules: this.#seen, items, tally: { ...tally, looked: this.#looked, rules } };
  }
}
