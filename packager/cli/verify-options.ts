import { parseRepository } from '../../repository/name.ts';
import type { OptionTable, WholeDomainOptions } from './options.ts';
import { flag, GROUP, named, WHOLE_DOMAIN } from './options.ts';

export interface VerifyOptions extends WholeDomainOptions {
  readonly fix: boolean;
  /** Whether all content is read. */
  readonly deep: boolean;
  /** The only one to look at. */
  readonly repository?: string;
}

export const VERIFY: OptionTable<VerifyOptions> = {
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
