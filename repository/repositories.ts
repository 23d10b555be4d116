import { expandAhead } from './ahead.ts';
import { noteOwnBucket } from './contents.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { kindPrefix, settingsKey } from './keys.ts';
import { DEFAULT_REPOSITORY } from './name.ts';
import { nearest } from './nearest.ts';
import type { ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { salvageSettings } from './salvage.ts';
import type { ReadBefore, RepositoryNotes, RepositoryRecord, Settings } from './settings.ts';
import type { Unreadable } from './unreadable.ts';
import { readable } from './unreadable.ts';
import { listConfigured, NO_SETTINGS, notesIn, readSettings, settingsIn, writeRepository } from './settings.ts';

/** A repository, and what is set for it. */
export interface Repository extends Settings, RepositoryNotes {
  readonly repository: string;
}

/** Where something comes from that is to come into a repository. */
export type Origin = 'publish' | { readonly promotedFrom: string; readonly hasEvidence: boolean };

/** So many records are read at once, and so many names looked through for one that is near. */
const AHEAD = 16;
const NAMES = 1000;

/**
 * The bucket in which a repository has its content, for who is about to put something there. One request, and none of `default`, which has none, or where there can be none.
 * @returns `undefined`: the domain's
 */
export async function bucketOf({ store }: Pick<Domain, 'store'>, repository: string): Promise<string | undefined> {
  if (repository === DEFAULT_REPOSITORY || store.openBucket === undefined) return undefined;
  return (await readSettings(store, repository))?.value.bucket;
}

/**
 * Makes a repository, unless there is one of that name. One that somebody has begun to delete becomes one again: whoever deletes it finds that out before
 * its record goes.
 * @param bucket in which it is to have its content, of which everything is known to be right
 * @returns `exists`: with its own settings, which are not looked at
 * @throws ArtifactError CONTENTION
 */
export async function createRepository(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  settings: Settings,
  bucket?: string,
): Promise<'created' | 'exists' | 'restored'> {
  const before = await readSettings(domain.store, repository);
  if (before === undefined && repository !== DEFAULT_REPOSITORY) {
    if (bucket !== undefined) await noteOwnBucket(domain.store, bucket, repository);
    const notes = bucket === undefined ? {} : { bucket };
    if (await writeRepository(domain, repository, settings, notes, undefined)) return 'created';
    return 'exists';
  }
  if (before?.value.deletingSince === undefined) return 'exists';
  await writeSettings(domain, repository, before.value, { ...before, value: withoutDeletion(before.value) });
  return 'restored';
}

/** A repository's notes as they were before somebody began to delete it. */
export function withoutDeletion(notes: RepositoryNotes): RepositoryNotes {
  const { deletingSince, ...others } = notesIn(notes);
  return deletingSince === undefined ? notes : others;
}

/**
 * Gives a repository other settings, in the place of those that were read.
 * @param before `undefined`: of `default`, for which nothing was ever set
 * @throws ArtifactError REPOSITORY_NOT_FOUND where there is none, or it is being deleted; CONTENTION where somebody else has changed it since it was read
 */
export async function updateRepository(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  settings: Settings,
  before: Stored<RepositoryRecord> | undefined,
): Promise<void> {
  if (before === undefined ? repository !== DEFAULT_REPOSITORY : before.value.deletingSince !== undefined)
    throw await repositoryNotFound(domain.store, repository, before?.value);
  await writeSettings(domain, repository, settings, before);
}

/**
 * Gives a repository settings. What is noted of it stays: of what can't be read, as much as is understood.
 * @throws ArtifactError CONTENTION where somebody else has changed it since, UNSUPPORTED_FORMAT where a newer version has written it; TypeError for settings with problems
 */
export async function writeSettings(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  settings: Settings,
  before: ReadBefore | undefined,
): Promise<void> {
  const notes =
    before === undefined ? {} : (before.value ?? (await salvageSettings(domain.store, repository))?.notes ?? {});
  if (await writeRepository(domain, repository, settings, notes, before)) return;
  throw new ArtifactError('CONTENTION', `the settings of '${repository}' were changed by somebody else just now`, {
    remedy: `Look at them with 'cfn-artifacts repository show ${repository}', then try again.`,
  });
}

/**
 * By name, `default` always among them.
 * @param unreadable told of those whose record can't be read, which are left out
 * @throws ArtifactError UNSUPPORTED_FORMAT where one's record can't be read, and nobody is to be told
 */
export async function* listRepositories(
  { store }: Pick<Domain, 'store'>,
  unreadable?: Unreadable,
): AsyncGenerator<Repository> {
  yield* expandAhead(withDefault(listConfigured(store)), AHEAD, async function* (repository) {
    const found = await readable(unreadable, async () => ({ record: await readSettings(store, repository) }));
    // Gone since it was listed, or told.
    if (found === undefined || (found.record === undefined && repository !== DEFAULT_REPOSITORY)) return;
    yield told(repository, found.record?.value);
  });
}

async function* withDefault(names: AsyncIterable<string>): AsyncGenerator<string> {
  let isToCome = true;
  for await (const name of names) {
    if (isToCome && name >= DEFAULT_REPOSITORY) {
      isToCome = false;
      yield DEFAULT_REPOSITORY;
    }
    if (name !== DEFAULT_REPOSITORY) yield name;
  }
  if (isToCome) yield DEFAULT_REPOSITORY;
}

/**
 * What is set for a repository.
 * @returns the record beside it, as it was read: what an update replaces
 * @throws ArtifactError REPOSITORY_NOT_FOUND
 */
export async function readRepository(
  { store }: Pick<Domain, 'store'>,
  repository: string,
): Promise<{ readonly repository: Repository; readonly record: Stored<RepositoryRecord> | undefined }> {
  const record = await readSettings(store, repository);
  if (record === undefined && repository !== DEFAULT_REPOSITORY) throw await repositoryNotFound(store, repository);
  return { repository: told(repository, record?.value), record };
}

function told(repository: string, record: RepositoryRecord | undefined): Repository {
  if (record === undefined) return { repository, ...NO_SETTINGS };
  return { repository, ...settingsIn(record), ...notesIn(record) };
}

/**
 * Asked before something comes into a repository, once for all of it. `default` is there always, others when somebody has made them.
 * @throws ArtifactError REPOSITORY_NOT_FOUND; ORIGIN_REFUSED where the repository does not take what comes from there
 */
export async function requireRepository(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  origin: Origin,
): Promise<void> {
  const record = (await readSettings(store, repository))?.value;
  if (record === undefined && repository === DEFAULT_REPOSITORY) return;
  if (record === undefined || record.deletingSince !== undefined)
    throw await repositoryNotFound(store, repository, record);
  const why = refusalOf(record, origin);
  if (why === undefined) return;
  throw new ArtifactError('ORIGIN_REFUSED', `'${repository}' ${why}`, {
    remedy: `'cfn-artifacts promote' names in it what another repository has, with --evidence FILE|URL where that is wanted; 'cfn-artifacts repository show ${repository}' tells what it takes.`,
  });
}

function refusalOf({ acceptsFrom, requiresEvidence }: Settings, origin: Origin): string | undefined {
  const from = acceptsFrom === undefined ? undefined : acceptsFrom.map((name) => `'${name}'`).join(', ');
  if (from !== undefined && origin === 'publish') return `takes only what is promoted from ${from}`;
  if (from !== undefined && origin !== 'publish' && acceptsFrom?.includes(origin.promotedFrom) === false)
    return `takes only what is promoted from ${from}, and nothing from '${origin.promotedFrom}'`;
  if (requiresEvidence !== true) return undefined;
  if (origin === 'publish') return 'takes only what is promoted with evidence';
  return origin.hasEvidence ? undefined : 'takes only what is promoted with evidence, and none is given';
}

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

/** Names the one that was meant, if there is one nearly of that name. */
export async function repositoryNotFound(
  store: ObjectStore,
  repository: string,
  record?: Pick<RepositoryRecord, 'deletingSince'>,
): Promise<ArtifactError> {
  if (record?.deletingSince !== undefined) {
    return new ArtifactError('REPOSITORY_NOT_FOUND', `the repository '${repository}' is being deleted`, {
      remedy: `'cfn-artifacts repository delete ${repository}' goes on with that if nobody does; 'cfn-artifacts repository create ${repository}' takes it back.`,
    });
  }
  const meant = await nearRepository(store, repository);
  const make = `Make it with 'cfn-artifacts repository create ${repository}'`;
  return new ArtifactError('REPOSITORY_NOT_FOUND', `there is no repository '${repository}'`, {
    remedy: meant === undefined ? `${make}.` : `Did you mean '${meant}'? ${make}, if not.`,
  });
}

/** The repository that was probably meant. `undefined`: there is one of that name, or none that is near. */
export async function nearRepository(store: ObjectStore, repository: string): Promise<string | undefined> {
  const names = [DEFAULT_REPOSITORY];
  for await (const name of listConfigured(store)) {
    if (names.push(name) > NAMES) break;
  }
  const meant = nearest(repository, names);
  return meant === repository ? undefined : meant;
}
