import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Digest } from '../digest.ts';
import { hasCode } from '../error.ts';
import { encodedKey } from './object-path.ts';
import type { AwsFailure } from './s3-error.ts';

/** What is looked at of a client of the SDK. Who knows it otherwise needs no client. */
export type DirectConfig = Pick<
  S3Client['config'],
  | 'bucketEndpoint'
  | 'defaultUserAgentProvider'
  | 'endpoint'
  | 'endpointProvider'
  | 'forcePathStyle'
  | 'ignoreConfiguredEndpointUrls'
  | 'isCustomEndpoint'
  | 'maxAttempts'
  | 'region'
  | 'responseChecksumValidation'
  | 'retryMode'
  | 'systemClockOffset'
  | 'useAccelerateEndpoint'
  | 'useDualstackEndpoint'
  | 'useFipsEndpoint'
  | 'useGlobalEndpoint'
  | 'userAgentAppId'
> & {
  readonly requestHandler: Pick<S3Client['config']['requestHandler'], 'handle'>;
  readonly signer: (scheme: AuthScheme) => Promise<Signer>;
};

/**
 * The requests that a run makes by the dozen, without the SDK's middleware, which takes several times what Node.js needs for one. All else is the client's
 * own: connections, credentials, rules of endpoints, signer. What can't be said or isn't answered in a way that is known here is left to the SDK, which asks
 * anew: redirects, pauses, clocks that are wrong, and what most refusals mean are its matter alone. Middleware that somebody has added to the client runs
 * only then.
 */
export class DirectS3 {
  readonly #config: DirectConfig;
  readonly #ways = new Map<string, Promise<Way | undefined>>();

  constructor({ config }: { readonly config: DirectConfig }) {
    this.#config = config;
  }

  /**
   * @param operation as the API reference names it
   * @param input of the SDK's command
   * @returns what the SDK would answer, and a body as the stream that it is; `undefined` where the SDK is to be asked
   * @throws as the SDK, where S3 says that there is nothing, or that a condition does not hold; the signal's reason
   */
  async ask(operation: string, input: Input, { body, signal }: Asked = {}): Promise<object | undefined> {
    const form = FORMS[operation];
    const said = form && requestOf(form, input);
    // Without a key the same request is one of the bucket.
    if (form === undefined || said === undefined || input.Key === '') return undefined;
    const way = await this.#wayTo(input.Bucket);
    if (way === undefined) return undefined;
    const request = {
      ...way.server,
      ...{ method: form.method, path: `${way.path}/${encodedKey(input.Key ?? '')}`, query: said.query },
      headers: { ...way.headers, ...said.headers, 'x-amz-content-sha256': body?.sha256 ?? SHA256_OF_NOTHING },
      ...(body !== undefined && { body: body.bytes }),
    };
    const response = await this.#responseTo(request, way, signal);
    if (response === undefined) return undefined;
    // The SDK follows the redirect, and doesn't keep where it led to: here each request would come in vain.
    if (response.statusCode === 301) this.#ways.set(input.Bucket, Promise.resolve(undefined));
    const outcome = await outcomeOf(form, response);
    if (outcome === undefined) signal?.throwIfAborted();
    return outcome;
  }

  async #wayTo(bucket: string): Promise<Way | undefined> {
    const known = this.#ways.get(bucket) ?? wayTo(this.#config, bucket);
    this.#ways.set(bucket, known);
    return await known;
  }

  /** `undefined`: the SDK may have better luck, or tells why not. */
  async #responseTo(
    request: object,
    { signer, scope }: Way,
    signal: AbortSignal | undefined,
  ): Promise<Response | undefined> {
    const { requestHandler, systemClockOffset } = this.#config;
    try {
      const signingDate = new Date(Date.now() + systemClockOffset);
      const signed = await signer.sign(request as Parameters<Signer['sign']>[0], { ...scope, signingDate });
      const handled = requestHandler.handle(
        signed as Parameters<typeof requestHandler.handle>[0],
        signal && { abortSignal: signal },
      );
      return ((await handled) as { readonly response: Response }).response;
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }
}

interface Input {
  readonly Bucket: string;
  readonly Key?: string | undefined;
}

interface Asked {
  readonly body?: {
    readonly bytes: Uint8Array;
    readonly sha256: Digest;
  };
  readonly signal?: AbortSignal | undefined;
}

type AuthScheme = NonNullable<Parameters<S3Client['config']['signer']>[0]>;
type Signer = Pick<Awaited<ReturnType<S3Client['config']['signer']>>, 'sign'>;

