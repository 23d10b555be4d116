import type { Asset, Domain, Version } from '../../../repository/index.ts';
import { contentAssets, digestToBase64, formatArtifactName, newestNumber } from '../../../repository/index.ts';
import { Labels } from '../../../repository/looking/labels.ts';
import type { Needs, PromotedFrom, ShownBookmark } from '../../../repository/looking/needs.ts';
import {
  bookmarksOf,
  holdersElsewhere,
  needsOf,
  needsVersion,
  promotedFrom,
} from '../../../repository/looking/needs.ts';
import type { VersionName } from '../../../repository/promoting/record.ts';
import { formatVersion } from '../../../repository/promoting/record.ts';
import { isGone } from '../../../repository/status.ts';
import { formatFields, writeJson } from './report.ts';
import type { ContentLeft, Field, ShowCall } from './showing.ts';
import {
  arnOfAsset,
  arnOfVersion,
  CONTENT_LEFT,
  contentLeft,
  lookBeside,
  describeCommit,
  describePromotion,
  describeRun,
  describeUse,
  fieldsOf,
  nameOf,
  placesOf,
  plainPromotedFrom,
  plainPromotedTo,
  plainUsage,
  sizeOf,
  timeOf,
} from './showing.ts';

/** So many of those who use it are read; the page names the first of them. */
const USES = 1000;
const USES_SHOWN = 20;
/** So many other versions with the same content are named. */
const HOLDERS = 10;

export interface Chosen {
  /** By which the version was chosen. */
  readonly bookmark?: string | undefined;
  /** The one that was named. */
  readonly asset?: Pick<Asset, 'digest' | 'filename'>;
}

/** Other versions with the same content. */
interface Elsewhere {
  readonly versions: readonly VersionName[];
  readonly isMore: boolean;
}

/** Everything that is known of a version. */
interface Known {
  readonly version: Version;
  /** The one asset, or the one that was named. */
  readonly asset?: Asset;
  readonly resolvedFrom?: string;
  /** Absent, as those below, where it can't be read. */
  readonly labels?: readonly string[] | undefined;
  readonly bookmarks?: readonly ShownBookmark[] | undefined;
  readonly needs?: Needs | undefined;
  readonly from?: PromotedFrom;
  readonly elsewhere?: Elsewhere | undefined;
  readonly content?: ContentLeft;
  readonly versions: number;
}

export async function showVersion(call: ShowCall, version: Version, chosen: Chosen): Promise<void> {
  const known = await lookAt(call, version, chosen);
  if (call.options.json) writeJson(call.terminal, { ...plain(call, known), warnings: call.warnings.all() });
  else call.terminal.stdout.write(`${nameOf(version)}\n\n${formatFields(page(call, known))}`);
  call.warnings.tell();
}

async function lookAt(call: ShowCall, version: Version, { bookmark, asset }: Chosen): Promise<Known> {
  const { domain } = call;
  const { manifest, status } = version;
  const { repository, id, number } = manifest;
  const name = { repository, id };
  const [labels, bookmarks, needs, from, versions, content, elsewhere] = await Promise.all([
    lookBeside(call, 'its labels', () => new Labels(domain, name).of(manifest)),
    lookBeside(call, 'its bookmarks', () => bookmarksOf(domain, name)),
    lookBeside(call, 'who uses it', () => needsOf(domain, manifest, USES)),
    lookBeside(call, 'what it was promoted from', () => promotedFrom(domain, manifest)),
    newestNumber(domain, name),
    isGone(status) ? contentLeft(domain, contentAssets(manifest)) : undefined,
    lookBeside(call, 'what else holds its content', () => elsewhereOf(domain, version)),
  ]);
  const one = chosenAsset(version, asset);
  return {
    ...{ version, labels, needs, versions, elsewhere },
    bookmarks: bookmarks?.filter((each) => needsVersion(each, number)),
    ...(one !== undefined && { asset: one }),
    ...(bookmark !== undefined && { resolvedFrom: `${formatArtifactName(name)}^${bookmark}` }),
    ...(from !== undefined && { from }),
    ...(content !== undefined && { content }),
  };
}

