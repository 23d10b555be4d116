import { createHash } from 'node:crypto';
import type {
  CompletedPart,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import type { Content } from '../content.ts';
import type { Digest } from '../digest.ts';
import { digestToBase64, sha256 } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { ObjectHead, StoreAddress } from '../object-store.ts';
import type { S3Connection } from './s3-connection.ts';
import { ContentFailure, SourceMoved } from './s3-error.ts';

const MIB = 1024 * 1024;

/** S3's (S3 user guide, "Amazon S3 multipart upload limits"). */
const MAXIMUM_PARTS = 10_000;

/** Four parts under way fill most lines, and bound the memory of an upload: this many times the size of a part. */
const PARTS_IN_FLIGHT = 4;

/** What an upload becomes: where, on which condition, with what attributes. */
export interface Destination {
  readonly key: string;
  readonly condition: { readonly IfNoneMatch: '*' } | { readonly IfMatch: string } | Readonly<Record<string, never>>;
  readonly attributes: Omit<CreateMultipartUploadCommandInput, 'Bucket' | 'Key'>;
}

/** Reports bytes as they leave, each byte once, however often a part is sent. */
export class Progress {
  readonly #report: ((bytes: number) => void) | undefined;
  readonly #furthest = new Map<number, number>();

  constructor(report: ((bytes: number) => void) | undefined) {
    this.#report = report;
  }

  /** @param sent bytes of this part that have left in this attempt */
  reached(part: number, sent: number): void {
    const before = this.#furthest.get(part) ?? 0;
    if (sent <= before) return;
    this.#furthest.set(part, sent);
    this.#report?.(sent - before);
  }
}

/** At least `minimum`, whole mebibytes, and no more than 10,000 parts. */
export function partSizeFor(size: number, minimum: number): number {
  return Math.max(minimum, Math.ceil(size / MAXIMUM_PARTS / MIB) * MIB);
}

/** The bytes of `content`, no more and no fewer than it announced, and progress. */
export async function* announcedBytes(
  content: Content,
  subject: string,
  progress: (sent: number) => void,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const piece of readable(content)) {
    if (sent + piece.byteLength > content.size) throw mismatch(subject, `it has more than ${content.size} bytes`);
    yield piece;
    sent += piece.byteLength;
    progress(sent);
  }
  if (sent < content.size) throw mismatch(subject, `it has ${sent} bytes instead of ${content.size}`);
}

/** Errors of the content stay distinguishable from those of the network. */
async function* readable(content: Content): AsyncGenerator<Uint8Array> {
  try {
    yield* content.read();
  } catch (error) {
    throw new ContentFailure(error);
  }
}

/**
 * Uploads `content` in parts, each verified by S3 on arrival. Before it is completed, either the whole was verified here, or every part was announced by the digest that it
 * had when the whole was hashed. Whatever fails, nothing is left of it.
 */
export async function uploadContent(
  s3: S3Connection,
  destination: Destination,
  content: Content,
  partSize: number,
  progress: Progress,
): Promise<CompleteMultipartUploadCommandOutput> {
  const subject = `${s3.bucket}/${destination.key}`;
  return await inMultipartUpload(s3, destination, content.size, async (uploadId, parts) => {
    const known = digestsOf(content, partSize);
    const hash = known === undefined ? createHash('sha256') : undefined;
    const buffers = Array.from({ length: PARTS_IN_FLIGHT }, () => undefined as Buffer | undefined);
    const emptyBuffer = async (): Promise<Buffer> =>
      (await parts.vacancy(buffers)) ?? Buffer.allocUnsafeSlow(Math.min(partSize, content.size));
    for await (const [number, bytes, buffer] of slices(content, subject, emptyBuffer)) {
      hash?.update(bytes);
      parts.begin(async (signal) => {
        const part = { number, bytes, known: known?.[number - 1] };
        const uploaded = await uploadPart(s3, destination.key, uploadId, part, progress, signal);
        buffers.push(buffer);
        return uploaded;
      });
    }
    const digest = hash?.digest('hex') ?? content.sha256;
    const completed = await parts.all();
    if (digest !== content.sha256) {
      throw mismatch(subject, `its digest is ${digest} instead of ${content.sha256}`);
    }
    return completed;
  });
}

