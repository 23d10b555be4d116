import { audit } from '../audit/audit.ts';
import { hasCode } from '../error.ts';
import { FORMAT_VERSION, progressKey } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { readRecord, recordContent } from '../record.ts';
import type { Keeping } from './carry-out.ts';

/** Where the daily audit stands. Written by compare-and-swap, by whichever keeper is at it. */
export interface Progress {
  readonly format: number;
  readonly task: 'audit';
  /** ISO 8601. */
  readonly began: string;
  /** ISO 8601; absent while there is something left. */
  readonly finished?: string;
  /** Where the next piece goes on; absent at the beginning. */
  readonly after?: string;
  /** Whose piece it is: a keeper that finds another here has been relieved. */
  readonly nonce: string;
}

/** What a scheduled piece came to. */
export interface Tended {
  readonly task: 'audit';
  readonly began: string;
  readonly finished?: string;
  readonly looked: number;
  readonly findings: number;
  readonly healed: number;
}

const TASK = 'audit';
const HOUR_MS = 60 * 60 * 1000;
/** Once a day, by a clock that ticks every hour and may be late. */
const DUE_MS = 23 * HOUR_MS;
/** What has not come to its end by then stands still somewhere; from the beginning it may get past that. */
const GIVEN_UP_MS = 7 * 24 * HOUR_MS;
/** Steps between two notes of where the piece stands: so much is done again at most when the keeper dies. */
const NOTED_STEPS = 500;

/** One piece of what is due: goes on with the audit that is unfinished, or begins one each day. Nothing is due: no results. */
export async function tend(keeping: Keeping): Promise<readonly Tended[]> {
  const { domain, evidence, isTimeUp, report } = keeping;
  const claimed = await claim(keeping);
  if (claimed === undefined) return [];
  let { progress } = claimed;
  let { revision } = claimed;
  const tally = { looked: 0, findings: 0, healed: 0 };
  /** @returns whether this keeper is still the one that is at it */
  const note = async (): Promise<boolean> => {
    const outcome = await domain.store.replace(progressKey(TASK), recordContent(progress), revision);
    const stored = outcome === 'replaced' ? await readProgress(domain.store) : undefined;
    if (stored?.value.nonce !== progress.nonce) return false;
    ({ revision } = stored);
    return true;
  };
  const told = (): readonly Tended[] => {
    const { began, finished } = progress;
    return [{ task: TASK, began, ...(finished !== undefined && { finished }), ...tally }];
  };
  const { format, began, nonce, after: start } = progress;
  try {
    for await (const { after, finding } of audit(domain, evidence, {
      fix: true,
      ...(start !== undefined && { after: start }),
    })) {
      progress = { ...progress, after };
      tally.looked += 1;
      if (finding !== undefined) {
        tally.findings += 1;
        if (finding.healed) tally.healed += 1;
        report?.(finding);
      }
      const isOver = isTimeUp();
      if ((isOver || tally.looked % NOTED_STEPS === 0) && !(await note())) return told();
      if (isOver) return told();
    }
  } catch (error) {
    // A place that this version does not know, as another may have noted it: the next piece begins anew.
    if (hasCode(error, 'INVALID_ARGUMENT')) progress = { format, task: TASK, began, nonce };
    // What was looked at needs no second look; that the note can't be written says no more than the failure does.
    await note().catch(() => false);
    throw error;
  }
  progress = { format, task: TASK, began, nonce, finished: domain.chance.now().toISOString() };
  await note();
  return told();
}

/** `undefined`: nothing is due, or another keeper has just taken it. */
async function claim({
  domain: { store, chance },
}: Keeping): Promise<{ readonly progress: Progress; readonly revision: Stored<Progress>['revision'] } | undefined> {
  const stored = await readWhatStands(store);
  const now = chance.now();
  const nonce = chance.nonce();
  const begun: Progress = { format: FORMAT_VERSION, task: TASK, began: now.toISOString(), nonce };
  const progress = stored?.value === undefined || isDue(stored.value, now) ? begun : { ...stored.value, nonce };
  if (progress !== begun && progress.finished !== undefined) return undefined;
  const key = progressKey(TASK);
  const content = recordContent(progress);
  if (stored === undefined) await store.create(key, content);
  else await store.replace(key, content, stored.revision);
  const current = await readProgress(store);
  return current?.value.nonce === nonce ? { progress, revision: current.revision } : undefined;
}

/** `value` is absent of what can't be read: it says no more than where somebody stood, and does not keep anybody from beginning anew. */
async function readWhatStands(
  store: ObjectStore,
): Promise<(Pick<Stored<Progress>, 'revision'> & { readonly value?: Progress }) | undefined> {
  try {
    return await readProgress(store);
  } catch (error) {
    if (!hasCode(error, 'UNSUPPORTED_FORMAT')) throw error;
    return store.head(progressKey(TASK));
  }
}

function isDue({ began, finished }: Progress, now: Date): boolean {
  const age = now.getTime() - new Date(began).getTime();
  // A time that can't be read was long ago.
  return !(age < (finished === undefined ? GIVEN_UP_MS : DUE_MS));
}

/** `undefined`: none was ever begun. @throws ArtifactError UNSUPPORTED_FORMAT */
export function readProgress(store: ObjectStore): Promise<Stored<Progress> | undefined> {
  return readRecord(store, progressKey(TASK), ({ format, task, began, finished, after, nonce }) => {
    if (typeof format !== 'number' || format > FORMAT_VERSION || task !== TASK) return undefined;
    if (typeof began !== 'string' || typeof nonce !== 'string') return undefined;
    return {
      ...{ format, task: TASK, began, nonce },
      ...(typeof finished === 'string' && { finished }),
      ...(typeof after === 'string' && { after }),
    };
  });
}
