import { beforeEach, describe, expect, test } from '@jest/globals';
import { publishVersion, readManifest, readStatus, sha256 } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { bind } from '../../../repository/bind.ts';
import { condemn, isNeeded } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { listBookmarks } from '../../../repository/bookmark.ts';
import { deleteVersion, finishDeletion } from '../../../repository/deleting/version-deletion.ts';
import {
  blobKey,
  bookmarkKey,
  sourceKey,
  statusKey,
  versionReferenceKey,
  versionReferencePrefix,
} from '../../../repository/keys.ts';
import { addNamedReference } from '../../../repository/named.ts';
import { recordContent } from '../../../repository/record.ts';
import { readStatusRecord, writeStatus } from '../../../repository/status.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { keysIn } from '../../support/keys-in.ts';

const API = { repository: 'default', id: 'a' };
const DIGEST = sha256('x');
const RESOURCE = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', logicalId: 'Api' },
  uuid: '6c5c5d50-0000-0000-0000-000000000000',
};

let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
  await publishVersion(domain, API, publishable('x'));
});

function use(): Promise<string> {
  const operation = {
    ...{ resource: RESOURCE, stackId: 'stack', requestId: 'R1', issued: '2026-01-01T00:00:00.000Z' },
    ...{ replaces: false, pinned: false },
  };
  const wanted = { digest: DIGEST, filename: 'archive.zip', key: blobKey(DIGEST, 'archive.zip') };
  return bind(domain, operation, [{ arn: 'arn', ...wanted, version: { ...API, number: 1 } }]);
}

async function holders(): Promise<number> {
  return (await keysIn(domain.store, versionReferencePrefix(DIGEST, API))).length;
}

/** A store in which somebody is just deciding. */
async function mark(status: string, was?: string): Promise<void> {
  await domain.store.create(
    statusKey(API, 1),
    recordContent({ status, ...(was !== undefined && { was }), nonce: 'n' }),
  );
}

