import { beforeEach, describe, expect, test } from '@jest/globals';
import { handle as keep } from '../../handler/keeper/handle.ts';
import { noEvidence } from '../../repository/evidence/none.ts';
import { remoteAway } from '../../repository/home/remote-away.ts';
import {
  ArtifactError,
  contentOf,
  digestToBase64,
  establishDomain,
  formatArn,
  ownKeeper,
  publishVersion,
  sha256,
} from '../../repository/index.ts';
import type { ObjectStore } from '../../repository/index.ts';
import type { AskKeeper, KeeperCommand } from '../../repository/asking/command.ts';
import { answerOf } from '../../repository/asking/reply.ts';
import { blobKey } from '../../repository/keys.ts';
import type { MemoryObject } from '../../repository/stores/memory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import { keysIn } from '../support/keys-in.ts';
import type { Neighbour } from '../support/neighbours.ts';
import { FAR, neighbour, Roads } from '../support/neighbours.ts';
import type { Handled } from '../support/reference-function.ts';
import { answerTo, PLACE } from '../support/reference-function.ts';

/** Custom::ArtifactRef of what is at home in another account and region: the reference function, and the keeper that it asks, with JSON between them. */

const FILE = 'archive.zip';

let far: Neighbour;
let roads: Roads;
let store: ObjectStore;
let objects: Map<string, MemoryObject>;
let events: EventSource;
let asked: KeeperCommand[];
/** In the place of the keeper. */
let instead: ((command: KeeperCommand) => unknown) | undefined;

beforeEach(async () => {
  far = await neighbour(FAR);
  roads = new Roads(far.domain);
  objects = new Map();
  store = memoryStore(steadyChance().now, objects);
  await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance('here') }, PLACE);
  for (const text of ['x', 'y'])
    await publishVersion(far.domain, { repository: 'default', id: text }, publishable(text));
  events = new EventSource();
  asked = [];
  instead = undefined;
});

const keeperChance = steadyChance('keeper');

const ask: AskKeeper = async (command) => {
  asked.push(command);
  const event = JSON.parse(JSON.stringify(instead?.(command) ?? command)) as unknown;
  const reply = await keep(
    event,
    { requestId: 'r', qualifier: 'declaring', remaining: () => 60_000 },
    {
      connect: () => ({
        ...{ store, keeper: ownKeeper(store), chance: keeperChance, place: PLACE },
        ...{ evidence: noEvidence, homes: roads },
      }),
      log: () => undefined,
      now: () => new Date(),
    },
  );
  return answerOf(JSON.stringify(reply));
};

async function send(event: EventMembers): Promise<Handled & { readonly physicalId: string }> {
  const handled = await answerTo(store, event, { away: remoteAway(ask, PLACE) });
  return { ...handled, physicalId: handled.physicalId ?? '' };
}

function arnOf(text: string): string {
  return formatArn({ ...FAR, repository: 'default', id: text, version: 1, digest: sha256(text) });
}

const keyOf = (text: string): string => blobKey(sha256(text), FILE);
const uses = (text: string): EventMembers => ({ ArtifactArn: arnOf(text), Key: keyOf(text) });

async function references(at: ObjectStore): Promise<readonly string[]> {
  return (await keysIn(at, 'references/')).filter((key) => key.includes('/stack/'));
}

async function agree(count: number): Promise<void> {
  const own = await references(store);
  expect(own).toHaveLength(count);
  expect(await references(far.domain.store)).toEqual(own);
}

