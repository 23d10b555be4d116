import { randomBytes } from 'node:crypto';
import { headerText } from './s3-server-auth.ts';
import type { ReceivedBody } from './s3-server-body.ts';
import { algorithmNamed } from './s3-server-body.ts';
import { wholeSeconds } from './s3-server-buckets.ts';
import type { ChecksumAlgorithm } from './s3-server-bytes.ts';
import { checksumOf, checksumOfBuffer, Digester, StoredBytes } from './s3-server-bytes.ts';
import type { S3ErrorCode } from './s3-server-error.ts';
import { S3Error } from './s3-server-error.ts';
import type { Exchange, Need, Operation, Reply } from './s3-server-exchange.ts';
import {
  attributesOf,
  bucketOf,
  encryptionHeaders,
  isAllowed,
  keyOf,
  requireAllowed,
  requireKms,
  requireTags,
  tagsIn,
  versionHeaders,
} from './s3-server-exchange.ts';
import type {
  AnyVersion,
  Attributes,
  Bucket,
  Checksum,
  Condition,
  Deletion,
  StoredVersion,
  Upload,
  UploadedPart,
} from './s3-server-state.ts';
import { checksumOfVersion, etagOf, multipartEtag, unquoted } from './s3-server-state.ts';
import type { XmlElement } from './s3-server-xml.ts';
import { childrenOf, parseXml, textOf, xml, xmlDocument } from './s3-server-xml.ts';

/** Operations on objects, their versions, and multipart uploads. */

const XML = { 'content-type': 'application/xml' };

export const objectOperations: Readonly<Record<string, Operation>> = {
  PutObject: { needs: writing, serve: putObject },
  GetObject: { needs: reading, serve: getObject },
  HeadObject: { needs: reading, serve: getObject },
  GetObjectAttributes: {
    needs: (exchange) => [
      ...reading(exchange),
      {
        action: exchange.query.has('versionId') ? 's3:GetObjectVersionAttributes' : 's3:GetObjectAttributes',
        on: 'object',
      },
    ],
    serve: getObjectAttributes,
  },
  DeleteObject: { needs: deleting, serve: deleteObject },
  DeleteObjects: { needs: () => [], serve: deleteObjects },
  CopyObject: { needs: writing, serve: copyObject },
  CreateMultipartUpload: { needs: writing, serve: createMultipartUpload },
  UploadPart: { needs: writing, serve: uploadPart },
  UploadPartCopy: { needs: writing, serve: uploadPartCopy },
  CompleteMultipartUpload: { needs: writing, serve: completeMultipartUpload },
  AbortMultipartUpload: {
    needs: () => [{ action: 's3:AbortMultipartUpload', on: 'object' }],
    serve: abortMultipartUpload,
  },
  ListParts: { needs: () => [{ action: 's3:ListMultipartUploadParts', on: 'object' }], serve: listParts },
  ListMultipartUploads: {
    needs: () => [{ action: 's3:ListBucketMultipartUploads', on: 'bucket' }],
    serve: listMultipartUploads,
  },
  GetObjectTagging: { needs: (exchange) => [{ action: tagging('Get', exchange), on: 'object' }], serve: getTagging },
  // The body says what is to be allowed.
  PutObjectTagging: { needs: () => [], serve: putTagging },
  DeleteObjectTagging: {
    needs: (exchange) => [{ action: tagging('Delete', exchange), on: 'object' }],
    serve: deleteTagging,
  },
  GetObjectLegalHold: { needs: () => [{ action: 's3:GetObjectLegalHold', on: 'object' }], serve: getLegalHold },
  // The body says what is to be allowed.
  PutObjectLegalHold: { needs: () => [], serve: putLegalHold },
  GetObjectRetention: { needs: () => [{ action: 's3:GetObjectRetention', on: 'object' }], serve: getRetention },
  PutObjectRetention: { needs: () => [{ action: 's3:PutObjectRetention', on: 'object' }], serve: putRetention },
};

