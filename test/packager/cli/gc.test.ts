import { beforeEach, describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { run } from '../../../packager/cli/program.ts';
import { INTERRUPTED } from '../../../packager/cli/terminal.ts';
import { bytesOf } from '../../../repository/content.ts';
import { contentOf, readSettings } from '../../../repository/index.ts';
import type { ObjectStore } from '../../../repository/index.ts';
import { settingsKey, statusKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { recordedTerminal } from '../../support/terminal.ts';

/** What people see of collection, in a directory domain: the command is its own keeper there. */

const DOMAIN = ['--domain', 'file:../domain'];
const RULES = `lifecycle:
  - id: unused
    match: 'shop/*'
    keepNewest: 1
    expireUnusedDays: 0
`;

let project: TestProject;

const gc = (...words: string[]): Promise<Outcome> => project.run('gc', ...words, ...DOMAIN);
const publish = (file: string, id: string): Promise<Outcome> => project.run('publish', file, '--id', id, ...DOMAIN);
const json = ({ stdout }: Outcome): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

/** As on a terminal, where somebody answers. */
async function answering(answer: string, ...argv: string[]): Promise<Outcome & { readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const terminal = recordedTerminal({
    cwd: project.folder,
    askOpenly: async (question) => {
      asked.push(question);
      return answer;
    },
  });
  const exitCode = await run([...argv, ...DOMAIN], terminal);
  const text = terminal.stdout.text;
  return { exitCode, stdout: text, stderr: terminal.stderr.text, text, data: undefined, asked };
}

beforeEach(async () => {
  project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two more', 'rules.yaml': RULES });
  await publish('one.txt', 'shop/api');
  await publish('two.txt', 'shop/api');
  await publish('one.txt', 'tool');
});

describe('gc plan', () => {
  test('of a repository that is not there says so, and so does gc run', async () => {
    await project.run('repository', 'create', 'production', ...DOMAIN);
    for (const words of [['plan'], ['run', '--yes']]) {
      expect(await gc(...words, '--repository', 'prodction')).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(
          /^error: there is no repository 'prodction'\n {2}Did you mean 'production'\? Make it with .*, if not\.\n$/,
        ),
      });
    }
    expect(await gc('plan', '--repository', 'production')).toMatchObject({ exitCode: 0, stderr: 'nothing goes\n' });
  });

  test('finds nothing where there are no rules and all is held', async () => {
    expect(await gc('plan')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'nothing goes\n',
    });
  });

  test('shows what goes and why, and ends with the command that does it', async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const outcome = await gc('plan');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout).toMatch(
      /^ACTION +WHAT +SIZE +WHY\ndelete +default\/shop\/api:1 +3 B +unused; rule unused\n\nRULE +REPOSITORY +KEPT +TOOK\nunused +default +1 +1\nrun it with: cfn-artifacts gc run [0-9a-f]{64} --domain file:\.\.\/domain\n$/,
    );
    expect(outcome.stderr).toBe('1 version goes, 3 B of content at most\n');
    // Nothing has gone, and a plan is made anew each time.
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
    expect((await gc('plan')).stdout).toContain('default/shop/api:1');
  });

  test('goes on with one that was begun, in the same way', async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const id = 'abcdefgh12345678';
    const made = await gc('plan', '--resume', id, '--json');
    expect(made.exitCode).toBe(0);
    // Rules that hold now would take nothing: what is stored is read, and not looked for again.
    await project.run('publish', 'two.txt', '--id', 'shop/other', ...DOMAIN);
    expect(json(await gc('plan', '--resume', id, '--json'))).toMatchObject({
      items: json(made)['items'] as object[],
      plan: { digest: (json(made)['plan'] as { readonly digest: string }).digest, looked: 5 },
    });
    expect((await gc('plan', '--resume', id, '--now')).stderr).toContain(`the plan '${id}' was begun without '--now'`);
    expect((await gc('plan', '--resume', 'a b')).stderr).toContain("'--resume' must be the name of a plan");
  });

  test('says how to go on where it fails, or is interrupted', async () => {
    const onward = String.raw`cfn-artifacts gc plan --resume \w{8,48} --repository default --now --domain file:\.\.\/domain`;
    const interrupted = new AbortController();
    const terminal = recordedTerminal({ cwd: project.folder, signal: interrupted.signal });
    interrupted.abort(INTERRUPTED);
    const words = ['gc', 'plan', '--repository', 'default', '--now', ...DOMAIN];
    expect(await run(words, terminal)).toBe(130);
    expect(terminal.stderr.text).toMatch(new RegExp(`^to go on with the plan: ${onward}\\ninterrupted\\n$`));
    await directoryStore(project.path('../domain')).create(settingsKey('default'), contentOf('damaged'));
    const failed = await project.run(...words.filter((word) => word !== '--now'));
    expect(failed.exitCode).toBeGreaterThan(1);
    expect(failed.stderr).toMatch(new RegExp(`\\n {2}To go on with the plan: ${onward.replace(' --now', '')}\\n$`));
    expect(json(await gc('plan', '--json'))['error']).toMatchObject({
      remedy: expect.stringMatching(/To go on with the plan: cfn-artifacts gc plan --resume/),
    });
  });

  test('tells of what stays, if that is asked for', async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const { stdout } = await gc('plan', '--verbose');
    expect(stdout).toMatch(/^keep +default\/shop\/api:2 +it is the newest; rule unused$/m);
  });

  test('is one JSON document', async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const outcome = await gc('plan', '--json');
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(json(outcome)).toEqual({
      items: [
        {
          ...{
            action: 'delete',
            repository: 'default',
            id: 'shop/api',
            number: 1,
            bytes: 3,
            rule: 'unused',
            why: 'unused',
          },
          digests: [expect.stringMatching(/^[0-9a-f]{64}$/)],
        },
      ],
      plan: {
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        at: expect.any(String),
        isWhole: true,
        now: false,
        looked: 5,
        actions: { delete: { items: 1, bytes: 3 } },
        rules: [{ repository: 'default', rule: 'unused', kept: 1, took: 1 }],
      },
      warnings: [],
    });
  });

  test('says what could not be looked at, and leaves it', async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const store = directoryStore(project.path('../domain'));
    await store.create(statusKey({ repository: 'default', id: 'shop/api' }, 1), contentOf('damaged'));
    const outcome = await gc('plan');
    expect(outcome.exitCode).toBe(5);
    expect(outcome.stdout).toMatch(
      /^unknown +default\/shop\/api:1 +'statuses\/default\/shop\/api\/!\/1' in the store/m,
    );
    expect(outcome.stderr).toContain('1 thing could not be looked at, and will stay');
    expect(outcome.stdout).not.toContain('run it with');
  });
});

