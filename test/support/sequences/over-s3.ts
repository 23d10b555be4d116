import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { bundleReference, packed } from '../../../handler/build.mjs';
import { ownKeeper } from '../../../repository/index.ts';
import type { Digest, ObjectStore } from '../../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { startS3Server } from '../s3-server.ts';
import type { ClientConfig, S3Server } from '../s3-server.ts';
import type { Fault } from '../s3-server-faults.ts';
import { CONFLICT, INTERNAL_ERROR, RESET_AFTER, RESET_BEFORE, SLOW_DOWN } from '../s3-server-faults.ts';
import { temporaryFolder } from '../temporary.ts';
import type { Coverage } from './coverage.ts';
import type { Stage } from './stage.ts';
import { PLACE } from './stage.ts';

/** The function as the domain's template has it, alone in its folder. */
export async function packedFunction(): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'task');
  mkdirSync(folder);
  const file = path.join(folder, 'index.js');
  writeFileSync(file, packed((await bundleReference()).text));
  return file;
}

/** Of a hundred requests about records, how many each befalls. The collector and who publishes meet them as well. */
const FAULTS: readonly (readonly [percent: number, fault: Fault, operation?: string])[] = [
  [2, RESET_BEFORE],
  [2, RESET_AFTER],
  [1, INTERNAL_ERROR],
  [2, { effect: 'error-after', code: 'InternalError' }],
  [0.2, SLOW_DOWN],
  [3, CONFLICT, 'PutObject'],
  [5, { effect: 'twice', requests: 3 }, 'DeleteObject'],
];

/** The function in processes of its own, before the S3 server of this project with faults on. */
export async function serverStage(file: string, coverage: Coverage, seed: number): Promise<Stage> {
  const server = await startS3Server({ seed });
  server.createBucket(PLACE.bucket, { versioning: 'Enabled', region: PLACE.region });
  const stage = await stageAt(file, server.clientConfig(undefined, PLACE.region), coverage);
  for (const [percent, fault, operation] of FAULTS) {
    const key = /^(?:references|consumers|endings|deletions|statuses)\//;
    const rule = { fault, key, probability: percent / 100, times: Infinity };
    server.faults.add(operation === undefined ? rule : { ...rule, operation });
  }
  return {
    ...stage,
    close: async () => {
      coverage.count('fault of the store', faultsOf(server));
      await stage.close();
      await server.close();
    },
  };
}

function faultsOf({ requests }: S3Server): number {
  return requests.filter(({ fault }) => fault !== undefined).length;
}

/** The same, before whatever else speaks S3. */
export async function endpointStage(file: string, endpoint: string, coverage: Coverage): Promise<Stage> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config = { endpoint, region: PLACE.region, forcePathStyle: true, credentials } as const;
  const client = new S3Client(config);
  const Bucket = PLACE.bucket;
  await client.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: PLACE.region } }),
  );
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  client.destroy();
  return stageAt(file, config, coverage);
}

async function stageAt(
  file: string,
  config: ClientConfig,
  coverage: Coverage,
): Promise<Stage & { readonly close: () => Promise<void> }> {
  const client = new S3Client({ ...s3ClientDefaults, ...config });
  const store = s3Store({ client, bucket: PLACE.bucket });
  const keeper = await startKeeper(store, coverage);
  const { accessKeyId, secretAccessKey } = config.credentials;
  const environment = {
    ...{ BUCKET: PLACE.bucket, ACCOUNT: PLACE.account, PARTITION: PLACE.partition, KEEPER: 'keeper' },
    ...{ AWS_REGION: PLACE.region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint,
    // What the SDK of this project says on Node 20, where no function of ours runs.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  return {
    store,
    // Real time passes in a function that waits for its turn.
    reference: { file, endpoint: config.endpoint, environment, timeoutSeconds: 300, concurrency: 3 },
    close: async () => {
      client.destroy();
      await keeper.close();
    },
  };
}

/** The keeper's function, as far as the reference function asks it. */
async function startKeeper(
  store: ObjectStore,
  coverage: Coverage,
): Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const { digest } = JSON.parse(await text(request)) as { readonly digest: Digest };
      await ownKeeper(store).cancel(digest);
      coverage.count('condemnation cancelled by the function');
    };
    void serve().then(
      () => response.writeHead(200).end('{}'),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
