import { stackConsumersPrefix } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { StackName } from '../stack-id.ts';
import { parseStackId } from '../stack-id.ts';
import type { Importer } from '../evidence/evidence.ts';
import type { Auditing } from './auditing.ts';
import type { Cursor } from './cursor.ts';
import { END, formatCursor } from './cursor.ts';
import type { AuditStep, Finding } from './finding.ts';
import { auditResources } from './stacks.ts';

/**
 * Stacks that use the domain's function, of which nothing at all is recorded: the others were met where their records are.
 * @param from where to go on; absent: from the beginning
 */
export async function* auditImporters(
  auditing: Auditing,
  from?: Extract<Cursor, { readonly at: 'importers' }>,
): AsyncGenerator<AuditStep> {
  const begun = from === undefined ? undefined : parseStackId(from.stackId);
  if (begun !== undefined && from !== undefined) yield* auditResources(auditing, begun, 'importers', from.logicalId);
  for await (const importer of auditing.evidence.importers(begun?.stack ?? from?.stackId)) {
    const stack = 'stackId' in importer ? parseStackId(importer.stackId) : undefined;
    if (stack !== undefined) yield* auditUnrecorded(auditing, stack);
    const finding = stack === undefined ? unknown(importer) : undefined;
    const done = 'stackId' in importer ? importer.stackId : importer.stack;
    // Where the list itself could not be had, nothing comes any more.
    const next: Cursor = { at: 'importers', stackId: done ?? END, logicalId: END };
    yield { after: formatCursor(next), ...(finding !== undefined && { finding }) };
  }
}

function unknown(importer: Importer): Finding {
  if ('stackId' in importer) {
    return { kind: 'unknown', why: `'${importer.stackId}' is no stack's ID`, healed: false };
  }
  const { stack, why } = importer;
  return {
    kind: 'unknown',
    why:
      stack === undefined
        ? `which stacks use the domain is not known: ${why}`
        : `what the stack '${stack}' uses is not known: ${why}`,
    healed: false,
  };
}

/** What a stack names of which nothing is recorded. */
export async function* auditUnrecorded(auditing: Auditing, stack: StackName): AsyncGenerator<AuditStep> {
  if (!(await hasRecords(auditing.domain.store, stack))) yield* auditResources(auditing, stack, 'importers', '');
}

async function hasRecords(store: ObjectStore, { uuid, ...stack }: StackName): Promise<boolean> {
  for await (const _ of store.list(stackConsumersPrefix(stack, uuid), { limit: 1 })) return true;
  return false;
}
