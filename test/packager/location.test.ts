import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { locationOf, shownPath } from '../../packager/location.ts';
import { temporaryFolder } from '../support/temporary.ts';

test('a path below the project is the same however the project was reached', async () => {
  const folder = realpathSync(await temporaryFolder());
  const root = path.join(folder, 'project');
  mkdirSync(path.join(root, 'src'), { recursive: true });
  writeFileSync(path.join(root, 'src/x.js'), '');
  symlinkSync('project', path.join(folder, 'link'));
  expect(locationOf(root, path.join(root, 'src/x.js'))).toBe('src/x.js');
  expect(locationOf(root, path.join(folder, 'link/src/x.js'))).toBe('src/x.js');
  expect(locationOf(root, root)).toBe('');
  expect(locationOf(root, path.join(folder, 'link'))).toBe('');
  expect(locationOf(root, path.join(folder, 'elsewhere/y'))).toBe('../elsewhere/y');
});

test('a path is shown as one would type it', () => {
  expect(shownPath('/work/shop', '/work/shop')).toBe('.');
  expect(shownPath('/work/shop', '/work/shop/src/x')).toBe('src/x');
  expect(shownPath('/work/shop', '/work/shared')).toBe('../shared');
  expect(shownPath('/work/shop', '/elsewhere')).toBe('/elsewhere');
});
