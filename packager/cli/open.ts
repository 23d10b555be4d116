import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AskKeeper, Domain, DomainParts, DomainPlace, Keeper, ObjectStore } from '../../repository/index.ts';
import {
  ArtifactError,
  establishDomain,
  findDomain,
  hasCode,
  LOCAL_PLACE,
  noEvidence,
  objectKey,
  ownKeeper,
  remoteKeeper,
  requireAt,
} from '../../repository/index.ts';
import type * as S3 from '../../repository/stores/s3.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import { limited } from '../../repository/stores/limited.ts';
import { prefixed } from '../../repository/stores/prefixed.ts';
import { bucketDestination, domainDestination } from '../packaging/destination.ts';
import type { Destination, UrlOf } from '../packaging/destination.ts';
import type { AwsAccess, AwsSettings } from '../aws/access.ts';
import { CHANCE } from './chance.ts';
import type { BootstrapTools } from './bootstrap-tools.ts';
import { TOOLS } from './bootstrap-tools.ts';
import { askFunction, askHere, awsOf, findStackId, isKeptByFunction } from '../aws/keeper.ts';
import type { ManagedBucket } from './managed-bucket.ts';
import { objectPath } from '../../repository/stores/object-path.ts';
import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, PackageOptions } from './options.ts';
import { writeNote } from './report.ts';
import type { Terminal } from './terminal.ts';

/**
 * What the command means to do. `read`: the domain must be there. `keep`: likewise, and its keeper is asked to change something. `write`: a store that
 * is none yet becomes one. `plan`: nothing is written, and a store that is none counts as an empty one.
 */
export type Purpose = 'read' | 'keep' | 'write' | 'plan';

type OpenOptions = DomainOptions & AccessOptions & Partial<Pick<PackageOptions, 'kmsKeyId' | 'bootstrap' | 'color'>>;

export interface OpenDomain {
  readonly domain: Domain;
  /** What a template names: of the same content under the same names the same on every machine. */
  readonly urlOf: UrlOf;
  /** What opens the object from here. */
  readonly linkOf: UrlOf;
  /** Has the domain's keeper carry out a command. */
  readonly ask: AskKeeper;
  /** The ID of the stack that has this name now, as far as anybody here can be asked. */
  readonly findStack: (name: string) => Promise<string | undefined>;
}

/** So many requests at once; an SDK client keeps that many connections. */
const REQUESTS_AT_ONCE = 64;

