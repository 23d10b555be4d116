import type { DomainPlace } from '../../repository/index.ts';
import type { JsonMap } from '../bucket/json.ts';

/** A bucket that a repository is to have its content in, and the domain that the repository is of. */
export interface OwnBucket {
  readonly domain: DomainPlace & { readonly bucket: string };
  readonly bucket: string;
  /** Whether the domain has functions, whose roles do what nobody else may. Without them whoever gives a command does the keeper's work. */
  readonly hasFunctions: boolean;
  /** Repositories that have their content there already. Absent: one is about to. */
  readonly usedBy?: readonly [string, ...string[]];
}

/** Every statement of ours is called so, and none of anybody else's is touched. */
export const OWN_SID = 'CfnArtifacts';

/**
 * What the policy of such a bucket must say. In one account a statement that names a role is enough: the role's own policies need say nothing of the bucket.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
 *
 * What is denied is what the domain's own bucket denies, and denied to root and administrators too; below `blobs/` alone, so that what else stands in the bucket is whoever's it is.
 */
export function statementsFor({ domain, bucket, hasFunctions }: OwnBucket): readonly JsonMap[] {
  const { partition, account, region } = domain;
  const arn = `arn:${partition}:s3:::${bucket}`;
  const content = `${arn}/blobs/*`;
  const ours = [content, `${arn}/${CLAIM}`];
  const role = (name: string): string => `arn:${partition}:iam::${account}:role/cfn-artifacts-${name}-${region}`;
  const [reference, keeper] = [role('reference'), role('keeper')];
  const allow = (sid: string, principal: JsonMap, actions: readonly string[], resource: string): JsonMap => ({
    ...{ Sid: OWN_SID + sid, Effect: 'Allow', Principal: principal, Action: actions, Resource: resource },
  });
  const deny = (
    sid: string,
    actions: readonly string[],
    resources: readonly string[],
    condition?: JsonMap,
  ): JsonMap => ({
    ...{ Sid: OWN_SID + sid, Effect: 'Deny', Principal: '*', Action: actions, Resource: resources },
    ...(condition !== undefined && { Condition: condition }),
  });
  const functions = [
    // Else S3 does not tell what is absent from what is forbidden.
    allow('FunctionsList', { AWS: [reference, keeper] }, ['s3:ListBucket'], arn),
    allow('FunctionsRead', { AWS: [reference, keeper] }, ['s3:GetObject'], content),
    allow('KeeperListsVersions', { AWS: keeper }, ['s3:ListBucketVersions'], arn),
    allow('KeeperErases', { AWS: keeper }, ['s3:DeleteObjectVersion'], content),
    deny('RemovedByTheKeeperAlone', ['s3:DeleteObject', 's3:DeleteObjectVersion'], ours, {
      ArnNotEquals: { 'aws:PrincipalArn': keeper },
    }),
    // By this account's stacks; with a service role CloudFormation is not "called via", but names its session so.
    deny('SettingsByCloudFormationAlone', ['s3:PutLifecycleConfiguration', 's3:PutBucketVersioning'], [arn], {
      'ForAllValues:StringNotEquals': { 'aws:CalledVia': 'cloudformation.amazonaws.com' },
      StringNotLike: { 'aws:userid': '*:AWSCloudFormation' },
    }),
  ];
  return [
    // S3ObjectStorageMode REFERENCE: functions and layers of this account run from here.
    {
      ...allow('LambdaReads', { Service: 'lambda.amazonaws.com' }, ['s3:GetObject', 's3:GetObjectVersion'], content),
      Condition: { ArnLike: { 'aws:SourceArn': `arn:${partition}:lambda:${region}:${account}:*` } },
    },
    deny('TlsOnly', ['s3:*'], [content], { Bool: { 'aws:SecureTransport': 'false' } }),
    // Parts of an upload carry no condition; what completes it does.
    deny('CreatedOnce', ['s3:PutObject'], ours, {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    }),
    deny('ReadableByAll', ['s3:PutObject'], [content], {
      Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
    }),
    deny('NoReplicas', ['s3:ReplicateObject', 's3:ReplicateDelete'], [content]),
    ...(hasFunctions ? functions : []),
  ];
}

/** The object that says whose content stands in the bucket. */
export const CLAIM = 'cfn-artifacts';

/** What cannot be promised of content in the bucket where a statement is missing, by its Sid without what all begin with. */
export const PROMISES: Readonly<Partial<Record<string, string>>> = {
  TlsOnly: 'that nobody reads or writes content without TLS',
  CreatedOnce: 'that content is never overwritten',
  ReadableByAll: 'that content is not encrypted with a key that S3 does not have',
  NoReplicas: 'that nothing is replicated into it, which nobody refers to',
  RemovedByTheKeeperAlone:
    'that content stays as long as it is in use: whoever may delete objects of the bucket can delete it',
  SettingsByCloudFormationAlone:
    'that no lifecycle rule comes which lets content expire, and that versioning stays on: whoever may change these can',
};

/** What whoever publishes, and whoever deploys, must be allowed beside what the domain's templates allow: their own policies say it. */
export function policiesOfPeople({ domain: { partition }, bucket }: OwnBucket): {
  readonly publishing: readonly JsonMap[];
  readonly deploying: readonly JsonMap[];
} {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const read: JsonMap = { Effect: 'Allow', Action: 's3:GetObject', Resource: `${arn}/blobs/*` };
  return {
    publishing: [
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn },
      {
        ...{ Effect: 'Allow', Resource: `${arn}/blobs/*` },
        Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      },
    ],
    deploying: [{ ...read, Action: ['s3:GetObject', 's3:GetObjectVersion'] }],
  };
}