function reading({ query }: Exchange): readonly Need[] {
  return [{ action: query.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject', on: 'object' }];
}

/** If-Match reads what is there: S3 wants s3:GetObject for it too. */
function writing({ headers }: Exchange): readonly Need[] {
  const needs: Need[] = [{ action: 's3:PutObject', on: 'object' }];
  if (headers['if-match'] !== undefined) needs.push({ action: 's3:GetObject', on: 'object' });
  if (headers['x-amz-tagging'] !== undefined) needs.push({ action: 's3:PutObjectTagging', on: 'object' });
  if (headers['x-amz-object-lock-legal-hold'] !== undefined)
    needs.push({ action: 's3:PutObjectLegalHold', on: 'object' });
  if (headers['x-amz-object-lock-mode'] !== undefined) needs.push({ action: 's3:PutObjectRetention', on: 'object' });
  return needs;
}

function deleting({ query, headers }: Exchange): readonly Need[] {
  const match = headers['if-match'];
  return [
    { action: query.has('versionId') ? 's3:DeleteObjectVersion' : 's3:DeleteObject', on: 'object' },
    ...(match !== undefined && match !== '*' ? [{ action: 's3:GetObject', on: 'object' } as const] : []),
  ];
}

/** @throws S3Error NotImplemented for what S3 doesn't take either */
function conditionOf({ headers, server }: Exchange): Condition {
  if (server.settings.conditions === 'ignored') return {};
  const ifNoneMatch = headerText(headers, 'if-none-match');
  const ifMatch = headerText(headers, 'if-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw new S3Error('NotImplemented');
  if (ifNoneMatch !== undefined && ifMatch !== undefined) throw new S3Error('NotImplemented');
  return { ...(ifNoneMatch !== undefined && { ifNoneMatch }), ...(ifMatch !== undefined && { ifMatch }) };
}

function putObject(exchange: Exchange, { bytes, digests, checksum }: ReceivedBody): Reply {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  if (bytes.size > exchange.server.settings.maximumSingleSize) throw new S3Error('EntityTooLarge');
  const attributes = attributesOf(exchange, bucket);
  requireKms(exchange, 'kms:GenerateDataKey', attributes.encryption, bucket);
  const stored = bucket.put(
    key,
    {
      ...attributes,
      bytes,
      etag: etagOf(digests.md5, attributes.encryption),
      checksum:
        checksum === undefined
          ? undefined
          : { algorithm: checksum.algorithm, value: checksum.digest.toString('base64'), type: 'FULL_OBJECT' },
    },
    conditionOf(exchange),
    exchange.begunAt,
    exchange.now,
  );
  bytes.retain();
  return {
    status: 200,
    headers: {
      etag: `"${stored.etag}"`,
      ...versionHeaders(bucket, stored.versionId),
      ...encryptionHeaders(attributes.encryption),
      ...(stored.checksum !== undefined && checksumHeaders(stored.checksum)),
    },
  };
}

function checksumHeaders({ algorithm, value, type }: Checksum): Record<string, string> {
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, 'x-amz-checksum-type': type };
}

/** The version that a request means. @throws S3Error as S3 does, with 403 for 404 where the caller may not list */
function find(exchange: Exchange, bucket: Bucket, key: string, versionId: string | undefined): StoredVersion {
  const version = versionId === undefined ? bucket.versions(key)[0] : versionNamed(bucket, key, versionId);
  if (version?.kind === 'object') return version;
  if (version !== undefined) {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
    if (versionId !== undefined) throw new S3Error('MethodNotAllowed', undefined, { headers });
    requireListing(exchange, bucket);
    throw new S3Error('NoSuchKey', undefined, { details: { Key: key }, headers });
  }
  requireListing(exchange, bucket);
  throw versionId === undefined
    ? new S3Error('NoSuchKey', undefined, { details: { Key: key } })
    : new S3Error('NoSuchVersion', undefined, { details: { Key: key, VersionId: versionId } });
}

function versionNamed(bucket: Bucket, key: string, versionId: string): AnyVersion | undefined {
  if (!/^(null|[\w-]{32})$/.test(versionId)) throw new S3Error('InvalidArgument', 'Invalid version id specified');
  return bucket.versions(key).find((one) => one.versionId === versionId);
}

/** Who may not list may not learn either that there is nothing. */
function requireListing(exchange: Exchange, bucket: Bucket): void {
  requireAllowed(exchange, 's3:ListBucket', bucket);
}

async function getObject(exchange: Exchange): Promise<Reply> {
  const { headers, query } = exchange;
  const bucket = bucketOf(exchange);
  const version = find(exchange, bucket, keyOf(exchange), query.get('versionId') ?? undefined);
  const wantsChecksum = headerText(headers, 'x-amz-checksum-mode') === 'ENABLED';
  if (exchange.operation === 'GetObject' || wantsChecksum)
    requireKms(exchange, 'kms:Decrypt', version.encryption, bucket);
  requireReadConditions(exchange, version);
  const range = rangeOf(headerText(headers, 'range'), version.bytes.size);
  const { start, end } = range ?? { start: 0, end: version.bytes.size };
  const checksum = wantsChecksum && range === undefined ? await checksumOfVersion(version) : undefined;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      'accept-ranges': 'bytes',
      'content-type': 'binary/octet-stream',
      ...version.headers,
      'content-length': String(end - start),
      etag: `"${version.etag}"`,
      'last-modified': version.modified.toUTCString(),
      ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${version.bytes.size}` }),
      ...versionHeaders(bucket, version.versionId),
      ...encryptionHeaders(version.encryption),
      ...Object.fromEntries(Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
      ...(version.tags.size > 0 && { 'x-amz-tagging-count': String(version.tags.size) }),
      ...(version.legalHold && { 'x-amz-object-lock-legal-hold': 'ON' }),
      ...(version.retention !== undefined && {
        'x-amz-object-lock-mode': version.retention.mode,
        'x-amz-object-lock-retain-until-date': version.retention.until.toISOString(),
      }),
      ...(checksum !== undefined && checksumHeaders(checksum)),
      ...overrides(query),
    },
    body: version.bytes.slice(start, end),
  };
}

/** `response-content-type` and the like, which a presigned URL may carry. */
function overrides(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...query].flatMap(([name, value]) =>
      name.startsWith('response-') ? [[name.slice('response-'.length), value]] : [],
    ),
  );
}

function requireReadConditions({ headers }: Exchange, version: StoredVersion): void {
  const names = (value: string): boolean =>
    value.split(',').some((one) => one.trim() === '*' || unquoted(one.trim()) === version.etag);
  const ifMatch = headerText(headers, 'if-match');
  const ifNoneMatch = headerText(headers, 'if-none-match');
  const modifiedSince = headerText(headers, 'if-modified-since');
  const unmodifiedSince = headerText(headers, 'if-unmodified-since');
  const modified = Math.floor(version.modified.getTime() / 1000) * 1000;
  if (
    ifMatch === undefined ? unmodifiedSince !== undefined && modified > Date.parse(unmodifiedSince) : !names(ifMatch)
  ) {
    throw new S3Error('PreconditionFailed');
  }
  if (
    ifNoneMatch === undefined
      ? modifiedSince !== undefined && modified <= Date.parse(modifiedSince)
      : names(ifNoneMatch)
  ) {
    throw new S3Error('NotModified', undefined, { headers: { etag: `"${version.etag}"` } });
  }
}

/** One range of bytes; what S3 doesn't understand it ignores. */
function rangeOf(text: string | undefined, size: number): { readonly start: number; readonly end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (start >= size || (first === '' && Number(last) === 0)) throw new S3Error('InvalidRange');
  return start < end ? { start, end } : undefined;
}

async function getObjectAttributes(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const version = find(exchange, bucket, keyOf(exchange), exchange.query.get('versionId') ?? undefined);
  requireKms(exchange, 'kms:Decrypt', version.encryption, bucket);
  const wanted = (headerText(exchange.headers, 'x-amz-object-attributes') ?? '').split(',').map((one) => one.trim());
  const checksum = await checksumOfVersion(version);
  const { parts } = version;
  return {
    status: 200,
    headers: {
      ...XML,
      'last-modified': version.modified.toUTCString(),
      ...versionHeaders(bucket, version.versionId),
    },
    body: xmlDocument('GetObjectAttributesResponse', {
      ETag: wanted.includes('ETag') ? version.etag : undefined,
      Checksum: wanted.includes('Checksum')
        ? xml({ [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type })
        : undefined,
      ObjectParts:
        wanted.includes('ObjectParts') && parts !== undefined
          ? xml({
              TotalPartsCount: parts.length,
              PartNumberMarker: 0,
              MaxParts: 1000,
              IsTruncated: false,
              Part: parts.map((part) =>
                xml({ PartNumber: part.number, Size: part.size, [`Checksum${checksum.algorithm}`]: part.checksum }),
              ),
            })
          : undefined,
      StorageClass: wanted.includes('StorageClass') ? 'STANDARD' : undefined,
      ObjectSize: wanted.includes('ObjectSize') ? version.bytes.size : undefined,
    }),
  };
}

function deleteObject(exchange: Exchange): Reply {
  const bucket = bucketOf(exchange);
  const deletion = remove(
    exchange,
    bucket,
    keyOf(exchange),
    exchange.query.get('versionId') ?? undefined,
    conditionOf(exchange),
  );
  return {
    status: 204,
    headers: {
      ...versionHeaders(bucket, deletion.versionId),
      ...(deletion.marker && { 'x-amz-delete-marker': 'true' }),
    },
  };
}

function remove(
  exchange: Exchange,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  condition: Condition,
): Deletion {
  if (versionId === undefined) return bucket.delete(key, condition, exchange.begunAt, exchange.now);
  // A condition is held against the current version, whichever one is to go.
  bucket.require(key, condition, exchange.begunAt);
  versionNamed(bucket, key, versionId);
  return bucket.deleteVersion(key, versionId, mayBypass(exchange, bucket, key), exchange.now);
}

function mayBypass(exchange: Exchange, bucket: Bucket, key: string): boolean {
  return (
    headerText(exchange.headers, 'x-amz-bypass-governance-retention') === 'true' &&
    isAllowed(exchange, 's3:BypassGovernanceRetention', bucket, key)
  );
}

async function deleteObjects(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  if (body.checksum === undefined && exchange.headers['content-md5'] === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5 or a checksum');
  }
  const request = parseXml(await body.bytes.text());
  const wanted = childrenOf(request, 'Object');
  if (wanted.length === 0 || wanted.length > 1000) throw new S3Error('MalformedXML');
  const bucket = bucketOf(exchange);
  const outcomes = wanted.map((one) => deleteOne(exchange, bucket, one));
  const quiet = textOf(request, 'Quiet') === 'true';
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('DeleteResult', {
      Deleted: quiet ? [] : outcomes.flatMap(({ deleted }) => deleted ?? []),
      Error: outcomes.flatMap(({ error }) => error ?? []),
    }),
  };
}

function deleteOne(
  exchange: Exchange,
  bucket: Bucket,
  wanted: XmlElement,
): { readonly deleted?: ReturnType<typeof xml>; readonly error?: ReturnType<typeof xml> } {
  const key = wanted.children.find(({ name }) => name === 'Key')?.text ?? '';
  const versionId = textOf(wanted, 'VersionId');
  const ifMatch = textOf(wanted, 'ETag');
  try {
    requireAllowed(exchange, versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', bucket, key);
    const done = remove(exchange, bucket, key, versionId, ifMatch === undefined ? {} : { ifMatch });
    return {
      deleted: xml({
        Key: key,
        VersionId: versionId,
        DeleteMarker: done.marker ? true : undefined,
        DeleteMarkerVersionId: done.marker ? done.versionId : undefined,
      }),
    };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return { error: xml({ Key: key, VersionId: versionId, Code: error.code, Message: error.message }) };
  }
}

/** What a copy reads. @throws S3Error as S3 does, for the source */
function copySource(exchange: Exchange): {
  readonly bucket: Bucket;
  readonly version: StoredVersion;
  /** As if the source were read. */
  readonly from: Exchange;
} {
  const header = headerText(exchange.headers, 'x-amz-copy-source') ?? '';
  const [path = '', query = ''] = header.replace(/^\//, '').split('?', 2);
  const slash = path.indexOf('/');
  const name = decodeURIComponent(path.slice(0, slash));
  const key = decodeURIComponent(path.slice(slash + 1));
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined;
  const bucket = exchange.server.buckets.get(name);
  if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: name } });
  const owner = headerText(exchange.headers, 'x-amz-source-expected-bucket-owner');
  if (owner !== undefined && owner !== bucket.owner) throw new S3Error('AccessDenied');
  const from: Exchange = {
    ...exchange,
    operation: 'GetObject',
    bucketName: name,
    key,
    query: new URLSearchParams(query),
    headers: { host: exchange.headers.host ?? '' },
  };
  requireAllowed(from, versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion', bucket, key);
  const version = find(from, bucket, key, versionId);
  requireKms(exchange, 'kms:Decrypt', version.encryption, bucket);
  requireSourceConditions(exchange, version);
  return { bucket, version, from };
}

function requireSourceConditions({ headers }: Exchange, version: StoredVersion): void {
  const ifMatch = headerText(headers, 'x-amz-copy-source-if-match');
  const ifNoneMatch = headerText(headers, 'x-amz-copy-source-if-none-match');
  if (
    (ifMatch !== undefined && unquoted(ifMatch) !== version.etag) ||
    (ifNoneMatch !== undefined && unquoted(ifNoneMatch) === version.etag)
  ) {
    throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'x-amz-copy-source-If-Match' } });
  }
}

/**
 * The tags that a copy has: where they aren't replaced, they are read and put like any others (S3 user guide, "Permissions for
 * copying objects").
 */
function copiedTags(exchange: Exchange, { version, from }: ReturnType<typeof copySource>): ReadonlyMap<string, string> {
  if (headerText(exchange.headers, 'x-amz-tagging-directive') === 'REPLACE') {
    return tagsIn(headerText(exchange.headers, 'x-amz-tagging'));
  }
  const { tags } = version;
  if (tags.size === 0) return tags;
  requireAllowed(from, tagging('Get', from), bucketOf(from), keyOf(from));
  requireTagging(exchange, tags);
  return tags;
}

async function copyObject(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const { settings } = exchange.server;
  const condition = conditionOf(exchange);
  if (!settings.conditionalCopy && Object.keys(condition).length > 0) throw new S3Error('NotImplemented');
  const source = copySource(exchange);
  if (source.version.bytes.size > settings.maximumSingleSize) {
    throw new S3Error(
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${settings.maximumSingleSize}`,
    );
  }
  const replaces = headerText(exchange.headers, 'x-amz-metadata-directive') === 'REPLACE';
  const own = attributesOf(exchange, bucket);
  if (
    source.bucket === bucket &&
    bucket.current(key) === source.version &&
    !replaces &&
    own.encryption === bucket.encryption
  ) {
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  requireKms(exchange, 'kms:GenerateDataKey', own.encryption, bucket);
  const tags = copiedTags(exchange, source);
  // Held from here on: the source may be deleted while it is hashed.
  const bytes = source.version.bytes.retain();
  try {
    const { etag, checksum } = await copiedDigests(exchange, source.version, own);
    const stored = bucket.put(
      key,
      {
        ...own,
        ...(!replaces && { headers: source.version.headers, metadata: source.version.metadata }),
        tags,
        bytes: bytes.retain(),
        etag,
        checksum,
      },
      condition,
      exchange.begunAt,
      exchange.now,
    );
    return {
      status: 200,
      headers: {
        ...XML,
        ...versionHeaders(bucket, stored.versionId),
        ...(source.bucket.versioning !== 'Off' && { 'x-amz-copy-source-version-id': source.version.versionId }),
        ...encryptionHeaders(own.encryption),
      },
      body: xmlDocument('CopyObjectResult', {
        LastModified: wholeSeconds(stored.modified),
        ETag: `"${etag}"`,
        ...(checksum !== undefined && {
          [`Checksum${checksum.algorithm}`]: checksum.value,
          ChecksumType: checksum.type,
        }),
      }),
    };
  } finally {
    bytes.release();
  }
}

/** A copy is one object, however its source came: plain ETag, checksum of the whole. */
async function copiedDigests(
  { headers }: Exchange,
  source: StoredVersion,
  own: Attributes,
): Promise<{ readonly etag: string; readonly checksum: Checksum | undefined }> {
  const algorithm = algorithmNamed(headerText(headers, 'x-amz-checksum-algorithm')) ?? source.checksum?.algorithm;
  const carried = source.checksum?.type === 'FULL_OBJECT' && source.checksum.algorithm === algorithm;
  if ((carried || algorithm === undefined) && source.parts === undefined && own.encryption.algorithm === 'AES256') {
    return { etag: source.etag, checksum: source.checksum };
  }
  const digester = new Digester(algorithm === undefined ? [] : [algorithm]);
  for await (const piece of source.bytes.read()) digester.update(piece);
  const { md5, checksums } = digester.digest();
  const digest = algorithm === undefined ? undefined : checksums.get(algorithm);
  return {
    etag: etagOf(md5, own.encryption),
    checksum:
      algorithm === undefined || digest === undefined
        ? undefined
        : { algorithm, value: digest.toString('base64'), type: 'FULL_OBJECT' },
  };
}

function createMultipartUpload(exchange: Exchange): Reply {
  const { headers } = exchange;
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const attributes = attributesOf(exchange, bucket);
  requireKms(exchange, 'kms:GenerateDataKey', attributes.encryption, bucket);
  const algorithm = algorithmNamed(headerText(headers, 'x-amz-checksum-algorithm'));
  const checksumType = checksumTypeOf(algorithm, headerText(headers, 'x-amz-checksum-type'));
  const id = randomBytes(48).toString('base64url');
  bucket.uploads.set(id, { id, key, initiated: exchange.now, attributes, algorithm, checksumType, parts: new Map() });
  return {
    status: 200,
    headers: {
      ...XML,
      ...encryptionHeaders(attributes.encryption),
      ...(algorithm !== undefined && { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': checksumType }),
    },
    body: xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: id }),
  };
}

/** SHA checksums of parts can't be joined into one of the whole; CRC-64 is never made of checksums. */
function checksumTypeOf(algorithm: ChecksumAlgorithm | undefined, wanted: string | undefined): Checksum['type'] {
  const sha = algorithm === 'SHA1' || algorithm === 'SHA256';
  const type = wanted ?? (sha || algorithm === 'CRC32' || algorithm === 'CRC32C' ? 'COMPOSITE' : 'FULL_OBJECT');
  const possible =
    (type === 'COMPOSITE' && algorithm !== undefined && algorithm !== 'CRC64NVME') || (type === 'FULL_OBJECT' && !sha);
  if (!possible) {
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${(algorithm ?? 'CRC64NVME').toLowerCase()} checksum algorithm.`,
    );
  }
  return type;
}

function uploadOf(exchange: Exchange, bucket: Bucket): Upload {
  const upload = bucket.uploads.get(exchange.query.get('uploadId') ?? '');
  if (upload === undefined || upload.key !== keyOf(exchange)) throw new S3Error('NoSuchUpload');
  return upload;
}

function partNumber({ query }: Exchange): number {
  const number = Number(query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  }
  return number;
}

function placePart(upload: Upload, part: UploadedPart): void {
  upload.parts.get(part.number)?.bytes.release();
  upload.parts.set(part.number, part);
}

function uploadPart(exchange: Exchange, { bytes, digests, checksum }: ReceivedBody): Reply {
  const upload = uploadOf(exchange, bucketOf(exchange));
  const number = partNumber(exchange);
  if (bytes.size > exchange.server.settings.maximumSingleSize) throw new S3Error('EntityTooLarge');
  const composite = upload.checksumType === 'COMPOSITE';
  if (checksum?.algorithm !== upload.algorithm && (composite || checksum !== undefined)) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${(upload.algorithm ?? 'null').toLowerCase()}, actual checksum Type: ${(checksum?.algorithm ?? 'null').toLowerCase()}`,
    );
  }
  const etag = etagOf(digests.md5, upload.attributes.encryption);
  placePart(upload, { number, bytes: bytes.retain(), etag, modified: exchange.now, checksum });
  return {
    status: 200,
    headers: {
      etag: `"${etag}"`,
      ...encryptionHeaders(upload.attributes.encryption),
      ...(checksum !== undefined && {
        [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.digest.toString('base64'),
      }),
    },
  };
}

async function uploadPartCopy(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const { algorithm } = uploadOf(exchange, bucket);
  const number = partNumber(exchange);
  const source = copySource(exchange);
  const range = rangeOf(headerText(exchange.headers, 'x-amz-copy-source-range'), source.version.bytes.size);
  const { start, end } = range ?? { start: 0, end: source.version.bytes.size };
  if (end - start > exchange.server.settings.maximumSingleSize) {
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source',
    );
  }
  const bytes = source.version.bytes.slice(start, end).retain();
  try {
    const digester = new Digester(algorithm === undefined ? [] : [algorithm]);
    for await (const piece of bytes.read()) digester.update(piece);
    const { md5, checksums } = digester.digest();
    const digest = algorithm === undefined ? undefined : checksums.get(algorithm);
    const upload = uploadOf(exchange, bucket);
    const etag = etagOf(md5, upload.attributes.encryption);
    placePart(upload, {
      number,
      bytes: bytes.retain(),
      etag,
      modified: exchange.now,
      checksum: algorithm === undefined || digest === undefined ? undefined : { algorithm, digest },
    });
    return {
      status: 200,
      headers: { ...XML, ...encryptionHeaders(upload.attributes.encryption) },
      body: xmlDocument('CopyPartResult', {
        LastModified: wholeSeconds(exchange.now),
        ETag: `"${etag}"`,
        ...(algorithm !== undefined && digest !== undefined && { [`Checksum${algorithm}`]: digest.toString('base64') }),
      }),
    };
  } finally {
    bytes.release();
  }
}

