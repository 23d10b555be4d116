import type { ReceivedBody } from './s3-server-body.ts';
import { encodeRfc3986, headerText } from './s3-server-auth.ts';
import type { S3ErrorCode } from './s3-server-error.ts';
import { S3Error } from './s3-server-error.ts';
import type { Exchange, Operation, Reply } from './s3-server-exchange.ts';
import { bucketOf } from './s3-server-exchange.ts';
import type { Policy } from './iam/policy.ts';
import { parseBucketPolicy, PolicyError } from './iam/policy.ts';
import type { AnyVersion, StoredVersion } from './s3-server-state.ts';
import { Bucket, compareUtf8, firstFrom } from './s3-server-state.ts';
import type { XmlElement } from './s3-server-xml.ts';
import { parseXml, textOf, xml, xmlDocument } from './s3-server-xml.ts';

/** Operations on buckets and on what they hold together: settings, policies, listings. */

const XML = { 'content-type': 'application/xml' };

/** S3 lists at most so many at once. */
const MAXIMUM_PAGE = 1000;

export const bucketOperations: Readonly<Record<string, Operation>> = {
  ListBuckets: { needs: () => [{ action: 's3:ListAllMyBuckets', on: 'account' }], serve: listBuckets },
  CreateBucket: { needs: () => [{ action: 's3:CreateBucket', on: 'account' }], serve: createBucket },
  HeadBucket: { needs: () => [{ action: 's3:ListBucket', on: 'bucket' }], serve: headBucket },
  DeleteBucket: { needs: () => [{ action: 's3:DeleteBucket', on: 'bucket' }], serve: deleteBucket },
  GetBucketLocation: { needs: () => [{ action: 's3:GetBucketLocation', on: 'bucket' }], serve: getBucketLocation },
  GetBucketVersioning: { needs: () => [{ action: 's3:GetBucketVersioning', on: 'bucket' }], serve: getVersioning },
  PutBucketVersioning: { needs: () => [{ action: 's3:PutBucketVersioning', on: 'bucket' }], serve: putVersioning },
  GetBucketPolicy: { needs: () => [{ action: 's3:GetBucketPolicy', on: 'bucket' }], serve: getPolicy },
  PutBucketPolicy: { needs: () => [{ action: 's3:PutBucketPolicy', on: 'bucket' }], serve: putPolicy },
  DeleteBucketPolicy: { needs: () => [{ action: 's3:DeleteBucketPolicy', on: 'bucket' }], serve: deletePolicy },
  ListObjectsV2: { needs: () => [{ action: 's3:ListBucket', on: 'bucket' }], serve: listObjects },
  ListObjectVersions: { needs: () => [{ action: 's3:ListBucketVersions', on: 'bucket' }], serve: listVersions },
};

interface Configuration {
  readonly query: string;
  readonly name: string;
  readonly get: string;
  readonly put: string;
  /** What S3 says where none was ever put: an error, or a document. */
  readonly absent: S3ErrorCode | { readonly root: string };
}

/** Documents that are kept and given back. */
export const CONFIGURATIONS: readonly Configuration[] = [
  {
    query: 'encryption',
    name: 'Encryption',
    get: 's3:GetEncryptionConfiguration',
    put: 's3:PutEncryptionConfiguration',
    absent: { root: 'ServerSideEncryptionConfiguration' },
  },
  {
    query: 'lifecycle',
    name: 'Lifecycle',
    get: 's3:GetLifecycleConfiguration',
    put: 's3:PutLifecycleConfiguration',
    absent: 'NoSuchLifecycleConfiguration',
  },
  {
    query: 'publicAccessBlock',
    name: 'PublicAccessBlock',
    get: 's3:GetBucketPublicAccessBlock',
    put: 's3:PutBucketPublicAccessBlock',
    absent: 'NoSuchPublicAccessBlockConfiguration',
  },
  {
    query: 'ownershipControls',
    name: 'OwnershipControls',
    get: 's3:GetBucketOwnershipControls',
    put: 's3:PutBucketOwnershipControls',
    absent: 'OwnershipControlsNotFoundError',
  },
  {
    query: 'notification',
    name: 'NotificationConfiguration',
    get: 's3:GetBucketNotification',
    put: 's3:PutBucketNotification',
    absent: { root: 'NotificationConfiguration' },
  },
  {
    query: 'tagging',
    name: 'BucketTagging',
    get: 's3:GetBucketTagging',
    put: 's3:PutBucketTagging',
    absent: 'NoSuchTagSet',
  },
  {
    query: 'replication',
    name: 'BucketReplication',
    get: 's3:GetReplicationConfiguration',
    put: 's3:PutReplicationConfiguration',
    absent: 'ReplicationConfigurationNotFoundError',
  },
  {
    query: 'object-lock',
    name: 'ObjectLockConfiguration',
    get: 's3:GetBucketObjectLockConfiguration',
    put: 's3:PutBucketObjectLockConfiguration',
    absent: 'ObjectLockConfigurationNotFoundError',
  },
];

