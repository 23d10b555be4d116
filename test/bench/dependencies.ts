import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mulberry32, SEED, sourceText } from './seeded.ts';

/** Direct dependencies with exact versions: what they bring is the registry's, so files and bytes are told. */
const SETS: readonly Readonly<Record<string, string>>[] = [
  { 'aws-sdk': '2.1000.0', express: '4.21.2', lodash: '4.17.21' },
  { typescript: '5.9.3', express: '4.21.2', lodash: '4.17.21', rxjs: '7.8.2' },
  { '@aws-sdk/client-dynamodb': '3.888.0', typescript: '5.9.3', mongoose: '8.18.1' },
  { 'date-fns': '4.1.0', typescript: '5.9.3', pg: '8.16.3' },
  { 'aws-sdk': '2.1000.0', knex: '3.1.0', lodash: '4.17.21' },
];

interface DependencySets {
  readonly count: number;
  /** Puts the `node_modules` of a set, and the `package.json` that asks for it, into a folder. */
  readonly copyTo: (folder: string, set: number) => void;
  readonly remove: () => void;
  /** Where they are not what they should be. */
  readonly told: string | undefined;
}

/** @param small made up, and few: nothing is installed */
export function dependencySets(folder: string, small: boolean): DependencySets {
  const installed = !small && SETS.every((set, index) => isInstalled(path.join(folder, String(index)), set));
  if (!installed)
    for (const index of SETS.keys()) generate(path.join(folder, String(index)), index, small ? 500 : 3600);
  return {
    count: SETS.length,
    copyTo: (target, set) => {
      // As they are, links in .bin included.
      cpSync(path.join(folder, String(set)), target, { recursive: true, verbatimSymlinks: true });
    },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
    told: installed
      ? undefined
      : small
        ? 'dependencies are made up'
        : 'npm could not install: dependencies are made up',
  };
}

function isInstalled(folder: string, dependencies: Readonly<Record<string, string>>): boolean {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', ['install', ...flags], {
    ...{ cwd: folder, encoding: 'utf8', timeout: 300_000 },
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.stderr.write(`npm install: ${stderr}\n`);
  return status === 0;
}

/** Of the shape of the real ones: a median of 900 bytes and a mean of 12 KB, a third of them the same in all sets. */
function generate(folder: string, set: number, files: number): void {
  rmSync(folder, { recursive: true, force: true });
  const common = mulberry32(SEED + 1000);
  const own = mulberry32(SEED + 1001 + set);
  const count = files + set * Math.floor(files / 8);
  for (let index = 0; index < count; index++) {
    const random = index < files / 3 ? common : own;
    const parent = path.join(folder, 'node_modules', `package${Math.floor(index / 60)}`, `lib${index % 5}`);
    mkdirSync(parent, { recursive: true });
    writeFileSync(path.join(parent, `file${index}.js`), sourceText(random, sizeOf(random)));
  }
}

/** Log-normal, by the transform of Box and Muller. Bytes. */
function sizeOf(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(9e6, Math.ceil(900 * Math.exp(2.28 * normal)));
}
