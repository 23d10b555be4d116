import { parseArn } from '../arn.ts';
import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import { ArtifactError, refuse } from '../error.ts';
import { isPromotionId } from '../keys.ts';
import { parseConsumer } from '../named.ts';
import { isVersionNumber, parseRepository, parseSegment, parseSelector } from '../name.ts';
import { isGeneration } from '../physical-id.ts';
import { shownValue } from '../shown.ts';
import { parseStackId } from '../stack-id.ts';
import type { Status } from '../status.ts';
import { STATUSES } from '../status.ts';
import type { TargetStatus } from '../status-target.ts';
import { TARGETS } from '../status-target.ts';

/** Everything that only a domain's keeper may do, as it is sent to it: JSON. Each may be sent again. */
export type KeeperCommand =
  /** Lifts the condemnation of a blob; no results. */
  | { readonly command: 'cancel'; readonly digest: Digest }
  /** Completes a deletion that was decided; no results. */
  | { readonly command: 'finish'; readonly digest: Digest }
  /** Lets the time begin anew for which a version may be unused, before a rule takes it; no results. One that is being deleted stays as it is. */
  | { readonly command: 'renew'; readonly arn: string }
  /** Records that a consumer which is no stack needs a version. `arn` is definite. One result: a NamedReference. */
  | {
      readonly command: 'reference-add';
      readonly arn: string;
      readonly consumer: string;
      readonly resolvedFrom?: string;
    }
  /**
   * Removes what the consumer recorded: of one version (a definite ARN), or of all versions of an artifact. Results: RemovedReferences, none where
   * there was nothing. `after` is the version where an earlier piece ended: older ones are left.
   */
  | {
      readonly command: 'reference-remove';
      readonly arn: string;
      readonly consumer: string;
      readonly after?: string;
    }
  /**
   * Deletes versions that nobody needs, newest first, and condemns what they held: a version, all versions of an artifact or `versions` of it, or those that
   * hold some content. `dryRun` tells what would become of each. `now` waives the quarantine, never the look at who needs it. `after` is the version where an
   * earlier piece ended. Results: DeletedVersions, those that are used among them.
   */
  | {
      readonly command: 'delete';
      readonly arn: string;
      readonly dryRun: boolean;
      readonly now: boolean;
      readonly versions?: readonly number[];
      readonly after?: string;
    }
  /** Takes the deletion of a version back. One result: an UndeletedVersion. */
  | { readonly command: 'undelete'; readonly arn: string }
  /**
   * Lets a bookmark name a version. `expected` is the version that it must name now, 0: none; `by` says who wants it, for people. One result: a
   * BookmarkMove.
   */
  | {
      readonly command: 'bookmark-set';
      readonly arn: string;
      readonly bookmark: string;
      readonly expected?: number;
      readonly by?: string;
    }
  /** Lets a bookmark of an artifact name nothing any more; its history stays. One result: a BookmarkEnd. */
  | {
      readonly command: 'bookmark-delete';
      readonly arn: string;
      readonly bookmark: string;
      readonly expected?: number;
      readonly by?: string;
    }
  /** Gives a version another status, from `expected`, where that is told. One result: a ChangedStatus, `used` where it would lose its content and somebody needs it. */
  | {
      readonly command: 'status-set';
      readonly arn: string;
      readonly status: TargetStatus;
      readonly expected?: Status;
    }
  /** Makes a candidate Published that was chosen: its label stands for it, or its promotion is recorded. One result: a ChangedStatus. */
  | { readonly command: 'complete'; readonly arn: string }
  /**
   * Compares references with what is deployed. `stack` is the ID of the only stack to look at; `after` is where an earlier piece ended. Results:
   * Findings.
   */
  | { readonly command: 'audit'; readonly fix: boolean; readonly stack?: string; readonly after?: string }
  /**
   * Compares what the store has with what its records say. `deep` reads all content; `repository` is the only one to look at; `after` is where an
   * earlier piece ended. Results: VerifyFindings.
   */
  | {
      readonly command: 'verify';
      readonly fix: boolean;
      readonly deep: boolean;
      readonly repository?: string;
      readonly after?: string;
    }
  /**
   * Makes a plan of what would go, and stores it. `id` is new for every plan, and the same for all its pieces; `now` waives the quarantine; `repository` is the only
   * one to look at, without the content that is of none; `verbose` tells of the versions that stay; `after` is where an earlier piece ended. Results: PlanItems, and last
   * a PlanSummary.
   */
  | {
      readonly command: 'gc-plan';
      readonly id: string;
      readonly now: boolean;
      readonly verbose: boolean;
      readonly repository?: string;
      readonly after?: string;
    }
  /** Carries out what a plan says, and nothing else. `plan` is its digest; `after` is where an earlier piece ended. Results: RunResults. */
  | { readonly command: 'gc-run'; readonly plan: Digest; readonly after?: string }
  /**
   * Deletes a repository with its versions, if nobody needs any of them. `dryRun` tells what would become of each; `after` is where an earlier piece ended.
   * Results: DeletedVersions, those that are used among them, and last a DeletedRepository.
   */
  | {
      readonly command: 'repository-delete';
      readonly repository: string;
      readonly dryRun: boolean;
      readonly after?: string;
    }
  /**
   * Does what an event of CloudFormation's says of something that a stack declares: `resource` is its type, `physicalId` absent of a Create. One result: a
   * Declaration.
   */
  | {
      readonly command: 'declare';
      readonly type: 'Create' | 'Update' | 'Delete';
      readonly resource: string;
      readonly stackId: string;
      readonly logicalId: string;
      readonly requestId: string;
      readonly issued: string;
      readonly physicalId?: string;
      readonly properties: Readonly<Record<string, unknown>>;
    }
  /** Brings content here whose home is another domain, if it is not here: `filename` says which of a digest's is meant. One result: a Fetched. */
  | { readonly command: 'fetch'; readonly arn: string; readonly filename?: string }
  /** Tells the homes of what a stack's resource uses, or used, what is noted for them. Results: Tolds. */
  | { readonly command: 'tell'; readonly stackId: string; readonly logicalId: string; readonly generation?: string }
  /**
   * Tags the content of versions with what it is shared as: of these, or of all that a repository has, from which it may have to be taken back. `after` is where an earlier piece ended. Results:
   * TaggedVersions, of those alone where something was changed.
   */
  | {
      readonly command: 'tag-shared';
      readonly arns?: readonly string[];
      readonly repository?: string;
      readonly after?: string;
    }
  /** Has it told that versions were published, and promoted, and has their content tagged: of what is there; no results. */
  | { readonly command: 'announce'; readonly arns: readonly string[] }
  /** Records that what was promoted is needed for as long as the versions exist that it became. Results: HeldSources; none where there is no such promotion. */
  | { readonly command: 'hold-promotion'; readonly repository: string; readonly promotion: string }
  /** What is due by schedule. Results: a Tended for each task that was. */
  | { readonly command: 'tend' };

