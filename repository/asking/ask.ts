import { formatArn } from '../arn.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { Chance } from '../chance.ts';
import type { Keeper } from '../keeper.ts';
import type { AskKeeper, KeeperAnswer, KeeperCommand } from './command.ts';

/** A keeper that is somewhere else, as who publishes or binds uses one. */
export function remoteKeeper(ask: AskKeeper): Keeper {
  return {
    cancel: async (digest) => {
      await ask({ command: 'cancel', digest });
    },
    finish: async (digest) => {
      await ask({ command: 'finish', digest });
    },
    renew: async (version) => {
      await ask({ command: 'renew', arn: formatArn(version) });
    },
  };
}

/** So often a piece is tried, with pauses that grow. */
const ATTEMPTS = 4;
const PAUSE_MS = 1000;

/**
 * Has a keeper carry out a command, piece by piece, to its end. A piece that failed for a while is asked for again: commands may be repeated, and what
 * the keeper did before it failed is done.
 * @throws what the keeper did; an Error that is no ArtifactError where it stands still
 */
export async function* runToEnd(
  ask: AskKeeper,
  command: KeeperCommand,
  chance: Pick<Chance, 'pause'>,
): AsyncGenerator<KeeperAnswer> {
  let stood = 0;
  for (let current: KeeperCommand | undefined = command; current !== undefined;) {
    const answer: KeeperAnswer = await askPatiently(ask, current, chance);
    yield answer;
    const { next }: KeeperAnswer = answer;
    // Once is no harm: it may have had no time for anything.
    stood = next !== undefined && isSame(next, current) ? stood + 1 : 0;
    if (stood > 1) throw new Error(`the keeper does not get on with '${JSON.stringify(current)}'`);
    current = next;
  }
}

async function askPatiently(
  ask: AskKeeper,
  command: KeeperCommand,
  { pause }: Pick<Chance, 'pause'>,
): Promise<KeeperAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(command);
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
    }
    await pause(PAUSE_MS * 3 ** (attempt - 1));
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof ArtifactError && hasCode(error, 'STORE_UNAVAILABLE', 'CONTENTION');
}

function isSame(one: KeeperCommand, other: KeeperCommand): boolean {
  return canonical(one) === canonical(other);
}

function canonical(command: KeeperCommand): string {
  return JSON.stringify(Object.entries(command).sort(([a], [b]) => (a < b ? -1 : 1)));
}
