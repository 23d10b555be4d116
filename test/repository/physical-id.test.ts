import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPhysicalId, generationOf, isInvented } from '../../repository/physical-id.ts';
import { formatArn } from '../../repository/index.ts';
import { sha256 } from '../../repository/index.ts';

const GENERATION = '0a1b2c3d-0000-4000-8000-000000000001';
const DEFINITE = {
  ...{ partition: 'aws', region: 'eu-west-1', account: '111122223333', repository: 'default', id: 'shop/api' },
  ...{ version: 3, digest: sha256('x') },
};
const ARN = formatArn(DEFINITE);
const RESOURCE = { account: '111122223333', region: 'eu-west-1', stack: 'my-shop', uuid: 'u', logicalId: 'Api' };

test('begins with the ARN and ends with the generation', () => {
  expect(formatPhysicalId(GENERATION, ARN)).toBe(`${ARN}/${GENERATION}`);
  expect(formatPhysicalId(GENERATION)).toBe(`artifacts/${GENERATION}`);
});

test('names its binding whatever the ARN, in no more bytes than CloudFormation takes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 512 }), fc.uuid(), (length, generation) => {
      const id = formatPhysicalId(generation, formatArn({ ...DEFINITE, id: 'a'.repeat(length) }));
      expect(generationOf(id)).toBe(generation);
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(1024);
    }),
  );
});

test('content without a version is ours as well', () => {
  expect(generationOf(`${ARN.replace(':3@', '@')}/${GENERATION}`)).toBe(GENERATION);
});

test.each([
  '',
  GENERATION,
  `/${GENERATION}`,
  'artifacts/',
  'artifacts',
  'artifacts/a b',
  `artifacts/more/${GENERATION}`,
  ARN,
  `${ARN}/`,
  `${ARN}/../${GENERATION}`,
  `${ARN.replace(/@.*/, '')}/${GENERATION}`,
  `x${ARN}/${GENERATION}`,
  `2026/01/01/[$LATEST]${GENERATION}`,
  `my-shop-Api-1A2B3C4D5E6F`,
])("'%s' is not ours", (id) => {
  expect(generationOf(id)).toBeUndefined();
});

describe('an invented ID', () => {
  test('is made of the stack, the logical ID and a suffix', () => {
    expect(isInvented('my-shop-Api-1A2B3C4D5E6F', RESOURCE)).toBe(true);
  });

  test.each([
    'my-shop-Api-',
    'my-shop-Api',
    'my-shop-Api-1a2b',
    'my-shop-Api-1A2B-X',
    'shop-Api-1A2B3C4D5E6F',
    'my-shop-Other-1A2B3C4D5E6F',
    `2026/01/01/[$LATEST]0A1B`,
    `artifacts/${GENERATION}`,
  ])("is not '%s'", (id) => {
    expect(isInvented(id, RESOURCE)).toBe(false);
  });
});
