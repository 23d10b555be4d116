import { ownKeeper } from '../../repository/index.ts';
import type { Digest, Domain } from '../../repository/index.ts';
import { readDeletion } from '../../repository/deletion.ts';
import type { Deletion } from '../../repository/deletion.ts';
import { blobPrefix, deletionKey, referencesPrefix } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { keysIn } from './keys-in.ts';

/** condemn, then reap without a quarantine: as DESIGN orders the deletion of content that nothing refers to, as long as the keeper does not do it. */
export async function collectHastily(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  digest: Digest,
): Promise<void> {
  const isReferred = async (): Promise<boolean> => (await keysIn(store, referencesPrefix(digest))).length > 0;
  if (await isReferred()) return;
  const incarnations: Deletion['incarnations'][number][] = [];
  for (const key of await keysIn(store, blobPrefix(digest))) {
    const head = await store.head(key);
    if (head !== undefined) incarnations.push({ key, incarnation: head.incarnation });
  }
  if (incarnations.length === 0) return;
  const nonce = chance.nonce();
  const record = (state: Deletion['state']): ReturnType<typeof recordContent> =>
    recordContent({ state, nonce, incarnations, since: '' } satisfies Deletion);
  const before = await readDeletion(store, digest);
  if (before?.value.state === 'deleting') return ownKeeper(store).finish(digest);
  if (before?.value.state === 'condemned') return;
  if (before === undefined) await store.create(deletionKey(digest), record('condemned'));
  else await store.replace(deletionKey(digest), record('condemned'), before.revision);
  const mine = await readDeletion(store, digest);
  if (mine?.value.nonce !== nonce || mine.value.state !== 'condemned') return;
  const isUsed = await isReferred();
  const decided = await store.replace(deletionKey(digest), record(isUsed ? 'cancelled' : 'deleting'), mine.revision);
  if (decided === 'replaced' && !isUsed) await ownKeeper(store).finish(digest);
}
