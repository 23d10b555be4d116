import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bundleReference, packed } from '../../handler/build.mjs';
import { askFunction } from '../../handler/reference/keeper.ts';
import { domainBucket } from '../../repository/domain.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain, Publication } from '../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import { runFunction } from '../support/function-process.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { keysIn } from '../support/keys-in.ts';
import { NEAR, HERE } from '../support/neighbours.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { AnswerServer } from '../support/stack-engine/answer-server.ts';
import type { Answer } from '../support/stack-engine/answer.ts';
import { judge } from '../support/stack-engine/answer.ts';
import { ownCertificate } from '../support/stack-engine/certificate.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Both functions as they are built, in processes of their own, with two domains of one account on one S3 server: references to what is at home in the other. */

let server: S3Server;
let client: S3Client;
let here: Domain;
let far: Domain;
let published: Publication;
let keeper: KeeperProcess;
let answers: AnswerServer;
let received: Answer[];
let base: string;
let file: string;

beforeEach(async () => {
  server = await startS3Server();
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
  [here, far] = [await domainAt(HERE), await domainAt(NEAR)];
  published = await publishVersion(far, { repository: 'default', id: 'api' }, publishable('from far away'));
  const { credentials } = server.clientConfig();
  keeper = await KeeperProcess.start({
    ...{ BUCKET: here.bucket, ACCOUNT: HERE.account, PARTITION: 'aws', AWS_REGION: HERE.region },
    ...{ AWS_ENDPOINT_URL_S3: server.endpoint, AWS_ACCESS_KEY_ID: credentials.accessKeyId },
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  received = [];
  answers = new AnswerServer(ownCertificate(), async ({ path: requested, body }) => {
    const asked = decodeURIComponent(requested.slice(1, requested.indexOf('?')));
    const [StackId = '', LogicalResourceId = '', RequestId = ''] = asked.split('|');
    received.push(judge(body, { StackId, LogicalResourceId, RequestId }));
    return { status: 200 };
  });
  base = await answers.listen();
  const folder = path.join(await temporaryFolder(), 'task');
  mkdirSync(folder);
  file = path.join(folder, 'index.js');
  writeFileSync(file, packed((await bundleReference()).text));
});

afterEach(async () => {
  await answers.close();
  await keeper.stop();
  client.destroy();
  await server.close();
});

async function domainAt(place: typeof HERE): Promise<Domain> {
  const bucket = domainBucket(place);
  server.createBucket(bucket, { versioning: 'Enabled', owner: place.account, region: place.region });
  const own = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(), region: place.region });
  const store = s3Store({ client: own, bucket });
  return establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance(place.region) }, { ...place, bucket });
}

/** One invocation for each, one after the other. */
async function send(...events: readonly unknown[]): Promise<void> {
  const { credentials } = server.clientConfig();
  const env = {
    ...{ BUCKET: here.bucket, ACCOUNT: HERE.account, PARTITION: 'aws', AWS_REGION: HERE.region },
    ...{ AWS_ENDPOINT_URL_S3: server.endpoint, AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint },
    ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    DECLARING: `arn:aws:lambda:${HERE.region}:${HERE.account}:function:cfn-artifacts-keeper:declaring`,
  };
  const { status, stderr } = await runFunction({ program: process.execPath, file, env }, events);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

async function references({ store }: Domain): Promise<readonly string[]> {
  return (await keysIn(store, 'references/')).filter((key) => key.includes('/stack/'));
}

test('a Create brings the content here within S3 and tells home; a Delete tells it the end', async () => {
  const events = new EventSource({ base });
  const use = { ArtifactArn: formatArn(published.arn), Key: published.key };
  const create = events.create(use);
  server.requests.length = 0;
  await send(create, create);
  expect(received).toMatchObject([{ succeeded: true }, { succeeded: true }]);
  expect(received[0]?.data).toMatchObject({
    Bucket: here.bucket,
    Key: published.key,
    Arn: formatArn(published.arn),
    Version: '1',
  });
  expect(server.requests.filter(({ operation }) => operation === 'CopyObject')).toHaveLength(1);
  expect(keeper.invocations.map(({ command }) => (command as { command: string }).command)).toEqual([
    'fetch',
    'tell',
    'tell',
  ]);
  expect(keeper.invocations.every(({ name }) => name.endsWith(':declaring'))).toBe(true);
  expect(await references(here)).toHaveLength(1);
  expect(await references(far)).toEqual(await references(here));
  await send(events.remove(received[0]?.physicalId ?? '', use));
  expect(received[2]).toMatchObject({ succeeded: true });
  expect(await references(here)).toEqual([]);
  expect(await references(far)).toEqual([]);
  expect(keeper.stderr).toBe('');
}, 120_000);

test('a keeper that has no room is asked again until it has', async () => {
  let refusals = 7;
  keeper.refuse = () => (refusals-- > 0 ? [429, 'TooManyRequestsException'] : undefined);
  const events = new EventSource({ base });
  await send(events.create({ ArtifactArn: formatArn(published.arn), Key: published.key }));
  expect(received).toMatchObject([{ succeeded: true }]);
  expect(refusals).toBeLessThan(0);
}, 120_000);

test('who asks a keeper that never has room stops when the time is over', async () => {
  keeper.refuse = () => [429, 'TooManyRequestsException'];
  const { credentials } = server.clientConfig();
  const variables = {
    ...{ AWS_REGION: HERE.region, AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint },
    ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
  };
  Object.assign(process.env, variables);
  try {
    const over = new AbortController();
    const asked = askFunction('arn:aws:lambda:us-east-1:111122223333:function:cfn-artifacts-keeper', over.signal);
    const answer = asked({ command: 'cancel', digest: published.arn.digest });
    setTimeout(() => {
      over.abort();
    }, 1500);
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  } finally {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  }
}, 60_000);
