import { expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { contentOf } from '../../../repository/content.ts';
import { versionKey } from '../../../repository/keys.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { withdrawNumber } from '../../../repository/version.ts';
import { TestProject } from '../../support/project.ts';

test('a number that was taken out of use is no version', async () => {
  const project = await TestProject.of({ 'api/index.js': 'a', 'web/index.js': 'b' });
  const domain = ['--domain', 'file:../domain'];
  await project.run('publish', 'api', '--id', 'shop/api', ...domain);
  await project.run('publish', 'web', '--id', 'shop/web', ...domain);
  const parts = { store: directoryStore(project.path('../domain')), chance: CHANCE };
  const withdraw = (id: string, number: number): Promise<boolean> =>
    withdrawNumber(parts, { repository: 'default', id }, number);
  expect(await withdraw('shop/api', 2)).toBe(true);
  expect(await withdraw('shop/api', 3)).toBe(true);
  expect(await withdraw('shop/never', 1)).toBe(true);
  const { stdout } = await project.run('list', ...domain, '--json');
  const { artifacts } = JSON.parse(stdout) as { artifacts: { id: string; newestVersion: number; status: string }[] };
  expect(artifacts.map(({ id, newestVersion, status }) => `${id}:${newestVersion} ${status}`)).toEqual([
    'shop/api:1 Published',
    'shop/web:1 Published',
  ]);
  expect((await project.run('list', ...domain)).stdout).not.toContain('?');
});

test('manifests that can’t be read are warned about as what they are, however many there are, and keep no others from being listed', async () => {
  const project = await TestProject.of({ 'api/index.js': 'a' });
  const domain = ['--domain', 'file:../domain'];
  const store = directoryStore(project.path('../domain'));
  for (const id of ['a', 'b', 'c']) {
    await project.run('publish', 'api', '--id', id, ...domain);
    await store.create(versionKey({ repository: 'default', id }, 2), contentOf('damaged'));
  }
  const { exitCode, stdout, stderr } = await project.run('list', ...domain);
  expect(exitCode).toBe(0);
  for (const id of ['a', 'b', 'c'])
    expect(stderr).toMatch(new RegExp(`^warning: 'versions/default/${id}/!/\\d{15}-2' in the store is not `, 'm'));
  expect(stderr).not.toContain('defect');
  expect(stdout.match(/^default\/\S+ +\d+/gm)?.map((row) => row.replace(/ +/, ':'))).toEqual([
    'default/a:1',
    'default/b:1',
    'default/c:1',
  ]);
});
