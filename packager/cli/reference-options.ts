import { parseConsumer } from '../../repository/named.ts';
import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, GROUP, named } from './options.ts';

/** Of `reference add` and `reference remove`. */
export interface ReferenceOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: an ARN, or `[REPOSITORY/]ID…`. */
  readonly artifact: string;
  /** Who needs it, and is no stack. */
  readonly consumer: string;
}

export const REFERENCE: OptionTable<Omit<ReferenceOptions, 'artifact'>> = {
  consumer: {
    name: 'consumer',
    argument: '<name>',
    inFile: 'never',
    group: GROUP.reference,
    help: 'who needs it: a name that you choose, like team/nightly-job',
    read: named(parseConsumer, 'team/nightly-job'),
    mandatory: true,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};
