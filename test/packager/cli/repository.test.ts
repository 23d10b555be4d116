import { beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../packager/cli/program.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { recordedTerminal } from '../../support/terminal.ts';

/** What people see of repositories, in a directory domain. */

const DOMAIN = ['--domain', 'file:../domain'];

let project: TestProject;

const call = (...words: string[]): Promise<Outcome> => project.run(...words, ...DOMAIN);
const repository = (...words: string[]): Promise<Outcome> => call('repository', ...words);
const json = ({ stdout }: Outcome): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

/** As on a terminal, where somebody answers. */
async function answering(
  answer: string,
  ...argv: string[]
): Promise<{ readonly exitCode: number; readonly text: string }> {
  let text = '';
  const terminal = recordedTerminal({
    cwd: project.folder,
    askOpenly: async (question) => {
      text += question;
      return answer;
    },
  });
  const exitCode = await run([...argv, ...DOMAIN], terminal);
  return { exitCode, text: `${terminal.stderr.text}${text}${terminal.stdout.text}` };
}

beforeEach(async () => {
  project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two' });
  await call('publish', 'one.txt', '--id', 'tool');
});

test('who looks around in one that is not there is told which is near', async () => {
  await repository('create', 'staging');
  const place = ['--repository', 'stagin'];
  const words = [
    ['list'],
    ['list', '--versions'],
    ['tree'],
    ['references', '--unused'],
    ['references', '--behind', 'prod'],
  ];
  for (const [command = '', ...more] of words) {
    const { exitCode, stdout, stderr } = await call(command, ...more, ...place);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain("there is no repository 'stagin'\n  Did you mean 'staging'?");
  }
  expect(json(await call('list', ...place, '--json'))).toMatchObject({ error: { code: 'REPOSITORY_NOT_FOUND' } });
  expect(await call('list', '--repository', 'staging')).toMatchObject({
    ...{ exitCode: 0, stdout: '', stderr: "no artifacts in 'staging'\n" },
  });
});

test('who names what is in one that is not there is told which is near', async () => {
  await repository('create', 'staging');
  const words = [
    ['show', 'tool:1'],
    ['show', 'tool'],
    ['show', 'shop/tool:1'],
    ['get', 'tool:1'],
    ['references', 'tool'],
    ['bookmark', 'list', 'tool'],
  ];
  for (const argv of words) {
    const { exitCode, stderr } = await call(...argv, '--repository', 'stagin');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining("Did you mean the repository 'staging'?"),
    });
  }
  for (const other of ['staging', 'default', 'elsewhere'])
    expect((await call('show', 'tol:1', '--repository', other)).stderr).not.toContain('the repository');
});

describe('repository create', () => {
  test('one that would accept from another that is not there is warned about', async () => {
    await repository('create', 'staging');
    const made = await repository('create', 'production', '--accepts-from', 'stagin');
    expect(made.exitCode).toBe(0);
    expect(made.stderr).toContain("warning: there is no repository 'stagin' to accept from\n  Did you mean 'staging'?");
    const update = await repository('update', 'production', '--accepts-from', 'other', '--yes', '--json');
    expect(json(update)).toMatchObject({ changed: true, warnings: [{ code: 'unknown-repository' }] });
    expect((await repository('update', 'production', '--accepts-from', 'staging', '--yes')).stderr).not.toContain(
      'warning',
    );
  });

  test('makes it once, with its settings; the same again is no failure', async () => {
    const made = await repository('create', 'staging', '--description', 'before production');
    expect(made).toMatchObject({ exitCode: 0, stdout: "made the repository 'staging'\n", stderr: '' });
    const again = await repository('create', 'staging', '--json');
    expect(json(again)).toEqual({
      ...{ repository: 'staging', description: 'before production', lifecycle: [] },
      ...{ outcome: 'exists', warnings: [] },
    });
    const other = await repository('create', 'staging', '--requires-evidence');
    expect(other).toMatchObject({ exitCode: 2, stdout: '' });
    expect(other.stderr).toContain("there is a repository 'staging' already, with other settings");
    expect(other.stderr).toContain("'cfn-artifacts repository update staging --domain file:../domain' changes them");
    expect(await repository('create', 'default')).toMatchObject({ exitCode: 0 });
  });

  test.each([
    [['No'], 'is no repository name'],
    [['a'], 'is no repository name'],
    [['team', '--accepts-from', 'team'], "'acceptsFrom' must be a list of other repositories than itself"],
    [['team', '--accepts-from', 'No'], 'is no repository name'],
    [['team', '--description', 'two\nlines'], "'description' must be one line"],
    [['team', '--description', ''], 'must not be empty'],
  ])('%j is refused, and nothing made', async (words, message) => {
    const refused = await repository('create', ...words);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(json(await repository('list', '--json'))['repositories']).toHaveLength(1);
  });
});

