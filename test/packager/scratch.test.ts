import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Spool } from '../../packager/archive/spool.ts';
import { BuiltFolders } from '../../packager/building/built-folders.ts';
import { Folder } from './archive/folder.ts';

const folder = new Folder();
afterEach(() => {
  folder.remove();
});

test.each([
  ['a temporary file', (scratch: string) => new Spool(scratch)],
  ['what was built', (scratch: string) => new BuiltFolders(scratch).write([{ name: 'a.js', bytes: Buffer.from('a') }])],
])('where %s has no room, it is told in words, with the folder that has none', (what, write) => {
  const scratch = path.join(folder.plant('tmp', { file: '' }), 'file', 'scratch');
  expect(() => write(scratch)).toThrow(
    expect.objectContaining({
      code: 'OUTPUT_FAILED',
      message: `cannot write ${what}: a part of its path is a file (ENOTDIR)`,
      remedy: `Make room in '${scratch}', or point TMPDIR elsewhere.`,
    }),
  );
});
