import { isLater } from './binding.ts';
import type { Bookmark } from './bookmark-record.ts';
import { listBookmarks } from './bookmark-record.ts';
import { ArtifactError } from './error.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import type { ObjectStore } from './object-store.ts';
import type { Owner } from './owner.ts';
import { isSameResource, isSuccessor, ownerName } from './owner.ts';

export interface BookmarkOptions {
  /** The version that it must name now, 0: none. What it names already is not refused, so that a command may be repeated. */
  readonly expected?: number;
  /** Who wants it, for people. */
  readonly by?: string;
  /** The resource of a stack that declares it: it changes none but its own. Absent: people, who may change any. */
  readonly owner?: Owner;
}

/** @throws ArtifactError STALE_REVISION */
export function requireExpected(
  name: ArtifactName,
  bookmark: string,
  is: number | undefined,
  { expected }: BookmarkOptions,
): void {
  if (expected === undefined || expected === (is ?? 0)) return;
  const what = formatArtifactName(name);
  const names = is === undefined ? 'nothing' : `version ${is}`;
  throw new ArtifactError(
    'STALE_REVISION',
    `'${what}^${bookmark}' names ${names}, not ${expected === 0 ? 'nothing' : `version ${expected}`}`,
    {
      remedy:
        is === undefined
          ? `Nobody has made it, or it was deleted: 'cfn-artifacts bookmark list ${what}' tells which there are.`
          : `Look at it again: 'cfn-artifacts bookmark history ${what} ${bookmark}' tells how it came there.`,
    },
  );
}

/**
 * A stack changes nothing that people or another resource have made, and by no event that is older than what has been here.
 * @throws ArtifactError ACCESS_DENIED, SUPERSEDED
 */
export function requireOwned(
  name: ArtifactName,
  bookmark: string,
  before: Bookmark | undefined,
  { owner }: BookmarkOptions,
): void {
  if (owner === undefined || before === undefined) return;
  const named = formatArtifactName(name);
  const what = `'${named}^${bookmark}'`;
  if (before.owner !== undefined && isSuccessor(before.owner, owner)) return;
  const isOwn = before.owner !== undefined && isSameResource(before.owner, owner);
  if (isOwn && isLater(before.owner.issued, owner.issued)) {
    throw new ArtifactError('SUPERSEDED', `${what} was changed by a later operation of ${ownerName(owner)}`, {
      remedy: 'CloudFormation gave this operation up. Deploy again.',
    });
  }
  if (isOwn || before.number === undefined) return;
  const whose = before.owner === undefined ? 'people' : ownerName(before.owner);
  throw new ArtifactError('ACCESS_DENIED', `${what} was made by ${whose}`, {
    remedy: `Name another bookmark in the template, or delete that one with 'cfn-artifacts bookmark delete ${named} ${bookmark}' first.`,
  });
}

/** So many names help; more of them hide each other. */
const NAMES = 5;

export async function unknownBookmark(
  store: ObjectStore,
  name: ArtifactName,
  bookmark: string,
): Promise<ArtifactError> {
  const names: string[] = [];
  for await (const one of listBookmarks(store, name)) {
    if (names.push(`'${one.bookmark}'`) === NAMES) break;
  }
  return new ArtifactError('ARTIFACT_NOT_FOUND', `'${formatArtifactName(name)}' has no bookmark '${bookmark}'`, {
    remedy: names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`,
  });
}

export function moved(name: ArtifactName, bookmark: string): ArtifactError {
  return new ArtifactError('CONTENTION', `'${formatArtifactName(name)}^${bookmark}' is moved by others all the time`, {
    remedy: 'Try again.',
  });
}