export const configurationOperations: Readonly<Record<string, Operation>> = Object.fromEntries(
  CONFIGURATIONS.flatMap((configuration) => {
    const { name, get, put } = configuration;
    const operations: [string, Operation][] = [
      [
        `Get${name}`,
        {
          needs: () => [{ action: get, on: 'bucket' }],
          serve: (exchange) => getConfiguration(exchange, configuration),
        },
      ],
      [
        `Put${name}`,
        {
          needs: () => [{ action: put, on: 'bucket' }],
          serve: (exchange, body) => putConfiguration(exchange, body, configuration),
        },
      ],
      [
        `Delete${name}`,
        {
          needs: () => [{ action: put, on: 'bucket' }],
          serve: (exchange) => deleteConfiguration(exchange, configuration),
        },
      ],
    ];
    return operations;
  }),
);

function listBuckets({ server, who }: Exchange): Reply {
  const mine = [...server.buckets.values()].filter((bucket) => bucket.owner === who.caller.account);
  const Bucket = mine.map((bucket) =>
    xml({ Name: bucket.name, CreationDate: bucket.created.toISOString(), BucketRegion: bucket.region }),
  );
  return { status: 200, headers: XML, body: xmlDocument('ListAllMyBucketsResult', { Buckets: xml({ Bucket }) }) };
}

async function createBucket(
  { server, bucketName = '', headers, who, now }: Exchange,
  body: ReceivedBody,
): Promise<Reply> {
  const request = parseXml(await body.bytes.text());
  const { account } = who.caller;
  if (account === undefined) throw new S3Error('AccessDenied');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucketName)) throw new S3Error('InvalidBucketName');
  const existing = server.buckets.get(bucketName);
  if (existing !== undefined) {
    throw new S3Error(existing.owner === account ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists');
  }
  const region = textOf(request, 'LocationConstraint') ?? 'us-east-1';
  const objectLock = headerText(headers, 'x-amz-bucket-object-lock-enabled') === 'true';
  server.buckets.set(bucketName, new Bucket(bucketName, { owner: account, region, objectLock }, now));
  return { status: 200, headers: { location: `/${bucketName}` } };
}

function headBucket(exchange: Exchange): Reply {
  const { region } = bucketOf(exchange);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
}

function deleteBucket(exchange: Exchange): Reply {
  const bucket = bucketOf(exchange);
  if (!bucket.isEmpty) throw new S3Error('BucketNotEmpty');
  exchange.server.buckets.delete(bucket.name);
  return { status: 204 };
}