async function completeMultipartUpload(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const manifest = await body.bytes.text();
  const repeated = repeatedComplete(exchange, bucket, key, manifest);
  if (repeated !== undefined) return repeated;
  const upload = uploadOf(exchange, bucket);
  const parts = namedParts(exchange, upload, parseXml(manifest));
  const bytes = StoredBytes.concat(parts.map((part) => part.bytes));
  const expectedSize = headerText(exchange.headers, 'x-amz-mp-object-size');
  if (expectedSize !== undefined && Number(expectedSize) !== bytes.size) {
    throw new S3Error(
      'InvalidRequest',
      "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
    );
  }
  // Held from here on: the upload may be aborted while its whole is hashed.
  bytes.retain();
  try {
    const checksum = await checksumOfParts(exchange, upload, parts, bytes);
    uploadOf(exchange, bucket);
    const stored = bucket.put(
      key,
      {
        ...upload.attributes,
        bytes,
        etag: multipartEtag(parts),
        checksum,
        parts: parts.map((part) => ({
          number: part.number,
          size: part.bytes.size,
          checksum: part.checksum?.digest.toString('base64'),
        })),
      },
      conditionOf(exchange),
      exchange.begunAt,
      exchange.now,
      upload.initiated,
    );
    bytes.retain();
    for (const part of upload.parts.values()) part.bytes.release();
    bucket.uploads.delete(upload.id);
    bucket.completed.set(upload.id, { manifest, versionId: stored.versionId });
    return completed(exchange, bucket, key, stored);
  } finally {
    bytes.release();
  }
}

