import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodes } from '../support/node-versions.ts';
import type { Shipped } from '../support/shipped.ts';
import { buildShipped } from '../support/shipped.ts';
import { temporaryFolder } from '../support/temporary.ts';

const root = path.resolve(import.meta.dirname, '../..');
let scratch: string;
let shipped: Shipped;

beforeAll(async () => {
  scratch = await temporaryFolder();
  shipped = buildShipped();
});
afterAll(() => {
  shipped.remove();
});

/** Runs what is shipped with the given Node: packages the example into a directory, and reads it back. */
function packaged(
  program: string,
  name: string,
): { readonly template: string; readonly talk: string; readonly archive: Buffer } {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  const run = (...args: string[]): { readonly stderr: string; readonly stdout: Buffer } => {
    const { status, stdout, stderr } = spawnSync(program, [shipped.main, ...args], {
      cwd: folder,
    });
    expect({ status, stderr: status === 0 ? '' : stderr.toString() }).toEqual({ status: 0, stderr: '' });
    return { stdout, stderr: stderr.toString() };
  };
  const example = path.join(root, 'templates/examples/shop');
  const domain = ['--domain', 'file:domain'];
  const { stderr } = run(
    'package',
    '-t',
    path.join(example, 'template.yaml'),
    '--project-root',
    example,
    ...domain,
    '--output-template-file',
    'packaged.yaml',
  );
  const { stdout: archive } = run('get', 'shop/functions/orders', ...domain, '-o', '-');
  return {
    template: readFileSync(path.join(folder, 'packaged.yaml'), 'utf8'),
    talk: stderr.split('\n').sort().join('\n'),
    archive,
  };
}

describe('what is shipped', () => {
  let here: ReturnType<typeof packaged>;
  beforeAll(() => {
    here = packaged(process.execPath, 'here');
  });

  test(`runs on this Node (${process.version}) without a warning`, () => {
    expect(here.talk).not.toMatch(/warning/i);
    expect(here.archive.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
  });

  for (const { name, program, test: run, skipped } of nodes(22, 24)) {
    run(`gives the same to the byte on ${name}${skipped}`, () => {
      const there = packaged(program, name);
      expect(there.template).toBe(here.template);
      expect(there.archive.equals(here.archive)).toBe(true);
      expect(there.talk).toBe(here.talk);
    });
  }
});
