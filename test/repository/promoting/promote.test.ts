import { beforeEach, describe, expect, test } from '@jest/globals';
import { ArtifactErrors, formatArn, readBlob } from '../../../repository/index.ts';
import type { Domain, Manifest } from '../../../repository/index.ts';
import { findLabel } from '../../../repository/label.ts';
import { promotionKey } from '../../../repository/keys.ts';
import { bytesOf } from '../../../repository/content.ts';
import { planPromotion, promote } from '../../../repository/promoting/promote.ts';
import { readPromotion } from '../../../repository/promoting/record.ts';
import type { PromotionRequest } from '../../../repository/promoting/request.ts';
import { publishAssets } from '../../../repository/publish.ts';
import type { VersionToPublish } from '../../../repository/publish.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { writeStatus } from '../../../repository/status.ts';
import { counting } from '../../../repository/stores/counting.ts';
import { readManifest, readVersion } from '../../../repository/version.ts';
import { keysIn } from '../../support/keys-in.ts';
import { publishable, testDomain } from '../../support/domain.ts';
import { API, publishFiles, stagedDomain, to, WEB } from '../../support/stages.ts';

let domain: Domain;

beforeEach(async () => {
  domain = await stagedDomain();
});

const publish = (
  texts: Readonly<Record<string, string>>,
  more: Partial<VersionToPublish> = {},
  name = API,
): Promise<Manifest> => publishFiles(domain, name, texts, more);

async function contentOf(manifest: Manifest): Promise<Readonly<Record<string, string>>> {
  const read = await Promise.all(
    manifest.assets.map(
      async (asset) => [asset.name, (await bytesOf((await readBlob(domain.store, asset)).body)).toString()] as const,
    ),
  );
  return Object.fromEntries(read);
}

async function problemsOf(request: PromotionRequest): Promise<readonly (readonly [string, string])[]> {
  const before = await keysIn(domain.store);
  const error: unknown = await promote(domain, request).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ArtifactErrors);
  expect(await keysIn(domain.store)).toEqual(before);
  await expect(planPromotion(domain, request)).rejects.toThrow((error as Error).message);
  return (error as ArtifactErrors).problems.map(({ code, message }) => [code, message] as const);
}

