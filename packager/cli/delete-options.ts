import type { AccessOptions } from '../aws/access.ts';
import { YES } from './confirm.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, flag, GROUP } from './options.ts';

export interface UndeleteOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
}

export interface DeleteOptions extends UndeleteOptions {
  /** Of what is named, only what nobody needs. */
  readonly unused: boolean;
  /** Content goes at once. */
  readonly now: boolean;
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

export const UNDELETE: OptionTable<Omit<UndeleteOptions, 'artifacts'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const DELETE: OptionTable<Omit<DeleteOptions, 'artifacts'>> = {
  unused: {
    name: 'unused',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'delete what nobody needs, and leave the rest; status 5 says that something was left',
    read: flag,
    fallback: false,
  },
  now: {
    name: 'now',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'content that nothing else holds is deleted at once, without a quarantine: nobody can take that back',
    read: flag,
    fallback: false,
  },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'show what would go, or who needs it; delete nothing',
    read: flag,
    fallback: false,
  },
  yes: { ...YES, group: GROUP.deletion },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};