/** What the keeper did in the time that it had. `next` is the command that goes on from there; absent when all is done. */
export interface KeeperAnswer {
  readonly results: readonly object[];
  /** How much an audit or a verification has looked at in this piece, of whatever it found. */
  readonly looked?: number;
  /** Of a verification: so many pieces of content were compared by their size alone. Absent: none. */
  readonly bySizeAlone?: number;
  readonly next?: KeeperCommand;
}

/** Hands one command to a keeper, wherever it is, and waits for its answer. @throws ArtifactError as the keeper did */
export type AskKeeper = (command: KeeperCommand) => Promise<KeeperAnswer>;

/** Says what is wrong with a member; `INVALID_ARGUMENT` behind the member's name. */
type Check = (value: unknown) => ArtifactError | undefined;
type Members<C> = {
  readonly [K in Exclude<keyof C, 'command'>]-?: { readonly check: Check; readonly optional: boolean };
};

/** The members of each command. A new command does not compile until they are told here. */
const COMMANDS: { readonly [C in KeeperCommand['command']]: Members<Extract<KeeperCommand, { command: C }>> } = {
  cancel: { digest: required(digest) },
  finish: { digest: required(digest) },
  renew: { arn: required(version) },
  'reference-add': {
    arn: required(definiteArn),
    consumer: required(consumer),
    resolvedFrom: optional(bookmark),
  },
  'reference-remove': {
    arn: required(versionOrArtifact),
    consumer: required(consumer),
    after: optional(versionNumber),
  },
  delete: {
    arn: required(withoutAsset),
    dryRun: required(boolean),
    now: required(boolean),
    versions: optional(versionNumbers),
    after: optional(versionNumber),
  },
  undelete: { arn: required(version) },
  fetch: { arn: required(withContent), filename: optional(filename) },
  tell: { stackId: required(stackId), logicalId: required(logicalId), generation: optional(requestId) },
  'bookmark-set': {
    arn: required(version),
    bookmark: required(bookmarkName),
    expected: optional(countOrNone),
    by: optional(person),
  },
  'bookmark-delete': {
    arn: required(artifact),
    bookmark: required(bookmarkName),
    expected: optional(countOrNone),
    by: optional(person),
  },
  'status-set': { arn: required(version), status: required(targetStatus), expected: optional(status) },
  complete: { arn: required(version) },
  audit: { fix: required(boolean), stack: optional(stackId), after: optional(text) },
  verify: {
    fix: required(boolean),
    deep: required(boolean),
    repository: optional(repositoryName),
    after: optional(text),
  },
  'gc-plan': {
    id: required(planId),
    now: required(boolean),
    verbose: required(boolean),
    repository: optional(repositoryName),
    after: optional(text),
  },
  'gc-run': { plan: required(digest), after: optional(text) },
  'repository-delete': {
    repository: required(repositoryName),
    dryRun: required(boolean),
    after: optional(text),
  },
  declare: {
    type: required(eventType),
    resource: required(text),
    stackId: required(stackId),
    logicalId: required(logicalId),
    requestId: required(requestId),
    issued: required(time),
    physicalId: optional(text),
    properties: required(members),
  },
  'tag-shared': { arns: optional(versions), repository: optional(repositoryName), after: optional(text) },
  announce: { arns: required(versions) },
  'hold-promotion': { repository: required(repositoryName), promotion: required(promotionId) },
  tend: {},
};

