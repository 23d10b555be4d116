import type { ContentOutcome, PlanItem, PlanSummary, RunResult } from '../../repository/index.ts';
import { formatArtifactName } from '../../repository/index.ts';
import { formatSize } from '../size.ts';
import type { GcPlanOptions } from './gc-options.ts';
import type { Column } from './report.ts';
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
  { title: '', shrinks: true },
];

export const RULE_COLUMNS: readonly Column[] = [
  { title: 'RULE' },
  { title: 'REPOSITORY' },
  { title: 'KEPT', align: 'right' },
  { title: 'TOOK', align: 'right' },
];

const NOTHING = '';

export function itemRow(item: PlanItem): readonly string[] {
  return [ACTIONS[item.action], subjectOf(item), 'bytes' in item ? formatSize(item.bytes) : NOTHING, whyOf(item)];
}

/** What people call it: content goes in two steps. */
const ACTIONS: Readonly<Record<PlanItem['action'], string>> = {
  ...{ delete: 'delete', condemn: 'quarantine', reap: 'delete', finish: 'finish', cancel: 'release', forget: 'forget' },
  ...{ wait: 'wait', keep: 'keep', unknown: 'unknown' },
};

function subjectOf(item: PlanItem): string {
  if ('digest' in item) return `sha256:${item.digest}`;
  return item.action === 'unknown' ? item.subject : `${formatArtifactName(item)}:${item.number}`;
}

function whyOf(item: PlanItem): string {
  switch (item.action) {
    case 'delete':
      return `${item.why} (${item.rule})`;
    case 'keep':
      return item.rule === undefined ? item.why : `${item.why} (${item.rule})`;
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

function dateOf(text: string): string {
  return formatDate(new Date(text));
}

export function resultRow(result: RunResult): readonly string[] {
  return [result.outcome, subjectOf(result), 'bytes' in result ? formatSize(result.bytes) : NOTHING, noteOf(result)];
}

function noteOf(result: RunResult): string {
  const { outcome, failure, users = [], content = [] } = result;
  const isVersion = result.action === 'delete';
  if (failure !== undefined) return failure;
  if (users.length > 0) return `used by ${users.join(', ')}`;
  if (content.length > 0) return `content: ${[...new Set(content.map((one) => CONTENT[one.outcome]))].join(', ')}`;
  return outcome === 'gone' && isVersion ? 'deleted before' : NOTES[outcome];
}

const NOTES: Readonly<Record<RunResult['outcome'], string>> = {
  ...{ deleted: NOTHING, condemned: 'in quarantine', finished: NOTHING, cancelled: NOTHING, forgotten: NOTHING },
  rescued: 'needed by now: it stays',
  waiting: 'condemned anew since the plan was made',
  gone: 'somebody else was faster',
  left: 'nothing to do any more',
  failed: NOTHING,
};

/** Of what a version held. */
const CONTENT: Readonly<Record<ContentOutcome, string>> = {
  deleted: 'deleted',
  condemned: 'in quarantine',
  rescued: 'something else holds or uses it',
  waiting: 'in quarantine already',
  gone: 'gone already, or in quarantine',
};

/** Whether the plan has anything to be run. */
export function doesSomething({ tally: { actions } }: PlanSummary): boolean {
  return (['delete', 'condemn', 'reap', 'finish', 'cancel', 'forget'] as const).some(
    (action) => actions[action] !== undefined,
  );
}

/** What the plan comes to, in one sentence for each kind of thing. */
export function planSentences({ tally: { actions, looked }, isWhole }: PlanSummary, now: boolean): string {
  const { delete: versions, condemn, reap, wait, unknown } = actions;
  const sentences = [
    versions &&
      `${count(versions.items, 'version goes', 'versions go')}, ${formatSize(versions.bytes)} of content at most`,
    condemn && `${contents(condemn)} ${now ? 'deleted at once' : 'put into quarantine'}`,
    reap && `${contents(reap)} deleted${now ? ' at once' : ', the quarantine is over'}`,
    wait && `${count(wait.items, 'content waits', 'contents wait')} in quarantine, ${formatSize(wait.bytes)}`,
    unknown && `${count(unknown.items, 'thing', 'things')} could not be looked at, and will stay`,
    isWhole ? undefined : 'this is not all: when it has run, make another plan',
  ].filter((sentence) => sentence !== undefined);
  const all = `looked at ${count(looked, 'version or content', 'versions and contents')}`;
  return sentences.length === 0 ? `${all}: nothing goes` : `${all}: ${sentences.join('; ')}`;
}

function contents({ items, bytes }: { readonly items: number; readonly bytes: number }): string {
  return `${count(items, 'content', 'contents')}, ${formatSize(bytes)}, ${items === 1 ? 'is' : 'are'}`;
}

/** The command that does what the plan says, with what it needs to find it again. */
export function runLine(
  { digest }: PlanSummary,
  { domain, domainOwner, region, profile }: GcPlanOptions,
  now: boolean,
): string {
  const place =
    domain === undefined
      ? undefined
      : domain.kind === 'directory'
        ? `file:${domain.directory}`
        : `s3://${domain.bucket}`;
  const flags: readonly (readonly [string, string | undefined])[] = [
    ['domain', place],
    ['domain-owner', domainOwner],
    ['region', region],
    ['profile', profile],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${quoted(value)}`]));
  return `run it with: cfn-artifacts gc run ${digest}${now ? ' --now' : ''}${given.join('')}`;
}

/** As shells understand it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a run came to. */
export interface RunTally {
  readonly outcomes: Partial<Record<RunResult['outcome'], number>>;
  /** Bytes of content that is gone; of versions' content, that is not known. */
  bytes: number;
}

export function runSentence({ outcomes, bytes }: RunTally): string {
  const words: readonly (readonly [RunResult['outcome'], string])[] = [
    ['deleted', 'deleted'],
    ['condemned', 'put into quarantine'],
    ['finished', 'completed'],
    ['cancelled', 'released'],
    ['forgotten', 'forgotten'],
    ['rescued', 'needed by now, and left'],
    ['waiting', 'in quarantine anew'],
    ['gone', 'gone already'],
    ['left', 'left'],
    ['failed', 'failed'],
  ];
  const said = words.flatMap(([outcome, word]) => {
    const number = outcomes[outcome];
    return number === undefined ? [] : [`${number.toLocaleString('en')} ${word}`];
  });
  if (said.length === 0) return 'there was nothing to do';
  return bytes === 0 ? said.join(', ') : `${said.join(', ')}; ${formatSize(bytes)} freed`;
}

export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** For `--json`. */
export function plainPlan({ digest, at, isWhole, tally }: PlanSummary): object {
  const { looked, actions, rules } = tally;
  return { digest, at, isWhole, looked, actions, rules };
}
