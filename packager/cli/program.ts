import { AWS_PROCESS } from '../aws-cli/aliases.ts';
import { isSet } from '../environment.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';
import type { CommandHandlers } from './handlers.ts';
import { HANDLERS } from './handlers.ts';
import type { Call } from './syntax/command-line.ts';
import { parseCommandLine } from './syntax/command-line.ts';
import type { OptionTalk, TypedLine } from './syntax/command.ts';
import type { CommandName } from './syntax/commands.ts';
import { SPECS } from './syntax/commands.ts';
import { helpWidth } from './syntax/help.ts';
import type { GivenValue, GivenValues } from './syntax/resolve.ts';
import { completingFor } from './talk/remedy.ts';
import type { MessageDisplay } from './talk/report.ts';
import { reportFailure, writeNote } from './talk/report.ts';
import type { Warnings } from './talk/warnings.ts';
import { createWarnings } from './talk/warnings.ts';
import type { Terminal } from './terminal.ts';
import { paletteFor } from './terminal.ts';

/**
 * The command line as a function: all of the program but its process.
 * @param argv Without the program's own name.
 * @param handlers The work behind the commands; tests give their own.
 * @returns The exit code. Never throws.
 */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  handlers: CommandHandlers = HANDLERS,
): Promise<ExitCode> {
  // An alias of the AWS CLI: aws-cli/caller.ts.
  if (!isSet(terminal.env[AWS_PROCESS])) return runTyped(argv, terminal, handlers);
  const { ownArgv } = await import('../aws-cli/caller.ts');
  let typed: readonly string[];
  try {
    typed = ownArgv(argv, terminal.env);
  } catch (error) {
    return reportFailure(terminal, error, messageDisplayOf(argv));
  }
  return runTyped(typed, terminal, handlers);
}

async function runTyped(argv: readonly string[], terminal: Terminal, handlers: CommandHandlers): Promise<ExitCode> {
  const display = messageDisplayOf(argv);
  const warnings = createWarnings(terminal, display);
  try {
    const style = {
      width: helpWidth(terminal.stdout.columns),
      palette: paletteFor(terminal.stdout, terminal.env, display.color),
    };
    const call = parseCommandLine(argv, style, (text) => {
      terminal.stdout.write(text);
    });
    const code = call === undefined ? EXIT.ok : await dispatch(call, terminal, warnings, handlers);
    warnings.tell();
    return code;
  } catch (error) {
    warnings.tell();
    return reportFailure(terminal, error, display, warnings.all());
  }
}

/** Seen in the bare words, because a command line that can't be parsed wants its error told as well. */
export function messageDisplayOf(argv: readonly string[]): MessageDisplay {
  const off =
    argv.includes('--no-color') || argv.includes('--color=off') || argv[argv.indexOf('--color') + 1] === 'off';
  return {
    ...{ json: argv.includes('--json'), debug: argv.includes('--debug'), color: off ? 'off' : 'auto' },
    completing: completingFor(argv),
  };
}

async function dispatch(
  call: Call,
  terminal: Terminal,
  warnings: Warnings,
  handlers: CommandHandlers,
): Promise<ExitCode> {
  const line: TypedLine = {
    ...{ positional: call.positional, given: withEnvironment(call, terminal.env), foreign: call.foreign },
    cwd: terminal.cwd,
    tell: (talk) => {
      tellOfOptions(talk, terminal, warnings);
    },
  };
  if (call.command === 'package') return packageAndSave(line, terminal, warnings, handlers.package);
  return carryOut(call.command, line, terminal, warnings, handlers[call.command]);
}

async function carryOut<Name extends CommandName>(
  name: Name,
  line: TypedLine,
  terminal: Terminal,
  warnings: Warnings,
  handle: CommandHandlers[Name],
): Promise<ExitCode> {
  return handle(await SPECS[name].read(line), terminal, warnings);
}

/** What `--save-params` keeps of the line is checked before the work, and written behind it. */
async function packageAndSave(
  line: TypedLine,
  terminal: Terminal,
  warnings: Warnings,
  handle: CommandHandlers['package'],
): Promise<ExitCode> {
  const options = await SPECS.package.read(line);
  if (!options.saveParams) return handle(options, terminal, warnings);
  const saving = await import('./saving/save-params.ts');
  const request = { options, given: line.given, cwd: terminal.cwd };
  await saving.checkSaving(request);
  const code = await handle(options, terminal, warnings);
  if (options.dryRun) writeNote(terminal, 'no option was saved: this is a dry run', options);
  else saving.tellSaved(await saving.saveParameters(request), terminal, options);
  return code;
}

function tellOfOptions(
  { options, warnings: ofOptions, notes }: OptionTalk,
  terminal: Terminal,
  warnings: Warnings,
): void {
  for (const warning of ofOptions) warnings.add(warning);
  warnings.tell();
  if (!options.quiet) for (const note of notes) writeNote(terminal, note, options);
}

function withEnvironment({ command, given }: Call, env: Terminal['env']): GivenValues {
  const result = new Map<string, readonly GivenValue[]>(given);
  for (const { name, environment } of SPECS[command].options) {
    const value = environment === undefined ? undefined : env[environment];
    if (environment === undefined || !isSet(value)) continue;
    result.set(name, [...(result.get(name) ?? []), { origin: 'environment', label: `'${environment}'`, value }]);
  }
  return result;
}
