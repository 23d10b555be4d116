import type { Domain } from '../domain.ts';
import { requireFailure } from '../failure.ts';
import type { LifecycleRule } from '../settings.ts';
import { listConfigured, readSettings } from '../settings.ts';
import type { ClosedBucket } from '../contents.ts';
import { lookAtOwnBuckets } from '../contents.ts';
import { listContents, SHARDS } from './contents.ts';
import type { Gathering } from './gathering.ts';
import { judgeContent } from './judge.ts';
import type { PlanItem } from './item.ts';
import type { Position } from './position.ts';
import { END, FIRST_CONTENT } from './position.ts';
import type { Quarantine } from './quarantine.ts';
import { judgeVersions } from './versions.ts';

/** How to look. */
export interface Looking {
  readonly quarantine: Quarantine;
  readonly repository?: string;
  readonly verbose: boolean;
}

/** Shards that are walked at once: each waits for its own pages. */
const SHARDS_AT_ONCE = 4;

/** Goes on from where the gathering stands, until it is over or the end is reached. */
export async function walk(domain: Domain, how: Looking, gathering: Gathering): Promise<void> {
  if (gathering.position.at === 'versions') {
    await walkVersions(domain, how, gathering);
    if (gathering.isOver) return;
    gathering.position = how.repository === undefined ? FIRST_CONTENT : END;
  }
  if (gathering.position.at === 'contents') await walkContents(domain, how, gathering, gathering.position.shards);
}

async function walkVersions(domain: Domain, how: Looking, gathering: Gathering): Promise<void> {
  const begun = gathering.position.at === 'versions' ? gathering.position.after : undefined;
  for await (const repository of repositoriesOf(domain, how)) {
    if (begun !== undefined && repository < begun.repository) continue;
    const rules = await rulesOf(domain, repository, gathering);
    if (rules.length === 0) continue;
    const after = begun?.repository === repository ? begun : undefined;
    const judged = judgeVersions(domain, repository, rules, how.verbose ? 'all' : 'what goes', after);
    for await (const { id, number, passed, item, kept, took } of judged) {
      gathering.position = { at: 'versions', after: { repository, id, number, passed } };
      gathering.count(repository, kept, took);
      if (gathering.look(item) === 'over') return;
    }
  }
}

async function* repositoriesOf({ store }: Domain, { repository }: Looking): AsyncGenerator<string> {
  if (repository === undefined) yield* listConfigured(store);
  else yield repository;
}

/** Rules that can't be read may keep everything: then nothing of the repository goes, which is told. */
async function rulesOf({ store }: Domain, repository: string, gathering: Gathering): Promise<readonly LifecycleRule[]> {
  try {
    const settings = await readSettings(store, repository);
    if (settings === undefined) return [];
    const { lifecycle, nonce } = settings.value;
    if (lifecycle.length > 0) gathering.see({ repository, nonce });
    return lifecycle;
  } catch (error) {
    const { failure: why, remedy } = requireFailure(error);
    gathering.add({ action: 'unknown', subject: repository, why, ...(remedy !== undefined && { remedy }) });
    return [];
  }
}

async function walkContents(
  domain: Domain,
  { quarantine }: Looking,
  gathering: Gathering,
  from: Extract<Position, { at: 'contents' }>['shards'],
): Promise<void> {
  const shards = [...from];
  const { open, closed } = await lookAtOwnBuckets(domain.store);
  if (from.every((begun) => begun === '')) for (const one of closed) gathering.add(passedOver(one));
  const waiting = [...shards.keys()].filter((index) => shards[index] !== '-');
  const work = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const begun = shards[index] ?? '';
      const after = begun === '' || begun === '-' ? undefined : begun;
      for await (const content of listContents(domain.store, SHARDS[index] ?? '', open, after)) {
        const item = await judgeContent(domain, quarantine, content);
        // What another shard has filled meanwhile is left for the next part.
        if (gathering.isOver) return;
        shards[index] = content.digest;
        if (gathering.look(item) === 'over') return;
      }
      shards[index] = '-';
    }
  };
  const workers = Array.from({ length: SHARDS_AT_ONCE }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    // The others leave at their next step.
    gathering.stop();
    await Promise.allSettled(workers);
    throw error;
  }
  gathering.position = { at: 'contents', shards };
}

/** What stands in a bucket that can't be looked into stays there. */
function passedOver({ bucket, error }: ClosedBucket): PlanItem {
  const { failure: why, remedy } = requireFailure(error);
  return { action: 'unknown', subject: `s3://${bucket}`, why, ...(remedy !== undefined && { remedy }) };
}
