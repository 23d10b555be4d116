import { describe, expect, test } from '@jest/globals';
import type { Executor } from '../../../packager/archive/executor.ts';
import { ThreadExecutor, defaultThreads, localExecutor } from '../../../packager/archive/executor.ts';
import type { FileState } from '../../../packager/archive/file.ts';
import { fileList } from '../../../packager/archive/file-list.ts';
import { whySkipped } from '../../support/where.ts';

const missing: FileState = { path: '/no/such/file', size: 1, mtimeMs: 0, ctimeMs: 0, ino: 0, mode: 0 };
const closed = new Error('closed');

function anExecutor(open: () => Executor): void {
  test('answers each job, in whatever order they end', async () => {
    const executor = open();
    const lengths = Array.from({ length: 50 }, (_, i) => i);
    const answers = await Promise.all(
      lengths.map((length) => executor.run('measure', fileList(new Array<FileState>(length).fill(missing)))),
    );
    expect(answers.map(({ problems }) => problems.length)).toEqual(lengths);
    await executor.close(closed);
  });

  test('rejects as the job does', async () => {
    const executor = open();
    await expect(executor.run('sample', missing)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    await executor.close(closed);
  });

  test('rejects what waits when it is closed, and what comes later', async () => {
    const executor = open();
    const waiting = Promise.allSettled(Array.from({ length: 20 }, () => executor.run('measure', fileList([missing]))));
    await executor.close(closed);
    expect((await waiting).at(-1)).toEqual({ status: 'rejected', reason: closed });
    await expect(executor.run('measure', fileList([missing]))).rejects.toBe(closed);
  });
}

describe('jobs in this thread', () => {
  anExecutor(localExecutor);
});

(defaultThreads() > 0 ? describe : describe.skip)(
  `jobs in threads${whySkipped(defaultThreads() > 0, 'this Node.js runs no TypeScript')}`,
  () => {
    anExecutor(() => new ThreadExecutor(2));

    test('are all done by one that has started, or here, while this thread is busy', async () => {
      const executor = new ThreadExecutor(1, 2);
      let isOver = false;
      const beBusy = (): void => {
        const until = performance.now() + 2;
        while (performance.now() < until);
        if (!isOver) setImmediate(beBusy);
      };
      beBusy();
      for (let round = 0; round < 5; round++) {
        const jobs = Array.from({ length: 40 }, () => executor.run('measure', fileList([missing])));
        expect((await Promise.all(jobs)).every(({ problems }) => problems.length === 1)).toBe(true);
      }
      isOver = true;
      await executor.close(closed);
    });

    test('never hang after a defect', async () => {
      const executor = new ThreadExecutor(1);
      const defect = executor.run('sample', undefined as unknown as FileState);
      await expect(defect).rejects.toThrow();
      await expect(executor.run('measure', fileList([missing]))).rejects.toThrow();
      await executor.close(closed);
    });
  },
);
