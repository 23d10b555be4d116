import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { tellSteps } from './file-system-steps.ts';
import { randomFrom } from './interleaving.ts';

/**
 * The command line as it is, whose calls to the file system of its domain take their time by a seed. Before the first of them it says that it is there, and waits until
 * it may go on; before a later one it says that it has come so far. So several such processes meet, however long each takes to start.
 */

const { PACED_SEED = '', PACED_DOMAIN = '', PACED_HERE = '', PACED_GO = '' } = process.env;
/** The file that says so, and the number of the object that is written then. */
const { PACED_FAR = '', PACED_FAR_AT = '' } = process.env;
const SLOW = 0.25;
const LONGEST_MS = 4;

const random = randomFrom(Number(PACED_SEED));
let hasBegun = false;
let written = 0;
tellSteps(async (step) => {
  if (!step.includes(PACED_DOMAIN)) return;
  if (!hasBegun) {
    hasBegun = true;
    writeFileSync(PACED_HERE, '');
    while (!existsSync(PACED_GO)) await pause(1);
  }
  if (PACED_FAR !== '' && step.startsWith('link ') && ++written === Number(PACED_FAR_AT)) writeFileSync(PACED_FAR, '');
  if (random() < SLOW) await pause(random() * LONGEST_MS);
});
await import('../../packager/main.ts');