function chosenAsset({ manifest }: Version, chosen: Chosen['asset']): Asset | undefined {
  if (chosen !== undefined)
    return manifest.assets.find(({ digest, filename }) => digest === chosen.digest && filename === chosen.filename);
  const [asset, another] = contentAssets(manifest);
  return another === undefined ? asset : undefined;
}

async function elsewhereOf(domain: Domain, { manifest }: Version): Promise<Elsewhere> {
  const found = new Map<string, VersionName>();
  let isMore = false;
  for (const { digest } of contentAssets(manifest)) {
    const holders = await holdersElsewhere(domain, digest, manifest, HOLDERS);
    isMore ||= holders.isMore;
    for (const holder of holders.versions) found.set(formatVersion(holder), holder);
  }
  const versions = [...found.values()];
  return { versions: versions.slice(0, HOLDERS), isMore: isMore || versions.length > HOLDERS };
}

function page(call: ShowCall, known: Known): readonly Field[] {
  const { version, asset, resolvedFrom, labels = [], bookmarks = [], content } = known;
  const { manifest, status } = version;
  const { provenance = {}, metadata = {}, evidence = [] } = manifest;
  const isHere = content !== 'gone';
  const arn = asset === undefined ? arnOfVersion(call.domain, version) : arnOfAsset(call.domain, version, asset);
  return [
    ['Arn', arn],
    ...fieldsOf('Resolved from', resolvedFrom === undefined ? [] : [resolvedFrom]),
    ['Status', status],
    ...(content === undefined ? [] : [['Content', contentText(version, content)] satisfies Field]),
    ...fieldsOf('Labels', labels.length === 0 ? [] : [labels.join(', ')]),
    ...fieldsOf(
      'Bookmarks',
      bookmarks.length === 0 ? [] : [bookmarks.map((one) => bookmarkText(one, manifest.number)).join(', ')],
    ),
    ...fieldsOf('Set', manifest.set === undefined ? [] : [`${manifest.set.name} of ${manifest.set.label}`]),
    ...fieldsOf('Published', [
      `${timeOf(manifest.published)}${typeof provenance.by === 'string' ? ` by ${provenance.by}` : ''}`,
    ]),
    ...fieldsOf('Commit', describeCommit(provenance)),
    ...fieldsOf('Run', describeRun(provenance)),
    ...fieldsOf('Source', typeof provenance.source === 'string' ? [provenance.source] : []),
    ...fieldsOf('Made by', typeof provenance.tool === 'string' ? [provenance.tool] : []),
    ...fieldsOf(
      'Metadata',
      Object.entries(metadata).map(([key, value]) => `${key}=${value}`),
    ),
    ...fieldsOf('Evidence', evidence),
    ...promotionFields(known),
    ...(asset === undefined ? [] : assetFields(call, asset, isHere)),
    ...(asset === undefined || manifest.assets.length > 1 ? otherAssets(call, known, isHere) : []),
    ...useFields(call, known),
    ...elsewhereFields(known),
  ];
}

/** One that points elsewhere, and needs this version nevertheless, tells where. */
function bookmarkText({ bookmark, version }: ShownBookmark, number: number): string {
  return `^${bookmark}${version === number ? '' : `:${version}`}`;
}

function contentText({ status }: Version, content: ContentLeft): string {
  return status === 'Disposed' && content === 'there'
    ? 'there still, because something else holds it'
    : CONTENT_LEFT[content];
}

function promotionFields({ from, needs }: Known): readonly Field[] {
  return [
    ...fieldsOf('Promoted from', from === undefined ? [] : [describePromotion(from.from, from.promotion)]),
    ...fieldsOf(
      'Promoted to',
      (needs?.promotedTo ?? []).map(({ to, promotion }) => describePromotion(to, promotion)),
    ),
  ];
}

