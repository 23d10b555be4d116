import { contentOf, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import type { ArtifactName, Digest, Domain, ObjectKey } from '../../../repository/index.ts';
import { deleteBookmark, setBookmark } from '../../../repository/bookmark.ts';
import { formatArn, LOCAL_PLACE } from '../../../repository/arn.ts';
import { bind } from '../../../repository/bind.ts';
import type { StackResource } from '../../../repository/stack-id.ts';
import { noteUnused } from '../../../repository/collecting/unused.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { blobKey, versionKey, versionOfReference } from '../../../repository/keys.ts';
import { addNamedReference, removeNamedReferences } from '../../../repository/named.ts';
import { claimLabels, findLabel } from '../../../repository/label.ts';
import { holdSources } from '../../../repository/promoting/hold.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import type { ItemToPromote } from '../../../repository/promoting/request.ts';
import { publishAssets } from '../../../repository/publish.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { samenessOf } from '../../../repository/same-version.ts';
import { requireOpen } from '../../../repository/set.ts';
import { changeStatus, completeVersion } from '../../../repository/status-change.ts';
import type { TargetStatus } from '../../../repository/status-change.ts';
import { readStatusRecord } from '../../../repository/status.ts';
import { readManifest } from '../../../repository/version.ts';
import { release } from '../../../repository/release.ts';
import { publishable } from '../domain.ts';
import type { Act, Acts, Given } from './actor.ts';
import type { WritingTime } from './store-states.ts';
import { allOf } from '../all-of.ts';

/** Everybody is about one content, and mostly one artifact: what meets nowhere needs no proof. */
export const NAME: ArtifactName = { repository: 'default', id: 'a' };
export const DIGEST: Digest = sha256('x');
const FILENAME = 'file.txt';
export const BLOB: ObjectKey = blobKey(DIGEST, FILENAME);
/** A second content, for versions of several assets. */
export const OTHER: Digest = sha256('y');
const OTHER_FILENAME = 'other.txt';
const OTHER_BLOB: ObjectKey = blobKey(OTHER, OTHER_FILENAME);
export const BOOKMARK = 'prod';
export const LABEL = '1.0.0';
const CONSUMER = 'nightly';

const STACK_ID = 'stack';
const ISSUED = new Date(Date.UTC(2026, 0, 1)).toISOString();
const DELETED = new Date(Date.UTC(2026, 0, 2)).toISOString();

export function domainOf({ store, chance }: Given): Domain {
  return { ...LOCAL_PLACE, bucket: 'local', store, keeper: ownKeeper(store), chance };
}

export function resourceOf(logicalId: string): StackResource {
  const { account, region } = LOCAL_PLACE;
  return { account, region, stack: 'shop', uuid: '6c5c5d50-0000-0000-0000-000000000000', logicalId };
}

export const generationOf = (logicalId: string): string => `create-${logicalId}`;

/** A Custom::ArtifactRef is created that names the version, or the content alone. */
export function binds(logicalId: string, version?: number): Act {
  return async (given) => {
    const operation = {
      ...{ resource: resourceOf(logicalId), stackId: STACK_ID, requestId: generationOf(logicalId), issued: ISSUED },
      ...{ replaces: false, pinned: false },
    };
    const named = version === undefined ? {} : { version: { ...NAME, number: version } };
    const arn = version === undefined ? `content` : versionArn(version);
    const generation = await bind(domainOf(given), operation, [
      { arn, key: BLOB, digest: DIGEST, filename: FILENAME, size: 1, ...named },
    ]);
    return `bound ${generation}`;
  };
}

/** CloudFormation deletes that resource. */
export function releases(logicalId: string): Act {
  return async ({ store }) => {
    const request = { resource: resourceOf(logicalId), requestId: `delete-${logicalId}`, issued: DELETED };
    await release(store, { ...request, generation: generationOf(logicalId) });
    return 'released';
  };
}

export const publishes: Act = publishesAs(NAME);

/** The same content as another artifact: whoever adds a reference and has the bytes publishes. */
export const publishesAnother: Act = publishesAs({ ...NAME, id: 'b' });

function publishesAs(name: ArtifactName): Act {
  return async (given) => {
    const { arn } = await publishVersion(domainOf(given), name, publishable('x', 'file', FILENAME));
    return `published ${arn.version}`;
  };
}

/** The same content as what became of a source that nobody knows: it is brought before anything is looked at. */
export const publishesSource: Act = async (given) => {
  const { arn } = await publishVersion(domainOf(given), NAME, publishable('x', 'archive', FILENAME));
  return `published ${arn.version}`;
};

/** Both contents as one version. */
export const publishesBoth: Act = async (given) => {
  const assets = [
    { publishable: publishable('x', 'file', FILENAME) },
    { publishable: publishable('y', 'file', OTHER_FILENAME) },
  ] as const;
  const { manifest } = await publishAssets(domainOf(given), NAME, { assets });
  return `published ${manifest.number}`;
};

/** One content under the label that everybody wants. */
export function publishesLabelled(text: string): Act {
  return async (given) => {
    const content = publishable(text, 'file', FILENAME);
    const { arn } = await publishVersion(domainOf(given), NAME, content, { labels: [LABEL] });
    return `published ${arn.version}`;
  };
}

/** Without a quarantine: nothing is proved by waiting. Whoever reaps knows nothing but what is in the store. */
export function collectsContent(digest: Digest): Acts {
  return [
    async (given) => (await condemn(given, digest)).outcome,
    async (given) => (await reap(given, digest)).outcome,
  ];
}

export const collects: Acts = collectsContent(DIGEST);

export const deletes: Act = deletesOf(NAME);

function deletesOf(name: ArtifactName): Act {
  return async (given) => {
    const deletion = await deleteVersion(domainOf(given), name, 1);
    return deletion?.outcome ?? 'no version';
  };
}

/** A candidate for the label that everybody wants. */
export function publishesCandidate(set: string): Act {
  return async (given) => {
    const content = publishable('x', 'file', FILENAME);
    const { arn } = await publishVersion(domainOf(given), NAME, content, { set: { label: LABEL, name: set } });
    return `published ${arn.version}`;
  };
}

/** Chooses a candidate, as people do: the label decides. */
export function finishes(number: number): Act {
  return async (given) => {
    const domain = domainOf(given);
    const manifest = await readManifest(domain, NAME, number);
    if (manifest?.set === undefined) return 'no candidate';
    await requireOpen(domain, NAME, manifest.set).catch(async (error: unknown) => {
      if ((await findLabel(domain, NAME, LABEL))?.manifest.number !== number) throw error;
    });
    await claimLabels(domain, NAME, [LABEL], samenessOf(manifest.assets, manifest.set), number);
    const completed = await completeVersion(domain, NAME, number);
    return `finished ${completed?.manifest.number ?? 0}`;
  };
}

/** The repository to which is promoted, and what an artifact is called there. */
export const LIVE = 'live';
const LIVE_NAME: ArtifactName = { repository: LIVE, id: 'a' };

export const makesLive: Act = async (given) => createRepository(domainOf(given), LIVE, { lifecycle: [] });

/** Promotes the first versions of artifacts together, then has what they were promoted from kept. */
export function promotes(...ids: readonly [string, ...string[]]): Act {
  return async (given) => {
    const domain = domainOf(given);
    const items: ItemToPromote[] = [];
    for (const id of ids) {
      const manifest = await readManifest(domain, { ...NAME, id }, 1);
      if (manifest === undefined) return 'no version';
      items.push({ manifest, id });
    }
    const [first, ...rest] = items;
    if (first === undefined) return 'nothing';
    const { promotion } = await promote(domain, { repository: LIVE, items: [first, ...rest] });
    const held = await holdSources(domain, promotion);
    return `promoted, ${held.map(({ outcome }) => outcome).join(' and ')}`;
  };
}

/** Gives up what was promoted. */
export const deletesPromoted: Act = deletesOf(LIVE_NAME);

/** People give the version another status. */
export function changes(to: TargetStatus): Act {
  return async (given) => {
    const change = await changeStatus(domainOf(given), NAME, 1, to);
    return change?.outcome ?? 'no version';
  };
}

/** The bookmark is moved to a version. */
export function bookmarks(version: number): Act {
  return async (given) => {
    const domain = domainOf(given);
    const { to } = await setBookmark(domain, { ...placeOf(domain), ...NAME, version }, BOOKMARK);
    return `set to ${to}`;
  };
}

export const removesBookmark: Act = async (given) => (await deleteBookmark(domainOf(given), NAME, BOOKMARK)).outcome;

export const undeletes: Act = async (given) => {
  const undeletion = await undeleteVersion(domainOf(given), NAME, 1);
  return undeletion?.outcome ?? 'no version';
};

/** A collector notes that nobody needs the version; who records a reference takes that away again. */
export const notes: Act = async (given) => {
  const domain = domainOf(given);
  const manifest = await readManifest(domain, NAME, 1);
  if (manifest === undefined) return 'no version';
  await noteUnused(domain, manifest, await readStatusRecord(domain, NAME, 1), 'unused');
  return 'noted';
};

export const addsReference: Act = async (given) => {
  const domain = domainOf(given);
  const { outcome } = await addNamedReference(domain, { ...placeOf(domain), ...NAME, version: 1 }, CONSUMER);
  return outcome;
};

export const removesReference: Act = async ({ store }) => {
  await allOf(removeNamedReferences({ store }, { ...NAME, number: 1 }, CONSUMER));
  return 'removed';
};

/** Content that nothing holds. */
export const strayContent: Act = async ({ store }) => store.create(BLOB, contentOf('x'));
export const strayOther: Act = async ({ store }) => store.create(OTHER_BLOB, contentOf('y'));

/**
 * Times are compared in one place: whether a version's reference was written before the version itself. So there are three: before, the version, and
 * after.
 */
export const beforeOrAfterTheVersion: WritingTime = (key, has) => {
  const known = VERSION_OF.get(key) ?? versionOf(key);
  VERSION_OF.set(key, known);
  if (known === '') return 0;
  if (known === key) return 1;
  return has(known) ? 2 : 0;
};

/** A clock so coarse that everything happens at once: S3 tells whole seconds. */
export const allAtOnce: WritingTime = () => 0;

const VERSION_OF = new Map<string, string>();

/** The key of the version, of a version or of its reference. */
function versionOf(key: string): string {
  if (key.startsWith('versions/')) return key;
  const reference = versionOfReference(key);
  return reference === undefined ? '' : versionKey(reference, reference.number);
}

function placeOf({ partition, account, region }: Domain): Pick<Domain, 'partition' | 'account' | 'region'> {
  return { partition, account, region };
}

function versionArn(version: number): string {
  const { partition, account, region } = LOCAL_PLACE;
  return formatArn({ partition, account, region, ...NAME, version, digest: DIGEST });
}
