import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { awsEnvironment } from '../support/aws-environment.ts';
import type { Finished, Running } from '../support/child-script.ts';
import { startScript } from '../support/child-script.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { Bucket } from '../support/s3-server-state.ts';
import { temporaryFolder } from '../support/temporary.ts';

const MAIN = 'packager/main.ts';
const MIB = 1024 * 1024;
/** Enough to be in the midst of it when a signal comes, and more than is kept in memory. */
const FUNCTIONS = 120;
const BYTES_EACH = 400 * 1024;

let project = '';
let temporary = '';
let domain = '';
/** What a run that nobody interrupts writes. */
let undisturbed = '';

beforeAll(async () => {
  const folder = await temporaryFolder();
  project = path.join(folder, 'shop');
  const resources: string[] = [];
  for (let number = 0; number < FUNCTIONS; number += 1) {
    const name = `f${number}`;
    mkdirSync(path.join(project, name), { recursive: true });
    writeFileSync(path.join(project, name, 'data.bin'), randomFillSync(Buffer.alloc(BYTES_EACH)));
    resources.push(
      `  ${name}: {Type: AWS::Lambda::Function, Properties: {Code: ${name}, Handler: h, Runtime: r, Role: r}}\n`,
    );
  }
  writeFileSync(path.join(project, 'template.yaml'), `Resources:\n${resources.join('')}`);
  temporary = path.join(folder, 'tmp');
  domain = path.join(folder, 'undisturbed');
  mkdirSync(temporary);
  const { status, stdout } = await (await start(packaging())).finished;
  expect(status).toBe(0);
  undisturbed = stdout;
});

beforeEach(async () => {
  const folder = await temporaryFolder();
  temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  domain = path.join(folder, 'domain');
});

function packaging(...flags: string[]): string[] {
  return ['package', '--domain', `file:${domain}`, '--project-root', '.', ...flags];
}

function start(argv: readonly string[], cwd = project, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  return startScript(MAIN, argv, { cwd, env: { PATH: process.env['PATH'], TMPDIR: temporary, ...env } });
}

/** Sends the signal as soon as so many artifacts are stored. */
async function ended(argv: readonly string[], signal: NodeJS.Signals, stored: number): Promise<Finished> {
  const running = await start(argv);
  let seen = 0;
  let isSent = false;
  running.process.stderr?.on('data', (text: string) => {
    seen += text.match(/^uploaded /gm)?.length ?? 0;
    if (seen < stored || isSent) return;
    isSent = true;
    running.process.kill(signal);
  });
  return running.finished;
}

/**
 * What is not part of any object. A draft that is the second name of an object takes no room; a killed process's stays for a minute, because by it
 * others see that the first name may not have reached the disk.
 */
function drafts(): string[] {
  const folder = path.join(domain, '@drafts');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter(
    (name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.nlink === 1,
  );
}

/** Of a draft. */
function sizeOf(name: string): number {
  return statSync(path.join(domain, '@drafts', name), { throwIfNoEntry: false })?.size ?? 0;
}

/** A file of zeros that takes no room. */
function sparse(name: string, size: number): void {
  const file = openSync(name, 'w');
  ftruncateSync(file, size);
  closeSync(file);
}

async function expectHealed(): Promise<void> {
  const { status, stdout, stderr } = await (await start(packaging())).finished;
  expect({ status, stderr: stderr.replaceAll(/^(uploaded|copied) .*\n/gm, '') }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^The artifacts are in a directory: .*\n$/),
  });
  expect(stdout).toBe(undisturbed);
  expect(drafts()).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
}

