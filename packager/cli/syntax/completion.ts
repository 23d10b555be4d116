import { ArtifactError } from '../../../repository/error.ts';
import type { CommandSpec } from './command.ts';
import { firstOf } from './command.ts';
import type { DisplayOptions } from './common.ts';
import { DISPLAY } from './common.ts';
import type { OptionTable } from './option.ts';
import { optionsOf } from './option.ts';
import { resolveOptions } from './resolve.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletionOptions extends DisplayOptions {
  readonly shell: Shell;
}

const COMPLETION: OptionTable<Omit<CompletionOptions, 'shell'>> = { ...DISPLAY };

/** @throws ArtifactError INVALID_ARGUMENT */
function parseShell(given: string): Shell {
  const shell = SHELLS.find((one) => one === given);
  if (shell !== undefined) return shell;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `SHELL must be one of ${SHELLS.map((one) => `'${one}'`).join(', ')}, not '${given}'`,
  );
}

export const COMPLETION_COMMAND: CommandSpec<CompletionOptions> = {
  summary: 'print a script that completes commands and options in a shell',
  description:
    'Prints a script with which bash, zsh or fish completes the commands of this program, their options, what these may be, and names of files.',
  examples: [
    { what: 'bash: in ~/.bashrc', command: 'eval "$(cfn-artifacts completion bash)"' },
    { what: 'zsh: in ~/.zshrc, behind compinit', command: 'eval "$(cfn-artifacts completion zsh)"' },
    {
      what: 'fish',
      command: 'cfn-artifacts completion fish > ~/.config/fish/completions/cfn-artifacts.fish',
    },
  ],
  positional: [{ name: 'shell', help: 'bash, zsh or fish', choices: SHELLS, required: true }],
  options: optionsOf<Omit<CompletionOptions, 'shell'>>(COMPLETION),
  foreign: [],
  read: async (line) => ({
    ...(await resolveOptions(COMPLETION, line.given, [], line)),
    shell: parseShell(firstOf(line)),
  }),
};
