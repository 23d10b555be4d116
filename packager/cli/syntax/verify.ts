import { parseRepository } from '../../../repository/name.ts';
import type { CommandSpec } from './command.ts';
import type { WholeDomainOptions } from './common.ts';
import { WHOLE_DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, named, optionsOf } from './option.ts';
import { resolveOptions } from './resolve.ts';

export interface VerifyOptions extends WholeDomainOptions {
  readonly fix: boolean;
  /** Whether all content is read. */
  readonly deep: boolean;
  /** The only one to look at. */
  readonly repository?: string;
}

const VERIFY: OptionTable<VerifyOptions> = {
  fix: {
    name: 'fix',
    group: GROUP.question,
    help: 'heal what can be healed without the risk of a loss; content is never removed',
    read: flag,
    fallback: false,
  },
  deep: {
    name: 'deep',
    group: GROUP.question,
    help: 'read all content and compare it with its digest; without, what the store knows of it has to do',
    read: flag,
    fallback: false,
  },
  repository: {
    name: 'repository',
    argument: '<name>',
    group: GROUP.question,
    help: 'look at this repository alone, without what belongs to the whole domain (default: at everything)',
    read: named(parseRepository, 'default'),
  },
  ...WHOLE_DOMAIN,
};

export const VERIFY_COMMAND: CommandSpec<VerifyOptions> = {
  summary: 'compare what the store has with what its records say, and heal it',
  description:
    'Walks the whole store and looks whether every version has its content, whether that is what it says, whether every reference points at content, and whether all that tells of versions agrees. Nothing is removed that is what its address says, but for deletions that were decided. It ends with status 5 where something is left to see to; docs/verify.md tells what each finding means.',
  examples: [
    { what: 'content and records that are not as they should be', command: 'cfn-artifacts verify' },
    { what: 'heal it', command: 'cfn-artifacts verify --fix' },
    { what: 'read all content, which takes as long as that takes', command: 'cfn-artifacts verify --deep' },
    { what: 'of a directory, for a script', command: 'cfn-artifacts verify --domain file:.artifacts --json' },
  ],
  positional: [],
  options: optionsOf(VERIFY),
  foreign: [],
  read: (line) => resolveOptions(VERIFY, line.given, [], line),
};