/** Of all parts, or of none. */
function digestsOf({ size, parts }: Content, partSize: number): readonly Digest[] | undefined {
  const isOfThese = parts?.size === partSize && parts.digests.length === Math.ceil(size / partSize);
  return isOfThese ? parts.digests : undefined;
}

/** Where a copy comes from; `etag` holds all parts to one object. */
export interface CopySource {
  readonly path: string;
  readonly etag: string;
  readonly size: number;
  /** The account that must own its bucket. */
  readonly owner: string | undefined;
}

export function copySource(
  { bucket, prefix = '', owner }: StoreAddress,
  { key, revision, size }: Pick<ObjectHead, 'key' | 'revision' | 'size'>,
): CopySource {
  const path = [bucket, ...`${prefix}${key}`.split('/').map(encodeURIComponent)].join('/');
  return { path, etag: revision, size, owner };
}

/** Copies an object inside S3, part by part. */
export async function copyContent(
  s3: S3Connection,
  destination: Destination,
  source: CopySource,
  partSize: number,
): Promise<CompleteMultipartUploadCommandOutput> {
  return await inMultipartUpload(s3, destination, source.size, async (uploadId, parts) => {
    const count = Math.max(1, Math.ceil(source.size / partSize));
    const slots = Array.from({ length: PARTS_IN_FLIGHT }, () => undefined);
    for (let number = 1; number <= count; number += 1) {
      await parts.vacancy(slots);
      const start = (number - 1) * partSize;
      const end = Math.min(start + partSize, source.size);
      parts.begin(async (signal) => {
        const input = {
          ...s3.target,
          ...(source.owner !== undefined && { ExpectedSourceBucketOwner: source.owner }),
          Key: destination.key,
          UploadId: uploadId,
          PartNumber: number,
          CopySource: source.path,
          CopySourceIfMatch: source.etag,
          // Of a source below 5 MiB S3 copies no range.
          ...(count > 1 && { CopySourceRange: `bytes=${start}-${end - 1}` }),
        };
        const { CopyPartResult } = await s3.send('UploadPartCopy', input, signal).catch((error: unknown) => {
          throw hasCode(error, 'PreconditionFailed') ? new SourceMoved(error) : error;
        });
        slots.push(undefined);
        return {
          PartNumber: number,
          ETag: CopyPartResult?.ETag,
          ...(CopyPartResult?.ChecksumSHA256 !== undefined && { ChecksumSHA256: CopyPartResult.ChecksumSHA256 }),
        };
      });
    }
    return await parts.all();
  });
}

async function inMultipartUpload(
  s3: S3Connection,
  { key, condition, attributes }: Destination,
  size: number,
  send: (uploadId: string, parts: Parts) => Promise<CompletedPart[]>,
): Promise<CompleteMultipartUploadCommandOutput> {
  const create = { ...s3.target, Key: key, ChecksumAlgorithm: 'SHA256', ...attributes } as const;
  s3.requireUninterrupted();
  const { UploadId: uploadId = '' } = await s3.sendWhole('CreateMultipartUpload', create);
  const underWay = new Parts();
  try {
    const parts = await send(uploadId, underWay);
    const complete = {
      ...s3.target,
      ...condition,
      Key: key,
      UploadId: uploadId,
      MpuObjectSize: size,
      MultipartUpload: { Parts: parts },
    };
    const answer = await s3.send('CompleteMultipartUpload', complete);
    verifyComposite(`${s3.bucket}/${key}`, parts, answer.ChecksumSHA256);
    return answer;
  } catch (error) {
    // S3 keeps a part that arrives while its upload is aborted.
    await underWay.stop();
    // What fails to be tidied up now, a lifecycle rule must: the first failure is the one to tell.
    await s3.sendWhole('AbortMultipartUpload', { ...s3.target, Key: key, UploadId: uploadId }).catch(() => undefined);
    throw error;
  }
}

interface PartToUpload {
  readonly number: number;
  readonly bytes: Buffer;
  /** What its digest was when the whole was hashed, if that is known. */
  readonly known: Digest | undefined;
}

