import type { ContentOutcome, ContentResult, PlanItem, PlanSummary, RunResult } from '../../../repository/index.ts';
import { formatArtifactName } from '../../../repository/index.ts';
import { formatSize } from '../../size.ts';
import type { GcPlanningOptions } from '../syntax/gc.ts';
import type { Column } from './report.ts';
import { count } from './findings.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import { formatDate } from './report.ts';

/** How people are told of plans, and of what came of them. */

export const ITEM_COLUMNS: readonly Column[] = [
  { title: 'ACTION' },
  { title: 'WHAT' },
  { title: 'SIZE', align: 'right' },
  { title: 'WHY', shrinks: true },
];

export const RESULT_COLUMNS: readonly Column[] = [
  { title: 'OUTCOME' },
  { title: 'WHAT' },
  { title: 'SIZE', align: 'right' },
  { title: 'NOTE', shrinks: true },
];

export const RULE_COLUMNS: readonly Column[] = [
  { title: 'RULE' },
  { title: 'REPOSITORY' },
  { title: 'KEPT', align: 'right' },
  { title: 'TOOK', align: 'right' },
];

const NOTHING = '';

/** @param width of the terminal; absent: it goes elsewhere, where nothing is cut */
export function itemRow(item: PlanItem, width: number | undefined): readonly string[] {
  const size = 'bytes' in item ? formatSize(item.bytes) : NOTHING;
  return [ACTIONS[item.action], subjectOf(item, width), size, whyOf(item)];
}

/** What people call it: content goes in two steps. */
const ACTIONS: Readonly<Record<PlanItem['action'], string>> = {
  ...{ delete: 'delete', condemn: 'quarantine', reap: 'delete', finish: 'finish', cancel: 'release', forget: 'forget' },
  ...{ wait: 'wait', keep: 'keep', unknown: 'unknown' },
};

/** So many digits are enough to tell contents apart, and leave room for what is said of them. */
const DIGITS = 12;

function subjectOf(item: PlanItem, width: number | undefined): string {
  if ('digest' in item) return `sha256:${width === undefined ? item.digest : `${item.digest.slice(0, DIGITS)}…`}`;
  return item.action === 'unknown' ? item.subject : `${formatArtifactName(item)}:${item.number}`;
}

function whyOf(item: PlanItem): string {
  switch (item.action) {
    case 'delete':
    case 'keep':
      return item.rule === undefined ? item.why : `${item.why}; ${rulesOf(item.rule)}`;
    case 'condemn':
    case 'unknown':
      return item.why;
    case 'reap':
      return `in quarantine since ${dateOf(item.since)}`;
    case 'wait':
      return `in quarantine until ${dateOf(item.until)}`;
    case 'finish':
      return 'its deletion was decided, and not completed';
    case 'cancel':
      return 'it is in quarantine, and needed again';
    case 'forget':
      return 'it was in quarantine once';
  }
}

/** @param rules IDs, with commas between */
function rulesOf(rules: string): string {
  return rules.includes(',') ? `rules ${rules}` : `rule ${rules}`;
}

function dateOf(text: string): string {
  return formatDate(new Date(text));
}

/** @param width as in itemRow */
export function resultRow(result: RunResult, width: number | undefined): readonly string[] {
  const size = 'bytes' in result ? formatSize(result.bytes) : NOTHING;
  return [OUTCOMES[result.outcome], subjectOf(result, width), size, noteOf(result)];
}

const OUTCOMES: Readonly<Record<RunResult['outcome'], string>> = {
  ...{ deleted: 'deleted', condemned: 'quarantined', finished: 'finished', cancelled: 'released' },
  ...{ forgotten: 'forgotten', rescued: 'kept', waiting: 'waiting', gone: 'gone', left: 'left', failed: 'failed' },
};

function noteOf(result: RunResult): string {
  const { outcome, failure, users = [], content = [] } = result;
  const isVersion = result.action === 'delete';
  if (failure !== undefined) return failure;
  if (users.length > 0) return `used by ${users.join(', ')}`;
  if (content.length > 0) return `content: ${[...new Set(content.map(contentNote))].join(', ')}`;
  if (outcome === 'condemned') return quarantineNote(result);
  if (outcome === 'left' && isVersion) return 'its status was changed since the plan was made: it stays';
  return outcome === 'gone' && isVersion ? 'deleted before' : NOTES[outcome];
}

function contentNote(content: ContentResult): string {
  return content.outcome === 'condemned' ? quarantineNote(content) : CONTENT[content.outcome];
}

function quarantineNote({ until }: Pick<ContentResult, 'until'>): string {
  return until === undefined ? 'in quarantine' : `in quarantine until ${dateOf(until)}`;
}

const NOTES: Readonly<Record<Exclude<RunResult['outcome'], 'condemned'>, string>> = {
  ...{ deleted: NOTHING, finished: NOTHING, cancelled: NOTHING, forgotten: NOTHING },
  rescued: 'needed by now: it stays',
  waiting: 'in quarantine already, since or by somebody else',
  gone: 'somebody else was faster',
  left: 'nothing to do any more',
  failed: NOTHING,
};

/** Of what a version held. */
const CONTENT: Readonly<Record<Exclude<ContentOutcome, 'condemned'>, string>> = {
  deleted: 'deleted',
  rescued: 'something else holds or uses it',
  waiting: 'in quarantine already',
  gone: 'gone already',
};

/** Whether the plan has anything to be run. */
export function doesSomething({ tally: { actions } }: PlanSummary): boolean {
  return (['delete', 'condemn', 'reap', 'finish', 'cancel', 'forget'] as const).some(
    (action) => actions[action] !== undefined,
  );
}

