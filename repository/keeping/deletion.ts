import { expandAhead } from '../ahead.ts';
import type { ArtifactArn } from '../arn.ts';
import { formatArn } from '../arn.ts';
import type { Quarantine } from '../collecting/quarantine.ts';
import { quarantineEnd, quarantineOf } from '../collecting/quarantine.ts';
import { condemn } from '../deleting/condemn.ts';
import { reap } from '../deleting/reap.ts';
import { undeleteVersion } from '../deleting/undelete.ts';
import type { VersionUser } from '../deleting/users.ts';
import { listVersionUsers } from '../deleting/users.ts';
import { deleteVersion, digestsOf } from '../deleting/version-deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Digest } from '../digest.ts';
import { hasContent } from '../contents.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { listHolders } from '../holders.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName } from '../name.ts';
import type { Status } from '../status.ts';
import { isGone, readStatus } from '../status.ts';
import type { Manifest } from '../version.ts';
import { listVersionNumbers, readManifest } from '../version.ts';
import type { Step } from './piece.ts';

/** What became of a version that somebody wants to be deleted, or what would. */
export interface DeletedVersion extends ArtifactName {
  /** `already`: it had been deleted before. `used`: somebody needs it, and nothing was done. */
  readonly outcome: 'deleted' | 'already' | 'would delete' | 'used';
  readonly number: number;
  /** ISO 8601. */
  readonly published: string;
  /** Of one that is used: everybody who needs it, or the first of them. */
  readonly users?: readonly VersionUser[];
  /** How many there are beside these. */
  readonly moreUsers?: number;
  /** What it held, each once; nothing of one that is used. */
  readonly content: readonly DeletedContent[];
}

/** What became of content, or what would if this version alone went. */
export interface DeletedContent {
  readonly digest: Digest;
  readonly bytes: number;
  /** `condemned`: in quarantine. `held`: somebody else needs it. `absent`: there was none. */
  readonly outcome: 'condemned' | 'deleted' | 'held' | 'absent';
  /** ISO 8601; of what is in quarantine, how long nobody deletes it. */
  readonly until?: string;
  /** Of what stays: who holds it, for people, a few of them. */
  readonly by?: readonly string[];
}

/** What is wanted to be deleted: one version, the versions of an artifact, or those of them that hold some content. */
export interface WantedDeletion {
  readonly arn: ArtifactArn;
  /** Nothing is done; the same is told. */
  readonly dryRun: boolean;
  /** Content goes at once, not after the quarantine; unless somebody needs it. */
  readonly now: boolean;
  /** Of an artifact: these versions alone. */
  readonly versions?: readonly number[];
  /** Of an artifact: only what is older than this. */
  readonly before?: number;
}

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 8;
/** So many users of one version are told: an answer has a limit, and nobody reads more. */
const USERS = 1000;
/** So many holders of content are told. */
const HOLDERS = 3;
const TURNS = 20;
const PAUSE_MS = 50;

/**
 * Deletes versions that nobody needs, newest first, and condemns what they held. What somebody needs stays, and is told with everybody who does. Each
 * version by the protocol of its own, so that this may end anywhere, and may be done again.
 * @returns a step for each version, with its number
 * @throws ArtifactError ARTIFACT_NOT_FOUND where a version that is named does not exist, DIGEST_MISMATCH where it is not that content; CONTENTION
 */
