import { createHash, randomBytes } from 'node:crypto';
import type { ChecksumAlgorithm, StoredBytes } from './s3-server-bytes.ts';
import { checksumOf } from './s3-server-bytes.ts';
import { S3Error } from './s3-server-error.ts';
import type { Policy } from './iam/policy.ts';

/**
 * Buckets, versions, uploads. Every method here runs in one go, without awaiting: that is what makes a conditional write atomic
 * per key, as S3's is.
 */

export type Versioning = 'Off' | 'Enabled' | 'Suspended';

export interface Encryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  readonly kmsKeyId?: string;
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a composite one with `-` and the number of parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface PartSummary {
  readonly number: number;
  readonly size: number;
  readonly checksum: string | undefined;
}

/** What a writer says of an object beside its bytes. */
export interface Attributes {
  /** `content-type`, `cache-control` and the like: given back as they came. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without the `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly encryption: Encryption;
  readonly tags: ReadonlyMap<string, string>;
  readonly legalHold: boolean;
  readonly retention?: Retention;
}

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: Date;
}

export interface NewObject extends Attributes {
  readonly bytes: StoredBytes;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly parts?: readonly PartSummary[];
}

export interface StoredVersion extends NewObject {
  readonly kind: 'object';
  readonly versionId: string;
  readonly modified: Date;
  tags: ReadonlyMap<string, string>;
  legalHold: boolean;
  retention?: Retention;
}

export interface DeleteMarker {
  readonly kind: 'marker';
  readonly versionId: string;
  readonly modified: Date;
}

export type AnyVersion = StoredVersion | DeleteMarker;

export interface UploadedPart {
  readonly number: number;
  readonly bytes: StoredBytes;
  readonly etag: string;
  readonly modified: Date;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  readonly attributes: Attributes;
  /** `undefined`: none was asked for, S3 makes a CRC-64 of the whole. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE';
  readonly parts: Map<number, UploadedPart>;
}

/** What a conditional write demands of the key's current object. */
export interface Condition {
  readonly ifNoneMatch?: string;
  readonly ifMatch?: string;
}

export interface Deletion {
  readonly versionId: string | undefined;
  readonly marker: boolean;
}

export interface BucketOptions {
  /** Default: the server's first account. */
  readonly owner?: string;
  readonly region?: string;
  readonly versioning?: Versioning;
  readonly policy?: Policy;
  readonly encryption?: Encryption;
  readonly objectLock?: boolean;
  readonly overlap?: Overlap;
}

/**
 * What S3 says to a conditional write of a key that another has written since it began. `decided`: the first to finish wins, and the others are held
 * against what it wrote (S3 user guide, "Add preconditions to S3 operations"). `undecided`: 409, ask again, as S3 also answers to concurrent requests.
 */
export type Overlap = 'decided' | 'undecided';

let clockTick = 0;

/** Orders the beginnings of requests and the deletions that land, to see which overlap. */
export function tick(): number {
  clockTick += 1;
  return clockTick;
}

export class Bucket {
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  readonly created: Date;
  versioning: Versioning;
  policy: { readonly text: string; readonly policy: Policy } | undefined;
  encryption: Encryption;
  objectLock: boolean;
  overlap: Overlap;
  readonly uploads: Map<string, Upload> = new Map();
  /** Answers of completed uploads: S3 gives the same one to a repeated Complete. */
  readonly completed: Map<string, { readonly manifest: string; readonly versionId: string }> = new Map();
  /** Documents that S3 keeps and this server does not act on: lifecycle rules, tags and the like. */
  readonly configurations: Map<string, string> = new Map();

  readonly #versions = new Map<string, AnyVersion[]>();
  readonly #deletedAt = new Map<string, number>();
  readonly #writtenAt = new Map<string, number>();
  readonly #sortedKeys: string[] = [];

  constructor(name: string, options: BucketOptions & { owner: string; region: string }, created: Date) {
    this.name = name;
    this.owner = options.owner;
    this.region = options.region;
    this.created = created;
    this.objectLock = options.objectLock ?? false;
    this.overlap = options.overlap ?? 'decided';
    this.versioning = this.objectLock ? 'Enabled' : (options.versioning ?? 'Off');
    this.encryption = options.encryption ?? { algorithm: 'AES256' };
    this.policy =
      options.policy === undefined ? undefined : { text: JSON.stringify(options.policy), policy: options.policy };
  }

  get arn(): string {
    return `arn:aws:s3:::${this.name}`;
  }

  /** Of every key with at least one version or marker, in the order of UTF-8 bytes. */
  keys(): readonly string[] {
    return this.#sortedKeys;
  }

  /** Newest first. */
  versions(key: string): readonly AnyVersion[] {
    return this.#versions.get(key) ?? [];
  }

