import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { ArtifactError, refuse } from '../../../repository/error.ts';
import type { ForeignAlias } from '../../aws-cli/alias-file.ts';
import { spelled, withAliases, withoutAliases } from '../../aws-cli/alias-file.ts';
import type { Edited } from '../../aws-cli/alias-writing.ts';
import { editAliases, readAliases } from '../../aws-cli/alias-writing.ts';
import { ARTIFACTS, isOurs, SHADOW, valueOf } from '../../aws-cli/aliases.ts';
import { shownPath } from '../../location.ts';
import type { InstallAliasOptions } from '../syntax/install-alias.ts';
import { writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Writes aliases into the alias file of the AWS CLI, or takes them out again. */
export async function run(
  options: InstallAliasOptions,
  terminal: Terminal,
  warnings: Warnings,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  const file = aliasFile(terminal, platform);
  const aliases = aliasesOf(options, platform);
  const edit = (text: string): string =>
    options.remove ? withoutAliases({ file, text }, aliases, isOurs) : withOurs(text, aliases, file);
  const before = readAliases(file);
  const after = edit(before);
  if (!options.remove) await warn(options, terminal, warnings);
  const foreseen = { after, isChanged: after !== before };
  const edited = options.print || !foreseen.isChanged ? foreseen : await editAliases(file, edit);
  const told = options.remove ? removedFrom(before, aliases, file) : aliases;
  tell({ file, ...edited, names: told.map(spelled) }, options, terminal, warnings);
}

/** Those of the aliases that are in the file and ours. */
function removedFrom(text: string, aliases: ReturnType<typeof aliasesOf>, file: string): typeof aliases {
  return aliases.filter((alias) => withoutAliases({ file, text }, [alias], isOurs) !== text);
}

/**
 * Where every version of the AWS CLI looks for it: no variable of its own names another place (awscli/alias.py: `expanduser('~')`, which is HOME, and USERPROFILE on
 * Windows). To Python an empty one is the root.
 */
function aliasFile({ env, cwd }: Terminal, platform: NodeJS.Platform): string {
  const home = platform === 'win32' ? env['USERPROFILE'] : env['HOME'];
  return path.resolve(cwd, home === '' ? '/' : (home ?? homedir()), '.aws', 'cli', 'alias');
}

function aliasesOf({ shadowPackage, remove }: InstallAliasOptions, platform: NodeJS.Platform) {
  const artifacts = { ...ARTIFACTS, value: valueOf(platform) };
  const shadow = { ...SHADOW, value: valueOf(platform, 'package') };
  if (remove) return shadowPackage ? [shadow] : [artifacts, shadow];
  if (shadowPackage && platform === 'win32') throw shadowOnWindows();
  return shadowPackage ? [artifacts, shadow] : [artifacts];
}

/** The AWS CLI takes --profile and --region out of the line, and on Windows nobody can tell which they were. */
function shadowOnWindows(): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', "'--shadow-package' does not work on Windows", {
    remedy:
      'The AWS CLI hands --profile and --region on to no alias, so it could package into another account. Write cfn-artifacts package there.',
  });
}

/** @throws ArtifactErrors INVALID_CONFIGURATION for each alias of that name that is somebody else's */
function withOurs(text: string, aliases: ReturnType<typeof aliasesOf>, file: string): string {
  const { text: result, foreign } = withAliases({ file, text }, aliases, isOurs);
  refuse(foreign.map((one) => taken(one, file)));
  return result;
}

function taken({ alias, line }: ForeignAlias, file: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', `${file}:${line}:1: '${spelled(alias)}' is another alias already`, {
    remedy: 'Rename it or take it out, and run this again.',
    place: { file, line, column: 1 },
  });
}

async function warn({ shadowPackage }: InstallAliasOptions, { env, cwd }: Terminal, warnings: Warnings): Promise<void> {
  if (!isOnPath('cfn-artifacts', env['PATH'] ?? '')) {
    warnings.add({
      code: 'not-on-path',
      message: "'cfn-artifacts' is in no folder of PATH, where the AWS CLI looks for it",
      remedy: 'npm install --global cfn-artifacts',
    });
  }
  if (!shadowPackage) return;
  const version = await awsVersion(env, cwd);
  if (version === undefined || knowsSubcommands(version)) return;
  warnings.add({
    code: 'alias-of-no-effect',
    message: `the AWS CLI ${version} knows no aliases for subcommands: with it 'aws cloudformation package' stays what it is`,
    remedy: 'Use AWS CLI 2.9.0 or newer, or the function for your shell in docs/from-aws-cli.md.',
  });
}

function isOnPath(name: string, folders: string): boolean {
  return folders
    .split(path.delimiter)
    .some((folder) => ['', '.cmd'].some((end) => existsSync(path.join(folder, name + end))));
}

/** `undefined` where there is none, or nobody knows. */
async function awsVersion(env: Terminal['env'], cwd: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)('aws', ['--version'], { cwd, env });
    return /^aws-cli\/(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
  } catch {
    return undefined;
  }
}

/** https://github.com/aws/aws-cli/pull/7399, in version 2 alone. */
function knowsSubcommands(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}

interface Outcome extends Edited {
  readonly file: string;
  /** `aws artifacts` and its kin. */
  readonly names: readonly string[];
}

function tell(
  { file, after, isChanged, names }: Outcome,
  { remove, print, json, quiet }: InstallAliasOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  const { stdout, stderr, cwd } = terminal;
  if (json) {
    const text = print ? { text: Buffer.from(after, 'latin1').toString() } : {};
    writeJson(terminal, {
      file,
      aliases: names,
      removed: remove,
      changed: isChanged,
      ...text,
      warnings: warnings.all(),
    });
    return;
  }
  if (print) stdout.write(Buffer.from(after, 'latin1'));
  if (quiet) return;
  const all = names.map((name) => `'${name}'`).join(' and ');
  const shown = shownPath(cwd, file);
  const is = names.length === 1 ? 'is' : 'are';
  if (print) stderr.write(isChanged ? `so '${shown}' would be\n` : `'${shown}' is so already\n`);
  else if (!isChanged)
    stdout.write(remove ? `no alias of this program is in '${shown}'\n` : `${all} ${is} already in '${shown}'\n`);
  else if (remove) stdout.write(`${all} ${is} no longer in '${shown}'\n`);
  else stdout.write(`${all} ${is} in '${shown}'\n  aws artifacts help\n`);
}
