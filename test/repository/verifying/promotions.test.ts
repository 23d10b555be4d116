import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { bytesOf, contentOf } from '../../../repository/index.ts';
import type { Content, Domain, Manifest, VerifyFinding } from '../../../repository/index.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { promotionKey, versionKey } from '../../../repository/keys.ts';
import { holdSources } from '../../../repository/promoting/hold.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import type { Promotion } from '../../../repository/promoting/record.ts';
import { publishAssets } from '../../../repository/publish.ts';
import { recordContent } from '../../../repository/record.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { readStatusRecord, writeStatus } from '../../../repository/status.ts';
import type { Status } from '../../../repository/status.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import type { VerifyOptions } from '../../../repository/verifying/verify.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { keysIn } from '../../support/keys-in.ts';

/** That what was promoted is there, and that what it was made from is kept as long as that is so. */

let domain: Domain;
let source: Manifest;
let target: Manifest;
let promotion: Promotion;

beforeEach(async () => {
  domain = await testDomain();
  await createRepository(domain, 'staging', { lifecycle: [] });
  ({ manifest: source } = await publishAssets(
    domain,
    { repository: 'default', id: 'api' },
    {
      assets: [
        { name: 'a', publishable: publishable('a', 'file', 'a') },
        { name: 'b', publishable: publishable('b', 'file', 'b') },
      ],
    },
  ));
  const result = await promote(domain, { repository: 'staging', items: [{ manifest: source, id: 'api' }] });
  ({ promotion } = result);
  target = result.versions[0]!.manifest;
});

async function found(options: Partial<VerifyOptions> = {}): Promise<readonly VerifyFinding[]> {
  const findings: VerifyFinding[] = [];
  for await (const { finding } of verify(domain, { fix: false, deep: false, ...options }))
    if (finding !== undefined) findings.push(finding);
  return findings;
}

/** So long that nobody is at it any more. */
function later(): void {
  const { now } = domain.chance;
  domain = { ...domain, chance: { ...domain.chance, now: () => new Date(now().getTime() + 60 * 60 * 1000) } };
}

const named = async (): Promise<readonly string[]> =>
  (await keysIn(domain.store, 'references/')).filter((key) => key.includes('/named/promotion/'));

async function become(version: Manifest, status: Status): Promise<void> {
  const before = await readStatusRecord(domain, version, version.number);
  await writeStatus(domain, version, { status }, before);
}

async function contentAt(key: string): Promise<Content> {
  return contentOf(await bytesOf((await domain.store.read(objectKey(key)))!.body));
}

async function remove(key: string): Promise<void> {
  const own = objectKey(key);
  await domain.store.removeRevision(own, (await domain.store.head(own))!.revision);
}

describe('a version that was promoted', () => {
  test('is told where it is not kept, and kept with --fix', async () => {
    expect(await found()).toMatchObject([{ kind: 'unsettled' }]);
    later();
    expect(await found()).toEqual([
      {
        ...{ kind: 'unheld', key: promotionKey('staging', promotion.id), healed: false, healable: true },
        why: 'default/api:1 is not kept for staging/api:1, to which it was promoted',
        arns: ['default/api:1', 'staging/api:1'].map((name) => `arn:aws:artifacts:local:000000000000:${name}`),
      },
    ]);
    expect(await found({ fix: true })).toMatchObject([{ kind: 'unheld', healed: true }]);
    expect(await named()).toHaveLength(2);
    expect(await found({ fix: true })).toEqual([]);
  });

  test('is told where only a part of it is kept', async () => {
    await holdSources(domain, promotion);
    const [first = ''] = await named();
    await remove(first);
    expect(await found({ fix: true })).toMatchObject([{ kind: 'unheld', healed: true }]);
    expect(await named()).toHaveLength(2);
  });

  test('is nothing to tell of where it takes no references any more', async () => {
    await become(source, 'Archived');
    expect(await found({ fix: true })).toEqual([]);
  });

  test('is let go of where what it was promoted to was given up', async () => {
    await holdSources(domain, promotion);
    const records = await Promise.all(
      (await named()).map(async (key) => ({ key: objectKey(key), content: await contentAt(key) })),
    );
    await deleteVersion(domain, target, 1);
    expect(await named()).toEqual([]);
    // As if whoever gave it up had died before.
    for (const { key, content } of records) await domain.store.create(key, content);
    expect(await found()).toMatchObject([{ kind: 'unsettled' }]);
    later();
    const key = promotionKey('staging', promotion.id);
    const why = 'default/api:1 is kept for staging/api:1, which was given up';
    expect(await found()).toMatchObject([{ kind: 'leftover', key, why, healable: true }]);
    expect(await named()).toHaveLength(2);
    expect(await found({ fix: true })).toMatchObject([{ kind: 'leftover', key, healed: true }]);
    expect(await named()).toEqual([]);
    expect(await found({ fix: true })).toEqual([]);
  });
});

describe('the record of a promotion', () => {
  test('of a version that is not there is told', async () => {
    await holdSources(domain, promotion);
    await remove(versionKey(target, 1));
    const told = (await found()).filter(({ key }) => key === promotionKey('staging', promotion.id));
    expect(told).toMatchObject([
      { kind: 'dangling', why: 'it tells of a promotion to staging/api:1, which does not exist', healed: false },
    ]);
  });

  test('that can’t be read is told', async () => {
    const key = promotionKey('staging', promotion.id);
    const { revision } = (await domain.store.head(key))!;
    await domain.store.replace(key, recordContent({ ...promotion, items: [] }), revision);
    expect(await found({ fix: true })).toMatchObject([{ kind: 'unreadable', key, healed: false }]);
  });

  test('is looked at with its repository, and no other', async () => {
    later();
    expect(await found({ repository: 'staging' })).toMatchObject([{ kind: 'unheld' }]);
    expect(await found({ repository: 'default' })).toEqual([]);
  });

  test('beside which something else lies', async () => {
    await holdSources(domain, promotion);
    await domain.store.create(objectKey('promotions/staging/mine'), recordContent({}));
    expect(await found({ fix: true })).toMatchObject([{ kind: 'foreign', key: 'promotions/staging/mine' }]);
  });
});
