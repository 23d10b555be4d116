import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Domain, DomainParts, DomainPlace, ObjectStore } from '../../repository/index.ts';
import { ArtifactError, establishDomain, findDomain, hasCode, LOCAL_PLACE, ownKeeper } from '../../repository/index.ts';
import type * as S3 from '../../repository/stores/s3.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import { limited } from '../../repository/stores/limited.ts';
import { prefixed } from '../../repository/stores/prefixed.ts';
import { bucketDestination, domainDestination } from '../destination.ts';
import type { Destination, UrlOf } from '../destination.ts';
import type { AwsAccess, AwsSettings } from './aws.ts';
import { CHANCE } from './chance.ts';
import type { AccessOptions, DomainOptions, PackageOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/**
 * What the command means to do. `read`: the domain must be there. `write`: a store that is none yet becomes one. `plan`: nothing is written,
 * and a store that is none counts as an empty one.
 */
export type Purpose = 'read' | 'write' | 'plan';

type OpenOptions = DomainOptions & AccessOptions & Pick<Partial<PackageOptions>, 'kmsKeyId'>;

export interface OpenDomain {
  readonly domain: Domain;
  readonly urlOf: UrlOf;
}

/** So many requests at once; an SDK client keeps that many connections. */
const REQUESTS_AT_ONCE = 64;

export async function openDomain(options: OpenOptions, purpose: Purpose, terminal: Terminal): Promise<OpenDomain> {
  const { domain } = options;
  if (domain?.kind === 'directory') return openDirectory(path.resolve(terminal.cwd, domain.directory), purpose);
  if (domain?.prefix !== undefined) {
    throw new ArtifactError(
      'INVALID_ARGUMENT',
      `a domain has no prefix in its bucket: 's3://${domain.bucket}/${domain.prefix}'`,
      {
        remedy:
          'The keys in a template must be the same in every domain. For plain uploads use --s3-bucket with --s3-prefix.',
      },
    );
  }
  return openBucketDomain(options, domain?.bucket, purpose, terminal);
}

/** Where `package` puts things: a plain bucket if one is named, else a domain. */
export async function openDestination(options: PackageOptions, terminal: Terminal): Promise<Destination> {
  if (options.s3Bucket !== undefined || options.resolveS3) return openPlainBucket(options, terminal);
  const { domain, urlOf } = await openDomain(options, options.dryRun ? 'plan' : 'write', terminal);
  return domainDestination(domain, options.repository, urlOf);
}

async function openDirectory(directory: string, purpose: Purpose): Promise<OpenDomain> {
  const { directoryStore } = await import('../../repository/stores/directory.ts');
  const store = directoryStore(directory);
  const urlOf: UrlOf = (_bucket, key) =>
    `${pathToFileURL(directory).href}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const place = { ...LOCAL_PLACE, bucket: 'local' };
  const found = await findDomain(partsOf(store, purpose));
  if (found === undefined) refuseForeign(directory);
  const domain = found ?? (await begin(partsOf(store, purpose), place, purpose, `directory '${directory}'`));
  return { domain, urlOf };
}

/** A folder of somebody's files becomes no domain by a slip of the keyboard. */
function refuseForeign(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (hasCode(error, 'ENOTDIR'))
      throw new ArtifactError('INVALID_ARGUMENT', `'${directory}' is a file, and a domain is a directory`);
    throw new ArtifactError('ACCESS_DENIED', `the directory '${directory}' may not be read`, { cause: error });
  }
  // What a first run that was ended early leaves behind is no stranger's.
  const foreign = names.filter((name) => name !== 'drafts' && name !== 'scratch' && !name.startsWith('.'));
  if (foreign.length === 0) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `the directory '${directory}' is no domain, and not empty: it has '${String(foreign[0])}'`,
    {
      remedy: 'Name a directory that is empty or does not exist yet.',
    },
  );
}

async function openBucketDomain(
  options: OpenOptions,
  named: string | undefined,
  purpose: Purpose,
  terminal: Terminal,
): Promise<OpenDomain> {
  const [{ awsAccess }, s3] = await Promise.all([import('./aws.ts'), import('../../repository/stores/s3.ts')]);
  const access = await awsAccess(accessSettings(options, terminal));
  const { account, partition } = await access.identity();
  const bucket = named ?? `cfn-artifacts-${account}-${await access.region()}`;
  const owner = options.domainOwner ?? account;
  const region = await regionOf(access, s3, bucket, owner, named === undefined);
  const client = await access.s3(region);
  const store = limited(s3.s3Store({ client, bucket, expectedOwner: owner, ...kmsOf(options) }), REQUESTS_AT_ONCE);
  const place = { partition, region, account: owner, bucket };
  const found = await findDomain(partsOf(store, purpose));
  if (found === undefined) await requireVersioning(s3, client, bucket, owner);
  const domain = found ?? (await begin(partsOf(store, purpose), place, purpose, `bucket '${bucket}'`));
  return { domain, urlOf: (of, key) => access.urlOf(of, key, region) };
}

type S3Module = typeof S3;
type S3Client = Awaited<ReturnType<AwsAccess['s3']>>;

async function regionOf(
  access: AwsAccess,
  s3: S3Module,
  bucket: string,
  owner: string,
  isDefault: boolean,
): Promise<string> {
  try {
    return await s3.bucketRegion(await access.s3(), bucket, owner);
  } catch (error) {
    if (!isDefault || !hasCode(error, 'BUCKET_NOT_FOUND')) throw error;
    throw new ArtifactError(
      'DOMAIN_NOT_FOUND',
      `account ${owner} has no domain in ${await access.region()}: there is no bucket '${bucket}'`,
      {
        remedy: [
          'Name another with --domain s3://BUCKET (a versioned bucket of yours becomes a domain),',
          'try it without AWS with --domain file:DIRECTORY,',
          'or upload without versions and references with --s3-bucket BUCKET.',
        ].join(' '),
        cause: error,
      },
    );
  }
}

/** Only an incarnation that can be told from a later one can be deleted safely, and only a versioned bucket has such. */
async function requireVersioning(s3: S3Module, client: S3Client, bucket: string, owner: string): Promise<void> {
  const versioning = await s3.bucketVersioning(client, bucket, owner);
  if (versioning === 'Enabled') return;
  throw new ArtifactError('UNSUPPORTED_STORE', `the bucket '${bucket}' keeps no versions, and a domain's must`, {
    remedy: `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled, then wait 15 minutes.`,
  });
}

