import { expect } from '@jest/globals';
import { condemn } from '../../../repository/deleting/condemn.ts';
import type { Deletion } from '../../../repository/deletion.ts';
import { createRepository, sha256 } from '../../../repository/index.ts';
import type { ObjectKey, VerifyFinding, VerifyKind } from '../../../repository/index.ts';
import {
  bookmarkKey,
  deletionKey,
  labelKey,
  namedReferenceKey,
  settingsKey,
  sourceKey,
  statusKey,
  versionKey,
} from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import type { Incarnation } from '../../../repository/object-store.ts';
import { recordContent } from '../../../repository/record.ts';
import { writeSettings } from '../../../repository/repositories.ts';
import { readSource } from '../../../repository/source.ts';
import { readStatusRecord } from '../../../repository/status.ts';
import type { StoreName, World } from './world.ts';
import { API, BOOKMARK, LABEL, OLD, STACK_ID, STORES, TOOLS, WEB } from './world.ts';

/** Exactly one thing that is broken in a world that was sound. */
export interface Corruption {
  readonly what: string;
  /** Where it makes a difference; else in memory. */
  readonly stores?: readonly StoreName[];
  /** Only who reads the content finds it; absent: everybody. */
  readonly deep?: boolean;
  readonly does: (world: World) => Promise<void>;
  /** After so many days; else after half a day, when nothing is young any more. */
  readonly days?: number;
  /** What is found, in order. */
  readonly finds: (world: World) => readonly (Partial<VerifyFinding> & { readonly kind: VerifyKind })[];
  /** Whether --fix heals all of it. */
  readonly heals: boolean | ((world: World) => boolean);
  /** What is told with --fix, where that is something else. */
  readonly fixing?: (world: World) => readonly VerifyKind[];
  /** What is told after it, where that is something else than what it did not heal. */
  readonly leaves?: (world: World) => readonly VerifyKind[];
  /** Heals what --fix does not. */
  readonly remedy?: (world: World) => Promise<unknown>;
}

const ONE = sha256('api one');
const TWO = sha256('api two');
const PAGE = sha256('page');

const arn = (name: string, digest = ''): string =>
  `arn:aws:artifacts:local:000000000000:${name}${digest === '' ? '' : `@sha256:${digest}`}`;

const holders = (kind: VerifyKind): ReturnType<Corruption['finds']> => [
  { kind, arns: [arn('default/shop/api:1', ONE)], digest: ONE },
  { kind, arns: [arn('default/shop/web:1', ONE)], digest: ONE },
];

const publishOne = (world: World): Promise<unknown> => world.publish(API, 'api one');

/** What is proven to be damaged is erased; on S3 what was overwritten lies beneath, and is there again. */
const ERASED: Pick<Corruption, 'heals' | 'fixing' | 'leaves'> = {
  heals: ({ kind }) => kind.startsWith('S3'),
  fixing: ({ kind }) => (kind.startsWith('S3') ? ['damaged'] : ['damaged', 'lost']),
  leaves: ({ kind }) => (kind.startsWith('S3') ? [] : ['lost', 'lost']),
};

