import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TestAccount } from '../packager/bootstrap/account.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { blocksOf, runBlock } from '../support/shell-blocks.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** docs/recipes.md: each block does what it is said to do, one after the other. */

const PAGE = path.join(import.meta.dirname, '../../docs/recipes.md');
const CODE = "export const handler = async () => 'ok';\n";
/** What the page's templates name. */
const FILES = {
  'services/api/src/index.mjs': CODE,
  'services/api/src/index.test.mjs': '// none\n',
  'services/mail/src/index.mjs': CODE,
  'layer/nodejs/node_modules/greeting/index.mjs': "export const greeting = 'Hello';\n",
  'weights.bin': 'heavy',
};
/** What must be on the screen, by the heading of the block; of each block the status is looked at. */
const SHOWN: Readonly<Record<string, readonly RegExp[]>> = {
  'A monorepo': [
    /uploaded shop\/services\/api\/src /,
    /uploaded shop\/services\/mail\/src /,
    /^default\/shop\/services\/mail\/src +1 /m,
  ],
  'A layer that several stacks share': [/names version 1 now/],
  'Nested stacks': [/uploaded shop\/services\/api\/template.yaml /],
  'Leaving files out': [/index\.test\.mjs.*\*\.test\.mjs|\*\.test\.mjs/],
  'Going back': [/uploaded shop\/services\/mail\/src .*shop\/services\/mail\/src:2@/],
  'Proving what is deployed': [/^[0-9a-f]{64} /m, /verified/],
  'Cleaning up': [/^default\/shop\/services\/mail\/src:1 /m],
  'Large models and data': [/models\/text:1@sha256:/],
  'Without AWS': [/^default\/\S+\/src +1 /m],
};

let account: TestAccount;
let folder: string;

hideOwnEnvironment();

beforeEach(async () => {
  account = await TestAccount.open({}, true);
  folder = path.join(await temporaryFolder(), 'project');
  const onPage = blocksOf(PAGE, 'yaml').map(({ info, text }) => [info.split(' ')[1] ?? '', text] as const);
  for (const [name, text] of [...Object.entries(FILES), ...onPage]) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  for (const argv of [
    ['init', '--quiet'],
    ['add', '.'],
    [...author, 'commit', '--quiet', '-m', 'All'],
  ])
    expect(spawnSync('git', argv, { cwd: folder }).status).toBe(0);
  expect((await account.runIn(['bootstrap', '--yes'])).exitCode).toBe(0);
});

afterEach(async () => {
  await account.close();
});

test('docs/recipes.md is so, recipe by recipe', async () => {
  const screens = new Map<string, string>();
  for (const { heading, line, text } of blocksOf(PAGE)) {
    const env = { ...account.env(), CFN_ARTIFACTS_CACHE: 'off' };
    const { status, screen } = await runBlock({ text }, { cwd: folder, env });
    expect({ line, status, screen }).toEqual({ line, status: 0, screen });
    screens.set(heading, `${screens.get(heading) ?? ''}${screen}`);
  }
  for (const [heading, shown] of Object.entries(SHOWN))
    for (const one of shown) expect(screens.get(heading)).toMatch(one);
  expect([...screens.values()].join('')).not.toMatch(/^error/m);
}, 300_000);
