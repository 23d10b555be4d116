import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { ConnectionOptions } from './s3-connection.ts';
import { S3Connection } from './s3-connection.ts';

/**
 * Legal holds of S3 Object Lock: S3 removes no version that has one, whoever asks and whatever the bucket's policy says.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-legal-holds
 *
 * A hold is one bit. It is put on an object that gets a reference, again and again, and lifted by the keeper alone, when it removes what was decided on: so it may
 * outlast the references, and never ends before. Who was asleep between its look at the deletion and this may put one on content that is decided on, which is why
 * lifting is repeated; it can keep nothing that the decision does not name.
 */
type Hold = NonNullable<Domain['hold']>;

/**
 * Needs s3:PutObjectLegalHold.
 * @throws ArtifactError UNSUPPORTED_STORE where Object Lock is not enabled for the bucket; ACCESS_DENIED and what the store throws
 */
export function s3Hold(options: ConnectionOptions): Hold {
  const s3 = new S3Connection(options);
  return async ({ key, incarnation }) => {
    try {
      await put(s3, key, incarnation, 'ON');
    } catch (error) {
      // What is gone needs none: whoever looks at it next finds that out.
      if (isGone(error)) return;
      if (hasCode(error, 'InvalidRequest')) throw withoutObjectLock(s3.bucket, error);
      throw await s3.explained(error, { operation: 'PutObjectLegalHold', key, actions: ['s3:PutObjectLegalHold'] });
    }
  };
}

/**
 * Whether a bucket takes legal holds: Object Lock is enabled for it. Needs s3:GetBucketObjectLockConfiguration.
 * @throws ArtifactError ACCESS_DENIED and what the store throws
 */
export async function bucketTakesHolds(options: ConnectionOptions): Promise<boolean> {
  const s3 = new S3Connection(options);
  const call = { operation: 'GetObjectLockConfiguration', actions: ['s3:GetBucketObjectLockConfiguration'] } as const;
  try {
    const { ObjectLockConfiguration: found } = await s3.send(call.operation, s3.target);
    return found?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    if (hasCode(error, 'ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration')) return false;
    throw await s3.explained(error, call);
  }
}

/** One version of an object that had a hold. */
export interface LiftedHold {
  readonly key: string;
  readonly version: string;
}

/**
 * Whose the hold was nobody can tell: a person may have put it.
 * @param lifted told of it
 * @returns whether it has none now; false where that could not be done, for whatever reason
 */
export async function liftHold(
  s3: S3Connection,
  { key, version }: LiftedHold,
  lifted?: (hold: LiftedHold) => void,
): Promise<boolean> {
  try {
    await put(s3, key, version, 'OFF');
    lifted?.({ key, version });
    return true;
  } catch (error) {
    return isGone(error);
  }
}

async function put(s3: S3Connection, key: string, version: string, status: 'ON' | 'OFF'): Promise<void> {
  const input = { ...s3.target, Key: key, VersionId: version, LegalHold: { Status: status } };
  await s3.send('PutObjectLegalHold', input);
}

function isGone(error: unknown): boolean {
  return hasCode(error, 'NoSuchKey', 'NoSuchVersion');
}

export function withoutObjectLock(bucket: string, cause?: unknown): ArtifactError {
  return new ArtifactError('UNSUPPORTED_STORE', `'${bucket}' takes no legal holds, and its domain wants them`, {
    remedy:
      `Enable Object Lock, which can't be undone: aws s3api put-object-lock-configuration --bucket ${bucket} ` +
      '--object-lock-configuration ObjectLockEnabled=Enabled\nOr turn them off: cfn-artifacts bootstrap --no-legal-hold',
    cause,
  });
}
