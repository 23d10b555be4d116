import type { Chance } from '../../repository/index.ts';
import { ArtifactError, findDomain, hasCode, ownKeeper, requireAt } from '../../repository/index.ts';
import type { DomainPlace, ObjectStore } from '../../repository/index.ts';
import { FORMAT_VERSION, progressKey } from '../../repository/keys.ts';
import { readRecord } from '../../repository/record.ts';
import { planAll } from '../../repository/sharing/apply.ts';
import { readResourceShares, standingOf } from '../../repository/sharing/follow.ts';
import { problemOfShare, readSharing } from '../../repository/sharing/records.ts';
import { dryRun } from '../../repository/stores/dry-run.ts';
import { limited } from '../../repository/stores/limited.ts';
import { probe } from '../../repository/stores/probe.ts';
import { bucketRegion, s3Store } from '../../repository/stores/s3.ts';
import type { AwsAccess } from '../aws/access.ts';
import { isKeptByFunction } from '../aws/keeper.ts';
import { STACK } from '../bootstrap/domain-stack.ts';
import type { BucketPresence } from '../bucket/answers.ts';
import { Bucket } from '../bucket/bucket.ts';
import { BucketSettings } from '../bucket/settings.ts';
import type { Ask, Result } from '../check.ts';
import { askingOnce, diagnose, DoesNotApply } from '../check.ts';
import { bucketsInUse } from '../own-bucket/in-use.ts';
import { lookAt } from '../own-bucket/prepare.ts';
import { resourceAccess } from '../sharing/resource-access.ts';
import { targetsOf } from '../sharing/targets.ts';
import type { BucketAnswers, DailyAnswer, DescriptorAnswer, StoreAnswer, Subject } from './answers.ts';
import { BUCKET_ACTIONS } from './answers.ts';
import { Deployed } from './deployed.ts';
import { BUCKET_CHECKS } from './bucket-checks.ts';
import { expectedOf } from './expected.ts';
import { STACK_CHECKS } from './stack-checks.ts';

export interface BucketExamination {
  readonly subject: Subject;
  readonly results: readonly Result[];
  readonly ownBuckets: readonly OwnBucketExamination[];
}

/** Of a bucket that repositories have their content in. */
export interface OwnBucketExamination {
  readonly bucket: string;
  readonly repositories: readonly string[];
  readonly checks: readonly Result[];
}

export interface BucketRequest {
  readonly access: AwsAccess;
  /** Absent: the account's own domain in the Region. */
  readonly bucket?: string;
  /** Absent: the caller's account. */
  readonly owner?: string;
  /** Whether conditional writes may be tried, below `scratch/`. */
  readonly writes: boolean;
  /** The source of the domain's template, and the version of the tool that it comes with. */
  readonly template: string;
  readonly version: string;
  readonly chance: Chance;
  readonly signal: AbortSignal;
}

/** So many requests at once; there are some seventy of them, most of them of the probe, one after the other. */
const REQUESTS_AT_ONCE = 16;

/**
 * Whether a domain in S3 is sound.
 * @throws ArtifactError where nothing can be asked: NO_CREDENTIALS, STORE_UNAVAILABLE, INVALID_CONFIGURATION, INTERRUPTED
 */
export async function examineBucket(request: BucketRequest): Promise<BucketExamination> {
  const { access } = request;
  const { account, partition } = await access.identity();
  const home = await access.region();
  const own = `cfn-artifacts-${account}-${home}`;
  const { bucket = own, owner = account } = request;
  const presence = await find(request, bucket, owner);
  const found = presence instanceof ArtifactError || presence.is !== 'there' ? home : presence.region;
  const region = bucket === own && owner === account ? home : found;
  const place = { partition, account: owner, region, bucket };
  const kind = owner === account && isKeptByFunction(place) ? 'stack' : 'bucket';
  const subject: Subject = { ...place, kind, expected: expectedOf(request.template, place), version: request.version };
  const ask = await questions({ request, subject, presence, region: found });
  const [results, ownBuckets] = await Promise.all([
    diagnose([...BUCKET_CHECKS, ...STACK_CHECKS], { ask, actions: BUCKET_ACTIONS }),
    examineOwnBuckets(request, subject, ask),
  ]);
  return { subject, results, ownBuckets };
}

async function examineOwnBuckets(
  { access, signal }: BucketRequest,
  subject: Subject,
  ask: Ask<BucketAnswers>,
): Promise<readonly OwnBucketExamination[]> {
  // Why they are not known is told by the check that asks for them.
  const inUse = await ask('ownBuckets').catch(() => undefined);
  if (inUse === undefined || inUse.size === 0) return [];
  const client = await access.s3(subject.region);
  const hasFunctions = isKeptByFunction(subject);
  return Promise.all(
    Array.from(inUse, async ([bucket, usedBy]) => {
      const settings = new Bucket({ client, bucket, owner: subject.account, signal });
      const content = s3Store({ client, bucket, expectedOwner: subject.account, requiresVersions: false, signal });
      const checks = await lookAt({ domain: subject, bucket, hasFunctions, usedBy }, { settings, content });
      return { bucket, repositories: usedBy, checks };
    }),
  );
}

