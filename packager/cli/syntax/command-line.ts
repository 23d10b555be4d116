import { Command, CommanderError, Option } from 'commander';
import { ArtifactError } from '../../../repository/error.ts';
import { ownPackage } from '../../own-package.ts';
import type { CommandName, NamedSpec } from './commands.ts';
import { COMMANDS, GROUPS } from './commands.ts';
import { optionsOf } from './option.ts';
import type { HelpStyle, ProgramHelp } from './help.ts';
import { formatCommandHelp, formatProgramHelp } from './help.ts';
import type { ForeignOption, OptionSpec } from './option.ts';
import { ACCESS, DISPLAY } from './shared.ts';
import type { GivenValue, GivenValues } from './resolve.ts';

const PROGRAM: ProgramHelp = {
  name: 'cfn-artifacts',
  description:
    'The artifact store that AWS should have had, and the packager in front of it: immutable, versioned, content-addressed artifacts for CloudFormation and SAM, always named by ARN.',
  commands: COMMANDS,
};

/** A command line that was understood as far as its words go. */
export interface Call {
  readonly command: CommandName;
  readonly positional: readonly string[];
  readonly given: GivenValues;
  readonly foreign: readonly ForeignOption[];
}

/**
 * @param argv Without the program's own name.
 * @param print Takes a help text or the version, where one is asked for.
 * @returns `undefined` where there was only something to print.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function parseCommandLine(
  argv: readonly string[],
  style: HelpStyle,
  print: (text: string) => void,
): Call | undefined {
  if (argv.length === 0) {
    print(formatProgramHelp(PROGRAM, style));
    return undefined;
  }
  let call: Call | undefined;
  const program = commanderProgram(argv, style, print, (understood) => {
    call = understood;
  });
  try {
    program.parse(helpLast(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, argv);
  }
  return call;
}

/** `help reference add` as `reference add --help`, because the parser understands one word there. */
function helpLast(argv: readonly string[]): string[] {
  const [first, ...words] = argv;
  return first === 'help' && words.length > 1 ? [...words, '--help'] : [...argv];
}

function commanderProgram(
  argv: readonly string[],
  style: HelpStyle,
  print: (text: string) => void,
  understood: (call: Call) => void,
): Command {
  const program = new Command(PROGRAM.name)
    .exitOverride()
    // Errors are told by `report.ts`, in one form for all of them.
    .configureOutput({
      writeOut: print,
      writeErr: () => undefined,
      outputError: () => undefined,
      // The help text has the colours that it should have.
      getOutHasColors: () => true,
    })
    .configureHelp({ formatHelp: (command) => helpOf(wordsOf(command), style) })
    .enablePositionalOptions()
    .version(ownPackage().version, '-V, --version');
  // Options of every command may also stand before it, as with the AWS CLI.
  const before = new Words(program, [...optionsOf(ACCESS), ...optionsOf(DISPLAY)], []);
  const begun = new Map<string, { readonly command: Command; readonly words?: Words }>();
  for (const spec of COMMANDS) {
    const parents = spec.name.split(' ');
    const name = parents.pop() ?? '';
    const group = parents.join(' ');
    // A group may be a command as well; the one that is listed first is.
    const parent = group === '' ? { command: program } : (begun.get(group) ?? { command: program.command(group) });
    if (group !== '') begun.set(group, parent);
    const command = parent.command.command(name).summary(spec.summary);
    const isRepeatable = spec.positional.some(({ repeatable }) => repeatable === true);
    for (const [index, { name, required }] of spec.positional.entries()) {
      // The parser takes several words for the last argument alone; whose each is, its number tells.
      const words = isRepeatable && index === spec.positional.length - 1 ? `${name}...` : name;
      command.argument(required ? `<${words}>` : `[${words}]`);
    }
    // The options of all commands together are hundreds.
    const isMeant = argv.includes(spec.name.split(' ')[0] ?? '');
    const words = isMeant ? new Words(command, spec.options, spec.foreign) : new Words(command, [], []);
    begun.set(spec.name, { command, words });
    const earlier = parent.words === undefined ? [before] : [parent.words, before];
    command.action(() => {
      const { args: positional } = command;
      understood({ command: spec.name, positional, given: words.given(...earlier), foreign: words.foreign });
    });
  }
  return program;
}

/** The words that call a command, without the program's own name. */
function wordsOf(command: Command): string {
  const { parent } = command;
  return parent === null ? '' : `${wordsOf(parent)} ${command.name()}`.trimStart();
}

function helpOf(words: string, style: HelpStyle): string {
  const spec = COMMANDS.find(({ name }) => name === words);
  if (spec !== undefined) return formatCommandHelp(PROGRAM.name, spec, style);
  const members = COMMANDS.filter(({ name }) => name.startsWith(`${words} `));
  if (words === '' || members.length === 0) return formatProgramHelp(PROGRAM, style);
  const commands = members.map((member) => ({ ...member, name: member.name.slice(words.length + 1) }));
  const description = GROUPS[words] ?? '';
  return formatProgramHelp({ name: `${PROGRAM.name} ${words}`, description, commands }, style);
}

/** The words that stood behind the options of a command, as the parser comes upon them. */
class Words {
  readonly foreign: ForeignOption[] = [];
  readonly #heard = new Map<string, (string | boolean)[]>();
  readonly #specs: readonly OptionSpec<unknown>[];

  constructor(command: Command, specs: readonly OptionSpec<unknown>[], foreign: readonly ForeignOption[]) {
    this.#specs = specs;
    for (const spec of specs) {
      listen(command, spec, (word) => {
        this.#heard.set(spec.name, [...(this.#heard.get(spec.name) ?? []), word]);
      });
    }
    for (const option of foreign) {
      listen(command, option, (word) => {
        if (typeof word === 'string') requireAmong(option, word);
        if (word !== false) this.foreign.push(option);
      });
    }
  }

