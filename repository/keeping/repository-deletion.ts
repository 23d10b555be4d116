import { noteEnd } from '../declaring/ended.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { settingsKey, versionPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { DEFAULT_REPOSITORY, isId, isVersionNumber } from '../name.ts';
import { withoutDeletion } from '../repositories.ts';
import { readSettings, writeRepository } from '../settings.ts';
import { firstVersion, listArtifacts } from '../version.ts';
import type { DeletedVersion } from './deletion.ts';
import { deleteVersions } from './deletion.ts';
import type { Step } from './piece.ts';

/** What became of a repository, told last. */
export interface DeletedRepository {
  readonly repository: string;
  /** `used`: somebody needs a version of it, and it stays. Who, the versions before this tell. `absent`: there is none, or none any more. */
  readonly outcome: 'deleted' | 'would delete' | 'used' | 'absent';
}

export interface WantedRepositoryDeletion {
  readonly repository: string;
  /** Nothing is done; the same is told. */
  readonly dryRun: boolean;
  readonly after?: string;
}

/** All is told: a piece may have no time for more than its last step. */
const END = 'end';
/** A version was found used while they were deleted, and told: that the repository stays is not. */
const KEPT = 'kept';

type Result = DeletedVersion | DeletedRepository;

/** Where a piece ended: behind a version, while all are looked at or while they are deleted. */
interface Cursor {
  readonly phase: 'look' | 'delete';
  /** Somebody needs a version that was looked at. */
  readonly isUsed: boolean;
  readonly behind?: ArtifactName & { readonly number: number };
}

/**
 * Deletes a repository with its versions, if nobody needs any of them. All are looked at first: where one is used nothing is deleted, and everybody is told. Then
 * the repository is marked, so that nothing more comes into it; each version goes by the protocol of its own; its record goes last. What is taken into use on the way ends
 * that: the mark goes, and what was deleted by then stays deleted. May end anywhere and be done again.
 *
 * Whoever had looked before the mark may still publish one version: it is in a repository that is no more then, which making it again brings back.
 * @returns a step for each version that was there, with everybody who needs it where one does; last one for the repository
 * @throws ArtifactError INVALID_ARGUMENT of `default`; STALE_REVISION where somebody took the deletion back
 */
export async function* deleteRepository(
  domain: Domain,
  { repository, dryRun, after }: WantedRepositoryDeletion,
): AsyncGenerator<Step<Result>> {
  if (repository === DEFAULT_REPOSITORY) {
    throw new ArtifactError('INVALID_ARGUMENT', `the repository '${repository}' is always there`, {
      remedy: `Its versions are deleted one by one, by 'cfn-artifacts delete' or 'cfn-artifacts gc run'.`,
    });
  }
  if (after === END) return;
  if (after === KEPT) {
    yield { after: END, result: { repository, outcome: 'used' } };
    return;
  }
  const cursor = parseCursor(after);
  if ((await readSettings(domain.store, repository)) === undefined) {
    // It may have gone before an answer was lost.
    yield { after: END, result: { repository, outcome: 'absent' } };
    return;
  }
  if (cursor.phase === 'look') {
    const isUsed = yield* look(domain, repository, dryRun, cursor);
    if (dryRun || isUsed) {
      const outcome = isUsed ? 'used' : 'would delete';
      yield { after: END, result: { repository, outcome } };
      return;
    }
    await mark(domain, repository);
    yield { after: formatCursor({ phase: 'delete', isUsed: false }) };
  }
  yield* deleteMarked(domain, repository, cursor.phase === 'delete' ? cursor : { phase: 'delete', isUsed: false });
}

/** @returns whether somebody needs one of them */
async function* look(
  domain: Domain,
  repository: string,
  dryRun: boolean,
  cursor: Cursor,
): AsyncGenerator<Step<Result>, boolean> {
  let { isUsed } = cursor;
  for await (const { version, result } of eachVersion(domain, repository, true, cursor.behind)) {
    isUsed ||= result?.outcome === 'used';
    const isTold = result !== undefined && (result.outcome === 'used' || (dryRun && result.outcome !== 'already'));
    yield { after: formatCursor({ phase: 'look', isUsed, behind: version }), ...(isTold && { result }) };
  }
  return isUsed;
}

async function* deleteMarked(domain: Domain, repository: string, cursor: Cursor): AsyncGenerator<Step<Result>> {
  const { phase } = cursor;
  let { behind } = cursor;
  await requireMarked(domain, repository);
  // More than once where something came into it that was on its way when it was marked.
  do {
    for await (const { version, result } of eachVersion(domain, repository, false, behind)) {
      if (result?.outcome === 'used') {
        await unmark(domain, repository);
        yield { after: KEPT, result };
        yield { after: END, result: { repository, outcome: 'used' } };
        return;
      }
      const isTold = result !== undefined && result.outcome !== 'already';
      yield { after: formatCursor({ phase, isUsed: false, behind: version }), ...(isTold && { result }) };
      // Before the next goes: nobody has to wait until all have gone to take it back.
      await requireMarked(domain, repository);
    }
    behind = undefined;
  } while ((await firstVersion(domain, repository)) !== undefined);
  await removeRecord(domain, repository);
  yield { after: END, result: { repository, outcome: 'deleted' } };
}