describe('what comes into a repository', () => {
  test('needs it to be there: who publishes or packages is told which is near', async () => {
    await repository('create', 'staging');
    const refused = await call('publish', 'two.txt', '--id', 'tool', '--repository', 'stagng');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain("there is no repository 'stagng'");
    expect(refused.stderr).toContain("Did you mean 'staging'?");
    project.write({
      'template.yaml': 'Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: one.txt}}}',
    });
    for (const words of [['package'], ['package', '--dry-run']]) {
      const packaged = await call(...words, '--repository', 'nowhere');
      expect(packaged).toMatchObject({ exitCode: 2, stdout: '' });
      expect(packaged.stderr).toContain("there is no repository 'nowhere'");
      expect(packaged.stderr).toContain('cfn-artifacts repository create nowhere');
    }
    expect(await call('package', '--repository', 'staging')).toMatchObject({ exitCode: 0 });
  });

  test('is what it takes', async () => {
    await repository('create', 'production', '--accepts-from', 'staging', '--accepts-from', 'hotfix');
    const refused = await call('publish', 'two.txt', '--id', 'tool', '--repository', 'production');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain("'production' takes only what is promoted from 'staging', 'hotfix'");
    await repository('create', 'tested', '--requires-evidence');
    const without = await call('publish', 'two.txt', '--id', 'tool', '--repository', 'tested');
    expect(without.stderr).toContain("'tested' takes only what is promoted with evidence");
  });
});

describe('repository list and show', () => {
  test('tell of all, the default one among them', async () => {
    await repository('create', 'zoo', '--requires-evidence');
    await repository('create', 'app', '--accepts-from', 'zoo', '--description', 'for all');
    const { stdout } = await repository('list');
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, '|'))).toEqual([
      'REPOSITORY|TAKES|DESCRIPTION',
      'app|what is promoted from zoo|for all',
      'default|everything',
      'zoo|what is promoted with evidence',
      '',
    ]);
    expect(json(await repository('list', '--json'))).toEqual({
      repositories: [
        { repository: 'app', lifecycle: [], description: 'for all', acceptsFrom: ['zoo'] },
        { repository: 'default', lifecycle: [] },
        { repository: 'zoo', lifecycle: [], requiresEvidence: true },
      ],
      warnings: [],
    });
    expect((await repository('show', 'app')).stdout).toBe(
      'Repository   app\nDescription  for all\nTakes        what is promoted from zoo\nRules        none\n',
    );
    const unknown = await repository('show', 'ap');
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unknown.stderr).toContain("Did you mean 'app'?");
  });
});

