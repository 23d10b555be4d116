import { isDayOld } from '../age.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { FORMAT_VERSION, promotionKey } from '../keys.ts';
import { recordContent } from '../record.ts';
import type { Manifest, Version } from '../version.ts';
import { formatVersion, readDecision } from './record.ts';

/**
 * Decides of a promotion of several that it never will be made, unless it is decided already. Whoever wants one of its versions gone does this first: whoever promotes them is
 * refused the record then, and none of them is ever seen without the others.
 * @returns `decided`: before, in whatever way
 */
export async function withdrawPromotion(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  id: string,
): Promise<'withdrawn' | 'decided'> {
  const at = chance.now().toISOString();
  const record = { format: FORMAT_VERSION, nonce: chance.nonce(), id, repository, withdrawn: true, at };
  const outcome = await store.create(promotionKey(repository, id), recordContent(record));
  return outcome === 'created' ? 'withdrawn' : 'decided';
}

/** A version of a promotion of several that was not made yet, as far as publishing needs it. */
export type PendingVersion = Pick<Version, 'manifest' | 'modified' | 'pending'>;

/**
 * Comes to the end of a promotion that somebody else began and that stands in the way: of one that is a day old, by the store's time, he has died, and it is withdrawn. Then the version
 * is as good as gone, or there for all, if he was faster.
 * @throws ArtifactError CONTENTION while he may be at it; UNSUPPORTED_FORMAT where what was decided can't be read
 */
export async function settlePending(domain: Domain, { manifest, modified, pending }: PendingVersion): Promise<void> {
  const { promotion, repository } = manifest;
  if (promotion === undefined || pending === undefined || pending === 'withdrawn') return;
  if (pending === 'unknown') await readDecision(domain, repository, promotion.id);
  else if (!isDayOld({ domain }, modified)) throw underWay(manifest);
  else await withdrawPromotion(domain, repository, promotion.id);
}

/** A promotion of several that is under way, or whose promoter died. */
export function underWay(manifest: Pick<Manifest, 'repository' | 'id' | 'number'>): ArtifactError {
  const what = formatVersion(manifest);
  return new ArtifactError('CONTENTION', `'${what}' is just being promoted together with others`, {
    remedy: `Try again. If that stays so, whoever promoted them died on the way: the same promotion again completes it, and 'cfn-artifacts delete ${what}' gives it up. After a day it is in nobody's way any more.`,
  });
}
