import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { bundleReference, packed } from '../../handler/build.mjs';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { s3ClientDefaults } from '../../repository/stores/s3.ts';
import { domainBucket } from '../../repository/domain.ts';
import { WITHOUT_FILES } from './aws-environment.ts';
import { buildDomainTemplate } from './domain-template.ts';
import { everything } from './domain-principals.ts';
import type { Policy } from './iam/policy.ts';
import { parseBucketPolicy } from './iam/policy.ts';
import { policyDocumentOf, resolveTemplate, roleOf } from './iam/template.ts';
import type { ResolvedTemplate } from './iam/template.ts';
import { KeeperProcess } from './keeper-process.ts';
import type { Moto } from './moto.ts';
import type { ClientConfig, S3Server } from './s3-server.ts';
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
  keys(prefix: string): Promise<string[]>;
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

interface Place {
  readonly account: string;
  readonly region: string;
}

/**
 * Deploys a domain in an account and region of this server: its bucket with the policy of the template, and its stack on an engine.
 * @param context condition keys of everybody's requests from there, like `aws:PrincipalOrgID`
 */
export async function openDomainOn(
  server: S3Server,
  place: Place,
  context: Readonly<Record<string, string>> = {},
): Promise<SeveralDomain> {
  const { account, region } = place;
  const { file, text } = await domainTemplate();
  const resolved = resolveTemplate(file, place, { KeeperCode: KEEPER_CODE });
  const publisher = resolveTemplate(path.join(TEMPLATES, 'publisher-role.yaml'), place, {
    Subject: 'repo:shop/shop:ref:refs/heads/main',
  });
  const bucket = domainBucket(place);
  const made = server.createBucket(bucket, { versioning: 'Enabled', owner: account, region });
  const policy = JSON.stringify(policyDocumentOf(resolved, 'BucketPolicy'));
  made.policy = { text: policy, policy: parseBucketPolicy(policy, `arn:aws:s3:::${bucket}`) };
  const keyOf = (who: Who): string => `${who}-${account}-${region}`;
  const add = (who: Who, arn: string, policies: readonly Policy[]): void => {
    const sessionArn = `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/1`;
    server.identities.set(keyOf(who), { account, arn, sessionArn, policies, context });
  };
  const addRole = (who: Who, template: ResolvedTemplate, id: string): void => {
    const { arn, policies } = roleOf(template, id, place);
    add(who, arn, policies);
  };
  addRole('reference', resolved, 'ReferenceRole');
  addRole('keeper', resolved, 'KeeperRole');
  addRole('publisher', publisher, 'Role');
  add('reader', `arn:aws:iam::${account}:role/reader`, [readingOf(bucket)]);
  add('administrator', `arn:aws:iam::${account}:role/admin`, [everything]);
  return open(place, text, (who) => server.clientConfig(keyOf(who), region));
}

/** Likewise on moto, which knows accounts and regions, and refuses nobody anything. */
export async function openDomainOnMoto({ endpoint }: Moto, place: Place): Promise<SeveralDomain> {
  const { account, region } = place;
  const { text } = await domainTemplate();
  const config: ClientConfig = {
    endpoint,
    region,
    forcePathStyle: true,
    credentials: await credentialsAt(endpoint, account),
  };
  const client = new S3Client({ ...s3ClientDefaults, ...config });
  const bucket = domainBucket(place);
  const where = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region } as const };
  await client.send(new CreateBucketCommand({ Bucket: bucket, ...(where as object) }));
  const versioned = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
  await client.send(new PutBucketVersioningCommand(versioned));
  client.destroy();
  return open(place, text, () => config);
}

/** moto tells accounts by the keys: those of a role that was assumed are of the role's account. */
async function credentialsAt(endpoint: string, account: string): Promise<ClientConfig['credentials']> {
  const sts = new STSClient({
    ...{ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
  });
  const role = { RoleArn: `arn:aws:iam::${account}:role/administrator`, RoleSessionName: 'test' };
  const { Credentials: made } = await sts.send(new AssumeRoleCommand(role));
  sts.destroy();
  return {
    accessKeyId: made?.AccessKeyId ?? '',
    secretAccessKey: made?.SecretAccessKey ?? '',
    sessionToken: made?.SessionToken ?? '',
  };
}

type Who = 'reference' | 'keeper' | 'publisher' | 'reader' | 'administrator';

async function open(place: Place, template: string, config: (who: Who) => ClientConfig): Promise<SeveralDomain> {
  const { account, region } = place;
  const bucket = domainBucket(place);
  const { endpoint } = config('keeper');
  const keyed = (who: Who): Readonly<Record<string, string>> => {
    const { accessKeyId, secretAccessKey, sessionToken } = config(who).credentials;
    return {
      ...{ AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
      // What the SDK of this project says on Node 20, where no function of ours runs.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
  };
  const keeper = await KeeperProcess.start({
    ...keyed('keeper'),
    ...{ BUCKET: bucket, ACCOUNT: account, PARTITION: 'aws' },
    // Nobody says there what is deployed.
    ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: endpoint },
  });
  const administrator = new S3Client({ ...s3ClientDefaults, ...config('administrator') });
  const engine = await StackEngine.start({
    ...place,
    inline: { endpoint, environment: { ...keyed('reference'), AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint } },
    // Lambda and CloudFormation read with the rights of whoever deploys.
    read: (location) => read(administrator, location),
  });
  const { status, reason } = await engine.deploy('cfn-artifacts', template);
  if (status !== 'CREATE_COMPLETE') throw new Error(`the domain was not deployed: ${String(reason)}`);
  const environment = (who: Who): Terminal['env'] => ({
    ...{ ...WITHOUT_FILES, AWS_ENDPOINT_URL: endpoint, ...keyed(who) },
    ...{ AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint, AWS_MAX_ATTEMPTS: '2' },
  });
  return {
    ...{ account, region, bucket, engine, keeper },
    publisher: environment('publisher'),
    reader: environment('reader'),
    administrator: environment('administrator'),
    keys: (prefix) => keysBelow(administrator, bucket, prefix),
    close: async () => {
      await engine.stop();
      await keeper.stop();
      administrator.destroy();
    },
  };
}

async function keysBelow(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
    keys.push(...Contents.map(({ Key = '' }) => Key));
  return keys;
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
