import type { IncomingHttpHeaders } from 'node:http';
import type { Authenticated } from './s3-server-auth.ts';
import { headerText } from './s3-server-auth.ts';
import type { ReceivedBody } from './s3-server-body.ts';
import type { Spool, StoredBytes } from './s3-server-bytes.ts';
import { S3Error } from './s3-server-error.ts';
import type { Decision, Policy, RequestContext } from './iam/policy.ts';
import { decide } from './iam/policy.ts';
import type { Attributes, Bucket, Encryption } from './s3-server-state.ts';

/** One request on its way through the server, and what every operation asks of it. */
export interface Exchange {
  readonly server: ServerState;
  readonly operation: string;
  readonly bucketName: string | undefined;
  readonly key: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly who: Authenticated;
  readonly begunAt: number;
  readonly now: Date;
}

export interface ServerState {
  readonly buckets: Map<string, Bucket>;
  readonly spool: Spool;
  /** Of KMS keys, by ARN. */
  readonly keyPolicies: Map<string, Policy>;
  readonly settings: ServerSettings;
}

/** What a test may change while the server runs. */
export interface ServerSettings {
  /** Whether `aws:SecureTransport` is true; default so, though what listens on the loopback may speak plain HTTP. */
  secureTransport: boolean;
  /** What a client that signs for another region than the bucket's is told. */
  wrongRegion: 'redirect' | 'malformed';
  /** What a Complete is told that has succeeded before. S3 was seen to give the same answer; it promises nothing. */
  repeatedComplete: 'succeeds' | 'no-such-upload' | 'precondition-failed';
  /** Bytes; S3's is 5 MiB. */
  minimumPartSize: number;
  /** Bytes; S3's is 5 GiB, for a single PUT, a part and a copy. */
  maximumSingleSize: number;
  /** `ignored`: as other stores do that call themselves compatible with S3; they answer as if there were no condition. */
  conditions: 'kept' | 'ignored';
  /** Whether CopyObject knows If-None-Match, as S3's has since October 2025. */
  conditionalCopy: boolean;
  /** `short`: a page holds a seventh of what was asked for, at least one entry, and says that it is truncated, as S3's may at any time. */
  pages: 'full' | 'short';
  /** Accounts that don't exist: no policy may name one. */
  absentAccounts: readonly string[];
  /** Whether S3 says which principal of a policy is none. */
  namesInvalidPrincipals: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: StoredBytes | string;
}

/** What an operation needs to be allowed. */
export interface Need {
  readonly action: string;
  readonly on: 'bucket' | 'object' | 'account';
}

export interface Operation {
  readonly needs: (exchange: Exchange) => readonly Need[];
  /** Everything that a condition decides happens in one go, after the last `await`. */
  readonly serve: (exchange: Exchange, body: ReceivedBody) => Reply | Promise<Reply>;
}

export function bucketOf(exchange: Exchange): Bucket {
  const bucket = exchange.server.buckets.get(exchange.bucketName ?? '');
  if (bucket === undefined) {
    throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: exchange.bucketName ?? '' } });
  }
  return bucket;
}

export function keyOf(exchange: Exchange): string {
  if (exchange.key === undefined) throw new S3Error('MethodNotAllowed');
  return exchange.key;
}

/** @throws S3Error AccessDenied */
export function requireAllowed(exchange: Exchange, action: string, bucket: Bucket, key?: string): void {
  const decision = decisionOn(exchange, action, bucket, key);
  if (!decision.allowed) throw new S3Error('AccessDenied', decision.because);
}

export function isAllowed(exchange: Exchange, action: string, bucket: Bucket, key?: string): boolean {
  return decisionOn(exchange, action, bucket, key).allowed;
}

function decisionOn(exchange: Exchange, action: string, bucket: Bucket, key: string | undefined): Decision {
  return decide(
    {
      caller: exchange.who.caller,
      action,
      resource: key === undefined ? bucket.arn : `${bucket.arn}/${key}`,
      context: { ...contextOf(exchange, bucket), ...existingTags(exchange, action, bucket, key) },
    },
    exchange.who.policies,
    bucket.policy?.policy,
    bucket.owner,
  );
}

