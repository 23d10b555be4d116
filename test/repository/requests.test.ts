import { beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf, publishAssets, publishVersion, resolve, sha256 } from '../../repository/index.ts';
import type { Domain, ObjectKey, ObjectStore } from '../../repository/index.ts';
import { bytesOf } from '../../repository/content.ts';
import { setBookmark } from '../../repository/bookmark.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { blobKey, labelKey, versionKey, versionReferenceKey } from '../../repository/keys.ts';
import { contentId } from '../../repository/manifest.ts';
import { recordContent } from '../../repository/record.ts';
import { changeStatus } from '../../repository/status-change.ts';
import { counting } from '../../repository/stores/counting.ts';
import type { MemoryObject } from '../../repository/stores/memory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';

/** However many versions an artifact has, and labels: whatever is done with one of them takes as many requests, and as many keys are listed, as with ten. */

const NAME = { repository: 'default', id: 'shop/api' };
const FEW = 10;
const MANY = 100_000;

/** Requests; and keys that were told by listings, of which a request tells a thousand at most. */
type Counts = readonly [requests: number, listed: number];
type Operation = (domain: Domain) => Promise<unknown>;

const bookmark = (domain: Domain, version: number): Promise<unknown> => {
  const { partition, region, account } = domain;
  return setBookmark(domain, { partition, region, account, ...NAME, version }, 'prod');
};

/** One after the other, with what each takes. */
const OPERATIONS: Readonly<Record<string, readonly [Operation, Counts]>> = {
  'publishing the next': [(domain) => publishVersion(domain, NAME, publishable('new')), [10, 1]],
  'publishing the next under a label': [
    (domain) => publishVersion(domain, NAME, publishable('labelled'), { labels: ['2.0.0'] }),
    [14, 1],
  ],
  'publishing the next of two assets under two labels': [
    (domain) =>
      publishAssets(domain, NAME, {
        assets: [
          { name: 'one', publishable: publishable('one', 'file') },
          { name: 'other', publishable: publishable('other', 'file') },
        ],
        labels: ['3.0.0', 'stable-3'],
      }),
    [28, 1],
  ],
  'publishing a candidate': [
    (domain) => publishVersion(domain, NAME, publishable('candidate'), { set: { label: '4.0.0', name: 'build-1' } }),
    [15, 1],
  ],
  'publishing what is there already': [(domain) => publishVersion(domain, NAME, publishable('v3')), [8, 3]],
  'publishing that once more, whose source is known now': [
    (domain) => publishVersion(domain, NAME, publishable('v3')),
    [5, 0],
  ],
  'publishing what is there already under a label': [
    (domain) => publishVersion(domain, NAME, publishable('v3'), { labels: ['third'] }),
    [9, 0],
  ],
  // Past the candidate, which is not chosen: each that is newer is looked at once.
  'resolving latest': [(domain) => resolve(domain, 'default/shop/api:latest#one'), [5, 2]],
  'resolving a number': [(domain) => resolve(domain, 'default/shop/api:3'), [2, 0]],
  'resolving a label': [(domain) => resolve(domain, 'default/shop/api:1.0.5'), [3, 0]],
  'resolving the label of a candidate': [(domain) => resolve(domain, 'default/shop/api:4.0.0'), [6, 1]],
  'setting a bookmark': [(domain) => bookmark(domain, 2), [7, 0]],
  'moving a bookmark': [(domain) => bookmark(domain, 3), [8, 0]],
  'resolving a bookmark': [(domain) => resolve(domain, 'default/shop/api^prod'), [3, 0]],
  'archiving a version': [(domain) => changeStatus(domain, NAME, 5, 'Archived'), [3, 0]],
  'publishing it again': [(domain) => changeStatus(domain, NAME, 5, 'Published'), [3, 0]],
  'disposing of a version': [(domain) => changeStatus(domain, NAME, 5, 'Disposed'), [17, 4]],
  'deleting a version': [(domain) => deleteVersion(domain, NAME, 4), [15, 4]],
};

/** The artifact, as if each version had been published under a label of its own. */
async function withVersions(versions: number): Promise<{ readonly domain: Domain; readonly counts: () => Counts }> {
  const clock = steadyChance();
  const objects = new Map<string, MemoryObject>();
  const raw = memoryStore(clock.now, objects);
  await testDomain(raw);
  const published = clock.now().toISOString();
  const put = async (key: ObjectKey, value: object): Promise<void> => {
    const content = recordContent(value);
    const bytes = await bytesOf(content.read());
    const named = `made-${objects.size}` as never;
    const modified = new Date(0);
    const object = {
      key,
      bytes,
      size: bytes.byteLength,
      sha256: content.sha256,
      revision: named,
      incarnation: named,
      modified,
    };
    objects.set(key, object);
  };
  // The newest first: so their keys ascend, which spares the store in memory the work of sorting them.
  for (let number = versions; number > 0; number--) {
    const digest = sha256(`v${number}`);
    const asset = { name: 'archive.zip', digest, filename: 'archive.zip', size: `v${number}`.length };
    const nonce = `made${number}`;
    const reference = { at: published, nonce, ...NAME, number };
    const content = contentId([asset]);
    await put(versionReferenceKey(digest, NAME, number, nonce), reference);
    await put(labelKey(NAME, `1.0.${number}`), { format: 1, number, content, digest, at: published });
    await put(versionKey(NAME, number), { format: 1, ...NAME, number, nonce, published, assets: [asset] });
  }
  // Of those that are asked for.
  for (let number = 1; number <= FEW; number++) {
    await raw.create(blobKey(sha256(`v${number}`), 'archive.zip'), contentOf(`v${number}`));
  }
  let [requests, listed] = [0, 0];
  const told = counting(raw, () => (requests += 1));
  const store: ObjectStore = {
    ...told,
    async *list(prefix, options) {
      for await (const one of told.list(prefix, options)) {
        listed += 1;
        yield one;
      }
    },
  };
  return { domain: await testDomain(store, 'after'), counts: () => [requests, listed] };
}

describe('of so many versions', () => {
  const found = new Map<number, Readonly<Record<string, Counts>>>();

  beforeAll(async () => {
    for (const versions of [FEW, MANY]) {
      const { domain, counts } = await withVersions(versions);
      const taken: Record<string, Counts> = {};
      for (const [name, [operation]] of Object.entries(OPERATIONS)) {
        const before = counts();
        await operation(domain);
        taken[name] = [counts()[0] - before[0], counts()[1] - before[1]];
      }
      found.set(versions, taken);
    }
  });

  test.each([FEW, MANY])('%i, everything takes as many requests as it always does', (versions) => {
    const expected = Object.entries(OPERATIONS).map(([name, [, counts]]) => [name, counts]);
    expect(found.get(versions)).toEqual(Object.fromEntries(expected));
  });
});

test('the next number is the one after all of them', async () => {
  const { domain } = await withVersions(FEW);
  expect((await publishVersion(domain, NAME, publishable('new'))).arn.version).toBe(FEW + 1);
});
