import type { AccessOptions } from '../../aws/access.ts';
import type { Target } from '../../opening/replication.ts';
import { VERSION } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { readArtifacts } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { GROUP, optionsOf } from './option.ts';
import { parseTargets } from './replication-target.ts';

export interface ReplicateOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
  readonly to: readonly [Target, ...Target[]];
}

const REPLICATE: OptionTable<Omit<ReplicateOptions, 'artifacts'>> = {
  to: {
    name: 'to',
    argument: '<region[,region...]>',
    arity: 'repeatable',
    inFile: 'never',
    group: GROUP.replication,
    help: 'the Regions whose domains fetch it: eu-west-1,ap-south-1; of another account 444455556666/eu-west-1; may be repeated',
    read: parseTargets,
    mandatory: true,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

export const REPLICATE_COMMAND: CommandSpec<ReplicateOptions> = {
  summary: 'bring versions to other regions and accounts beforehand',
  description:
    'Has the domains of other Regions fetch versions from their home, so that a first deploy there waits for no copy, and needs nothing from home. Nobody has to: a domain fetches what a stack uses when it is used first. What a domain has fetched and nothing uses is collected there again, as any content is.',
  examples: [
    { what: 'to two Regions', command: 'cfn-artifacts replicate shop/api:3 --to eu-west-1,ap-south-1' },
    {
      what: 'what is at home anywhere, by its ARN',
      command: 'cfn-artifacts replicate arn:aws:artifacts:us-east-1:111122223333:default/shop/api:3 --to eu-west-1',
    },
    { what: 'to another account', command: 'cfn-artifacts replicate shop/api^prod --to 444455556666/eu-west-1' },
  ],
  positional: [{ ...VERSION, repeatable: true }],
  options: optionsOf<Omit<ReplicateOptions, 'artifacts'>>(REPLICATE),
  foreign: [],
  read: readArtifacts(REPLICATE),
};
