import { beforeEach, describe, expect, test } from '@jest/globals';
import { generationOf } from '../../repository/physical-id.ts';
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
import type { Deletion, Digest, Domain, ObjectKey, ObjectStore, Publication } from '../../repository/index.ts';
import { readBindingRecord } from '../../repository/binding.ts';
import { readDeletion } from '../../repository/deletion.ts';
import { remoteKeeper } from '../../repository/asking/ask.ts';
import { invocationProblem } from '../../repository/asking/invocation.ts';
import { blobKey, deletionKey, statusKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource, STACK_ID } from '../support/custom-resource-event.ts';
import { publishable } from '../support/domain.ts';
import type { FunctionSettings, Handled } from '../support/reference-function.ts';
import { answerTo, PLACE } from '../support/reference-function.ts';

let store: ObjectStore;
let domain: Domain;
let events: EventSource;
let a: Publication;
let b: Publication;

beforeEach(async () => {
  store = memoryStore(steadyChance().now);
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, PLACE);
  events = new EventSource();
  a = await publish('a');
  b = await publish('b');
});

function publish(id: string, text = `content of ${id}`): Promise<Publication> {
  return publishVersion(domain, { repository: 'default', id }, publishable(text));
}

function properties({ arn, key }: Publication): EventMembers {
  return { ArtifactArn: formatArn(arn), Key: key };
}

function answer(event: EventMembers, settings?: FunctionSettings): Promise<Handled> {
  return answerTo(store, event, settings);
}

/** What uses content, by its digest's first letters: the stacks' records alone. */
async function references(digest: Digest): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`references/${digest}/stack/`)) keys.push(key);
  return keys;
}

async function created(one: Publication): Promise<string> {
  const { succeeded, physicalId = '', reason } = await answer(events.create(properties(one)));
  expect({ succeeded, reason }).toEqual({ succeeded: true, reason: '' });
  return physicalId;
}

