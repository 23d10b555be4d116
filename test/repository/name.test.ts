import { describe, expect, test } from '@jest/globals';
import { parseArtifactName, parseId, parseRepository, parseSegment, parseSelector } from '../../repository/name.ts';

describe('a selector', () => {
  test.each([
    ['default/shop/api', {}],
    ['default/shop/api:7', { selection: { by: 'number', number: 7 } }],
    ['default/shop/api:1.4.0', { selection: { by: 'label', label: '1.4.0' } }],
    ['default/shop/api:latest', { selection: { by: 'latest' } }],
    ['default/shop/api^prod', { selection: { by: 'bookmark', bookmark: 'prod' } }],
    ['default/shop/api:7#archive.zip', { selection: { by: 'number', number: 7 }, asset: 'archive.zip' }],
    ['default/shop/api@sha256:01234567', { digest: '01234567' }],
  ])('%s', (text, rest) => {
    expect(parseSelector(text)).toEqual({ repository: 'default', id: 'shop/api', ...rest });
  });

  test.each([
    'shop',
    'default/',
    '/a',
    'default/a^',
    'default/a:',
    'default/a:007',
    'default/a@sha256:0123',
    'default/a@md5:01234567',
    'default/a^b^c',
    'Default/a',
  ])("'%s' is refused", (text) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });
});

describe('names', () => {
  test('keep their limits', () => {
    expect(parseRepository('ab')).toBe('ab');
    expect(parseRepository('a'.repeat(63))).toHaveLength(63);
    expect(() => parseRepository('a')).toThrow();
    expect(() => parseRepository('a'.repeat(64))).toThrow();
    expect(parseId('a'.repeat(512))).toHaveLength(512);
    expect(() => parseId('a'.repeat(513))).toThrow();
    expect(parseArtifactName('default/a/b')).toEqual({ repository: 'default', id: 'a/b' });
  });

  test('a label is never a number and never latest', () => {
    expect(() => parseSegment('label', '12')).toThrow();
    expect(() => parseSegment('label', '007')).toThrow();
    expect(() => parseSegment('label', 'latest')).toThrow();
    expect(parseSegment('bookmark', 'latest')).toBe('latest');
  });
});
