import { ArtifactError } from '../../../repository/error.ts';
import type { TargetStatus } from '../../../repository/status-target.ts';
import { TARGETS } from '../../../repository/status-target.ts';
import type { Status } from '../../../repository/status.ts';
import { LASTING_STATUSES } from '../../../repository/status.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { VERSION } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { readArtifacts } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, YES } from './common.ts';
import type { OptionTable } from './option.ts';
import { GROUP, optionsOf, text } from './option.ts';
import { resolveOptions } from './resolve.ts';

export interface StatusOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
}

export interface StatusSetOptions extends StatusOptions {
  readonly status: TargetStatus;
  /** What each must be now. */
  readonly expected?: Status;
  /** Nobody is asked. */
  readonly yes: boolean;
}

const STATUS: OptionTable<Omit<StatusOptions, 'artifacts'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

const STATUS_SET: OptionTable<Omit<StatusSetOptions, 'artifacts' | 'status'>> = {
  expected: {
    name: 'if',
    argument: '<status>',
    choices: LASTING_STATUSES,
    inFile: 'never',
    group: GROUP.status,
    help: 'only if it is this now',
    read: (given) => statusIn(LASTING_STATUSES, text(given)),
  },
  yes: { ...YES, group: GROUP.status },
  ...STATUS,
};

/** What a version can be given. @throws ArtifactError INVALID_ARGUMENT */
function parseTarget(word: string): TargetStatus {
  try {
    return statusIn(TARGETS, word);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new ArtifactError('INVALID_ARGUMENT', `STATUS ${error.message}`, {
      remedy: "It stands behind the artifacts: 'shop/api:7 Archived'. 'cfn-artifacts delete' makes versions Deleted.",
    });
  }
}

/** In whatever case it is written. @throws ArtifactError INVALID_ARGUMENT */
function statusIn<T extends Status>(words: readonly T[], word: string): T {
  const status = words.find((one) => one.toLowerCase() === word.toLowerCase());
  if (status !== undefined) return status;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `must be one of ${words.map((one) => `'${one}'`).join(', ')}, not '${word}'`,
  );
}

export const STATUS_SET_COMMAND: CommandSpec<StatusSetOptions> = {
  summary: 'make versions Published, Unlisted, Archived or Disposed',
  description:
    'Gives versions another status. Published: for everybody. Unlisted: not chosen as the latest, and not listed; who names it has it. Archived: takes no new references, and keeps those that it has. Each can become each of the others. Disposed: gives up the content, if nobody needs the version, keeps the record, and is final.',
  examples: [
    { what: 'no new deploys of it', command: 'cfn-artifacts status set shop/api:7 Archived' },
    { what: 'only if it is Published', command: 'cfn-artifacts status set shop/api:7 Archived --if Published' },
    { what: 'several', command: 'cfn-artifacts status set shop/api:5 shop/api:6 Unlisted' },
    { what: 'give the content up, in a script', command: 'cfn-artifacts status set shop/api:1 Disposed --yes' },
  ],
  positional: [
    { ...VERSION, repeatable: true },
    {
      name: 'status',
      help: 'Published, Unlisted, Archived or Disposed',
      choices: ['Published', 'Unlisted', 'Archived', 'Disposed'],
      required: true,
    },
  ],
  options: optionsOf(STATUS_SET),
  foreign: [],
  read: async (line) => ({
    ...(await resolveOptions(STATUS_SET, line.given, [], line)),
    status: parseTarget(line.positional.at(-1) ?? ''),
    artifacts: line.positional.slice(0, -1),
  }),
};

export const STATUS_GET_COMMAND: CommandSpec<StatusOptions> = {
  summary: 'tell the status of versions',
  description: 'Tells what versions are: Unfinished, Published, Unlisted, Archived, Disposed or Deleted.',
  examples: [{ what: 'for a script', command: 'cfn-artifacts status get shop/api:7 --json' }],
  positional: [{ ...VERSION, repeatable: true }],
  options: optionsOf(STATUS),
  foreign: [],
  read: readArtifacts(STATUS),
};
