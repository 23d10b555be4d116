import type { DomainPlace } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import type { ObjectStore } from '../object-store.ts';
import { listConfigured, readSettings } from '../settings.ts';
import { applySharing } from './apply.ts';
import type { Applied } from './apply.ts';
import type { PolicyDocument, Statement } from './policy.ts';
import { parsePolicy, samePolicy, withStatements } from './policy.ts';
import { parseRecipient } from './recipient.ts';
import type { Sharing } from './records.ts';
import { changeNotes, isSame, problemOfShare, readSharing } from './records.ts';
import type { RamShare, RepositoryResourceShare, ResourceShare, ToldResourceShare } from './resource-share.ts';
import { ramShares } from './resource-share.ts';
import type { RepositoryShare, Share } from './share.ts';
import { bucketStatements, demandStatements, isOwnSid } from './statements.ts';
import type { PolicyText, Target } from './target.ts';
import type { DomainPolicies } from './targets.ts';
import { bucketTarget, otherTargets } from './targets.ts';

/** Those of these resource shares that are there, as AWS RAM tells them. */
export type AskRam = (arns: readonly string[]) => Promise<readonly ToldResourceShare[]>;

interface Place extends DomainPlace {
  readonly bucket: string;
}

type Followed = Pick<Domain, 'store' | 'chance'> & Place;

/** All that repositories have noted. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function readResourceShares(store: ObjectStore): Promise<readonly RepositoryResourceShare[]> {
  const all: RepositoryResourceShare[] = [];
  for await (const repository of listConfigured(store)) {
    const { resourceShares = [] } = (await readSettings(store, repository))?.value ?? {};
    all.push(...resourceShares.map((one) => ({ ...one, repository })));
  }
  return all;
}

/**
 * What content is tagged for: what is shared, and what will be with whoever accepts a resource share. No policy says anything of a tag for which nobody has a share; so whoever accepts finds what there
 * is, and nothing has to be tagged then.
 */
export async function sharesToTag(store: ObjectStore): Promise<readonly RepositoryShare[]> {
  const { shares } = await readSharing(store);
  const offered = (await readResourceShares(store)).map(({ arn, repository, pattern }) => ({
    ...{ id: '', repository, pattern, with: '', right: 'read' as const, ram: arn },
  }));
  return [...shares, ...offered];
}

/** From here on whoever RAM associates with it has a share. @throws ArtifactError REPOSITORY_NOT_FOUND, CONTENTION */
export function noteResourceShare(
  domain: Pick<Domain, 'store' | 'chance'>,
  { repository, ...wanted }: RepositoryResourceShare,
): Promise<void> {
  return changeNotes(domain, repository, ({ resourceShares = [], ...notes }) =>
    resourceShares.some(({ arn }) => arn === wanted.arn)
      ? undefined
      : { ...notes, resourceShares: [...resourceShares, wanted] },
  );
}

/** Nobody has anything by it any more. @throws ArtifactError CONTENTION */
export function forgetResourceShare(
  domain: Pick<Domain, 'store' | 'chance'>,
  { repository, arn }: Pick<RepositoryResourceShare, 'repository' | 'arn'>,
): Promise<void> {
  return changeNotes(domain, repository, ({ resourceShares = [], ...notes }) => {
    const others = resourceShares.filter((one) => one.arn !== arn);
    return others.length === resourceShares.length ? undefined : { ...notes, resourceShares: others };
  });
}

/** How everybody stands who has, or is to have, a share by RAM. */
export function standingOf(
  place: Place,
  { shares }: Sharing,
  noted: readonly RepositoryResourceShare[],
  told: readonly ToldResourceShare[],
): readonly RamShare[] {
  const repositories = [...new Set([...shares, ...noted].map(({ repository }) => repository))];
  return repositories.flatMap((repository) =>
    ramShares(place, repository, noted.filter(of(repository)), shares.filter(of(repository)), told),
  );
}

/** What the records say as soon as they follow RAM. */
export function followed(
  place: Place,
  { shares, demands }: Sharing,
  noted: readonly RepositoryResourceShare[],
  told: readonly ToldResourceShare[],
): Sharing {
  const repositories = [...new Set([...shares, ...noted].map(({ repository }) => repository))];
  return {
    demands,
    shares: repositories.flatMap((repository) =>
      followedIn(place, repository, noted.filter(of(repository)), shares.filter(of(repository)), told).map((share) => ({
        ...share,
        repository,
      })),
    ),
  };
}

const of =
  (repository: string) =>
  (one: { readonly repository: string }): boolean =>
    one.repository === repository;

