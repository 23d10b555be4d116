import type {
  AskKeeper,
  Digest,
  Domain,
  KeeperCommand,
  PlanItem,
  PlanResult,
  PlanSummary,
  RunResult,
} from '../../../repository/index.ts';
import { ArtifactError, findPlans, isDigest, runToEnd } from '../../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../../repository/name.ts';
import { CHANCE } from '../chance.ts';
import { confirm } from '../confirm.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { GcPlanOptions, GcRunOptions } from '../gc-options.ts';
import {
  count,
  doesSomething,
  ITEM_COLUMNS,
  itemRow,
  plainPlan,
  planSentences,
  questionOf,
  RESULT_COLUMNS,
  resultRow,
  RULE_COLUMNS,
  runLine,
  RunTally,
} from '../gc-talk.ts';
import { openDomain } from '../open.ts';
import type { OpenDomain } from '../opening.ts';
import type { Column } from '../report.ts';
import { GrowingTable, writeJson, writeJsonList, writeNote } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/**
 * Has the keeper find out what would go, and tells it as it comes.
 * @returns EXIT.findings where something could not be looked at
 */
export async function plan(options: GcPlanOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await open(options, terminal);
  const making = new Making(opened.ask, options, false);
  if (options.json) await writePlan(making, terminal, warnings);
  else await showPlan(making, terminal, options, 'with the way on');
  return exitOf(making.summary);
}

/**
 * Has the keeper carry out a plan: the one that is named, or one that is made, shown, and agreed to.
 * @returns EXIT.findings where something could not be looked at, or failed
 * @throws ArtifactError INVALID_ARGUMENT where the answer is no, ARTIFACT_NOT_FOUND where there is no such plan
 */
export async function run(options: GcRunOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await open(options, terminal);
  const { now, dryRun, json, quiet, yes } = options;
  if (options.plan !== undefined) {
    if (dryRun) throw alreadyPlanned(options.plan);
    return carryOut(opened.ask, await findPlan(opened.domain, options.plan), undefined, options, terminal, warnings);
  }
  const making = new Making(opened.ask, options, now);
  if (dryRun) {
    if (json) await writePlan(making, terminal, warnings);
    else await showPlan(making, terminal, options, 'with the way on');
    return exitOf(making.summary);
  }
  // Data is what was done: what will be is talk.
  const talk: Terminal = { ...terminal, stdout: terminal.stderr };
  if (yes && (json || quiet)) await making.finish(terminal);
  else await showPlan(making, talk, options, 'alone');
  const { summary } = making;
  if (!doesSomething(summary)) {
    if (json) writeJson(terminal, { results: [], plan: plainPlan(summary), warnings: warnings.all() });
    return exitOf(summary);
  }
  if (!yes) await agree(summary, now, terminal);
  return carryOut(opened.ask, summary.digest, summary, options, terminal, warnings);
}

function open(options: GcPlanOptions, terminal: Terminal): Promise<OpenDomain> {
  return openDomain({ ...options, repository: options.repository ?? DEFAULT_REPOSITORY }, 'keep', terminal);
}

function exitOf({ tally: { actions } }: PlanSummary): ExitCode {
  return actions.unknown === undefined ? EXIT.ok : EXIT.findings;
}

function alreadyPlanned(name: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `cannot use '--dry-run' with the plan '${name}'`, {
    remedy: 'A plan is what would be done. Leave it out to make another.',
  });
}

/** A plan that is being made. */
class Making {
  readonly now: boolean;
  readonly #ask: AskKeeper;
  readonly #options: GcPlanOptions;
  #summary: PlanSummary | undefined;

  constructor(ask: AskKeeper, options: GcPlanOptions, now: boolean) {
    this.#ask = ask;
    this.#options = options;
    this.now = now;
  }

