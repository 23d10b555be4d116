import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignLogicalIds } from '../../../packager/packaging/logical-id.ts';

const of = (ids: readonly string[], taken: readonly string[] = []): string[] =>
  assignLogicalIds(
    'shop',
    ids.map((id) => ({ id, identity: id, ending: 'Artifact' })),
    new Set(taken),
  );

describe('the logical ID of a reference', () => {
  test.each([
    ['shop/functions/orders', 'FunctionsOrdersArtifact'],
    ['shop/HelloFunction', 'HelloFunctionArtifact'],
    ['shop/my-function_v2.1', 'MyFunctionV21Artifact'],
    ['shop', 'ShopArtifact'],
    ['other/api', 'OtherApiArtifact'],
  ])('%s → %s', (id, logicalId) => {
    expect(of([id])).toEqual([logicalId]);
  });

  test('gets a digest of its own where two come to the same, or the template has it', () => {
    const [a = '', b = '', c] = of(['shop/a/b', 'shop/a-b', 'shop/c']);
    expect(a).toMatch(/^ABArtifact[0-9a-f]{8}$/);
    expect(b).toMatch(/^ABArtifact[0-9a-f]{8}$/);
    expect(a).not.toBe(b);
    expect(c).toBe('CArtifact');
    expect(of(['shop/c'], ['CArtifact'])[0]).toMatch(/^CArtifact[0-9a-f]{8}$/);
  });

  test('is alphanumeric, fits, and does not depend on order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-b][a-bA-B._/-]{0,5}$/), { maxLength: 6 }), (ids) => {
        const forward = of(ids);
        expect(of(ids.toReversed()).toReversed()).toEqual(forward);
        expect(new Set(forward).size).toBe(ids.length);
        for (const logicalId of forward) expect(logicalId).toMatch(/^[A-Za-z0-9]{1,255}$/);
      }),
    );
  });
});
