import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { text } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BUNDLE_LIMIT, bundleReference, inAscii, packed } from '../../handler/build.mjs';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Deletion, Domain, Publication } from '../../repository/index.ts';
import { deletionKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import { runFunction } from '../support/function-process.ts';
import { nodes, THIS_NODE } from '../support/node-versions.ts';
import { PLACE } from '../support/reference-function.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { AnswerServer } from '../support/stack-engine/answer-server.ts';
import { judge } from '../support/stack-engine/answer.ts';
import type { Answer } from '../support/stack-engine/answer.ts';
import { ownCertificate } from '../support/stack-engine/certificate.ts';
import { temporaryFolder } from '../support/temporary.ts';

let bundle: string;
let files: Readonly<Record<'plain' | 'packed', string>>;
let answers: AnswerServer;
let base: string;
/** By RequestId, in the order in which they came. */
let received: Map<string, Answer[]>;
let refusals: number;

beforeAll(async () => {
  bundle = (await bundleReference()).text;
  files = { plain: await written(bundle), packed: await written(packed(bundle)) };
  answers = new AnswerServer(ownCertificate(), async ({ method, path: requested, headers, body }) => {
    if (method !== 'PUT' || headers['content-type'] !== undefined) return { status: 403 };
    if (refusals-- > 0) return { status: 503, code: 'SlowDown' };
    const [StackId = '', LogicalResourceId = '', RequestId = ''] = decodeURIComponent(
      requested.slice(1, requested.indexOf('?')),
    ).split('|');
    const answer = judge(body, { StackId, LogicalResourceId, RequestId });
    received.set(RequestId, [...(received.get(RequestId) ?? []), answer]);
    return { status: 200 };
  });
  base = await answers.listen();
});

afterAll(async () => {
  await answers.close();
});

/** Alone in its folder, as in Lambda: no package.json says what kind of module it is. */
async function written(text: string): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'task');
  mkdirSync(folder);
  const file = path.join(folder, 'index.js');
  writeFileSync(file, text);
  return file;
}

test('packed, it leaves room for the rest of a template', () => {
  const text = packed(bundle);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(BUNDLE_LIMIT);
  expect(text).toMatch(/^[\t\n\x20-\x7e]*$/);
});

const unpacked = (expression: string): unknown =>
  vm.runInNewContext(expression, { Buffer, require: createRequire(import.meta.url) });

test('unpacked, it is the bundle to the byte', () => {
  const [statement = ''] = packed(bundle).split('\n');
  expect(unpacked(statement.replace(/^const code=/, ''))).toBe(bundle);
});

test('whatever bytes there are, as text they are few characters that survive everywhere, and can be unpacked', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(new Uint8Array(44), new Uint8Array(44).fill(255)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const expression = inAscii(given);
      expect(Buffer.compare(unpacked(expression) as Buffer, Buffer.from(given))).toBe(0);
      const [, digits = ''] = /^Buffer\.from\('([^'\\ ]*)'/.exec(expression) ?? [];
      expect(digits).toMatch(/^[!-~]*$/);
      expect(digits.length).toBe(Math.ceil(given.length / 22) * 27);
    }),
  );
});

test('has nothing of what is the keeper’s and the publisher’s work', () => {
  const commands = Array.from(bundle.matchAll(/\b[A-Z]\w*Command\b/g), ([name]) => name);
  expect(commands).toContain('PutObjectCommand');
  expect(commands.filter((name) => /Multipart|UploadPart|Tagging/.test(name))).toEqual([]);
});

test('is printable ASCII and plain CommonJS', () => {
  expect(bundle).toMatch(/^[\t\n\x20-\x7e]*$/);
  expect(bundle).not.toMatch(/\bimport\(|\bimport\s*\{/);
  expect(bundle).not.toContain('node_modules');
});

test.each([
  ['connects', "require('node:net').connect(9, '127.0.0.1').on('error', () => undefined);"],
  ['fetches', "fetch('http://127.0.0.1:40009').catch(() => undefined);"],
  ['asks over https', "require('node:https').get('https://127.0.0.1:9').on('error', () => undefined);"],
  ['looks a name up', "require('node:dns').lookup('localhost', () => undefined);"],
  ['resolves a name', "new (require('node:dns').promises.Resolver)().resolve4('localhost').catch(() => undefined);"],
  ['sends a datagram', "require('node:dgram').createSocket('udp4').send('x', 9, '127.0.0.1');"],
])('a function that %s when it starts is seen', async (_, statement) => {
  const file = await written(`${statement}\nexports.handler = async (event) => event;\n`);
  const { status, stderr } = await runFunction({ program: process.execPath, file, env: {}, network: false }, []);
  expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/^the network was touched: /) });
});

const NODES = [THIS_NODE, ...nodes(22, 24)];
const CASES = (['plain', 'packed'] as const).flatMap((form) => NODES.map((node) => ({ form, ...node })));

