import type {
  AskKeeper,
  Digest,
  Domain,
  KeeperCommand,
  PlanItem,
  PlanSummary,
  RunResult,
} from '../../../repository/index.ts';
import { ArtifactError, findPlans, isDigest, requirePlan, runToEnd } from '../../../repository/index.ts';
import { CHANCE } from '../../chance.ts';
import { confirm } from '../confirm.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { GcPlanningOptions, GcPlanOptions, GcRunOptions } from '../syntax/gc.ts';
import {
  doesSomething,
  ITEM_COLUMNS,
  itemRow,
  plainPlan,
  planSentences,
  questionOf,
  RESULT_COLUMNS,
  resultRow,
  RULE_COLUMNS,
  runCommand,
  RunTally,
} from '../talk/gc.ts';
import { openDomain } from '../open.ts';
import type { ToldPlan } from '../talk/told-plan.ts';
import { Making, StoredPlan } from '../talk/told-plan.ts';
import { count, writeRemedies, writeTable } from '../talk/findings.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { GrowingTable, writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/**
 * Has the keeper find out what would go, and tells it as it comes.
 * @returns EXIT.findings where something could not be looked at
 */
export async function plan(options: GcPlanOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await open(options, terminal);
  return tell(new Making(opened.ask, options, terminal, options.resume), options, terminal, warnings);
}

/**
 * Has the keeper carry out a plan: the one that is named, or one that is made, shown, and agreed to.
 * @returns EXIT.findings where something could not be looked at, or failed
 * @throws ArtifactError INVALID_ARGUMENT where the answer is no, ARTIFACT_NOT_FOUND where there is no such plan
 */
export async function run(options: GcRunOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  if (options.plan !== undefined) return runNamed(options.plan, options, terminal, warnings);
  const opened = await open(options, terminal);
  const { dryRun, json, quiet, yes } = options;
  const making = new Making(opened.ask, options, terminal);
  if (dryRun) return tell(making, options, terminal, warnings);
  // Data is what was done: what will be is talk.
  const talk: Terminal = { ...terminal, stdout: terminal.stderr };
  if (yes && (json || quiet)) await making.finish();
  else await showPlan(making, talk, options, 'alone');
  const { summary } = making;
  if (!doesSomething(summary)) {
    if (json) writeRun(terminal, { results: [] }, making, new RunTally(), warnings);
    return exitOf(summary);
  }
  if (!yes) await agree(summary, options, terminal);
  return carryOut(opened.ask, making, options, terminal, warnings);
}

async function runNamed(
  name: string,
  options: GcRunOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<ExitCode> {
  const { repository, now, dryRun } = options;
  if (repository !== undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `cannot use '--repository' with the plan '${name}'`, {
      remedy: 'A plan says what it is about. Leave it out to make another.',
    });
  }
  const { domain, ask } = await open(options, terminal);
  const digest = await findPlan(domain, name);
  if (!now && !dryRun) return carryOut(ask, { summary: { digest } }, options, terminal, warnings);
  const stored = await requirePlan(domain.store, digest);
  if (now && !stored.now) {
    throw new ArtifactError('INVALID_ARGUMENT', `the plan '${name}' was made without '--now'`, {
      remedy: `Make one that waives the quarantine: cfn-artifacts gc plan --now${placeFlags(options)}`,
    });
  }
  if (dryRun) return tell(new StoredPlan(domain, stored), options, terminal, warnings);
  return carryOut(ask, { summary: { digest } }, options, terminal, warnings);
}

function open(options: GcPlanningOptions, terminal: Terminal): Promise<OpenDomain> {
  return openDomain(options, 'keep', terminal);
}

function exitOf({ tally: { actions } }: PlanSummary): ExitCode {
  return actions.unknown === undefined ? EXIT.ok : EXIT.findings;
}

