import { DAY_MS, isDayOld } from '../age.ts';
import type { Bookmark } from '../bookmark-record.ts';
import { readBookmarkAt } from '../bookmark-record.ts';
import { takeBack } from '../bookmark.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import type { RepositoryKind } from '../keys.ts';
import { FORMAT_VERSION, kindPrefix, partOfArtifact, sourceOfKey, versionKey, versionReferenceKey } from '../keys.ts';
import type { LabelRecord } from '../label.ts';
import { findLabelled, isLongUnseen, readLabelAt, wasNeverFinished } from '../label.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName, isVersionNumber } from '../name.ts';
import type { ListedObject, ObjectKey } from '../object-store.ts';
import { contentId } from '../manifest.ts';
import type { Stored } from '../record.ts';
import { recordContent } from '../record.ts';
import { readSource } from '../source.ts';
import { isGone, readStatus } from '../status.ts';
import type { Manifest, Version } from '../version.ts';
import { isNeverSeen, listVersionNumbers, newestNumber, readManifest, readVersion } from '../version.ts';
import type { Problem } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { arnOf, kindSince, listAfter } from './verifying.ts';

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
    const manifest = await manifestOf(domain, name, number);
    if (manifest === 'told') return [];
    const holds = manifest?.assets.some(
      ({ digest, filename }) => digest === known.digest && filename === known.filename,
    );
    const heal = async (): Promise<string | undefined> =>
      (await domain.store.removeRevision(key, known.revision)) === 'conflict' ? CHANGED : undefined;
    const told = { key, digest: known.digest, arns: [arnOf(domain, { ...name, number })] };
    if (manifest === undefined && (await domain.store.head(versionKey(name, number))) === undefined) {
      if (await isToldMissing(domain, name, number)) return [];
      const why = `a tree of files is remembered as ${formatArtifactName(name)}:${number}, which does not exist`;
      const finding = { kind: 'dangling' as const, ...told, why, remedy: restore(name, number) };
      // Where its reference is left, the version was there, and this tells which content it held.
      const reference = await domain.store.head(versionReferenceKey(known.digest, name, number, nonce));
      return [reference === undefined ? { finding, heal } : { finding }];
    }
    if (manifest?.nonce !== nonce || holds !== true) {
      const why = 'it remembers for a tree of files a version that does not hold what became of it';
      return [{ finding: { kind: 'dangling', ...told, why }, heal }];
    }
    if (!isGone(await readStatus(domain, name, number))) return [];
    const why = 'it remembers a version for a tree of files that was deleted';
    return [{ finding: { kind: 'leftover', ...told, why }, heal }];
  },
};

const CHANGED = 'it was changed in the meantime';

function restore(name: ArtifactName, number: number): string {
  return `If the version was lost, put the object '${versionKey(name, number)}' back from a backup.`;
}

/** `told`: it can't be read, which was told where the versions were looked at. @returns undefined where there is none */
async function manifestOf(domain: Domain, name: ArtifactName, number: number): Promise<Manifest | 'told' | undefined> {
  return unlessTold(() => readManifest(domain, name, number));
}

/** @returns `told`: it can't be read, which was told where the versions were looked at */
export async function unlessTold<T>(read: () => Promise<T>): Promise<T | 'told'> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return 'told';
    throw error;
  }
}

/** Whether the versions, where they were looked at, told of this one that it is missing: a newer one is there. */
export async function isToldMissing(domain: Domain, name: ArtifactName, number: number): Promise<boolean> {
  return (await newestNumber(domain, name)) > number;
}

export const labels: Pass<ListedObject> = {
  ahead: 8,
  items: itemsOf('labels'),
  async examine(verifying, { key }) {
    const { domain } = verifying;
    const label = partOfArtifact(key);
    if (label === undefined) return [foreign(key)];
    const record = await readLabelAt(domain.store, key);
    if (record === undefined) return [];
    const { number, content } = record.value;
    const version = await unlessTold(() => findLabelled(domain, label, record.value));
    const isLate = version !== undefined && version !== 'told' && wasNeverFinished(version, label.part);
    const isUnseen = version !== undefined && version !== 'told' && (await isLongUnseen(domain, version, DAY_MS));
    if (version !== undefined && !isLate && !isUnseen) return [];
    // One that was claimed by what it stands for is that of whoever publishes this first.
    if (content !== undefined) {
      const former = await unlessTold(() => formerVersion(domain, label, record));
      if (former === 'told') return [];
      return [
        former === undefined
          ? deadClaim(verifying, key, label, record)
          : misnumbered(domain, key, label, record, former.manifest.number),
      ];
    }
    if (await isToldMissing(domain, label, number)) return [];
    const remedy = 'Label the version that was meant, with another label: what a label stands for never changes.';
    return [dangling(domain, key, label, number, 'it is the label of a version that does not exist', remedy)];
  },
};

/**
 * Whoever claimed it may have died before the version came to be, or is at it. A publisher who was asleep for so long that the claim is taken for a dead one looks again whether it is
 * still his, when he has made the version.
 */
