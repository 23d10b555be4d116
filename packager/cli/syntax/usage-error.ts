import type { CommanderError } from 'commander';
import { ArtifactError } from '../../../repository/error.ts';
import type { NamedSpec } from './commands.ts';
import { COMMANDS } from './commands.ts';

/**
 * What the parser finds wrong, in the form and the words of our own errors.
 * @param error like `error: unknown option '--foo'\n(Did you mean --for?)`
 */
export function usageError(error: CommanderError, argv: readonly string[], program: string): ArtifactError {
  const command = commandIn(argv);
  const called = command?.name ?? groupIn(argv);
  const help = `See '${[program, ...(called === undefined ? [] : [called]), '--help'].join(' ')}'.`;
  const lacking = groupWithoutCommand(argv);
  if (lacking !== undefined) return invalid(`'${lacking.name}' is not given its command: ${lacking.commands}`, help);
  if (error.code === 'commander.help') return invalid('no command is given', help);
  const [first = '', hint = ''] = error.message.split('\n');
  const misused = misusedOption(first, command);
  if (misused !== undefined) return invalid(misused.message, `${misused.remedy} ${help}`);
  const advice = [...adviceFor(error, first, hint, command), correctedLine(error, argv, command, program) ?? help];
  return invalid(inOurWords(first, called), advice.join(' '));
}

function invalid(message: string, remedy: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, { remedy });
}

/** Where a word is of no command, what is asked about is the longest one that the line does begin with. */
function commandIn(argv: readonly string[]): NamedSpec | undefined {
  const line = ` ${argv.join(' ')} `;
  const named = COMMANDS.filter(({ name }) => line.includes(` ${name} `));
  const at = ({ name }: NamedSpec): number => line.indexOf(` ${name} `);
  return named.toSorted((one, other) => at(one) - at(other) || other.name.length - one.name.length)[0];
}

function groupIn([first]: readonly string[]): string | undefined {
  return COMMANDS.some(({ name }) => first !== undefined && name.startsWith(`${first} `)) ? first : undefined;
}

function adviceFor(
  { code }: CommanderError,
  message: string,
  hint: string,
  command: NamedSpec | undefined,
): readonly string[] {
  const near = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(hint)?.[1];
  const isPackage = command?.name === 'package';
  // The AWS CLI's, which nobody means here.
  const suggestion = isPackage && near === '--output' ? '--output-template-file' : near;
  const isTooMany = code === 'commander.excessArguments';
  const isOutput = isPackage && /^error: unknown option '-o/.test(message);
  return [
    ...(suggestion === undefined ? [] : [`Did you mean '${suggestion}'?`]),
    ...(isOutput ? ['The packaged template is written to --output-template-file.'] : []),
    ...(isTooMany && isPackage ? ['A template is named with --template-file.'] : []),
    ...(isTooMany && command?.name === 'publish' ? ['Several make one version with --asset NAME=PATH for each.'] : []),
  ];
}

/** `bookmark get shop/api^prod`, which names both in one word. */
function correctedLine(
  { code }: CommanderError,
  argv: readonly string[],
  command: NamedSpec | undefined,
  program: string,
): string | undefined {
  if (code !== 'commander.missingArgument' || command?.name.startsWith('bookmark ') !== true) return undefined;
  const words = argv.map((word) => /^(?<artifact>[^-].*)\^(?<bookmark>[^^]+)$/.exec(word)?.groups).find(Boolean);
  if (words === undefined) return undefined;
  return `Write: ${program} ${command.name} ${words['artifact'] ?? ''} ${words['bookmark'] ?? ''}`;
}

/** What the parser calls unknown, and the command knows. */
function misusedOption(
  message: string,
  command: NamedSpec | undefined,
): { readonly message: string; readonly remedy: string } | undefined {
  const { name, value } = /^error: unknown option '--(?<name>[\w-]+)(?<value>=.*)?'$/s.exec(message)?.groups ?? {};
  const known = command?.options.find((option) => option.name === name);
  if (command === undefined || known === undefined) return undefined;
  if (known.argument === undefined && value !== undefined) {
    const remedy = `It is a switch: write '--${known.name}' for it, and leave it out otherwise.`;
    return { message: `'--${known.name}' takes no value`, remedy };
  }
  return {
    message: `'--${known.name}' stands before the command`,
    remedy: `Write it behind '${command.name}': before it only options of access and display may stand.`,
  };
}

/** `gc --dry-run`, where `gc plan --dry-run` was meant: what is wrong is not the option. */
function groupWithoutCommand(
  argv: readonly string[],
): { readonly name: string; readonly commands: string } | undefined {
  const [name = '', next] = argv;
  const members = COMMANDS.flatMap((command) => (command.name.startsWith(`${name} `) ? [command.name] : []));
  const isGroup = members.length > 0 && COMMANDS.every((command) => command.name !== name);
  if (!isGroup || next?.startsWith('-') === false) return undefined;
  return { name, commands: [...new Set(members.map((member) => member.split(' ')[1]))].join(', ') };
}

function inOurWords(message: string, called?: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/^option '(?:-\w, )?(--[\w-]+).*' argument missing$/, "'$1' needs a value")
    .replace(/^missing required argument '(.*)'$/, (_whole, name: string) => `${name.toUpperCase()} is missing`)
    .replace(
      /^too many arguments for '(.*)'\. Expected (\d+) arguments? but got (\d+)$/,
      (_whole, name: string, most: string, given: string) =>
        `too many words for '${called ?? name}': ${most === '0' ? 'only options' : most} expected, ${given} given`,
    );
}
