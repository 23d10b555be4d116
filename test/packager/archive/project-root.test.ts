import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

describe('what SAM built', () => {
  test.each([
    ['the template', '.aws-sam/build'],
    ['a nested template', '.aws-sam/build/Nested/Deeper'],
  ])('counts as the project above it: %s', async (_, below) => {
    folder.plant('shop', { [`${below}/template.yaml`]: '' });
    expect(await findProjectRoot(folder.at(`shop/${below}`))).toBe(folder.at('shop'));
  });

  test('is in the workspace of the project, whatever the build has left in its own folders', async () => {
    folder.plant('.', { 'yarn.lock': '', 'shop/package.json': '{}', 'shop/.aws-sam/build/package-lock.json': '' });
    expect(await findProjectRoot(folder.at('shop/.aws-sam/build'))).toBe(folder.path);
  });

  test('is told from folders that have only one of the names', async () => {
    folder.plant('.', { 'build/template.yaml': '', '.aws-sam/other/template.yaml': '' });
    expect(await findProjectRoot(folder.at('build'))).toBe(folder.at('build'));
    expect(await findProjectRoot(folder.at('.aws-sam/other'))).toBe(folder.at('.aws-sam/other'));
  });
});

test('what the CDK synthesized counts as the project above it', async () => {
  folder.plant('shop', { 'cdk.out/assembly-Prod/Shop.template.json': '{}' });
  expect(await findProjectRoot(folder.at('shop/cdk.out'))).toBe(folder.at('shop'));
  expect(await findProjectRoot(folder.at('shop/cdk.out/assembly-Prod'))).toBe(folder.at('shop'));
});

test('a folder that is not there has the root that it would have', async () => {
  folder.plant('.', { '.git/': '', 'services/file': '' });
  expect(await findProjectRoot(folder.at('services/absent/deeper'))).toBe(folder.path);
  expect(await findProjectRoot(folder.at('services/file/below'))).toBe(folder.path);
});

test('the root has no links in its path', async () => {
  folder.plant('real', { '.git/': '', 'api/template.yaml': '' });
  folder.plant('links', { here: { link: '../real' } });
  expect(await findProjectRoot(folder.at('links/here/api'))).toBe(folder.at('real'));
});
