import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { EXIT } from '../../packager/cli/exit-codes.ts';
import { run } from '../../packager/cli/program.ts';
import { TestAccount } from '../packager/bootstrap/account.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { blocksOf, runBlock } from '../support/shell-blocks.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { EXAMPLES } from './example.ts';
import type { Command } from './session.ts';
import { carriedOut, commandOf, stepsIn, usualCommands } from './session.ts';

/** The session in README.md, from an account that has nothing to a stack that is gone again, is what a person sees. */

knowEveryError();

let account: TestAccount;
let folder: string;

hideOwnEnvironment();

beforeEach(async () => {
  account = await TestAccount.open({}, true);
  folder = path.join(await temporaryFolder(), 'layer');
  cpSync(path.join(EXAMPLES, 'layer'), folder, { recursive: true });
});

afterEach(async () => {
  await account.close();
});

/** As much of a shell, of the AWS CLI and of the account as the session needs. */
const COMMANDS: readonly Command[] = [
  ...usualCommands(() => ({ account, folder })),
  {
    matches: /^cfn-artifacts (?<argv>[^>]*?)(?: > (?<file>\S+))?$/,
    carryOut: async ({ argv = '', file }) => {
      if (file === undefined) return onScreen(argv.split(' '));
      const { exitCode, terminal } = await account.runIn(argv.split(' '), { cwd: folder });
      expect(exitCode).toBe(0);
      const { stdout, stderr } = terminal;
      writeFileSync(path.join(folder, file), stdout.text);
      return stderr.text;
    },
  },
  {
    matches: /^sed -i 's\/(?<before>[^/]+)\/(?<after>[^/]+)\/' (?<file>\S+) +# .*$/,
    carryOut: async ({ before = '', after = '', file = '' }) => {
      const text = readFileSync(path.join(folder, file), 'utf8');
      expect(text).toContain(before);
      writeFileSync(path.join(folder, file), text.replace(before, after));
      return '';
    },
  },
  {
    matches:
      /^aws cloudformation deploy --template-file (?<file>\S+) --stack-name (?<name>\S+) (?<needs>--capabilities .*)$/,
    carryOut: async ({ file = '', name = '', needs }) => {
      const { status } = await account.engine.deploy(name, readFileSync(path.join(folder, file), 'utf8'));
      expect(needs).toBe(await capabilities());
      return /^(CREATE|UPDATE)_COMPLETE$/.test(status) ? '' : failedDeploy(name);
    },
  },
];

/** Both streams in the order in which they are written. */
async function onScreen(argv: readonly string[]): Promise<string> {
  const terminal = recordedTerminal({ cwd: folder, env: account.env() });
  const { stdout } = terminal;
  const exitCode = await run(argv, { ...terminal, stderr: stdout });
  const isRefused = stdout.text.startsWith('error: ');
  expect(exitCode).toBe(isRefused ? EXIT.input : stdout.text.endsWith(': it stays\n') ? EXIT.findings : EXIT.ok);
  return stdout.text;
}

/** What the AWS CLI says where the stack went back. */
function failedDeploy(name: string): string {
  return [
    'Failed to create/update the stack. Run the following command',
    'to fetch the list of events leading up to the failure',
    `aws cloudformation describe-stack-events --stack-name ${name}`,
  ].join('\n');
}

/** As `package` tells them where it writes a file. */
async function capabilities(): Promise<string | undefined> {
  const output = path.join(await temporaryFolder(), 'packaged.yaml');
  const { terminal } = await account.runIn(['package', '--output-template-file', output], { cwd: folder });
  return /--capabilities .*/.exec(terminal.stdout.text)?.[0];
}

/** The same on every day; digests are cut short, as the page has them. */
function comparable(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'yyyy-mm-dd hh:mmZ')
    .replaceAll(/(?<=sha256:[0-9a-f]{6})[0-9a-f]+/g, '…')
    .trimEnd();
}

/** What is typed and what appears, one command after the other, in a section of the page. */
function stepsOf(title: string): readonly string[] {
  const text = readFileSync('README.md', 'utf8')
    .split(/^## /m)
    .find((section) => section.startsWith(`${title}\n`));
  const session = /^```console\n(?<session>.*?)^```$/ms.exec(text ?? '')?.groups?.['session'] ?? '';
  return stepsIn(session);
}

test('README.md shows a deploy, and deletions while its stack runs, as they are', async () => {
  const deploying = stepsOf('Deploy');
  expect(deploying.filter((step) => step.startsWith('cfn-artifacts')).length).toBeGreaterThan(4);
  const deleting = stepsOf('Deleting without fear');
  expect(deleting).toHaveLength(3);
  // Before the stack is updated to what does not exist, and deleted.
  const updated = deploying.findIndex((step) => step.startsWith('sed '));
  const steps = [...deploying.slice(0, updated), ...deleting, ...deploying.slice(updated)];
  const seen: string[] = [];
  for (const command of steps.map(commandOf))
    seen.push(comparable(`${command}\n${await carriedOut(command, COMMANDS)}`));
  expect(seen).toEqual(steps.map(comparable));
});

/** Blocks that no test here runs, by their headings, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  Install: 'it asks the registry; test/packager/program runs what is installed',
};

/** What the blocks of a section find in their folder. */
const FILES: Readonly<Record<string, string>> = {
  'rules.yaml': 'lifecycle: [{ id: few, match: "**", keepNewest: 3, expireUnusedDays: 30 }]\n',
  'dist/app.whl': 'a wheel',
  'dist/index.html': '<p>hello</p>\n',
  'report.xml': '<testsuite tests="1" failures="0"/>\n',
};

test('every other shell block of README.md does what it says, or is known not to be run', async () => {
  expect((await account.runIn(['bootstrap', '--yes'])).exitCode).toBe(0);
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const blocks = blocksOf('README.md');
  const run = blocks.filter(({ heading }) => NOT_RUN[heading] === undefined);
  expect(run.length).toBeGreaterThan(2);
  for (const { line, text } of run) {
    const { status, screen } = await runBlock({ text }, { cwd: folder, env: { ...account.env(), CI: 'true' } });
    expect({ line, status, screen }).toEqual({ line, status: 0, screen });
  }
  for (const heading of Object.keys(NOT_RUN)) expect(blocks.map((block) => block.heading)).toContain(heading);
}, 300_000);

test('README.md begins with a template before and after it is packaged', async () => {
  const [difference] = blocksOf('README.md', 'diff');
  const side = (sign: '-' | '+'): string =>
    (difference?.text ?? '').replaceAll(/^(.)(.*\n)/gm, (_, mark: string, rest: string) =>
      mark === ' ' || mark === sign ? rest : '',
    );
  const project = path.join(await temporaryFolder(), 'shop');
  mkdirSync(path.join(project, 'functions/orders'), { recursive: true });
  writeFileSync(path.join(project, 'functions/orders/index.mjs'), 'export const handler = async () => "ok";\n');
  writeFileSync(path.join(project, 'template.yaml'), side('-'));
  const { exitCode, terminal } = await account.runIn(['package'], { cwd: project });
  expect(exitCode).toBe(0);
  const same = (text: string): string =>
    text
      .replaceAll(/[0-9a-f]{6}(?:…|[0-9a-f]{58})/g, 'DIGEST')
      .replace(/:artifacts:\S+?:default/, ':artifacts:PLACE:default');
  expect(same(terminal.stdout.text).replace('orders:1@', 'orders:3@')).toBe(same(side('+')));
});
