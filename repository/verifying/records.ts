import type { Domain } from '../domain.ts';
import { readEndingOf } from '../ending.ts';
import { EVERY_ENDING, EVERY_REPOSITORY, kindPrefix, parseEndingKey, settingsKey } from '../keys.ts';
import { DEFAULT_REPOSITORY, isRepository } from '../name.ts';
import type { ListedObject } from '../object-store.ts';
import { repositoryNotFound } from '../repositories.ts';
import { readSettings } from '../settings.ts';
import { foreign } from './finding.ts';
import type { Pass } from './verifying.ts';
import { listAfter } from './verifying.ts';

/** What is set for repositories: that it can be read. Nothing is collected by rules that can't. */
export const settings: Pass<ListedObject> = {
  ahead: 8,
  async *items({ domain, repository }, after) {
    const only = repository === undefined ? undefined : settingsKey(repository);
    for await (const object of listAfter(domain.store, only ?? EVERY_REPOSITORY, after)) {
      if (only === undefined || object.key === only) yield object;
    }
  },
  async examine({ domain }, { key }) {
    const repository = key.slice(EVERY_REPOSITORY.length);
    if (!isRepository(repository)) return [foreign(key)];
    await readSettings(domain.store, repository);
    return [];
  },
};

/** That a Delete of CloudFormation's has been here: that it can be read. One that can't hinders every binding of its resource. */
export const endings: Pass<ListedObject> = {
  ahead: 16,
  items: ({ domain }, after) => listAfter(domain.store, EVERY_ENDING, after),
  async examine({ domain }, { key }) {
    const ending = parseEndingKey(key);
    if (ending === undefined) return [foreign(key)];
    await readEndingOf(domain.store, ending.resource, ending.of);
    return [];
  },
};

const KINDS = ['versions', 'sources', 'labels', 'bookmarks', 'statuses'] as const;

/**
 * Whoever misspells a repository hears of it, and not that all is well. `default` is always there, and one that is no more may have left something.
 * @throws ArtifactError REPOSITORY_NOT_FOUND
 */
export async function requireTraces({ store }: Pick<Domain, 'store'>, repository: string): Promise<void> {
  if (repository === DEFAULT_REPOSITORY) return;
  for (const kind of KINDS) {
    for await (const _ of store.list(kindPrefix(kind, repository), { limit: 1 })) return;
  }
  if ((await store.head(settingsKey(repository))) !== undefined) return;
  throw await repositoryNotFound(store, repository);
}
