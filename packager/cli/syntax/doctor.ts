import type { CommandSpec } from './command.ts';
import type { WholeDomainOptions } from './common.ts';
import { WHOLE_DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, inverted, optionsOf } from './option.ts';
import { resolveOptions } from './resolve.ts';

export interface DoctorOptions extends WholeDomainOptions {
  /** Whether conditional writes may be tried, below `scratch/`. */
  readonly write: boolean;
  /** What could not be found out counts as a finding too. */
  readonly strict: boolean;
}

const DOCTOR: OptionTable<DoctorOptions> = {
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

export const DOCTOR_COMMAND: CommandSpec<DoctorOptions> = {
  summary: 'whether the domain is sound, and what to do where it is not',
  description:
    "Looks at all that a domain's promises rest on: the bucket and its settings, its policy, the stack and the functions, conditional writes, the clock. Changes nothing but objects of its own below scratch/. What may not be looked at is told as unknown, with the permission that is missing.",
  examples: [
    { what: "whether your account's domain is sound", command: 'cfn-artifacts doctor' },
    {
      what: 'for CI: status 5 also where something may not be looked at',
      command: 'cfn-artifacts doctor --json --strict',
    },
    { what: 'a domain in a directory', command: 'cfn-artifacts doctor --domain file:.artifacts' },
  ],
  positional: [],
  options: optionsOf<DoctorOptions>(DOCTOR),
  foreign: [],
  read: (line) => resolveOptions(DOCTOR, line.given, [], line),
};
