import { rmSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { run as program } from '../../../packager/cli/program.ts';
import { bind } from '../../../repository/bind.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { findDomain, formatArn, ownKeeper, resolve } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { bookmarkKey, namedReferenceKey, statusKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { recordedTerminal } from '../../support/terminal.ts';

/** `delete` and `undelete`, and what other commands say of what was deleted, in a directory: the command is the keeper. */

knowEveryError();

const NAME = { repository: 'default', id: 'shop/api' };
const UNTIL = /in quarantine until \d{4}-\d\d-\d\d \d\d:\d\dZ/;
const PLACE = ['--domain', 'file:../domain'];

let project: TestProject;

const run = (...argv: string[]): Promise<Outcome> => project.run(...argv, ...PLACE);
const json = ({ stdout }: Outcome): unknown => JSON.parse(stdout);

/** Three versions of `shop/api`, and the second one's content under another name. */
beforeEach(async () => {
  project = await TestProject.of({ 'a.txt': 'one', 'b.txt': 'two', 'c.txt': 'three' });
  for (const file of ['a.txt', 'b.txt', 'c.txt']) await run('publish', file, '--id', 'shop/api');
  await run('publish', 'b.txt', '--id', 'shop/web');
});

async function opened(): Promise<Domain> {
  const store = directoryStore(project.path('../domain'));
  const domain = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
  if (domain === undefined) throw new Error('no domain');
  return domain;
}

async function statuses(): Promise<readonly string[]> {
  const { stdout } = await run('show', 'shop/api');
  return [...stdout.matchAll(/^ +(\d+) .* (Published|Deleted|Archived) /gm)].map(([, number, status]) =>
    [number, status].join(' '),
  );
}

const UNTOUCHED = ['3 Published', '2 Published', '1 Published'];

async function useAll(): Promise<void> {
  const domain = await opened();
  const { arn, key, filename, size, digest } = await resolve(domain, 'default/shop/api:1');
  const uuid = '6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';
  const at = { issued: '2026-01-01T00:00:00.000Z', replaces: false, pinned: false };
  for (const [region, requestId] of [
    [domain.region, 'R1'],
    // The same again, as in an update.
    [domain.region, 'R2'],
    ['eu-west-1', 'R3'],
  ] as const) {
    const resource = { account: domain.account, region, stack: 'shop', uuid, logicalId: 'Api' };
    const stackId = `arn:aws:cloudformation:${region}:${domain.account}:stack/shop/${uuid}`;
    await bind(domain, { ...at, resource, stackId, requestId }, [{ arn: formatArn(arn), key, filename, size, digest }]);
  }
  const record = {
    ...{ format: 1, nonce: 'n', at: at.issued, uses: [{ arn: formatArn(arn), key }], logicalId: 'Job' },
    stackId: `arn:aws:cloudformation:local:000000000000:stack/batch/${uuid}`,
  };
  await domain.store.create(namedReferenceKey(digest, 'retained', 'g'), recordContent(record));
  await run('reference', 'add', 'shop/api:1', '--consumer', 'team/job');
  await domain.store.create(bookmarkKey(NAME, 'prod'), recordContent({ number: 3 }));
}

describe('what is in use', () => {
  beforeEach(useAll);

  test('is refused with everybody who needs it, all at once, and nothing is deleted', async () => {
    const { exitCode, stdout, stderr } = await run('delete', 'shop/api', 'shop/none', '--yes', '--now');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      [
        "error: there is no artifact 'shop/none' in the domain of account 000000000000 in local",
        '  There is default/shop/api, default/shop/web.',
        "error: 'default/shop/api:3' is in use by bookmark 'prod'",
        "error: 'default/shop/api:1' is in use by what stack 'batch' (Job) left running, consumer 'team/job', " +
          "stack 'shop' (Api, in eu-west-1 of account 000000000000) and stack 'shop' (Api)",
        '  Nothing was deleted. A stack lets go when it is updated or deleted.' +
          " A consumer lets go by 'cfn-artifacts reference remove default/shop/api:1 --consumer team/job --domain file:../domain'." +
          " What a stack left running lets go by 'cfn-artifacts audit --fix --domain file:../domain', when no version of the function is left." +
          " A bookmark lets go when it names another version, or by 'cfn-artifacts bookmark delete default/shop/api prod --domain file:../domain';" +
          ' one that a stack has moved keeps what it named before for 14 days. --unused deletes the others.',
        '3 problems',
        '',
      ].join('\n'),
    );
    expect(await statuses()).toEqual(UNTOUCHED);
    expect((await run('delete', 'shop/api', '--dry-run')).exitCode).toBe(2);
    const one = await run('delete', 'shop/api:1', '--yes');
    expect(one.stderr).not.toContain('--unused');
  });

  test('is left by --unused, which deletes the rest and says so', async () => {
    const dry = await run('delete', 'shop/api', '--unused', '--dry-run');
    expect(dry.exitCode).toBe(5);
    expect(dry.stdout).toMatch(/^default\/shop\/api:2 .* stays: default\/shop\/web:1 holds it$/m);
    expect(dry.stdout).toMatch(/^1 version goes, and no content\.$/m);
    expect(await statuses()).toEqual(UNTOUCHED);
    const { exitCode, stdout, stderr } = await run('delete', 'shop/api', '--unused', '--yes');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 5,
      stdout: 'deleted default/shop/api:2; its content stays: default/shop/web:1 holds it\n',
    });
    expect(stderr.match(/^note: 'default\/shop\/api:[31]' is in use by .*: it stays$/gm)).toHaveLength(2);
    expect(await statuses()).toEqual(['3 Published', '2 Deleted', '1 Published']);
  });

  test('with --json is listed with its users, and the error behind', async () => {
    const refused = await run('delete', 'shop/api', '--json', '--yes');
    expect(refused.exitCode).toBe(2);
    const document = json(refused);
    expect(document).toMatchObject({
      versions: [
        { version: 3, outcome: 'used', users: [{ bookmark: 'prod' }] },
        { version: 2, outcome: 'would delete', content: [{ bytes: 3, outcome: 'held', by: ['default/shop/web:1'] }] },
        { version: 1, outcome: 'used', content: [] },
      ],
      error: {
        code: 'ARTIFACT_IN_USE',
        exitCode: 2,
        problems: [{ code: 'ARTIFACT_IN_USE' }, { code: 'ARTIFACT_IN_USE' }],
      },
    });
    const [, , { users }] = (document as { versions: [unknown, unknown, { users: object[] }] }).versions;
    expect(users).toContainEqual(expect.objectContaining({ stack: 'shop', logicalId: 'Api', region: 'eu-west-1' }));
    expect(users).toContainEqual(expect.objectContaining({ consumer: 'team/job' }));
    const left = await run('delete', 'shop/api', '--unused', '--json', '--yes');
    expect(left.exitCode).toBe(5);
    expect(json(left)).toMatchObject({
      versions: [
        { version: 3, outcome: 'used' },
        { version: 1, outcome: 'used' },
        { version: 2, outcome: 'deleted' },
      ],
      warnings: [],
    });
  });
});