export async function* deleteVersions(
  domain: Domain,
  { arn, versions, dryRun, now, before = Infinity }: WantedDeletion,
): AsyncGenerator<Step<DeletedVersion>> {
  const { repository, id, version, digest } = arn;
  const name = { repository, id };
  // Where the quarantine is waived nothing else that is set counts.
  const quarantine = await quarantineOf(domain, { now });
  const named = version === undefined ? versions : (versions ?? [version]).filter((one) => one === version);
  const numbers = olderThan(named === undefined ? listVersionNumbers(domain, name) : newestFirst(named), before);
  const manifests = expandAhead(numbers, VERSIONS_AHEAD, async function* (number) {
    const manifest = await readManifest(domain, name, number);
    if (manifest === undefined && named !== undefined) throw noVersion(name, number);
    if (manifest !== undefined && version !== undefined && digest !== undefined) requireHeld(manifest, digest);
    const isMeant = manifest !== undefined && (digest === undefined || digestsOf(manifest).includes(digest));
    const result = isMeant && dryRun ? await lookAt(domain, manifest, quarantine) : undefined;
    yield { number, result, manifest: isMeant ? manifest : undefined };
  });
  for await (const { number, manifest, ...looked } of manifests) {
    // Looked at ahead, and deleted in turn: whoever stops here has heard of all that is gone.
    const result = manifest === undefined || dryRun ? looked.result : await giveUp(domain, manifest, quarantine);
    yield { after: String(number), ...(result !== undefined && { result }) };
  }
}

async function lookAt(domain: Domain, manifest: Manifest, quarantine: Quarantine): Promise<DeletedVersion> {
  const isDeleted = isGone(await readStatus(domain, manifest, manifest.number));
  const users = isDeleted ? [] : await usersOf(domain, manifest);
  if (users.length > 0) return used(manifest, users);
  const content = await Promise.all(
    digestsOf(manifest).map((digest) => prospectOf(domain, manifest, digest, quarantine)),
  );
  return told(manifest, isDeleted ? 'already' : 'would delete', content);
}

async function usersOf(domain: Domain, manifest: Manifest): Promise<readonly VersionUser[]> {
  const users: VersionUser[] = [];
  for await (const user of listVersionUsers(domain, manifest, manifest.number)) users.push(user);
  return users;
}

/** What would become of content if this version went, and nothing else. */
async function prospectOf(
  { store }: Domain,
  manifest: Manifest,
  digest: Digest,
  quarantine: Quarantine,
): Promise<DeletedContent> {
  const content = contentIn(manifest, digest);
  const by = await holdersOf(store, digest, manifest);
  if (by.length > 0) return { ...content, outcome: 'held', by };
  const deletion = await readDeletion(store, digest);
  if (!(await hasContent(store, digest))) return { ...content, outcome: 'absent' };
  const isDecided = deletion?.value.state === 'deleting';
  if (quarantine === 'waived' || isDecided) return { ...content, outcome: 'deleted' };
  const isCondemned = deletion?.value.state === 'condemned';
  return { ...content, outcome: 'condemned', ...(isCondemned && { until: endOf(deletion.modified, quarantine) }) };
}

async function giveUp(domain: Domain, manifest: Manifest, quarantine: Quarantine): Promise<DeletedVersion> {
  const deletion = await deleteVersion(domain, manifest, manifest.number);
  if (deletion === undefined) throw noVersion(manifest, manifest.number);
  if (deletion.outcome === 'used') return used(manifest, deletion.users);
  const content: DeletedContent[] = [];
  for (const digest of deletion.digests) content.push(await disposeOf(domain, manifest, digest, quarantine));
  return told(manifest, deletion.outcome, content);
}

/** Puts content into quarantine that nobody needs any more, or, where that is waived, deletes it by the same decision. */
export async function disposeOf(
  domain: Domain,
  manifest: Manifest,
  digest: Digest,
  quarantine: Quarantine,
): Promise<DeletedContent> {
  const { store, chance } = domain;
  const content = contentIn(manifest, digest);
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
    const condemned = await condemn(domain, digest, [arnIn(domain, manifest, digest)]);
    if (condemned.outcome === 'absent') return { ...content, outcome: 'absent' };
    if (condemned.outcome === 'needed') {
      const by = await holdersOf(store, digest);
      // Else whoever needed it has let go in the meantime.
      if (by.length > 0) return { ...content, outcome: 'held', by };
    } else if (condemned.outcome !== 'conflict') {
      // What is decided is nobody's to take back.
      const isDecided = condemned.outcome === 'already' && condemned.state === 'deleting';
      if (quarantine === 'waived' || isDecided) {
        if ((await reap(domain, digest)).outcome === 'deleted') return { ...content, outcome: 'deleted' };
      } else {
        const record = await readDeletion(store, digest);
        if (record?.value.state === 'condemned')
          return { ...content, outcome: 'condemned', until: endOf(record.modified, quarantine) };
      }
    }
  }
  throw new ArtifactError('CONTENTION', `the content sha256:${digest} is wanted and given up by others all the time`, {
    remedy: 'Try again.',
  });
}

