import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { aboveBuild } from './archive/project-root.ts';
import { fitSegment } from './packaging/artifact-id.ts';
import { readRegularText } from './regular-file.ts';

/**
 * What artifacts of a project are called after, where the author doesn't say: samconfig's stack name, the git remote's name, package.json's, the
 * project folder's. The first that there is. `.aws-sam/build` and `cdk.out` are called after the project above them.
 */
export function projectName(root: string, stackName: string | undefined): string {
  const projectRoot = aboveBuild(root);
  for (const name of [stackName, gitRemoteName(projectRoot), packageName(projectRoot), path.basename(projectRoot)]) {
    const fitted = (name ?? '').split('/').map(fitSegment).filter(Boolean).join('/');
    if (fitted !== '') return fitted;
  }
  return 'project';
}

/** The last part of `origin`'s address, or of the first remote's. Read from the file: git need not be installed. */
function gitRemoteName(projectRoot: string): string | undefined {
  const config = readIfThere(path.join(gitFolder(projectRoot), 'config'));
  const urls = new Map<string, string>();
  let remote: string | undefined;
  for (const line of config.split(/\r?\n/)) {
    if (/^\s*\[/.test(line)) remote = /^\s*\[remote "(.+)"\]/.exec(line)?.[1];
    const url = /^\s*url\s*=\s*(\S+)/.exec(line)?.[1];
    if (remote !== undefined && url !== undefined && !urls.has(remote)) urls.set(remote, url);
  }
  const url = urls.get('origin') ?? [...urls.values()][0];
  return url
    ?.replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split(/[/:]/)
    .pop();
}

/** A work tree's `.git` is a folder, or a file that points to one (worktrees, submodules), which may share another's config. */
function gitFolder(projectRoot: string): string {
  const git = path.join(projectRoot, '.git');
  if (!existsSync(git) || statSync(git).isDirectory()) return git;
  const pointed = path.resolve(
    projectRoot,
    readIfThere(git)
      .replace(/^gitdir:\s*/, '')
      .trim(),
  );
  const common = readIfThere(path.join(pointed, 'commondir')).trim();
  return common === '' ? pointed : path.resolve(pointed, common);
}

function packageName(projectRoot: string): string | undefined {
  try {
    const { name } = JSON.parse(readIfThere(path.join(projectRoot, 'package.json'))) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    // Absent or not JSON: then the folder's name serves.
    return undefined;
  }
}

function readIfThere(file: string): string {
  try {
    return readRegularText(file);
  } catch {
    return '';
  }
}
