import type { Asset, BlobName, Domain, Provenance, Usage, Version } from '../../../repository/index.ts';
import {
  ArtifactError,
  contentAssets,
  formatArn,
  formatArtifactName,
  hasCode,
  keyOf,
  LOCAL_PLACE,
  placeOfKey,
} from '../../../repository/index.ts';
import type { PromotedFrom, PromotedTo, ShownBookmark } from '../../../repository/looking/needs.ts';
import type { PromotionEvidence, VersionName } from '../../../repository/promoting/record.ts';
import { formatVersion } from '../../../repository/promoting/record.ts';
import type { UrlOf } from '../../packaging/destination.ts';
import { formatSize } from '../../size.ts';
import type { ShowOptions } from '../syntax/looking.ts';
import { printable } from '../../printable.ts';
import { formatDate } from './report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from './warnings.ts';

/** What a page is made with. */
export interface ShowCall {
  readonly options: ShowOptions;
  readonly terminal: Terminal;
  readonly warnings: Warnings;
  readonly domain: Domain;
  readonly linkOf: UrlOf;
  /** Whether the domain is of another account, which shares some of it. */
  readonly isGuest?: boolean;
}

/** What stands beside a version and can't be read is no reason to tell nothing of it: that is warned about, and the answer is `undefined`. */
export async function lookBeside<T>(
  { warnings, isGuest = false }: Pick<ShowCall, 'warnings' | 'isGuest'>,
  what: string,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED', 'UNSUPPORTED_FORMAT')) throw error;
    const { message, remedy } = error;
    if (isGuest && hasCode(error, 'ACCESS_DENIED')) {
      warnings.add({ code: 'not-readable', message: `${what} is not told to other accounts` });
      return undefined;
    }
    warnings.add({
      code: 'not-readable',
      message: `${what} can't be told: ${message}`,
      ...(remedy !== undefined && { remedy }),
    });
    return undefined;
  }
}

/** A line of a page: a name, empty where it goes on with the one above, and what stands behind it. */
export type Field = readonly [string, string];

/** Several values under one name; none, and there is no line. */
export function fieldsOf(name: string, values: readonly string[]): readonly Field[] {
  return values.map((value, index) => [index === 0 ? name : '', printable(value)]);
}

/** Exact, and in the unit that people think in where that is another. */
export function sizeOf(bytes: number): string {
  const rounded = formatSize(bytes);
  return rounded === `${bytes} B` ? rounded : `${rounded} (${bytes} bytes)`;
}

/** The time to the minute; what is none, as it stands there. */
export function timeOf(text: string | undefined): string {
  if (text === undefined) return '?';
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : formatDate(time);
}

export function arnOfAsset(
  { partition, region, account }: Domain,
  { manifest }: Pick<Version, 'manifest'>,
  { digest }: Asset,
): string {
  const { repository, id, number } = manifest;
  return formatArn({ partition, region, account, repository, id, version: number, digest });
}

export function arnOfVersion({ partition, region, account }: Domain, { manifest }: Pick<Version, 'manifest'>): string {
  const { repository, id, number } = manifest;
  return formatArn({ partition, region, account, repository, id, version: number });
}

/** With the digest where the version has one asset: then the version and that are one. */
export function definiteArn(domain: Domain, version: Pick<Version, 'manifest'>): string {
  const [asset, another] = contentAssets(version.manifest);
  return asset === undefined || another !== undefined
    ? arnOfVersion(domain, version)
    : arnOfAsset(domain, version, asset);
}

/** Where content stands in the store: `uri` as S3 has it, where it is one. */
export function placesOf(
  { domain, linkOf }: Pick<ShowCall, 'domain' | 'linkOf'>,
  blob: BlobName,
): { readonly bucket: string; readonly key: string; readonly uri?: string; readonly url: string } {
  const { bucket, key } = placeOfKey(domain, keyOf(blob));
  const uri = domain.region === LOCAL_PLACE.region ? {} : { uri: `s3://${bucket}/${key}` };
  return { bucket, key, ...uri, url: linkOf(bucket, key) };
}

/** What is left of a version that was given up. */
export const CONTENT_LEFT = {
  there: "there still: 'cfn-artifacts undelete' takes the deletion back",
  gone: 'gone: publish the same bytes again',
} as const;

export type ContentLeft = keyof typeof CONTENT_LEFT;

