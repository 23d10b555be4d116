import * as opening from '../opening/open.ts';
import type { OpenDomain, OpenOptions, Purpose } from '../opening/opening.ts';
import type { Surroundings } from '../opening/surroundings.ts';
import type { BootstrapTools } from './bootstrap-tools.ts';
import { TOOLS } from './bootstrap-tools.ts';
import type { DisplayOptions, MakingOptions } from './syntax/common.ts';
import { writeNote } from './talk/report.ts';
import type { Terminal } from './terminal.ts';

/** Of every command that opens a domain. */
export type CommandOpenOptions = OpenOptions & TalkOptions;

type TalkOptions = Partial<MakingOptions & Pick<DisplayOptions, 'color'>>;

/** The domain that a command is told to work in, or the account's own. */
export function openDomain(
  options: CommandOpenOptions,
  purpose: Purpose,
  terminal: Terminal,
  tools?: BootstrapTools,
): Promise<OpenDomain> {
  return opening.openDomain(options, purpose, surroundingsOf(terminal, options, tools));
}

/** What is made beside what was asked for is told on stderr; the account's own domain is made unless that is forbidden. */
export function surroundingsOf(
  terminal: Terminal,
  { bootstrap, color = 'auto' }: TalkOptions,
  tools: BootstrapTools = TOOLS,
): Surroundings {
  const { env, cwd, signal, ask } = terminal;
  return {
    ...{ env, cwd, signal },
    ...(ask !== undefined && { ask }),
    note: (text) => {
      writeNote(terminal, text, { color });
    },
    ...(bootstrap === true && {
      makeDomain: async (access, bucket) => {
        const { makeOwnDomain } = await import('./own-domain.ts');
        await makeOwnDomain(access, bucket, { color }, terminal, tools);
      },
    }),
  };
}
