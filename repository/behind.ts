import { expandAhead } from './ahead.ts';
import { formatArn } from './arn.ts';
import type { Bookmark } from './bookmark-record.ts';
import { readBookmark } from './bookmark-record.ts';
import type { Domain } from './domain.ts';
import { kindPrefix, partOfArtifact } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import type { Consumer, Usage } from './usage.ts';
import { listUsers } from './usage.ts';
import type { Unreadable } from './unreadable.ts';
import { readable } from './unreadable.ts';

/** That a stack uses a version which a bookmark named once, and names no more. */
export type StackBehind = Usage & {
  readonly consumer: Extract<Consumer, { kind: 'stack' }>;
  readonly version: number;
};

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 8;

/**
 * The stacks that were deployed through a bookmark and use another version than it names now: by version, in the order in which it named them, the latest first. A stack that is just being updated
 * still uses the old one, and is among them. Only what the bookmark has named is looked at, however many versions there are; so what it named before that is not known any more.
 *
 * Of a bookmark that names nothing: none.
 * @param unreadable told of records that can't be read
 * @throws ArtifactError UNSUPPORTED_FORMAT where nobody is to be told
 */
export async function* listBehind(
  domain: Pick<Domain, 'store' | 'partition' | 'account' | 'region'>,
  { repository, id }: ArtifactName,
  bookmark: string,
  unreadable?: Unreadable,
): AsyncGenerator<StackBehind> {
  const name = { repository, id };
  const record = (await readable(unreadable, () => readBookmark(domain.store, name, bookmark)))?.value;
  if (record?.number === undefined) return;
  const { partition, account, region } = domain;
  const resolvedFrom = `${formatArtifactName(name)}^${bookmark}`;
  yield* expandAhead(earlierNumbers(record), VERSIONS_AHEAD, async function* (number) {
    const arn = formatArn({ partition, account, region, ...name, version: number });
    for await (const usage of listUsers(domain, { ...name, number }, unreadable)) {
      if (usage.resolvedFrom === resolvedFrom && isOfStack(usage, arn)) yield usage;
    }
  });
}

async function* earlierNumbers({ number: current, history }: Bookmark): AsyncGenerator<number> {
  for (const number of new Set(history.map((past) => past.number))) if (number !== current) yield number;
}

/** @param arn of the version. A use of the content by its digest alone is one of whatever version holds that, and none that a bookmark chose. */
function isOfStack(usage: Usage, arn: string): usage is StackBehind {
  return usage.consumer.kind === 'stack' && (usage.arn === arn || usage.arn.startsWith(`${arn}@`));
}

/** A stack that is behind, with what the bookmark names now. */
export interface ArtifactBehind {
  readonly artifact: ArtifactName;
  readonly names: number;
  readonly usage: StackBehind;
}

/**
 * Who is behind a bookmark of this name, of all artifacts of a repository that have it: by ID. `idPrefix` may end within a segment.
 * @param met told of each artifact that has it
 * @param unreadable told of records that can't be read
 * @throws ArtifactError UNSUPPORTED_FORMAT where nobody is to be told
 */
export async function* listAllBehind(
  domain: Pick<Domain, 'store' | 'partition' | 'account' | 'region'>,
  { repository, idPrefix = '' }: { readonly repository: string; readonly idPrefix?: string },
  bookmark: string,
  met: (artifact: ArtifactName) => void,
  unreadable?: Unreadable,
): AsyncGenerator<ArtifactBehind> {
  for await (const { key } of domain.store.list(kindPrefix('bookmarks', repository))) {
    const found = partOfArtifact(key);
    if (found?.part !== bookmark || !found.id.startsWith(idPrefix)) continue;
    const artifact = { repository, id: found.id };
    const names = (await readable(unreadable, () => readBookmark(domain.store, artifact, bookmark)))?.value.number;
    if (names === undefined) continue;
    met(artifact);
    for await (const usage of listBehind(domain, artifact, bookmark, unreadable)) yield { artifact, names, usage };
  }
}

/** Names of the bookmarks that artifacts of a repository have, each once, by name. @param unreadable told of records that can't be read; absent: they are a failure, UNSUPPORTED_FORMAT */
export async function listBookmarkNames(
  { store }: Pick<Domain, 'store'>,
  { repository, idPrefix = '' }: { readonly repository: string; readonly idPrefix?: string },
  unreadable?: Unreadable,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { key } of store.list(kindPrefix('bookmarks', repository))) {
    const found = partOfArtifact(key);
    if (found === undefined || names.has(found.part) || !found.id.startsWith(idPrefix)) continue;
    const record = (await readable(unreadable, () => readBookmark(store, found, found.part)))?.value;
    if (record?.number !== undefined) names.add(found.part);
  }
  return [...names].sort();
}
