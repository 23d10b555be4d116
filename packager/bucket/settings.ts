import type {
  $Command,
  GetBucketLifecycleConfigurationCommandOutput,
  LifecycleRule as SdkRule,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
} from '@aws-sdk/client-s3';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import { S3Connection } from '../../repository/stores/s3-connection.ts';
import type { EncryptionAnswer, ObjectLockAnswer, PublicAccess } from './answers.ts';
import type { LifecycleEffect, LifecycleRule } from './lifecycle.ts';
import { after } from './lifecycle.ts';

/** One bucket's settings, each as S3 tells it. What was never set is `undefined`, or what S3 then does. */
export class BucketSettings {
  readonly #client: S3Client;
  readonly #signal: AbortSignal;
  readonly #connection: S3Connection;

  constructor(options: {
    readonly client: S3Client;
    readonly bucket: string;
    readonly owner: string;
    readonly signal: AbortSignal;
  }) {
    const { client, bucket, owner: expectedOwner, signal } = options;
    this.#client = client;
    this.#signal = signal;
    this.#connection = new S3Connection({ client, bucket, expectedOwner, signal });
  }

  async versioning(): Promise<'Enabled' | 'Suspended' | 'Off'> {
    const command = new GetBucketVersioningCommand(this.#connection.target);
    return (await this.#ask('GetBucketVersioning', 's3:GetBucketVersioning', command)).Status ?? 'Off';
  }

  async policy(): Promise<string | undefined> {
    const command = new GetBucketPolicyCommand(this.#connection.target);
    const answer = await this.#unless(
      'NoSuchBucketPolicy',
      this.#ask('GetBucketPolicy', 's3:GetBucketPolicy', command),
    );
    return answer?.Policy;
  }

  async encryption(): Promise<EncryptionAnswer | undefined> {
    const command = new GetBucketEncryptionCommand(this.#connection.target);
    const asked = this.#ask('GetBucketEncryption', 's3:GetEncryptionConfiguration', command);
    const answer = await this.#unless('ServerSideEncryptionConfigurationNotFoundError', asked);
    const rule = answer?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    if (rule?.SSEAlgorithm === undefined) return undefined;
    return { algorithm: rule.SSEAlgorithm, ...(rule.KMSMasterKeyID !== undefined && { key: rule.KMSMasterKeyID }) };
  }

  async lifecycle(): Promise<readonly LifecycleRule[]> {
    const command = new GetBucketLifecycleConfigurationCommand(this.#connection.target);
    const asked = this.#ask('GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration', command);
    const answer = await this.#unless<GetBucketLifecycleConfigurationCommandOutput>(
      'NoSuchLifecycleConfiguration',
      asked,
    );
    return (answer?.Rules ?? []).map(ruleOf);
  }

  async publicAccess(): Promise<PublicAccess> {
    const command = new GetPublicAccessBlockCommand(this.#connection.target);
    const asked = this.#ask('GetPublicAccessBlock', 's3:GetBucketPublicAccessBlock', command);
    const block = (await this.#unless('NoSuchPublicAccessBlockConfiguration', asked))?.PublicAccessBlockConfiguration;
    return {
      BlockPublicAcls: block?.BlockPublicAcls === true,
      BlockPublicPolicy: block?.BlockPublicPolicy === true,
      IgnorePublicAcls: block?.IgnorePublicAcls === true,
      RestrictPublicBuckets: block?.RestrictPublicBuckets === true,
    };
  }

  async ownership(): Promise<string | undefined> {
    const command = new GetBucketOwnershipControlsCommand(this.#connection.target);
    const asked = this.#ask('GetBucketOwnershipControls', 's3:GetBucketOwnershipControls', command);
    return (await this.#unless('OwnershipControlsNotFoundError', asked))?.OwnershipControls?.Rules?.[0]
      ?.ObjectOwnership;
  }

  async eventBridge(): Promise<boolean> {
    const command = new GetBucketNotificationConfigurationCommand(this.#connection.target);
    const answer = await this.#ask('GetBucketNotificationConfiguration', 's3:GetBucketNotification', command);
    return answer.EventBridgeConfiguration !== undefined;
  }

  /** Names of the buckets that enabled rules copy to. */
  async replication(): Promise<readonly string[]> {
    const command = new GetBucketReplicationCommand(this.#connection.target);
    const asked = this.#ask('GetBucketReplication', 's3:GetReplicationConfiguration', command);
    const answer = await this.#unless('ReplicationConfigurationNotFoundError', asked);
    const rules = (answer?.ReplicationConfiguration?.Rules ?? []).filter(({ Status }) => Status === 'Enabled');
    return [...new Set(rules.map(({ Destination }) => (Destination?.Bucket ?? '').replace(/^arn:[^:]+:s3:::/, '')))];
  }

  async objectLock(): Promise<ObjectLockAnswer> {
    const command = new GetObjectLockConfigurationCommand(this.#connection.target);
    const asked = this.#ask('GetObjectLockConfiguration', 's3:GetBucketObjectLockConfiguration', command);
    const absent = ['ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration'];
    const configuration = (await this.#unless(absent, asked))?.ObjectLockConfiguration;
    const isEnabled = configuration?.ObjectLockEnabled === 'Enabled';
    const retention = configuration?.Rule?.DefaultRetention;
    if (retention === undefined) return { isEnabled };
    const { Mode: mode, Days: days, Years: years } = retention;
    const time = years === undefined ? `${days ?? 0} days` : `${years} years`;
    return { isEnabled, retention: `${time} (${mode ?? 'no mode'})` };
  }

  /** Milliseconds by which this machine's clock is ahead. Any answer tells the time, a refusal too. */
  async clock(): Promise<number> {
    const command = new HeadBucketCommand(this.#connection.target);
    let told: number | undefined;
    command.middlewareStack.add(
      (next) => async (args) => {
        const sent = Date.now();
        const result = await next(args);
        told ??= aheadOf(result.response, sent, Date.now());
        return result;
      },
      // Outside of what makes an error of the answer, inside the retries.
      { step: 'deserialize', priority: 'low', name: 'cfnArtifactsClock' },
    );
    try {
      await this.#client.send(command, { abortSignal: this.#signal });
    } catch (error) {
      if (told === undefined) throw await this.#connection.explained(error, { operation: 'HeadBucket' });
    }
    if (told === undefined)
      throw new ArtifactError('UNSUPPORTED_STORE', 'the store does not tell the time: its answers have no Date');
    return told;
  }

  async #ask<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    operation: string,
    action: string,
    command: $Command<Input, Output, S3ClientResolvedConfig>,
  ): Promise<Output> {
    try {
      return await this.#client.send(command, { abortSignal: this.#signal });
    } catch (error) {
      throw await this.#connection.explained(error, { operation, actions: [action] });
    }
  }

  /** S3 answers with an error where nothing was ever configured. */
  async #unless<T>(codes: string | readonly string[], asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (hasCode((error as Error).cause, ...[codes].flat())) return undefined;
      throw error;
    }
  }
}

/** Half of the way there and back is how old the answer's time is; S3 tells it in whole seconds, so half of one is added. */
function aheadOf(response: unknown, sent: number, received: number): number | undefined {
  const { headers } = response as { headers?: Readonly<Record<string, string | undefined>> };
  const time = Date.parse(headers?.['date'] ?? '');
  return Number.isNaN(time) ? undefined : (sent + received) / 2 - (time + 500);
}

function ruleOf(rule: SdkRule): LifecycleRule {
  const { ID: id = 'without an ID', Status: status, Filter: filter = {} } = rule;
  const { And: and, Tag: tag, ObjectSizeGreaterThan: above, ObjectSizeLessThan: below } = filter;
  const narrowing = [tag, above, below, and?.Tags, and?.ObjectSizeGreaterThan, and?.ObjectSizeLessThan];
  return {
    id,
    enabled: status === 'Enabled',
    // `Prefix` beside the filter is how rules were written before there were filters; S3 still takes and tells it.
    prefix: and?.Prefix ?? filter.Prefix ?? (rule as { Prefix?: string }).Prefix ?? '',
    narrowed: narrowing.some((one) => one !== undefined),
    effects: effectsOf(rule),
  };
}

function effectsOf(rule: SdkRule): readonly LifecycleEffect[] {
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  const effects: LifecycleEffect[] = [];
  const on = (date: Date | undefined, days: number | undefined): string =>
    date === undefined ? after(days ?? 0) : `on ${date.toISOString().slice(0, 10)}`;
  if (expiration?.Days !== undefined || expiration?.Date !== undefined) {
    effects.push({ does: 'expire current', when: on(expiration.Date, expiration.Days) });
  }
  if (noncurrent !== undefined)
    effects.push({ does: 'expire noncurrent', when: after(noncurrent.NoncurrentDays ?? 0) });
  for (const { StorageClass: to = '', Date: date, Days: days } of rule.Transitions ?? []) {
    effects.push({ does: 'move current', to, when: on(date, days) });
  }
  for (const { StorageClass: to = '', NoncurrentDays: days } of rule.NoncurrentVersionTransitions ?? []) {
    effects.push({ does: 'move noncurrent', to, when: after(days ?? 0) });
  }
  if (expiration?.ExpiredObjectDeleteMarker === true) effects.push({ does: 'tidy', what: 'markers' });
  if (rule.AbortIncompleteMultipartUpload !== undefined) effects.push({ does: 'tidy', what: 'uploads' });
  return effects;
}
