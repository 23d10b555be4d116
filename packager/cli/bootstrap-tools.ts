import type { Installation } from '../bootstrap/installation.ts';
import { readInstallation } from '../bootstrap/installation.ts';
import type { Chance } from '../../repository/index.ts';
import { CHANCE } from '../chance.ts';

/** What making a domain takes from outside; tests give their own. */
export interface BootstrapTools {
  readonly installation: () => Installation;
  readonly chance: Chance;
}

export const TOOLS: BootstrapTools = { installation: () => readInstallation(), chance: CHANCE };
