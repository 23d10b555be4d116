import { readFileSync } from 'node:fs';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutBucketVersioningCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { bundleReference, packed } from '../../handler/build.mjs';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { s3ClientDefaults } from '../../repository/stores/s3.ts';
import { awsEnvironment, WITHOUT_FILES } from '../support/aws-environment.ts';
import { createDomainBucket, identityOf, inlineFunctionsAt } from '../support/domain-on-server.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../support/domain-principals.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import type { Moto } from '../support/moto.ts';
import { knowEveryError } from '../support/realm.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { ClientConfig, S3Server } from '../support/s3-server.ts';
import type { Location } from '../support/stack-engine/content.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { EngineOptions } from '../support/stack-engine/engine.ts';

knowEveryError();

/** An AWS account with a domain that was just deployed, with the reference function as it is built; nobody in it has more rights than the domain's templates give. */
export interface Account {
  readonly account: string;
  readonly region: string;
  readonly engine: StackEngine;
  /** Variables of who packages, and of who asks. */
  readonly publisher: Terminal['env'];
  readonly reader: Terminal['env'];
  /** The domain's bucket, where its server can be looked into. */
  readonly server?: S3Server;
  /** Told before CloudFormation or Lambda reads content. */
  onRead: ((location: Location) => Promise<void>) | undefined;
  /** Keys of what is there now. */
  keys(prefix: string): Promise<string[]>;
  /** Removes an object behind everybody's back. */
  lose(key: string): Promise<void>;
  close(): Promise<void>;
}

type Variant = Pick<EngineOptions, 'replacedRollback' | 'seed'>;

/** On the S3 server of the tests, where the policies of the domain's templates hold. */
export async function accountOnServer(variant: Variant = {}): Promise<Account> {
  const template = await domainTemplate();
  const policies = domainPolicies(template.file);
  const principals = principalsOf(policies);
  const server = await startS3Server({
    identities: {
      publisher: identityOf(principals.publisher),
      deployer: identityOf(principals.deployer),
      reference: identityOf(principals['reference function']),
      keeper: identityOf(principals.keeper),
      reader: identityOf(principals.reader),
    },
  });
  createDomainBucket(server, policies);
  return open({
    ...{ template: template.text, server, variant, ...PLACE, bucket: BUCKET, close: () => server.close() },
    config: (who) => server.clientConfig(who, PLACE.region),
    environment: (who) => awsEnvironment(server, who, PLACE.region),
  });
}

/** moto's own account. It knows no policies, and refuses nobody anything. */
const MOTO = { account: '123456789012', region: 'us-east-1' };

/** A new one: whatever was in this moto is gone. */
export async function accountOnMoto({ endpoint }: Moto, variant: Variant = {}): Promise<Account> {
  const { text } = await domainTemplate();
  await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config: ClientConfig = { endpoint, region: MOTO.region, forcePathStyle: true, credentials };
  const bucket = `cfn-artifacts-${MOTO.account}-${MOTO.region}`;
  const client = new S3Client(config);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const versioned = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
  await client.send(new PutBucketVersioningCommand(versioned));
  client.destroy();
  return open({
    ...{ template: text, variant, ...MOTO, bucket, close: async () => undefined },
    config: () => config,
    environment: () => ({
      ...{ ...WITHOUT_FILES, AWS_ENDPOINT_URL: endpoint, AWS_REGION: MOTO.region },
      ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    }),
  });
}

let built: Promise<{ readonly file: string; readonly text: string }> | undefined;

function domainTemplate(): Promise<{ readonly file: string; readonly text: string }> {
  built ??= bundleReference()
    .then(({ text }) => buildDomainTemplate(packed(text)))
    .then(({ file }) => ({ file, text: readFileSync(file, 'utf8') }));
  return built;
}

interface Parts {
  readonly template: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  readonly server?: S3Server;
  readonly variant: Variant;
  readonly config: (who: string) => ClientConfig;
  readonly environment: (who: string) => Terminal['env'];
  readonly close: () => Promise<void>;
}

async function open({ template, bucket, config, environment, variant, close, ...parts }: Parts): Promise<Account> {
  const { account, region, server } = parts;
  const deployer = new S3Client({ ...s3ClientDefaults, ...config('deployer') });
  const keeper = new S3Client({ ...s3ClientDefaults, ...config('keeper') });
  const engine = await StackEngine.start({
    ...{ account, region, ...variant },
    inline: inlineFunctionsAt(config('reference')),
    read: async (location) => {
      await opened.onRead?.(location);
      return read(deployer, location);
    },
  });
  const opened: Account = {
    ...{
      account,
      region,
      engine,
      publisher: environment('publisher'),
      reader: environment('reader'),
      onRead: undefined,
    },
    ...(server !== undefined && { server }),
    keys: async (prefix) => {
      const found: string[] = [];
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client: keeper },
        { Bucket: bucket, Prefix: prefix },
      ))
        found.push(...Contents.map(({ Key = '' }) => Key));
      return found;
    },
    lose: async (key) => {
      const { VersionId } = await keeper.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      await keeper.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId }));
    },
    close: async () => {
      await engine.stop();
      deployer.destroy();
      keeper.destroy();
      await close();
    },
  };
  const { status, reason } = await engine.deploy('cfn-artifacts', template);
  if (status !== 'CREATE_COMPLETE') throw new Error(`the domain was not deployed: ${String(reason)}`);
  return opened;
}

/** With the rights of whoever deploys, as Lambda, Step Functions and CloudFormation do. */
async function read(client: S3Client, { bucket, key, version }: Location): Promise<Uint8Array> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    // The code as consumers show it in their own errors.
    throw error instanceof S3ServiceException ? Object.assign(error, { code: error.name }) : error;
  }
}
