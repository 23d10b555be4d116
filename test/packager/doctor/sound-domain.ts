import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BucketAnswers, Subject } from '../../../packager/doctor/answers.ts';
import { BUCKET_ACTIONS } from '../../../packager/doctor/answers.ts';
import { BUCKET_CHECKS } from '../../../packager/doctor/bucket-checks.ts';
import type { Result } from '../../../packager/check.ts';
import { askingOnce, diagnose } from '../../../packager/check.ts';
import type { JsonMap } from '../../../packager/bucket/json.ts';
import { expectedOf } from '../../../packager/doctor/expected.ts';
import type { LifecycleRule } from '../../../packager/bucket/lifecycle.ts';
import { ruleOf } from '../../../packager/bucket/lifecycle.ts';
import { STACK_CHECKS } from '../../../packager/doctor/stack-checks.ts';
import type { ResolvedTemplate } from '../../support/iam/template.ts';
import { policyDocumentOf, resolveTemplate } from '../../support/iam/template.ts';
import { at } from '../../support/stack-engine/value.ts';

export const TEMPLATE: string = path.join(import.meta.dirname, '../../../templates/domain/template.yaml');
export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';
export const BUCKET: string = `cfn-artifacts-${ACCOUNT}-${REGION}`;
export const VERSION = '1.2.3';
export const KEEPER_CODE: string = `blobs/sha256/${'0f'.repeat(32)}/archive.zip`;

/** The domain as CloudFormation would make it: by another reading of the template than the doctor's. */
export const DEPLOYED: ResolvedTemplate = resolveTemplate(
  TEMPLATE,
  { account: ACCOUNT, region: REGION },
  { KeeperCode: KEEPER_CODE },
);

export const POLICY: { readonly Statement: readonly JsonMap[] } = policyDocumentOf(DEPLOYED, 'BucketPolicy') as never;

export const RULES: readonly LifecycleRule[] = (
  at(DEPLOYED.resources['Bucket']?.properties, 'LifecycleConfiguration.Rules') as unknown as readonly JsonMap[]
).map(ruleOf);

export const SUBJECT: Subject = {
  kind: 'stack',
  partition: 'aws',
  account: ACCOUNT,
  region: REGION,
  bucket: BUCKET,
  version: VERSION,
  expected: expectedOf(readFileSync(TEMPLATE, 'utf8'), {
    partition: 'aws',
    account: ACCOUNT,
    region: REGION,
    bucket: BUCKET,
  }),
};

const STACK: BucketAnswers['standing'] = {
  name: 'cfn-artifacts',
  status: 'CREATE_COMPLETE',
  changed: new Date('2026-01-01'),
  parameters: { KmsKeyArn: '', KeeperCode: KEEPER_CODE, AuditSchedule: 'daily', CollectSchedule: 'plan' },
  outputs: { Version: VERSION },
};

const FUNCTION: BucketAnswers['running'] = {
  state: 'Active',
  lastUpdate: 'Successful',
  description: `Custom::ArtifactRef, version ${VERSION}`,
  runtime: 'nodejs24.x',
  timeout: 60,
  environment: { BUCKET, ACCOUNT, PARTITION: 'aws', KEEPER: 'arn' },
};

/** What is answered of a domain where nothing is wrong. */
export const SOUND: BucketAnswers = {
  subject: SUBJECT,
  bucket: { is: 'there', region: REGION },
  descriptor: { is: 'right' },
  versioning: 'Enabled',
  policy: JSON.stringify(POLICY),
  encryption: { algorithm: 'AES256' },
  lifecycle: RULES,
  publicAccess: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  ownership: 'BucketOwnerEnforced',
  eventBridge: true,
  replication: [],
  objectLock: { isEnabled: false },
  conditionalWrites: { keeps: true },
  clock: 400,
  export: { value: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:cfn-artifacts-reference`, stackId: 'arn' },
  stack: STACK,
  standing: STACK,
  reference: FUNCTION,
  running: FUNCTION,
  referenceConcurrency: undefined,
  keeper: { ...FUNCTION, description: 'Deletes what nothing uses', timeout: 900 },
  missingAliases: [],
  sharing: [],
  resourceShares: [],
  ownBuckets: new Map(),
  audit: { is: 'finished', age: 3_600_000 },
  collection: { is: 'finished', age: 3_600_000 },
};

/** As the command would judge such answers; one that is an Error is a question that failed. */
export async function judged(
  change: { readonly [K in keyof BucketAnswers]?: BucketAnswers[K] | Error } = {},
): Promise<readonly Result[]> {
  const answers = { ...SOUND, ...change };
  const questions = Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      },
    ]),
  );
  const ask = askingOnce<BucketAnswers>(questions as never);
  return diagnose([...BUCKET_CHECKS, ...STACK_CHECKS], { ask, actions: BUCKET_ACTIONS });
}

/** Of all checks, as `id severity: message`. */
export function findingsOf(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ id, findings }) =>
    findings.map(({ severity, message }) => `${id} ${severity}: ${message}`),
  );
}
