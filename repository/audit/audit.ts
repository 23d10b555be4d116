import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { StackName } from '../stack-id.ts';
import { parseStackId } from '../stack-id.ts';
import type { Auditing } from './auditing.ts';
import type { Cursor } from './cursor.ts';
import { parseCursor } from './cursor.ts';
import { Elsewhere } from './elsewhere.ts';
import type { AuditStep } from './finding.ts';
import { auditImporters, auditUnrecorded } from './importers.ts';
import { auditReferences } from './references.ts';
import { auditResources, auditStacks, behind } from './stacks.ts';

export type { AuditStep, Finding, FindingKind, FindingSubject } from './finding.ts';

export interface AuditOptions {
  /** Whether to heal what is found. */
  readonly fix: boolean;
  /** The ID of the only stack to look at. Of it, references that have lost their entry are not found: they stand among all others'. */
  readonly stack?: string;
  /** The `after` of the last step that was taken. */
  readonly after?: string;
}

/**
 * Compares the domain's references with what is deployed, as it is when each is looked at: what stacks have bound, what they name, and what stands under
 * `references/` beside. Holds no more than the records of one stack, or a page of them.
 *
 * Acts on positive evidence alone: what could not be found out is told and left, and it rather leaves too much than too little. Whoever stops it anywhere, or
 * dies, and goes on after the last step that was taken, or begins anew, comes to the same.
 *
 * One failing item is told of and passed over.
 * @throws ArtifactError INVALID_ARGUMENT; what the store throws when it can't be listed; INTERRUPTED
 */
export async function* audit(
  domain: Domain,
  evidence: Evidence,
  { fix, stack, after }: AuditOptions,
): AsyncGenerator<AuditStep> {
  const auditing: Auditing = { domain, evidence, fix, elsewhere: new Elsewhere() };
  const from: Cursor | undefined = after === undefined ? undefined : parseCursor(after);
  if (stack === undefined) yield* auditAll(auditing, from ?? { at: 'references', key: '' });
  else yield* auditOne(auditing, requireStack(stack), from ?? { at: 'records', key: '' });
}

async function* auditOne(auditing: Auditing, stack: StackName, from: Cursor): AsyncGenerator<AuditStep> {
  switch (from.at) {
    case 'records':
      yield* auditStacks(auditing, from.key, stack);
      if (from.key === '') yield* auditUnrecorded(auditing, stack);
      return;
    case 'resources':
    case 'importers':
      yield* auditResources(auditing, stack, from.at, from.logicalId);
      return;
    case 'references':
      return;
  }
}

/** References come first: what they still tell brings lost entries back, of which nothing else knows. */
async function* auditAll(auditing: Auditing, from: Cursor): AsyncGenerator<AuditStep> {
  if (from.at === 'references') yield* auditReferences(auditing, from.key);
  if (from.at === 'resources') {
    const begun = requireStack(from.stackId);
    yield* auditResources(auditing, begun, 'resources', from.logicalId);
    yield* auditStacks(auditing, behind(begun));
  } else if (from.at !== 'importers') {
    yield* auditStacks(auditing, from.at === 'records' ? from.key : '');
  }
  yield* auditImporters(auditing, from.at === 'importers' ? from : undefined);
}

function requireStack(stackId: string): StackName {
  const stack = parseStackId(stackId);
  if (stack !== undefined) return stack;
  throw new ArtifactError('INVALID_ARGUMENT', `'${stackId}' is no ID of a stack`, {
    remedy: 'A stack has the ID arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID.',
  });
}
