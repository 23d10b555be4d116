import { sha256 } from '../digest.ts';
import { problemOfReach } from './reach.ts';
import { parseRecipient } from './recipient.ts';

/** Each with those before it. */
export const RIGHTS = ['read', 'publish', 'promote'] as const;
export type Right = (typeof RIGHTS)[number];

/** That others may use artifacts of a repository, as its record has it. */
export interface Share {
  /** Names it for people: 8 letters and digits. */
  readonly id: string;
  /** Of IDs: one, `path/**` or `**`. */
  readonly pattern: string;
  /** As `formatRecipient` writes it. */
  readonly with: string;
  readonly right: Right;
  /** ARN of the resource share by which AWS RAM tells who it is that has it; then `with` is one of its principals. */
  readonly ram?: string;
}

export interface RepositoryShare extends Share {
  readonly repository: string;
}

/** What a domain demands of everybody who reaches it. */
export interface Demands {
  /** ARN of the key that everything must be encrypted with. */
  readonly encryption?: string;
  /** IDs of the VPC endpoints by which alone it is reached. */
  readonly endpoints?: readonly string[];
}

export const SHARES_LIMIT = 500;
const SHARE_ID = /^[a-z0-9]{8}$/;
const KEY = /^arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;
const ENDPOINT = /^vpce-[0-9a-f]{8,17}$/;

export function isShareId(text: string): boolean {
  return SHARE_ID.test(text);
}

/**
 * Names what a pattern of a repository reaches, in tags and in the names of files that others publish into it: the same for all who share it, so that one more of them needs no new tag.
 */
export function scopeOf({ repository, pattern }: { readonly repository: string; readonly pattern: string }): string {
  return sha256(`${repository}/${pattern}`).slice(0, 8);
}

/** What a record has of shares; `undefined` where it is none of ours: whoever does not understand one must not act on the others. */
export function sharesIn(value: unknown): readonly Share[] | undefined {
  if (!Array.isArray(value) || value.length > SHARES_LIMIT) return undefined;
  const shares = (value as readonly unknown[]).map(shareIn);
  return shares.every((share) => share !== undefined) ? shares : undefined;
}

function shareIn(value: unknown): Share | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, pattern, with: recipient, right, ram } = value as Partial<Record<keyof Share, unknown>>;
  if (typeof id !== 'string' || !isShareId(id)) return undefined;
  if (typeof pattern !== 'string' || problemOfReach(pattern) !== undefined) return undefined;
  if (typeof recipient !== 'string' || parseRecipient(recipient) === undefined) return undefined;
  if (!isRight(right) || (ram !== undefined && typeof ram !== 'string')) return undefined;
  return { id, pattern, with: recipient, right, ...(ram !== undefined && { ram }) };
}

export function isRight(value: unknown): value is Right {
  return RIGHTS.some((right) => right === value);
}

/** Whether who has the one right may do what the other allows. */
export function includes(right: Right, other: Right): boolean {
  return RIGHTS.indexOf(right) >= RIGHTS.indexOf(other);
}

export function isKeyArn(text: string): boolean {
  return KEY.test(text);
}

export function isEndpointId(text: string): boolean {
  return ENDPOINT.test(text);
}

/** `undefined` where a record has something else there. */
export function demandsIn(value: unknown): Demands | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { encryption, endpoints, ...others } = value as Partial<Record<keyof Demands, unknown>>;
  if (Object.keys(others).length > 0) return undefined;
  if (encryption !== undefined && !(typeof encryption === 'string' && isKeyArn(encryption))) return undefined;
  if (endpoints !== undefined && !isListOfEndpoints(endpoints)) return undefined;
  return { ...(encryption !== undefined && { encryption }), ...(endpoints !== undefined && { endpoints }) };
}

function isListOfEndpoints(value: unknown): value is readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  return all.length > 0 && all.every((one) => typeof one === 'string' && isEndpointId(one));
}
