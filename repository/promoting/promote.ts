import { expandAhead } from '../ahead.ts';
import { formatArn } from '../arn.ts';
import { keyOf } from '../blob.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { FORMAT_VERSION, promotionKey } from '../keys.ts';
import type { PublishedAsset } from '../publish.ts';
import { bucketOf } from '../repositories.ts';
import { publishAssets } from '../publish.ts';
import { recordContent } from '../record.ts';
import { exists } from '../status.ts';
import type { Manifest } from '../version.ts';
import { contentAssets, readVersion } from '../version.ts';
import { requirePromotable } from './problems.ts';
import type { Promotion, PromotionItem } from './record.ts';
import { definiteArn, formatVersion, readDecision, targetOf } from './record.ts';
import type { ChosenItem, OpenEvidence, PromotionRequest } from './request.ts';
import { assetsToPublish, chosen, identityOf, itemOf, openEvidence, promotionId } from './request.ts';

/** What a version became. */
export interface PromotedVersion {
  readonly item: PromotionItem;
  readonly manifest: Manifest;
  /** Without evidence. */
  readonly assets: readonly [PublishedAsset, ...PublishedAsset[]];
}

export interface PromotionResult {
  /** `exists`: the same was promoted before. */
  readonly outcome: 'promoted' | 'exists';
  readonly promotion: Promotion;
  readonly versions: readonly PromotedVersion[];
}

/** What would be promoted. */
export interface PromotionPlan {
  /** Of the same promotion, where it was made before. */
  readonly standing?: PromotionResult;
  /** `number`: of the version that is the same already; absent: it becomes the next. */
  readonly items: readonly (ChosenItem & { readonly number?: number })[];
}

/** So many versions are published at once. */
const ITEMS_AHEAD = 8;

/**
 * Names versions, or chosen assets of them, in another repository: exactly their bytes, whatever was published since. Each becomes a version there, which has it that it was promoted; the record
 * of the promotion is written last, and by it several become visible at once. Where they have the same content there already, that version is the one.
 *
 * The same again is the same promotion, and changes nothing; after a failure it goes on. Where what was promoted has been deleted since, it is a new one.
 * @throws ArtifactErrors before anything is written, with everything that forbids it: ARTIFACT_NOT_FOUND, ARTIFACT_ARCHIVED, ARTIFACT_DELETED, LABEL_TAKEN, REPOSITORY_NOT_FOUND,
 * ORIGIN_REFUSED, CONTENT_MISSING, CONTENTION, INVALID_ARGUMENT; and what the store throws
 */
export async function promote(domain: Domain, request: PromotionRequest): Promise<PromotionResult> {
  return withEvidence(request, async (evidence) => {
    const items = request.items.map(chosen);
    const { id, standing } = await findStanding(domain, request, items, evidence);
    if (standing !== undefined) return standing;
    await requirePromotable(domain, { repository: request.repository, items, evidence });
    const bucket = await bucketOf(domain, request.repository);
    const versions: PromotedVersion[] = [];
    const published = expandAhead(each(items), ITEMS_AHEAD, async function* (item) {
      yield await publishItem(domain, request, item, {
        ...{ id, items: items.length, evidence },
        ...(bucket !== undefined && { bucket }),
      });
    });
    for await (const version of published) versions.push(version);
    return record(domain, request, id, versions, evidence);
  });
}

/**
 * What `promote` would do; writes nothing.
 * @throws ArtifactErrors as `promote`
 */
export async function planPromotion(domain: Domain, request: PromotionRequest): Promise<PromotionPlan> {
  return withEvidence(request, async (evidence) => {
    const items = request.items.map(chosen);
    const { standing } = await findStanding(domain, request, items, evidence);
    if (standing !== undefined) return { standing, items };
    const existing = await requirePromotable(domain, { repository: request.repository, items, evidence });
    return {
      items: items.map((item, index) => {
        const number = existing[index]?.number;
        return { ...item, ...(number !== undefined && { number }) };
      }),
    };
  });
}

async function withEvidence<T>(
  { evidence = [] }: PromotionRequest,
  act: (evidence: OpenEvidence) => Promise<T>,
): Promise<T> {
  const opened = await openEvidence(evidence);
  try {
    return await act(opened);
  } finally {
    await opened.close();
  }
}

/** The same promotion, if all that came of it is there; else the ID under which it is made. */
async function findStanding(
  domain: Domain,
  request: PromotionRequest,
  items: readonly ChosenItem[],
  evidence: OpenEvidence,
): Promise<{ readonly id: string; readonly standing?: PromotionResult }> {
  const identity = identityOf(request, items, evidence);
  for (let attempt = 0; ; attempt++) {
    const id = promotionId(identity, attempt);
    const promotion = await readDecision(domain, request.repository, id);
    if (promotion === undefined) return { id };
    if (promotion === 'withdrawn') continue;
    const versions = await standingVersions(domain, promotion);
    if (versions !== undefined) return { id, standing: { outcome: 'exists', promotion, versions } };
  }
}

