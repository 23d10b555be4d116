import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startMoto } from '../support/moto.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { StackEvent } from '../support/stack-engine/engine.ts';
import { whySkipped } from '../support/where.ts';
import type { Account } from './account.ts';
import { accountOnMoto, accountOnServer } from './account.ts';
import type { Use } from './example.ts';
import { ExampleProject, EXAMPLES } from './example.ts';

/** The story of an artifact: each example is packaged by the command line, deployed, changed, deployed again, fails to be deployed, and is deleted. */

interface Story {
  readonly name: string;
  /** IDs below the example's name, of everything that is packaged. */
  readonly artifacts: readonly string[];
  /** Its text grows by a line break with each change. */
  readonly file: string;
  /** What then has another version; first what holds the file. */
  readonly changed: readonly [string, ...string[]];
  /** The resource that fails to be updated. */
  readonly fails: string;
  /** What `package` warns about. */
  readonly warning?: string;
  /** For `package`; none. */
  readonly flags?: string;
}

const SHOP: Story = {
  name: 'shop',
  artifacts: ['api/openapi.yaml', 'functions/orders', 'functions/stock', 'layer', 'stacks/tables.yaml'],
  file: 'functions/orders/index.mjs',
  changed: ['functions/orders'],
  fails: 'Orders',
};

const STORIES: readonly Story[] = [
  {
    name: 'sam-app',
    artifacts: ['functions/add', 'functions/list', 'routes.yaml'],
    file: 'functions/add/index.mjs',
    changed: ['functions/add'],
    fails: 'AddNoteAliaslive',
    warning:
      "warning: template.yaml:25:37: Parameters.Location of 'Api' (Fn::Transform/AWS::Include) is written as a literal, " +
      'which binds the packaged template to us-east-1\n  For several Regions: --regions writes what each needs.\n',
  },
  {
    name: 'nested-stacks',
    artifacts: ['stacks/queue.yaml', 'stacks/worker.yaml', 'worker'],
    file: 'worker/index.mjs',
    changed: ['worker', 'stacks/worker.yaml'],
    fails: 'Function',
  },
  {
    name: 'layer',
    artifacts: ['greeting', 'hello'],
    file: 'greeting/nodejs/node_modules/greeting/index.mjs',
    changed: ['greeting'],
    fails: 'Hello',
  },
  {
    name: 'step-functions',
    artifacts: ['charge', 'orders.asl.json'],
    file: 'orders.asl.json',
    changed: ['orders.asl.json'],
    fails: 'Orders',
  },
  SHOP,
  { ...SHOP, flags: ' --references grouped' },
];

const moto = await startMoto();
const runsMoto = !('skipped' in moto);
afterAll(async () => {
  if (runsMoto) await moto.close();
});

const PLACES = [
  {
    name: 'the S3 server of the tests, a replaced reference going back by its Delete alone',
    runs: true,
    open: () => accountOnServer({ replacedRollback: 'without an update' }),
  },
  {
    name: 'the S3 server of the tests, a replaced reference going back by an Update and a Delete',
    runs: true,
    open: () => accountOnServer({ replacedRollback: 'with an update' }),
  },
  {
    name: `moto${whySkipped(runsMoto, 'skipped' in moto ? moto.skipped : '')}`,
    runs: runsMoto,
    open: () => (runsMoto ? accountOnMoto(moto) : accountOnServer()),
  },
];

let account: Account;

test('every example has a story', () => {
  // What is there for other tests, or for people: it has no artifacts of its own.
  const elsewhere = ['cdk', 'redeploy', 'reference-mode', 'repositories', 'sam-pipeline', 'typescript'];
  const names = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const told = new Set([...STORIES.map(({ name }) => name), ...elsewhere]);
  expect(names.map(({ name }) => name).sort()).toEqual([...told].sort());
  for (const { name } of names) expect(existsSync(path.join(EXAMPLES, name, 'README.md'))).toBe(true);
});

