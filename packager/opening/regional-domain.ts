import type { Domain, DomainPlace } from '../../repository/index.ts';
import {
  ArtifactError,
  findDomain,
  hasCode,
  ownKeeper,
  parseArn,
  requireAt,
  samePlace,
} from '../../repository/index.ts';
import { domainBucket } from '../../repository/domain.ts';
import { isBlobKey, parseBlobKey } from '../../repository/keys.ts';
import type { ObjectKey, ObjectStore } from '../../repository/index.ts';
import type { RegionalDomain, Stored } from '../packaging/destination.ts';
import { CHANCE } from '../chance.ts';
import { whereOf } from './home.ts';
import type { Elsewhere } from './opening.ts';
import { bring } from './replication.ts';

/** The domain of the caller's account in another region, as it is kept there: it fetches, and it can be looked into as far as that is allowed. */
export function regionalDomain(elsewhere: Elsewhere, home: Domain, region: string): RegionalDomain {
  const place = { partition: elsewhere.partitionOf(region), account: elsewhere.account, region };
  const bucket = domainBucket(place);
  const urlOf = elsewhere.urlOf(region);
  const isAtHome = ({ arn = '' }: Stored): boolean => samePlace(parseArn(arn), place);
  /** But for the object's version, which each bucket has its own of. */
  const there = ({ arn, digest, size, resolvedFrom, id, version }: Stored, key: string): Omit<Stored, 'outcome'> => ({
    ...{ partition: place.partition, bucket, key, url: urlOf(bucket, key), digest, size },
    ...(arn !== undefined && { arn }),
    ...(resolvedFrom !== undefined && { resolvedFrom }),
    ...(id !== undefined && { id }),
    ...(version !== undefined && { version }),
  });
  return {
    region,
    bucket,
    async check() {
      requireReachable(home, place);
      await requireDomain(await elsewhere.storeOf(place), { ...place, bucket });
    },
    async bring(stored, withVersion) {
      const { arn = '' } = stored;
      const { filename } = blobIn(stored);
      const name = stored.id === undefined ? arn : `${stored.id}:${stored.version ?? ''}`.replace(/:$/, '');
      const found = isAtHome(stored)
        ? { key: stored.key, arrival: 'reused' as const }
        : await bring(elsewhere, { name, arn, filename }, place);
      const head = withVersion ? await (await elsewhere.storeOf(place)).head(found.key as ObjectKey) : undefined;
      const outcome = found.arrival === 'reused' ? 'reused' : 'copied';
      return {
        ...there(stored, found.key),
        outcome,
        ...(head?.version !== undefined && { objectVersion: head.version }),
      };
    },
    async plan(stored) {
      const { key } = blobIn(stored);
      try {
        const head = await (await elsewhere.storeOf(place)).head(key);
        return head && { ...there(stored, key), outcome: 'reused' };
      } catch (error) {
        // Whoever publishes need not be allowed to look there: the keeper there knows.
        if (hasCode(error, 'ACCESS_DENIED')) return undefined;
        throw error;
      }
    },
  };
}

/** Under its key in every domain, whatever bucket it has at home. */
function blobIn({ key }: Stored): { readonly key: ObjectKey; readonly filename: string } {
  if (!isBlobKey(key)) throw new TypeError(`'${key}' is no content`);
  return { key: key as ObjectKey, filename: parseBlobKey(key).filename };
}

/** @throws ArtifactError INVALID_ARGUMENT: nothing is fetched from another partition */
function requireReachable(home: DomainPlace, { partition, region }: DomainPlace): void {
  if (partition === home.partition) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${region}' is in the partition ${partition}, and nobody there can fetch from ${home.region} in ${home.partition}`,
    {
      remedy:
        "Make a bundle here ('cfn-artifacts bundle create') and publish it with credentials of there ('cfn-artifacts bundle publish').",
    },
  );
}

/**
 * As far as whoever packages may look there: a refusal says nothing of the domain, and its keeper will.
 * @throws ArtifactError DOMAIN_NOT_FOUND, WRONG_OWNER, UNSUPPORTED_FORMAT, INVALID_CONFIGURATION
 */
async function requireDomain(store: ObjectStore, place: DomainPlace & { readonly bucket: string }): Promise<void> {
  try {
    const domain = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
    if (domain === undefined) throw noDomain(place);
    requireAt(domain, place);
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return;
    throw hasCode(error, 'BUCKET_NOT_FOUND') ? noDomain(place, error) : error;
  }
}

function noDomain(place: DomainPlace, cause?: unknown): ArtifactError {
  return new ArtifactError('DOMAIN_NOT_FOUND', `${whereOf(place)} has no domain`, {
    remedy: `'cfn-artifacts bootstrap --region ${place.region}' makes it.`,
    cause,
  });
}
