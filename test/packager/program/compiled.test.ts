import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Shipped } from '../../support/shipped.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { buildShipped } from '../../support/shipped.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let shipped: Shipped;
let scratch: string;
let domain: string;

beforeAll(async () => {
  scratch = await temporaryFolder();
  domain = path.join(scratch, 'domain');
  mkdirSync(path.join(scratch, 'fn'));
  writeFileSync(path.join(scratch, 'fn/index.js'), 'exports.handler = () => 1;\n');
  writeFileSync(
    path.join(scratch, 'template.yaml'),
    'Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: fn, Handler: index.handler, Runtime: nodejs22.x, Role: r}}\n',
  );
  shipped = buildShipped();
  // Whichever test comes first finds a domain.
  packaged();
});
afterAll(() => {
  shipped.remove();
});
beforeEach(() => {
  for (const file of compiledFiles()) rmSync(file);
});

function compiledFiles(): readonly string[] {
  return readdirSync(shipped.folder)
    .filter((name) => name.startsWith('compiled-'))
    .map((name) => path.join(shipped.folder, name));
}

function compiledFile(): string {
  const [file, ...others] = compiledFiles();
  expect(others).toEqual([]);
  if (file === undefined) throw new Error('nothing was kept');
  return file;
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: scratch });

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [shipped.main, ...args], {
    cwd: scratch,
    encoding: 'utf8',
    env: environment(),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const packaged = (): string => run('package', '--domain', `file:${domain}`, '--quiet');

describe('what was compiled', () => {
  test('is kept for the next run, which does the same with it and leaves it as it is', () => {
    const without = packaged();
    const kept = readFileSync(compiledFile());
    expect(packaged()).toBe(without);
    expect(readFileSync(compiledFile()).equals(kept)).toBe(true);
  });

  test('of another command is added to it', () => {
    run('--version');
    const before = readFileSync(compiledFile());
    packaged();
    const after = readFileSync(compiledFile());
    expect(after.byteLength).toBeGreaterThan(before.byteLength);
    run('--version');
    expect(readFileSync(compiledFile()).equals(after)).toBe(true);
  });

  test('of a run to S3 has no SDK in it, unless that is asked', async () => {
    const server = await startS3Server();
    try {
      server.createBucket('bucket');
      const packagedTo = async (attempts: string): Promise<readonly string[]> => {
        for (const file of compiledFiles()) rmSync(file);
        const { accessKeyId, secretAccessKey } = server.clientConfig().credentials;
        const keys = {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_REGION: 'us-east-1',
        };
        const where = { AWS_ENDPOINT_URL: server.endpoint, AWS_MAX_ATTEMPTS: attempts };
        const child = spawn(process.execPath, [shipped.main, 'package', '--s3-bucket', 'bucket', '--quiet'], {
          ...{ cwd: scratch, stdio: 'ignore' },
          env: { ...environment(), ...keys, ...where },
        });
        expect(await once(child, 'close')).toEqual([0, null]);
        const whole = readFileSync(compiledFile());
        return Object.keys(JSON.parse(whole.subarray(8, 8 + whole.readUInt32BE(0)).toString()) as object);
      };
      const isOfSdk = (piece: string): boolean =>
        piece.startsWith('./s3-client-') || piece.startsWith('./s3-commands-');
      const direct = await packagedTo('2');
      expect(direct.filter(isOfSdk)).toEqual([]);
      expect(direct.some((piece) => piece.startsWith('./access-'))).toBe(true);
      // Who asks but once leaves that to the SDK.
      expect((await packagedTo('1')).filter(isOfSdk)).toHaveLength(2);
    } finally {
      await server.close();
    }
  });

  test('is not kept of a run that failed', () => {
    const { status } = spawnSync(process.execPath, [shipped.main, 'package', '-t', 'absent.yaml'], {
      cwd: scratch,
      env: environment(),
    });
    expect(status).toBe(2);
    expect(compiledFiles()).toEqual([]);
  });

  test('changes nothing where it is damaged, wherever that is, or cut off; and is mended', () => {
    const without = packaged();
    const whole = readFileSync(compiledFile());
    const headerEnd = 8 + whole.readUInt32BE(0);
    const places = [0, 4, 9, headerEnd - 1, headerEnd, headerEnd + 12, whole.byteLength - 1];
    for (let at = headerEnd; at < whole.byteLength; at += Math.ceil(whole.byteLength / 20)) places.push(at);
    for (const place of places) {
      const damaged = Buffer.from(whole);
      damaged[place] = (damaged[place] ?? 0) ^ 0x41;
      writeFileSync(compiledFile(), damaged);
      expect(packaged()).toBe(without);
    }
    for (const length of [0, 3, 20, headerEnd, Math.floor(whole.byteLength / 2)]) {
      writeFileSync(compiledFile(), whole.subarray(0, length));
      expect(packaged()).toBe(without);
      expect(statSync(compiledFile()).size).toBeGreaterThan(headerEnd);
    }
  });

  test('of another text of a piece is not taken for this one', () => {
    expect(run('--version')).toBe('0.1.0\n');
    const pieces = path.join(shipped.folder, 'pieces.bin');
    const text = readFileSync(pieces, 'latin1');
    const other = text.replace('.argv.slice(2),ending', '.argv.slice(3),ending');
    expect(other === text).toBe(false);
    writeFileSync(pieces, other, 'latin1');
    try {
      // As many bytes as before, which is all that V8 itself compares.
      expect(run('list', '--version')).toBe('0.1.0\n');
    } finally {
      writeFileSync(pieces, text, 'latin1');
    }
  });

  test('is not kept, and not missed, where the folder is read-only', () => {
    const asRoot = process.getuid?.() === 0;
    chmodSync(shipped.folder, 0o555);
    try {
      packaged();
      if (!asRoot) expect(compiledFiles()).toEqual([]);
    } finally {
      chmodSync(shipped.folder, 0o755);
    }
  });

  test('by ten at once is whole', async () => {
    const children = Array.from({ length: 10 }, (_, number) =>
      spawn(
        process.execPath,
        [shipped.main, ...(number % 2 === 0 ? ['list', '--domain', `file:${domain}`] : ['--help'])],
        {
          cwd: scratch,
          env: environment(),
          stdio: 'ignore',
        },
      ),
    );
    const ends = await Promise.all(children.map(async (child) => (await once(child, 'close')) as [number | null]));
    expect(ends.map(([code]) => code)).toEqual(children.map(() => 0));
    expect(existsSync(compiledFile())).toBe(true);
    run('list', '--domain', `file:${domain}`);
  });
});

test.each([
  ['one thread is started for some work', 4, 1],
  ['as many threads as processors are started for more', 40, availableParallelism()],
])('%s', (_, files, expected) => {
  const watcher = path.join(scratch, 'watcher.cjs');
  writeFileSync(
    watcher,
    `const threads = require('node:worker_threads');
    threads.Worker = class extends threads.Worker {
      constructor(...given) { super(...given); process.stderr.write('started '); }
    };
    require('node:module').syncBuiltinESMExports();`,
  );
  const folder = path.join(scratch, `work-${files}`);
  mkdirSync(path.join(folder, 'fn'), { recursive: true });
  for (let file = 0; file < files; file++)
    writeFileSync(path.join(folder, 'fn', `${file}.js`), `exports.a = ${file};\n`.repeat(40_000));
  const template = path.join(folder, 'template.yaml');
  writeFileSync(template, readFileSync(path.join(scratch, 'template.yaml')));
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', watcher, shipped.main, 'package', '-t', template, '--domain', `file:${domain}`, '--quiet'],
    { cwd: scratch, encoding: 'utf8', env: environment() },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'started '.repeat(expected) });
});

