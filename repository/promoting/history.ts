import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { EVERY_PROMOTION, promotionOfKey } from '../keys.ts';
import type { Subject } from '../usage.ts';
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

/** So many records are on their way at once. */
const RECORDS_AHEAD = 32;

/**
 * What was promoted from an artifact, from one version of it, or from those with some content, and to it, in the order of time; and all the way: where that had been promoted from before, and what it was promoted to from
 * there. A version that was deleted since is told of all the same.
 *
 * Looks at every promotion of the domain: a record says what was promoted, and nothing leads to it but what exists still.
 * @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read
 */
export async function listPromotions(
  domain: Pick<Domain, 'store'>,
  { repository, id, number, digest }: Subject,
): Promise<readonly PromotionStep[]> {
  const [before, after] = [new Map<string, PromotionStep[]>(), new Map<string, PromotionStep[]>()];
  const own = new Set<string>();
  for await (const step of steps(domain)) {
    const [from, to] = [formatVersion(step.from), formatVersion(step.to)];
    before.set(to, [...(before.get(to) ?? []), step]);
    after.set(from, [...(after.get(from) ?? []), step]);
    for (const end of [step.from, step.to]) {
      const isMeant = end.repository === repository && end.id === id && (number === undefined || end.number === number);
      if (isMeant && (digest === undefined || step.assets.some((asset) => asset.digest === digest)))
        own.add(formatVersion(end));
    }
  }
  const found = new Set([...follow(own, before, 'from'), ...follow(own, after, 'to')]);
  return [...found].toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

/** Everything that can be reached in one direction. */
function follow(
  begin: ReadonlySet<string>,
  steps: ReadonlyMap<string, readonly PromotionStep[]>,
  end: 'from' | 'to',
): readonly PromotionStep[] {
  const seen = new Set(begin);
  const found: PromotionStep[] = [];
  for (const version of seen) {
    for (const step of steps.get(version) ?? []) {
      found.push(step);
      // A set that grows while it is walked is walked to its end.
      seen.add(formatVersion(step[end]));
    }
  }
  return found;
}

function steps(domain: Pick<Domain, 'store'>): AsyncGenerator<PromotionStep> {
  return expandAhead(domain.store.list(EVERY_PROMOTION), RECORDS_AHEAD, async function* ({ key }) {
    const name = promotionOfKey(key);
    const promotion = name && (await readPromotion(domain, name.repository, name.id));
    if (promotion !== undefined) yield* stepsOf(promotion);
  });
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
