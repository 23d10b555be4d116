import { beforeEach, describe, expect, test } from '@jest/globals';
import { contentOf, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { condemn, isNeeded } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { ownKeeper, readDeletion } from '../../../repository/deletion.ts';
import { blobKey, deletionKey, referencesPrefix } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { recordContent } from '../../../repository/record.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { publishable, testDomain } from '../../support/domain.ts';

const DIGEST = sha256('x');
const BLOB = blobKey(DIGEST, 'file.txt');

let domain: Domain;
/** By the store's clock. */
let today: Date;

beforeEach(async () => {
  today = new Date('2026-01-01T00:00:00Z');
  domain = await testDomain(memoryStore(() => today));
});

const isThere = async (): Promise<boolean> => (await domain.store.head(BLOB)) !== undefined;
const stateOf = async (): Promise<unknown> => (await readDeletion(domain.store, DIGEST))?.value.state;
const somebody = objectKey(`${referencesPrefix(DIGEST)}stack/somebody`);

describe('condemning', () => {
  test('content that nothing needs is in quarantine, with all that stands there, and stays', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    await domain.store.create(blobKey(DIGEST, 'other.txt'), contentOf('x'));
    expect(await condemn(domain, DIGEST)).toMatchObject({ outcome: 'condemned' });
    const deletion = await readDeletion(domain.store, DIGEST);
    expect(deletion?.value.incarnations.map(({ key }) => key)).toEqual([BLOB, blobKey(DIGEST, 'other.txt')]);
    expect(await isThere()).toBe(true);
  });

  test('content that a version holds is needed', async () => {
    await publishVersion(domain, { repository: 'default', id: 'a' }, publishable('x', 'file'));
    expect(await isNeeded(domain.store, DIGEST)).toBe(true);
    expect(await condemn(domain, DIGEST)).toEqual({ outcome: 'needed' });
    expect(await stateOf()).toBeUndefined();
  });

  test('there is nothing to condemn where there is no content', async () => {
    expect(await condemn(domain, DIGEST)).toEqual({ outcome: 'absent' });
    expect(await stateOf()).toBeUndefined();
  });

  test('what was condemned before stays as it was', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    await condemn(domain, DIGEST);
    const before = await readDeletion(domain.store, DIGEST);
    expect(await condemn(domain, DIGEST)).toEqual({ outcome: 'already', state: 'condemned' });
    expect(await readDeletion(domain.store, DIGEST)).toEqual(before);
  });

  test('a deletion that is decided is left to who completes it', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    await domain.store.create(
      deletionKey(DIGEST),
      recordContent({ state: 'deleting', nonce: 'n', incarnations: [], since: '' }),
    );
    expect(await condemn(domain, DIGEST)).toEqual({ outcome: 'already', state: 'deleting' });
  });

  test('what was rescued can be condemned again', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    await condemn(domain, DIGEST);
    await ownKeeper(domain.store).cancel(DIGEST);
    expect(await condemn(domain, DIGEST)).toMatchObject({ outcome: 'condemned' });
    expect(await stateOf()).toBe('condemned');
  });

  test('who comes second at the same moment is told so', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    const slow: Domain = {
      ...domain,
      store: {
        ...domain.store,
        async create(key, content) {
          await condemn(domain, DIGEST);
          return domain.store.create(key, content);
        },
      },
    };
    expect(await condemn(slow, DIGEST)).toEqual({ outcome: 'conflict' });
  });

  test('who lost the answer recognises its own writing', async () => {
    await domain.store.create(BLOB, contentOf('x'));
    const lossy: Domain = {
      ...domain,
      store: {
        ...domain.store,
        async create(key, content) {
          await domain.store.create(key, content);
          return domain.store.create(key, content);
        },
      },
    };
    expect(await condemn(lossy, DIGEST)).toMatchObject({ outcome: 'condemned' });
  });
});

describe('reaping', () => {
  beforeEach(async () => {
    await domain.store.create(BLOB, contentOf('x'));
  });

  test('deletes what is condemned, and leaves no record', async () => {
    await condemn(domain, DIGEST);
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'deleted' });
    expect(await isThere()).toBe(false);
    expect(await stateOf()).toBeUndefined();
  });

  test('lifts the condemnation of what somebody has come to need', async () => {
    await condemn(domain, DIGEST);
    await domain.store.create(somebody, recordContent({}));
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'rescued' });
    expect(await isThere()).toBe(true);
    expect(await stateOf()).toBe('cancelled');
  });

  test('does nothing to what is not condemned', async () => {
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'not condemned' });
    await condemn(domain, DIGEST);
    await ownKeeper(domain.store).cancel(DIGEST);
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'not condemned' });
    expect(await isThere()).toBe(true);
  });

  test('waits out the quarantine, by the store’s clock', async () => {
    await condemn(domain, DIGEST);
    expect(await reap(domain, DIGEST, today)).toEqual({ outcome: 'waiting', since: today });
    expect(await isThere()).toBe(true);
    expect(await reap(domain, DIGEST, new Date(today.getTime() + 1))).toEqual({ outcome: 'deleted' });
  });

  test('completes what was decided and left, whoever has come to need it', async () => {
    await condemn(domain, DIGEST);
    const found = await readDeletion(domain.store, DIGEST);
    if (found === undefined) throw new Error('nothing is condemned');
    await domain.store.replace(
      deletionKey(DIGEST),
      recordContent({ ...found.value, state: 'deleting' }),
      found.revision,
    );
    await domain.store.create(somebody, recordContent({}));
    expect(await reap(domain, DIGEST, new Date(0))).toEqual({ outcome: 'deleted' });
    expect(await isThere()).toBe(false);
  });

  test('spares what was stored after the decision', async () => {
    await condemn(domain, DIGEST);
    const head = await domain.store.head(BLOB);
    if (head === undefined) throw new Error('nothing is there');
    await domain.store.removeIncarnation(BLOB, head.incarnation);
    await domain.store.create(BLOB, contentOf('x'));
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'deleted' });
    expect(await isThere()).toBe(true);
  });

  test('gives up where somebody else decides at that moment', async () => {
    await condemn(domain, DIGEST);
    const slow: Domain = {
      ...domain,
      store: {
        ...domain.store,
        async replace(key, content, revision) {
          await ownKeeper(domain.store).cancel(DIGEST);
          return domain.store.replace(key, content, revision);
        },
      },
    };
    expect(await reap(slow, DIGEST)).toEqual({ outcome: 'conflict' });
    expect(await isThere()).toBe(true);
  });

  test('goes on where the answer to its decision was lost', async () => {
    await condemn(domain, DIGEST);
    const lossy: Domain = {
      ...domain,
      store: {
        ...domain.store,
        async replace(key, content, revision) {
          await domain.store.replace(key, content, revision);
          return domain.store.replace(key, content, revision);
        },
      },
    };
    expect(await reap(lossy, DIGEST)).toEqual({ outcome: 'deleted' });
    expect(await isThere()).toBe(false);
  });
});
