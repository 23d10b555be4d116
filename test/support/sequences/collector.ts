import { ownKeeper, readManifest, readStatus, takesNoReferences } from '../../../repository/index.ts';
import type { ArtifactName, Digest, Domain, ObjectKey, ObjectStore } from '../../../repository/index.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import type { Deletion } from '../../../repository/deletion.ts';
import { blobPrefix, deletionKey, referencesPrefix, statusKey, versionReferenceKey } from '../../../repository/keys.ts';
import { readRecord, recordContent } from '../../../repository/record.ts';

/**
 * Whoever deletes, as DESIGN orders it and in its haste: gives up every version that nobody uses, condemns every blob that nothing needs, and deletes
 * it as soon as it may. What a lost reference protected is gone then.
 */
export interface Collector {
  readonly domain: Pick<Domain, 'store' | 'chance'>;
  readonly versions: readonly (ArtifactName & { readonly number: number })[];
  readonly digests: readonly Digest[];
  /** Lets others act. */
  readonly idle: (turns: number) => Promise<void>;
  readonly told: (what: 'version given up' | 'condemnation cancelled' | 'content deleted') => void;
}

/** So often a decision is looked at again. */
const DECISIONS = 5;

/** @param quarantine turns; `undefined`: what is condemned is left to the next one */
export async function collect(collector: Collector, quarantine: number | undefined): Promise<void> {
  for (const version of collector.versions) await giveUp(collector, version);
  for (const digest of collector.digests) await condemn(collector, digest);
  if (quarantine === undefined) return;
  await collector.idle(quarantine);
  for (const digest of collector.digests) await reap(collector, digest);
}

async function giveUp(collector: Collector, version: Collector['versions'][number]): Promise<void> {
  const { domain, told } = collector;
  const { number, ...name } = version;
  const manifest = await readManifest(domain, name, number);
  if (manifest === undefined || !(await begins(collector, version))) return;
  const digests = manifest.assets.map(({ digest }) => digest);
  const isUsed = await decides(collector, version, digests);
  if (isUsed !== false) return;
  told('version given up');
  for (const digest of digests) {
    const reference = versionReferenceKey(digest, name, number, manifest.nonce);
    const head = await domain.store.head(reference);
    if (head !== undefined) await domain.store.removeIncarnation(reference, head.incarnation);
  }
}

/** Marks the version as one that is being given up, or finds that mark: of an earlier collector, or its own, whose answer was lost. */
async function begins({ domain }: Collector, { number, ...name }: Collector['versions'][number]): Promise<boolean> {
  const { store } = domain;
  const key = statusKey(name, number);
  const before = await readRecord(store, key, (value) => value);
  const status = await readStatus(domain, name, number);
  if (status === 'Deleting') return true;
  if (takesNoReferences(status)) return false;
  const deciding = recordContent({ status: 'Deleting' });
  if (before === undefined) await store.create(key, deciding);
  else await store.replace(key, deciding, before.revision);
  return (await readStatus(domain, name, number)) === 'Deleting';
}

/** Whether it is used; the mark is gone then. A conflict may be the echo of one's own writing: it is looked at again. `undefined`: never seen decided. */
async function decides(
  { domain: { store } }: Collector,
  { number, ...name }: Collector['versions'][number],
  digests: readonly Digest[],
): Promise<boolean | undefined> {
  const key = statusKey(name, number);
  for (let turn = 0; turn < DECISIONS; turn++) {
    const marked = await readRecord(store, key, (value) => value);
    if (marked?.value['status'] !== 'Deleting') return marked?.value['status'] !== 'Deleted';
    const isUsed = await usesVersion(store, digests, `:${name.repository}/${name.id}:${number}@`);
    await store.replace(key, recordContent({ status: isUsed ? 'Published' : 'Deleted' }), marked.revision);
  }
  return undefined;
}

/** Whether a stack, or a consumer named by hand, uses this very version. */
async function usesVersion(store: ObjectStore, digests: readonly Digest[], named: string): Promise<boolean> {
  for (const digest of digests) {
    for (const key of await keysIn(store, referencesPrefix(digest))) {
      if (key.split('/')[2] === 'version') continue;
      const record = await readRecord(store, key, (value) => value);
      if (record !== undefined && JSON.stringify(record.value).includes(named)) return true;
    }
  }
  return false;
}

async function condemn({ domain: { store, chance } }: Collector, digest: Digest): Promise<void> {
  if (await isNeeded(store, digest)) return;
  const before = await readDeletion(store, digest);
  if (before !== undefined && before.value.state !== 'cancelled') return;
  const incarnations: Deletion['incarnations'][number][] = [];
  for (const key of await keysIn(store, blobPrefix(digest))) {
    const head = await store.head(key);
    if (head !== undefined) incarnations.push({ key, incarnation: head.incarnation });
  }
  if (incarnations.length === 0) return;
  const record: Deletion = { state: 'condemned', nonce: chance.nonce(), incarnations, since: '' };
  if (before === undefined) await store.create(deletionKey(digest), recordContent(record));
  else await store.replace(deletionKey(digest), recordContent(record), before.revision);
}

async function reap({ domain: { store }, told }: Collector, digest: Digest): Promise<void> {
  const found = await readDeletion(store, digest);
  if (found?.value.state === 'cancelled') told('condemnation cancelled');
  if (found === undefined || found.value.state === 'cancelled') return;
  if (found.value.state === 'condemned') {
    const isUsed = await isNeeded(store, digest);
    const state = isUsed ? 'cancelled' : 'deleting';
    const decided = recordContent({ ...found.value, state } satisfies Deletion);
    if ((await store.replace(deletionKey(digest), decided, found.revision)) !== 'replaced' || isUsed) return;
  }
  await ownKeeper(store).finish(digest);
  told('content deleted');
}

async function isNeeded(store: ObjectStore, digest: Digest): Promise<boolean> {
  return (await keysIn(store, referencesPrefix(digest))).length > 0;
}

async function keysIn(store: ObjectStore, prefix: string): Promise<ObjectKey[]> {
  const keys: ObjectKey[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
