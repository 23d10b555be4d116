import type { Chance } from '../../repository/index.ts';

/** Time that goes on by a second at each look, and nonces that count: a run can be repeated to the letter. */
export function steadyChance(prefix = 'nonce'): Chance {
  let seconds = 0;
  let nonces = 0;
  return {
    now: () => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds++),
    nonce: () => `${prefix}${String(++nonces).padStart(6, '0')}`,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
