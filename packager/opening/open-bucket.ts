import type { AskKeeper, Domain, DomainPlace, ObjectStore } from '../../repository/index.ts';
import type { DomainParts } from '../../repository/domain.ts';
import { ArtifactError, findDomain, hasCode, noEvidence, remoteKeeper, requireAt } from '../../repository/index.ts';
import { domainBucket } from '../../repository/domain.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import { FETCHING_ALIAS, PUBLISHING_ALIAS, SHARING_ALIAS } from '../../repository/asking/invocation.ts';
import { guestScope } from '../../repository/sharing/guest.ts';
import { guestStore } from '../../repository/stores/guest.ts';
import { limited } from '../../repository/stores/limited.ts';
import { routed } from '../../repository/stores/routed.ts';
import type * as S3 from '../../repository/stores/s3.ts';
import type { AwsAccess, DirectAccess } from '../aws/access.ts';
import { announceThrough, askFunction, askHere, awsOf, findStackId, isKeptByFunction } from '../aws/keeper.ts';
import type { UrlOf } from '../packaging/destination.ts';
import { CHANCE } from '../chance.ts';
import type { Home } from './home.ts';
import { homeProblem, requirePartition } from './home.ts';
import type { Elsewhere, OpenDomain, OpenOptions, Purpose } from './opening.ts';
import { accessSettings, begin, kmsOf, partsOf, profileOf, REQUESTS_AT_ONCE } from './opening.ts';
import { placeFlags } from './place-flags.ts';
import type { Surroundings } from './surroundings.ts';

/** What one PutObject takes: 5 GiB. */
const LARGEST_OBJECT = 5 * 1024 ** 3;

type S3Module = typeof S3;

/** The bucket that is meant, before anybody knows whether it is there. */
interface Meant {
  readonly access: AwsAccess;
  readonly s3: S3Module;
  readonly account: string;
  readonly partition: string;
  readonly bucket: string;
  readonly owner: string;
  /** Nobody named it: it is the account's own. */
  readonly isOwn: boolean;
  /** Where it is missing, it is made. */
  readonly mayMake: boolean;
  /** The ARN of whoever calls. */
  readonly caller: string;
  /** The ARN that is asked for, whose domain it must be. */
  readonly home?: Home;
}

/** @param named absent: that of the ARN that is asked for; else the account's own, which is made where it is missing, if the command writes */
export async function openBucketDomain(
  options: OpenOptions,
  named: string | undefined,
  purpose: Purpose,
  surroundings: Surroundings,
): Promise<OpenDomain> {
  const meant = await bucketMeant(options, named, surroundings);
  const { access, s3, account, partition, bucket, owner, caller, home } = meant;
  const early = lookEarly(meant, options, purpose, surroundings);
  const found = await regionOf(meant, purpose, surroundings.signal);
  const region = found ?? (await access.region());
  if (found === undefined) {
    if (purpose === 'plan') return plannedDomain({ partition, region, account, bucket }, meant, options, surroundings);
    await surroundings.makeDomain?.(access, bucket);
  }
  const store = storeOf(meant, access.directS3(region), options, surroundings);
  const isGuest = owner !== account;
  const place = { partition, region, account: owner, bucket };
  const aws = awsOf(access, region, surroundings.signal);
  const keptBy = isKeptByFunction(place) ? { partition, region, account: owner } : undefined;
  const alias = isGuest ? SHARING_ALIAS : PUBLISHING_ALIAS;
  const askRemote = keptBy && askFunction(aws, keptBy, alias);
  const parts = partsOf(store, purpose, askRemote && remoteKeeper(askRemote));
  // Where there was no bucket, it was looked for before it was made.
  let domain =
    home === undefined
      ? await (early === undefined || found === undefined ? findDomain(parts) : early.findIn(parts, region))
      : await findAtHome(home, place, parts, account);
  if (domain === undefined && meant.mayMake && purpose === 'write') {
    // Its bucket alone is there: left behind, or of somebody who is making it at this moment.
    await surroundings.makeDomain?.(access, bucket);
    domain = await findDomain(parts);
  }
  if (domain !== undefined) requireAt(domain, place);
  else if (purpose === 'write' || purpose === 'plan')
    await requireVersioning(s3, access.directS3(region), bucket, owner, surroundings.signal);
  domain ??= await begin(parts, place, purpose, `bucket '${bucket}'`);
  const own = domain;
  if (isGuest) domain = { ...own, guest: (name) => guestScope(own, name) };
  const urlOf: UrlOf = (of, key) => access.urlOf(of, key, region);
  const ask = keptBy === undefined ? askHere(domain, noEvidence) : ofAccount(askFunction(aws, keptBy), owner, account);
  const announce = keptBy === undefined ? async () => undefined : announceThrough(aws, keptBy, alias);
  const keeper = { ask, askToPublish: askRemote ?? ask, announce };
  return {
    ...{ domain, urlOf, linkOf: urlOf, ...keeper, caller, findStack: (name) => findStackId(aws, name) },
    ...{ flags: await flagsOf(options, meant), elsewhere: elsewhereOf(meant, options, surroundings) },
  };
}

