import { directoryGround } from '../support/crash/ground.ts';
import { SCENARIOS } from '../support/crash/scenario.ts';
import { diesEverywhere } from '../support/crash/suite.ts';

/** As in memory, on a directory: what its keys are, and what a removal leaves, is up to the file system. */

/** They do many times what others here do once. */
const LONG: ReadonlySet<string> = new Set(['tend, with a collection', 'delete all versions']);
/** A directory knows no other domain, and shares nothing. */
const IN_AWS = /^(?:fetch|tell|tag-shared)|elsewhere$/;
const scenarios = SCENARIOS.filter(({ name }) => !LONG.has(name) && !IN_AWS.test(name));

diesEverywhere('in a directory', scenarios, directoryGround, 'once');
