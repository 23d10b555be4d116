import path from 'node:path';
import { ArtifactError, formatArn, parseArn, resolve } from '../../repository/index.ts';
import { domainBucket } from '../../repository/domain.ts';
import { blobKey } from '../../repository/keys.ts';
import type { Domain } from '../../repository/index.ts';
import { CacheFiles } from '../archive/cache-files.ts';
import { cacheFolder } from '../cache-folder.ts';
import type { Destination } from '../packaging/destination.ts';
import { DomainDestination } from '../packaging/domain-destination.ts';
import type { DomainDestinationOptions, FromElsewhere } from '../packaging/domain-destination.ts';
import { provenanceOnce } from '../provenance.ts';
import { sourceMemory } from '../source-memory.ts';
import { openBucketDomain } from './open-bucket.ts';
import { openDirectory } from './open-directory.ts';
import { openPlainBucket } from './open-plain-bucket.ts';
import type { DestinationOptions, OpenDomain, OpenOptions, Purpose } from './opening.ts';
import { regionalDomain } from './regional-domain.ts';
import { bring, requireFindable } from './replication.ts';
import type { Surroundings } from './surroundings.ts';

/** The domain that somebody is told to work in, or the account's own. */
export async function openDomain(
  options: OpenOptions,
  purpose: Purpose,
  surroundings: Surroundings,
): Promise<OpenDomain> {
  const { domain } = options;
  if (domain?.kind === 'directory') {
    return openDirectory(path.resolve(surroundings.cwd, domain.directory), purpose, domain.directory);
  }
  requireNoPrefix(domain);
  return openBucketDomain(options, domain?.bucket, purpose, surroundings);
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function requireNoPrefix(domain: OpenOptions['domain']): void {
  if (domain?.kind !== 's3' || domain.prefix === undefined) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `a domain has no prefix in its bucket: 's3://${domain.bucket}/${domain.prefix}'`,
    {
      remedy:
        'The keys in a template must be the same in every domain. For plain uploads use --s3-bucket with --s3-prefix.',
    },
  );
}

/**
 * Where `package` puts things: a plain bucket if one is named, else a domain.
 * @param root of the project, of whose commit new versions are told; `undefined` where the sources are elsewhere
 */
export async function openDestination(
  options: DestinationOptions,
  root: string | undefined,
  surroundings: Surroundings,
): Promise<Destination> {
  if (options.s3Bucket !== undefined || options.resolveS3) return openPlainBucket(options, surroundings);
  const { repository, metadata, dryRun } = options;
  const opened = await openDomain(options, dryRun ? 'plan' : 'write', surroundings);
  const { urlOf, caller, announce } = opened;
  const domain = remembering(opened.domain, options, surroundings);
  const by = caller === undefined ? {} : { by: caller };
  return new DomainDestination(domain, repository, urlOf, {
    announce,
    provenance: provenanceOnce({ env: surroundings.env, ...(root !== undefined && { root }), ...by }),
    ...(metadata !== undefined && { metadata }),
    ...fetcherOf(opened, options, surroundings),
    ...(options.regions !== undefined && regionsOf(opened, domain)),
  });
}

/** The domains of other regions, which fetch from this one. */
function regionsOf(opened: OpenDomain, domain: Domain): Pick<DomainDestinationOptions, 'inRegion'> {
  const elsewhere = requireFindable(opened);
  return { inRegion: (region) => regionalDomain(elsewhere, domain, region) };
}

/** With what this machine knows of earlier runs; a directory is asked as quickly. */
function remembering(domain: Domain, options: DestinationOptions, { env }: Surroundings): Domain {
  const folder = options.domain?.kind === 'directory' ? undefined : cacheFolder(env);
  return folder === undefined ? domain : { ...domain, sources: sourceMemory(new CacheFiles(folder), domain) };
}

/** For ARNs that a template names and that are at home elsewhere: to be spread, without a member where others are not found from here. */
function fetcherOf(
  { domain, elsewhere }: OpenDomain,
  options: DestinationOptions,
  surroundings: Surroundings,
): Pick<DomainDestinationOptions, 'fetch'> {
  if (elsewhere === undefined || domain.bucket !== domainBucket(domain)) return {};
  return {
    fetch: async (arn) => {
      if (options.dryRun) return lookAtHome(arn, options, surroundings);
      const { arrival, ...found } = await bring(elsewhere, { name: arn, arn }, domain);
      return { ...found, outcome: arrival === 'reused' ? 'reused' : 'copied' };
    },
  };
}

async function lookAtHome(
  arn: string,
  options: DestinationOptions,
  surroundings: Surroundings,
): Promise<FromElsewhere> {
  const { partition, account, region } = parseArn(arn);
  const { domain } = await openDomain(
    { ...options, home: { arn, place: { partition, account, region } } },
    'read',
    surroundings,
  );
  const found = await resolve(domain, arn);
  const { digest, filename, size } = found;
  return { arn: formatArn(found.arn), key: blobKey(digest, filename), digest, size, outcome: 'planned' };
}

/** What a run writes to on this machine for its domain, and therefore never packages. */
export function domainFolders({ domain }: Pick<OpenOptions, 'domain'>, cwd: string): readonly string[] {
  return domain?.kind === 'directory' ? [path.resolve(cwd, domain.directory)] : [];
}
