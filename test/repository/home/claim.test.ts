import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { byOne } from '../../../repository/home/claim.ts';
import { ArtifactError, contentOf, sha256 } from '../../../repository/index.ts';
import type { Chance, ObjectStore } from '../../../repository/index.ts';
import { EVERY_FETCH } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { bundled } from '../../support/child-script.ts';
import { firstWrong, interleave } from '../../support/interleaving.ts';
import type { Choose } from '../../support/interleaving.ts';
import { keysIn } from '../../support/keys-in.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const DIGEST = sha256('wanted');
const WANTED = objectKey('wanted');
const DAY_MS = 24 * 60 * 60 * 1000;

interface Worked {
  readonly store: ObjectStore;
  /** By how many it was begun. */
  readonly begun: { count: number };
  readonly outcomes: readonly unknown[];
  readonly trace: readonly string[];
}

interface Crowd {
  readonly size: number;
  readonly choose: Choose;
  /** Carried out between looking and the end; may throw. */
  readonly work?: (turn: number, pause: () => Promise<void>) => Promise<void>;
  readonly stops?: (actor: number, step: number) => boolean;
  /** Whether pauses that are made beside the work end at all. */
  readonly counts?: boolean;
}

/** In no order, but that nobody gets far ahead of others: time passes for all of them. */
function fairly(random: () => number): Choose {
  const turns = new Map<number, number>();
  return (waiting) => {
    const least = Math.min(...waiting.map((actor) => turns.get(actor) ?? 0));
    const ready = waiting.filter((actor) => (turns.get(actor) ?? 0) <= least + 3);
    const chosen = ready[Math.floor(random() * ready.length)] ?? 0;
    turns.set(chosen, (turns.get(chosen) ?? 0) + 1);
    return chosen;
  };
}

/** So many who want the same at the same time; their clocks are days apart. */
async function crowd({ size, choose, work, stops, counts = true }: Crowd): Promise<Worked> {
  const store = memoryStore(() => new Date(0));
  const begun = { count: 0 };
  let nonces = 0;
  const actors = Array.from({ length: size }, (_, index) => async (own: ObjectStore, pause: () => Promise<void>) => {
    const chance: Chance = {
      now: () => new Date(index * 3 * DAY_MS),
      nonce: () => `n${++nonces}`,
      // What is counted beside the work is a turn like all others, as long as the work goes on.
      pause: (milliseconds) => (counts || milliseconds < 4000 ? pause() : new Promise(() => undefined)),
    };
    const look = async (): Promise<'there' | undefined> =>
      (await own.head(WANTED)) === undefined ? undefined : 'there';
    return byOne({ store: own, chance }, DIGEST, look, async () => {
      const turn = ++begun.count;
      await work?.(turn, pause);
      await own.create(WANTED, contentOf('done'));
      return 'done';
    });
  });
  const { trace, outcomes } = await interleave(store, actors, choose, stops);
  return { store, begun, outcomes, trace };
}

