import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../packager/cli/exit-codes.ts';
import type { ExitCode } from '../../packager/cli/exit-codes.ts';
import type { CommandHandlers } from '../../packager/cli/handlers.ts';
import { run } from '../../packager/cli/program.ts';
import type { CommandName } from '../../packager/cli/syntax/commands.ts';
import { COMMANDS } from '../../packager/cli/syntax/commands.ts';
import type {
  DiffOptions,
  GetOptions,
  ListOptions,
  ShowOptions,
  TreeOptions,
} from '../../packager/cli/syntax/looking.ts';
import type { PackageOptions } from '../../packager/cli/syntax/package-flags.ts';
import type { PublishOptions } from '../../packager/cli/syntax/publish.ts';
import type { ReferencesOptions } from '../../packager/cli/syntax/references.ts';
import { temporaryFolder } from './temporary.ts';
import type { TerminalSettings } from './terminal.ts';
import { recordedTerminal } from './terminal.ts';

export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What each command was handed, if it was called. */
  readonly options: Partial<{
    package: PackageOptions;
    publish: PublishOptions;
    get: GetOptions;
    list: ListOptions;
    show: ShowOptions;
    tree: TreeOptions;
    diff: DiffOptions;
    references: ReferencesOptions;
  }>;
}

/** What becomes of a command line, with commands that do nothing. */
export async function call(argv: readonly string[], settings: TerminalSettings = {}): Promise<Called> {
  const terminal = recordedTerminal(settings);
  const options: Record<string, unknown> = {};
  const handlers = everyCommand((name) => async (given) => {
    options[name] = given;
    return EXIT.ok;
  });
  const code = await run(argv, terminal, handlers);
  return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text, options };
}

/** One way of handling them for all commands that there are. */
export function everyCommand(handle: (name: CommandName) => (given: unknown) => Promise<ExitCode>): CommandHandlers {
  return Object.fromEntries(COMMANDS.map(({ name }) => [name, handle(name)])) as unknown as CommandHandlers;
}

export async function projectFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
