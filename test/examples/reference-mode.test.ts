import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';
import { ExampleProject } from './example.ts';

/** A function that runs from the bucket, and the versions that were published of it. */

const NAME = 'reference-mode';
const ID = `${NAME}/src`;
let account: Account;

hideOwnEnvironment();

beforeEach(async () => {
  account = await accountOnServer();
});

afterEach(async () => {
  await account.close();
});

/** Version, who uses it and which resource, as the table shows them. */
async function rowsOf(project: ExampleProject): Promise<readonly string[]> {
  const { stdout } = await project.run('references', ID);
  const rows = stdout.trimEnd().split('\n').slice(1);
  return rows.map((row) => row.trim().split(/ {2,}/).slice(0, 3).join(' | '));
}

async function deployed(project: ExampleProject): Promise<string> {
  const { template } = await project.package();
  const { status } = await account.engine.deploy(NAME, template);
  return status;
}

async function codeOf(name: string): Promise<string> {
  return createHash('sha256')
    .update(await account.engine.code(name))
    .digest('hex');
}

function functionName(): string {
  return Object.keys(account.engine.functions()).find((name) => name.startsWith(NAME)) ?? '';
}

test('what a published version reads stays referenced, through updates and when the stack is gone', async () => {
  const project = await ExampleProject.of(NAME, account);
  expect(await deployed(project)).toBe('CREATE_COMPLETE');
  expect(await rowsOf(project)).toEqual(['1 | reference-mode | SrcArtifact']);
  const name = functionName();
  const first = await codeOf(name);

  project.append('src/index.mjs', '\n');
  expect(await deployed(project)).toBe('UPDATE_COMPLETE');
  expect(await rowsOf(project)).toEqual([
    '2 | reference-mode | SrcArtifact',
    '1 | reference-mode (retained) | SrcArtifact',
  ]);
  expect(await codeOf(name)).not.toBe(first);
  expect(await codeOf(`${name}:1`)).toBe(first);
  expect(await codeOf(`${name}:live`)).toBe(first);
  const [, retained] = await project.references(ID);
  const { id: stackId } = account.engine.stack(NAME) ?? { id: '' };
  expect(retained).toMatchObject({
    consumer: 'retained',
    version: 1,
    digest: first,
    stackId,
    logicalId: 'SrcArtifact',
  });
  expect(retained).not.toHaveProperty('stack');
  expect(await project.unused()).toEqual([]);

  expect((await account.engine.deleteStack(NAME)).status).toBe('DELETE_COMPLETE');
  expect(await rowsOf(project)).toEqual([
    '2 | reference-mode (retained) | SrcArtifact',
    '1 | reference-mode (retained) | SrcArtifact',
  ]);
  expect(await project.references('--stack', NAME)).toEqual([]);
  expect(await project.unused()).toEqual([]);
});

test('an update that goes back retains nothing but what it tried, and the stack keeps what it had', async () => {
  const project = await ExampleProject.of(NAME, account);
  await deployed(project);
  const before = await project.references('--stack', NAME);
  project.append('src/index.mjs', '\n');
  const { template } = await project.package();
  const failed = await account.engine.deploy(NAME, template, {
    faults: [{ logicalId: 'Hello', on: 'Update', does: { kind: 'fail' } }],
  });
  expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await project.references('--stack', NAME)).toEqual(before);
  // Somebody may have published a version meanwhile: only Lambda knows.
  expect(await rowsOf(project)).toEqual([
    '2 | reference-mode (retained) | SrcArtifact',
    '1 | reference-mode | SrcArtifact',
  ]);
});

test('such a function stops with its object: nothing else is a copy', async () => {
  const project = await ExampleProject.of(NAME, account);
  await deployed(project);
  const [use] = await project.references(ID);
  await account.lose(use?.key ?? '');
  await expect(account.engine.code(functionName())).rejects.toThrow(/Error occurred while GetObject/);
});
