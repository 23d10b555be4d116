import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, contentOf } from '../../repository/content.ts';
import type { ObjectHead, ObjectStore } from '../../repository/object-store.ts';
import { objectKey } from '../../repository/object-store.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { tellSteps } from './file-system-steps.ts';

/**
 * Every operation, from every state of a key, with every other operations done by somebody else before each of its steps in turn. What both
 * answer and what then is there must be as if the first had taken place at one moment: before the others, between them or after them. Which
 * answers that allows is asked of the memory store, whose operations are one step.
 */

const KEY = objectKey('folder/k');
const SOURCE = objectKey('folder/source');

/** What was seen of the key before the race: the revision and incarnation that the operations name. */
type Seen = ObjectHead | undefined;
type Operation = (store: ObjectStore, seen: Seen) => Promise<unknown>;

const none = 'none' as never;

async function textOf(store: ObjectStore, key = KEY): Promise<string> {
  const object = await store.read(key);
  return object === undefined ? 'nothing' : (await bytesOf(object.body)).toString();
}

async function keysOf(store: ObjectStore): Promise<string> {
  const keys: string[] = [];
  for await (const { key, size } of store.list('folder/')) keys.push(`${key} ${size}`);
  return keys.join();
}

const states: Readonly<Record<string, (store: ObjectStore) => Promise<void>>> = {
  absent: async () => undefined,
  present: async (store) => {
    await store.create(KEY, contentOf('first'));
  },
  removed: async (store) => {
    await store.create(KEY, contentOf('first'));
    await store.removeRevision(KEY, (await store.head(KEY))!.revision);
  },
  replaced: async (store) => {
    await store.create(KEY, contentOf('first'));
    await store.replace(KEY, contentOf('second!'), (await store.head(KEY))!.revision);
  },
};

const operations: Readonly<Record<string, Operation>> = {
  read: (store) => textOf(store),
  list: (store) => keysOf(store),
  create: (store) => store.create(KEY, contentOf('created')),
  replace: (store, seen) => store.replace(KEY, contentOf('replacement'), seen?.revision ?? none),
  removeRevision: (store, seen) => store.removeRevision(KEY, seen?.revision ?? none),
  removeIncarnation: (store, seen) => store.removeIncarnation(KEY, seen?.incarnation ?? none),
  'copy to': (store) => store.copy(SOURCE, KEY),
  'copy from': (store) => store.copy(KEY, objectKey('folder/target')),
};

/** What somebody else does meanwhile, one after the other. */
const meanwhile: Readonly<Record<string, readonly Operation[]>> = {
  'somebody creates': [(store) => store.create(KEY, contentOf('other'))],
  'somebody replaces': [replaceAny('other')],
  'somebody replaces twice': [replaceAny('other'), replaceAny('another')],
  'somebody removes': [removeAny],
  'somebody removes and creates': [removeAny, (store) => store.create(KEY, contentOf('again'))],
  'somebody creates and removes': [(store) => store.create(KEY, contentOf('other')), removeAny],
  'somebody replaces, removes and creates': [
    ...[replaceAny('other'), removeAny],
    (store: ObjectStore) => store.create(KEY, contentOf('again')),
  ],
  'the source goes': [
    async (store) => store.removeIncarnation(SOURCE, (await store.head(SOURCE))?.incarnation ?? none),
  ],
  'the source is replaced': [
    async (store) => store.replace(SOURCE, contentOf('new source'), (await store.head(SOURCE))?.revision ?? none),
  ],
};

function replaceAny(text: string): Operation {
  return async (store) => store.replace(KEY, contentOf(text), (await store.head(KEY))?.revision ?? none);
}

async function removeAny(store: ObjectStore): Promise<unknown> {
  return store.removeIncarnation(KEY, (await store.head(KEY))?.incarnation ?? none);
}

/** Called before each step of the operation under test. */
let beforeStep: (() => Promise<void>) | undefined;

async function prepared(store: ObjectStore, state: string): Promise<Seen> {
  await store.create(SOURCE, contentOf('source'));
  await states[state]!(store);
  return store.head(KEY);
}

async function result(store: ObjectStore, answers: readonly unknown[]): Promise<string> {
  const found = [await textOf(store), await textOf(store, objectKey('folder/target')), await keysOf(store)];
  return JSON.stringify([...answers.map((answer) => answer ?? null), ...found]);
}

/** What may come of it: the operation at each moment among the others. */
async function allowed(state: string, operation: Operation, others: readonly Operation[]): Promise<Set<string>> {
  const results = new Set<string>();
  for (let moment = 0; moment <= others.length; moment += 1) {
    const store = memoryStore(() => new Date());
    const seen = await prepared(store, state);
    let answer: unknown;
    const theirs: unknown[] = [];
    for (let turn = 0; turn <= others.length; turn += 1) {
      if (turn === moment) answer = await operation(store, seen);
      if (turn < others.length) theirs.push(await others[turn]!(store, seen));
    }
    results.add(await result(store, [answer, ...theirs]));
  }
  return results;
}

/** Undefined where the operation has fewer steps. */
async function raced(
  root: string,
  state: string,
  operation: Operation,
  others: readonly Operation[],
  step: number,
): Promise<string | undefined> {
  const store = directoryStore(root);
  const other = directoryStore(root);
  const seen = await prepared(store, state);
  const theirs: unknown[] = [];
  let steps = 0;
  beforeStep = async () => {
    if (steps === step) {
      const hook = beforeStep;
      beforeStep = undefined;
      for (const act of others) theirs.push(await act(other, seen));
      beforeStep = hook;
    }
    steps += 1;
  };
  const answer = await operation(store, seen);
  beforeStep = undefined;
  return steps <= step ? undefined : result(store, [answer, ...theirs]);
}

const folder = process.argv[2] ?? '';
const violations: string[] = [];
let races = 0;
// What is done to an open file, to a draft and to folders does not depend on what others do to the key.
tellSteps((step) => (/^(link|lstat|open|readdir|rename|symlink) /.test(step) ? beforeStep?.() : undefined));
for (const state of Object.keys(states)) {
  for (const [name, operation] of Object.entries(operations)) {
    for (const [others, acts] of Object.entries(meanwhile)) {
      const possible = await allowed(state, operation, acts);
      for (let step = 0; ; step += 1) {
        const root = mkdtempSync(join(folder, 'race-'));
        const found = await raced(root, state, operation, acts, step);
        rmSync(root, { recursive: true });
        if (found === undefined) break;
        races += 1;
        if (!possible.has(found)) {
          violations.push(
            `${state}, ${name}, before step ${step} ${others}: ${found} is none of ${[...possible].join()}`,
          );
        }
      }
    }
  }
}
process.stdout.write(JSON.stringify({ races, violations }));
