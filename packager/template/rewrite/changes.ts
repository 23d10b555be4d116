import type { GeneratedMapping } from './mappings.ts';
import type { ReferenceResource, Rewrite, Setting } from '../place.ts';

/** All that is to be changed in one template. */
export interface Changes {
  readonly rewrites: readonly Rewrite[];
  readonly references: readonly ReferenceResource[];
  /** Beside those that the loops among the rewrites need, which are made while writing. */
  readonly mappings?: readonly GeneratedMapping[];
  /** Each of another pointer. */
  readonly settings?: readonly Setting[];
}
