import { readEndingOf } from '../ending.ts';
import { EVERY_ENDING, EVERY_REPOSITORY, kindPrefix, ownBucketOfKey, parseEndingKey, settingsKey } from '../keys.ts';
import { DEFAULT_REPOSITORY, isRepository } from '../name.ts';
import type { ListedObject, ObjectKey, ObjectStore } from '../object-store.ts';
import { objectKey } from '../object-store.ts';
import { readSettings } from '../settings.ts';
import { firstVersion } from '../version.ts';
import { foreign } from './finding.ts';
import type { Pass } from './verifying.ts';
import { arnOf, listAfter } from './verifying.ts';

interface Keyed {
  readonly key: ObjectKey;
}

/**
 * What is set for repositories: that it can be read. Nothing is collected by rules that can't. And that there is a repository where versions are: who had looked before it was
 * deleted may have published one after that.
 */
export const settings: Pass<Keyed> = {
  ahead: 8,
  async *items({ domain, repository }, after) {
    const only = repository === undefined ? undefined : settingsKey(repository);
    const holding = repository === undefined ? await repositoriesWithVersions(domain.store) : [repository];
    const keys = holding.map((name) => settingsKey(name)).filter((key) => key > after);
    for await (const { key } of listAfter(domain.store, only ?? EVERY_REPOSITORY, after)) {
      if (only !== undefined && key !== only) continue;
      while (keys[0] !== undefined && keys[0] < key) yield { key: keys.shift() as ObjectKey };
      if (keys[0] === key) keys.shift();
      yield { key };
    }
    for (const key of keys) yield { key };
  },
  async examine({ domain }, { key }) {
    const repository = key.slice(EVERY_REPOSITORY.length);
    // Of the buckets that repositories have: its key says all, and without one it is only a bucket more to look into.
    if (ownBucketOfKey(key) !== undefined) return [];
    if (!isRepository(repository)) return [foreign(key)];
    const record = await readSettings(domain.store, repository);
    if (record !== undefined || repository === DEFAULT_REPOSITORY) return [];
    const version = await firstVersion(domain, repository);
    if (version === undefined) return [];
    const remedy = `'cfn-artifacts repository create ${repository}' makes it again; then 'cfn-artifacts repository delete ${repository}' deletes it with its versions, if they are to go.`;
    const why = `is missing, and there are versions in the repository '${repository}': they came while it was deleted`;
    return [{ finding: { kind: 'missing', key, arns: [arnOf(domain, version)], why, remedy } }];
  },
};

/** Ascending. One request for each. */
async function repositoriesWithVersions(store: ObjectStore): Promise<readonly string[]> {
  const names: string[] = [];
  for (let after: ObjectKey | undefined; ;) {
    let found: string | undefined;
    for await (const { key } of store.list(EVERY_VERSION, { limit: 1, ...(after !== undefined && { after }) }))
      found = key.slice(EVERY_VERSION.length).split('/')[0];
    if (found === undefined) return names.sort();
    if (isRepository(found)) names.push(found);
    // `0` is what comes after `/`.
    after = objectKey(`${EVERY_VERSION}${found}0`);
  }
}

const EVERY_VERSION = kindPrefix('versions');

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