export async function openDomain(
  options: OpenOptions,
  purpose: Purpose,
  terminal: Terminal,
  tools: BootstrapTools = TOOLS,
): Promise<OpenDomain> {
  const { domain } = options;
  if (domain?.kind === 'directory') return openDirectory(path.resolve(terminal.cwd, domain.directory), purpose);
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

/** Where `package` puts things: a plain bucket if one is named, else a domain. */
export async function openDestination(
  options: PackageOptions,
  terminal: Terminal,
  tools: BootstrapTools = TOOLS,
): Promise<Destination> {
  if (options.s3Bucket !== undefined || options.resolveS3) return openPlainBucket(options, terminal);
  const { domain, urlOf } = await openDomain(options, options.dryRun ? 'plan' : 'write', terminal, tools);
  return domainDestination(domain, options.repository, urlOf);
}

/** What a run writes to on this machine for its domain, and therefore never packages. */
export function domainFolders({ domain }: DomainOptions, cwd: string): readonly string[] {
  return domain?.kind === 'directory' ? [path.resolve(cwd, domain.directory)] : [];
}

async function openDirectory(directory: string, purpose: Purpose): Promise<OpenDomain> {
  const { directoryFile, directoryStore } = await import('../../repository/stores/directory.ts');
  const { checkDirectory } = await import('../../repository/stores/directory-root.ts');
  checkDirectory(directory, purpose === 'write' || purpose === 'keep' ? 'write' : 'read');
  const store = directoryStore(directory);
  const linkOf: UrlOf = (_bucket, key) => pathToFileURL(directoryFile(directory, objectKey(key))).href;
  const place = { ...LOCAL_PLACE, bucket: LOCAL_BUCKET };
  const found = await findDomain(partsOf(store, purpose));
  if (found === undefined) refuseForeign(directory);
  const domain = found ?? (await begin(partsOf(store, purpose), place, purpose, `directory '${directory}'`));
  const ask = askHere(domain, noEvidence);
  return { domain, urlOf: localUrlOf, linkOf, ask, findStack: async () => undefined };
}

export const LOCAL_BUCKET = 'local';

/** In the shape of S3's, though nothing answers there. */
const localUrlOf: UrlOf = (bucket, key) => `https://s3.${LOCAL_PLACE.region}.amazonaws.com/${objectPath(bucket, key)}`;

/** A folder of somebody's files becomes no domain by a slip of the keyboard. */
function refuseForeign(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw new ArtifactError('ACCESS_DENIED', `the directory '${directory}' may not be read`, { cause: error });
  }
  // What a first run that was ended early leaves behind is no stranger's.
  const foreign = names.filter((name) => name !== '@drafts' && name !== 'scratch' && !name.startsWith('.'));
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
  tools: BootstrapTools,
): Promise<OpenDomain> {
  const [{ awsAccess }, s3] = await Promise.all([import('../aws/access.ts'), import('../../repository/stores/s3.ts')]);
  const access = await awsAccess(accessSettings(options, terminal));
  const { account, partition } = await access.identity();
  const bucket = named ?? `cfn-artifacts-${account}-${await access.region()}`;
  const owner = options.domainOwner ?? account;
  const mayMake = named === undefined && owner === account && options.bootstrap === true;
  let region: string;
  try {
    region = await (named === undefined
      ? ownDomainRegion(access, s3, bucket, owner, purpose, terminal.signal)
      : s3.bucketRegion(await access.s3(), bucket, owner, terminal.signal));
  } catch (error) {
    if (!mayMake || purpose === 'read' || !hasCode(error, 'DOMAIN_NOT_FOUND')) throw error;
    region = await access.region();
    if (purpose === 'plan') return plannedDomain({ partition, region, account, bucket }, access, options, terminal);
    const { makeOwnDomain } = await import('./own-domain.ts');
    await makeOwnDomain(access, bucket, displayOf(options), terminal, tools);
  }
  const client = await access.s3(region);
  const store = limited(
    s3.s3Store({
      client,
      bucket,
      expectedOwner: owner,
      requiresVersions: true,
      signal: terminal.signal,
      ...kmsOf(options),
      ...profileOf(options),
    }),
    REQUESTS_AT_ONCE,
  );
  const place = { partition, region, account: owner, bucket };
  const aws = awsOf(access, region, terminal.signal);
  const keptBy = isKeptByFunction(place) ? { partition, region, account: owner } : undefined;
  const parts = partsOf(store, purpose, keptBy && remoteKeeper(askFunction(aws, keptBy, 'publishing')));
  let found = await findDomain(parts);
  if (found === undefined && mayMake && purpose === 'write') {
    const { isBeingMade, makeOwnDomain } = await import('./own-domain.ts');
    if (await isBeingMade(access, terminal.signal)) {
      await makeOwnDomain(access, bucket, displayOf(options), terminal, tools);
      found = await findDomain(parts);
    }
  }
  if (found !== undefined) requireAt(found, place);
  else if (purpose !== 'read' && purpose !== 'keep')
    await requireVersioning(s3, client, bucket, owner, terminal.signal);
  const domain = found ?? (await begin(parts, place, purpose, `bucket '${bucket}'`));
  const urlOf: UrlOf = (of, key) => access.urlOf(of, key, region);
  const ask = keptBy === undefined ? askHere(domain, noEvidence) : askFunction(aws, keptBy);
  return { domain, urlOf, linkOf: urlOf, ask, findStack: (name) => findStackId(aws, name) };
}

