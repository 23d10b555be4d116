import type { BindingName, BindingRecord, Use } from './binding.ts';
import { bindingKeys, isLater, listBindings, readBindingRecord } from './binding.ts';
import type { Arrival, BlobName } from './blob.ts';
import type { Digest } from './digest.ts';
import type { DomainPlace } from './arn.ts';
import type { Domain } from './domain.ts';
import { endedBy } from './ending.ts';
import { ArtifactError } from './error.ts';
import { homesOf, noteHomes } from './home/note.ts';
import { tellHomes } from './home/tell-homes.ts';
import type { ForeignPlace } from './keys.ts';
import { FORMAT_VERSION } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { securePresence } from './presence.ts';
import { recordContent } from './record.ts';
import { removeRecords } from './release.ts';
import type { StackResource } from './stack-id.ts';
import { readDecidedStatus, refusedReference, takesNoReferences } from './status.ts';

/** One artifact that a resource wants to use. */
export interface Wanted extends Use, BlobName {
  /** Bytes, where they are known: no damaged content passes for it then. */
  readonly size?: number;
  /** The version that the ARN names; absent where it names content by its digest alone. */
  readonly version?: ArtifactName & { readonly number: number };
  /** Where it is at home, if that is another domain. */
  readonly home?: DomainPlace;
}

/** An operation of CloudFormation's on one resource, in which it begins to use artifacts, or goes on. */
export interface Operation {
  readonly resource: StackResource;
  readonly stackId: string;
  /** RequestId: the same in every delivery of one event, of no other event. */
  readonly requestId: string;
  /** When CloudFormation issued it, ISO 8601. */
  readonly issued: string;
  /** The generation that the physical ID in the event names, of an Update. */
  readonly current?: string;
  /** The Update wants something else than what `current` stands for: then the end of that ends nothing here. */
  readonly replaces: boolean;
  /** The consumer reads the objects for as long as it lives. */
  readonly pinned: boolean;
}

const TURNS = 20;

/**
 * Records that a stack's resource uses artifacts. When this returns, the content is there and stays until the binding is released: no collector that
 * begins or goes on later removes it. What was bound before stays bound; CloudFormation has that released when the operation is past its point of
 * no return.
 *
 * An operation that goes back to what is still bound, as a rollback does, gets that binding again.
 * @returns the generation that names the binding
 * @throws ArtifactError ARTIFACT_ARCHIVED, ARTIFACT_DELETED, CONTENT_MISSING, DIGEST_MISMATCH; SUPERSEDED where a Delete has ended the operation in the meantime. What
 * was written before a failure stays, under the generation of `requestId`, until that is released.
 */
export async function bind(domain: Domain, operation: Operation, wanted: readonly Wanted[]): Promise<string> {
  const generation = await bindHere(domain, operation, wanted);
  if (wanted.some(({ home }) => home !== undefined))
    await tellHomes(domain, { resource: operation.resource, generation });
  return generation;
}

async function bindHere(domain: Domain, operation: Operation, wanted: readonly Wanted[]): Promise<string> {
  const { resource, requestId, current } = operation;
  const kept = current === undefined ? undefined : await resume(domain, operation, wanted);
  if (kept !== undefined) return kept;
  const generation = current !== undefined && !operation.replaces ? current : requestId;
  const name = { resource, generation };
  const made: Digest[] = [];
  try {
    await writeRecords(domain, operation, name, wanted, made);
    const unused = await requireAllowed(domain, wanted);
    await Promise.all(wanted.map((one) => securePresence(domain, one, bringing(domain, one))));
    await renew(domain, unused);
  } finally {
    // After a failure too: where CloudFormation gave the operation up, the Delete that was for its records has been here already.
    await requireNotEnded(domain, operation, name, wanted, made);
  }
  return generation;
}