/** An error is an answer too where the bucket may be there and only does not tell. */
async function find(
  { access, signal }: BucketRequest,
  bucket: string,
  owner: string,
): Promise<BucketPresence | ArtifactError> {
  try {
    return { is: 'there', region: await bucketRegion(await access.s3(), bucket, owner, signal) };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const { code, message } = error;
    if (code === 'ACCESS_DENIED') return error;
    if (code === 'BUCKET_NOT_FOUND') return { is: 'absent', message: `there is no bucket '${bucket}'` };
    if (code === 'WRONG_OWNER') return { is: 'of another', message };
    throw error;
  }
}

interface Situation {
  readonly request: BucketRequest;
  readonly subject: Subject;
  readonly presence: BucketPresence | ArtifactError;
  /** Where the bucket is, as far as that is known. */
  readonly region: string;
}

async function questions({ request, subject, presence, region }: Situation): Promise<Ask<BucketAnswers>> {
  const { access, signal, chance, writes } = request;
  const { bucket, account: owner, expected } = subject;
  const client = await access.s3(region);
  const settings = new BucketSettings({ client, bucket, owner, signal });
  const deployed = new Deployed(access, subject.region, signal);
  const storeWith = (requiresVersions: boolean): ObjectStore =>
    limited(s3Store({ client, bucket, expectedOwner: owner, requiresVersions, signal }), REQUESTS_AT_ONCE);

  const there = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (presence instanceof ArtifactError || presence.is === 'there') return answer();
    throw new DoesNotApply(presence.is === 'absent' ? 'there is no bucket' : "the bucket is another account's");
  };
  const stacked = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (subject.kind === 'stack') return answer();
    throw new DoesNotApply(`no stack makes '${bucket}': its domain has no function and no service token`);
  };

  const ask: Ask<BucketAnswers> = askingOnce<BucketAnswers>({
    subject: async () => subject,
    bucket: async () => {
      if (presence instanceof ArtifactError) throw presence;
      return presence;
    },
    descriptor: () => there(() => readDescriptor(storeWith(false), subject, chance)),
    versioning: () => there(() => settings.versioning()),
    policy: () => there(() => settings.policy()),
    encryption: () => there(() => settings.encryption()),
    lifecycle: () => there(() => settings.lifecycle()),
    publicAccess: () => there(() => settings.publicAccess()),
    ownership: () => there(() => settings.ownership()),
    eventBridge: () => there(() => settings.eventBridge()),
    replication: () => there(() => settings.replication()),
    objectLock: () => there(() => settings.objectLock()),
    clock: () => settings.clock(),
    conditionalWrites: () =>
      there(async () => {
        if (!writes) throw new DoesNotApply('nothing was to be written (--no-write)');
        await requireDomain(ask('descriptor'));
        const versioning = await ask('versioning').catch(() => undefined);
        if (versioning !== undefined && versioning !== 'Enabled')
          throw new DoesNotApply('the bucket keeps no versions');
        return tryStore(() => probe(storeWith(true), chance.nonce()));
      }),
    export: () => stacked(() => deployed.export(expected.exportName)),
    stack: () =>
      stacked(async () => {
        // Who exports the token is the domain's stack; one that never came to be exports nothing.
        const exported = await ask('export');
        return deployed.stack(exported?.stackId ?? STACK);
      }),
    standing: async () => (await ask('stack')) ?? notThere('there is no stack'),
    reference: () => stacked(() => deployed.function(expected.reference.name)),
    running: async () => (await ask('reference')) ?? notThere('there is no reference function'),
    referenceConcurrency: async () => {
      await ask('running');
      return deployed.reservedConcurrency(expected.reference.name);
    },
    keeper: () => stacked(() => deployed.function(expected.keeper.name, expected.keeper.alias)),
    missingAliases: () =>
      stacked(async () => {
        const { name: keeper, otherAliases } = expected.keeper;
        const found = await Promise.all(otherAliases.map(({ name }) => deployed.function(keeper, name)));
        return otherAliases.filter((_, index) => found[index] === undefined);
      }),
    sharing: () =>
      stacked(() =>
        there(async () => {
          await requireDomain(ask('descriptor'));
          return differencesOf(access, subject, storeWith(false), signal);
        }),
      ),
    resourceShares: () =>
      stacked(() =>
        there(async () => {
          await requireDomain(ask('descriptor'));
          return standingByRam(access, subject, storeWith(false), signal);
        }),
      ),
    ownBuckets: () =>
      there(async () => {
        await requireDomain(ask('descriptor'));
        return bucketsInUse(storeWith(false));
      }),
    audit: async () => {
      const { parameters, changed } = await ask('standing');
      if ((parameters['KeeperCode'] ?? '') === '') notThere('there is no keeper');
      if (parameters['AuditSchedule'] !== 'daily') notThere('the daily audit is off');
      return there(() => newestOf('audit', storeWith(false), changed, chance.now()));
    },
    collection: async () => {
      const { parameters, changed } = await ask('standing');
      if ((parameters['KeeperCode'] ?? '') === '') notThere('there is no keeper');
      const schedule = parameters['CollectSchedule'] ?? 'off';
      if (schedule === 'off') notThere('the daily collection is off');
      return there(() => newestOf('collect', storeWith(false), changed, chance.now()));
    },
  });
  return ask;
}

