import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * As little of S3 as the contestants of the benchmark need, so that its own cost hides nobody's: objects with their versions, conditions, copies, listings,
 * tags and uploads in parts. Bodies above a megabyte are counted and dropped. For measuring only: what it stores proves nothing.
 *
 * Run as a process of its own; prints its endpoint and ends with its input. Its own addresses, each a POST that answers with what was counted since the last
 * reset: `/-/reset`; `/-/empty?bucket=NAME` forgets what is in a bucket; `/-/delay?ms=50` adds to every answer from now on; `/-/counts` does nothing else.
 */
interface Version {
  readonly id: string;
  readonly etag: string;
  readonly size: number;
  readonly sha256: string | undefined;
  /** None where it was too large to be kept. */
  readonly body: Buffer | undefined;
  readonly modified: Date;
  /** What is left by a delete without a version. */
  readonly marker: boolean;
  tags: string;
}

interface Upload {
  readonly sizes: Map<number, number>;
}

interface Request {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly bucket: string;
  /** Empty where the bucket itself is meant. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/** Bytes. */
const KEPT = 1024 * 1024;
const PAGE = 1000;

/** By bucket, then by key; of each key the newest last. */
const buckets = new Map<string, Map<string, Version[]>>();
const uploads = new Map<string, Upload>();
let counts = { requests: 0, written: 0, bytes: 0 };
let delay = 0;

function versionsIn(bucket: string): Map<string, Version[]> {
  const known = buckets.get(bucket) ?? new Map<string, Version[]>();
  buckets.set(bucket, known);
  return known;
}

/** What a request without a version sees. */
function currentOf(bucket: string, key: string): Version | undefined {
  const newest = versionsIn(bucket).get(key)?.at(-1);
  return newest?.marker === true ? undefined : newest;
}

function add(bucket: string, key: string, version: Partial<Version>): Version {
  const added = {
    ...{ id: randomUUID(), etag: '', size: 0, sha256: undefined, body: undefined },
    ...{ modified: new Date(), marker: false, tags: '' },
    ...version,
  };
  const versions = versionsIn(bucket);
  versions.set(key, [...(versions.get(key) ?? []), added]);
  if (!added.marker) counts.written++;
  return added;
}

interface Taken {
  readonly size: number;
  /** Of large bodies any that nothing else has. */
  readonly md5: string;
  readonly body: Buffer | undefined;
}

async function take(incoming: IncomingMessage): Promise<Taken> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size <= KEPT) kept.push(piece);
  }
  const announced = Number(incoming.headers['x-amz-decoded-content-length'] ?? size);
  counts.bytes += announced;
  // A body in chunks has their signatures among its bytes: whoever sends such a one reads nothing back.
  if (size > KEPT) return { size: announced, md5: randomUUID().replaceAll('-', ''), body: undefined };
  const body = Buffer.concat(kept);
  return { size: announced, md5: createHash('md5').update(body).digest('hex'), body };
}

function answer(
  { response }: Pick<Request, 'response'>,
  status: number,
  headers: Record<string, string | number> = {},
  body: string | Buffer = '',
): void {
  const send = (): void => {
    const common = { 'content-length': Buffer.byteLength(body), 'x-amz-bucket-region': 'us-east-1' };
    response.writeHead(status, { ...common, ...headers });
    response.end(body);
  };
  if (delay === 0) send();
  else setTimeout(send, delay);
}

function answerXml(request: Pick<Request, 'response'>, xml: string, headers: Record<string, string> = {}): void {
  answer(request, 200, { 'content-type': 'application/xml', ...headers }, `<?xml version="1.0"?>${xml}`);
}

function refuse(request: Request, status: number, code: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  const { method } = request.incoming;
  answer(request, status, { 'content-type': 'application/xml' }, method === 'HEAD' ? '' : body);
}

function headersOf({ etag, id, sha256, modified }: Version): Record<string, string> {
  return {
    etag: `"${etag}"`,
    'x-amz-version-id': id,
    'last-modified': modified.toUTCString(),
    ...(sha256 !== undefined && { 'x-amz-checksum-sha256': sha256, 'x-amz-checksum-type': 'FULL_OBJECT' }),
  };
}