/** Whether content is there. A listing tells as much as a look, and needs no right to the content. */
export async function contentLeft({ store }: Domain, assets: readonly BlobName[]): Promise<ContentLeft> {
  for (const asset of assets) {
    const key = keyOf(asset);
    let isThere = false;
    for await (const listed of store.list(key, { limit: 1 })) isThere = listed.key === key;
    if (!isThere) return 'gone';
  }
  return 'there';
}

/** `stack 'shop' (Api), since 2026-11-21 05:07Z, by ^prod`. */
export function describeUse({ consumer, since, resolvedFrom }: Usage, { account, region }: Domain): string {
  const bookmark =
    resolvedFrom === undefined ? '' : `, by ${resolvedFrom.slice(Math.max(0, resolvedFrom.indexOf('^')))}`;
  const who = ((): string => {
    if (consumer.kind === 'named') return `consumer '${consumer.name}'`;
    const { stack, logicalId, ...place } = consumer.resource;
    const elsewhere =
      place.account === account && place.region === region ? '' : ` in ${place.account}, ${place.region}`;
    return `stack '${stack}' (${logicalId})${elsewhere}`;
  })();
  return `${who}, since ${timeOf(since)}${bookmark}`;
}

/** As JSON. */
export function plainUsage({ arn, version, digest, key, since: at, resolvedFrom, consumer }: Usage): object {
  const use = { arn, version, digest, key, since: at, resolvedFrom };
  if (consumer.kind === 'named') {
    const { name, stackId, logicalId, promotedTo } = consumer;
    return { ...use, consumer: name, stackId, logicalId, promotedTo };
  }
  return { ...use, ...consumer.resource, stackId: consumer.stackId };
}

/** `commit 1b2c3d4 and changes, branch main, https://…`. */
export function describeCommit({ git }: Provenance): readonly string[] {
  if (typeof git?.commit !== 'string') return [];
  const { commit, isClean, branch, remote } = git;
  const parts = [`${commit}${isClean ? '' : ' and changes that were not committed'}`, branch, remote];
  return [parts.filter((part) => typeof part === 'string').join(', ')];
}

export function describeRun({ ci }: Provenance): readonly string[] {
  if (typeof ci?.system !== 'string') return [];
  return [[ci.system, ci.run, ci.url].filter((part) => typeof part === 'string').join('  ')];
}

/** `staging/shop/api:7, 2026-11-21 05:07Z, by arn:…; evidence report.json`. */
export function describePromotion(
  version: VersionName,
  promotion: { readonly at: string; readonly by?: string; readonly evidence: readonly PromotionEvidence[] } | undefined,
): string {
  const { at, by, evidence = [] } = promotion ?? {};
  const when = at === undefined ? '' : `, ${timeOf(at)}${by === undefined ? '' : `, by ${by}`}`;
  const proofs = evidence.map((one) => ('url' in one ? one.url : one.name)).join(', ');
  return `${formatVersion(version)}${when}${proofs === '' ? '' : `; evidence ${proofs}`}`;
}

/** `^prod → :3, since 2026-11-21 05:07Z by …`. */
export function describeBookmark({ bookmark, version, at, by, pending, wayBack }: ShownBookmark): string {
  const since = at === undefined ? '' : `  since ${timeOf(at)}${by === undefined ? '' : `, by ${by}`}`;
  const onItsWay = pending === undefined ? '' : `, on its way to :${pending}`;
  const back = wayBack === undefined ? '' : `, and keeps :${wayBack} for a rollback`;
  return `^${bookmark} → :${version}${since}${onItsWay}${back}`;
}

export function plainPromotedFrom(promoted: PromotedFrom | undefined): object | undefined {
  if (promoted === undefined) return undefined;
  const { arn, from, promotion } = promoted;
  return { arn, name: formatVersion(from), promotion: promotion && plainPromotion(promotion) };
}

export function plainPromotedTo({ to, promotion, item }: PromotedTo): object {
  const { repository, id, number } = to;
  return {
    repository,
    id,
    version: number,
    labels: item.to.labels,
    name: formatVersion(to),
    promotion: plainPromotion(promotion),
  };
}

function plainPromotion({ id, at, by, evidence, provenance, metadata }: PromotedTo['promotion']): object {
  return { id, at, by, evidence, provenance, metadata };
}

export function nameOf({ manifest }: Version): string {
  return `${formatArtifactName(manifest)}:${manifest.number}`;
}