/** The binding that stands for these very artifacts already, stamped with this operation's time. */
async function resume(domain: Domain, operation: Operation, wanted: readonly Wanted[]): Promise<string | undefined> {
  for (const generation of await candidates(domain, operation, wanted)) {
    const name = { resource: operation.resource, generation };
    await noteForeign(domain, name, wanted);
    if (!(await stamp(domain, name, digestsOf(wanted), operation.issued))) continue;
    await requireNotEnded(domain, operation, name, wanted, []);
    return generation;
  }
  return undefined;
}

/** Generations of bindings with these very uses: the current one first, then the youngest. */
async function candidates(
  { store }: Domain,
  { resource, requestId, current, pinned }: Operation,
  wanted: readonly Wanted[],
): Promise<readonly string[]> {
  const found = new Map<string, BindingRecord[]>();
  for await (const { generation, consumer } of listBindings(store, resource)) {
    // What another delivery of this event is just making is nothing to go back to, and not to be given up because it is not all there yet.
    if (generation === requestId) continue;
    const record = await readBindingRecord(store, consumer);
    if (record !== undefined) found.set(generation, [...(found.get(generation) ?? []), record.value]);
  }
  const same = [...found].filter(
    ([, records]) =>
      usesAsText(records.flatMap(({ uses }) => uses)) === usesAsText(wanted) &&
      records.every((record) => (record.pinned === true) === pinned),
  );
  const rank = ([generation, [record]]: (typeof same)[number]): string =>
    `${generation === current ? 1 : 0} ${record?.issued ?? ''}`;
  return same.toSorted((a, b) => (rank(a) < rank(b) ? 1 : -1)).map(([generation]) => generation);
}

/** Each use once, in one order. */
function usesAsText(uses: readonly Use[]): string {
  const texts = uses.map(({ arn, key, resolvedFrom = '' }) => JSON.stringify([arn, key, resolvedFrom]));
  return [...new Set(texts)].sort().join('\n');
}

/**
 * Marks the records as wanted by an operation of this time, so that a Delete which was issued before it leaves them.
 * @returns whether all are there; where one has gone, what was marked goes too, and the binding is given up
 */
async function stamp(domain: Domain, name: BindingName, digests: readonly Digest[], issued: string): Promise<boolean> {
  const { store } = domain;
  for (const digest of digests) {
    const { reference, consumer } = bindingKeys(name, digest);
    // The reference is what protects, and what a Delete takes first.
    for (const key of [reference, consumer]) {
      if (await stampRecord(domain, key, issued)) continue;
      await removeRecords(store, name, digests, issued, { nonce: domain.chance.nonce() });
      return false;
    }
  }
  return true;
}

