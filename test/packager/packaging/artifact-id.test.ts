import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isId } from '../../../repository/name.ts';
import { assignIds } from '../../../packager/packaging/artifact-id.ts';
import type { Named } from '../../../packager/packaging/artifact-id.ts';

const at = (location: string, form: Named['form'] = 'archive'): Named => ({
  identity: JSON.stringify([form, location]),
  location,
  form,
});
const ids = (...named: Named[]): string[] => assignIds('shop', named);

describe("an artifact's ID", () => {
  test.each([
    ['functions/orders', 'shop/functions/orders'],
    ['', 'shop'],
    ['.aws-sam/build/Orders', 'shop/Orders'],
    ['web/cdk.out/WebNotes.nested.template.json', 'shop/web/WebNotes.nested.template.json'],
    ['my function (1)', 'shop/my-function--1-'],
    ['_layer/.hidden', 'shop/layer/hidden'],
    ['café', 'shop/caf-'],
    ['../other/src', 'shop/other/src'],
    ['../../elsewhere/src', 'shop/elsewhere/src'],
  ])('%s → %s', (location, id) => {
    expect(ids(at(location))).toEqual([id]);
  });

  test('of what has no character that an ID can have is a digest', () => {
    const [one = '', other = ''] = ids(at('é/src'), at('日本/src'));
    expect(one).toMatch(/^shop\/[0-9a-f]{8}\/src$/);
    expect(other).toMatch(/^shop\/[0-9a-f]{8}\/src$/);
    expect(one).not.toBe(other);
  });

  test('of a name that the author chose stands below the prefix', () => {
    expect(ids(at('models/fraud', 'named'))).toEqual(['shop/models/fraud']);
  });

  test.each<[string, Named, Named]>([
    ['a path that is the ID to the letter', at('a-b', 'file'), at('a b', 'file')],
    ['a folder in the project', at('shared/lib'), at('../shared/lib')],
    ['a name that the author chose', at('src/api', 'named'), at('src/api')],
    ['a file as it is, beside itself zipped', at('fn.py', 'file'), at('fn.py', 'zipped-file')],
    ['a template, beside itself in a StackSet', at('net.yaml', 'template'), at('net.yaml', 'detached-template')],
    ['a folder, beside what was built from one', at('Orders'), at('.aws-sam/build/Orders')],
  ])('is kept by %s', (_, better, worse) => {
    const [alone] = ids(better);
    const [kept, changed] = ids(better, worse);
    expect(kept).toBe(alone);
    expect(changed?.replace(/[0-9a-f]{8}$/, '')).toBe(`${String(kept)}-`);
  });

  test('has a digest for each of two that claim it equally', () => {
    const [one = '', other = ''] = ids(at('a b'), at('a@b'));
    expect(one).toMatch(/^shop\/a-b-[0-9a-f]{8}$/);
    expect(other).toMatch(/^shop\/a-b-[0-9a-f]{8}$/);
    expect(one).not.toBe(other);
  });

  test('of a long path fits', () => {
    const [id = ''] = ids(at(`${'long/'.repeat(150)}end`));
    expect(id).toHaveLength(512);
    expect(isId(id)).toBe(true);
  });

  const forms = fc.constantFrom<Named['form']>('named', 'archive', 'file', 'template', 'fragment', 'zipped-file');
  const locations = fc.stringMatching(/^[a-cA-C ._/é-]{1,8}$/);
  const many = fc.uniqueArray(fc.record({ location: locations, form: forms }), {
    maxLength: 8,
    selector: ({ location, form }) => `${form}:${location}`,
  });

  test('is valid, its own, and the same in whatever order things stand', () => {
    fc.assert(
      fc.property(many, (all) => {
        const named = all.map(({ location, form }) => at(location, form));
        const forward = assignIds('shop', named);
        expect(forward.every(isId)).toBe(true);
        expect(new Set(forward).size).toBe(named.length);
        expect(assignIds('shop', named.toReversed()).toReversed()).toEqual(forward);
      }),
      { numRuns: 500 },
    );
  });

  test('of one function stays when another is inserted above it', () => {
    const before = ids(at('b'), at('c'));
    expect(ids(at('a'), at('b'), at('c')).slice(1)).toEqual(before);
  });
});
