import type { Caller, Policy, RequestContext } from './policy.ts';
import { decide } from './policy.ts';

/** Somebody, with what IAM allows to them and what their requests say about them. */
export interface Principal {
  readonly caller: Caller;
  readonly policies: readonly Policy[];
  readonly context?: RequestContext;
}

/** One request to AWS; it may need several actions. */
export interface AwsRequest {
  readonly needs: readonly { readonly action: string; readonly resource: string }[];
  readonly context: RequestContext;
}

/** The policy of what is asked for, and the account that it belongs to. */
export interface Guard {
  readonly account: string;
  readonly policy?: Policy;
}

export function isAllowed({ caller, policies, context }: Principal, request: AwsRequest, guard: Guard): boolean {
  const { account, arn, service } = caller;
  const whole: RequestContext = {
    'aws:securetransport': 'true',
    'aws:principalisawsservice': String(service !== undefined),
    ...(account !== undefined && { 'aws:principalaccount': account }),
    ...(arn !== undefined && { 'aws:principalarn': arn, 'aws:userid': 'AIDAEXAMPLE' }),
    'aws:resourceaccount': guard.account,
    ...context,
    ...request.context,
  };
  return request.needs.every(
    ({ action, resource }) =>
      decide({ caller, action, resource, context: whole }, policies, guard.policy, guard.account).allowed,
  );
}

function on(resource: string, actions: readonly string[], context: RequestContext = {}): AwsRequest {
  return { needs: actions.map((action) => ({ action, resource })), context };
}

const WHOLE = { 's3:objectcreationoperation': 'true' };

const TAGS = { 's3:requestobjecttagkeys': ['cfn-artifacts-shares'], 's3:requestobjecttag/cfn-artifacts-shares': ' a ' };

export type ObjectRequest =
  | 'read'
  | 'read version'
  | 'create'
  | 'replace'
  | 'overwrite'
  | 'upload part'
  | 'abort upload'
  | 'create with own key'
  | 'remove'
  | 'remove blindly'
  | 'erase'
  | 'replicate'
  | 'replicate deletion'
  | 'hold'
  | 'lift a hold'
  | 'read tags'
  | 'tag'
  | 'tag version'
  | 'untag'
  | 'untag version'
  | 'create with tags';

/** What can be asked of an object, as S3 sees it: the actions that it needs and the condition keys that it fills in. */
export const OBJECT_REQUESTS: Readonly<Record<ObjectRequest, (arn: string) => AwsRequest>> = {
  read: (arn) => on(arn, ['s3:GetObject']),
  'read version': (arn) => on(arn, ['s3:GetObjectVersion'], { 's3:versionid': 'v' }),
  create: (arn) => on(arn, ['s3:PutObject'], { ...WHOLE, 's3:if-none-match': '*' }),
  replace: (arn) => on(arn, ['s3:PutObject', 's3:GetObject'], { ...WHOLE, 's3:if-match': '"etag"' }),
  overwrite: (arn) => on(arn, ['s3:PutObject'], WHOLE),
  'upload part': (arn) => on(arn, ['s3:PutObject'], { 's3:objectcreationoperation': 'false' }),
  'abort upload': (arn) => on(arn, ['s3:AbortMultipartUpload']),
  'create with own key': (arn) =>
    on(arn, ['s3:PutObject'], {
      ...WHOLE,
      's3:if-none-match': '*',
      's3:x-amz-server-side-encryption-customer-algorithm': 'AES256',
    }),
  remove: (arn) => on(arn, ['s3:DeleteObject', 's3:GetObject'], { 's3:if-match': '"etag"' }),
  'remove blindly': (arn) => on(arn, ['s3:DeleteObject']),
  erase: (arn) => on(arn, ['s3:DeleteObjectVersion'], { 's3:versionid': 'v' }),
  replicate: (arn) => on(arn, ['s3:ReplicateObject']),
  'replicate deletion': (arn) => on(arn, ['s3:ReplicateDelete']),
  hold: (arn) => on(arn, ['s3:PutObjectLegalHold'], { 's3:object-lock-legal-hold': 'ON' }),
  'lift a hold': (arn) => on(arn, ['s3:PutObjectLegalHold'], { 's3:object-lock-legal-hold': 'OFF' }),
  'read tags': (arn) => on(arn, ['s3:GetObjectTagging']),
  tag: (arn) => on(arn, ['s3:PutObjectTagging'], TAGS),
  'tag version': (arn) => on(arn, ['s3:PutObjectVersionTagging'], { ...TAGS, 's3:versionid': 'v' }),
  untag: (arn) => on(arn, ['s3:DeleteObjectTagging']),
  'untag version': (arn) => on(arn, ['s3:DeleteObjectVersionTagging'], { 's3:versionid': 'v' }),
  'create with tags': (arn) =>
    on(arn, ['s3:PutObject', 's3:PutObjectTagging'], { ...WHOLE, ...TAGS, 's3:if-none-match': '*' }),
};

/** One action on one resource. */
export function act(action: string, resource: string, context: RequestContext = {}): AwsRequest {
  return on(resource, [action], context);
}
