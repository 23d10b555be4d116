import type { Deletion } from '../deletion.ts';
import { eraseDecided, readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import { deletionKey } from '../keys.ts';
import type { Stored } from '../record.ts';
import { recordContent } from '../record.ts';
import type { Deleting } from './condemn.ts';
import { isNeeded } from './condemn.ts';

/** What came of it. */
export type Reaped =
  /** The content is gone. */
  | { readonly outcome: 'deleted' }
  /** Somebody needs it: it is no longer condemned. */
  | { readonly outcome: 'rescued' }
  /** It is not condemned. */
  | { readonly outcome: 'not condemned' }
  /** It is in quarantine still. */
  | { readonly outcome: 'waiting'; readonly since: Date }
  /** Somebody else decided at this very moment. */
  | { readonly outcome: 'conflict' };

/**
 * Deletes condemned content, if nothing holds or uses it, now: the references are listed on the live store, after the condemnation was written, and before the
 * decision, which one compare-and-swap makes. Whoever adds a reference writes it first and looks for the decision then, so one of the two sees
 * the other. From the decision on, exactly the incarnations that it names go; anybody may complete that, any number of times.
 *
 * What a closed bucket of a repository's own keeps stays decided: then what it says is thrown, when all else is gone.
 *
 * @param before only what was condemned before this moment, by the store's clock; absent: whenever that was
 */
export async function reap(deleting: Deleting, digest: Digest, before?: Date): Promise<Reaped> {
  const { store } = deleting;
  const found = await readDeletion(store, digest);
  if (found === undefined || found.value.state === 'cancelled') return { outcome: 'not condemned' };
  if (found.value.state === 'condemned') {
    if (before !== undefined && found.modified >= before) return { outcome: 'waiting', since: found.modified };
    const isUsed = await isNeeded(store, digest);
    if (!(await decide(deleting, digest, found, isUsed ? 'cancelled' : 'deleting'))) return { outcome: 'conflict' };
    if (isUsed) return { outcome: 'rescued' };
  }
  const { outcome, closed } = await eraseDecided(store, digest);
  if (outcome !== 'all') throw closed;
  return { outcome: 'deleted' };
}

/** @returns whether this decision stands; a refusal may be the echo of one's own writing */
async function decide(
  { store, chance }: Deleting,
  digest: Digest,
  found: Stored<Deletion>,
  state: 'cancelled' | 'deleting',
): Promise<boolean> {
  const nonce = chance.nonce();
  const record: Deletion = { ...found.value, state, nonce };
  if ((await store.replace(deletionKey(digest), recordContent(record), found.revision)) === 'replaced') return true;
  const now = await readDeletion(store, digest);
  return now?.value.nonce === nonce;
}
