import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import { ArtifactError } from '../error.ts';
import { isId, isRepository, isVersionNumber } from '../name.ts';
import type { WalkPlace } from './candidates.ts';
import { SHARDS } from './contents.ts';

/** How far a plan has come: with versions, which come first, or with content, shard by shard. */
export type Position =
  /** Behind this version; absent: at the beginning. */
  | { readonly at: 'versions'; readonly after?: WalkPlace }
  /** Of each shard the digest behind which it goes on, `''` at its beginning, `'-'` at its end. */
  | { readonly at: 'contents'; readonly shards: readonly (Digest | '' | '-')[] };

export const BEGINNING: Position = { at: 'versions' };
export const FIRST_CONTENT: Position = { at: 'contents', shards: SHARDS.map(() => '') };
export const END: Position = { at: 'contents', shards: SHARDS.map(() => '-') };

export function isEnd(position: Position): boolean {
  return position.at === 'contents' && position.shards.every((shard) => shard === '-');
}

/** At most some 1,100 characters of ASCII. */
export function formatPosition(position: Position): string {
  if (position.at === 'contents') return `contents ${position.shards.join(',')}`;
  const { after } = position;
  return after === undefined ? 'versions' : `versions ${after.repository}/${after.id}:${after.number} ${after.passed}`;
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function parsePosition(text: string): Position {
  if (text === 'versions') return BEGINNING;
  const {
    repository = '',
    id = '',
    number = '',
    passed = '',
  } = /^versions (?<repository>[^/]+)\/(?<id>[^:]+):(?<number>\d+) (?<passed>\d{1,9})$/.exec(text)?.groups ?? {};
  if (isRepository(repository) && isId(id) && isVersionNumber(number))
    return { at: 'versions', after: { repository, id, number: Number(number), passed: Number(passed) } };
  const shards = text.startsWith('contents ') ? text.slice('contents '.length).split(',') : [];
  if (shards.length === SHARDS.length && shards.every(isShardPosition)) return { at: 'contents', shards };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' is no place where a plan can go on`, {
    remedy: 'Make another plan.',
  });
}

function isShardPosition(text: string, index: number): text is Digest | '' | '-' {
  return text === '' || text === '-' || (isDigest(text) && text.startsWith(SHARDS[index] ?? ''));
}
