import { isDayOld } from '../age.ts';
import { keyOf } from '../blob.ts';
import { hasContent } from '../contents.ts';
import { isNeeded } from '../deleting/condemn.ts';
import type { Deletion } from '../deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { digestOfDeletion, EVERY_DELETION, versionOfReference, versionReferencesPrefix } from '../keys.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { isGone, readStatus } from '../status.ts';
import type { Manifest } from '../version.ts';
import { readManifest } from '../version.ts';
import type { Problem } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { arnOf, kindSince, listAfter } from './verifying.ts';

/**
 * Every record of a deletion: that it stands for one. What was decided is completed, as anybody may, unless a version still has the content that would go: no
 * collection decides so, but a hand or a restored backup may have. A condemnation of what is needed is lifted, as the collection would that looks at it next. What says nothing goes: a condemnation of nothing, and one that was lifted a day ago, when nothing of it is
 * delivered late any more.
 */
export const deletions: Pass<ListedObject> = {
  ahead: 8,
  items: ({ domain }, after) => listAfter(domain.store, EVERY_DELETION, after),
  async examine(verifying, { key }) {
    const digest = digestOfDeletion(key);
    if (digest === undefined) return [foreign(key)];
    const deletion = await readDeletion(verifying.domain.store, digest);
    switch (deletion?.value.state) {
      case 'deleting':
        return [await examineDecided(verifying, digest, deletion, key)];
      case 'condemned':
        return examineCondemned(verifying, digest, deletion, key);
      case 'cancelled':
        return isDayOld(verifying, deletion.modified)
          ? [leftover(verifying, digest, deletion, key, 'its deletion was called off a while ago')]
          : [];
      case undefined:
        return [];
    }
  },
};

type Key = ListedObject['key'];

async function examineDecided(
  verifying: Verifying,
  digest: Digest,
  { modified, value }: Stored<Deletion>,
  key: Key,
): Promise<Problem> {
  const { domain } = verifying;
  const finding = { kind: kindSince(verifying, 'unfinished', modified), key, digest };
  const holding = await firstHolding(domain, digest, value);
  if (holding !== undefined) {
    const why = 'its deletion was decided, and it is there, and a version holds it';
    return { finding: { ...finding, arns: [arnOf(domain, holding, digest)], why, remedy: KEEP } };
  }
  const why = 'its deletion was decided and not completed: nobody can use it, and nobody store it anew';
  const heal = async (): Promise<undefined> => {
    await domain.keeper.finish(digest);
  };
  return { finding: { ...finding, why }, heal };
}

const KEEP =
  "Have a copy of it: 'cfn-artifacts get' fetches one. Then 'cfn-artifacts gc run' comes to the end of the deletion, and who publishes the same bytes under the same ID brings it back under the same version and ARN.";

/**
 * A version that exists, holds the content, and has it still in an object that the deletion would erase. A publisher that found content on its way out wrote its reference already, but
 * no version exists by that yet; one that was deleted and is just taken back is Deleted still.
 */
async function firstHolding(domain: Domain, digest: Digest, { incarnations }: Deletion): Promise<Manifest | undefined> {
  for await (const { key } of domain.store.list(versionReferencesPrefix(digest))) {
    const version = versionOfReference(key);
    const manifest = version && (await readManifest(domain, version, version.number));
    if (manifest === undefined || manifest.nonce !== version?.nonce) continue;
    if (isGone(await readStatus(domain, manifest, manifest.number))) continue;
    for (const asset of manifest.assets.filter((one) => one.digest === digest)) {
      const head = await domain.store.head(keyOf(asset));
      if (incarnations.some((one) => one.key === head?.key && one.incarnation === head.incarnation)) return manifest;
    }
  }
  return undefined;
}

async function examineCondemned(
  verifying: Verifying,
  digest: Digest,
  deletion: Stored<Deletion>,
  key: Key,
): Promise<readonly Problem[]> {
  const { store, keeper } = verifying.domain;
  if (await isNeeded(store, digest)) {
    const why = 'it is condemned although somebody needs it; the next collection would find out, and leave it';
    const heal = async (): Promise<undefined> => keeper.cancel(digest).then(() => undefined);
    return [{ finding: { kind: 'condemned', key, digest, why }, heal }];
  }
  if (await hasAny(store, digest, deletion.value)) return [];
  return [leftover(verifying, digest, deletion, key, 'it is condemned, and there is no such content')];
}

/** Also what is hidden: the collection takes it. */
async function hasAny(store: ObjectStore, digest: Digest, { incarnations }: Deletion): Promise<boolean> {
  if (await hasContent(store, digest)) return true;
  for (const key of new Set(incarnations.map((one) => one.key))) {
    if ((await store.incarnations(key)).length > 0) return true;
  }
  return false;
}

function leftover(
  { domain: { store } }: Verifying,
  digest: Digest,
  { revision }: Stored<Deletion>,
  key: Key,
  why: string,
): Problem {
  return {
    finding: { kind: 'leftover', key, digest, why },
    heal: async () =>
      (await store.removeRevision(key, revision)) === 'conflict' ? 'it was changed in the meantime' : undefined,
  };
}
