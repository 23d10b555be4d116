import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { builtLocation, keyOf } from '../../../packager/template/build.ts';
import { builtHandler, entriesOf, moduleOf } from '../../../packager/template/metadata/entries.ts';
import { optionNamed, PROPERTIES, propertyNamed } from '../../../packager/template/metadata/build-properties.ts';

describe('the module of a Handler', () => {
  test.each([
    ['app.handler', 'app'],
    ['src/app.handler', 'src/app'],
    ['./src/./app.handler', 'src/app'],
    ['../shared/app.handler', '../shared/app'],
    ['src/app.deep.handler', 'src/app'],
    ['v1.2/app.handler', 'v1.2/app'],
    ['app', undefined],
    ['.handler', undefined],
    ['app.', undefined],
    ['', undefined],
    ['/opt/nodejs/wrap.handler', undefined],
  ])('%s', (handler, module) => {
    expect(moduleOf(handler)).toBe(module);
  });
});

describe('entry points', () => {
  test.each<[readonly string[], string | undefined, readonly string[]]>([
    [['src/app'], undefined, ['app']],
    [['src/app.ts', './src/app.ts'], undefined, ['app']],
    [['a/x.ts', 'b/y.ts'], undefined, ['a/x', 'b/y']],
    [['a/b/x', 'a/b/c/y.mjs', 'a/b/z'], undefined, ['x', 'c/y', 'z']],
    [['ab/x', 'a/y'], undefined, ['ab/x', 'a/y']],
    [['../x', 'y'], undefined, ['_.._/x', 'y']],
    [['../shared/x'], undefined, ['x']],
    [['src/a/x'], 'src', ['a/x']],
    [['src/a/x'], '.', ['src/a/x']],
    [['x.y.ts'], undefined, ['x.y']],
  ])('%j below %j', (files, outbase, outs) => {
    expect(entriesOf(files, outbase).map(({ out }) => out)).toEqual(outs);
  });

  const name = fc.stringMatching(/^[a-z]{1,3}$/);
  const file = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

  test('are all called differently, and found again by their Handlers', () => {
    fc.assert(
      fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 5 }), (files) => {
        const entries = entriesOf(files);
        expect(new Set(entries.map(({ out }) => out)).size).toBe(files.length);
        for (const [index, module] of files.entries()) {
          const built = builtHandler(`${module}.handler`, entries) ?? '';
          // What is built is looked for first: SAM leaves a Handler that fits what is there.
          const isBuilt = entries.some(({ out }) => out === module);
          expect(built).toBe(`${isBuilt ? module : String(entries[index]?.out)}.handler`);
        }
      }),
    );
  });
});

describe('a build', () => {
  test('is the same whatever the order of its options, and another with others', () => {
    const entries = entriesOf(['app']);
    const key = (options: Record<string, boolean>): string => keyOf({ kind: 'esbuild', entries, options });
    expect(key({ minify: true, splitting: false })).toBe(key({ splitting: false, minify: true }));
    expect(key({ minify: true })).not.toBe(key({ minify: false }));
  });

  test('is called after its module, or after its folder where it has several', () => {
    const location = (folder: string, ...files: string[]): string =>
      builtLocation(folder, { kind: 'esbuild', entries: entriesOf(files), options: {} });
    expect([location('src', 'a/app.ts'), location('', 'app'), location('src', 'a', 'b')]).toEqual([
      'src/a/app',
      'app',
      'src',
    ]);
  });
});

describe('the names of properties', () => {
  test('are taken as SAM takes them', () => {
    for (const spelling of ['MainFields', 'main_fields', 'main-fields']) {
      expect(propertyNamed(spelling)).toBe('MainFields');
    }
    expect([propertyNamed('MAINFIELDS'), propertyNamed('plugins'), optionNamed('MainFields')]).toEqual([
      undefined,
      undefined,
      'mainFields',
    ]);
  });

  test('are those of the page', async () => {
    const { readFileSync } = await import('node:fs');
    const page = readFileSync(new URL('../../../docs/building.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([A-Z]\w*)`/g)].map(([, property]) => property),
    );
    expect(listed.sort()).toEqual(Object.keys(PROPERTIES).sort());
  });
});