describe('gc run', () => {
  beforeEach(async () => {
    await gc('rules', 'set', 'rules.yaml', '--yes');
  });

  test('does what a plan says, by the first digits of its digest', async () => {
    const { digest } = json(await gc('plan', '--json'))['plan'] as { readonly digest: string };
    const outcome = await gc('run', digest.slice(0, 10));
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '1 version deleted\n' });
    expect(outcome.stdout).toMatch(
      /^OUTCOME +WHAT +SIZE +NOTE\ndeleted +default\/shop\/api:1 +3 B +content: something else holds or uses it\n$/,
    );
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Deleted');
    expect((await project.run('get', 'tool', '-o', '-', ...DOMAIN)).stdout).toBe('one');
    expect((await gc('run', digest)).stdout).toMatch(/^gone +default\/shop\/api:1 .* content: something else/m);
  });

  test('knows no other plan, and none that was changed', async () => {
    expect(await gc('run', 'abcdef01')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await gc('run', 'f'.repeat(64))).toMatchObject({
      exitCode: 2,
      stderr: `error: there is no plan '${'f'.repeat(64)}'\n  Plans are kept for 30 days. 'cfn-artifacts gc plan --domain file:../domain' makes another.\n`,
    });
    expect((await gc('run', 'no-plan')).stderr).toMatch(/^error: 'no-plan' names no plan/);
    const { digest } = json(await gc('plan', '--json'))['plan'] as { readonly digest: string };
    const part = project.stored('progress/plan').find((name) => name.endsWith('00001')) ?? '';
    const text = project.content(`progress/plan/${part}`);
    const [folder = ''] = part.split(path.sep);
    project.write({ [`../domain/progress/plan/${folder}/00001@2`]: text.replace('"number":1', '"number":2') });
    const outcome = await gc('run', digest);
    expect(outcome).toMatchObject({ exitCode: 4, stdout: '' });
    expect(outcome.stderr).toContain('is not what it was when it was made');
    expect((await project.run('show', 'shop/api:2', ...DOMAIN)).stdout).toContain('Published');
  });

  test('shows what it will do, asks, and does nothing where the answer is no', async () => {
    const no = await answering('', 'gc', 'run');
    expect(no).toMatchObject({ exitCode: 2, stdout: '', asked: ['Delete 1 version? [y/N] '] });
    expect(no.stderr).toMatch(/^delete +default\/shop\/api:1/m);
    expect(no.stderr).toContain('error: the answer was no: nothing was deleted\n');
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
    const nobody = await gc('run');
    expect(nobody).toMatchObject({ exitCode: 2, stdout: '' });
    expect(nobody.stderr).toContain('there is no terminal to ask whether to do this');
    // What was shown can be done, and nothing else.
    const [, shown = ''] =
      /To do exactly this without a question: cfn-artifacts gc run ([0-9a-f]{64}) --domain /.exec(nobody.stderr) ?? [];
    expect(shown).toHaveLength(64);
    const yes = await answering('y', 'gc', 'run');
    expect(yes.exitCode).toBe(0);
    expect(yes.stdout).toMatch(/^deleted +default\/shop\/api:1/m);
    const again = await answering('y', 'gc', 'run');
    expect(again).toMatchObject({ exitCode: 0, stdout: '', asked: [] });
  });

  test('shows a plan alone with --dry-run', async () => {
    const outcome = await gc('run', '--dry-run', '--now');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout).toMatch(/run it with: cfn-artifacts gc run [0-9a-f]{64} --domain file:\.\.\/domain\n$/);
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
  });

  test('shows with --dry-run what a plan says that was made before, and does none of it', async () => {
    const made = await gc('plan');
    const [, digest = ''] = /gc run ([0-9a-f]{64})/.exec(made.stdout) ?? [];
    expect(await gc('run', digest.slice(0, 8), '--dry-run')).toMatchObject(made);
    const plain = json(await gc('run', digest, '--dry-run', '--json'));
    expect(plain).toMatchObject({ items: [{ action: 'delete', number: 1 }], plan: { digest, now: false } });
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
    expect(await gc('run', 'f'.repeat(64), '--dry-run')).toMatchObject({ exitCode: 2, stdout: '' });
  });

  test('of a plan does what that says: no more with --now, and of no other repository', async () => {
    await project.run('delete', 'tool', '--yes', ...DOMAIN);
    const later = (json(await gc('plan', '--json'))['plan'] as { readonly digest: string }).digest;
    const refused = await gc('run', later, '--now');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toBe(
      `error: the plan '${later}' was made without '--now'\n  Make one that waives the quarantine: cfn-artifacts gc plan --now --domain file:../domain\n`,
    );
    const elsewhere = await gc('run', later, '--repository', 'default');
    expect(elsewhere).toMatchObject({ exitCode: 2, stdout: '' });
    expect(elsewhere.stderr).toContain(`cannot use '--repository' with the plan '${later}'`);
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
    const now = await gc('plan', '--now', '--json');
    const { digest } = json(now)['plan'] as { readonly digest: string };
    expect(json(await gc('run', digest, '--now', '--json'))).toMatchObject({
      results: [{ action: 'delete', outcome: 'deleted', content: [{ outcome: 'deleted', bytes: 3 }] }],
      plan: { digest },
      outcomes: { deleted: 2 },
      bytes: 3,
    });
  });

  test('is refused where the rules were changed since the plan was made', async () => {
    const { digest } = json(await gc('plan', '--json'))['plan'] as { readonly digest: string };
    project.write({ 'rules.yaml': RULES.replace('keepNewest: 1', 'keepNewest: 5') });
    await gc('rules', 'set', 'rules.yaml', '--yes');
    const refused = await gc('run', digest);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain("error: the rules of 'default' were changed since this plan was made\n");
    expect((await project.run('show', 'shop/api:1', ...DOMAIN)).stdout).toContain('Published');
  });

  test('tells what could not be looked at, and what came of it, where nothing was to do', async () => {
    const store = directoryStore(project.path('../domain'));
    await store.create(statusKey({ repository: 'default', id: 'shop/api' }, 1), contentOf('damaged'));
    const outcome = await gc('run', '--yes', '--json');
    expect(outcome).toMatchObject({ exitCode: 5, stderr: '' });
    expect(json(outcome)).toMatchObject({
      ...{ results: [], unknown: [{ action: 'unknown', subject: 'default/shop/api:1' }] },
      ...{ outcomes: {}, bytes: 0, warnings: [] },
    });
  });

  test('puts content into quarantine, and with --now deletes it at once', async () => {
    await project.run('delete', 'tool', '--yes', ...DOMAIN);
    const first = await gc('run', '--yes', '--json');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(json(first)).toMatchObject({
      results: [{ action: 'delete', number: 1, outcome: 'deleted', content: [{ outcome: 'condemned' }] }],
      plan: { actions: { delete: { items: 1, bytes: 3 } } },
      outcomes: { deleted: 1 },
    });
    const waiting = await gc('plan');
    expect(waiting.stdout).toMatch(/^wait +sha256:[0-9a-f]{64} +3 B +in quarantine until 20\d\d-/m);
    expect(waiting.stderr).toBe('nothing goes; 1 content waits in quarantine, 3 B: --now would let it go at once\n');
    const outcome = await gc('run', '--now', '--yes');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout).toMatch(/^deleted +sha256:[0-9a-f]{64} +3 B$/m);
    expect(outcome.stderr).toMatch(/1 content deleted, 3 B freed\n$/);
    expect(project.stored('blobs').filter((name) => name.endsWith('one.txt'))).toEqual([]);
    expect(json(await gc('run', '--now', '--yes', '--json'))).toMatchObject({ results: [], plan: { actions: {} } });
  });
});

