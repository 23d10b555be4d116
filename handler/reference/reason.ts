import type { ArtifactErrorCode } from '../../repository/error.ts';
import { ArtifactError, ArtifactErrors } from '../../repository/error.ts';

const BOOTSTRAP = "Run 'cfn-artifacts bootstrap' in this account and region, then deploy again.";
const AGAIN = 'Deploy again.';

/** Where the usual remedy is for people at a command line, or there is none. */
const REMEDIES: Partial<Readonly<Record<ArtifactErrorCode, string>>> = {
  BUCKET_NOT_FOUND: BOOTSTRAP,
  DOMAIN_NOT_FOUND: BOOTSTRAP,
  UNSUPPORTED_FORMAT: BOOTSTRAP,
  INVALID_CONFIGURATION: BOOTSTRAP,
  ACCESS_DENIED: `The role of the reference function, the policy of the bucket or that of its KMS key was changed. ${BOOTSTRAP}`,
  STORE_UNAVAILABLE: AGAIN,
  CONTENTION: AGAIN,
};

/** For people: what is wrong, and what to do about it. */
export function reasonOf(error: unknown): string {
  if (error instanceof ArtifactErrors) return error.problems.map(reasonOf).join(' ');
  if (!(error instanceof ArtifactError)) {
    return `The reference function failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}. Its log says more.`;
  }
  const remedy = REMEDIES[error.code] ?? error.remedy;
  return `${error.message}.${remedy === undefined ? '' : ` ${remedy}`}`;
}
