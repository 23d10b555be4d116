import type { S3ErrorCode } from './s3-server-error.ts';

/** What can go wrong between a client and S3. The request was not served unless it says so. */
export type Fault =
  | { readonly effect: 'error'; readonly code: S3ErrorCode; readonly message?: string }
  /** Of CompleteMultipartUpload and CopyObject: status 200, and an error in the body. */
  | { readonly effect: 'error-in-200'; readonly code: S3ErrorCode }
  /** Served; the client is told an error. */
  | { readonly effect: 'error-after'; readonly code: S3ErrorCode }
  | { readonly effect: 'reset-before' }
  /** Served; the answer is lost. */
  | { readonly effect: 'reset-after' }
  /** Served, and the same request is served once more when `requests` further ones have come, or at `deliverLate()`. */
  | { readonly effect: 'twice'; readonly requests?: number }
  /** Served; the answer's body ends after so many bytes. */
  | { readonly effect: 'cut'; readonly bytes: number }
  /** Served; one bit of the answer's body is wrong. */
  | { readonly effect: 'flip'; readonly at?: number }
  /** Served after so many milliseconds. */
  | { readonly effect: 'delay'; readonly milliseconds: number }
  /** Served when that has come. */
  | { readonly effect: 'hold'; readonly until: () => Promise<unknown> };

export const CONFLICT: Fault = { effect: 'error', code: 'ConditionalRequestConflict' };
export const SLOW_DOWN: Fault = { effect: 'error', code: 'SlowDown' };
export const INTERNAL_ERROR: Fault = { effect: 'error', code: 'InternalError' };
export const RESET_BEFORE: Fault = { effect: 'reset-before' };
export const RESET_AFTER: Fault = { effect: 'reset-after' };

export interface FaultTarget {
  readonly operation: string;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly account: string | undefined;
  /** Where the object is to be read from, in the query or the body: part numbers, upload IDs. */
  readonly query: URLSearchParams;
}

export interface FaultRule {
  readonly fault: Fault;
  readonly operation?: string | readonly string[];
  readonly bucket?: string;
  readonly key?: string | RegExp;
  readonly account?: string;
  readonly when?: (target: FaultTarget) => boolean;
  /** How many of the matching requests to let pass first; default 0. */
  readonly skip?: number;
  /** How many to hit; default 1. */
  readonly times?: number;
  /** Of hitting each matching request, drawn from the server's seed; default 1. */
  readonly probability?: number;
}

/** Rules in the order in which they were added; the first that matches hits. */
export class Faults {
  readonly #random: () => number;
  #rules: { readonly rule: FaultRule; seen: number; hits: number }[] = [];

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  /** @returns how often the rule has hit so far */
  add(rule: FaultRule): { readonly hits: () => number } {
    const entry = { rule, seen: 0, hits: 0 };
    this.#rules.push(entry);
    return { hits: () => entry.hits };
  }

  clear(): void {
    this.#rules = [];
  }

  next(target: FaultTarget): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!matches(rule, target) || entry.hits >= (rule.times ?? 1)) continue;
      entry.seen += 1;
      if (entry.seen <= (rule.skip ?? 0)) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      entry.hits += 1;
      return rule.fault;
    }
    return undefined;
  }
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
  const { operation, bucket, key, account, when } = rule;
  return (
    (operation === undefined || [operation].flat().includes(target.operation)) &&
    (bucket === undefined || bucket === target.bucket) &&
    (key === undefined || (typeof key === 'string' ? key === target.key : key.test(target.key ?? ''))) &&
    (account === undefined || account === target.account) &&
    (when === undefined || when(target))
  );
}

/** A small generator that gives the same numbers for the same seed on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
