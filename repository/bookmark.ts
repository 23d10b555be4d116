import type { ArtifactArn } from './arn.ts';
import type { Bookmark, PastBookmark } from './bookmark-record.ts';
import { readBookmark, wayBack } from './bookmark-record.ts';
import type { BookmarkOptions } from './bookmark-refused.ts';
import { moved, requireExpected, requireOwned, unknownBookmark } from './bookmark-refused.ts';
import { noteEnd } from './declaring/ended.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { bookmarkKey, FORMAT_VERSION } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName, parseSegment } from './name.ts';
import { isSameResource } from './owner.ts';
import type { Stored } from './record.ts';
import { recordContent } from './record.ts';
import { readRenewedStatus, renewVersion } from './renew.ts';
import { refusedReference, takesNoReferences } from './status.ts';
import { timeAfter } from './time.ts';
import { readManifest } from './version.ts';

export { listBookmarkRecords, listBookmarks, readBookmark } from './bookmark-record.ts';
export type { Bookmark, NamedBookmark, PastBookmark } from './bookmark-record.ts';
export type { BookmarkOptions } from './bookmark-refused.ts';

/** What came of moving a bookmark. */
export interface BookmarkMove {
  /** `exists`: it named the version already, or a stack's operation that comes again was carried out before. */
  readonly outcome: 'moved' | 'created' | 'exists';
  /** Absent where it named none. */
  readonly from?: number;
  readonly to: number;
}

/** What came of deleting one. `absent`: it had been deleted before. */
export interface BookmarkEnd {
  readonly outcome: 'deleted' | 'absent';
  readonly from?: number;
}

/** So many versions that a bookmark named are kept. */
export const HISTORY = 500;

const TURNS = 40;
const PAUSE_MS = 25;

/**
 * Lets a bookmark name a version, one that may be used. Nobody ever finds a bookmark at a version that was given up.
 *
 * The steps are those of every reference: the wish is written into the record, as `pending`; then it is looked whether the version may be used; then it names it, or the wish
 * is taken back. Who gives a version up marks that first, and looks for bookmarks then, wishes among them: so one of the two sees the other. Everybody writes on what he has read
 * alone, and whoever loses that begins again, with a look at what is expected. A wish that somebody left who died is taken over.
 *
 * A version that nobody needed until now has its time begin anew, and so has the one that the bookmark leaves.
 * @param arn of a version, with its digest or without
 * @throws ArtifactError STALE_REVISION where it does not name what is expected; ARTIFACT_NOT_FOUND, DIGEST_MISMATCH; ARTIFACT_ARCHIVED, ARTIFACT_DELETED; ACCESS_DENIED where it is not the
 * owner's; CONTENTION
 */
export async function setBookmark(
  domain: Domain,
  arn: ArtifactArn & { readonly version: number },
  bookmark: string,
  options: BookmarkOptions = {},
): Promise<BookmarkMove> {
  const { repository, id, version: to } = arn;
  const name = { repository, id };
  parseSegment('bookmark', bookmark);
  await requireVersion(domain, arn);
  for (let turn = 0, waitedFor: string | undefined; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const before = await readBookmark(domain.store, name, bookmark);
    const from = before?.value.number;
    requireOwned(name, bookmark, before?.value, options);
    if (isDone(before?.value, options)) return { outcome: 'exists', ...(from !== undefined && { from }), to };
    if (before !== undefined && from === to) {
      if (await stamp(domain, name, bookmark, before, options)) return { outcome: 'exists', from, to };
      continue;
    }
    requireExpected(name, bookmark, from, options);
    // Whoever is at work is given a moment before he is taken for dead.
    const other = before?.value.pending?.nonce;
    if (other !== undefined && other !== waitedFor) {
      waitedFor = other;
      continue;
    }
    const isBack = before !== undefined && to === wayBack(before.value, domain.chance.now());
    await requireUsable(domain, name, to, isBack);
    const nonce = domain.chance.nonce();
    const wished = await wish(domain, name, bookmark, before, { number: to, nonce, at: timeOf(domain) });
    if (wished === undefined) continue;
    try {
      // Asked after the wish was written: whoever gives the version up looks for wishes after that.
      await requireUsable(domain, name, to, isBack);
      // As long as it is named no collector says of it that nobody needs it.
      if (from !== undefined) await renewVersion(domain, { ...name, number: from });
    } catch (error) {
      // Why it failed is what counts. What is left of it is taken over by the next who comes, or by a verification.
      await takeBack(domain, name, bookmark, wished).catch(() => false);
      throw error;
    }
    if (await settle(domain, name, bookmark, wished, options))
      return { outcome: from === undefined ? 'created' : 'moved', ...(from !== undefined && { from }), to };
  }
  throw moved(name, bookmark);
}

