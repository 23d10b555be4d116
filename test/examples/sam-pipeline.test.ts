import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Ran } from '../support/shell-blocks.ts';
import { runBlock } from '../support/shell-blocks.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';
import { EXAMPLES } from './example.ts';

/** The Makefile and the workflow of the example are run as they are, in an account on the S3 server of the tests. */

const EXAMPLE = path.join(EXAMPLES, 'sam-pipeline');
const hasMake = spawnSync('make', ['--version']).status === 0;
const hasSam = spawnSync('sam', ['--version']).status === 0;
const withMake = hasMake ? test : test.skip;
const withSam = hasMake && hasSam ? test : test.skip;

let account: Account;
let folder: string;

hideOwnEnvironment();

beforeEach(async () => {
  account = await accountOnServer();
  folder = path.join(await temporaryFolder(), 'sam-pipeline');
  cpSync(EXAMPLE, folder, { recursive: true });
});

afterEach(async () => {
  await account.close();
});

/** What the example calls, and is not here: npm's way to the program, and as much of SAM as a build of one Python function and a deploy are. */
const STAND_INS = {
  npx: '#!/bin/sh\n[ "$1" = --yes ] && shift\nexec "$@"\n',
  sam: `#!/bin/sh -e
case "$1" in
  build)
    mkdir -p .aws-sam/build/$2/tabulate
    cp report/* .aws-sam/build/$2/
    echo 'def tabulate(rows): return str(rows)' > .aws-sam/build/$2/tabulate/__init__.py ;;
  deploy) echo "$*" > deployed ;;
esac
`,
};

function ran(text: string, programs: Readonly<Record<string, string>> = STAND_INS): Promise<Ran> {
  const env = Object.fromEntries(
    Object.entries(account.publisher).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return runBlock({ text }, { cwd: folder, env: { ...env, CFN_ARTIFACTS_CACHE: 'off' }, programs });
}

async function done(text: string, programs?: Readonly<Record<string, string>>): Promise<string> {
  const { status, screen } = await ran(text, programs);
  expect({ status, screen }).toEqual({ status: 0, screen });
  return screen;
}

/** What the template that was packaged comes to in the account. */
async function deployed(): Promise<string> {
  const { status } = await account.engine.deploy(
    'sam-pipeline',
    readFileSync(path.join(folder, 'packaged.yaml'), 'utf8'),
  );
  return status;
}

const said = (file: string): string => readFileSync(path.join(folder, file), 'utf8').trim();

describe(`the Makefile of sam-pipeline${whySkipped(hasMake, 'make is not installed')}`, () => {
  withMake(
    'builds, packages and deploys',
    async () => {
      const screen = await done('make deploy');
      expect(said('deployed')).toBe('deploy --config-env default');
      expect(screen).toContain(`sam deploy --template-file ${folder}/packaged.yaml\n`);
      expect(screen).not.toContain('warning');
      expect(said('packaged.yaml')).toMatch(/CodeUri: .*\n +Bucket: !GetAtt ReportArtifact\.Bucket/);
      expect(await deployed()).toBe('CREATE_COMPLETE');
    },
    120_000,
  );

  withMake(
    'packages another environment, and says what is missing where nothing was built',
    async () => {
      const nothing = { ...STAND_INS, sam: '#!/bin/sh\n' };
      const screen = await done('make package ENVIRONMENT=prod FLAGS=--no-bootstrap', nothing);
      expect(screen).toContain("'report' is packaged without the dependencies that its 'requirements.txt' names\n");
      expect(screen).toContain("Run 'sam build Report' first");
      expect(screen).toContain(`sam deploy --template-file ${folder}/packaged.yaml --config-env prod\n`);
      await done('make clean', nothing);
      expect(existsSync(path.join(folder, 'packaged.yaml'))).toBe(false);
    },
    120_000,
  );

  withSam(
    `works with SAM itself${whySkipped(hasSam, 'sam is not installed')}`,
    async () => {
      await done('make package', { npx: STAND_INS.npx });
      expect(await deployed()).toBe('CREATE_COMPLETE');
    },
    300_000,
  );
});

interface Workflow {
  readonly on: unknown;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: {
    readonly deploy: {
      readonly steps: readonly {
        readonly name?: string;
        readonly uses?: string;
        readonly run?: string;
        readonly with?: Readonly<Record<string, unknown>>;
      }[];
    };
  };
}

describe('the workflow of sam-pipeline', () => {
  const { on, permissions, jobs } = parse(
    readFileSync(path.join(EXAMPLE, '.github/workflows/deploy.yaml'), 'utf8'),
  ) as Workflow;
  const { steps } = jobs.deploy;

  test('has a role and no keys', () => {
    expect(on).toEqual({ push: { branches: ['main'] } });
    expect(permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    const access = steps.find(({ uses }) => uses?.startsWith('aws-actions/configure-aws-credentials@'));
    expect(Object.keys(access?.with ?? {})).toEqual(['role-to-assume', 'aws-region']);
    expect(JSON.stringify(steps)).not.toContain('secrets.');
  });

  test('builds, packages and deploys what the account then runs', async () => {
    const commands = steps.flatMap(({ name = '', run }) => (run === undefined ? [] : [{ name, run }]));
    expect(commands.map(({ name }) => name)).toEqual(['build', 'package', 'deploy']);
    for (const { run } of commands) await done(run);
    expect(said('deployed')).toBe('deploy --config-env prod --no-confirm-changeset');
    expect(await deployed()).toBe('CREATE_COMPLETE');
  }, 120_000);
});