/** Bytes of JSON. What is refused is told, and logged: nobody has more of it told than this. No command that means anything comes near it. */
const LIMIT = 16 * 1024;

const UPDATE = "If the command is a newer one: update the keeper with 'cfn-artifacts bootstrap'.";

/**
 * Strict: what is not known is refused, because it may have been meant to hold something back.
 * @throws ArtifactErrors INVALID_ARGUMENT and what the members' own rules say, all at once
 */
export function parseCommand(value: unknown): KeeperCommand {
  const { command, ...given } = membersOf(value);
  const size = Buffer.byteLength(JSON.stringify(value));
  if (size > LIMIT) throw invalid(`a command is at most ${LIMIT} bytes of JSON, not ${size}`);
  if (typeof command !== 'string' || !isKnown(command)) {
    throw invalid(
      `the keeper has no command ${shown(command)}; it knows ${Object.keys(COMMANDS)
        .map((one) => `'${one}'`)
        .join(', ')}`,
      UPDATE,
    );
  }
  const members: Readonly<Record<string, { readonly check: Check; readonly optional: boolean } | undefined>> =
    COMMANDS[command];
  const problems = [
    ...Object.entries(members).flatMap(([name, member]) => {
      const one = given[name];
      if (one === undefined) return member?.optional === false ? [invalid(`'${command}' needs '${name}'`)] : [];
      const problem = member?.check(one);
      if (problem?.code !== 'INVALID_ARGUMENT') return problem ?? [];
      return [invalid(`'${name}' of '${command}' ${problem.message}`)];
    }),
    ...Object.keys(given)
      .filter((name) => !Object.hasOwn(members, name))
      .map((name) => invalid(`'${command}' takes no '${name}'`, UPDATE)),
  ];
  refuse(problems);
  return value as KeeperCommand;
}