/** What a dry run finds in a domain that is still to be made. */
async function plannedDomain(
  place: DomainPlace & { readonly bucket: string },
  access: AwsAccess,
  options: OpenOptions,
  terminal: Terminal,
): Promise<OpenDomain> {
  const { account, region, bucket } = place;
  writeNote(terminal, `would make the domain of account ${account} in ${region}: bucket ${bucket}`, displayOf(options));
  const { memoryStore } = await import('../../repository/stores/memory.ts');
  const urlOf: UrlOf = (of, key) => access.urlOf(of, key, region);
  const domain = { ...partsOf(memoryStore(CHANCE.now), 'plan'), ...place };
  const ask = askHere(domain, noEvidence);
  return { domain, urlOf, linkOf: urlOf, ask, findStack: async () => undefined };
}

type S3Module = typeof S3;
type S3Client = Awaited<ReturnType<AwsAccess['s3']>>;

/** Of the bucket that everybody can guess the name of: it may not be there, or have been taken by somebody else. */
async function ownDomainRegion(
  access: AwsAccess,
  s3: S3Module,
  bucket: string,
  owner: string,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await s3.bucketRegion(await access.s3(), bucket, owner, signal);
  } catch (error) {
    if (hasCode(error, 'BUCKET_NOT_FOUND')) throw noDomain(error, bucket, owner, await access.region(), purpose);
    if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED')) throw error;
    // S3 says the same of a bucket that is somebody else's and of one's own.
    throw new ArtifactError('ACCESS_DENIED', error.message, {
      remedy: `${error.remedy ?? ''}\nIf 'aws s3 ls' does not show the bucket as yours, somebody else has taken its name: ${OTHER_DOMAIN}.`,
      cause: error,
    });
  }
}

const OTHER_DOMAIN = 'name another with --domain s3://BUCKET (a versioned bucket of yours becomes a domain)';

function noDomain(cause: unknown, bucket: string, owner: string, region: string, purpose: Purpose): ArtifactError {
  const ways =
    purpose === 'read' || purpose === 'keep'
      ? "Make it with 'cfn-artifacts bootstrap', name another with --domain, or another Region with --region."
      : [
          `Make it with 'cfn-artifacts bootstrap', ${OTHER_DOMAIN},`,
          'try it without AWS with --domain file:DIRECTORY,',
          'or upload without versions and references with --s3-bucket BUCKET.',
        ].join(' ');
  return new ArtifactError(
    'DOMAIN_NOT_FOUND',
    `account ${owner} has no domain in ${region}: there is no bucket '${bucket}'`,
    { remedy: ways, cause },
  );
}

/** Only an incarnation that can be told from a later one can be deleted safely, and only a versioned bucket has such. */
async function requireVersioning(
  s3: S3Module,
  client: S3Client,
  bucket: string,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const versioning = await s3.bucketVersioning(client, bucket, owner, signal);
  if (versioning === 'Enabled') return;
  throw new ArtifactError('UNSUPPORTED_STORE', `the bucket '${bucket}' keeps no versions, and a domain's must`, {
    remedy: `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled, then wait 15 minutes.`,
  });
}

async function openPlainBucket(options: PackageOptions, terminal: Terminal): Promise<Destination> {
  const [{ awsAccess }, s3] = await Promise.all([import('../aws/access.ts'), import('../../repository/stores/s3.ts')]);
  const access = await awsAccess(accessSettings(options, terminal));
  const { s3Prefix, forceUpload: force, metadata } = options;
  const prefix = s3Prefix === '' ? undefined : s3Prefix;
  const found = await plainBucketOf(options, access, terminal);
  if (found === undefined) return emptyBucket(await access.region());
  const { name: bucket, owner } = found;
  const region = await plainRegionOf(access, s3, bucket, owner, terminal.signal);
  const client = await access.s3(region);
  const store = limited(
    s3.s3Store({
      client,
      bucket,
      signal: terminal.signal,
      ...profileOf(options),
      ...(owner !== undefined && { expectedOwner: owner }),
      ...(metadata !== undefined && { metadata }),
      ...kmsOf(options),
    }),
    REQUESTS_AT_ONCE,
  );
  const placed = prefix === undefined ? store : prefixed(store, `${prefix}/`);
  const partition = access.partitionOf(region);
  const destination = bucketDestination(
    options.dryRun ? dryRun(placed) : placed,
    { bucket, region, partition, force, ...(prefix !== undefined && { prefix }) },
    (of, key) => access.urlOf(of, key, region),
  );
  return options.domainOwner === undefined ? destination : ofOwner(destination, options.domainOwner);
}

