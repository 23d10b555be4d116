import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bundleKeeper, bundleReference } from '../../handler/build.mjs';
import type { BindingRecord } from '../../repository/binding.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Deletion, Domain, Publication } from '../../repository/index.ts';
import { descriptorKey, deletionKey, stackReferenceKey, statusKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { readStatusRecord } from '../../repository/status.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable } from '../support/domain.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { nodes, THIS_NODE } from '../support/node-versions.ts';
import { PLACE } from '../support/reference-function.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';

const FUNCTION = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper`;

test('the bundle is printable ASCII and plain CommonJS, with the SDK left to Lambda; the reference function has nothing of it', async () => {
  const { text } = await bundleKeeper();
  expect(text).toMatch(/^[\t\n\x20-\x7e]*$/);
  expect(text).not.toMatch(/\bimport\(|\bimport\s*\{/);
  expect(text).not.toContain('node_modules');
  const { parts } = await bundleReference();
  expect(Object.keys(parts).filter((file) => /audit|evidence|carry-out|handler\/keeper/.test(file))).toEqual([]);
});

describe.each([THIS_NODE, ...nodes(22, 24)])('the keeper as built, on $name$skipped', ({ program, test: run }) => {
  let server: S3Server;
  let client: S3Client;
  let domain: Domain;
  let published: Publication;
  let keeper: KeeperProcess | undefined;

  beforeEach(async () => {
    server = await startS3Server();
    server.createBucket(PLACE.bucket, { versioning: 'Enabled' });
    client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
    const store = s3Store({ client, bucket: PLACE.bucket });
    domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
    published = await publishVersion(domain, { repository: 'default', id: 'api' }, publishable('x'));
  });

  afterEach(async () => {
    await keeper?.stop();
    keeper = undefined;
    client.destroy();
    await server.close();
  });

  async function start(more: Readonly<Record<string, string>> = {}): Promise<KeeperProcess> {
    const { credentials } = server.clientConfig();
    keeper = await KeeperProcess.start(
      {
        ...{ BUCKET: PLACE.bucket, ACCOUNT: PLACE.account, PARTITION: PLACE.partition, AWS_REGION: PLACE.region },
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        ...more,
      },
      program,
    );
    return keeper;
  }

  async function ask(command: unknown, name: string = FUNCTION): Promise<unknown> {
    const { payload, failed } = await (keeper ?? (await start())).invoke(command, name);
    expect(failed).toBeUndefined();
    return JSON.parse(payload);
  }

  async function condemn(state: Deletion['state']): Promise<void> {
    const head = await domain.store.head(published.key);
    if (head === undefined) throw new Error('no blob');
    const incarnations = [{ key: published.key, incarnation: head.incarnation }];
    const deletion: Deletion = { state, nonce: 'n', incarnations, since: '' };
    await domain.store.create(deletionKey(published.arn.digest), recordContent(deletion));
  }

  run('says in its log of each hold that it lifted it, because a person may have put it', async () => {
    await condemn('deleting');
    const bucket = server.buckets.get(PLACE.bucket);
    const [version] = bucket?.versions(published.key) ?? [];
    if (bucket === undefined || version === undefined || !('legalHold' in version)) throw new Error('no blob');
    bucket.objectLock = true;
    version.legalHold = true;
    expect(await ask({ command: 'finish', digest: published.arn.digest })).toEqual({ results: [] });
    expect(await domain.store.head(published.key)).toBeUndefined();
    expect(keeper?.log).toMatchObject([
      { HoldLifted: { bucket: PLACE.bucket, key: published.key, version: version.versionId } },
      { Command: { command: 'finish' }, Outcome: 'done' },
    ]);
  });

  run('asks CloudFormation of the region of a stack elsewhere, by the endpoint that is configured', async () => {
    const far = await StackEngine.start({
      account: PLACE.account,
      region: 'eu-central-1',
      read: async () => Buffer.of(),
    });
    try {
      const handle = { Type: 'AWS::CloudFormation::WaitConditionHandle' };
      const { stackId } = await far.deploy('shop', JSON.stringify({ Resources: { Handle: handle } }));
      const [stack = '', uuid = ''] = stackId.split('/').slice(1);
      const { arn, key } = published;
      const resource = { account: PLACE.account, region: 'eu-central-1', stack, uuid, logicalId: 'Ref' };
      const long = '2020-01-01T00:00:00.000Z';
      const record: BindingRecord = {
        ...{ format: 1, generation: 'g', issued: long, at: long, stackId, logicalId: 'Ref' },
        uses: [{ arn: formatArn(arn), key }],
      };
      await domain.store.create(stackReferenceKey(arn.digest, resource, 'g'), recordContent(record));
      await start({ AWS_ENDPOINT_URL_CLOUDFORMATION: await far.serve() });
      expect(await ask({ command: 'audit', fix: false })).toMatchObject({
        results: [
          { kind: 'stale', stackId, generation: 'g', why: 'no resource of its stack names it any more', healed: false },
        ],
      });
    } finally {
      await far.stop();
    }
  });

  run('records and removes references by hand, and says so in its log', async () => {
    const arn = formatArn(published.arn);
    expect(await ask({ command: 'reference-add', arn, consumer: 'job' })).toEqual({
      results: [{ arn, consumer: 'job', outcome: 'added' }],
    });
    expect(await ask({ command: 'reference-remove', arn, consumer: 'job' })).toEqual({
      results: [{ repository: 'default', id: 'api', version: 1, consumer: 'job' }],
      looked: 1,
    });
    expect(keeper?.log).toMatchObject([
      { Command: { command: 'reference-add' }, Outcome: 'done', RequestId: 'request-1', ReferencesRemoved: 0 },
      { Command: { command: 'reference-remove' }, Outcome: 'done', ReferencesRemoved: 1, KeeperFailures: 0 },
    ]);
    const { _aws } = keeper?.log[1] as { _aws: { CloudWatchMetrics: [{ Metrics: { Name: string }[] }] } };
    const names = _aws.CloudWatchMetrics[0].Metrics.map(({ Name }) => Name);
    expect(Object.keys(keeper?.log[1] ?? {})).toEqual(expect.arrayContaining(names));
    expect(keeper?.stderr).toBe('');
  });

  run(
    'under the name for publishing cancels and finishes deletions, renews versions, and takes nothing else',
    async () => {
      const { digest } = published.arn;
      const name = `${FUNCTION}:publishing`;
      await condemn('deleting');
      expect(await ask({ command: 'finish', digest }, name)).toEqual({ results: [] });
      expect(await domain.store.head(published.key)).toBeUndefined();
      expect(await ask({ command: 'cancel', digest }, name)).toEqual({ results: [] });
      const arn = formatArn(published.arn);
      const status = statusKey(published.arn, published.arn.version);
      const unused = { status: 'Published', nonce: 'n', unusedSince: '2026-01-01T00:00:00.000Z' };
      await domain.store.create(status, recordContent(unused));
      expect(await ask({ command: 'renew', arn }, name)).toEqual({ results: [] });
      expect((await readStatusRecord(domain, published.arn, published.arn.version))?.value).toEqual({
        ...{ status: 'Published', nonce: expect.not.stringMatching(/^n$/), at: expect.any(String) },
        earlier: [{ status: 'Published', nonce: 'n' }],
      });
      const others = [
        { command: 'reference-remove', arn, consumer: 'x' },
        { command: 'audit', fix: true },
        { command: 'tend' },
      ];
      server.requests.length = 0;
      for (const command of others) {
        expect(await ask(command, name)).toMatchObject({ error: { code: 'ACCESS_DENIED' } });
        expect(await ask(command, `${FUNCTION}:7`)).toMatchObject({ error: { code: 'ACCESS_DENIED' } });
      }
      expect(server.requests).toEqual([]);
      expect(await ask(others[0], `${FUNCTION}:$LATEST`)).toMatchObject({ results: [] });
    },
  );

  run('tells what is wrong with a command, and a domain that is none, in its reply', async () => {
    expect(await ask({ command: 'reference-add', arn: 'x', consumer: '' })).toMatchObject({
      error: { code: 'INVALID_ARN', problems: [{ code: 'INVALID_ARN' }, { code: 'INVALID_ARGUMENT' }] },
    });
    expect(await ask(null)).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    const { digest } = published.arn;
    const head = await domain.store.head(descriptorKey);
    if (head === undefined) throw new Error('no descriptor');
    await domain.store.replace(descriptorKey, recordContent({ ...PLACE, format: 1, bucket: 'another' }), head.revision);
    expect(await ask({ command: 'cancel', digest })).toMatchObject({ error: { code: 'INVALID_CONFIGURATION' } });
    server.identities.set('test', { account: PLACE.account, policies: [{ Statement: [] }] });
    expect(await ask({ command: 'cancel', digest })).toMatchObject({ error: { code: 'ACCESS_DENIED' } });
    expect(keeper?.log.map(({ Outcome, KeeperFailures }) => [Outcome, KeeperFailures])).toEqual(
      Array(4).fill(['failed', 1]),
    );
  });

  run('audits, and tends by schedule where nobody answers what is deployed', async () => {
    // Nothing listens there.
    await start({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' });
    const audited = (await ask({ command: 'audit', fix: true })) as { results: { kind: string }[]; next?: unknown };
    expect(audited.next).toBeUndefined();
    expect(new Set(audited.results.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
    expect(await ask({ command: 'tend' })).toMatchObject({
      results: [
        { task: 'tell', told: 0, waiting: 0, finished: expect.any(String) },
        { task: 'audit', finished: expect.any(String) },
      ],
    });
    expect(await ask({ command: 'tend' })).toEqual({ results: [] });
  });
});
