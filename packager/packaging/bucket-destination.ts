import type { ObjectStore } from '../../repository/index.ts';
import { ArtifactError, findUploadedBlob, uploadBlob } from '../../repository/index.ts';
import type { PublishOutcome } from '../event.ts';
import type { Destination, Stored, UrlOf } from './destination.ts';

export interface BucketOptions {
  readonly bucket: string;
  readonly region: string;
  readonly partition: string;
  /** Before every key, as aws-cli does it: `prefix/key`. */
  readonly prefix?: string;
  /** Uploads even what is there. */
  readonly force: boolean;
}

/** Blobs and nothing beside them, for whoever has a bucket and no domain: no versions, no ARNs. */
export function bucketDestination(store: ObjectStore, options: BucketOptions, urlOf: UrlOf): Destination {
  const { bucket, region, partition, prefix, force } = options;
  const stored = (blob: { key: string; digest: string; size: number }, outcome: PublishOutcome): Stored => {
    const { digest, size } = blob;
    const key = prefix === undefined ? blob.key : `${prefix}/${blob.key}`;
    return { bucket, key, partition, url: urlOf(bucket, key), digest, size, outcome };
  };
  return {
    bucket,
    region,
    isDomain: false,
    ...(prefix !== undefined && { scratchPrefix: prefix }),
    async publish(_id, publishable, attributes, withVersion) {
      const uploaded = await uploadBlob(store, publishable, force ? 'overwrite' : 'keep', attributes);
      const head = withVersion ? await store.head(uploaded.key) : undefined;
      return {
        ...stored(uploaded, uploaded.outcome),
        ...(head?.version !== undefined && { objectVersion: head.version }),
      };
    },
    async plan(_id, publishable) {
      const found = force ? undefined : await findUploadedBlob(store, publishable);
      return found && stored(found, 'reused');
    },
    resolve(name) {
      throw new ArtifactError(
        'INVALID_ARGUMENT',
        `'${name}' names an artifact of a domain, and there is none with --s3-bucket`,
        {
          remedy: 'Leave out --s3-bucket, or name the domain with --domain.',
        },
      );
    },
  };
}