async function stampRecord(
  { store }: Domain,
  key: Parameters<typeof readBindingRecord>[1],
  issued: string,
): Promise<boolean> {
  for (let turn = 0; turn < TURNS; turn++) {
    const record = await readBindingRecord(store, key);
    if (record === undefined) return false;
    if (!isLater(issued, record.value.issued)) return true;
    const content = recordContent({ ...record.value, issued } satisfies BindingRecord);
    if ((await store.replace(key, content, record.revision)) === 'replaced') return true;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

/** @param made gets what this delivery of the event makes; the rest was made by an earlier one */
async function writeRecords(
  { store, chance }: Domain,
  { stackId, resource, issued, pinned }: Operation,
  name: BindingName,
  wanted: readonly Wanted[],
  made: Digest[],
): Promise<void> {
  const at = chance.now().toISOString();
  await noteForeign({ store, chance }, name, wanted);
  await Promise.all(
    digestsOf(wanted).map(async (digest) => {
      const { reference, consumer } = bindingKeys(name, digest);
      const homes = homesOfContent(wanted, digest);
      const record: BindingRecord = {
        ...{ format: FORMAT_VERSION, generation: name.generation, issued, at, stackId },
        logicalId: resource.logicalId,
        uses: wanted.filter((one) => one.digest === digest).map(useOf),
        ...(pinned && { pinned }),
        ...(homes.length > 0 && { homes }),
      };
      // `exists` is an earlier delivery of the same event. First what finds the reference, so that none is ever without.
      await store.create(consumer, recordContent(record));
      if ((await store.create(reference, recordContent(record))) === 'created') made.push(digest);
    }),
  );
}

/** Homes are to be told, whatever comes of it. */
async function noteForeign(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  name: BindingName,
  wanted: readonly Wanted[],
): Promise<void> {
  const foreign = wanted.filter(({ home }) => home !== undefined);
  if (foreign.length === 0) return;
  const touched = chance.nonce();
  const noteHomesOf = (digest: Digest): Promise<void> =>
    noteHomes(store, name, digest, homesOfContent(foreign, digest), touched);
  await Promise.all(digestsOf(foreign).map(noteHomesOf));
}

function homesOfContent(wanted: readonly Wanted[], digest: Digest): readonly ForeignPlace[] {
  return homesOf(wanted.map((one) => (one.digest === digest ? one.home : undefined)));
}

/** How content comes here that is not; of what is at home here, not at all. */
function bringing({ away }: Domain, { arn, filename, home }: Wanted): (() => Promise<Arrival>) | undefined {
  if (away === undefined || home === undefined) return undefined;
  return async () => (await away.fetch(arn, filename)).arrival;
}

function useOf({ arn, key, resolvedFrom }: Wanted): Use {
  return { arn, key, ...(resolvedFrom !== undefined && { resolvedFrom }) };
}

function digestsOf(wanted: readonly Wanted[]): readonly Digest[] {
  return [...new Set(wanted.map(({ digest }) => digest))];
}

/**
 * Asked after the reference was written: whoever gives a version up looks for references after that.
 * @returns versions that were found needed by nobody until now
 */
async function requireAllowed(
  domain: Domain,
  wanted: readonly Wanted[],
): Promise<readonly NonNullable<Wanted['version']>[]> {
  const versions = await Promise.all(
    wanted.map(async ({ version, arn }) => {
      if (version === undefined) return [];
      const { status, unusedSince } = await readDecidedStatus(domain, version, version.number);
      if (takesNoReferences(status)) throw refusedReference(arn, status, 'Package again, or name another version.');
      return unusedSince === undefined ? [] : [version];
    }),
  );
  const named = versions
    .flat()
    .map((version) => [`${version.repository}/${version.id}:${version.number}`, version] as const);
  return [...new Map(named).values()];
}

/** A deploy waits no longer for what only spares a version some days. */
const RENEWAL_MS = 5000;

/**
 * When they are released, the time for which they may be unused begins anew. Nothing is lost where that can't be had: as long as they are bound nobody takes them, and a collector
 * that looks at them meanwhile drops the note too.
 */
async function renew(
  { partition, region, account, keeper, chance }: Domain,
  unused: readonly NonNullable<Wanted['version']>[],
): Promise<void> {
  if (unused.length === 0) return;
  const renewed = unused.map(({ repository, id, number: version }) =>
    keeper.renew({ partition, region, account, repository, id, version }, chance),
  );
  await Promise.race([Promise.allSettled(renewed), chance.pause(RENEWAL_MS)]);
}

async function requireNotEnded(
  { store, chance }: Domain,
  operation: Operation,
  name: BindingName,
  wanted: readonly Wanted[],
  made: readonly Digest[],
): Promise<void> {
  const { resource, requestId, issued, replaces, current } = operation;
  const ended = await endedBy(store, resource, {
    ...{ requestId, issued },
    ...(replaces && current !== undefined && current !== name.generation && { replaces: current }),
  });
  if (ended === undefined) return;
  await removeRecords(store, name, ended === 'its own' ? digestsOf(wanted) : made, issued, { nonce: chance.nonce() });
  throw new ArtifactError(
    'SUPERSEDED',
    `a Delete of '${resource.logicalId}' in stack '${resource.stack}' was here before its ${current === undefined ? 'Create' : 'Update'} ended`,
    { remedy: 'CloudFormation gave the operation up. Deploy again.' },
  );
}
