import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { labelKey } from './keys.ts';
import type { AssetSet } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { isVersionNumber } from './name.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord } from './record.ts';

/**
 * That a label stands for some content of an artifact, for ever. It is claimed before the version comes to be, and by what the version consists of: whoever died between
 * the two is gone on with by publishing the same again, and nothing else ever gets the label.
 */
export interface LabelRecord {
  /** Of the version, or the one that was tried first when several published at once. */
  readonly number: number;
  /** Content ID of the version. Absent of a label that is a number alone. */
  readonly content?: Digest;
  /** Of one of its assets. */
  readonly digest?: Digest;
  /** When it was claimed, ISO 8601. */
  readonly at?: string;
}

/** What a set's version is called until it is finished: build metadata, as semantic versions write it. */
export function labelOfSet({ label, name }: AssetSet): string {
  return `${label}+${name}`;
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export async function readLabel(
  store: ObjectStore,
  name: ArtifactName,
  label: string,
): Promise<LabelRecord | undefined> {
  return (await readLabelAt(store, labelKey(name, label)))?.value;
}

/** As `readLabel`, under a key that a listing told. */
export function readLabelAt(store: ObjectStore, key: ObjectKey): Promise<Stored<LabelRecord> | undefined> {
  return readRecord(store, key, ({ number, content, digest, at }) => {
    if (typeof number !== 'number' || !isVersionNumber(String(number))) return undefined;
    const same = isHex(content) && isHex(digest) ? { content, digest } : {};
    return { number, ...same, ...(typeof at === 'string' && { at }) };
  });
}

function isHex(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}

/** By it a version of several assets is found again. No label that people write begins so. */
export function labelOfContent(content: Digest): string {
  return `${OWN_LABEL}${content}`;
}

/** Whether a label is one that people gave, and not one by which content is found. */
export function isGiven(label: string): boolean {
  return !label.startsWith(OWN_LABEL);
}

const OWN_LABEL = '@';
