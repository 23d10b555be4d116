import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { Provenance } from '../repository/index.ts';
import { isInGitWorkTree } from './archive/project-root.ts';
import type { Environment } from './environment.ts';
import { isSet } from './environment.ts';
import { ownPackage } from './own-package.ts';

/** What is asked for where content comes from. */
export interface Origin {
  /** The folder that the sources lie in; absent where they are elsewhere: nothing is told of a commit then. */
  readonly root?: string;
  /** What is published, below that. */
  readonly source?: string;
  readonly env: Environment;
  /** Who publishes, as the store knows him; absent: the user of this machine. */
  readonly by?: string;
}

/** No longer than this does anybody wait for git. */
const GIT_MS = 10_000;
/** Of what git lists only the first line matters. */
const GIT_OUTPUT = 64 * 1024 * 1024;

/**
 * Where content comes from, as far as this machine can tell: the commit and whether anything was changed beside it, the run of CI, who, and with which program. What can't be told is left
 * out, and nothing here fails.
 */
export async function provenanceOf({ root, source, env, by = localUser() }: Origin): Promise<Provenance> {
  const ci = ciOf(env);
  const git = root === undefined ? undefined : ((await gitOf(root, env)) ?? commitOf(env));
  return {
    ...(by !== undefined && { by }),
    tool: tool(),
    ...(source !== undefined && { source }),
    ...(git !== undefined && { git }),
    ...(ci !== undefined && { ci }),
  };
}

/** Asked once, where the first new version is made: a run that publishes nothing new asks nothing. */
export function provenanceOnce(origin: Origin): () => Promise<Provenance> {
  let asked: Promise<Provenance> | undefined;
  return () => (asked ??= provenanceOf(origin));
}

/** Whoever is logged in on this machine. */
export function localUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return undefined;
  }
}

async function gitOf(root: string, env: Environment): Promise<Provenance['git']> {
  // To start a process only to hear that there is nothing takes as long as publishing a version or two.
  if (!isSet(env['GIT_DIR']) && !isInGitWorkTree(root)) return undefined;
  try {
    // How far the branch is from its upstream is not told: to count takes long in a long history.
    const [status, remote] = await Promise.all([
      git(root, 'status', '--porcelain=v2', '--branch', '--no-ahead-behind', '--ignore-submodules=none'),
      git(root, 'config', '--get', 'remote.origin.url').catch(() => ''),
    ]);
    const { commit, branch, isClean } = told(status);
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
    return {
      ...{ commit, isClean },
      ...(branch !== '' && { branch }),
      ...(remote !== '' && { remote: withoutCredentials(remote) }),
    };
  } catch {
    // No work tree, no commit yet, or no git.
    return undefined;
  }
}

/** What `git status` says in its second format: headers, then a line for each change. https://git-scm.com/docs/git-status#_porcelain_format_version_2 */
function told(status: string): { readonly commit: string; readonly branch: string; readonly isClean: boolean } {
  const header = (name: string): string => new RegExp(`^# branch\\.${name} (.*)$`, 'm').exec(status)?.[1] ?? '';
  const branch = header('head');
  return {
    commit: header('oid'),
    // No branch is called like that.
    branch: branch === '(detached)' ? '' : branch,
    isClean: !/^[^#]/m.test(status),
  };
}

/** Nothing that the folder configures is run, and nothing is written to it. */
async function git(root: string, ...words: readonly string[]): Promise<string> {
  const quiet = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=', '--no-optional-locks', '-C', root];
  // Of what publishes, most makes no new version, and asks nothing of git.
  const { execFile } = await import('node:child_process');
  const { stdout } = await promisify(execFile)('git', [...quiet, ...words], {
    timeout: GIT_MS,
    maxBuffer: GIT_OUTPUT,
    windowsHide: true,
  });
  return stdout.trim();
}

/** `https://user:token@host/path` without what stands before the `@`. */
function withoutCredentials(remote: string): string {
  return remote.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}

/** CI often has the sources without their history. Whether they were changed since is not known then, and not claimed. */
function commitOf(env: Environment): Provenance['git'] {
  const commit = ['GITHUB_SHA', 'CI_COMMIT_SHA', 'CODEBUILD_RESOLVED_SOURCE_VERSION', 'BITBUCKET_COMMIT', 'GIT_COMMIT']
    .map((name) => env[name])
    .find((value) => value !== undefined && /^[0-9a-f]{40,64}$/.test(value));
  return commit === undefined ? undefined : { commit };
}

/** By what each system of CI sets: a variable that only it has, then where its run is and how that is called. */
const SYSTEMS: readonly {
  readonly system: string;
  readonly sign: string;
  readonly run?: string;
  readonly url?: (env: Environment) => string | undefined;
}[] = [
  {
    system: 'GitHub Actions',
    sign: 'GITHUB_ACTIONS',
    run: 'GITHUB_RUN_ID',
    url: ({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run }) =>
      isSet(server) && isSet(repository) && isSet(run) ? `${server}/${repository}/actions/runs/${run}` : undefined,
  },
  { system: 'GitLab CI', sign: 'GITLAB_CI', run: 'CI_JOB_ID', url: ({ CI_JOB_URL: url }) => url },
  {
    system: 'AWS CodeBuild',
    sign: 'CODEBUILD_BUILD_ID',
    run: 'CODEBUILD_BUILD_ID',
    url: ({ CODEBUILD_PUBLIC_BUILD_URL: url }) => url,
  },
  { system: 'Jenkins', sign: 'JENKINS_URL', run: 'BUILD_TAG', url: ({ BUILD_URL: url }) => url },
  { system: 'CircleCI', sign: 'CIRCLECI', run: 'CIRCLE_BUILD_NUM', url: ({ CIRCLE_BUILD_URL: url }) => url },
  { system: 'Buildkite', sign: 'BUILDKITE', run: 'BUILDKITE_BUILD_ID', url: ({ BUILDKITE_BUILD_URL: url }) => url },
  { system: 'Azure Pipelines', sign: 'TF_BUILD', run: 'BUILD_BUILDID' },
  { system: 'Bitbucket Pipelines', sign: 'BITBUCKET_BUILD_NUMBER', run: 'BITBUCKET_BUILD_NUMBER' },
  { system: 'CI', sign: 'CI' },
];

function ciOf(env: Environment): Provenance['ci'] {
  const found = SYSTEMS.find(({ sign }) => isSet(env[sign]) && env[sign] !== 'false');
  if (found === undefined) return undefined;
  const run = found.run === undefined ? undefined : env[found.run];
  const url = found.url?.(env);
  return { system: found.system, ...(isSet(run) && { run }), ...(isSet(url) && { url: withoutCredentials(url) }) };
}

function tool(): string {
  const { name, version } = ownPackage();
  return `${name} ${version}`;
}