describe('a reference to what is at home elsewhere', () => {
  test('has the attributes of what stands here', async () => {
    const { succeeded, data, physicalId } = await send(events.create(uses('x')));
    expect(succeeded).toBe(true);
    expect(data).toEqual({
      ...{
        Arn: arnOf('x'),
        Bucket: PLACE.bucket,
        Key: keyOf('x'),
        ObjectVersion: objects.get(keyOf('x'))?.incarnation,
      },
      ...{ Uri: `s3://${PLACE.bucket}/${keyOf('x')}`, Url: `https://s3.test/${PLACE.bucket}/${keyOf('x')}` },
      ...{ Version: '1', Digest: sha256('x'), CodeSha256: digestToBase64(sha256('x')), Size: '1' },
    });
    expect(physicalId).toMatch(new RegExp(`^${arnOf('x')}/`));
    expect(objects.get(keyOf('x'))?.bytes.toString()).toBe('x');
    await agree(1);
  });

  test.each([
    ['a version', formatArn({ ...FAR, repository: 'default', id: 'x', version: 1 }), undefined],
    [
      'a version, with the key of the template',
      formatArn({ ...FAR, repository: 'default', id: 'x', version: 1 }),
      keyOf('x'),
    ],
    ['what it is', formatArn({ ...FAR, repository: 'default', id: 'x', digest: sha256('x') }), undefined],
  ])('may name %s', async (_what, arn, key) => {
    const { data } = await send(events.create({ ArtifactArn: arn, ...(key !== undefined && { Key: key }) }));
    expect(data).toMatchObject({ Bucket: PLACE.bucket, Key: keyOf('x') });
    await agree(1);
  });

  test('is refused where the template uses another key', async () => {
    const version = formatArn({ ...FAR, repository: 'default', id: 'x', version: 1 });
    const { succeeded, reason } = await send(events.create({ ArtifactArn: version, Key: keyOf('y') }));
    expect({ succeeded, reason }).toEqual({
      succeeded: false,
      reason: expect.stringContaining(`uses the key '${keyOf('y')}'`),
    });
  });

  test('lives as all others: an update, its way back, and its end', async () => {
    const { physicalId: first } = await send(events.create(uses('x')));
    const { physicalId: second } = await send(events.update(first, uses('y'), uses('x')));
    expect(second).not.toBe(first);
    await agree(2);
    const { physicalId: back } = await send(events.update(second, uses('x'), uses('y')));
    expect(back).toBe(first);
    await send(events.remove(second));
    await agree(1);
    for (let delivery = 0; delivery < 2; delivery++) expect((await send(events.remove(first))).succeeded).toBe(true);
    await agree(0);
  });

  test('is one of many, some of which are at home here', async () => {
    const place = { ...PLACE };
    const domain = { ...place, store, keeper: ownKeeper(store), chance: steadyChance('publisher') };
    const own = await publishVersion(domain, { repository: 'default', id: 'own' }, publishable('own'));
    const many = [uses('x'), { ArtifactArn: formatArn(own.arn), Key: own.key }, uses('y')];
    const ArtifactArns = many.map(({ ArtifactArn: Arn, Key }) => ({ Arn, Key }));
    const { succeeded, data } = await send(events.create({ ArtifactArns }));
    expect({ succeeded, data }).toEqual({ succeeded: true, data: { Bucket: PLACE.bucket } });
    expect(await references(store)).toHaveLength(3);
    expect(await references(far.domain.store)).toHaveLength(2);
  });

  test('needs nothing from home when the content is here', async () => {
    await store.create(blobKey(sha256('x'), FILE), contentOf('x'));
    roads.close();
    const { succeeded, physicalId } = await send(events.create(uses('x')));
    expect(succeeded).toBe(true);
    expect(asked.map(({ command }) => command)).toEqual(['tell']);
    expect(await references(far.domain.store)).toEqual([]);
    roads.open();
    expect((await send(events.update(physicalId, uses('x'), uses('x')))).physicalId).toBe(physicalId);
    await agree(1);
  });
});

