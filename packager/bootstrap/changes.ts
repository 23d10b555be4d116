import { ArtifactError } from '../../repository/error.ts';
import type { ResourceChange } from './cloudformation.ts';

/**
 * What may be changed and never goes or becomes another: the bucket has the content, the reference function's ARN stands in every deployed stack, and
 * the bucket's policy trusts the keeper's role.
 */
const LASTING: ReadonlySet<string> = new Set([
  'Bucket',
  'BucketPolicy',
  'ReferenceFunction',
  'ReferenceRole',
  'KeeperRole',
]);

/** @throws ArtifactError INVALID_CONFIGURATION where a change would take away what must last */
export function refuseLosses(changes: readonly ResourceChange[], stack: string): void {
  const losses = changes.filter(
    ({ logicalId, action, replacement }) =>
      LASTING.has(logicalId) && (action === 'Remove' || isReplacement(replacement)),
  );
  if (losses.length === 0) return;
  const told = losses.map(({ action, logicalId }) => `${action === 'Remove' ? 'remove' : 'replace'} '${logicalId}'`);
  throw new ArtifactError('INVALID_CONFIGURATION', `the change of the stack '${stack}' would ${told.join(' and ')}`, {
    remedy:
      'Deployed stacks and the content depend on it, so nothing was changed. Was the stack changed by hand? Its template must be a domain of this tool.',
  });
}

function isReplacement(replacement: ResourceChange['replacement']): boolean {
  // `Conditional` is what CloudFormation says where it can't know a value yet: the names here are all literal, so it is no.
  return replacement === 'True';
}

export const CHANGE_COLUMNS = ['CHANGE', 'RESOURCE', 'TYPE', 'REPLACED'] as const;

/** A row for each change, by the weight of what is done: removed, replaced and modified before added. */
export function changeRows(changes: readonly ResourceChange[]): readonly (readonly string[])[] {
  return changes
    .toSorted((one, other) => weight(one) - weight(other) || (one.logicalId < other.logicalId ? -1 : 1))
    .map(({ action, logicalId, type, replacement }) => [WORDS[action], logicalId, type, replacedWord(replacement)]);
}

const WORDS: Readonly<Record<ResourceChange['action'], string>> = {
  Add: 'add',
  Modify: 'modify',
  Remove: 'remove',
  Import: 'import',
  Dynamic: 'not known yet',
  SyncWithActual: 'sync',
};

function weight({ action, replacement }: ResourceChange): number {
  if (action === 'Remove') return 0;
  if (action === 'Modify') return replacement === 'True' ? 1 : 2;
  return action === 'Add' ? 4 : 3;
}

function replacedWord(replacement: ResourceChange['replacement']): string {
  if (replacement === undefined || replacement === 'False') return '';
  return replacement === 'True' ? 'yes' : 'perhaps';
}
