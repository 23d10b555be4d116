import { isDayOld } from '../age.ts';
import { expandAhead } from '../ahead.ts';
import { digestsOf } from '../deleting/version-deletion.ts';
import type { Domain } from '../domain.ts';
import { requireFailure } from '../failure.ts';
import { formatArtifactName } from '../name.ts';
import type { Stored } from '../record.ts';
import type { LifecycleRule } from '../settings.ts';
import type { Status, StatusRecord } from '../status.ts';
import { exists, readStatusRecord } from '../status.ts';
import { listUsers, nameOfConsumer } from '../usage.ts';
import type { Manifest } from '../version.ts';
import { currentStatus, readManifest, readVersion } from '../version.ts';
import type { Candidate, WalkPlace } from './candidates.ts';
import { listCandidates } from './candidates.ts';
import type { PlanItem } from './item.ts';
import { matchesSegment } from './pattern.ts';
import { havePassed, isAbandoned } from './quarantine.ts';
import { noteUnused, unusedSince } from './unused.ts';

/** What was found out about one version. */
export interface JudgedVersion extends WalkPlace {
  readonly item?: PlanItem;
  /** IDs of the rules that kept it, or took it. */
  readonly kept: readonly string[];
  readonly took: readonly string[];
}

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 16;

/**
 * The rules of a repository against its versions: by ID, newest first. A version goes if nobody needs it, some rule that concerns it has waited long enough for
 * that, and no rule keeps it. How many there are and which is the newest the listings tell; only what a rule may take is looked at. Since when nobody has needed it is
 * noted in its status.
 *
 * One that can't be looked at is told and stays.
 * @param telling whether to tell of those that stay
 */
export function judgeVersions(
  domain: Domain,
  repository: string,
  rules: readonly LifecycleRule[],
  telling: 'all' | 'what goes',
  after?: WalkPlace,
): AsyncGenerator<JudgedVersion> {
  const candidates = listCandidates(domain, repository, rules, after);
  return expandAhead(candidates, VERSIONS_AHEAD, async function* (candidate) {
    const { id, number, passed } = candidate;
    const place = { repository, id, number, passed };
    try {
      const { item, ...judged } = await judge(domain, candidate);
      const isTold = item !== undefined && (telling === 'all' || item.action !== 'keep');
      yield { ...place, ...judged, ...(isTold && { item }) };
    } catch (error) {
      const { failure: why, remedy } = requireFailure(error);
      const subject = `${formatArtifactName(place)}:${number}`;
      const item: PlanItem = { action: 'unknown', subject, why, ...(remedy !== undefined && { remedy }) };
      yield { ...place, kept: [], took: [], item };
    }
  });
}

type Judgement = Pick<JudgedVersion, 'item' | 'kept' | 'took'>;
const UNCONCERNED: Judgement = { kept: [], took: [] };

async function judge(domain: Domain, candidate: Candidate): Promise<Judgement> {
  const { artifact, number } = candidate;
  if (artifact.rules.length === 0) return UNCONCERNED;
  const status = artifact.changed.has(number) ? await readStatusRecord(domain, artifact.name, number) : undefined;
  if (status !== undefined && !exists(status.value.status)) return judgeGoing(domain, candidate, status);
  if (candidate.isGone === true) return UNCONCERNED;
  const keeping = await keepingRules(domain, candidate);
  if (keeping.length > 0) {
    await noteIfUsed(domain, candidate, status);
    const [{ why }] = keeping as readonly [Kept, ...Kept[]];
    const kept = keeping.map(({ rule }) => rule);
    return { kept, took: [], item: keep(candidate, why, kept.join(', ')) };
  }
  return judgeUnkept(domain, candidate, status);
}

/** Whoever deleted it may have died before he came to an end: then a run does, as long as nobody else has. */
async function judgeGoing(
  domain: Domain,
  { artifact, number }: Candidate,
  { value, modified }: Stored<StatusRecord>,
): Promise<Judgement> {
  if (value.status !== 'Deleting' || !isAbandoned(domain, modified)) return UNCONCERNED;
  const manifest = await readManifest(domain, artifact.name, number);
  if (manifest === undefined) return UNCONCERNED;
  return { ...UNCONCERNED, item: deletion(manifest, [], 'its deletion was begun and not ended', value.nonce) };
}

interface Kept {
  readonly rule: string;
  readonly why: string;
}

async function keepingRules(domain: Domain, candidate: Candidate): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const rule of candidate.artifact.rules) {
    const why = await whyKept(domain, candidate, rule);
    if (why !== undefined) kept.push({ rule: rule.id, why });
  }
  return kept;
}

