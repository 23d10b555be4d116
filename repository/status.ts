import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { statusKey } from './keys.ts';
import type { ArtifactName } from './name.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import { timeAfter } from './time.ts';

/** As in CodeArtifact; `Deleting` is the moment between the decision and its end. */
export const STATUSES = ['Unfinished', 'Published', 'Unlisted', 'Archived', 'Disposed', 'Deleting', 'Deleted'] as const;
export type Status = (typeof STATUSES)[number];

/** What a version is for longer than a moment. */
export const LASTING_STATUSES: readonly Status[] = STATUSES.filter((status) => status !== 'Deleting');

/** What a version ends as that is given up. Only of one that is Deleted can that be taken back. */
export type Ending = Extract<Status, 'Deleted' | 'Disposed'>;

/** What `statuses/…` holds. Changed by compare-and-swap alone. */
export interface StatusRecord {
  readonly status: Status;
  /** What it was before. Of `Deleting` and `Deleted`: and is again when that is taken back. */
  readonly was?: Status;
  /** Of `Deleting`: what it is going to be, if nobody needs it. Absent: Deleted. */
  readonly becomes?: Ending;
  /** New for every writing: who lost the answer recognises its own, and no two records are ever the same bytes. */
  readonly nonce?: string;
  /** When it was written, ISO 8601. */
  readonly at?: string;
  /** Since when a collector has found it needed by nobody, ISO 8601; as of its last look. */
  readonly unusedSince?: string;
  /** What was written before, newest first: who lost the answer recognises its own also when others have written since. */
  readonly earlier?: readonly EarlierStatus[];
}

export type EarlierStatus = Pick<StatusRecord, 'status'> & Required<Pick<StatusRecord, 'nonce'>>;

/** More than are ever written between a request and its second attempt. */
const EARLIER = 20;

const PUBLISHED: StatusRecord = { status: 'Published' };

/** While somebody decides whether a version goes, so many times it is looked again, three seconds long in all. */
const TURNS = 6;
const PAUSE_MS = 50;

/**
 * The status by which it is decided whether a version gets a reference: one that is just being deleted is waited for, because the deletion may be refused yet.
 * @returns Deleting where that takes too long: whoever began it may have died
 */
export async function readDecidedStatus(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  number: number,
): Promise<StatusRecord> {
  for (let turn = 0; ; turn++) {
    const record = (await readStatusRecord(domain, name, number))?.value ?? PUBLISHED;
    if (record.status !== 'Deleting' || turn === TURNS) return record;
    await domain.chance.pause(PAUSE_MS * 2 ** turn);
  }
}

/** A version without a status record is Published: most never get one. */
export async function readStatus(domain: Pick<Domain, 'store'>, name: ArtifactName, number: number): Promise<Status> {
  return (await readStatusRecord(domain, name, number))?.value.status ?? 'Published';
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export function readStatusRecord(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
): Promise<Stored<StatusRecord> | undefined> {
  return readRecord(store, statusKey(name, number), ({ status, was, becomes, nonce, at, unusedSince, earlier }) => {
    const [known, before] = [statusOf(status), statusOf(was)];
    // Whoever goes on with what another has begun must know to which end.
    if (known === undefined || !(becomes === undefined || isEnding(becomes))) return undefined;
    return {
      status: known,
      ...(before !== undefined && { was: before }),
      ...(becomes !== undefined && { becomes }),
      ...(typeof nonce === 'string' && { nonce }),
      ...(typeof at === 'string' && { at }),
      ...(typeof unusedSince === 'string' && { unusedSince }),
      ...(Array.isArray(earlier) && { earlier: earlier.flatMap(earlierOf) }),
    };
  });
}

function earlierOf(value: unknown): readonly EarlierStatus[] {
  if (typeof value !== 'object' || value === null) return [];
  const { status, nonce } = value as Partial<Record<keyof EarlierStatus, unknown>>;
  const known = statusOf(status);
  return known !== undefined && typeof nonce === 'string' ? [{ status: known, nonce }] : [];
}

/** What was written, newest first: what stands there, and what did before. */
export function writingsOf({ status, nonce, earlier = [] }: StatusRecord): readonly EarlierStatus[] {
  return nonce === undefined ? earlier : [{ status, nonce }, ...earlier];
}

/**
 * Writes a status where that which was read of it stands still. What is written has a nonce of its own.
 * @param before what was read; `undefined`: there was no record
 * @param nonce for who wants to find it again
 * @returns `there`; `overtaken` where it stood there, and somebody has written since: a refusal may be the echo of one's own writing; `undefined` where it was not written
 */
export async function writeStatus(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  { number, ...name }: ArtifactName & { readonly number: number },
  record: Omit<StatusRecord, 'nonce' | 'at' | 'earlier'>,
  before: Stored<StatusRecord> | undefined,
  nonce: string = chance.nonce(),
): Promise<'there' | 'overtaken' | undefined> {
  const key = statusKey(name, number);
  const earlier = before === undefined ? [] : writingsOf(before.value).slice(0, EARLIER);
  const content = recordContent({
    ...{ ...record, nonce, at: timeAfter(chance.now(), before?.value.at) },
    ...(earlier.length > 0 && { earlier }),
  } satisfies StatusRecord);
  const outcome =
    before === undefined ? await store.create(key, content) : await store.replace(key, content, before.revision);
  if (outcome === 'created' || outcome === 'replaced') return 'there';
  const now = await readStatusRecord({ store }, name, number);
  if (now?.value.nonce === nonce) return 'there';
  return now?.value.earlier?.some((one) => one.nonce === nonce) === true ? 'overtaken' : undefined;
}

function statusOf(value: unknown): Status | undefined {
  return STATUSES.find((known) => known === value);
}

function isEnding(value: unknown): value is Ending {
  return value === 'Deleted' || value === 'Disposed';
}

/** Whether a version was given up for good, but for an undelete. */
export function isGone(status: Status): status is Ending {
  return isEnding(status);
}

/** Whether a version may be found by whoever looks for one: it is not given up, and nobody is about to. */
export function exists(status: Status): boolean {
  return status !== 'Deleting' && !isGone(status);
}

/** Whether a version keeps the references that it has and gets no new ones. */
export function takesNoReferences(status: Status): boolean {
  return status === 'Archived' || !exists(status);
}

/**
 * Why such a version gets no reference.
 * @param name as whoever wants one names it
 * @param remedy what helps once it is decided, a sentence
 */
export function refusedReference(name: string, status: Status, remedy: string): ArtifactError {
  if (status === 'Deleting')
    return new ArtifactError('ARTIFACT_DELETED', `'${name}' is just being deleted and takes no new references`, {
      remedy: UNDECIDED,
    });
  return new ArtifactError(
    status === 'Archived' ? 'ARTIFACT_ARCHIVED' : 'ARTIFACT_DELETED',
    `'${name}' is ${status.toLowerCase()} and takes no new references`,
    { remedy: status === 'Deleted' ? `${remedy} ${UNDELETE}` : remedy },
  );
}

/** What can be done about a version of which it is not known yet whether it goes. */
const UNDECIDED =
  "Try again: whoever deletes it has not decided yet. If that stays so, he died on the way, and 'cfn-artifacts verify --fix' comes to the end of it.";

/** What can be done about a version that is Deleted, beside publishing its bytes again. */
export const UNDELETE = "While its content is there, 'cfn-artifacts undelete' takes the deletion back.";
