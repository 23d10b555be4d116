import type { CommandSpec } from './command.ts';
import type { WholeDomainOptions } from './common.ts';
import { WHOLE_DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, optionsOf, stackName } from './option.ts';
import { resolveOptions } from './resolve.ts';

export interface AuditOptions extends WholeDomainOptions {
  readonly fix: boolean;
  /** The only stack to look at: a name or an ARN. */
  readonly stack?: string;
}

const AUDIT: OptionTable<AuditOptions> = {
  fix: {
    name: 'fix',
    group: GROUP.question,
    help: 'heal what is found: remove references that nothing names, restore those that are missing; what is unknown is left',
    read: flag,
    fallback: false,
  },
  stack: {
    name: 'stack',
    argument: '<name>',
    group: GROUP.question,
    help: "look at this stack alone; its name, in the domain's account and region, or its ARN",
    read: stackName,
  },
  ...WHOLE_DOMAIN,
};

export const AUDIT_COMMAND: CommandSpec<AuditOptions> = {
  summary: 'compare the references with what is deployed, and heal them',
  description:
    'Compares what stacks have recorded with what CloudFormation says is deployed, and tells of references that nothing names any more and of those that are missing. The domain does so every day by itself, and heals what it finds. Nothing is removed that is not known to be gone. It ends with status 5 where something is left to see to; an operation that is under way is not.',
  examples: [
    { what: 'references that are not as they should be', command: 'cfn-artifacts audit' },
    { what: 'heal it', command: 'cfn-artifacts audit --fix' },
    { what: 'one stack, for a script', command: 'cfn-artifacts audit --stack shop --json' },
  ],
  positional: [],
  options: optionsOf(AUDIT),
  foreign: [],
  read: (line) => resolveOptions(AUDIT, line.given, [], line),
};
