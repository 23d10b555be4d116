import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findProjectRoot } from '../../../packager/archive/source.ts';
import { Folder } from './folder.ts';
import type { Planted } from './folder.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

const cases: readonly (readonly [string, string, Readonly<Record<string, Planted>>])[] = [
  ['a git work tree', '.', { '.git/': '' }],
  ['a linked work tree or submodule', 'services', { '.git/': '', 'services/.git': 'gitdir: elsewhere' }],
  ['git before a workspace', '.', { '.git/': '', 'services/pnpm-workspace.yaml': '' }],
  [
    'an npm workspace before a lock file',
    '.',
    { 'package.json': '{"workspaces": ["services/*"]}', 'services/package-lock.json': '' },
  ],
  ['a pnpm workspace', '.', { 'pnpm-workspace.yaml': '' }],
  ['a uv workspace', '.', { 'pyproject.toml': '[project]\nname = "x"\n[tool.uv.workspace]\nmembers = ["*"]\n' }],
  ['a cargo workspace', '.', { 'Cargo.toml': '[workspace]\nmembers = []\n', 'services/Cargo.toml': '[package]\n' }],
  ['a go workspace', '.', { 'go.work': '' }],
  ['the nearest lock file', 'services', { 'yarn.lock': '', 'services/poetry.lock': '' }],
  ['a lock file further up', '.', { 'bun.lock': '', 'services/package.json': '{"name": "x"}' }],
  ['the folder of the template', 'services/api', { 'package.json': '{}' }],
];

test.each(cases)('links may lead anywhere in %s', async (_, expected, tree) => {
  folder.plant('.', { ...tree, 'services/api/template.yaml': '' });
  expect(await findProjectRoot(folder.at('services/api'))).toBe(folder.at(expected));
});

test('the root has no links in its path', async () => {
  folder.plant('real', { '.git/': '', 'api/template.yaml': '' });
  folder.plant('links', { here: { link: '../real' } });
  expect(await findProjectRoot(folder.at('links/here/api'))).toBe(folder.at('real'));
});