/**
 * KMS is its own service: who reads or writes under a key of it needs its permission too. A key without a policy (`keyPolicies`) is left by its
 * account to that account's own policies, and nobody else may use it.
 * @param bucket whose object it is
 */
export function requireKms(
  { who, server }: Exchange,
  action: 'kms:Decrypt' | 'kms:GenerateDataKey',
  { kmsKeyId }: Encryption,
  bucket: Bucket,
): void {
  const { caller, policies } = who;
  if (kmsKeyId === undefined || caller.account === undefined) return;
  const { region } = bucket;
  const resource = kmsKeyId.startsWith('arn:') ? kmsKeyId : `arn:aws:kms:${region}:${caller.account}:key/${kmsKeyId}`;
  const context: RequestContext = {
    ...who.context,
    'kms:viaservice': `s3.${region}.amazonaws.com`,
    'kms:calleraccount': caller.account,
    'kms:encryptioncontext:aws:s3:arn': bucket.arn,
  };
  const account = resource.split(':')[4] ?? '';
  const request = { caller, action, resource, context };
  const keyPolicy = server.keyPolicies.get(resource);
  if (keyPolicy === undefined) {
    const decision = decide(request, policies, undefined, account);
    if (!decision.allowed) throw new S3Error('AccessDenied', decision.because);
    return;
  }
  // Unlike elsewhere an account's own policies count only where the key's policy says so (KMS developer guide, "Key policies in AWS KMS").
  const both = decide(request, policies, keyPolicy, '');
  const direct =
    account === caller.account && both.deniedBy === undefined && decide(request, [], keyPolicy, account).allowed;
  if (!both.allowed && !direct) throw new S3Error('AccessDenied', both.because);
}

/** S3 user guide, "Tagging and access control policies": of objects that are created, overwritten or deleted the tags can't be asked for. */
const SEES_TAGS = /^s3:(GetObject(Version)?(Attributes)?|(Get|Put|Delete)Object(Version)?(Tagging|Acl))$/;

function existingTags({ query }: Exchange, action: string, bucket: Bucket, key: string | undefined): RequestContext {
  if (key === undefined || !SEES_TAGS.test(action)) return {};
  const wanted = query.get('versionId');
  const version =
    wanted === null ? bucket.current(key) : bucket.versions(key).find(({ versionId }) => versionId === wanted);
  if (version?.kind !== 'object') return {};
  return Object.fromEntries(
    [...version.tags].map(([name, value]) => [`s3:existingobjecttag/${name.toLowerCase()}`, value]),
  );
}

/** The tags that a request brings, as their header has them. */
export function tagsIn(header: string | undefined): ReadonlyMap<string, string> {
  const tags = new Map(new URLSearchParams(header ?? ''));
  requireTags(tags);
  return tags;
}

/**
 * S3 user guide, "Categorizing your objects using tags".
 * @throws S3Error InvalidTag
 */
export function requireTags(tags: ReadonlyMap<string, string>): void {
  const isGood = (text: string, longest: number): boolean =>
    text.length <= longest && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text);
  const isBad = ([name, value]: [string, string]): boolean => name === '' || !isGood(name, 128) || !isGood(value, 256);
  if (tags.size > 10) throw new S3Error('InvalidTag', 'Object tags cannot be greater than 10');
  if ([...tags].some(isBad)) throw new S3Error('InvalidTag');
}

function requestedTags(header: string | undefined): RequestContext {
  const tags = tagsIn(header);
  if (tags.size === 0) return {};
  return {
    's3:requestobjecttagkeys': [...tags.keys()],
    ...Object.fromEntries([...tags].map(([name, value]) => [`s3:requestobjecttag/${name.toLowerCase()}`, value])),
  };
}

/** Those of an object that are made whole; S3 counts the rest of a multipart upload as no creation. */
const CREATES: Readonly<Record<string, 'true' | 'false'>> = {
  PutObject: 'true',
  CopyObject: 'true',
  CompleteMultipartUpload: 'true',
  CreateMultipartUpload: 'false',
  UploadPart: 'false',
  UploadPartCopy: 'false',
};

