import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../repository/index.ts';
import {
  blobKey,
  bookmarkKey,
  deletionKey,
  descriptorKey,
  consumerKey,
  labelKey,
  namedReferenceKey,
  parseBlobKey,
  parseConsumerKey,
  parseReferenceKey,
  parseVersionKey,
  parseVersionReferenceKey,
  sourceKey,
  stackConsumersPrefix,
  stackReferenceKey,
  statusKey,
  versionKey,
  versionPrefix,
  versionReferenceKey,
} from '../../repository/keys.ts';
import { compareKeys } from '../../repository/object-store.ts';

const digest = sha256('x');
const name = { repository: 'default', id: 'shop/api' };

describe('keys', () => {
  test('stand as the stored format says', () => {
    expect([
      descriptorKey,
      blobKey(digest, 'archive.zip'),
      sourceKey('default', digest),
      versionKey(name, 7),
      labelKey(name, '1.4.0'),
      statusKey(name, 7),
      bookmarkKey(name, 'prod'),
      versionReferenceKey(digest, name, 7, 'n0nce'),
      deletionKey(digest),
    ]).toEqual([
      'domain',
      `blobs/sha256/${digest}/archive.zip`,
      `sources/default/${digest}`,
      'versions/default/shop/api/!/999999999999992-7',
      'labels/default/shop/api/!/1.4.0',
      'statuses/default/shop/api/!/7',
      'bookmarks/default/shop/api/!/prod',
      `references/${digest}/version/default/shop/api/!/7-n0nce`,
      `deletions/${digest}`,
    ]);
  });

  test('are read back', () => {
    expect(parseBlobKey(blobKey(digest, '.env'))).toEqual({ digest, filename: '.env' });
    expect(parseVersionKey(versionKey(name, 12))).toEqual({ ...name, number: 12 });
    expect(parseVersionReferenceKey(versionReferenceKey(digest, name, 12, 'a-b'))).toEqual({
      number: 12,
      nonce: 'a-b',
    });
  });

  test('say who needs a blob', () => {
    const resource = { account: '111122223333', region: 'eu-west-1', stack: 'shop', uuid: 'u', logicalId: 'Api' };
    expect(
      [
        namedReferenceKey(digest, 'edge', 'g'),
        stackReferenceKey(digest, resource, 'g'),
        versionReferenceKey(digest, name, 7, 'n'),
        `references/${digest}/other/x`,
      ].map(parseReferenceKey),
    ).toEqual([{ kind: 'named', consumer: 'edge' }, { kind: 'stack', resource }, { kind: 'version' }, undefined]);
    const key = consumerKey(resource, 'g', digest);
    expect(parseConsumerKey(key)).toEqual({ resource, generation: 'g', digest });
    expect(key.startsWith(stackConsumersPrefix(resource, 'u'))).toBe(true);
    expect(key.startsWith(stackConsumersPrefix(resource))).toBe(true);
    expect(key.startsWith(stackConsumersPrefix({ ...resource, stack: 'sho' }))).toBe(false);
  });

  test('newer versions list first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999_998 }), (number) => {
        expect(compareKeys(versionKey(name, number + 1), versionKey(name, number))).toBeLessThan(0);
      }),
    );
  });

  test('the versions of an artifact list apart from those below it', () => {
    const keys = [{ repository: 'default', id: 'shop' }, name, { repository: 'default', id: 'shop-x' }].map((one) =>
      versionKey(one, 1),
    );
    expect(keys.filter((key) => key.startsWith(versionPrefix({ repository: 'default', id: 'shop' })))).toHaveLength(1);
  });
});
