import type { Domain } from '../domain.ts';
import { parseVersionKey, versionPrefix, versionsPrefix } from '../keys.ts';
import type { ListedArtifact } from '../version.ts';

/** What stands on one level of a repository, as in a file system. */
export type FolderEntry =
  { readonly kind: 'folder'; readonly path: string } | { readonly kind: 'artifact'; readonly artifact: ListedArtifact };

/** So many keys of one entry in a row are read past; beyond, a new listing that begins behind them is cheaper. */
const READ_PAST = 1000;

/**
 * One level: the artifacts there, and the folders, whose paths end with `/`. An artifact may have a folder beside it. Asks for no more than what is shown needs, however much is below.
 * @param idPrefix the folder with its `/`, or how what is in it begins
 */
export async function* listFolder(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  idPrefix = '',
): AsyncGenerator<FolderEntry> {
  const level = idPrefix.lastIndexOf('/') + 1;
  let after: string | undefined;
  for (let more = true; more;) {
    more = false;
    let current: string | undefined;
    let seen = 0;
    for await (const { key } of store.list(
      versionsPrefix(repository, idPrefix),
      after === undefined ? {} : { after },
    )) {
      const { id, number } = parseVersionKey(key);
      const slash = id.indexOf('/', level);
      const path = slash < 0 ? id : id.slice(0, slash + 1);
      if (path !== current) {
        current = path;
        seen = 0;
        // `shop/` is a prefix of the keys of `shop` too, because of the `/` before the `!`.
        if (!id.startsWith(idPrefix)) continue;
        yield slash < 0 ? { kind: 'artifact', artifact: { repository, id, newest: number } } : { kind: 'folder', path };
      } else if (++seen > READ_PAST) {
        // `~` sorts behind every character of an ID.
        after = slash < 0 ? `${versionPrefix({ repository, id })}~` : `${versionsPrefix(repository, path)}~`;
        more = true;
        break;
      }
    }
  }
}
