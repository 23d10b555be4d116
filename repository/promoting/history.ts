import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { namedReferencesPrefix, parseReferenceKey } from '../keys.ts';
import { isNamedReferenceOf } from '../named.ts';
import type { Unreadable } from '../unreadable.ts';
import { readable } from '../unreadable.ts';
import type { Subject } from '../usage.ts';
import type { Manifest } from '../version.ts';
import { contentAssets, listVersionNumbers, readManifest } from '../version.ts';
import { parsePromotionConsumer, PROMOTION_CONSUMER } from './consumer.ts';
import type { Promotion, PromotionItem, VersionName } from './record.ts';
import { formatVersion, readPromotion, sourceOf, targetOf } from './record.ts';

/** That a version became one of another repository. */
export interface PromotionStep extends Pick<Promotion, 'at' | 'by' | 'provenance' | 'evidence' | 'metadata'> {
  /** Of the promotion; of what was promoted together it is the same. */
  readonly promotion: string;
  readonly from: VersionName;
  readonly to: VersionName & { readonly labels: readonly string[] };
  readonly assets: PromotionItem['assets'];
}

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 16;
/** From one repository to the next: more than anybody has, so that what others wrote leads nobody on for ever. */
const MOST_STEPS = 100;

/**
 * What was promoted from an artifact, from one version of it, or from those with some content, and to it, in the order of time; and all the way: where that had been promoted from before, and what it was promoted to from
 * there.
 *
 * Of what a version became the references tell that keep it for that, and of what it was made from its manifest does: what else the domain promotes costs nothing. So a version that was deleted tells from where it
 * came, and what it came from does not tell of it any more; nor does anything tell of a promotion to a version that was there before.
 * @throws what the store throws
 */
export async function listPromotions(
  domain: Pick<Domain, 'store'>,
  subject: Subject,
  unreadable: Unreadable = () => undefined,
): Promise<readonly PromotionStep[]> {
  const reading: Reading = { ...domain, unreadable };
  const own = new Map<string, VersionName>();
  for await (const version of versionsOf(reading, subject)) own.set(formatVersion(version), version);
  const { digest } = subject;
  const isMeant = ({ assets }: PromotionStep): boolean =>
    digest === undefined || assets.some((asset) => asset.digest === digest);
  const found = new Map<string, PromotionStep>();
  for (const end of ['from', 'to'] as const) {
    for await (const step of follow(reading, own, end, isMeant)) found.set(nameOf(step), step);
  }
  return [...found.values()].toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

interface Reading extends Pick<Domain, 'store'> {
  readonly unreadable: Unreadable;
}

function nameOf({ promotion, from, to }: PromotionStep): string {
  return `${promotion} ${formatVersion(from)} ${formatVersion(to)}`;
}

/** Those that are asked about. */
async function* versionsOf(reading: Reading, { repository, id, number, digest }: Subject): AsyncGenerator<VersionName> {
  const name = { repository, id };
  const numbers = number === undefined ? listVersionNumbers(reading, name) : each([number]);
  yield* expandAhead(numbers, VERSIONS_AHEAD, async function* (one) {
    const manifest = await manifestOf(reading, { ...name, number: one });
    if (manifest === undefined) return;
    if (digest === undefined || contentAssets(manifest).some((asset) => asset.digest === digest))
      yield { ...name, number: one };
  });
}

/** Everything that can be reached in one direction, each version looked at once. */
async function* follow(
  reading: Reading,
  own: ReadonlyMap<string, VersionName>,
  end: 'from' | 'to',
  isMeant: (step: PromotionStep) => boolean,
): AsyncGenerator<PromotionStep> {
  const look = end === 'from' ? cameFrom : wentTo;
  const seen = new Set(own.keys());
  let versions: readonly VersionName[] = [...own.values()];
  for (let steps = 0; steps < MOST_STEPS && versions.length > 0; steps++) {
    const next = new Map<string, VersionName>();
    for await (const step of expandAhead(each(versions), VERSIONS_AHEAD, (version) => look(reading, version))) {
      if (steps === 0 && !isMeant(step)) continue;
      yield step;
      const name = formatVersion(step[end]);
      if (!seen.has(name)) next.set(name, step[end]);
      seen.add(name);
    }
    versions = [...next.values()];
  }
}

/** By the promotion that made it, and by others of the same to the same, which what it was made from knows. */
async function* cameFrom(reading: Reading, version: VersionName): AsyncGenerator<PromotionStep> {
  const promoted = (await manifestOf(reading, version))?.promotion;
  if (promoted === undefined) return;
  const own = await stepsTo(reading, version, promoted.id);
  yield* own;
  for (const { from, promotion } of own) {
    for await (const step of wentTo(reading, from)) {
      if (step.promotion !== promotion && formatVersion(step.to) === formatVersion(version)) yield step;
    }
  }
}

async function stepsTo(reading: Reading, version: VersionName, id: string): Promise<readonly PromotionStep[]> {
  const promotion = await readable(reading.unreadable, () => readPromotion(reading, version.repository, id));
  const steps = promotion === undefined ? [] : stepsOf(promotion);
  return steps.filter(({ to }) => formatVersion(to) === formatVersion(version));
}

/** By the references that keep it for what it became: their names tell the record. */
async function* wentTo(reading: Reading, version: VersionName): AsyncGenerator<PromotionStep> {
  const manifest = await manifestOf(reading, version);
  const [first] = manifest === undefined ? [] : contentAssets(manifest);
  if (first === undefined) return;
  // All that it has is kept, so that one content tells of all.
  for await (const { key } of reading.store.list(namedReferencesPrefix(first.digest, PROMOTION_CONSUMER))) {
    const parsed = parseReferenceKey(key);
    if (parsed?.kind !== 'named' || !isNamedReferenceOf(key, version)) continue;
    const name = parsePromotionConsumer(parsed.consumer);
    if (name === undefined) continue;
    const promotion = await readable(reading.unreadable, () => readPromotion(reading, name.repository, name.id));
    const step = promotion && stepsOf(promotion)[name.index];
    if (step !== undefined && formatVersion(step.from) === formatVersion(version)) yield step;
  }
}

function manifestOf(reading: Reading, { number, ...name }: VersionName): Promise<Manifest | undefined> {
  return readable(reading.unreadable, () => readManifest(reading, name, number));
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

/** One for each version that was promoted. */
export function stepsOf(promotion: Promotion): readonly PromotionStep[] {
  const { id, items, at, by, provenance, evidence, metadata } = promotion;
  return items.map((item) => ({
    promotion: id,
    from: sourceOf(item),
    to: { ...targetOf(promotion, item), labels: item.to.labels },
    ...{ assets: item.assets, at, evidence },
    ...(by !== undefined && { by }),
    ...(provenance !== undefined && { provenance }),
    ...(metadata !== undefined && { metadata }),
  }));
}
