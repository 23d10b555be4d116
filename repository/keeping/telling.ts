import { expandAhead } from '../ahead.ts';
import { parseArn, samePlace } from '../arn.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import type { Cause, DomainEvent } from '../event.ts';
import { promotionEvent, publicationEvent } from '../event.ts';
import { readPromotion } from '../promoting/record.ts';
import { exists } from '../status.ts';
import type { Version } from '../version.ts';
import { readVersion } from '../version.ts';

/** So many versions are looked at at once. */
const VERSIONS_AHEAD = 16;

/**
 * What there is to tell of versions that somebody says were published: that they came to be, and of those that were promoted, once for each promotion, that too. It is made of what stands
 * there: of what is not there, or is given up, or is to be seen only together with others, nothing is told. Who asks again is told the same.
 * @param arns of versions; those of another domain are passed over
 */
export async function* publicationEvents(
  domain: Domain,
  arns: readonly string[],
  cause: Cause,
): AsyncGenerator<DomainEvent> {
  const promotions = new Set<string>();
  const versions = expandAhead(each([...new Set(arns)]), VERSIONS_AHEAD, async function* (arn) {
    const version = await versionOf(domain, arn);
    if (version !== undefined) yield version;
  });
  for await (const version of versions) {
    const occasion = { place: domain, cause, now: domain.chance.now().toISOString() };
    const { repository, promotion: made } = version.manifest;
    yield publicationEvent(version, occasion);
    if (made === undefined || promotions.has(`${repository}/${made.id}`)) continue;
    promotions.add(`${repository}/${made.id}`);
    const promotion = await readPromotion(domain, repository, made.id);
    if (promotion !== undefined) yield promotionEvent(promotion, occasion);
  }
}

async function versionOf(domain: Domain, text: string): Promise<Version | undefined> {
  const { repository, id, version: number, ...place } = parseArn(text);
  if (number === undefined || !samePlace(place, domain)) return undefined;
  try {
    const version = await readVersion(domain, { repository, id }, number);
    if (version === undefined || !exists(version.status)) return undefined;
    const isPending = version.status === 'Unfinished' && version.manifest.promotion !== undefined;
    return isPending ? undefined : version;
  } catch (error) {
    // A record that can't be read says nothing, and keeps nobody from hearing of the others.
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return undefined;
    throw error;
  }
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
