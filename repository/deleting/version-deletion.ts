import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { versionReferenceKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import type { ObjectKey, Revision } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { releaseSources } from '../promoting/hold.ts';
import { withdrawPromotion } from '../promoting/withdraw.ts';
import { forgetSource } from '../source.ts';
import type { Ending, StatusRecord } from '../status.ts';
import { isGone, readStatusRecord, writeStatus, writingsOf } from '../status.ts';
import type { Manifest } from '../version.ts';
import { initialStatus, readManifest } from '../version.ts';
import type { VersionUser } from './users.ts';
import { listVersionUsers } from './users.ts';

/** What came of it. */
export type VersionDeletion =
  /** `digests`: what it held. Whether anything else holds or uses that, whoever condemns it finds out. `already`: it had been given up before. `status`: what it is. */
  | {
      readonly outcome: 'deleted' | 'already';
      readonly manifest: Manifest;
      readonly digests: readonly Digest[];
      readonly status: Ending;
    }
  | { readonly outcome: 'used'; readonly manifest: Manifest; readonly users: readonly VersionUser[] };

const TURNS = 20;
const PAUSE_MS = 50;

/**
 * Gives a version up, if nobody needs it: marks it Deleting, looks who needs it, and makes it Deleted or what it was before. Its number is never used again
 * and its manifest stays; what it held is no longer held by it. Whoever wants to use the version writes a reference and looks at the status then, so
 * one of the two sees the other. One that is in use already is not even marked: nobody else's deploy has to wait for that.
 *
 * May be repeated at any time, by anybody: what another left on the way is gone on with.
 *
 * The references that it takes away are read before the decision. Who takes the deletion back writes them anew after having read what was decided, so that
 * no removal that comes late can meet those.
 * @returns `undefined`: there is no such version
 * @throws ArtifactError CONTENTION; what the store throws while it looks for users, after which the version is what it was, as far as that could be written
 */
export function deleteVersion(
  domain: Domain,
  name: ArtifactName,
  number: number,
): Promise<VersionDeletion | undefined> {
  return settle(domain, name, number, 'Deleted', () => true);
}

/**
 * As `deleteVersion`, of a version that was judged some time ago: it begins where its status is the one that was seen then, and else goes on with what was begun alone.
 * @param seen the nonce of that; `undefined`: there was no record
 * @returns `undefined`: its status was changed, or there is no such version
 * @throws ArtifactError as `deleteVersion`
 */
export function deleteUnchanged(
  domain: Domain,
  name: ArtifactName,
  number: number,
  seen: string | undefined,
): Promise<VersionDeletion | undefined> {
  return settle(domain, name, number, 'Deleted', (before) => before?.nonce === seen);
}

/**
 * As `deleteUnchanged`, but the version is Disposed then, which nobody can take back. Where another is just deleting it, he is gone on with: what came of it says `status`.
 * @throws ArtifactError as `deleteVersion`
 */
export function disposeUnchanged(
  domain: Domain,
  name: ArtifactName,
  number: number,
  seen: string | undefined,
): Promise<VersionDeletion | undefined> {
  return settle(domain, name, number, 'Disposed', (before) => before?.nonce === seen);
}

/**
 * Gives a version up, or not, where another has begun to, to the end that he meant; and begins nothing: whoever decided in the meantime that the version stays
 * has decided that.
 * @returns `undefined`: nobody deletes it, or there is no such version
 * @throws ArtifactError as `deleteVersion`
 */
export function finishDeletion(
  domain: Domain,
  name: ArtifactName,
  number: number,
): Promise<VersionDeletion | undefined> {
  return settle(domain, name, number, 'Deleted', () => false);
}

async function settle(
  domain: Domain,
  { repository, id }: ArtifactName,
  number: number,
  ending: Ending,
  mayBegin: (before: StatusRecord | undefined) => boolean,
): Promise<VersionDeletion | undefined> {
  const name = { repository, id };
  const manifest = await readManifest(domain, name, number);
  if (manifest === undefined) return undefined;
  for (let turn = 0, begun = ''; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const before = await readStatusRecord(domain, name, number);
    const status = before?.value.status;
    if (before !== undefined && status !== undefined && isGone(status)) {
      await sweep(domain, manifest, before);
      await releaseSources(domain, manifest);
      return { outcome: 'already', manifest, digests: digestsOf(manifest), status };
    }
    const ended = before && endingOf(before.value, begun);
    // Another came to the end of what was begun here, and then somebody took that back.
    if (ended !== undefined) return { outcome: 'already', manifest, digests: digestsOf(manifest), status: ended };
    if (status !== 'Deleting') {
      if (!mayBegin(before?.value)) return undefined;
      const users = await usersOf(domain, manifest);
      if (users.length > 0) return { outcome: 'used', manifest, users };
      await withdrawIfPending(domain, manifest, status);
    }
    begun = (status === 'Deleting' ? before?.value.nonce : undefined) ?? domain.chance.nonce();
    const marked = await mark(domain, manifest, before, ending, begun);
    const decided = marked && (await decide(domain, manifest, marked));
    if (decided !== undefined) return decided;
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${repository}/${id}:${number}' is changed by others all the time`,
    {
      remedy: 'Try again.',
    },
  );
}

/** None of those that are promoted together is given up while the promotion is open: it is withdrawn first, or it was made, and this one goes as any that is Published. */
async function withdrawIfPending(
  domain: Domain,
  manifest: Manifest,
  status: StatusRecord['status'] = initialStatus(manifest),
): Promise<void> {
  const { promotion, repository } = manifest;
  if (promotion === undefined || promotion.items === 1 || status !== 'Unfinished') return;
  await withdrawPromotion(domain, repository, promotion.id);
}

/** What was decided on a mark, where it is not what stands there any more. @returns `undefined`: that the version stays, or nothing yet */
function endingOf(now: StatusRecord, mark: string): Ending | undefined {
  const writings = writingsOf(now);
  const decided = writings[writings.findIndex(({ nonce }) => nonce === mark) - 1];
  return decided !== undefined && isGone(decided.status) ? decided.status : undefined;
}

/** @returns what was decided; `undefined` where somebody else was faster */
async function decide(
  domain: Domain,
  manifest: Manifest,
  marked: Stored<StatusRecord>,
): Promise<VersionDeletion | undefined> {
  const references = await referencesOf(domain, manifest);
  const user = await firstUser(domain, manifest, marked);
  const was = wasOf(marked);
  if (user !== undefined) {
    if ((await writeStatus(domain, manifest, { status: was }, marked)) === undefined) return undefined;
    const users = await usersOf(domain, manifest);
    // Who was found may have gone since: it was he for whom the version stays.
    return { outcome: 'used', manifest, users: users.length > 0 ? users : [user] };
  }
  const status = marked.value.becomes ?? 'Deleted';
  if ((await writeStatus(domain, manifest, { status, was }, marked)) === undefined) return undefined;
  await removeAll(domain, references);
  await releaseSources(domain, manifest);
  if (manifest.source !== undefined) await forgetSource(domain, manifest, manifest.source, manifest);
  return { outcome: 'deleted', manifest, digests: digestsOf(manifest), status };
}

/**
 * Takes away the references that a version still has which was given up: whoever did that may have died before they went, and who takes a deletion back writes others. A version that is taken back
 * meanwhile keeps those that it got anew.
 * @param deleted its status, read before: where that has changed, nothing is taken away
 * @returns whether there were any
 */
export async function sweep(domain: Domain, manifest: Manifest, deleted: Stored<StatusRecord>): Promise<boolean> {
  const references = await referencesOf(domain, manifest);
  if (references.length === 0) return false;
  // By this whoever is just taking it back begins again, and writes references that were not read above.
  const { status, was } = deleted.value;
  const isWritten =
    (await writeStatus(domain, manifest, { status, ...(was !== undefined && { was }) }, deleted)) !== undefined;
  if (isWritten) await removeAll(domain, references);
  return true;
}

/** @returns the mark: this one, or that of another who did not come to an end; `undefined` where somebody was faster */
async function mark(
  domain: Domain,
  manifest: Manifest,
  before: Stored<StatusRecord> | undefined,
  ending: Ending,
  nonce: string,
): Promise<Stored<StatusRecord> | undefined> {
  if (before?.value.status === 'Deleting') return before;
  const was = before?.value.status ?? initialStatus(manifest);
  const becomes = ending === 'Deleted' ? {} : { becomes: ending };
  await writeStatus(domain, manifest, { status: 'Deleting', was, ...becomes }, before, nonce);
  const now = await readStatusRecord(domain, manifest, manifest.number);
  return now?.value.status === 'Deleting' ? now : undefined;
}

/** Where that can't be found out, the version is what it was. */
async function firstUser(
  domain: Domain,
  manifest: Manifest,
  marked: Stored<StatusRecord>,
): Promise<VersionUser | undefined> {
  try {
    for await (const user of listVersionUsers(domain, manifest, manifest.number)) return user;
    return undefined;
  } catch (error) {
    // What went wrong first is what counts; should this fail too, the next one who deletes it goes on.
    await writeStatus(domain, manifest, { status: wasOf(marked) }, marked).catch(() => undefined);
    throw error;
  }
}

async function usersOf(domain: Domain, manifest: Manifest): Promise<readonly VersionUser[]> {
  const users: VersionUser[] = [];
  for await (const user of listVersionUsers(domain, manifest, manifest.number)) users.push(user);
  return users;
}

function wasOf({ value: { was } }: Stored<StatusRecord>): StatusRecord['status'] {
  return was ?? 'Published';
}

interface Reference {
  readonly key: ObjectKey;
  readonly revision: Revision;
}

async function referencesOf({ store }: Domain, manifest: Manifest): Promise<readonly Reference[]> {
  const { number, nonce } = manifest;
  const heads = await Promise.all(
    digestsOf(manifest).map((digest) => store.head(versionReferenceKey(digest, manifest, number, nonce))),
  );
  return heads.flatMap((head) => (head === undefined ? [] : [{ key: head.key, revision: head.revision }]));
}

async function removeAll({ store }: Domain, references: readonly Reference[]): Promise<void> {
  await Promise.all(references.map(({ key, revision }) => store.removeRevision(key, revision)));
}

/** What a version holds, each once. */
export function digestsOf({ assets }: Pick<Manifest, 'assets'>): readonly Digest[] {
  return [...new Set(assets.map(({ digest }) => digest))];
}
