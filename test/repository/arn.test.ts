import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatArn, looksLikeArtifactArn, parseArn, sha256 } from '../../repository/index.ts';
import type { ArtifactArn, Digest } from '../../repository/index.ts';

const segment = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+=-]{0,20}$/);
const digest = fc.string().map((text) => sha256(text));
const arns: fc.Arbitrary<ArtifactArn> = fc
  .record({
    partition: fc.constantFrom('aws', 'aws-cn', 'aws-us-gov'),
    region: fc.constantFrom('eu-west-1', 'local', 'cn-north-1', 'us-gov-west-1'),
    account: fc.stringMatching(/^[0-9]{12}$/),
    repository: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{1,20}$/),
    id: fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/')),
    tail: fc.oneof(
      fc.constant({}),
      fc.record({ version: fc.integer({ min: 1, max: 999_999_999_999_999 }) }),
      fc.record({ version: fc.integer({ min: 1 }), asset: segment }),
      fc.record({ digest }),
      fc.record({ version: fc.integer({ min: 1 }), digest }),
    ),
  })
  .map(({ tail, ...rest }) => ({ ...rest, ...tail }));

describe('an artifact ARN', () => {
  test('is parsed to what it was printed from', () => {
    fc.assert(
      fc.property(arns, (arn) => {
        expect(parseArn(formatArn(arn))).toEqual(arn);
      }),
    );
  });

  test('is printed as it was read, whatever was read', () => {
    const pieces = fc.constantFrom(
      'arn:aws:artifacts:eu-west-1:111122223333:',
      'default/',
      'shop',
      '/',
      ':',
      '7',
      '@sha256:',
      'a'.repeat(64),
      '#',
      'x',
      '07',
      '',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 10 }), (list) => {
        const text = list.join('');
        let arn: ArtifactArn;
        try {
          arn = parseArn(text);
        } catch {
          return;
        }
        expect(formatArn(arn)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('names a version and its content', () => {
    const text = `arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:3@sha256:${'9f'.repeat(32)}`;
    expect(parseArn(text)).toEqual({
      partition: 'aws',
      region: 'eu-west-1',
      account: '111122223333',
      repository: 'default',
      id: 'shop/api',
      version: 3,
      digest: '9f'.repeat(32) as Digest,
    });
  });

  test.each([
    ['arn:aws:s3:::bucket/key', 'another service'],
    ['arn:aws:artifacts:eu-west-1:11112222333:default/a', 'an account of 11 digits'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default', 'no ID'],
    ['arn:aws:artifacts:eu-west-1:111122223333:Default/a', 'upper case in the repository'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a//b', 'an empty segment'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/-a', 'a segment that begins with a hyphen'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/../a', 'a way out'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a:01', 'a leading zero'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a:0', 'version zero'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a:latest', 'a word for a version'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a^prod', 'a bookmark'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a#x', 'an asset without a version'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a:1#-x', 'a bad asset name'],
    [`arn:aws:artifacts:eu-west-1:111122223333:default/a@sha256:${'A'.repeat(64)}`, 'an upper-case digest'],
    [`arn:aws:artifacts:eu-west-1:111122223333:default/a@sha256:${'a'.repeat(63)}`, 'a short digest'],
    [`arn:aws:artifacts:eu-west-1:111122223333:default/${'a'.repeat(513)}`, 'an ID of 513 characters'],
    ['arn:aws:artifacts:eu-west-1:111122223333:default/a\n', 'a line end'],
  ])('is refused: %s (%s)', (text) => {
    expect(() => parseArn(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARN' }));
  });
});

test('what is written like an ARN is meant as one, of whatever service', () => {
  for (const text of ['arn:aws:artifacts:x', 'arn:aws:s3:::bucket/key', 'arn::artifacts:'])
    expect(looksLikeArtifactArn(text)).toBe(true);
  for (const text of ['arn', 'arn:7', 'arn:aws', 'default/arn:aws', 's3://bucket/key'])
    expect(looksLikeArtifactArn(text)).toBe(false);
});
