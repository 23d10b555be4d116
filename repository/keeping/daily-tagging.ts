import { only } from '../ahead.ts';
import { sharesToTag } from '../sharing/follow.ts';
import { reaching } from '../sharing/reach.ts';
import { tagVersions, versionsOfRepository } from '../sharing/tagging.ts';
import type { DueTask } from './due-task.ts';
import type { Keeping } from './keeping.ts';

/** Tags the content of what is shared, as far as nobody did when it was published. */
const DAILY_TAGGING: DueTask = {
  task: 'tag',
  notedSteps: 500,
  begin: (keeping, after) => {
    const tally = { looked: 0, tagged: 0 };
    return { steps: steps(keeping, after, tally), tally: () => ({ ...tally }) };
  },
};

/** Where anything is shared, and a store has tags. */
export async function taggingOf({ domain }: Keeping): Promise<readonly DueTask[]> {
  if (domain.store.setTag === undefined) return [];
  try {
    return (await sharesToTag(domain.store)).length > 0 ? [DAILY_TAGGING] : [];
  } catch {
    // Whatever it is, it is in the way of nothing else that is due: `doctor` tells it.
    return [];
  }
}

async function* steps(
  { domain }: Keeping,
  after: string | undefined,
  tally: { looked: number; tagged: number },
): AsyncGenerator<{ readonly after: string }> {
  const shares = await sharesToTag(domain.store);
  const repositories = [...new Set(shares.map(({ repository }) => repository))].toSorted();
  const begun = after?.split('/')[1] ?? '';
  for (const repository of repositories.filter((one) => one >= begun)) {
    const from = repository === begun ? after : undefined;
    for await (const { key, ...name } of versionsOfRepository(domain, repository, from)) {
      // What is no longer shared was seen to when that was decided.
      if (reaching(shares, name).length === 0) continue;
      for await (const { tagged } of tagVersions(domain, shares, only(name))) tally.tagged += tagged;
      tally.looked += 1;
      yield { after: key };
    }
  }
}
