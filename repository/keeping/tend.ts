import { DAILY_AUDIT } from './daily-audit.ts';
import { dailyCollection } from './daily-collection.ts';
import { taggingOf } from './daily-tagging.ts';
import type { DueTask, Tended } from './due-task.ts';
import { tendTask } from './due-task.ts';
import { followingOf } from './hourly-following.ts';
import { tellingOf } from './hourly-telling.ts';
import type { Keeping, Schedule } from './keeping.ts';

const USUAL_SCHEDULE: Schedule = { audit: 'daily', collect: 'off' };

/**
 * One piece of what is due: the audit first, because it frees what a collection then finds; each goes on where it is unfinished. One that fails does not keep the
 * other from its turn.
 * @returns one result for each that was due
 * @throws what the first of them that failed did
 */
export async function tend(keeping: Keeping): Promise<readonly Tended[]> {
  const results: Tended[] = [];
  const failures: unknown[] = [];
  const others = [...tellingOf(keeping), ...(await followingOf(keeping)), ...(await taggingOf(keeping))];
  for (const task of [...others, ...tasksOf(keeping.schedule ?? USUAL_SCHEDULE)]) {
    try {
      const tended = await tendTask(keeping, task);
      if (tended !== undefined) results.push(tended);
    } catch (error) {
      failures.push(error);
    }
    if (keeping.isTimeUp()) break;
  }
  if (failures.length > 0) throw failures[0];
  return results;
}

function tasksOf({ audit, collect }: Schedule): readonly DueTask[] {
  return [...(audit === 'daily' ? [DAILY_AUDIT] : []), ...(collect === 'off' ? [] : [dailyCollection(collect)])];
}
