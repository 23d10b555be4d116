import fc from 'fast-check';
import type { Planted } from './folder.ts';

const FOLDERS = ['', 'a/', 'a/b/', 'c/', 'c/d/'];

const planted: fc.Arbitrary<Planted> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constant({ content: '#!/bin/sh', mode: 0o755 }) },
  // to files and folders, above and below, that are there or not, and perhaps out of the project
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        'a',
        'a/b',
        '../a',
        '../c',
        '../../c/d',
        'c',
        'x',
        '../x',
        '../a/x',
        '.',
        '..',
        '/usr/lib/os-release',
      )
      .map((link) => ({ link })),
  },
);

const named = fc.constantFrom('x', 'y', '-', 'é', '\u{10000}', '.git', 'link', 'run.sh');

/** Files, links of all kinds, sometimes an ignore file: for `Folder.plant`. */
export const plantedTree: fc.Arbitrary<Record<string, Planted>> = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...FOLDERS), named, planted), { minLength: 1, maxLength: 25 }),
    fc.array(
      fc.tuple(fc.constantFrom(...FOLDERS), fc.constantFrom('x\n', '*.sh\n!/run.sh\n', 'b/\n', '[\n', 'link\né\n')),
      { maxLength: 2 },
    ),
  )
  .map(([entries, ignoreFiles]) => ({
    ...Object.fromEntries(FOLDERS.slice(1).map((folder) => [folder, ''])),
    ...Object.fromEntries(entries.map(([folder, name, one]) => [`${folder}${name}`, one])),
    ...Object.fromEntries(ignoreFiles.map(([folder, text]) => [`${folder}.artifactignore`, text])),
  }));
