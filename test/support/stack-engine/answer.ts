import type { Random } from './random.ts';
import type { Value, ValueMap } from './value.ts';
import { isMap } from './value.ts';

/** Of a request: what its answer must repeat. */
export interface Asked {
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

export interface Put {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface PutReply {
  readonly status: number;
  /** S3's error code. */
  readonly code?: string;
}

interface Expected {
  readonly path: string;
  readonly requestId: string;
  /** Virtual milliseconds. */
  readonly expires: number;
  readonly take: (body: Uint8Array) => void;
  /** What is refused before one is taken. */
  refusals: readonly number[];
  dropped: number;
  taken: boolean;
}

/** As S3 presigns them for CloudFormation: two hours. */
const LIFETIME_MS = 7200 * 1000;

export type UrlStyle = 'sigv4' | 'sigv2';

/** The objects that presigned URLs let functions write: S3's rules for the PUT, whatever carries it. */
export class AnswerBook {
  readonly #random: Random;
  readonly #now: () => number;
  readonly #expected = new Map<string, Expected>();
  /** Every answer that S3 took, also those that CloudFormation never reads. */
  readonly puts: { readonly requestId: string; readonly body: Uint8Array }[] = [];

  constructor(random: Random, now: () => number) {
    this.#random = random;
    this.#now = now;
  }

  /** A new URL; the first object written to it is the answer. `refusals` are the statuses that come before, `dropped` how many successful writings get lost. */
  expect(
    asked: Asked,
    base: string,
    style: UrlStyle,
    faults: { readonly refusals: readonly number[]; readonly dropped: number },
  ): { readonly url: string; readonly answer: Promise<Uint8Array> } {
    const object = encodeURIComponent(`${asked.StackId}|${asked.LogicalResourceId}|${asked.RequestId}`);
    const path = `/${object}?${this.#query(style)}`;
    let take: (body: Uint8Array) => void = () => undefined;
    const answer = new Promise<Uint8Array>((resolve) => {
      take = resolve;
    });
    const expires = this.#now() + LIFETIME_MS;
    this.#expected.set(path, { path, requestId: asked.RequestId, expires, take, ...faults, taken: false });
    return { url: `${base}${path}`, answer };
  }

  #query(style: UrlStyle): string {
    const now = this.#now();
    if (style === 'sigv2') {
      const signature = encodeURIComponent(`${this.#random.text(27, 'abcdefghijkABCDEFGHIJK0123456789+/')}=`);
      return `AWSAccessKeyId=ASIATESTTESTTESTTEST&Expires=${Math.floor((now + LIFETIME_MS) / 1000)}&Signature=${signature}`;
    }
    const date = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const credential = encodeURIComponent(`ASIATESTTESTTESTTEST/${date.slice(0, 8)}/eu-west-1/s3/aws4_request`);
    return (
      `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&X-Amz-SignedHeaders=host&X-Amz-Expires=7200` +
      `&X-Amz-Credential=${credential}&X-Amz-Signature=${this.#random.text(64, '0123456789abcdef')}`
    );
  }

  requestOf(path: string): string | undefined {
    return this.#expected.get(path)?.requestId;
  }

  put({ method, path, headers, body }: Put): PutReply {
    const expected = this.#expected.get(path);
    const contentType = headers['content-type'] ?? '';
    // Signed: method, path and an empty Content-Type.
    if (expected === undefined || method !== 'PUT' || contentType !== '') {
      return { status: 403, code: 'SignatureDoesNotMatch' };
    }
    if (this.#now() > expected.expires) return { status: 403, code: 'AccessDenied' };
    if (headers['transfer-encoding'] !== undefined) return { status: 501, code: 'NotImplemented' };
    if (headers['content-length'] === undefined) return { status: 411, code: 'MissingContentLength' };
    if (Number(headers['content-length']) !== body.length) return { status: 400, code: 'IncompleteBody' };
    const [refusal, ...later] = expected.refusals;
    if (refusal !== undefined) {
      expected.refusals = later;
      return { status: refusal, code: refusal === 503 ? 'SlowDown' : 'InternalError' };
    }
    if (expected.dropped > 0) {
      expected.dropped -= 1;
      return { status: 200 };
    }
    this.puts.push({ requestId: expected.requestId, body });
    if (!expected.taken) expected.take(body);
    expected.taken = true;
    return { status: 200 };
  }
}

export interface Answer {
  readonly succeeded: boolean;
  readonly reason: string;
  /** `undefined` where the answer has no valid one. */
  readonly physicalId: string | undefined;
  readonly data: ValueMap;
  readonly noEcho: boolean;
}

const MAXIMUM_BYTES = 4096;
const MAXIMUM_ID_BYTES = 1024;

/** What CloudFormation makes of an answer. Where its words aren't known for certain (an echo that is wrong), it is a failure that says what is. */
export function judge(body: Uint8Array, asked: Asked): Answer {
  const failed = (reason: string, physicalId?: string): Answer => ({
    ...{ succeeded: false, reason, physicalId, data: {}, noEcho: false },
  });
  if (body.length > MAXIMUM_BYTES) return failed('Response object is too long.');
  const response = parsed(body);
  if (response === undefined) return failed('Invalid Response object: it is no JSON object');
  const { Status: status, PhysicalResourceId: physicalId, Reason: reason, Data: data } = response;
  if (status !== 'SUCCESS' && status !== 'FAILED') {
    return failed(`Invalid Response object: '${shown(status)}' is not a valid ResponseStatus`);
  }
  for (const name of ['StackId', 'RequestId', 'LogicalResourceId'] as const) {
    if (response[name] !== asked[name])
      return failed(`Invalid Response object: ${name} '${shown(response[name])}' is not that of the request`);
  }
  if (physicalId === undefined || physicalId === null || physicalId === '') return failed('Invalid PhysicalResourceId');
  if (typeof physicalId !== 'string') return failed('Value of property PhysicalResourceId must be of type String');
  if (Buffer.byteLength(physicalId) > MAXIMUM_ID_BYTES) return failed('Invalid PhysicalResourceId');
  if (status === 'FAILED') {
    const message = typeof reason === 'string' && reason !== '' ? reason : undefined;
    if (message === undefined)
      return failed('Invalid Response object: Reason is required where Status is FAILED', physicalId);
    const told = `Received response status [FAILED] from custom resource. Message returned: ${message} (RequestId: ${asked.RequestId})`;
    return failed(told, physicalId);
  }
  if (data !== undefined && data !== null && !isMap(data))
    return failed('Invalid Response object: Data must be an object', physicalId);
  return {
    succeeded: true,
    reason: '',
    physicalId,
    data: isMap(data) ? data : {},
    noEcho: response['NoEcho'] === true,
  };
}

function parsed(body: Uint8Array): ValueMap | undefined {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Value;
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function shown(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
