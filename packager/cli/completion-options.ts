import type { DisplayOptions, OptionTable } from './options.ts';
import { DISPLAY, oneOf } from './options.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletionOptions extends DisplayOptions {
  readonly shell: Shell;
}

export const COMPLETION: OptionTable<Omit<CompletionOptions, 'shell'>> = { ...DISPLAY };

/** @throws ArtifactError INVALID_ARGUMENT */
export const parseShell: (given: unknown) => Shell = oneOf<Shell>(SHELLS);
