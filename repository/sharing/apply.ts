import { ArtifactError } from '../error.ts';
import type { Sharing } from './records.ts';
import type { PlannedChange, Target } from './target.ts';
import { InvalidPrincipal } from './target.ts';

/** What applying asks for, and tells. */
export interface Applying<S extends Sharing> {
  readonly targets: readonly Target[];
  /** As the records say it now. */
  readonly read: () => Promise<S>;
  /** Asked before anything is changed that was not agreed to before. @throws where the answer is no. Absent: all is agreed to */
  readonly approve?: (difference: string) => Promise<void>;
  /** What was agreed to already, as `differenceOf` told it. */
  readonly approved?: string;
  /** Asked of all that is changed, whenever it is. @throws where it may not be */
  readonly require?: (changes: readonly PlannedChange[], sharing: S) => void;
  /** Whether an account may be left out that AWS does not know. Absent: whichever it is. */
  readonly isDoubtful?: (account: string, sharing: S) => boolean;
  /** Resolves after about that many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

export interface Applied<S extends Sharing = Sharing> {
  readonly isChanged: boolean;
  /** Accounts that are shared with, and don't exist. */
  readonly leftOut: readonly string[];
  /** What was read last. */
  readonly sharing: S;
}

const TURNS = 40;
/** Settings of a bucket need a moment until everybody sees them. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel */
const PAUSE_MS = 100;

/** What would be changed everywhere. Empty: nothing. */
export function differenceOf(changes: readonly PlannedChange[]): string {
  return changes.map(({ what, lines }) => [`${what}:`, ...lines.map((line) => `  ${line}`)].join('\n')).join('\n');
}

export async function planAll(targets: readonly Target[], sharing: Sharing): Promise<readonly PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for (const target of targets) {
    const change = await target.plan(sharing);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

/**
 * Brings all policies to what the records say. Looks, does what is to be done, and looks again, at the policies and at the records, until there is nothing left to do: so whoever shares at the same moment, and writes
 * a policy that does not know of this share, is corrected, and corrects. An account that does not exist is in nobody else's way: it is left out.
 * @throws ArtifactError INVALID_CONFIGURATION where a policy would be too large; CONTENTION; ACCESS_DENIED
 */
export async function applySharing<S extends Sharing>({
  targets,
  read,
  approve,
  approved,
  require,
  isDoubtful = () => true,
  pause,
}: Applying<S>): Promise<Applied<S>> {
  let isAgreed = false;
  const doubt = new Doubt();
  let isChanged = false;
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 1) await pause(PAUSE_MS * Math.min(turn, 10));
    const whole = await read();
    const sharing = { ...whole, shares: whole.shares.filter((share) => !doubt.excludes(share.with)) };
    const changes = await planAll(targets, sharing);
    if (changes.length === 0) {
      if (!doubt.goesOn()) return { isChanged, leftOut: doubt.guilty, sharing: whole };
      continue;
    }
    require?.(changes, whole);
    const difference = differenceOf(changes);
    if (!isAgreed && difference !== approved) await approve?.(difference);
    isAgreed = true;
    try {
      for (const change of changes) {
        const outcome = await change.apply();
        // What was shown may no longer be what would be done.
        if (outcome === 'changed') isAgreed = isChanged;
        if (outcome === 'changed') break;
        isChanged = true;
      }
    } catch (error) {
      if (!(error instanceof InvalidPrincipal)) throw error;
      doubt.refused(
        error.detail,
        accountsOf(sharing).filter((account) => isDoubtful(account, whole)),
      );
    }
  }
  throw new ArtifactError('CONTENTION', 'the policies of the domain are changed by others all the time', {
    remedy: "Run 'cfn-artifacts share sync' when they are done.",
  });
}

function accountsOf({ shares }: Sharing): readonly string[] {
  return [...new Set(shares.map((share) => share.with))].filter((one) => /^\d{12}$/.test(one));
}

/** Finds out which account it is that AWS does not know, where it does not say: leaves all in doubt out, then tries one after the other. */
class Doubt {
  readonly #guilty = new Set<string>();
  #waiting: string[] = [];
  #tried: string | undefined;

  get guilty(): readonly string[] {
    return [...this.#guilty].toSorted();
  }

  excludes(recipient: string): boolean {
    return this.#guilty.has(recipient) || this.#waiting.includes(recipient);
  }

  refused(detail: string, accounts: readonly string[]): void {
    const named = accounts.filter((account) => detail.includes(account));
    if (named.length > 0) named.forEach((account) => this.#guilty.add(account));
    else if (this.#tried !== undefined) this.#guilty.add(this.#tried);
    else if (accounts.length === 1 && accounts[0] !== undefined) this.#guilty.add(accounts[0]);
    else if (accounts.length > 0) this.#waiting = [...accounts];
    // Of none of those accounts: then it is somebody else's statement, or who gave its leave is asked.
    else throw foreignPrincipal(detail);
    this.#tried = undefined;
  }

  /** All is well so far. @returns whether there is somebody still to be tried */
  goesOn(): boolean {
    this.#tried = this.#waiting.shift();
    return this.#tried !== undefined;
  }
}

function foreignPrincipal(detail: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', `AWS does not take a policy that stands there already: ${detail}`, {
    remedy:
      "'cfn-artifacts share sync' leaves accounts out that are gone. If it says the same, take the statement out of the policy that names a principal which begins with AIDA or AROA, and run it again.",
  });
}
