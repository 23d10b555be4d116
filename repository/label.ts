import { expandAhead } from './ahead.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError, ArtifactErrors } from './error.ts';
import { FORMAT_VERSION, labelKey, labelPrefix } from './keys.ts';
import type { AssetSet, Manifest } from './manifest.ts';
import { contentId } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName, isVersionNumber } from './name.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import type { Sameness } from './same-version.ts';
import { isGone } from './status.ts';
import type { Version } from './version.ts';
import { holdersOf, readVersion } from './version.ts';

/**
 * That a label stands for some content of an artifact, for ever. It is claimed before the version comes to be, and by what the version consists of: whoever died between
 * the two is gone on with by publishing the same again, and nothing else ever gets the label.
 */
export interface LabelRecord extends Partial<Sameness> {
  /** Of the version, or the one that was tried first when several published at once. */
  readonly number: number;
  /** When it was claimed, ISO 8601. */
  readonly at?: string;
}

/** So many records are on their way at once. */
const AHEAD = 16;

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

/**
 * The version that has a label: one that exists, if there is one, else the one that was given up. `undefined` where nobody has claimed it, or the version has not come to
 * be, or is to be seen only together with others.
 */
export async function findLabel(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  label: string,
): Promise<Version | undefined> {
  const record = await readLabel(domain.store, name, label);
  const version = record && (await findLabelled(domain, name, record));
  return version && unlessPending(version);
}

/** The version that a label's record means, also one that is to be seen only together with others. */
export async function findLabelled(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  { number, content, digest }: LabelRecord,
): Promise<Version | undefined> {
  const first = await readVersion(domain, name, number);
  const isFirst = first !== undefined && (content === undefined || isSame(first.manifest, content));
  if (isFirst && (!isGone(first.status) || content === undefined)) return first;
  if (content === undefined || digest === undefined) return undefined;
  for (const holder of await holdersOf(domain, name, { digest })) {
    const version = await readVersion(domain, name, holder.number);
    if (version !== undefined && !isGone(version.status) && isSame(version.manifest, content)) return version;
  }
  return isFirst ? first : undefined;
}

/** One that is promoted with others is not there before all of them are. */
function unlessPending(version: Version): Version | undefined {
  return version.manifest.promotion !== undefined && version.status === 'Unfinished' ? undefined : version;
}

function isSame({ assets, set }: Manifest, content: Digest): boolean {
  return contentId(assets, set) === content;
}

/** The labels of an artifact, in their order as text, and what each stands for. */
export function listLabels(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
): AsyncGenerator<{ readonly label: string; readonly record: LabelRecord }> {
  const prefix = labelPrefix(name);
  return expandAhead(store.list(prefix), AHEAD, async function* ({ key }) {
    const label = key.slice(prefix.length);
    const record = await readLabel(store, name, label);
    if (record !== undefined) yield { label, record };
  });
}

/**
 * Claims labels for what is about to be published, all or, as long as nobody else claims one at the same moment, none.
 * @param number that the version is expected to get
 * @throws ArtifactErrors LABEL_TAKEN, for each that stands for something else
 */
export async function claimLabels(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  labels: readonly string[],
  { content, digest }: Sameness,
  number: number,
): Promise<void> {
  if (labels.length === 0) return;
  const missing = await requireFree(domain, name, labels, content);
  const at = domain.chance.now().toISOString();
  const record = { format: FORMAT_VERSION, number, content, digest, at };
  await Promise.all(missing.map((label) => domain.store.create(labelKey(name, label), recordContent(record))));
  // Whoever lost one to somebody else at this moment hears of it here.
  await requireFree(domain, name, missing, content);
}

/**
 * @returns those that nobody has claimed
 * @throws ArtifactErrors LABEL_TAKEN, for each that stands for something else
 */
export async function requireFree(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  labels: readonly string[],
  content: Digest,
): Promise<readonly string[]> {
  const records = await Promise.all(labels.map((label) => readLabel(domain.store, name, label)));
  const taken = labels.flatMap((label, index) => {
    const record = records[index];
    return record === undefined || record.content === content ? [] : [{ label, record }];
  });
  const [first, ...rest] = await Promise.all(taken.map((one) => refusal(domain, name, one.label, one.record)));
  if (first !== undefined) throw new ArtifactErrors([first, ...rest]);
  return labels.filter((_, index) => records[index] === undefined);
}

async function refusal(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  label: string,
  record: LabelRecord,
): Promise<ArtifactError> {
  const version = await findLabelled(domain, name, record);
  const what = formatArtifactName(name);
  if (version !== undefined) {
    const { number } = version.manifest;
    const fate = isGone(version.status) ? `, which is ${version.status.toLowerCase()}` : '';
    return new ArtifactError('LABEL_TAKEN', `the label '${label}' of '${what}' is that of version ${number}${fate}`, {
      remedy: `A label never moves: choose another one, or publish what ${what}:${number} consists of.`,
    });
  }
  return new ArtifactError(
    'LABEL_TAKEN',
    `the label '${label}' of '${what}' was claimed ${record.at === undefined ? 'by somebody else' : `at ${record.at}`} for other content, which is not published yet`,
    {
      remedy:
        "Choose another label. If its publisher died, publishing the same content goes on with it; 'cfn-artifacts verify --fix' frees a claim that is a day old.",
    },
  );
}
