import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeFolders } from '../../packager/folders.ts';
import { knowEveryError } from '../support/realm.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';

knowEveryError();

const hasProc = existsSync('/proc/self');

describe('folders', () => {
  test('are made with those above them, and found where they are', async () => {
    const top = await temporaryFolder();
    const folder = path.join(top, 'a/b/c');
    expect(makeFolders(folder, 0o700)).toBe(true);
    expect(statSync(path.join(top, 'a')).mode & 0o777).toBe(0o700);
    expect(makeFolders(folder)).toBe(false);
    expect(makeFolders('/')).toBe(false);
  });

  test('may be those that links lead to', async () => {
    const top = await temporaryFolder();
    mkdirSync(path.join(top, 'real'));
    symlinkSync('real', path.join(top, 'link'));
    expect(makeFolders(path.join(top, 'link'))).toBe(false);
    expect(makeFolders(path.join(top, 'link/below'))).toBe(true);
    expect(existsSync(path.join(top, 'real/below'))).toBe(true);
  });

  test('are not made where a file stands', async () => {
    const top = await temporaryFolder();
    writeFileSync(path.join(top, 'file'), '');
    expect(() => makeFolders(path.join(top, 'file'))).toThrow('EEXIST');
    expect(() => makeFolders(path.join(top, 'file/a/b'))).toThrow('ENOTDIR');
  });

  (hasProc ? test : test.skip)(
    `are not tried without end where the file system takes none${whySkipped(hasProc, 'there is no /proc')}`,
    () => {
      expect(() => makeFolders('/proc/self/a/b/c')).toThrow('ENOENT');
    },
  );
});