describe('gc rules', () => {
  test('shows that there are none, sets them after a question, and shows them', async () => {
    expect(await gc('rules')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr:
        "'default' has no rules: no version of it goes by itself\ncontent is in quarantine for 7 days before it goes\n",
    });
    const no = await answering('n', 'gc', 'rules', 'set', 'rules.yaml');
    expect(no).toMatchObject({ exitCode: 2, stdout: '', asked: ["Change the rules of 'default' like this? [y/N] "] });
    expect(no.stderr).toContain('+ unused: shop/* keeps the newest, takes what is unused\n');
    expect((await gc('rules', '--json')).stdout).toContain('"lifecycle": []');
    const yes = await answering('yes', 'gc', 'rules', 'set', 'rules.yaml');
    expect(yes).toMatchObject({ exitCode: 0, stdout: "'default' has 1 rule now\n" });
    expect((await gc('rules')).stdout).toMatch(
      /^RULE +MATCHES +KEEPS +TAKES\nunused +shop\/\* +the newest +what is unused\n$/,
    );
    const same = await gc('rules', 'set', 'rules.yaml');
    expect(same).toMatchObject({ exitCode: 0, stdout: "'default' has these rules already: nothing was changed\n" });
  });

  test('takes JSON, of another repository, named before or behind the last word', async () => {
    const rule = {
      id: 'old',
      match: '**',
      keepNewest: 3,
      keepLabels: ['v*'],
      keepBookmarkedDays: 1,
      expireUnusedDays: 30,
    };
    project.write({ 'rules.json': JSON.stringify({ lifecycle: [rule] }) });
    await project.run('repository', 'create', 'team', ...DOMAIN);
    expect((await gc('rules', '--repository', 'team', 'set', 'rules.json', '--yes')).exitCode).toBe(0);
    expect(json(await gc('rules', '--repository', 'team', '--json'))).toEqual({
      ...{ repository: 'team', lifecycle: [rule], warnings: [] },
    });
    expect(json(await gc('rules', '--json'))).toMatchObject({ lifecycle: [] });
    project.write({ 'none.yaml': 'lifecycle: []\n' });
    const none = await gc('rules', 'set', 'none.yaml', '--repository', 'team', '--yes');
    expect(none.stderr).toBe(
      '- old: ** keeps the newest 3; what a bookmark named within 1 day; labels v*, takes what is unused for 30 days\n',
    );
  });

  test('tells everything that is wrong, with its place, and changes nothing', async () => {
    project.write({
      'wrong.yaml': `lifecycle:
  - id: one
    match: 'shop/**x'
    keepNewest: many
  - id: one
    match: shop/*
  - match: '*'
    expireUnusedDays: -1
    keepOldest: 3
quarantineDays: 0
more: 1
`,
    });
    const outcome = await gc('rules', 'set', 'wrong.yaml', '--yes');
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('error:'));
    expect(errors).toEqual([
      "error: wrong.yaml:3:12: 'match' must be like an ID, with '*' in segments, or '**' in the place of some, not 'shop/**x'",
      "error: wrong.yaml:4:17: 'keepNewest' must be a whole number from 1 to 10,000, not 'many'",
      'error: wrong.yaml:5:5: the rule neither keeps nor takes anything',
      "error: wrong.yaml:5:9: another rule has the id 'one'",
      "error: wrong.yaml:7:5: the rule has no 'id'",
      "error: wrong.yaml:8:23: 'expireUnusedDays' must be a whole number from 0 to 36,500, not '-1'",
      "error: wrong.yaml:9:5: 'keepOldest' is not known here",
      "error: wrong.yaml:10:17: 'quarantineDays' must be a whole number from 1 to 36,500, not '0'",
      "error: wrong.yaml:11:1: 'more' is not known here",
    ]);
    project.write({ 'text.yaml': 'lifecycle: [{id: a, match: a, keepNewest: "5"}]', 'empty.yaml': '# nothing\n' });
    expect((await gc('rules', 'set', 'text.yaml')).stderr).toContain("from 1 to 10,000, not the text '5'\n");
    const empty = await gc('rules', 'set', 'empty.yaml');
    expect(empty.stderr).toMatch(/^error: empty\.yaml:1:1: the file is empty\n.*write: lifecycle: \[\]/);
    project.write({ 'broken.json': '{"lifecycle": [}' });
    expect((await gc('rules', 'set', 'broken.json')).stderr).toMatch(/^error: broken\.json:1:16: /);
    expect((await gc('rules', 'set', 'absent.yaml')).stderr).toBe("error: there is no file 'absent.yaml'\n");
    project.write({ 'folder/rules.yaml': 'lifecycle: []' });
    expect((await gc('rules', 'set', 'folder')).stderr).toContain("'folder' can't be read: it is a folder (EISDIR)\n");
    expect(project.stored('repositories')).toEqual([]);
  });

  test('settings that can’t be read stop nothing for good: they are told of, and replaced', async () => {
    const settings = settingsKey('default');
    await directoryStore(project.path('../domain')).create(settings, contentOf('{"lifecycle": 1}\n'));
    const found = await project.run('verify', ...DOMAIN);
    expect(found).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/^unreadable +repositories\/default /m) });
    const remedy = "give the rules anew with 'cfn-artifacts gc rules set FILE --domain file:../domain'.";
    expect(found.stderr).toContain(remedy);
    for (const command of [['plan'], ['rules']]) {
      expect(await gc(...command)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining(remedy) });
    }
    const waiting = await project.run('delete', 'default/tool', '--yes', ...DOMAIN);
    expect(waiting).toMatchObject({ exitCode: 3, stderr: expect.stringContaining(remedy) });
    // Where the quarantine is waived, nothing that is set counts.
    expect(await project.run('delete', 'default/tool', '--now', '--yes', ...DOMAIN)).toMatchObject({ exitCode: 0 });
    const no = await answering('n', 'gc', 'rules', 'set', 'rules.yaml');
    expect(no.stderr).toMatch(/^- what was set for 'default' before can't be read: .*\n\+ unused: /);
    expect(no.asked).toHaveLength(1);
    expect((await gc('rules')).exitCode).toBe(3);
    expect(await answering('y', 'gc', 'rules', 'set', 'rules.yaml')).toMatchObject({ exitCode: 0 });
    expect((await gc('rules')).stdout).toContain('unused');
    expect((await project.run('verify', ...DOMAIN)).exitCode).toBe(0);
    project.write({ 'none.yaml': 'lifecycle: []\n' });
    expect((await gc('rules', 'set', 'none.yaml', '--yes')).stdout).toBe("'default' has no rules now\n");
  });

  describe('a record of which a part can’t be read', () => {
    const settings = settingsKey('default');
    const sound = { id: 'abcdefg0', pattern: 'shop/**', with: '444455556666', right: 'read' };
    const unsound = { ...sound, id: 'abcdefg1', right: 'more\u202e' };
    const bySound = {
      arn: 'arn:aws:ram:eu-west-1:111122223333:resource-share/0b1c2d3e-0000-4000-8000-000000000000',
      ...{ pattern: 'shop/**', right: 'read' },
    };
    const encryption = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd';
    const owner = { stackId: 'arn', logicalId: 'R', requestId: 'R-1', issued: '2026-01-01T00:00:00.000Z' };
    const domain = (): ObjectStore => directoryStore(project.path('../domain'));
    const record = {
      ...{ format: 1, nonce: 'n', lifecycle: [], description: 'ours', acceptsFrom: ['staging'], owner },
      ...{
        shares: [sound, unsound],
        resourceShares: [bySound, { arn: 'no' }],
        demands: { encryption, endpoints: 'x' },
      },
      more: 1,
    };

    test('keeps the rest when rules are given anew, and what is lost is shown', async () => {
      await domain().create(settings, recordContent(record));
      const yes = await answering('y', 'gc', 'rules', 'set', 'rules.yaml');
      expect(yes.exitCode).toBe(0);
      const shown = yes.stderr.split('\n').filter((line) => line.startsWith('- '));
      expect(shown.slice(1)).toEqual([
        '- shares: {"id":"abcdefg1","pattern":"shop/**","with":"444455556666","right":"more\\u202e"}',
        '- resourceShares: {"arn":"no"}',
        '- demands: {"endpoints":"x"}',
        '- "more": 1',
      ]);
      expect(yes.stderr).not.toContain('takes: everything');
      expect((await readSettings(domain(), 'default'))?.value).toEqual({
        ...{ nonce: expect.any(String), lifecycle: [expect.objectContaining({ id: 'unused' })] },
        ...{ description: 'ours', acceptsFrom: ['staging'], owner },
        ...{ shares: [sound], resourceShares: [bySound], demands: { encryption } },
      });
    });

    test('is told to be lost as a whole where it is no record at all', async () => {
      await domain().create(settings, contentOf('damaged'));
      const { stderr } = await gc('rules', 'set', 'rules.yaml', '--yes');
      expect(stderr).toContain('- all that was shared and demanded, and who declared it\n');
      expect(stderr).toContain('+ takes: everything\n');
    });

    test('of a newer version is left as it is', async () => {
      const newer = { ...record, format: 99 };
      await domain().create(settings, recordContent(newer));
      const refused = await gc('rules', 'set', 'rules.yaml', '--yes');
      expect(refused).toMatchObject({ exitCode: 3, stdout: '', stderr: expect.stringContaining('in format 99') });
      const now = await domain().read(settings);
      expect(now && JSON.parse((await bytesOf(now.body)).toString())).toEqual(newer);
    });
  });

  test('a quarantine is of the whole domain', async () => {
    project.write({ 'days.yaml': 'lifecycle: []\nquarantineDays: 30\n' });
    const elsewhere = await gc('rules', 'set', 'days.yaml', '--repository', 'team', '--yes');
    expect(elsewhere.stderr).toContain("'quarantineDays' is of the whole domain, and not of one repository");
    expect((await gc('rules', 'set', 'days.yaml', '--yes')).stderr).toBe(
      '- quarantine: 7 days\n+ quarantine: 30 days\n',
    );
    expect((await gc('rules')).stderr).toContain('content is in quarantine for 30 days before it goes\n');
  });
});
