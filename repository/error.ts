/**
 * Every way in which this program fails on purpose. Messages are for people and may change; codes are
 * API and don't.
 */
export type ArtifactErrorCode =
  // your input
  | 'INVALID_ARGUMENT'
  | 'INVALID_ARN'
  | 'INVALID_NAME'
  | 'INVALID_KEY'
  | 'INVALID_TEMPLATE'
  | 'INVALID_CONFIGURATION'
  | 'PATH_NOT_FOUND'
  | 'PATH_UNREADABLE'
  | 'PATH_OF_WRONG_KIND'
  | 'PATH_OUTSIDE_PROJECT'
  | 'SOURCE_CHANGED'
  | 'ARTIFACT_NOT_FOUND'
  | 'ARTIFACT_DELETED'
  | 'ARTIFACT_ARCHIVED'
  | 'DOMAIN_NOT_FOUND'
  | 'OUTPUT_FAILED'
  // your access
  | 'NO_CREDENTIALS'
  | 'ACCESS_DENIED'
  | 'WRONG_OWNER'
  | 'BUCKET_NOT_FOUND'
  // the store
  | 'UNSUPPORTED_STORE'
  | 'UNSUPPORTED_FORMAT'
  | 'DIGEST_MISMATCH'
  | 'CONTENT_MISSING'
  | 'STORE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'CONTENTION'
  | 'INTERRUPTED';

export interface ArtifactErrorOptions {
  /** What the reader can do about it: a full sentence, or a command. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * The one error class. `message` is lower-case, has no full stop, names its subject in single quotes and,
 * for templates, its place as file:line:column. Code that decides asks for `code`.
 */
export class ArtifactError extends Error {
  readonly code: ArtifactErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ArtifactErrorCode, message: string, options: ArtifactErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ArtifactError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** All problems of one input at once. Its own message counts them; `problems` holds each. */
export class ArtifactErrors extends ArtifactError {
  readonly problems: readonly ArtifactError[];

  constructor(problems: readonly [ArtifactError, ...ArtifactError[]]) {
    super(problems[0].code, problems.length === 1 ? problems[0].message : `${problems.length} problems`);
    this.name = 'ArtifactErrors';
    this.problems = problems;
  }
}

/**
 * Asks a foreign error for its code (`ENOENT`, `NoSuchBucket`), never for its class: classes differ between realms
 * and between copies of a package.
 */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return codes.some((wanted) => code === wanted || name === wanted);
}