function conditionFails({ incoming, bucket, key }: Request): boolean {
  const { 'if-none-match': none, 'if-match': match } = incoming.headers;
  const current = currentOf(bucket, key);
  if (none === '*' && current !== undefined) return true;
  return match !== undefined && match.replaceAll('"', '') !== current?.etag;
}

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://sink');
  if (url.pathname.startsWith('/-/')) {
    control(url, response);
    return;
  }
  counts.requests++;
  const [, bucket = '', ...rest] = url.pathname.split('/');
  const request = { incoming, response, bucket, key: decodeURIComponent(rest.join('/')), query: url.searchParams };
  const { method } = incoming;
  if (bucket === '') await tellCaller(request);
  else if (request.key === '') await serveBucket(request);
  else if (request.query.has('tagging')) await serveTags(request);
  else if (method === 'PUT') await put(request);
  else if (method === 'POST') await post(request);
  else if (method === 'DELETE') await remove(request);
  else show(request);
}

function control({ pathname, searchParams }: URL, response: ServerResponse): void {
  const body = JSON.stringify(counts);
  if (pathname === '/-/reset') counts = { requests: 0, written: 0, bytes: 0 };
  if (pathname === '/-/empty') buckets.delete(searchParams.get('bucket') ?? '');
  if (pathname === '/-/delay') delay = Number(searchParams.get('ms'));
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
async function tellCaller(request: Request): Promise<void> {
  await take(request.incoming);
  answerXml(
    request,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  );
}

async function serveBucket(request: Request): Promise<void> {
  const { incoming, query } = request;
  await take(incoming);
  if (incoming.method !== 'GET') answer(request, 200);
  else if (query.has('versioning')) {
    answerXml(request, '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
  } else if (query.has('location')) answerXml(request, '<LocationConstraint/>');
  else if (query.has('policy')) refuse(request, 404, 'NoSuchBucketPolicy');
  else if (query.has('encryption')) refuse(request, 404, 'ServerSideEncryptionConfigurationNotFoundError');
  else if (query.has('versions')) listVersions(request);
  else listKeys(request);
}

function listKeys(request: Request): void {
  const { bucket, query } = request;
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const found = keysIn(bucket, query).filter((key) => key > after && currentOf(bucket, key) !== undefined);
  const page = found.slice(0, Number(query.get('max-keys') ?? PAGE));
  const contents = page.map((key) => `<Contents>${described(key, currentOf(bucket, key) as Version)}</Contents>`);
  const next = found.length > page.length ? encodeURIComponent(page.at(-1) ?? '') : undefined;
  answerXml(
    request,
    `<ListBucketResult><EncodingType>url</EncodingType><KeyCount>${page.length}</KeyCount><IsTruncated>${next !== undefined}</IsTruncated>` +
      `${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}${contents.join('')}</ListBucketResult>`,
  );
}

/** Never more than a page: no contestant writes a thousand versions of what begins alike. */
function listVersions(request: Request): void {
  const { bucket, query } = request;
  const entries = keysIn(bucket, query).flatMap((key) =>
    (versionsIn(bucket).get(key) ?? []).toReversed().map((version, index) => {
      const name = version.marker ? 'DeleteMarker' : 'Version';
      const which = `<VersionId>${version.id}</VersionId><IsLatest>${index === 0}</IsLatest>`;
      return `<${name}>${which}${described(key, version)}</${name}>`;
    }),
  );
  answerXml(
    request,
    `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${entries.join('')}</ListVersionsResult>`,
  );
}

function keysIn(bucket: string, query: URLSearchParams): string[] {
  const prefix = query.get('prefix') ?? '';
  return [...versionsIn(bucket).keys()].filter((key) => key.startsWith(prefix)).sort();
}

function described(key: string, { modified, etag, size }: Version): string {
  return `<Key>${encodeURIComponent(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size>`;
}

async function serveTags(request: Request): Promise<void> {
  const { body } = await take(request.incoming);
  const version = chosen(request);
  if (version === undefined) refuse(request, 404, 'NoSuchKey');
  else if (request.incoming.method === 'GET') {
    answerXml(request, version.tags === '' ? '<Tagging><TagSet/></Tagging>' : version.tags);
  } else {
    version.tags = (body?.toString() ?? '').replace(/^<\?xml[^>]*>/, '');
    answer(request, 200, { 'x-amz-version-id': version.id });
  }
}

function chosen({ bucket, key, query }: Request): Version | undefined {
  const id = query.get('versionId');
  if (id === null) return currentOf(bucket, key);
  return versionsIn(bucket)
    .get(key)
    ?.find((version) => version.id === id);
}

function show(request: Request): void {
  const version = chosen(request);
  if (version === undefined) refuse(request, 404, 'NoSuchKey');
  else if (request.incoming.method === 'HEAD') {
    answer(request, 200, { ...headersOf(version), 'content-length': version.size });
  } else if (version.body === undefined && version.size > 0) refuse(request, 503, 'SlowDown');
  else answer(request, 200, headersOf(version), version.body);
}

async function put(request: Request): Promise<void> {
  const { incoming, bucket, key, query } = request;
  const { size, md5, body } = await take(incoming);
  const { 'x-amz-checksum-sha256': checksum, 'x-amz-copy-source': source } = incoming.headers;
  const sha256 = typeof checksum === 'string' ? checksum : undefined;
  if (typeof source === 'string') copy(request, source);
  else if (query.has('uploadId')) {
    uploads.get(query.get('uploadId') ?? '')?.sizes.set(Number(query.get('partNumber')), size);
    answer(request, 200, { etag: `"${md5}"`, ...(sha256 !== undefined && { 'x-amz-checksum-sha256': sha256 }) });
  } else if (sha256 !== undefined && body !== undefined && checksumOf(body) !== sha256) {
    // Of small bodies alone. A store that takes wrong bytes is refused by those who look.
    refuse(request, 400, 'BadDigest');
  } else if (conditionFails(request)) refuse(request, 412, 'PreconditionFailed');
  else answer(request, 200, headersOf(add(bucket, key, { etag: md5, size, sha256, body })));
}

function checksumOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64');
}

/** A part that is copied counts nothing: no contestant copies what is larger than a copy may be. */
function copy(request: Request, source: string): void {
  const { incoming, bucket, key } = request;
  const [path = '', version] = source.replace(/^\//, '').split('?versionId=');
  const [from = '', ...rest] = decodeURIComponent(path).split('/');
  const query = new URLSearchParams(version === undefined ? {} : { versionId: version });
  const copied = chosen({ ...request, bucket: from, key: rest.join('/'), query });
  const { 'x-amz-copy-source-if-match': match } = incoming.headers;
  if (copied === undefined || copied.marker) refuse(request, 404, 'NoSuchKey');
  else if (typeof match === 'string' && match.replaceAll('"', '') !== copied.etag) {
    refuse(request, 412, 'PreconditionFailed');
  } else if (conditionFails(request)) refuse(request, 412, 'PreconditionFailed');
  else {
    const { etag, size, sha256, body } = copied;
    const added = add(bucket, key, { etag, size, sha256, body });
    answerXml(
      request,
      `<CopyObjectResult><ETag>"${etag}"</ETag><LastModified>${added.modified.toISOString()}</LastModified></CopyObjectResult>`,
      { 'x-amz-version-id': added.id },
    );
  }
}

async function post(request: Request): Promise<void> {
  const { incoming, bucket, key, query } = request;
  await take(incoming);
  const id = query.get('uploadId');
  if (id === null) {
    const begun = randomUUID();
    uploads.set(begun, { sizes: new Map() });
    answerXml(request, `<InitiateMultipartUploadResult><UploadId>${begun}</UploadId></InitiateMultipartUploadResult>`);
    return;
  }
  const upload = uploads.get(id);
  if (upload === undefined) refuse(request, 404, 'NoSuchUpload');
  else if (conditionFails(request)) refuse(request, 412, 'PreconditionFailed');
  else {
    uploads.delete(id);
    const size = [...upload.sizes.values()].reduce((total, part) => total + part, 0);
    const etag = `${randomUUID().replaceAll('-', '')}-${upload.sizes.size}`;
    const added = add(bucket, key, { etag, size });
    answerXml(request, `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`, {
      'x-amz-version-id': added.id,
    });
  }
}

async function remove(request: Request): Promise<void> {
  const { incoming, bucket, key, query } = request;
  await take(incoming);
  const [upload, id] = [query.get('uploadId'), query.get('versionId')];
  if (upload !== null) {
    uploads.delete(upload);
    answer(request, 204);
  } else if (incoming.headers['if-match'] !== undefined && currentOf(bucket, key) === undefined) {
    refuse(request, 404, 'NoSuchKey');
  } else if (conditionFails(request)) refuse(request, 412, 'PreconditionFailed');
  else if (id === null) {
    const marker = add(bucket, key, { marker: true });
    answer(request, 204, { 'x-amz-version-id': marker.id, 'x-amz-delete-marker': 'true' });
  } else {
    const left = (versionsIn(bucket).get(key) ?? []).filter((version) => version.id !== id);
    if (left.length > 0) versionsIn(bucket).set(key, left);
    else versionsIn(bucket).delete(key);
    answer(request, 204, { 'x-amz-version-id': id });
  }
}

const server = createServer((incoming, response) => {
  serve(incoming, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
// Longer than any contestant is silent: a closed connection would cost it a retry.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
