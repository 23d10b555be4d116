import { isDayOld } from '../audit/auditing.ts';
import { isNeeded } from '../deleting/condemn.ts';
import type { Deletion } from '../deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import { blobPrefix, digestOfDeletion, EVERY_DELETION } from '../keys.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import type { Problem } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { kindSince, listAfter } from './verifying.ts';

/**
 * Every record of a deletion: that it stands for one. What was decided is completed, as anybody may. A condemnation of what is needed is lifted, as the collection
 * would that looks at it next. What says nothing goes: a condemnation of nothing, and one that was lifted a day ago, when nothing of it is
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
        return [unfinished(verifying, digest, deletion, key)];
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

function unfinished(verifying: Verifying, digest: Digest, { modified }: Stored<Deletion>, key: Key): Problem {
  const { keeper } = verifying.domain;
  const why = 'its deletion was decided and not completed: nobody can use it, and nobody store it anew';
  return {
    finding: { kind: kindSince(verifying, 'unfinished', modified), key, digest, why },
    heal: async () => {
      await keeper.finish(digest);
      return undefined;
    },
  };
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
  if (await hasContent(store, digest, deletion.value)) return [];
  return [leftover(verifying, digest, deletion, key, 'it is condemned, and there is no such content')];
}

/** Also what is hidden: the collection takes it. */
async function hasContent(store: ObjectStore, digest: Digest, { incarnations }: Deletion): Promise<boolean> {
  for await (const _ of store.list(blobPrefix(digest), { limit: 1 })) return true;
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
