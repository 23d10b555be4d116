import type { OptionTable, WholeDomainOptions } from './options.ts';
import { flag, GROUP, inverted, WHOLE_DOMAIN } from './options.ts';

export interface DoctorOptions extends WholeDomainOptions {
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
  ...WHOLE_DOMAIN,
};
