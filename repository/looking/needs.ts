import { listBookmarkRecords, wayBack } from '../bookmark-record.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { hasCode } from '../error.ts';
import { versionOfReference, versionReferencesPrefix } from '../keys.ts';
import type { ArtifactName } from '../name.ts';
import { parseArn } from '../arn.ts';
import { promotionOf } from '../promoting/promoted-to.ts';
import type { Promotion, PromotionItem, VersionName } from '../promoting/record.ts';
import { formatVersion, readPromotion, targetOf } from '../promoting/record.ts';
import type { Usage } from '../usage.ts';
import { usesOfVersion } from '../usage.ts';
import type { Manifest } from '../version.ts';

/** Who needs a version, apart from bookmarks. */
export interface Needs {
  /** Of stacks and named consumers. */
  readonly uses: readonly Usage[];
  readonly promotedTo: readonly PromotedTo[];
  /** There are more than were asked for. */
  readonly isMore: boolean;
}

/** That a version became one of another repository. */
export interface PromotedTo {
  readonly to: VersionName;
  readonly promotion: Promotion;
  readonly item: PromotionItem;
}

/** What a version was promoted from. */
export interface PromotedFrom {
  /** Definite ARN. */
  readonly arn: string;
  readonly from: VersionName;
  /** Absent where it is not there, or can't be read. */
  readonly promotion?: Promotion;
}

/** So many consumers and promotions need a version, each once, however many assets it has. */
export function countOf({ uses, promotedTo }: Needs): number {
  return new Set(uses.map(({ consumer }) => JSON.stringify(consumer))).size + promotedTo.length;
}

/** Up to so many of those who need a version. @throws ArtifactError UNSUPPORTED_FORMAT where a record can't be read */
export async function needsOf(domain: Domain, manifest: Manifest, limit: number): Promise<Needs> {
  const uses: Usage[] = [];
  const promotedTo = new Map<string, PromotedTo>();
  let isMore = false;
  for await (const usage of usesOfVersion(domain, manifest)) {
    const { consumer } = usage;
    const found = consumer.kind === 'named' ? await promotionOf(domain, consumer.name) : undefined;
    if (found !== undefined) {
      const to = targetOf(found.promotion, found.item);
      // With several assets it is needed once for each.
      promotedTo.set(formatVersion(to), { to, ...found });
    } else if (uses.length === limit) {
      isMore = true;
      break;
    } else {
      uses.push(usage);
    }
  }
  return { uses, promotedTo: [...promotedTo.values()], isMore };
}

/** `undefined` of what was published. */
export async function promotedFrom(
  domain: Pick<Domain, 'store'>,
  { repository, promotion: promoted }: Manifest,
): Promise<PromotedFrom | undefined> {
  if (promoted === undefined) return undefined;
  const from = versionIn(promoted.from);
  if (from === undefined) return undefined;
  const promotion = await readableOrNone(() => readPromotion(domain, repository, promoted.id));
  return { arn: promoted.from, from, ...(promotion !== undefined && { promotion }) };
}

function versionIn(arn: string): VersionName | undefined {
  try {
    const { repository, id, version } = parseArn(arn);
    return version === undefined ? undefined : { repository, id, number: version };
  } catch (error) {
    if (!hasCode(error, 'INVALID_ARN', 'INVALID_NAME')) throw error;
    return undefined;
  }
}

/** To look at something is no reason to fail over what stands beside it. */
async function readableOrNone<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'UNSUPPORTED_FORMAT')) return undefined;
    throw error;
  }
}

/** A bookmark of an artifact. */
export interface ShownBookmark {
  readonly bookmark: string;
  readonly version: number;
  /** ISO 8601. */
  readonly at?: string;
  readonly by?: string;
  /** To which somebody is just moving it. */
  readonly pending?: number;
  /** What it named before a stack moved it: a rollback may want it back. */
  readonly wayBack?: number;
}

/** Whether a version can't be deleted because of a bookmark. */
export function needsVersion({ version, pending, wayBack: before }: ShownBookmark, number: number): boolean {
  return version === number || pending === number || before === number;
}

/** Those that name a version, by name. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function bookmarksOf(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  name: ArtifactName,
): Promise<readonly ShownBookmark[]> {
  const bookmarks: ShownBookmark[] = [];
  for await (const { bookmark, record } of listBookmarkRecords(store, name)) {
    const { number, at, by, pending } = record;
    if (number === undefined) continue;
    const before = wayBack(record, chance.now());
    bookmarks.push({
      ...{ bookmark, version: number },
      ...(at !== undefined && { at }),
      ...(by !== undefined && { by }),
      ...(pending !== undefined && { pending: pending.number }),
      ...(before !== undefined && { wayBack: before }),
    });
  }
  return bookmarks;
}

/** Other versions, of whatever artifact, that hold some content: up to so many, by their keys alone; whether they exist is not said by it. */
export async function holdersElsewhere(
  { store }: Pick<Domain, 'store'>,
  digest: Digest,
  own: VersionName | undefined,
  limit: number,
): Promise<{ readonly versions: readonly VersionName[]; readonly isMore: boolean }> {
  const found = new Map<string, VersionName>();
  const me = own === undefined ? undefined : formatVersion(own);
  for await (const { key } of store.list(versionReferencesPrefix(digest))) {
    const version = versionOfReference(key);
    if (version === undefined) continue;
    const { repository, id, number } = version;
    const name = formatVersion({ repository, id, number });
    if (name === me || found.has(name)) continue;
    if (found.size === limit) return { versions: [...found.values()], isMore: true };
    found.set(name, { repository, id, number });
  }
  return { versions: [...found.values()], isMore: false };
}