function assetFields(call: ShowCall, asset: Asset, isHere: boolean): readonly Field[] {
  return [
    ...fieldsOf('File', [asset.filename]),
    ['Size', sizeOf(asset.size)],
    ['SHA-256', asset.digest],
    ['CodeSha256', digestToBase64(asset.digest)],
    ...(isHere ? placeFields(call, asset) : []),
  ];
}

function placeFields(call: ShowCall, asset: Asset): readonly Field[] {
  const { key, uri, url } = placesOf(call, asset);
  return [['Key', key], ...fieldsOf('Uri', uri === undefined ? [] : [uri]), ['Url', url]];
}

/** Each as a paragraph of its own, under the name by which it can be asked for. */
function otherAssets(call: ShowCall, { version, asset }: Known, isHere: boolean): readonly Field[] {
  return version.manifest.assets
    .filter((one) => one !== asset)
    .flatMap((one): readonly Field[] => [
      ['', ''],
      [one.role === 'evidence' ? 'Evidence' : 'Asset', `${nameOf(version)}#${one.name}`],
      ...assetFields(call, one, isHere),
    ]);
}

function useFields({ domain }: ShowCall, { version, bookmarks = [], needs }: Known): readonly Field[] {
  if (needs === undefined)
    return [
      ['', ''],
      ['Used by', 'unknown'],
    ];
  const { uses, isMore } = needs;
  const shown = uses.slice(0, USES_SHOWN).map((use) => describeUse(use, domain));
  const left = uses.length - shown.length;
  const more =
    left === 0 ? [] : [`and ${isMore ? 'more than ' : ''}${left} more: 'cfn-artifacts references ${nameOf(version)}'`];
  const nobody = bookmarks.length + needs.promotedTo.length === 0 ? 'nobody' : 'no stack and no consumer';
  return [['', ''], ...fieldsOf('Used by', uses.length === 0 ? [nobody] : [...shown, ...more])];
}

function elsewhereFields({
  elsewhere: { versions, isMore } = { versions: [], isMore: false },
}: Known): readonly Field[] {
  return fieldsOf('Content also in', [...versions.map(formatVersion), ...(isMore ? ['and others'] : [])]);
}

function plain(call: ShowCall, known: Known): object {
  const { version, asset, resolvedFrom, labels, bookmarks, needs, from, elsewhere, content, versions } = known;
  const { manifest, status, modified } = version;
  const { repository, id, number, set, published, provenance, metadata, source, evidence } = manifest;
  const { domain } = call;
  const places = asset && placesOf(call, asset);
  return {
    arn: asset === undefined ? arnOfVersion(domain, version) : arnOfAsset(domain, version, asset),
    ...{ repository, id, version: number, status },
    ...(asset !== undefined && { digest: asset.digest, size: asset.size, filename: asset.filename }),
    ...{
      resolvedFrom,
      bucket: places?.bucket ?? domain.bucket,
      key: places?.key,
      url: places?.url,
      manifest,
      versions,
      content,
    },
    ...{ labels, bookmarks, set, published, modified: modified.toISOString(), provenance, metadata, source, evidence },
    assets: manifest.assets.map((one) => plainAsset(call, version, one)),
    promotedFrom: plainPromotedFrom(from),
    promotedTo: needs?.promotedTo.map(plainPromotedTo),
    ...{ uses: needs?.uses.map(plainUsage), moreUses: needs?.isMore },
    ...{ elsewhere: elsewhere?.versions.map(formatVersion), moreElsewhere: elsewhere?.isMore },
  };
}

function plainAsset(call: ShowCall, version: Version, asset: Asset): object {
  const { name, role, filename, size, digest } = asset;
  const arn = arnOfAsset(call.domain, version, asset);
  return { name, role, arn, filename, size, digest, codeSha256: digestToBase64(digest), ...placesOf(call, asset) };
}
