import { expandAhead } from '../ahead.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { FORMAT_VERSION } from '../keys.ts';
import { requireTraces } from '../repositories.ts';
import type { Gathered } from './gathering.ts';
import { Gathering } from './gathering.ts';
import type { PlanItem } from './item.ts';
import { BEGINNING, formatPosition, isEnd, parsePosition } from './position.ts';
import { quarantineOf } from './quarantine.ts';
import type { Plan, PlanPart, PlanTerms } from './stored-plan.ts';
import { digestOfPlan, dropOldPlans, readPart, storePart, storePlan } from './stored-plan.ts';
import { addTallies, NOTHING } from './tally.ts';
import { walk } from './walk.ts';

/** What a plan is asked for. */
export interface PlanRequest {
  /** New for every plan; who goes on with one names it again. */
  readonly id: string;
  /** Content goes without quarantine. */
  readonly now: boolean;
  /** The versions of this repository alone, and no content that nothing holds: that is of no repository. */
  readonly repository?: string;
  /** Whether to tell of the versions that stay, and why. */
  readonly verbose: boolean;
  /** The `after` of the last piece. */
  readonly after?: string;
}

/** A part of a plan that is stored; the last piece has the plan itself. */
export interface PlanPiece {
  readonly after: string;
  readonly items: readonly PlanItem[];
  readonly looked: number;
  readonly plan?: Plan;
}

/** Parts of a plan: four million items. */
const PARTS_LIMIT = 4000;
/** Whoever counts them reads so many at once. */
const PARTS_AHEAD = 8;

/**
 * Finds out what would go, and stores that, part by part: `gc run` does what is stored, and nothing else. Several may work on one plan at the same time,
 * or one after the other where one died: what is stored first counts, and all go on behind it.
 * @param isTimeUp asked after every step; then the part ends with what it has
 * @throws ArtifactError INVALID_ARGUMENT; REPOSITORY_NOT_FOUND where the one that is asked about never was; what the store throws where it can't be listed or written. What was stored is gone on with
 */
export async function* makePlan(
  domain: Domain,
  request: PlanRequest,
  isTimeUp: () => boolean,
): AsyncGenerator<PlanPiece> {
  const { id } = request;
  let { part, position } = parseAfter(request.after);
  if (part === 1) await dropOldPlans(domain);
  const how = { ...request, quarantine: await quarantineOf(domain, request) };
  const { now, repository } = request;
  const terms: PlanTerms = { now, ...(repository !== undefined && { repository }) };
  // What another has stored already, or an earlier attempt: it is read, and not looked for again.
  let known = true;
  for (; !isEnd(position) && part <= PARTS_LIMIT; part++) {
    let stored: PlanPart | undefined = known ? (await readPart(domain.store, id, part))?.value : undefined;
    known = stored !== undefined;
    if (stored === undefined) {
      if (part === 1 && repository !== undefined) await requireTraces(domain, repository);
      const gathering = new Gathering(position, isTimeUp);
      await walk(domain, how, gathering);
      const { to, ...gathered }: Gathered = gathering.end();
      const places = { from: formatPosition(position), to: formatPosition(to) };
      stored = await storePart(domain, { format: FORMAT_VERSION, id, part, ...terms, ...places, ...gathered });
    }
    requireTerms(stored, terms);
    position = parsePosition(stored.to);
    yield { after: `${part + 1} ${stored.to}`, items: stored.items, looked: stored.tally.looked };
  }
  const plan = await complete(domain, { id, now }, part - 1, isEnd(position));
  yield { after: `${part} ${formatPosition(position)}`, items: [], looked: 0, plan };
}

function parseAfter(after: string | undefined): { part: number; position: ReturnType<typeof parsePosition> } {
  if (after === undefined) return { part: 1, position: BEGINNING };
  const [, part = '', position = ''] = /^([1-9][0-9]{0,4}) (.+)$/s.exec(after) ?? [];
  if (part === '') {
    throw new ArtifactError('INVALID_ARGUMENT', `'${after}' is no place where a plan can go on`, {
      remedy: 'Make another plan.',
    });
  }
  return { part: Number(part), position: parsePosition(position) };
}

/** What is stored is read once more: the digest is that of what a run will find. */
async function complete(
  domain: Domain,
  { id, now }: Pick<PlanRequest, 'id' | 'now'>,
  parts: number,
  isWhole: boolean,
): Promise<Plan> {
  const rules = new Map<string, string>();
  const digests: Digest[] = [];
  let tally = NOTHING;
  const read = expandAhead(numbersTo(parts), PARTS_AHEAD, async function* (part) {
    const found = await readPart(domain.store, id, part);
    if (found === undefined) throw gone(id);
    const { rules: seen, tally: sum } = found.value;
    yield { digest: found.digest, rules: seen, tally: sum };
  });
  for await (const part of read) {
    digests.push(part.digest);
    tally = addTallies(tally, part.tally);
    for (const { repository, nonce } of part.rules) {
      if ((rules.get(repository) ?? nonce) !== nonce) throw changedRules(repository, 'while this plan was made');
      rules.set(repository, nonce);
    }
  }
  const says = { now, rules: [...rules].map(([repository, nonce]) => ({ repository, nonce })), parts: digests };
  const at = domain.chance.now().toISOString();
  const plan: Plan = { format: FORMAT_VERSION, id, digest: digestOfPlan(says), at, isWhole, tally, ...says };
  await storePlan(domain, plan);
  return plan;
}

async function* numbersTo(last: number): AsyncGenerator<number> {
  for (let number = 1; number <= last; number++) yield number;
}

/** @throws ArtifactError INVALID_ARGUMENT where the part was made for another request */
function requireTerms({ id, now, repository }: PlanPart, terms: PlanTerms): void {
  if (now === terms.now && repository === terms.repository) return;
  const begun = [
    ...(now === terms.now ? [] : [now ? "with '--now'" : "without '--now'"]),
    ...(repository === terms.repository
      ? []
      : [repository === undefined ? "without '--repository'" : `with '--repository ${repository}'`]),
  ];
  throw new ArtifactError('INVALID_ARGUMENT', `the plan '${id}' was begun ${begun.join(' and ')}`, {
    remedy: 'Go on with it in the same way, or make another plan.',
  });
}

/** Of a plan that says what these rules no longer say. */
export function changedRules(repository: string, when: string, cause?: unknown): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `the rules of '${repository}' were changed ${when}`, {
    remedy: "Make another plan: 'cfn-artifacts gc plan'.",
    cause,
  });
}

function gone(id: string): ArtifactError {
  return new ArtifactError('ARTIFACT_NOT_FOUND', `a part of the plan that is being made, '${id}', is gone`, {
    remedy: 'Make another plan.',
  });
}
