import { isDayOld } from '../age.ts';
import { deleteVersion } from '../deleting/version-deletion.ts';
import { versionKey } from '../keys.ts';
import { withdrawPromotion } from '../promoting/withdraw.ts';
import type { Manifest, Version } from '../version.ts';
import { readVersion } from '../version.ts';
import type { Problem } from './finding.ts';
import type { Verifying } from './verifying.ts';
import { arnOf } from './verifying.ts';

/**
 * A version that is to be seen only together with others: whoever promotes them may be at it. After a day he died, and it is given up; the promotion is withdrawn before, so that it never
 * comes to be without this one.
 */
export async function examinePending(
  verifying: Verifying,
  { repository, id, number }: Manifest,
): Promise<readonly Problem[]> {
  const { domain } = verifying;
  const version = await readVersion(domain, { repository, id }, number);
  if (version?.pending === undefined || version.pending === 'unknown') return [];
  const told = { key: versionKey(version.manifest, number), arns: [arnOf(domain, version.manifest)] };
  const why =
    version.pending === 'open'
      ? 'it was promoted together with others, of which not all are there'
      : 'it was promoted together with others, which was withdrawn';
  if (!isDayOld(verifying, version.modified)) return [{ finding: { kind: 'unsettled', ...told, why } }];
  return [{ finding: { kind: 'unfinished', ...told, why }, heal: () => giveUp(verifying, version) }];
}

/** @returns who needs it, where somebody does */
async function giveUp({ domain }: Verifying, { manifest }: Version): Promise<string | undefined> {
  const { repository, promotion, number } = manifest;
  if (promotion === undefined) return undefined;
  await withdrawPromotion(domain, repository, promotion.id);
  const now = await readVersion(domain, manifest, number);
  // Whoever promoted them came to the end of it, or another gave it up.
  if (now?.pending === undefined) return undefined;
  const deletion = await deleteVersion(domain, manifest, number);
  return deletion?.outcome === 'used' ? 'somebody needs it' : undefined;
}
