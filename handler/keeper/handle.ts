import type { DomainParts } from '../../repository/domain.ts';
import { findDomain, requireAt } from '../../repository/domain.ts';
import type { Domain } from '../../repository/domain.ts';
import { ArtifactError } from '../../repository/error.ts';
import type { DomainEvent } from '../../repository/event.ts';
import type { Homes } from '../../repository/home/home.ts';
import { ownAway } from '../../repository/home/own-away.ts';
import type { Evidence } from '../../repository/evidence/evidence.ts';
import { carryOut } from '../../repository/keeping/carry-out.ts';
import type { KeeperAnswer, KeeperCommand } from '../../repository/asking/command.ts';
import { parseCommand } from '../../repository/asking/command.ts';
import {
  DECLARING_ALIAS,
  FETCHING_ALIAS,
  PUBLISHING_ALIAS,
  SHARING_ALIAS,
} from '../../repository/asking/invocation.ts';
import type { KeeperReply } from '../../repository/asking/reply.ts';
import type { Following, Schedule } from '../../repository/keeping/keeping.ts';
import { GUEST_COMMANDS, requireShared } from '../../repository/sharing/guest-command.ts';
import { replyOf } from '../../repository/asking/reply.ts';
import type { Report } from './log.ts';
import { lineOf, lineOfFinding } from './log.ts';

/** The domain that is kept, and how to reach it and what is deployed. */
export interface Kept extends DomainParts {
  readonly place: Pick<Domain, 'partition' | 'account' | 'region' | 'bucket'>;
  readonly evidence: Evidence;
  /** Absent: no other domain is known. */
  readonly homes?: Homes;
  /** Absent: nobody follows AWS RAM. */
  readonly following?: Following;
  /** Absent: as usual. */
  readonly schedule?: Schedule;
}

/** The world around the function. */
export interface Surroundings {
  /** @param signal ends what is under way */
  readonly connect: (signal: AbortSignal) => Kept;
  readonly log: (line: string) => void;
  readonly now: () => Date;
  /** Absent: nobody is told of events. @param time milliseconds that it may take; never rejects */
  readonly announce?: (events: readonly DomainEvent[], time: number) => Promise<void>;
}

/** How the function was called. */
export interface Invoked {
  readonly requestId: string;
  /** Empty where the function was called by its own name. */
  readonly qualifier: string;
  /** Milliseconds that the function has left. */
  readonly remaining: () => number;
}

/**
 * Kept of the function's time for a step that is under way and for the answer: CloudFormation and Lambda may be slow to say what is deployed. Of a short
 * time, a third.
 */
const RESERVE_MS = 60_000;
/**
 * The longest piece of a command that somebody waits for: connections on which nothing moves are cut by NAT gateways after 350 seconds, and people want
 * to see that something goes on. https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
 */
const PIECE_MS = 4 * 60_000;

/** What is announced at a time may take so long, and no more than half of what is left; where a deploy waits for the answer, a moment. */
const ANNOUNCING_MS = 20_000;
const ANNOUNCING_BRIEFLY_MS = 2000;

/** What may be asked for under another name than the function's own: by whoever publishes and binds, and by the reference function for what stacks declare. */
const UNDER_NAMES: Readonly<Record<string, readonly KeeperCommand['command'][]>> = {
  [PUBLISHING_ALIAS]: ['cancel', 'finish', 'renew', 'complete', 'announce', 'hold-promotion'],
  [DECLARING_ALIAS]: ['declare', 'fetch', 'tell'],
  [FETCHING_ALIAS]: ['fetch'],
  [SHARING_ALIAS]: GUEST_COMMANDS,
};

/** Somebody's deploy or publication waits for their answer. */
const WAITED_FOR: readonly KeeperCommand['command'][] = Object.values(UNDER_NAMES)
  .flat()
  // Whoever asks for this alone waits for nothing.
  .filter((command) => command !== 'announce');

/**
 * Carries out one command. What was foreseen is told in the reply, because who asked must learn it to the letter.
 * @throws what nobody foresaw
 */