describe('Create', () => {
  test('records the use, and hands everything out', async () => {
    const event = events.create(properties(a));
    const { succeeded, physicalId, data } = await answer(event);
    expect(succeeded).toBe(true);
    expect(physicalId).toBe(`${formatArn(a.arn)}/${String(event['RequestId'])}`);
    const head = await store.head(a.key);
    expect(data).toEqual({
      Arn: formatArn(a.arn),
      Bucket: 'artifacts',
      Key: a.key,
      ObjectVersion: head?.version ?? '',
      Uri: `s3://artifacts/${a.key}`,
      Url: `https://s3.test/artifacts/${a.key}`,
      Version: '1',
      Digest: a.arn.digest,
      CodeSha256: digestToBase64(a.arn.digest),
      Size: '12',
    });
    expect(await references(a.arn.digest)).toEqual([
      `references/${a.arn.digest}/stack/111122223333/us-east-1/shop/${STACK_ID.split('/')[2] ?? ''}/ApiArtifact/${String(event['RequestId'])}`,
    ]);
  });

  test('takes the ARN of a version, and hands out the definite one', async () => {
    const { digest, ...version } = a.arn;
    const { data, physicalId } = await answer(events.create({ ArtifactArn: formatArn(version) }));
    expect(data).toMatchObject({ Arn: formatArn(a.arn), Digest: digest });
    expect(physicalId?.startsWith(`${formatArn(a.arn)}/`)).toBe(true);
  });

  test('takes the ARN of an asset', async () => {
    const { digest, ...version } = a.arn;
    const { data } = await answer(events.create({ ArtifactArn: formatArn({ ...version, asset: 'archive.zip' }) }));
    expect(data).toMatchObject({ Arn: formatArn(a.arn), Digest: digest });
    const { reason } = await answer(events.create({ ArtifactArn: formatArn({ ...version, asset: 'other' }) }));
    expect(reason).toContain("has no asset 'other', only 'archive.zip'");
  });

  test('takes the ARN of content, with the key or without', async () => {
    const { version, ...content } = a.arn;
    const ArtifactArn = formatArn(content);
    for (const more of [{}, { Key: a.key }]) {
      const { data } = await answer(events.create({ ArtifactArn, ...more }));
      expect(data).toMatchObject({ Arn: ArtifactArn, Key: a.key, Version: '', Size: '12' });
    }
    expect(version).toBe(1);
  });

  test('of content under several names takes the one that the key means, else the artifact’s own', async () => {
    const file = await publishVersion(
      domain,
      { repository: 'default', id: 'z' },
      publishable('content of a', 'file', '0.txt'),
    );
    const { version, ...content } = a.arn;
    const ArtifactArn = formatArn(content);
    expect((await answer(events.create({ ArtifactArn, Key: file.key }))).data).toMatchObject({ Key: file.key });
    expect((await answer(events.create({ ArtifactArn }))).data).toMatchObject({ Key: a.key });
    expect(version).toBe(1);
  });

  test('of many hands out the bucket', async () => {
    const event = events.create({
      ArtifactArns: [{ Arn: formatArn(a.arn), Key: a.key, ResolvedFrom: 'default/a^prod' }, formatArn(b.arn)],
    });
    const { data, physicalId } = await answer(event);
    expect(data).toEqual({ Bucket: 'artifacts' });
    expect(physicalId).toBe(`artifacts/${String(event['RequestId'])}`);
    expect([await references(a.arn.digest), await references(b.arn.digest)].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
  });

  test('comes again and says the same', async () => {
    const event = events.create(properties(a));
    expect((await answer(event)).sent).toEqual((await answer(event)).sent);
    expect(await references(a.arn.digest)).toHaveLength(1);
  });

  test.each<[string, () => EventMembers, number]>([
    ['definite', () => properties(a), 9],
    ['of a version', () => ({ ArtifactArn: formatArn(a.arn).replace(/@.*/, '') }), 9],
    ['of content, with its key', () => ({ ArtifactArn: formatArn(a.arn).replace(':1@', '@'), Key: a.key }), 7],
    ['of content', () => ({ ArtifactArn: formatArn(a.arn).replace(':1@', '@') }), 8],
  ])('takes few requests: an ARN %s', async (_, wanted, requests) => {
    let count = 0;
    await answerTo(
      counting(store, () => count++),
      events.create(wanted()),
    );
    expect(count).toBe(requests);
  });

  test('after its Delete leaves nothing behind', async () => {
    const event = events.create(properties(a));
    await answer(events.remove('shop-ApiArtifact-1A2B3C4D5E6F'));
    const { succeeded, reason } = await answer(event);
    expect(succeeded).toBe(false);
    expect(reason).toContain('Deploy again.');
    expect(await references(a.arn.digest)).toEqual([]);
  });
});

describe('Update', () => {
  test('to another artifact has another ID and releases nothing', async () => {
    const before = await created(a);
    const event = events.update(before, properties(b), properties(a));
    const { succeeded, physicalId, data } = await answer(event);
    expect({ succeeded, physicalId }).toEqual({
      succeeded: true,
      physicalId: `${formatArn(b.arn)}/${String(event['RequestId'])}`,
    });
    expect(data).toMatchObject({ Arn: formatArn(b.arn), Size: '12' });
    expect([await references(a.arn.digest), await references(b.arn.digest)].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
  });

  test('to the same keeps its ID and heals a record that was lost', async () => {
    const before = await created(a);
    const update = (): Promise<Handled> => answer(events.update(before, properties(a), properties(a)));
    expect(await update()).toMatchObject({ succeeded: true, physicalId: before, data: { Key: a.key } });
    for (const key of await references(a.arn.digest)) {
      const head = await store.head(key as ObjectKey);
      if (head !== undefined) await store.removeIncarnation(key as ObjectKey, head.incarnation);
    }
    expect(await update()).toMatchObject({ succeeded: true, physicalId: before });
    expect(await references(a.arn.digest)).toHaveLength(1);
  });

  test.each(['the new', 'the old'])(
    'that is rolled back from %s ID goes back to the binding that was there',
    async (id) => {
      const before = await created(a);
      const { physicalId: after = '' } = await answer(events.update(before, properties(b), properties(a)));
      const rollback = events.update(id === 'the new' ? after : before, properties(a), properties(b));
      expect(await answer(rollback)).toMatchObject({ succeeded: true, physicalId: before });
      expect(await answer(events.remove(after))).toMatchObject({ succeeded: true, physicalId: after });
      expect([await references(a.arn.digest), await references(b.arn.digest)].map(({ length }) => length)).toEqual([
        1, 0,
      ]);
    },
  );

  test('that fails before it wrote anything has the old ID', async () => {
    const before = await created(a);
    const wrong = { ArtifactArn: formatArn(b.arn), Key: a.key };
    expect(await answer(events.update(before, wrong, properties(a)))).toMatchObject({
      succeeded: false,
      physicalId: before,
    });
  });

  test('that fails after it wrote has the new ID, and its Delete removes what it wrote', async () => {
    const before = await created(a);
    await store.create(statusKey(b.arn, 1), recordContent({ status: 'Archived' }));
    const { succeeded, reason, physicalId = '' } = await answer(events.update(before, properties(b), properties(a)));
    expect({ succeeded, reason: reason.includes('is archived and takes no new references') }).toEqual({
      succeeded: false,
      reason: true,
    });
    expect(physicalId).not.toBe(before);
    expect(await references(b.arn.digest)).toHaveLength(1);
    await answer(events.remove(physicalId));
    expect([await references(a.arn.digest), await references(b.arn.digest)].map(({ length }) => length)).toEqual([
      1, 0,
    ]);
  });

  test('from properties of another time is one to something else', async () => {
    const before = await created(a);
    const event = events.update(before, properties(b), { Bundle: 'old', Shape: ['1'] });
    expect(await answer(event)).toMatchObject({ succeeded: true });
    expect(await references(b.arn.digest)).toHaveLength(1);
  });
});

describe('Delete', () => {
  test('removes what its ID names, and is content with nothing', async () => {
    const id = await created(a);
    for (let turn = 0; turn < 2; turn++) {
      expect(await answer(events.remove(id))).toMatchObject({ succeeded: true, physicalId: id });
      expect(await references(a.arn.digest)).toEqual([]);
    }
  });

  test('never fails for its properties', async () => {
    const id = await created(a);
    const broken = { ArtifactArn: { not: 'an ARN' }, ArtifactArns: '?', Unknown: ['x'] };
    expect(await answer(events.remove(id, broken))).toMatchObject({ succeeded: true });
    expect(await answer({ ...events.remove(id), ResourceProperties: null })).toMatchObject({ succeeded: true });
  });

  test('with an invented ID removes whatever the resource has', async () => {
    await created(a);
    await created(b);
    const id = 'shop-ApiArtifact-1A2B3C4D5E6F';
    expect(await answer(events.remove(id))).toMatchObject({ succeeded: true, physicalId: id });
    expect([...(await references(a.arn.digest)), ...(await references(b.arn.digest))]).toEqual([]);
  });

  test.each([
    'shop-Other-1A2B3C4D5E6F',
    '2026/01/01/[$LATEST]00000000000000000000000000000000',
    'anything',
    'artifacts/more/of-this',
  ])("with '%s' removes nothing", async (id) => {
    await created(a);
    expect(await answer(events.remove(id))).toMatchObject({ succeeded: true, physicalId: id });
    expect(await references(a.arn.digest)).toHaveLength(1);
  });

  test('of a failed Create removes what that wrote', async () => {
    await store.create(statusKey(a.arn, 1), recordContent({ status: 'Deleted' }));
    const { succeeded, physicalId = '' } = await answer(events.create(properties(a)));
    expect(succeeded).toBe(false);
    expect(await references(a.arn.digest)).toHaveLength(1);
    await answer(events.remove(physicalId));
    expect(await references(a.arn.digest)).toEqual([]);
  });

  test('of a failed Create that wrote nothing', async () => {
    const { succeeded, physicalId = '' } = await answer(events.create({ ArtifactArn: 'x' }));
    expect({ succeeded, isOurs: generationOf(physicalId) !== undefined }).toEqual({ succeeded: false, isOurs: true });
    expect(await answer(events.remove(physicalId))).toMatchObject({ succeeded: true });
  });

  test.each(['ACCESS_DENIED', 'STORE_UNAVAILABLE'] as const)(
    'that is refused (%s) fails, and leaves what it was for',
    async (code) => {
      const id = await created(a);
      const removeRevision = async (): Promise<never> => {
        throw new ArtifactError(code, 'not now');
      };
      const { succeeded, reason, physicalId } = await answerTo({ ...store, removeRevision }, events.remove(id));
      expect({ succeeded, reason, physicalId }).toEqual({
        ...{ succeeded: false, physicalId: id },
        reason: expect.stringMatching(/Message returned: not now\. .*eploy again\. /),
      });
      expect(await references(a.arn.digest)).toHaveLength(1);
    },
  );

  test('removes records that a newer version has written', async () => {
    const id = await created(a);
    for (const prefix of [`references/${a.arn.digest}/stack/`, 'consumers/']) {
      for await (const { key } of store.list(prefix)) {
        const stored = await readBindingRecord(store, key);
        if (stored === undefined) throw new Error('no record');
        const newer = { ...stored.value, format: stored.value.format + 1, more: { than: ['is known'] } };
        expect(await store.replace(key, recordContent(newer), stored.revision)).toBe('replaced');
      }
    }
    expect(await answer(events.remove(id))).toMatchObject({ succeeded: true });
    expect(await references(a.arn.digest)).toEqual([]);
    for await (const { key } of store.list('consumers/')) throw new Error(key);
  });

  test('succeeds where the bucket is gone, and the domain with it', async () => {
    const gone = async (): Promise<never> => {
      throw Object.assign(new Error('there is no bucket'), { code: 'BUCKET_NOT_FOUND' });
    };
    const nothing = { ...store, read: gone, create: gone };
    const event = events.remove('artifacts/some-generation');
    expect(await answerTo(nothing, event)).toMatchObject({ succeeded: true });
  });
});

describe('says what is wrong and what to do', () => {
  const arnOf = (id: string, changes: object = {}): string => formatArn({ ...a.arn, id, ...changes });

  test.each<[string, () => EventMembers, readonly string[]]>([
    ['no such artifact', () => ({ ArtifactArn: arnOf('aa') }), ["no artifact 'default/aa'", 'default/a']],
    ['no such version', () => ({ ArtifactArn: arnOf('a', { version: 7 }) }), ['has no version 7', 'only version is 1']],
    ['another digest', () => ({ ArtifactArn: arnOf('a', { digest: b.arn.digest }) }), ['is not sha256:', 'drop one']],
    ['a malformed ARN', () => ({ ArtifactArn: 'arn:aws:artifacts:x' }), ['no artifact ARN', 'An artifact ARN is']],
    ['an artifact', () => ({ ArtifactArn: arnOf('a').replace(/:1@.*/, '') }), ['none of its versions', ':VERSION']],
    ['another region', () => ({ ArtifactArn: arnOf('a', { region: 'eu-west-1' }) }), ['another domain', 'package']],
    [
      'another account',
      () => ({ ArtifactArn: arnOf('a', { account: '999999999999' }) }),
      ['another domain', 'package'],
    ],
    [
      'another key',
      () => ({ ArtifactArn: arnOf('a'), Key: b.key }),
      ['uses the key', 'arn:aws:artifacts:us-east-1', 'Package the template again'],
    ],
    [
      'content that is not there',
      () => ({ ArtifactArn: arnOf('a').replace(/:1@.*/, `@sha256:${'0'.repeat(64)}`) }),
      ['no content', 'publish'],
    ],
    [
      'two of many',
      () => ({ ArtifactArns: [arnOf('no'), arnOf('a'), arnOf('nor')] }),
      ["'default/no'", "'default/nor'"],
    ],
  ])('%s', async (_, wanted, words) => {
    const { succeeded, reason } = await answer(events.create(wanted()));
    expect(succeeded).toBe(false);
    for (const word of words) expect(reason).toContain(word);
    expect(await references(a.arn.digest)).toEqual([]);
  });

  test('a version that somebody is deleting: what helps is to try again', async () => {
    await store.create(statusKey(a.arn, 1), recordContent({ status: 'Deleting' }));
    const { succeeded, reason } = await answer(events.create(properties(a)));
    expect(succeeded).toBe(false);
    expect(reason).toMatch(/is just being deleted and takes no new references\. Try again: /);
    expect(reason).not.toContain('Package again');
  });

  test.each(['Archived', 'Disposed', 'Deleted'])('a version that is %s', async (status) => {
    await store.create(statusKey(a.arn, 1), recordContent({ status }));
    const { succeeded, reason } = await answer(events.create(properties(a)));
    expect(succeeded).toBe(false);
    expect(reason).toContain(`is ${status.toLowerCase()} and takes no new references. Package again`);
  });

  test('content that is gone', async () => {
    const head = await store.head(a.key);
    if (head !== undefined) await store.removeIncarnation(a.key, head.incarnation);
    const { succeeded, reason } = await answer(events.create(properties(a)));
    expect(succeeded).toBe(false);
    expect(reason).toMatch(/is not in the store\. .*package the same bytes again/);
  });

  test('a store that is no domain, or another one’s copy', async () => {
    const empty = await answerTo(memoryStore(steadyChance().now), events.create(properties(a)));
    expect(empty.reason).toContain("'artifacts' is no domain of artifacts yet. Run 'cfn-artifacts bootstrap'");
    const copy = await answer(events.create(properties(a)), { place: { ...PLACE, bucket: 'copy' } });
    expect(copy.reason).toContain("Run 'cfn-artifacts bootstrap'");
  });

  test('a defect, with its stack in the log and not in the reason', async () => {
    const broken = { ...store, read: () => Promise.reject(new TypeError('x is undefined')) };
    const { reason, log } = await answerTo(broken, events.create(properties(a)));
    expect(reason).toContain('The reference function failed: TypeError: x is undefined.');
    expect(log['Stack']).toContain('reference.test.ts');
  });

  test('malformed events, whatever can be echoed', async () => {
    const event = { ...events.create(properties(a)), RequestType: 'Destroy' };
    expect((await answer(event)).reason).toContain('RequestType that is none: \'"Destroy"\'');
    const { sent } = await answer({ ...event, RequestType: 'Delete', StackId: 7, LogicalResourceId: undefined });
    expect(sent).toMatchObject({ Status: 'FAILED', StackId: '', LogicalResourceId: '' });
  });

  test('an event without an address is an error of the function', async () => {
    await expect(answer({})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('content that is about to be deleted', () => {
  async function condemn(state: Deletion['state']): Promise<void> {
    const head = await store.head(a.key);
    if (head === undefined) throw new Error('no blob');
    const deletion: Deletion = {
      state,
      nonce: 'n',
      incarnations: [{ key: a.key, incarnation: head.incarnation }],
      since: '',
    };
    await store.create(deletionKey(a.arn.digest), recordContent(deletion));
  }

  test('is kept by the keeper', async () => {
    await condemn('condemned');
    const commands: unknown[] = [];
    const keeper = remoteKeeper(async (command) => {
      commands.push(command);
      await ownKeeper(store).cancel(a.arn.digest);
      return { results: [] };
    });
    expect(await answer(events.create(properties(a)), { keeper })).toMatchObject({ succeeded: true });
    expect(commands).toEqual([{ command: 'cancel', digest: a.arn.digest }]);
    expect((await readDeletion(store, a.arn.digest))?.value.state).toBe('cancelled');
  });

  test('is a failure where there is no keeper', async () => {
    await condemn('condemned');
    const refusal = Object.assign(new Error('Function not found'), { name: 'ResourceNotFoundException' });
    const keeper = remoteKeeper(async () => {
      throw invocationProblem(refusal, 'keeper');
    });
    const { succeeded, reason } = await answer(events.create(properties(a)), { keeper });
    expect(succeeded).toBe(false);
    expect(reason).toContain("the domain has no keeper: there is no function 'keeper'. Run 'cfn-artifacts bootstrap'");
  });

  test('is a failure once that is decided, and the deletion is left to others', async () => {
    await condemn('deleting');
    const keeper = remoteKeeper(() => Promise.reject(new Error('is not asked')));
    const { succeeded, reason } = await answer(events.create(properties(a)), { keeper });
    expect(succeeded).toBe(false);
    expect(reason).toContain('is being deleted. Package it again.');
    expect((await readDeletion(store, a.arn.digest))?.value.state).toBe('deleting');
  });

  test('and stored damaged, is no content', async () => {
    const key = blobKey(sha256('content of c'), 'archive.zip');
    const c = await publish('c');
    const head = await store.head(key);
    if (head !== undefined) await store.replace(key, contentOf('cut'), head.revision);
    const { reason } = await answer(events.create(properties(c)));
    expect(reason).toContain('is damaged');
  });
});

describe('the domain’s own resource', () => {
  const own = (event: EventMembers): EventMembers => ({ ...event, ResourceType: 'Custom::ArtifactDomain' });

  test('writes the descriptor, once, and leaves it', async () => {
    const empty = memoryStore(steadyChance().now);
    for (let turn = 0; turn < 2; turn++) {
      const { succeeded, physicalId } = await answerTo(empty, own(events.create({ Bucket: 'artifacts' })));
      expect({ succeeded, physicalId }).toEqual({ succeeded: true, physicalId: 'domain' });
    }
    expect(await answerTo(empty, own(events.remove('domain')))).toMatchObject({ succeeded: true });
    expect(await empty.head('domain' as ObjectKey)).toBeDefined();
  });

  test('waits for rights that were given a moment ago, and not for ever', async () => {
    const empty = memoryStore(steadyChance().now);
    let refusals = 5;
    const lateRights: ObjectStore = {
      ...empty,
      read: (key) => {
        if (refusals-- > 0) throw new ArtifactError('ACCESS_DENIED', 'not yet');
        return empty.read(key);
      },
    };
    expect(await answerTo(lateRights, own(events.create({ Bucket: 'artifacts' })))).toMatchObject({ succeeded: true });
    refusals = Infinity;
    expect(await answerTo(lateRights, own(events.create({})))).toMatchObject({ succeeded: false });
  });

  test('refuses the bucket of another domain', async () => {
    const place = { ...PLACE, account: '999999999999' };
    expect(await answer(own(events.create({})), { place })).toMatchObject({ succeeded: false });
  });
});

describe('time', () => {
  test('that runs out is told, and what is under way is ended', async () => {
    let aborted = false;
    const stuck = (signal: AbortSignal): ObjectStore => ({
      ...store,
      read: () =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        }),
    });
    const event = events.create(properties(a));
    const { succeeded, reason, physicalId } = await answerTo(stuck, event, { time: 2100 });
    expect({ succeeded, reason: reason.includes('timed out. Deploy again.') }).toEqual({
      succeeded: false,
      reason: true,
    });
    expect(physicalId).toBe(`artifacts/${String(event['RequestId'])}`);
    expect(aborted).toBe(true);
  });
});

describe('the log', () => {
  test('is one line that says what happened, with metrics, and without the URL', async () => {
    const event = events.create(properties(a));
    const { line, log, physicalId } = await answer(event);
    expect(line).not.toContain('\n');
    expect(log).toMatchObject({
      ...{ RequestType: 'Create', RequestId: event['RequestId'], StackId: STACK_ID, LogicalResourceId: 'ApiArtifact' },
      ...{ PhysicalResourceId: physicalId, Outcome: 'SUCCESS', Answered: true },
      ...{ BindingsAdded: 1, BindingsRemoved: 0, Failures: 0 },
    });
    const { CloudWatchMetrics: metrics } = log['_aws'] as { CloudWatchMetrics: [{ Metrics: { Name: string }[] }] };
    for (const { Name } of metrics[0].Metrics) expect(typeof log[Name]).toBe('number');
    const removed = await answer(events.remove(physicalId ?? ''));
    expect(removed.log).toMatchObject({ BindingsAdded: 0, BindingsRemoved: 1 });
    for (const text of [line, removed.line]) expect(text).not.toMatch(/X-Amz-Signature|5ec4e7/);
  });

  test('tells that nobody could be told; then the event is an error, and Lambda delivers it again', async () => {
    const lines: string[] = [];
    const put = (): Promise<void> => Promise.reject(new Error('503'));
    const event = events.create(properties(a));
    await expect(answer(event, { put, log: (line) => lines.push(line) })).rejects.toThrow('503');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { Outcome: 'SUCCESS', Answered: false, Failures: 1 },
    ]);
    expect(await answer(event)).toMatchObject({ succeeded: true });
  });

  test('has no URL even where an error tells it', async () => {
    const event = events.create(properties(a));
    const telling = { ...store, read: () => Promise.reject(new Error(`failed: ${String(event['ResponseURL'])}`)) };
    const { line, log } = await answerTo(telling, event);
    expect(line).not.toContain('5ec4e7');
    expect(log).toMatchObject({ Outcome: 'FAILED', Failures: 1, BindingsAdded: 0 });
  });
});
