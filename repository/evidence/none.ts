import type { Evidence } from './evidence.ts';

/** Of a directory, which no stack deploys from: nobody can be asked, and nothing is ever gone. */
export const noEvidence: Evidence = {
  stack: () => Promise.resolve({ state: 'unknown', why: 'nobody can be asked what is deployed from a directory' }),
  importers: async function* () {
    // No stack imports anything from a directory.
  },
  isRun: () => Promise.resolve(undefined),
};