const HEADER_CONDITIONS: readonly string[] = [
  'if-none-match',
  'if-match',
  'x-amz-acl',
  'x-amz-copy-source',
  'x-amz-metadata-directive',
  'x-amz-content-sha256',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
];

function contextOf({ operation, query, headers, who, server }: Exchange, bucket: Bucket): RequestContext {
  const context: Record<string, string | readonly string[] | undefined> = {
    'aws:securetransport': String(server.settings.secureTransport),
    ...(server.settings.secureTransport && { 's3:tlsversion': '1.3' }),
    'aws:requestedregion': bucket.region,
    'aws:resourceaccount': bucket.owner,
    's3:resourceaccount': bucket.owner,
    'aws:sourceip': '127.0.0.1',
    'aws:viaawsservice': 'false',
    's3:authtype': who.authType,
    's3:signatureversion': who.authType === 'anonymous' ? undefined : 'AWS4-HMAC-SHA256',
    's3:objectcreationoperation': CREATES[operation],
    's3:versionid': query.get('versionId') ?? undefined,
    's3:object-lock-legal-hold': headerText(headers, 'x-amz-object-lock-legal-hold'),
    's3:object-lock-mode': headerText(headers, 'x-amz-object-lock-mode'),
    ...requestedTags(headerText(headers, 'x-amz-tagging')),
    ...who.context,
  };
  for (const name of HEADER_CONDITIONS) context[`s3:${name}`] = headerText(headers, name);
  if (operation.startsWith('ListObject')) {
    context['s3:prefix'] = query.get('prefix') ?? '';
    context['s3:delimiter'] = query.get('delimiter') ?? undefined;
    context['s3:max-keys'] = query.get('max-keys') ?? undefined;
  }
  return context;
}

const KEPT_HEADERS: readonly string[] = [
  'content-type',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
];

/** S3's limit for user metadata: names and values together. */
const MAXIMUM_METADATA = 2048;

/** What a writing request says of the object. */
export function attributesOf({ headers }: Exchange, bucket: Bucket): Attributes {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headerText(headers, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const encoding = (headerText(headers, 'content-encoding') ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== 'aws-chunked')
    .join(',');
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)] as const] : [],
  );
  if (metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > MAXIMUM_METADATA) {
    throw new S3Error('MetadataTooLarge');
  }
  const until = headerText(headers, 'x-amz-object-lock-retain-until-date');
  const mode = headerText(headers, 'x-amz-object-lock-mode');
  const legalHold = headerText(headers, 'x-amz-object-lock-legal-hold') === 'ON';
  if ((legalHold || mode !== undefined) && !bucket.objectLock) {
    throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  return {
    headers: Object.fromEntries([...kept, ...(encoding === '' ? [] : [['content-encoding', encoding] as const])]),
    metadata: Object.fromEntries(metadata),
    encryption: encryptionOf(headers, bucket),
    tags: tagsIn(headerText(headers, 'x-amz-tagging')),
    legalHold,
    ...(mode !== undefined &&
      until !== undefined && {
        retention: { mode: mode === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE', until: new Date(until) },
      }),
  };
}

function encryptionOf(headers: IncomingHttpHeaders, bucket: Bucket): Encryption {
  const algorithm = headerText(headers, 'x-amz-server-side-encryption');
  const kmsKeyId = headerText(headers, 'x-amz-server-side-encryption-aws-kms-key-id');
  if (algorithm === undefined) return bucket.encryption;
  if (algorithm === 'AES256') return { algorithm };
  if (algorithm !== 'aws:kms') {
    throw new S3Error('InvalidArgument', 'The encryption method specified is not supported');
  }
  return { algorithm, kmsKeyId: kmsKeyId ?? bucket.encryption.kmsKeyId ?? 'alias/aws/s3' };
}

export function encryptionHeaders({ algorithm, kmsKeyId }: Encryption): Record<string, string> {
  return {
    'x-amz-server-side-encryption': algorithm,
    ...(kmsKeyId !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId }),
  };
}

/** The version ID as S3 tells it: not at all where the bucket has never kept versions. */
export function versionHeaders(bucket: Bucket, versionId: string | undefined): Record<string, string> {
  return bucket.versioning === 'Off' || versionId === undefined ? {} : { 'x-amz-version-id': versionId };
}
