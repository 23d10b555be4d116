import type { ArtifactErrorCode } from '../../repository/error.ts';

/** What a shell sees. Fixed: scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** A defect in this program. */
  defect: 1,
  /** The input, or how the command was called, must change. */
  input: 2,
  /** Credentials, permissions, an owner, a bucket or a domain must change. */
  access: 3,
  /** The same command may succeed if it is tried again. */
  retry: 4,
  /** The command did what it was asked, and what it looked for is there: something that somebody must see to. Never with an error. */
  findings: 5,
  /** Ctrl-C or SIGTERM, as shells count it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A new error code does not compile until its exit code is chosen here. */
export const EXIT_CODES: Readonly<Record<ArtifactErrorCode, ExitCode>> = {
  INVALID_ARGUMENT: EXIT.input,
  INVALID_ARN: EXIT.input,
  INVALID_NAME: EXIT.input,
  INVALID_KEY: EXIT.input,
  INVALID_TEMPLATE: EXIT.input,
  INVALID_CONFIGURATION: EXIT.input,
  PATH_NOT_FOUND: EXIT.input,
  PATH_UNREADABLE: EXIT.input,
  PATH_OF_WRONG_KIND: EXIT.input,
  PATH_OUTSIDE_PROJECT: EXIT.input,
  BUILD_FAILED: EXIT.input,
  ARTIFACT_NOT_FOUND: EXIT.input,
  ARTIFACT_DELETED: EXIT.input,
  ARTIFACT_ARCHIVED: EXIT.input,
  ARTIFACT_IN_USE: EXIT.input,
  LABEL_TAKEN: EXIT.input,
  STATUS_NOT_ALLOWED: EXIT.input,
  STALE_REVISION: EXIT.input,
  REPOSITORY_NOT_FOUND: EXIT.input,
  ORIGIN_REFUSED: EXIT.input,
  DOMAIN_NOT_FOUND: EXIT.access,
  OUTPUT_FAILED: EXIT.input,
  NO_CREDENTIALS: EXIT.access,
  ACCESS_DENIED: EXIT.access,
  WRONG_OWNER: EXIT.access,
  BUCKET_NOT_FOUND: EXIT.access,
  UNSUPPORTED_STORE: EXIT.access,
  UNSUPPORTED_FORMAT: EXIT.access,
  SOURCE_CHANGED: EXIT.retry,
  DIGEST_MISMATCH: EXIT.retry,
  CONTENT_MISSING: EXIT.retry,
  STORE_FULL: EXIT.retry,
  STORE_UNAVAILABLE: EXIT.retry,
  CONTENTION: EXIT.retry,
  SUPERSEDED: EXIT.retry,
  INTERRUPTED: EXIT.interrupted,
};

/** The end of every help text. */
export const EXIT_STATUS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.defect, 'a defect in this program: please report it'],
  [EXIT.input, 'your input: usage, a template, a path, a name, an artifact that does not exist'],
  [EXIT.access, 'your access: credentials, permission, owner, bucket, domain'],
  [EXIT.retry, 'may succeed if tried again: store unavailable, damaged or full, contention, source changed meanwhile'],
  [
    EXIT.findings,
    'done, and something was found that must be seen to (audit, verify, doctor, delete --unused, gc, diff --exit-code)',
  ],
  [EXIT.interrupted, 'interrupted'],
];
