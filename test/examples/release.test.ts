import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { RESET_BEFORE } from '../support/s3-server-faults.ts';
import type { DeployOptions } from '../support/stack-engine/engine.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';
import { ExampleProject } from './example.ts';

/** In which state of its stack a reference goes, seen where it goes: in the bucket. */

const NAME = 'step-functions';
let account: Account;

hideOwnEnvironment();

beforeEach(async () => {
  account = await accountOnServer();
});

afterEach(async () => {
  await account.close();
});

test('a reference goes when its stack can no longer come back to it, and never before', async () => {
  const { engine, server } = account;
  const project = await ExampleProject.of(NAME, account);
  const versionOf = new Map<string, string>();
  let moments: string[] = [];
  server?.faults.add({
    ...{ operation: 'DeleteObject', key: /^references\/\w+\/stack\//, fault: RESET_BEFORE },
    when: ({ key = '' }) => {
      moments.push(`${versionOf.get(key.split('/')[1] ?? '') ?? key}: ${engine.stack(NAME)?.status ?? ''}`);
      return false;
    },
  });
  const deployed = async (options?: DeployOptions): Promise<readonly string[]> => {
    const { template } = await project.package();
    for (const id of ['charge', 'orders.asl.json']) {
      const { stdout } = await project.run('show', `${NAME}/${id}`, '--json');
      const { digest, version } = JSON.parse(stdout) as { digest: string; version: number };
      versionOf.set(digest, `${id}:${version}`);
    }
    moments = [];
    await engine.deploy(NAME, template, options);
    await engine.settle();
    return moments;
  };

  expect(await deployed()).toEqual([]);
  project.append('orders.asl.json', '\n');
  expect(await deployed()).toEqual(['orders.asl.json:1: UPDATE_COMPLETE_CLEANUP_IN_PROGRESS']);
  project.append('orders.asl.json', '\n');
  expect(await deployed({ faults: [{ logicalId: 'Orders', on: 'Update', does: { kind: 'fail' } }] })).toEqual([
    'orders.asl.json:3: UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  ]);
  moments = [];
  await engine.deleteStack(NAME);
  expect(moments.toSorted()).toEqual(['charge:1: DELETE_IN_PROGRESS', 'orders.asl.json:2: DELETE_IN_PROGRESS']);
});
