import type { OptionTable, WholeDomainOptions } from './options.ts';
import { flag, GROUP, stackName, WHOLE_DOMAIN } from './options.ts';

export interface AuditOptions extends WholeDomainOptions {
  readonly fix: boolean;
  /** The only stack to look at: a name or an ARN. */
  readonly stack?: string;
}

export const AUDIT: OptionTable<AuditOptions> = {
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
