import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import {
  bytesOf,
  establishDomain,
  findDomain,
  ownKeeper,
  parseArn,
  readStatus,
  resolve,
  sha256,
} from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import type { Finished } from '../../support/child-script.ts';
import { startScript } from '../../support/child-script.ts';
import { createDomainBucket, identityOf } from '../../support/domain-on-server.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import { KeeperProcess } from '../../support/keeper-process.ts';
import { keysIn } from '../../support/keys-in.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';

/** `delete` while others are at the same: real processes on one directory, and command lines whose keeper has little time. */

knowEveryError();

const PACED = 'test/support/paced-main.ts';
/** The first and the last are the same content. */
const TEXTS: Readonly<Record<string, string>> = { a: 'same', b: 'two', c: 'three', d: 'four', e: 'five', f: 'same' };
const IDS = Object.keys(TEXTS);
const PAIRS = 12;
/** Which object one of a pair writes when the third begins. */
const behindIn = (pair: number): number => (pair % 4) * 7;

interface ToldVersion {
  readonly id: string;
  readonly version: number;
  readonly outcome: string;
}

/** What `delete --json` says of each artifact. */
function toldBy({ stdout }: Pick<Finished, 'stdout'>): Readonly<Record<string, string>> {
  const { versions } = JSON.parse(stdout) as { readonly versions: readonly ToldVersion[] };
  return Object.fromEntries(versions.map(({ id, outcome }) => [id, outcome]));
}

