import type { Deleting } from '../../../repository/deleting/condemn.ts';
import { isNeeded } from '../../../repository/deleting/condemn.ts';
import type { Digest } from '../../../repository/index.ts';
import { blobPrefix } from '../../../repository/keys.ts';
import { believesAnOldListing, decidesWithoutComparing } from '../explorer/weakened.ts';
import { keysIn } from '../keys-in.ts';
import type { Collect } from './acts.ts';
import { byTheProtocol } from './acts.ts';

/** Collectors that lack one thing each, and lose content by it. */
export const WEAKENED_COLLECTORS: readonly (readonly [name: string, collect: Collect])[] = [
  ['decides without a compare-and-swap', weakened(decidesWithoutComparing)],
  ['believes a listing of the references that is older than its mark', weakened(believesAnOldListing)],
  ['removes content by its key', weakened(removesByKey)],
  ['decides nothing that others could see', withoutADecision],
];

/** The protocol's own code, to which the store is shown otherwise than it is. */
function weakened(weakness: (deleting: Deleting) => Deleting): Collect {
  return (deleting, digest, told) => byTheProtocol(weakness(deleting), digest, told);
}

/** Whatever stands under the key by now goes. */
function removesByKey({ store, chance }: Deleting): Deleting {
  return {
    chance,
    store: {
      ...store,
      async removeIncarnation(key) {
        for (const incarnation of await store.incarnations(key)) await store.removeIncarnation(key, incarnation);
      },
    },
  };
}

/** Looks for references, and removes. */
async function withoutADecision({ store }: Deleting, digest: Digest, told: Parameters<Collect>[2]): Promise<void> {
  if (await isNeeded(store, digest)) return;
  for (const key of await keysIn(store, blobPrefix(digest))) {
    for (const incarnation of await store.incarnations(key)) await store.removeIncarnation(key, incarnation);
  }
  told('deleted');
}
