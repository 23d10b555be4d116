import { spawnSync } from 'node:child_process';
import { readdirSync, writeSync } from 'node:fs';
import { bytesOf, contentOf } from '../../repository/content.ts';
import { hasCode } from '../../repository/error.ts';
import type { ObjectKey, ObjectStore } from '../../repository/object-store.ts';
import { objectKey } from '../../repository/object-store.ts';
import { checkDirectory } from '../../repository/stores/directory-root.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { tellSteps } from './file-system-steps.ts';
import { generatedContent } from './generated-content.ts';

/** What the tests of the directory store let a process of its own do: it may be killed, have no rights, or a full disk. */
const scenarios: Readonly<Record<string, (root: string, args: readonly string[]) => Promise<unknown>>> = {
  step: oneOperation,
  churn,
  denied,
  full,
  readOnly,
  listing,
};

const [scenario = '', root = '', ...args] = process.argv.slice(2);
const perform = scenarios[scenario];
if (perform === undefined) throw new Error(`no scenario '${scenario}'`);
say(await perform(root, args));

function say(answer: unknown): void {
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

async function textOf(store: ObjectStore, key: ObjectKey): Promise<string | undefined> {
  const object = await store.read(key);
  return object && (await bytesOf(object.body)).toString();
}

/** One operation on a key, `k` unless another is named, killed before its `last` step; else answers its outcome and its steps. */
async function oneOperation(
  root: string,
  [operation = '', last = '', name = 'k']: readonly string[],
): Promise<unknown> {
  const store = directoryStore(root);
  const key = objectKey(name);
  const head = await store.head(key);
  const steps: string[] = [];
  tellSteps((step) => {
    if (steps.length === Number(last)) process.kill(process.pid, 'SIGKILL');
    steps.push(step.replaceAll(`${root}/`, ''));
  });
  const outcome = await perform();
  return { outcome, steps };

  function perform(): Promise<unknown> {
    const none = 'none' as never;
    if (operation === 'create') return store.create(key, contentOf('after'));
    if (operation === 'replace') return store.replace(key, contentOf('after'), head?.revision ?? none);
    if (operation === 'copy') return store.copy(objectKey('source'), key);
    if (operation === 'removeRevision') return store.removeRevision(key, head?.revision ?? none);
    if (operation === 'removeIncarnation') return store.removeIncarnation(key, head?.incarnation ?? none);
    return store.head(key);
  }
}

/** Changes a few keys without end, and says of each change what it is to become before it begins, and that it is done. */
async function churn(root: string, [seed = '']: readonly string[]): Promise<never> {
  const store = directoryStore(root);
  let state = Number(seed);
  const chance = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  for (let number = 0; ; number += 1) {
    const key = objectKey(`churn/${chance(4)}`);
    const head = await store.head(key);
    const text = `${seed}.${number} `.repeat(1 + chance(60_000));
    if (head === undefined) {
      say({ key, becomes: text.slice(0, 40), length: text.length });
      await store.create(key, contentOf(text));
    } else if (chance(3) > 0) {
      say({ key, becomes: text.slice(0, 40), length: text.length });
      await store.replace(key, contentOf(text), head.revision);
    } else {
      say({ key, becomes: '', length: 0 });
      if (chance(2) > 0) await store.removeRevision(key, head.revision);
      else await store.removeIncarnation(key, head.incarnation);
    }
    say({ key, done: true });
  }
}

/** As a user who may not write there (root gives its rights away first): the errors of each method. */
async function denied(root: string): Promise<unknown> {
  if (process.getuid?.() === 0) process.setuid?.(65534);
  const store = directoryStore(root);
  const key = objectKey('closed/key');
  return {
    ...(await checksOf(root)),
    create: await errorOf(() => store.create(objectKey('new'), contentOf('x'))),
    replace: await errorOf(async () => store.replace(key, contentOf('x'), '1' as never)),
    remove: await errorOf(() => store.removeIncarnation(key, '1' as never)),
    read: await textOf(store, key),
    hidden: await errorOf(() => store.read(objectKey('hidden/key'))),
    list: await errorOf(() => listAll(store, 'hidden/')),
  };
}

/** What is said of the folder, and of others in it, before anything is stored. */
async function checksOf(root: string): Promise<Readonly<Record<string, unknown>>> {
  const check = (folder: string, use: 'read' | 'write'): Promise<unknown> =>
    errorOf(async () => {
      checkDirectory(folder, use);
    });
  return {
    check: await check(root, 'write'),
    checkNew: await check(`${root}/new/domain`, 'write'),
    checkHidden: await check(`${root}/hidden/domain`, 'read'),
    checkRead: await check(root, 'read'),
  };
}

async function listAll(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function errorOf(act: () => Promise<unknown>): Promise<unknown> {
  try {
    return { answer: await act() };
  } catch (error) {
    if (!hasCode(error, 'ArtifactError')) throw error;
    const { code, message, remedy } = error as { code: string; message: string; remedy: string };
    return { code, message, remedy };
  }
}

/** On a file system that has just been mounted at `root`: fills it, and goes on. */
async function full(root: string): Promise<unknown> {
  const store = directoryStore(root);
  await store.create(objectKey('first'), contentOf('kept'));
  let filled = 0;
  let refused: unknown;
  while (refused === undefined) {
    const outcome = await errorOf(() => store.create(objectKey(`fill/${filled}`), generatedContent(300_000)));
    if (typeof outcome === 'object' && outcome !== null && 'code' in outcome) refused = outcome;
    else filled += 1;
  }
  const drafts = readdirSync(`${root}/@drafts`);
  const keys = await listAll(store, 'fill/');
  const absent = (await store.head(objectKey(`fill/${filled}`))) === undefined;
  const kept = await textOf(store, objectKey('first'));
  const victim = objectKey('fill/0');
  await store.removeIncarnation(victim, (await store.head(victim))!.incarnation);
  const again = await store.create(objectKey('fill/again'), generatedContent(250_000));
  return { refused, drafts, absent, kept, again, listed: keys.length === filled };
}

/** On a file system that has just been mounted at `root`. */
async function readOnly(root: string): Promise<unknown> {
  const store = directoryStore(root);
  await store.create(objectKey('k'), contentOf('readable'));
  spawnSync('mount', ['-o', 'remount,bind,ro', root]);
  return {
    ...(await checksOf(root)),
    create: await errorOf(() => store.create(objectKey('new'), contentOf('x'))),
    read: await textOf(store, objectKey('k')),
  };
}

/**
 * Lists while two others replace each key once, on a file system that has just been mounted at `root` and that moves a name over which
 * another is renamed: answers the keys that a listing lacked.
 */
async function listing(root: string, [count = '']: readonly string[]): Promise<unknown> {
  const store = directoryStore(root);
  const keys = Array.from({ length: Number(count) }, (_, number) => objectKey(`k${number}`));
  await Promise.all(keys.map((key) => store.create(key, contentOf('1'))));
  const progress = { done: false };
  const replacing = Promise.all(
    [0, 1].map(async (half) => {
      for (const [number, key] of keys.entries()) {
        if (number % 2 === half) await store.replace(key, contentOf('2'), '1' as never);
      }
    }),
  ).then(() => (progress.done = true));
  const lacking = new Set<string>();
  let listings = 0;
  while (!progress.done) {
    const listed = new Set(await listAll(store, ''));
    for (const key of keys) if (!listed.has(key)) lacking.add(key);
    listings += 1;
  }
  await replacing;
  return { lacking: [...lacking], listings };
}
