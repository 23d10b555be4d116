import type { Stack } from './cloudformation.ts';

/** What can be done with a stack in its state. */
export type Situation =
  /** There is none, or only a change set that nobody has executed yet. */
  | { readonly kind: 'absent' }
  /** Somebody changes it. */
  | { readonly kind: 'busy' }
  /** It never came to be: it can only be deleted. */
  | { readonly kind: 'stillborn' }
  | { readonly kind: 'stands' }
  /** Nothing can be done but by a person. */
  | { readonly kind: 'stuck'; readonly remedy: string };

/** By https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html: what each status lets be done. */
export function situationOf(stack: Stack | undefined, command: string): Situation {
  const status = stack?.status ?? 'DELETE_COMPLETE';
  if (status === 'DELETE_COMPLETE' || status === 'REVIEW_IN_PROGRESS') return { kind: 'absent' };
  if (status.endsWith('_IN_PROGRESS')) return { kind: 'busy' };
  // Failed imports leave a new stack without any resource, and one that stood before as it was: only that has outputs.
  const isNew = stack?.outputs.size === 0;
  switch (status) {
    case 'CREATE_COMPLETE':
    case 'UPDATE_COMPLETE':
    case 'UPDATE_ROLLBACK_COMPLETE':
    case 'IMPORT_COMPLETE':
    case 'UPDATE_FAILED':
      // The last is left by an update that was told not to roll back: the next one goes on from there.
      return { kind: 'stands' };
    case 'CREATE_FAILED':
    case 'ROLLBACK_COMPLETE':
    case 'ROLLBACK_FAILED':
      return { kind: 'stillborn' };
    case 'IMPORT_ROLLBACK_COMPLETE':
      return { kind: isNew ? 'stillborn' : 'stands' };
    case 'IMPORT_ROLLBACK_FAILED':
      if (isNew) return { kind: 'stillborn' };
      return { kind: 'stuck', remedy: lookAndRepeat(command) };
    case 'UPDATE_ROLLBACK_FAILED':
      return {
        kind: 'stuck',
        remedy: `Look at its events, remove what is in the way, then: aws cloudformation continue-update-rollback ${command}\nWhen it is UPDATE_ROLLBACK_COMPLETE, run this again.`,
      };
    case 'DELETE_FAILED':
      return {
        kind: 'stuck',
        remedy: `Look at its events, remove what is in the way, then: aws cloudformation delete-stack ${command}\nContent stays where it is. When the stack is gone, run this again.`,
      };
    default:
      return { kind: 'stuck', remedy: lookAndRepeat(command) };
  }
}

function lookAndRepeat(command: string): string {
  return `Look at its events: aws cloudformation describe-stack-events ${command}`;
}

/** Whether an operation of this kind came to what it was meant to. */
export function hasSucceeded(status: string): boolean {
  return /^(CREATE|UPDATE|IMPORT|DELETE)_COMPLETE$/.test(status);
}

/**
 * The stack's description says whose it is: in the domain's template, and in the one that takes a bucket over. A new stack whose import failed has nothing at
 * all, and so nothing to lose.
 */
export function isDomainStack({ description, status, outputs }: Stack): boolean {
  if (description.startsWith('cfn-artifacts')) return true;
  return description === '' && outputs.size === 0 && status.startsWith('IMPORT_ROLLBACK_');
}

/** Whether `one` comes after `other`; of versions like `1.10.0` or `1.10.0-beta.2`. What is no version is before every one. */
export function isNewer(one: string, other: string): boolean {
  const [first, second] = [partsOf(one), partsOf(other)];
  if (first === undefined || second === undefined) return first !== undefined;
  for (const [index, number] of first.numbers.entries()) {
    const difference = number - (second.numbers[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  if (first.preview === undefined || second.preview === undefined) {
    return first.preview === undefined && second.preview !== undefined;
  }
  return first.preview.localeCompare(second.preview, 'en', { numeric: true }) > 0;
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly preview?: string } | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+.*)?$/.exec(version);
  if (found === null) return undefined;
  const [, major, minor, patch, preview] = found;
  return { numbers: [major, minor, patch].map(Number), ...(preview !== undefined && { preview }) };
}
