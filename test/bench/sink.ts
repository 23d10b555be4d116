import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * As little of S3 as the contestants of the benchmark need, so that its own cost hides nobody's: put, head, get, list, copy and uploads in parts, conditions
 * included. Bodies above a megabyte are counted and dropped. For measuring only: what it stores proves nothing.
 *
 * Run as a process of its own; prints its endpoint. `GET /-/counts` tells requests and bytes since the last `POST /-/reset`; `?empty` forgets the
 * objects too. `POST /-/delay?ms=50` adds to every answer.
 */
interface Entry {
  readonly etag: string;
  readonly version: string;
  readonly size: number;
  readonly sha256: string | undefined;
  readonly body: Buffer | undefined;
  readonly modified: Date;
}

const KEPT = 1024 * 1024;
const objects = new Map<string, Entry>();
const parts = new Map<string, Map<number, { readonly size: number; readonly etag: string }>>();
let counts = { requests: 0, puts: 0, bytes: 0 };
let delay = 0;

async function take(
  request: IncomingMessage,
): Promise<{ readonly size: number; readonly md5: string; readonly body: Buffer | undefined }> {
  const hash = createHash('md5');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size <= KEPT) kept.push(piece);
    if (size <= KEPT) hash.update(piece);
  }
  counts.bytes += size;
  return {
    size,
    md5: size <= KEPT ? hash.digest('hex') : randomUUID().replaceAll('-', ''),
    body: size <= KEPT ? Buffer.concat(kept) : undefined,
  };
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): void {
  const send = (): void => {
    response.writeHead(status, {
      'content-length': Buffer.byteLength(body),
      'x-amz-bucket-region': 'us-east-1',
      ...headers,
    });
    response.end(body);
  };
  if (delay === 0) send();
  else setTimeout(send, delay);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  answer(
    response,
    status,
    { 'content-type': 'application/xml' },
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}

function headersOf({ etag, version, sha256, modified, size }: Entry): Record<string, string> {
  return {
    etag: `"${etag}"`,
    'x-amz-version-id': version,
    'last-modified': modified.toUTCString(),
    'x-object-size': String(size),
    ...(sha256 !== undefined && { 'x-amz-checksum-sha256': sha256, 'x-amz-checksum-type': 'FULL_OBJECT' }),
  };
}

function store(key: string, entry: Omit<Entry, 'version' | 'modified'>): Entry {
  const stored = { ...entry, version: randomUUID(), modified: new Date() };
  objects.set(key, stored);
  return stored;
}

function conditionFails(request: IncomingMessage, key: string): boolean {
  const { 'if-none-match': none, 'if-match': match } = request.headers;
  return (
    (none === '*' && objects.has(key)) || (match !== undefined && match.replaceAll('"', '') !== objects.get(key)?.etag)
  );
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sink');
  if (url.pathname.startsWith('/-/')) {
    control(url, response);
    return;
  }
  counts.requests++;
  const [, , ...rest] = url.pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const query = url.searchParams;
  if (url.pathname === '/' && request.method === 'POST') {
    await take(request);
    answer(
      response,
      200,
      { 'content-type': 'text/xml' },
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    );
  } else if (key === '') {
    bucket(request, response, query);
  } else if (request.method === 'PUT') {
    await put(request, response, key, query);
  } else if (request.method === 'POST') {
    await post(request, response, key, query);
  } else if (request.method === 'DELETE') {
    remove(request, response, key, query);
  } else {
    const entry = objects.get(key);
    if (entry === undefined) refuse(response, 404, 'NoSuchKey');
    else if (request.method === 'HEAD')
      response.writeHead(200, { ...headersOf(entry), 'content-length': entry.size }).end();
    else answer(response, 200, headersOf(entry), entry.body ?? '');
  }
}

function control(url: URL, response: ServerResponse): void {
  if (url.pathname === '/-/reset') counts = { requests: 0, puts: 0, bytes: 0 };
  if (url.searchParams.has('empty')) objects.clear();
  if (url.searchParams.has('ms')) delay = Number(url.searchParams.get('ms'));
  const body = JSON.stringify({ ...counts, objects: objects.size });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

function bucket(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
  if (query.has('versioning')) {
    answer(response, 200, {}, '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
  } else if (query.get('list-type') === '2') {
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const prefix = query.get('prefix') ?? '';
    const limit = Number(query.get('max-keys') ?? 1000);
    const found = [...objects]
      .filter(([key]) => key.startsWith(prefix) && key > after)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = found.slice(0, limit);
    const contents = page.map(
      ([key, { size, etag, modified }]) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size></Contents>`,
    );
    const more =
      found.length > page.length
        ? `<NextContinuationToken>${encodeURIComponent(page.at(-1)?.[0] ?? '')}</NextContinuationToken>`
        : '';
    answer(
      response,
      200,
      { 'content-type': 'application/xml' },
      `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><KeyCount>${page.length}</KeyCount><IsTruncated>${more !== ''}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`,
    );
  } else if (request.method === 'DELETE' || request.method === 'POST') {
    answer(response, 204);
  } else {
    answer(response, 200);
  }
}

async function put(
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  query: URLSearchParams,
): Promise<void> {
  counts.puts++;
  const upload = query.get('uploadId');
  const { size, md5, body } = await take(request);
  if (upload !== null) {
    parts.get(upload)?.set(Number(query.get('partNumber')), { size, etag: md5 });
    const checksum = request.headers['x-amz-checksum-sha256'];
    answer(response, 200, {
      etag: `"${md5}"`,
      ...(typeof checksum === 'string' && { 'x-amz-checksum-sha256': checksum }),
    });
  } else if (checksumFails(request, body)) {
    refuse(response, 400, 'BadDigest');
  } else if (conditionFails(request, key)) {
    refuse(response, 412, 'PreconditionFailed');
  } else {
    const checksum = request.headers['x-amz-checksum-sha256'];
    const entry = store(key, { etag: md5, size, sha256: typeof checksum === 'string' ? checksum : undefined, body });
    answer(response, 200, headersOf(entry));
  }
}

function remove(request: IncomingMessage, response: ServerResponse, key: string, query: URLSearchParams): void {
  const version = query.get('versionId');
  if (request.headers['if-match'] !== undefined && !objects.has(key)) {
    refuse(response, 404, 'NoSuchKey');
  } else if (conditionFails(request, key)) {
    refuse(response, 412, 'PreconditionFailed');
  } else {
    if (version === null || objects.get(key)?.version === version) objects.delete(key);
    answer(response, 204);
  }
}

/** Small bodies alone: a wrong checksum must be refused, for a store that takes it is none. */
function checksumFails(request: IncomingMessage, body: Buffer | undefined): boolean {
  const claimed = request.headers['x-amz-checksum-sha256'];
  return (
    typeof claimed === 'string' && body !== undefined && createHash('sha256').update(body).digest('base64') !== claimed
  );
}

async function post(
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  query: URLSearchParams,
): Promise<void> {
  await take(request);
  const upload = query.get('uploadId');
  if (upload === null) {
    const id = randomUUID();
    parts.set(id, new Map());
    answer(
      response,
      200,
      {},
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  } else if (conditionFails(request, key)) {
    refuse(response, 412, 'PreconditionFailed');
  } else {
    const size = [...(parts.get(upload)?.values() ?? [])].reduce((total, part) => total + part.size, 0);
    const { etag, version } = store(key, {
      etag: `${randomUUID().replaceAll('-', '')}-1`,
      size,
      sha256: undefined,
      body: undefined,
    });
    answer(
      response,
      200,
      { 'x-amz-version-id': version },
      `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`,
    );
  }
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
