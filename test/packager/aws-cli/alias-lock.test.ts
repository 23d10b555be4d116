import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { alone } from '../../../packager/aws-cli/alias-lock.ts';
import { knowEveryError } from '../../support/realm.ts';
import { temporaryFolder } from '../../support/temporary.ts';

knowEveryError();

let folder = '';
let file = '';

beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder, 'alias');
});

const lockOf = (pid: number | undefined): string => path.join(folder, `.alias.${String(pid)}.0-0.lock`);

describe('a file that is written by one at a time', () => {
  test('is, however many want to', async () => {
    let inside = 0;
    const seen = await Promise.all(
      Array.from({ length: 8 }, () =>
        alone(file, async () => {
          inside += 1;
          const now = inside;
          await new Promise(setImmediate);
          inside -= 1;
          return now;
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 8 }, () => 1));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('waits for no process that died', async () => {
    writeFileSync(lockOf(spawnSync(process.execPath, ['--version']).pid), '');
    expect(await alone(file, () => Promise.resolve('done'), 0)).toBe('done');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('waits for another that lives, and says which file it waited for', async () => {
    writeFileSync(lockOf(process.ppid), '');
    await expect(alone(file, () => Promise.resolve('done'), 0)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      remedy: expect.stringContaining(lockOf(process.ppid)),
    });
    const waiting = alone(file, () => Promise.resolve('done'));
    rmSync(lockOf(process.ppid));
    expect(await waiting).toBe('done');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('waits for nothing that is older than a minute, though its number lives again', async () => {
    writeFileSync(lockOf(process.ppid), '');
    const before = new Date(Date.now() - 61_000);
    utimesSync(lockOf(process.ppid), before, before);
    expect(await alone(file, () => Promise.resolve('done'), 0)).toBe('done');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('waits for no lock that an earlier process of the same number left behind, but for those of this one', async () => {
    writeFileSync(lockOf(process.pid), '');
    const ran = await alone(
      file,
      async () => {
        const [own = ''] = readdirSync(folder);
        await expect(alone(file, () => Promise.resolve('done'), 0)).rejects.toMatchObject({
          code: 'OUTPUT_FAILED',
          remedy: expect.stringContaining(path.join(folder, own)),
        });
        return own;
      },
      0,
    );
    expect(ran).toMatch(new RegExp(`^\\.alias\\.${process.pid}\\.[0-9a-f-]{36}\\.lock$`));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is free again after a failure', async () => {
    await expect(alone(file, () => Promise.reject(new Error('full')))).rejects.toThrow('full');
    expect(readdirSync(folder)).toEqual([]);
  });
});
