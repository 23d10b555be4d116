import { ArtifactError, hasCode } from '../error.ts';
import type { PolicyDocument, Statement } from './policy.ts';
import { allowsAll, parsePolicy, policyDifference, policyText, samePolicy, withStatements } from './policy.ts';
import type { Sharing } from './records.ts';

/** Something of AWS's whose policy follows what a domain shares and demands. */
export interface Target {
  /** What would change there, and how it is done. `undefined`: it is as it must be. @throws ArtifactError INVALID_CONFIGURATION where it does not fit */
  readonly plan: (sharing: Sharing) => Promise<PlannedChange | undefined>;
}

export interface PlannedChange {
  /** For people: whose policy it is. */
  readonly what: string;
  /** With `-` and `+`. */
  readonly lines: readonly string[];
  /** Whether there stands what this sharing would be: what is written next leads away from it. */
  readonly isSaid: (sharing: Sharing) => boolean;
  /** Whether everybody has there already what this sharing lets them have, whoever else does. */
  readonly isAllowed: (sharing: Sharing) => boolean;
  /**
   * @returns `changed`: somebody else was faster, and nothing was done
   * @throws InvalidPrincipal
   */
  readonly apply: () => Promise<'done' | 'changed'>;
}

/** AWS takes no policy that names an account which does not exist, or no longer, and so none of the others either. */
export class InvalidPrincipal extends Error {
  /** What AWS says of it, which may name it, or not. */
  readonly detail: string;

  constructor(detail: string, cause: unknown) {
    super(`invalid principal: ${detail}`, { cause });
    this.detail = detail;
  }
}

/** A policy that is read and written whole, without a condition. */
export interface PolicyText {
  readonly read: () => Promise<string | undefined>;
  /** @throws InvalidPrincipal */
  readonly write: (text: string) => Promise<void>;
}

interface WholePolicy extends PolicyText {
  readonly what: string;
  /** Bytes. */
  readonly limit: number;
  readonly wanted: (sharing: Sharing) => readonly object[];
  readonly isOwn: (sid: unknown) => boolean;
}

/** Neither S3 nor KMS compares before it writes: so it is looked again right before, and whoever uses this looks once more afterwards. */
export function wholePolicyTarget({ what, limit, read, write, wanted, isOwn }: WholePolicy): Target {
  const after = (before: PolicyDocument, sharing: Sharing): PolicyDocument =>
    withStatements(before, wanted(sharing) as readonly Statement[], isOwn);
  return {
    plan: async (sharing) => {
      const text = await read();
      const before = parsePolicy(text, what);
      const policy = after(before, sharing);
      if (samePolicy(before, policy)) return undefined;
      const written = policyText(policy);
      requireRoom(what, Buffer.byteLength(written), limit);
      return {
        what,
        lines: policyDifference(before, policy),
        isSaid: (other) => samePolicy(before, after(before, other)),
        isAllowed: (other) =>
          allowsAll(
            before.Statement.filter(({ Sid }) => isOwn(Sid)),
            wanted(other) as readonly Statement[],
          ),
        apply: async () => {
          if ((await read()) !== text) return 'changed';
          await write(written);
          return 'done';
        },
      };
    },
  };
}

function requireRoom(what: string, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw tooLarge(
    what,
    `the policy of ${what} would have ${bytes.toLocaleString('en')} bytes, and AWS takes ${limit.toLocaleString('en')}`,
  );
}

export function tooLarge(what: string, message: string, cause?: unknown): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', message, {
    remedy: `Nothing of ${what} was changed. Share with an organization or a unit instead of single accounts, or a path with all below it ('shop/**') instead of single IDs; or revoke what is no longer needed.`,
    cause,
  });
}

/** Whether AWS says that a principal is none. */
export function isInvalidPrincipal(error: unknown): boolean {
  const isPolicy = hasCode(
    error,
    ...[
      'MalformedPolicy',
      'MalformedPolicyDocumentException',
      'MalformedPolicyDocument',
      'InvalidParameterValueException',
    ],
  );
  return isPolicy && error instanceof Error && /principal/i.test(error.message);
}

/** All that AWS tells of an error: what is wrong may stand beside the message. */
export function detailOf(error: unknown): string {
  const { message, Detail: detail } = error as Error & { readonly Detail?: unknown };
  return typeof detail === 'string' ? `${message}: ${detail}` : message;
}