/** Where a bucket is asked, and how what is asked is signed. */
interface Way {
  readonly server: { readonly protocol: string; readonly hostname: string; readonly port?: number };
  /** Of every request. */
  readonly headers: { readonly host: string; readonly 'user-agent': string };
  /** Before the key, without a slash in the end. */
  readonly path: string;
  readonly signer: Signer;
  /** The signer of a client keeps those of its first request, unless it is told. */
  readonly scope: { readonly signingRegion: string; readonly signingService: string };
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** `undefined` where a client is asked for more than is known here: pauses of its own, no second attempt, checksums of what is read, buckets that are signed for otherwise. */
async function wayTo(config: DirectConfig, bucket: string): Promise<Way | undefined> {
  if (!PLAIN_NAME.test(bucket) || config.bucketEndpoint) return undefined;
  if (config.isCustomEndpoint !== true && !config.ignoreConfiguredEndpointUrls) return undefined;
  try {
    const [retryMode, validation, attempts] = await Promise.all([
      settled(config.retryMode),
      config.responseChecksumValidation(),
      config.maxAttempts(),
    ]);
    if (retryMode === 'adaptive' || validation !== 'WHEN_REQUIRED' || attempts === 1) return undefined;
    const { url, properties } = config.endpointProvider({ ...(await endpointParameters(config)), Bucket: bucket });
    const [scheme] = (properties?.['authSchemes'] ?? []) as readonly Scheme[];
    if (scheme?.name !== 'sigv4') return undefined;
    const { protocol, hostname, port, host, pathname } = url;
    return {
      server: { protocol, hostname, ...(port !== '' && { port: Number(port) }) },
      headers: { host, 'user-agent': await userAgentOf(config) },
      path: pathname.replace(/\/+$/, ''),
      signer: await config.signer({ ...scheme, properties: {} }),
      scope: { signingRegion: scheme.signingRegion, signingService: scheme.signingName },
    };
  } catch {
    return undefined;
  }
}

/**
 * Of a bucket in general, or of an access point's alias: it needs no encoding. An ARN may stand in its place, and what is none at all, which the SDK refuses.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
const PLAIN_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Logs of access show it. The SDK adds which of its features a request makes use of. */
async function userAgentOf(config: DirectConfig): Promise<string> {
  const [pairs, app] = await Promise.all([config.defaultUserAgentProvider(), config.userAgentAppId()]);
  const parts = [...pairs, ...(app === undefined ? [] : [['app', app] as const])].map(([name, version]) =>
    version === undefined ? name : [name, version].join(name.includes('/') ? '#' : '/'),
  );
  return parts.map((part) => part.replaceAll(/[^!-~]/g, '-')).join(' ');
}

interface Scheme {
  readonly name: string;
  readonly signingName: string;
  readonly signingRegion: string;
}

/** What the rules of endpoints ask for. https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html */
async function endpointParameters(config: DirectConfig): Promise<Parameters<DirectConfig['endpointProvider']>[0]> {
  const [Region, UseFIPS, UseDualStack, Accelerate, UseGlobalEndpoint, ForcePathStyle, endpoint] = await Promise.all([
    config.region(),
    settled(config.useFipsEndpoint),
    settled(config.useDualstackEndpoint),
    settled(config.useAccelerateEndpoint),
    settled(config.useGlobalEndpoint),
    settled(config.forcePathStyle),
    config.isCustomEndpoint === true ? config.endpoint?.() : undefined,
  ]);
  return {
    ...{ Region, UseFIPS, UseDualStack, Accelerate, UseGlobalEndpoint, ForcePathStyle },
    ...(endpoint !== undefined && { Endpoint: addressOf(endpoint) }),
  };
}

type Address = Awaited<ReturnType<NonNullable<DirectConfig['endpoint']>>>;

function addressOf({ protocol, hostname, port, path }: Address): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${String(port)}`}${path}`;
}

async function settled<T>(value: T | (() => Promise<T>)): Promise<T> {
  return typeof value === 'function' ? await (value as () => Promise<T>)() : value;
}

/** How S3's API says what a command's input has. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
interface Form {
  readonly method: 'HEAD' | 'GET' | 'PUT';
  /** That the SDK adds, and that logs show. */
  readonly id?: string;
  /** Other than the object itself. */
  readonly answer?: 'listing';
  /** Which of the requests with this method it is. */
  readonly kind?: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the input has no content type, S3 would store another one than the SDK names. */
  readonly type?: string;
}

const EXPECTED = { ExpectedBucketOwner: 'x-amz-expected-bucket-owner' };
const WHICH = { query: { VersionId: 'versionId' }, conditions: { IfMatch: 'if-match', Range: 'range' } };
const SENT = {
  ContentLength: 'content-length',
  ChecksumAlgorithm: 'x-amz-sdk-checksum-algorithm',
  ChecksumSHA256: 'x-amz-checksum-sha256',
};

