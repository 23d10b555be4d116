import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import { parsePromotionConsumer } from './consumer.ts';
import type { Promotion, PromotionItem } from './record.ts';
import { formatVersion, readPromotion, targetOf } from './record.ts';

/**
 * For what a consumer stands whose name is one of a promotion.
 * @returns `undefined` of every other name, and where the record is not there, or can't be read
 */
export async function promotionOf(
  domain: Pick<Domain, 'store'>,
  consumer: string,
): Promise<{ readonly promotion: Promotion; readonly item: PromotionItem } | undefined> {
  const name = parsePromotionConsumer(consumer);
  if (name === undefined) return undefined;
  try {
    const promotion = await readPromotion(domain, name.repository, name.id);
    const item = promotion?.items[name.index];
    return promotion && item && { promotion, item };
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return undefined;
    throw error;
  }
}

/** What was promoted for such a consumer became this version, as people know it: `production/shop/api:4`. `undefined` of every other. */
export async function promotedTo(domain: Pick<Domain, 'store'>, consumer: string): Promise<string | undefined> {
  const found = await promotionOf(domain, consumer);
  return found && formatVersion(targetOf(found.promotion, found.item));
}
