import { endingKey } from '../../repository/keys.ts';
import {
  blobKey,
  bookmarkKey,
  consumerKey,
  deletionKey,
  descriptorKey,
  labelKey,
  namedReferenceKey,
  planKey,
  promotionKey,
  sourceKey,
  stackReferenceKey,
  statusKey,
  versionKey,
  versionReferenceKey,
} from '../../repository/keys.ts';
import { sha256 } from '../../repository/digest.ts';
import { BUCKET_ARN, KMS_KEY, OTHER_ACCOUNT, PLACE } from './domain-principals.ts';
import type { Policy } from './iam/policy.ts';
import type { AwsRequest, Guard, ObjectRequest } from './iam/request.ts';
import { act, OBJECT_REQUESTS } from './iam/request.ts';

/** Everything that is asked in the proofs of who may do what. */

const DIGEST = sha256('content');
const SHOP = { repository: 'default', id: 'shop/api' };
/** Segments that look like a part of another key. */
const TRICKY = { repository: 'default', id: 'stack/x/named/y/version/z' };
const RESOURCE = {
  ...{ account: PLACE.account, region: PLACE.region, stack: 'shop', logicalId: 'Api' },
  uuid: '0b1c2d3e-0000-4000-8000-000000000000',
};
/** As keepers elsewhere tell of them. */
const FAR_RESOURCE = { ...RESOURCE, region: 'eu-west-1' };
/** Segments that look like a stack's record, there and here. */
const LIKE_RECORD = { repository: 'default', id: `references/${DIGEST}/stack/${PLACE.account}/eu-west-1/x` };
const LIKE_OWN = { repository: 'default', id: `stack/${PLACE.account}/${PLACE.region}/x` };
/** A stack may have any name. */
const NAMED_VERSION = { ...RESOURCE, stack: 'version' };

/** One of each kind, under the names that people know them by. */
export const KEYS: Readonly<Record<string, string>> = {
  domain: descriptorKey,
  'blobs/': blobKey(DIGEST, 'archive.zip'),
  'sources/': sourceKey('default', DIGEST),
  'repositories/': 'repositories/tools',
  'versions/': versionKey(SHOP, 1),
  'labels/': labelKey(SHOP, '1.4.0'),
  'statuses/': statusKey(SHOP, 1),
  'bookmarks/': bookmarkKey(SHOP, 'prod'),
  'promotions/': promotionKey('default', '0f'.repeat(16)),
  'references/ of versions': versionReferenceKey(DIGEST, SHOP, 1, 'nonce'),
  'references/ of stacks': stackReferenceKey(DIGEST, RESOURCE, 'generation'),
  'references/ of stacks elsewhere': stackReferenceKey(DIGEST, FAR_RESOURCE, 'generation'),
  'references/ by hand': namedReferenceKey(DIGEST, 'team', 'generation'),
  'references/ retained': namedReferenceKey(DIGEST, 'retained', 'generation'),
  'consumers/': consumerKey(RESOURCE, 'generation', DIGEST),
  'endings/': endingKey(RESOURCE, 'generation'),
  'deletions/': deletionKey(DIGEST),
  'progress/': 'progress/audit',
  'progress/plan/': planKey(DIGEST),
  'scratch/': 'scratch/template.yaml',
  'anything else': 'shop/template.yaml',
};

/** Must be treated as others of their kind. */
export const LOOKALIKES: readonly (readonly [like: string, key: string])[] = [
  ['references/ of versions', versionReferenceKey(DIGEST, TRICKY, 1, 'nonce')],
  ['references/ of stacks', stackReferenceKey(DIGEST, NAMED_VERSION, 'generation')],
  ['references/ of stacks', stackReferenceKey(DIGEST, { ...RESOURCE, stack: 'named' }, 'generation')],
  ['versions/', versionKey(TRICKY, 1)],
  ['references/ of versions', versionReferenceKey(DIGEST, LIKE_OWN, 1, 'nonce')],
  ['versions/', versionKey(LIKE_RECORD, 1)],
  ['labels/', labelKey(LIKE_RECORD, '1')],
  ['anything else', 'domain/x'],
  ['anything else', 'scratch'],
];

export const objectArn = (key: string): string => `${BUCKET_ARN}/${key}`;