function isKnown(command: string): command is KeeperCommand['command'] {
  return Object.hasOwn(COMMANDS, command);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`a command is a JSON object, not ${shown(value)}`, 'Send \'{"command": …}\'.');
}

function required(check: Check): { readonly check: Check; readonly optional: false } {
  return { check, optional: false };
}

function optional(check: Check): { readonly check: Check; readonly optional: true } {
  return { check, optional: true };
}

function boolean(value: unknown): ArtifactError | undefined {
  return typeof value === 'boolean' ? undefined : invalid(`must be true or false, not ${shown(value)}`);
}

function text(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && value !== '' ? undefined : invalid(`must be a text, not ${shown(value)}`);
}

function digest(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && isDigest(value)
    ? undefined
    : invalid(`must be 64 lower-case hexadecimal digits, not ${shown(value)}`);
}

/** Names a folder, and is none of a plan's digest. */
function planId(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9]{8,48}$/.test(value)
    ? undefined
    : invalid(`must be 8 to 48 letters and digits, not ${shown(value)}`);
}

function promotionId(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && isPromotionId(value)
    ? undefined
    : invalid(`must be the name of a promotion, 32 hexadecimal digits, not ${shown(value)}`);
}

function stackId(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && parseStackId(value) !== undefined
    ? undefined
    : invalid(`must be the ID of a stack, an ARN, not ${shown(value)}`);
}

function eventType(value: unknown): ArtifactError | undefined {
  return value === 'Create' || value === 'Update' || value === 'Delete'
    ? undefined
    : invalid(`must be Create, Update or Delete, not ${shown(value)}`);
}

/** A segment of a key, as CloudFormation has them. */
function logicalId(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9]{1,255}$/.test(value)
    ? undefined
    : invalid(`must be the logical ID of a resource, not ${shown(value)}`);
}

function requestId(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && isGeneration(value)
    ? undefined
    : invalid(`must be the RequestId of an event, not ${shown(value)}`);
}

/** Times of one precision: they are compared as texts. */
function time(value: unknown): ArtifactError | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return !Number.isNaN(date.getTime()) && date.toISOString() === value
    ? undefined
    : invalid(`must be a time like 2026-01-31T12:00:00.000Z, not ${shown(value)}`);
}

function members(value: unknown): ArtifactError | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : invalid(`must be an object, not ${shown(value)}`);
}

function versionNumber(value: unknown): ArtifactError | undefined {
  return typeof value === 'string' && isVersionNumber(value)
    ? undefined
    : invalid(`must be the number of a version, not ${shown(value)}`);
}

function versionNumbers(value: unknown): ArtifactError | undefined {
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => isVersionNumber(JSON.stringify(one)));
  return isList ? undefined : invalid(`must be a list of numbers of versions, not ${shown(value)}`);
}

/** A version, or 0. */
function countOrNone(value: unknown): ArtifactError | undefined {
  return value === 0 || (typeof value === 'number' && isVersionNumber(String(value)))
    ? undefined
    : invalid(`must be the number of a version, or 0 for none, not ${shown(value)}`);
}

/** Names of IAM's are shorter. */
const PERSON = 512;

function person(value: unknown): ArtifactError | undefined {
  const isName = typeof value === 'string' && value !== '' && value.length <= PERSON;
  return isName ? undefined : invalid(`must be a text of at most ${PERSON} characters, not ${shown(value)}`);
}

