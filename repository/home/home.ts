import type { DomainPlace } from '../arn.ts';
import type { Chance } from '../chance.ts';
import { ownKeeper } from '../deletion.ts';
import type { Domain } from '../domain.ts';
import { findDomain, placeOf, requireAt } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { ObjectStore } from '../object-store.ts';

/** Other domains' buckets, with the rights of whoever fetches. */
export interface Homes {
  /** The bucket of a domain; whose it must be is its account. */
  domain(place: DomainPlace): Promise<{ readonly bucket: string; readonly store: ObjectStore }>;
  /** The bucket that a repository of that domain keeps its content in. */
  content(place: DomainPlace, bucket: string, owner: string): Promise<ObjectStore>;
}

/**
 * The domain that an ARN names, by its account and region alone; its descriptor says the rest.
 * @param subject what is at home there
 * @throws ArtifactError DOMAIN_NOT_FOUND, UNSUPPORTED_FORMAT, and as `atHome` does
 */
export function openHome(homes: Homes, place: DomainPlace, subject: string, chance: Chance): Promise<Domain> {
  return atHome(place, subject, async () => {
    const { bucket, store } = await homes.domain(place);
    const domain = await findDomain({ store, keeper: ownKeeper(store), chance });
    if (domain === undefined) {
      throw new ArtifactError('DOMAIN_NOT_FOUND', `the bucket '${bucket}' is no domain of artifacts yet`, {
        remedy: `Run 'cfn-artifacts bootstrap --region ${place.region}' in account ${place.account}.`,
      });
    }
    requireAt(domain, { ...placeOf(place), bucket });
    return domain;
  });
}

/**
 * What is asked of another domain. Failures of its store say whose they are.
 * @throws ArtifactError STORE_UNAVAILABLE where it does not answer; ACCESS_DENIED, WRONG_OWNER; BUCKET_NOT_FOUND becomes DOMAIN_NOT_FOUND; all else as it is
 */
export async function atHome<T>(place: DomainPlace, subject: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof ArtifactError ? tellWhere(error, place, subject) : error;
  }
}

function tellWhere(error: ArtifactError, place: DomainPlace, subject: string): ArtifactError {
  const { account, region } = place;
  const home = `the home of '${subject}' (account ${account}, ${region})`;
  const told = (code: typeof error.code, what: string, remedy: string): ArtifactError =>
    new ArtifactError(code, `${home} ${what}: ${error.message}`, { remedy, cause: error });
  if (hasCode(error, 'STORE_UNAVAILABLE'))
    return told('STORE_UNAVAILABLE', 'does not answer', 'Try again. Once the content is here, nothing is asked of it.');
  if (hasCode(error, 'BUCKET_NOT_FOUND'))
    return told('DOMAIN_NOT_FOUND', 'is not there', "Is the ARN right? 'cfn-artifacts bootstrap' makes a domain.");
  if (hasCode(error, 'ACCESS_DENIED')) {
    const share = `cfn-artifacts share ${repositoryOf(subject)} --with ACCOUNT`;
    return told('ACCESS_DENIED', 'lets nobody here read it', `Share it there: ${share}`);
  }
  if (hasCode(error, 'CONTENT_MISSING', 'ARTIFACT_NOT_FOUND'))
    return told(error.code, 'says', error.remedy ?? 'Publish it there again.');
  if (hasCode(error, 'UNSUPPORTED_FORMAT')) {
    const update = "If it is newer than this one: update the keeper here with 'cfn-artifacts bootstrap'.";
    return told('UNSUPPORTED_FORMAT', 'is not understood', update);
  }
  if (!hasCode(error, 'WRONG_OWNER')) return error;
  const remedy = 'Somebody else has taken the name of its bucket: nothing of that was read.';
  return told('WRONG_OWNER', `has a bucket that does not belong to account ${account}`, remedy);
}

/** Of an ARN: `repository/id`, as far as it can be told. */
function repositoryOf(subject: string): string {
  return /^arn:[^:]*:artifacts:[^:]*:[^:]*:([^:#@]+)/.exec(subject)?.[1] ?? 'REPOSITORY';
}