/**
 * Lets a bookmark name nothing any more. What it named stays in its history.
 * @throws ArtifactError ARTIFACT_NOT_FOUND where there never was one; STALE_REVISION; ACCESS_DENIED where it is not the owner's; CONTENTION
 */
export async function deleteBookmark(
  domain: Domain,
  { repository, id }: ArtifactName,
  bookmark: string,
  options: BookmarkOptions = {},
): Promise<BookmarkEnd> {
  const name = { repository, id };
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const before = await readBookmark(domain.store, name, bookmark);
    if (before === undefined) throw await unknownBookmark(domain.store, name, bookmark);
    const from = before.value.number;
    if (from === undefined) return { outcome: 'absent' };
    requireOwned(name, bookmark, before.value, options);
    requireExpected(name, bookmark, from, options);
    await renewVersion(domain, { ...name, number: from });
    if (options.owner === undefined)
      await noteEnd(domain.store, { kind: 'bookmark', ...name, bookmark }, before.value.owner);
    const nonce = domain.chance.nonce();
    const at = timeBehind(domain, before.value);
    const record = {
      // Whoever wishes it elsewhere loses that, and begins again.
      ...without(before.value, 'number', 'owner', 'pending', 'by'),
      ...{ nonce, move: nonce, at, ...byOf(options), history: historyOf(before.value, at, nonce) },
      ...ownerOf(options),
    };
    if (await write(domain, name, bookmark, record, before)) return { outcome: 'deleted', from };
    if (await hasEnded(domain, name, bookmark, nonce)) return { outcome: 'deleted', from };
  }
  throw moved(name, bookmark);
}

/**
 * Takes back a wish that somebody left who died: what the bookmark names does not change.
 * @param before as it was read
 * @returns whether it is gone; false where the record was changed since
 */
export function takeBack(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  bookmark: string,
  before: Stored<Bookmark>,
): Promise<boolean> {
  const record = { ...without(before.value, 'pending'), nonce: domain.chance.nonce() };
  return write(domain, name, bookmark, record, before);
}

/** Whether an operation of a stack has been here before: what people have made of it since stays. */
function isDone(before: Bookmark | undefined, { owner }: BookmarkOptions): boolean {
  return owner !== undefined && before?.owner?.requestId === owner.requestId && isSameResource(before.owner, owner);
}

/** Notes which operation of a stack wants it where it is. @returns false where somebody changed it meanwhile */
async function stamp(
  domain: Domain,
  name: ArtifactName,
  bookmark: string,
  before: Stored<Bookmark>,
  { owner }: BookmarkOptions,
): Promise<boolean> {
  if (owner === undefined) return true;
  return write(domain, name, bookmark, { ...before.value, nonce: domain.chance.nonce(), owner }, before);
}

/** @returns the record with the wish; `undefined` where somebody was faster */
async function wish(
  domain: Domain,
  name: ArtifactName,
  bookmark: string,
  before: Stored<Bookmark> | undefined,
  pending: NonNullable<Bookmark['pending']>,
): Promise<Stored<Bookmark> | undefined> {
  const { nonce } = pending;
  await write(domain, name, bookmark, { ...(before?.value ?? { history: [] }), nonce, pending }, before);
  const now = await readBookmark(domain.store, name, bookmark);
  return now?.value.pending?.nonce === nonce ? now : undefined;
}