async function openPlainBucket(options: PackageOptions, terminal: Terminal): Promise<Destination> {
  const [{ awsAccess }, s3] = await Promise.all([import('./aws.ts'), import('../../repository/stores/s3.ts')]);
  const access = await awsAccess(accessSettings(options, terminal));
  const bucket = options.s3Bucket ?? (await access.managedBucket());
  const { domainOwner: owner, s3Prefix: prefix, forceUpload: force, metadata } = options;
  const region = await plainRegionOf(access, s3, bucket, owner);
  const client = await access.s3(region);
  const store = limited(
    s3.s3Store({
      client,
      bucket,
      ...(owner !== undefined && { expectedOwner: owner }),
      ...(metadata !== undefined && { metadata }),
      ...kmsOf(options),
    }),
    REQUESTS_AT_ONCE,
  );
  const placed = prefix === undefined ? store : prefixed(store, `${prefix}/`);
  const partition = access.partitionOf(region);
  return bucketDestination(
    options.dryRun ? dryRun(placed) : placed,
    { bucket, region, partition, force, ...(prefix !== undefined && { prefix }) },
    (of, key) => access.urlOf(of, key, region),
  );
}

/** Whoever may only get and put may not ask; then the bucket is taken to be where the requests go. */
async function plainRegionOf(
  access: AwsAccess,
  s3: S3Module,
  bucket: string,
  owner: string | undefined,
): Promise<string> {
  try {
    return await s3.bucketRegion(await access.s3(), bucket, owner);
  } catch (error) {
    if (hasCode(error, 'ACCESS_DENIED')) return access.region();
    throw error;
  }
}

function kmsOf(options: OpenOptions): { readonly kmsKeyId?: string } {
  return options.kmsKeyId === undefined ? {} : { kmsKeyId: options.kmsKeyId };
}

function partsOf(store: ObjectStore, purpose: Purpose): DomainParts {
  // The commands that only look can't write by mistake.
  const own = purpose === 'write' ? store : dryRun(store);
  return { store: own, keeper: ownKeeper(own), chance: CHANCE };
}

function begin(
  parts: DomainParts,
  place: DomainPlace & { readonly bucket: string },
  purpose: Purpose,
  what: string,
): Promise<Domain> {
  switch (purpose) {
    case 'write':
      return establishDomain(parts, place);
    case 'plan':
      return Promise.resolve({ ...parts, ...place });
    case 'read':
      throw new ArtifactError('DOMAIN_NOT_FOUND', `there is no domain in the ${what}`, {
        remedy: "The first 'cfn-artifacts package' or 'publish' makes one.",
      });
  }
}

function accessSettings(options: AccessOptions, { env, ask }: Terminal): AwsSettings {
  return { ...options, env, ...(ask !== undefined && { onMfa: ask }) };
}
