import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { versionReferenceKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName } from '../name.ts';
import type { ObjectKey } from '../object-store.ts';
import { securePresence } from '../presence.ts';
import { holdSourcesOf } from '../promoting/hold.ts';
import { readRecord, recordContent } from '../record.ts';
import type { Status } from '../status.ts';
import { readStatusRecord, writeStatus } from '../status.ts';
import type { Manifest } from '../version.ts';
import { initialStatus, readManifest } from '../version.ts';
import { digestsOf, sweep } from './version-deletion.ts';

/** What came of it. `not deleted`: there was nothing to take back. */
export interface Undeletion {
  readonly outcome: 'undeleted' | 'not deleted';
  readonly manifest: Manifest;
  readonly status: Status;
}

const TURNS = 20;
const PAUSE_MS = 50;

/**
 * Takes the deletion of a version back, for as long as its content is there: in quarantine, or held by somebody else. The version holds its content
 * again before its status changes, in the order of every reference.
 * @returns `undefined`: there is no such version
 * @throws ArtifactError ARTIFACT_DELETED where content is gone, or going; CONTENTION; DIGEST_MISMATCH
 */
export async function undeleteVersion(
  domain: Domain,
  { repository, id }: ArtifactName,
  number: number,
): Promise<Undeletion | undefined> {
  const name = { repository, id };
  const manifest = await readManifest(domain, name, number);
  if (manifest === undefined) return undefined;
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await domain.chance.pause(PAUSE_MS * turn);
    const deleted = await readStatusRecord(domain, name, number);
    const status = deleted?.value.status ?? initialStatus(manifest);
    // Whoever deletes it is about to decide; one that died is gone on with by deleting it again.
    if (status === 'Deleting') continue;
    if (deleted === undefined || status !== 'Deleted') {
      // Whoever took it back before may have died over that.
      await holdSourcesOf(domain, manifest);
      return { outcome: 'not deleted', manifest, status };
    }
    // They may go at any moment, and it is not known whose they are: what is promised is written anew.
    if (await sweep(domain, manifest, deleted)) continue;
    const written = await holdAgain(domain, manifest);
    if (written === undefined) continue;
    try {
      await Promise.all(manifest.assets.map((asset) => securePresence(domain, asset)));
    } catch (error) {
      // Whether that succeeds or not, why it can't be taken back is what counts.
      await Promise.allSettled(written.map(({ key, nonce }) => takeBack(domain, key, nonce)));
      throw hasCode(error, 'ARTIFACT_DELETED', 'CONTENT_MISSING') ? gone(manifest, error) : error;
    }
    const back = deleted.value.was ?? initialStatus(manifest);
    if ((await writeStatus(domain, manifest, { status: back }, deleted)) !== undefined) {
      await holdSourcesOf(domain, manifest);
      return { outcome: 'undeleted', manifest, status: back };
    }
  }
  throw new ArtifactError(
    'CONTENTION',
    `the status of '${formatArtifactName(name)}:${number}' is changed by others all the time`,
    {
      remedy:
        "Somebody may have begun to delete it and died: then 'cfn-artifacts verify --fix' comes to the end of that. Undelete it again afterwards.",
    },
  );
}

interface Written {
  readonly key: ObjectKey;
  readonly nonce: string;
}

/**
 * Writes the references of the version, each with a nonce of its own: a removal that comes late takes none but the one that it read.
 * @returns `undefined` where another is just doing the same; what was written then goes when somebody sweeps
 */
async function holdAgain({ store, chance }: Domain, manifest: Manifest): Promise<readonly Written[] | undefined> {
  const { repository, id, number, nonce } = manifest;
  const written = await Promise.all(
    digestsOf(manifest).map(async (digest) => {
      const key = versionReferenceKey(digest, manifest, number, nonce);
      const writing = chance.nonce();
      const content = recordContent({ at: chance.now().toISOString(), nonce, repository, id, number, writing });
      const isCreated = (await store.create(key, content)) === 'created';
      // A refusal may be the echo of one's own writing.
      const isOurs = isCreated || (await writingOf(store, key))?.value === writing;
      return isOurs ? [{ key, nonce: writing }] : [];
    }),
  );
  return written.every(({ length }) => length > 0) ? written.flat() : undefined;
}

/** Removes what this one wrote, and nothing that came after it. */
async function takeBack({ store }: Domain, key: ObjectKey, nonce: string): Promise<void> {
  const found = await writingOf(store, key);
  if (found?.value === nonce) await store.removeRevision(key, found.revision);
}

function writingOf(store: Domain['store'], key: ObjectKey): ReturnType<typeof readRecord<string>> {
  return readRecord(store, key, ({ writing }) => (typeof writing === 'string' ? writing : ''));
}

function gone({ repository, id, number }: Manifest, cause: unknown): ArtifactError {
  return new ArtifactError('ARTIFACT_DELETED', `the content of '${repository}/${id}:${number}' is gone, or going`, {
    remedy: 'Publish the same bytes again: that makes a new version, and the content has the same ARN as before.',
    cause,
  });
}