describe('a version that is promoted', () => {
  test('is a version of the other repository with the same bytes, labels, metadata and provenance', async () => {
    const provenance = { by: 'builder', git: { commit: 'a'.repeat(40), isClean: true } };
    const source = await publish({ 'api.zip': 'api' }, { labels: ['1.4.0'], metadata: { team: 'shop' }, provenance });
    await publish({ 'api.zip': 'newer' });
    const { outcome, promotion, versions } = await promote(domain, {
      ...to('staging', source),
      provenance: { by: 'me', tool: 'x' },
    });
    expect(outcome).toBe('promoted');
    const manifest = await readManifest(domain, { repository: 'staging', id: 'shop/api' }, 1);
    expect(manifest).toMatchObject({
      labels: ['1.4.0'],
      metadata: { team: 'shop' },
      provenance,
      assets: source.assets,
    });
    const from = `arn:aws:artifacts:local:000000000000:dev/shop/api:1@sha256:${source.assets[0].digest}`;
    expect(manifest!.promotion).toEqual({ id: promotion.id, items: 1, from });
    expect(versions.map(({ assets }) => assets.map(({ arn }) => formatArn(arn)))).toEqual([
      [from.replace('dev/', 'staging/')],
    ]);
    expect(await readPromotion(domain, 'staging', promotion.id)).toEqual({
      ...{ format: 1, nonce: promotion.nonce, id: promotion.id, repository: 'staging', at: promotion.at, by: 'me' },
      ...{ provenance: { tool: 'x' }, evidence: [] },
      items: [
        {
          from: [from],
          assets: [{ name: 'api.zip', as: 'api.zip', digest: source.assets[0].digest }],
          to: { id: 'shop/api', number: 1, labels: ['1.4.0'] },
        },
      ],
    });
    expect((await findLabel(domain, { repository: 'staging', id: 'shop/api' }, '1.4.0'))?.manifest.number).toBe(1);
  });

  test('has the chosen assets alone, called as asked', async () => {
    const source = await publish({ 'foo-1.0.0-24.whl': 'wheel', 'docs.zip': 'docs', report: 'text' });
    const { versions } = await promote(
      domain,
      to('staging', source, {
        assets: [{ name: 'foo-1.0.0-24.whl', as: 'foo-1.0.0.whl' }, { name: 'report' }],
        id: 'foo',
        labels: ['1.0.0'],
      }),
    );
    const [{ manifest, assets }] = versions as readonly [(typeof versions)[0]];
    expect(await contentOf(manifest)).toEqual({ 'foo-1.0.0.whl': 'wheel', report: 'text' });
    expect(manifest.assets.map(({ filename }) => filename)).toEqual(['foo-1.0.0.whl', 'report']);
    expect(assets.map(({ outcome }) => outcome)).toEqual(['copied', 'reused']);
  });

  test('keeps the filename of an archive whose asset is called otherwise', async () => {
    const { manifest: source } = await publishAssets(domain, API, {
      assets: [{ name: 'api', publishable: publishable('api') }],
    });
    const { versions } = await promote(domain, to('staging', source, { assets: [{ name: 'api', as: 'server' }] }));
    expect(versions[0]!.manifest.assets).toMatchObject([{ name: 'server', filename: 'archive.zip' }]);
  });

  test('moves no byte: no content is read or written by who promotes', async () => {
    const source = await publish({ 'a.zip': 'x'.repeat(5000) });
    const moved: string[] = [];
    const store = counting(domain.store, ({ method, key }) => {
      if (key.startsWith('blobs/') && ['read', 'create'].includes(method)) moved.push(`${method} ${key}`);
    });
    await promote({ ...domain, store }, to('staging', source, { assets: [{ name: 'a.zip', as: 'b.zip' }] }));
    expect(moved).toEqual([]);
  });

  test('of a set is what the set was a candidate for', async () => {
    const set = { label: '1.0.0', name: 'build-24' };
    const source = await publish({ w: '24' }, { set, labels: ['nightly'] });
    await promote(domain, to('staging', source));
    const target = { repository: 'staging', id: 'shop/api' };
    expect(await readVersion(domain, target, 1)).toMatchObject({
      status: 'Published',
      manifest: { labels: ['1.0.0', 'nightly'] },
    });
    expect((await findLabel(domain, target, '1.0.0'))?.manifest.number).toBe(1);
    expect((await readVersion(domain, target, 1))?.manifest.set).toBeUndefined();
  });

  test('has files that prove something of it as assets, and URLs in its record', async () => {
    const source = await publish({ w: '24' });
    const report = publishable('all green', 'file', 'report.xml');
    const { promotion, versions } = await promote(domain, {
      ...to('staging', source),
      evidence: [report, { url: 'https://ci.example/1' }],
    });
    expect(report.closed()).toBe(1);
    const [{ manifest, assets }] = versions as readonly [(typeof versions)[0]];
    expect(manifest.evidence).toEqual(['https://ci.example/1']);
    expect(manifest.assets.map(({ name, role }) => [name, role])).toEqual([
      ['w', undefined],
      ['report.xml', 'evidence'],
    ]);
    expect(assets.map(({ name }) => name)).toEqual(['w']);
    expect(await contentOf(manifest)).toEqual({ w: '24', 'report.xml': 'all green' });
    expect(promotion.evidence).toMatchObject([{ name: 'report.xml', size: 9 }, { url: 'https://ci.example/1' }]);
    // What is promoted on from there is its content.
    const on = await promote(domain, to('production', manifest));
    expect(await contentOf(on.versions[0]!.manifest)).toEqual({ w: '24' });
  });
});

