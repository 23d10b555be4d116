import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { projectName } from '../../packager/project-name.ts';
import { temporaryFolder } from '../support/temporary.ts';

let root: string;
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
};

beforeEach(async () => {
  root = path.join(await temporaryFolder(), 'My Shop');
  mkdirSync(root);
});

describe("a project's name", () => {
  test("is its folder's, where nothing says otherwise", () => {
    expect(projectName(root, undefined)).toBe('My-Shop');
  });

  test("is package.json's before that", () => {
    write('package.json', '{"name": "@acme/shop"}');
    expect(projectName(root, undefined)).toBe('acme/shop');
    write('package.json', 'no json');
    expect(projectName(root, undefined)).toBe('My-Shop');
  });

  test.each([
    ['https://github.com/acme/shop.git', 'shop'],
    ['git@github.com:acme/shop.git', 'shop'],
    ['ssh://git@host:22/acme/shop/', 'shop'],
    ['/srv/git/shop', 'shop'],
  ])("is the git remote's before that: %s", (url, name) => {
    write('package.json', '{"name": "other"}');
    write(
      '.git/config',
      `[core]\n\tbare = false\n[remote "backup"]\n\turl = /b/backup\n[remote "origin"]\n\turl = ${url}\n\tfetch = x\n[branch "main"]\n\turl = nonsense\n`,
    );
    expect(projectName(root, undefined)).toBe(name);
  });

  test('is found from a work tree too', () => {
    write('repo/.git/config', '[remote "origin"]\nurl = https://host/shop\n');
    write('repo/.git/worktrees/w/commondir', '../..\n');
    write('.git', `gitdir: ${path.join(root, 'repo/.git/worktrees/w')}\n`);
    expect(projectName(root, undefined)).toBe('shop');
  });

  test('of what SAM built is that of the project above', () => {
    write('.aws-sam/build/template.yaml', '');
    expect(projectName(path.join(root, '.aws-sam', 'build'), undefined)).toBe('My-Shop');
    write('package.json', '{"name": "shop"}');
    expect(projectName(path.join(root, '.aws-sam', 'build'), undefined)).toBe('shop');
  });

  test('of what the CDK synthesized is that of the project above', () => {
    write('cdk.out/assembly-Prod/Shop.template.json', '');
    expect(projectName(path.join(root, 'cdk.out', 'assembly-Prod'), undefined)).toBe('My-Shop');
  });

  test("is samconfig's stack name before all", () => {
    write('.git/config', '[remote "origin"]\nurl = https://host/shop\n');
    expect(projectName(root, 'orders-prod')).toBe('orders-prod');
  });
});