const BYTES = 'application/octet-stream';

const FORMS: Readonly<Record<string, Form>> = {
  HeadBucket: { method: 'HEAD', query: {}, headers: EXPECTED },
  HeadObject: {
    method: 'HEAD',
    query: WHICH.query,
    headers: { ...EXPECTED, ...WHICH.conditions, ChecksumMode: 'x-amz-checksum-mode' },
  },
  GetObject: {
    ...{ method: 'GET', id: 'GetObject' },
    query: WHICH.query,
    // Whoever asks for the checksum of a body has the SDK verify it.
    headers: { ...EXPECTED, ...WHICH.conditions },
  },
  ListObjectsV2: {
    ...{ method: 'GET', answer: 'listing', kind: { 'list-type': '2' } },
    query: {
      ...{ Prefix: 'prefix', MaxKeys: 'max-keys', EncodingType: 'encoding-type' },
      ...{ ContinuationToken: 'continuation-token', StartAfter: 'start-after' },
    },
    headers: EXPECTED,
  },
  PutObject: {
    ...{ method: 'PUT', id: 'PutObject', type: BYTES },
    query: {},
    headers: {
      ...EXPECTED,
      ...SENT,
      ...{ IfMatch: 'if-match', IfNoneMatch: 'if-none-match', ContentType: 'content-type' },
      ServerSideEncryption: 'x-amz-server-side-encryption',
      SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
    },
  },
  UploadPart: {
    ...{ method: 'PUT', id: 'UploadPart', type: BYTES },
    query: { PartNumber: 'partNumber', UploadId: 'uploadId' },
    headers: { ...EXPECTED, ...SENT },
  },
};

interface Said {
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** `undefined` where the input has anything that is not known here. */
function requestOf(form: Form, input: object): Said | undefined {
  const query: Record<string, string> = { ...form.kind, ...(form.id !== undefined && { 'x-id': form.id }) };
  const headers: Record<string, string> = form.type === undefined ? {} : { 'content-type': form.type };
  for (const [member, value] of Object.entries(input) as [string, unknown][]) {
    if (member === 'Bucket' || member === 'Key' || value === undefined) continue;
    if (member === 'Metadata') {
      for (const [name, text] of Object.entries(value as object))
        headers[`${METADATA}${name.toLowerCase()}`] = text as string;
      continue;
    }
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const [header, parameter] = [form.headers[member], form.query[member]];
    if (header !== undefined) headers[header] = String(value);
    else if (parameter !== undefined) query[parameter] = String(value);
    else return undefined;
  }
  return { query, headers };
}

const METADATA = 'x-amz-meta-';

/** As an answer's headers name what the SDK's output has. */
const TOLD: Readonly<Record<string, string>> = {
  'content-range': 'ContentRange',
  'content-type': 'ContentType',
  etag: 'ETag',
  'x-amz-bucket-region': 'BucketRegion',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
  'x-amz-checksum-type': 'ChecksumType',
  'x-amz-object-lock-legal-hold': 'ObjectLockLegalHoldStatus',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-version-id': 'VersionId',
};

async function outcomeOf({ method, answer }: Form, response: Response): Promise<object | undefined> {
  const { statusCode, headers, body } = response;
  if (statusCode === 200 && answer === 'listing') {
    const listing = listingIn((await textOf(body)) ?? '');
    return listing && { ...listing, $metadata: metadataOf(response) };
  }
  if (statusCode === 200 || statusCode === 206) {
    // What is not read keeps its connection from being used again. The SDK takes an error in it for one, though S3 promises none there.
    const text = method === 'GET' ? '' : await textOf(body);
    if (text === undefined || text.endsWith('</Error>')) return undefined;
    return {
      ...{ ...answerOf(headers), $metadata: metadataOf(response) },
      ...(method === 'GET' && { Body: body }),
      ...(method !== 'PUT' && { Metadata: metadataIn(headers) }),
    };
  }
  const refusal = await refusalOf(method, response);
  if (refusal !== undefined && isFinal(refusal, headers)) throw refusal;
  return undefined;
}

/** That asking again changes nothing. Who is denied may be so for the date of the signature: the SDK asks again where its clock is not that of S3. */
function isFinal(refusal: Error, { date = '' }: Response['headers']): boolean {
  if (hasCode(refusal, 'NotFound', 'NoSuchKey', 'PreconditionFailed')) return true;
  return hasCode(refusal, 'AccessDenied', UNNAMED) && Math.abs(Date.parse(date) - Date.now()) < SKEW_MS;
}

/** As the SDK names what has no name. */
const UNNAMED = 'Unknown';

/** From here on the SDK takes its clock for wrong. */
const SKEW_MS = 4 * 60_000;

/** `undefined` where it is not whole, or says anything that is not expected of a listing without a delimiter. */
function listingIn(text: string): object | undefined {
  const [, inside] = /<ListBucketResult\b[^>]*>(?<inside>[^]*)<\/ListBucketResult>\s*$/.exec(text) ?? [];
  if (inside === undefined) return undefined;
  const Contents: object[] = [];
  const rest = inside.replaceAll(/<Contents>(?<object>[^]*?)<\/Contents>/g, (_, object: string) => {
    const { Key, Size, LastModified, ETag } = elementsIn(object);
    Contents.push({ Key, Size: Number(Size), LastModified: new Date(LastModified ?? ''), ETag });
    return '';
  });
  // Objects that are written otherwise are not to be taken for none.
  if (/<(?:Contents|Key)\b/.test(rest)) return undefined;
  const { IsTruncated, NextContinuationToken, EncodingType } = elementsIn(rest);
  const isPlain = Contents.every(({ Key, Size, LastModified }: Partial<Listed>) => {
    return Key !== undefined && Number.isSafeInteger(Size) && !Number.isNaN(LastModified?.getTime());
  });
  if (!isPlain || (IsTruncated !== 'true' && IsTruncated !== 'false')) return undefined;
  return {
    ...{ Contents, IsTruncated: IsTruncated === 'true' },
    ...(NextContinuationToken !== undefined && { NextContinuationToken }),
    ...(EncodingType !== undefined && { EncodingType }),
  };
}

interface Listed {
  readonly Key: string;
  readonly Size: number;
  readonly LastModified: Date;
}

/** Those that hold nothing but text. */
function elementsIn(xml: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Array.from(xml.matchAll(/<(?<name>\w+)>(?<text>[^<]*)<\/\k<name>>/g), ({ groups }) => [
      groups?.['name'] ?? '',
      unescaped(groups?.['text'] ?? ''),
    ]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const LAST_CODE_POINT = 0x10ffff;

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x(?<hex>[\da-f]+)|#(?<digits>\d+)|(?<name>\w+));/gi, (whole, hex, digits, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    const code = hex === undefined ? Number(digits) : Number.parseInt(hex as string, 16);
    return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : whole;
  });
}