/** Makes of the wish what the bookmark names. @returns false where somebody has taken it over */
async function settle(
  domain: Domain,
  name: ArtifactName,
  bookmark: string,
  wished: Stored<Bookmark>,
  options: BookmarkOptions,
): Promise<boolean> {
  const { pending } = wished.value;
  if (pending === undefined) throw new TypeError('what is settled was wished');
  const { number, nonce } = pending;
  const at = timeBehind(domain, wished.value);
  const record: Bookmark = {
    ...without(wished.value, 'pending', 'by', 'owner'),
    ...{ nonce, number, move: nonce, at, ...byOf(options), history: historyOf(wished.value, at) },
    // What people move stays what a stack has declared; what was deleted is nobody's.
    ...ownerOf(wished.value.number === undefined ? {} : wished.value),
    ...ownerOf(options),
  };
  if (await write(domain, name, bookmark, record, wished)) return true;
  // It may stand there, with what another has done since.
  const now = await readBookmark(domain.store, name, bookmark);
  return now?.value.move === nonce || now?.value.history.some(({ move }) => move === nonce) === true;
}

/** Whether the deletion stands there, with what another has done since. */
async function hasEnded({ store }: Domain, name: ArtifactName, bookmark: string, nonce: string): Promise<boolean> {
  return (await readBookmark(store, name, bookmark))?.value.history.some(({ ended }) => ended === nonce) === true;
}

/** @returns whether the store says so; a refusal may be the echo of one's own writing */
async function write(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  bookmark: string,
  record: Bookmark,
  before: Stored<Bookmark> | undefined,
): Promise<boolean> {
  const key = bookmarkKey(name, bookmark);
  const { history, ...current } = record;
  const content = recordContent({ format: FORMAT_VERSION, ...current, history });
  const outcome =
    before === undefined ? await store.create(key, content) : await store.replace(key, content, before.revision);
  return outcome === 'created' || outcome === 'replaced';
}

/** What it named until now goes before what it named earlier. */
function historyOf(
  { number, at, by, move, history }: Bookmark,
  until: string,
  ended?: string,
): readonly PastBookmark[] {
  if (number === undefined) return history;
  const last: PastBookmark = {
    number,
    ...(at !== undefined && { at }),
    until,
    ...(by !== undefined && { by }),
    ...(move !== undefined && { move }),
    ...(ended !== undefined && { ended }),
  };
  return [last, ...history].slice(0, HISTORY);
}

function without<K extends keyof Bookmark>(record: Bookmark, ...members: readonly K[]): Omit<Bookmark, K> {
  const kept = Object.entries(record).filter(([member]) => !members.includes(member as K));
  return Object.fromEntries(kept) as unknown as Omit<Bookmark, K>;
}

function ownerOf({ owner }: Pick<BookmarkOptions, 'owner'>): Pick<Bookmark, 'owner'> {
  return owner === undefined ? {} : { owner };
}

function byOf({ by }: BookmarkOptions): Pick<Bookmark, 'by'> {
  return by === undefined ? {} : { by };
}

function timeOf({ chance }: Domain): string {
  return chance.now().toISOString();
}

/** When a move takes place: behind the one before it also where whoever made that has a clock that is ahead, so that times order the moves of a bookmark. */
function timeBehind({ chance }: Domain, { at, history }: Bookmark): string {
  return timeAfter(chance.now(), at ?? history[0]?.until);
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH */
async function requireVersion(
  domain: Domain,
  { repository, id, version, digest }: ArtifactArn & { readonly version: number },
): Promise<void> {
  const what = formatArtifactName({ repository, id });
  const manifest = await readManifest(domain, { repository, id }, version);
  if (manifest === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has no version ${version}`, {
      remedy: `'cfn-artifacts show ${what}' lists those that there are.`,
    });
  }
  if (digest === undefined || manifest.assets.some((asset) => asset.digest === digest)) return;
  throw new ArtifactError('DIGEST_MISMATCH', `'${what}:${version}' is not sha256:${digest}`, {
    remedy: 'The version and the digest name different content: drop one of them.',
  });
}

/**
 * @param isBack where a stack's bookmark was before: a rollback gets it also where it was archived meanwhile, because it keeps who needs it
 * @throws ArtifactError ARTIFACT_ARCHIVED, ARTIFACT_DELETED
 */
async function requireUsable(domain: Domain, name: ArtifactName, number: number, isBack: boolean): Promise<void> {
  const status = await readRenewedStatus(domain, name, number);
  if (!takesNoReferences(status) || (isBack && status === 'Archived')) return;
  throw refusedReference(`${formatArtifactName(name)}:${number}`, status, 'Name another version.');
}
