import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Domain, Publishable, VersionToPublish } from '../../repository/index.ts';
import { formatArn, publishAssets, publishVersion, resolve, resolveWhole, sha256 } from '../../repository/index.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { labelKey, promotionKey, versionPrefix } from '../../repository/keys.ts';
import { claimLabels, findLabel, listLabels } from '../../repository/label.ts';
import { contentId } from '../../repository/manifest.ts';
import { recordContent } from '../../repository/record.ts';
import { samenessOf } from '../../repository/same-version.ts';
import { listSets } from '../../repository/set.ts';
import { verify } from '../../repository/verifying/verify.ts';
import { allOf } from '../support/all-of.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { keysIn } from '../support/keys-in.ts';

const LIB = { repository: 'default', id: 'lib' };
let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
});

function publish(text: string, wanted: Omit<VersionToPublish, 'assets'> = {}): ReturnType<typeof publishVersion> {
  return publishVersion(domain, LIB, publishable(text, 'file'), wanted);
}

function several(texts: Readonly<Record<string, string>>): VersionToPublish['assets'] {
  const [first, ...rest] = Object.entries(texts).map(([name, text]) => ({
    name,
    publishable: publishable(text, 'file'),
  }));
  if (first === undefined) throw new Error('at least one');
  return [first, ...rest];
}

function candidate(name: string): Pick<VersionToPublish, 'set'> {
  return { set: { label: '1.0.0', name } };
}

async function versionOf(text: string): Promise<number | undefined> {
  return (await resolve(domain, `default/lib:${text}`)).arn.version;
}

/** What a verification finds and heals so much later. */
async function verified(days: number): Promise<readonly unknown[]> {
  const now = (): Date => new Date(domain.chance.now().getTime() + days * 86_400_000);
  const later = { ...domain, chance: { ...domain.chance, now } };
  const steps = await allOf(verify(later, { fix: true, deep: false }));
  return steps.flatMap(({ finding }) => (finding === undefined ? [] : [finding]));
}

describe('labels', () => {
  test('name the version that they were published with, for ever', async () => {
    await publish('one', { labels: ['1.0.0', 'abc123'] });
    await publish('two', { labels: ['1.1.0'] });
    expect([await versionOf('1.0.0'), await versionOf('abc123'), await versionOf('1.1.0')]).toEqual([1, 1, 2]);
    await expect(publish('three', { labels: ['1.0.0'] })).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: "the label '1.0.0' of 'default/lib' is that of version 1",
    });
    expect(await allOf(domain.store.list(versionPrefix(LIB)))).toHaveLength(2);
  });

  test('of an artifact that has the content already go to the version that it is', async () => {
    await publish('one');
    const again = await publish('one', { labels: ['1.0.0'] });
    expect(again).toMatchObject({ isNewVersion: false, arn: { version: 1 } });
    expect(await versionOf('1.0.0')).toBe(1);
    expect(await publish('one', { labels: ['1.0.0'] })).toMatchObject({ isNewVersion: false });
  });

  test('that are taken are told all at once, and nothing is written', async () => {
    await publish('one', { labels: ['a', 'b'] });
    const before = await keysIn(domain.store);
    await expect(publish('two', { labels: ['b', 'c', 'a'] })).rejects.toMatchObject({
      problems: [
        { code: 'LABEL_TAKEN', message: "the label 'b' of 'default/lib' is that of version 1" },
        { code: 'LABEL_TAKEN', message: "the label 'a' of 'default/lib' is that of version 1" },
      ],
    });
    expect(await keysIn(domain.store)).toEqual(before);
  });

  test('are of one artifact', async () => {
    await publish('one', { labels: ['1.0.0'] });
    const other = await publishVersion(domain, { ...LIB, id: 'lib/more' }, publishable('x'), { labels: ['1.0.0'] });
    expect(other.arn.version).toBe(1);
    expect((await allOf(listLabels(domain, LIB))).map(({ label }) => label)).toEqual(['1.0.0']);
  });

  test('of a deleted version stay its own, and go on to the same content when it comes back', async () => {
    await publish('one', { labels: ['1.0.0'] });
    await publish('two');
    await deleteVersion(domain, LIB, 1);
    expect((await resolveWhole(domain, 'default/lib:1.0.0')).status).toBe('Deleted');
    await expect(publish('three', { labels: ['1.0.0'] })).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: "the label '1.0.0' of 'default/lib' is that of version 1, which is deleted",
    });
    expect((await publish('one', { labels: ['1.0.0'] })).arn.version).toBe(3);
    expect(await versionOf('1.0.0')).toBe(3);
  });

  test('that were claimed under a number which somebody else got are found by their content', async () => {
    const wanted = { name: 'file.txt', digest: sha256('one'), filename: 'file.txt' };
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf([wanted]), 1);
    expect(await findLabel(domain, LIB, '1.0.0')).toBeUndefined();
    await publish('other');
    await expect(publish('two', { labels: ['1.0.0'] })).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: expect.stringMatching(/was claimed at .+ for a version that is not published yet/),
    });
    // Whoever died between claim and version is gone on with.
    expect((await publish('one', { labels: ['1.0.0'] })).arn.version).toBe(2);
    expect(await versionOf('1.0.0')).toBe(2);
  });

  test('whose version never came are freed after a day, and not before', async () => {
    const wanted = { name: 'file.txt', digest: sha256('one'), filename: 'file.txt' };
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf([wanted]), 1);
    expect(await verified(0)).toMatchObject([{ kind: 'unsettled', healed: false }]);
    expect(await verified(2)).toMatchObject([{ kind: 'unfinished', healed: true }]);
    expect((await publish('two', { labels: ['1.0.0'] })).arn.version).toBe(1);
  });

  test('that were claimed under another number stay what they were, whatever became of their version', async () => {
    const wanted = { name: 'file.txt', digest: sha256('one'), filename: 'file.txt' };
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf([wanted]), 1);
    await publish('other');
    expect((await publish('one', { labels: ['1.0.0'] })).arn.version).toBe(2);
    await deleteVersion(domain, LIB, 2);
    expect(await verified(2)).toMatchObject([
      { kind: 'leftover', healed: true, why: 'it names version 1, and became that of 2, which is given up' },
    ]);
    expect(await verified(4)).toEqual([]);
    expect((await findLabel(domain, LIB, '1.0.0'))?.manifest.number).toBe(2);
    await expect(publish('three', { labels: ['1.0.0'] })).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: "the label '1.0.0' of 'default/lib' is that of version 2, which is deleted",
    });
    expect((await publish('one', { labels: ['1.0.0'] })).arn.version).toBe(3);
  });

  test('that were claimed after their content was given up are freed', async () => {
    await publish('one');
    await deleteVersion(domain, LIB, 1);
    // The store's clock tells the two apart.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const wanted = { name: 'file.txt', digest: sha256('one'), filename: 'file.txt' };
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf([wanted]), 2);
    expect(await verified(2)).toMatchObject([
      { kind: 'unfinished', healed: true, why: expect.stringMatching(/never/) },
    ]);
    expect((await publish('two', { labels: ['1.0.0'] })).arn.version).toBe(2);
  });

  test('written by hand, as a number alone, are read', async () => {
    await publish('one');
    await domain.store.create(labelKey(LIB, 'old'), recordContent({ number: 1 }));
    expect(await versionOf('old')).toBe(1);
  });
});