/** @throws ArtifactError STALE_REVISION where somebody took the deletion back */
async function requireMarked({ store }: Domain, repository: string): Promise<void> {
  const record = await readSettings(store, repository);
  // Another who is at the same may have come to its end.
  if (record !== undefined && record.value.deletingSince === undefined) throw takenBack(repository);
}

/** Every version of the repository's artifacts, as `deleteVersions` treats it, from behind one of them on. */
async function* eachVersion(
  domain: Domain,
  repository: string,
  dryRun: boolean,
  behind: Cursor['behind'],
): AsyncGenerator<{ readonly version: NonNullable<Cursor['behind']>; readonly result?: DeletedVersion }> {
  const { partition, account, region } = domain;
  const first = behind === undefined ? '' : versionPrefix(behind);
  for await (const { id } of listArtifacts(domain, repository)) {
    const key = versionPrefix({ repository, id });
    if (key < first) continue;
    const arn = { partition, account, region, repository, id };
    const before = key === first && behind !== undefined ? { before: behind.number } : {};
    for await (const { after, result } of deleteVersions(domain, { arn, dryRun, now: false, ...before })) {
      yield { version: { repository, id, number: Number(after) }, ...(result !== undefined && { result }) };
    }
  }
}

/** @throws ArtifactError CONTENTION */
async function mark(domain: Domain, repository: string): Promise<void> {
  const before = await readSettings(domain.store, repository);
  if (before === undefined || before.value.deletingSince !== undefined) return;
  const notes = { ...withoutDeletion(before.value), deletingSince: domain.chance.now().toISOString() };
  if (!(await writeRepository(domain, repository, before.value, notes, before))) throw changed(repository);
}

/** The repository as it was before it was marked. @throws ArtifactError CONTENTION */
async function unmark(domain: Domain, repository: string): Promise<void> {
  const before = await readSettings(domain.store, repository);
  if (before?.value.deletingSince === undefined) return;
  if (!(await writeRepository(domain, repository, before.value, withoutDeletion(before.value), before)))
    throw changed(repository);
}

/**
 * Its record, if nobody has taken the deletion back.
 * @throws ArtifactError STALE_REVISION
 */
async function removeRecord(domain: Domain, repository: string): Promise<void> {
  const marked = await readSettings(domain.store, repository);
  // Another who is at the same was faster, or this one was before its answer was lost.
  if (marked === undefined) return;
  if (marked.value.deletingSince === undefined) throw takenBack(repository);
  await noteEnd(domain.store, { kind: 'repository', repository }, marked.value.owner);
  if ((await domain.store.removeRevision(settingsKey(repository), marked.revision)) === 'conflict')
    throw takenBack(repository);
}

/** Nobody tries that again by himself: it would be deleted after all. */
function takenBack(repository: string): ArtifactError {
  return new ArtifactError('STALE_REVISION', `the deletion of the repository '${repository}' was taken back`, {
    remedy: `Versions that were deleted by then stay deleted: 'cfn-artifacts undelete' takes that back. 'cfn-artifacts repository delete ${repository}' begins anew.`,
  });
}

function changed(repository: string): ArtifactError {
  return new ArtifactError('CONTENTION', `the repository '${repository}' was changed by somebody else just now`, {
    remedy: `Look at it with 'cfn-artifacts repository show ${repository}', then try again.`,
  });
}

function formatCursor({ phase, isUsed, behind }: Cursor): string {
  const where = behind === undefined ? '' : `:${behind.repository}/${behind.id}:${behind.number}`;
  return `${phase}:${isUsed ? 'used' : 'unused'}${where}`;
}

/** @throws ArtifactError INVALID_ARGUMENT */
function parseCursor(text: string | undefined): Cursor {
  if (text === undefined) return { phase: 'look', isUsed: false };
  const {
    phase,
    used,
    repository = '',
    id,
    number = '',
  } = /^(?<phase>look|delete):(?<used>used|unused)(?::(?<repository>[^/:]+)\/(?<id>[^:]+):(?<number>\d+))?$/.exec(text)
    ?.groups ?? {};
  if ((phase === 'look' || phase === 'delete') && (id === undefined || (isId(id) && isVersionNumber(number)))) {
    const behind = id === undefined ? {} : { behind: { repository, id, number: Number(number) } };
    return { phase, isUsed: used === 'used', ...behind };
  }
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' is no place in the deletion of a repository`);
}
