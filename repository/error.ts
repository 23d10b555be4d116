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
  | 'BUILD_FAILED'
  | 'SOURCE_CHANGED'
  | 'ARTIFACT_NOT_FOUND'
  | 'ARTIFACT_DELETED'
  | 'ARTIFACT_ARCHIVED'
  | 'ARTIFACT_IN_USE'
  | 'LABEL_TAKEN'
  | 'STATUS_NOT_ALLOWED'
  | 'STALE_REVISION'
  | 'REPOSITORY_NOT_FOUND'
  | 'ORIGIN_REFUSED'
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
  | 'SUPERSEDED'
  | 'INTERRUPTED';

/** A place in a file of the user's that something is said about. */
export interface SourcePlace {
  /** As the user knows it: relative to the working directory where that is shorter. */
  readonly file: string;
  /** As an editor counts, from 1. */
  readonly line: number;
  /** As an editor counts, from 1. */
  readonly column: number;
  /** Logical ID; absent outside of a template's resources. */
  readonly resource?: string;
  /** Dotted: `Code`, `Command.ScriptLocation`. */
  readonly property?: string;
  /** `AWS::Lambda::Function`, `Fn::Artifact` … */
  readonly type?: string;
}

export interface ArtifactErrorOptions {
  /** What the reader can do about it: a full sentence, or a command. */
  readonly remedy?: string;
  /** Where it stands. The message then need not say it: whoever prints it, does. */
  readonly place?: SourcePlace;
  readonly cause?: unknown;
}

/**
 * The one error class. `message` is lower-case, has no full stop, and names its subject in single quotes; what stands in a file has a `place`.
 * Code that decides asks for `code`.
 */
export class ArtifactError extends Error {
  readonly code: ArtifactErrorCode;
  readonly remedy: string | undefined;
  readonly place: SourcePlace | undefined;

  constructor(code: ArtifactErrorCode, message: string, options: ArtifactErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ArtifactError';
    this.code = code;
    this.remedy = options.remedy;
    this.place = options.place;
  }
}

/** All problems of one input at once. Its own message counts them; `problems` holds each. */
export class ArtifactErrors extends ArtifactError {
  readonly problems: readonly ArtifactError[];

  constructor(problems: readonly [ArtifactError, ...ArtifactError[]]) {
    const [{ code, message, remedy, place }] = problems;
    const isAlone = problems.length === 1;
    super(code, isAlone ? message : `${problems.length} problems`, {
      ...(isAlone && remedy !== undefined && { remedy }),
      ...(isAlone && place !== undefined && { place }),
    });
    this.name = 'ArtifactErrors';
    this.problems = problems;
  }
}

/** @throws ArtifactErrors with all of them, where there are any: of one problem, too */
export function refuse([first, ...others]: readonly ArtifactError[]): void {
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
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
