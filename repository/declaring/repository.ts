import { isLater } from '../binding.ts';
import { formatArn } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { settingsKey } from '../keys.ts';
import { formatArtifactName } from '../name.ts';
import type { Owner } from '../owner.ts';
import { isSameResource, isSuccessor, ownerName } from '../owner.ts';
import type { Stored } from '../record.ts';
import { withoutDeletion } from '../repositories.ts';
import type { RepositoryRecord, Settings } from '../settings.ts';
import { readSettings, writeRepository } from '../settings.ts';
import { firstVersion } from '../version.ts';

const TURNS = 20;
const PAUSE_MS = 50;

/**
 * Makes a repository, or gives the stack's own the settings of its template, in the place of whatever people have set for it before that operation.
 * @returns what `Fn::GetAtt` gets
 * @throws ArtifactError ACCESS_DENIED where it is another's; SUPERSEDED by a later operation; CONTENTION
 */
export async function declareRepository(
  domain: Domain,
  { repository, settings }: { readonly repository: string; readonly settings: Settings },
  owner: Owner,
): Promise<Readonly<Record<string, string>>> {
  await inTurns(domain, repository, async () => {
    const before = await readSettings(domain.store, repository);
    if (before !== undefined) requireOwn(repository, before.value, owner);
    // Done, when it came before: what people have made of it since stays.
    if (before?.value.owner?.requestId === owner.requestId) return true;
    // One whose deletion was begun is to be there: whoever is at that finds it out before the record goes.
    const notes = { ...(before && withoutDeletion(before.value)), owner };
    return (await writeRepository(domain, repository, settings, notes, before)) ? true : undefined;
  });
  const { partition, account, region } = domain;
  const prefix = formatArn({ partition, account, region, repository, id: '' });
  return { Name: repository, ArnPrefix: prefix };
}

function requireOwn(repository: string, { owner: is }: RepositoryRecord, owner: Owner): void {
  if (is !== undefined && isSuccessor(is, owner)) return;
  if (is === undefined || !isSameResource(is, owner)) {
    const whose = is === undefined ? 'people' : ownerName(is);
    throw new ArtifactError('ACCESS_DENIED', `the repository '${repository}' was made by ${whose}`, {
      remedy: 'Name another one in the template; what is published into it needs no more than its name.',
    });
  }
  if (!isLater(is.issued, owner.issued)) return;
  throw new ArtifactError('SUPERSEDED', `'${repository}' was changed by a later operation of ${ownerName(owner)}`, {
    remedy: 'CloudFormation gave this operation up. Deploy again.',
  });
}

/**
 * Deletes the stack's own repository, if no version of it exists. What is another's by now, or of a later operation, stays, and so does what was never there.
 * @throws ArtifactError ARTIFACT_IN_USE where it is not empty; CONTENTION
 */
export async function withdrawRepository(
  domain: Domain,
  { repository }: { readonly repository: string },
  owner: Owner,
): Promise<void> {
  await inTurns(domain, repository, async () => {
    const before = await ownRecord(domain, repository, owner);
    if (before === undefined) return true;
    // Nothing more comes into it while it is looked what it has.
    const deletingSince = before.value.deletingSince ?? domain.chance.now().toISOString();
    const notes = { ...withoutDeletion(before.value), owner };
    if (!(await writeRepository(domain, repository, before.value, { ...notes, deletingSince }, before)))
      return undefined;
    const marked = await ownRecord(domain, repository, owner);
    if (marked?.value.deletingSince === undefined) return undefined;
    const version = await firstVersion(domain, repository);
    if (version === undefined) {
      const outcome = await domain.store.removeRevision(settingsKey(repository), marked.revision);
      return outcome === 'conflict' ? undefined : true;
    }
    if (!(await writeRepository(domain, repository, marked.value, notes, marked))) return undefined;
    throw new ArtifactError(
      'ARTIFACT_IN_USE',
      `the repository '${repository}' has versions, '${formatArtifactName(version)}:${version.number}' among them`,
      {
        remedy: `Delete it with them by 'cfn-artifacts repository delete ${repository}', or give the resource the DeletionPolicy Retain, and it stays when the stack goes.`,
      },
    );
  });
}

async function ownRecord(
  { store }: Domain,
  repository: string,
  owner: Owner,
): Promise<Stored<RepositoryRecord> | undefined> {
  const record = await readSettings(store, repository);
  const is = record?.value.owner;
  return is !== undefined && isSameResource(is, owner) && !isLater(is.issued, owner.issued) ? record : undefined;
}

/** @param turn `undefined`: somebody else was faster */
async function inTurns({ chance }: Domain, repository: string, turn: () => Promise<true | undefined>): Promise<void> {
  for (let count = 0; count < TURNS; count++) {
    if (count > 0) await chance.pause(PAUSE_MS * count);
    if ((await turn()) === true) return;
  }
  throw new ArtifactError('CONTENTION', `the repository '${repository}' is changed by others all the time`, {
    remedy: 'Try again.',
  });
}
