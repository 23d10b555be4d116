import type {
  AskKeeper,
  Digest,
  Domain,
  KeeperCommand,
  Plan,
  PlanItem,
  PlanResult,
  PlanSummary,
  RunResult,
} from '../../../repository/index.ts';
import {
  ArtifactError,
  ArtifactErrors,
  findPlans,
  hasCode,
  isDigest,
  requireItems,
  requirePlan,
  runToEnd,
  summaryOf,
} from '../../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../../repository/name.ts';
import { CHANCE } from '../chance.ts';
import { confirm } from '../confirm.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { GcPlanningOptions, GcPlanOptions, GcRunOptions } from '../gc-options.ts';
import {
  count,
  doesSomething,
  ITEM_COLUMNS,
  itemRow,
  plainPlan,
  planSentences,
  questionOf,
  resumeLine,
  RESULT_COLUMNS,
  resultRow,
  RULE_COLUMNS,
  runLine,
  RunTally,
} from '../gc-talk.ts';
import { openDomain } from '../open.ts';
import { placeFlags } from '../place-flags.ts';
import type { OpenDomain } from '../opening.ts';
import type { Column } from '../report.ts';
import { GrowingTable, writeJson, writeJsonList, writeNote } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import { OUTPUT_CLOSED } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

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
  if (!yes) await agree(summary, terminal);
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
  return openDomain({ ...options, repository: options.repository ?? DEFAULT_REPOSITORY }, 'keep', terminal);
}

function exitOf({ tally: { actions } }: PlanSummary): ExitCode {
  return actions.unknown === undefined ? EXIT.ok : EXIT.findings;
}

/** A plan that is told: item by item, and when they have all come what they come to. */
interface ToldPlan {
  readonly items: () => AsyncIterable<PlanItem>;
  readonly summary: PlanSummary;
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

class StoredPlan implements ToldPlan {
  readonly summary: PlanSummary;
  readonly #domain: Domain;
  readonly #plan: Plan;

  constructor(domain: Domain, plan: Plan) {
    this.summary = summaryOf(plan);
    this.#domain = domain;
    this.#plan = plan;
  }

  async *items(): AsyncGenerator<PlanItem> {
    for (let part = 1; part <= this.#plan.parts.length; part++)
      yield* await requireItems(this.#domain.store, this.#plan, part);
  }
}

/** So many things that could not be looked at are told of a plan that is carried out: the others are counted. */
const UNKNOWN = 1000;

/** A plan that is being made. */
class Making implements ToldPlan {
  /** What could not be looked at, or the first of it. */
  readonly unknown: PlanItem[] = [];
  readonly #ask: AskKeeper;
  readonly #options: GcPlanningOptions;
  readonly #terminal: Terminal;
  readonly #id: string;
  #summary: PlanSummary | undefined;

  /** @param id of one that was begun */
  constructor(ask: AskKeeper, options: GcPlanningOptions, terminal: Terminal, id: string = CHANCE.nonce()) {
    this.#ask = ask;
    this.#options = options;
    this.#terminal = terminal;
    this.#id = id;
  }

  /** Of one whose items have all come. */
  get summary(): PlanSummary {
    if (this.#summary === undefined) throw new Error('the keeper made no plan');
    return this.#summary;
  }

  /** Where nobody wants to see it. */
  async finish(): Promise<void> {
    const items = this.items();
    while ((await items.next()).done !== true);
  }

  /** Once. */
  async *items(): AsyncGenerator<PlanItem> {
    try {
      yield* this.#make();
    } catch (error) {
      throw this.#withTheWayOn(error);
    } finally {
      this.#tellTheWayOn();
    }
  }

  async *#make(): AsyncGenerator<PlanItem> {
    const { repository, verbose, now, json, quiet } = this.#options;
    const command: KeeperCommand = {
      ...{ command: 'gc-plan', id: this.#id, now, verbose },
      ...(repository !== undefined && { repository }),
    };
    let looked = 0;
    for await (const { results, next, ...piece } of runToEnd(this.#ask, command, CHANCE)) {
      this.#terminal.signal.throwIfAborted();
      looked += piece.looked ?? 0;
      for (const result of results as readonly PlanResult[]) {
        if (result.action === 'unknown' && this.unknown.length < UNKNOWN) this.unknown.push(result);
        if (result.action === 'plan') this.#summary = result;
        else yield result;
      }
      if (next !== undefined && !json && !quiet)
        this.#terminal.stderr.write(
          `looked at ${count(looked, 'version or content', 'versions and contents')} so far\n`,
        );
    }
  }

  /** Of a failure that may pass: what was stored of the plan is not looked for again. */
  #withTheWayOn(error: unknown): unknown {
    if (!(error instanceof ArtifactError) || error instanceof ArtifactErrors || this.#terminal.signal.aborted)
      return error;
    // What is wrong with the plan itself stays wrong.
    if (hasCode(error, 'INVALID_ARGUMENT', 'DIGEST_MISMATCH', 'ARTIFACT_NOT_FOUND')) return error;
    const { code, message, remedy } = error;
    const onward = `To go on with the plan: ${resumeLine(this.#id, this.#options)}`;
    return new ArtifactError(code, message, {
      remedy: remedy === undefined ? onward : `${remedy}\n${onward}`,
      cause: error,
    });
  }

  /** To whoever has interrupted it. */
  #tellTheWayOn(): void {
    const { signal, stderr } = this.#terminal;
    if (!signal.aborted || signal.reason === OUTPUT_CLOSED || this.#summary !== undefined) return;
    if (!this.#options.json) stderr.write(`to go on with the plan: ${resumeLine(this.#id, this.#options)}\n`);
  }
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
  const { rows, remedies } = await writeTable(terminal, ITEM_COLUMNS, told.items(), itemRow);
  const { summary } = told;
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
    terminal.stderr.write(`${planSentences(summary)}\n`);
  }
  if (how === 'with the way on' && doesSomething(summary)) terminal.stdout.write(`${runLine(summary, options)}\n`);
}

async function agree(summary: PlanSummary, terminal: Terminal): Promise<void> {
  await confirm(terminal, {
    question: questionOf(summary),
    whether: 'to do this',
    remedy: 'Nothing was deleted. Use --yes to run without a question, or --dry-run to see alone what would go.',
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
    const { remedies } = await writeTable(terminal, RESULT_COLUMNS, results, resultRow);
    if (!quiet) {
      for (const remedy of remedies) writeNote(terminal, remedy, options);
      terminal.stderr.write(`${tally.sentence()}\n`);
    }
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