describe('processes on one directory', () => {
  let project: TestProject;
  let domain: Domain;

  const run = (...argv: string[]): Promise<Outcome> => project.run(...argv, '--domain', 'file:../domain');

  /** A project with a domain beside it, in which each ID has one version. */
  async function begin(): Promise<void> {
    project = await TestProject.of(Object.fromEntries(IDS.map((id) => [`${id}.txt`, TEXTS[id] ?? ''])));
    for (const id of IDS) await run('publish', `${id}.txt`, '--id', id);
    const store = directoryStore(project.path('../domain'));
    const found = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
    if (found === undefined) throw new Error('no domain');
    domain = found;
  }

  /**
   * Each as a process of its own. None makes a call to the domain before all could; the last begins when the first writes its object of that number, 0: at once.
   */
  async function together(
    seed: number,
    behind: number,
    ...commands: readonly (readonly string[])[]
  ): Promise<readonly Finished[]> {
    const file = (name: string): string => project.path(`../${name}`);
    const here = commands.map((_, index) => file(`here-${index}`));
    const started = await Promise.all(
      commands.map((argv, index) =>
        startScript(PACED, [...argv, '--domain', 'file:../domain'], {
          cwd: project.folder,
          env: {
            ...{ PATH: process.env['PATH'], PACED_SEED: `${seed * 10 + index}`, PACED_DOMAIN: file('domain') },
            ...{ PACED_HERE: here[index], PACED_GO: file(index === commands.length - 1 ? 'far' : 'go') },
            ...(index === 0 && { PACED_FAR: file('far'), PACED_FAR_AT: `${behind}` }),
          },
        }),
      ),
    );
    const all = Promise.all(started.map(({ finished }) => finished));
    // One that fails before its first call keeps nobody waiting.
    const hasEnded = Promise.race(started.map(({ finished }) => finished)).then(() => true);
    while (!here.every((one) => existsSync(one)) && !(await Promise.race([hasEnded, pause(2, false)])));
    writeFileSync(file('go'), '');
    if (behind > 0) await started[0]?.finished;
    writeFileSync(file('far'), '');
    return all;
  }

  const statusOf = (id: string, number = 1): Promise<string> =>
    readStatus(domain, { repository: 'default', id }, number);

  async function expectContent(subject: string, text: string): Promise<void> {
    const { key } = await resolve(domain, subject);
    const object = await domain.store.read(key);
    expect(object === undefined ? undefined : (await bytesOf(object.body)).toString()).toBe(text);
  }

  /** Nothing is inconsistent; and what nobody needs goes. */
  async function expectSound(): Promise<void> {
    const { exitCode, stdout } = await run('verify', '--deep', '--json');
    expect(exitCode === 0 ? [] : stdout).toEqual([]);
    const collected = await run('gc', 'run', '--now', '--yes');
    expect(collected.exitCode === 0 ? '' : collected.stderr).toBe('');
  }

  const deleting = (ids: readonly string[], now: boolean): readonly string[] => [
    ...['delete', ...ids.map((id) => `${id}:1`), '--yes', '--json'],
    ...(now ? ['--now'] : []),
  ];

  test('two that delete the same, in opposite orders, and one that publishes some of it again: all succeed, and what was published last is there', async () => {
    const counts = { anew: 0, deleted: 0, already: 0 };
    for (let pair = 0; pair < PAIRS; pair++) {
      await begin();
      const text = TEXTS[IDS[pair % IDS.length] ?? ''] ?? '';
      const id = pair % 4 < 2 ? (IDS[pair % IDS.length] ?? '') : 'fresh';
      const publishing = ['publish', `${IDS[pair % IDS.length]}.txt`, '--id', id, '--json'];
      const now = pair % 2 === 0;
      const [one, other, published] = await together(
        pair,
        behindIn(pair),
        deleting(IDS, now),
        deleting(IDS.toReversed(), now),
        publishing,
      );
      for (const finished of [one, other, published]) {
        expect({ pair, status: finished?.status, stderr: finished?.stderr }).toMatchObject({ pair, status: 0 });
      }
      for (const told of [one, other].map((finished) => toldBy(finished!))) {
        expect(Object.keys(told).toSorted()).toEqual(IDS);
        for (const outcome of Object.values(told)) {
          expect(['deleted', 'already']).toContain(outcome);
          counts[outcome as 'deleted' | 'already']++;
        }
      }
      expect(await Promise.all(IDS.map((one) => statusOf(one)))).toEqual(IDS.map(() => 'Deleted'));
      const { arn } = JSON.parse(published!.stdout) as { readonly arn: string };
      const { version = 0 } = parseArn(arn);
      // The version that it had was still there: then that was deleted afterwards.
      const isAnew = id === 'fresh' || version > 1;
      if (isAnew) {
        counts.anew++;
        expect(await statusOf(id, version)).toBe('Published');
        await expectContent(arn, text);
      }
      await expectSound();
      if (isAnew) await expectContent(arn, text);
      // Under one filename or two.
      const digests = (await keysIn(domain.store, 'blobs/')).map((key) => key.split('/')[2]);
      expect([...new Set(digests)]).toEqual(isAnew ? [sha256(text)] : []);
    }
    process.stderr.write(`delete, processes: ${PAIRS} pairs and a publisher, ${JSON.stringify(counts)}\n`);
    expect(counts.anew).toBeGreaterThanOrEqual(PAIRS / 2);
  });

  test('two that delete the same, and one that records a consumer: who was told that it may use a version can', async () => {
    const counts = { recorded: 0, refused: 0 };
    for (let pair = 0; pair < PAIRS; pair++) {
      await begin();
      const id = IDS[pair % IDS.length] ?? '';
      const now = pair % 2 === 0;
      const [one, other, adding] = await together(
        100 + pair,
        behindIn(pair),
        deleting(IDS, now),
        deleting(IDS.toReversed(), now),
        ['reference', 'add', `${id}:1`, '--consumer', 'job', '--json'],
      );
      const told = [one, other].map((finished) => toldBy(finished!));
      for (const [index, { status, stderr }] of [one!, other!].entries()) {
        const isRefused = told[index]?.[id] === 'used';
        expect({ pair, status, stderr: isRefused ? '' : stderr }).toEqual({
          pair,
          status: isRefused ? 2 : 0,
          stderr: '',
        });
      }
      await expectSound();
      if (adding?.status === 0) {
        counts.recorded++;
        expect(await statusOf(id)).toBe('Published');
        expect(told.map((versions) => versions[id])).toEqual(['used', 'used']);
        await expectContent(`default/${id}:1`, TEXTS[id] ?? '');
        await run('reference', 'remove', id, '--consumer', 'job');
      } else {
        counts.refused++;
        expect({ pair, error: (JSON.parse(adding!.stdout) as { error: { code: string } }).error.code }).toEqual({
          pair,
          error: 'ARTIFACT_DELETED',
        });
      }
      // Whatever was left because it was in use.
      const ended = await run('delete', ...IDS.map((one) => `${one}:1`), '--now', '--yes');
      expect({ pair, exitCode: ended.exitCode, stderr: ended.stderr }).toMatchObject({ pair, exitCode: 0 });
      expect(await keysIn(domain.store, 'blobs/')).toEqual([]);
      expect(await keysIn(domain.store, 'references/')).toEqual([]);
    }
    process.stderr.write(`delete, processes: ${PAIRS} pairs and a consumer, ${JSON.stringify(counts)}\n`);
    expect(Math.min(counts.recorded, counts.refused)).toBeGreaterThan(0);
  });
});

