import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  contentOf,
  formatArn,
  listArtifacts,
  objectKey,
  publishVersion,
  resolve,
  sha256,
} from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { bookmarkKey, labelKey, statusKey, versionKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { withdrawNumber } from '../../repository/version.ts';
import { publishable, testDomain } from '../support/domain.ts';

const API = { repository: 'default', id: 'shop/api' };
const base = 'arn:aws:artifacts:local:000000000000:default/shop/api';
let domain: Domain;

beforeEach(async () => {
  domain = await testDomain();
  for (const text of ['one', 'two', 'three']) await publishVersion(domain, API, publishable(text));
  await domain.store.create(labelKey(API, '1.4.0'), recordContent({ number: 1 }));
  await domain.store.create(bookmarkKey(API, 'prod'), recordContent({ number: 2 }));
});

/** Two texts whose digests begin with the same eight digits. */
function twins(): readonly [string, string] {
  const seen = new Map<string, string>();
  for (let number = 0; ; number++) {
    const text = `twin ${number}`;
    const short = sha256(text).slice(0, 8);
    const other = seen.get(short);
    if (other !== undefined) return [other, text];
    seen.set(short, text);
  }
}

describe('resolving', () => {
  test.each([
    ['default/shop/api', 3],
    ['default/shop/api:latest', 3],
    ['default/shop/api:2', 2],
    ['default/shop/api:1.4.0', 1],
    ['default/shop/api^prod', 2],
    [`${base}:1`, 1],
    [base, 3],
    [`${base}@sha256:${sha256('two')}`, 2],
    [`${base}:2@sha256:${sha256('two')}`, 2],
    [`default/shop/api@sha256:${sha256('one').slice(0, 12)}`, 1],
    ['default/shop/api:2#archive.zip', 2],
  ])('%s gives version %i, definite', async (text, version) => {
    const { arn } = await resolve(domain, text);
    expect(arn.version).toBe(version);
    expect(formatArn(arn)).toBe(`${base}:${version}@sha256:${sha256(['one', 'two', 'three'][version - 1]!)}`);
  });

  test('tells which bookmark chose', async () => {
    expect((await resolve(domain, 'default/shop/api^prod')).resolvedFrom).toBe('default/shop/api^prod');
    expect((await resolve(domain, 'default/shop/api:2')).resolvedFrom).toBeUndefined();
  });

  test('latest passes over what is not Published', async () => {
    await domain.store.create(statusKey(API, 3), recordContent({ status: 'Unlisted' }));
    expect((await resolve(domain, 'default/shop/api')).arn.version).toBe(2);
    expect(await resolve(domain, 'default/shop/api:3')).toMatchObject({ status: 'Unlisted' });
  });

  test('content is found under any name in the domain', async () => {
    const { arn } = await resolve(domain, `default/elsewhere@sha256:${sha256('one')}`);
    expect(formatArn(arn)).toBe(`arn:aws:artifacts:local:000000000000:default/elsewhere@sha256:${sha256('one')}`);
  });

  test('content is what its artifact calls it, and what its version’s status says', async () => {
    await publishVersion(domain, { repository: 'default', id: 'other' }, publishable('same', 'file', 'a.env'));
    await publishVersion(domain, API, publishable('same', 'file', 'b.env'));
    const content = `${base}@sha256:${sha256('same')}`;
    expect(await resolve(domain, content)).toMatchObject({ filename: 'b.env', arn: { version: 4 } });
    await domain.store.create(statusKey(API, 4), recordContent({ status: 'Archived' }));
    expect(await resolve(domain, content)).toMatchObject({ filename: 'b.env', status: 'Archived' });
  });

  test('content with an asset is an asset of a version that holds it, or an error', async () => {
    const content = `@sha256:${sha256('one')}`;
    expect(await resolve(domain, `default/shop/api#archive.zip${content}`)).toMatchObject({ arn: { version: 1 } });
    for (const name of ['default/shop/api#nope', 'default/elsewhere#archive.zip']) {
      await expect(resolve(domain, name + content)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    }
  });

  test('a short digest that two contents begin with is refused, and what is no blob is passed over', async () => {
    const [one, other] = twins();
    for (const text of [one, other]) await publishVersion(domain, API, publishable(text));
    const short = sha256(one).slice(0, 8);
    await expect(resolve(domain, `default/shop/api@sha256:${short}`)).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringMatching(/is ambiguous/) as unknown,
    });
    const prefix = sha256('one').slice(0, 12);
    await domain.store.create(objectKey(`blobs/sha256/${prefix}-notes.txt`), contentOf('notes'));
    expect(await resolve(domain, `default/shop/api@sha256:${prefix}`)).toMatchObject({ arn: { version: 1 } });
  });

  test('a number that was taken out of use is no version', async () => {
    expect(await withdrawNumber(domain, API, 4)).toBe(true);
    expect(await withdrawNumber(domain, API, 4)).toBe(true);
    expect(await withdrawNumber(domain, API, 3)).toBe(false);
    expect((await resolve(domain, 'default/shop/api')).arn.version).toBe(3);
    await expect(resolve(domain, 'default/shop/api:4')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect((await publishVersion(domain, API, publishable('five'))).arn.version).toBe(5);
  });

  test.each([
    ['of another artifact', { format: 1, repository: 'default', id: 'b', number: 1 }],
    ['of another number', { format: 1, ...API, number: 2 }],
    ['of a later format', { format: 99, ...API, number: 1 }],
  ])('a manifest %s is refused', async (_, names) => {
    const asset = { name: 'a', digest: sha256('one'), filename: 'a', size: 3 };
    const record = { ...names, nonce: 'n', published: '2026-01-01T00:00:00.000Z', assets: [asset] };
    const elsewhere = await testDomain();
    await elsewhere.store.create(versionKey(API, 1), recordContent(record));
    await expect(resolve(elsewhere, 'default/shop/api:1')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test.each([
    ['default/shop/api:9', 'Its newest versions are 3, 2, 1.'],
    ['default/shop/api:nope', "It has '1.4.0'. Its newest versions are 3, 2, 1."],
    ['default/shop/api^nope', "It has 'prod'. Its newest versions are 3, 2, 1."],
    ['default/shop/apj', 'There is default/shop/api.'],
    ['default/other', "'cfn-artifacts list' shows what there is."],
  ])('%s is refused with what there is', async (text, remedy) => {
    await expect(resolve(domain, text)).rejects.toMatchObject({ remedy });
  });

  test('an artifact without bookmarks and labels says so, and not all of many versions', async () => {
    const lonely = { repository: 'default', id: 'lonely' };
    for (const text of ['a', 'b', 'c', 'd']) await publishVersion(domain, lonely, publishable(text));
    await expect(resolve(domain, 'default/lonely^x')).rejects.toMatchObject({
      remedy: 'It has no bookmarks. Its newest versions are 4, 3, 2.',
    });
    await expect(resolve(domain, 'default/lonely:x')).rejects.toMatchObject({
      remedy: 'It has no labels. Its newest versions are 4, 3, 2.',
    });
  });

  test('one version is told as such', async () => {
    const lonely = { repository: 'default', id: 'lonely' };
    await publishVersion(domain, lonely, publishable('a'));
    await expect(resolve(domain, 'default/lonely:2')).rejects.toMatchObject({ remedy: 'Its only version is 1.' });
  });

  test.each([
    ['default/shop/api:9', 'ARTIFACT_NOT_FOUND', /'default\/shop\/api' has no version 9$/],
    ['default/shop/api:nope', 'ARTIFACT_NOT_FOUND', /no label 'nope'/],
    ['default/shop/api^nope', 'ARTIFACT_NOT_FOUND', /no bookmark 'nope'/],
    ['default/shop/apj', 'ARTIFACT_NOT_FOUND', /no artifact 'default\/shop\/apj'/],
    ['default/shop/api:1#other', 'ARTIFACT_NOT_FOUND', /no asset 'other', only 'archive.zip'/],
    [`default/shop/api:1@sha256:${'0'.repeat(64)}`, 'DIGEST_MISMATCH', /is not sha256:0000/],
    [`default/shop/api@sha256:${'0'.repeat(64)}`, 'ARTIFACT_NOT_FOUND', /no content/],
    [
      'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:1',
      'ARTIFACT_NOT_FOUND',
      /account 111122223333 in eu-west-1/,
    ],
    ['arn:aws:artifacts:local:000000000000:default/shop/api:x', 'INVALID_ARN', /no version number/],
    ['shop', 'INVALID_NAME', /repository\/id/],
  ])('%s is refused', async (text, code, message) => {
    await expect(resolve(domain, text)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('a name that is not there offers those that are near', async () => {
    await expect(resolve(domain, 'default/shop/apj')).rejects.toMatchObject({ remedy: 'There is default/shop/api.' });
  });
});

describe('listing', () => {
  test('shows each artifact once, with its newest version, ascending', async () => {
    for (const id of ['shop', 'shop/api/v2', 'a'])
      await publishVersion(domain, { repository: 'default', id }, publishable(id));
    const list = async (prefix?: string) => {
      const found: string[] = [];
      for await (const { id, newest } of listArtifacts(domain, 'default', prefix)) found.push(`${id}:${newest}`);
      return found;
    };
    expect(await list()).toEqual(['a:1', 'shop:1', 'shop/api:3', 'shop/api/v2:1']);
    expect(await list('shop/')).toEqual(['shop/api:3', 'shop/api/v2:1']);
    expect(await list('shop/a')).toEqual(['shop/api:3', 'shop/api/v2:1']);
    expect(await list('none')).toEqual([]);
  });

  test('reads past an artifact of thousands of versions', async () => {
    const { store } = domain;
    const { versionKey } = await import('../../repository/keys.ts');
    for (let number = 1; number <= 2500; number++)
      await store.create(versionKey({ repository: 'big', id: 'm' }, number), recordContent({}));
    await store.create(versionKey({ repository: 'big', id: 'n' }, 1), recordContent({}));
    await store.create(versionKey({ repository: 'big', id: 'm/x' }, 1), recordContent({}));
    const found: string[] = [];
    for await (const { id, newest } of listArtifacts(domain, 'big')) found.push(`${id}:${newest}`);
    expect(found).toEqual(['m:2500', 'm/x:1', 'n:1']);
  });
});
