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
import type { OutputFile } from '../../packager/output.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../packager/output.ts';
import { ArtifactErrors } from '../../repository/index.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

const file = (name: string): string => path.join(folder, name);
const bytes = (text: string): Buffer[] => [Buffer.from(text)];
const output = (name: string, option = '--output'): OutputFile => outputFile(option, name, folder);
const write = (name: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> =>
  writeOutputs([{ file: output(name), bytes: pieces }]);

describe('writeOutputs()', () => {
  test('makes a file, and replaces one with its permissions', async () => {
    await write('new', bytes('one'));
    expect(readFileSync(file('new'), 'utf8')).toBe('one');
    chmodSync(file('new'), 0o600);
    await write('new', [...bytes('two'), ...bytes(' three')]);
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
    await expect(write('old', damaged())).rejects.toThrow('damaged');
    expect(readFileSync(file('old'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['old']);
  });

  test('follows a link', async () => {
    mkdirSync(file('elsewhere'));
    writeFileSync(file('elsewhere/target'), 'old');
    symlinkSync('elsewhere/target', file('link'));
    await write('link', bytes('new'));
    expect(lstatSync(file('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(file('elsewhere/target'), 'utf8')).toBe('new');
    expect(readdirSync(file('elsewhere'))).toEqual(['target']);
  });

  // There are none on Windows.
  (existsSync('/dev/null') ? test : test.skip)(
    `writes to devices and pipes without replacing them${whySkipped(existsSync('/dev/null'), 'there is no /dev/null')}`,
    async () => {
      symlinkSync('/dev/null', file('null'));
      await write('null', bytes('gone'));
      expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
      expect(lstatSync(file('null')).isSymbolicLink()).toBe(true);
      execFileSync('mkfifo', [file('pipe')]);
      const reader = execFileSync.bind(undefined, 'sh', ['-c', '(cat pipe > read; touch done) > /dev/null 2>&1 &'], {
        cwd: folder,
      });
      reader();
      await write('pipe', bytes('through the pipe'));
      while (!existsSync(file('done'))) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(readFileSync(file('read'), 'utf8')).toBe('through the pipe');
      expect(statSync(file('pipe')).isFIFO()).toBe(true);
    },
  );

  test('removes what a killed process left of the same file, and nothing else', async () => {
    const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim();
    const left = [`.out.${dead}.draft`, `.out.${process.ppid}.draft`, `.other.${dead}.draft`, `.out.x.draft`];
    for (const name of left) writeFileSync(file(name), '');
    await write('out', bytes('x'));
    expect(readdirSync(folder).sort()).toEqual([...left.slice(1), 'out'].sort());
  });

  test('makes the file that a link names which leads nowhere yet', async () => {
    mkdirSync(file('elsewhere'));
    symlinkSync('second', file('link'));
    symlinkSync('elsewhere/target', file('second'));
    await write('link', bytes('new'));
    expect(lstatSync(file('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(file('elsewhere/target'), 'utf8')).toBe('new');
  });

  test('replaces none of several files when one of them can not be made', async () => {
    writeFileSync(file('first'), 'old');
    // eslint-disable-next-line require-yield -- a file that can't be made whole
    async function* full(): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      throw new Error('full');
    }
    const outputs = [
      { file: output('first'), bytes: bytes('new') },
      { file: output('second'), bytes: full() },
    ];
    await expect(writeOutputs(outputs)).rejects.toThrow('full');
    expect(readFileSync(file('first'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['first']);
  });

  test('says which file could not be written', async () => {
    await expect(write('no/such/folder', bytes('x'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: `'no/such/folder' can't be written: the folder '${file('no/such')}' does not exist`,
      remedy: `mkdir -p '${file('no/such')}'`,
    });
  });
});

describe('checkOutputs()', () => {
  test.each<[string, string, string]>([
    ['a folder', 'folder', "'folder' is a folder, and '--output' wants a file"],
    ['a folder that is not there', 'other/', "'other/' is a folder, and '--output' wants a file"],
    ['a file in no folder', 'none/out', "'none/out' can't be written: the folder"],
    ['a file in a file', 'source/out', "'source/out' can't be written: a part of its path is a file (ENOTDIR)"],
    ['a link to nowhere', 'dangling', "'dangling' can't be written: the folder"],
    ['links in a circle', 'circle', "'circle' can't be written: its links lead in a circle (ELOOP)"],
    ['a name that is too long', 'x'.repeat(300), "can't be written: the name is too long (ENAMETOOLONG)"],
    ['a file that is read', 'source', "'--output source' would overwrite a file that this run reads"],
    ['a link to a file that is read', 'link', "'--output link' would overwrite a file that this run reads"],
    ['a file that is read, by way of a folder', 'folder/../source', 'would overwrite a file that this run reads'],
  ])('refuses %s', (_what, name, message) => {
    mkdirSync(file('folder'));
    writeFileSync(file('source'), '');
    symlinkSync('source', file('link'));
    symlinkSync('none/target', file('dangling'));
    symlinkSync('circle', file('circle'));
    const before = readdirSync(folder);
    expect(problemsOf([output(name)], [file('source')])).toEqual([expect.stringContaining(message)]);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('refuses one file for two outputs, however it is named, unless nothing is replaced', () => {
    symlinkSync('out', file('link'));
    expect(problemsOf([output('./out', '--manifest'), output('link', '--template')])).toEqual([
      "'--manifest' and '--template' name the same file 'link'",
    ]);
    if (existsSync('/dev/null')) checkOutputs([output('/dev/null'), output('/dev/null')]);
    checkOutputs([output('out'), output('other')], { files: [file('absent')] });
  });

  test('tells all problems at once', () => {
    mkdirSync(file('folder'));
    expect(problemsOf([output('folder'), output('none/out')])).toHaveLength(2);
  });

  function problemsOf(files: readonly OutputFile[], inputs: readonly string[] = []): readonly string[] {
    try {
      checkOutputs(files, { files: inputs });
    } catch (error) {
      if (error instanceof ArtifactErrors) return error.problems.map(({ message }) => message);
    }
    return [];
  }
});

describe('tryOutputs()', () => {
  test('leaves nothing behind', () => {
    writeFileSync(file('old'), 'old');
    tryOutputs([output('old'), output('new')]);
    expect(readdirSync(folder)).toEqual(['old']);
    expect(readFileSync(file('old'), 'utf8')).toBe('old');
  });

  // Not even root makes a file there.
  (existsSync('/proc/self') ? test : test.skip)(
    `finds a folder in which no file can be made${whySkipped(existsSync('/proc/self'), 'there is no /proc')}`,
    () => {
      checkOutputs([output('/proc/out')]);
      expect(() => {
        tryOutputs([output('/proc/out')]);
      }).toThrow(/^'\/proc\/out' can't be written: /);
    },
  );
});
