import { summaryOf } from '../collecting/plan-summary.ts';
import type { PlanSummary } from '../collecting/plan-summary.ts';
import { makePlan } from '../collecting/plan.ts';
import { runPlan } from '../collecting/run.ts';
import type { RunResult } from '../collecting/run-result.ts';
import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import { ArtifactError } from '../error.ts';
import type { DueTask } from './due-task.ts';
import type { Keeping } from './keeping.ts';

/** Where a collection goes on: with a plan that is being made, or with one that is carried out. */
type Place =
  | { readonly at: 'plan'; readonly id: string; readonly after?: string }
  | { readonly at: 'run'; readonly digest: Digest; readonly after?: string };

interface CollectionTally {
  looked: number;
  /** Could not be looked at, or failed. */
  findings: number;
  plan?: PlanSummary;
  readonly outcomes: Partial<Record<RunResult['outcome'], number>>;
}

/** Makes a plan of what could go; with `on` carries it out too. */
export function dailyCollection(how: 'plan' | 'on'): DueTask {
  return {
    task: 'collect',
    // A part of a plan, or some items of it, each.
    notedSteps: 20,
    begin: (keeping, after) => {
      const tally: CollectionTally = { looked: 0, findings: 0, outcomes: {} };
      const from: Place = after === undefined ? { at: 'plan', id: keeping.domain.chance.nonce() } : parsePlace(after);
      return { steps: collect(keeping, how, from, tally), tally: () => ({ ...tally }) };
    },
  };
}

async function* collect(
  keeping: Keeping,
  how: 'plan' | 'on',
  from: Place,
  tally: CollectionTally,
): AsyncGenerator<{ readonly after: string }> {
  let digest = from.at === 'run' ? from.digest : undefined;
  if (from.at === 'plan') {
    const { id, after } = from;
    const request = { id, now: false, verbose: false, ...(after !== undefined && { after }) };
    for await (const piece of makePlan(keeping.domain, request, keeping.isTimeUp)) {
      tally.looked += piece.looked;
      for (const item of piece.items) if (item.action === 'unknown') found(keeping, item, tally);
      if (piece.plan === undefined) yield { after: `plan ${id} ${piece.after}` };
      else tally.plan = summaryOf(piece.plan);
    }
    digest = tally.plan?.digest;
  }
  if (digest === undefined || how === 'plan') return;
  if (from.at === 'plan') yield { after: `run ${digest}` };
  yield* carryOut(keeping, digest, from.at === 'run' ? from.after : undefined, tally);
}

async function* carryOut(
  keeping: Keeping,
  plan: Digest,
  start: string | undefined,
  tally: CollectionTally,
): AsyncGenerator<{ readonly after: string }> {
  const request = { plan, ...(start !== undefined && { after: start }) };
  for await (const { after, results } of runPlan(keeping.domain, request)) {
    for (const result of results) {
      tally.outcomes[result.outcome] = (tally.outcomes[result.outcome] ?? 0) + 1;
      if (result.outcome === 'failed') found(keeping, result, tally);
    }
    yield { after: `run ${plan} ${after}` };
  }
}

function found({ report }: Keeping, finding: object, tally: CollectionTally): void {
  tally.findings += 1;
  report?.(finding);
}

/** @throws ArtifactError INVALID_ARGUMENT */
function parsePlace(text: string): Place {
  const [, at, name = '', , after] = /^(plan|run) ([0-9A-Za-z]+)( (.+))?$/s.exec(text) ?? [];
  const from = after === undefined ? {} : { after };
  if (at === 'plan') return { at, id: name, ...from };
  if (at === 'run' && isDigest(name)) return { at, digest: name, ...from };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' is no place where a collection can go on`, {
    remedy: 'Begin it anew.',
  });
}
