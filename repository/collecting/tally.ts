import type { PlanItem } from './item.ts';

/** So many, and so much. */
export interface Sum {
  readonly items: number;
  readonly bytes: number;
}

/** What one rule did. */
export interface RuleTally {
  readonly repository: string;
  readonly rule: string;
  /** Versions. */
  readonly kept: number;
  readonly took: number;
}

/** What a plan, or a part of it, comes to. Plain JSON. */
export interface Tally {
  /** Versions and contents that were looked at. */
  readonly looked: number;
  readonly actions: Readonly<Partial<Record<PlanItem['action'], Sum>>>;
  readonly rules: readonly RuleTally[];
}

export const NOTHING: Tally = { looked: 0, actions: {}, rules: [] };

export function addTallies(one: Tally, other: Tally): Tally {
  const actions: Partial<Record<PlanItem['action'], Sum>> = { ...one.actions };
  for (const [action, sum] of Object.entries(other.actions) as [PlanItem['action'], Sum][]) {
    actions[action] = addSums(actions[action], sum);
  }
  const rules = new Map(one.rules.map((rule) => [nameOf(rule), rule]));
  for (const rule of other.rules) rules.set(nameOf(rule), addRules(rules.get(nameOf(rule)), rule));
  return { looked: one.looked + other.looked, actions, rules: [...rules.values()] };
}

function addSums(one: Sum | undefined, { items, bytes }: Sum): Sum {
  return { items: (one?.items ?? 0) + items, bytes: (one?.bytes ?? 0) + bytes };
}

function addRules(one: RuleTally | undefined, rule: RuleTally): RuleTally {
  return { ...rule, kept: (one?.kept ?? 0) + rule.kept, took: (one?.took ?? 0) + rule.took };
}

function nameOf({ repository, rule }: RuleTally): string {
  return `${repository}/${rule}`;
}

/** Of one item. */
export function tallyOf(item: PlanItem): Tally {
  const sum = { items: 1, bytes: 'bytes' in item ? item.bytes : 0 };
  return { looked: 0, actions: { [item.action]: sum }, rules: [] };
}
