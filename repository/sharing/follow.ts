import type { DomainPlace } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import type { ObjectStore } from '../object-store.ts';
import { listConfigured, readSettings } from '../settings.ts';
import type { PolicyDocument, Statement } from './policy.ts';
import { parsePolicy, policyText, samePolicy, withStatements } from './policy.ts';
import { parseRecipient } from './recipient.ts';
import type { Sharing } from './records.ts';
import { changeNotes, problemOfShare, readSharing } from './records.ts';
import type { RamShare, RepositoryResourceShare, ResourceShare, ToldResourceShare } from './resource-share.ts';
import { ramShares } from './resource-share.ts';
import type { RepositoryShare, Share } from './share.ts';
import { bucketStatements, demandStatements, isOwnSid } from './statements.ts';

/** Those of these resource shares that are there, as AWS RAM tells them. */
export type AskRam = (arns: readonly string[]) => Promise<readonly ToldResourceShare[]>;

/** The policy of a domain's bucket, which is read and written whole. */
export interface BucketPolicy {
  readonly read: () => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
}

interface Place extends DomainPlace {
  readonly bucket: string;
}

/** So many times somebody else may change the policy or the records meanwhile. */
const TURNS = 3;

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
): readonly Share[] {
  const standing = ramShares(place, repository, noted, shares, told);
  const gone = standing.filter(({ state }) => state === 'gone');
  const stay = shares.filter((share) => share.ram === undefined || !gone.some(({ id }) => id === share.id));
  const come = standing.filter(({ state }) => state === 'new');
  return come.reduce<readonly Share[]>((all, { id, pattern, with: recipient, right, ram }) => {
    const share = { id, pattern, with: recipient, right, ram };
    return problemOfShare(all, { ...share, repository }) === undefined ? [...all, share] : all;
  }, stay);
}

/** Brings the records to what RAM says. @throws ArtifactError CONTENTION */
export async function recordFollowed(
  domain: Pick<Domain, 'store' | 'chance'> & Place,
  told: readonly ToldResourceShare[],
): Promise<void> {
  const [{ shares }, noted] = [await readSharing(domain.store), await readResourceShares(domain.store)];
  const concerned = [...shares.filter(({ ram }) => ram !== undefined), ...noted];
  for (const repository of new Set(concerned.map((one) => one.repository))) {
    await changeNotes(domain, repository, ({ shares: before = [], ...notes }) => {
      const after = followedIn(domain, repository, notes.resourceShares ?? [], before, told);
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
 * Brings the policy of the bucket, and then the records, to what RAM says. It takes but this one step: where the policy is not already what the records say, nothing is written. So whoever may write
 * records and not the policy can't have the policy written by this; and what a resource share means is sealed by who made it (`sealOf`). Neither S3 nor anything else compares before it writes a
 * policy: it is read right before, and once more afterwards.
 *
 * Accounts that the policy does not name were left out of it by who wrote it, because they don't exist: they stay out, and are in nobody else's way.
 * @throws ArtifactError INVALID_CONFIGURATION where the policy is not what the records say; CONTENTION; whatever reading and writing throw
 */
export async function follow(
  domain: Pick<Domain, 'store' | 'chance'> & Place,
  ask: AskRam,
  policy: BucketPolicy,
): Promise<FollowedRam> {
  let [came, went] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    const noted = await readResourceShares(domain.store);
    const before = await readSharing(domain.store);
    const told = noted.length === 0 ? [] : await ask(noted.map(({ arn }) => arn));
    const after = followed(domain, before, noted, told);
    const text = await policy.read();
    const current = parsePolicy(text, `the bucket '${domain.bucket}'`);
    const isLeftOut = leftOutOf(current, before);
    const wanted = saying(domain, current, without(isLeftOut, after));
    const isWritten = samePolicy(current, wanted);
    if (isWritten && sameShares(before.shares, after.shares)) return { came, went };
    if (!isWritten) {
      requireSaid(domain, text, without(isLeftOut, before));
      if ((await policy.read()) !== text) continue;
      await policy.write(policyText(wanted));
      came += after.shares.filter(({ id }) => !before.shares.some((one) => one.id === id)).length;
      went += before.shares.filter(({ id }) => !after.shares.some((one) => one.id === id)).length;
    }
    await recordFollowed(domain, told);
  }
  throw new ArtifactError(
    'CONTENTION',
    `the policy of the bucket '${domain.bucket}' is changed by others all the time`,
    {
      remedy: 'The next tick tries again. To do it by hand, run: cfn-artifacts share sync',
    },
  );
}

function saying(place: Place, current: PolicyDocument, { shares, demands }: Sharing): PolicyDocument {
  const wanted = [...bucketStatements(place, shares), ...demandStatements(place, demands)];
  return withStatements(current, wanted as unknown as readonly Statement[], isOwnSid);
}

/** Whether somebody is an account with a share that none of the policy's own statements names. */
function leftOutOf(current: PolicyDocument, { shares }: Sharing): (recipient: string) => boolean {
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

function requireSaid(place: Place, policy: string | undefined, sharing: Sharing): void {
  if (saysWhatIsShared(place, policy, sharing)) return;
  throw new ArtifactError(
    'INVALID_CONFIGURATION',
    `the policy of the bucket '${place.bucket}' is not what is shared: it was not changed to follow AWS RAM`,
    { remedy: 'Run: cfn-artifacts share sync' },
  );
}
