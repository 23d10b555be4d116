/* eslint-disable jest/no-export, jest/expect-expect, jest/no-disabled-tests -- a suite that others call, with tests made from a table */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ListObjectVersionsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KnownDifference } from './object-store-contract.ts';

/** A versioned bucket on the wire, and a corner of it that nobody else uses. */
export interface ConformanceTarget {
  /** With retries off, so that what is answered is what is seen. */
  readonly client: S3Client;
  readonly bucket: string;
  readonly region: string;
  /** Before every key. */
  readonly prefix: string;
  close(): Promise<void>;
}

interface Wire {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly region: string;
  /** A key of this case alone. */
  readonly key: (name: string) => string;
}

const MIB = 1024 * 1024;
const PART = Buffer.alloc(5 * MIB, 'p');

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('base64');
const md5 = (bytes: Uint8Array | string): Buffer => createHash('md5').update(bytes).digest();

/**
 * What Amazon S3 answers, request by request, as far as this project stands on it. The S3 server of the tests must keep all of it; moto
 * shows, where it keeps it too, that this is not our own invention; a real bucket decides.
 */
const CASES: Readonly<Record<string, (wire: Wire) => Promise<void>>> = {
  'PUT If-None-Match: * creates, and fails with 412 on what exists': async (wire) => {
    expect(await put(wire, 'a', 'one', { IfNoneMatch: '*' })).toMatchObject({ status: 200 });
    expect(await put(wire, 'a', 'two', { IfNoneMatch: '*' })).toMatchObject({
      status: 412,
      code: 'PreconditionFailed',
    });
    expect(await text(wire, 'a')).toBe('one');
  },

  'PUT If-None-Match: * creates over a delete marker': async (wire) => {
    await put(wire, 'a', 'one');
    await remove(wire, 'a');
    expect(await put(wire, 'a', 'two', { IfNoneMatch: '*' })).toMatchObject({ status: 200 });
    expect(await text(wire, 'a')).toBe('two');
  },

  'of 50 parallel PUTs with If-None-Match: * one succeeds': async (wire) => {
    const answers = await Promise.all(times(50, (i) => put(wire, 'race', `${i}`, { IfNoneMatch: '*' })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 409, 412].includes(status))).toBe(true);
    expect(await text(wire, 'race')).toBe(`${answers.indexOf(won[0]!)}`);
  },

  'PUT If-Match: the current ETag, another, none there': async (wire) => {
    const { etag } = await put(wire, 'a', 'one');
    expect(await put(wire, 'a', 'two', { IfMatch: etag! })).toMatchObject({ status: 200 });
    expect(await put(wire, 'a', 'three', { IfMatch: etag! })).toMatchObject({
      status: 412,
      code: 'PreconditionFailed',
    });
    expect(await text(wire, 'a')).toBe('two');
    expect(await put(wire, 'b', 'one', { IfMatch: etag! })).toMatchObject({ status: 404, code: 'NoSuchKey' });
  },

  'PUT If-Match over a delete marker is 404': async (wire) => {
    const { etag } = await put(wire, 'a', 'one');
    await remove(wire, 'a');
    expect(await put(wire, 'a', 'two', { IfMatch: etag! })).toMatchObject({ status: 404, code: 'NoSuchKey' });
  },

  'DELETE If-Match: another ETag, the current, and * and an ETag where there is none': async (wire) => {
    const { etag } = await put(wire, 'a', 'one');
    await put(wire, 'a', 'two');
    expect(await remove(wire, 'a', { IfMatch: etag! })).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    const current = await head(wire, 'a');
    expect(await remove(wire, 'a', { IfMatch: current.etag! })).toMatchObject({ status: 204 });
    expect(await head(wire, 'a')).toMatchObject({ status: 404 });
    expect(await remove(wire, 'a', { IfMatch: current.etag! })).toMatchObject({ status: 404, code: 'NoSuchKey' });
    expect(await remove(wire, 'never', { IfMatch: '*' })).toMatchObject({ status: 404, code: 'NoSuchKey' });
  },

  'of 20 parallel DELETEs with If-Match one succeeds': async (wire) => {
    const { etag } = await put(wire, 'a', 'one');
    const answers = await Promise.all(times(20, () => remove(wire, 'a', { IfMatch: etag! })));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.every(({ status }) => [204, 404, 409, 412].includes(status))).toBe(true);
  },

  'DELETE without a version hides, and tells the marker': async (wire) => {
    const { version } = await put(wire, 'a', 'one');
    const answer = await wire.client.send(new DeleteObjectCommand(at(wire, 'a')));
    expect(answer).toMatchObject({ DeleteMarker: true, VersionId: expect.any(String) });
    expect(answer.VersionId).not.toBe(version);
    expect(await head(wire, 'a')).toMatchObject({ status: 404 });
    expect(await get(wire, 'a')).toMatchObject({ status: 404, code: 'NoSuchKey' });
    expect(await get(wire, 'a', { VersionId: version! })).toMatchObject({ status: 200, body: 'one' });
  },

  'GET of a marker by its version is 405': async (wire) => {
    const { VersionId } = await wire.client.send(new DeleteObjectCommand(at(wire, 'a')));
    expect(await get(wire, 'a', { VersionId: VersionId! })).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
  },

  'DELETE of a version removes exactly that, and succeeds again': async (wire) => {
    const first = await put(wire, 'a', 'same');
    const second = await put(wire, 'a', 'same');
    expect(second.version).not.toBe(first.version);
    expect(second.etag).toBe(first.etag);
    for (let again = 0; again < 2; again += 1) {
      expect(await remove(wire, 'a', { VersionId: first.version! })).toMatchObject({ status: 204 });
      expect(await head(wire, 'a')).toMatchObject({ status: 200, version: second.version });
    }
    expect(await get(wire, 'a', { VersionId: first.version! })).toMatchObject({ status: 404, code: 'NoSuchVersion' });
  },

  'DELETE of the current version brings back the one beneath, and of a marker the object': async (wire) => {
    await put(wire, 'a', 'old');
    const { version } = await put(wire, 'a', 'new');
    await remove(wire, 'a', { VersionId: version! });
    expect(await text(wire, 'a')).toBe('old');
    const { VersionId } = await wire.client.send(new DeleteObjectCommand(at(wire, 'a')));
    await remove(wire, 'a', { VersionId: VersionId! });
    expect(await text(wire, 'a')).toBe('old');
  },

  'DeleteObjects removes many, and holds each to its ETag': async (wire) => {
    const one = await put(wire, 'one', '1');
    await put(wire, 'two', '2');
    const Objects = [
      { Key: wire.key('one'), ETag: one.etag },
      { Key: wire.key('two'), ETag: one.etag },
    ];
    const answer = await wire.client.send(new DeleteObjectsCommand({ Bucket: wire.Bucket, Delete: { Objects } }));
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual([wire.key('one')]);
    expect(answer.Errors).toMatchObject([{ Key: wire.key('two'), Code: 'PreconditionFailed' }]);
    expect(await text(wire, 'two')).toBe('2');
  },

  'the ETag of a single PUT is the MD5': async (wire) => {
    expect((await put(wire, 'a', 'some text')).etag).toBe(`"${md5('some text').toString('hex')}"`);
  },

  'a wrong SHA-256 is BadDigest, and nothing is stored': async (wire) => {
    expect(await put(wire, 'a', 'text', { ChecksumSHA256: sha256('other') })).toMatchObject({
      status: 400,
      code: 'BadDigest',
    });
    expect(await head(wire, 'a')).toMatchObject({ status: 404 });
  },

  'a wrong Content-MD5 is BadDigest, and nothing is stored': async (wire) => {
    expect(await put(wire, 'a', 'text', { ContentMD5: md5('other').toString('base64') })).toMatchObject({
      status: 400,
      code: 'BadDigest',
    });
    expect(await head(wire, 'a')).toMatchObject({ status: 404 });
  },

  'the SHA-256 of a single PUT is kept, and told by HEAD and GET when asked': async (wire) => {
    await put(wire, 'a', 'text', { ChecksumSHA256: sha256('text'), ChecksumAlgorithm: 'SHA256' });
    const asked = await wire.client.send(new HeadObjectCommand({ ...at(wire, 'a'), ChecksumMode: 'ENABLED' }));
    expect(asked).toMatchObject({ ChecksumSHA256: sha256('text') });
    const got = await wire.client.send(new GetObjectCommand({ ...at(wire, 'a'), ChecksumMode: 'ENABLED' }));
    expect(got).toMatchObject({ ChecksumSHA256: sha256('text') });
    await got.Body?.transformToByteArray();
    const bare = await wire.client.send(new HeadObjectCommand(at(wire, 'a')));
    expect(bare.ChecksumSHA256).toBeUndefined();
  },

  'the type of a single checksum is FULL_OBJECT': async (wire) => {
    await put(wire, 'a', 'text', { ChecksumSHA256: sha256('text'), ChecksumAlgorithm: 'SHA256' });
    const asked = await wire.client.send(new HeadObjectCommand({ ...at(wire, 'a'), ChecksumMode: 'ENABLED' }));
    expect(asked.ChecksumType).toBe('FULL_OBJECT');
  },

  'GetObjectAttributes tells checksum and size': async (wire) => {
    await put(wire, 'a', 'text', { ChecksumSHA256: sha256('text'), ChecksumAlgorithm: 'SHA256' });
    const ObjectAttributes = ['Checksum', 'ObjectSize', 'ETag'] as const;
    const answer = await wire.client.send(
      new GetObjectAttributesCommand({ ...at(wire, 'a'), ObjectAttributes: [...ObjectAttributes] }),
    );
    expect(answer).toMatchObject({
      Checksum: { ChecksumSHA256: sha256('text') },
      ObjectSize: 4,
      ETag: md5('text').toString('hex'),
    });
  },

  'a stream with a checksum in its trailer arrives intact': async (wire) => {
    const bytes = Buffer.from(times(200_000, (i) => i % 251));
    const pieces = times(20, (i) => bytes.subarray(i * 10_000, (i + 1) * 10_000));
    const Body = Readable.from(pieces);
    const input = { ...at(wire, 'a'), Body, ContentLength: bytes.length, ChecksumAlgorithm: 'CRC32' } as const;
    await wire.client.send(new PutObjectCommand(input));
    const answer = await wire.client.send(new GetObjectCommand(at(wire, 'a')));
    expect(bytes.equals(await answer.Body!.transformToByteArray())).toBe(true);
    expect(answer.ContentEncoding ?? '').not.toMatch(/aws-chunked/);
  },

  'content type and metadata come back': async (wire) => {
    await put(wire, 'a', 'text', {
      ContentType: 'text/x-test',
      CacheControl: 'no-store',
      Metadata: { 'one-two': 'a b' },
    });
    expect(await wire.client.send(new HeadObjectCommand(at(wire, 'a')))).toMatchObject({
      ContentType: 'text/x-test',
      CacheControl: 'no-store',
      Metadata: { 'one-two': 'a b' },
      ContentLength: 4,
    });
  },

  'tags are put and told': async (wire) => {
    await put(wire, 'a', 'text');
    const TagSet = [{ Key: 'k', Value: 'v w' }];
    await wire.client.send(new PutObjectTaggingCommand({ ...at(wire, 'a'), Tagging: { TagSet } }));
    expect(await wire.client.send(new GetObjectTaggingCommand(at(wire, 'a')))).toMatchObject({ TagSet });
    await wire.client.send(new DeleteObjectTaggingCommand(at(wire, 'a')));
    expect(await wire.client.send(new GetObjectTaggingCommand(at(wire, 'a')))).toMatchObject({ TagSet: [] });
  },

  'tags are put with the object, and copied unless they are replaced': async (wire) => {
    await put(wire, 'a', 'text', { Tagging: 'k=v%20w&l=' });
    const told = async (name: string): Promise<unknown> => {
      const { TagSet = [] } = await wire.client.send(new GetObjectTaggingCommand(at(wire, name)));
      return Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]));
    };
    expect(await told('a')).toEqual({ k: 'v w', l: '' });
    const CopySource = sourceOf(wire, 'a');
    await wire.client.send(new CopyObjectCommand({ ...at(wire, 'copied'), CopySource }));
    expect(await told('copied')).toEqual({ k: 'v w', l: '' });
    const replacing = { CopySource, TaggingDirective: 'REPLACE' } as const;
    await wire.client.send(new CopyObjectCommand({ ...at(wire, 'plain'), ...replacing }));
    expect(await told('plain')).toEqual({});
    await wire.client.send(new CopyObjectCommand({ ...at(wire, 'own'), ...replacing, Tagging: 'o=p' }));
    expect(await told('own')).toEqual({ o: 'p' });
  },

  'a range is 206; one behind the end is 416': async (wire) => {
    await put(wire, 'a', '0123456789');
    expect(await get(wire, 'a', { Range: 'bytes=2-4' })).toMatchObject({ status: 206, body: '234' });
    expect(await get(wire, 'a', { Range: 'bytes=7-' })).toMatchObject({ status: 206, body: '789' });
    expect(await get(wire, 'a', { Range: 'bytes=-2' })).toMatchObject({ status: 206, body: '89' });
    expect(await get(wire, 'a', { Range: 'bytes=8-100' })).toMatchObject({ status: 206, body: '89' });
    expect(await get(wire, 'a', { Range: 'bytes=10-' })).toMatchObject({ status: 416, code: 'InvalidRange' });
  },

  'GET If-None-Match is 304, If-Match 412': async (wire) => {
    const { etag } = await put(wire, 'a', 'text');
    expect(await get(wire, 'a', { IfNoneMatch: etag! })).toMatchObject({ status: 304 });
    expect(await get(wire, 'a', { IfMatch: etag! })).toMatchObject({ status: 200 });
    expect(await get(wire, 'a', { IfMatch: '"other"' })).toMatchObject({ status: 412, code: 'PreconditionFailed' });
  },

  'CopyObject copies bytes, metadata and checksum': async (wire) => {
    await put(wire, 'a', 'text', {
      ContentType: 'text/x-test',
      Metadata: { k: 'v' },
      ChecksumSHA256: sha256('text'),
      ChecksumAlgorithm: 'SHA256',
    });
    await wire.client.send(new CopyObjectCommand({ ...at(wire, 'b c+é'), CopySource: sourceOf(wire, 'a') }));
    expect(await text(wire, 'b c+é')).toBe('text');
    const copied = await wire.client.send(new HeadObjectCommand({ ...at(wire, 'b c+é'), ChecksumMode: 'ENABLED' }));
    expect(copied).toMatchObject({ ContentType: 'text/x-test', Metadata: { k: 'v' }, ChecksumSHA256: sha256('text') });
    await wire.client.send(
      new CopyObjectCommand({
        ...at(wire, 'd'),
        CopySource: sourceOf(wire, 'b c+é'),
        MetadataDirective: 'REPLACE',
        Metadata: { other: 'x' },
      }),
    );
    const replaced = await wire.client.send(new HeadObjectCommand(at(wire, 'd')));
    expect(replaced.Metadata).toEqual({ other: 'x' });
  },

  'CopyObject If-None-Match: * fails with 412 on what exists': async (wire) => {
    await put(wire, 'a', 'new');
    await put(wire, 'b', 'old');
    const input = { ...at(wire, 'b'), CopySource: sourceOf(wire, 'a'), IfNoneMatch: '*' };
    expect(await answered(wire.client.send(new CopyObjectCommand(input)))).toMatchObject({ status: 412 });
    expect(await text(wire, 'b')).toBe('old');
  },

  'CopyObject holds its source to an ETag': async (wire) => {
    await put(wire, 'a', 'new');
    const input = { ...at(wire, 'b'), CopySource: sourceOf(wire, 'a'), CopySourceIfMatch: '"other"' };
    expect(await answered(wire.client.send(new CopyObjectCommand(input)))).toMatchObject({ status: 412 });
    expect(await head(wire, 'b')).toMatchObject({ status: 404 });
  },

  'CopyObject of nothing is 404': async (wire) => {
    const input = { ...at(wire, 'b'), CopySource: sourceOf(wire, 'nothing') };
    expect(await answered(wire.client.send(new CopyObjectCommand(input)))).toMatchObject({
      status: 404,
      code: 'NoSuchKey',
    });
  },

  'a multipart upload makes one object, with the ETag of its parts': async (wire) => {
    const upload = await begin(wire, 'a');
    const parts = [await part(wire, upload, 1, PART), await part(wire, upload, 2, 'tail')];
    const listed = await wire.client.send(new ListPartsCommand({ ...at(wire, 'a'), UploadId: upload.id }));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, PART.length],
      [2, 4],
    ]);
    expect(await complete(wire, upload, parts)).toMatchObject({ status: 200 });
    const etag = createHash('md5').update(md5(PART)).update(md5('tail')).digest('hex');
    expect(await head(wire, 'a')).toMatchObject({ etag: `"${etag}-2"`, size: PART.length + 4 });
    expect(await get(wire, 'a', { Range: `bytes=${PART.length - 2}-` })).toMatchObject({ body: 'pptail' });
    expect(await uploads(wire)).toEqual([]);
  },

  'a multipart upload with SHA-256 has a digest of digests': async (wire) => {
    const upload = await begin(wire, 'a', { ChecksumAlgorithm: 'SHA256' });
    const parts = [await part(wire, upload, 1, PART), await part(wire, upload, 2, 'tail')];
    await complete(wire, upload, parts);
    const digest = createHash('sha256')
      .update(createHash('sha256').update(PART).digest())
      .update(createHash('sha256').update('tail').digest());
    const told = await wire.client.send(new HeadObjectCommand({ ...at(wire, 'a'), ChecksumMode: 'ENABLED' }));
    expect(told).toMatchObject({ ChecksumSHA256: `${digest.digest('base64')}-2`, ChecksumType: 'COMPOSITE' });
  },

  'CompleteMultipartUpload If-None-Match: * fails with 412 on what exists': async (wire) => {
    const upload = await begin(wire, 'a');
    const parts = [await part(wire, upload, 1, 'parts')];
    await put(wire, 'a', 'old');
    expect(await complete(wire, upload, parts, { IfNoneMatch: '*' })).toMatchObject({ status: 412 });
    expect(await text(wire, 'a')).toBe('old');
    expect(await uploads(wire)).toEqual([wire.key('a')]);
    await wire.client.send(new AbortMultipartUploadCommand({ ...at(wire, 'a'), UploadId: upload.id }));
  },

  'CompleteMultipartUpload If-Match, good and stale': async (wire) => {
    const { etag } = await put(wire, 'a', 'old');
    for (const expected of [200, 412]) {
      const upload = await begin(wire, 'a');
      const parts = [await part(wire, upload, 1, 'parts')];
      expect(await complete(wire, upload, parts, { IfMatch: etag! })).toMatchObject({ status: expected });
      expect(await text(wire, 'a')).toBe('parts');
    }
  },

  'CompleteMultipartUpload with a wrong MpuObjectSize is InvalidRequest': async (wire) => {
    const upload = await begin(wire, 'a');
    const parts = [await part(wire, upload, 1, 'parts')];
    expect(await complete(wire, upload, parts, { MpuObjectSize: 6 })).toMatchObject({
      status: 400,
      code: 'InvalidRequest',
    });
    expect(await head(wire, 'a')).toMatchObject({ status: 404 });
    expect(await complete(wire, upload, parts, { MpuObjectSize: 5 })).toMatchObject({ status: 200 });
  },

  'parts must be there, in order, and large enough': async (wire) => {
    const upload = await begin(wire, 'a');
    const large = [await part(wire, upload, 1, PART), await part(wire, upload, 2, PART)];
    const small = [await part(wire, upload, 3, 'small'), await part(wire, upload, 4, 'tail')];
    const isRefused = async (parts: readonly Part[], code: string): Promise<void> => {
      expect(await complete(wire, upload, parts)).toMatchObject({ status: 400, code });
    };
    await isRefused(large.toReversed(), 'InvalidPartOrder');
    await isRefused(small, 'EntityTooSmall');
    await isRefused([{ ...large[0]!, ETag: small[0]!.ETag }], 'InvalidPart');
    await isRefused([{ ...large[0]!, PartNumber: 5 }], 'InvalidPart');
    expect(await complete(wire, upload, [small[1]!])).toMatchObject({ status: 200 });
    expect(await text(wire, 'a')).toBe('tail');
  },

  'a part is replaced by its number': async (wire) => {
    const upload = await begin(wire, 'a');
    await part(wire, upload, 1, 'first');
    expect(await complete(wire, upload, [await part(wire, upload, 1, 'second')])).toMatchObject({ status: 200 });
    expect(await text(wire, 'a')).toBe('second');
  },

  'an aborted upload is gone, with its parts': async (wire) => {
    const upload = await begin(wire, 'a');
    await part(wire, upload, 1, 'parts');
    expect(await uploads(wire)).toEqual([wire.key('a')]);
    await wire.client.send(new AbortMultipartUploadCommand({ ...at(wire, 'a'), UploadId: upload.id }));
    expect(await uploads(wire)).toEqual([]);
  },

  'what comes too late for an upload is NoSuchUpload': async (wire) => {
    const upload = await begin(wire, 'a');
    const parts = [await part(wire, upload, 1, 'parts')];
    const input = { ...at(wire, 'a'), UploadId: upload.id };
    await wire.client.send(new AbortMultipartUploadCommand(input));
    const late = wire.client.send(new UploadPartCommand({ ...input, PartNumber: 1, Body: 'late' }));
    expect(await answered(late)).toMatchObject({ status: 404, code: 'NoSuchUpload' });
    expect(await complete(wire, upload, parts)).toMatchObject({ status: 404, code: 'NoSuchUpload' });
  },

  'UploadPartCopy takes a range of another object': async (wire) => {
    await put(wire, 'source', Buffer.concat([PART, Buffer.from('0123456789')]));
    const upload = await begin(wire, 'a', { ChecksumAlgorithm: 'SHA256' });
    const copied = await wire.client.send(
      new UploadPartCopyCommand({
        ...at(wire, 'a'),
        UploadId: upload.id,
        PartNumber: 1,
        CopySource: sourceOf(wire, 'source'),
        CopySourceRange: `bytes=${PART.length + 2}-${PART.length + 5}`,
      }),
    );
    const { ETag, ChecksumSHA256 } = copied.CopyPartResult!;
    expect(ETag).toBe(`"${md5('2345').toString('hex')}"`);
    const done = await complete(wire, upload, [{ PartNumber: 1, ETag, ChecksumSHA256 }]);
    expect(done).toMatchObject({ status: 200 });
    expect(await text(wire, 'a')).toBe('2345');
  },

  'a part that is copied has its SHA-256': async (wire) => {
    await put(wire, 'source', 'source');
    const upload = await begin(wire, 'a', { ChecksumAlgorithm: 'SHA256' });
    const input = { ...at(wire, 'a'), UploadId: upload.id, PartNumber: 1, CopySource: sourceOf(wire, 'source') };
    const copied = await wire.client.send(new UploadPartCopyCommand(input));
    expect(copied.CopyPartResult?.ChecksumSHA256).toBe(sha256('source'));
  },

  'UploadPartCopy holds its source to an ETag': async (wire) => {
    await put(wire, 'source', 'source');
    const upload = await begin(wire, 'a');
    const input = { ...at(wire, 'a'), UploadId: upload.id, PartNumber: 1, CopySource: sourceOf(wire, 'source') };
    const copy = wire.client.send(new UploadPartCopyCommand({ ...input, CopySourceIfMatch: '"other"' }));
    expect(await answered(copy)).toMatchObject({ status: 412 });
  },

  'ListObjectsV2 ascends by UTF-8 bytes, and pages by its token': async (wire) => {
    const names = ['b', 'a/z', 'a!b', 'B', '_', '~', '%', 'é', 'e\u0301', '\uffee', '𐀀', 'a b', 'a+b'];
    await Promise.all(names.map((name) => put(wire, name, name)));
    const sorted = names.map((name) => wire.key(name)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await wire.client.send(
        new ListObjectsV2Command({
          Bucket: wire.Bucket,
          Prefix: wire.key(''),
          MaxKeys: 2,
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      );
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      found.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    expect(found).toEqual(sorted);
  },

  'ListObjectsV2 begins after, and folds at a delimiter': async (wire) => {
    await Promise.all(['a', 'b/1', 'b/2', 'c', 'd/1'].map((name) => put(wire, name, name)));
    const list = async (input: object): Promise<unknown> => {
      const command = new ListObjectsV2Command({ Bucket: wire.Bucket, Prefix: wire.key(''), ...input });
      const page = await wire.client.send(command);
      const names = (keys: (string | undefined)[]): string[] => keys.map((key) => key!.slice(wire.key('').length));
      return [
        names((page.Contents ?? []).map(({ Key }) => Key)),
        names((page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)),
        page.IsTruncated,
      ];
    };
    expect(await list({ StartAfter: wire.key('b/1') })).toEqual([['b/2', 'c', 'd/1'], [], false]);
    expect(await list({ Delimiter: '/' })).toEqual([['a', 'c'], ['b/', 'd/'], false]);
    expect(await list({ Delimiter: '/', MaxKeys: 2 })).toEqual([['a'], ['b/'], true]);
  },

  'ListObjectsV2 encodes keys as URLs when asked': async (wire) => {
    await put(wire, 'a b+c%é/\u0001', 'x');
    const page = await wire.client.send(
      new ListObjectsV2Command({ Bucket: wire.Bucket, Prefix: wire.key('a'), EncodingType: 'url' }),
    );
    const encoded = page.Contents?.[0]?.Key ?? '';
    expect(page.EncodingType).toBe('url');
    expect(decodeURIComponent(encoded.replaceAll('+', ' '))).toBe(wire.key('a b+c%é/\u0001'));
    expect(encoded).toMatch(/b%2Bc%25%C3%A9\/%01$/);
  },

  'ListObjectVersions tells versions and markers, newest first': async (wire) => {
    const first = await put(wire, 'a', 'one');
    const second = await put(wire, 'a', 'two');
    await remove(wire, 'a');
    await put(wire, 'ab', 'other');
    const page = await wire.client.send(new ListObjectVersionsCommand({ Bucket: wire.Bucket, Prefix: wire.key('a') }));
    expect(page.Versions?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest])).toEqual([
      [wire.key('a'), second.version, false],
      [wire.key('a'), first.version, false],
      [wire.key('ab'), expect.any(String), true],
    ]);
    expect(page.DeleteMarkers).toMatchObject([{ Key: wire.key('a'), IsLatest: true }]);
  },

  'ListObjectVersions encodes keys as URLs when asked': async (wire) => {
    await put(wire, 'a+b', 'x');
    const page = await wire.client.send(
      new ListObjectVersionsCommand({ Bucket: wire.Bucket, Prefix: wire.key(''), EncodingType: 'url' }),
    );
    expect(page.EncodingType).toBe('url');
    expect(page.Versions?.[0]?.Key).toBe(wire.key('a%2Bb'));
  },

  'ListObjectVersions pages within a key': async (wire) => {
    const put3 = [await put(wire, 'a', '1'), await put(wire, 'a', '2'), await put(wire, 'a', '3')];
    const found: (string | undefined)[] = [];
    let page: ListObjectVersionsCommandOutput | undefined;
    do {
      page = await wire.client.send(
        new ListObjectVersionsCommand({
          Bucket: wire.Bucket,
          Prefix: wire.key('a'),
          MaxKeys: 1,
          KeyMarker: page?.NextKeyMarker,
          VersionIdMarker: page?.NextVersionIdMarker,
        }),
      );
      found.push(...(page.Versions ?? []).map(({ VersionId }) => VersionId));
    } while (page.IsTruncated === true);
    expect(found).toEqual(put3.map(({ version }) => version).reverse());
  },

  'a bucket tells where it is': async (wire) => {
    expect(await wire.client.send(new HeadBucketCommand({ Bucket: wire.Bucket }))).toMatchObject({
      BucketRegion: wire.region,
    });
    const { LocationConstraint } = await wire.client.send(new GetBucketLocationCommand({ Bucket: wire.Bucket }));
    expect(LocationConstraint ?? 'us-east-1').toBe(wire.region);
  },

  'another owner than expected is 403': async (wire) => {
    const ExpectedBucketOwner = '999999999999';
    expect(await put(wire, 'a', 'text', { ExpectedBucketOwner })).toMatchObject({ status: 403, code: 'AccessDenied' });
    await put(wire, 'a', 'text');
    expect(await get(wire, 'a', { ExpectedBucketOwner })).toMatchObject({ status: 403, code: 'AccessDenied' });
    const list = new ListObjectsV2Command({ Bucket: wire.Bucket, ExpectedBucketOwner });
    expect(await answered(wire.client.send(list))).toMatchObject({ status: 403, code: 'AccessDenied' });
  },

  'another owner of the source than expected is 403': async (wire) => {
    await put(wire, 'a', 'text');
    const input = { ...at(wire, 'b'), CopySource: sourceOf(wire, 'a'), ExpectedSourceBucketOwner: '999999999999' };
    expect(await answered(wire.client.send(new CopyObjectCommand(input)))).toMatchObject({ status: 403 });
  },

  'a bucket that is not there is 404': async (wire) => {
    const Bucket = `${wire.Bucket}-not-there`;
    expect(await answered(wire.client.send(new GetObjectCommand({ Bucket, Key: 'a' })))).toMatchObject({
      status: 404,
      code: 'NoSuchBucket',
    });
    expect(await answered(wire.client.send(new ListObjectsV2Command({ Bucket })))).toMatchObject({
      status: 404,
      code: 'NoSuchBucket',
    });
    expect(await answered(wire.client.send(new HeadBucketCommand({ Bucket })))).toMatchObject({ status: 404 });
  },

  'a key has 1,024 bytes at most': async (wire) => {
    const longest = 'é'.repeat(500).slice(0, Math.floor((1024 - Buffer.byteLength(wire.key(''))) / 2));
    expect(await put(wire, longest, 'x')).toMatchObject({ status: 200 });
    expect(await put(wire, `${longest}${'x'.repeat(30)}`, 'x')).toMatchObject({ status: 400, code: 'KeyTooLongError' });
  },
};

