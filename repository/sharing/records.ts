import type { Domain } from '../domain.ts';
import type { Chance } from '../chance.ts';
import { ArtifactError } from '../error.ts';
import { DEFAULT_REPOSITORY } from '../name.ts';
import type { ObjectStore } from '../object-store.ts';
import { repositoryNotFound } from '../repositories.ts';
import type { RepositoryNotes } from '../settings.ts';
import { listConfigured, NO_SETTINGS, readSettings, writeRepository } from '../settings.ts';
import { overlap } from './reach.ts';
import type { Demands, RepositoryShare, Share } from './share.ts';
import { includes, SHARES_LIMIT } from './share.ts';

/** What a domain lets others do, and what it demands of everybody. */
export interface Sharing {
  readonly shares: readonly RepositoryShare[];
  readonly demands: Demands;
}

/** So many times somebody else may be faster. */
const TURNS = 20;
const PAUSE_MS = 20;

/**
 * All shares of a domain, in the order of its repositories.
 * @throws ArtifactError UNSUPPORTED_FORMAT of a repository whose record can't be read: nobody then knows what is shared
 */
export async function readSharing(store: ObjectStore): Promise<Sharing> {
  const shares: RepositoryShare[] = [];
  let demands: Demands = {};
  for await (const repository of listConfigured(store)) {
    const record = (await readSettings(store, repository))?.value;
    shares.push(...(record?.shares ?? []).map((share) => ({ ...share, repository })));
    if (repository === DEFAULT_REPOSITORY) demands = record?.demands ?? {};
  }
  return { shares, demands };
}

/**
 * Adds a share to those of its repository. One with the same people of the same artifacts, by the same way, takes the new right.
 * @param wanted its ID counts where it is none yet
 * @returns how it is called, and whether anything was changed
 * @throws ArtifactError REPOSITORY_NOT_FOUND; INVALID_ARGUMENT as `problemOfShare`, and of a repository whose content stands in a bucket of its own; CONTENTION
 */
export async function addShare(
  domain: Pick<Domain, 'store' | 'chance'>,
  { repository, ...wanted }: RepositoryShare,
): Promise<{ readonly id: string; readonly isChanged: boolean }> {
  let told = { id: wanted.id, isChanged: true };
  await changeShares(domain, repository, (shares, { bucket }) => {
    if (bucket !== undefined) throw contentElsewhere(repository, bucket);
    const problem = problemOfShare(shares, { repository, ...wanted });
    if (problem !== undefined) throw problem;
    const same = shares.find((share) => isSame(share, wanted));
    told = { id: same?.id ?? wanted.id, isChanged: same?.right !== wanted.right };
    if (!told.isChanged) return undefined;
    return [...shares.filter((share) => share !== same), { ...wanted, id: told.id }];
  });
  return told;
}

/** Its policy is whoever's the bucket is, and the keeper may tag nothing there. */
function contentElsewhere(repository: string, bucket: string): ArtifactError {
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `the content of '${repository}' stands in a bucket of its own, '${bucket}', which others can't be let into`,
    {
      remedy: "'cfn-artifacts promote' it to a repository that has its content in the domain's bucket, and share that.",
    },
  );
}

/** With the same people, of the same artifacts. One that RAM tells of is another. */
export function isSame(one: Omit<Share, 'id'>, other: Omit<Share, 'id'>): boolean {
  return one.pattern === other.pattern && one.with === other.with && one.ram === other.ram;
}

/**
 * Why a share can't stand beside the others of its repository. Where two may publish into patterns that overlap, each could name what the other has brought, and read it.
 */
export function problemOfShare(shares: readonly Share[], wanted: RepositoryShare): ArtifactError | undefined {
  const { repository, pattern, right } = wanted;
  if (shares.length >= SHARES_LIMIT && !shares.some((share) => isSame(share, wanted))) {
    return new ArtifactError('INVALID_ARGUMENT', `'${repository}' has ${SHARES_LIMIT} shares, and may have no more`, {
      remedy: 'Share with an organization, or with one of its units, instead of with each account.',
    });
  }
  if (!includes(right, 'publish')) return undefined;
  const other = shares.find(
    (share) => includes(share.right, 'publish') && share.pattern !== pattern && overlap(share.pattern, pattern),
  );
  if (other === undefined) return undefined;
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `'${repository}/${pattern}' and '${repository}/${other.pattern}', which ${other.with} may publish into, overlap`,
    {
      remedy: `Share '${repository}/${other.pattern}' with both, or patterns that have no artifact in common.`,
    },
  );
}

/**
 * Takes a share away.
 * @returns `undefined` where the domain has none of that name
 * @throws ArtifactError CONTENTION
 */
export async function removeShare(
  domain: Pick<Domain, 'store' | 'chance'>,
  id: string,
): Promise<RepositoryShare | undefined> {
  const { shares } = await readSharing(domain.store);
  const found = shares.find((share) => share.id === id);
  if (found === undefined) return undefined;
  await changeShares(domain, found.repository, (all) => {
    const others = all.filter((share) => share.id !== id);
    return others.length === all.length ? undefined : others;
  });
  return found;
}

/** @param change `undefined`: they are right as they are */
export function changeShares(
  domain: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  change: (shares: readonly Share[], notes: Omit<RepositoryNotes, 'shares'>) => readonly Share[] | undefined,
): Promise<void> {
  return changeNotes(domain, repository, ({ shares = [], ...notes }) => {
    const changed = change(shares, notes);
    return changed && { ...notes, shares: changed };
  });
}

/** Makes these the domain's demands, in the place of those that it has. @throws ArtifactError CONTENTION */
export function writeDemands(domain: Pick<Domain, 'store' | 'chance'>, demands: Demands): Promise<void> {
  return changeNotes(domain, DEFAULT_REPOSITORY, ({ demands: before = {}, ...notes }) =>
    sameDemands(before, demands) ? undefined : { ...notes, demands },
  );
}

export function sameDemands(one: Demands, other: Demands): boolean {
  const plain = ({ encryption, endpoints }: Demands): string => JSON.stringify([encryption, endpoints?.toSorted()]);
  return plain(one) === plain(other);
}

/** @param change `undefined`: what is noted is right as it is. @throws ArtifactError REPOSITORY_NOT_FOUND, CONTENTION */
export async function changeNotes(
  domain: { readonly store: ObjectStore; readonly chance: Chance },
  repository: string,
  change: (notes: RepositoryNotes) => RepositoryNotes | undefined,
): Promise<void> {
  const { store, chance } = domain;
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
    const before = await readSettings(store, repository);
    if (before === undefined && repository !== DEFAULT_REPOSITORY) throw await repositoryNotFound(store, repository);
    const notes = change(before?.value ?? {});
    if (notes === undefined) return;
    if (await writeRepository(domain, repository, before?.value ?? NO_SETTINGS, notes, before)) return;
  }
  throw new ArtifactError('CONTENTION', `the settings of '${repository}' are changed by others all the time`, {
    remedy: 'Try again.',
  });
}
