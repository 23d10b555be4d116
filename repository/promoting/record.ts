import type { ArtifactArn, DefiniteArn } from '../arn.ts';
import { parseArn, samePlace } from '../arn.ts';
import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { FORMAT_VERSION, promotionKey } from '../keys.ts';
import type { Provenance } from '../manifest.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName, isId, isSegment } from '../name.ts';
import { readRecord } from '../record.ts';

/** An asset that was promoted, and what it is called where it was promoted to. */
export interface PromotedAsset {
  readonly name: string;
  readonly as: string;
  readonly digest: Digest;
}

/** One version, or chosen assets of it, that became a version of another repository. */
export interface PromotionItem {
  /** Definite ARNs, one for each of `assets` and in their order: all of one version. */
  readonly from: readonly [string, ...string[]];
  readonly assets: readonly [PromotedAsset, ...PromotedAsset[]];
  readonly to: { readonly id: string; readonly number: number; readonly labels: readonly string[] };
}

/** What proves that it may be promoted: where it stands, or a file that every promoted version has for an asset. */
export type PromotionEvidence =
  | { readonly url: string }
  | {
      readonly name: string;
      readonly digest: Digest;
      /** Bytes. */
      readonly size: number;
    };

/** What `promotions/…` holds, unless it was withdrawn: written once, never changed. By it several versions come to be at once. */
export interface Promotion {
  readonly format: number;
  /** Names the writing: of several who promote the same at once, each recognises its own. */
  readonly nonce: string;
  readonly id: string;
  /** To which it was promoted. */
  readonly repository: string;
  /** ISO 8601, by the clock of who promoted. */
  readonly at: string;
  /** Who promoted: an ARN of IAM's, or a user of a machine; as far as known. */
  readonly by?: string;
  /** From where it was promoted: a CI run, say. */
  readonly provenance?: Omit<Provenance, 'by'>;
  readonly items: readonly [PromotionItem, ...PromotionItem[]];
  readonly evidence: readonly PromotionEvidence[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Any version, by its number. */
export type VersionName = ArtifactName & { readonly number: number };

/**
 * `undefined` where nothing was promoted under that ID, or nothing ever will be.
 * @throws ArtifactError UNSUPPORTED_FORMAT
 */
export async function readPromotion(
  domain: Pick<Domain, 'store'>,
  repository: string,
  id: string,
): Promise<Promotion | undefined> {
  const decision = await readDecision(domain, repository, id);
  return decision === 'withdrawn' ? undefined : decision;
}

/**
 * What was decided of a promotion: that it was made, or that it never will be. `undefined` while it is open.
 * @throws ArtifactError UNSUPPORTED_FORMAT
 */
export async function readDecision(
  { store }: Pick<Domain, 'store'>,
  repository: string,
  id: string,
): Promise<Promotion | 'withdrawn' | undefined> {
  const record = await readRecord(store, promotionKey(repository, id), (value) => {
    const { format, nonce, at, by, provenance, items, evidence, metadata } = value;
    if (typeof format !== 'number' || format > FORMAT_VERSION || typeof nonce !== 'string' || !isTime(at))
      return undefined;
    if (value['id'] !== id || value['repository'] !== repository) return undefined;
    if (value['withdrawn'] === true) return 'withdrawn';
    if (!isListOf(items, isItem) || !isListOf(evidence, isEvidence)) return undefined;
    const [first, ...rest] = items;
    if (first === undefined) return undefined;
    return {
      ...{ format, nonce, id, repository, at, items: [first, ...rest] as const, evidence },
      ...(typeof by === 'string' && { by }),
      ...(isObject(provenance) && { provenance }),
      ...(isTexts(metadata) && { metadata }),
    };
  });
  return record?.value;
}

/** The version that was promoted. */
export function sourceOf({ from: [first] }: Pick<PromotionItem, 'from'>): VersionName {
  const { repository, id, version } = parseArn(first);
  if (version === undefined) throw new TypeError(`'${first}' is not definite`);
  return { repository, id, number: version };
}

/** The version that it became. */
export function targetOf({ repository }: Pick<Promotion, 'repository'>, { to }: PromotionItem): VersionName {
  return { repository, id: to.id, number: to.number };
}

/** `repository/id:number`, which names it among all of a domain. */
export function formatVersion({ number, ...name }: VersionName): string {
  return `${formatArtifactName(name)}:${number}`;
}

/** The version's own ARN, with one of its digests. */
export function definiteArn(domain: Domain, version: VersionName, digest: Digest): DefiniteArn {
  const { partition, account, region } = domain;
  const { repository, id, number } = version;
  return { partition, account, region, repository, id, version: number, digest };
}

function isItem(value: unknown): value is PromotionItem {
  if (!isObject(value) || !isObject(value['to'])) return false;
  const { from, assets, to } = value;
  const { id, number, labels } = to;
  if (typeof id !== 'string' || !isId(id) || !isVersion(number) || !isListOf(labels, isName)) return false;
  if (!isListOf(from, isText) || !isListOf(assets, isAsset) || from.length !== assets.length) return false;
  const arns = from.map(readArn);
  const [first] = arns;
  return arns.every((arn, index) => isOf(arn, first) && arn?.digest === assets[index]?.digest) && first !== undefined;
}

function isOf(arn: ArtifactArn | undefined, other: ArtifactArn | undefined): boolean {
  if (arn?.version === undefined || other === undefined) return false;
  return (
    samePlace(arn, other) && arn.repository === other.repository && arn.id === other.id && arn.version === other.version
  );
}

function readArn(text: string): ArtifactArn | undefined {
  try {
    return parseArn(text);
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}

function isAsset(value: unknown): value is PromotedAsset {
  return isObject(value) && isName(value['name']) && isName(value['as']) && isHex(value['digest']);
}

function isEvidence(value: unknown): value is PromotionEvidence {
  if (!isObject(value)) return false;
  const { url, name, digest, size } = value;
  return url === undefined ? isName(name) && isHex(digest) && typeof size === 'number' : typeof url === 'string';
}

function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isOne);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isSegment(value);
}

function isHex(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
