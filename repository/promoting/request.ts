import { formatArn } from '../arn.ts';
import { missing } from '../blob.ts';
import type { Digest } from '../digest.ts';
import { sha256 } from '../digest.ts';
import type { Domain } from '../domain.ts';
import type { Provenance } from '../manifest.ts';
import type { AssetToPublish } from '../part.ts';
import type { OpenContent, Publishable } from '../publishable.ts';
import type { Asset, Manifest } from '../version.ts';
import { assetName, contentAssets } from '../version.ts';
import type { PromotionEvidence, PromotionItem } from './record.ts';
import { definiteArn, formatVersion } from './record.ts';

/** One version, or chosen assets of it, that is to be promoted. */
export interface ItemToPromote {
  /** Of the version, as it was read. */
  readonly manifest: Manifest;
  /** Absent: all that it consists of, as it is called. */
  readonly assets?: readonly { readonly name: string; readonly as?: string }[];
  /** What the artifact is called in the other repository. */
  readonly id: string;
  /** Absent: those that it has. */
  readonly labels?: readonly string[];
}

export interface PromotionRequest {
  /** To which. */
  readonly repository: string;
  readonly items: readonly [ItemToPromote, ...ItemToPromote[]];
  readonly evidence?: readonly (Publishable | { readonly url: string })[];
  /** Of the promotion, not of what is promoted: that has its own. A function is asked where there is something to record. */
  readonly provenance?: Provenance | (() => Promise<Provenance>);
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A chosen asset, and what it becomes. */
export interface ChosenAsset {
  readonly asset: Asset;
  readonly as: string;
  readonly filename: string;
}

/** As it is promoted: everything that is left open by a request is decided. */
export interface ChosenItem {
  readonly source: Manifest;
  readonly assets: readonly ChosenAsset[];
  /** Names that were chosen, and that the version has no asset of. */
  readonly unknown: readonly string[];
  readonly id: string;
  readonly labels: readonly string[];
}

export function chosen({ manifest, assets, id, labels = labelsOf(manifest) }: ItemToPromote): ChosenItem {
  const content = contentAssets(manifest);
  const wanted = assets ?? content.map(({ name }) => ({ name }));
  const found = wanted.map(({ name, as = name }: { readonly name: string; readonly as?: string }) => ({
    asset: content.find((one) => one.name === name),
    as,
    name,
  }));
  return {
    source: manifest,
    assets: found.flatMap(({ asset, as }) => (asset === undefined ? [] : [renamed(asset, as)])),
    unknown: found.flatMap(({ asset, name }) => (asset === undefined ? [name] : [])),
    id,
    labels: [...new Set(labels)],
  };
}

/** A file that was called as its asset is renamed with it: a wheel’s name, say, means something. Else the asset alone is. */
function renamed(asset: Asset, as: string): ChosenAsset {
  const { name, filename } = asset;
  return { asset, as, filename: as !== name && assetName(filename) === name ? as : filename };
}

/** What was a candidate is what it was a candidate for, once it is promoted. */
function labelsOf({ labels = [], set }: Manifest): readonly string[] {
  if (set === undefined) return labels;
  return [set.label, ...labels.filter((label) => label !== `${set.label}+${set.name}`)];
}

/** As publishing wants them: no byte is needed of what the domain has. */
export function assetsToPublish({ assets }: ChosenItem): readonly AssetToPublish[] {
  return assets.map(({ asset: { digest, size, filename: before, bucket }, as, filename }) => ({
    name: as,
    publishable: {
      filename,
      blob: { digest, filename, size, ...(bucket !== undefined && { bucket }) },
      // Asked for only where the content is there under no name at all.
      open: () => Promise.reject(missing({ digest, filename: before })),
    },
  }));
}

export function itemOf(domain: Domain, { source, assets, id, labels }: ChosenItem, number: number): PromotionItem {
  const [first, ...rest] = assets.map(({ asset, as }) => ({
    from: formatArn(definiteArn(domain, source, asset.digest)),
    asset: { name: asset.name, as, digest: asset.digest },
  }));
  if (first === undefined) throw new TypeError('something is chosen');
  return {
    from: [first.from, ...rest.map(({ from }) => from)],
    assets: [first.asset, ...rest.map(({ asset }) => asset)],
    to: { id, number, labels },
  };
}

/** Evidence that was opened: what it is goes into the name of the promotion, and every promoted version has its files. */
export interface OpenEvidence {
  readonly told: readonly PromotionEvidence[];
  readonly assets: readonly AssetToPublish[];
  readonly urls: readonly string[];
  readonly close: () => Promise<void>;
}

/** @throws what opening a file throws; then nothing is open */
export async function openEvidence(evidence: NonNullable<PromotionRequest['evidence']>): Promise<OpenEvidence> {
  const urls = evidence.flatMap((one) => ('url' in one ? [one.url] : []));
  const files = evidence.flatMap((one) => ('url' in one ? [] : [one]));
  const opened = await Promise.allSettled(files.map(async (file) => ({ file, content: await file.open() })));
  const open = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(open.map(({ content }) => content.close()));
  };
  const failure = opened.find((one) => one.status === 'rejected');
  if (failure !== undefined) {
    await close();
    throw failure.reason;
  }
  return {
    told: [
      ...open.map(({ file, content: { sha256: digest, size } }) => ({ name: assetName(file.filename), digest, size })),
      ...urls.map((url) => ({ url })),
    ],
    assets: open.map(({ file, content }) => ({
      role: 'evidence',
      publishable: { filename: file.filename, open: () => Promise.resolve(lent(content)) },
    })),
    urls,
    close,
  };
}

/** Several versions take it, and it is closed when all have. */
function lent(content: OpenContent): OpenContent {
  const { size, sha256: digest } = content;
  return { size, sha256: digest, read: (from, to) => content.read(from, to), close: () => Promise.resolve() };
}

/** What makes a promotion the same as another: everything that somebody asked for, in whatever order; not who did, or when. */
export function identityOf(
  { repository, metadata = {} }: PromotionRequest,
  items: readonly ChosenItem[],
  { told }: OpenEvidence,
): string {
  return JSON.stringify([
    repository,
    items
      .map(({ source, assets, id, labels }) =>
        JSON.stringify([
          ...[formatVersion(source), source.nonce, id, labels.toSorted()],
          assets.map(({ asset, as, filename }) => JSON.stringify([asset.name, as, filename, asset.digest])).toSorted(),
        ]),
      )
      .toSorted(),
    told.map((one) => ('url' in one ? one.url : `${one.name} ${one.digest}`)).toSorted(),
    Object.entries(metadata).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ]);
}

/** @param attempt which time it is that the same is promoted: what was promoted before may have been deleted since */
export function promotionId(identity: string, attempt: number): string {
  return sha256(`${identity}\n${attempt}`).slice(0, 32);
}

/** What every version that is promoted with it must have beside its content. */
export function evidenceDigests({ told }: OpenEvidence): readonly Digest[] {
  return told.flatMap((one) => ('url' in one ? [] : [one.digest]));
}
