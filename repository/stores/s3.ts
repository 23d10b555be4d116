import type { Readable } from 'node:stream';
import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ObjectVersion,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';
import type { Content } from '../content.ts';
import { PART_SIZE, UNDIVIDED, contentOf } from '../content.ts';
import type { Digest } from '../digest.ts';
import { digestFromBase64, digestToBase64 } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type {
  Incarnation,
  ListedObject,
  ListOptions,
  ObjectAttributes,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  Revision,
  StoreAddress,
  StoredObject,
} from '../object-store.ts';
import { leaveBody } from '../object-store.ts';
import { endingWith } from './body.ts';
import type { ExactVersion } from './s3-body.ts';
import { wholeBody, wholeSize } from './s3-body.ts';
import type { S3Sender } from './s3-connection.ts';
import { S3Connection } from './s3-connection.ts';
import type { DirectS3 } from './s3-direct.ts';
import { isAbsent, isDenied, statusOf } from './s3-error.ts';
import { copyForeign } from './s3-foreign.ts';
import type { LiftedHold } from './s3-hold.ts';
import { liftHold } from './s3-hold.ts';
import { S3Listing } from './s3-listing.ts';
import { setTag } from './s3-tag.ts';
import type { CopySource, Destination } from './s3-upload.ts';
import { announcedBytes, copyContent, copySource, partSizeFor, Progress, uploadContent } from './s3-upload.ts';

export { bucketKmsKey, bucketPolicy, bucketRegion, bucketVersioning, s3ClientDefaults } from './s3-connection.ts';
export { credentialProblem } from './s3-error.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Bytes. */
export interface S3Limits {
  /** Above, content goes up in parts. Up to here S3 itself verifies the digest of the whole. */
  readonly single: number;
  /** The least size of a part; S3's own minimum is 5 MiB. */
  readonly part: number;
  /** What one CopyObject takes: S3's own limit. */
  readonly copy: number;
  /** The least size of the parts that S3 copies. */
  readonly copyPart: number;
}

const LIMITS: S3Limits = { single: UNDIVIDED, part: PART_SIZE, copy: 5 * GIB, copyPart: 512 * MIB };

/** Nobody puts a hold on the same object so often while it is removed. */
const LIFTS = 3;

export interface S3StoreOptions {
  /** Made with `s3ClientDefaults`. */
  readonly client: S3Sender;
  /** Of this client; for who makes many requests in a short life. */
  readonly direct?: DirectS3;
  readonly bucket: string;
  /**
   * For who removes by incarnation: whatever has no version ID, because the bucket kept none when it was written, is refused with
   * UNSUPPORTED_STORE wherever it is met, and so is a bucket that gives none to what is written now. An ETag is no incarnation to rely on: the
   * same bytes written again have it too, and removing it leaves a marker where the bytes were to go.
   */
  readonly requiresVersions?: boolean;
  /** For the keeper: what S3 refuses to remove for a legal hold is freed of it, and removed. */
  readonly liftsHolds?: boolean;
  /** Told of each hold that was lifted. */
  readonly onHoldLifted?: (hold: LiftedHold) => void;
  /** The account, twelve digits, that must own the bucket: else every request fails with WRONG_OWNER. */
  readonly expectedOwner?: string;
  /** Encrypts what is written; default as the bucket says. */
  readonly kmsKeyId?: string;
  /** User metadata of everything that is written. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The profile that the credentials come from: remedies name it. */
  readonly profile?: string;
  /** Ends what is under way, uploads in parts included, with INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Told of each request, by the name of the operation; the SDK's retries are one with it. */
  readonly onRequest?: (operation: string) => void;
  /** For tests and unusual lines. */
  readonly limits?: Partial<S3Limits>;
}

/**
 * A bucket as a store.
 *
 * - A revision is an ETag; an incarnation is a version ID, or the ETag (in its quotes) where the bucket keeps no versions.
 * - What has been superseded stays in the bucket as noncurrent versions, which no method shows but `incarnations` and a read by incarnation.
 *   `removeIncarnation` of a current object therefore removes those beneath it first, oldest first, down to the next delete marker: else S3
 *   would show the last of them again, also if the removing ends half-way.
 * - `head` is ACCESS_DENIED for an absent key where s3:ListBucket is not allowed: S3 tells nobody else that there is nothing.
 *
 * Requests, without failures: 1 each for read (2 of one that begins behind the last byte), head, create, replace and overwrite up to 64 MiB, removeRevision, copy, copyFrom up to 5 GiB, incarnations, and each
 * 1,000 keys of a listing; 1 more for a copy that changes either the content type or the metadata and keeps the other; 2 for
 * removeIncarnation (3 more where a legal hold is lifted), 1 more for each version beneath, and as many again where a delete marker lies somewhere beneath; 2 and the number of parts for
 * larger content; 2 for setTag, 1 of a tag that is there. The first head of an absent key makes one more if nothing before it has shown that the bucket exists.
 */
