import type { Domain } from '../../../repository/index.ts';
import { audit } from '../../../repository/audit/audit.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { EVERY_BLOB, EVERY_REFERENCE, parseVersionKey, versionsPrefix } from '../../../repository/keys.ts';
import { release } from '../../../repository/release.ts';
import { keysIn } from '../keys-in.ts';
import type { World } from './world.ts';
import { versionText } from './world.ts';

/** No stack is left. */
const everythingIsGone: Evidence = {
  stack: () => Promise.resolve({ state: 'gone' }),
  importers: async function* () {
    // Nobody.
  },
  isRun: () => Promise.resolve(false),
};

/** Nothing is kept for ever: stacks go, versions go, what was left on the way is found, and then there is no content. */
export async function clearAway(domain: Domain, world: World): Promise<void> {
  for (const given of world.toRelease) await release(domain.store, given);
  for (const { resource, generation } of world.bound) {
    await release(domain.store, { resource, ...world.issue(), generation });
  }
  const leftBehind = (await keysIn(domain.store, EVERY_REFERENCE)).filter((key) => key.split('/')[2] !== 'version');
  world.tally.count('left behind', leftBehind.length);
  await auditLater(domain, everythingIsGone);
  for (const key of await keysIn(domain.store, versionsPrefix('default'))) {
    const { number, ...name } = parseVersionKey(key);
    const outcome = (await deleteVersion(domain, name, number))?.outcome;
    if (outcome === 'used')
      world.violations.add(`${versionText(name, number)} is used by nobody, and can't be deleted`);
  }
  for (const digest of world.digests) {
    // What was condemned before somebody stored it anew goes in a second turn.
    for (let turn = 0; turn < 2; turn++) {
      await condemn(domain, digest);
      await reap(domain, digest);
    }
    const state = (await readDeletion(domain.store, digest))?.value.state ?? 'cancelled';
    if (state !== 'cancelled') world.violations.add(`sha256:${digest} is ${state} for ever`);
  }
  for (const prefix of [EVERY_BLOB, EVERY_REFERENCE]) {
    for (const key of await keysIn(domain.store, prefix)) world.violations.add(`${key} is left`);
  }
}

/** Two years later, so that nothing is too young to be judged. */
export async function auditLater(domain: Domain, evidence: Evidence): Promise<void> {
  const now = new Date();
  now.setUTCFullYear(now.getUTCFullYear() + 2);
  const later = { ...domain, chance: { ...domain.chance, now: () => now } };
  const steps = audit(later, evidence, { fix: true });
  while ((await steps.next()).done !== true);
}
