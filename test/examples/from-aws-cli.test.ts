import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PACKAGE, PACKAGE_FOREIGN, AWS_CLI_FOREIGN } from '../../packager/cli/syntax/package-flags.ts';
import { TestAccount } from '../packager/bootstrap/account.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { knowEveryError } from '../support/realm.ts';
import type { ShellBlock } from '../support/shell-blocks.ts';
import { blocksOf, runBlock } from '../support/shell-blocks.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';

/** docs/from-aws-cli.md is followed from its beginning to its end, with the AWS CLI that is on this machine. */

knowEveryError();
hideOwnEnvironment();

const PAGE = path.join(import.meta.dirname, '../../docs/from-aws-cli.md');
const hasAws = spawnSync('aws', ['--version']).status === 0;

let account: TestAccount;
let folder = '';
let home = '';

beforeEach(async () => {
  account = await TestAccount.open({ read }, true);
  account.server.createBucket('my-deployments', { owner: '111122223333' });
  home = await temporaryFolder();
  folder = path.join(home, 'hello');
  mkdirSync(folder);
});

afterEach(async () => {
  await account.close();
});

/** Functions take their code from any bucket of the account. */
async function read({
  bucket,
  key,
}: {
  readonly bucket: string;
  readonly key: string;
}): Promise<Uint8Array | undefined> {
  const object = account.server.buckets.get(bucket)?.current(key);
  if (object === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of object.bytes.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** `yaml template.yaml`: a file of the reader's. */
function write(blocks: readonly ShellBlock[]): void {
  for (const { info, text } of blocks) {
    const [, name = ''] = info.split(' ');
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

/** What a reader's machine has, and what it need not do for a test. */
const PROGRAMS = { npm: '#!/bin/sh\n[ "$*" = "install --global cfn-artifacts" ] && echo "added 1 package"\n' };

async function typed(text: string): Promise<string> {
  const env = { ...account.env(), HOME: home, AWS_DEFAULT_REGION: account.env()['AWS_REGION'] };
  const { status, screen } = await runBlock({ text }, { cwd: folder, env, programs: PROGRAMS });
  expect({ text, status, screen }).toEqual({ text, status: 0, screen });
  return screen;
}

(hasAws ? test : test.skip)(
  `docs/from-aws-cli.md is so from its beginning to its end${whySkipped(hasAws, 'the AWS CLI is not installed')}`,
  async () => {
    expect(await account.run(['bootstrap', '--yes'])).toMatchObject({ exitCode: 0 });
    write([...blocksOf(PAGE, 'yaml'), ...blocksOf(PAGE, 'js')]);
    const screens = new Map<string, string[]>();
    const packaged: string[] = [];
    for (const { text, heading } of blocksOf(PAGE)) {
      screens.set(heading, [...(screens.get(heading) ?? []), await typed(text)]);
      if (text.includes('--output-template-file'))
        packaged.push(readFileSync(path.join(folder, 'packaged.yaml'), 'utf8'));
    }
    const [theirs = '', ours = '', withDomain = ''] = packaged;
    expect(theirs).not.toContain('# says hello');
    expect(ours).toContain('# says hello\n');
    expect(ours).toMatch(/S3Bucket: my-deployments/);
    expect(withDomain).toContain('Type: Custom::ArtifactRef');
    expect(account.engine.stack('hello')).toMatchObject({ status: 'UPDATE_COMPLETE' });

    const [, switched = '', explained = ''] = screens.get('One word at a time') ?? [];
    expect(switched).toContain('Successfully packaged artifacts and wrote output template to file packaged.yaml.');
    expect(explained).toContain("names    the folder 'src', which becomes an archive: 1 file");
    const [used = '', removed = ''] = screens.get('The alias') ?? [];
    expect(used).toMatch(/^arn:aws:artifacts:local:000000000000:default\/hello\/src:1@sha256:/m);
    expect(used).toMatch(/^default\/hello\//m);
    expect(removed).toContain('is no longer in');
    const [, shadowed = ''] = screens.get('`aws cloudformation package` itself') ?? [];
    expect(shadowed).toContain('# says hello\n');
  },
  240_000,
);

test('docs/from-aws-cli.md has every flag of the AWS CLI', () => {
  const page = readFileSync(PAGE, 'utf8');
  const table = /^## Flags\n(.*?)^## /ms.exec(page)?.[1] ?? '';
  const named = [...table.matchAll(/`--([a-z0-9-]+)`/g)].map(([, name]) => name ?? '');
  // `aws cloudformation package help`, and the global options.
  const theirs = [
    'template-file',
    's3-bucket',
    's3-prefix',
    'kms-key-id',
    'output-template-file',
    'use-json',
    'force-upload',
    'metadata',
  ];
  const known = [...Object.values(PACKAGE), ...PACKAGE_FOREIGN, ...AWS_CLI_FOREIGN].map(({ name }) => name);
  expect(named).toEqual(expect.arrayContaining([...theirs, ...AWS_CLI_FOREIGN.map(({ name }) => name)]));
  for (const name of named) expect(known).toContain(name);
});