export function s3Store(options: S3StoreOptions): ObjectStore {
  return new S3Store(options);
}

class S3Store implements ObjectStore {
  readonly #s3: S3Connection;
  readonly #listing: S3Listing;
  readonly #options: S3StoreOptions;
  readonly #limits: S3Limits;
  /** Under a KMS key the checksum of a HEAD needs kms:Decrypt, the rest doesn't. */
  #mayReadChecksums = true;
  /** A refused HEAD has no reason. Once one of them was asked for, and it was access, it is not asked for again. */
  #deniedOnce = false;

  constructor(options: S3StoreOptions) {
    this.#s3 = new S3Connection(options);
    this.#listing = new S3Listing(this.#s3);
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  async read(key: ObjectKey, incarnation?: Incarnation, from = 0): Promise<StoredObject | undefined> {
    const exactly = exactVersion(incarnation);
    const actions = [incarnation === undefined ? 's3:GetObject' : 's3:GetObjectVersion'];
    const range = from > 0 ? { Range: `bytes=${from}-` } : {};
    try {
      const answer = await this.#s3.send('GetObject', { ...this.#s3.target, Key: key, ...exactly, ...range });
      const leave = (): void => void (answer.Body as Readable).destroy();
      try {
        const body = wholeBody(this.#s3, key, exactly, answer, from);
        return { ...this.#headOf(key, answer), body: endingWith(body, leave) };
      } catch (error) {
        leave();
        throw error;
      }
    } catch (error) {
      if (isAbsent(error) || hasCode(error, 'PreconditionFailed')) return undefined;
      if (from > 0 && hasCode(error, 'InvalidRange')) return this.#readNothing(key, incarnation);
      throw await this.#s3.explained(error, { operation: 'GetObject', key, actions });
    }
  }

  /** S3 refuses a range that begins behind the last byte, and tells nothing of the object. */
  async #readNothing(key: ObjectKey, incarnation: Incarnation | undefined): Promise<StoredObject | undefined> {
    const object = await this.read(key, incarnation);
    if (object === undefined) return undefined;
    await leaveBody(object);
    return { ...object, body: contentOf('').read() };
  }

  async head(key: ObjectKey): Promise<ObjectHead | undefined> {
    const answer = await this.#headIfThere(key);
    return answer && this.#headOf(key, answer);
  }

  async incarnations(key: ObjectKey): Promise<readonly Incarnation[]> {
    const incarnations: Incarnation[] = [];
    for await (const { versions } of this.#listing.history(key)) {
      for (const version of versions) incarnations.push(this.#headOf(key, version).incarnation);
    }
    return incarnations;
  }

  async create(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<'created' | 'exists'> {
    const answers = { PreconditionFailed: 'exists' } as const;
    return await this.#write<'created' | 'exists'>(key, content, { IfNoneMatch: '*' }, attributes, 'created', answers);
  }

  async replace(
    key: ObjectKey,
    content: Content,
    revision: Revision,
    attributes?: ObjectAttributes,
  ): Promise<'replaced' | 'conflict'> {
    const answers = { PreconditionFailed: 'conflict', NoSuchKey: 'conflict' } as const;
    return await this.#write<'replaced' | 'conflict'>(
      key,
      content,
      { IfMatch: revision },
      attributes,
      'replaced',
      answers,
    );
  }

  async overwrite(key: ObjectKey, content: Content, attributes?: ObjectAttributes): Promise<void> {
    await this.#write<undefined>(key, content, {}, attributes, undefined, {});
  }

  async removeIncarnation(key: ObjectKey, incarnation: Incarnation): Promise<void> {
    const call = { operation: 'DeleteObject', key, actions: ['s3:DeleteObjectVersion'] };
    if (isEtag(incarnation)) {
      if (this.#options.requiresVersions === true) throw this.#withoutVersion(key);
      await this.#delete(key, { IfMatch: incarnation }, { PreconditionFailed: undefined, NoSuchKey: undefined });
      return;
    }
    for (const version of await this.#listing.versionsFrom(key, incarnation)) {
      await this.#s3.settled(call, {}, () => this.#erase(key, version));
    }
  }

  async removeAlone(key: ObjectKey, incarnation: Incarnation): Promise<void> {
    // Without versions nothing lies beneath.
    if (isEtag(incarnation)) return this.removeIncarnation(key, incarnation);
    const call = { operation: 'DeleteObject', key, actions: ['s3:DeleteObjectVersion'] };
    await this.#s3.settled(call, {}, () => this.#erase(key, incarnation));
  }

  /** Somebody who was asleep may put a hold on it at this very moment: then it is lifted again. */
  async #erase(key: ObjectKey, version: string): Promise<void> {
    for (let lifted = 0; ; lifted += 1) {
      try {
        await this.#s3.send('DeleteObject', { ...this.#s3.target, Key: key, VersionId: version });
        return;
      } catch (error) {
        const mayLift = this.#options.liftsHolds === true && isDenied(error) && lifted < LIFTS;
        if (!mayLift || !(await liftHold(this.#s3, { key, version }, this.#options.onHoldLifted))) throw error;
      }
    }
  }

  async removeRevision(key: ObjectKey, revision: Revision): Promise<'removed' | 'conflict' | 'absent'> {
    const answers = { PreconditionFailed: 'conflict', NoSuchKey: 'absent' } as const;
    return (await this.#delete(key, { IfMatch: revision }, answers)) ?? 'removed';
  }

  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject> {
    return this.#listing.keys(prefix, options);
  }

  async copy(from: ObjectKey, to: ObjectKey, attributes?: ObjectAttributes): Promise<'created' | 'exists' | 'absent'> {
    const call = { operation: 'CopyObject', key: to, actions: ['s3:GetObject', 's3:PutObject'] };
    const answers = { PreconditionFailed: 'exists', NoSuchKey: 'absent' } as const;
    const copy = async (): Promise<'created' | 'absent'> => {
      try {
        return await this.#copyAtOnce(from, to, attributes);
      } catch (error) {
        // Too large for one request, or a region whose CopyObject has no conditions yet: parts can do both.
        if (!hasCode(error, 'InvalidRequest', 'NotImplemented')) throw error;
        return await this.#copyInParts(from, to, attributes, error);
      }
    };
    return await this.#s3.settled<'created' | 'exists' | 'absent'>(call, answers, copy, [
      'SourceMoved',
      'NoSuchUpload',
    ]);
  }

  get address(): StoreAddress {
    const { bucket, owner } = this.#s3;
    return { service: 's3', bucket, ...(owner !== undefined && { owner }) };
  }

  async copyFrom(
    source: ObjectStore,
    object: ObjectHead,
    to: ObjectKey,
    attributes?: ObjectAttributes,
  ): Promise<'created' | 'exists' | 'changed' | 'unsupported'> {
    return await copyForeign({
      ...{ s3: this.#s3, limits: this.#limits, source, object, to },
      attributes: this.#attributes(attributes),
      isThere: () => this.#isDecided(to, { IfNoneMatch: '*' }),
      made: (answer) => {
        this.#requireVersion(to, answer);
      },
    });
  }

  async setTag(key: ObjectKey, name: string, value: string): Promise<'set' | 'same' | 'absent'> {
    return await setTag(this.#s3, key, name, value);
  }

  async #write<T>(
    key: ObjectKey,
    content: Content,
    condition: Destination['condition'],
    attributes: ObjectAttributes | undefined,
    done: T,
    decided: Readonly<Record<string, T>>,
  ): Promise<T> {
    const actions = 'IfMatch' in condition ? ['s3:PutObject', 's3:GetObject'] : ['s3:PutObject'];
    const progress = new Progress(attributes?.onProgress);
    if (content.size <= this.#limits.single) {
      return await this.#s3.settled({ operation: 'PutObject', key, actions }, decided, async () => {
        this.#requireVersion(key, await this.#put(key, content, condition, attributes, progress));
        return done;
      });
    }
    const destination = { key, condition, attributes: this.#attributes(attributes) };
    const partSize = partSizeFor(content.size, this.#limits.part);
    const call = { operation: 'CompleteMultipartUpload', key, actions };
    // An upload that is gone when it is completed was completed before, by a request whose answer was lost, or aborted by others.
    const upload = async (attempt: number): Promise<T> => {
      // A second upload of the whole only if what is there now leaves room for it.
      if (attempt > 1 && (await this.#isDecided(key, condition))) return decided['PreconditionFailed'] as T;
      this.#requireVersion(key, await uploadContent(this.#s3, destination, content, partSize, progress));
      return done;
    };
    return await this.#s3.settled(call, decided, upload, ['NoSuchUpload']);
  }

  async #put(
    key: ObjectKey,
    content: Content,
    condition: Destination['condition'],
    attributes: ObjectAttributes | undefined,
    progress: Progress,
  ): Promise<PutObjectCommandOutput> {
    const subject = `${this.#s3.bucket}/${key}`;
    const input = {
      ...this.#s3.target,
      ...condition,
      ...this.#attributes(attributes),
      Key: key,
      ContentLength: content.size,
      ChecksumAlgorithm: 'SHA256',
      ChecksumSHA256: digestToBase64(content.sha256),
    } as const;
    const body = {
      size: content.size,
      sha256: content.sha256,
      read: () =>
        announcedBytes(content, subject, (sent) => {
          progress.reached(1, sent);
        }),
    };
    return await this.#s3.sendBody('PutObject', input, body, { asksFirst: true });
  }

  /** Whether the current object shows already that the condition fails. Who may not see it doesn't know. */
  async #isDecided(key: ObjectKey, condition: Destination['condition']): Promise<boolean> {
    if (!('IfMatch' in condition || 'IfNoneMatch' in condition)) return false;
    try {
      const current = await this.head(key);
      return 'IfMatch' in condition ? current?.revision !== condition.IfMatch : current !== undefined;
    } catch (error) {
      if (hasCode(error, 'ACCESS_DENIED')) return false;
      throw error;
    }
  }

  async #headIfThere(key: ObjectKey): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#head(key);
    } catch (error) {
      if (!isAbsent(error)) throw await this.#explainedHead(error, key);
      await this.#s3.requireBucket();
      return undefined;
    }
  }

  async #head(key: ObjectKey): Promise<HeadObjectCommandOutput> {
    const input = { ...this.#s3.target, Key: key };
    if (this.#mayReadChecksums) {
      try {
        return await this.#s3.send('HeadObject', { ...input, ChecksumMode: 'ENABLED' });
      } catch (error) {
        if (!isDenied(error)) throw error;
      }
      const answer = await this.#s3.send('HeadObject', input);
      this.#mayReadChecksums = false;
      return answer;
    }
    return await this.#s3.send('HeadObject', input);
  }

  /** The answer to a HEAD has no body: asks for the first byte instead, to learn why it is refused. */
  async #explainedHead(error: unknown, key: ObjectKey): Promise<unknown> {
    const call = { operation: 'HeadObject', key, actions: ['s3:GetObject', 's3:ListBucket'] };
    const status = statusOf(error);
    const isBare = status !== undefined && status >= 300 && status < 500;
    if (!isBare || (status === 403 && this.#deniedOnce)) return await this.#s3.explained(error, call);
    let reason = error;
    try {
      const { Body } = await this.#s3.send('GetObject', { ...this.#s3.target, Key: key, Range: 'bytes=0-0' });
      (Body as Readable).resume();
    } catch (told) {
      reason = told;
    }
    if (isDenied(reason)) this.#deniedOnce = true;
    return await this.#s3.explained(reason, call);
  }

  async #delete<T>(
    key: ObjectKey,
    condition: { readonly IfMatch: string },
    decided: Readonly<Record<string, T>>,
  ): Promise<T | undefined> {
    const call = { operation: 'DeleteObject', key, actions: ['s3:DeleteObject', 's3:GetObject'] };
    return await this.#s3.settled<T | undefined>(call, decided, async () => {
      const input = { ...this.#s3.target, ...condition, Key: key };
      // The version is that of the marker.
      this.#requireVersion(key, await this.#s3.send('DeleteObject', input));
      return undefined;
    });
  }

  async #copyAtOnce(
    from: ObjectKey,
    to: ObjectKey,
    attributes: ObjectAttributes | undefined,
  ): Promise<'created' | 'absent'> {
    const own = this.#attributes(attributes);
    const replaces = own.ContentType !== undefined || own.Metadata !== undefined;
    // S3 replaces all that was said of an object or nothing: what is to be kept is asked for, and said again.
    const keepsSome = replaces && (own.ContentType === undefined || own.Metadata === undefined);
    const source = keepsSome ? await this.#headIfThere(from) : {};
    if (source === undefined) return 'absent';
    const input = {
      ...this.#s3.target,
      ...(this.#s3.owner !== undefined && { ExpectedSourceBucketOwner: this.#s3.owner }),
      ...saidOf(source),
      ...own,
      Key: to,
      CopySource: this.#copySource(from).path,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'SHA256',
      // A tag says what is true of one object, and who may create one may put none on it.
      TaggingDirective: 'REPLACE',
      ...(replaces && { MetadataDirective: 'REPLACE' as const }),
    } as const;
    this.#requireVersion(to, await this.#s3.send('CopyObject', input));
    return 'created';
  }

  /** @param refusal why it can't be done at once */
  async #copyInParts(
    from: ObjectKey,
    to: ObjectKey,
    attributes: ObjectAttributes | undefined,
    refusal: unknown,
  ): Promise<'created' | 'absent'> {
    const head = await this.#headIfThere(from);
    if (head === undefined) return 'absent';
    const size = head.ContentLength ?? 0;
    if (hasCode(refusal, 'InvalidRequest') && size <= this.#limits.copy) throw refusal;
    const source = this.#copySource(from, head.ETag, size);
    const destination: Destination = {
      key: to,
      condition: { IfNoneMatch: '*' },
      attributes: { ...saidOf(head), ...this.#attributes(attributes) },
    };
    this.#requireVersion(
      to,
      await copyContent(this.#s3, destination, source, partSizeFor(size, this.#limits.copyPart)),
    );
    return 'created';
  }

  #headOf(key: ObjectKey, answer: HeadObjectCommandOutput | GetObjectCommandOutput | ObjectVersion): ObjectHead {
    this.#requireVersion(key, answer);
    const { ETag = '', LastModified = new Date(0) } = answer;
    const size = 'ContentLength' in answer ? wholeSize(answer) : 'Size' in answer ? answer.Size : undefined;
    const sha256 = 'ChecksumSHA256' in answer ? wholeDigest(answer.ChecksumSHA256) : undefined;
    const version = versionOf(answer);
    return {
      key,
      size: size ?? 0,
      revision: ETag as Revision,
      incarnation: (version ?? ETag) as Incarnation,
      ...(version !== undefined && { version }),
      modified: LastModified,
      ...(sha256 !== undefined && { sha256 }),
    };
  }

  /** @throws ArtifactError UNSUPPORTED_STORE where one is required and there is none */
  #requireVersion(key: ObjectKey, answer: Versioned): void {
    if (this.#options.requiresVersions === true && versionOf(answer) === undefined) throw this.#withoutVersion(key);
  }

  #withoutVersion(key: ObjectKey): ArtifactError {
    const { bucket } = this.#s3;
    const url = `s3://${bucket}/${key}`;
    return new ArtifactError(
      'UNSUPPORTED_STORE',
      `'${bucket}/${key}' has no version ID: the bucket did not keep versions when it was written, and a domain's must`,
      {
        remedy:
          `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled\n` +
          `Then wait 15 minutes, and give a version to what was written without:\naws s3 cp '${url}' '${url}' --storage-class STANDARD`,
      },
    );
  }

  #copySource(key: ObjectKey, etag = '', size = 0): CopySource {
    return copySource(this.address, { key, revision: etag as Revision, size });
  }

  /** What every object that is written here says of itself. */
  #attributes(attributes: ObjectAttributes | undefined): WrittenAttributes {
    const { kmsKeyId, metadata } = this.#options;
    const Metadata = { ...metadata, ...attributes?.metadata };
    return {
      ...(attributes?.contentType !== undefined && { ContentType: attributes.contentType }),
      ...(Object.keys(Metadata).length > 0 && { Metadata }),
      ...(kmsKeyId !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }),
    };
  }
}