/** What can't stand beside the others does not enter: `doctor` tells of it. */
function followedIn(
  place: Place,
  repository: string,
  noted: readonly ResourceShare[],
  shares: readonly Share[],
  told: readonly ToldResourceShare[],
  isLeftOut: (share: Share) => boolean = () => false,
): readonly Share[] {
  const standing = ramShares(place, repository, noted, shares, told);
  const gone = standing.filter(({ state }) => state === 'gone');
  const stay = shares.filter((share) => share.ram === undefined || !gone.some(({ id }) => id === share.id));
  const come = standing.filter((share) => share.state === 'new' && !isLeftOut(share));
  return come.reduce<readonly Share[]>((all, { id, pattern, with: recipient, right, ram }) => {
    const share = { id, pattern, with: recipient, right, ram };
    return problemOfShare(all, { ...share, repository }) === undefined ? [...all, share] : all;
  }, stay);
}

/**
 * Brings the records to what RAM says.
 * @param isLeftOut who does not enter
 * @throws ArtifactError CONTENTION
 */
export async function recordFollowed(
  domain: Followed,
  told: readonly ToldResourceShare[],
  isLeftOut?: (share: Share) => boolean,
): Promise<void> {
  const [{ shares }, noted] = [await readSharing(domain.store), await readResourceShares(domain.store)];
  const concerned = [...shares.filter(({ ram }) => ram !== undefined), ...noted];
  for (const repository of new Set(concerned.map((one) => one.repository))) {
    await changeNotes(domain, repository, ({ shares: before = [], ...notes }) => {
      const after = followedIn(domain, repository, notes.resourceShares ?? [], before, told, isLeftOut);
      return sameShares(before, after) ? undefined : { ...notes, shares: after };
    });
  }
}

function sameShares(some: readonly Share[], others: readonly Share[]): boolean {
  return some.length === others.length && some.every(({ id }, index) => id === others[index]?.id);
}

/** What following came to: so many have a share that had none, and the other way round. */
export interface FollowedRam {
  readonly came: number;
  readonly went: number;
}

/**
 * Brings the policies, and the records, to what RAM says: that of the bucket first, without which nobody reads or writes anything, then those of the key and of the keeper's alias. Who goes, goes before anybody
 * comes: so it keeps nobody in that there is no room for those, or that AWS does not know them.
 *
 * The bucket's policy takes but one step: where it is not already what the records say, nothing is written. So whoever may write records and not the policy can't have the policy written by this; and
 * what a resource share means is sealed by who made it (`sealOf`). The others follow the bucket's, and give nothing to anybody whom RAM does not name.
 *
 * Accounts that the bucket's policy does not name were left out of it by who wrote it, because they don't exist: they stay out everywhere, and are in nobody else's way.
 * @throws ArtifactError INVALID_CONFIGURATION where a policy is not what the records say, and, after all else is done, where S3 does not take an account that RAM names; CONTENTION; whatever reading and writing throw
 */
export async function follow(domain: Followed, ask: AskRam, policies: DomainPolicies): Promise<FollowedRam> {
  const { bucket } = policies;
  const { went } = await look(domain, ask, bucket);
  if (went.length > 0) {
    const { sharing } = await followInBucket(domain, ask, bucket, staying);
    await recordFollowed(domain, sharing.view.told, () => true);
  }
  const { sharing, leftOut } = await followInBucket(domain, ask, bucket, ({ after }) => after);
  const { told, came } = sharing.view;
  const isLeftOut = (share: Share): boolean => leftOut.includes(share.with);
  await recordFollowed(domain, told, isLeftOut);
  await followElsewhere(domain, told, policies);
  if (leftOut.length > 0) throw refused(leftOut);
  return { came: came.filter((share) => !isLeftOut(share)).length, went: went.length };
}

/** What there is to follow, less who is left out. */
interface View {
  readonly told: readonly ToldResourceShare[];
  readonly before: Sharing;
  readonly after: Sharing;
  readonly came: readonly RepositoryShare[];
  readonly went: readonly RepositoryShare[];
}

async function look(domain: Followed, ask: AskRam, policy: PolicyText): Promise<View> {
  const noted = await readResourceShares(domain.store);
  const records = await readSharing(domain.store);
  const told = noted.length === 0 ? [] : await ask(noted.map(({ arn }) => arn));
  const isLeftOut = await leftOutOf(domain, policy, records);
  const [before, after] = [
    without(isLeftOut, records),
    without(isLeftOut, followed(domain, records, noted, told)),
  ] as const;
  return { told, before, after, came: missing(after, before), went: missing(before, after) };
}

/** Those of some that are not among others. */
function missing({ shares }: Sharing, others: Sharing): readonly RepositoryShare[] {
  return shares.filter(({ id }) => !others.shares.some((one) => one.id === id));
}

function staying({ after, came }: View): Sharing {
  return { ...after, shares: after.shares.filter((share) => !came.includes(share)) };
}

interface ViewedSharing extends Sharing {
  readonly view: View;
}

