import { ArtifactError } from '../../repository/index.ts';
import type { Json, JsonMap } from '../bucket/json.ts';
import { statementsOf } from '../bucket/policy.ts';

/** A bucket's policy with our statements in it. */
export interface MergedPolicy {
  /** As it was read. */
  readonly before: string | undefined;
  /** As it is to be written. */
  readonly text: string;
  /** What is taken away and what is added, a statement in a line; empty: the policy is like that already. */
  readonly changes: readonly string[];
}

/**
 * Puts our statements into a policy, in the place of those that stand there under the same Sids. All others stay as they are, in their order.
 * @param before `undefined`: there is none
 * @throws ArtifactError UNSUPPORTED_STORE where what stands there can't be read: then nothing of it could be kept
 */
export function mergePolicy(before: string | undefined, ours: readonly JsonMap[]): MergedPolicy {
  const present = before === undefined ? [] : statementsOf(before);
  if (present === undefined) {
    throw new ArtifactError('UNSUPPORTED_STORE', "the bucket's policy is no policy that could be read", {
      remedy: 'Look at it with aws s3api get-bucket-policy.',
    });
  }
  const wanted = new Map(ours.map((statement) => [statement['Sid'], statement]));
  const kept = present.map((statement) => wanted.get(sidOf(statement)) ?? statement);
  const standing = new Set(present.map(sidOf));
  const added = ours.filter(({ Sid: sid }) => !standing.has(sid));
  const whole = before === undefined ? { Version: '2012-10-17' } : (JSON.parse(before) as JsonMap);
  const changed = present.filter((statement, index) => JSON.stringify(statement) !== JSON.stringify(kept[index]));
  const changes = [
    ...changed.flatMap((statement) => [
      `- ${JSON.stringify(statement)}`,
      `+ ${JSON.stringify(wanted.get(sidOf(statement)))}`,
    ]),
    ...added.map((statement) => `+ ${JSON.stringify(statement)}`),
  ];
  return { before, text: JSON.stringify({ ...whole, Statement: [...kept, ...added] }), changes };
}

function sidOf({ Sid: sid }: JsonMap): Json | undefined {
  return sid;
}

/** Statements as they are pasted between the brackets of a policy. */
export function formatStatements(statements: readonly JsonMap[]): string {
  return statements.map((statement) => JSON.stringify(statement, undefined, 2)).join(',\n');
}
