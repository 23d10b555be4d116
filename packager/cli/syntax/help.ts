import { EXIT_STATUS } from '../exit-codes.ts';
import type { Palette } from '../terminal.ts';
import type { NamedSpec } from './commands.ts';
import type { OptionSpec } from './option.ts';

export interface HelpStyle {
  /** Characters in a line. */
  readonly width: number;
  readonly palette: Palette;
}

/** Longer lines are hard to read even where the terminal has them. */
const WIDEST = 100;
const DEFAULT_WIDTH = 80;
/** Below this a column of explanations would be a column of single words. */
const NARROWEST = 40;
/** Of a program with many commands it shows how one begins; each command has its own. */
const MOST_EXAMPLES = 5;

/** Characters of a line, for a terminal of so many columns; `undefined` is no terminal. */
export function helpWidth(columns: number | undefined): number {
  return Math.max(NARROWEST, Math.min(columns ?? DEFAULT_WIDTH, WIDEST));
}

export interface ProgramHelp {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly (Pick<NamedSpec, 'summary' | 'examples'> & { readonly name: string })[];
}

/** What `cfn-artifacts` alone and `--help` print. */
export function formatProgramHelp({ name, description, commands }: ProgramHelp, style: HelpStyle): string {
  return sections([
    wrap(description, style.width),
    titled('Usage', `  ${name} COMMAND [OPTIONS]\n`, style),
    titled('Commands', summaries(commands, style), style),
    titled(
      'Examples',
      examples(commands.flatMap((command) => command.examples.slice(0, 1)).slice(0, MOST_EXAMPLES), style),
      style,
    ),
    wrap(
      `'${name} COMMAND --help' tells more of a command, '${name.replace(/ .*/, '')} --version' which version this is.`,
      style.width,
    ),
    exitStatus(style),
  ]);
}

/** In a column behind the longest name. */
function summaries(commands: ProgramHelp['commands'], style: HelpStyle): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 4;
  return commands.map(({ name, summary }) => item(name, summary, column, style)).join('');
}

/** All of `COMMAND --help`. @param program the name that is shown before the command */
export function formatCommandHelp(program: string, command: NamedSpec, style: HelpStyle): string {
  const { name, description, positional, options, foreign } = command;
  const words = positional.map(({ name: word, required, repeatable }) => {
    const form = `${word.toUpperCase()}${repeatable === true ? '...' : ''}`;
    return required ? form : `[${form}]`;
  });
  return sections([
    wrap(description, style.width),
    titled('Examples', examples(command.examples, style), style),
    titled('Usage', `  ${[program, name, ...words, '[OPTIONS]'].join(' ')}\n`, style),
    titled(
      'Arguments',
      positional.map((argument) => item(argument.name.toUpperCase(), argument.help, 30, style)).join(''),
      style,
    ),
    ...grouped(options).map(([group, members]) =>
      titled(group, members.map((option) => item(term(option), option.help, 30, style)).join(''), style),
    ),
    titled(
      'Also understood, with a word about it where it matters',
      indented(foreign.map((option) => `--${option.name}`).join(', '), 2, style),
      style,
    ),
    exitStatus(style),
  ]);
}

function grouped(
  options: readonly OptionSpec<unknown>[],
): readonly (readonly [string, readonly OptionSpec<unknown>[]])[] {
  const groups = new Map<string, OptionSpec<unknown>[]>();
  for (const option of options) {
    const members = groups.get(option.group) ?? [];
    groups.set(option.group, [...members, option]);
  }
  return [...groups];
}

function term({ name, short, aliases = [], argument, negatable }: OptionSpec<unknown>): string {
  const flags = [
    ...(short === undefined ? [] : [`-${short}`]),
    ...aliases.map((alias) => `--${alias}`),
    `--${name}`,
    ...(negatable === true && argument === undefined ? [`--no-${name}`] : []),
  ];
  return flags.join(', ') + (argument === undefined ? '' : ` ${argument}`);
}

function examples(list: NamedSpec['examples'], { palette }: HelpStyle): string {
  return list.map(({ what, command }) => `  ${palette.dim(`# ${what}`)}\n  ${command}\n`).join('');
}

function exitStatus(style: HelpStyle): string {
  return titled(
    'EXIT STATUS',
    EXIT_STATUS.map(([code, meaning]) => item(String(code), meaning, 7, style)).join(''),
    style,
  );
}

function titled(title: string, body: string, { palette }: HelpStyle): string {
  return body === '' ? '' : `${palette.bold(`${title}:`)}\n${body}`;
}

function sections(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n');
}

/** A term, and its explanation in a column of its own: beside it, or below one that is too long for that. */
function item(name: string, explanation: string, column: number, { width }: HelpStyle): string {
  const indent = width - column < NARROWEST ? Math.min(column, 6) : column;
  const lines = wrap(explanation, width - indent)
    .trimEnd()
    .split('\n');
  const head = `  ${name}`;
  const beside = head.length + 2 <= indent;
  const first = beside ? `${head.padEnd(indent)}${lines.shift() ?? ''}\n` : `${head}\n`;
  return first + lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

function indented(text: string, indent: number, { width }: HelpStyle): string {
  if (text === '') return '';
  return wrap(text, width - indent).replaceAll(/^(?=.)/gm, ' '.repeat(indent));
}

/** Lines end at spaces; a word that is longer than a line gets a line of its own. */
export function wrap(text: string, width: number): string {
  let lines = '';
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines += `${line}\n`;
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return `${lines}${line}\n`;
}
