import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { bundleReference, packed } from '../../handler/build.mjs';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Publication } from '../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { steadyChance } from '../support/chance.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import { EventBusServer } from '../support/event-bus.ts';
import { problemsOf } from '../support/event-schemas.ts';
import { runFunction } from '../support/function-process.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { nodes, THIS_NODE } from '../support/node-versions.ts';
import { PLACE } from '../support/reference-function.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { AnswerServer } from '../support/stack-engine/answer-server.ts';
import { ownCertificate } from '../support/stack-engine/certificate.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Both functions as they are built, with the SDK where Lambda has it. */

describe.each([THIS_NODE, ...nodes(24)])('as built, on $name$skipped', ({ program, test: run }) => {
  let server: S3Server;
  let client: S3Client;
  let bus: EventBusServer;
  let env: Readonly<Record<string, string>>;
  let published: Publication;
  let keeper: KeeperProcess | undefined;

  beforeEach(async () => {
    server = await startS3Server();
    server.createBucket(PLACE.bucket, { versioning: 'Enabled' });
    client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
    bus = new EventBusServer();
    const store = s3Store({ client, bucket: PLACE.bucket });
    const domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
    published = await publishVersion(domain, { repository: 'default', id: 'shop/api' }, publishable('x'));
    const { credentials } = server.clientConfig();
    env = {
      ...{ BUCKET: PLACE.bucket, ACCOUNT: PLACE.account, PARTITION: PLACE.partition, AWS_REGION: PLACE.region },
      ...{ EVENT_BUS: 'default', AWS_ENDPOINT_URL_EVENTBRIDGE: await bus.listen() },
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
  });

  afterEach(async () => {
    await keeper?.stop();
    keeper = undefined;
    client.destroy();
    await bus.close();
    await server.close();
  });

  /** Each as its schema says. */
  function told(): readonly string[] {
    return bus.events.map(({ detailType, ...event }) => {
      expect(problemsOf({ ...delivered(event), 'detail-type': detailType })).toEqual([]);
      return detailType;
    });
  }

  const delivered = ({ source, resources, detail }: Omit<EventBusServer['events'][number], 'detailType'>) => ({
    ...{ source, resources, detail },
  });

  run('the reference function announces', async () => {
    const answers = new AnswerServer(ownCertificate(), async () => ({ status: 200 }));
    const events = new EventSource({ base: await answers.listen() });
    const file = path.join(await temporaryFolder(), 'index.js');
    writeFileSync(file, packed((await bundleReference()).text));
    const create = events.create({ ArtifactArn: formatArn(published.arn) });
    const physicalId = `${formatArn(published.arn)}/${String(create['RequestId'])}`;
    const ended = await runFunction({ program, file, env }, [create, events.remove(physicalId)]);
    await answers.close();
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).not.toContain('EventsNotAnnounced');
    expect(told()).toEqual(['Artifact Reference Added', 'Artifact Reference Removed']);
  });

  run('the keeper announces, and answers where it can not', async () => {
    keeper = await KeeperProcess.start(env, program);
    const name = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper`;
    const arn = formatArn(published.arn);
    bus.refuse = () => ({ code: 'AccessDeniedException', status: 403 });
    for (const command of ['reference-add', 'reference-remove']) {
      const { payload, failed } = await keeper.invoke({ command, arn, consumer: 'job' }, name);
      expect([failed, JSON.parse(payload)]).toMatchObject([undefined, { results: [{ consumer: 'job' }] }]);
    }
    const lost = keeper.log.filter((line) => 'EventsNotAnnounced' in line);
    expect(lost).toMatchObject([{ EventsNotAnnounced: 1 }, { EventsNotAnnounced: 1 }]);
    expect(lost[0]).toMatchObject({ Reason: expect.stringContaining('AccessDenied') });
    bus.refuse = () => undefined;
    const command = { command: 'delete', arn, dryRun: false, now: true };
    expect(JSON.parse((await keeper.invoke(command, name)).payload)).toMatchObject({
      results: [{ outcome: 'deleted' }],
    });
    expect(told()).toEqual(['Artifact Version Deleted', 'Artifact Condemned', 'Artifact Deleted']);
    expect(bus.events[0]).toMatchObject({ detail: { cause: { command: 'delete', requestId: 'request-3' } } });
    expect(keeper.stderr).toBe('');
  });
});
