import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { provenanceOf, provenanceOnce } from '../../packager/provenance.ts';
import { temporaryFolder } from '../support/temporary.ts';

function git(folder: string, ...words: readonly string[]): string {
  const own = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...own, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

async function workTree(): Promise<{ readonly folder: string; readonly commit: string }> {
  const folder = await temporaryFolder();
  git(folder, 'init', '--initial-branch=main');
  writeFileSync(path.join(folder, 'a.js'), 'a');
  git(folder, 'add', '.');
  git(folder, 'commit', '-m', 'first');
  return { folder, commit: git(folder, 'rev-parse', 'HEAD') };
}

describe('of a work tree', () => {
  test('the commit, the branch, and whether anything was changed', async () => {
    const { folder, commit } = await workTree();
    const clean = await provenanceOf({ root: folder, env: {} });
    expect(clean.git).toEqual({ commit, isClean: true, branch: 'main' });
    writeFileSync(path.join(folder, 'b.js'), 'b');
    expect((await provenanceOf({ root: folder, env: {} })).git).toMatchObject({ commit, isClean: false });
  });

  test('the same in a folder below, by a link to it, and in a linked work tree', async () => {
    const { folder, commit } = await workTree();
    const elsewhere = await temporaryFolder();
    const [below, link, linked] = [
      path.join(folder, 'a/b'),
      path.join(elsewhere, 'link'),
      path.join(elsewhere, 'tree'),
    ];
    mkdirSync(below, { recursive: true });
    symlinkSync(below, link);
    git(folder, 'worktree', 'add', '-b', 'other', linked);
    for (const root of [below, link])
      expect((await provenanceOf({ root, env: {} })).git).toMatchObject({ commit, branch: 'main' });
    expect((await provenanceOf({ root: linked, env: {} })).git).toMatchObject({ commit, branch: 'other' });
  });

  test('the remote without its credentials', async () => {
    const { folder } = await workTree();
    git(folder, 'remote', 'add', 'origin', 'https://someone:secret-token@example.com/shop.git');
    const told = await provenanceOf({ root: folder, env: {} });
    expect(told.git?.remote).toBe('https://example.com/shop.git');
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  test('a commit that no branch names', async () => {
    const { folder, commit } = await workTree();
    git(folder, 'checkout', '--detach');
    expect((await provenanceOf({ root: folder, env: {} })).git).toEqual({ commit, isClean: true });
  });

  test('before its first commit nothing, and with a file of any name that it was changed', async () => {
    const empty = await temporaryFolder();
    git(empty, 'init', '--initial-branch=main');
    expect(await provenanceOf({ root: empty, env: {} })).not.toHaveProperty('git');
    const { folder } = await workTree();
    writeFileSync(path.join(folder, '# branch.oid x'), '');
    expect((await provenanceOf({ root: folder, env: {} })).git).toMatchObject({ isClean: false, branch: 'main' });
  });

  test('runs nothing that the folder configures', async () => {
    const { folder } = await workTree();
    const trap = path.join(folder, 'trap.sh');
    const sprung = path.join(await temporaryFolder(), 'sprung');
    writeFileSync(trap, `#!/bin/sh\ntouch '${sprung}'\n`);
    chmodSync(trap, 0o755);
    git(folder, 'config', 'core.fsmonitor', trap);
    const told = await provenanceOf({ root: folder, env: {} });
    expect(told.git?.isClean).toBe(false);
    expect(existsSync(sprung)).toBe(false);
  });
});

test('without a work tree, what CI says of the commit, and nothing of changes', async () => {
  const root = await temporaryFolder();
  const commit = 'ab'.repeat(20);
  expect((await provenanceOf({ root, env: { GITHUB_SHA: commit } })).git).toEqual({ commit });
  expect(await provenanceOf({ root, env: { GITHUB_SHA: 'main' } })).not.toHaveProperty('git');
});

test.each([
  [
    { GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '7', GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b' },
    { system: 'GitHub Actions', run: '7', url: 'https://github.com/a/b/actions/runs/7' },
  ],
  [
    { GITLAB_CI: 'true', CI: 'true', CI_JOB_ID: '9', CI_JOB_URL: 'https://me:token@gitlab.example/9' },
    { system: 'GitLab CI', run: '9', url: 'https://gitlab.example/9' },
  ],
  [
    { CODEBUILD_BUILD_ID: 'shop:1', CI: 'true' },
    { system: 'AWS CodeBuild', run: 'shop:1' },
  ],
  [{ CI: 'true' }, { system: 'CI' }],
  [{ CI: 'false' }, undefined],
  [{}, undefined],
])('%j is the run %j', async (env, ci) => {
  expect((await provenanceOf({ root: await temporaryFolder(), env })).ci).toEqual(ci);
});

test('who, with what, and from where', async () => {
  const root = await temporaryFolder();
  const by = 'arn:aws:sts::111122223333:assumed-role/ci/run';
  expect(await provenanceOf({ root, env: {}, by, source: 'functions/api' })).toEqual({
    by,
    tool: expect.stringMatching(/^cfn-artifacts \d+\.\d+\.\d+/),
    source: 'functions/api',
  });
  const [first, second] = await Promise.all([1, 2].map(() => provenanceOnce({ root, env: {} })()));
  expect(first).toEqual(second);
});
