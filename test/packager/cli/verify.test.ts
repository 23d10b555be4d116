import { readFileSync, rmSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../../packager/chance.ts';
import { bind } from '../../../repository/bind.ts';
import { contentOf, findDomain, formatArn, ownKeeper, resolve, sha256 } from '../../../repository/index.ts';
import type { Domain, ObjectKey, ObjectStore } from '../../../repository/index.ts';
import { deletionKey, stackReferenceKey } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import { recordContent } from '../../../repository/record.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { PLACE } from '../../support/domain-principals.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { startS3Server } from '../../support/s3-server.ts';

knowEveryError();

const UUID = '6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';
const STACK = { account: '000000000000', region: 'local', stack: 'shop', uuid: UUID };

describe('verify', () => {
  let project: TestProject;
  let store: ObjectStore;
  let domain: Domain;
  let key: ObjectKey;

  const run = (...argv: string[]): Promise<Outcome> => project.run(...argv, '--domain', 'file:../domain');
  const json = ({ stdout }: Outcome): unknown => JSON.parse(stdout);

  beforeEach(async () => {
    project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two' });
    for (const file of ['one.txt', 'two.txt']) await run('publish', file, '--id', 'shop/api');
    store = directoryStore(project.path('../domain'));
    const found = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
    if (found === undefined) throw new Error('no domain');
    domain = found;
    ({ key } = await resolve(domain, 'default/shop/api:1'));
  });

  async function lose(...keys: readonly ObjectKey[]): Promise<void> {
    for (const one of keys) {
      const head = await store.head(one);
      if (head !== undefined) await store.removeRevision(one, head.revision);
    }
  }

  async function keysBelow(prefix: string): Promise<ObjectKey[]> {
    const keys: ObjectKey[] = [];
    for await (const listed of store.list(prefix)) keys.push(listed.key);
    return keys;
  }

  test('says how much it looked at, and that nothing was found', async () => {
    const sound = { exitCode: 0, stdout: '', stderr: 'looked at 7 objects: nothing was found\n' };
    // A directory tells no digests.
    const unread = 'of 2 assets only the size was compared; --deep reads them\n';
    expect(await run('verify')).toMatchObject({ ...sound, stderr: sound.stderr + unread });
    expect(await run('verify', '--fix', '--deep')).toMatchObject(sound);
    expect(await run('verify', '--quiet')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(json(await run('verify', '--json'))).toEqual({
      ...{ findings: [], looked: 7, healed: 0, healable: 0, left: 0, bySizeAlone: 2, warnings: [] },
    });
  });

  test('of a repository that does not exist it says so; one that has nothing but settings does', async () => {
    expect(await run('verify', '--repository', 'nope')).toMatchObject({
      ...{ exitCode: 2, stdout: '' },
      stderr: expect.stringMatching(/^error: there is no repository 'nope'\n/),
    });
    project.write({ 'rules.yaml': 'lifecycle: []\nquarantineDays: 7\n' });
    project.write({ 'tools.yaml': 'lifecycle: [{id: a, match: a, keepNewest: 1}]\n' });
    await run('repository', 'create', 'tools');
    await run('gc', 'rules', 'set', 'tools.yaml', '--repository', 'tools', '--yes');
    expect((await run('verify', '--repository', 'tools')).stderr).toBe('looked at 1 object: nothing was found\n');
  });

  test('tells what is lost, who uses it, and what brings it back', async () => {
    const { arn, filename, size, digest } = await resolve(domain, 'default/shop/api:1');
    const stackId = `arn:aws:cloudformation:local:000000000000:stack/shop/${UUID}`;
    const operation = { resource: { ...STACK, logicalId: 'Api' }, stackId, requestId: 'R1', replaces: false };
    const wanted = [{ arn: formatArn(arn), key, filename, size, digest }];
    await bind(domain, { ...operation, issued: '2026-01-01T00:00:00.000Z', pinned: false }, wanted);
    await lose(key);
    const { exitCode, stdout, stderr } = await run('verify', '--fix');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^FINDING +ARTIFACT +USED BY +HEALED +WHY$/m);
    expect(stdout).toMatch(
      /^lost +default\/shop\/api:1 +- +no +the content sha256:\S+ \('one\.txt'\) is not in the store$/m,
    );
    // Somebody may be just deploying it.
    expect(stdout).toMatch(/^unsettled +default\/shop\/api:1 +shop\/Api +no /m);
    expect(stderr).toContain(
      `note: Publish or package the same bytes again: what has the digest sha256:${digest} is put`,
    );
    expect(stderr).toMatch(/^looked at 8 objects: 2 findings, 0 healed, 1 left to see to$/m);
    expect(json(await run('verify', '--json'))).toMatchObject({
      findings: [
        { kind: 'lost', key, arns: [formatArn(arn)], digest, healed: false },
        { kind: 'unsettled', key, stackId, logicalId: 'Api', healed: false },
      ],
      ...{ looked: 8, healed: 0, healable: 0, left: 1, warnings: [] },
    });
    expect((await run('publish', 'one.txt', '--id', 'shop/api')).exitCode).toBe(0);
    expect((await run('verify', '--deep')).exitCode).toBe(0);
  });

  test('heals what can be healed, and says what that leaves', async () => {
    await lose(...(await keysBelow(`references/${sha256('one')}/`)));
    await store.create(objectKey('blobs/readme.txt'), recordContent({}));
    const found = await run('verify');
    expect(found.exitCode).toBe(5);
    expect(found.stderr).toMatch(
      /^looked at .*: 2 findings, 2 left to see to; 'cfn-artifacts verify --fix --domain file:\.\.\/domain' heals 1 of them$/m,
    );
    const healing = await run('verify', '--fix');
    expect(healing.stdout).toMatch(/^unheld +default\/shop\/api:1 +- +yes /m);
    expect(healing.stdout).toMatch(/^foreign +blobs\/readme\.txt +- +no /m);
    expect(healing.stderr).toMatch(/: 2 findings, 1 healed, 1 left to see to$/m);
    await lose(objectKey('blobs/readme.txt'));
    expect(await run('verify', '--fix')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await keysBelow(`references/${sha256('one')}/version/`)).toHaveLength(1);
  });

  test('what is harmless is told, and is no reason for a status', async () => {
    const digest = sha256('nothing');
    const record = { state: 'condemned', nonce: 'n', incarnations: [], since: '' };
    await store.create(deletionKey(digest), recordContent(record));
    const { exitCode, stdout, stderr } = await run('verify');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^leftover +deletions/${digest} `, 'm'));
    expect(stderr).toMatch(/: 1 finding; 'cfn-artifacts verify --fix --domain file:\.\.\/domain' heals it$/m);
    expect(await run('verify', '--fix')).toMatchObject({ exitCode: 0 });
    expect(await keysBelow('deletions/')).toEqual([]);
  });

  test('only --deep finds what a directory does not know', async () => {
    await store.overwrite(key, contentOf('eno'));
    expect((await run('verify')).exitCode).toBe(0);
    const { exitCode, stdout } = await run('verify', '--deep');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^damaged +default\/shop\/api:1 .* its 3 bytes have the digest [0-9a-f]{64}$/m);
    const got = await run('get', 'shop/api:1', '--output', '-');
    expect(got).toMatchObject({ exitCode: 4, stdout: 'eno' });
    expect(got.stderr).toContain('\n  Whatever took it from stdout has damaged bytes: ');
    expect(got.stderr).not.toContain('Nothing of it was used');
    expect((await run('get', 'shop/api:1', '--output', 'got')).stderr).toContain('\n  Nothing of it was used. ');
  });

  test('damaged content comes back: verify --fix, publish, get', async () => {
    await store.overwrite(key, contentOf('onion'));
    const before = (await keysBelow('')).filter((one) => one !== key);
    const refused = await run('publish', 'one.txt', '--id', 'shop/api');
    expect(refused.stderr).toContain("Run 'cfn-artifacts verify --fix --domain file:../domain', then publish again.");
    expect(refused.exitCode).not.toBe(0);
    expect((await run('verify')).stderr).toMatch(
      /; 'cfn-artifacts verify --fix --domain file:\.\.\/domain' heals what can be healed$/m,
    );
    const { exitCode, stdout, stderr } = await run('verify', '--fix');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(
      /^damaged +default\/shop\/api:1 +- +no .*: it has 5 bytes instead of 3; it is erased, and the right content is not/m,
    );
    expect(stderr).toContain('Publish or package the same bytes again');
    expect(await run('publish', 'one.txt', '--id', 'shop/api')).toMatchObject({ exitCode: 0 });
    expect((await run('get', 'default/shop/api:1', '--output', 'got.txt')).exitCode).toBe(0);
    expect(readFileSync(project.path('got.txt'), 'utf8')).toBe('one');
    expect((await keysBelow('')).filter((one) => one !== key)).toEqual(before);
    expect((await run('verify', '--deep')).exitCode).toBe(0);
  });

  test('a record that can’t be read is told, and left', async () => {
    const { digest } = await resolve(domain, 'default/shop/api:1');
    const reference = stackReferenceKey(digest, { ...STACK, logicalId: 'Api' }, 'R1');
    await store.create(reference, contentOf('damaged'));
    const { exitCode, stdout, stderr } = await run('verify', '--fix');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^unreadable +references\/\S+\/R1 +- +no /m);
    expect(stderr).toContain('update cfn-artifacts. If it was damaged, put the object back from a backup.');
    // The key stands in its own column.
    expect(stdout.match(/references\//g)).toHaveLength(1);
  });

  test.each([
    [['verify', '--repository', 'No'], /'No' is no repository name/],
    [['verify', 'shop/api'], /too many words for 'verify'/],
  ])('%j is refused', async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('without a domain there is nothing to look at', async () => {
    rmSync(project.path('../domain'), { recursive: true });
    expect(await run('verify')).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

test('in a bucket of one’s own the command does it, by the digests that S3 keeps', async () => {
  const server = await startS3Server();
  server.createBucket('own', { versioning: 'Enabled', region: PLACE.region });
  const project = await TestProject.of({ 'one.txt': 'one' });
  project.env = awsEnvironment(server, 'test', PLACE.region);
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('test', PLACE.region) });
  try {
    const there = ['--domain', 's3://own'];
    await project.run('publish', 'one.txt', '--id', 'shop/api', ...there);
    expect((await project.run('verify', '--fix', '--deep', ...there)).exitCode).toBe(0);
    server.requests.length = 0;
    expect((await project.run('verify', ...there)).exitCode).toBe(0);
    // Of content nothing is read, of records everything once.
    const read = server.requests.filter(({ operation }) => operation === 'GetObject').map(({ key = '' }) => key);
    expect(read.filter((one) => one.startsWith('blobs/'))).toEqual([]);
    await s3Store({ client, bucket: 'own' }).overwrite(
      objectKey(`blobs/sha256/${sha256('one')}/one.txt`),
      contentOf('eno'),
    );
    const { exitCode, stdout } = await project.run('verify', ...there);
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^damaged .* the store took it with the digest /m);
  } finally {
    client.destroy();
    await server.close();
  }
});