function deadClaim(
  verifying: Verifying,
  key: ObjectKey,
  name: ArtifactName,
  { value: { number }, revision, modified }: Stored<LabelRecord>,
): Problem {
  const { domain } = verifying;
  const arns = [arnOf(domain, { ...name, number })];
  const why = 'it was claimed for a version that was never published';
  if (!isDayOld(verifying, modified)) return { finding: { kind: 'unsettled', key, arns, why } };
  return {
    finding: { kind: 'unfinished', key, arns, why },
    heal: async () => ((await domain.store.removeRevision(key, revision)) === 'conflict' ? CHANGED : undefined),
  };
}

/**
 * The version that had the label, and was given up since: where several published at once it may have another number than the claim says, and once its content is gone its manifest
 * alone tells of it. One that was given up before the claim was made never had it.
 * @throws ArtifactError UNSUPPORTED_FORMAT
 */
async function formerVersion(
  domain: Domain,
  label: ArtifactName & { readonly part: string },
  { value: { content }, modified }: Stored<LabelRecord>,
): Promise<Version | undefined> {
  for await (const number of listVersionNumbers(domain, label)) {
    const version = await readVersion(domain, label, number);
    if (version === undefined || contentId(version.manifest.assets, version.manifest.set) !== content) continue;
    const ended = isGone(version.status) ? version.record?.modified : undefined;
    const isOlder = ended !== undefined && ended < modified;
    if (!isOlder && !wasNeverFinished(version, label.part) && !(await isNeverSeen(domain, version))) return version;
  }
  return undefined;
}

/** What it stands for never changes: whoever looks for its version is to find the one that was given up. */
function misnumbered(
  domain: Domain,
  key: ObjectKey,
  name: ArtifactName,
  { value, revision }: Stored<LabelRecord>,
  number: number,
): Problem {
  const why = `it names version ${value.number}, and became that of ${number}, which is given up`;
  return {
    finding: { kind: 'leftover', key, arns: [arnOf(domain, { ...name, number })], why },
    heal: async () => {
      const record = recordContent({ format: FORMAT_VERSION, ...value, number });
      return (await domain.store.replace(key, record, revision)) === 'conflict' ? CHANGED : undefined;
    },
  };
}

export const bookmarks: Pass<ListedObject> = {
  ahead: 8,
  items: itemsOf('bookmarks'),
  async examine(verifying, { key }) {
    const bookmark = partOfArtifact(key);
    if (bookmark === undefined) return [foreign(key)];
    const stored = await readBookmarkAt(verifying.domain.store, key);
    if (stored === undefined) return [];
    const { number, pending } = stored.value;
    const named = number === undefined ? [] : await examineNamed(verifying.domain, key, bookmark, number);
    return pending === undefined ? named : [...named, leftWish(verifying, key, bookmark, stored)];
  },
};

async function examineNamed(
  domain: Domain,
  key: ObjectKey,
  bookmark: ArtifactName,
  number: number,
): Promise<readonly Problem[]> {
  const manifest = await manifestOf(domain, bookmark, number);
  const status = manifest && (await unlessTold(() => readStatus(domain, bookmark, number)));
  if (manifest === 'told' || status === 'told' || (status !== undefined && !isGone(status))) return [];
  if (status === undefined && (await isToldMissing(domain, bookmark, number))) return [];
  const what = status === undefined ? 'does not exist' : 'was deleted';
  const remedy = 'Let the bookmark point at a version that exists, or remove it.';
  return [dangling(domain, key, bookmark, number, `it points at a version that ${what}`, remedy)];
}

/** Whoever wanted to move it may have died; as long as the wish stands nobody can delete that version. */
function leftWish(
  verifying: Verifying,
  key: ObjectKey,
  { part, ...name }: ArtifactName & { readonly part: string },
  stored: Stored<Bookmark>,
): Problem {
  const { domain } = verifying;
  const wanted = stored.value.pending?.number ?? 0;
  return {
    finding: {
      ...{ kind: kindSince(verifying, 'unfinished', stored.modified), key },
      arns: [arnOf(domain, { ...name, number: wanted })],
      why: `somebody began to let it point at version ${wanted}, and did not end that`,
    },
    heal: async () => ((await takeBack(domain, name, part, stored)) ? undefined : CHANGED),
  };
}

/** A version, and a number that was taken out of use, has a manifest or a record in its place. */
export const statuses: Pass<ListedObject> = {
  ahead: 16,
  items: itemsOf('statuses'),
  async examine({ domain }, { key }) {
    const status = partOfArtifact(key);
    if (status === undefined || !isVersionNumber(status.part)) return [foreign(key)];
    const number = Number(status.part);
    if ((await domain.store.head(versionKey(status, number))) !== undefined) return [];
    if (await isToldMissing(domain, status, number)) return [];
    const why = 'it is the status of a version that nothing else tells of';
    return [dangling(domain, key, status, number, why, restore(status, number))];
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
