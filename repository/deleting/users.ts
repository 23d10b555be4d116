import { listBookmarkRecords, numbersNeeded } from '../bookmark-record.ts';
import type { Domain } from '../domain.ts';
import type { ArtifactName } from '../name.ts';
import type { Usage } from '../usage.ts';
import { listUsers } from '../usage.ts';

/** Who needs a version. While one does, it can't be deleted. */
export type VersionUser =
  | ({ readonly by: 'reference' } & Usage)
  | { readonly by: 'bookmark'; readonly bookmark: string; readonly version: number };

/**
 * Who needs a version, as it is at some moment of the listing: what uses it, then the bookmarks that need it.
 * @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read: what is unknown is never called unused
 */
export async function* listVersionUsers(
  domain: Pick<Domain, 'store' | 'chance' | 'partition' | 'account' | 'region'>,
  { repository, id }: ArtifactName,
  number: number,
): AsyncGenerator<VersionUser> {
  for await (const usage of listUsers(domain, { repository, id, number })) yield { by: 'reference', ...usage };
  for await (const { bookmark, record } of listBookmarkRecords(domain.store, { repository, id })) {
    if (numbersNeeded(record, domain.chance.now()).includes(number))
      yield { by: 'bookmark', bookmark, version: number };
  }
}
