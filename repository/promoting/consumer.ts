import { isPromotionId } from '../keys.ts';
import { isRepository } from '../name.ts';

/** The first part of the names under which promotions need what was promoted. Nobody else may use it. */
export const PROMOTION_CONSUMER = 'promotion';

/** One of the versions that were promoted together. */
export interface PromotionItemName {
  /** To which it was promoted. */
  readonly repository: string;
  /** Of the promotion. */
  readonly id: string;
  /** Its place among them, from 0. */
  readonly index: number;
}

const INDEX = /^(?:0|[1-9][0-9]{0,5})$/;

/** Under which a promotion needs the version that it was made from. */
export function promotionConsumer({ repository, id, index }: PromotionItemName): string {
  return `${PROMOTION_CONSUMER}/${repository}/${id}/${index}`;
}

/** `undefined` of every other consumer. */
export function parsePromotionConsumer(consumer: string): PromotionItemName | undefined {
  const [kind, repository = '', id = '', index = '', ...more] = consumer.split('/');
  const isOne = kind === PROMOTION_CONSUMER && isRepository(repository) && isPromotionId(id) && INDEX.test(index);
  return isOne && more.length === 0 ? { repository, id, index: Number(index) } : undefined;
}
