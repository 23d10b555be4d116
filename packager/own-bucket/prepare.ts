import { ArtifactError, ArtifactErrors, hasCode } from '../../repository/index.ts';
import type { ObjectStore } from '../../repository/index.ts';
import { EVERY_BLOB, descriptorKey } from '../../repository/keys.ts';
import type { BucketPresence } from '../bucket/answers.ts';
import type { Bucket } from '../bucket/bucket.ts';
import type { Finding, Result } from '../check.ts';
import { askingOnce, diagnose, DoesNotApply } from '../check.ts';
import type { OwnBucketAnswers } from './checks.ts';
import { OWN_BUCKET_ACTIONS, OWN_BUCKET_CHECKS } from './checks.ts';
import { claim, readClaim } from './claim.ts';
import type { MergedPolicy } from './policy.ts';
import { mergePolicy } from './policy.ts';
import type { OwnBucket } from './statements.ts';
import { statementsFor } from './statements.ts';

/** What a bucket was found to be. */
export interface Examined {
  /** Of what could not be looked at too. */
  readonly problems: readonly ArtifactError[];
  readonly warnings: readonly Finding[];
  /** Its policy with our statements; absent where it could not be looked at. */
  readonly policy?: MergedPolicy;
}

/** How the bucket is reached: its settings, and its objects. */
export interface Reach {
  readonly settings: Bucket;
  readonly content: ObjectStore;
}

/**
 * Asks everything of a bucket that is to have a repository's content, and judges all of it.
 * @param applies whether the policy is going to be what it should be: then what it lacks is no matter
 */
export async function examine(wanted: OwnBucket, reach: Reach, applies: boolean): Promise<Examined> {
  const merged = await mergedPolicy(wanted, reach);
  const results = await lookAt(wanted, reach, applies ? merged : undefined);
  return {
    problems: results.flatMap(problemsOf),
    warnings: results.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'warning')),
    ...(merged !== undefined && { policy: merged }),
  };
}

/** What its checks come to. @param merged what its policy is going to be; absent: it stays as it is */
export function lookAt(wanted: OwnBucket, reach: Reach, merged?: MergedPolicy): Promise<readonly Result[]> {
  const ask = askingOnce<OwnBucketAnswers>(questions(wanted, reach, merged));
  return diagnose(OWN_BUCKET_CHECKS, { ask, actions: OWN_BUCKET_ACTIONS });
}

/** Whatever hinders that is told by the checks. */
async function mergedPolicy(wanted: OwnBucket, { settings }: Reach): Promise<MergedPolicy | undefined> {
  try {
    return mergePolicy(await settings.policy(), statementsFor(wanted));
  } catch (error) {
    if (!(error instanceof ArtifactError) || hasCode(error, 'INTERRUPTED', 'NO_CREDENTIALS')) throw error;
    return undefined;
  }
}

function questions(
  wanted: OwnBucket,
  { settings, content }: Reach,
  merged: MergedPolicy | undefined,
): { readonly [K in keyof OwnBucketAnswers]: () => Promise<OwnBucketAnswers[K]> } {
  const { domain } = wanted;
  let presence: Promise<BucketPresence> | undefined;
  const present = (): Promise<BucketPresence> => (presence ??= settings.presence());
  /** Of a bucket that is not there, or elsewhere, nothing more is asked. */
  const there = async <T>(ask: () => Promise<T>): Promise<T> => {
    const isThere = await present().then(
      (found) => found.is === 'there' && found.region === domain.region,
      // That is told where the bucket itself is looked at.
      () => false,
    );
    if (!isThere) throw new DoesNotApply('the bucket is not there');
    return ask();
  };
  return {
    wanted: async () => wanted,
    presence: present,
    isDomain: () => there(async () => (await content.head(descriptorKey)) !== undefined),
    claim: () => there(() => readClaim(content)),
    contentThere: () => there(() => firstKey(content)),
    versioning: () => there(() => settings.versioning()),
    policy: () => there(async () => merged?.text ?? settings.policy()),
    encryption: () => there(() => settings.encryption()),
    lifecycle: () => there(() => settings.lifecycle()),
    publicAccess: () => there(() => settings.publicAccess()),
    ownership: () => there(() => settings.ownership()),
    replication: () => there(() => settings.replication()),
    objectLock: () => there(() => settings.objectLock()),
  };
}

async function firstKey(store: ObjectStore): Promise<string | undefined> {
  for await (const { key } of store.list(EVERY_BLOB, { limit: 1 })) return key;
  return undefined;
}

function problemsOf({ id, asks, status, findings, reason, remedy, missing }: Result): readonly ArtifactError[] {
  if (status === 'unknown') {
    const whose =
      id === 'bucket' ? " Of another account's bucket S3 says no more than that, and such a one can't be taken." : '';
    const allow =
      missing === undefined ? (remedy ?? 'Try again.') : `Allow ${missing.join(', ')} on the bucket.${whose}`;
    return [new ArtifactError('ACCESS_DENIED', `it is not known whether ${asks}: ${reason ?? ''}`, { remedy: allow })];
  }
  return findings
    .filter(({ severity }) => severity === 'problem')
    .map(({ message, remedy: todo }) => new ArtifactError('UNSUPPORTED_STORE', message, { remedy: todo }));
}

/** @throws ArtifactErrors with every problem */
export function refuseProblems({ problems: [first, ...rest] }: Examined): void {
  if (first !== undefined) throw new ArtifactErrors([first, ...rest]);
}

/** From here on the bucket is the domain's for content. @throws ArtifactError UNSUPPORTED_STORE where another was faster */
export async function takeIntoUse({ domain }: OwnBucket, { content }: Reach): Promise<void> {
  await claim(content, domain);
}