describe('a failure on the way to home', () => {
  test.each<[string, ArtifactError['code'], RegExp]>([
    ['that does not answer', 'STORE_UNAVAILABLE', /does not answer: told by the test\. Deploy again\./],
    [
      'that shares nothing with this account',
      'ACCESS_DENIED',
      /lets nobody here read it: .* Share it there: cfn-artifacts share default\/x /,
    ],
    ['that somebody else has registered', 'WRONG_OWNER', /has a bucket that does not belong to account 444455556666/],
    ['that is not there', 'BUCKET_NOT_FOUND', /is not there: .* Is the ARN right\?/],
  ])('%s is told clearly, and the next deploy succeeds', async (_what, code, reason) => {
    roads.close(code, 'told by the test');
    const create = events.create(uses('x'));
    const failed = await send(create);
    expect(failed).toMatchObject({ succeeded: false, reason: expect.stringMatching(reason) });
    expect(failed.reason).toContain(FAR.account);
    expect(failed.reason).toContain(FAR.region);
    expect(failed.reason).not.toContain('role of the reference function');
    // As CloudFormation does.
    expect((await send(events.remove(failed.physicalId))).succeeded).toBe(true);
    expect(await references(store)).toEqual([]);
    roads.open();
    expect((await send(events.create(uses('x')))).succeeded).toBe(true);
    await agree(1);
  });

  test('of a keeper that is not there is told', async () => {
    instead = () => {
      throw new ArtifactError('DOMAIN_NOT_FOUND', "the domain has no keeper: there is no function 'k'", {
        remedy: 'Run: cfn-artifacts bootstrap',
      });
    };
    expect(await send(events.create(uses('x')))).toMatchObject({
      succeeded: false,
      reason: expect.stringContaining(
        "the domain has no keeper: there is no function 'k'. Run: cfn-artifacts bootstrap",
      ),
    });
  });

  test('of a keeper that is older, and does not know what is asked of it, is told', async () => {
    instead = ({ command, ...more }) => ({ command: `${command}-of-tomorrow`, ...more });
    const { succeeded, reason } = await send(events.create(uses('x')));
    expect(succeeded).toBe(false);
    expect(reason).toMatch(
      /the keeper has no command 'fetch-of-tomorrow'; .* update the keeper with 'cfn-artifacts bootstrap'\./,
    );
    // What is here needs no keeper that knows it, and what it can't tell is told when it can.
    await store.create(blobKey(sha256('x'), FILE), contentOf('x'));
    expect((await send(events.create(uses('x')))).succeeded).toBe(true);
  });

  test('of a domain at home that is newer is told', async () => {
    const { bytes } = far.objects.get('domain') ?? { bytes: Buffer.from('{}') };
    const newer = { ...(JSON.parse(bytes.toString()) as object), format: 99 };
    await far.domain.store.overwrite('domain' as never, contentOf(JSON.stringify(newer)));
    const { succeeded, reason } = await send(events.create(uses('x')));
    expect({ succeeded, reason }).toEqual({
      succeeded: false,
      reason: expect.stringMatching(/is not understood: .*update the keeper here/),
    });
  });

  test('of bytes that are wrong there leaves nothing of them here', async () => {
    const object = far.objects.get(keyOf('x'));
    if (object !== undefined) far.objects.set(keyOf('x'), { ...object, bytes: Buffer.from('z') });
    const { succeeded, reason } = await send(events.create(uses('x')));
    expect({ succeeded, reason }).toEqual({ succeeded: false, reason: expect.stringContaining('is damaged at home') });
    expect(objects.has(keyOf('x'))).toBe(false);
  });
});

test('fifty that ask at once cause one copy', async () => {
  const stacks = Array.from({ length: 50 }, (_, index) =>
    new EventSource({
      stackId: `arn:aws:cloudformation:us-east-1:111122223333:stack/shop${index}/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1`,
    }).create(uses('x')),
  );
  const answers = await Promise.all(stacks.map(send));
  expect(answers.filter(({ succeeded }) => succeeded)).toHaveLength(50);
  expect(roads.asked.filter((one) => one === `read ${keyOf('x')}`)).toHaveLength(1);
  await agree(50);
});
