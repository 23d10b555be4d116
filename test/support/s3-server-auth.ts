import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './s3-server-error.ts';
import type { Caller, Policy, RequestContext } from './iam/policy.ts';

/**
 * Who sent a request: AWS Signature Version 4, in the Authorization header or presigned in the query, verified whole.
 * Not verified: the signatures of single chunks of a streamed body.
 */

export interface Identity {
  /** Twelve digits. */
  readonly account: string;
  /** Of the user or role; default `arn:aws:iam::ACCOUNT:user/ACCESS-KEY`. */
  readonly arn?: string;
  /** Of an assumed role's session. */
  readonly sessionArn?: string;
  /** Default `secret`. */
  readonly secretAccessKey?: string;
  /** Temporary credentials must send this. */
  readonly sessionToken?: string;
  /** The token has run out: every request is refused. */
  readonly expired?: boolean;
  /** What IAM allows; default everything. */
  readonly policies?: readonly Policy[];
  /** An AWS service that acts by itself, like `lambda.amazonaws.com`: no account, and no policies of its own. */
  readonly service?: string;
  /** Further condition keys of its requests, like `aws:PrincipalOrgID` or `aws:SourceVpce`. */
  readonly context?: RequestContext;
}

export const DEFAULT_SECRET = 'secret';

const ALLOW_ALL: readonly Policy[] = [
  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
];

export interface Authenticated {
  readonly caller: Caller;
  readonly accessKeyId: string | undefined;
  /** Of the credential's scope. */
  readonly region: string | undefined;
  readonly service: string | undefined;
  readonly policies: readonly Policy[];
  readonly context: RequestContext;
  readonly authType: 'REST-HEADER' | 'REST-QUERY-STRING' | 'anonymous';
}

export interface SignedRequest {
  readonly method: string;
  /** As it came, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly token: string | undefined;
  readonly presigned: boolean;
}

const ANONYMOUS: Authenticated = {
  caller: {},
  accessKeyId: undefined,
  region: undefined,
  service: undefined,
  policies: [],
  context: {},
  authType: 'anonymous',
};

/** @throws S3Error as S3 answers */
export function authenticate(
  request: SignedRequest,
  identities: ReadonlyMap<string, Identity>,
  now: Date,
  payloadHash?: string,
): Authenticated {
  const claim = claimOf(request);
  if (claim === undefined) return ANONYMOUS;
  const identity = identities.get(claim.accessKeyId);
  if (identity === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { details: { AWSAccessKeyId: claim.accessKeyId } });
  }
  if (identity.expired === true) throw new S3Error('ExpiredToken');
  if (identity.sessionToken !== claim.token) throw new S3Error('InvalidToken');
  verifySignature(request, claim, identity.secretAccessKey ?? DEFAULT_SECRET, payloadHash);
  if (claim.presigned) requireUnexpired(request.query, claim.timestamp, now);
  return {
    caller: callerOf(identity, claim.accessKeyId),
    accessKeyId: claim.accessKeyId,
    region: claim.region,
    service: claim.service,
    policies: identity.service === undefined ? (identity.policies ?? ALLOW_ALL) : [],
    context: contextOf(identity, claim.accessKeyId),
    authType: claim.presigned ? 'REST-QUERY-STRING' : 'REST-HEADER',
  };
}

function callerOf(identity: Identity, accessKeyId: string): Caller {
  if (identity.service !== undefined) return { service: identity.service };
  return {
    account: identity.account,
    arn: identity.arn ?? `arn:aws:iam::${identity.account}:user/${accessKeyId}`,
    ...(identity.sessionArn !== undefined && { sessionArn: identity.sessionArn }),
  };
}

function contextOf(identity: Identity, accessKeyId: string): RequestContext {
  const { account, arn, service } = callerOf(identity, accessKeyId);
  return {
    ...(account !== undefined && { 'aws:principalaccount': account }),
    ...(arn !== undefined && { 'aws:principalarn': arn, 'aws:userid': accessKeyId }),
    'aws:principalisawsservice': String(service !== undefined),
    ...(service !== undefined && { 'aws:principalservicename': service }),
    ...Object.fromEntries(Object.entries(identity.context ?? {}).map(([key, value]) => [key.toLowerCase(), value])),
  };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=(?<credential>[^, ]+), *SignedHeaders=(?<signedHeaders>[^, ]+), *Signature=(?<signature>[0-9a-f]{64})$/;

function claimOf({ headers, query }: SignedRequest): Claim | undefined {
  if (query.has('X-Amz-Signature')) {
    return {
      ...parseCredential(query.get('X-Amz-Credential') ?? ''),
      signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
      signature: query.get('X-Amz-Signature') ?? '',
      timestamp: query.get('X-Amz-Date') ?? '',
      token: query.get('X-Amz-Security-Token') ?? undefined,
      presigned: true,
    };
  }
  if (headers.authorization === undefined) return undefined;
  const parsed = AUTHORIZATION.exec(headers.authorization)?.groups;
  if (parsed === undefined) throw new S3Error('AuthorizationHeaderMalformed');
  return {
    ...parseCredential(parsed['credential'] ?? ''),
    signedHeaders: (parsed['signedHeaders'] ?? '').split(';'),
    signature: parsed['signature'] ?? '',
    timestamp: headerText(headers, 'x-amz-date') ?? '',
    token: headerText(headers, 'x-amz-security-token'),
    presigned: false,
  };
}

function parseCredential(credential: string): Pick<Claim, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const [accessKeyId = '', date = '', region = '', service = '', end] = credential.split('/');
  if (end !== 'aws4_request') throw new S3Error('AuthorizationHeaderMalformed');
  return { accessKeyId, date, region, service };
}

function verifySignature(
  { method, path, query, headers }: SignedRequest,
  claim: Claim,
  secret: string,
  bodyHash: string | undefined,
): void {
  const payload = claim.presigned ? 'UNSIGNED-PAYLOAD' : (headerText(headers, 'x-amz-content-sha256') ?? bodyHash);
  if (payload === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const canonical = [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    ...claim.signedHeaders.map((name) => `${name}:${(headerText(headers, name) ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    payload,
  ].join('\n');
  const scope = [claim.date, claim.region, claim.service, 'aws4_request'].join('/');
  const text = ['AWS4-HMAC-SHA256', claim.timestamp, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = [claim.date, claim.region, claim.service, 'aws4_request'].reduce<Buffer | string>(
    (signing, part) => createHmac('sha256', signing).update(part).digest(),
    `AWS4${secret}`,
  );
  const expected = createHmac('sha256', key).update(text).digest();
  const given = Buffer.from(claim.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      details: { AWSAccessKeyId: claim.accessKeyId, StringToSign: text, CanonicalRequest: canonical },
    });
  }
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') && !claim.signedHeaders.includes(name)) {
      throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
        details: { HeadersNotSigned: name },
      });
    }
  }
}

function requireUnexpired(query: URLSearchParams, timestamp: string, now: Date): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? [];
  const signed = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const seconds = Number(query.get('X-Amz-Expires'));
  if (!(now.getTime() <= signed + seconds * 1000)) throw new S3Error('AccessDenied', 'Request has expired');
}

function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeRfc3986(decodeURIComponent(segment)))
    .join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