/** What the plan comes to, in one sentence for each kind of thing. */
export function planSentences({ tally: { actions }, isWhole, now }: PlanSummary): string {
  const { delete: versions, condemn, reap, wait, unknown } = actions;
  const sentences = [
    versions &&
      `${count(versions.items, 'version goes', 'versions go')}, ${formatSize(versions.bytes)} of content at most`,
    condemn && `${going(condemn)} ${now ? 'at once' : 'into quarantine'}`,
    reap && `${going(reap)}${now ? ' at once' : ', its quarantine is over'}`,
    wait &&
      `${count(wait.items, 'content waits', 'contents wait')} in quarantine, ${formatSize(wait.bytes)}: --now would let ${wait.items === 1 ? 'it' : 'them'} go at once`,
    unknown && `${count(unknown.items, 'thing', 'things')} could not be looked at, and will stay`,
    isWhole ? undefined : 'this is not all: when it has run, make another plan',
  ].filter((sentence) => sentence !== undefined);
  const isNothing = !([versions, condemn, reap] as const).some((sum) => sum !== undefined);
  return [...(isNothing ? ['nothing goes'] : []), ...sentences].join('; ');
}

/** What is asked before it is done. */
export function questionOf({ tally: { actions }, now }: PlanSummary): string {
  const { delete: versions, condemn, reap } = actions;
  const gone = (reap?.items ?? 0) + (now ? (condemn?.items ?? 0) : 0);
  const acts = [
    versions && `delete ${count(versions.items, 'version', 'versions')}`,
    gone === 0 ? undefined : `delete ${count(gone, 'content', 'contents')}${now ? ' at once' : ''}`,
    now || condemn === undefined ? undefined : `put ${count(condemn.items, 'content', 'contents')} into quarantine`,
  ].filter((act) => act !== undefined);
  const asked = acts.length === 0 ? 'do this' : acts.join(', ');
  return `${asked.charAt(0).toUpperCase()}${asked.slice(1)}?`;
}

function going({ items, bytes }: { readonly items: number; readonly bytes: number }): string {
  return `${count(items, 'content', 'contents')}, ${formatSize(bytes)}, ${items === 1 ? 'goes' : 'go'}`;
}

/** The command that does what the plan says, with what it needs to find it again. */
export function runCommand({ digest }: PlanSummary, options: GcPlanningOptions): string {
  return `cfn-artifacts gc run ${digest}${placeFlags(options)}`;
}

/** The command that goes on with a plan that was begun with these options. */
export function resumeLine(id: string, options: GcPlanningOptions): string {
  const { now, verbose, repository } = options;
  const given = [
    ...(repository === undefined ? [] : [` --repository ${repository}`]),
    ...(now ? [' --now'] : []),
    ...(verbose ? [' --verbose'] : []),
  ];
  return `cfn-artifacts gc plan --resume ${id}${given.join('')}${placeFlags(options)}`;
}

/** What a run comes to. */
export class RunTally {
  /** Of items, and of what versions held. */
  readonly outcomes: Partial<Record<RunResult['outcome'], number>> = {};
  /** Of content that is gone. */
  bytes = 0;
  readonly #items: Partial<Record<RunResult['outcome'], number>> = {};
  #versions = 0;
  readonly #content: Partial<Record<ContentOutcome, number>> = {};
  /** The last of all that was put into quarantine. */
  #until = '';

  add(result: RunResult): void {
    const { action, outcome, content = [] } = result;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    this.#items[outcome] = (this.#items[outcome] ?? 0) + 1;
    if (action === 'delete') {
      if (outcome === 'deleted') this.#versions += 1;
      for (const one of content) {
        this.outcomes[one.outcome] = (this.outcomes[one.outcome] ?? 0) + 1;
        this.#addContent(one);
      }
    } else if (action === 'condemn' || action === 'reap') {
      if (outcome === 'deleted' || outcome === 'condemned') this.#addContent({ ...result, outcome });
    }
  }

  #addContent({ outcome, bytes, until = '' }: Pick<ContentResult, 'outcome' | 'bytes' | 'until'>): void {
    this.#content[outcome] = (this.#content[outcome] ?? 0) + 1;
    if (outcome === 'deleted') this.bytes += bytes;
    if (until > this.#until) this.#until = until;
  }

  sentence(): string {
    const { deleted: gone = 0, condemned = 0 } = this.#content;
    const freed = this.bytes === 0 ? '' : `, ${formatSize(this.bytes)} freed`;
    const said = [
      this.#versions > 0 && `${count(this.#versions, 'version', 'versions')} deleted`,
      gone > 0 && `${count(gone, 'content', 'contents')} deleted${freed}`,
      condemned > 0 && `${count(condemned, 'content', 'contents')} in quarantine until ${dateOf(this.#until)}`,
      ...REST.map(([outcome, word]) => {
        const number = this.#items[outcome];
        return number !== undefined && `${number.toLocaleString('en')} ${word}`;
      }),
    ].filter((one) => one !== false);
    return said.length === 0 ? 'there was nothing to do' : said.join('; ');
  }
}

const REST: readonly (readonly [RunResult['outcome'], string])[] = [
  ['finished', 'finished, whose deletion was decided before'],
  ['cancelled', 'released from quarantine'],
  ['forgotten', 'forgotten'],
  ['rescued', 'needed by now, and kept'],
  ['waiting', 'in quarantine already'],
  ['gone', 'gone already'],
  ['left', 'left'],
  ['failed', 'failed'],
];

/** For `--json`. */
export function plainPlan({ digest, at, isWhole, now, tally }: PlanSummary): object {
  const { looked, actions, rules } = tally;
  return { digest, at, isWhole, now, looked, actions, rules };
}
