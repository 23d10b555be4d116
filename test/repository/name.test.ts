import { describe, expect, test } from '@jest/globals';
import { parseArn } from '../../repository/arn.ts';
import { ArtifactError } from '../../repository/error.ts';
import { parseConsumer } from '../../repository/named.ts';
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

  test.each<[string, (text: string) => unknown]>([
    ['a repository', parseRepository],
    ['an ID', parseId],
    ['a label', (text) => parseSegment('label', text)],
    ['an artifact', parseArtifactName],
    ['an artifact’s ID', (text) => parseArtifactName(`default/${text}`)],
    ['a selector', parseSelector],
    ['a digest', (text) => parseSelector(`default/a@sha256:${text}`)],
    ['a consumer', parseConsumer],
    ['an ID in an ARN', (text) => parseArn(`arn:aws:artifacts:eu-west-1:111122223333:default/${text}`)],
    ['a repository in an ARN', (text) => parseArn(`arn:aws:artifacts:eu-west-1:111122223333:${text}/a`)],
  ])('that are long are not repeated whole: %s', (_what, parse) => {
    let message = '';
    try {
      parse(`${'n'.repeat(3000)}!`);
    } catch (error) {
      if (error instanceof ArtifactError) ({ message } = error);
    }
    expect(message).toContain(`${'n'.repeat(100)}…' is no `);
    expect(message.length).toBeLessThan(1000);
  });

  test('of ordinary length are repeated whole', () => {
    const name = `${'n'.repeat(199)}!`;
    expect(() => parseId(name)).toThrow(`'${name}' is no`);
    expect(() => parseId(`${'n'.repeat(199)}\u{1F600}`)).toThrow(`'${'n'.repeat(199)}…' is no`);
  });

  test('a label is never a number and never latest', () => {
    expect(() => parseSegment('label', '12')).toThrow();
    expect(() => parseSegment('label', '007')).toThrow();
    expect(() => parseSegment('label', 'latest')).toThrow();
    expect(parseSegment('bookmark', 'latest')).toBe('latest');
  });
});