function answerOf(headers: Response['headers']): object {
  const answer: Record<string, unknown> = {};
  for (const [header, member] of Object.entries(TOLD)) {
    if (headers[header] !== undefined) answer[member] = headers[header];
  }
  const { 'content-length': length, 'last-modified': modified, 'x-amz-tagging-count': tags } = headers;
  return {
    ...answer,
    ...(length !== undefined && { ContentLength: Number(length) }),
    ...(modified !== undefined && { LastModified: new Date(modified) }),
    ...(tags !== undefined && { TagCount: Number(tags) }),
  };
}

function metadataIn(headers: Response['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([header, value]) =>
      header.startsWith(METADATA) ? [[header.slice(METADATA.length), value] as const] : [],
    ),
  );
}

/** `undefined` where it is not understood whole. */
async function refusalOf(method: Form['method'], response: Response): Promise<Error | undefined> {
  const { statusCode, headers } = response;
  const text = await textOf(response.body);
  const { name, message } = (text === undefined ? undefined : wordsOf(method, statusCode, text)) ?? {};
  if (name === undefined) return undefined;
  const failure: Omit<AwsFailure, 'message'> = { name, $metadata: metadataOf(response), $response: { headers } };
  return Object.assign(new Error(message), failure);
}

function wordsOf(
  method: Form['method'],
  statusCode: number,
  text: string,
): { readonly name: string; readonly message: string } | undefined {
  // The answer to a HEAD has no body to say more.
  const bare: Readonly<Record<number, string>> = { 403: UNNAMED, 404: 'NotFound' };
  const name = method === 'HEAD' ? bare[statusCode] : /<Code>(?<code>\w+)<\/Code>/.exec(text)?.groups?.['code'];
  const message =
    method === 'HEAD' ? 'UnknownError' : /<Message>(?<words>[^<]*)<\/Message>/.exec(text)?.groups?.['words'];
  return name === undefined || message === undefined ? undefined : { name, message: unescaped(message) };
}

/** Of some hundred bytes. `undefined` where they don't all arrive. */
async function textOf(body: Readable): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece);
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString();
}

function metadataOf({ statusCode, headers }: Response): {
  readonly httpStatusCode: number;
  readonly requestId?: string;
} {
  const requestId = headers['x-amz-request-id'];
  return { httpStatusCode: statusCode, ...(requestId !== undefined && { requestId }) };
}

/** Lower case hexadecimal: what a request without a body is signed with. */
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