describe('the same promotion again', () => {
  test('finds its record and its versions, and writes nothing', async () => {
    const source = await publish({ w: '1' });
    const first = await promote(domain, to('staging', source));
    const before = await keysIn(domain.store);
    const again = await promote(domain, { ...to('staging', source), provenance: { by: 'somebody else' } });
    expect(again).toMatchObject({ outcome: 'exists', promotion: first.promotion });
    expect(again.versions.map(({ manifest }) => manifest)).toEqual(first.versions.map(({ manifest }) => manifest));
    expect(await keysIn(domain.store)).toEqual(before);
    expect((await planPromotion(domain, to('staging', source))).standing?.promotion).toEqual(first.promotion);
  });

  test('is found although what was promoted may be promoted no more', async () => {
    const source = await publish({ w: '1' });
    await promote(domain, to('staging', source));
    await writeStatus(domain, source, { status: 'Archived' }, undefined);
    expect((await promote(domain, to('staging', source))).outcome).toBe('exists');
  });

  test('is another one where what came of it was deleted since', async () => {
    const source = await publish({ w: '1' });
    const first = await promote(domain, to('staging', source));
    await writeStatus(domain, first.versions[0]!.manifest, { status: 'Deleted' }, undefined);
    const second = await promote(domain, to('staging', source));
    expect(second).toMatchObject({ outcome: 'promoted', versions: [{ manifest: { number: 2 } }] });
    expect(second.promotion.id).not.toBe(first.promotion.id);
    expect((await promote(domain, to('staging', source))).promotion.id).toBe(second.promotion.id);
  });

  test('by several at once comes to one record and one version', async () => {
    const source = await publish({ w: '1' }, { labels: ['1.0.0'] });
    const results = await Promise.all([1, 2, 3, 4].map(() => promote(domain, to('staging', source))));
    expect(results.filter(({ outcome }) => outcome === 'promoted')).toHaveLength(1);
    expect(new Set(results.map(({ promotion }) => promotion.nonce)).size).toBe(1);
    expect(await keysIn(domain.store, 'versions/staging/')).toHaveLength(1);
    expect(await keysIn(domain.store, 'promotions/')).toHaveLength(1);
  });

  test('with other evidence is another record of the same version, if the evidence is elsewhere', async () => {
    const source = await publish({ w: '1' });
    const first = await promote(domain, to('staging', source));
    const second = await promote(domain, { ...to('staging', source), evidence: [{ url: 'https://ci.example/2' }] });
    expect(second.outcome).toBe('promoted');
    expect(second.versions[0]!.manifest.number).toBe(first.versions[0]!.manifest.number);
    expect(await problemsOf({ ...to('staging', source), evidence: [publishable('late', 'file', 'late.txt')] })).toEqual(
      [
        [
          'INVALID_ARGUMENT',
          "what is promoted of 'dev/shop/api' is 'staging/shop/api:1' already, which has other evidence",
        ],
      ],
    );
  });
});

describe('several at once', () => {
  const several = async (): Promise<PromotionRequest> => {
    const [api, web] = [
      await publish({ a: 'api' }, { labels: ['2.0.0'] }),
      await publish({ w: 'web' }, { labels: ['2.0.0'] }, WEB),
    ];
    return {
      repository: 'staging',
      items: [
        { manifest: api, id: api.id },
        { manifest: web, id: web.id },
      ],
    };
  };

  test('are visible when the record is there, and not before', async () => {
    const request = await several();
    const states: (readonly [string, unknown])[][] = [];
    const store = {
      ...counting(domain.store, () => undefined),
      create: async (...args: Parameters<Domain['store']['create']>) => {
        if (args[0].startsWith('promotions/')) states.push(await look());
        return domain.store.create(...args);
      },
    };
    const look = (): Promise<(readonly [string, unknown])[]> =>
      Promise.all(
        request.items.map(async ({ id }) => {
          const name = { repository: 'staging', id };
          const [version, label] = [await readVersion(domain, name, 1), await findLabel(domain, name, '2.0.0')];
          return [version!.status, label?.manifest.number] as const;
        }),
      );
    await promote({ ...domain, store }, request);
    expect(states).toEqual([
      [
        ['Unfinished', undefined],
        ['Unfinished', undefined],
      ],
    ]);
    expect(await look()).toEqual([
      ['Published', 1],
      ['Published', 1],
    ]);
  });

  /** But references: a version that did not come to be leaves some, which an audit removes. */
  const written = async (): Promise<readonly string[]> =>
    (await keysIn(domain.store)).filter((key) => !key.startsWith('references/'));

  test('whose promoter died anywhere are completed by promoting them again', async () => {
    const request = await several();
    const begun = await written();
    const finished = await promote(domain, request);
    const end = (await written()).length - begun.length;
    for (let dies = 1; dies < 60; dies++) {
      domain = await testDomain();
      for (const repository of ['dev', 'staging']) await createRepository(domain, repository, { lifecycle: [] });
      const same = await several();
      const before = await written();
      let writes = 0;
      const store = {
        ...counting(domain.store, () => undefined),
        create: (...args: Parameters<Domain['store']['create']>) =>
          ++writes === dies ? Promise.reject(new Error('dead')) : domain.store.create(...args),
      };
      const died = await promote({ ...domain, store }, same).then(
        () => false,
        () => true,
      );
      if (!died) {
        expect(dies).toBeGreaterThan(5);
        return;
      }
      expect(await domain.store.head(promotionKey('staging', finished.promotion.id))).toBeUndefined();
      const { versions } = await promote(domain, same);
      for (const { manifest } of versions)
        expect(await readVersion(domain, manifest, manifest.number)).toMatchObject({ status: 'Published' });
      expect(await written()).toHaveLength(before.length + end);
    }
    throw new Error('it never came to its end');
  });

  test('that are not complete are not taken for those of another promotion', async () => {
    const request = await several();
    const store = {
      ...counting(domain.store, () => undefined),
      create: (...args: Parameters<Domain['store']['create']>) =>
        args[0].startsWith('promotions/') ? Promise.reject(new Error('dead')) : domain.store.create(...args),
    };
    await expect(promote({ ...domain, store }, request)).rejects.toThrow('dead');
    const [{ manifest }] = request.items;
    await expect(promote(domain, to('staging', manifest))).rejects.toThrow(
      "'staging/shop/api:1' is just being promoted together with others",
    );
    expect(await keysIn(domain.store, 'promotions/')).toEqual([]);
    await promote(domain, request);
    expect((await promote(domain, to('staging', manifest))).versions[0]!.manifest.number).toBe(1);
  });
});

