import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN } from './options.ts';

export interface PromotionsOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: an ARN, or `[REPOSITORY/]ID…`. */
  readonly artifact: string;
}

export const PROMOTIONS: OptionTable<Omit<PromotionsOptions, 'artifact'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };
