import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runJob, transferable } from '../../../packager/archive/jobs.ts';
import type { Waiting } from '../../../packager/archive/executor.ts';
import type { Tree } from '../../../packager/archive/tree.ts';
import type { WalkOptions } from '../../../packager/archive/walk.ts';
import { walk } from '../../../packager/archive/walk.ts';
import { Walks } from '../../../packager/archive/walks.ts';
import { Folder } from './folder.ts';
import { plantedTree } from './planted-tree.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

function optionsOf(code: string, more: Partial<WalkOptions> = {}): WalkOptions {
  const boundary = { project: folder.path, packaged: code, followExternalSymlinks: false };
  return { folder: code, boundary, exclude: [], leaveOut: [], ...more };
}

/** What another thread does with it, and what is sent between the two. */
function doneElsewhere({ kind, input, resolve }: Waiting): void {
  const output = runJob(kind, structuredClone(input));
  resolve(structuredClone(output, { transfer: transferable(output) }) as never);
}

/** All that anybody sees of a tree. */
function seen({ problems, ...tree }: Tree): unknown {
  return { ...tree, problems: problems.map(({ code, message, remedy }) => ({ code, message, remedy })) };
}

test('a folder is the same tree wherever it is walked', async () => {
  const more = fc.record({
    exclude: fc.subarray(['x', '*.sh', '!a/run.sh', 'c/d/']),
    leaveOut: fc.subarray(['code/a/x', 'code/c', 'link', 'code']),
    followExternalSymlinks: fc.boolean(),
  });
  let problems = 0;
  await fc.assert(
    fc.asyncProperty(plantedTree, more, async (tree, { exclude, leaveOut, followExternalSymlinks }) => {
      folder.remove();
      folder = new Folder();
      const code = folder.plant('code', tree);
      const boundary = { project: folder.path, packaged: code, followExternalSymlinks };
      const options = optionsOf(code, { boundary, exclude, leaveOut: leaveOut.map((name) => folder.at(name)) });
      const walks = new Walks(() => Promise.resolve());
      // The first one is walked here.
      const first = walks.walk(options);
      const second = walks.walk(options);
      doneElsewhere(walks.take()!);
      const here = await walk(options, () => undefined);
      problems += here.problems.length;
      expect(seen(await first)).toEqual(seen(here));
      expect(seen(await second)).toEqual(seen(here));
    }),
    { numRuns: 100 },
  );
  expect(problems).toBeGreaterThan(0);
});

describe('folders that wait', () => {
  test('are begun in order, each by one thread', async () => {
    const codes = ['a', 'b', 'c', 'd'].map((name) => folder.plant(name, { [`in-${name}`]: '' }));
    const walks = new Walks(() => Promise.resolve());
    const trees = Promise.all(codes.map((code) => walks.walk(optionsOf(code))));
    const elsewhere = walks.take()!;
    expect(elsewhere.input).toMatchObject({ folder: codes[1] });
    doneElsewhere(elsewhere);
    expect((await trees).map(({ files }) => files.map(({ name }) => name))).toEqual([
      ['in-a'],
      ['in-b'],
      ['in-c'],
      ['in-d'],
    ]);
    expect(walks.take()).toBeUndefined();
  });

  test('end with the run', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `file${i}`);
    const codes = ['a', 'b'].map((name) => folder.plant(name, Object.fromEntries(names.map((file) => [file, '']))));
    const end = new Error('ended');
    let pauses = 0;
    const walks = new Walks(() => (++pauses < 2 ? Promise.resolve() : Promise.reject(end)));
    const all = [...codes, ...codes, ...codes].map((code) => walks.walk(optionsOf(code)));
    const ends = await Promise.allSettled(all);
    expect(ends.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : 'done'))).toEqual([
      'done',
      'done',
      'done',
      end,
      end,
      end,
    ]);
    expect(pauses).toBe(2);
  });

  test('are walked here after all where the thread that took them ended', async () => {
    const walks = new Walks(() => Promise.resolve());
    const codes = ['a', 'b'].map((name) => folder.plant(name, { [`in-${name}`]: '' }));
    const [first, second] = codes.map((code) => walks.walk(optionsOf(code)));
    const taken = walks.take()!;
    expect((await first!).files.map(({ name }) => name)).toEqual(['in-a']);
    taken.reject(new Error('it ended'));
    // No other thread is to fail with it too.
    expect(walks.take()).toBeUndefined();
    expect((await second!).files.map(({ name }) => name)).toEqual(['in-b']);
  });
});