function completed(exchange: Exchange, bucket: Bucket, key: string, stored: StoredVersion): Reply {
  const { checksum } = stored;
  return {
    status: 200,
    headers: { ...XML, ...versionHeaders(bucket, stored.versionId), ...encryptionHeaders(stored.encryption) },
    body: xmlDocument('CompleteMultipartUploadResult', {
      Location: `http://${exchange.headers.host ?? ''}/${bucket.name}/${key}`,
      Bucket: bucket.name,
      Key: key,
      ETag: `"${stored.etag}"`,
      ...(checksum !== undefined && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
    }),
  };
}

function repeatedComplete(exchange: Exchange, bucket: Bucket, key: string, manifest: string): Reply | undefined {
  const earlier = bucket.completed.get(exchange.query.get('uploadId') ?? '');
  if (earlier === undefined) return undefined;
  const answer = exchange.server.settings.repeatedComplete;
  if (answer === 'precondition-failed') throw new S3Error('PreconditionFailed');
  const stored = bucket.versions(key).find((one) => one.versionId === earlier.versionId);
  if (answer === 'no-such-upload' || earlier.manifest !== manifest || stored?.kind !== 'object') {
    throw new S3Error('NoSuchUpload');
  }
  return completed(exchange, bucket, key, stored);
}

function namedParts(exchange: Exchange, upload: Upload, manifest: XmlElement | undefined): UploadedPart[] {
  const named = childrenOf(manifest, 'Part');
  if (named.length === 0) throw new S3Error('MalformedXML');
  const { minimumPartSize } = exchange.server.settings;
  const numbers = named.map((element) => Number(textOf(element, 'PartNumber')));
  if (numbers.some((number, index) => number <= (numbers[index - 1] ?? 0))) throw new S3Error('InvalidPartOrder');
  return named.map((element, index) => {
    const number = numbers[index] ?? 0;
    const part = upload.parts.get(number);
    const etag = textOf(element, 'ETag');
    if (part === undefined || etag === undefined || unquoted(etag) !== part.etag) throw new S3Error('InvalidPart');
    requirePartChecksum(upload, part, element);
    if (index < named.length - 1 && part.bytes.size < minimumPartSize) {
      throw new S3Error('EntityTooSmall', undefined, { details: { PartNumber: String(number) } });
    }
    return part;
  });
}

function requirePartChecksum({ algorithm, checksumType }: Upload, part: UploadedPart, element: XmlElement): void {
  if (algorithm === undefined) return;
  const given = textOf(element, `Checksum${algorithm}`);
  if (given === undefined && checksumType === 'COMPOSITE') {
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
  if (given !== undefined && given !== part.checksum?.digest.toString('base64')) throw new S3Error('InvalidPart');
}

async function checksumOfParts(
  { headers }: Exchange,
  { algorithm, checksumType }: Upload,
  parts: readonly UploadedPart[],
  bytes: StoredBytes,
): Promise<Checksum | undefined> {
  if (algorithm === undefined) return undefined;
  const value =
    checksumType === 'FULL_OBJECT'
      ? (await checksumOf(bytes, algorithm)).toString('base64')
      : `${checksumOfBuffer(Buffer.concat(parts.flatMap((part) => part.checksum?.digest ?? [])), algorithm).toString('base64')}-${parts.length}`;
  const expected = headerText(headers, `x-amz-checksum-${algorithm.toLowerCase()}`);
  if (expected !== undefined && expected !== value) {
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return { algorithm, value, type: checksumType };
}

function abortMultipartUpload(exchange: Exchange): Reply {
  const bucket = bucketOf(exchange);
  const upload = uploadOf(exchange, bucket);
  for (const part of upload.parts.values()) part.bytes.release();
  bucket.uploads.delete(upload.id);
  return { status: 204 };
}

function listParts(exchange: Exchange): Reply {
  const bucket = bucketOf(exchange);
  const upload = uploadOf(exchange, bucket);
  const parts = [...upload.parts.values()].sort((a, b) => a.number - b.number);
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('ListPartsResult', {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      IsTruncated: false,
      ChecksumAlgorithm: upload.algorithm,
      Part: parts.map((part) =>
        xml({
          PartNumber: part.number,
          LastModified: wholeSeconds(part.modified),
          ETag: `"${part.etag}"`,
          Size: part.bytes.size,
          ...(part.checksum !== undefined && {
            [`Checksum${part.checksum.algorithm}`]: part.checksum.digest.toString('base64'),
          }),
        }),
      ),
    }),
  };
}

function listMultipartUploads(exchange: Exchange): Reply {
  const bucket = bucketOf(exchange);
  const prefix = exchange.query.get('prefix') ?? '';
  const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(prefix));
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      Prefix: prefix,
      IsTruncated: false,
      Upload: uploads.map(({ key, id, initiated }) =>
        xml({ Key: key, UploadId: id, Initiated: wholeSeconds(initiated), StorageClass: 'STANDARD' }),
      ),
    }),
  };
}

