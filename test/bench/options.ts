import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Of this package. */
  readonly root: string;
  readonly rounds: number;
  /** Names of workloads, of states, of contestants; all where there are none. */
  readonly only: readonly string[];
  readonly states: readonly string[];
  readonly contestants: readonly string[];
  readonly quick: boolean;
  readonly limits: boolean;
  /** Where CPU profiles go. */
  readonly profile: string | undefined;
  /** What is measured as ours, and what is measured beside it: a program each. */
  readonly ours: string;
  readonly against: string | undefined;
  /** Where workloads are kept between runs. */
  readonly folder: string;
}

export const USAGE = `npm run bench -- [OPTIONS]
  --only NAMES         W1, W2, W3, W4, gc-plan; several with commas
  --state NAMES        first, repeat, far-repeat, one, clone, clone-one
  --contestant NAMES   bucket, domain, aws-cli, other
  --rounds N           default 3
  --quick              smaller projects of made up dependencies: ratios are shown, and judged where the project is the same
  --limits             what the machine needs for the least that must be done, measured as well
  --profile FOLDER     writes a CPU profile of each thread of each of our runs, and sums them up; nothing is compared
  --ours FILE          a program other than dist/program/cfn-artifacts.cjs
  --against FILE       another one, measured in turn with ours
  --folder FOLDER      where projects are kept between runs; default a folder of the system's temporary ones
`;

/** @throws TypeError on what is not an option */
export function optionsOf(args: readonly string[], root: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ only: { type: 'string' }, state: { type: 'string' }, contestant: { type: 'string' } },
      ...{ rounds: { type: 'string', default: '3' }, quick: { type: 'boolean', default: false } },
      ...{ limits: { type: 'boolean', default: false }, profile: { type: 'string' } },
      ...{ ours: { type: 'string' }, against: { type: 'string' }, folder: { type: 'string' } },
    },
  });
  const { quick, limits, profile, ours, against, folder } = values;
  return {
    root,
    rounds: Math.max(1, Number(values.rounds)),
    ...{ only: namesIn(values.only), states: namesIn(values.state), contestants: namesIn(values.contestant) },
    ...{ quick, limits, profile: absolute(profile), against: absolute(against) },
    ours: path.resolve(ours ?? path.join(root, 'dist/program/cfn-artifacts.cjs')),
    folder: path.resolve(folder ?? path.join(tmpdir(), 'cfn-artifacts-bench')),
  };
}

function namesIn(text = ''): string[] {
  return text.split(',').filter((name) => name !== '');
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file);
}

/** Whether a list of names, of which none means all, has this one. */
export function isChosen(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.includes(name);
}
