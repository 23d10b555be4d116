import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, GROUP } from './options.ts';
import type { Target } from '../opening/replication.ts';
import { parseTargets } from './replication-target.ts';

export interface ReplicateOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
  readonly to: readonly [Target, ...Target[]];
}

export const REPLICATE: OptionTable<Omit<ReplicateOptions, 'artifacts'>> = {
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