  /** Of one whose items have all come. */
  get summary(): PlanSummary {
    if (this.#summary === undefined) throw new Error('the keeper made no plan');
    return this.#summary;
  }

  /** Where nobody wants to see it. */
  async finish(terminal: Terminal): Promise<void> {
    const items = this.items(terminal, true);
    while ((await items.next()).done !== true);
  }

  /** Once. */
  async *items({ stderr }: Terminal, isQuiet: boolean): AsyncGenerator<PlanItem> {
    const { repository, verbose } = this.#options;
    const command: KeeperCommand = {
      ...{ command: 'gc-plan', id: CHANCE.nonce(), now: this.now, verbose },
      ...(repository !== undefined && { repository }),
    };
    let looked = 0;
    for await (const { results, next, ...piece } of runToEnd(this.#ask, command, CHANCE)) {
      looked += piece.looked ?? 0;
      for (const result of results as readonly PlanResult[]) {
        if (result.action === 'plan') this.#summary = result;
        else yield result;
      }
      if (next !== undefined && !isQuiet)
        stderr.write(`looked at ${count(looked, 'version or content', 'versions and contents')} so far\n`);
    }
  }
}

async function writePlan(making: Making, terminal: Terminal, warnings: Warnings): Promise<void> {
  await writeJsonList(terminal, 'items', making.items(terminal, true));
  writeJson(terminal, { plan: plainPlan(making.summary), warnings: warnings.all() });
}

async function showPlan(
  making: Making,
  terminal: Terminal,
  options: GcPlanOptions,
  how: 'alone' | 'with the way on',
): Promise<void> {
  const items = making.items(terminal, options.quiet);
  const { rows, remedies } = await writeTable(terminal, ITEM_COLUMNS, items, itemRow);
  const { summary } = making;
  const { rules } = summary.tally;
  if (rules.length > 0) {
    const table = new GrowingTable(terminal, RULE_COLUMNS);
    if (rows > 0) terminal.stdout.write('\n');
    for (const { rule, repository, kept, took } of rules)
      await table.add([rule, repository, kept.toLocaleString('en'), took.toLocaleString('en')]);
    await table.end();
  }
  if (!options.quiet) {
    for (const remedy of remedies) writeNote(terminal, remedy, options);
    terminal.stderr.write(`${planSentences(summary, making.now)}\n`);
  }
  if (how === 'with the way on' && doesSomething(summary))
    terminal.stdout.write(`${runLine(summary, options, making.now)}\n`);
}

async function agree(summary: PlanSummary, now: boolean, terminal: Terminal): Promise<void> {
  await confirm(terminal, {
    question: questionOf(summary, now),
    whether: 'to do this',
    remedy: 'Nothing was deleted. Use --yes to run without a question, or --dry-run to see alone what would go.',
    nothing: 'nothing was deleted',
  });
}

async function carryOut(
  ask: AskKeeper,
  digest: Digest,
  summary: PlanSummary | undefined,
  options: GcRunOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<ExitCode> {
  const { json, quiet } = options;
  const tally = new RunTally();
  const results = resultsOf(ask, { command: 'gc-run', plan: digest }, tally, terminal, json || quiet);
  if (json) {
    await writeJsonList(terminal, 'results', results);
    const made = summary === undefined ? { digest } : plainPlan(summary);
    writeJson(terminal, { plan: made, outcomes: tally.outcomes, bytes: tally.bytes, warnings: warnings.all() });
  } else {
    const { remedies } = await writeTable(terminal, RESULT_COLUMNS, results, resultRow);
    if (!quiet) {
      for (const remedy of remedies) writeNote(terminal, remedy, options);
      terminal.stderr.write(`${tally.sentence()}\n`);
    }
  }
  const isLeft = tally.outcomes.failed !== undefined || summary?.tally.actions.unknown !== undefined;
  return isLeft ? EXIT.findings : EXIT.ok;
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

/** @returns how many there were, and what people can do about some of them, each once */
async function writeTable<T extends object>(
  terminal: Terminal,
  columns: readonly Column[],
  items: AsyncIterable<T>,
  row: (item: T, width: number | undefined) => readonly string[],
): Promise<{ readonly rows: number; readonly remedies: ReadonlySet<string> }> {
  const table = new GrowingTable(terminal, columns);
  const remedies = new Set<string>();
  try {
    for await (const item of items) {
      await table.add(row(item, terminal.stdout.columns));
      if ('remedy' in item && typeof item.remedy === 'string') remedies.add(item.remedy);
    }
  } finally {
    // What was found, or done, before a failure stands.
    await table.end();
  }
  return { rows: table.rows, remedies };
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