/** `undefined` where one of them is given up. */
async function standingVersions(domain: Domain, promotion: Promotion): Promise<readonly PromotedVersion[] | undefined> {
  const versions = await Promise.all(
    promotion.items.map(async (item) => {
      const { number, ...name } = targetOf(promotion, item);
      const version = await readVersion(domain, name, number);
      return version !== undefined && exists(version.status) ? [promoted(domain, item, version.manifest)] : [];
    }),
  );
  return versions.every(({ length }) => length > 0) ? versions.flat() : undefined;
}

/** Nothing came to be: it is there. */
function promoted(domain: Domain, item: PromotionItem, manifest: Manifest): PromotedVersion {
  const [first, ...rest] = contentAssets(manifest).map((asset) => {
    const { name, digest, filename, size, bucket } = asset;
    return {
      ...{
        name,
        filename,
        size,
        key: keyOf(asset),
        outcome: 'reused' as const,
        ...(bucket !== undefined && { bucket }),
      },
      arn: definiteArn(domain, manifest, digest),
    };
  });
  if (first === undefined) throw new TypeError('a version has content');
  return { item, manifest, assets: [first, ...rest] };
}

async function publishItem(
  domain: Domain,
  { repository }: PromotionRequest,
  item: ChosenItem,
  {
    id,
    items,
    evidence,
    bucket,
  }: { readonly id: string; readonly items: number; readonly evidence: OpenEvidence; readonly bucket?: string },
): Promise<PromotedVersion> {
  const { source, labels } = item;
  const [first, ...rest] = assetsToPublish(item);
  const [chosenFirst] = item.assets;
  if (first === undefined || chosenFirst === undefined) throw new TypeError('something is chosen');
  const target = { repository, id: item.id };
  const { manifest, assets } = await publishAssets(domain, target, {
    assets: [first, ...rest, ...evidence.assets],
    labels,
    ...(bucket !== undefined && { bucket }),
    ...(source.provenance !== undefined && { provenance: source.provenance }),
    ...(source.metadata !== undefined && { metadata: source.metadata }),
    ...(evidence.urls.length > 0 && { evidence: evidence.urls }),
    promotion: { id, items, from: formatArn(definiteArn(domain, source, chosenFirst.asset.digest)) },
  });
  const [firstAsset, ...others] = assets;
  return {
    item: itemOf(domain, item, manifest.number),
    manifest,
    // Without the evidence, which stands behind them.
    assets: [firstAsset, ...others.slice(0, item.assets.length - 1)],
  };
}

/** By this it has happened. Several who promote the same at once come to one record. */
async function record(
  domain: Domain,
  { repository, provenance: asked = {}, metadata }: PromotionRequest,
  id: string,
  versions: readonly PromotedVersion[],
  evidence: OpenEvidence,
): Promise<PromotionResult> {
  const { store, chance } = domain;
  const { by, ...origin } = typeof asked === 'function' ? await asked() : asked;
  const [first, ...rest] = versions.map(({ item }) => item);
  if (first === undefined) throw new TypeError('something is promoted');
  const promotion: Promotion = {
    ...{ format: FORMAT_VERSION, nonce: chance.nonce(), id, repository, at: chance.now().toISOString() },
    ...(by !== undefined && { by }),
    ...(Object.keys(origin).length > 0 && { provenance: origin }),
    items: [first, ...rest],
    evidence: evidence.told,
    ...(metadata !== undefined && { metadata }),
  };
  const outcome = await store.create(promotionKey(repository, id), recordContent(promotion));
  if (outcome === 'created') return { outcome: 'promoted', promotion, versions };
  const standing = await readDecision(domain, repository, id);
  if (standing === 'withdrawn') throw withdrawn(versions);
  // Our own earlier attempt, whose answer was lost.
  if (standing === undefined || standing.nonce === promotion.nonce) return { outcome: 'promoted', promotion, versions };
  const theirs = await standingVersions(domain, standing);
  return { outcome: 'exists', promotion: standing, versions: theirs ?? versions };
}

/** Somebody wanted one of them gone before all were there. */
function withdrawn(versions: readonly PromotedVersion[]): ArtifactError {
  const what = versions.map(({ manifest }) => `'${formatVersion(manifest)}'`).join(', ');
  return new ArtifactError('CONTENTION', `the promotion of ${what} was withdrawn meanwhile`, {
    remedy: 'Try again: nothing of it is to be seen, and new versions are made.',
  });
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
