import type { Operation, Wanted } from '../../repository/bind.ts';
import { bind } from '../../repository/bind.ts';
import { placeOfKey } from '../../repository/contents.ts';
import type { Domain, DomainParts } from '../../repository/domain.ts';
import { describeDomain, findDomain, requireAt } from '../../repository/domain.ts';
import { ArtifactError, ArtifactErrors, hasCode } from '../../repository/error.ts';
import { isDeclaring } from '../../repository/declaring/thing.ts';
import type { AskKeeper } from '../../repository/asking/command.ts';
import { release } from '../../repository/release.ts';
import { declare } from './declared.ts';
import type { ResourceEvent } from './event.ts';
import { formatPhysicalId, generationOf, isInvented } from '../../repository/physical-id.ts';
import type { Failing, Outcome } from './outcome.ts';
import { parseProperties, wantTheSame } from './properties.ts';
import { attributesOf, findUse } from './use.ts';

/** The domain that is served, and how to reach it. */
export interface Served extends DomainParts {
  readonly place: Pick<Domain, 'partition' | 'account' | 'region' | 'bucket'>;
  readonly urlOf: (bucket: string, key: string) => string;
  /** The keeper, as it takes what stacks declare. Absent: they can't declare anything. */
  readonly declaring?: AskKeeper;
}

/** What the domain's own stack writes its descriptor with. */
const DOMAIN_TYPE = 'Custom::ArtifactDomain';
const DOMAIN_ID = 'domain';

/** @throws ArtifactError */
export async function carryOut(event: ResourceEvent, served: Served, failing: Failing): Promise<Outcome> {
  if (event.resourceType === DOMAIN_TYPE) return describe(event, served);
  if (isDeclaring(event.resourceType)) return declare(event, served.declaring, failing);
  return event.requestType === 'Delete' ? end(event, served) : use(event, served, failing);
}

/** The ID before anything is known: of a Create it leads a Delete to whatever is written from here on. */
export function firstId({ requestType, requestId, physicalId }: ResourceEvent): string {
  return requestType === 'Create' ? formatPhysicalId(requestId) : physicalId;
}

/** The descriptor outlives its stack as the bucket does. */
async function describe({ requestType, physicalId }: ResourceEvent, served: Served): Promise<Outcome> {
  if (requestType === 'Delete') return { physicalId };
  await onceAllowed(served, () => describeDomain(served, served.place));
  return { physicalId: DOMAIN_ID };
}

/** The function's role and the bucket's policy were made a moment ago: it takes some seconds until every server of IAM and S3 has heard of them. */
const ATTEMPTS = 8;
const PAUSE_MS = 500;

async function onceAllowed<T>({ chance }: Served, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'ACCESS_DENIED')) throw error;
      await chance.pause(PAUSE_MS * attempt);
    }
  }
}

async function use(event: ResourceEvent, served: Served, failing: Failing): Promise<Outcome> {
  const { requestType, requestId, resource, issued, stackId, properties, oldProperties } = event;
  const { uses, isGroup, pinned } = parseProperties(properties);
  const domain = await readyDomain(served);
  const wanted = await foundOrAllProblems(uses.map((one) => findUse(domain, one)));
  // Before anything is written.
  if (isGroup) bucketOfAll(domain, wanted);
  const idOf = (generation: string): string => formatPhysicalId(generation, isGroup ? undefined : wanted[0]?.arn);
  const current = requestType === 'Update' ? generationOf(event.physicalId) : undefined;
  const replaces = current === undefined || !wantTheSame(properties, oldProperties);
  const operation: Operation = {
    ...{ resource, stackId, requestId, issued, replaces, pinned },
    ...(current !== undefined && { current }),
  };
  // What is written from here on has the new generation, and CloudFormation deletes the ID that a failure names.
  if (replaces) failing.physicalId = idOf(requestId);
  const generation = await bind(domain, operation, wanted);
  if (generation !== requestId) failing.physicalId = event.physicalId;
  return {
    physicalId: generation === current ? event.physicalId : idOf(generation),
    data: await dataOf(domain, wanted, isGroup, served.urlOf),
    added: generation === requestId ? 1 : 0,
  };
}

async function dataOf(
  domain: Domain,
  wanted: readonly Wanted[],
  isGroup: boolean,
  urlOf: Served['urlOf'],
): Promise<Readonly<Record<string, string>>> {
  const [first, ...rest] = wanted;
  return first === undefined || isGroup || rest.length > 0
    ? { Bucket: bucketOfAll(domain, wanted) }
    : attributesOf(domain, first, urlOf);
}

/** Of a group, which is answered with one. @throws ArtifactError INVALID_ARGUMENT where they stand in different buckets */
function bucketOfAll(domain: Domain, wanted: readonly Wanted[]): string {
  const [bucket = domain.bucket, ...others] = new Set(wanted.map(({ key }) => placeOfKey(domain, key).bucket));
  if (others.length === 0) return bucket;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `what 'ArtifactArns' names stands in different buckets: ${[bucket, ...others].join(', ')}`,
    {
      remedy: 'Give what stands in another bucket a Custom::ArtifactRef of its own.',
    },
  );
}

async function readyDomain(served: Served): Promise<Domain> {
  const domain = await findDomain(served);
  if (domain === undefined)
    throw new ArtifactError('DOMAIN_NOT_FOUND', `the bucket '${served.place.bucket}' is no domain of artifacts yet`);
  requireAt(domain, served.place);
  const { away } = domain;
  return away === undefined
    ? domain
    : { ...domain, away: { ...away, fetch: (...of) => away.fetch(...of).catch(told) } };
}

/** What is wrong with another domain, or with the way there, has a remedy of its own: nothing of this one was changed. */
function told(error: unknown): never {
  if (!hasCode(error, 'ACCESS_DENIED', 'DOMAIN_NOT_FOUND', 'INVALID_CONFIGURATION', 'UNSUPPORTED_FORMAT')) throw error;
  const { message, remedy } = error as ArtifactError;
  throw new ArtifactError('ARTIFACT_NOT_FOUND', message, { ...(remedy !== undefined && { remedy }), cause: error });
}

async function foundOrAllProblems(searches: readonly Promise<Wanted>[]): Promise<readonly Wanted[]> {
  const results = await Promise.allSettled(searches);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const [first, ...rest] = failures;
  if (failures.length === 1 || failures.some((failure) => !(failure instanceof ArtifactError))) throw first;
  if (first instanceof ArtifactError) throw new ArtifactErrors([first, ...(rest as ArtifactError[])]);
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Of an ID that is not ours nothing was ever written, except where CloudFormation had to invent it. */
async function end({ resource, requestId, issued, physicalId }: ResourceEvent, served: Served): Promise<Outcome> {
  const generation = generationOf(physicalId);
  if (generation === undefined && !isInvented(physicalId, resource)) return { physicalId };
  try {
    const ended = { resource, requestId, issued, ...(generation !== undefined && { generation }) };
    const removed = await release(served.store, ended, served);
    return { physicalId, removed };
  } catch (error) {
    // With the bucket went everything that was in it.
    if (hasCode(error, 'BUCKET_NOT_FOUND')) return { physicalId };
    throw error;
  }
}
