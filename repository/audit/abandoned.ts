import type { ListedObject } from '../object-store.ts';
import { versionOfReference } from '../keys.ts';
import { readManifest, withdrawNumber } from '../version.ts';
import type { Auditing } from './auditing.ts';
import { isDayOld } from './auditing.ts';
import type { Finding } from './finding.ts';
import { notOurs, requireFailure, unknownBecause } from './finding.ts';
import { removeAsListed } from './listed.ts';

/**
 * Whether the version that this reference is of never came to be. A publisher writes its reference long before the manifest, so one that is young says
 * nothing.
 * @throws ArtifactError UNSUPPORTED_FORMAT where what stands in the place of the manifest can't be read
 */
export async function isAbandoned(auditing: Auditing, listed: ListedObject): Promise<boolean> {
  if (!isDayOld(auditing, listed.modified)) return false;
  const version = versionOfReference(listed.key);
  if (version === undefined) return true;
  return (await readManifest(auditing.domain, version, version.number))?.nonce !== version.nonce;
}

/**
 * Removes such a reference. Where there is no manifest, its number is taken out of use first: a publisher who was only asleep can't make
 * the version any more, and tries again with another number. A manifest is written once, so one with another nonce stays so.
 */
export async function judgeAbandoned(auditing: Auditing, listed: ListedObject): Promise<Finding | undefined> {
  const { domain, fix } = auditing;
  const version = versionOfReference(listed.key);
  if (version === undefined) return notOurs(listed.key);
  const { repository, id, number, nonce } = version;
  const name = { repository, id };
  const subject = { version: { ...name, number } };
  try {
    const manifest = await readManifest(domain, name, number);
    if (manifest?.nonce === nonce) return undefined;
    const why =
      manifest === undefined ? 'its publisher never finished it' : 'another publisher was faster with this number';
    const abandoned: Finding = { kind: 'abandoned', ...subject, why, healed: false };
    if (!fix) return abandoned;
    try {
      if (manifest === undefined && !(await withdrawNumber(domain, name, number))) return undefined;
      return (await removeAsListed(domain.store, listed))
        ? { ...abandoned, healed: true }
        : { ...abandoned, failure: 'it was written again in the meantime' };
    } catch (error) {
      return { ...abandoned, ...requireFailure(error) };
    }
  } catch (error) {
    return unknownBecause(error, subject);
  }
}