describe('with a keeper whose time is up after its first step', () => {
  const VERSIONS = 6;
  let server: S3Server;
  let client: S3Client;
  let keeper: KeeperProcess;
  let domain: Domain;
  let project: TestProject;

  hideOwnEnvironment();

  beforeEach(async () => {
    server = await startS3Server();
    const policies = domainPolicies((await buildDomainTemplate()).file);
    createDomainBucket(server, policies);
    const principals = principalsOf(policies);
    for (const who of ['publisher', 'administrator', 'keeper'] as const) {
      server.identities.set(who, identityOf(principals[who]));
    }
    client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('test', PLACE.region) });
    const store = s3Store({ client, bucket: BUCKET });
    const place = { partition: 'aws', ...PLACE, bucket: BUCKET };
    domain = await establishDomain({ store, keeper: ownKeeper(store), chance: CHANCE }, place);
    const { credentials } = server.clientConfig('keeper', PLACE.region);
    keeper = await KeeperProcess.start({
      ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
      // Nobody says there what is deployed.
      ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: server.endpoint },
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    keeper.time = 0;
    project = await TestProject.of({});
    for (let number = 1; number <= VERSIONS; number++) {
      project.write({ 'a.txt': `${number}` });
      await as('publisher', 'publish', 'a.txt', '--id', 'shop/api');
    }
    keeper.invocations.length = 0;
  });

  afterEach(async () => {
    await keeper.stop();
    client.destroy();
    await server.close();
  });

  function as(who: 'publisher' | 'administrator', ...argv: string[]): Promise<Outcome> {
    project.env = { ...awsEnvironment(server, who, PLACE.region), AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint };
    return project.run(...argv);
  }

  const deleteAll = (): Promise<Outcome> => as('administrator', 'delete', 'shop/api', '--now', '--yes', '--json');

  const NEWEST_FIRST = Array.from({ length: VERSIONS }, (_, index) => VERSIONS - index);

  const outcomesIn = ({ stdout }: Outcome): readonly (readonly [number, string])[] =>
    (JSON.parse(stdout) as { readonly versions: readonly ToldVersion[] }).versions.map(
      ({ version, outcome }) => [version, outcome] as const,
    );

  async function expectEmpty(): Promise<void> {
    for (const number of NEWEST_FIRST) {
      expect(await readStatus(domain, { repository: 'default', id: 'shop/api' }, number)).toBe('Deleted');
    }
    for (const prefix of ['blobs/', 'references/', 'deletions/'])
      expect(await keysIn(domain.store, prefix)).toEqual([]);
  }

  test('the command line has it go on until all is done, version by version', async () => {
    const { exitCode, stderr, ...told } = await deleteAll();
    expect(exitCode === 0 ? '' : stderr).toBe('');
    expect(outcomesIn({ exitCode, stderr, ...told })).toEqual(NEWEST_FIRST.map((version) => [version, 'deleted']));
    // Each piece goes on where the one before it has ended: first those that look, then those that delete.
    const pieces = keeper.invocations.map(
      ({ command }) => command as { readonly command: string; readonly dryRun: boolean; readonly after?: string },
    );
    for (const dryRun of [true, false]) {
      const own = pieces.filter((piece) => piece.dryRun === dryRun);
      expect(own.map(({ after }) => after)).toEqual([undefined, ...NEWEST_FIRST.map(String)]);
    }
    await expectEmpty();
  });

  test('where it fails between two steps, what is gone is told, and the same command does the rest', async () => {
    let deletions = 0;
    keeper.refuse = () => (isDeletion() && ++deletions === 4 ? [403, 'AccessDeniedException'] : undefined);
    const stopped = await deleteAll();
    expect(stopped.exitCode).toBe(3);
    expect(outcomesIn(stopped)).toEqual([6, 5, 4].map((version) => [version, 'deleted']));
    keeper.refuse = undefined;
    const { exitCode, ...rest } = await deleteAll();
    expect(exitCode).toBe(0);
    expect(new Map(outcomesIn({ exitCode, ...rest }))).toEqual(
      new Map(NEWEST_FIRST.map((version) => [version, version > 3 ? 'already' : 'deleted'])),
    );
    await expectEmpty();
  });

  test('several command lines at once come to the same end', async () => {
    const all = await Promise.all([deleteAll(), deleteAll(), deleteAll()]);
    for (const { exitCode, stderr } of all) expect(exitCode === 0 ? '' : stderr).toBe('');
    for (const told of all) {
      expect(new Set(outcomesIn(told).map(([version]) => version))).toEqual(new Set(NEWEST_FIRST));
      for (const [, outcome] of outcomesIn(told)) expect(['deleted', 'already']).toContain(outcome);
    }
    await expectEmpty();
  });

  /** Whether the keeper has been asked for all that only looks. */
  function isDeletion(): boolean {
    return keeper.invocations.length > VERSIONS;
  }
});
