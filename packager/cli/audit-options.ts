import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, flag, GROUP, stackName } from './options.ts';

export interface AuditOptions extends AccessOptions, DisplayOptions, Pick<DomainOptions, 'domain' | 'domainOwner'> {
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
  domain: DOMAIN.domain,
  domainOwner: DOMAIN.domainOwner,
  ...ACCESS,
  ...DISPLAY,
};
