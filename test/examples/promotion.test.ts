import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EXIT } from '../../packager/cli/exit-codes.ts';
import { run } from '../../packager/cli/program.ts';
import { TestAccount } from '../packager/bootstrap/account.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** The story of docs/promotion.md is what a person sees: in an account, through its S3, its keeper and its bucket's policy. */

const isUpdated = process.env['UPDATE_GOLDEN'] === '1';

knowEveryError();
hideOwnEnvironment();

const PAGE = path.join(import.meta.dirname, '../../docs/promotion.md');
const BUILDS = [24, 25, 26];

let account: TestAccount;
let folder: string;

beforeEach(async () => {
  account = await TestAccount.open({}, true);
  folder = await temporaryFolder();
  for (const build of BUILDS) writeFileSync(path.join(folder, wheel(build)), `wheel of build ${build}\n`);
  writeFileSync(path.join(folder, 'report-24.xml'), '<testsuites failures="0"/>\n');
});

afterEach(async () => {
  await account.close();
});

const wheel = (build: number): string => `foo-1.0.0-${build}-py3-none-any.whl`;

/** Both streams in the order in which they are written. */
async function onScreen(line: string): Promise<string> {
  const [program = '', ...argv] = line.split(' ');
  if (program === 'cmp') {
    const [one = '', other = ''] = argv.map((file) => readFileSync(path.join(folder, file), 'utf8'));
    expect(one).toBe(other);
    return '';
  }
  expect(program).toBe('cfn-artifacts');
  const terminal = recordedTerminal({ cwd: folder, env: { ...account.env(), ...CI } });
  const { stdout } = terminal;
  const exitCode = await run(argv, { ...terminal, stderr: stdout });
  expect([exitCode, stdout.text]).toEqual([stdout.text.includes('error: ') ? EXIT.input : EXIT.ok, stdout.text]);
  return stdout.text;
}

/** The machine that this runs on is none of the page's. */
const CI = { GITHUB_ACTIONS: undefined, CI: undefined };

/** The same on every day; digests are cut short. */
function comparable(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, '2026-11-21 05:07Z')
    .replaceAll(/(?<=sha256:[0-9a-f]{6})[0-9a-f]+/g, '…')
    .trimEnd();
}

/** What is typed and what appears, block by block. */
function sessions(page: string): readonly string[] {
  return [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, session = '']) => session);
}

describe('docs/promotion.md', () => {
  test('shows the story as it is', async () => {
    expect(await account.run(['bootstrap', '--yes'])).toMatchObject({ exitCode: 0 });
    const page = readFileSync(PAGE, 'utf8');
    let shown = page;
    for (const session of sessions(page)) {
      const steps = session.split(/^\$ /m).slice(1);
      const seen: string[] = [];
      for (const step of steps) {
        const [command = ''] = step.split('\n');
        seen.push(comparable(`$ ${command}\n${await onScreen(command)}`));
      }
      shown = shown.replace(session, () => `${seen.join('\n')}\n`);
    }
    expect(sessions(page).length).toBeGreaterThan(5);
    if (isUpdated) writeFileSync(PAGE, shown);
    expect(sessions(readFileSync(PAGE, 'utf8'))).toEqual(sessions(shown));
  }, 120_000);
});
