import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { versionReferenceKey } from './keys.ts';
import { labelOfContent, labelOfSet, readLabel } from './label-record.ts';
import { contentAssets, contentId } from './manifest.ts';
import type { AssetSet, Manifest, Named } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { takesNoReferences } from './status.ts';
import { holdersOf, isLost, readVersion } from './version.ts';
import type { Version } from './version.ts';

/** What makes a version the same as another: its assets, and as what candidate it was made. */
export interface Sameness {
  /** As `contentId` makes it. */
  readonly content: Digest;
  /** Of one of its assets, by which versions that hold it are found. */
  readonly digest: Digest;
  /**
   * A label that every version which is the same has had claimed before it came to be: without that there is none. Of candidates their own; of several assets, of which one may be in every version
   * of the artifact, one that people can't write. Absent where the digest finds as few.
   */
  readonly index?: string;
}

/** @param assets the first is none that only proves something */
export function samenessOf(assets: readonly [Named, ...Named[]], set?: AssetSet): Sameness {
  const [{ digest }] = assets;
  const content = contentId(assets, set);
  const isAlone = contentAssets({ assets }).length === 1;
  const index = set !== undefined ? labelOfSet(set) : isAlone ? undefined : labelOfContent(content);
  return { content, digest, ...(index !== undefined && { index }) };
}

/** A version that is the same as the one that is wanted, and whether it may still be used. */
export interface SameVersion extends Pick<Version, 'manifest' | 'status' | 'modified' | 'pending'> {
  /**
   * Its references stand as they were written before the version came to be, so that no collector takes the content. One that was put back later proves
   * nothing: a collector may have looked before.
   */
  readonly isHeld: boolean;
  /** A collector has found that nobody needs it, and a rule may take it for that. */
  readonly isUnused: boolean;
}

/** While somebody decides whether a version goes, so many times it is looked again. */
const TURNS = 20;
const PAUSE_MS = 10;

/**
 * The newest version of this artifact that is the same, from the references of its content. References that no manifest
 * acknowledges are passed over: their publisher is still at work, lost the number, or died. A version that is being deleted is waited for: the
 * deletion may be refused yet.
 *
 * @param likely a version that is looked at first, and mostly is the one
 */
export async function findSameVersion(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  wanted: Sameness,
  likely?: Pick<Manifest, 'number' | 'nonce'>,
): Promise<SameVersion | undefined> {
  for (let turn = 0; ; turn++) {
    const found = await lookForVersion(domain, name, wanted, likely);
    if (found?.status !== 'Deleting') return found;
    // Whoever began to delete it may have died; then it is as good as gone.
    if (turn === TURNS) return undefined;
    await domain.chance.pause(PAUSE_MS * (1 + turn));
  }
}

async function lookForVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  wanted: Sameness,
  likely: Pick<Manifest, 'number' | 'nonce'> | undefined,
): Promise<SameVersion | undefined> {
  const first = likely && (await lookAt(domain, name, wanted, likely));
  if (first !== undefined) return first;
  if (wanted.index !== undefined) {
    const record = await readLabel(domain.store, name, wanted.index);
    if (record === undefined) return undefined;
    const indexed = await readSameVersion(domain, name, record.number, wanted);
    if (indexed !== undefined) return { ...plain(indexed), isHeld: await areHeld(domain, indexed) };
  }
  let second: SameVersion | undefined;
  for (const { number, nonce, modified } of await holdersOf(domain, name, wanted)) {
    const version = await readSameVersion(domain, name, number, wanted);
    if (version?.manifest.nonce !== nonce) continue;
    const isHeld = modified <= version.modified && (await areHeld(domain, version, wanted.digest));
    const found = { ...plain(version), isHeld };
    // One that may still be used goes before one that may not.
    if (version.status === 'Deleting' || !takesNoReferences(version.status)) return found;
    second ??= found;
  }
  return second;
}

async function lookAt(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  wanted: Sameness,
  { number, nonce }: Pick<Manifest, 'number' | 'nonce'>,
): Promise<SameVersion | undefined> {
  const [version, reference] = await Promise.all([
    readSameVersion(domain, name, number, wanted),
    domain.store.head(versionReferenceKey(wanted.digest, name, number, nonce)),
  ]);
  if (version?.manifest.nonce !== nonce) return undefined;
  const isFirstHeld = reference !== undefined && reference.modified <= version.modified;
  return { ...plain(version), isHeld: isFirstHeld && (await areHeld(domain, version, wanted.digest)) };
}

/** @param known of content of which it is known already: of most versions there is no other */
async function areHeld(
  { store }: Pick<Domain, 'store'>,
  { manifest, modified }: Version,
  known?: Digest,
): Promise<boolean> {
  const others = new Set(manifest.assets.map(({ digest }) => digest).filter((digest) => digest !== known));
  const heads = await Promise.all(
    [...others].map((digest) => store.head(versionReferenceKey(digest, manifest, manifest.number, manifest.nonce))),
  );
  return heads.every((head) => head !== undefined && head.modified <= modified);
}

/** The version of that number, if it is the same, has not been given up, and is none of a promotion that was. */
export async function readSameVersion(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  number: number,
  { content }: Sameness,
): Promise<Version | undefined> {
  const version = await readVersion(domain, name, number);
  if (version === undefined || isLost(version)) return undefined;
  return contentId(version.manifest.assets, version.manifest.set) === content ? version : undefined;
}

function plain({ manifest, status, modified, pending, record }: Version): Omit<SameVersion, 'isHeld'> {
  const isUnused = record?.value.unusedSince !== undefined;
  return { manifest, status, modified, isUnused, ...(pending !== undefined && { pending }) };
}
