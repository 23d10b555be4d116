import type { Explored } from './explorer.ts';
import { explore } from './explorer.ts';
import type { Scenario } from './scenario.ts';

/** A search that looks at no more has not begun. */
const FEW = 100;

/** How many states all searches of one file have looked at. */
export class Total {
  #states = 0;

  get states(): number {
    return this.#states;
  }

  /** Looks at everything, and prints how much that was. @returns what is wrong, and the story that shows it */
  async violated(scenario: Scenario): Promise<readonly string[]> {
    return this.of(`explored ${scenario.name}`, await explore(scenario, { limit: 60_000_000 }));
  }

  of(what: string, { violation, states, transitions, depth }: Explored): readonly string[] {
    process.stderr.write(`${what}: ${states} states, ${transitions} transitions, depth ${depth}\n`);
    this.#states += states;
    if (states <= FEW) return [`only ${states} states`];
    return violation === undefined ? [] : [violation.wrong, ...violation.story];
  }
}
