import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkOutput, writeOutput } from '../../packager/output.ts';
import { temporaryFolder } from '../support/temporary.ts';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

const file = (name: string): string => path.join(folder, name);
const bytes = (text: string): Buffer[] => [Buffer.from(text)];

describe('writeOutput()', () => {
  test('makes a file, and replaces one with its permissions', async () => {
    await writeOutput(file('new'), bytes('one'));
    expect(readFileSync(file('new'), 'utf8')).toBe('one');
    chmodSync(file('new'), 0o600);
    await writeOutput(file('new'), [...bytes('two'), ...bytes(' three')]);
    expect(readFileSync(file('new'), 'utf8')).toBe('two three');
    expect(statSync(file('new')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['new']);
  });

  test('leaves the file as it was when the bytes end in an error', async () => {
    writeFileSync(file('old'), 'old');
    async function* damaged(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new');
      throw new Error('damaged');
    }
    await expect(writeOutput(file('old'), damaged())).rejects.toThrow('damaged');
    expect(readFileSync(file('old'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['old']);
  });

  test('follows a link', async () => {
    mkdirSync(file('elsewhere'));
    writeFileSync(file('elsewhere/target'), 'old');
    symlinkSync('elsewhere/target', file('link'));
    await writeOutput(file('link'), bytes('new'));
    expect(lstatSync(file('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(file('elsewhere/target'), 'utf8')).toBe('new');
    expect(readdirSync(file('elsewhere'))).toEqual(['target']);
  });

  // There are none on Windows.
  (existsSync('/dev/null') ? test : test.skip)('writes to devices and pipes without replacing them', async () => {
    symlinkSync('/dev/null', file('null'));
    await writeOutput(file('null'), bytes('gone'));
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(lstatSync(file('null')).isSymbolicLink()).toBe(true);
    execFileSync('mkfifo', [file('pipe')]);
    const reader = execFileSync.bind(undefined, 'sh', ['-c', '(cat pipe > read; touch done) > /dev/null 2>&1 &'], {
      cwd: folder,
    });
    reader();
    await writeOutput(file('pipe'), bytes('through the pipe'));
    while (!existsSync(file('done'))) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(readFileSync(file('read'), 'utf8')).toBe('through the pipe');
    expect(statSync(file('pipe')).isFIFO()).toBe(true);
  });

  test('removes what a killed process left of the same file, and nothing else', async () => {
    const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim();
    const left = [`.out.${dead}.draft`, `.out.${process.ppid}.draft`, `.other.${dead}.draft`, `.out.x.draft`];
    for (const name of left) writeFileSync(file(name), '');
    await writeOutput(file('out'), bytes('x'));
    expect(readdirSync(folder).sort()).toEqual([...left.slice(1), 'out'].sort());
  });

  test('says which file could not be written', async () => {
    await expect(writeOutput(file('no/such/folder'), bytes('x'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining(`'${file('no/such/folder')}' could not be written: `),
    });
  });
});

test('checkOutput() refuses a folder, and a file in none', () => {
  mkdirSync(file('folder'));
  expect(() => {
    checkOutput(file('folder'));
  }).toThrow('is a folder');
  expect(() => {
    checkOutput(file('none/out'));
  }).toThrow(`the folder '${file('none')}' for the output does not exist`);
  checkOutput(file('out'));
  expect(readdirSync(folder)).toEqual(['folder']);
});