describe('what nobody needs', () => {
  test('goes when it was asked about, and is taken back', async () => {
    const asked: string[] = [];
    const answered = async (answer: string, ...argv: string[]): Promise<Omit<Outcome, 'text' | 'data'>> => {
      const askOpenly = (question: string): Promise<string> => {
        asked.push(question);
        return Promise.resolve(answer);
      };
      const terminal = recordedTerminal({ cwd: project.folder, askOpenly });
      const exitCode = await program([...argv, ...PLACE], terminal);
      return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
    };
    for (const no of ['n', '', 'no', 'delete']) {
      const declined = await answered(no, 'delete', 'shop/api:1', 'shop/api:3');
      expect(declined).toMatchObject({ exitCode: 2, stdout: '' });
      expect(declined.stderr).toMatch(/\nerror: the answer was no: nothing was deleted\n$/);
    }
    expect(await statuses()).toEqual(UNTOUCHED);
    const { exitCode, stdout, stderr } = await answered('y', 'delete', 'shop/api:1', 'shop/api:3');
    expect(stderr).toMatch(/^VERSION +SIZE +PUBLISHED +CONTENT\ndefault\/shop\/api:1 +3 B .* into quarantine\n/);
    expect(stderr).toContain(
      "2 versions go, and 8 B of content after its quarantine: until then 'cfn-artifacts undelete' takes it back.\n",
    );
    expect(asked.at(-1)).toBe('Delete these 2 versions? [y/N] ');
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toEqual([3, 1].map((number) => expect.stringMatching(`^deleted default/shop/api:${number}; `)));
    for (const line of lines) expect(line).toMatch(UNTIL);
    expect(await statuses()).toEqual(['3 Deleted', '2 Published', '1 Deleted']);
    expect(await run('undelete', 'shop/api:1', 'shop/api:3', 'shop/api:2')).toMatchObject({
      exitCode: 0,
      stdout: [
        'default/shop/api:1 is Published again',
        'default/shop/api:3 is Published again',
        'default/shop/api:2 is not deleted: it is Published\n',
      ].join('\n'),
    });
    expect(await statuses()).toEqual(UNTOUCHED);
  });

  test('does not go without a terminal, unless --yes stands in for the answer', async () => {
    const { exitCode, stderr } = await run('delete', 'shop/api:1');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /error: there is no terminal to ask whether to delete this version\n {2}Nothing was deleted\. Use --yes /,
    );
    expect(await statuses()).toEqual(UNTOUCHED);
    expect(await run('delete', 'shop/api:1', '-y', '--quiet')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(await statuses()).toEqual(['3 Published', '2 Published', '1 Deleted']);
  });

  test('goes at once with --now; the same bytes are the same content later, in a new version', async () => {
    const digest = (await resolve(await opened(), 'default/shop/api:3')).digest;
    const dry = await run('delete', 'shop/api:3', '--now', '--dry-run');
    expect(dry.stdout).toMatch(/ deleted\n1 version goes, and 5 B of content at once: nobody can take that back\.\n$/);
    const gone = await run('delete', 'shop/api:3', '--now', '--yes');
    expect(gone).toMatchObject({ exitCode: 0, stdout: 'deleted default/shop/api:3; its content is deleted (5 B)\n' });
    expect(gone.stderr).toBe(
      'To have the content back, publish the same bytes: the content has the same ARN then, and the version a new number.\n',
    );
    expect(project.stored('blobs').filter((key) => key.includes(digest))).toEqual([]);
    const refused = await run('undelete', 'shop/api:3');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toBe(
      "error: the content of 'default/shop/api:3' is gone, or going\n  Publish the same bytes again: that makes a new version, and the content has the same ARN as before.\n",
    );
    expect((await run('delete', 'shop/api:3')).stdout).toBe(
      'default/shop/api:3 was deleted before; its content was gone already\n',
    );
    expect((await run('publish', 'c.txt', '--id', 'shop/api')).stdout).toContain(`shop/api:4@sha256:${digest}`);
    expect((await run('undelete', 'shop/api:3')).stdout).toBe('default/shop/api:3 is Published again\n');
  });

  test('leaves its quarantine with --now, which is asked about', async () => {
    await run('delete', 'shop/api:1', '--yes');
    const again = await run('delete', 'shop/api:1');
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(UNTIL) });
    const { exitCode, stderr } = await run('delete', 'shop/api:1', '--now');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      '3 B of content go at once: nobody can take that back. Their versions were deleted before.',
    );
    expect(stderr).toContain('to ask whether to delete this content');
    expect((await run('delete', 'shop/api:1', '--now', '--yes')).stdout).toBe(
      'default/shop/api:1 was deleted before; its content is deleted (3 B)\n',
    );
  });

  test('goes with the content that several of them hold', async () => {
    const dry = await run('delete', 'shop/api:2', 'shop/web', '--dry-run', '--json');
    expect(json(dry)).toMatchObject({
      versions: [
        { id: 'shop/api', outcome: 'would delete', content: [{ outcome: 'condemned' }] },
        { id: 'shop/web', outcome: 'would delete', content: [{ outcome: 'condemned' }] },
      ],
      warnings: [],
    });
    const text = await run('delete', 'shop/api:2', 'shop/web', '--dry-run');
    expect(text.stdout).toContain('2 versions go, and 3 B of content after its quarantine');
    const done = await run('delete', 'shop/api:2', 'shop/web', '--yes', '--json', '--now');
    expect(json(done)).toMatchObject({
      versions: [
        { id: 'shop/api', outcome: 'deleted', content: [{ outcome: 'deleted' }] },
        { id: 'shop/web', outcome: 'deleted', content: [{ outcome: 'deleted' }] },
      ],
    });
  });

  test('is named in every way, and each once', async () => {
    const { arn, digest } = await resolve(await opened(), 'default/shop/api:2');
    const versionsOf = async (...words: string[]): Promise<readonly string[]> => {
      const { versions } = json(await run('delete', ...words, '--dry-run', '--json')) as {
        versions: readonly { id: string; version: number }[];
      };
      return versions.map(({ id, version }) => `${id}:${version}`);
    };
    expect(await versionsOf('shop/api')).toEqual(['shop/api:3', 'shop/api:2', 'shop/api:1']);
    expect(await versionsOf('shop/api:2', 'default/shop/api:2', formatArn(arn))).toEqual(['shop/api:2']);
    expect(await versionsOf(`shop/api@sha256:${digest.slice(0, 12)}`)).toEqual(['shop/api:2']);
    const { partition, region, account, repository, id } = arn;
    const content = { partition, region, account, repository, id, digest };
    expect(await versionsOf(formatArn(content))).toEqual(['shop/api:2']);
    const { digest: none, ...version } = arn;
    expect(none).toBe(digest);
    expect(await versionsOf(formatArn(version), 'shop/web')).toEqual(['shop/api:2', 'shop/web:1']);
    expect(await versionsOf('shop/api:latest')).toEqual(['shop/api:3']);
  });

  test('that came since it was looked at stays, and so does what is used by then', async () => {
    const askOpenly = async (): Promise<string> => {
      project.write({ 'd.txt': 'four' });
      await run('publish', 'd.txt', '--id', 'shop/api');
      await run('reference', 'add', 'shop/api:1', '--consumer', 'job');
      return 'yes';
    };
    const terminal = recordedTerminal({ cwd: project.folder, askOpenly });
    expect(await program(['delete', 'shop/api', ...PLACE], terminal)).toBe(2);
    expect(terminal.stdout.text.match(/^deleted default\/shop\/api:[32]/gm)).toHaveLength(2);
    expect(terminal.stderr.text).toContain(
      "error: 'default/shop/api:1' is in use by consumer 'job'\n  It was taken into use in the meantime, and left.",
    );
    expect(await statuses()).toEqual(['4 Published', '3 Deleted', '2 Deleted', '1 Published']);
  });
});