/**
 * Proves that what answers is S3, as far as this project needs it.
 * @param differences cases that an emulator is known to get wrong, with the reason: they must fail, so that the list stays true
 */
export function s3Conformance(
  name: string,
  open: () => Promise<ConformanceTarget>,
  differences: Readonly<Record<string, KnownDifference>> = {},
): void {
  const unknown = Object.keys(differences).filter((title) => CASES[title] === undefined);
  if (unknown.length > 0) throw new Error(`no case has the title '${unknown.join("' or '")}'`);

  describe(`${name} as S3`, () => {
    let target: ConformanceTarget;
    beforeAll(async () => {
      target = await open();
    });
    afterAll(async () => {
      await target.close();
    });

    for (const [index, [title, prove]] of Object.entries(CASES).entries()) {
      const act = async (): Promise<void> => {
        const { client, bucket: Bucket, region, prefix } = target;
        await prove({ client, Bucket, region, key: (part) => `${prefix}${index}/${part}` });
      };
      const difference = differences[title];
      if (difference === undefined) test(title, act);
      else if (typeof difference === 'string') test.failing(`${title} (known difference: ${difference})`, act);
      else test.skip(`${title} (known difference: ${difference.reason})`, act);
    }
  });
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly etag?: string | undefined;
  readonly version?: string | undefined;
  readonly size?: number | undefined;
  readonly body?: string;
}

