import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { readArtifact } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { OptionTable } from './option.ts';
import { optionsOf } from './option.ts';

export interface PromotionsOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: an ARN, or `[REPOSITORY/]ID…`. */
  readonly artifact: string;
}

const PROMOTIONS: OptionTable<Omit<PromotionsOptions, 'artifact'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const PROMOTIONS_COMMAND: CommandSpec<PromotionsOptions> = {
  summary: 'what was promoted from an artifact, and to it',
  description:
    'Tells what was promoted from an artifact or one version of it, and to it, in the order of time, and all the way: from where it came, and where it went from there; who promoted it, when, and with what evidence.',
  examples: [
    { what: 'where a version came from', command: 'cfn-artifacts promotions production/shop/api:1.4.0' },
    { what: 'all of an artifact, for a script', command: 'cfn-artifacts promotions dev/shop/api --json' },
  ],
  positional: [ARTIFACT],
  options: optionsOf(PROMOTIONS),
  foreign: [],
  read: readArtifact(PROMOTIONS),
};
