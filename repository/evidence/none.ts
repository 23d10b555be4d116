import type { Evidence } from './evidence.ts';

/**
 * Of a directory, and of a bucket that has no functions: what stacks name is bound in the account's own domain, and says nothing of this one. Nobody can be
 * asked, and nothing is ever gone.
 */
export const noEvidence: Evidence = {
  stack: () =>
    Promise.resolve({ state: 'unknown', why: 'nobody can be asked which stacks use a domain that has no functions' }),
  importers: async function* () {
    // No stack imports anything from there.
  },
  isRun: () => Promise.resolve(undefined),
};
