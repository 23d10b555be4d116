import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { bundleReference, packed } from '../../handler/build.mjs';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { s3ClientDefaults } from '../../repository/stores/s3.ts';
import { awsEnvironment } from './aws-environment.ts';
import { buildDomainTemplate } from './domain-template.ts';
import { everything } from './domain-principals.ts';
import type { Policy } from './iam/policy.ts';
import { parseBucketPolicy } from './iam/policy.ts';
import { policyDocumentOf, resolveTemplate, roleOf } from './iam/template.ts';
import type { ResolvedRole, ResolvedTemplate } from './iam/template.ts';
import { KeeperProcess } from './keeper-process.ts';
import type { S3Server } from './s3-server.ts';
import type { Location } from './stack-engine/content.ts';
import { StackEngine } from './stack-engine/engine.ts';

/** One domain of several on one S3 server, with its functions as they are built, each with the rights of its role and no others. */
export interface SeveralDomain {
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  readonly engine: StackEngine;
  readonly keeper: KeeperProcess;
  /** Variables of who publishes, who reads, and of an administrator. */
  readonly publisher: Terminal['env'];
  readonly reader: Terminal['env'];
  readonly administrator: Terminal['env'];
  /** Keys of what is there now. */
  keys(prefix: string): string[];
  close(): Promise<void>;
}

const TEMPLATES = path.join(import.meta.dirname, '../../templates');
const KEEPER_CODE = `blobs/sha256/${'0f'.repeat(32)}/archive.zip`;

let built: Promise<{ readonly file: string; readonly text: string }> | undefined;

function domainTemplate(): NonNullable<typeof built> {
  built ??= bundleReference()
    .then(({ text }) => buildDomainTemplate(packed(text)))
    .then(({ file }) => ({ file, text: readFileSync(file, 'utf8') }));
  return built;
}

/** Deploys a domain in an account and region of this server: its bucket with the policy of the template, and its stack on an engine. */
export async function openDomainOn(
  server: S3Server,
  { account, region }: { readonly account: string; readonly region: string },
  /** Condition keys of everybody's requests from there, like `aws:PrincipalOrgID`. */
  context: Readonly<Record<string, string>> = {},
): Promise<SeveralDomain> {
  const { file, text } = await domainTemplate();
  const place = { account, region };
  const resolved = resolveTemplate(file, place, { KeeperCode: KEEPER_CODE });
  const publisher = resolveTemplate(path.join(TEMPLATES, 'publisher-role.yaml'), place, {
    Subject: 'repo:shop/shop:ref:refs/heads/main',
  });
  const bucket = `cfn-artifacts-${account}-${region}`;
  const made = server.createBucket(bucket, { versioning: 'Enabled', owner: account, region });
  const policy = JSON.stringify(policyDocumentOf(resolved, 'BucketPolicy'));
  made.policy = { text: policy, policy: parseBucketPolicy(policy, `arn:aws:s3:::${bucket}`) };
  const keyOf = (who: string): string => `${who}-${account}-${region}`;
  const add = (who: string, arn: string, policies: readonly Policy[]): void => {
    const sessionArn = `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/1`;
    server.identities.set(keyOf(who), { account, arn, sessionArn, policies, context });
  };
  const addRole = (who: string, { arn, policies }: ResolvedRole): void => {
    add(who, arn, policies);
  };
  const roleIn = (template: ResolvedTemplate, id: string): ResolvedRole => roleOf(template, id, place);
  addRole('reference', roleIn(resolved, 'ReferenceRole'));
  addRole('keeper', roleIn(resolved, 'KeeperRole'));
  addRole('publisher', roleIn(publisher, 'Role'));
  add('reader', `arn:aws:iam::${account}:role/reader`, [readingOf(bucket)]);
  add('administrator', `arn:aws:iam::${account}:role/admin`, [everything]);
  const keyed = (who: string): Readonly<Record<string, string>> => {
    const { credentials } = server.clientConfig(keyOf(who), region);
    return {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      // What the SDK of this project says on Node 20, where no function of ours runs.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
  };
  const keeper = await KeeperProcess.start({
    ...keyed('keeper'),
    ...{ BUCKET: bucket, ACCOUNT: account, PARTITION: 'aws' },
    // Nobody says there what is deployed.
    ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: server.endpoint },
  });
  const deployer = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(keyOf('administrator'), region) });
  const engine = await StackEngine.start({
    ...place,
    inline: {
      endpoint: server.endpoint,
      environment: { ...keyed('reference'), AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint },
    },
    // Lambda and CloudFormation read with the rights of whoever deploys.
    read: (location) => read(deployer, location),
  });
  const { status, reason } = await engine.deploy('cfn-artifacts', text);
  if (status !== 'CREATE_COMPLETE') throw new Error(`the domain was not deployed: ${String(reason)}`);
  const environment = (who: string): Terminal['env'] => ({
    ...awsEnvironment(server, keyOf(who), region),
    AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint,
  });
  return {
    ...{ account, region, bucket, engine, keeper },
    publisher: environment('publisher'),
    reader: environment('reader'),
    administrator: environment('administrator'),
    keys: (prefix) => made.keys().filter((key) => key.startsWith(prefix) && made.current(key) !== undefined),
    close: async () => {
      await engine.stop();
      await keeper.stop();
      deployer.destroy();
    },
  };
}

async function read(client: S3Client, { bucket, key, version }: Location): Promise<Uint8Array | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version }));
  return Body?.transformToByteArray();
}

function readingOf(bucket: string): Policy {
  return {
    Statement: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
    ],
  };
}
