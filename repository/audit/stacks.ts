import type { Digest } from '../digest.ts';
import type { StackEvidence } from '../evidence/evidence.ts';
import { EVERY_STACK_CONSUMER, isConsumerKey, parseConsumerKey, stackConsumersPrefix } from '../keys.ts';
import type { ObjectKey, ObjectStore } from '../object-store.ts';
import type { StackName } from '../stack-id.ts';
import { formatStackId } from '../stack-id.ts';
import type { Auditing } from './auditing.ts';
import { standingOf } from './auditing.ts';
import { END, formatCursor } from './cursor.ts';
import type { AuditStep } from './finding.ts';
import { notOurs } from './finding.ts';
import { judgeReferences } from './missing.ts';
import type { Suspect } from './stale.ts';
import { judgeSuspect, undecided } from './stale.ts';

/** So many records of a stack are held at once, and as many more as the last binding among them has. */
const PAGE = 1000;

type Entry = ReturnType<typeof parseConsumerKey> & { readonly key: ObjectKey };

/** Records of one stack that follow each other; bindings are whole. */
interface Page {
  readonly stack: StackName;
  /** None where what stands behind the last of them is no record. */
  readonly entries: readonly Entry[];
  /** The stack has no more. */
  readonly isLast: boolean;
}

/**
 * Every binding against the stack that it belongs to, one stack at a time; then what the stack names against its bindings.
 * @param after a key below `consumers/`
 * @param only the one stack to look at
 */
export async function* auditStacks(auditing: Auditing, after: string, only?: StackName): AsyncGenerator<AuditStep> {
  const { store } = auditing.domain;
  const prefix = only === undefined ? EVERY_STACK_CONSUMER : stackConsumersPrefix(only, only.uuid);
  for await (const page of pagesOf(store, prefix, after)) {
    yield* 'damaged' in page ? [damaged(page.damaged)] : auditPage(auditing, page);
  }
}

async function* auditPage(auditing: Auditing, { stack, entries, isLast }: Page): AsyncGenerator<AuditStep> {
  const stackId = formatStackId(auditing.domain.partition, stack);
  const behindPage = isLast ? behind(stack) : (entries.at(-1)?.key ?? '');
  const evidence = await ask(auditing, stack);
  if (evidence.state !== 'settled' && evidence.state !== 'gone') {
    // Once for each stack.
    yield { after: at(behindPage), ...(isLast && { finding: undecided(evidence, { stackId }) }) };
    return;
  }
  const suspects = bindingsIn(entries, stackId).filter(
    ({ resource, generation }) => evidence.state === 'gone' || standingOf(evidence, resource, generation) !== 'used',
  );
  for (const suspect of suspects) {
    const finding = await judgeSuspect(auditing, suspect);
    const isEnd = isLast && suspect.last === entries.at(-1)?.key;
    const next = isEnd ? formatCursor({ at: 'resources', stackId, logicalId: '' }) : at(suspect.last);
    yield { after: next, ...(finding !== undefined && { finding }) };
  }
  if (isLast) yield* auditResources(auditing, stack, 'resources', '', evidence);
  yield { after: at(behindPage) };
}

/**
 * What the stack names, against what is recorded.
 * @param logicalId the one behind which to begin
 * @param known what CloudFormation said of it
 */
export async function* auditResources(
  auditing: Auditing,
  stack: StackName,
  phase: 'resources' | 'importers',
  logicalId: string,
  known?: StackEvidence,
): AsyncGenerator<AuditStep> {
  // Nothing is behind it, and what can be told of the stack was told.
  if (logicalId === END) return;
  const stackId = formatStackId(auditing.domain.partition, stack);
  const step = (behindOne: string): string => formatCursor({ at: phase, stackId, logicalId: behindOne });
  const evidence = known ?? (await ask(auditing, stack));
  if (evidence.state === 'changing' || evidence.state === 'unknown') {
    yield { after: step(END), finding: undecided(evidence, { stackId }) };
  } else if (evidence.state === 'settled') {
    for await (const looked of judgeReferences(auditing, stack, evidence, logicalId)) {
      yield { after: step(looked.logicalId), ...(looked.finding !== undefined && { finding: looked.finding }) };
    }
  }
}

/** Only the domain's own account and region can be asked. */
export function ask({ domain, evidence }: Auditing, stack: StackName): Promise<StackEvidence> {
  if (stack.account === domain.account && stack.region === domain.region) {
    return evidence.stack(formatStackId(domain.partition, stack));
  }
  const why = `its stack is in account ${stack.account}, ${stack.region}, which can't be asked from here`;
  return Promise.resolve({ state: 'unknown', why });
}

/** Where the records of the stacks behind this one begin. */
export function behind({ uuid, ...stack }: StackName): string {
  return `${stackConsumersPrefix(stack, uuid)}${END}`;
}

function at(key: string): string {
  return formatCursor({ at: 'records', key });
}

function damaged(key: string): AuditStep {
  return { after: at(key), finding: notOurs(key) };
}

/** @returns each with the key of its last record */
function bindingsIn(entries: readonly Entry[], stackId: string): readonly (Suspect & { readonly last: string })[] {
  const bindings: (Suspect & { digests: Digest[]; last: string })[] = [];
  for (const { key, resource, generation, digest } of entries) {
    const current = bindings.at(-1);
    if (current?.generation === generation && current.resource.logicalId === resource.logicalId) {
      current.digests.push(digest);
      current.last = key;
    } else {
      bindings.push({ resource, generation, stackId, digests: [digest], last: key });
    }
  }
  return bindings;
}

async function* pagesOf(
  store: ObjectStore,
  prefix: string,
  after: string,
): AsyncGenerator<Page | { readonly damaged: string }> {
  let stack: StackName | undefined;
  let entries: Entry[] = [];
  for await (const { key } of store.list(prefix, after === '' ? {} : { after })) {
    if (!isConsumerKey(key)) {
      // What stands before it comes first: whoever goes on behind it does not come back.
      if (stack !== undefined && entries.length > 0) yield { stack, entries, isLast: false };
      entries = [];
      yield { damaged: key };
      continue;
    }
    const entry = { ...parseConsumerKey(key), key };
    if (stack !== undefined) {
      const isLast = !isSameStack(stack, entry.resource);
      const isFull = entries.length >= PAGE && entries.at(-1)?.generation !== entry.generation;
      if (isLast || isFull) {
        yield { stack, entries, isLast };
        entries = [];
      }
    }
    const { account, region, stack: name, uuid } = entry.resource;
    stack = { account, region, stack: name, uuid };
    entries.push(entry);
  }
  if (stack !== undefined) yield { stack, entries, isLast: true };
}

function isSameStack(one: StackName, other: StackName): boolean {
  return (
    one.uuid === other.uuid && one.stack === other.stack && one.region === other.region && one.account === other.account
  );
}
