import path from 'node:path';
import { ArtifactError, formatArn, parseArn, resolve } from '../../repository/index.ts';
import { domainBucket } from '../../repository/domain.ts';
import { blobKey } from '../../repository/keys.ts';
import type { Domain } from '../../repository/index.ts';
import { CacheFiles } from '../archive/cache-files.ts';
import { cacheFolder } from '../cache-folder.ts';
import { domainDestination } from '../packaging/destination.ts';
import type { Destination, FromElsewhere, Told } from '../packaging/destination.ts';
import { provenanceOnce } from '../provenance.ts';
import { sourceMemory } from '../source-memory.ts';
import type { BootstrapTools } from './bootstrap-tools.ts';
import { TOOLS } from './bootstrap-tools.ts';
import { openBucketDomain } from '../opening/open-bucket.ts';
import { openDirectory } from '../opening/open-directory.ts';
import { openPlainBucket } from '../opening/open-plain-bucket.ts';
import type { OpenDomain, OpenOptions, Purpose } from '../opening/opening.ts';
import type { DomainOptions, PackageOptions } from './options.ts';
import { regionalDomain } from '../opening/regional-domain.ts';
import { bring, requireFindable } from '../opening/replication.ts';
import type { Terminal } from './terminal.ts';

/** The domain that a command is told to work in, or the account's own. */
export async function openDomain(
  options: OpenOptions,
  purpose: Purpose,
  terminal: Terminal,
  tools: BootstrapTools = TOOLS,
): Promise<OpenDomain> {
  const { domain } = options;
  if (domain?.kind === 'directory') {
    return openDirectory(path.resolve(terminal.cwd, domain.directory), purpose, domain.directory);
  }
  requireNoPrefix(domain);
  return openBucketDomain(options, domain?.bucket, purpose, terminal, tools);
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function requireNoPrefix(domain: DomainOptions['domain']): void {
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
  options: PackageOptions,
  root: string | undefined,
  terminal: Terminal,
  tools: BootstrapTools = TOOLS,
): Promise<Destination> {
  if (options.s3Bucket !== undefined || options.resolveS3) return openPlainBucket(options, terminal);
  const { repository, metadata, dryRun } = options;
  const opened = await openDomain(options, dryRun ? 'plan' : 'write', terminal, tools);
  const { urlOf, caller, announce } = opened;
  const domain = remembering(opened.domain, options, terminal);
  const by = caller === undefined ? {} : { by: caller };
  const destination = domainDestination(domain, repository, urlOf, {
    announce,
    provenance: provenanceOnce({ env: terminal.env, ...(root !== undefined && { root }), ...by }),
    ...(metadata !== undefined && { metadata }),
    ...fetcherOf(opened, options, terminal),
  });
  if (options.regions === undefined) return destination;
  const elsewhere = requireFindable(opened);
  return { ...destination, inRegion: (region) => regionalDomain(elsewhere, domain, region) };
}

/** With what this machine knows of earlier runs; a directory is asked as quickly. */
function remembering(domain: Domain, options: PackageOptions, { env }: Terminal): Domain {
  const folder = options.domain?.kind === 'directory' ? undefined : cacheFolder(env);
  return folder === undefined ? domain : { ...domain, sources: sourceMemory(new CacheFiles(folder), domain) };
}

/** For ARNs that a template names and that are at home elsewhere: to be spread, without a member where others are not found from here. */
function fetcherOf(
  { domain, elsewhere }: OpenDomain,
  options: PackageOptions,
  terminal: Terminal,
): Pick<Told, 'fetch'> {
  if (elsewhere === undefined || domain.bucket !== domainBucket(domain)) return {};
  return {
    fetch: async (arn) => {
      if (options.dryRun) return lookAtHome(arn, options, terminal);
      const { arrival, ...found } = await bring(elsewhere, { name: arn, arn }, domain);
      return { ...found, outcome: arrival === 'reused' ? 'reused' : 'copied' };
    },
  };
}

async function lookAtHome(arn: string, options: PackageOptions, terminal: Terminal): Promise<FromElsewhere> {
  const { partition, account, region } = parseArn(arn);
  const { domain } = await openDomain(
    { ...options, home: { arn, place: { partition, account, region } } },
    'read',
    terminal,
  );
  const found = await resolve(domain, arn);
  const { digest, filename, size } = found;
  return { arn: formatArn(found.arn), key: blobKey(digest, filename), digest, size, outcome: 'planned' };
}

/** What a run writes to on this machine for its domain, and therefore never packages. */
export function domainFolders({ domain }: DomainOptions, cwd: string): readonly string[] {
  return domain?.kind === 'directory' ? [path.resolve(cwd, domain.directory)] : [];
}