describe.each(CASES)('as built, $form, on $name$skipped', ({ form, program, test: run }) => {
  let server: S3Server;
  let client: S3Client;
  let keeper: Server;
  let commands: unknown[];
  let domain: Domain;
  let env: Readonly<Record<string, string>>;
  let events: EventSource;

  beforeEach(async () => {
    received = new Map();
    refusals = 0;
    commands = [];
    server = await startS3Server();
    server.createBucket(PLACE.bucket, { versioning: 'Enabled' });
    client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
    const store = s3Store({ client, bucket: PLACE.bucket });
    domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
    keeper = createServer((request, response) => {
      void text(request).then(async (body) => {
        commands.push([request.url, JSON.parse(body)]);
        await domain.keeper.cancel((JSON.parse(body) as { digest: Publication['arn']['digest'] }).digest);
        response.writeHead(200).end('{"results":[]}');
      });
    });
    await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
    const { credentials } = server.clientConfig();
    env = {
      ...{ BUCKET: PLACE.bucket, ACCOUNT: PLACE.account, PARTITION: PLACE.partition, KEEPER: 'keeper' },
      ...{ AWS_REGION: PLACE.region, AWS_ENDPOINT_URL_S3: server.endpoint },
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(keeper.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    events = new EventSource({ base });
    server.requests.length = 0;
  });

  afterEach(async () => {
    client.destroy();
    await server.close();
    keeper.closeAllConnections();
    await new Promise((resolve) => keeper.close(resolve));
  });

  async function sent(...sending: readonly EventMembers[]): Promise<string> {
    const { status, stdout, stderr } = await runFunction({ program, file: files[form], env }, sending);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  function answersTo(event: EventMembers): readonly Answer[] {
    return received.get(String(event['RequestId'])) ?? [];
  }

  function publish(id: string): Promise<Publication> {
    return publishVersion(domain, { repository: 'default', id }, publishable(`content of ${id}`));
  }

  async function stackReferences(): Promise<number> {
    let count = 0;
    for await (const { key } of domain.store.list('references/')) if (key.includes('/stack/')) count++;
    return count;
  }

  run('starts without touching the network', async () => {
    const ended = await runFunction({ program, file: files[form], env, network: false }, []);
    expect(ended).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  run('carries out what CloudFormation sends, duplicates too', async () => {
    const [a, b] = [await publish('a'), await publish('b')];
    const [first, second] = [a, b].map(({ arn, key }) => ({ ArtifactArn: formatArn(arn), Key: key }));
    if (first === undefined || second === undefined) throw new Error('two artifacts');
    server.requests.length = 0;
    const create = events.create(first);
    await sent(create);
    expect(server.requests.map(({ operation }) => operation).sort()).toEqual([
      ...['GetObject', 'GetObject', 'GetObject', 'GetObject', 'HeadObject', 'HeadObject', 'ListObjectsV2'],
      ...['PutObject', 'PutObject'],
    ]);
    const [{ physicalId: old = '', data, succeeded } = {} as Answer] = answersTo(create);
    expect(succeeded).toBe(true);
    const head = await domain.store.head(a.key);
    expect(data).toMatchObject({
      Bucket: PLACE.bucket,
      Key: a.key,
      ObjectVersion: head?.version,
      Url: `${server.endpoint}/${PLACE.bucket}/${a.key}`,
    });
    const update = events.update(old, second, first);
    const log = await sent(create, update, update);
    expect(answersTo(create)).toHaveLength(2);
    const [{ physicalId: current = '' } = {}, again] = answersTo(update);
    expect(again).toMatchObject({ succeeded: true, physicalId: current, data: { Key: b.key } });
    expect(await stackReferences()).toBe(2);
    const remove = events.remove(old, first);
    await sent(remove, remove, create);
    expect(answersTo(remove).map((answer) => answer.succeeded)).toEqual([true, true]);
    expect(answersTo(create).map((answer) => answer.succeeded)).toEqual([true, true, false]);
    expect(await stackReferences()).toBe(1);
    await sent(events.remove(current, second));
    expect(await stackReferences()).toBe(0);
    const lines = log.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { Outcome: string }).Outcome)).toEqual(Array(3).fill('SUCCESS'));
    expect(log).not.toContain('X-Amz-Signature');
  });

  run('answers failures, and tries again where the answer was refused', async () => {
    refusals = 2;
    const create = events.create({ ArtifactArn: 'arn:aws:artifacts:us-east-1:111122223333:default/ä:1' });
    await sent(create);
    expect(answersTo(create)).toMatchObject([{ succeeded: false }]);
    expect(answersTo(create)[0]?.reason).toContain("'ä' is no artifact ID");
    env = { ...env, BUCKET: 'nothing' };
    const { arn } = await publish('a');
    const second = events.create({ ArtifactArn: formatArn(arn) });
    await sent(second);
    expect(answersTo(second)[0]?.reason).toContain("there is no bucket 'nothing'");
    expect(answersTo(second)[0]?.reason).toContain("Run 'cfn-artifacts bootstrap'");
    env = { ...env, BUCKET: PLACE.bucket };
    server.identities.set('test', { account: PLACE.account, policies: [{ Statement: [] }] });
    const third = events.create({ ArtifactArn: formatArn(arn) });
    await sent(third);
    expect(answersTo(third)[0]?.reason).toMatch(/access to '.*' is denied.*reference function/s);
  });

  run('asks the keeper to keep what is condemned', async () => {
    const { arn, key } = await publish('a');
    const head = await domain.store.head(key);
    if (head === undefined) throw new Error('no blob');
    const incarnations = [{ key, incarnation: head.incarnation }];
    const deletion: Deletion = { state: 'condemned', nonce: 'n', incarnations, since: '2026-01-01T00:00:00.000Z' };
    await domain.store.create(deletionKey(arn.digest), recordContent(deletion));
    const create = events.create({ ArtifactArn: formatArn(arn), Key: key });
    await sent(create);
    expect(answersTo(create)).toMatchObject([{ succeeded: true }]);
    expect(commands).toEqual([['/2015-03-31/functions/keeper/invocations', { command: 'cancel', digest: arn.digest }]]);
  });
});
