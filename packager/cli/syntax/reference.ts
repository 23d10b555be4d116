import { parseConsumer } from '../../../repository/named.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { readArtifact } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { GROUP, named, optionsOf } from './option.ts';

/** Of `reference add` and `reference remove`. */
export interface ReferenceOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: an ARN, or `[REPOSITORY/]ID…`. */
  readonly artifact: string;
  /** Who needs it, and is no stack. */
  readonly consumer: string;
}

const REFERENCE: OptionTable<Omit<ReferenceOptions, 'artifact'>> = {
  consumer: {
    name: 'consumer',
    argument: '<name>',
    inFile: 'never',
    group: GROUP.reference,
    help: 'who needs it: a name that you choose, like team/nightly-job',
    read: named(parseConsumer, 'team/nightly-job'),
    mandatory: true,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

export const REFERENCE_ADD_COMMAND: CommandSpec<ReferenceOptions> = {
  summary: 'record that something which is no stack needs a version',
  description:
    'Records that a consumer which is no stack needs a version, so that nobody can delete it. Stacks record what they use by themselves, when they are deployed.',
  examples: [
    { what: 'a job that fetches it', command: 'cfn-artifacts reference add shop/api:3 --consumer nightly-job' },
    {
      what: 'what a bookmark names now',
      command: 'cfn-artifacts reference add shop/api^prod --consumer team/disaster-recovery',
    },
  ],
  positional: [ARTIFACT],
  options: optionsOf(REFERENCE),
  foreign: [],
  read: readArtifact(REFERENCE),
};

export const REFERENCE_REMOVE_COMMAND: CommandSpec<ReferenceOptions> = {
  summary: 'remove what reference add recorded',
  description:
    'Removes what reference add recorded: for one version, or for all versions of an artifact. References of stacks end when the stacks are updated or deleted.',
  examples: [
    { what: 'it fetches that no more', command: 'cfn-artifacts reference remove shop/api:3 --consumer nightly-job' },
    { what: 'of all versions', command: 'cfn-artifacts reference remove shop/api --consumer nightly-job' },
    { what: 'who uses it', command: 'cfn-artifacts references shop/api' },
  ],
  positional: [ARTIFACT],
  options: optionsOf(REFERENCE),
  foreign: [],
  read: readArtifact(REFERENCE),
};
