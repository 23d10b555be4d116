import { hasCode } from '../error.ts';
import type { ObjectHead, ObjectKey, ObjectStore } from '../object-store.ts';
import type { S3Connection } from './s3-connection.ts';
import { isAbsent, isDenied, SourceMoved } from './s3-error.ts';
import type { CopySource, Destination } from './s3-upload.ts';
import { copyContent, copySource, partSizeFor } from './s3-upload.ts';

/**
 * Copies between buckets of any accounts and regions of a partition, by S3 itself. It is asked of the destination's endpoint, whose region the
 * request is signed for, by who may read there and write here (S3 user guide, "Copying, moving, and renaming objects").
 *
 * The source is held to its ETag: where S3 encrypts without KMS that is an MD5, for which two contents can be made on purpose. Who trusts the
 * writers of the source no more than their digests looks at what S3 says of the copy: up to `limits.copy` its head has the SHA-256 of the whole.
 */
export interface ForeignCopy {
  readonly s3: S3Connection;
  readonly limits: { readonly copy: number; readonly copyPart: number };
  readonly source: ObjectStore;
  readonly object: ObjectHead;
  readonly to: ObjectKey;
  /** What the copy says of itself. */
  readonly attributes: Destination['attributes'];
  /** Whether there is an object under `to`; false where the caller may not look. */
  readonly isThere: () => Promise<boolean>;
  /** Told what S3 said of the copy that it made. */
  readonly made: (answer: Made) => void;
}

interface Made {
  readonly VersionId?: string | undefined;
}

type Outcome = 'created' | 'exists' | 'changed' | 'unsupported';

export async function copyForeign(copy: ForeignCopy): Promise<Outcome> {
  const { s3, source, object, limits, to } = copy;
  if (source.address?.service !== 's3') return 'unsupported';
  const from = copySource(source.address, object);
  const fits = object.size <= limits.copy;
  const operation = fits ? 'CopyObject' : 'UploadPartCopy';
  const call = { operation, key: to, actions: ['s3:GetObject', 's3:PutObject'] };
  const attempt = async (number: number): Promise<Outcome> => {
    // All of the parts once more only if what is there leaves room for them.
    if (number > 1 && !fits && (await copy.isThere())) return 'exists';
    try {
      copy.made(fits ? await atOnceIfPossible(copy, from) : await inParts(copy, from));
      return 'created';
    } catch (error) {
      return await judged(error, copy);
    }
  };
  // An upload that is gone when it is completed was completed before, by a request whose answer was lost, or aborted by others.
  return await s3.settled<Outcome>(call, {}, attempt, ['NoSuchUpload']);
}

/** Parts are for the regions whose CopyObject has no conditions yet. */
async function atOnceIfPossible(copy: ForeignCopy, from: CopySource): Promise<Made> {
  try {
    return await atOnce(copy, from);
  } catch (error) {
    if (!hasCode(error, 'NotImplemented')) throw error;
    return await inParts(copy, from);
  }
}

async function atOnce({ s3, to, attributes }: ForeignCopy, { path, etag, owner }: CopySource): Promise<Made> {
  const input = {
    ...s3.target,
    ...(owner !== undefined && { ExpectedSourceBucketOwner: owner }),
    ...attributes,
    Key: to,
    CopySource: path,
    CopySourceIfMatch: etag,
    IfNoneMatch: '*',
    ChecksumAlgorithm: 'SHA256',
    MetadataDirective: 'REPLACE',
    // Else S3 reads the tags of the source, which needs s3:GetObjectTagging there, and puts them here, which needs s3:PutObjectTagging.
    TaggingDirective: 'REPLACE',
  } as const;
  return await s3.send('CopyObject', input);
}

async function inParts({ s3, to, attributes, limits }: ForeignCopy, from: CopySource): Promise<Made> {
  const destination: Destination = { key: to, condition: { IfNoneMatch: '*' }, attributes };
  return await copyContent(s3, destination, from, partSizeFor(from.size, limits.copyPart));
}

/** What S3's refusal says of the copy. @throws what says nothing of it */
async function judged(error: unknown, copy: ForeignCopy): Promise<Outcome> {
  if (error instanceof SourceMoved) return 'changed';
  if (hasCode(error, 'PreconditionFailed')) return await failedCondition(error, copy);
  // S3 has several reasons not to copy between two buckets, and this one code for them.
  if (hasCode(error, 'InvalidRequest')) return 'unsupported';
  const isNoBucket = hasCode(error, 'NoSuchBucket');
  if (!isNoBucket && !isDenied(error) && !isAbsent(error)) throw error;
  // S3 does not tell which of the two it means: the source's own store knows how to ask for the source.
  const { source, object, isThere } = copy;
  const head = await source.head(object.key);
  if (head?.revision !== object.revision) return 'changed';
  if (!isNoBucket) throw error;
  // Asks for the destination; where that bucket is there too, the two are not of one partition, or not of one endpoint.
  return (await isThere()) ? 'exists' : 'unsupported';
}

/** Two conditions are held at once. S3 names the one that failed; of stores that don't, the destination is looked at. */
async function failedCondition(error: unknown, { isThere }: ForeignCopy): Promise<Outcome> {
  const named = (error as { readonly Condition?: unknown }).Condition;
  if (typeof named === 'string') return /copy-source/i.test(named) ? 'changed' : 'exists';
  return (await isThere()) ? 'exists' : 'changed';
}
