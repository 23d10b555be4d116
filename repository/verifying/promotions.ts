import { digestsOf } from '../deleting/version-deletion.ts';
import type { Digest } from '../digest.ts';
import { EVERY_PROMOTION, namedReferencesPrefix, promotionOfKey, promotionsPrefix, versionKey } from '../keys.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import { promotionConsumer } from '../promoting/consumer.ts';
import { holdSources, releaseSources } from '../promoting/hold.ts';
import type { Promotion, PromotionItem } from '../promoting/record.ts';
import { formatVersion, readPromotion, sourceOf, targetOf } from '../promoting/record.ts';
import { isGone, takesNoReferences } from '../status.ts';
import type { Version } from '../version.ts';
import { readVersion } from '../version.ts';
import type { Problem } from './finding.ts';
import { foreign } from './finding.ts';
import { isToldMissing, unlessTold } from './indexes.ts';
import type { Pass, Verifying } from './verifying.ts';
import { arnOf, kindSince, listAfter } from './verifying.ts';

/** What was promoted: that what it became is there, and that what it was made from is needed as long as that is so, and no longer. */
export const promotions: Pass<ListedObject> = {
  ahead: 8,
  items: ({ domain, repository }, after) =>
    listAfter(domain.store, repository === undefined ? EVERY_PROMOTION : promotionsPrefix(repository), after),
  async examine(verifying, { key, modified }) {
    const name = promotionOfKey(key);
    if (name === undefined) return [foreign(key)];
    const promotion = await readPromotion(verifying.domain, name.repository, name.id);
    if (promotion === undefined) return [];
    const found = await Promise.all(
      promotion.items.map((_, index) => examineItem(verifying, { promotion, index, key, modified })),
    );
    return found.flat();
  },
};

interface Examined extends Pick<ListedObject, 'key' | 'modified'> {
  readonly promotion: Promotion;
  readonly index: number;
}

async function examineItem(verifying: Verifying, examined: Examined): Promise<readonly Problem[]> {
  const { domain } = verifying;
  const { promotion, index, key } = examined;
  const item = promotion.items[index];
  if (item === undefined) return [];
  const { number, ...name } = targetOf(promotion, item);
  const target = await unlessTold(() => readVersion(domain, name, number));
  if (target === 'told') return [];
  if (target === undefined) {
    if (await isToldMissing(domain, name, number)) return [];
    const why = `it tells of a promotion to ${formatVersion({ ...name, number })}, which does not exist`;
    const remedy = `If the version was lost, put the object '${versionKey(name, number)}' back from a backup.`;
    return [{ finding: { kind: 'dangling', key, arns: [arnOf(domain, { ...name, number })], why, remedy } }];
  }
  return examineHold(verifying, examined, item, target);
}

async function examineHold(
  verifying: Verifying,
  { promotion, index, key, modified }: Examined,
  item: PromotionItem,
  target: Version,
): Promise<readonly Problem[]> {
  const { domain } = verifying;
  const { number, ...name } = sourceOf(item);
  const source = await unlessTold(() => readVersion(domain, name, number));
  if (source === undefined || source === 'told') return [];
  const consumer = promotionConsumer({ repository: promotion.repository, id: promotion.id, index });
  const held = await Promise.all(digestsOf(source.manifest).map((digest) => isHeld(domain.store, digest, consumer)));
  const isNeeded = target.manifest.promotion !== undefined && !isGone(target.status);
  const told = { key, arns: [arnOf(domain, source.manifest), arnOf(domain, target.manifest)] };
  const [from, to] = [formatVersion({ ...name, number }), formatVersion(target.manifest)];
  if (isNeeded && held.includes(false) && !takesNoReferences(source.status)) {
    const why = `${from} is not kept for ${to}, to which it was promoted`;
    const heal = async (): Promise<string | undefined> => {
      const [result] = await holdSources(domain, promotion, target.manifest);
      return result?.outcome === 'refused' ? result.why : undefined;
    };
    return [{ finding: { kind: kindSince(verifying, 'unheld', modified), ...told, why }, heal }];
  }
  if (isNeeded || !held.includes(true)) return [];
  const why = `${from} is kept for ${to}, which was given up`;
  const heal = async (): Promise<undefined> => {
    await releaseSources(domain, target.manifest);
    return undefined;
  };
  return [{ finding: { kind: kindSince(verifying, 'leftover', modified), ...told, why }, heal }];
}

async function isHeld(store: ObjectStore, digest: Digest, consumer: string): Promise<boolean> {
  for await (const _ of store.list(namedReferencesPrefix(digest, consumer), { limit: 1 })) return true;
  return false;
}