function storeOf(
  { s3, account, owner, bucket }: Meant,
  asked: DirectAccess,
  options: OpenOptions,
  { signal }: Surroundings,
): ObjectStore {
  const settings = { ...asked, expectedOwner: owner, requiresVersions: true, signal };
  const isGuest = owner !== account;
  // What guests bring are whole objects, whose digest S3 itself verifies.
  const limits = isGuest ? { limits: { single: LARGEST_OBJECT } } : {};
  const open = (one: string): ObjectStore =>
    s3.s3Store({ ...settings, bucket: one, ...kmsOf(options), ...profileOf(options), ...limits });
  const whole = limited(routed(open(bucket), open), REQUESTS_AT_ONCE);
  return isGuest ? guestStore(whole) : whole;
}

/**
 * Mostly the bucket is in the configured Region: the domain is looked for there while S3 is asked where it is. What this comes to, or what is wrong, counts only if that
 * is so.
 * @returns undefined where a bucket's Region is not asked for
 */
function lookEarly(
  meant: Meant,
  options: OpenOptions,
  purpose: Purpose,
  surroundings: Surroundings,
): { readonly findIn: (parts: DomainParts, region: string) => Promise<Domain | undefined> } | undefined {
  const { access, account, owner, home } = meant;
  if (home !== undefined || owner !== account) return undefined;
  const configured = access.region();
  const look = async (): Promise<Domain | undefined> => {
    const store = storeOf(meant, access.directS3(await configured), options, surroundings);
    return findDomain(partsOf(store, purpose));
  };
  const looked = look();
  // Whoever asks for it is told.
  looked.catch(() => undefined);
  return {
    findIn: async (parts, region) => {
      if ((await configured) !== region) return findDomain(parts);
      const domain = await looked;
      return domain && { ...domain, ...parts };
    },
  };
}

/** @throws ArtifactError DOMAIN_NOT_FOUND, WRONG_OWNER, ACCESS_DENIED, which tell of the ARN; UNSUPPORTED_FORMAT */
async function findAtHome(
  home: Home,
  place: DomainPlace & { readonly bucket: string },
  parts: ReturnType<typeof partsOf>,
  caller: string,
): ReturnType<typeof findDomain> {
  try {
    const domain = await findDomain(parts);
    return domain ?? (await begin(parts, place, 'read', `bucket '${place.bucket}'`));
  } catch (error) {
    throw homeProblem(error, home, place.bucket, caller);
  }
}

/** Lambda refuses whoever is not of the account: that nobody outside may change a domain is as it should be. */
function ofAccount(ask: AskKeeper, owner: string, caller: string): AskKeeper {
  if (owner === caller) return ask;
  return async (command) => {
    try {
      return await ask(command);
    } catch (error) {
      if (!(error instanceof ArtifactError) || !hasCode(error.cause, 'AccessDeniedException', 'AccessDenied'))
        throw error;
      throw new ArtifactError('ACCESS_DENIED', error.message, {
        remedy: `The domain is account ${owner}'s, and only that account changes what is in it: run it with its credentials.`,
        cause: error,
      });
    }
  };
}

async function flagsOf(options: OpenOptions, { access, account, bucket, home }: Meant): Promise<string> {
  if (home === undefined) return placeFlags(options);
  const { place } = home;
  if (place.account !== account) {
    return placeFlags({ ...options, domain: { kind: 's3', bucket }, domainOwner: place.account });
  }
  return placeFlags((await access.region()) === place.region ? options : { ...options, region: place.region });
}

function elsewhereOf({ access, s3, account }: Meant, options: OpenOptions, { signal }: Surroundings): Elsewhere {
  return {
    account,
    partitionOf: (region) => access.partitionOf(region),
    urlOf: (region) => (bucket, key) => access.urlOf(bucket, key, region),
    askToFetch: (place) => askFunction(awsOf(access, place.region, signal), place, FETCHING_ALIAS),
    storeOf: async (place) => {
      const settings = {
        ...access.directS3(place.region),
        bucket: domainBucket(place),
        expectedOwner: place.account,
        signal,
      };
      return limited(dryRun(s3.s3Store({ ...settings, ...profileOf(options) })), REQUESTS_AT_ONCE);
    },
  };
}

