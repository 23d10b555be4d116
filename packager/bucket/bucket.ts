import { ArtifactError, hasCode } from '../../repository/error.ts';
import { bucketRegion } from '../../repository/stores/s3.ts';
import { putBucketPolicy } from '../../repository/stores/s3-bucket-policy.ts';
import type { AwsAccess } from '../aws/access.ts';
import type { BucketPresence } from './answers.ts';
import { BucketSettings } from './settings.ts';

export interface BucketAccess {
  /** In the region where the bucket should be. */
  readonly client: Awaited<ReturnType<AwsAccess['s3']>>;
  readonly bucket: string;
  /** The account, twelve digits, that must own it. */
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** A bucket of somebody's own: its settings, and how its policy is changed. */
export class Bucket extends BucketSettings {
  readonly #access: BucketAccess;

  constructor(access: BucketAccess) {
    super(access);
    this.#access = access;
  }

  async presence(): Promise<BucketPresence> {
    const { client, bucket, owner, signal } = this.#access;
    try {
      return { is: 'there', region: await bucketRegion(client, bucket, owner, signal) };
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      if (hasCode(error, 'BUCKET_NOT_FOUND')) return { is: 'absent', message: error.message };
      if (hasCode(error, 'WRONG_OWNER')) return { is: 'of another', message: error.message };
      throw error;
    }
  }

  /**
   * Writes a policy in the place of the one that was read. S3 has no condition for that: it is looked at right before, and read back.
   * @param before what was read; `undefined`: there was none
   * @throws ArtifactError CONTENTION where somebody else changed it; ACCESS_DENIED
   */
  async replacePolicy(before: string | undefined, text: string): Promise<void> {
    const { bucket } = this.#access;
    if ((await this.policy()) !== before) throw changed(bucket);
    const { client, owner: expectedOwner, signal } = this.#access;
    await putBucketPolicy({ client, bucket, expectedOwner, signal }, text);
    const after = await this.policy();
    if (after === undefined || !isSame(after, text)) throw changed(bucket);
  }
}

/** S3 may write a policy in another form than it was given. */
function isSame(one: string, other: string): boolean {
  const sids = (text: string): string => {
    const { Statement: statements = [] } = JSON.parse(text) as { Statement?: unknown };
    return JSON.stringify([statements].flat().map((statement) => (statement as { Sid?: unknown }).Sid));
  };
  return sids(one) === sids(other);
}

function changed(bucket: string): ArtifactError {
  return new ArtifactError('CONTENTION', `the policy of '${bucket}' was changed by somebody else just now`, {
    remedy: 'Run it again: it shows what it would be then.',
  });
}
