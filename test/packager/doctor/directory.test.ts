import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import type { Result } from '../../../packager/check.ts';
import { examineDirectory } from '../../../packager/doctor/directory-domain.ts';
import { DIRECTORY_CHECKS } from '../../../packager/doctor/directory-checks.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { whySkipped } from '../../support/where.ts';
import { findingsOf } from './sound-domain.ts';

knowEveryError();

interface Told {
  readonly exitCode: number;
  readonly checks: readonly Result[];
  /** How much room there is on this machine's disk is not what is tested. */
  readonly findings: readonly string[];
}

async function project(): Promise<TestProject> {
  const made = await TestProject.of({ 'one.txt': 'one' });
  await made.run('publish', 'one.txt', '--id', 'shop/api', '--domain', 'file:../domain');
  return made;
}

async function doctor(of: TestProject, ...argv: string[]): Promise<Told> {
  const { exitCode, stdout } = await of.run('doctor', '--json', '--domain', 'file:../domain', ...argv);
  const { checks } = JSON.parse(stdout) as { checks: readonly Result[] };
  return { exitCode, checks, findings: findingsOf(checks).filter((finding) => !finding.startsWith('space')) };
}

/** Every file below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe('a domain in a directory', () => {
  test('is sound after a publication, and what was tried is gone again', async () => {
    const own = await project();
    const before = filesIn(own.path('../domain')).filter((file) => !file.includes('scratch'));
    const { exitCode, checks, findings } = await doctor(own);
    expect(findings).toEqual([]);
    expect(checks.map(({ id }) => id)).toEqual(DIRECTORY_CHECKS.map(({ id }) => id));
    expect(checks.filter(({ id, status }) => id !== 'space' && status !== 'ok')).toEqual([]);
    expect(exitCode).toBe(0);
    expect(filesIn(own.path('../domain')).filter((file) => !file.includes('scratch'))).toEqual(before);
  });

  test('has no line for what only S3 has', async () => {
    const own = await project();
    const { stdout, exitCode } = await own.run('doctor', '--domain', 'file:../domain', '--no-write');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^directory '.*domain'\n\nok {7}directory /);
    expect(stdout).not.toContain('versioning');
    expect(stdout).toMatch(/^skipped {2}conditional-writes\n {9}nothing was to be written \(--no-write\)$/m);
  });

  test('that lost a slot is told of', async () => {
    const own = await project();
    await own.run('publish', 'one.txt', '--id', 'shop/api', '--domain', 'file:../domain');
    const slots = filesIn(own.path('../domain/sources').replace('sources', 'blobs'));
    // Behind a slot that is missing there is another one: what the first held was lost in a copy.
    const [slot = ''] = slots;
    const next = slot.replace(
      /@(\d+)/,
      (_, number: string) => `@${String(Number(number) + 1).padStart(number.length, '0')}`,
    );
    const { exitCode, findings } = await (async () => {
      if (next === slot) throw new Error(`no slot has a number: ${slots.join()}`);
      writeFileSync(next, 'one');
      unlinkSync(slot);
      return doctor(own);
    })();
    expect(findings).toEqual([expect.stringMatching(/^whole problem: /)]);
    expect(exitCode).toBe(5);
  });

  test('with a link in the place of a folder is told of', async () => {
    const own = await project();
    const blobs = own.path('../domain/blobs');
    rmSync(blobs, { recursive: true });
    mkdirSync(own.path('../elsewhere'));
    symlinkSync(own.path('../elsewhere'), blobs);
    const { exitCode, findings } = await doctor(own);
    expect(findings).toEqual([expect.stringMatching(/^whole problem: .*link/)]);
    expect(exitCode).toBe(5);
  });

  test('with drafts of yesterday is told of: whoever wrote them is gone', async () => {
    const own = await project();
    mkdirSync(own.path('../domain/@drafts'), { recursive: true });
    writeFileSync(own.path('../domain/@drafts/left'), 'x');
    const request = {
      folder: own.path('../domain'),
      bucket: 'local',
      writes: false,
      signal: new AbortController().signal,
    };
    const found = async (hours: number): Promise<readonly string[]> => {
      const now = (): Date => new Date(Date.now() + hours * 3_600_000);
      return findingsOf(await examineDirectory({ ...request, chance: { ...CHANCE, now } })).filter(
        (one) => !one.startsWith('space'),
      );
    };
    expect(await found(1)).toEqual([]);
    expect(await found(25)).toEqual([
      expect.stringMatching(/^leftovers warning: 1 draft in '.*' was not touched for a day/),
    ]);
  });

  const mayBeRefused = process.getuid?.() !== 0;
  const mayNotWrite = mayBeRefused ? test : test.skip;
  mayNotWrite(
    `that may not be written is told of${whySkipped(mayBeRefused, 'root may write everywhere')}`,
    async () => {
      const own = await project();
      chmodSync(own.path('../domain'), 0o500);
      try {
        expect((await doctor(own, '--no-write')).findings).toEqual([
          expect.stringMatching(/^directory problem: .*permission denied/),
        ]);
      } finally {
        chmodSync(own.path('../domain'), 0o700);
      }
    },
  );
});

describe('what is no domain', () => {
  test('a folder of somebody’s: it is told, and nothing is written', async () => {
    const own = await TestProject.of({ 'notes.txt': 'mine' });
    const { exitCode, stdout } = await own.run('doctor', '--json', '--domain', 'file:.');
    const { checks } = JSON.parse(stdout) as { checks: readonly Result[] };
    expect(findingsOf(checks)).toContainEqual(
      expect.stringMatching(/^descriptor problem: there is no domain in the directory/),
    );
    expect(checks.filter(({ status }) => status === 'skipped').map(({ id }) => id)).toEqual([
      'whole',
      'conditional-writes',
    ]);
    expect(exitCode).toBe(5);
    expect(readdirSync(own.folder)).toEqual(['notes.txt']);
  });

  test('nothing at all: no folder is made', async () => {
    const own = await TestProject.of({});
    const { exitCode, stdout } = await own.run('doctor', '--domain', 'file:nowhere');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^problem {2}descriptor .*\n {9}there is no domain in the directory '.*nowhere'$/m);
    expect(own.exists('nowhere')).toBe(false);
  });

  test('a file', async () => {
    const own = await TestProject.of({ file: 'x' });
    const { exitCode, stdout } = await own.run('doctor', '--domain', 'file:file');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^problem {2}directory .*\n {9}'.*file' can't be a domain's folder/m);
  });
});
