import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PACKAGE, PACKAGE_FOREIGN } from '../../packager/cli/syntax/package-flags.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { ShellBlock } from '../support/shell-blocks.ts';
import { blocksOf, runBlock } from '../support/shell-blocks.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';

/** docs/from-sam.md is gone through as its reader would: in an account on the S3 server of the tests, where what `sam deploy` is given is deployed. */

const ROOT = path.join(import.meta.dirname, '../..');
const PAGE = path.join(ROOT, 'docs/from-sam.md');
const hasMake = spawnSync('make', ['--version']).status === 0;

/** As much of SAM as the page calls: dependencies that were installed, bundles that were made, and a template that names them. */
const SAM = `#!/bin/sh -e
command=$1; shift
case $command in
  build)
    mkdir -p .aws-sam/build
    for one in \${1:-Greet Report}; do
      mkdir -p .aws-sam/build/$one
      case $one in
        Greet) echo 'exports.handler = async () => 1;' > .aws-sam/build/Greet/greet.js ;;
        Report) cp report/* .aws-sam/build/Report/; echo '' > .aws-sam/build/Report/tabulate.py ;;
      esac
    done
    expression='s|CodeUri: greet|CodeUri: ../../greet|; s|CodeUri: report|CodeUri: Report|'
    [ -d .aws-sam/build/Greet ] && expression='s|CodeUri: greet|CodeUri: Greet|; s|CodeUri: report|CodeUri: Report|'
    sed "$expression" template.yaml > .aws-sam/build/template.yaml ;;
  package) : ;;
  deploy) cp packaged.yaml deployed.yaml ;;
esac
`;

let account: Account;
let folder: string;

hideOwnEnvironment();

beforeEach(async () => {
  account = await accountOnServer();
  folder = path.join(await temporaryFolder(), 'hello');
  mkdirSync(folder);
});

afterEach(async () => {
  await account.close();
});

/** Blocks that say behind their language which file they are. */
function writeFiles(): void {
  for (const language of ['yaml', 'ts', 'python', 'text', 'toml']) {
    for (const { info, text } of blocksOf(PAGE, language)) {
      const [, name] = info.split(' ');
      if (name === undefined) continue;
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  }
}

/** Takes the lines out that a block of the page takes out. */
function applyDifference(): void {
  const difference = blocksOf(PAGE, 'diff').find(({ info }) => info === 'diff samconfig.toml');
  const file = path.join(folder, 'samconfig.toml');
  const [before, after] = [/^[ -].*\n/gm, /^[ +].*\n/gm].map((lines) =>
    (difference?.text.match(lines) ?? []).map((line) => line.slice(1)).join(''),
  );
  const text = readFileSync(file, 'utf8');
  expect(before).not.toBe('');
  expect(text).toContain(before);
  writeFileSync(file, text.replace(before ?? '', after ?? ''));
}

async function run(block: ShellBlock): Promise<string> {
  const installed = path.join(await temporaryFolder(), 'node_modules');
  mkdirSync(installed);
  symlinkSync(ROOT, path.join(installed, 'cfn-artifacts'));
  const env = Object.fromEntries(
    Object.entries(account.publisher).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const { status, screen } = await runBlock(block, {
    ...{ cwd: folder, env: { ...env, CFN_ARTIFACTS_CACHE: 'off' } },
    programs: {
      sam: SAM,
      npx: '#!/bin/sh\n[ "$1" = --yes ] && shift\nexec "$@"\n',
      npm: `#!/bin/sh\n[ "$1" = root ] && echo '${installed}' || exit 0\n`,
    },
  });
  expect({ line: block.line, status, screen }).toEqual({ line: block.line, status: 0, screen });
  return screen;
}

/** Every stack is created or updated by what the block gave to `sam deploy`. */
async function deployed(below: string): Promise<string | undefined> {
  const file = path.join(below, 'deployed.yaml');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  return (await account.engine.deploy(path.basename(below), text)).status;
}

describe('docs/from-sam.md', () => {
  const blocks = blocksOf(PAGE);
  const isForMake = ({ text }: ShellBlock): boolean => text.includes('make ');

  test('leads from SAM to packaged templates that can be deployed', async () => {
    writeFiles();
    const ends: (string | undefined)[] = [];
    const screens: string[] = [];
    for (const block of blocks.filter((one) => !isForMake(one))) {
      if (block.text.includes('cfn-artifacts package') && screens.every((screen) => !screen.includes('uploaded')))
        applyDifference();
      if (block.text.includes('sam package')) writeFileSync(path.join(folder, 'packaged.yaml'), '');
      screens.push(await run(block));
      if (block.text.includes('cfn-artifacts package')) ends.push(await deployed(folder));
      else rmSync(path.join(folder, 'deployed.yaml'), { force: true });
    }
    expect(ends).toEqual(['CREATE_COMPLETE', 'UPDATE_COMPLETE', undefined]);
    const line = `sam deploy --template-file ${folder}/packaged.yaml\n`;
    expect(screens.filter((screen) => screen.includes(line))).toHaveLength(3);
    expect(screens.join('')).not.toContain('warning');
    const saved = blocksOf(PAGE, 'toml').find(({ info }) => info === 'toml')?.text ?? 'none';
    expect(readFileSync(path.join(folder, 'samconfig.toml'), 'utf8')).toContain(saved);
  }, 240_000);

  (hasMake ? test : test.skip)(
    `ends in the pipeline of the example${whySkipped(hasMake, 'make is not installed')}`,
    async () => {
      for (const block of blocks.filter(isForMake)) await run(block);
      expect(await deployed(path.join(folder, 'sam-pipeline'))).toBe('CREATE_COMPLETE');
    },
    120_000,
  );

  test('has every option of sam package, and every option here that a run of SAM does not know', () => {
    const flags = new Set(readFileSync(PAGE, 'utf8').match(/(?<=`)--[a-z0-9-]+(?=`)/g));
    for (const { name } of PACKAGE_FOREIGN) expect(flags).toContain(`--${name}`);
    const ofSam = [
      'templateFile',
      'outputTemplateFile',
      's3Bucket',
      'resolveS3',
      's3Prefix',
      'forceUpload',
      'metadata',
    ] as const;
    const others = ['kmsKeyId', 'useJson', 'progressBar', 'configFile', 'configEnv', 'saveParams'] as const;
    for (const key of [...ofSam, ...others]) expect(flags).toContain(`--${PACKAGE[key].name}`);
  });
});
