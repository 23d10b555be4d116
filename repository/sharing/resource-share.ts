import { sha256 } from '../digest.ts';
import { reachOf } from './reach.ts';
import type { Recipient } from './recipient.ts';
import { formatRecipient, parseRecipient } from './recipient.ts';
import type { RepositoryShare, Right, Share } from './share.ts';
import { isRight } from './share.ts';

/** A resource share of AWS RAM: whoever RAM has associated with it has a share of these artifacts. A repository's record notes it. */
export interface ResourceShare {
  readonly arn: string;
  readonly pattern: string;
  readonly right: Right;
}

export interface RepositoryResourceShare extends ResourceShare {
  readonly repository: string;
}

/** What AWS RAM says of a resource share that is there. */
export interface ToldResourceShare {
  readonly arn: string;
  readonly name: string;
  /** The value of `SEAL_TAG`. */
  readonly seal?: string;
  readonly principals: readonly ToldPrincipal[];
}

export interface ToldPrincipal {
  /** An account's number, or an ARN. */
  readonly principal: string;
  /** `waiting`: for the account to accept it, or for RAM; `failed`: RAM says why, or nobody has accepted it in time. */
  readonly state: 'associated' | 'waiting' | 'failed';
  readonly reason?: string;
}

/** Of a resource share: what it shares, so that neither whoever tags it nor whoever writes records of repositories alone can make it mean something else. */
export const SEAL_TAG = 'cfn-artifacts:seal';

/** The same in words, for who looks at it in RAM. Nobody reads it back. */
export const ARTIFACTS_TAG = 'cfn-artifacts:artifacts';

const ARN = /^arn:[a-z0-9-]+:ram:[a-z0-9-]+:\d{12}:resource-share\/[0-9a-f-]+$/;
const LIMIT = 500;

/** What a record has of them; `undefined` where it is none of ours. */
export function resourceSharesIn(value: unknown): readonly ResourceShare[] | undefined {
  if (!Array.isArray(value) || value.length > LIMIT) return undefined;
  const all = (value as readonly unknown[]).map(resourceShareIn);
  return all.every((one) => one !== undefined) ? all : undefined;
}

function resourceShareIn(value: unknown): ResourceShare | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { arn, pattern, right } = value as Partial<Record<keyof ResourceShare, unknown>>;
  if (typeof arn !== 'string' || !ARN.test(arn)) return undefined;
  if (typeof pattern !== 'string' || reachOf(pattern) === undefined || !isRight(right)) return undefined;
  return { arn, pattern, right };
}

/** @param bucket the domain's, so that one of another domain is none of this one's */
export function sealOf(bucket: string, { repository, pattern, right }: Omit<RepositoryResourceShare, 'arn'>): string {
  return sha256(JSON.stringify([bucket, repository, pattern, right]));
}

/** Of one principal. The same for all who follow it, so that two who do at once write the same. */
export function idOfPrincipal(arn: string, recipient: string): string {
  return sha256(`${arn} ${recipient}`).slice(0, 8);
}

/** As RAM wants whom something is shared with. `undefined`: an ID alone does not say of which organization's account it is. */
export function principalOf(given: string): string | undefined {
  const parsed = parseRecipient(given);
  return parsed?.kind === 'account' || given.startsWith('arn:') ? given : undefined;
}

/** A share of what a resource share shares, with one of its principals, and how that stands. */
export interface RamShare extends RepositoryShare {
  readonly ram: string;
  /** As RAM names it; absent of one that it no longer has. */
  readonly principal?: string;
  /**
   * `waiting`, `failed`: RAM has not associated it; no policy says it. `associated`: it has, and the records say so. `new`: the records do not say so yet. `gone`: the records still say what RAM
   * does not. `unknown`: the resource share is not sealed as what the record says, so that nobody follows it.
   */
  readonly state: 'associated' | 'waiting' | 'failed' | 'new' | 'gone' | 'unknown';
  readonly reason?: string;
}

/** All principals of a repository's resource shares, by RAM and by the records. Whatever else is one for RAM, a role or a service, can't have a share: it is left out. */
export function ramShares(
  place: { readonly bucket: string; readonly account: string },
  repository: string,
  noted: readonly ResourceShare[],
  shares: readonly Share[],
  told: readonly ToldResourceShare[],
): readonly RamShare[] {
  const known = shares.flatMap(({ ram, ...share }) => (ram === undefined ? [] : [{ ...share, repository, ram }]));
  const found = noted.flatMap(({ arn, pattern, right }) => {
    const there = told.find((one) => one.arn === arn);
    const ours = known.filter(({ ram }) => ram === arn);
    if (there !== undefined && there.seal !== sealOf(place.bucket, { repository, pattern, right }))
      return ours.map((share): RamShare => ({ ...share, state: 'unknown' }));
    return (there?.principals ?? []).flatMap(({ principal, state, reason }): readonly RamShare[] => {
      const recipient = recipientOf(principal, place);
      if (recipient === undefined) return [];
      const isNoted = ours.some((one) => one.with === recipient && one.pattern === pattern && one.right === right);
      return [
        {
          ...{ id: idOfPrincipal(arn, recipient), repository, pattern, with: recipient, right, ram: arn, principal },
          state: state !== 'associated' ? state : isNoted ? 'associated' : 'new',
          ...(reason !== undefined && { reason }),
        },
      ];
    });
  });
  const standing = found.filter(({ state }) => state !== 'waiting' && state !== 'failed');
  const gone = known.filter((share) => !standing.some((one) => one.id === share.id && one.right === share.right));
  return [...found, ...gone.map((share): RamShare => ({ ...share, state: 'gone' }))];
}

function recipientOf(principal: string, { account }: { readonly account: string }): string | undefined {
  const parsed: Recipient | undefined = parseRecipient(principal);
  if (parsed === undefined || (parsed.kind === 'account' && parsed.account === account)) return undefined;
  return formatRecipient(parsed);
}