/** S3 says the same where a permission is missing and where the bucket is another account's than was said: so must who tells of it. */
function ofOwner(destination: Destination, owner: string): Destination {
  const { bucket } = destination;
  return {
    ...destination,
    publish: async (...upload) => {
      try {
        return await destination.publish(...upload);
      } catch (error) {
        if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED')) throw error;
        throw new ArtifactError(
          'ACCESS_DENIED',
          `bucket '${bucket}' does not belong to account ${owner}, as --domain-owner says, or a permission is missing: ${error.message}`,
          {
            remedy: `Name the account that owns the bucket with --domain-owner. If it is ${owner}: ${error.remedy ?? ''}`,
            cause: error,
          },
        );
      }
    },
  };
}

type PlainBucket = Pick<ManagedBucket, 'name'> & Partial<ManagedBucket>;

/**
 * Whose the bucket is, is not asked unless somebody says so: it may well be another account's. Of the managed one it is known. `undefined`: a dry
 * run would make it.
 */
async function plainBucketOf(
  options: PackageOptions,
  access: AwsAccess,
  terminal: Terminal,
): Promise<PlainBucket | undefined> {
  const { s3Bucket, domainOwner, dryRun: isDryRun } = options;
  const owned = domainOwner === undefined ? {} : { owner: domainOwner };
  if (s3Bucket !== undefined) return { name: s3Bucket, ...owned };
  const { findManagedBucket, managedBucket } = await import('./managed-bucket.ts');
  const say = (text: string): void => {
    writeNote(terminal, text, options);
  };
  const found = await (isDryRun ? findManagedBucket : managedBucket)(access, { say, signal: terminal.signal });
  return found && { ...found, ...owned };
}

/** What a dry run finds in a bucket that is still to be made. */
async function emptyBucket(region: string): Promise<Destination> {
  const { memoryStore } = await import('../../repository/stores/memory.ts');
  const { MANAGED_BUCKET } = await import('./managed-bucket.ts');
  const options = { bucket: MANAGED_BUCKET, region, partition: '', force: false };
  return bucketDestination(dryRun(memoryStore(CHANCE.now)), options, () => '');
}

/** Whoever may only get and put is told no more than the Region, and of some stores not even that: then it is where the requests go. */
async function plainRegionOf(
  access: AwsAccess,
  s3: S3Module,
  bucket: string,
  owner: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const client = await access.s3();
  // With an owner a refusal tells no Region: it may mean that the bucket is another's.
  for (const expected of new Set([owner, undefined])) {
    try {
      return await s3.bucketRegion(client, bucket, expected, signal);
    } catch (error) {
      if (!hasCode(error, 'ACCESS_DENIED')) throw error;
    }
  }
  return access.region();
}

function displayOf({ color = 'auto' }: OpenOptions): Pick<DisplayOptions, 'color'> {
  return { color };
}

function kmsOf(options: OpenOptions): { readonly kmsKeyId?: string } {
  return options.kmsKeyId === undefined ? {} : { kmsKeyId: options.kmsKeyId };
}

function profileOf({ profile }: OpenOptions): { readonly profile?: string } {
  return profile === undefined ? {} : { profile };
}

/** @param keeper of who publishes, where the domain is not kept from here */
function partsOf(store: ObjectStore, purpose: Purpose, keeper?: Keeper): DomainParts {
  // The commands that only look can't write by mistake.
  const own = purpose === 'write' || purpose === 'keep' ? store : dryRun(store);
  return { store: own, keeper: purpose === 'write' && keeper !== undefined ? keeper : ownKeeper(own), chance: CHANCE };
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
    case 'keep':
      throw new ArtifactError('DOMAIN_NOT_FOUND', `there is no domain in the ${what}`, {
        remedy: "The first 'cfn-artifacts package' or 'publish' makes one.",
      });
  }
}

export function accessSettings(options: AccessOptions, { env, ask, signal }: Terminal): AwsSettings {
  return { ...options, env, signal, ...(ask !== undefined && { onMfa: ask }) };
}
