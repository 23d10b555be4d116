import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { bookmarkPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectStore } from '../object-store.ts';
import { readRecord } from '../record.ts';
import type { Usage } from '../usage.ts';
import { listUsers } from '../usage.ts';

/** Who needs a version. While one does, it can't be deleted. */
export type VersionUser =
  | ({ readonly by: 'reference' } & Usage)
  | { readonly by: 'bookmark'; readonly bookmark: string; readonly version: number };

/** So many bookmarks are read at once. */
const BOOKMARKS_AHEAD = 16;

/**
 * Who needs a version, as it is at some moment of the listing: what uses it, then the bookmarks that point at it.
 * @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read: what is unknown is never called unused
 */
export async function* listVersionUsers(
  domain: Pick<Domain, 'store' | 'partition' | 'account' | 'region'>,
  { repository, id }: ArtifactName,
  number: number,
): AsyncGenerator<VersionUser> {
  for await (const usage of listUsers(domain, { repository, id, number })) yield { by: 'reference', ...usage };
  for await (const bookmark of listBookmarks(domain.store, { repository, id })) {
    if (bookmark.version === number) yield { by: 'bookmark', ...bookmark };
  }
}

/** The bookmarks of an artifact, and where each points. @throws ArtifactError UNSUPPORTED_FORMAT */
export function listBookmarks(
  store: ObjectStore,
  name: ArtifactName,
): AsyncGenerator<{ readonly bookmark: string; readonly version: number }> {
  const prefix = bookmarkPrefix(name);
  return expandAhead(store.list(prefix), BOOKMARKS_AHEAD, async function* ({ key }) {
    const record = await readRecord(store, key, ({ number }) => (typeof number === 'number' ? number : undefined));
    if (record !== undefined) yield { bookmark: key.slice(prefix.length), version: record.value };
  });
}