/** Where nothing is shared or demanded, only the bucket could say something all the same. */
async function differencesOf(
  access: AwsAccess,
  subject: Subject,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<BucketAnswers['sharing']> {
  const sharing = await readSharing(store);
  const { targets } = await targetsOf(access, subject, signal);
  const isSilent = sharing.shares.length === 0 && Object.keys(sharing.demands).length === 0;
  const changes = await planAll(isSilent ? targets.slice(0, 1) : targets, sharing);
  return changes.map(({ what, lines }) => ({ what, lines }));
}

/** Of a domain that shares nothing by RAM, RAM is not asked. */
async function standingByRam(
  access: AwsAccess,
  subject: Subject,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<BucketAnswers['resourceShares']> {
  const [sharing, noted] = [await readSharing(store), await readResourceShares(store)];
  const told = await resourceAccess(access, subject, signal).ask(noted.map(({ arn }) => arn));
  return standingOf(subject, sharing, noted, told).map((share) => {
    const others = sharing.shares.filter(({ repository }) => repository === share.repository);
    const refused = share.state === 'new' ? problemOfShare(others, share) : undefined;
    return refused === undefined ? share : { ...share, reason: refused.message };
  });
}

function notThere(reason: string): never {
  throw new DoesNotApply(reason);
}

/**
 * What the keeper notes of a task that it does every day, under `progress/`.
 * @param changed when the stack was
 * @throws ArtifactError UNSUPPORTED_FORMAT
 */
export async function newestOf(
  task: 'audit' | 'collect',
  store: ObjectStore,
  changed: Date,
  now: Date,
): Promise<DailyAnswer> {
  const since = (time: Date): number => now.getTime() - time.getTime();
  const progress = await readRecord(store, progressKey(task), ({ format, began, finished }) => {
    if (typeof format !== 'number' || format > FORMAT_VERSION || typeof began !== 'string') return undefined;
    return { began, ...(typeof finished === 'string' && { finished }) };
  });
  if (progress === undefined) return { is: 'none', age: since(changed) };
  const { began, finished } = progress.value;
  return finished === undefined
    ? { is: 'under way', age: since(new Date(began)) }
    : { is: 'finished', age: since(new Date(finished)) };
}

/** Nothing is written to what is no domain: it is somebody's bucket or folder. */
export async function requireDomain(descriptor: Promise<DescriptorAnswer>): Promise<void> {
  if ((await descriptor).is !== 'right')
    throw new DoesNotApply('it is not known to be a domain, and nothing is written to anything else');
}

/**
 * Whether this is a domain, of the place where it was looked for. Writes nothing.
 * @throws whatever keeps the descriptor from being read: it says nothing about the domain
 */
export async function readDescriptor(
  store: ObjectStore,
  place: DomainPlace & { readonly bucket: string },
  chance: Chance,
): Promise<DescriptorAnswer> {
  try {
    const domain = await findDomain({ store: dryRun(store), keeper: ownKeeper(store), chance });
    if (domain === undefined) return { is: 'absent' };
    requireAt(domain, place);
    return { is: 'right' };
  } catch (error) {
    // Of another place, of a format to come, or no descriptor at all: it was read. All else says nothing about it.
    if (
      !(error instanceof ArtifactError) ||
      !hasCode(error, 'INVALID_CONFIGURATION', 'UNSUPPORTED_FORMAT', 'UNSUPPORTED_STORE')
    )
      throw error;
    return { is: 'other', message: error.message, remedy: error.remedy };
  }
}

/** @param trial throws ArtifactError UNSUPPORTED_STORE where a promise is broken */
export async function tryStore(trial: () => Promise<void>, ...codes: readonly string[]): Promise<StoreAnswer> {
  try {
    await trial();
    return { keeps: true };
  } catch (error) {
    if (!(error instanceof ArtifactError) || !hasCode(error, 'UNSUPPORTED_STORE', ...codes)) throw error;
    return { keeps: false, message: error.message, remedy: error.remedy };
  }
}
