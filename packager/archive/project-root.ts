import { existsSync } from 'node:fs';
import path from 'node:path';
import { realSoFar } from './links.ts';
import { readRegularText } from '../regular-file.ts';

/** Files that say by their mere presence that a workspace begins here. */
const WORKSPACE_FILES = [
  'pnpm-workspace.yaml',
  'lerna.json',
  'rush.json',
  'go.work',
  'settings.gradle',
  'settings.gradle.kts',
];

/** Files of projects that are a workspace where they contain this. */
const WORKSPACE_SECTIONS: Readonly<Record<string, RegExp>> = {
  'package.json': /"workspaces"\s*:/,
  'deno.json': /"workspace"\s*:/,
  'Cargo.toml': /^[^\S\n]*\[workspace[\].]/m,
  'pyproject.toml': /^[^\S\n]*\[tool\.uv\.workspace\]/m,
};

const LOCK_FILES = [
  ...['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb', 'deno.lock'],
  ...['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock', 'Cargo.lock', 'go.sum', 'Gemfile.lock', 'composer.lock'],
];

/**
 * The folder below which links may lead anywhere: the git work tree around the template; else the nearest folder above that is a workspace; else the
 * nearest with a lock file; else the template's own. A template in `.aws-sam/build` or `cdk.out` counts as one beside it. Absolute, links resolved.
 * A folder that is not there has the root that it would have: what is missing is told by who wants to read it.
 */
export function findProjectRoot(templateFolder: string): Promise<string> {
  const folders = [...upwards(aboveBuild(realSoFar(templateFolder)))];
  const root = folders.find(isGitWorkTree) ?? folders.find(isWorkspace) ?? folders.find(isLocked) ?? folders[0];
  return Promise.resolve(root ?? templateFolder);
}

/** Whether git may know a folder, without asking it. Links resolved, as git does it. */
export function isInGitWorkTree(folder: string): boolean {
  return [...upwards(realSoFar(folder))].some(isGitWorkTree);
}

/** What SAM and the CDK make anew, `.aws-sam/build` and `cdk.out`, with what is in it, stands for the project that was built; any other folder for itself. */
export function aboveBuild(folder: string): string {
  const segments = folder.split(path.sep);
  const build = segments.findIndex(
    (segment, index) => segment === 'cdk.out' || (segment === '.aws-sam' && segments[index + 1] === 'build'),
  );
  return build < 0 ? folder : segments.slice(0, build).join(path.sep) || path.parse(folder).root;
}

function* upwards(folder: string): Generator<string> {
  for (let here = folder; ; here = path.dirname(here)) {
    yield here;
    if (here === path.dirname(here)) return;
  }
}

/** A folder in a plain work tree, a file in a linked one and in a submodule. */
function isGitWorkTree(folder: string): boolean {
  return existsSync(path.join(folder, '.git'));
}

function isWorkspace(folder: string): boolean {
  if (WORKSPACE_FILES.some((name) => existsSync(path.join(folder, name)))) return true;
  return Object.entries(WORKSPACE_SECTIONS).some(([name, section]) => section.test(textOf(path.join(folder, name))));
}

function isLocked(folder: string): boolean {
  return LOCK_FILES.some((name) => existsSync(path.join(folder, name)));
}

function textOf(file: string): string {
  try {
    return readRegularText(file);
  } catch {
    return '';
  }
}
