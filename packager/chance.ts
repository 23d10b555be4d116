import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Chance } from '../repository/index.ts';

/** The real clock and real dice. */
export const CHANCE: Chance = {
  now: () => new Date(),
  nonce: () => randomBytes(12).toString('hex'),
  // Jitter keeps those who met once from meeting again.
  pause: async (milliseconds) => {
    await setTimeout(milliseconds * (0.5 + Math.random()));
  },
};