const CONTENT: readonly Corruption[] = [
  {
    what: 'content that two versions hold is gone',
    stores: STORES,
    does: (world) => world.lose(world.keyOf('shop/api:1')),
    finds: () => holders('lost'),
    heals: false,
    remedy: publishOne,
  },
  {
    what: 'content that a stack uses is gone',
    stores: ['memory', 'a directory'],
    does: (world) => world.lose(world.keyOf('shop/api:2')),
    finds: () => [
      { kind: 'lost', arns: [arn('default/shop/api:2', TWO)] },
      { kind: 'lost', stackId: STACK_ID, logicalId: 'Ref', arns: [arn('default/shop/api:2', TWO)] },
    ],
    heals: false,
    remedy: (world) => world.publish(API, 'api two'),
  },
  {
    what: 'content that is used by hand, and by what a stack left, is gone under one of its filenames',
    does: (world) => world.lose(world.keyOf('shop/web:2')),
    finds: () => [
      { kind: 'lost', arns: [arn('default/shop/web:2', PAGE)] },
      { kind: 'lost', consumer: 'retained', stackId: STACK_ID, logicalId: 'Pinned' },
      { kind: 'lost', consumer: 'team/job' },
    ],
    heals: false,
    remedy: (world) => world.publish(WEB, 'page', 'file'),
  },
  {
    what: 'content is hidden by a delete marker',
    stores: ['S3', 'S3, in parts'],
    does: (world) => world.remove(world.keyOf('shop/api:1')),
    finds: () => holders('hidden'),
    heals: false,
    remedy: publishOne,
  },
  {
    what: 'content is cut short',
    stores: STORES,
    does: (world) => world.overwrite(world.keyOf('shop/api:1'), 'api'),
    finds: () => holders('damaged'),
    ...ERASED,
    remedy: publishOne,
  },
  {
    what: 'content has other bytes, and the store knows their digest',
    stores: ['memory', 'S3'],
    does: (world) => world.overwrite(world.keyOf('shop/api:1'), 'api eno'),
    finds: () => holders('damaged'),
    ...ERASED,
    remedy: publishOne,
  },
  {
    what: 'content has other bytes, and the store knows no digest',
    stores: ['a directory', 'S3, in parts'],
    deep: true,
    does: (world) => world.overwrite(world.keyOf('shop/api:1'), 'api eno'),
    finds: () => [
      { kind: 'damaged', digest: ONE, arns: [arn('default/shop/api:1', ONE), arn('default/shop/web:1', ONE)] },
    ],
    heals: false,
    // Reading alone proves nothing on S3.
    leaves: ({ kind }) => (kind === 'a directory' ? ['lost', 'lost'] : ['damaged']),
    remedy: async (world) => {
      if (world.kind !== 'a directory') await world.remove(world.keyOf('shop/api:1'));
      await publishOne(world);
    },
  },
  {
    what: 'something lies among the content that is none',
    does: async (world) => {
      await world.store.create(objectKey('blobs/sha256/readme.txt'), recordContent({}));
      await world.store.create(objectKey(`blobs/md5/${ONE}/archive.zip`), recordContent({}));
    },
    finds: () => [
      { kind: 'foreign', key: `blobs/md5/${ONE}/archive.zip` },
      { kind: 'foreign', key: 'blobs/sha256/readme.txt' },
    ],
    heals: false,
  },
];

const VERSIONS: readonly Corruption[] = [
  {
    what: 'the reference of a version is gone',
    stores: STORES,
    does: async (world) => world.lose(await world.only(`references/${ONE}/version/default/shop/api/`)),
    finds: () => [{ kind: 'unheld', digest: ONE, arns: [arn('default/shop/api:1', ONE)] }],
    heals: true,
  },
  {
    what: 'the only reference is gone, and the content was condemned since',
    stores: ['memory', 'a directory', 'S3'],
    does: async (world) => {
      await world.lose(...(await world.keys(`references/${sha256('api three')}/`)));
      await condemn(world.domain, sha256('api three'));
    },
    finds: () => [{ kind: 'unheld', arns: [arn('default/shop/api:3', sha256('api three'))] }],
    heals: true,
  },
  {
    what: 'the manifest of a version is gone, and a newer one is there',
    does: (world) => world.lose(versionKey(API, 2)),
    finds: () => [
      { kind: 'missing', key: versionKey(API, 2), arns: [arn('default/shop/api:2')] },
      { kind: 'missing', key: versionKey(API, 2), stackId: STACK_ID, logicalId: 'Ref' },
    ],
    heals: false,
  },
  {
    what: 'the manifest of the newest version is gone, and a bookmark names it',
    does: (world) => world.lose(versionKey(API, 3)),
    finds: () => [
      { kind: 'dangling', key: sourceKey('default', sha256('tree of api three')) },
      { kind: 'dangling', key: BOOKMARK, arns: [arn('default/shop/api:3')] },
    ],
    heals: false,
  },
  {
    what: 'the manifest of the first version is gone, and a label names it',
    does: (world) => world.lose(versionKey(API, 1)),
    finds: () => [{ kind: 'missing', key: versionKey(API, 1) }],
    heals: false,
  },
  {
    what: 'the only manifest is gone, and there is a status',
    does: (world) => world.lose(versionKey(WEB, 1), versionKey(WEB, 2), versionKey(WEB, 3)),
    finds: () => [
      { kind: 'missing', consumer: 'retained' },
      { kind: 'missing', consumer: 'team/job' },
      { kind: 'dangling', key: statusKey(WEB, 1) },
    ],
    heals: false,
  },
  {
    what: 'a manifest says another size than its content has',
    stores: ['memory', 'a directory', 'S3', 'S3, in parts'],
    does: async (world) => {
      const text = await textOf(world, versionKey(TOOLS, 1));
      await world.overwrite(versionKey(TOOLS, 1), text.replace('"size":4', '"size":3'));
    },
    finds: () => [{ kind: 'unreadable', digest: PAGE, arns: [arn('tools/lint:1', PAGE)] }],
    heals: false,
  },
  {
    what: 'a manifest can’t be read, and a tree of files is remembered as it',
    does: (world) => world.overwrite(versionKey(API, 2), '{'),
    finds: () => [{ kind: 'unreadable', key: versionKey(API, 2) }],
    heals: false,
  },
  {
    what: 'a manifest can’t be read',
    does: (world) => world.overwrite(versionKey(TOOLS, 1), '{'),
    finds: () => [{ kind: 'unreadable', key: versionKey(TOOLS, 1) }],
    heals: false,
  },
  {
    what: 'a version is marked as being deleted, by somebody who died',
    does: (world) => setStatus(world, API, 3, { status: 'Deleting', was: 'Published' }),
    finds: () => [{ kind: 'unfinished', key: versionKey(API, 3), arns: [arn('default/shop/api:3')] }],
    heals: true,
  },
  {
    what: 'a version that nobody needs is marked as being deleted, by somebody who died',
    stores: ['memory', 'a directory'],
    does: (world) => setStatus(world, TOOLS, 1, { status: 'Deleting', was: 'Published' }),
    finds: () => [{ kind: 'unfinished', key: versionKey(TOOLS, 1) }],
    heals: true,
  },
  {
    what: 'a version was deleted, and its references stayed',
    stores: ['memory', 'a directory'],
    does: (world) => setStatus(world, TOOLS, 1, { status: 'Deleted', was: 'Published' }),
    finds: () => [{ kind: 'unfinished', key: versionKey(TOOLS, 1) }],
    heals: true,
  },
  {
    what: 'something lies among the versions that is none',
    does: async (world) => {
      await world.store.create(objectKey('versions/default/shop/api/!/notes'), recordContent({}));
      await world.store.create(objectKey('versions/zip'), recordContent({}));
    },
    finds: () => [
      { kind: 'foreign', key: 'versions/default/shop/api/!/notes' },
      { kind: 'foreign', key: 'versions/zip' },
    ],
    heals: false,
  },
];