async function bucketMeant(
  options: OpenOptions,
  named: string | undefined,
  surroundings: Surroundings,
): Promise<Meant> {
  const [{ awsAccess }, s3] = await Promise.all([import('../aws/access.ts'), import('../../repository/stores/s3.ts')]);
  const { home } = options;
  const access = await awsAccess({
    ...accessSettings(options, surroundings),
    ...(home !== undefined && { otherwise: home.place.region }),
  });
  const { account, partition, arn: caller } = await access.identity();
  if (home !== undefined) {
    requirePartition(home, partition);
    const bucket = domainBucket(home.place);
    const whose = { account, owner: home.place.account, caller, home };
    return { ...{ access, s3, partition, bucket }, ...whose, isOwn: false, mayMake: false };
  }
  const bucket = named ?? domainBucket({ account, region: await access.region() });
  const { domainOwner: owner = account } = options;
  const isOwn = named === undefined;
  return {
    ...{ access, s3, account, partition, bucket, owner, isOwn, caller },
    mayMake: isOwn && owner === account && surroundings.makeDomain !== undefined,
  };
}

/** `undefined` where there is no bucket, and there may be one. */
async function regionOf(meant: Meant, purpose: Purpose, signal: AbortSignal): Promise<string | undefined> {
  const { access, s3, account, bucket, owner, isOwn, mayMake, home } = meant;
  if (home !== undefined) return home.place.region;
  // Guests may not ask where a bucket is; its name says it.
  const named = owner === account ? undefined : regionInName(bucket, owner);
  if (named !== undefined) return named;
  if (!isOwn) return regionBy(s3, access, bucket, owner, signal);
  try {
    return await ownDomainRegion(access, s3, bucket, owner, purpose, signal);
  } catch (error) {
    if (mayMake && (purpose === 'write' || purpose === 'plan') && hasCode(error, 'DOMAIN_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function regionBy(
  s3: S3Module,
  access: AwsAccess,
  bucket: string,
  owner: string,
  signal: AbortSignal,
): Promise<string> {
  const { client, direct } = access.directS3();
  return await s3.bucketRegion(client, bucket, owner, signal, direct);
}

/** `undefined` of a bucket that is not called as the domain of an account is. */
function regionInName(bucket: string, owner: string): string | undefined {
  const prefix = domainBucket({ account: owner, region: '' });
  return bucket.startsWith(prefix) && bucket.length > prefix.length ? bucket.slice(prefix.length) : undefined;
}

/** What a dry run finds in a domain that is still to be made. */
async function plannedDomain(
  place: DomainPlace & { readonly bucket: string },
  meant: Meant,
  options: OpenOptions,
  surroundings: Surroundings,
): Promise<OpenDomain> {
  const { access } = meant;
  const { account, region, bucket } = place;
  surroundings.note(`would make the domain of account ${account} in ${region}: bucket ${bucket}`);
  const { memoryStore } = await import('../../repository/stores/memory.ts');
  const urlOf: UrlOf = (of, key) => access.urlOf(of, key, region);
  const domain = { ...partsOf(memoryStore(CHANCE.now), 'plan'), ...place };
  const ask = askHere(domain, noEvidence);
  const nobody = { announce: async () => undefined, findStack: async () => undefined };
  const others = { flags: placeFlags(options), elsewhere: elsewhereOf(meant, options, surroundings) };
  return { domain, urlOf, linkOf: urlOf, ask, askToPublish: ask, ...nobody, ...others };
}

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
    return await regionBy(s3, access, bucket, owner, signal);
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
      ? `Make it with 'cfn-artifacts bootstrap --region ${region}', name another with --domain, or another Region with --region.`
      : [
          `Make it with 'cfn-artifacts bootstrap --region ${region}', ${OTHER_DOMAIN},`,
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
  { client }: DirectAccess,
  bucket: string,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const versioning = await s3.bucketVersioning(client, bucket, owner, signal);
  if (versioning === 'Enabled') return;
  throw new ArtifactError('UNSUPPORTED_STORE', `the bucket '${bucket}' keeps no versions, and a domain's must`, {
    remedy: `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled\nThen wait 15 minutes.`,
  });
}