describe.each(PLACES)('on $name', ({ runs, open }) => {
  hideOwnEnvironment();

  beforeEach(async () => {
    account = await open();
  });

  afterEach(async () => {
    await account.close();
  });

  const story = runs ? test : test.skip;

  story.each(STORIES.map((told) => ({ flags: '', ...told })))(
    '$name$flags: its references are those of what is deployed, at every time',
    async (told) => {
      const { name, artifacts, file, changed } = told;
      const flags = told.flags.split(' ').filter(Boolean);
      const project = await ExampleProject.of(name, account);
      const { engine } = account;
      const ids = artifacts.map((id) => `${name}/${id}`);
      const leaf = `${name}/${changed[0]}`;

      const first = await project.package(...flags);
      expect(uploadedIn(first.stderr)).toEqual(ids);
      expect(first.stderr.replaceAll(/^uploaded .*\n/gm, '')).toBe(told.warning ?? '');
      expect(await project.unused()).toEqual(ids.map((id) => `${id}:1`));
      const created = await engine.deploy(name, first.template);
      expect([created.status, failures(created.events)]).toEqual(['CREATE_COMPLETE', []]);
      const before = await usesOf(project, name);
      expect(versionsIn(before)).toEqual(ids.map((id) => `${id}:1`));
      await expectCodeOf(before);
      for (const id of ids) await expectRowsOf(project, id, before);
      expect(await project.unused()).toEqual([]);

      project.append(file, '\n');
      const second = await project.package(...flags);
      expect(uploadedIn(second.stderr)).toEqual(changed.map((id) => `${name}/${id}`).sort());
      expect(await usesOf(project, name)).toEqual(before);
      const meanwhile: (readonly string[])[] = [];
      const newest = await digestOf(project, `${leaf}:2`);
      account.onRead = async ({ key }) => {
        if (key.includes(newest)) meanwhile.push(versionsIn(await project.references(leaf)));
      };
      const updated = await engine.deploy(name, second.template);
      account.onRead = undefined;
      expect([updated.status, failures(updated.events)]).toEqual(['UPDATE_COMPLETE', []]);
      expect(meanwhile).toEqual([[`${leaf}:1`, `${leaf}:2`]]);
      expectDeletesInCleanup(updated.events, changed.length);
      const after = await usesOf(project, name);
      const wanted = artifacts.map((id) => `${name}/${id}:${changed.includes(id) ? 2 : 1}`);
      expect(versionsIn(after)).toEqual(wanted);
      await expectCodeOf(after);
      await expectRowsOf(project, leaf, after);
      expect(await project.unused()).toEqual(changed.map((id) => `${name}/${id}:1`).sort());

      project.append(file, '\n');
      const third = await project.package(...flags);
      const failed = await engine.deploy(name, third.template, {
        faults: [{ logicalId: told.fails, on: 'Update', does: { kind: 'fail', reason: 'Not today' } }],
      });
      expect([failed.status, failures(failed.events)]).toEqual([
        'UPDATE_ROLLBACK_COMPLETE',
        expect.arrayContaining([`${told.fails}: Not today`]),
      ]);
      expect(await usesOf(project, name)).toEqual(after);
      await expectCodeOf(after);

      const deleted = await engine.deleteStack(name);
      expect(deleted.status).toBe('DELETE_COMPLETE');
      expect(await usesOf(project, name)).toEqual([]);
      for (const id of ids) {
        expect(await project.run('references', id)).toEqual({
          ...{ exitCode: 0, stdout: '' },
          stderr: `nobody uses 'default/${id}'\n`,
        });
      }
      const versions = artifacts.flatMap((id) =>
        (changed.includes(id) ? [3, 2, 1] : [1]).map((n) => `${name}/${id}:${n}`),
      );
      expect(await project.unused()).toEqual(versions);
      expect(await account.keys('consumers/')).toEqual([]);
      await engine.settle();
    },
  );
});

/** IDs, sorted. */
function uploadedIn(stderr: string): readonly string[] {
  return [...stderr.matchAll(/^uploaded (\S+) \(/gm)].map(([, id = '']) => id).sort();
}

function failures(events: readonly StackEvent[]): readonly string[] {
  return events
    .filter(({ status }) => status.endsWith('_FAILED'))
    .map(({ logicalId, reason = '' }) => `${logicalId}: ${reason}`);
}

/** What the stack and those nested in it use. */
async function usesOf(project: ExampleProject, name: string): Promise<readonly Use[]> {
  const names = account.engine.stacks().flatMap((stack) => (stack.root.name === name ? [stack.name] : []));
  const uses = await Promise.all(names.map((one) => project.references('--stack', one)));
  return uses.flat();
}

/** `ID:version`, sorted. */
function versionsIn(uses: readonly Use[]): readonly string[] {
  return uses.map(({ arn }) => /:default\/([^@]+)@/.exec(arn)?.[1] ?? arn).sort();
}

async function digestOf(project: ExampleProject, artifact: string): Promise<string> {
  const { stdout } = await project.run('show', artifact, '--json');
  return (JSON.parse(stdout) as { digest: string }).digest;
}

/** Each function runs what some reference protects. */
async function expectCodeOf(uses: readonly Use[]): Promise<void> {
  const digests = uses.map(({ digest }) => digest);
  const names = Object.keys(account.engine.functions()).filter((name) => !name.startsWith('cfn-artifacts-'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const code = await account.engine.code(name);
    expect(digests).toContain(createHash('sha256').update(code).digest('hex'));
  }
}

/** The table for people says what the document says. */
async function expectRowsOf(project: ExampleProject, id: string, uses: readonly Use[]): Promise<void> {
  const { stdout, stderr, exitCode } = await project.run('references', id);
  expect([exitCode, stderr]).toEqual([0, '']);
  const [titles, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
  expect(titles).toEqual(['VERSION', 'USED BY', 'LOGICAL ID', 'ACCOUNT', 'REGION', 'SINCE', 'CHOSEN BY']);
  const expected = uses.filter(({ arn }) => arn.includes(`:default/${id}:`));
  expect(rows).toEqual(
    expected.map(({ version, stack, logicalId, since }) => [
      ...[String(version), stack, logicalId, account.account, account.region],
      ...[`${since.slice(0, 16).replace('T', ' ')}Z`, '-'],
    ]),
  );
}

/** The old references go when the update can no longer fail. */
function expectDeletesInCleanup(events: readonly StackEvent[], count: number): void {
  const cleanup = events.findIndex(({ status }) => status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
  const deletes = events.flatMap(({ type, status }, index) =>
    type === 'Custom::ArtifactRef' && status === 'DELETE_COMPLETE' ? [index] : [],
  );
  expect(deletes).toHaveLength(count);
  expect(cleanup).toBeGreaterThan(0);
  for (const index of deletes) expect(index).toBeGreaterThan(cleanup);
}