async function tell(
  told: ToldPlan,
  options: GcPlanningOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<ExitCode> {
  if (options.json) await writePlan(told, terminal, warnings);
  else await showPlan(told, terminal, options, 'with the way on');
  return exitOf(told.summary);
}

async function writePlan(told: ToldPlan, terminal: Terminal, warnings: Warnings): Promise<void> {
  await writeJsonList(terminal, 'items', told.items());
  writeJson(terminal, { plan: plainPlan(told.summary), warnings: warnings.all() });
}

async function showPlan(
  told: ToldPlan,
  terminal: Terminal,
  options: GcPlanningOptions,
  how: 'alone' | 'with the way on',
): Promise<void> {
  const { rows, remedies } = await writeTable(terminal, ITEM_COLUMNS, told.items(), itemRow, remedyOf);
  const { summary } = told;
  const { rules } = summary.tally;
  if (rules.length > 0) {
    const table = new GrowingTable(terminal, RULE_COLUMNS);
    if (rows > 0) terminal.stdout.write('\n');
    for (const { rule, repository, kept, took } of rules)
      await table.add([rule, repository, kept.toLocaleString('en'), took.toLocaleString('en')]);
    await table.end();
  }
  writeRemedies(terminal, remedies, options);
  if (!options.quiet) terminal.stderr.write(`${planSentences(summary)}\n`);
  if (how === 'with the way on' && doesSomething(summary))
    terminal.stdout.write(`run it with: ${runCommand(summary, options)}\n`);
}

function remedyOf(one: PlanItem | RunResult): string | undefined {
  return 'remedy' in one ? one.remedy : undefined;
}

async function agree(summary: PlanSummary, options: GcRunOptions, terminal: Terminal): Promise<void> {
  await confirm(terminal, {
    question: questionOf(summary),
    whether: 'to do this',
    remedy: `Nothing was deleted. To do exactly this without a question: ${runCommand(summary, options)}`,
    nothing: 'nothing was deleted',
  });
}

/** What is carried out: of a plan that is named, its digest alone. */
type Running = Making | { readonly summary: Pick<PlanSummary, 'digest'> };

async function carryOut(
  ask: AskKeeper,
  running: Running,
  options: GcRunOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<ExitCode> {
  const { json, quiet } = options;
  const tally = new RunTally();
  const command: KeeperCommand = { command: 'gc-run', plan: running.summary.digest };
  const results = resultsOf(ask, command, tally, terminal, json || quiet);
  if (json) {
    await writeJsonList(terminal, 'results', results);
    writeRun(terminal, {}, running, tally, warnings);
  } else {
    const { remedies } = await writeTable(terminal, RESULT_COLUMNS, results, resultRow, remedyOf);
    writeRemedies(terminal, remedies, options);
    if (!quiet) terminal.stderr.write(`${tally.sentence()}\n`);
  }
  const isLeft = tally.outcomes.failed !== undefined || (running instanceof Making && running.unknown.length > 0);
  return isLeft ? EXIT.findings : EXIT.ok;
}

/** The document of a run, or the rest of it behind its results. */
function writeRun(
  terminal: Terminal,
  beginning: object,
  running: Running,
  { outcomes, bytes }: RunTally,
  warnings: Warnings,
): void {
  const made =
    running instanceof Making
      ? { plan: plainPlan(running.summary), unknown: running.unknown }
      : { plan: { digest: running.summary.digest } };
  writeJson(terminal, { ...beginning, ...made, outcomes, bytes, warnings: warnings.all() });
}

async function* resultsOf(
  ask: AskKeeper,
  command: KeeperCommand,
  tally: RunTally,
  { stderr }: Terminal,
  isQuiet: boolean,
): AsyncGenerator<RunResult> {
  let done = 0;
  for await (const { results, next } of runToEnd(ask, command, CHANCE)) {
    for (const result of results as readonly RunResult[]) {
      tally.add(result);
      yield result;
    }
    done += results.length;
    if (next !== undefined && !isQuiet) stderr.write(`${count(done, 'item', 'items')} so far\n`);
  }
}

/** The plan that is named, by its digest or by how that begins. */
async function findPlan({ store }: Pick<Domain, 'store'>, name: string): Promise<Digest> {
  if (isDigest(name)) return name;
  const [found, another] = await findPlans(store, name);
  if (found === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `there is no plan '${name}'`, {
      remedy: "Plans are kept for 30 days. 'cfn-artifacts gc plan' makes another.",
    });
  }
  if (another === undefined) return found;
  throw new ArtifactError('INVALID_ARGUMENT', `'${name}' is ambiguous: ${found} and ${another} begin with it`, {
    remedy: 'Write more digits.',
  });
}
