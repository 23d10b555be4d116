import { expandAhead } from './ahead.ts';
import { FORMAT_VERSION, bookmarkKey, bookmarkPrefix } from './keys.ts';
import type { ArtifactName } from './name.ts';
import { isVersionNumber } from './name.ts';
import type { ListedObject, ObjectKey, ObjectStore } from './object-store.ts';
import type { Owner } from './owner.ts';
import { ownerOf } from './owner.ts';
import type { Stored } from './record.ts';
import { readRecord } from './record.ts';
import type { Unreadable } from './unreadable.ts';
import { readable } from './unreadable.ts';

/** What `bookmarks/…` holds. Changed by compare-and-swap alone, and never removed: a deleted bookmark keeps its history. */
export interface Bookmark {
  /** New for every writing: who lost the answer recognises its own, and no two records are ever the same bytes. */
  readonly nonce?: string;
  /** The version that it names. Absent: it was deleted, or never came to be. */
  readonly number?: number;
  /** Names the move that brought it there, or that deleted it. */
  readonly move?: string;
  /** When that was, ISO 8601. */
  readonly at?: string;
  /** Who moved it, as told. */
  readonly by?: string;
  /** Whose move is at work, or died. It names nothing yet for who resolves the bookmark; but the version is needed. */
  readonly pending?: PendingMove;
  /** What it named before, newest first. */
  readonly history: readonly PastBookmark[];
  /** The resource of a stack that declared it, or that deleted it; absent where people did. */
  readonly owner?: Owner;
}

export interface PendingMove {
  readonly number: number;
  readonly nonce: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A version that a bookmark named. */
export interface PastBookmark {
  readonly number: number;
  /** ISO 8601, from and until when. */
  readonly at?: string;
  readonly until: string;
  readonly by?: string;
  /** The move that had brought the bookmark there. */
  readonly move?: string;
  /** The deletion that ended it, where that was one. */
  readonly ended?: string;
}

/** `undefined`: there never was one of that name. @throws ArtifactError UNSUPPORTED_FORMAT: it may name any version */
export function readBookmark(
  store: ObjectStore,
  name: ArtifactName,
  bookmark: string,
): Promise<Stored<Bookmark> | undefined> {
  return readBookmarkAt(store, bookmarkKey(name, bookmark));
}

/** As `readBookmark`, under a key that a listing told. */
export function readBookmarkAt(store: ObjectStore, key: ObjectKey): Promise<Stored<Bookmark> | undefined> {
  return readRecord(store, key, ({ format, nonce, number, move, at, by, pending, history = [], owner }) => {
    if (format !== undefined && !(typeof format === 'number' && format <= FORMAT_VERSION)) return undefined;
    if (number !== undefined && !isNumber(number)) return undefined;
    // Without either it tells nothing, not even that it was deleted.
    if (number === undefined && typeof nonce !== 'string') return undefined;
    const past = Array.isArray(history) ? history.map(pastOf) : [undefined];
    if (!past.every((one) => one !== undefined)) return undefined;
    const wanted = pendingOf(pending);
    if (pending !== undefined && wanted === undefined) return undefined;
    const declared = ownerOf(owner);
    if (owner !== undefined && declared === undefined) return undefined;
    return {
      ...(typeof nonce === 'string' && { nonce }),
      ...(number !== undefined && { number }),
      ...(typeof move === 'string' && { move }),
      ...(typeof at === 'string' && { at }),
      ...(typeof by === 'string' && { by }),
      ...(wanted !== undefined && { pending: wanted }),
      history: past,
      ...(declared !== undefined && { owner: declared }),
    };
  });
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && isVersionNumber(String(value));
}

function pendingOf(value: unknown): PendingMove | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { number, nonce, at } = value as Partial<Record<keyof PendingMove, unknown>>;
  return isNumber(number) && typeof nonce === 'string' && typeof at === 'string' ? { number, nonce, at } : undefined;
}

function pastOf(value: unknown): PastBookmark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { number, at, until, by, move, ended } = value as Partial<Record<keyof PastBookmark, unknown>>;
  if (!isNumber(number) || typeof until !== 'string' || Number.isNaN(new Date(until).getTime())) return undefined;
  return {
    number,
    ...(typeof at === 'string' && { at }),
    until,
    ...(typeof by === 'string' && { by }),
    ...(typeof move === 'string' && { move }),
    ...(typeof ended === 'string' && { ended }),
  };
}

/** So long a stack whose bookmark was moved may want it back where it was: longer than any operation of CloudFormation's goes on. */
const BACK_MS = 14 * 24 * 60 * 60_000;

/**
 * The versions that are needed because of a bookmark: the one that it names, the one that somebody is just moving it to, and the one that a stack's bookmark named before.
 */
export function numbersNeeded(record: Bookmark, now: Date): readonly number[] {
  const numbers = [record.number, record.pending?.number, wayBack(record, now)].filter((one) => one !== undefined);
  return [...new Set(numbers)];
}

/** Where a rollback puts back what a stack declares, until it is moved again. */
export function wayBack({ number, history: [last], owner }: Bookmark, now: Date): number | undefined {
  if (owner === undefined || number === undefined || last === undefined || last.ended !== undefined) return undefined;
  return now.getTime() - new Date(last.until).getTime() < BACK_MS ? last.number : undefined;
}

/** So many bookmarks are read at once. */
const BOOKMARKS_AHEAD = 16;

/**
 * Every record of an artifact's bookmarks, by name: deleted ones and those that are just being made are among them.
 * @param unreadable told of those that can't be read, for who looks
 * @throws ArtifactError UNSUPPORTED_FORMAT where nobody is to be told
 */
export function listBookmarkRecords(
  store: ObjectStore,
  name: ArtifactName,
  unreadable?: Unreadable,
): AsyncGenerator<{ readonly bookmark: string; readonly record: Bookmark }> {
  const prefix = bookmarkPrefix(name);
  return expandAhead<ListedObject, { readonly bookmark: string; readonly record: Bookmark }>(
    store.list(prefix),
    BOOKMARKS_AHEAD,
    async function* ({ key }) {
      const stored = await readable(unreadable, () => readBookmarkAt(store, key));
      if (stored !== undefined) yield { bookmark: key.slice(prefix.length), record: stored.value };
    },
  );
}

/** A bookmark, and the version that it names. */
export interface NamedBookmark {
  readonly bookmark: string;
  readonly version: number;
  /** Since when, ISO 8601. */
  readonly at?: string;
  readonly by?: string;
}

/**
 * The bookmarks of an artifact that name a version, by name.
 * @param unreadable as of `listBookmarkRecords`
 * @throws ArtifactError UNSUPPORTED_FORMAT where nobody is to be told
 */
export async function* listBookmarks(
  store: ObjectStore,
  name: ArtifactName,
  unreadable?: Unreadable,
): AsyncGenerator<NamedBookmark> {
  for await (const { bookmark, record } of listBookmarkRecords(store, name, unreadable)) {
    const { number, at, by } = record;
    if (number === undefined) continue;
    yield { bookmark, version: number, ...(at !== undefined && { at }), ...(by !== undefined && { by }) };
  }
}
