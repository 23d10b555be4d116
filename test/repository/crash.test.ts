import { memoryGround } from '../support/crash/ground.ts';
import { SCENARIOS } from '../support/crash/scenario.ts';
import { diesEverywhere } from '../support/crash/suite.ts';

/** Every command of the keeper, every event of the reference function, and publishing, dead at each request that it makes. */

diesEverywhere('in memory', SCENARIOS, memoryGround, 'always');