async function uploadPart(
  s3: S3Connection,
  key: string,
  uploadId: string,
  { number, bytes, known }: PartToUpload,
  progress: Progress,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const digest = known ?? sha256(bytes);
  const input = {
    ...s3.target,
    Key: key,
    UploadId: uploadId,
    PartNumber: number,
    ContentLength: bytes.byteLength,
    ChecksumAlgorithm: 'SHA256',
    ChecksumSHA256: digestToBase64(digest),
  } as const;
  const body = {
    size: bytes.byteLength,
    sha256: digest,
    async *read() {
      yield bytes;
      progress.reached(number, bytes.byteLength);
    },
  };
  const { ETag, ChecksumSHA256 } = await s3.sendBody('UploadPart', input, body, { asksFirst: false }, signal);
  // As with what goes up in one request, the store is trusted to hold the bytes against their digest; one that says nothing of a checksum has perhaps not looked.
  if (known !== undefined && ChecksumSHA256 !== digestToBase64(known) && sha256(bytes) !== known) {
    throw mismatch(`${s3.bucket}/${key}`, `part ${number} is another than when it was hashed`);
  }
  return { PartNumber: number, ETag, ChecksumSHA256: digestToBase64(digest) };
}

/** Parts under way. The first that fails stops the others. */
class Parts {
  readonly #stop = new AbortController();
  readonly #begun: Promise<CompletedPart>[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | undefined;

  begin(send: (signal: AbortSignal) => Promise<CompletedPart>): void {
    const part = send(this.#stop.signal);
    const watched = part.then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= { error };
        this.#stop.abort();
      },
    );
    const done = watched.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    this.#begun.push(part);
  }

  /** Takes one of `slots`, which parts give back as they finish; waits until there is one. */
  async vacancy<T>(slots: T[]): Promise<T> {
    while (slots.length === 0 && this.#failure === undefined) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure.error;
    return slots.shift() as T;
  }

  /** In order, once all are there. */
  async all(): Promise<CompletedPart[]> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure.error;
    return await Promise.all(this.#begun);
  }

  /** Ends what is under way, and waits for that. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }
}

/** Cuts content into parts, numbered from 1, each in the whole of a buffer except the last; with the buffer, to be used again. */
async function* slices(
  content: Content,
  subject: string,
  emptyBuffer: () => Promise<Buffer>,
): AsyncGenerator<readonly [number, Buffer, Buffer]> {
  if (content.readInto === undefined) {
    yield* cut(
      announcedBytes(content, subject, () => undefined),
      emptyBuffer,
    );
    return;
  }
  for (let [number, start] = [1, 0]; start < content.size; number += 1) {
    const buffer = await emptyBuffer();
    const bytes = buffer.subarray(0, content.size - start);
    try {
      await content.readInto(bytes, start);
    } catch (error) {
      throw new ContentFailure(error);
    }
    yield [number, bytes, buffer];
    start += bytes.byteLength;
  }
}

async function* cut(
  bytes: AsyncIterable<Uint8Array>,
  emptyBuffer: () => Promise<Buffer>,
): AsyncGenerator<readonly [number, Buffer, Buffer]> {
  let number = 0;
  let buffer: Buffer | undefined;
  let filled = 0;
  for await (const piece of bytes) {
    for (let at = 0; at < piece.byteLength;) {
      buffer ??= await emptyBuffer();
      const taken = piece.subarray(at, at + buffer.byteLength - filled);
      buffer.set(taken, filled);
      filled += taken.byteLength;
      at += taken.byteLength;
      if (filled < buffer.byteLength) continue;
      number += 1;
      yield [number, buffer, buffer];
      buffer = undefined;
      filled = 0;
    }
  }
  if (buffer !== undefined) yield [number + 1, buffer.subarray(0, filled), buffer];
}

/** S3's checksum of a multipart object is the digest of its parts' digests, and their number. */
function verifyComposite(subject: string, parts: readonly CompletedPart[], told: string | undefined): void {
  const digests = parts.flatMap(({ ChecksumSHA256 }) =>
    ChecksumSHA256 === undefined ? [] : [Buffer.from(ChecksumSHA256, 'base64')],
  );
  if (told === undefined || digests.length !== parts.length) return;
  const expected = `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-${parts.length}`;
  if (told !== expected) throw mismatch(subject, `S3 reports the checksum ${told} instead of ${expected}`);
}

function mismatch(subject: string, what: string): ArtifactError {
  return new ArtifactError('DIGEST_MISMATCH', `the content for '${subject}' is not what was announced: ${what}`, {
    remedy: 'Something changed the content while it was read: run it again.',
  });
}