const bucketAction = (action: string): AwsRequest => act(action, BUCKET_ARN);
const lambda = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:`;
const bus = (name: string): string => `arn:aws:events:${PLACE.region}:${PLACE.account}:event-bus/${name}`;
/** Of these functions, and of whoever else tells something. */
const OWN_EVENT = { 'events:source': 'cfn-artifacts' };
const logs = (name: string): string =>
  `arn:aws:logs:${PLACE.region}:${PLACE.account}:log-group:/aws/lambda/${name}:log-stream:1`;
const EARLIER_KEY = KMS_KEY.replace(/[^/]+$/, 'earlier');
const OTHER_BUCKET = 'arn:aws:s3:::shop';
/** The domain of another region of the account. */
const FAR = { region: FAR_RESOURCE.region, bucket: BUCKET_ARN.replace(PLACE.region, FAR_RESOURCE.region) };
/** What S3 binds a key to: the bucket, where it has a key of its own for the bucket, else the object. Whoever asks KMS can say the same. */
const encrypted = (arn: string): AwsRequest['context'] => ({ 'kms:encryptioncontext:aws:s3:arn': arn });
const viaS3 = (region: string): AwsRequest['context'] => ({ 'kms:viaservice': `s3.${region}.amazonaws.com` });
const VIA_S3 = viaS3(PLACE.region);

/** What is asked of the bucket as a whole. */
export const BUCKET_REQUESTS: Readonly<Record<string, AwsRequest>> = {
  list: bucketAction('s3:ListBucket'),
  'list versions': bucketAction('s3:ListBucketVersions'),
  'read its policy': bucketAction('s3:GetBucketPolicy'),
  'change its policy': bucketAction('s3:PutBucketPolicy'),
  'read how it encrypts': bucketAction('s3:GetEncryptionConfiguration'),
  'remove its policy': bucketAction('s3:DeleteBucketPolicy'),
  'change its lifecycle rules': bucketAction('s3:PutLifecycleConfiguration'),
  'suspend versioning': bucketAction('s3:PutBucketVersioning'),
  'delete it, once empty': bucketAction('s3:DeleteBucket'),
};

/** What is asked of the functions, and what the roles need beside S3. */
export const OTHER_REQUESTS: Readonly<Record<string, AwsRequest>> = {
  'invoke the reference function': act('lambda:InvokeFunction', `${lambda}cfn-artifacts-reference`),
  'have the keeper cancel or finish a deletion': act(
    'lambda:InvokeFunction',
    `${lambda}cfn-artifacts-keeper:publishing`,
  ),
  'have the keeper do what stacks declare': act('lambda:InvokeFunction', `${lambda}cfn-artifacts-keeper:declaring`),
  'have the keeper fetch what is at home elsewhere': act(
    'lambda:InvokeFunction',
    `${lambda}cfn-artifacts-keeper:fetching`,
  ),
  'have the keeper do what another account may ask': act(
    'lambda:InvokeFunction',
    `${lambda}cfn-artifacts-keeper:sharing`,
  ),
  'have a keeper of another region fetch': act(
    'lambda:InvokeFunction',
    `${lambda}cfn-artifacts-keeper:fetching`.replace(PLACE.region, FAR.region),
  ),
  'give a keeper of another region any command': act(
    'lambda:InvokeFunction',
    `${lambda}cfn-artifacts-keeper`.replace(PLACE.region, FAR.region),
  ),
  'ask the keeper by its newest version': act('lambda:InvokeFunction', `${lambda}cfn-artifacts-keeper:$LATEST`),
  'give the keeper any command': act('lambda:InvokeFunction', `${lambda}cfn-artifacts-keeper`),
  'decrypt content by S3': act('kms:Decrypt', KMS_KEY, { ...VIA_S3, ...encrypted(BUCKET_ARN) }),
  'decrypt by S3 what an earlier key encrypted': act('kms:Decrypt', EARLIER_KEY, {
    ...VIA_S3,
    ...encrypted(objectArn('domain')),
  }),
  'decrypt by S3 what another bucket has': act('kms:Decrypt', EARLIER_KEY, { ...VIA_S3, ...encrypted(OTHER_BUCKET) }),
  'decrypt by S3 what another domain has': act('kms:Decrypt', EARLIER_KEY, {
    ...viaS3(FAR.region),
    ...encrypted(`${FAR.bucket}/domain`),
  }),
  'encrypt content by S3': act('kms:GenerateDataKey', KMS_KEY, { ...VIA_S3, ...encrypted(BUCKET_ARN) }),
  'encrypt by S3 what another domain is told': act('kms:GenerateDataKey', EARLIER_KEY, {
    ...viaS3(FAR.region),
    ...encrypted(FAR.bucket),
  }),
  'encrypt by S3 what another bucket gets': act('kms:GenerateDataKey', KMS_KEY, {
    ...VIA_S3,
    ...encrypted(OTHER_BUCKET),
  }),
  'use the KMS key by itself': act('kms:Decrypt', KMS_KEY, encrypted(BUCKET_ARN)),
  'encrypt with the KMS key by itself': act('kms:GenerateDataKey', KMS_KEY, encrypted(BUCKET_ARN)),
  'announce what happens to artifacts': act('events:PutEvents', bus('default'), OWN_EVENT),
  'announce in the name of another source': act('events:PutEvents', bus('default'), { 'events:source': 'shop' }),
  'announce on another bus': act('events:PutEvents', bus('shop'), OWN_EVENT),
  'write the reference function’s log': act('logs:PutLogEvents', logs('cfn-artifacts-reference')),
  'begin the reference function’s log': act('logs:CreateLogStream', logs('cfn-artifacts-reference')),
  'write the keeper’s log': act('logs:PutLogEvents', logs('cfn-artifacts-keeper')),
  'begin the keeper’s log': act('logs:CreateLogStream', logs('cfn-artifacts-keeper')),
  'ask for a stack': act('cloudformation:DescribeStacks', '*'),
  'ask who imports the service token': act('cloudformation:ListImports', '*'),
  'ask for its resources': act('cloudformation:ListStackResources', '*'),
  'list functions': act('lambda:ListFunctions', '*'),
  'list layers': act('lambda:ListLayers', '*'),
  'list versions of layers': act('lambda:ListLayerVersions', lambda.replace(':function:', ':layer:shop')),
  'look at a layer': act('lambda:GetLayerVersion', lambda.replace(':function:', ':layer:shop:1')),
  'ask for resource shares': act('ram:GetResourceShares', '*'),
  'ask who has them': act('ram:GetResourceShareAssociations', '*'),
  'read who else may ask the keeper': act('lambda:GetPolicy', `${lambda}cfn-artifacts-keeper:sharing`),
  'let others ask the keeper by its alias sharing': act(
    'lambda:AddPermission',
    `${lambda}cfn-artifacts-keeper:sharing`,
  ),
  'no longer let others ask the keeper': act('lambda:RemovePermission', `${lambda}cfn-artifacts-keeper:sharing`),
  'let others ask the keeper by another alias': act('lambda:AddPermission', `${lambda}cfn-artifacts-keeper:publishing`),
  'let others give the keeper any command': act('lambda:AddPermission', `${lambda}cfn-artifacts-keeper`),
  'read the KMS key’s policy': act('kms:GetKeyPolicy', KMS_KEY),
  'change the KMS key’s policy': act('kms:PutKeyPolicy', KMS_KEY),
  'read another key’s policy': act('kms:GetKeyPolicy', EARLIER_KEY),
  'change another key’s policy': act('kms:PutKeyPolicy', EARLIER_KEY),
  'share something by RAM': act('ram:CreateResourceShare', '*'),
  'delete a stack': act('cloudformation:DeleteStack', '*'),
  'delete a function': act('lambda:DeleteFunction', `${lambda}shop`),
};

export interface Asked {
  readonly name: string;
  readonly request: AwsRequest;
  readonly guard: Guard;
}

const plain = ({ needs, context }: AwsRequest): AwsRequest => ({
  needs,
  context: { ...context, 'aws:securetransport': 'false' },
});

/** A bucket of the domain's name that somebody else made, and opened to all. */
const TRAP: Guard = {
  account: OTHER_ACCOUNT,
  policy: { Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } },
};

/** Every request of this file, on a domain with this bucket policy. */
export function allRequests(policy: Policy): Asked[] {
  const guard: Guard = { account: PLACE.account, policy };
  const keys = [...Object.values(KEYS), ...LOOKALIKES.map(([, key]) => key)];
  const asked: Asked[] = keys.flatMap((key) =>
    Object.entries(OBJECT_REQUESTS).map(([name, request]) => ({
      ...{ name: `${name} ${key}`, request: request(objectArn(key)), guard },
    })),
  );
  for (const [name, request] of Object.entries(BUCKET_REQUESTS)) asked.push({ name, request, guard });
  for (const [name, request] of Object.entries(OTHER_REQUESTS)) {
    asked.push({ name, request, guard: { account: PLACE.account } });
  }
  const read = OBJECT_REQUESTS.read(objectArn(KEYS['blobs/'] ?? ''));
  const list = bucketAction('s3:ListBucket');
  return [
    ...asked,
    ...elsewhere(),
    { name: 'read over plain HTTP', request: plain(read), guard },
    { name: 'list over plain HTTP', request: plain(list), guard },
    { name: 'read from a stranger’s bucket', request: read, guard: TRAP },
    { name: 'list a stranger’s bucket', request: list, guard: TRAP },
    { name: 'write into a stranger’s bucket', request: put('blobs/'), guard: TRAP },
  ];
}

/** Of the domain of another region, as far as the account itself decides it. */
function elsewhere(): Asked[] {
  const guard: Guard = { account: PLACE.account };
  const requests = Object.values(KEYS).flatMap((key) =>
    (['read', 'create', 'remove blindly', 'erase'] as const).map((how) => ({
      name: `${how} ${key} elsewhere`,
      request: OBJECT_REQUESTS[how](`${FAR.bucket}/${key}`),
      guard,
    })),
  );
  return [...requests, { name: 'list elsewhere', request: act('s3:ListBucket', FAR.bucket), guard }];
}

export function put(kind: string, how: ObjectRequest = 'create'): AwsRequest {
  return OBJECT_REQUESTS[how](objectArn(KEYS[kind] ?? ''));
}
