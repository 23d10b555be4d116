import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run as runInstallAlias } from '../../../packager/cli/commands/install-alias.ts';
import { run } from '../../../packager/cli/program.ts';
import { createWarnings } from '../../../packager/cli/talk/warnings.ts';
import type { DiesAt } from '../../support/alias-child.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { runScript } from '../../support/child-script.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import type { Ran } from '../../support/shell-blocks.ts';
import { programsFolder, runBlock } from '../../support/shell-blocks.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();

const ALIAS_CHILD = path.join(import.meta.dirname, '../../support/alias-child.ts');

let home = '';
let file = '';

beforeEach(async () => {
  home = await temporaryFolder();
  file = path.join(home, '.aws/cli/alias');
});

/** On a machine that has the program on its PATH. */
async function installAlias(...flags: readonly string[]) {
  const terminal = recordedTerminal({ cwd: home, env: { HOME: home, PATH: await programs() } });
  const exitCode = await run(['install-alias', ...flags], terminal);
  return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}

let folder: Promise<string> | undefined;
const programs = (): Promise<string> => (folder ??= programsFolder());

function write(text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe('install-alias', () => {
  test('makes the file, and takes it away again', async () => {
    expect(await installAlias()).toEqual({
      exitCode: 0,
      stdout: "'aws artifacts' is in '.aws/cli/alias'\n  aws artifacts help\n",
      stderr: '',
    });
    expect(readFileSync(file, 'utf8')).toBe(
      '[toplevel]\n# written by cfn-artifacts install-alias, with its section\nartifacts = !CFN_ARTIFACTS_AWS_PROCESS=$PPID cfn-artifacts\n',
    );
    expect((await installAlias()).stdout).toBe("'aws artifacts' is already in '.aws/cli/alias'\n");
    expect(await installAlias('--remove')).toMatchObject({
      exitCode: 0,
      stdout: "'aws artifacts' is no longer in '.aws/cli/alias'\n",
    });
    expect(existsSync(file)).toBe(false);
    expect((await installAlias('--remove')).stdout).toBe("no alias of this program is in '.aws/cli/alias'\n");
    expect(existsSync(file)).toBe(false);
  });

  test('changes no other byte, no permission and no link', async () => {
    const text = Buffer.from('; gr\u00fc\u00dfe \r\n[toplevel]\r\nwho = sts get-caller-identity', 'latin1');
    const real = path.join(home, 'dotfiles-alias');
    writeFileSync(real, text);
    chmodSync(real, 0o640);
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync(real, file);
    expect((await installAlias('--shadow-package')).exitCode).toBe(0);
    expect(readFileSync(real, 'latin1')).toContain(`${text.toString('latin1')}\r\n# written by`);
    expect((await installAlias('--remove', '--shadow-package')).exitCode).toBe(0);
    expect(readFileSync(real, 'latin1')).toMatch(/\r\nartifacts = \S+ cfn-artifacts$/);
    expect((await installAlias('--remove')).exitCode).toBe(0);
    expect(readFileSync(real)).toEqual(text);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readdirSync(path.dirname(file))).toEqual(['alias']);
  });

  test('leaves a file that a link leads to, though nothing else is in it', async () => {
    const real = path.join(home, 'dotfiles-alias');
    writeFileSync(real, '');
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync(real, file);
    await installAlias();
    expect((await installAlias('--remove')).exitCode).toBe(0);
    expect(readFileSync(real, 'utf8')).toBe('');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
  });

  test.each([
    ['a folder below the working directory', 'here', (cwd: string) => path.join(cwd, 'here')],
    ['nothing', '', () => '/'],
  ])('has the home that the AWS CLI has where HOME is %s', async (_what, given, expected) => {
    const terminal = recordedTerminal({ cwd: home, env: { HOME: given, PATH: await programs() } });
    expect(await run(['install-alias', '--print', '--json'], terminal)).toBe(0);
    expect(JSON.parse(terminal.stdout.text)).toMatchObject({ file: path.join(expected(home), '.aws/cli/alias') });
  });

  test('writes below a home that is named from the working directory', async () => {
    const terminal = recordedTerminal({ cwd: home, env: { HOME: 'here', PATH: await programs() } });
    expect({ exitCode: await run(['install-alias'], terminal), stderr: terminal.stderr.text }).toEqual({
      exitCode: 0,
      stderr: '',
    });
    expect(readFileSync(path.join(home, 'here/.aws/cli/alias'), 'utf8')).toContain('artifacts = ');
  });

  test('says why it can not read or write, and which line the AWS CLI can not', async () => {
    write('[toplevel]\nwhoami\n');
    expect((await installAlias()).stderr).toBe(
      `error: ${file}:2:1: the AWS CLI can't read this line: there is no NAME = VALUE\n  Correct it first: every command of the AWS CLI fails with it.\n`,
    );
    rmSync(file);
    mkdirSync(file);
    expect((await installAlias('--remove')).stderr).toMatch(
      / can't be read: it is a folder \(EISDIR\)\n {2}The AWS CLI looks/,
    );
    rmSync(path.join(home, '.aws'), { recursive: true });
    writeFileSync(path.join(home, '.aws'), '');
    expect(await installAlias()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/ can't be written to: a part of its path is a file \(ENOTDIR\)/),
    });
  });

  test('shows what it would write, and writes nothing', async () => {
    write('[toplevel]\nwho = x\n');
    const { exitCode, stdout, stderr } = await installAlias('--print', '--shadow-package');
    expect({ exitCode, stderr: stderr.replace(/^warning: .*\n.*\n/, '') }).toEqual({
      exitCode: 0,
      stderr: "so '.aws/cli/alias' would be\n",
    });
    expect(readFileSync(file, 'utf8')).toBe('[toplevel]\nwho = x\n');
    await installAlias('--shadow-package');
    expect(readFileSync(file, 'utf8')).toBe(stdout);
    const again = await installAlias('--print');
    expect(again).toEqual({ exitCode: 0, stdout, stderr: "'.aws/cli/alias' is so already\n" });
  });

  test("refuses where somebody's aliases have the names, with their lines, and writes none", async () => {
    const text = '[toplevel]\nartifacts = s3 ls\n[command cloudformation]\npackage = !mine\n';
    write(text);
    const { exitCode, stderr } = await installAlias('--shadow-package');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error: ${file}:2:1: 'aws artifacts' is another alias already\n`);
    expect(stderr).toContain(`error: ${file}:4:1: 'aws cloudformation package' is another alias already\n`);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect((await installAlias('--remove')).stdout).toMatch(/^no alias of this program is in /);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('tells a script', async () => {
    const { stdout } = await installAlias('--json');
    expect(JSON.parse(stdout)).toEqual({
      ...{ file, aliases: ['aws artifacts'], removed: false, changed: true, warnings: [] },
    });
  });

  test('warns where the AWS CLI would not find the program', async () => {
    const terminal = recordedTerminal({ cwd: home, env: { HOME: home, PATH: '/no/such/folder' } });
    expect(await run(['install-alias'], terminal)).toBe(0);
    expect(terminal.stderr.text).toBe(
      "warning: 'cfn-artifacts' is in no folder of PATH, where the AWS CLI looks for it\n  npm install --global cfn-artifacts\n",
    );
  });

  test.each([
    ['aws-cli/1.45.11 Python/3.11.7 Linux/6 botocore/1.43.11', true],
    ['aws-cli/2.8.13 Python/3.9.11 Darwin/22 exe/x86_64', true],
    ['aws-cli/2.9.0 Python/3.9.11 Darwin/22 exe/x86_64', false],
    ['aws-cli/2.36.7 Python/3.13.4 Linux/6 exe/x86_64', false],
  ])('of %s warns whether aliases of subcommands are known', async (version, isWarned) => {
    const own = await programsFolder({ aws: `#!/bin/sh\necho '${version}'\n` });
    const terminal = recordedTerminal({ cwd: home, env: { HOME: home, PATH: `${own}:/usr/bin:/bin` } });
    expect(await run(['install-alias', '--shadow-package'], terminal)).toBe(0);
    expect(terminal.stderr.text.includes('knows no aliases for subcommands')).toBe(isWarned);
    expect(readFileSync(file, 'utf8')).toContain('[command cloudformation]\n');
  });

  test('keeps what an editor saves while it works', async () => {
    write('[toplevel]\nwho = sts get-caller-identity\n');
    // It is asked for its version behind the first look at the file.
    const own = await programsFolder({ aws: `#!/bin/sh\necho 'mine = s3 ls' >> '${file}'\necho aws-cli/2.36.7\n` });
    const terminal = recordedTerminal({ cwd: home, env: { HOME: home, PATH: `${own}:/usr/bin:/bin` } });
    expect(await run(['install-alias', '--shadow-package'], terminal)).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('who = sts get-caller-identity\nmine = s3 ls\n');
    expect(text).toMatch(/^artifacts = /m);
    expect(text).toMatch(/^package = /m);
    expect(readdirSync(path.dirname(file))).toEqual(['alias']);
  });

  test('loses nothing of several at once', async () => {
    await installAlias('--shadow-package');
    // As an earlier version wrote it.
    write(readFileSync(file, 'utf8').replace(/^artifacts = .*$/m, 'artifacts = !cfn-artifacts'));
    const ran = await Promise.all([installAlias(), installAlias('--remove', '--shadow-package'), installAlias()]);
    expect(ran.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      ran.map(() => ({ exitCode: 0, stderr: '' })),
    );
    expect(readFileSync(file, 'utf8')).toBe(
      '[toplevel]\n# written by cfn-artifacts install-alias, with its section\nartifacts = !CFN_ARTIFACTS_AWS_PROCESS=$PPID cfn-artifacts\n',
    );
    expect(readdirSync(path.dirname(file))).toEqual(['alias']);
  });

  test.each<[diesAt: DiesAt, what: string, mode: number | undefined, left: string]>([
    ['fchmod', 'a private file', 0o600, ''],
    ['write', 'a private file', 0o600, ''],
    ['fsync', 'a private file', 0o600, 'new\n'],
    ['rename', 'a private file', 0o600, 'new\n'],
    ['fsync', 'a file of a group', 0o640, 'new\n'],
    ['write', 'no file', undefined, ''],
    ['rename', 'no file', undefined, 'new\n'],
  ])('killed before its %s, leaves nothing that others may read in place of %s', async (diesAt, _what, mode, left) => {
    mkdirSync(path.dirname(file), { recursive: true });
    if (mode !== undefined) {
      writeFileSync(file, 'old\n');
      chmodSync(file, mode);
    }
    // Of an earlier death, when others might have read it.
    const draft = path.join(path.dirname(file), '.alias.next');
    writeFileSync(draft, 'older\n');
    chmodSync(draft, 0o666);
    const { signal } = await runScript(ALIAS_CHILD, [file, 'new\n', diesAt]);
    expect(signal).toBe('SIGKILL');
    const names = readdirSync(path.dirname(file)).filter((name) => name !== 'alias' && !name.endsWith('.lock'));
    expect(names).toEqual(['.alias.next']);
    expect(statSync(draft).mode & 0o777).toBe(mode ?? 0o600);
    expect(readFileSync(draft, 'utf8')).toBe(left);
    expect(existsSync(file)).toBe(mode !== undefined);
    if (mode !== undefined) expect(readFileSync(file, 'utf8')).toBe('old\n');
    // The next one is kept from nothing.
    expect((await runScript(ALIAS_CHILD, [file, 'new\n'])).stdout).toBe('true');
    expect(readFileSync(file, 'utf8')).toBe('new\n');
    expect(statSync(file).mode & 0o777).toBe(mode ?? 0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['alias']);
  });

  const mayBeRefused = process.platform !== 'win32';

  (mayBeRefused ? test : test.skip)(
    `writes into a folder that can't be listed${whySkipped(mayBeRefused, 'folders of Windows have no modes')}`,
    async () => {
      const inside = path.dirname(file);
      mkdirSync(inside, { recursive: true });
      writeFileSync(file, 'old\n');
      // Root lists every folder.
      const uid = process.getuid?.() === 0 ? 65_534 : undefined;
      if (uid !== undefined) for (const one of [inside, file]) chownSync(one, uid, uid);
      for (let above = path.dirname(inside); above.startsWith(home); above = path.dirname(above))
        chmodSync(above, 0o755);
      chmodSync(inside, 0o300);
      try {
        const given = [file, 'new\n', '', ...(uid === undefined ? [] : [String(uid)])];
        expect(await runScript(ALIAS_CHILD, given)).toMatchObject({ stderr: '', stdout: 'true', status: 0 });
      } finally {
        chmodSync(inside, 0o700);
      }
      expect(readFileSync(file, 'utf8')).toBe('new\n');
      expect(readdirSync(inside)).toEqual(['alias']);
    },
  );

  const hasProc = existsSync('/proc/self');

  (hasProc ? test : test.skip)(
    `ends where no folder can be made${whySkipped(hasProc, 'there is no /proc')}`,
    async () => {
      const terminal = recordedTerminal({ cwd: home, env: { HOME: '/proc/1/x', PATH: await programs() } });
      expect(await run(['install-alias'], terminal)).toBe(2);
      expect(terminal.stderr.text).toContain("error: the folder '/proc/1/x/.aws/cli' can't be written to: ");
      expect(terminal.stderr.text).toContain('The AWS CLI looks for its aliases nowhere else.');
    },
  );

  test('on Windows runs the program alone, and does not stand before aws cloudformation package', async () => {
    const terminal = recordedTerminal({ cwd: home, env: { USERPROFILE: home, PATH: await programs() } });
    const display = { json: false, quiet: true, progressBar: true, color: 'off', debug: false } as const;
    const options = { ...display, shadowPackage: false, remove: false, print: false };
    const warnings = createWarnings(terminal, display);
    await runInstallAlias(options, terminal, warnings, 'win32');
    expect(readFileSync(file, 'utf8')).toMatch(/^artifacts = !cfn-artifacts$/m);
    await expect(
      runInstallAlias({ ...options, shadowPackage: true }, terminal, warnings, 'win32'),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

const version = /^aws-cli\/(\d+)\./.exec(String(spawnSync('aws', ['--version']).stdout))?.[1];
const hasAws = version !== undefined;

(hasAws ? describe : describe.skip)(`the real aws${whySkipped(hasAws, 'the AWS CLI is not installed')}`, () => {
  let server: S3Server;
  let project = '';

  beforeEach(async () => {
    server = await startS3Server({ identities: { test: { account: TEST_ACCOUNT }, prod: { account: TEST_ACCOUNT } } });
    server.createBucket('deployments');
    project = path.join(await temporaryFolder(), 'a shop');
    mkdirSync(path.join(project, 'src'), { recursive: true });
    writeFileSync(path.join(project, 'src/index.mjs'), 'export const handler = 1;\n');
    writeFileSync(
      path.join(project, 'my template.yaml'),
      'Resources:\n  F: # mine\n    Type: AWS::Lambda::Function\n    Properties: {Code: src}\n',
    );
  });

  afterEach(async () => {
    await server.close();
  });

  function typed(text: string): Promise<Ran> {
    const env = { ...awsEnvironment(server), HOME: home, AWS_EC2_METADATA_DISABLED: 'true' };
    return runBlock({ text }, { cwd: project, env });
  }

  test('runs every command by aws artifacts, with words as they were given and options of its own', async () => {
    const { status, screen } = await typed(`
      cfn-artifacts install-alias
      aws artifacts publish src --id shop/api --domain 'file:../the domain'
      aws artifacts publish 'my template.yaml' --domain "file:../the domain" --id shop/template
      aws artifacts list --domain 'file:../the domain' --output json --region eu-west-1
      aws artifacts get shop/template --domain 'file:../the domain' -o 'a copy.yaml'
      aws --debug artifacts nonsense || echo "status $?"
    `);
    expect(screen).toContain("'aws artifacts' is in '");
    expect(screen).toMatch(/^arn:aws:artifacts:local:000000000000:default\/shop\/api:1@sha256:/m);
    const [, json = ''] = /^(\{\n.*?^\}\n)/ms.exec(screen) ?? [];
    expect(JSON.parse(json)).toMatchObject({ artifacts: [{ id: 'shop/api' }, { id: 'shop/template' }] });
    expect(screen).toMatch(/^error: unknown command 'nonsense'\n(?:.*\n)*status 2$/m);
    expect(readFileSync(path.join(project, 'a copy.yaml'), 'utf8')).toContain('F: # mine\n');
    expect(status).toBe(0);
  });

  test('is told by its options which account is meant', async () => {
    const { secretAccessKey } = server.clientConfig('prod').credentials;
    const profiles = path.join(home, 'config');
    writeFileSync(
      profiles,
      `[profile prod]\nregion = eu-west-1\naws_access_key_id = prod\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    const { status, screen } = await typed(`
      cfn-artifacts install-alias
      unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION
      export AWS_CONFIG_FILE='${profiles}'
      aws artifacts package -t 'my template.yaml' --s3-bucket deployments --profile prod
      aws artifacts package -t 'my template.yaml' --s3-bucket deployments --prof prod || true
    `);
    expect(server.requests.length).toBeGreaterThan(0);
    expect(new Set(server.requests.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(['prod']));
    expect({ status, screen }).toMatchObject({ status: 0, screen: expect.stringContaining('F: # mine\n') });
    expect(screen).toContain("error: what 'aws' was told can't be known\n");
  });

  const isSecond = Number(version) >= 2;

  (isSecond ? test : test.skip)(
    `packages by aws cloudformation package, and as before without${whySkipped(isSecond, 'version 1 knows no aliases of subcommands')}`,
    async () => {
      const { status, screen } = await typed(`
        cfn-artifacts install-alias --shadow-package
        aws cloudformation package --template-file 'my template.yaml' --s3-bucket deployments --region us-east-1
        cfn-artifacts install-alias --remove --shadow-package
        aws cloudformation package --template-file 'my template.yaml' --s3-bucket deployments > theirs.yaml
      `);
      expect({ status, screen }).toEqual({ status: 0, screen: expect.stringContaining('F: # mine\n') });
      expect(screen).toMatch(/S3Key: blobs\/sha256\/|S3Key: .*\.zip/);
      expect(readFileSync(path.join(project, 'theirs.yaml'), 'utf8')).not.toContain('# mine');
    },
  );
});
