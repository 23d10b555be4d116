import { Command, CommanderError } from 'commander';
import { ownPackage } from '../../own-package.ts';
import type { CommandName, NamedSpec } from './commands.ts';
import { COMMANDS, GROUPS } from './commands.ts';
import { ACCESS, DISPLAY } from './common.ts';
import type { HelpStyle, ProgramHelp } from './help.ts';
import { formatCommandHelp, formatProgramHelp } from './help.ts';
import type { ForeignOption } from './option.ts';
import { optionsOf } from './option.ts';
import type { GivenValues } from './resolve.ts';
import { usageError } from './usage-error.ts';
import { Words } from './words.ts';

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
    if (error.exitCode !== 0) throw usageError(error, argv, PROGRAM.name);
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
    for (const argument of argumentsOf(spec)) command.argument(argument);
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

/** As the parser wants them: it takes several words for the last one alone; whose each is, its number tells. */
function argumentsOf({ positional }: NamedSpec): readonly string[] {
  const isRepeatable = positional.some(({ repeatable }) => repeatable === true);
  return positional.map(({ name, required }, index) => {
    const words = isRepeatable && index === positional.length - 1 ? `${name}...` : name;
    return required ? `<${words}>` : `[${words}]`;
  });
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