/** What the listing tells is asked first. */
async function whyKept(
  domain: Domain,
  { artifact, number, rank }: Candidate,
  { keepNewest, keepLabels, keepBookmarkedDays }: LifecycleRule,
): Promise<string | undefined> {
  if (keepNewest !== undefined && rank !== undefined && rank < keepNewest) {
    return keepNewest === 1 ? 'it is the newest' : `it is one of the newest ${keepNewest}`;
  }
  if (keepLabels !== undefined) {
    const label = (await artifact.labelsOf(number)).find((one) =>
      keepLabels.some((pattern) => matchesSegment(pattern, one)),
    );
    if (label !== undefined) return `it has the label '${label}'`;
  }
  if (keepBookmarkedDays === undefined) return undefined;
  const named = (await artifact.bookmarksOf(number)).find(
    ({ until }) => until === undefined || !havePassed(domain, until, keepBookmarkedDays),
  );
  if (named === undefined) return undefined;
  return `'^${named.bookmark}' ${named.until === undefined ? 'names it' : `named it until ${named.until.toISOString()}`}`;
}

/** Whether some rule takes it. */
async function judgeUnkept(
  domain: Domain,
  candidate: Candidate,
  status: Stored<StatusRecord> | undefined,
): Promise<Judgement> {
  const { artifact, number } = candidate;
  const expiring = artifact.rules.filter(({ expireUnusedDays }) => expireUnusedDays !== undefined);
  if (expiring.length === 0) {
    await noteIfUsed(domain, candidate, status);
    return { ...UNCONCERNED, item: keep(candidate, 'no rule takes it') };
  }
  const manifest = await readManifest(domain, artifact.name, number);
  if (manifest === undefined) return UNCONCERNED;
  if (await isUnderWay(domain, manifest, status?.value.status))
    return { ...UNCONCERNED, item: keep(candidate, PENDING) };
  const user = await firstUser(domain, candidate, manifest);
  if (user !== undefined) await noteUnused(domain, manifest, status, 'used');
  if (user !== undefined) return { ...UNCONCERNED, item: keep(candidate, `used by ${user}`) };
  // What goes at once needs no note. Where none could be written, nobody knows since when.
  const isTimed = expiring.every(({ expireUnusedDays = 0 }) => expireUnusedDays > 0);
  const noted = isTimed ? await noteUnused(domain, manifest, status, 'unused') : unusedSince(status);
  const took = expiring.filter(
    ({ expireUnusedDays: days = 0 }) => days === 0 || (noted !== undefined && havePassed(domain, noted, days)),
  );
  if (took.length > 0)
    return {
      kept: [],
      took: took.map(({ id }) => id),
      item: deletion(
        manifest,
        took,
        noted === undefined ? 'unused' : `unused since ${noted.toISOString()}`,
        status?.value.nonce,
      ),
    };
  const days = Math.min(...expiring.map(({ expireUnusedDays = 0 }) => expireUnusedDays));
  const since = noted === undefined ? '' : ` since ${noted.toISOString()}`;
  return {
    ...UNCONCERNED,
    item: keep(candidate, `unused${since}, and goes after ${days} ${days === 1 ? 'day' : 'days'}`),
  };
}

const PENDING = 'it is just being promoted together with others';

/** Whoever promotes several may be at it for a while, and nobody can need what is not to be seen yet. */
async function isUnderWay(domain: Domain, manifest: Manifest, recorded: Status | undefined): Promise<boolean> {
  if ((await currentStatus(domain, manifest, recorded)).pending === undefined) return false;
  const version = await readVersion(domain, manifest, manifest.number);
  return version?.pending === 'open' && !isDayOld({ domain }, version.modified);
}

function keep({ artifact, number }: Candidate, why: string, rule?: string): PlanItem {
  return { action: 'keep', ...artifact.name, number, ...(rule !== undefined && { rule }), why };
}

/** @param seen the nonce of the status that was looked at: a note that was just written takes nothing yet */
function deletion(manifest: Manifest, took: readonly LifecycleRule[], why: string, seen: string | undefined): PlanItem {
  const { repository, id, number, assets } = manifest;
  const sizes = new Map(assets.map(({ digest, size }) => [digest, size]));
  return {
    ...{ action: 'delete', repository, id, number, digests: digestsOf(manifest) },
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    ...(took.length > 0 && { rule: took.map((rule) => rule.id).join(', ') }),
    why,
    ...(seen !== undefined && { seen }),
  };
}

/** What no rule takes may be used or not: where a note says that it is not, that is looked at all the same, because another rule may go by it one day. */
async function noteIfUsed(
  domain: Domain,
  candidate: Candidate,
  status: Stored<StatusRecord> | undefined,
): Promise<void> {
  if (status?.value.unusedSince === undefined) return;
  const manifest = await readManifest(domain, candidate.artifact.name, candidate.number);
  if (manifest === undefined || (await firstUser(domain, candidate, manifest)) === undefined) return;
  await noteUnused(domain, manifest, status, 'used');
}

/** Somebody who needs it, as people say it. Bookmarks are read once for all versions of the artifact. */
async function firstUser(
  domain: Domain,
  { artifact, number }: Candidate,
  manifest: Manifest,
): Promise<string | undefined> {
  const bookmark = (await artifact.bookmarksOf(number)).find(({ until }) => until === undefined);
  if (bookmark !== undefined) return `the bookmark '${bookmark.bookmark}'`;
  for (const digest of digestsOf(manifest)) {
    for await (const usage of listUsers(domain, { ...artifact.name, number, digest }))
      return nameOfConsumer(usage.consumer, domain);
  }
  return undefined;
}