describe('several assets', () => {
  test('are one version, each with a definite ARN', async () => {
    const { assets, isNewVersion, manifest } = await publishAssets(domain, LIB, {
      assets: several({ linux: 'one', mac: 'two' }),
      labels: ['1.0.0'],
    });
    expect(isNewVersion).toBe(true);
    expect(manifest.assets.map(({ name }) => name)).toEqual(['linux', 'mac']);
    expect(assets.map(({ arn }) => formatArn(arn))).toEqual([
      `arn:aws:artifacts:local:000000000000:default/lib:1@sha256:${sha256('one')}`,
      `arn:aws:artifacts:local:000000000000:default/lib:1@sha256:${sha256('two')}`,
    ]);
    expect((await resolve(domain, 'default/lib:1.0.0#mac')).digest).toBe(sha256('two'));
    await expect(resolve(domain, 'default/lib:1.0.0')).rejects.toThrow("'default/lib:1' has 2 assets: 'linux', 'mac'");
  });

  test('in another order are the same version; one more or another name is another', async () => {
    await publishAssets(domain, LIB, { assets: several({ a: 'one', b: 'two' }) });
    const again = await publishAssets(domain, LIB, { assets: several({ b: 'two', a: 'one' }) });
    expect(again).toMatchObject({ isNewVersion: false, manifest: { number: 1 } });
    expect(again.assets.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['b', 'reused'],
      ['a', 'reused'],
    ]);
    for (const [texts, number] of [
      [{ a: 'one', b: 'two', c: 'three' }, 2],
      [{ a: 'one', other: 'two' }, 3],
      [{ a: 'one' }, 4],
      [{ a: 'two', b: 'one' }, 5],
    ] as const) {
      expect((await publishAssets(domain, LIB, { assets: several(texts) })).manifest.number).toBe(number);
    }
  });

  test('with one name twice are refused', async () => {
    const assets = several({ a: 'one', b: 'two', c: 'three' }).map((asset) => ({ ...asset, name: 'a' }));
    const wanted = { assets: assets as unknown as VersionToPublish['assets'] };
    await expect(publishAssets(domain, LIB, wanted)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "two assets of 'default/lib' would be called 'a'",
    });
    expect(await allOf(domain.store.list('versions/'))).toEqual([]);
  });

  test('of which one can not be opened leave nothing, and every one is closed', async () => {
    const good = publishable('one', 'file');
    const bad: Publishable = { filename: 'bad', open: () => Promise.reject(new Error('no such file')) };
    const wanted = { assets: [{ publishable: good }, { publishable: bad }] as const };
    await expect(publishAssets(domain, LIB, { assets: [wanted.assets[0], wanted.assets[1]] })).rejects.toThrow(
      'no such file',
    );
    expect(good.closed()).toBe(good.opened());
    expect(await keysIn(domain.store)).toEqual(['domain']);
  });

  test('hold each of their contents, once', async () => {
    await publishAssets(domain, LIB, { assets: several({ a: 'same', b: 'same', c: 'other' }) });
    const references = (await keysIn(domain.store)).filter((key) => key.startsWith('references/'));
    expect(references.map((key) => key.split('/')[1]).sort()).toEqual([sha256('same'), sha256('other')].sort());
  });

  test('what proves something of a version is none of what it consists of', () => {
    const asset = { name: 'a', digest: sha256('x'), filename: 'a' };
    const report = { name: 'report', digest: sha256('y'), filename: 'r', role: 'evidence' as const };
    expect(contentId([asset, report])).toBe(contentId([asset]));
    expect(contentId([asset], { label: '1', name: 's' })).not.toBe(contentId([asset]));
  });
});

