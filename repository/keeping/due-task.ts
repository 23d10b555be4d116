import { hasCode } from '../error.ts';
import { FORMAT_VERSION, progressKey } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { readRecord, recordContent } from '../record.ts';
import type { Keeping } from './keeping.ts';

/** What is done every day, piece by piece. */
export interface DueTask {
  readonly task: TaskName;
  /** Milliseconds from one beginning to the next. Absent: once a day, by a clock that ticks every hour and may be late. */
  readonly every?: number;
  /**
   * One piece, from where an earlier one ended.
   * @throws ArtifactError INVALID_ARGUMENT where it does not know that place
   */
  readonly begin: (keeping: Keeping, after: string | undefined) => TaskPiece;
  /** Steps between two notes of where the piece stands: so much is done again at most when the keeper dies. */
  readonly notedSteps: number;
}

type TaskName = 'audit' | 'collect' | 'tell' | 'tag' | 'follow';

export interface TaskPiece {
  /** Each with the place behind it. */
  readonly steps: AsyncIterable<{ readonly after: string }>;
  /** What it has come to. */
  readonly tally: () => object;
}

/** Where a task stands. Written by compare-and-swap, by whichever keeper is at it. */
interface Progress {
  readonly format: number;
  readonly task: TaskName;
  /** ISO 8601. */
  readonly began: string;
  /** ISO 8601; absent while there is something left. */
  readonly finished?: string;
  /** Where the next piece goes on; absent at the beginning. */
  readonly after?: string;
  /** Whose piece it is: a keeper that finds another here has been relieved. */
  readonly nonce: string;
}

/** What a scheduled piece came to, with the task's own tally. */
export interface Tended {
  readonly task: TaskName;
  readonly began: string;
  readonly finished?: string;
}

const HOUR_MS = 60 * 60 * 1000;
/** Once a day, by a clock that ticks every hour and may be late. */
const DUE_MS = 23 * HOUR_MS;
/** What has not come to its end by then stands still somewhere; from the beginning it may get past that. */
const GIVEN_UP_MS = 7 * 24 * HOUR_MS;

/**
 * Goes on with the task where it is unfinished, or begins it, once a day.
 * @returns `undefined` where nothing is due
 */
export async function tendTask(
  keeping: Keeping,
  { task, begin, notedSteps, every = DUE_MS }: DueTask,
): Promise<Tended | undefined> {
  const { domain, isTimeUp } = keeping;
  const claimed = await claim(keeping, task, every);
  if (claimed === undefined) return undefined;
  let { progress, revision } = claimed;
  /** @returns whether this keeper is still the one that is at it */
  const note = async (): Promise<boolean> => {
    const outcome = await domain.store.replace(progressKey(task), recordContent(progress), revision);
    const stored = outcome === 'replaced' ? await readProgress(domain.store, task) : undefined;
    if (stored?.value.nonce !== progress.nonce) return false;
    ({ revision } = stored);
    return true;
  };
  const { format, began, nonce, after: start } = progress;
  const told = (piece: TaskPiece): Tended => {
    const { finished } = progress;
    return { task, began, ...(finished !== undefined && { finished }), ...piece.tally() };
  };
  let looked = 0;
  try {
    const piece = begin(keeping, start);
    for await (const { after } of piece.steps) {
      progress = { ...progress, after };
      looked += 1;
      const isOver = isTimeUp();
      if ((isOver || looked % notedSteps === 0) && !(await note())) return told(piece);
      if (isOver) return told(piece);
    }
    progress = { format, task, began, nonce, finished: domain.chance.now().toISOString() };
    await note();
    return told(piece);
  } catch (error) {
    // A place that this version does not know, as another may have noted it, or a plan that is gone or damaged, or of rules that were changed: the next piece begins anew.
    if (hasCode(error, 'INVALID_ARGUMENT', 'ARTIFACT_NOT_FOUND', 'DIGEST_MISMATCH'))
      progress = { format, task, began, nonce };
    // What was looked at needs no second look; that the note can't be written says no more than the failure does.
    await note().catch(() => false);
    throw error;
  }
}

/** `undefined`: nothing is due, or another keeper has just taken it. */
async function claim(
  { domain: { store, chance } }: Keeping,
  task: TaskName,
  every: number,
): Promise<{ readonly progress: Progress; readonly revision: Stored<Progress>['revision'] } | undefined> {
  const stored = await readWhatStands(store, task);
  const now = chance.now();
  const nonce = chance.nonce();
  const begun: Progress = { format: FORMAT_VERSION, task, began: now.toISOString(), nonce };
  const progress = stored?.value === undefined || isDue(stored.value, now, every) ? begun : { ...stored.value, nonce };
  if (progress !== begun && progress.finished !== undefined) return undefined;
  const key = progressKey(task);
  const content = recordContent(progress);
  if (stored === undefined) await store.create(key, content);
  else await store.replace(key, content, stored.revision);
  const current = await readProgress(store, task);
  return current?.value.nonce === nonce ? { progress, revision: current.revision } : undefined;
}

/** `value` is absent of what can't be read: it says no more than where somebody stood, and does not keep anybody from beginning anew. */
async function readWhatStands(
  store: ObjectStore,
  task: TaskName,
): Promise<(Pick<Stored<Progress>, 'revision'> & { readonly value?: Progress }) | undefined> {
  try {
    return await readProgress(store, task);
  } catch (error) {
    if (!hasCode(error, 'UNSUPPORTED_FORMAT')) throw error;
    return store.head(progressKey(task));
  }
}

function isDue({ began, finished }: Progress, now: Date, every: number): boolean {
  const age = now.getTime() - new Date(began).getTime();
  // A time that can't be read was long ago.
  return !(age < (finished === undefined ? GIVEN_UP_MS : every));
}

/** `undefined`: none was ever begun. @throws ArtifactError UNSUPPORTED_FORMAT */
function readProgress(store: ObjectStore, wanted: TaskName): Promise<Stored<Progress> | undefined> {
  return readRecord(store, progressKey(wanted), ({ format, task, began, finished, after, nonce }) => {
    if (typeof format !== 'number' || format > FORMAT_VERSION || task !== wanted) return undefined;
    if (typeof began !== 'string' || typeof nonce !== 'string') return undefined;
    return {
      ...{ format, task: wanted, began, nonce },
      ...(typeof finished === 'string' && { finished }),
      ...(typeof after === 'string' && { after }),
    };
  });
}
