import type { DomainPlace, KeeperCommand } from '../../repository/index.ts';
import { ArtifactError, hasCode, runToEnd, samePlace } from '../../repository/index.ts';
import { domainBucket } from '../../repository/domain.ts';
import type { Fetched } from '../../repository/home/away.ts';
import { CHANCE } from '../chance.ts';
import { whereOf } from './home.ts';
import type { Elsewhere, OpenDomain } from './opening.ts';

/** Bringing what is at home in one domain to others, before anybody needs it there: their keepers fetch it. */

/** A domain, as people name it. */
export interface Target {
  readonly region: string;
  /** Absent: that of whoever asks. */
  readonly account?: string;
}

/** Each once, however it was named. */
export function placesOf(targets: readonly Target[], { account, partitionOf }: Elsewhere): readonly DomainPlace[] {
  const places = targets.map((target): DomainPlace => {
    return { partition: partitionOf(target.region), region: target.region, account: target.account ?? account };
  });
  return places.filter((place, index) => places.findIndex((one) => samePlace(one, place)) === index);
}

/**
 * A domain whose artifacts others can find.
 * @throws ArtifactError INVALID_ARGUMENT where nobody finds the domain by an ARN
 */
export function requireFindable({ domain, elsewhere }: OpenDomain): Elsewhere {
  if (elsewhere !== undefined && domain.bucket === domainBucket(domain)) return elsewhere;
  const what = elsewhere === undefined ? 'in a directory' : `in the bucket '${domain.bucket}'`;
  throw new ArtifactError('INVALID_ARGUMENT', `no other domain finds what is at home ${what}`, {
    remedy:
      elsewhere === undefined
        ? "Carry it over: 'cfn-artifacts bundle create', then 'cfn-artifacts bundle publish --domain …'."
        : `An ARN of it names the bucket '${domainBucket(domain)}': publish into the domain of the account, without --domain.`,
  });
}

/** Content, as it is brought anywhere. */
export interface Replicable {
  /** As people call it. */
  readonly name: string;
  /** Definite, or of content by its digest alone. */
  readonly arn: string;
  readonly filename: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Has the keeper of a domain bring it there, if it is not there yet.
 * @throws ArtifactError which tells what could not be brought where; DOMAIN_NOT_FOUND where there is no keeper that does so
 */
export async function bring(
  { askToFetch, account }: Elsewhere,
  { name, arn, filename }: Pick<Replicable, 'name' | 'arn'> & Partial<Pick<Replicable, 'filename'>>,
  place: DomainPlace,
): Promise<Fetched> {
  const results: object[] = [];
  try {
    const command: KeeperCommand = { command: 'fetch', arn, ...(filename !== undefined && { filename }) };
    for await (const piece of runToEnd(askToFetch(place), command, CHANCE)) results.push(...piece.results);
  } catch (error) {
    throw notBrought(error, name, place, account);
  }
  const [fetched] = results;
  if (fetched === undefined) throw new TypeError("the keeper answered nothing to 'fetch'");
  return fetched as Fetched;
}

function notBrought(error: unknown, name: string, place: DomainPlace, caller: string): unknown {
  if (!(error instanceof ArtifactError) || hasCode(error, 'INTERRUPTED')) return error;
  if (hasCode(error.cause, 'ResourceNotFoundException')) return noKeeper(error, place, caller);
  const { code, message, remedy } = error;
  return new ArtifactError(code, `'${name}' could not be brought to ${whereOf(place)}: ${message}`, {
    ...(remedy !== undefined && { remedy }),
    cause: error,
  });
}

function noKeeper(cause: ArtifactError, place: DomainPlace, caller: string): ArtifactError {
  const { account, region } = place;
  const whose = account === caller ? '' : ` with credentials of account ${account}`;
  return new ArtifactError('DOMAIN_NOT_FOUND', `${whereOf(place)} has no domain that could fetch anything`, {
    remedy: `'cfn-artifacts bootstrap --region ${region}'${whose} makes it, or brings an older one up to date.`,
    cause,
  });
}
