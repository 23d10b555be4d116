import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ArtifactError } from '../../repository/error.ts';
import { COMMANDS } from '../cli/syntax/commands.ts';
import { ACCESS, DISPLAY } from '../cli/syntax/common.ts';
import { AWS_CLI_FOREIGN } from '../cli/syntax/package-flags.ts';
import { AWS_PROCESS } from './aliases.ts';

/**
 * The AWS CLI takes its own options out of a line before it runs an alias, wherever they stand, and hands none of them on: `aws artifacts list --profile prod` runs
 * `cfn-artifacts list` (awscli/alias.py, ExternalAliasCommand). Who went on without them would work in another account than the one that was named. So they are
 * read where they were given.
 */

/** Global options with what stands behind them: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html, of versions 1 and 2. */
const WITH_VALUE = new Set([
  ...['ca-bundle', 'cli-binary-format', 'cli-connect-timeout', 'cli-error-format', 'cli-read-timeout', 'color'],
  ...['endpoint-url', 'output', 'profile', 'query', 'region'],
]);
const SWITCHES = new Set([
  ...['cli-auto-prompt', 'debug', 'no-cli-auto-prompt', 'no-cli-pager', 'no-paginate', 'no-sign-request'],
  ...['no-verify-ssl', 'v2-debug', 'version'],
]);

/** The names of them all, without dashes. */
export const GLOBAL_OPTIONS: readonly string[] = [...WITH_VALUE, ...SWITCHES];

/** Those that mean the same here, and may stand before a command. */
const OWN = new Set([...Object.values(ACCESS), ...Object.values(DISPLAY)].map(({ name }) => name));

/**
 * The line as it would have been typed without the AWS CLI.
 * @param argv as the alias was called
 * @param process the number of the `aws` that called it
 * @throws ArtifactError INVALID_ARGUMENT where that can't be known, or where an option of the AWS CLI means something that is not done here
 */
export function asTyped(argv: readonly string[], process: string, read: typeof wordsOf = wordsOf): readonly string[] {
  const words = read(process);
  const { options, rest } = split(words?.words ?? []);
  const alias = aliasBefore(argv, rest, words?.isExact === true);
  if (alias === undefined) throw unknownCaller();
  const own: string[] = [];
  for (const { name, value } of options) {
    const foreign = AWS_CLI_FOREIGN.find((option) => option.name === name);
    if (OWN.has(name)) own.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    else if (alias === 'artifacts' && name === 'output' && value === 'json') own.push('--json');
    else if (foreign?.verdict === 'refused') {
      throw new ArtifactError('INVALID_ARGUMENT', `'--${name}' is not supported`, { remedy: foreign.note });
    }
  }
  return [...own, ...askingForHelp(argv)];
}

/** `help` behind the words of a command asks for its help, as everywhere in the AWS CLI. */
function askingForHelp(argv: readonly string[]): readonly string[] {
  const words = argv.slice(0, -1);
  const isHelp = argv.at(-1) === 'help' && COMMANDS.some(({ name }) => name === words.join(' '));
  return isHelp ? [...words, '--help'] : argv;
}

interface GlobalOption {
  readonly name: string;
  readonly value?: string;
}

/** Takes the global options out, as the AWS CLI does. What it calls by the beginning of a name is left in, and then does not fit. */
function split(words: readonly string[]): {
  readonly options: readonly GlobalOption[];
  readonly rest: readonly string[];
} {
  const options: GlobalOption[] = [];
  const rest: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const { name = '', inline } = /^--(?<name>[a-z0-9-]+)(?:=(?<inline>.*))?$/s.exec(word)?.groups ?? {};
    if (SWITCHES.has(name) && inline === undefined) options.push({ name });
    else if (!WITH_VALUE.has(name)) rest.push(word);
    else options.push({ name, value: inline ?? words[(index += 1)] ?? '' });
  }
  return { options, rest };
}

/** What was typed before the words of the alias: the command that it is or stands in. `undefined` where these are no words of an alias. */
function aliasBefore(
  argv: readonly string[],
  rest: readonly string[],
  isExact: boolean,
): 'artifacts' | 'cloudformation' | undefined {
  // Where words are only told in a row, empty ones are not seen, and those with spaces are several.
  const end = isExact ? argv : argv.flatMap((word) => word.split(' ')).filter(Boolean);
  const start = rest.length - end.length;
  if (!end.every((word, index) => rest[start + index] === word)) return undefined;
  const command = rest[start - 1];
  if (command === 'artifacts') return command;
  return command === 'cloudformation' && argv[0] === 'package' ? command : undefined;
}

function unknownCaller(): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', "what 'aws' was told can't be known", {
    remedy:
      'It hands none of its own options on, like --profile and --region. Write them out in full, or call cfn-artifacts itself with the same words.',
  });
}

/** What a process was called with. */
export interface Words {
  readonly words: readonly string[];
  /** Word for word; else the words stood in a row, and a space may have been inside of one. */
  readonly isExact: boolean;
}

/** `undefined` where nobody tells. */
function wordsOf(process: string): Words | undefined {
  if (!/^[1-9]\d*$/.test(process)) return undefined;
  try {
    const line = readFileSync(`/proc/${process}/cmdline`, 'utf8');
    return { words: line.split('\0').slice(0, -1), isExact: true };
  } catch {
    return wordsInARow(process);
  }
}

/** Where there is no /proc, as on macOS. `undefined` where nobody tells. */
export function wordsInARow(process: string): Words | undefined {
  try {
    const line = execFileSync('ps', ['-ww', '-o', 'args=', '-p', process], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { words: line.trim().split(/ +/), isExact: false };
  } catch {
    return undefined;
  }
}

/** The line as it was typed, if an alias called; else as it came. @throws as `asTyped` */
export function ownArgv(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const process = env[AWS_PROCESS];
  return process === undefined || process === '' ? argv : asTyped(argv, process);
}
