import { parentPort } from 'node:worker_threads';
import type { JobAnswer, JobRequest } from './executor.ts';
import { runJob, transferable } from './jobs.ts';
import { problemOf } from './problem.ts';

/** One thread of a ThreadExecutor. A defect ends it, and the executor with it. */
const port = parentPort;
port?.on('message', ({ id, kind, input }: JobRequest) => {
  try {
    const output = runJob(kind, input);
    port.postMessage({ id, output } satisfies JobAnswer, transferable(output));
  } catch (error) {
    port.postMessage({ id, problem: problemOf(error) } satisfies JobAnswer);
  }
});