  current(key: string): StoredVersion | undefined {
    const newest = this.#versions.get(key)?.[0];
    return newest?.kind === 'object' ? newest : undefined;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /**
   * @param begunAt when the request came. A deletion that landed since is a conflicting operation: the condition can neither hold nor fail
   * for the whole of the request, and S3 answers 409.
   * @param modified what S3 tells as the time of the writing; of an upload in parts that of its beginning
   */
  put(
    key: string,
    object: NewObject,
    condition: Condition,
    begunAt: number,
    now: Date,
    modified: Date = now,
  ): StoredVersion {
    this.require(key, condition, begunAt);
    const version: StoredVersion = {
      ...object,
      kind: 'object',
      versionId: this.versioning === 'Enabled' ? newVersionId() : 'null',
      modified,
    };
    this.#place(key, version);
    this.#writtenAt.set(key, tick());
    return version;
  }

  /** @throws S3Error PreconditionFailed, NoSuchKey, ConditionalRequestConflict */
  require(key: string, { ifNoneMatch, ifMatch }: Condition, begunAt: number): void {
    if (ifNoneMatch === undefined && ifMatch === undefined) return;
    if ((this.#deletedAt.get(key) ?? 0) > begunAt) throw new S3Error('ConditionalRequestConflict');
    if (this.overlap === 'undecided' && (this.#writtenAt.get(key) ?? 0) > begunAt) {
      throw new S3Error('ConditionalRequestConflict');
    }
    const current = this.current(key);
    if (ifNoneMatch !== undefined && current !== undefined) {
      throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-None-Match' } });
    }
    if (ifMatch === undefined) return;
    if (current === undefined) throw new S3Error('NoSuchKey');
    if (ifMatch !== '*' && unquoted(ifMatch) !== current.etag) {
      throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-Match' } });
    }
  }

  /** Without a version: hides the current object behind a marker, or removes it where versions aren't kept. */
  delete(key: string, condition: Condition, begunAt: number, now: Date): Deletion {
    this.require(key, condition, begunAt);
    if (this.current(key) !== undefined) this.#deletedAt.set(key, tick());
    if (this.versioning === 'Off') {
      this.#remove(key, 'null');
      return { versionId: undefined, marker: false };
    }
    const versionId = this.versioning === 'Enabled' ? newVersionId() : 'null';
    this.#place(key, { kind: 'marker', versionId, modified: now });
    return { versionId, marker: true };
  }

  /** Removes exactly one version, or a marker. Succeeds where there is none. */
  deleteVersion(key: string, versionId: string, bypassGovernance: boolean, now: Date): Deletion {
    const version = this.versions(key).find((one) => one.versionId === versionId);
    if (version?.kind === 'object') {
      const { retention, legalHold } = version;
      const retained =
        retention !== undefined && retention.until > now && !(bypassGovernance && retention.mode === 'GOVERNANCE');
      if (legalHold || retained) {
        throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.');
      }
      if (this.current(key) === version) this.#deletedAt.set(key, tick());
    }
    this.#remove(key, versionId);
    return { versionId, marker: version?.kind === 'marker' };
  }

  #place(key: string, version: AnyVersion): void {
    if (version.versionId === 'null') this.#remove(key, 'null');
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.#sortedKeys.splice(firstFrom(this.#sortedKeys, key), 0, key);
    } else versions.unshift(version);
  }

  #remove(key: string, versionId: string): void {
    const versions = this.#versions.get(key);
    const index = versions?.findIndex((one) => one.versionId === versionId) ?? -1;
    if (versions === undefined || index === -1) return;
    const [removed] = versions.splice(index, 1);
    if (removed?.kind === 'object') removed.bytes.release();
    if (versions.length > 0) return;
    this.#versions.delete(key);
    this.#sortedKeys.splice(firstFrom(this.#sortedKeys, key), 1);
  }
}

/** S3's ETag of what one request brought: the MD5, except under KMS, where it says nothing of the content. */
export function etagOf(md5: Buffer, encryption: Encryption): string {
  return encryption.algorithm === 'aws:kms' ? randomBytes(16).toString('hex') : md5.toString('hex');
}

/** S3's ETag of a multipart object: the MD5 of the parts' MD5s, and their number. */
export function multipartEtag(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

/** Of an object without one, S3 has made a CRC-64 of its own; here that is computed when somebody asks. */
export async function checksumOfVersion(version: StoredVersion): Promise<Checksum> {
  return (
    version.checksum ?? {
      algorithm: 'CRC64NVME',
      type: 'FULL_OBJECT',
      value: (await checksumOf(version.bytes, 'CRC64NVME')).toString('base64'),
    }
  );
}

export function newVersionId(): string {
  return randomBytes(24).toString('base64url');
}

export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1');
}

/** The index of the first of `keys`, which are sorted, that is `key` or comes behind it. */
export function firstFrom(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of UTF-8 bytes, which is that of code points and not that of UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others: they rank behind U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