describe('is refused', () => {
  const REFUSED: readonly (readonly [string[], RegExp])[] = [
    [['delete'], /ARTIFACT is missing/],
    [['delete', ''], /is no artifact ID/],
    [['delete', 'shop/api:9'], /has no version 9\n {2}Its newest versions are 3, 2, 1\./],
    [['delete', 'shop/ap'], /there is no artifact 'shop\/ap'.*\n {2}There is default\/shop\/api, default\/shop\/web\./],
    [['delete', 'shop/api^prod'], /has no bookmark 'prod'/],
    [['delete', 'shop/api#a.txt'], /names one asset, and a version goes with all of them\n.*without '#a\.txt'/],
    [['delete', 'shop/none@sha256:0123456789abcdef'], /there is no artifact 'shop\/none'/],
    [['delete', 'shop/api@sha256:0123456789abcdef'], /no content 'sha256:0123456789abcdef' is in the domain/],
    [['delete', 'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:1'], /is of account 111122223333/],
    [['delete', 'shop/api:1', '--force'], /unknown option '--force'/],
    [['undelete'], /ARTIFACT is missing/],
    [
      ['undelete', 'shop/api'],
      /'shop\/api' names an artifact, and no version of it\n {2}None of its versions is deleted\./,
    ],
    [['undelete', 'shop/api:9', 'shop/none:1'], /no version 9[^]*no artifact 'shop\/none'[^]*2 problems/],
    [['undelete', 'shop/api:1', '--yes'], /unknown option '--yes'/],
  ];

  test('what is no version, and nothing is done', async () => {
    for (const [argv, message] of REFUSED) {
      const { exitCode, stdout, stderr } = await run(...argv, ...(argv[0] === 'delete' ? ['--yes'] : []));
      expect([argv, exitCode, stdout]).toEqual([argv, 2, '']);
      expect(stderr).toMatch(message);
    }
    expect(await statuses()).toEqual(UNTOUCHED);
  });

  test('content that no version of the artifact holds', async () => {
    const { digest } = await resolve(await opened(), 'default/shop/api:3');
    const { exitCode, stderr } = await run('delete', `shop/web@sha256:${digest}`, '--yes');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`'default/shop/web' has no version that holds sha256:${digest}`);
  });

  test('a domain that is none', async () => {
    rmSync(project.path('../domain'), { recursive: true });
    expect(await run('delete', 'shop/api', '--yes')).toMatchObject({ exitCode: 3 });
    expect(project.exists('../domain')).toBe(false);
  });

  test('undelete without a version, with what is deleted', async () => {
    await run('delete', 'shop/api:1', 'shop/api:3', '--yes');
    expect((await run('undelete', 'shop/api')).stderr).toContain(
      'Name a version that is deleted (default/shop/api:3, default/shop/api:1): cfn-artifacts undelete default/shop/api:3',
    );
  });

  test('undelete of one does not keep back the other', async () => {
    await run('delete', 'shop/api:1', '--yes', '--now');
    await run('delete', 'shop/api:3', '--yes');
    const { exitCode, stdout } = await run('undelete', 'shop/api:1', 'shop/api:3', '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      versions: [{ repository: 'default', id: 'shop/api', version: 3, outcome: 'undeleted', status: 'Published' }],
      error: { code: 'ARTIFACT_DELETED' },
    });
  });
});

