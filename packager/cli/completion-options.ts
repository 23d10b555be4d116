import type { DisplayOptions, OptionTable } from './options.ts';
import { ArtifactError } from '../../repository/error.ts';
import { DISPLAY } from './options.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletionOptions extends DisplayOptions {
  readonly shell: Shell;
}

export const COMPLETION: OptionTable<Omit<CompletionOptions, 'shell'>> = { ...DISPLAY };

/** @throws ArtifactError INVALID_ARGUMENT */
export function parseShell(given: string): Shell {
  const shell = SHELLS.find((one) => one === given);
  if (shell !== undefined) return shell;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `SHELL must be one of ${SHELLS.map((one) => `'${one}'`).join(', ')}, not '${given}'`,
  );
}