async function setStatus(
  world: World,
  name: typeof API,
  number: number,
  record: { readonly status: string; readonly was: string },
): Promise<void> {
  const before = await readStatusRecord(world.domain, name, number);
  const content = recordContent({ ...record, nonce: 'n' });
  if (before === undefined) await world.store.create(statusKey(name, number), content);
  else await world.store.replace(statusKey(name, number), content, before.revision);
}

/** Compared as a pattern. */
function beginningWith(start: string): string {
  return expect.stringMatching(`^${start}`) as unknown as string;
}

const REFERENCES: readonly Corruption[] = [
  {
    what: 'the reference of a stack is gone',
    does: async (world) => world.lose(await world.only(`references/${TWO}/stack/`)),
    finds: () => [{ kind: 'unpaired', key: beginningWith(`consumers/stack/`) }],
    heals: false,
    remedy: async (world) => world.lose(await world.only('consumers/')),
  },
  {
    what: 'the entry of a stack is gone',
    does: async (world) => world.lose(await world.only('consumers/')),
    finds: () => [{ kind: 'unpaired', key: beginningWith(`references/${TWO}/stack/`) }],
    heals: false,
    remedy: async (world) => world.lose(await world.only(`references/${TWO}/stack/`)),
  },
  {
    what: 'the reference of a stack can’t be read',
    does: async (world) => world.overwrite(await world.only(`references/${TWO}/stack/`), 'x'),
    finds: () => [{ kind: 'unreadable', key: beginningWith(`references/${TWO}/stack/`) }],
    heals: false,
  },
  {
    what: 'a reference says that it uses other content than it protects',
    does: async (world) => {
      const uses = [{ arn: arn('default/shop/api:1'), key: world.keyOf('shop/api:1') }];
      const record = { format: 1, nonce: 'n', at: '2026-01-01T00:00:00.000Z', uses };
      await world.store.create(namedReferenceKey(TWO, 'job', '!1'), recordContent(record));
    },
    finds: () => [{ kind: 'unreadable', consumer: 'job', digest: TWO }],
    heals: false,
  },
  {
    what: 'something lies among the references that is none',
    does: async (world) => {
      await world.store.create(objectKey(`references/${ONE}/team/x`), recordContent({}));
      await world.store.create(objectKey(`references/${ONE}/version/x/y`), recordContent({}));
      await world.store.create(objectKey('references/x'), recordContent({}));
      await world.store.create(objectKey('consumers/stack/x'), recordContent({}));
    },
    finds: () => [
      { kind: 'foreign', key: `references/${ONE}/team/x` },
      { kind: 'foreign', key: `references/${ONE}/version/x/y` },
      { kind: 'foreign', key: 'references/x' },
      { kind: 'foreign', key: 'consumers/stack/x' },
    ],
    heals: false,
  },
];

