import path from 'node:path';
import { expect, test } from '@jest/globals';
import { cacheFolder } from '../../packager/cache-folder.ts';

const HOME = path.resolve('/home/somebody');

test.each([
  [{ HOME }, path.join(HOME, '.cache/cfn-artifacts')],
  [{ HOME, XDG_CACHE_HOME: path.resolve('/caches') }, path.resolve('/caches/cfn-artifacts')],
  [{ HOME, XDG_CACHE_HOME: 'caches' }, path.join(HOME, '.cache/cfn-artifacts')],
  [{ HOME, CFN_ARTIFACTS_CACHE: path.resolve('/mine') }, path.resolve('/mine')],
  [{ HOME, CFN_ARTIFACTS_CACHE: 'mine' }, path.resolve('mine')],
  [{ HOME, CFN_ARTIFACTS_CACHE: '' }, path.join(HOME, '.cache/cfn-artifacts')],
  [{ HOME, CFN_ARTIFACTS_CACHE: 'off' }, undefined],
  [{ HOME: '' }, undefined],
  [{ HOME: 'relative' }, undefined],
  [{}, undefined],
])('of %j it is %p', (environment, folder) => {
  expect(cacheFolder(environment)).toBe(folder);
});
