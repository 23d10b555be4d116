import path from 'node:path';
import type { Policy } from './iam/policy.ts';
import type { Principal } from './iam/request.ts';
import type { Place, ResolvedTemplate } from './iam/template.ts';
import { policyDocumentOf, resolveTemplate, roleOf } from './iam/template.ts';

/** Everybody who meets a domain, with the rights that its templates give them. */

export const PLACE: Place = { account: '111122223333', region: 'us-east-1' };
export const OTHER_ACCOUNT = '999988887777';
export const KMS_KEY: string = `arn:aws:kms:${PLACE.region}:${PLACE.account}:key/0a1b`;
export const BUCKET: string = `cfn-artifacts-${PLACE.account}-${PLACE.region}`;
export const BUCKET_ARN: string = `arn:aws:s3:::${BUCKET}`;
const DIGEST = '0f'.repeat(32);
const KEEPER_CODE = `blobs/sha256/${DIGEST}/archive.zip`;

const TEMPLATES = path.join(import.meta.dirname, '../../templates');

/** As README.md says who may ask. */
const reading: Policy = {
  Statement: [
    { Effect: 'Allow', Action: 's3:GetObject', Resource: `${BUCKET_ARN}/*` },
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: BUCKET_ARN },
  ],
};
export const everything: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

/** The templates as they are deployed with everything on. */
export interface DomainPolicies {
  readonly domain: ResolvedTemplate;
  readonly publisher: ResolvedTemplate;
  readonly deployer: ResolvedTemplate;
  readonly bucket: Policy;
}

export function domainPolicies(domainFile: string): DomainPolicies {
  const domain = resolveTemplate(domainFile, PLACE, {
    ...{ KmsKeyArn: KMS_KEY, KeeperCode: KEEPER_CODE, LegalHold: 'on' },
  });
  return {
    domain,
    bucket: policyDocumentOf(domain, 'BucketPolicy'),
    publisher: resolveTemplate(path.join(TEMPLATES, 'publisher-role.yaml'), PLACE, {
      Subject: 'repo:shop/shop:ref:refs/heads/main',
      KmsKeyArn: KMS_KEY,
      ReplicateTo: 'eu-*',
    }),
    deployer: resolveTemplate(path.join(TEMPLATES, 'deployer-role.yaml'), PLACE, {
      KmsKeyArn: KMS_KEY,
      ResourcePolicyArns: 'arn:aws:iam::aws:policy/PowerUserAccess',
    }),
  };
}

export type PrincipalName =
  | 'publisher'
  | 'deployer'
  | 'deployer by CloudFormation'
  | 'service role'
  | 'reader'
  | 'reference function'
  | 'keeper'
  | 'keeper elsewhere'
  | 'administrator'
  | 'administrator by CloudFormation'
  | 'administrator’s service role'
  | 'root'
  | 'foreign administrator'
  | 'anonymous'
  | 'Lambda'
  | 'Lambda for another account';

const BY_CLOUDFORMATION = { 'aws:calledvia': ['cloudformation.amazonaws.com'], 'aws:viaawsservice': 'true' };

export function principalsOf({ domain, publisher, deployer }: DomainPolicies): Record<PrincipalName, Principal> {
  const roles = {
    publisher: roleOf(publisher, 'Role', PLACE),
    service: roleOf(deployer, 'Role', PLACE),
    reference: roleOf(domain, 'ReferenceRole', PLACE),
    keeper: roleOf(domain, 'KeeperRole', PLACE),
  };
  const deploying = policyDocumentOf(deployer, 'Policy');
  const human = (name: string, ...policies: Policy[]): Principal => ({
    caller: { account: PLACE.account, arn: `arn:aws:iam::${PLACE.account}:role/${name}` },
    policies,
  });
  const role = ({ arn, policies }: typeof roles.keeper, ...managed: Policy[]): Principal => ({
    caller: {
      account: PLACE.account,
      arn,
      sessionArn: `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/1`,
    },
    policies: [...policies, ...managed],
  });
  const lambdaOf = (account: string): Principal => ({
    caller: { service: 'lambda.amazonaws.com' },
    policies: [],
    context: {
      'aws:sourcearn': `arn:aws:lambda:${PLACE.region}:${account}:function:shop`,
      'aws:sourceaccount': account,
    },
  });
  const ofCloudFormation = { 'aws:userid': 'AROAEXAMPLE:AWSCloudFormation' };
  return {
    publisher: role(roles.publisher),
    deployer: human('developer', deploying),
    'deployer by CloudFormation': { ...human('developer', deploying), context: BY_CLOUDFORMATION },
    'service role': { ...role(roles.service, deploying), context: ofCloudFormation },
    reader: human('reader', reading),
    'reference function': role(roles.reference),
    keeper: role(roles.keeper),
    // Of another region, or so called, whatever its own policies let it do.
    'keeper elsewhere': human('cfn-artifacts-keeper-eu-west-1', everything),
    administrator: human('admin', everything),
    'administrator by CloudFormation': { ...human('admin', everything), context: BY_CLOUDFORMATION },
    'administrator’s service role': { ...human('cloudformation', everything), context: ofCloudFormation },
    root: { caller: { account: PLACE.account, arn: `arn:aws:iam::${PLACE.account}:root` }, policies: [] },
    'foreign administrator': {
      caller: { account: OTHER_ACCOUNT, arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/admin` },
      policies: [everything],
    },
    anonymous: { caller: {}, policies: [] },
    Lambda: lambdaOf(PLACE.account),
    'Lambda for another account': lambdaOf(OTHER_ACCOUNT),
  };
}