interface Told {
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly ETag?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly ContentLength?: number | undefined;
}

/** What S3 said, whether it was yes or no. */
async function answered(request: Promise<Told>): Promise<Answer> {
  try {
    const { $metadata, ETag, VersionId, ContentLength } = await request;
    return { status: $metadata.httpStatusCode ?? 0, etag: ETag, version: VersionId, size: ContentLength };
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === undefined) throw error;
    return { status: $metadata.httpStatusCode, code: name };
  }
}

function at({ Bucket, key }: Wire, name: string): { Bucket: string; Key: string } {
  return { Bucket, Key: key(name) };
}

function sourceOf({ Bucket, key }: Wire, name: string): string {
  return `${Bucket}/${key(name).split('/').map(encodeURIComponent).join('/')}`;
}

type PutInput = ConstructorParameters<typeof PutObjectCommand>[0];

async function put(wire: Wire, name: string, Body: string | Buffer, input: Partial<PutInput> = {}): Promise<Answer> {
  return await answered(wire.client.send(new PutObjectCommand({ ...at(wire, name), Body, ...input })));
}

async function remove(wire: Wire, name: string, input: { IfMatch?: string; VersionId?: string } = {}): Promise<Answer> {
  return await answered(wire.client.send(new DeleteObjectCommand({ ...at(wire, name), ...input })));
}

