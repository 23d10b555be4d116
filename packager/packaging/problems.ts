import { ArtifactError, ArtifactErrors } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { ArtifactErrorCode } from '../../repository/index.ts';
import type { Place } from '../template/place.ts';
import { formatPosition, sourcePlace, subjectOf } from '../template/place.ts';
import { pool } from './pool.ts';

/** So many artifacts are made and looked for at once: what is far away is waited for together. How much is packed and sent at once, is bounded elsewhere. */
const AT_ONCE = 32;

/** Of one error, or of several in one. @throws whatever is no ArtifactError: a defect, or the end of the run */
export function problemsOf(error: unknown): readonly ArtifactError[] {
  if (error instanceof ArtifactErrors) return error.problems;
  if (error instanceof ArtifactError) return [error];
  throw error;
}

/** The problem at its place: `file:line:column: Property of 'Resource' (Type): …`. What stands in a file of its own keeps that. */
export function placed(place: Place, error: ArtifactError): ArtifactError {
  if (error.place !== undefined || error.code === 'INVALID_TEMPLATE') return error;
  return new ArtifactError(error.code, `${formatPosition(place.position)}: ${subjectOf(place)}: ${error.message}`, {
    place: sourcePlace(place),
    ...(error.remedy !== undefined && { remedy: error.remedy }),
    cause: error,
  });
}

/**
 * Works on all, several at once, begun in order. After a failure nothing new is begun, because what failed once, a full disk or a missing permission,
 * mostly fails for all; every failure of what was under way is told, at the place that names what failed.
 * @throws ArtifactErrors
 */
export async function eachAtItsPlace<T extends { readonly place: Place }>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const problems: ArtifactError[] = [];
  await pool(items, AT_ONCE, async (item) => {
    if (problems.length > 0) return;
    try {
      await work(item);
    } catch (error) {
      for (const problem of problemsOf(error)) {
        problems.push(CONCERNS[problem.code] === 'artifact' ? placed(item.place, problem) : problem);
      }
    }
  });
  refuse(toldOnce(problems));
}

/** What is wrong with the store is wrong for everything that was under way. */
function toldOnce(problems: readonly ArtifactError[]): readonly ArtifactError[] {
  return problems.filter(
    (problem, index) =>
      CONCERNS[problem.code] === 'artifact' || problems.findIndex(({ code }) => code === problem.code) === index,
  );
}

/** Whether an error is of the one artifact that was worked on, or of the whole run. */
const CONCERNS: Readonly<Record<ArtifactErrorCode, 'artifact' | 'run'>> = {
  INVALID_ARGUMENT: 'artifact',
  INVALID_ARN: 'artifact',
  INVALID_NAME: 'artifact',
  INVALID_KEY: 'artifact',
  INVALID_TEMPLATE: 'artifact',
  INVALID_CONFIGURATION: 'run',
  PATH_NOT_FOUND: 'artifact',
  PATH_UNREADABLE: 'artifact',
  PATH_OF_WRONG_KIND: 'artifact',
  PATH_OUTSIDE_PROJECT: 'artifact',
  BUILD_FAILED: 'artifact',
  SOURCE_CHANGED: 'artifact',
  ARTIFACT_NOT_FOUND: 'artifact',
  ARTIFACT_DELETED: 'artifact',
  ARTIFACT_ARCHIVED: 'artifact',
  ARTIFACT_IN_USE: 'artifact',
  LABEL_TAKEN: 'artifact',
  STATUS_NOT_ALLOWED: 'artifact',
  STALE_REVISION: 'artifact',
  REPOSITORY_NOT_FOUND: 'run',
  ORIGIN_REFUSED: 'run',
  DOMAIN_NOT_FOUND: 'run',
  OUTPUT_FAILED: 'run',
  NO_CREDENTIALS: 'run',
  ACCESS_DENIED: 'run',
  WRONG_OWNER: 'run',
  BUCKET_NOT_FOUND: 'run',
  UNSUPPORTED_STORE: 'run',
  UNSUPPORTED_FORMAT: 'run',
  DIGEST_MISMATCH: 'artifact',
  CONTENT_MISSING: 'artifact',
  STORE_FULL: 'run',
  STORE_UNAVAILABLE: 'run',
  CONTENTION: 'artifact',
  SUPERSEDED: 'run',
  INTERRUPTED: 'run',
};