export async function handle(event: unknown, invoked: Invoked, around: Surroundings): Promise<KeeperReply> {
  const began = around.now();
  const tally = { findings: 0, healed: 0 };
  const over = new AbortController();
  let command: KeeperCommand | undefined;
  let reply: KeeperAnswer | undefined;
  let failure: unknown;
  try {
    command = parseCommand(event);
    requireAllowed(command, invoked.qualifier);
    reply = await answerTo(command, around.connect(over.signal), invoked, around, (finding) => {
      tally.findings += 1;
      if (isHealed(finding)) tally.healed += 1;
      if (command?.command === 'tend') around.log(lineOfFinding(finding, invoked.requestId));
    });
    return reply;
  } catch (error) {
    failure = error;
    if (!(error instanceof ArtifactError)) throw error;
    return replyOf(error);
  } finally {
    over.abort();
    const now = around.now();
    const report: Report = {
      // What is no command may be anything, and of any size.
      ...(command !== undefined && { command }),
      requestId: invoked.requestId,
      ...outcomeOf(reply, failure),
      ...{ removed: removedBy(command, reply), ...tally, duration: now.getTime() - began.getTime() },
    };
    around.log(lineOf(report, now));
  }
}

/** IAM tells an alias from the function: whoever may call the one need not be allowed the other. */
function requireAllowed({ command }: KeeperCommand, qualifier: string): void {
  if (qualifier === '' || qualifier === '$LATEST' || UNDER_NAMES[qualifier]?.includes(command) === true) return;
  throw new ArtifactError('ACCESS_DENIED', `under the name '${qualifier}' the keeper takes no '${command}'`, {
    remedy: `Ask the function itself; that needs lambda:InvokeFunction on it, without ':${qualifier}'.`,
  });
}

async function answerTo(
  command: KeeperCommand,
  { place, evidence, homes, following, schedule, ...parts }: Kept,
  { requestId, qualifier, remaining }: Invoked,
  { now, announce }: Surroundings,
  count: (finding: object) => void,
): Promise<KeeperAnswer> {
  const found = await findDomain(parts);
  if (found === undefined) {
    throw new ArtifactError('DOMAIN_NOT_FOUND', `the bucket '${place.bucket}' is no domain of artifacts yet`, {
      remedy: 'Run: cfn-artifacts bootstrap',
    });
  }
  requireAt(found, place);
  const domain = homes === undefined ? found : { ...found, away: ownAway(found, homes) };
  if (qualifier === SHARING_ALIAS) await requireShared(domain, command);
  const reserve = Math.min(RESERVE_MS, remaining() / 3);
  const began = now().getTime();
  const isLong = (): boolean => command.command !== 'tend' && now().getTime() - began >= PIECE_MS;
  const isTimeUp = (): boolean => remaining() <= reserve || isLong();
  const atMost = WAITED_FOR.includes(command.command) ? ANNOUNCING_BRIEFLY_MS : ANNOUNCING_MS;
  const announced = announce && {
    announce: (events: readonly DomainEvent[]) => announce(events, Math.min(atMost, remaining() / 2)),
  };
  const daily = schedule === undefined ? {} : { schedule };
  const others = { ...(homes !== undefined && { homes }), ...(following !== undefined && { following }) };
  const keeping = { domain, evidence, ...others, isTimeUp, report: count, requestId, ...daily, ...announced };
  const answer = await carryOut(command, keeping);
  if (command.command === 'audit' || command.command === 'verify') answer.results.forEach(count);
  return answer;
}

function isHealed(finding: object): boolean {
  return 'healed' in finding && finding.healed === true;
}

function outcomeOf(
  reply: KeeperAnswer | undefined,
  failure: unknown,
): Pick<Report, 'outcome' | 'code' | 'reason' | 'stack'> {
  if (reply !== undefined) return { outcome: reply.next === undefined ? 'done' : 'unfinished' };
  if (failure instanceof ArtifactError) return { outcome: 'failed', code: failure.code, reason: failure.message };
  const { stack } = failure instanceof Error ? failure : { stack: String(failure) };
  return { outcome: 'failed', ...(stack !== undefined && { stack }) };
}

function removedBy(command: KeeperCommand | undefined, reply: KeeperAnswer | undefined): number {
  return command?.command === 'reference-remove' ? (reply?.results.length ?? 0) : 0;
}