function oneOf(words: readonly string[]): Check {
  return (value) =>
    typeof value === 'string' && words.includes(value)
      ? undefined
      : invalid(`must be ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}, not ${shown(value)}`);
}

function targetStatus(value: unknown): ArtifactError | undefined {
  return oneOf(TARGETS)(value);
}

function status(value: unknown): ArtifactError | undefined {
  return oneOf(STATUSES)(value);
}

function bookmarkName(value: unknown): ArtifactError | undefined {
  return text(value) ?? problemOf(() => parseSegment('bookmark', value as string));
}

function consumer(value: unknown): ArtifactError | undefined {
  return text(value) ?? problemOf(() => parseConsumer(value as string));
}

function repositoryName(value: unknown): ArtifactError | undefined {
  return text(value) ?? problemOf(() => parseRepository(value as string));
}

function bookmark(value: unknown): ArtifactError | undefined {
  return text(value) ?? problemOf(() => parseSelector(value as string));
}

function definiteArn(value: unknown): ArtifactError | undefined {
  return arnWhere(value, ({ version, digest: hex }) => version !== undefined && hex !== undefined);
}

function versionOrArtifact(value: unknown): ArtifactError | undefined {
  return arnWhere(
    value,
    ({ version, digest: hex, asset }) => asset === undefined && (version === undefined) === (hex === undefined),
  );
}

/** A version, with its digest or without. */
function version(value: unknown): ArtifactError | undefined {
  return arnWhere(
    value,
    ({ version: number, asset }) => number !== undefined && asset === undefined,
    'does not name a version',
  );
}

/** An artifact as such. */
function artifact(value: unknown): ArtifactError | undefined {
  return arnWhere(
    value,
    (arn) => arn.version === undefined && arn.digest === undefined && arn.asset === undefined,
    'does not name an artifact alone',
    'arn:PARTITION:artifacts:REGION:ACCOUNT:REPOSITORY/ID',
  );
}

/** A version, one of its assets, or content by its digest. */
function withContent(value: unknown): ArtifactError | undefined {
  return arnWhere(
    value,
    ({ version: number, digest: hex }) => number !== undefined || hex !== undefined,
    'names an artifact, but none of its versions',
  );
}

/** The last segment of a key. */
function filename(value: unknown): ArtifactError | undefined {
  const isSegmentOfKey =
    typeof value === 'string' && value !== '' && value !== '.' && value !== '..' && !value.includes('/');
  return isSegmentOfKey ? undefined : invalid(`must be the name of a file, not ${shown(value)}`);
}

function versions(value: unknown): ArtifactError | undefined {
  if (!Array.isArray(value) || value.length === 0)
    return invalid(`must be a list of ARNs of versions, not ${shown(value)}`);
  return value.map(version).find((problem) => problem !== undefined);
}

/** An artifact, a version, content or both. */
function withoutAsset(value: unknown): ArtifactError | undefined {
  return arnWhere(value, ({ asset }) => asset === undefined, 'names one asset, and a version has all of its assets');
}

function arnWhere(
  value: unknown,
  isEnough: (arn: ReturnType<typeof parseArn>) => boolean,
  why = 'does not name a version with its digest',
  how = 'arn:PARTITION:artifacts:REGION:ACCOUNT:REPOSITORY/ID:VERSION@sha256:DIGEST',
): ArtifactError | undefined {
  const problem = text(value) ?? problemOf(() => parseArn(value as string));
  if (problem !== undefined || isEnough(parseArn(value as string))) return problem;
  return new ArtifactError('INVALID_ARN', `${shown(value)} ${why}`, {
    remedy: `Name one as ${how}.`,
  });
}

function problemOf(parse: () => unknown): ArtifactError | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
}

const shown = (value: unknown): string => shownValue(value, 'without a name');

function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, remedy === undefined ? {} : { remedy });
}
