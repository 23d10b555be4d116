import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { requireFailure } from '../failure.ts';
import { readSettings } from '../settings.ts';
import { carryOutItem } from './carry-out-item.ts';
import type { PlannedStep } from './item.ts';
import { isStep } from './item.ts';
import { changedRules } from './plan.ts';
import type { Quarantine } from './quarantine.ts';
import { quarantineOf } from './quarantine.ts';
import type { RunResult } from './run-result.ts';
import type { Plan } from './stored-plan.ts';
import { requireItems, requirePlan } from './stored-plan.ts';

/** What a run is asked for. */
export interface RunRequest {
  readonly plan: Digest;
  /** The `after` of the last batch. */
  readonly after?: string;
}

/** Some items of a plan, carried out. */
export interface RunBatch {
  readonly after: string;
  readonly results: readonly RunResult[];
}

/** So many items are carried out at once. */
const ITEMS_AT_ONCE = 16;

/**
 * Carries out the items of a stored plan, in its order, and nothing else: each by the protocol, which looks for itself whether the item is still needed by nobody. May be
 * repeated, and gone on with anywhere, by several at a time: what is done already is told as gone. One failing item is told and passed over.
 * @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH where the plan is not there as it was made; INVALID_ARGUMENT where rules say something else by now, and for
 * `after`; INTERRUPTED
 */
export async function* runPlan(domain: Domain, { plan: digest, after }: RunRequest): AsyncGenerator<RunBatch> {
  const from = parseAfter(after);
  const plan = await requirePlan(domain.store, digest);
  await requireRules(domain, plan);
  const quarantine = await quarantineOf(domain, plan);
  for (let { part, item } = from; part <= plan.parts.length; part++, item = 0) {
    const items = await requireItems(domain.store, plan, part);
    for (; item < items.length; item += ITEMS_AT_ONCE) {
      const batch = items.slice(item, item + ITEMS_AT_ONCE).filter(isStep);
      const results = await Promise.all(batch.map((one) => attempt(domain, one, quarantine)));
      yield { after: formatAfter(part, Math.min(item + ITEMS_AT_ONCE, items.length)), results };
    }
  }
}

/** Who changes the rules of a repository means what they say from then on. */
async function requireRules({ store }: Domain, { rules }: Plan): Promise<void> {
  for (const { repository, nonce } of rules) {
    const stands = await readSettings(store, repository).catch((error: unknown) => {
      // What can't be read is not what was read.
      throw hasCode(error, 'UNSUPPORTED_FORMAT') ? changedRules(repository, SINCE, error) : error;
    });
    if (stands?.value.nonce !== nonce) throw changedRules(repository, SINCE);
  }
}

const SINCE = 'since this plan was made';

async function attempt(domain: Domain, item: PlannedStep, quarantine: Quarantine): Promise<RunResult> {
  try {
    return await carryOutItem(domain, item, quarantine);
  } catch (error) {
    const { failure: why, remedy } = requireFailure(error);
    return { ...item, outcome: 'failed', failure: why, ...(remedy !== undefined && { remedy }) };
  }
}

/** Where the next batch begins: the part, and how many of its items are done. */
function formatAfter(part: number, item: number): string {
  return `${part}:${item}`;
}

function parseAfter(after = '1:0'): { part: number; item: number } {
  const { part, item } = /^(?<part>[1-9]\d{0,4}):(?<item>\d{1,6})$/.exec(after)?.groups ?? {};
  if (part !== undefined && item !== undefined) return { part: Number(part), item: Number(item) };
  throw new ArtifactError('INVALID_ARGUMENT', `'${after}' is no place where a plan can be gone on with`, {
    remedy: 'Begin anew: what is done already is passed over.',
  });
}
