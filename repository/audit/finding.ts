import type { Digest } from '../digest.ts';
import { requireFailure } from '../failure.ts';
import type { ArtifactName } from '../name.ts';

/**
 * `stale`: a binding that nothing in its stack names.
 * `missing`: records of what a stack's resource uses are not there: it is not protected, or not told of.
 * `abandoned`: a reference of a version that never came to be, or that was deleted; or a deletion of one that nobody came to the end of.
 * `retained`: content was kept for versions of a function that a stack had published, and none of them is left.
 * `unsettled`: an operation on the stack is under way, or has failed and can go on or back: nothing is decided until it has ended.
 * `unknown`: it could not be found out. Nothing was touched.
 */
export type FindingKind = 'stale' | 'missing' | 'abandoned' | 'retained' | 'unsettled' | 'unknown';

/** What a finding is about, as far as it is known. */
export interface FindingSubject {
  readonly stackId?: string;
  readonly logicalId?: string;
  /** Names the binding, or the record that was kept. */
  readonly generation?: string;
  /** What is used, mostly definite. */
  readonly arns?: readonly string[];
  readonly digest?: Digest;
  /** Of what is abandoned. */
  readonly version?: ArtifactName & { readonly number: number };
  /** Of a record that can't be read. */
  readonly key?: string;
}

/** What an audit found wrong. Plain JSON. */
export interface Finding extends FindingSubject {
  readonly kind: FindingKind;
  /** How it is, in words that go on after the subject. */
  readonly why: string;
  readonly healed: boolean;
  /** Why healing it failed, or was put off. Absent where nobody asked for it, and where there is nothing to heal. */
  readonly failure?: string;
  /** What people can do about it. */
  readonly remedy?: string;
}

/** Of what stands where records are, and is none. */
export function notOurs(key: string): Finding {
  return { kind: 'unknown', key, why: 'its key is none that this version understands', healed: false };
}

/** A step of an audit: a later one that begins `after` it looks at all that this one has not. */
export interface AuditStep {
  readonly after: string;
  readonly finding?: Finding;
}

/** @throws as `requireFailure` */
export function unknownBecause(error: unknown, subject: FindingSubject): Finding {
  const { failure: why, remedy } = requireFailure(error);
  return { kind: 'unknown', ...subject, why, healed: false, ...(remedy !== undefined && { remedy }) };
}
