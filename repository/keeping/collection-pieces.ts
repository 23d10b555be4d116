import type { KeeperAnswer, KeeperCommand } from '../asking/command.ts';
import { makePlan } from '../collecting/plan.ts';
import type { PlanResult } from '../collecting/plan-summary.ts';
import { summaryOf } from '../collecting/plan-summary.ts';
import { runPlan } from '../collecting/run.ts';
import type { Domain } from '../domain.ts';

/** Results in one answer: a part of a plan has as many at most, and a batch of a run far less. */
const RESULTS = 1000;
/** Bytes of JSON: versions that were used by many are told with their names. */
const BYTES = 2 * 1024 * 1024;

type Command<C extends KeeperCommand['command']> = Extract<KeeperCommand, { command: C }>;
type Piece = KeeperAnswer & { readonly looked: number };

/** As many parts of a plan as there is time and room for, and at least one. */
export async function planPiece(domain: Domain, command: Command<'gc-plan'>, isTimeUp: () => boolean): Promise<Piece> {
  const results: PlanResult[] = [];
  let looked = 0;
  for await (const { after, items, plan, ...piece } of makePlan(domain, command, isTimeUp)) {
    for (const item of items) results.push(item);
    looked += piece.looked;
    if (plan !== undefined) return { results: [...results, summaryOf(plan)], looked };
    if (results.length >= RESULTS || isTimeUp()) return { results, looked, next: { ...command, after } };
  }
  return { results, looked };
}

/** As many items of a plan as there is time and room for, and at least some. */
export async function runPiece(domain: Domain, command: Command<'gc-run'>, isTimeUp: () => boolean): Promise<Piece> {
  const results: object[] = [];
  let bytes = 0;
  for await (const { after, results: batch } of runPlan(domain, command)) {
    for (const result of batch) {
      results.push(result);
      bytes += Buffer.byteLength(JSON.stringify(result));
    }
    if (results.length >= RESULTS || bytes >= BYTES || isTimeUp())
      return { results, looked: results.length, next: { ...command, after } };
  }
  return { results, looked: results.length };
}
