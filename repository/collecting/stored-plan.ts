import { bytesOf, contentOf } from '../content.ts';
import type { Digest } from '../digest.ts';
import { isDigest, sha256 } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import { EVERY_PLAN, FORMAT_VERSION, planKey, planPartKey } from '../keys.ts';
import type { ObjectKey, ObjectStore } from '../object-store.ts';
import { leaveBody } from '../object-store.ts';
import { readRecord, recordContent } from '../record.ts';
import type { PlanItem } from './item.ts';
import type { Tally } from './tally.ts';

/** Settings by which versions were judged. */
export interface SeenRules {
  readonly repository: string;
  /** Of the settings: who writes them anew writes another. */
  readonly nonce: string;
}

/** What a plan was asked for, as far as it says what may be done. */
export interface PlanTerms {
  /** Content goes without quarantine. */
  readonly now: boolean;
  /** The only one that was looked at. */
  readonly repository?: string;
}

/** A piece of a plan, written once, by whoever came first to where it begins: the next goes on where it ends. */
export interface PlanPart extends PlanTerms {
  readonly format: number;
  /** Of the plan. */
  readonly id: string;
  /** Counts from 1. */
  readonly part: number;
  /** Positions. */
  readonly from: string;
  readonly to: string;
  readonly rules: readonly SeenRules[];
  readonly items: readonly PlanItem[];
  readonly tally: Tally;
}

/** A plan that is whole. Its digest stands for every byte of its parts, for its rules, and for whether it waives the quarantine. */
export interface Plan {
  readonly format: number;
  readonly id: string;
  readonly digest: Digest;
  /** When it was completed, ISO 8601. */
  readonly at: string;
  /** False of one that became too large: what is not in it, another plan has. */
  readonly isWhole: boolean;
  /** Content goes without quarantine. */
  readonly now: boolean;
  /** By repository, each once. */
  readonly rules: readonly SeenRules[];
  readonly tally: Tally;
  /** SHA-256 of each part, in their order. */
  readonly parts: readonly Digest[];
}

/** The digest of a plan that says this. */
export function digestOfPlan({ now, rules, parts }: Pick<Plan, 'now' | 'rules' | 'parts'>): Digest {
  const lines = [
    `now ${now}`,
    ...rules.map(({ repository, nonce }) => `rules ${repository} ${nonce}`),
    ...parts.map((part) => `part ${part}`),
  ];
  return sha256(lines.map((line) => `${line}\n`).join(''));
}

/** Bytes. Parts are far smaller, but for one whose only item is a version of tens of thousands of assets. */
const PART_LIMIT = 16 * 1024 * 1024;

/** @returns what stands there now: this part, or the one of whoever was faster */
export async function storePart({ store }: Pick<Domain, 'store'>, part: PlanPart): Promise<PlanPart> {
  const outcome = await store.create(planPartKey(part.id, part.part), contentOf(JSON.stringify(part)));
  if (outcome === 'created') return part;
  return (await readPart(store, part.id, part.part))?.value ?? part;
}

/** `undefined`: there is none. @throws ArtifactError DIGEST_MISMATCH where something else stands there than what is written there */
export async function readPart(
  store: ObjectStore,
  id: string,
  part: number,
): Promise<{ readonly value: PlanPart; readonly digest: Digest } | undefined> {
  const key = planPartKey(id, part);
  const bytes = await readBytes(store, key);
  if (bytes === undefined) return undefined;
  const value = parsed(bytes);
  if (value?.format === FORMAT_VERSION && value.id === id && value.part === part && isPart(value))
    return { value, digest: sha256(bytes) };
  throw damaged(key);
}

async function readBytes(store: ObjectStore, key: ObjectKey): Promise<Buffer | undefined> {
  const object = await store.read(key);
  if (object === undefined) return undefined;
  if (object.size <= PART_LIMIT) return bytesOf(object.body);
  await leaveBody(object);
  throw damaged(key);
}

function isPart({ from, to, now, rules, items, tally }: Partial<PlanPart>): boolean {
  const isPlaced = typeof from === 'string' && typeof to === 'string' && typeof now === 'boolean';
  return isPlaced && Array.isArray(rules) && Array.isArray(items) && typeof tally === 'object';
}

