import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isId } from '../../../repository/name.ts';
import { assignIds } from '../../../packager/packaging/artifact-id.ts';
import type { Named } from '../../../packager/packaging/artifact-id.ts';

const archive = (path: string): Named => ({ path, as: 'archive' });
const ids = (...named: Named[]): string[] => assignIds('shop', '/work/shop', named);

describe("an artifact's ID", () => {
  test.each([
    ['/work/shop/functions/orders', 'shop/functions/orders'],
    ['/work/shop', 'shop'],
    ['/work/shop/.aws-sam/build/Orders', 'shop/Orders'],
    ['/work/shop/my function (1)', 'shop/my-function--1-'],
    ['/work/shop/_layer/.hidden', 'shop/layer/hidden'],
    ['/work/shop/café', 'shop/caf-'],
    ['/work/other/src', 'shop/other/src'],
    ['/elsewhere/src', 'shop/elsewhere/src'],
  ])('%s → %s', (path, id) => {
    expect(ids(archive(path))).toEqual([id]);
  });

  test('of a name that the author chose stands below the prefix', () => {
    expect(ids({ path: '/work/shop/dist/x.tar.gz', as: 'file', name: 'models/fraud' })).toEqual(['shop/models/fraud']);
  });

  test('adds a digest where two paths come to the same; who has it to the letter keeps it', () => {
    const [clean, changed] = ids({ path: '/work/shop/a-b', as: 'file' }, { path: '/work/shop/a b', as: 'file' });
    expect(clean).toBe('shop/a-b');
    expect(changed).toMatch(/^shop\/a-b-[0-9a-f]{8}$/);
    const [raw, zipped] = ids({ path: '/work/shop/fn.py', as: 'file' }, archive('/work/shop/fn.py'));
    expect(raw).toBe('shop/fn.py');
    expect(zipped).toMatch(/^shop\/fn\.py-[0-9a-f]{8}$/);
  });

  test('of a long path fits', () => {
    const [id = ''] = ids(archive(`/work/shop/${'long/'.repeat(150)}end`));
    expect(id).toHaveLength(512);
    expect(isId(id)).toBe(true);
  });

  const paths = fc.array(
    fc.stringMatching(/^[a-cA-C ._/é-]{1,8}$/).map((tail): Named => ({ path: `/work/shop/${tail}`, as: 'archive' })),
    { maxLength: 8 },
  );

  test('is valid, whatever the path', () => {
    fc.assert(fc.property(paths, (named) => assignIds('shop', '/work/shop', named).every(isId)));
  });

  test('does not depend on the order of things, and differs for different paths', () => {
    fc.assert(
      fc.property(paths, (named) => {
        const distinct = [
          ...new Map(named.map((one) => [one.path.replace(/\/+/g, '/').replace(/\/$/, ''), one])).values(),
        ];
        const forward = assignIds('shop', '/work/shop', distinct);
        const backward = assignIds('shop', '/work/shop', distinct.toReversed()).toReversed();
        expect(forward).toEqual(backward);
      }),
    );
  });

  test('of one function stays when another is inserted above it', () => {
    const before = ids(archive('/work/shop/b'), archive('/work/shop/c'));
    expect(ids(archive('/work/shop/a'), archive('/work/shop/b'), archive('/work/shop/c')).slice(1)).toEqual(before);
  });
});
