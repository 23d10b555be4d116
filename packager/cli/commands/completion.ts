import { bashScript } from '../completing/bash.ts';
import { fishScript } from '../completing/fish.ts';
import { zshScript } from '../completing/zsh.ts';
import type { CompletionOptions, Shell } from '../syntax/completion.ts';
import { writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

const SCRIPTS: Readonly<Record<Shell, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints the script of a shell. */
export function run({ shell, json }: CompletionOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const script = SCRIPTS[shell]();
  if (json) writeJson(terminal, { shell, script, warnings: warnings.all() });
  else terminal.stdout.write(script);
  return Promise.resolve();
}