function parsed(bytes: Buffer): PlanPart | null | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as PlanPart | null;
  } catch {
    return undefined;
  }
}

function damaged(key: ObjectKey): ArtifactError {
  return new ArtifactError('DIGEST_MISMATCH', `'${key}' in the store is no part of a plan`, {
    remedy: 'It was damaged, or written by another version: make another plan.',
  });
}

export async function storePlan({ store }: Pick<Domain, 'store'>, plan: Plan): Promise<void> {
  // `exists` is another keeper's, of the same parts.
  await store.create(planKey(plan.digest), recordContent(plan));
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND; DIGEST_MISMATCH where it is not what it was, whatever became of it */
export async function requirePlan(store: ObjectStore, digest: Digest): Promise<Plan> {
  const plan = await readPlan(store, digest);
  if (plan === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `there is no plan '${digest}'`, {
      remedy: "Plans are kept for 30 days. 'cfn-artifacts gc plan' makes another.",
    });
  }
  if (digestOfPlan(plan) === digest) return plan;
  throw changed(digest);
}

async function readPlan(store: ObjectStore, digest: Digest): Promise<Plan | undefined> {
  try {
    const record = await readRecord(store, planKey(digest), (value) => (isPlan(value) ? value : undefined));
    return record?.value;
  } catch (error) {
    throw hasCode(error, 'UNSUPPORTED_FORMAT') ? changed(digest, error) : error;
  }
}

function isPlan(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Plan {
  const { format, id, at, isWhole, now, rules, tally, parts } = value;
  if (format !== FORMAT_VERSION || typeof id !== 'string' || typeof at !== 'string') return false;
  if (typeof isWhole !== 'boolean' || typeof now !== 'boolean' || typeof tally !== 'object') return false;
  if (!Array.isArray(rules) || !rules.every(isRulesSeen) || !Array.isArray(parts)) return false;
  return parts.every((part) => typeof part === 'string' && isDigest(part));
}

function isRulesSeen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { repository, nonce } = value as Readonly<Record<string, unknown>>;
  return typeof repository === 'string' && typeof nonce === 'string';
}

/** The items of one part, if they are what the plan's digest stands for. @throws ArtifactError ARTIFACT_NOT_FOUND, DIGEST_MISMATCH */
export async function requireItems(
  store: ObjectStore,
  { digest, id, parts }: Plan,
  part: number,
): Promise<readonly PlanItem[]> {
  const found = await readPart(store, id, part);
  if (found === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', `part ${part} of the plan '${digest}' is gone`, {
      remedy: "Plans are kept for 30 days. 'cfn-artifacts gc plan' makes another.",
    });
  }
  if (found.digest === parts[part - 1]) return found.value.items;
  throw changed(digest);
}

function changed(digest: Digest, cause?: unknown): ArtifactError {
  return new ArtifactError('DIGEST_MISMATCH', `the plan '${digest}' is not what it was when it was made`, {
    remedy: 'Nothing more of it is carried out. Make another plan.',
    cause,
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;
const KEPT_DAYS = 30;

/**
 * Removes plans that nobody runs any more. In a bucket a lifecycle rule does that, and whoever may remove nothing there leaves it to that.
 */
export async function dropOldPlans({ store, chance }: Pick<Domain, 'store' | 'chance'>): Promise<void> {
  const before = new Date(chance.now().getTime() - KEPT_DAYS * DAY_MS);
  try {
    for await (const { key, modified } of store.list(EVERY_PLAN)) {
      if (modified >= before) continue;
      const head = await store.head(key);
      if (head !== undefined && head.modified < before) await store.removeRevision(key, head.revision);
    }
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
  }
}

/** Plans whose digest begins so: none, one, or the first two of them. */
export async function findPlans(store: ObjectStore, start: string): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for await (const { key } of store.list(`${EVERY_PLAN}${start}`)) {
    const digest = key.slice(EVERY_PLAN.length);
    if (isDigest(digest)) found.push(digest);
    if (found.length > 1) break;
  }
  return found;
}
