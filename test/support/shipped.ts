import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** The program in its shipped form, made anew from the sources for one test file. */
export interface Shipped {
  /** Absolute. */
  readonly folder: string;
  /** What Node.js is to run. Absolute. */
  readonly main: string;
  readonly remove: () => void;
}

/** Inside the project, so that it finds what it leaves to `node_modules`. */
export function buildShipped(): Shipped {
  const folder = path.join(root, '.cache', `program-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const { status, stderr } = spawnSync(process.execPath, ['packager/program/build.mjs', '--outdir', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the program can't be built: ${stderr}`);
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, main: path.join(folder, 'cfn-artifacts.cjs'), remove };
}
