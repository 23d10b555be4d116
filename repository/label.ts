import { expandAhead } from './ahead.ts';
import type { Digest } from './digest.ts';
import type { Domain } from './domain.ts';
import { ArtifactError, refuse } from './error.ts';
import { FORMAT_VERSION, labelKey, labelPrefix } from './keys.ts';
import type { LabelRecord } from './label-record.ts';
import { isGiven, readLabel } from './label-record.ts';
import type { Manifest } from './manifest.ts';
import { contentId } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import { recordContent } from './record.ts';
import type { Sameness } from './same-version.ts';
import { isGone } from './status.ts';
import type { Unreadable } from './unreadable.ts';
import { readable } from './unreadable.ts';
import type { Version } from './version.ts';
import { holdersOf, isLost, isNeverSeen, readVersion } from './version.ts';

export { isGiven, labelOfSet, readLabel, readLabelAt } from './label-record.ts';
export type { LabelRecord } from './label-record.ts';

/** So many records are on their way at once. */
const AHEAD = 16;

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
  if (isFirst && (!isLost(first) || content === undefined)) return first;
  if (content === undefined || digest === undefined) return undefined;
  for (const holder of await holdersOf(domain, name, { digest })) {
    const version = await readVersion(domain, name, holder.number);
    if (version !== undefined && !isLost(version) && isSame(version.manifest, content)) return version;
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

/**
 * The labels that an artifact was given, in their order as text, and what each stands for.
 * @param unreadable told of those that can't be read, for who looks
 * @throws ArtifactError UNSUPPORTED_FORMAT where nobody is to be told
 */
export function listLabels(
  { store }: Pick<Domain, 'store'>,
  name: ArtifactName,
  unreadable?: Unreadable,
): AsyncGenerator<{ readonly label: string; readonly record: LabelRecord }> {
  const prefix = labelPrefix(name);
  return expandAhead(store.list(prefix), AHEAD, async function* ({ key }) {
    const label = key.slice(prefix.length);
    const record = isGiven(label) ? await readable(unreadable, () => readLabel(store, name, label)) : undefined;
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
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  labels: readonly string[],
  content: Digest,
): Promise<readonly string[]> {
  const records = await Promise.all(labels.map((label) => readLabel(domain.store, name, label)));
  const taken: { readonly label: string; readonly record: LabelRecord }[] = [];
  for (const [index, label] of labels.entries()) {
    const record = records[index];
    if (record !== undefined && (record.content !== content || (await isDead(domain, name, record))))
      taken.push({ label, record });
  }
  refuse(await Promise.all(taken.map((one) => refusal(domain, name, one.label, one.record))));
  return labels.filter((_, index) => records[index] === undefined);
}

/**
 * A claim that nobody ever followed by a version: after a day a verification frees it, and long before that nobody goes on with it. So who does has the label when his version is there.
 */
async function isDead(
  domain: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
  record: LabelRecord,
): Promise<boolean> {
  const age = domain.chance.now().getTime() - new Date(record.at ?? 0).getTime();
  if (age <= DEAD_MS) return false;
  const version = await findLabelled(domain, name, record);
  return version === undefined || (await isLongUnseen(domain, version, DEAD_MS));
}

const DEAD_MS = 12 * 60 * 60_000;

/** Whether a version was given up so long ago, by the store's time, that nobody ever saw: one of a promotion that was withdrawn. What was claimed for it is claimed for nothing. */
export async function isLongUnseen(
  domain: Pick<Domain, 'store' | 'chance'>,
  version: Version,
  milliseconds: number,
): Promise<boolean> {
  if (!isGone(version.status) || version.record === undefined) return false;
  const age = domain.chance.now().getTime() - version.record.modified.getTime();
  return age > milliseconds && (await isNeverSeen(domain, version));
}

/** Whether a version that was given up never got the label for which it was a candidate: whoever claimed it came too late, and another may have it. */
export function wasNeverFinished({ manifest, status, record }: Version, label: string): boolean {
  return isGone(status) && manifest.set?.label === label && record?.value.was === 'Unfinished';
}

async function refusal(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  label: string,
  record: LabelRecord,
): Promise<ArtifactError> {
  const version = await findLabelled(domain, name, record);
  const what = formatArtifactName(name);
  if (version !== undefined && wasNeverFinished(version, label)) {
    const { number } = version.manifest;
    return new ArtifactError(
      'LABEL_TAKEN',
      `the label '${label}' of '${what}' was claimed for version ${number}, which was deleted at that moment`,
      {
        remedy: `'cfn-artifacts undelete ${what}:${number}' takes that back, then finish it; or 'cfn-artifacts verify --fix' frees the label when it is a day old.`,
      },
    );
  }
  if (version !== undefined && isGone(version.status) && (await isNeverSeen(domain, version))) {
    const { number } = version.manifest;
    return new ArtifactError(
      'LABEL_TAKEN',
      `the label '${label}' of '${what}' was claimed for version ${number}, whose promotion was withdrawn`,
      { remedy: "'cfn-artifacts verify --fix' frees it when that version has been deleted for a day." },
    );
  }
  if (version !== undefined) {
    const { number } = version.manifest;
    const fate = isGone(version.status) ? `, which is ${version.status.toLowerCase()}` : '';
    return new ArtifactError('LABEL_TAKEN', `the label '${label}' of '${what}' is that of version ${number}${fate}`, {
      remedy:
        version.manifest.set === undefined
          ? `A label never moves: choose another one, or publish what ${what}:${number} consists of.`
          : `A label never moves: choose another one. What was finished is '${what}:${label}'; it is not published again.`,
    });
  }
  return new ArtifactError(
    'LABEL_TAKEN',
    `the label '${label}' of '${what}' was claimed ${record.at === undefined ? 'by somebody else' : `at ${record.at}`} for a version that is not published yet`,
    {
      remedy:
        "Choose another label. If its publisher died, 'cfn-artifacts verify --fix' frees the claim when it is a day old; for half of that, publishing the same content goes on with it.",
    },
  );
}