function getBucketLocation(exchange: Exchange): Reply {
  const { region } = bucketOf(exchange);
  const constraint = region === 'us-east-1' ? '' : region;
  return {
    status: 200,
    headers: XML,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${constraint}</LocationConstraint>`,
  };
}

function getVersioning(exchange: Exchange): Reply {
  const { versioning } = bucketOf(exchange);
  const Status = versioning === 'Off' ? undefined : versioning;
  return { status: 200, headers: XML, body: xmlDocument('VersioningConfiguration', { Status }) };
}

async function putVersioning(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const status = textOf(parseXml(await body.bytes.text()), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('MalformedXML');
  const bucket = bucketOf(exchange);
  if (bucket.objectLock && status === 'Suspended') throw new S3Error('InvalidBucketState');
  bucket.versioning = status;
  return { status: 200 };
}

function getPolicy(exchange: Exchange): Reply {
  const { policy } = bucketOf(exchange);
  if (policy === undefined) throw new S3Error('NoSuchBucketPolicy');
  return { status: 200, headers: { 'content-type': 'application/json' }, body: policy.text };
}

async function putPolicy(exchange: Exchange, body: ReceivedBody): Promise<Reply> {
  const text = await body.bytes.text();
  const bucket = bucketOf(exchange);
  try {
    const policy = parseBucketPolicy(text, bucket.arn);
    requirePrincipals(exchange, policy);
    if (Buffer.byteLength(text) > 20_480) throw new S3Error('PolicyTooLarge');
    bucket.policy = { text, policy };
  } catch (error) {
    if (error instanceof PolicyError) throw new S3Error('MalformedPolicy', error.message);
    throw error;
  }
  return { status: 204 };
}

/** S3 looks up whom a policy names. @throws S3Error MalformedPolicy */
function requirePrincipals({ server: { settings } }: Exchange, { Statement: statements }: Policy): void {
  const named = [statements].flat().map(({ Principal }) => JSON.stringify(Principal ?? ''));
  const absent = settings.absentAccounts.find((account) => named.some((principal) => principal.includes(account)));
  if (absent === undefined) return;
  const details = settings.namesInvalidPrincipals ? { Detail: `"AWS" : "arn:aws:iam::${absent}:root"` } : {};
  throw new S3Error('MalformedPolicy', 'Invalid principal in policy', { details });
}

function deletePolicy(exchange: Exchange): Reply {
  bucketOf(exchange).policy = undefined;
  return { status: 204 };
}

function getConfiguration(exchange: Exchange, { query, absent }: Configuration): Reply {
  const bucket = bucketOf(exchange);
  const kept = bucket.configurations.get(query);
  if (kept !== undefined) return { status: 200, headers: XML, body: kept };
  if (typeof absent === 'string') throw new S3Error(absent);
  const rule = xml({
    ApplyServerSideEncryptionByDefault: xml({
      SSEAlgorithm: bucket.encryption.algorithm,
      KMSMasterKeyID: bucket.encryption.kmsKeyId,
    }),
  });
  return { status: 200, headers: XML, body: xmlDocument(absent.root, query === 'encryption' ? { Rule: rule } : {}) };
}

async function putConfiguration(exchange: Exchange, body: ReceivedBody, { query }: Configuration): Promise<Reply> {
  const text = await body.bytes.text();
  const document = parseXml(text);
  if (document === undefined) throw new S3Error('MalformedXML');
  const bucket = bucketOf(exchange);
  bucket.configurations.set(query, text);
  if (query === 'encryption') bucket.encryption = encryptionOf(document);
  return { status: 200 };
}

function encryptionOf(document: XmlElement): Bucket['encryption'] {
  const algorithm = textOf(document, 'Rule', 'ApplyServerSideEncryptionByDefault', 'SSEAlgorithm');
  const kmsKeyId = textOf(document, 'Rule', 'ApplyServerSideEncryptionByDefault', 'KMSMasterKeyID');
  if (algorithm === 'aws:kms') return { algorithm, kmsKeyId: kmsKeyId ?? 'alias/aws/s3' };
  if (algorithm !== 'AES256') throw new S3Error('MalformedXML');
  return { algorithm };
}

function deleteConfiguration(exchange: Exchange, { query }: Configuration): Reply {
  const bucket = bucketOf(exchange);
  bucket.configurations.delete(query);
  if (query === 'encryption') bucket.encryption = { algorithm: 'AES256' };
  return { status: 204 };
}

interface Page<T> {
  readonly entries: readonly T[];
  /** The keys that a delimiter hides, each once. */
  readonly prefixes: readonly string[];
  /** Behind which the next page begins, if there is one. */
  readonly next: Position | undefined;
}

interface Position {
  readonly key: string;
  /** A common prefix: everything below it has been told. */
  readonly below?: true;
  readonly versionId?: string;
}

/** Walks keys in order; `entriesOf` gives what a key contributes behind `from`. */
function pageOf<T>(
  keys: readonly string[],
  { query, server }: Exchange,
  from: Position | undefined,
  entriesOf: (key: string) => readonly { readonly entry: T; readonly versionId: string }[],
): Page<T> {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const asked = Math.min(nonNegative(query.get('max-keys')), MAXIMUM_PAGE);
  const limit = server.settings.pages === 'short' ? Math.ceil(asked / 7) : asked;
  const entries: T[] = [];
  const prefixes: string[] = [];
  let last = from;
  const start = from === undefined || compareUtf8(from.key, prefix) < 0 ? prefix : from.key;
  for (let i = firstFrom(keys, start); i < keys.length && keys[i]?.startsWith(prefix) === true; i++) {
    const key = keys[i] ?? '';
    if (last?.below === true && key.startsWith(last.key)) continue;
    const told = entriesOf(key).filter((_, index, all) => isBehind(last, key, index, all));
    if (told.length === 0) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (common !== undefined) {
      // A start inside a common prefix does not hide it.
      if (entries.length + prefixes.length >= limit) return { entries, prefixes, next: limit === 0 ? undefined : last };
      prefixes.push(common);
      last = { key: common, below: true };
      continue;
    }
    for (const { entry, versionId } of told) {
      if (entries.length + prefixes.length >= limit) return { entries, prefixes, next: limit === 0 ? undefined : last };
      entries.push(entry);
      last = { key, versionId };
    }
  }
  return { entries, prefixes, next: undefined };
}

function isBehind(
  last: Position | undefined,
  key: string,
  index: number,
  all: readonly { readonly versionId: string }[],
): boolean {
  if (last === undefined || last.below === true || compareUtf8(key, last.key) > 0) return true;
  if (key !== last.key) return false;
  const at = all.findIndex(({ versionId }) => versionId === last.versionId);
  return at !== -1 && index > at;
}

function nonNegative(text: string | null): number {
  if (text === null) return MAXIMUM_PAGE;
  if (!/^\d+$/.test(text))
    throw new S3Error('InvalidArgument', 'Provided max-keys not an integer or within integer range');
  return Number(text);
}

function listObjects(exchange: Exchange): Reply {
  const { query } = exchange;
  const bucket = bucketOf(exchange);
  const token = query.get('continuation-token');
  const after = query.get('start-after');
  const from = token === null ? (after === null ? undefined : { key: after }) : parseToken(token);
  const page = pageOf(bucket.keys(), exchange, from, (key) => {
    const current = bucket.current(key);
    return current === undefined ? [] : [{ entry: { key, version: current }, versionId: current.versionId }];
  });
  const encode = encoder(query);
  const Contents = page.entries.map(({ key, version }) =>
    xml({ Key: encode(key), ...listed(version), StorageClass: 'STANDARD' }),
  );
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(query.get('prefix') ?? ''),
      StartAfter: after === null ? undefined : encode(after),
      ContinuationToken: token ?? undefined,
      NextContinuationToken: page.next === undefined ? undefined : formatToken(page.next),
      KeyCount: page.entries.length + page.prefixes.length,
      MaxKeys: Math.min(nonNegative(query.get('max-keys')), MAXIMUM_PAGE),
      Delimiter: query.get('delimiter') ?? undefined,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: page.next !== undefined,
      Contents,
      CommonPrefixes: page.prefixes.map((prefix) => xml({ Prefix: encode(prefix) })),
    }),
  };
}

function listVersions(exchange: Exchange): Reply {
  const { query } = exchange;
  const bucket = bucketOf(exchange);
  const keyMarker = query.get('key-marker');
  const versionMarker = query.get('version-id-marker');
  const from =
    keyMarker === null ? undefined : { key: keyMarker, ...(versionMarker !== null && { versionId: versionMarker }) };
  const page = pageOf(bucket.keys(), exchange, from, (key) =>
    bucket
      .versions(key)
      .map((version, index) => ({ entry: { key, version, isLatest: index === 0 }, versionId: version.versionId })),
  );
  const encode = encoder(query);
  const element = ({
    key,
    version,
    isLatest,
  }: {
    key: string;
    version: AnyVersion;
    isLatest: boolean;
  }): ReturnType<typeof xml> =>
    xml({
      Key: encode(key),
      VersionId: version.versionId,
      IsLatest: isLatest,
      ...(version.kind === 'object' ? listed(version) : { LastModified: wholeSeconds(version.modified) }),
    });
  return {
    status: 200,
    headers: XML,
    body: xmlDocument('ListVersionsResult', {
      Name: bucket.name,
      Prefix: encode(query.get('prefix') ?? ''),
      KeyMarker: encode(keyMarker ?? ''),
      VersionIdMarker: versionMarker ?? '',
      NextKeyMarker: page.next === undefined ? undefined : encode(page.next.key),
      NextVersionIdMarker: page.next?.versionId,
      MaxKeys: Math.min(nonNegative(query.get('max-keys')), MAXIMUM_PAGE),
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: page.next !== undefined,
      Version: page.entries.filter(({ version }) => version.kind === 'object').map(element),
      DeleteMarker: page.entries.filter(({ version }) => version.kind === 'marker').map(element),
      CommonPrefixes: page.prefixes.map((prefix) => xml({ Prefix: encode(prefix) })),
    }),
  };
}

function listed(version: StoredVersion): Record<string, string | number> {
  return { LastModified: wholeSeconds(version.modified), ETag: `"${version.etag}"`, Size: version.bytes.size };
}

/** S3 keeps times to the second. */
export function wholeSeconds(time: Date): string {
  return new Date(Math.floor(time.getTime() / 1000) * 1000).toISOString();
}

/** `encoding-type=url`: as in a form, with `/` left alone. */
function encoder(query: URLSearchParams): (key: string) => string {
  return query.get('encoding-type') === 'url'
    ? (key) => encodeRfc3986(key).replaceAll('%2F', '/').replaceAll('%20', '+')
    : (key) => key;
}

function formatToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64');
}

function parseToken(token: string): Position {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as Position;
  } catch {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
  }
}