describe('of all who want the same at the same time', () => {
  test('one does it, in whatever order they come', async () => {
    const wrong = await firstWrong(60, async (random) => {
      const { store, begun, outcomes, trace } = await crowd({ size: 6, choose: fairly(random), counts: false });
      const violations = [];
      if (begun.count !== 1) violations.push(`done ${begun.count} times`);
      if (outcomes.filter((one) => one === 'done').length !== 1) violations.push('done by nobody');
      if (outcomes.some((one) => one !== 'done' && one !== 'there')) violations.push(String(outcomes));
      if ((await keysIn(store, EVERY_FETCH)).length > 0) violations.push('a claim is left');
      return { violations, trace };
    });
    expect(wrong).toBeUndefined();
  });

  test('one does it, who are fifty', async () => {
    let next = 0;
    const inTurn: Choose = (waiting) => waiting[next++ % waiting.length] ?? 0;
    const { begun, outcomes, store } = await crowd({ size: 50, choose: inTurn, counts: false });
    expect(begun.count).toBe(1);
    expect(outcomes.filter((one) => one === 'there')).toHaveLength(49);
    expect(await keysIn(store, EVERY_FETCH)).toEqual([]);
  });

  test('one takes the place of one who died, and only of him', async () => {
    const wrong = await firstWrong(40, async (random) => {
      const died = { actor: -1 };
      const { store, begun, outcomes, trace } = await crowd({
        ...{ size: 3, choose: fairly(random), counts: false },
        work: async (turn, pause) => {
          if (turn === 1) died.actor = -2;
          await pause();
        },
        // The first who has begun does nothing more.
        stops: (actor) => {
          if (died.actor === -2) died.actor = actor;
          return died.actor === actor;
        },
      });
      const violations = [];
      // Who goes next when it was begun need not be who began: then nobody died who had it in hand.
      const living = outcomes.filter((_, actor) => actor !== died.actor);
      if (living.some((one) => one !== 'done' && one !== 'there')) violations.push(String(outcomes));
      if (begun.count > 2) violations.push(`begun ${begun.count} times`);
      if ((await keysIn(store, EVERY_FETCH)).length > 0) violations.push('a claim is left');
      return { violations, trace };
    });
    expect(wrong).toBeUndefined();
  });

  test('none takes the place of one who is slow and goes on counting', async () => {
    // Each of them has a turn after the other, so that he who works counts as often as the others look.
    let next = 0;
    const inTurn: Choose = (waiting) => waiting[next++ % waiting.length] ?? 0;
    const { begun, outcomes } = await crowd({
      ...{ size: 3, choose: inTurn },
      work: async (_, pause) => {
        for (let turn = 0; turn < 100; turn++) await pause();
      },
    });
    expect(begun.count).toBe(1);
    expect(outcomes).toEqual(expect.arrayContaining(['done', 'there', 'there']));
  });

  test('all who waited hear of the failure of the one who tried; who comes later tries anew', async () => {
    let next = 0;
    const inTurn: Choose = (waiting) => waiting[next++ % waiting.length] ?? 0;
    const failure = new ArtifactError('STORE_UNAVAILABLE', 'home does not answer', { remedy: 'Try again.' });
    const { begun, outcomes, store } = await crowd({
      ...{ size: 5, choose: inTurn, counts: false },
      work: async (_, pause) => {
        for (let turn = 0; turn < 20; turn++) await pause();
        throw failure;
      },
    });
    const told = { code: 'STORE_UNAVAILABLE', message: 'home does not answer', remedy: 'Try again.' };
    for (const one of outcomes) expect(one).toMatchObject(told);
    expect(begun.count).toBe(1);
    const chance = { now: () => new Date(0), nonce: () => 'later', pause: async () => undefined };
    const act = async (): Promise<string> => 'done now';
    expect(await byOne({ store, chance }, DIGEST, async () => undefined, act)).toBe('done now');
    expect(await keysIn(store, EVERY_FETCH)).toEqual([]);
  });

  test('who have lost the way to the store in the middle leave a claim that is overcome', async () => {
    const store = memoryStore(() => new Date(0));
    const chance = { now: () => new Date(0), nonce: () => 'mine', pause: async () => undefined };
    const deaf: ObjectStore = {
      ...store,
      removeRevision: async () => {
        throw new ArtifactError('STORE_UNAVAILABLE', 'connection refused');
      },
    };
    expect(
      await byOne(
        { store: deaf, chance },
        DIGEST,
        async () => undefined,
        async () => 'done',
      ),
    ).toBe('done');
    expect(await keysIn(store, EVERY_FETCH)).toHaveLength(1);
    const later = { ...chance, nonce: () => 'later' };
    expect(
      await byOne(
        { store, chance: later },
        DIGEST,
        async () => undefined,
        async () => 'again',
      ),
    ).toBe('again');
  });
});

test('of several processes at one directory one does it', async () => {
  const root = await temporaryFolder();
  const script = await bundled(path.resolve(import.meta.dirname, '../../support/claiming-child.ts'));
  const began = Date.now() + 1500;
  const told = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const child = spawn(process.execPath, [script, root, String(began)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      await new Promise((resolve) => child.once('close', resolve));
      return text.trim();
    }),
  );
  expect(told.toSorted()).toEqual(['done', ...Array<string>(5).fill('there')]);
  expect(await keysIn(directoryStore(root), EVERY_FETCH)).toEqual([]);
});
