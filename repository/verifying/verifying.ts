import { isQuiet } from '../age.ts';
import { formatArn } from '../arn.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Manifest } from '../version.ts';
import type { Notes, Problem, VerifyKind } from './finding.ts';

/** What every part of a verification works with. */
export interface Verifying {
  readonly domain: Domain;
  /** Whether to heal what is found. */
  readonly fix: boolean;
  /** Whether to read all content. */
  readonly deep: boolean;
  /** The only one to look at. */
  readonly repository?: string;
}

/** One kind of objects, and how one of them is looked at. */
export interface Pass<Item extends { readonly key: string } = { readonly key: string }> {
  /** So many are looked at ahead. */
  readonly ahead: number;
  /** Ascending by key. @param after begin behind this key */
  readonly items: (verifying: Verifying, after: string) => AsyncIterable<Item>;
  /** Looks, and touches nothing. */
  readonly examine: (verifying: Verifying, item: Item, notes: Notes) => Promise<readonly Problem[]>;
}

export function listAfter(store: ObjectStore, prefix: string, after: string): ReturnType<ObjectStore['list']> {
  return store.list(prefix, after === '' ? {} : { after });
}

/**
 * What the deletion protocol leaves on its way is told as `unsettled` while somebody may be at it: to end it is safe at any time, because each step may be
 * taken by anybody and any number of times.
 */
export function kindSince(verifying: Verifying, kind: VerifyKind, changed: Date): VerifyKind {
  return verifying.fix || isQuiet(verifying, changed) ? kind : 'unsettled';
}

export function arnOf(
  { partition, account, region }: Domain,
  { repository, id, number }: Pick<Manifest, 'repository' | 'id' | 'number'>,
  digest?: Digest,
): string {
  return formatArn({
    ...{ partition, account, region, repository, id, version: number },
    ...(digest !== undefined && { digest }),
  });
}