const INDEXES: readonly Corruption[] = [
  {
    what: 'a tree of files is remembered for a version that does not hold what became of it',
    stores: ['memory', 'a directory', 'S3'],
    does: async (world) => {
      const digest = sha256('tree of api two');
      const known = await readSource(world.domain, 'default', digest);
      if (known === undefined) throw new Error('nothing is remembered');
      const { first, revision, ...blob } = known;
      const wrong = recordContent({ ...blob, ...first, number: 1 });
      await world.store.replace(sourceKey('default', digest), wrong, revision);
    },
    finds: () => [{ kind: 'dangling', key: sourceKey('default', sha256('tree of api two')) }],
    heals: true,
  },
  {
    what: 'a tree of files is remembered for a version that was deleted',
    does: async (world) => {
      const gone = world.published.get('shop/old:1');
      const manifest = { digest: gone?.arn.digest, filename: gone?.filename, size: gone?.size, id: OLD.id, number: 1 };
      const { nonce } = JSON.parse(await textOf(world, versionKey(OLD, 1))) as { nonce: string };
      await world.store.create(sourceKey('default', sha256('tree of old one')), recordContent({ ...manifest, nonce }));
    },
    finds: () => [{ kind: 'leftover', key: sourceKey('default', sha256('tree of old one')) }],
    heals: true,
  },
  {
    what: 'a label names a version that never was',
    does: async (world) => {
      await world.store.create(labelKey(API, '9.9.9'), recordContent({ number: 9 }));
    },
    finds: () => [{ kind: 'dangling', key: labelKey(API, '9.9.9'), arns: [arn('default/shop/api:9')] }],
    heals: false,
  },
  {
    what: 'bookmarks name a number that was taken out of use, and versions that were deleted',
    does: async (world) => {
      await world.store.create(bookmarkKey(OLD, 'prod'), recordContent({ number: 1 }));
      await world.store.create(bookmarkKey(WEB, 'prod'), recordContent({ number: 3 }));
    },
    finds: () => [
      { kind: 'dangling', key: bookmarkKey(OLD, 'prod') },
      { kind: 'dangling', key: bookmarkKey(WEB, 'prod') },
    ],
    heals: false,
  },
  {
    what: 'records of indexes can’t be read',
    does: async (world) => {
      await world.overwrite(sourceKey('default', sha256('tree of api one')), '{"digest": 1}');
      await world.overwrite(LABEL, '{"number": 0}');
      await world.overwrite(BOOKMARK, 'true');
      await world.overwrite(statusKey(WEB, 1), '{"status": "Sold"}');
    },
    finds: () => [
      { kind: 'unreadable', key: versionKey(WEB, 1) },
      { kind: 'unreadable', key: sourceKey('default', sha256('tree of api one')) },
      { kind: 'unreadable', key: LABEL },
      { kind: 'unreadable', key: BOOKMARK },
    ],
    heals: false,
  },
  {
    what: 'something lies among the indexes that is none',
    does: async (world) => {
      for (const key of ['sources/default/x', 'labels/default/x', 'bookmarks/default/x', 'statuses/default/a/!/x'])
        await world.store.create(objectKey(key), recordContent({}));
    },
    finds: () =>
      ['sources/default/x', 'labels/default/x', 'bookmarks/default/x', 'statuses/default/a/!/x'].map((key) => ({
        kind: 'foreign',
        key,
      })),
    heals: false,
  },
];

const RECORDS: readonly Corruption[] = [
  {
    what: 'a version came into a repository while that was deleted',
    does: async ({ store }) => {
      const head = await store.head(settingsKey('tools'));
      if (head !== undefined) await store.removeRevision(settingsKey('tools'), head.revision);
    },
    finds: () => [{ kind: 'missing', key: settingsKey('tools'), arns: [arn('tools/lint:1')] }],
    heals: false,
    remedy: async (world) => {
      await createRepository(world.domain, 'tools', { lifecycle: [] });
    },
  },
  {
    what: 'settings can’t be read',
    does: async (world) => {
      await world.store.create(settingsKey('default'), recordContent({ lifecycle: 'none' }));
    },
    finds: () => [{ kind: 'unreadable', key: settingsKey('default') }],
    heals: false,
    remedy: async (world) => {
      const head = await world.store.head(settingsKey('default'));
      await writeSettings(world.domain, 'default', { lifecycle: [] }, head);
    },
  },
  {
    what: 'an ending can’t be read, and something lies beside it that is none',
    does: async (world) => {
      await world.overwrite(await world.only('endings/'), 'x');
      await world.store.create(objectKey('endings/x'), recordContent({}));
      await world.store.create(objectKey('repositories/X'), recordContent({}));
    },
    finds: () => [
      { kind: 'foreign', key: 'repositories/X' },
      { kind: 'unreadable', key: beginningWith('endings/') },
      { kind: 'foreign', key: 'endings/x' },
    ],
    heals: false,
  },
];