function subject(exchange: Exchange): StoredVersion {
  return find(exchange, bucketOf(exchange), keyOf(exchange), exchange.query.get('versionId') ?? undefined);
}

/** As `subject`, of a bucket that has Object Lock. */
function lockable(exchange: Exchange, otherwise: S3ErrorCode): StoredVersion {
  if (!bucketOf(exchange).objectLock) throw new S3Error(otherwise, 'Bucket is missing Object Lock Configuration');
  return subject(exchange);
}

function tagging(verb: 'Get' | 'Put' | 'Delete', { query }: Exchange): string {
  return `s3:${verb}Object${query.has('versionId') ? 'Version' : ''}Tagging`;
}

/** @throws S3Error AccessDenied */
function requireTagging(exchange: Exchange, tags: ReadonlyMap<string, string>): void {
  const header = new URLSearchParams([...tags]).toString();
  const told = { ...exchange, headers: { ...exchange.headers, 'x-amz-tagging': header } };
  requireAllowed(told, tagging('Put', exchange), bucketOf(exchange), keyOf(exchange));
}

function getTagging(exchange: Exchange): Reply {
  const Tag = [...subject(exchange).tags].map(([Key, Value]) => xml({ Key, Value }));
  return { status: 200, headers: XML, body: xmlDocument('Tagging', { TagSet: xml({ Tag }) }) };
}

