import type { ArtifactErrorCode } from '../error.ts';
import { ArtifactError, ArtifactErrors } from '../error.ts';
import type { KeeperAnswer, KeeperCommand } from './command.ts';

/** One thing that is wrong, as it goes over the wire. */
interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What goes over the wire: an answer, or the error that a command came to. */
export type KeeperReply = KeeperAnswer | { readonly error: PlainError & { readonly problems?: readonly PlainError[] } };

/** A code is known to the other side, or it is told there as one that is not. A new one does not compile until it stands here. */
const CODES: Readonly<Record<ArtifactErrorCode, true>> = {
  INVALID_ARGUMENT: true,
  INVALID_ARN: true,
  INVALID_NAME: true,
  INVALID_KEY: true,
  INVALID_TEMPLATE: true,
  INVALID_CONFIGURATION: true,
  PATH_NOT_FOUND: true,
  PATH_UNREADABLE: true,
  PATH_OF_WRONG_KIND: true,
  PATH_OUTSIDE_PROJECT: true,
  BUILD_FAILED: true,
  SOURCE_CHANGED: true,
  ARTIFACT_NOT_FOUND: true,
  ARTIFACT_DELETED: true,
  ARTIFACT_ARCHIVED: true,
  ARTIFACT_IN_USE: true,
  LABEL_TAKEN: true,
  STATUS_NOT_ALLOWED: true,
  STALE_REVISION: true,
  REPOSITORY_NOT_FOUND: true,
  ORIGIN_REFUSED: true,
  DOMAIN_NOT_FOUND: true,
  OUTPUT_FAILED: true,
  NO_CREDENTIALS: true,
  ACCESS_DENIED: true,
  WRONG_OWNER: true,
  BUCKET_NOT_FOUND: true,
  UNSUPPORTED_STORE: true,
  UNSUPPORTED_FORMAT: true,
  DIGEST_MISMATCH: true,
  CONTENT_MISSING: true,
  STORE_FULL: true,
  STORE_UNAVAILABLE: true,
  CONTENTION: true,
  SUPERSEDED: true,
  INTERRUPTED: true,
};

/** A failure as it is sent: code, message and remedy of the error, and of each problem where it collects several. Stack and cause stay behind. */
export function replyOf(error: ArtifactError): KeeperReply {
  const problems = error instanceof ArtifactErrors ? error.problems.map(plain) : undefined;
  return { error: { ...plain(error), ...(problems !== undefined && { problems }) } };
}

function plain({ code, message, remedy }: ArtifactError): PlainError {
  return { code, message, ...(remedy !== undefined && { remedy }) };
}

/**
 * @param text JSON, as the keeper sent it
 * @throws the ArtifactError that the command came to there; UNSUPPORTED_FORMAT where it is no reply of a keeper
 */
export function answerOf(text: string): KeeperAnswer {
  const reply = objectOf(parsed(text));
  if (reply === undefined) throw notUnderstood(text);
  if (reply['error'] !== undefined) throw errorOf(reply['error'], text);
  const { results, next, looked, bySizeAlone } = reply;
  if (!Array.isArray(results) || !results.every((one) => objectOf(one) !== undefined)) throw notUnderstood(text);
  const command = objectOf(next);
  if (next !== undefined && typeof command?.['command'] !== 'string') throw notUnderstood(text);
  return {
    results: results as readonly object[],
    // Sent back as it came: it is the keeper that has to understand it.
    ...(command !== undefined && { next: command as unknown as KeeperCommand }),
    ...(typeof looked === 'number' && { looked }),
    ...(typeof bySizeAlone === 'number' && { bySizeAlone }),
  };
}

function errorOf(value: unknown, text: string): ArtifactError {
  const problems = objectOf(value)?.['problems'];
  const [first, ...rest] = (Array.isArray(problems) ? problems : []).map((one) => oneErrorOf(one, text));
  return first === undefined ? oneErrorOf(value, text) : new ArtifactErrors([first, ...rest]);
}

function oneErrorOf(value: unknown, text: string): ArtifactError {
  const { code, message, remedy } = objectOf(value) ?? {};
  if (typeof code !== 'string' || typeof message !== 'string') return notUnderstood(text);
  const advice = typeof remedy === 'string' ? remedy : undefined;
  if (isCode(code)) return new ArtifactError(code, message, advice === undefined ? {} : { remedy: advice });
  return new ArtifactError(
    'UNSUPPORTED_FORMAT',
    `the keeper says, in a word that this version does not know ('${code}'): ${message}`,
    {
      remedy: `${advice === undefined ? '' : `${advice}\n`}The keeper is newer than this program: update cfn-artifacts.`,
    },
  );
}

function isCode(code: string): code is ArtifactErrorCode {
  return Object.hasOwn(CODES, code);
}

function notUnderstood(text: string): ArtifactError {
  return new ArtifactError(
    'UNSUPPORTED_FORMAT',
    `the keeper answered what this version does not understand: '${text.slice(0, 200)}'`,
    {
      remedy: "Update cfn-artifacts, then the keeper with 'cfn-artifacts bootstrap'.",
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
