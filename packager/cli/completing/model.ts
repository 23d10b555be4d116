import { COMMANDS, GROUPS } from '../syntax/commands.ts';
import type { NamedSpec } from '../syntax/commands.ts';
import type { OptionSpec, PositionalArgument } from '../syntax/option.ts';
import { ACCESS, DISPLAY } from '../syntax/common.ts';

/** What may stand at a place: `nothing` where there is no such place, `text` where nobody can guess. */
export type Expected =
  | { readonly kind: 'nothing' | 'text' | 'file' | 'folder' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface CompletedOption {
  /** With their dashes, the name that people know last. */
  readonly flags: readonly string[];
  readonly help: string;
  /** Behind it; `nothing` for a switch. */
  readonly expected: Expected;
}

/** What may stand behind the words of a command, or behind the first of them. */
export interface CompletedCommand {
  /** The words so far; empty behind the program's name. */
  readonly words: string;
  readonly members: readonly { readonly word: string; readonly help: string }[];
  readonly options: readonly CompletedOption[];
  readonly positional: Expected;
}

const NOTHING: Expected = { kind: 'nothing' };
const HELP: CompletedOption = { flags: ['-h', '--help'], help: 'tell more of it', expected: NOTHING };
const VERSION: CompletedOption = { flags: ['-V', '--version'], help: 'which version this is', expected: NOTHING };

/** Options with a value that may stand before a command: what follows them is no command. */
export function valuedBefore(): readonly string[] {
  const options = [...Object.values(ACCESS), ...Object.values(DISPLAY)].flatMap(completed);
  return options.filter(({ expected }) => expected.kind !== 'nothing').flatMap(({ flags }) => flags);
}

/** The program, groups and commands: all that can be typed, by the table of commands. */
export function completedCommands(): readonly CompletedCommand[] {
  const before = [...Object.values(ACCESS), ...Object.values(DISPLAY)].flatMap(completed);
  const program = { words: '', members: membersOf(''), options: [VERSION, HELP, ...before], positional: NOTHING };
  const groups = Object.keys(GROUPS).filter((group) => !COMMANDS.some(({ name }) => name === group));
  return [
    program,
    ...groups.map((words) => ({ words, members: membersOf(words), options: [HELP], positional: NOTHING })),
    ...COMMANDS.map(completedCommand),
  ];
}

function completedCommand({ name, options, positional }: NamedSpec): CompletedCommand {
  return {
    words: name,
    members: membersOf(name),
    options: [...options.flatMap(completed), HELP],
    positional: positional.map(expectedAs).find(({ kind }) => kind !== 'text') ?? NOTHING,
  };
}

/** The words that may come next, each once. */
function membersOf(words: string): CompletedCommand['members'] {
  const start = words === '' ? '' : `${words} `;
  const members = new Map<string, string>();
  for (const { name, summary } of COMMANDS) {
    if (!name.startsWith(start)) continue;
    const [word = '', ...others] = name.slice(start.length).split(' ');
    const group = GROUPS[start + word] ?? summary;
    if (word !== '' && !members.has(word)) members.set(word, others.length === 0 ? summary : firstSentence(group));
  }
  return [...members].map(([word, help]) => ({ word, help }));
}

function firstSentence(text: string): string {
  return /^.*?[.:](?= |$)/s.exec(text)?.[0].replace(/[.:]$/, '') ?? text;
}

/** The option, and what turns it off: that has no value. */
function completed(option: OptionSpec<unknown>): readonly CompletedOption[] {
  const { name, short, aliases = [], help, negatable } = option;
  const flags = [...(short === undefined ? [] : [`-${short}`]), ...[...aliases, name].map((one) => `--${one}`)];
  const negation: CompletedOption = { flags: [`--no-${name}`], help: `not so: ${help}`, expected: NOTHING };
  return [{ flags, help, expected: expectedBehind(option) }, ...(negatable === true ? [negation] : [])];
}

function expectedBehind({ argument, choices }: OptionSpec<unknown>): Expected {
  if (argument === undefined) return NOTHING;
  if (choices !== undefined) return { kind: 'choice', choices };
  if (argument === '<dir>') return { kind: 'folder' };
  return { kind: ['<path>', '<file>', '<file|url>'].includes(argument) ? 'file' : 'text' };
}

function expectedAs({ name, choices }: PositionalArgument): Expected {
  if (choices !== undefined) return { kind: 'choice', choices };
  return { kind: ['path', 'bundle', 'file'].includes(name) ? 'file' : 'text' };
}

/** `'bundle create'` for every word that goes on with the words before it, as both POSIX-like shells and fish quote it. */
export function wordings(commands: readonly CompletedCommand[]): readonly string[] {
  return commands.flatMap(({ words, members }) => members.map(({ word }) => `'${words} ${word}'`));
}
