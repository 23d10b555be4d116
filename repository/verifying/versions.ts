import { digestsOf, finishDeletion } from '../deleting/version-deletion.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { kindPrefix, versionKey, versionOfKey, versionReferenceKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectKey } from '../object-store.ts';
import { securePresence } from '../presence.ts';
import { recordContent } from '../record.ts';
import { exists, isGone, readStatus, readStatusRecord } from '../status.ts';
import type { Asset, Manifest } from '../version.ts';
import { readManifest } from '../version.ts';
import { faultOf } from './content.ts';
import type { Notes, Problem } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { examinePending } from './pending.ts';
import { arnOf, kindSince, listAfter } from './verifying.ts';

/** A version as it is listed, and the next lower number of the same artifact: 0 behind the lowest. `undefined` of what is no version's key. */
interface Listed {
  readonly key: ObjectKey;
  readonly version?: ArtifactName & { readonly number: number };
  readonly below: number;
}

/** Every version: that it has what it holds, holds what it has, and is not left half deleted; and that no number of an artifact is without one. */
export const versions: Pass<Listed> = {
  ahead: 8,
  items: withNext,
  async examine(verifying, { key, version, below }, notes) {
    if (version === undefined) return [foreign(key)];
    const [own, gap] = await Promise.all([
      examineVersion(verifying, version, notes),
      examineGap(verifying, version, below),
    ]);
    return [...own, ...gap];
  },
};

/** Numbers list in descending order, so that what is between two neighbours is not there. */
async function* withNext({ domain, repository }: Verifying, after: string): AsyncGenerator<Listed> {
  let waiting: (Omit<Listed, 'below'> & Required<Pick<Listed, 'version'>>) | undefined;
  for await (const { key } of listAfter(domain.store, kindPrefix('versions', repository), after)) {
    const version = versionOfKey(key);
    if (version === undefined) {
      if (waiting !== undefined) yield { ...waiting, below: waiting.version.number - 1 };
      waiting = undefined;
      yield { key, below: 0 };
      continue;
    }
    if (waiting !== undefined) yield { ...waiting, below: isSame(waiting.version, version) ? version.number : 0 };
    waiting = { key, version };
  }
  if (waiting !== undefined) yield { ...waiting, below: 0 };
}

function isSame(one: ArtifactName, other: ArtifactName): boolean {
  return one.repository === other.repository && one.id === other.id;
}

/**
 * Numbers are given out one after the other, and what takes one out of use leaves a record in its place: one that nothing stands for had a manifest,
 * which was lost.
 */
async function examineGap(
  { domain }: Verifying,
  { number, ...name }: ArtifactName & { readonly number: number },
  below: number,
): Promise<readonly Problem[]> {
  const [highest, lowest] = [number - 1, below + 1];
  if (lowest > highest) return [];
  const key = versionKey(name, highest);
  // Whatever was listed before it was written is there now.
  if ((await domain.store.head(key)) !== undefined) return [];
  const numbers = lowest === highest ? `version ${highest}` : `versions ${lowest} to ${highest}`;
  return [
    {
      finding: {
        ...{ kind: 'missing', key, arns: [arnOf(domain, { ...name, number: highest })] },
        why: `nothing tells what ${numbers} of '${name.repository}/${name.id}' was`,
        remedy: `Put ${lowest === highest ? `the object '${key}'` : `the objects of these versions, the newest of which is '${key}',`} back from a backup before the next audit: 'audit --fix' takes such a number out of use. Without one, publish the same bytes again: they become a new version.`,
      },
    },
  ];
}

async function examineVersion(
  verifying: Verifying,
  { number, ...name }: ArtifactName & { readonly number: number },
  notes: Notes,
): Promise<readonly Problem[]> {
  const { domain } = verifying;
  const manifest = await readManifest(domain, name, number);
  // Taken out of use.
  if (manifest === undefined) return [];
  const record = await readStatusRecord(domain, name, number);
  const status = record?.value.status ?? 'Published';
  const changed = record?.modified ?? new Date(0);
  if (status === 'Deleting') return [unfinished(verifying, manifest, changed, 'its deletion was begun and not ended')];
  if (isGone(status)) {
    const held = await newestReference(domain, manifest);
    if (held === undefined) return [];
    // Whoever is just taking the deletion back writes references first.
    const latest = held > changed ? held : changed;
    return [unfinished(verifying, manifest, latest, `it was ${status.toLowerCase()} and still holds its content`)];
  }
  const [unheld, faults, pending] = await Promise.all([
    examineReferences(domain, manifest),
    examineAssets(verifying, manifest, notes),
    manifest.promotion === undefined ? [] : examinePending(verifying, manifest),
  ]);
  const problems = [...unheld, ...faults, ...pending];
  // Whoever deletes it in the meantime takes its references, and the content may follow.
  return problems.length === 0 || exists(await readStatus(domain, name, number)) ? problems : [];
}

