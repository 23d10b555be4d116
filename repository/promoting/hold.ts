import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { namedReferencesPrefix, parseReferenceKey } from '../keys.ts';
import { addNamedReference, removeNamedReferences } from '../named.ts';
import { isGone } from '../status.ts';
import type { Manifest } from '../version.ts';
import { contentAssets, readVersion } from '../version.ts';
import { PROMOTION_CONSUMER, promotionConsumer } from './consumer.ts';
import { promotionOf } from './promoted-to.ts';
import type { Promotion, PromotionItem } from './record.ts';
import { formatVersion, readPromotion, sourceOf, targetOf } from './record.ts';

/** That what was promoted is needed for as long as what it became exists. */
export interface HeldSource {
  /** `repository/id:number`. */
  readonly source: string;
  readonly target: string;
  /** `refused`: what was promoted was archived or deleted since. `not needed`: what it became was deleted, or was there before. */
  readonly outcome: 'added' | 'exists' | 'refused' | 'not needed';
  readonly why?: string;
}

/**
 * Records that the versions a promotion was made from are needed. The same again changes nothing.
 *
 * Whoever gives up what a version was promoted to changes its status first, and looks for these records then; here the record is written first, and the status looked at then. So one of the two
 * sees the other, and none is left behind.
 * @param of only what became this version
 * @throws ArtifactError CONTENT_MISSING, CONTENTION and what the store throws; a version that takes no references is told of
 */
export async function holdSources(
  domain: Domain,
  promotion: Promotion,
  of?: Pick<Manifest, 'id' | 'number'>,
): Promise<readonly HeldSource[]> {
  const held: HeldSource[] = [];
  for (const [index, item] of promotion.items.entries()) {
    const isMeant = of === undefined || (item.to.id === of.id && item.to.number === of.number);
    if (isMeant) held.push(await holdSource(domain, promotion, item, index));
  }
  return held;
}

async function holdSource(
  domain: Domain,
  promotion: Promotion,
  item: PromotionItem,
  index: number,
): Promise<HeldSource> {
  const [source, target] = [sourceOf(item), targetOf(promotion, item)];
  const told = { source: formatVersion(source), target: formatVersion(target) };
  // What was there before it was promoted stays for reasons of its own.
  if (!(await isHeldFor(domain, target))) return { ...told, outcome: 'not needed' };
  const consumer = promotionConsumer({ repository: promotion.repository, id: promotion.id, index });
  const { partition, account, region } = domain;
  const { repository, id, number: version } = source;
  const [{ name: asset }] = item.assets;
  try {
    const arn = { partition, account, region, repository, id, version, asset };
    const { outcome } = await addNamedReference(domain, arn, consumer);
    if (await isHeldFor(domain, target)) return { ...told, outcome };
  } catch (error) {
    if (!(error instanceof ArtifactError) || !hasCode(error, ...REFUSED)) throw error;
    return { ...told, outcome: 'refused', why: error.message };
  }
  await letGo(domain, source, consumer);
  return { ...told, outcome: 'not needed' };
}

const REFUSED = ['ARTIFACT_NOT_FOUND', 'ARTIFACT_ARCHIVED', 'ARTIFACT_DELETED'] as const;

/** Whether a version came to be by being promoted, and exists. */
async function isHeldFor(domain: Domain, { number, ...name }: ReturnType<typeof targetOf>): Promise<boolean> {
  const version = await readVersion(domain, name, number);
  return version?.manifest.promotion !== undefined && !isGone(version.status);
}

/**
 * Lets go of what a version was promoted from: to be called when it is given up, after its status says so. Where that is taken back meanwhile, it is held again in the end.
 * A record that can't be read keeps what it keeps: rather something stays than that something goes.
 */
export async function releaseSources(domain: Domain, manifest: Manifest): Promise<void> {
  if (manifest.promotion === undefined) return;
  for (const consumer of await consumersOf(domain, manifest)) {
    const { promotion, item } = (await promotionOf(domain, consumer)) ?? {};
    if (promotion === undefined || item?.to.id !== manifest.id || item.to.number !== manifest.number) continue;
    await letGo(domain, sourceOf(item), consumer);
    // Whoever took the deletion back meanwhile may have held it before it was let go of here.
    if (await isHeldFor(domain, targetOf(promotion, item))) await holdSources(domain, promotion, manifest);
  }
}

/** Of every promotion to this repository of what the version has. */
async function consumersOf({ store }: Domain, manifest: Manifest): Promise<ReadonlySet<string>> {
  const consumers = new Set<string>();
  for (const { digest } of contentAssets(manifest)) {
    const prefix = namedReferencesPrefix(digest, `${PROMOTION_CONSUMER}/${manifest.repository}`);
    for await (const { key } of store.list(prefix)) {
      const parsed = parseReferenceKey(key);
      if (parsed?.kind === 'named') consumers.add(parsed.consumer);
    }
  }
  return consumers;
}

async function letGo(domain: Domain, source: ReturnType<typeof sourceOf>, consumer: string): Promise<void> {
  // One version is one step.
  for await (const _ of removeNamedReferences(domain, source, consumer)) return;
}

/** Records again that what a version was promoted from is needed: to be called when its deletion is taken back. */
export async function holdSourcesOf(domain: Domain, manifest: Manifest): Promise<void> {
  const { promotion: made, repository } = manifest;
  const promotion = made && (await readPromotion(domain, repository, made.id));
  if (promotion !== undefined) await holdSources(domain, promotion, manifest);
}
