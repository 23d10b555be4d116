import { isDayOld, isQuiet } from '../age.ts';
import { finishDeletion } from '../deleting/version-deletion.ts';
import type { Domain } from '../domain.ts';
import { requireFailure } from '../failure.ts';
import type { ArtifactName } from '../name.ts';
import type { ListedObject } from '../object-store.ts';
import { versionOfReference } from '../keys.ts';
import { isGone, readStatusRecord } from '../status.ts';
import type { Manifest } from '../version.ts';
import { readManifest, withdrawNumber } from '../version.ts';
import type { Auditing } from './auditing.ts';
import type { Finding } from './finding.ts';
import { notOurs, unknownBecause } from './finding.ts';
import { removeAsListed } from './listed.ts';

/**
 * Whether the version that this reference is of never came to be, or was given up and nobody came to the end of that. A publisher writes its reference long
 * before the manifest, so one that is young says nothing.
 * @throws ArtifactError UNSUPPORTED_FORMAT where what stands in the place of the manifest, or of the status, can't be read
 */
export async function isAbandoned(auditing: Auditing, listed: ListedObject): Promise<boolean> {
  if (!isDayOld(auditing, listed.modified)) return false;
  const version = versionOfReference(listed.key);
  if (version === undefined) return true;
  const manifest = await readManifest(auditing.domain, version, version.number);
  return manifest?.nonce !== version.nonce || (await whyGivenUp(auditing, manifest)) !== undefined;
}

/** Removes such a reference, or comes to the end of what takes it away. */
export async function judgeAbandoned(auditing: Auditing, listed: ListedObject): Promise<Finding | undefined> {
  const { domain, fix } = auditing;
  const version = versionOfReference(listed.key);
  if (version === undefined) return notOurs(listed.key);
  const { repository, id, number, nonce } = version;
  const place = { repository, id, number };
  const subject = { version: place };
  try {
    const manifest = await readManifest(domain, place, number);
    const isOwn = manifest?.nonce === nonce;
    const why = isOwn ? await whyGivenUp(auditing, manifest) : whyNever(manifest);
    if (why === undefined) return undefined;
    const abandoned: Finding = { kind: 'abandoned', ...subject, why, healed: false };
    if (!fix) return abandoned;
    try {
      const outcome = isOwn
        ? await endDeletion(domain, place, listed)
        : await removeOf(domain, place, listed, manifest);
      if (outcome === 'not abandoned') return undefined;
      return outcome === 'gone'
        ? { ...abandoned, healed: true }
        : { ...abandoned, failure: 'it was written again in the meantime' };
    } catch (error) {
      return { ...abandoned, ...requireFailure(error) };
    }
  } catch (error) {
    return unknownBecause(error, subject);
  }
}

type VersionPlace = ArtifactName & { readonly number: number };
type Outcome = 'gone' | 'written again' | 'not abandoned';

function whyNever(manifest: Manifest | undefined): string {
  return manifest === undefined ? 'its publisher never finished it' : 'another publisher was faster with this number';
}

/**
 * Where there is no manifest, its number is taken out of use first: a publisher who was only asleep can't make the version any more, and tries again with
 * another number. A manifest is written once, so one with another nonce stays so.
 */
async function removeOf(
  domain: Domain,
  { number, ...name }: VersionPlace,
  listed: ListedObject,
  manifest: Manifest | undefined,
): Promise<Outcome> {
  if (manifest === undefined && !(await withdrawNumber(domain, name, number))) return 'not abandoned';
  return (await removeAsListed(domain.store, listed)) ? 'gone' : 'written again';
}

/**
 * Why a version has no use for its references although it came to be. Who deletes it takes them away, unless he dies; and a publisher who was just putting one back
 * may do so when he has. Who takes the deletion back writes them anew, and has changed the status long before a day is over.
 */
async function whyGivenUp({ domain }: Auditing, { number, ...name }: VersionPlace): Promise<string | undefined> {
  const record = await readStatusRecord(domain, name, number);
  if (record === undefined) return undefined;
  const { modified, value } = record;
  if (isGone(value.status) && isDayOld({ domain }, modified))
    return `it was ${value.status.toLowerCase()}, and still holds its content`;
  return value.status === 'Deleting' && isQuiet({ domain }, modified)
    ? 'its deletion was begun and not ended'
    : undefined;
}

/** Not as it was listed, but as everybody does it who comes upon a deletion: so that who takes it back at the same time begins again, and keeps what he wrote. */
async function endDeletion(domain: Domain, { number, ...name }: VersionPlace, { key }: ListedObject): Promise<Outcome> {
  const deletion = await finishDeletion(domain, name, number);
  if (deletion === undefined) return 'not abandoned';
  return deletion.outcome === 'used' || (await domain.store.head(key)) === undefined ? 'gone' : 'written again';
}