/** A few of those who keep it. @param except whose own hold does not count */
async function holdersOf(
  store: Domain['store'],
  digest: Digest,
  except?: Pick<Manifest, 'repository' | 'id' | 'number'>,
): Promise<readonly string[]> {
  const names: string[] = [];
  const own = except && `${formatArtifactName(except)}:${except.number}`;
  for await (const { version, name } of listHolders(store, digest)) {
    if (version !== undefined && name === own) continue;
    if (names.push(name) === HOLDERS) break;
  }
  return names;
}

function contentIn({ assets }: Manifest, digest: Digest): Pick<DeletedContent, 'digest' | 'bytes'> {
  return { digest, bytes: assets.find((asset) => asset.digest === digest)?.size ?? 0 };
}

function arnIn({ partition, account, region }: Domain, manifest: Manifest, digest: Digest): string {
  const { repository, id, number: version } = manifest;
  return formatArn({ partition, account, region, repository, id, version, digest });
}

function endOf(condemned: Date, { days }: Exclude<Quarantine, 'waived'>): string {
  return quarantineEnd(condemned, days).toISOString();
}

function told(
  { repository, id, number, published }: Manifest,
  outcome: DeletedVersion['outcome'],
  content: readonly DeletedContent[],
): DeletedVersion {
  return { outcome, repository, id, number, published, content };
}

function used(manifest: Manifest, users: readonly VersionUser[]): DeletedVersion {
  return { ...told(manifest, 'used', []), ...firstOf(users) };
}

/** As many as are told. */
export function firstOf(users: readonly VersionUser[]): Pick<DeletedVersion, 'users' | 'moreUsers'> {
  const more = users.length - USERS;
  return { users: users.slice(0, USERS), ...(more > 0 && { moreUsers: more }) };
}

/** What came of taking a deletion back. */
export interface UndeletedVersion extends ArtifactName {
  /** `not deleted`: there was nothing to take back. */
  readonly outcome: 'undeleted' | 'not deleted';
  readonly number: number;
  /** What it is now. */
  readonly status: Status;
}

/** @throws ArtifactError ARTIFACT_DELETED where content is gone, or going; ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, CONTENTION */
export async function undelete(
  domain: Domain,
  { repository, id, version, digest }: ArtifactArn & { readonly version: number },
): Promise<UndeletedVersion> {
  const name = { repository, id };
  const manifest = digest === undefined ? undefined : await readManifest(domain, name, version);
  if (manifest !== undefined && digest !== undefined) requireHeld(manifest, digest);
  const undeletion = await undeleteVersion(domain, name, version);
  if (undeletion === undefined) throw noVersion(name, version);
  const { outcome, status } = undeletion;
  return { outcome, ...name, number: version, status };
}

/** @throws ArtifactError DIGEST_MISMATCH */
export function requireHeld(manifest: Manifest, digest: Digest): void {
  if (digestsOf(manifest).includes(digest)) return;
  throw new ArtifactError(
    'DIGEST_MISMATCH',
    `'${formatArtifactName(manifest)}:${manifest.number}' is not sha256:${digest}`,
    { remedy: 'The version and the digest name different content: drop one of them.' },
  );
}

export function noVersion(name: ArtifactName, number: number): ArtifactError {
  return new ArtifactError('ARTIFACT_NOT_FOUND', `'${formatArtifactName(name)}' has no version ${number}`, {
    remedy: `'cfn-artifacts show ${formatArtifactName(name)}' lists those that there are.`,
  });
}

async function* newestFirst(numbers: readonly number[]): AsyncGenerator<number> {
  yield* [...new Set(numbers)].sort((a, b) => b - a);
}

async function* olderThan(numbers: AsyncIterable<number>, before: number): AsyncGenerator<number> {
  for await (const number of numbers) if (number < before) yield number;
}