function followInBucket(
  domain: Followed,
  ask: AskRam,
  policy: PolicyText,
  wanted: (view: View) => Sharing,
): Promise<Applied<ViewedSharing>> {
  // Whoever died after the policy, and before the records, has left it as it is to be. What was right a moment ago may still be what S3 shows.
  const right: Sharing[] = [];
  return applySharing({
    targets: [bucketTarget(domain, policy)],
    read: async () => {
      const view = await look(domain, ask, policy);
      right.push(view.before, view.after);
      return { ...wanted(view), view };
    },
    require: (changes) => {
      if (!changes.every(({ isSaid }) => right.some(isSaid))) throw notSaid(domain);
    },
    // All others it has accepted before: whether one of them is gone is for people to find out.
    isDoubtful: (account, { view }) =>
      view.came.some((share) => share.with === account) && !view.before.shares.some((share) => share.with === account),
    pause: domain.chance.pause,
  });
}

/** What can't be followed in one of them is in the way of none of the others. */
async function followElsewhere(
  domain: Followed,
  told: readonly ToldResourceShare[],
  policies: DomainPolicies,
): Promise<void> {
  const { targets } = await otherTargets(domain, policies);
  const failures: unknown[] = [];
  for (const target of targets) {
    await followIn(target, domain, told, policies.bucket).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * In a policy that opens nothing by itself. Whoever writes that of the bucket has agreed to what it says, but to no more than reading and writing there: so what this one comes to give to others is
 * what RAM lets them have, and nothing else.
 */
async function followIn(
  target: Target,
  domain: Followed,
  told: readonly ToldResourceShare[],
  bucket: PolicyText,
): Promise<void> {
  await applySharing({
    targets: [target],
    read: async () => {
      const [records, noted] = [await readSharing(domain.store), await readResourceShares(domain.store)];
      const sharing = without(await leftOutOf(domain, bucket, records), records);
      if (!saysWhatIsShared(domain, await bucket.read(), sharing)) throw notSaid(domain);
      const byRam = standingOf(domain, sharing, noted, told).filter(({ state }) => state === 'associated');
      const isByRam = (share: RepositoryShare): boolean =>
        byRam.some((one) => one.repository === share.repository && one.right === share.right && isSame(one, share));
      return { ...sharing, otherwise: { ...sharing, shares: sharing.shares.filter((share) => !isByRam(share)) } };
    },
    require: (changes, { otherwise }) => {
      for (const { what, isAllowed } of changes) if (!isAllowed(otherwise)) throw notShared(what);
    },
    isDoubtful: () => false,
    pause: domain.chance.pause,
  });
}

function saying(place: Place, current: PolicyDocument, { shares, demands }: Sharing): PolicyDocument {
  const wanted = [...bucketStatements(place, shares), ...demandStatements(place, demands)];
  return withStatements(current, wanted as unknown as readonly Statement[], isOwnSid);
}

/** Whether somebody is an account with a share that none of the bucket's own statements names. */
async function leftOutOf(
  { bucket }: Place,
  policy: PolicyText,
  { shares }: Sharing,
): Promise<(recipient: string) => boolean> {
  const current = parsePolicy(await policy.read(), `the bucket '${bucket}'`);
  const named = new Set(current.Statement.filter(({ Sid }) => isOwnSid(Sid)).flatMap(accountsIn));
  const unnamed = shares.map((share) => share.with).filter((one) => isAccount(one) && !named.has(one));
  const all = new Set(unnamed);
  return (recipient) => all.has(recipient);
}

/** S3 gives an account back as its ARN, or by its number. */
function accountsIn({ Principal: principal }: Statement): readonly string[] {
  const { AWS: named } = (principal ?? {}) as { readonly AWS?: unknown };
  return [named].flat().flatMap((one) => /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(String(one))?.[1] ?? []);
}

function isAccount(recipient: string): boolean {
  return parseRecipient(recipient)?.kind === 'account';
}

function without(isLeftOut: (recipient: string) => boolean, sharing: Sharing): Sharing {
  return { ...sharing, shares: sharing.shares.filter((share) => !isLeftOut(share.with)) };
}

/** Whether the policy of the domain's bucket says what is shared, no more and no less. */
export function saysWhatIsShared(place: Place, policy: string | undefined, sharing: Sharing): boolean {
  const current = parsePolicy(policy, `the bucket '${place.bucket}'`);
  return samePolicy(current, saying(place, current, sharing));
}

function notSaid({ bucket }: Place): ArtifactError {
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `the policy of the bucket '${bucket}' is not what is shared: it was not changed to follow AWS RAM`,
    { remedy: 'Run: cfn-artifacts share sync' },
  );
}

function notShared(what: string): ArtifactError {
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `the policy of ${what} lets somebody not have what is shared otherwise than by AWS RAM: it was not changed to follow that`,
    { remedy: 'Run: cfn-artifacts share sync' },
  );
}

/** S3 does not always say whom it does not know: it may be somebody whom the policy named before. */
function refused(accounts: readonly string[]): ArtifactError {
  const named = accounts.map((account) => `'${account}'`).join(', ');
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `S3 takes no policy that names ${named} too, as AWS RAM does: left out of the policies, and all else was done`,
    {
      remedy:
        "Run 'cfn-artifacts share sync': it finds out which account it is that AWS does not know. That one can be taken out of the resource share.",
    },
  );
}
