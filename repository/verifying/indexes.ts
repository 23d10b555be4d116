import type { Domain } from '../domain.ts';
import type { RepositoryKind } from '../keys.ts';
import { kindPrefix, partOfArtifact, sourceOfKey, versionKey } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { isVersionNumber } from '../name.ts';
import type { ListedObject, ObjectKey } from '../object-store.ts';
import { readRecord } from '../record.ts';
import { readSource } from '../source.ts';
import { isGone, readStatus } from '../status.ts';
import { readManifest } from '../version.ts';
import type { Problem } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { arnOf, listAfter } from './verifying.ts';

function itemsOf(kind: RepositoryKind): Pass<ListedObject>['items'] {
  return ({ domain, repository }, after) => listAfter(domain.store, kindPrefix(kind, repository), after);
}

/**
 * What a tree of files became: a memory that spares work. Whoever publishes the tree again remembers it anew, so what is wrong may go; but what tells of
 * a version whose manifest was lost stays, because nothing else does.
 */
export const sources: Pass<ListedObject> = {
  ahead: 8,
  items: itemsOf('sources'),
  async examine({ domain }, { key }) {
    const source = sourceOfKey(key);
    if (source === undefined) return [foreign(key)];
    const known = await readSource(domain, source.repository, source.digest);
    if (known === undefined) return [];
    const { id, number, nonce } = known.first;
    const name = { repository: source.repository, id };
    const manifest = await readManifest(domain, name, number);
    const holds = manifest?.assets.some(
      ({ digest, filename }) => digest === known.digest && filename === known.filename,
    );
    const heal = async (): Promise<string | undefined> =>
      (await domain.store.removeRevision(key, known.revision)) === 'conflict' ? CHANGED : undefined;
    const told = { key, digest: known.digest, arns: [arnOf(domain, { ...name, number })] };
    if (manifest === undefined && (await domain.store.head(versionKey(name, number))) === undefined) {
      const why = 'it remembers for a tree of files a version that nothing else tells of';
      return [{ finding: { kind: 'dangling', ...told, why, remedy: RESTORE } }];
    }
    if (manifest?.nonce !== nonce || holds !== true) {
      const why = 'it remembers for a tree of files a version that does not hold what became of it';
      return [{ finding: { kind: 'dangling', ...told, why }, heal }];
    }
    if ((await readStatus(domain, name, number)) !== 'Deleted') return [];
    const why = 'it remembers a version for a tree of files that was deleted';
    return [{ finding: { kind: 'leftover', ...told, why }, heal }];
  },
};

const CHANGED = 'it was changed in the meantime';
const RESTORE =
  'Put the manifest of the version back from a backup. Without one nothing need be done: nobody relies on it.';

export const labels: Pass<ListedObject> = {
  ahead: 8,
  items: itemsOf('labels'),
  async examine({ domain }, { key }) {
    const label = partOfArtifact(key);
    if (label === undefined) return [foreign(key)];
    const number = await readNumber(domain, key);
    if (number === undefined || (await readManifest(domain, label, number)) !== undefined) return [];
    const remedy = 'Label the version that was meant, with another label: what a label stands for never changes.';
    return [dangling(domain, key, label, number, 'it is the label of a version that does not exist', remedy)];
  },
};

export const bookmarks: Pass<ListedObject> = {
  ahead: 8,
  items: itemsOf('bookmarks'),
  async examine({ domain }, { key }) {
    const bookmark = partOfArtifact(key);
    if (bookmark === undefined) return [foreign(key)];
    const number = await readNumber(domain, key);
    if (number === undefined) return [];
    const manifest = await readManifest(domain, bookmark, number);
    const status = manifest && (await readStatus(domain, bookmark, number));
    if (status !== undefined && !isGone(status)) return [];
    const what = status === undefined ? 'does not exist' : 'was deleted';
    const remedy = 'Let the bookmark point at a version that exists, or remove it.';
    return [dangling(domain, key, bookmark, number, `it points at a version that ${what}`, remedy)];
  },
};

/** A version, and a number that was taken out of use, has a manifest or a record in its place. */
export const statuses: Pass<ListedObject> = {
  ahead: 16,
  items: itemsOf('statuses'),
  async examine({ domain }, { key }) {
    const status = partOfArtifact(key);
    if (status === undefined || !isVersionNumber(status.part)) return [foreign(key)];
    const number = Number(status.part);
    if ((await domain.store.head(versionKey(status, number))) !== undefined) return [];
    return [dangling(domain, key, status, number, 'it is the status of a version that nothing else tells of', RESTORE)];
  },
};

function dangling(
  domain: Domain,
  key: ObjectKey,
  { repository, id }: ArtifactName,
  number: number,
  why: string,
  remedy: string,
): Problem {
  return { finding: { kind: 'dangling', key, arns: [arnOf(domain, { repository, id, number })], why, remedy } };
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
async function readNumber({ store }: Verifying['domain'], key: ObjectKey): Promise<number | undefined> {
  const record = await readRecord(store, key, ({ number }) =>
    typeof number === 'number' && isVersionNumber(String(number)) ? number : undefined,
  );
  return record?.value;
}