describe('repository update', () => {
  test('shows what changes, asks, and changes nothing else', async () => {
    project.write({ 'rules.yaml': "lifecycle: [{id: all, match: '**', keepNewest: 3}]\n" });
    await repository('create', 'team', '--description', 'ours');
    expect(await call('gc', 'rules', 'set', 'rules.yaml', '--repository', 'team', '--yes')).toMatchObject({
      exitCode: 0,
    });
    const no = await answering('n', 'repository', 'update', 'team', '--accepts-from', 'staging');
    expect(no.exitCode).toBe(2);
    expect(no.text).toContain('- takes: everything\n+ takes: what is promoted from staging\n');
    expect(no.text).toContain("Change 'team' like this? [y/N] ");
    const is = { repository: 'team', description: 'ours', lifecycle: [{ id: 'all', match: '**', keepNewest: 3 }] };
    expect(json(await repository('show', 'team', '--json'))).toEqual({ ...is, warnings: [] });
    const yes = await answering('y', 'repository', 'update', 'team', '--accepts-from', 'staging');
    expect([yes.exitCode, yes.text]).toEqual([0, expect.stringContaining("changed 'team'\n")]);
    const same = await repository('update', 'team', '--accepts-from', 'staging');
    expect(same).toMatchObject({ exitCode: 0, stdout: "'team' is like that already\n", stderr: '' });
    const back = await repository('update', 'team', '--no-accepts-from', '--no-description', '--yes', '--json');
    const { repository: name, lifecycle } = is;
    expect(json(back)).toEqual({ repository: name, lifecycle, changed: true, warnings: [] });
  });

  test('rules that are set leave what else is set', async () => {
    project.write({ 'rules.yaml': "lifecycle: [{id: all, match: '**', keepNewest: 3}]\n" });
    await repository('create', 'team', '--description', 'ours', '--accepts-from', 'staging', '--requires-evidence');
    await call('gc', 'rules', 'set', 'rules.yaml', '--repository', 'team', '--yes');
    expect(json(await repository('show', 'team', '--json'))).toMatchObject({
      ...{ description: 'ours', acceptsFrom: ['staging'], requiresEvidence: true },
      lifecycle: [{ id: 'all' }],
    });
  });

  test.each([
    [['update', 'team'], 'nothing is given that could be changed'],
    [['update', 'nowhere', '--requires-evidence'], "there is no repository 'nowhere'"],
    [['update', 'team', '--requires-evidence'], 'there is no terminal to ask'],
    [['update'], 'NAME is missing'],
  ])('%j is refused', async (words, message) => {
    await repository('create', 'team');
    const refused = await repository(...words);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
  });

  test('of the default one, of which nothing is recorded', async () => {
    expect(await repository('update', 'default', '--description', 'all', '--yes')).toMatchObject({ exitCode: 0 });
    expect((await repository('show', 'default')).stdout).toContain('Description  all\n');
  });

  test('gc rules set makes no repository', async () => {
    project.write({ 'rules.yaml': 'lifecycle: []\n' });
    const refused = await call('gc', 'rules', 'set', 'rules.yaml', '--repository', 'team', '--yes');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain("there is no repository 'team'");
    expect((await call('gc', 'rules', '--repository', 'team')).exitCode).toBe(2);
  });
});

describe('repository delete', () => {
  beforeEach(async () => {
    await repository('create', 'team');
    await call('publish', 'one.txt', '--id', 'api', '--repository', 'team');
    await call('publish', 'two.txt', '--id', 'api', '--repository', 'team');
  });

  test('shows what goes, asks, and deletes it with its versions', async () => {
    const shown = await repository('delete', 'team', '--dry-run');
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/team\/api:2 .*into quarantine\nteam\/api:1 .*stays: default\/tool:1 holds it\n/);
    const no = await answering('', 'repository', 'delete', 'team');
    expect([no.exitCode, no.text]).toEqual([
      2,
      expect.stringContaining("Delete the repository 'team' with 2 versions? [y/N] "),
    ]);
    expect((await repository('show', 'team')).exitCode).toBe(0);
    const gone = await repository('delete', 'team', '--yes');
    expect(gone).toMatchObject({ exitCode: 0, stdout: "deleted the repository 'team' with 2 versions\n" });
    expect((await repository('show', 'team')).exitCode).toBe(2);
    // Numbers are never used again, also where the repository comes back.
    await repository('create', 'team');
    const { stdout } = await call('publish', 'one.txt', '--id', 'api', '--repository', 'team');
    expect(stdout).toContain(':team/api:3@');
  });

  test('is refused with everybody who needs any of it, and nothing goes', async () => {
    await call('reference', 'add', 'team/api:1', '--consumer', 'nightly');
    await call('reference', 'add', 'team/api:2', '--consumer', 'weekly');
    for (const words of [['--yes'], ['--dry-run']]) {
      const refused = await repository('delete', 'team', ...words);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(refused.stderr).toContain("'team/api:1' is in use by consumer 'nightly'");
      expect(refused.stderr).toContain("'team/api:2' is in use by consumer 'weekly'");
      expect(refused.stderr).toContain('Nothing was deleted.');
    }
    const listed = await repository('delete', 'team', '--yes', '--json');
    expect(json(listed)).toMatchObject({
      versions: [
        { version: 2, outcome: 'used' },
        { version: 1, outcome: 'used' },
      ],
      error: { code: 'ARTIFACT_IN_USE' },
    });
    expect(await call('publish', 'one.txt', '--id', 'more', '--repository', 'team')).toMatchObject({ exitCode: 0 });
  });

  test('the default one stays', async () => {
    const refused = await repository('delete', 'default', '--yes');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain("the repository 'default' is always there");
  });

  test('one without versions goes, as a document', async () => {
    await repository('create', 'empty');
    expect(json(await repository('delete', 'empty', '--yes', '--json'))).toEqual({
      ...{ versions: [], repository: 'empty', outcome: 'deleted', warnings: [] },
    });
  });
});