const DELETIONS: readonly Corruption[] = [
  {
    what: 'needed content is condemned',
    stores: ['memory', 'a directory'],
    does: (world) => writeDeletion(world, 'api one', 'condemned'),
    finds: () => [{ kind: 'condemned', key: deletionKey(ONE), digest: ONE }],
    heals: true,
  },
  {
    what: 'the deletion of content was decided and not completed',
    stores: ['memory', 'a directory', 'S3'],
    does: async (world) => {
      await world.store.create(objectKey(`blobs/sha256/${sha256('x')}/archive.zip`), recordContent({}));
      await writeDeletion(world, 'x', 'deleting');
    },
    finds: () => [{ kind: 'unfinished', key: deletionKey(sha256('x')) }],
    heals: true,
  },
  {
    what: 'the deletion of content was decided, by nobody who asked, and a version holds it',
    stores: ['memory', 'a directory', 'S3'],
    does: (world) => writeDeletion(world, 'api three', 'deleting'),
    finds: () => [
      {
        kind: 'unfinished',
        key: deletionKey(sha256('api three')),
        arns: [arn('default/shop/api:3', sha256('api three'))],
      },
    ],
    heals: false,
    remedy: async (world) => {
      expect(await world.store.head(world.keyOf('shop/api:3'))).toBeDefined();
      await world.domain.keeper.finish(sha256('api three'));
      expect((await world.publish(API, 'api three')).arn.version).toBe(3);
    },
  },
  {
    what: 'a record of a deletion is an old one, of content that was stored again since',
    does: async (world) => {
      const old = { key: world.keyOf('shop/api:3'), incarnation: 'an older one' as Incarnation };
      const record: Deletion = { state: 'deleting', nonce: 'n', incarnations: [old], since: '' };
      await world.store.create(deletionKey(sha256('api three')), recordContent(record));
    },
    finds: () => [{ kind: 'unfinished', key: deletionKey(sha256('api three')) }],
    heals: true,
  },
  {
    what: 'content was lost while it was condemned',
    stores: ['memory', 'a directory'],
    does: (world) => world.lose(world.keyOf('shop/old:1')),
    finds: () => [{ kind: 'leftover', key: deletionKey(sha256('old one')) }],
    heals: true,
  },
  {
    what: 'a deletion was called off long ago',
    days: 2,
    does: (world) => writeDeletion(world, 'api one', 'cancelled'),
    finds: () => [{ kind: 'leftover', key: deletionKey(ONE) }],
    heals: true,
  },
  {
    what: 'a deletion can’t be read, and something lies beside it that is none',
    does: async (world) => {
      await world.overwrite(deletionKey(sha256('old one')), '{"state": "lost"}');
      await world.store.create(objectKey('deletions/x'), recordContent({}));
    },
    finds: () => [
      { kind: 'unreadable', key: deletionKey(sha256('old one')) },
      { kind: 'foreign', key: 'deletions/x' },
    ],
    heals: false,
  },
];

async function writeDeletion(world: World, text: string, state: Deletion['state']): Promise<void> {
  const incarnations: Deletion['incarnations'][number][] = [];
  for (const key of await world.keys(`blobs/sha256/${sha256(text)}/`)) {
    for (const incarnation of await world.store.incarnations(key)) incarnations.push({ key, incarnation });
  }
  const record: Deletion = { state, nonce: 'n', incarnations, since: '2026-01-01T00:00:00.000Z' };
  await world.store.create(deletionKey(sha256(text)), recordContent(record));
}

async function textOf(world: World, key: ObjectKey): Promise<string> {
  const object = await world.store.read(key);
  const pieces: Uint8Array[] = [];
  for await (const piece of object?.body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

export const CORRUPTIONS: readonly Corruption[] = [
  ...CONTENT,
  ...VERSIONS,
  ...REFERENCES,
  ...INDEXES,
  ...RECORDS,
  ...DELETIONS,
];