type WrittenAttributes = Destination['attributes'];
interface Versioned {
  readonly VersionId?: string | undefined;
}

/** `null` is the version of whatever was written while the bucket kept none: the next such writing has it too. */
function versionOf({ VersionId }: Versioned): string | undefined {
  return VersionId === 'null' ? undefined : VersionId;
}

/** What a copy carries along. */
function saidOf({
  ContentType,
  Metadata,
}: Pick<HeadObjectCommandOutput, 'ContentType' | 'Metadata'>): WrittenAttributes {
  return {
    ...(ContentType !== undefined && { ContentType }),
    ...(Metadata !== undefined && { Metadata }),
  };
}

/** Of an object that went up in parts S3 has a digest of digests, which ends in `-N` and says nothing of the whole. */
function wholeDigest(checksum: string | undefined): Digest | undefined {
  return checksum === undefined || checksum.includes('-') ? undefined : digestFromBase64(checksum);
}

/** Where no versions are kept, the ETag is all that tells two writings apart; it is in quotes, and a version ID never is. */
function isEtag(incarnation: Incarnation): boolean {
  return incarnation.startsWith('"');
}

function exactVersion(incarnation: Incarnation | undefined): ExactVersion {
  if (incarnation === undefined) return {};
  return isEtag(incarnation) ? { IfMatch: incarnation } : { VersionId: incarnation };
}