  /** Of an option that may stand once the last word counts; what stood before the command counts if nothing stands behind it, the nearest first. */
  given(...before: readonly Words[]): GivenValues {
    const result = new Map<string, readonly GivenValue[]>();
    for (const { name, arity } of this.#specs) {
      const words = [this, ...before].map((one) => one.#heard.get(name)).find((heard) => heard !== undefined);
      if (words === undefined) continue;
      const value = arity === undefined ? words.at(-1) : words;
      result.set(name, [{ origin: 'command line', label: `'--${name}'`, value }]);
    }
    return result;
  }
}

type Listened = Pick<OptionSpec<unknown>, 'name' | 'short' | 'aliases' | 'argument' | 'arity' | 'negatable'>;

function listen(command: Command, option: Listened, heard: (word: string | boolean) => void): void {
  for (const form of formsOf(option)) {
    const flag = new Option(form);
    command.addOption(flag);
    command.on(`option:${flag.name()}`, (word: string | null | undefined) => {
      if (typeof word === 'string') requireValue(command, option.name, word);
      heard(word ?? true);
    });
  }
  if (option.negatable !== true) return;
  const flag = new Option(`--no-${option.name}`);
  command.addOption(flag);
  command.on(`option:${flag.name()}`, () => {
    heard(false);
  });
}

/** As commander writes options: `-t, --template-file <path>`, `--template <path>`. */
function formsOf({ name, short, aliases = [], argument, arity }: Listened): readonly string[] {
  const value =
    argument === undefined ? '' : ` ${arity === 'many' ? argument.replace(/(?:\.\.\.)?>$/, '...>') : argument}`;
  const letter = short === undefined ? '' : `-${short}, `;
  return [`${letter}--${name}${value}`, ...aliases.map((alias) => `--${alias}${value}`)];
}

/** `--s3-bucket --region eu-west-1` is a bucket forgotten, not a bucket of that name. */
function requireValue(command: Command, name: string, word: string): void {
  const [flag] = word.split('=');
  if (!command.options.some(({ short, long }) => flag === short || flag === long)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'--${name}' needs a value, but '${word}' follows`, {
    remedy: `If that is the value, write '--${name}=${word}'.`,
  });
}

/** `--output FILE` would be passed over, and the file never written. @throws ArtifactError INVALID_ARGUMENT */
function requireAmong({ name, values }: ForeignOption, word: string): void {
  if (values === undefined || values.includes(word)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'--${name}' is a format of the AWS CLI, which '${word}' is not`, {
    remedy: 'The packaged template is written to --output-template-file.',
  });
}

/** `error: unknown option '--foo'\n(Did you mean --for?)` in the form of our own errors. */
function usageError(error: CommanderError, argv: readonly string[]): ArtifactError {
  // Where a word is of no command, what is asked about is the longest one that the line does begin with.
  const line = ` ${argv.join(' ')} `;
  const command = COMMANDS.filter(({ name }) => line.includes(` ${name} `)).toSorted(
    (one, other) =>
      line.indexOf(` ${one.name} `) - line.indexOf(` ${other.name} `) || other.name.length - one.name.length,
  )[0];
  const group = COMMANDS.map(({ name }) => name.split(' ')).find(([word, of]) => of !== undefined && word === argv[0]);
  const called = command?.name ?? group?.[0];
  const help = `See '${[PROGRAM.name, ...(called === undefined ? [] : [called]), '--help'].join(' ')}'.`;
  const lacking = groupWithoutCommand(argv);
  if (lacking !== undefined) {
    const { name, commands } = lacking;
    return new ArtifactError('INVALID_ARGUMENT', `'${name}' is not given its command: ${commands}`, { remedy: help });
  }
  if (error.code === 'commander.help') {
    return new ArtifactError('INVALID_ARGUMENT', 'no command is given', { remedy: help });
  }
  const [first = '', hint = ''] = error.message.split('\n');
  const misused = misusedOption(first, command);
  if (misused !== undefined) {
    const { message, remedy } = misused;
    return new ArtifactError('INVALID_ARGUMENT', message, { remedy: `${remedy} ${help}` });
  }
  const near = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(hint)?.[1];
  // The AWS CLI's, which nobody means here.
  const suggestion = command?.name === 'package' && near === '--output' ? '--output-template-file' : near;
  const isTooMany = error.code === 'commander.excessArguments';
  const bookmarked = argv.map((word) => /^(?<artifact>[^-].*)\^(?<bookmark>[^^]+)$/.exec(word)?.groups).find(Boolean);
  const isBookmarked = error.code === 'commander.missingArgument' && command?.name.startsWith('bookmark ') === true;
  const isOutput = command?.name === 'package' && /^error: unknown option '-o/.test(first);
  const advice = [
    ...(suggestion === undefined ? [] : [`Did you mean '${suggestion}'?`]),
    ...(isOutput ? ['The packaged template is written to --output-template-file.'] : []),
    ...(isTooMany && command?.name === 'package' ? ['A template is named with --template-file.'] : []),
    ...(isTooMany && command?.name === 'publish' ? ['Several make one version with --asset NAME=PATH for each.'] : []),
    ...(isBookmarked && bookmarked !== undefined
      ? [`Write: cfn-artifacts ${called ?? ''} ${bookmarked['artifact'] ?? ''} ${bookmarked['bookmark'] ?? ''}`]
      : [help]),
  ];
  return new ArtifactError('INVALID_ARGUMENT', inOurWords(first, called), { remedy: advice.join(' ') });
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