describe('candidates', () => {
  beforeEach(async () => {
    await publish('zero', { labels: ['0.9.0'] });
    await publish('24', candidate('build-24'));
    await publish('25', candidate('build-25'));
  });

  test('are versions that are unfinished, and not the latest', async () => {
    expect((await resolve(domain, 'default/lib')).arn.version).toBe(1);
    expect((await resolveWhole(domain, 'default/lib:2')).status).toBe('Unfinished');
    expect(await versionOf('1.0.0+build-24')).toBe(2);
    expect(await versionOf('1.0.0')).toBe(3);
    const sets = await allOf(listSets(domain, LIB, '1.0.0'));
    expect(sets.map(({ manifest }) => manifest.set.name).sort()).toEqual(['build-24', 'build-25']);
  });

  test('with the same content are the same candidate alone', async () => {
    expect(await publish('24', candidate('build-24'))).toMatchObject({ isNewVersion: false, arn: { version: 2 } });
    expect(await publish('24', candidate('build-26'))).toMatchObject({ isNewVersion: true, arn: { version: 4 } });
    expect(await publish('24')).toMatchObject({ isNewVersion: true, arn: { version: 5 } });
    await expect(publish('26', candidate('build-24'))).rejects.toMatchObject({ code: 'LABEL_TAKEN' });
  });

  test('the newest that exists stands for the label', async () => {
    await deleteVersion(domain, LIB, 3);
    expect(await versionOf('1.0.0')).toBe(2);
  });

  test('are not taken when one is finished', async () => {
    const { manifest } = await resolveWhole(domain, 'default/lib:2');
    await claimLabels(domain, LIB, ['1.0.0'], samenessOf(manifest.assets, manifest.set), 2);
    expect(await versionOf('1.0.0')).toBe(2);
    await expect(publish('26', candidate('build-26'))).rejects.toMatchObject({
      code: 'LABEL_TAKEN',
      message: "'default/lib:1.0.0' is finished, as version 2: it takes no set 'build-26'",
    });
  });
});

describe('ranges', () => {
  beforeEach(async () => {
    for (const label of ['1.4.0', '1.10.0', '1.9.3', '2.0.0-rc.1', '2.0.0', 'nightly'])
      await publish(label, { labels: [label] });
  });

  test.each([
    ['^1.4', 2],
    ['~1.9.0', 3],
    ['>=1.4 <1.10', 3],
    ['*', 5],
    ['^2.0.0-rc.0', 5],
  ])('%s chooses version %i', async (range, number) => {
    expect(await versionOf(range)).toBe(number);
  });

  test('pass over what is not Published', async () => {
    await deleteVersion(domain, LIB, 2);
    expect(await versionOf('^1.4')).toBe(3);
  });

  test('that nothing is in, or that are none, are told', async () => {
    await expect(versionOf('^3')).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: "'default/lib' has no label in the range '^3' of a version that is Published",
    });
    await expect(versionOf('^x.y')).rejects.toMatchObject({ code: 'INVALID_NAME' });
  });
});

test('what is promoted with others is not to be seen before all of them are', async () => {
  await publish('old');
  const promotion = { id: 'ab'.repeat(16), items: 2, from: 'arn:aws:artifacts:local:000000000000:dev/lib:7' };
  await publish('new', { labels: ['1.0.0'], promotion });
  expect((await resolve(domain, 'default/lib')).arn.version).toBe(1);
  await expect(versionOf('1.0.0')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  const digest = sha256('new');
  const item = {
    from: [`${promotion.from}@sha256:${digest}`],
    assets: [{ name: 'file.txt', as: 'file.txt', digest }],
    to: { id: 'lib', number: 2, labels: ['1.0.0'] },
  };
  const record = {
    ...{ format: 1, nonce: 'n1', id: promotion.id, repository: 'default', at: '2026-01-01T00:00:00.000Z' },
    ...{ items: [item], evidence: [] },
  };
  await domain.store.create(promotionKey('default', promotion.id), recordContent(record));
  expect((await resolve(domain, 'default/lib')).arn.version).toBe(2);
  expect(await versionOf('1.0.0')).toBe(2);
});