async function head(wire: Wire, name: string): Promise<Answer> {
  return await answered(wire.client.send(new HeadObjectCommand(at(wire, name))));
}

async function get(
  wire: Wire,
  name: string,
  input: Partial<ConstructorParameters<typeof GetObjectCommand>[0]> = {},
): Promise<Answer> {
  let body: string | undefined;
  const request = wire.client.send(new GetObjectCommand({ ...at(wire, name), ...input })).then(async (answer) => {
    body = (await answer.Body?.transformToString()) ?? '';
    return answer;
  });
  return { ...(await answered(request)), ...(body !== undefined && { body }) };
}

async function text(wire: Wire, name: string): Promise<string | undefined> {
  return (await get(wire, name)).body;
}

interface Begun {
  readonly name: string;
  readonly id: string;
  readonly algorithm: 'SHA256' | undefined;
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

async function begin(wire: Wire, name: string, input: { ChecksumAlgorithm?: 'SHA256' } = {}): Promise<Begun> {
  const { UploadId } = await wire.client.send(new CreateMultipartUploadCommand({ ...at(wire, name), ...input }));
  return { name, id: UploadId!, algorithm: input.ChecksumAlgorithm };
}

async function part(wire: Wire, { name, id, algorithm }: Begun, number: number, Body: Buffer | string): Promise<Part> {
  const { ETag, ChecksumSHA256 } = await wire.client.send(
    new UploadPartCommand({
      ...at(wire, name),
      UploadId: id,
      PartNumber: number,
      Body,
      ...(algorithm !== undefined && { ChecksumAlgorithm: algorithm }),
    }),
  );
  return { PartNumber: number, ETag, ...(ChecksumSHA256 !== undefined && { ChecksumSHA256 }) };
}

async function complete(
  wire: Wire,
  { name, id }: Begun,
  Parts: readonly Part[],
  input: { IfNoneMatch?: string; IfMatch?: string; MpuObjectSize?: number } = {},
): Promise<Answer> {
  const upload = { UploadId: id, MultipartUpload: { Parts: Parts.map((one) => ({ ...one })) } };
  return await answered(
    wire.client.send(new CompleteMultipartUploadCommand({ ...at(wire, name), ...upload, ...input })),
  );
}

async function uploads(wire: Wire): Promise<(string | undefined)[]> {
  const command = new ListMultipartUploadsCommand({ Bucket: wire.Bucket, Prefix: wire.key('') });
  return ((await wire.client.send(command)).Uploads ?? []).map(({ Key }) => Key);
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
