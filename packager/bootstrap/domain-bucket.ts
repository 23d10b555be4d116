import type { Domain, DomainParts, DomainPlace, ObjectStore } from '../../repository/index.ts';
import type { Chance } from '../../repository/index.ts';
import { ArtifactError, findDomain, hasCode, ownKeeper, requireAt } from '../../repository/index.ts';
import { probe } from '../../repository/stores/probe.ts';
import { bucketTakesHolds, withoutObjectLock } from '../../repository/stores/s3-hold.ts';
import { bucketKmsKey, bucketPolicy, bucketRegion, bucketVersioning, s3Store } from '../../repository/stores/s3.ts';
import type { AwsAccess } from '../aws/access.ts';

export interface BucketContext {
  readonly access: AwsAccess;
  readonly chance: Chance;
  readonly signal: AbortSignal;
}

/** What an earlier stack, or somebody, left behind. */
export interface LeftBehind {
  readonly isDomain: boolean;
  readonly versioning: 'Enabled' | 'Suspended' | 'Off';
  /** In JSON. */
  readonly policy?: string;
}

/** The bucket that an account's own domain has in a region. */
export class DomainBucket {
  readonly place: DomainPlace & { readonly bucket: string };
  readonly #context: BucketContext;

  private constructor(place: DomainPlace & { readonly bucket: string }, context: BucketContext) {
    this.place = place;
    this.#context = context;
  }

  static async of(context: BucketContext): Promise<DomainBucket> {
    const { account, partition } = await context.access.identity();
    const region = await context.access.region();
    return new DomainBucket({ partition, region, account, bucket: `cfn-artifacts-${account}-${region}` }, context);
  }

  /**
   * What is there although there is no stack; `undefined` where no bucket has the name.
   * @throws ArtifactError ACCESS_DENIED, WRONG_OWNER: it may be another account's. INVALID_CONFIGURATION: it has other things in it
   */
  async leftBehind(): Promise<LeftBehind | undefined> {
    if (!(await this.#exists())) return undefined;
    const { bucket, account } = this.place;
    const { access, signal } = this.#context;
    const client = await access.s3();
    const isDomain = (await this.domain()) !== undefined;
    if (!isDomain) await this.#refuseForeign();
    const versioning = await bucketVersioning(client, bucket, account, signal);
    const policy = await bucketPolicy(client, bucket, account, signal);
    return { isDomain, versioning, ...(policy !== undefined && { policy }) };
  }

  /** `undefined` where the bucket is no domain yet. @throws ArtifactError INVALID_CONFIGURATION where it is a copy of another */
  async domain(): Promise<Domain | undefined> {
    const found = await findDomain(await this.#parts());
    if (found !== undefined) requireAt(found, this.place);
    return found;
  }

  /** ARN of the key that encrypts what is written; `undefined` where it is S3's, or one without an ARN. */
  async kmsKey(): Promise<string | undefined> {
    const { bucket, account } = this.place;
    const { access, signal } = this.#context;
    const key = await bucketKmsKey(await access.s3(), bucket, account, signal);
    return key?.startsWith('arn:') === true && key.includes(':key/') ? key : undefined;
  }

  /**
   * Without Object Lock every binding would fail as soon as it is to put a hold.
   * @throws ArtifactError UNSUPPORTED_STORE; ACCESS_DENIED where it can't be known
   */
  async requireHolds(): Promise<void> {
    const { bucket, account } = this.place;
    const { access, signal } = this.#context;
    const options = { client: await access.s3(), bucket, expectedOwner: account, signal };
    if (!(await bucketTakesHolds(options))) throw withoutObjectLock(bucket);
  }

  /** Tries what everything relies on. @throws ArtifactError UNSUPPORTED_STORE */
  async probe(): Promise<void> {
    const { store, chance } = await this.#parts();
    await probe(store, chance.nonce());
  }

  async #exists(): Promise<boolean> {
    const { bucket, account, region } = this.place;
    const { access, signal } = this.#context;
    try {
      const actual = await bucketRegion(await access.s3(), bucket, account, signal);
      if (actual === region) return true;
      throw new ArtifactError('INVALID_CONFIGURATION', `the bucket '${bucket}' is in ${actual}, not in ${region}`, {
        remedy: `A domain in ${region} has this bucket there: remove the one in ${actual} once nothing needs it.`,
      });
    } catch (error) {
      if (hasCode(error, 'BUCKET_NOT_FOUND')) return false;
      if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED', 'WRONG_OWNER')) throw error;
      // S3 says the same of a bucket that is somebody else's and of one's own.
      throw new ArtifactError(error.code, error.message, {
        remedy: `If 'aws s3 ls' shows the bucket as yours: ${error.remedy ?? 'allow it'}\nElse somebody else has taken its name, and there can be no domain of your own in ${region}: use another Region, or --domain s3://BUCKET with a versioned bucket of yours.`,
        cause: error,
      });
    }
  }

  async #refuseForeign(): Promise<void> {
    const { bucket } = this.place;
    const { store } = await this.#parts();
    for await (const { key } of store.list('')) {
      if (key.startsWith('scratch/')) continue;
      throw new ArtifactError(
        'INVALID_CONFIGURATION',
        `the bucket '${bucket}' is no domain, and not empty: it has '${key}'`,
        {
          remedy: 'Move what is in it elsewhere, then run this again. Nothing was changed.',
        },
      );
    }
  }

  async #parts(): Promise<DomainParts> {
    const { access, chance, signal } = this.#context;
    const { bucket, account } = this.place;
    const store: ObjectStore = s3Store({ client: await access.s3(), bucket, expectedOwner: account, signal });
    return { store, keeper: ownKeeper(store), chance };
  }
}