describe('package into a directory', () => {
  test.each([
    ['SIGINT', 1],
    ['SIGINT', 40],
    ['SIGTERM', 5],
  ] as const)('ends on %s after %s artifacts with 130, and leaves nothing behind', async (signal, stored) => {
    const output = path.join(temporary, '..', 'out.yaml');
    const argv = packaging('--output-template-file', output, '--manifest', `${output}.json`);
    const { status, stdout, stderr } = await ended(argv, signal, stored);
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect(stderr.replaceAll(/^uploaded .*\n/gm, '')).toBe('interrupted\n');
    expect([output, `${output}.json`].map((file) => existsSync(file))).toEqual([false, false]);
    expect(drafts()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
    await expectHealed();
  });

  test('does not go on to copy what is large', async () => {
    const folder = await temporaryFolder();
    const resources = 'Resources:\n  A: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: large.bin}}\n';
    writeFileSync(path.join(folder, 'template.yaml'), resources);
    sparse(path.join(folder, 'large.bin'), 1024 * MIB);
    const running = await start(packaging(), folder);
    // A draft that grows.
    while (drafts().every((name) => sizeOf(name) < MIB)) await new Promise((resolve) => setTimeout(resolve, 5));
    running.process.kill('SIGINT');
    const { status, stdout, stderr } = await running.finished;
    expect({ status, stdout, stderr }).toEqual({ status: 130, stdout: '', stderr: 'interrupted\n' });
    const stored = readdirSync(domain, { recursive: true, encoding: 'utf8' });
    expect(stored.filter((name) => /^(blobs|versions)\/.*@\d/.test(name))).toEqual([]);
    expect(drafts()).toEqual([]);
  });

  test('answers with --json too', async () => {
    const running = await start(packaging('--json'));
    while (!existsSync(path.join(domain, 'blobs'))) await new Promise((resolve) => setTimeout(resolve, 5));
    running.process.kill('SIGINT');
    const { status, stdout, stderr } = await running.finished;
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED', exitCode: 130 } });
  });

  test.each([1, 15, 60])('killed after %s artifacts is healed by the next run', async (stored) => {
    const output = path.join(temporary, '..', 'out.yaml');
    const { status, signal } = await ended(packaging('--output-template-file', output), 'SIGKILL', stored);
    expect({ status, signal }).toEqual({ status: null, signal: 'SIGKILL' });
    expect(existsSync(output)).toBe(false);
    await expectHealed();
  });

  test('is healed after many kills, wherever they hit', async () => {
    for (let stored = 1; stored < FUNCTIONS - 20; stored += 20) await ended(packaging(), 'SIGKILL', 5);
    await expectHealed();
  });
});

describe('in S3', () => {
  let buckets = 0;
  let server: S3Server;
  let bucket: Bucket;
  let folder = '';

  beforeAll(async () => {
    server = await startS3Server();
    folder = path.join(await temporaryFolder(), 'large');
    mkdirSync(folder);
    const resources = 'Resources:\n  A: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: large.bin}}\n';
    writeFileSync(path.join(folder, 'template.yaml'), resources);
    sparse(path.join(folder, 'large.bin'), 256 * MIB);
  });

  beforeEach(() => {
    server.faults.clear();
    rmSync(path.join(folder, 'out.yaml'), { force: true });
    bucket = server.createBucket(`shop-${(buckets += 1)}`, { versioning: 'Enabled' });
  });

  afterAll(async () => {
    await server.close();
  });

  /** Sends the signal while the server is asked for the n-th time. */
  async function endedAt(
    argv: readonly string[],
    signal: NodeJS.Signals,
    operation: string,
    n: number,
  ): Promise<Finished> {
    let seen = 0;
    server.faults.add({
      ...{ operation, key: /^blobs\//, fault: { effect: 'reset-before' } },
      when: () => {
        seen += 1;
        if (seen === n) running.process.kill(signal);
        return false;
      },
    });
    const running = await start(argv, folder, awsEnvironment(server));
    const finished = await running.finished;
    server.faults.clear();
    return finished;
  }

  const inBucket = (...argv: string[]): string[] => [...argv, '--domain', `s3://${bucket.name}`];
  const packagingThere = (): string[] =>
    inBucket('package', '--project-root', '.', '--output-template-file', 'out.yaml');

  test('an upload in parts is given up, and gone on with from the beginning', async () => {
    const { status, stdout, stderr } = await endedAt(packagingThere(), 'SIGINT', 'UploadPart', 3);
    expect({ status, stdout, stderr }).toEqual({ status: 130, stdout: '', stderr: 'interrupted\n' });
    expect(readdirSync(folder).sort()).toEqual(['large.bin', 'template.yaml']);
    expect(bucket.uploads.size).toBe(0);
    expect(bucket.keys().filter((key) => key.startsWith('versions/'))).toEqual([]);

    const again = await (await start(packagingThere(), folder, awsEnvironment(server))).finished;
    expect(again.status).toBe(0);
    expect(bucket.keys().filter((key) => key.startsWith('versions/'))).toHaveLength(1);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('a download leaves no file, and what a kill left goes with the next', async () => {
    const published = inBucket('publish', 'large.bin', '--id', 'large');
    expect((await (await start(published, folder, awsEnvironment(server))).finished).status).toBe(0);
    const target = path.join(temporary, '..', 'got');
    mkdirSync(target);
    const get = inBucket('get', 'large', '-o', path.join(target, 'copy.bin'));
    expect((await endedAt(get, 'SIGINT', 'GetObject', 1)).status).toBe(130);
    expect(readdirSync(target)).toEqual([]);
    expect((await endedAt(get, 'SIGKILL', 'GetObject', 1)).signal).toBe('SIGKILL');
    expect(readdirSync(target)).not.toContain('copy.bin');
    expect((await (await start(get, folder, awsEnvironment(server))).finished).status).toBe(0);
    expect(readdirSync(target)).toEqual(['copy.bin']);
  });
});
