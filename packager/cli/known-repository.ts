import type { Domain } from '../../repository/index.ts';
import { listArtifacts } from '../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../repository/name.ts';
import { nearest } from '../../repository/nearest.ts';
import { repositoryNotFound } from '../../repository/repositories.ts';
import { listConfigured } from '../../repository/settings.ts';
import type { Warning } from '../event.ts';

/**
 * What was found in a repository. Where that is nothing, it may be a repository that nobody made, which a listing of names tells: whoever may look
 * around may list them.
 * @throws ArtifactError REPOSITORY_NOT_FOUND, behind the last of nothing
 */
export async function* foundIn<T>(
  domain: Domain,
  repository: string,
  found: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  let isAny = false;
  for await (const one of found) {
    isAny = true;
    yield one;
  }
  if (!isAny) await requireKnown(domain, repository);
}

/** @throws ArtifactError REPOSITORY_NOT_FOUND, with the name that is near */
export async function requireKnown(domain: Domain, repository: string): Promise<void> {
  if ((await namesIn(domain)).includes(repository)) return;
  // What came into it before repositories were made is there all the same.
  for await (const _ of listArtifacts(domain, repository)) return;
  throw await repositoryNotFound(domain.store, repository);
}

/**
 * Artifacts are shown with their repository, so it is typed before a prefix as well: then nothing is found in another one.
 * @param command that had nothing to tell, up to its prefix
 * @param flags as placeFlags gives them
 * @returns what to type instead; `undefined` where no repository is called so
 */
export async function adviceOnPrefix(
  domain: Pick<Domain, 'store'>,
  prefix: string | undefined,
  command: string,
  flags: string,
): Promise<string | undefined> {
  const [repository = '', ...below] = (prefix ?? '').split('/');
  if (repository === '' || !(await namesIn(domain)).includes(repository)) return undefined;
  const rest = below.join('/');
  return `'${repository}' is a repository: 'cfn-artifacts ${command}${rest === '' ? '' : ` ${rest}`} --repository ${repository}${flags}'`;
}

/** Repositories may name others that are still to be made, and mistyped ones. */
export async function unknownAmong(domain: Domain, repositories: readonly string[]): Promise<readonly Warning[]> {
  const known = repositories.length === 0 ? [] : await namesIn(domain);
  return repositories
    .filter((repository) => !known.includes(repository))
    .map((repository) => {
      const meant = nearest(repository, known);
      return {
        code: 'unknown-repository',
        message: `there is no repository '${repository}' to accept from`,
        remedy: meant === undefined ? 'Nothing comes from it until it is made.' : `Did you mean '${meant}'?`,
      };
    });
}

async function namesIn({ store }: Pick<Domain, 'store'>): Promise<readonly string[]> {
  const names = [DEFAULT_REPOSITORY];
  for await (const name of listConfigured(store)) names.push(name);
  return names;
}
