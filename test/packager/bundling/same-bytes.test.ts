import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodes } from '../../support/node-versions.ts';
import type { Shipped } from '../../support/shipped.ts';
import { buildShipped } from '../../support/shipped.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const EXAMPLE = path.join(root, 'templates/examples/shop');

let scratch: string;
let shipped: Shipped;
let first: Buffer;

interface Machine {
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Octal digits. */
  readonly umask?: string;
  /** Of every file, in seconds. */
  readonly mtime?: number;
}

let number = 0;

/** What is shipped makes a bundle of the example, copied to a folder of its own. */
function made({ program = process.execPath, env = {}, umask = '022', mtime }: Machine): Buffer {
  const folder = path.join(scratch, String((number += 1)), 'some where', 'else');
  mkdirSync(folder, { recursive: true });
  const own = path.join(folder, 'shop');
  cpSync(EXAMPLE, own, { recursive: true });
  if (mtime !== undefined) {
    for (const name of readdirSync(own, { recursive: true, encoding: 'utf8' }))
      utimesSync(path.join(own, name), 0, mtime);
  }
  const words = [program, shipped.main, 'bundle', 'create', '-t', 'template.yaml'];
  words.push('--project-root', '.', '--artifact-prefix', 'shop', '--output', '../app.bundle');
  const { status, stderr } = spawnSync('sh', ['-c', `umask ${umask} && exec "$@"`, 'sh', ...words], {
    cwd: own,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, ...env },
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return readFileSync(path.join(folder, 'app.bundle'));
}

beforeAll(async () => {
  scratch = await temporaryFolder();
  shipped = buildShipped();
  first = made({});
});
afterAll(() => {
  shipped.remove();
});

describe('a bundle is the same bytes', () => {
  test.each<readonly [string, Machine]>([
    ['in another folder', {}],
    ['at another time', { mtime: 1_000_000_000 }],
    ['of files that were touched in the future', { mtime: 4_000_000_000 }],
    ['with another umask', { umask: '077' }],
    ['in another time zone', { env: { TZ: 'Pacific/Kiritimati' } }],
    ['in another language', { env: { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } }],
    [
      'with another commit in the environment',
      { env: { GITHUB_SHA: 'a'.repeat(40), CI: 'true', GITHUB_ACTIONS: 'true' } },
    ],
  ])('%s', (_, machine) => {
    expect(made(machine).equals(first)).toBe(true);
  });

  for (const { name, program, test: run, skipped } of nodes(22, 24)) {
    run(`on ${name}${skipped}`, () => {
      expect(made({ program }).equals(first)).toBe(true);
    });
  }
});