test('the licences of all that is inside stand beside it', () => {
  const text = readFileSync(path.join(shipped.folder, 'LICENSES.txt'), 'utf8');
  for (const name of ['@aws-sdk/client-s3', 'yaml', 'commander', 'smol-toml'])
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

describe('what is loaded when it is needed', () => {
  test('is there: git tells of which commit a version is', () => {
    const folder = path.join(scratch, 'work-tree');
    mkdirSync(path.join(folder, 'fn'), { recursive: true });
    writeFileSync(path.join(folder, 'fn/index.js'), 'exports.handler = () => 2;\n');
    writeFileSync(path.join(folder, 'template.yaml'), readFileSync(path.join(scratch, 'template.yaml')));
    const git = (...args: string[]): string => {
      const identity = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.com'];
      return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8', env: environment() }).trim();
    };
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '.');
    git('commit', '--quiet', '--message', 'all');
    run('package', '-t', path.join(folder, 'template.yaml'), '--domain', `file:${domain}`, '--quiet');
    const shown = run('show', 'work-tree/fn:1', '--domain', `file:${domain}`, '--json');
    expect(shown).toContain(git('rev-parse', 'HEAD'));
  });

  test('is there: a samconfig.yaml is read, and written', () => {
    const config = path.join(scratch, 'samconfig.yaml');
    writeFileSync(config, `version: 0.1\ndefault:\n  package:\n    parameters:\n      domain: file:${domain}\n`);
    try {
      expect(run('package', '--quiet')).toContain('Resources:');
      run('package', '--quiet', '--exclude', 'old', '--save-params', '--output-template-file', 'out.yaml');
      expect(readFileSync(config, 'utf8')).toContain('      exclude: ["old"]\n');
    } finally {
      rmSync(config);
    }
  });

  test('is there: parameters in a file of YAML', () => {
    writeFileSync(path.join(scratch, 'values.yaml'), 'Stage: test\n');
    writeFileSync(
      path.join(scratch, 'staged.yaml'),
      'Parameters: {Stage: {Type: String}}\nResources: {T: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Stage}}}\n',
    );
    const args = ['-t', 'staged.yaml', '--parameter-overrides', 'file://values.yaml'];
    expect(run('package', '--quiet', '--domain', `file:${domain}`, ...args)).toContain('Resources:');
  });
});