async function putTagging(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const set = childrenOf(parseXml(await body.bytes.text()), 'TagSet')[0];
  if (set === undefined) throw new S3Error('MalformedXML');
  // What stands in a tag is told as it is, spaces at its ends too.
  const text = (tag: XmlElement, name: string): string => childrenOf(tag, name)[0]?.text ?? '';
  const tags = new Map(childrenOf(set, 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')]));
  requireTags(tags);
  requireTagging(exchange, tags);
  const version = subject(exchange);
  version.tags = tags;
  return { status: 200, headers: versionHeaders(bucketOf(exchange), version.versionId) };
}

function deleteTagging(exchange: Exchange): Reply {
  subject(exchange).tags = new Map();
  return { status: 204 };
}

function getLegalHold(exchange: Exchange): Reply {
  const Status = lockable(exchange, 'InvalidRequest').legalHold ? 'ON' : 'OFF';
  return { status: 200, headers: XML, body: xmlDocument('LegalHold', { Status }) };
}

async function putLegalHold(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const status = textOf(parseXml(await body.bytes.text()), 'Status');
  if (status !== 'ON' && status !== 'OFF') throw new S3Error('MalformedXML');
  const told = { ...exchange, headers: { ...exchange.headers, 'x-amz-object-lock-legal-hold': status } };
  requireAllowed(told, 's3:PutObjectLegalHold', bucketOf(exchange), keyOf(exchange));
  lockable(exchange, 'InvalidRequest').legalHold = status === 'ON';
  return { status: 200 };
}

function getRetention(exchange: Exchange): Reply {
  const { retention } = lockable(exchange, 'InvalidRequest');
  if (retention === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('Retention', { Mode: retention.mode, RetainUntilDate: retention.until.toISOString() }),
  };
}

async function putRetention(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const document = parseXml(await body.bytes.text());
  const mode = textOf(document, 'Mode');
  const until = new Date(textOf(document, 'RetainUntilDate') ?? Number.NaN);
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until.getTime())) {
    throw new S3Error('MalformedXML');
  }
  const version = lockable(exchange, 'InvalidRequest');
  const current = version.retention;
  const shortens = current !== undefined && current.until > exchange.now && until < current.until;
  const bypass = mayBypass(exchange, bucketOf(exchange), keyOf(exchange));
  if (shortens && !(current.mode === 'GOVERNANCE' && bypass)) throw new S3Error('AccessDenied');
  version.retention = { mode, until };
  return { status: 200 };
}
