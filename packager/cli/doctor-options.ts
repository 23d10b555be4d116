import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, flag, GROUP, inverted } from './options.ts';

export interface DoctorOptions extends AccessOptions, DisplayOptions, Pick<DomainOptions, 'domain' | 'domainOwner'> {
  /** Whether conditional writes may be tried, below `scratch/`. */
  readonly write: boolean;
  /** What could not be found out counts as a finding too. */
  readonly strict: boolean;
}

export const DOCTOR: OptionTable<DoctorOptions> = {
  write: {
    name: 'no-write',
    group: GROUP.question,
    help: "don't try conditional writes, which takes some objects below scratch/ that are removed again",
    read: inverted,
    fallback: true,
  },
  strict: {
    name: 'strict',
    group: GROUP.question,
    help: 'exit with status 5 also where something could not be found out',
    read: flag,
    fallback: false,
  },
  domain: DOMAIN.domain,
  domainOwner: DOMAIN.domainOwner,
  ...ACCESS,
  ...DISPLAY,
};
