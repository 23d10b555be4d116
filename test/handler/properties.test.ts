import { describe, expect, test } from '@jest/globals';
import { parseProperties, wantTheSame } from '../../handler/reference/properties.ts';
import { ArtifactErrors, parseArn, sha256 } from '../../repository/index.ts';

const A = `arn:aws:artifacts:us-east-1:111122223333:default/a:1@sha256:${sha256('a')}`;
const B = `arn:aws:artifacts:us-east-1:111122223333:default/b:2`;
const KEY = `blobs/sha256/${sha256('a')}/archive.zip`;
const TOKEN = { ServiceToken: 't', ServiceTimeout: '300' };

test('one artifact', () => {
  expect(parseProperties({ ...TOKEN, ArtifactArn: A, Key: KEY, ResolvedFrom: 'default/a^prod' })).toEqual({
    uses: [{ arn: parseArn(A), key: KEY, resolvedFrom: 'default/a^prod' }],
    isGroup: false,
    pinned: false,
  });
});

test('many artifacts, with keys or as ARNs alone', () => {
  expect(parseProperties({ ...TOKEN, ArtifactArns: [{ Arn: A, Key: KEY }, B], Pinned: 'true' })).toEqual({
    uses: [{ arn: parseArn(A), key: KEY }, { arn: parseArn(B) }],
    isGroup: true,
    pinned: true,
  });
});

test.each([true, 'true'])('pinned as %j', (pinned) => {
  expect(parseProperties({ ArtifactArn: A, Pinned: pinned }).pinned).toBe(true);
});

describe('refused', () => {
  test.each<[string, unknown]>([
    ['exactly one', undefined],
    ['exactly one', {}],
    ['exactly one', { ArtifactArn: A, ArtifactArns: [A] }],
    ["no property 'Artifact'", { ArtifactArn: A, Artifact: A }],
    ["no property 'Pined'", { ArtifactArn: A, Pined: 'true' }],
    ['Pinned', { ArtifactArn: A, Pinned: 'yes' }],
    ['list of 1 to 40', { ArtifactArns: [] }],
    ['list of 1 to 40', { ArtifactArns: A }],
    ['list of 1 to 40', { ArtifactArns: Array(41).fill(A) }],
    ['is no text', { ArtifactArns: [{ Key: KEY }] }],
    ['is no text', { ArtifactArn: { Ref: 'X' } }],
    ['is no text', { ArtifactArn: A, Key: [] }],
    ["no property 'Bucket'", { ArtifactArns: [{ Arn: A, Bucket: 'b' }] }],
    ['stand beside each', { ArtifactArns: [A], Key: KEY }],
    ['is no artifact ARN', { ArtifactArn: 'arn:aws:s3:::bucket' }],
    ['none of its versions', { ArtifactArn: 'arn:aws:artifacts:us-east-1:111122223333:default/a' }],
  ])('%s: %j', (message, properties) => {
    const problems = problemsOf(properties);
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  test('every problem is told', () => {
    expect(problemsOf({ ArtifactArns: ['x', B, 'y'], Pinned: '?', Other: '1' })).toHaveLength(4);
  });
});

function problemsOf(properties: unknown): readonly string[] {
  try {
    parseProperties(properties);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ArtifactErrors);
    return (error as ArtifactErrors).problems.map(({ message }) => message);
  }
}

describe('the same', () => {
  test.each([
    [true, { ...TOKEN, ArtifactArn: A }, { ServiceToken: 't', ArtifactArn: A }],
    [true, { ArtifactArns: [A, B] }, { ArtifactArns: [{ Arn: B }, { Arn: A }] }],
    [true, { ArtifactArn: A, Pinned: 'false' }, { ArtifactArn: A }],
    [false, { ArtifactArn: A }, { ArtifactArn: B }],
    [false, { ArtifactArn: A }, { ArtifactArn: A, Key: KEY }],
    [false, { ArtifactArn: A, ResolvedFrom: 'x' }, { ArtifactArn: A, ResolvedFrom: 'y' }],
    [false, { ArtifactArn: A, Pinned: 'true' }, { ArtifactArn: A }],
    [false, { ArtifactArn: A }, { Made: 'by an older version' }],
    [false, { ArtifactArn: A }, undefined],
  ])('%s: %j and %j', (same, one, other) => {
    expect(wantTheSame(one, other)).toBe(same);
  });
});
