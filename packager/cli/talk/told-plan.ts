import type {
  AskKeeper,
  Domain,
  KeeperCommand,
  Plan,
  PlanItem,
  PlanResult,
  PlanSummary,
} from '../../../repository/index.ts';
import {
  ArtifactError,
  ArtifactErrors,
  hasCode,
  requireItems,
  runToEnd,
  summaryOf,
} from '../../../repository/index.ts';
import { CHANCE } from '../../chance.ts';
import type { GcPlanningOptions } from '../syntax/gc.ts';
import { resumeLine } from './gc.ts';
import { count } from './findings.ts';
import type { Terminal } from '../terminal.ts';
import { OUTPUT_CLOSED } from '../terminal.ts';

/** A plan that is told: item by item, and when they have all come what they come to. */
export interface ToldPlan {
  readonly items: () => AsyncIterable<PlanItem>;
  readonly summary: PlanSummary;
}

/** One that the keeper made before, perhaps by itself. */
export class StoredPlan implements ToldPlan {
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
export class Making implements ToldPlan {
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
    // What is wrong with the plan itself stays wrong, and one of no repository is not begun.
    if (hasCode(error, 'INVALID_ARGUMENT', 'DIGEST_MISMATCH', 'ARTIFACT_NOT_FOUND', 'REPOSITORY_NOT_FOUND'))
      return error;
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
