import { soak } from '../support/sequences/play.ts';
import { memoryStage } from '../support/sequences/in-process.ts';

/** The histories of test/handler/sequences.test.ts, for as long as somebody lets them: each from a seed that nobody has played. */

const MINUTES = 'CFN_ARTIFACTS_SOAK_MINUTES';

const minutes = Number(process.env[MINUTES] ?? 60);
if (!(minutes > 0)) throw new Error(`${MINUTES} must be a number of minutes, not '${process.env[MINUTES] ?? ''}'`);
await soak({ file: 'test/handler/sequences.test.ts', minutes, stage: memoryStage });