describe('deleting a version', () => {
  test('that nobody needs: it is Deleted, holds nothing, keeps its manifest, and its tree is forgotten', async () => {
    const deletion = await deleteVersion(domain, API, 1);
    expect(deletion).toMatchObject({ outcome: 'deleted', digests: [DIGEST] });
    expect((await readStatusRecord(domain, API, 1))?.value).toMatchObject({ status: 'Deleted', was: 'Published' });
    expect(await holders()).toBe(0);
    expect(await isNeeded(domain.store, DIGEST)).toBe(false);
    expect(await readManifest(domain, API, 1)).toBeDefined();
    expect(await domain.store.head(sourceKey('default', sha256('tree of x')))).toBeUndefined();
  });

  test('that was deleted before is told as such', async () => {
    await deleteVersion(domain, API, 1);
    expect(await deleteVersion(domain, API, 1)).toMatchObject({ outcome: 'already', digests: [DIGEST] });
  });

  test('there is none', async () => {
    expect(await deleteVersion(domain, API, 2)).toBeUndefined();
  });

  test('that a stack, a named consumer and a bookmark need: all are named, and it is what it was', async () => {
    await use();
    const { partition, account, region } = domain;
    await addNamedReference(domain, { partition, account, region, ...API, version: 1 }, 'nightly');
    await domain.store.create(bookmarkKey(API, 'live'), recordContent({ number: 1 }));
    await domain.store.create(bookmarkKey(API, 'next'), recordContent({ number: 2 }));
    const deletion = await deleteVersion(domain, API, 1);
    if (deletion?.outcome !== 'used') throw new Error('it is used');
    const names = deletion.users.map((user) => (user.by === 'bookmark' ? user.bookmark : user.consumer.kind));
    expect(names).toEqual(['named', 'stack', 'live']);
    expect(await readStatus(domain, API, 1)).toBe('Published');
    expect(await holders()).toBe(1);
  });

  test('that is used is not even marked: whoever binds it meanwhile need not wait', async () => {
    await use();
    expect(await deleteVersion(domain, API, 1)).toMatchObject({ outcome: 'used' });
    expect(await readStatusRecord(domain, API, 1)).toBeUndefined();
  });

  test('of another status, that is used since it was marked, is that again', async () => {
    await mark('Unlisted');
    let isUsed = false;
    const raced: Domain = {
      ...domain,
      store: {
        ...domain.store,
        replace: async (key, content, revision) => {
          // Between the first look and the mark.
          if (!isUsed) isUsed = (await use()) === 'R1';
          return domain.store.replace(key, content, revision);
        },
      },
    };
    expect(await deleteVersion(raced, API, 1)).toMatchObject({ outcome: 'used', users: [{ by: 'reference' }] });
    expect(await readStatus(domain, API, 1)).toBe('Unlisted');
    expect(await holders()).toBe(1);
  });

  test('that nobody needs any more when its users are told: it stays for the one who was found', async () => {
    await mark('Deleting', 'Published');
    const { partition, account, region } = domain;
    const key = bookmarkKey(API, 'live');
    await domain.store.create(key, recordContent({ number: 1 }));
    const raced: Domain = {
      ...{ partition, account, region, bucket: domain.bucket, keeper: domain.keeper, chance: domain.chance },
      store: {
        ...domain.store,
        replace: async (at, content, revision) => {
          const bookmark = await domain.store.head(key);
          if (bookmark !== undefined) await domain.store.removeRevision(key, bookmark.revision);
          return domain.store.replace(at, content, revision);
        },
      },
    };
    expect(await deleteVersion(raced, API, 1)).toMatchObject({
      outcome: 'used',
      users: [{ by: 'bookmark', bookmark: 'live' }],
    });
    expect(await readStatus(domain, API, 1)).toBe('Published');
  });

  test('goes on with what another left on the way', async () => {
    await mark('Deleting', 'Archived');
    expect(await deleteVersion(domain, API, 1)).toMatchObject({ outcome: 'deleted' });
    expect((await readStatusRecord(domain, API, 1))?.value).toMatchObject({ status: 'Deleted', was: 'Archived' });
  });

  test('takes away what one that died left behind after the decision', async () => {
    await mark('Deleted', 'Published');
    expect(await holders()).toBe(1);
    expect(await deleteVersion(domain, API, 1)).toMatchObject({ outcome: 'already' });
    expect(await holders()).toBe(0);
  });

  test('where a record can’t be read, fails, and the version is what it was', async () => {
    await domain.store.create(bookmarkKey(API, 'live'), recordContent({ number: 'one' }));
    await expect(deleteVersion(domain, API, 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    expect(await readStatus(domain, API, 1)).toBe('Published');
    expect(await holders()).toBe(1);
  });

  test('whose status others change all the time ends in contention', async () => {
    let turns = 0;
    const contended: Domain = {
      ...domain,
      store: {
        ...domain.store,
        create: (key, content) =>
          key === statusKey(API, 1) ? Promise.resolve('exists' as const) : domain.store.create(key, content),
      },
      chance: {
        ...domain.chance,
        pause: () => {
          turns += 1;
          return Promise.resolve();
        },
      },
    };
    await expect(deleteVersion(contended, API, 1)).rejects.toMatchObject({ code: 'CONTENTION' });
    expect(turns).toBeGreaterThan(1);
  });

  test('publishing the same again makes another version', async () => {
    await deleteVersion(domain, API, 1);
    const { arn } = await publishVersion(domain, API, publishable('x'));
    expect(arn.version).toBe(2);
    expect(await holders()).toBe(1);
  });
});

describe('coming to the end of a deletion', () => {
  test('does nothing where there is none', async () => {
    expect(await finishDeletion(domain, API, 1)).toBeUndefined();
    expect(await finishDeletion(domain, API, 2)).toBeUndefined();
    expect(await readStatusRecord(domain, API, 1)).toBeUndefined();
    expect(await holders()).toBe(1);
  });

  test('of another that died on the way: deletes it, or leaves it to who needs it', async () => {
    await mark('Deleting', 'Unlisted');
    await domain.store.create(bookmarkKey(API, 'live'), recordContent({ number: 1 }));
    expect(await finishDeletion(domain, API, 1)).toMatchObject({ outcome: 'used' });
    expect(await readStatus(domain, API, 1)).toBe('Unlisted');
    // Nothing is left to come to an end of.
    expect(await finishDeletion(domain, API, 1)).toBeUndefined();
  });

  test('that was decided takes away what it left', async () => {
    await mark('Deleted', 'Published');
    expect(await finishDeletion(domain, API, 1)).toMatchObject({ outcome: 'already' });
    expect(await holders()).toBe(0);
  });

  test('begins none where somebody else comes to its end first', async () => {
    await mark('Deleting', 'Published');
    const raced: Domain = {
      ...domain,
      store: {
        ...domain.store,
        replace: async (key, content, revision) => {
          const before = await readStatusRecord(domain, API, 1);
          await writeStatus(domain, { ...API, number: 1 }, { status: 'Published' }, before);
          return domain.store.replace(key, content, revision);
        },
      },
    };
    expect(await finishDeletion(raced, API, 1)).toBeUndefined();
    expect(await readStatus(domain, API, 1)).toBe('Published');
    expect(await holders()).toBe(1);
  });
});

describe('taking the deletion of a version back', () => {
  test('while its content is there: it holds it again, and may be used', async () => {
    await deleteVersion(domain, API, 1);
    expect(await undeleteVersion(domain, API, 1)).toMatchObject({ outcome: 'undeleted', status: 'Published' });
    expect(await holders()).toBe(1);
    expect(await condemn(domain, DIGEST)).toEqual({ outcome: 'needed' });
    expect(await use()).toBe('R1');
  });

  test('while its content is in quarantine: that is lifted', async () => {
    await deleteVersion(domain, API, 1);
    await condemn(domain, DIGEST);
    expect(await undeleteVersion(domain, API, 1)).toMatchObject({ outcome: 'undeleted' });
    expect(await reap(domain, DIGEST)).toEqual({ outcome: 'not condemned' });
  });

  test('gives it the status that it had', async () => {
    await mark('Archived');
    await deleteVersion(domain, API, 1);
    expect(await undeleteVersion(domain, API, 1)).toMatchObject({ outcome: 'undeleted', status: 'Archived' });
  });

  test('when its content is gone fails, and leaves nothing', async () => {
    await deleteVersion(domain, API, 1);
    await condemn(domain, DIGEST);
    await reap(domain, DIGEST);
    await expect(undeleteVersion(domain, API, 1)).rejects.toMatchObject({ code: 'ARTIFACT_DELETED' });
    expect(await readStatus(domain, API, 1)).toBe('Deleted');
    expect(await holders()).toBe(0);
  });

  test('does nothing to what is not deleted, and there may be none', async () => {
    expect(await undeleteVersion(domain, API, 1)).toMatchObject({ outcome: 'not deleted', status: 'Published' });
    expect(await undeleteVersion(domain, API, 2)).toBeUndefined();
  });

  test('waits for who is deciding, and says how to come to an end of that', async () => {
    await mark('Deleting', 'Published');
    await expect(undeleteVersion(domain, API, 1)).rejects.toMatchObject({ code: 'CONTENTION' });
  });

  test('writes anew what a deletion that died had left', async () => {
    await mark('Deleted', 'Published');
    const manifest = await readManifest(domain, API, 1);
    const key = versionReferenceKey(DIGEST, API, 1, manifest?.nonce ?? '');
    const before = await domain.store.head(key);
    expect(await undeleteVersion(domain, API, 1)).toMatchObject({ outcome: 'undeleted' });
    const after = await domain.store.head(key);
    expect([before?.size, after?.size]).not.toContain(undefined);
    expect(after?.revision).not.toBe(before?.revision);
  });
});

test('who records a version by hand that somebody is deleting waits for what he decides', async () => {
  await mark('Deleting', 'Published');
  let [pauses, decided] = [0, 2];
  const decidedBy: Domain = {
    ...domain,
    chance: {
      ...domain.chance,
      pause: async () => {
        if (++pauses === decided) await finishDeletion(domain, API, 1);
      },
    },
  };
  const { partition, account, region } = domain;
  const arn = { partition, account, region, ...API, version: 1 };
  // What he wrote first is what the deletion is refused for.
  expect(await addNamedReference(decidedBy, arn, 'nightly')).toMatchObject({ outcome: 'added' });
  expect(await readStatus(domain, API, 1)).toBe('Published');
  const before = await readStatusRecord(domain, API, 1);
  await writeStatus(domain, { ...API, number: 1 }, { status: 'Deleting', was: 'Published' }, before);
  [pauses, decided] = [0, 0];
  await expect(addNamedReference(decidedBy, arn, 'daily')).rejects.toMatchObject({
    code: 'ARTIFACT_DELETED',
    remedy: expect.stringMatching(/^Try again: /) as unknown,
  });
});

test('bookmarks are listed with where they point', async () => {
  await domain.store.create(bookmarkKey(API, 'live'), recordContent({ number: 1 }));
  const found = [];
  for await (const one of listBookmarks(domain.store, API)) found.push(one);
  expect(found).toEqual([{ bookmark: 'live', version: 1 }]);
});
