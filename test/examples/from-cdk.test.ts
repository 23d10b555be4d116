import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { TestAccount } from '../packager/bootstrap/account.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { EXAMPLES } from './example.ts';
import type { Command } from './session.ts';
import { carriedOut, commandOf, stepsIn, usualCommands } from './session.ts';

/** The session in docs/from-cdk.md, from an app to a stack that is gone again, is what a person sees. */

knowEveryError();
hideOwnEnvironment();

const ROOT = path.resolve(import.meta.dirname, '../..');
let account: TestAccount;
let folder: string;

beforeEach(async () => {
  account = await TestAccount.open({}, true);
  folder = path.join(await temporaryFolder(), 'cdk');
  cpSync(path.join(EXAMPLES, 'cdk'), folder, { recursive: true });
  await install();
});

afterEach(async () => {
  await account.close();
});

/** What `npm install` does, with this package as it is in the sources. */
async function install(): Promise<void> {
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, 'cfn-artifacts'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs']) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'junction');
  }
  writeFileSync(path.join(modules, 'cfn-artifacts/package.json'), '{"type":"module","exports":{"./cdk":"./cdk.js"}}');
  await build({
    ...{ entryPoints: [path.join(ROOT, 'cdk/index.ts')], outfile: path.join(modules, 'cfn-artifacts/cdk.js') },
    ...{ bundle: true, format: 'esm', platform: 'node', packages: 'external' },
  });
}

/** As much of a shell, of the AWS CLI and of the account as the session needs. */
const COMMANDS: readonly Command[] = [
  ...usualCommands(() => ({ account, folder })),
  {
    matches: /^cfn-artifacts (?<argv>[^>]*?)(?: > (?<file>\S+))?$/,
    carryOut: async ({ argv = '', file }) => {
      const { exitCode, terminal } = await account.runIn(argv.split(' '), { cwd: folder });
      const { stdout, stderr } = terminal;
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr.text }).toEqual({ exitCode: 0, stderr: '' });
      if (file === undefined) return stderr.text + stdout.text;
      writeFileSync(path.join(folder, file), stdout.text);
      return stderr.text;
    },
  },
  {
    matches: /^node app\.mjs$/,
    carryOut: async () => {
      const settings = { cwd: folder, env: { PATH: process.env['PATH'] } };
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['app.mjs'], settings);
      return stdout + stderr;
    },
  },
  {
    matches: /^aws cloudformation deploy --template-file (?<file>\S+) --stack-name (?<name>\S+) --capabilities .*$/,
    carryOut: async ({ file = '', name = '' }) => {
      const { status, reason } = await account.engine.deploy(name, readFileSync(path.join(folder, file), 'utf8'));
      expect({ status, reason }).toMatchObject({ status: expect.stringMatching(/^(?:CREATE|UPDATE)_COMPLETE$/) });
      return '';
    },
  },
];

/** The same on every day and with every release of the CDK, whichever upload ends first. */
function comparable(text: string): string {
  const lines = text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'yyyy-mm-dd hh:mmZ')
    .replaceAll(/(?<=sha256:)[0-9a-f]+/g, '…')
    .replaceAll(/(?<=:stack\/\w+\/)[0-9a-f-]+/g, '…')
    .trimEnd()
    .split('\n');
  const isUpload = (line: string): boolean => line.startsWith('uploaded ');
  return [...lines.filter((line) => !isUpload(line)), ...lines.filter(isUpload).sort()].join('\n');
}

/** What is typed and what appears, one command after the other. */
function steps(): readonly string[] {
  const page = readFileSync(path.join(ROOT, 'docs/from-cdk.md'), 'utf8');
  const sessions = [...page.matchAll(/^```console\n(?<session>.*?)^```$/gms)].map(({ groups }) => groups?.['session']);
  return sessions.flatMap((session = '') => stepsIn(session));
}

test('docs/from-cdk.md shows an app that is packaged, deployed, changed and deleted, as it is', async () => {
  const seen: string[] = [];
  for (const command of steps().map(commandOf))
    seen.push(comparable(`${command}\n${await carriedOut(command, COMMANDS)}`));
  expect(seen).toEqual(steps().map(comparable));
});
