import type { ArtifactName } from '../name.ts';
import { isId } from '../name.ts';

/**
 * What a share reaches in a repository: one artifact, all whose IDs lie below a path (and the one of that very ID), or all. It is what a policy can say exactly: a `*` there goes
 * across slashes, so that nothing can be said of one segment alone.
 */
export type Reach =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'below'; readonly path: string }
  | { readonly kind: 'all' };

export const EVERYTHING = '**';

/** `undefined` where a policy can't say it exactly, or it is no pattern at all: `problemOfReach` says why. */
export function reachOf(pattern: string): Reach | undefined {
  if (pattern === EVERYTHING) return { kind: 'all' };
  const path = /^(.+)\/\*\*$/s.exec(pattern)?.[1];
  if (path !== undefined) return isId(path) ? { kind: 'below', path } : undefined;
  return isId(pattern) ? { kind: 'one', id: pattern } : undefined;
}

/** What is wrong with a pattern of what is shared, in words that go on after its name, and what to do about it. */
export function problemOfReach(pattern: string): { readonly why: string; readonly remedy: string } | undefined {
  if (reachOf(pattern) !== undefined) return undefined;
  if (!isId(pattern.replaceAll('*', 'a')))
    return {
      why: 'is no ID',
      remedy: "Write an ID like 'shop/api', a path with all below it like 'shop/**', or '**'.",
    };
  const path = pattern.slice(0, pattern.indexOf('*')).replace(/\/?[^/]*$/, '');
  const wider = path === '' ? EVERYTHING : `${path}/**`;
  return {
    why: "has a '*' that no policy of S3 can say: there it would reach across slashes, and more than it means",
    remedy: `Share exact IDs, one by one, or '${wider}', which is everything below.`,
  };
}

export function reaches(pattern: string, id: string): boolean {
  const reach = reachOf(pattern);
  switch (reach?.kind) {
    case 'one':
      return reach.id === id;
    case 'below':
      return id === reach.path || id.startsWith(`${reach.path}/`);
    case 'all':
      return true;
    case undefined:
      return false;
  }
}

/** Whether some ID is of both. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [reachOf(one), reachOf(other)];
  if (a === undefined || b === undefined) return false;
  if (a.kind === 'all' || b.kind === 'all') return true;
  return reaches(one, b.kind === 'one' ? b.id : b.path) || reaches(other, a.kind === 'one' ? a.id : a.path);
}

/**
 * Behind `versions/{repository}/` and its like, with `*` as in policies: every key of the artifacts that are reached, and of no other. An ID has no `!`, so that none can imitate the end of another.
 */
export function keysOf(pattern: string): string {
  const reach = reachOf(pattern);
  switch (reach?.kind) {
    case 'one':
      return `${reach.id}/!/*`;
    case 'below':
      return `${reach.path}/*`;
    case 'all':
      return '*';
    case undefined:
      throw new TypeError(`'${pattern}' can't be said in a policy`);
  }
}

/** The same, of one beginning of the last segment alone. Only the mark of what is an artifact's own has a `!`, so that no ID can imitate that end. */
export function keysBeginning(pattern: string, beginning: string): string {
  const reach = reachOf(pattern);
  const artifacts = reach?.kind === 'one' ? `${reach.id}/` : reach?.kind === 'below' ? `${reach.path}/*` : '*';
  return `${artifacts}!/${beginning}*`;
}

/** `repository`, or `repository/pattern`, as people name what they share. */
export function formatReach({
  repository,
  pattern,
}: {
  readonly repository: string;
  readonly pattern: string;
}): string {
  return `${repository}/${pattern}`;
}

/** The shares that reach an artifact. */
export function reaching<S extends { readonly repository: string; readonly pattern: string }>(
  shares: readonly S[],
  { repository, id }: ArtifactName,
): readonly S[] {
  return shares.filter((share) => share.repository === repository && reaches(share.pattern, id));
}
