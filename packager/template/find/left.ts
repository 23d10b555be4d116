import type { Position } from '../place.ts';
import type { Meaning } from './meaning.ts';

export const LEFT_REASONS = [
  'in-s3',
  'remote',
  'nothing-there',
  'empty',
  'absent',
  'code-elsewhere',
  'unknown-value',
  'mixed',
  'no-path-in-it',
  'for-a-program',
  'not-in-table',
  'misplaced',
] as const;
export type LeftReason = (typeof LEFT_REASONS)[number];

/** A value that was looked at, and stays as it is. */
export interface Left {
  readonly position: Position;
  /** Logical ID of the resource around it; absent outside of Resources. */
  readonly resource?: string;
  readonly type?: string;
  /** Dotted way, as in the table. */
  readonly property: string;
  /** Where it is one text, and not made of what nobody is shown. */
  readonly value?: string;
  readonly reason: LeftReason;
  /** Goes on after `because`. */
  readonly why: string;
}

/** Why a text that names nothing local stays. The texts of one value mean the same mostly: the first decides. */
export function whyLeft(meaning?: Meaning): Pick<Left, 'reason' | 'why'> {
  switch (meaning?.kind) {
    case 's3':
      return { reason: 'in-s3', why: 'it is in S3 already' };
    case 'url':
      return { reason: 'remote', why: 'it is a URL' };
    case 'missing':
      return { reason: 'nothing-there', why: 'nothing is at the path that it comes to' };
    case 'empty':
      return { reason: 'empty', why: 'it is empty' };
    case 'remote':
      return { reason: 'remote', why: meaning.why };
    case 'path':
    case 'artifact':
    case 'wrong':
    case undefined:
      return { reason: 'remote', why: 'it names nothing that is packaged' };
  }
}