/**
 * Comes to the end of what another left: the version is deleted, or what it was before. Where somebody did in the meantime there is nothing left to do, and nothing
 * is begun anew: he may have been told that the version stays.
 */
function unfinished(verifying: Verifying, manifest: Manifest, changed: Date, why: string): Problem {
  const { domain } = verifying;
  return {
    finding: {
      kind: kindSince(verifying, 'unfinished', changed),
      key: versionKey(manifest, manifest.number),
      arns: [arnOf(domain, manifest)],
      why,
    },
    heal: async () => {
      await finishDeletion(domain, manifest, manifest.number);
      return undefined;
    },
  };
}

/** When the latest of its references that are there was written. */
async function newestReference({ store }: Domain, manifest: Manifest): Promise<Date | undefined> {
  const { number, nonce } = manifest;
  const heads = await Promise.all(
    digestsOf(manifest).map((digest) => store.head(versionReferenceKey(digest, manifest, number, nonce))),
  );
  const times = heads.flatMap((head) => (head === undefined ? [] : [head.modified]));
  return times.toSorted((a, b) => b.getTime() - a.getTime())[0];
}

async function examineReferences(domain: Domain, manifest: Manifest): Promise<readonly Problem[]> {
  const looked = await Promise.all(
    digestsOf(manifest).map(async (digest) => {
      const key = versionReferenceKey(digest, manifest, manifest.number, manifest.nonce);
      return (await domain.store.head(key)) === undefined ? [unheld(domain, manifest, digest, key)] : [];
    }),
  );
  return looked.flat();
}

function unheld(domain: Domain, manifest: Manifest, digest: Digest, key: ObjectKey): Problem {
  return {
    finding: {
      ...{ kind: 'unheld', key, digest, arns: [arnOf(domain, manifest, digest)] },
      why: `nothing tells that the version holds the content sha256:${digest}: a collection would take it`,
    },
    heal: () => holdAgain(domain, manifest, digest, key),
  };
}

/**
 * In the order of every reference: it is written, then it is looked whether the content is being deleted, and whether it is there; last of all at the status of
 * the version, because whoever deletes that may have read its references before this one was written. Then what was just put back is
 * taken away in the same way as all others.
 *
 * No two writings are ever the same bytes, so that a removal which comes late takes none but the one that it read.
 */
async function holdAgain(
  domain: Domain,
  manifest: Manifest,
  digest: Digest,
  key: ObjectKey,
): Promise<string | undefined> {
  const { store, chance } = domain;
  const { repository, id, number, nonce } = manifest;
  const record = { at: chance.now().toISOString(), nonce, repository, id, number, writing: chance.nonce() };
  await store.create(key, recordContent(record));
  try {
    for (const asset of assetsOf(manifest, digest)) await securePresence(domain, asset);
  } finally {
    await finishDeletion(domain, manifest, number);
  }
  return undefined;
}

function assetsOf({ assets }: Manifest, digest: Digest): readonly Asset[] {
  return assets.filter((asset) => asset.digest === digest);
}

async function examineAssets(verifying: Verifying, manifest: Manifest, notes: Notes): Promise<readonly Problem[]> {
  const { domain, deep, repository } = verifying;
  // Where all content is read anyway, it is read once.
  const reads = deep && repository !== undefined;
  const problems: Problem[] = [];
  for (const asset of manifest.assets) {
    const fault = await faultOf(domain, asset, reads, deep ? undefined : notes);
    const arns = [arnOf(domain, manifest, asset.digest)];
    if (fault !== undefined) problems.push({ ...fault, finding: { ...fault.finding, arns } });
  }
  return problems;
}
