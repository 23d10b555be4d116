import { ArtifactError } from '../error.ts';
import type { Digest } from '../digest.ts';

/** What a verification can find, the worst first. What each means, and what is done about it, is told in docs/verify.md. */
export const VERIFY_KINDS = [
  'lost',
  'hidden',
  'damaged',
  'missing',
  'unheld',
  'unfinished',
  'dangling',
  'unpaired',
  'unreadable',
  'foreign',
  'unknown',
  'condemned',
  'leftover',
  'unsettled',
] as const;
export type VerifyKind = (typeof VERIFY_KINDS)[number];

/** Nothing is wrong, and nobody has to see to it: the next collection, or whoever is at it, does. */
const HARMLESS: readonly VerifyKind[] = ['condemned', 'leftover', 'unsettled'];

/** What a verification found. Plain JSON. */
export interface VerifyFinding {
  readonly kind: VerifyKind;
  /** Of the object that it is about, be it there or not. */
  readonly key: string;
  /** What is concerned: versions, or what a consumer uses. */
  readonly arns?: readonly string[];
  readonly digest?: Digest;
  /** Who uses it, where that is a stack, or was. */
  readonly stackId?: string;
  readonly logicalId?: string;
  /** Who uses it, where that was recorded by hand. */
  readonly consumer?: string;
  /** How it is, in words that go on after the subject. */
  readonly why: string;
  readonly healed: boolean;
  /** That `--fix` can heal it, where nobody asked for it. */
  readonly healable?: true;
  /** Why healing it failed, or what it left to see to. Absent where nobody asked for it, and where nothing can be healed from here. */
  readonly failure?: string;
  /** What people can do about it. */
  readonly remedy?: string;
}

/** Whether somebody has to see to it. */
export function isLeftToSee({ kind, healed }: Pick<VerifyFinding, 'kind' | 'healed'>): boolean {
  return !healed && !HARMLESS.includes(kind);
}

/** Something wrong, and what heals it. */
export interface Problem {
  readonly finding: Omit<VerifyFinding, 'healed' | 'healable' | 'failure'>;
  /** Absent where nothing can be done from here without the risk of a loss. @returns why it was not healed, if it was not */
  readonly heal?: () => Promise<string | undefined>;
}

/** What is told of an item beside what is wrong with it. */
export interface Notes {
  /** Pieces of content of which the store tells no digest, so that without reading them their size alone was compared. */
  bySizeAlone: number;
}

/**
 * Several problems of one object are told as one, so that whoever goes on behind the object has heard of all of them.
 * @param findings of one object
 */
export function merged(findings: readonly VerifyFinding[]): VerifyFinding | undefined {
  const all = findings.toSorted((a, b) => rankOf(a) - rankOf(b));
  const [worst] = all;
  if (worst === undefined || all.length === 1) return worst;
  const { kind, key, digest, stackId, logicalId, consumer } = worst;
  const arns = [...new Set(all.flatMap((one) => one.arns ?? []))];
  const failures = all.map(({ failure }) => failure);
  const remedies = all.map(({ healed, remedy }) => (healed ? undefined : remedy));
  return {
    ...{ kind, key },
    ...(arns.length > 0 && { arns }),
    ...(digest !== undefined && { digest }),
    ...(stackId !== undefined && { stackId }),
    ...(logicalId !== undefined && { logicalId }),
    ...(consumer !== undefined && { consumer }),
    why: joined(
      all.map(({ why }) => why),
      '; ',
    ),
    healed: all.every(({ healed }) => healed),
    ...(all.every(({ healable }) => healable) && { healable: true }),
    ...(failures.some(Boolean) && { failure: joined(failures, '; ') }),
    ...(remedies.some(Boolean) && { remedy: joined(remedies, '\n') }),
  };
}

function joined(texts: readonly (string | undefined)[], by: string): string {
  return [...new Set(texts.filter((text) => text !== undefined))].join(by);
}

/** What is not healed goes before what is. */
function rankOf({ kind, healed }: VerifyFinding): number {
  return VERIFY_KINDS.indexOf(kind) + (healed ? VERIFY_KINDS.length : 0);
}

/** Of what stands where records or content are, and is neither. */
export function foreign(key: string): Problem {
  const why = 'its key is none that this version understands';
  const remedy =
    'Somebody else, or a newer version, has put it there. Nothing reads it; what is not needed may be removed by hand.';
  return { finding: { kind: 'foreign', key, why, remedy } };
}

const RESTORE = 'If it was damaged, put the object back from a backup.';

/** What could not be looked at. @throws what ends the verification: interruption, and defects of this program */
export function unlooked(error: unknown, key: string): VerifyFinding {
  if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
  const { code, message, remedy } = error;
  // The key stands in the finding.
  const why = message.replace(`'${key}' in the store is not a record`, 'it is not a record');
  if (code !== 'UNSUPPORTED_FORMAT')
    return { kind: 'unknown', key, why, healed: false, ...(remedy !== undefined && { remedy }) };
  return { kind: 'unreadable', key, why, healed: false, remedy: [remedy, RESTORE].filter(Boolean).join(' ') };
}