describe('what is refused is told all at once, and nothing is written', () => {
  test('of the sources', async () => {
    const [archived, deleted, fine] = [await publish({ a: '1' }), await publish({ a: '2' }), await publish({ a: '3' })];
    await writeStatus(domain, archived, { status: 'Archived' }, undefined);
    await writeStatus(domain, deleted, { status: 'Deleted' }, undefined);
    const problems = await problemsOf({
      repository: 'staging',
      items: [
        { manifest: archived, id: 'one' },
        { manifest: deleted, id: 'two' },
        { manifest: fine, id: 'three', assets: [{ name: 'b' }] },
        {
          manifest: fine,
          id: 'four',
          assets: [
            { name: 'a', as: 'x' },
            { name: 'a', as: 'x' },
          ],
        },
        { manifest: { ...fine, number: 9 }, id: 'five' },
        { manifest: fine, id: 'six' },
        { manifest: fine, id: 'six' },
        { manifest: fine, id: 'seven', assets: [{ name: 'a', as: 'up/../x' }] },
      ],
    });
    expect(problems).toEqual([
      ['INVALID_ARGUMENT', "'dev/shop/api:3' and 'dev/shop/api:3' would both become 'staging/six'"],
      ['ARTIFACT_ARCHIVED', "'dev/shop/api:1' is archived and takes no new references"],
      ['ARTIFACT_DELETED', "'dev/shop/api:2' is deleted and takes no new references"],
      ['ARTIFACT_NOT_FOUND', "'dev/shop/api:3' has no asset 'b', only 'a'"],
      ['INVALID_ARGUMENT', "two assets of what 'dev/shop/api:3' becomes would be called 'x'"],
      ['ARTIFACT_NOT_FOUND', "there is no version 'dev/shop/api:9'"],
      ['INVALID_NAME', "'up/../x' is no asset name: a letter or digit, then letters, digits and . _ + = -"],
    ]);
  });

  test('of the repository: it is not there, it takes nothing from there, the label is taken', async () => {
    const source = await publish({ a: '1' }, { labels: ['1.0.0'] });
    expect(await problemsOf(to('stagin', source))).toEqual([
      ['REPOSITORY_NOT_FOUND', expect.stringContaining("'stagin'")],
    ]);
    expect(await problemsOf(to('dev', source))).toEqual([
      ['INVALID_ARGUMENT', "'dev/shop/api:1' is in the repository 'dev' already"],
    ]);
    await createRepository(domain, 'public', { lifecycle: [], acceptsFrom: ['production'], requiresEvidence: true });
    expect((await problemsOf(to('public', source))).map(([code]) => code)).toEqual(['ORIGIN_REFUSED']);
    const other = await publish({ a: 'other' }, {}, WEB);
    await promote(domain, to('staging', other, { id: 'shop/api', labels: ['1.0.0'] }));
    expect(await problemsOf(to('staging', source))).toEqual([
      ['LABEL_TAKEN', "the label '1.0.0' of 'staging/shop/api' is that of version 1"],
    ]);
    await expect(promote(domain, to('staging', source))).rejects.toMatchObject({
      remedy: expect.stringMatching(/ Alone, it is promoted with another one by '--as shop\/api:LABEL'\.$/),
    });
    expect((await promote(domain, to('staging', source, { labels: ['1.0.1'] }))).versions[0]!.manifest.number).toBe(2);
  });

  test('of content that is gone', async () => {
    const source = await publish({ a: '1' });
    const [key] = await keysIn(domain.store, 'blobs/');
    for (const incarnation of await domain.store.incarnations(key!))
      await domain.store.removeIncarnation(key!, incarnation);
    expect(await problemsOf(to('staging', source))).toMatchObject([['CONTENT_MISSING', expect.anything()]]);
  });
});