test('a deletion that was begun and left is gone on with', async () => {
  const domain = await opened();
  await domain.store.create(statusKey(NAME, 1), recordContent({ status: 'Deleting', was: 'Archived', nonce: 'n' }));
  // Another ended before it had condemned the content.
  await deleteVersion(domain, NAME, 3);
  const dry = await run('delete', 'shop/api:1', 'shop/api:3', '--dry-run');
  expect(dry.stdout).toMatch(/^default\/shop\/api:3 .* into quarantine \(the version was deleted before\)$/m);
  expect(dry.stdout).toContain('1 version goes, and 8 B of content');
  const { stdout } = await run('delete', 'shop/api:1', 'shop/api:3', '--yes');
  expect(stdout).toMatch(
    /^default\/shop\/api:3 was deleted before; its content is in .*\ndeleted default\/shop\/api:1; /,
  );
  expect((await run('undelete', 'shop/api:1')).stdout).toBe('default/shop/api:1 is Archived again\n');
});

describe('of what was deleted', () => {
  beforeEach(async () => {
    await run('delete', 'shop/api:3', 'shop/api:1', '--yes');
  });

  test('`get` says so, and fetches the newest that is left', async () => {
    const refused = await run('get', 'shop/api:3', '-o', '-');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^error: 'default\/shop\/api:3' is deleted\n {2}While its content is there, 'cfn-artifacts undelete --domain file:\.\.\/domain'/,
    );
    expect((await run('get', 'shop/api', '-o', '-')).stdout).toBe('two');
  });

  test('`show` tells what is left', async () => {
    const there = await run('show', 'shop/api:3');
    expect(there.stdout).toMatch(/^Status +Deleted\nContent +there still: 'cfn-artifacts undelete' takes/m);
    expect(there.stdout).toMatch(/^Key /m);
    expect(json(await run('show', 'shop/api:3', '--json'))).toMatchObject({ status: 'Deleted', content: 'there' });
    await run('delete', 'shop/api:3', '--yes', '--now');
    const gone = await run('show', 'shop/api:3');
    expect(gone.stdout).toMatch(/^Content +gone: publish the same bytes again$/m);
    expect(gone.stdout).not.toMatch(/^(Key|Url) /m);
    expect(json(await run('show', 'shop/api:3', '--json'))).toMatchObject({ content: 'gone' });
    expect(json(await run('show', 'shop/api', '--json'))).toMatchObject({ version: 2, status: 'Published' });
    expect(json(await run('show', 'shop/api', '--json'))).not.toHaveProperty('content');
  });

  test('`list` and `show` name what is left, and where nothing is, the newest', async () => {
    expect(json(await run('list', 'shop/api', '--json'))).toMatchObject({
      artifacts: [{ id: 'shop/api', newestVersion: 2, status: 'Published' }],
    });
    await run('delete', 'shop/api:2', '--yes');
    expect(json(await run('list', 'shop/api', '--json'))).toMatchObject({
      artifacts: [{ id: 'shop/api', newestVersion: 3, status: 'Deleted' }],
    });
    expect((await run('show', 'shop/api')).stdout).toMatch(/shop\/api:3@[^]* 3 +5 B .* Deleted /);
    expect((await run('get', 'shop/api')).stderr).toContain(
      "'default/shop/api' has no version that is Published\n  Its newest versions are 3 (Deleted), 2 (Deleted), 1 (Deleted).",
    );
  });

  test('`references` tells of nobody, and takes none', async () => {
    expect((await run('references', 'shop/api:3')).stderr).toBe("nobody uses 'default/shop/api:3'\n");
    expect((await run('references', '--unused', 'shop/api')).stdout).not.toMatch(/shop\/api:[13]/);
    const refused = await run('reference', 'add', 'shop/api:3', '--consumer', 'job');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain(
      "While its content is there, 'cfn-artifacts undelete --domain file:../domain' takes the deletion back.",
    );
  });

  test('`package` refuses it at its place, and `publish` gives it a new number', async () => {
    const resource = { Type: 'AWS::Lambda::LayerVersion', Properties: { Content: { 'Fn::Artifact': '' } } };
    resource.Properties.Content['Fn::Artifact'] = 'arn:aws:artifacts:local:000000000000:default/shop/api:3';
    project.write({ 'template.json': JSON.stringify({ Resources: { Layer: resource } }) });
    const { exitCode, stderr } = await project.package('--template-file', 'template.json');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/default\/shop\/api:3' is deleted and takes no new references\n.*undelete/);
    expect((await run('publish', 'c.txt', '--id', 'shop/api')).stdout).toContain('default/shop/api:4@');
    expect(json(await run('delete', 'shop/api:3', '--dry-run', '--json'))).toMatchObject({
      versions: [{ outcome: 'already', content: [{ outcome: 'held', by: ['default/shop/api:4'] }] }],
    });
  });
});
