import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { noEvidence } from '../../../repository/evidence/none.ts';
import { blobKey } from '../../../repository/keys.ts';
import type { Domain } from '../../../repository/index.ts';
import { establishDomain, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import { readManifest } from '../../../repository/version.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { forGuest, guestScope } from '../../../repository/sharing/guest.ts';
import { requireShared } from '../../../repository/sharing/guest-command.ts';
import { addShare, problemOfShare, readSharing, removeShare } from '../../../repository/sharing/records.ts';
import type { Right } from '../../../repository/sharing/share.ts';
import { scopeOf } from '../../../repository/sharing/share.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { steadyChance } from '../../support/chance.ts';
import { publishable } from '../../support/domain.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';
import { to } from '../../support/stages.ts';

knowEveryError();

const GUEST = '444455556666';
const OTHER = '777788889999';

let server: S3Server;
let client: S3Client;
let bucket: Bucket;
let domain: Domain;

beforeEach(async () => {
  server = await startS3Server();
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
  bucket = server.createBucket('domain', { versioning: 'Enabled' });
  const store = s3Store({ client, bucket: 'domain' });
  const parts = { store, keeper: ownKeeper(store), chance: steadyChance('tags') };
  const place = { partition: 'aws', region: 'us-east-1', account: TEST_ACCOUNT, bucket: 'domain' };
  domain = await establishDomain(parts, place);
  for (const repository of ['dev', 'prod']) await createRepository(domain, repository, { lifecycle: [] });
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

let ids = 0;
async function share(repository: string, pattern: string, whom: string, right: Right = 'read'): Promise<string> {
  ids += 1;
  const id = String(ids).padStart(8, '0');
  await addShare(domain, { id, repository, pattern, with: whom, right });
  return id;
}

function ask(command: KeeperCommand): ReturnType<typeof carryOut> {
  return carryOut(command, { domain, evidence: noEvidence, isTimeUp: () => false });
}

async function publish(repository: string, id: string, text: string, as: Domain = domain): Promise<string> {
  await publishVersion(as, { repository, id }, publishable(text, 'file'));
  return blobKey(sha256(text), 'file.txt');
}

const tagOf = (key: string): string | undefined => bucket.current(key)?.tags.get('cfn-artifacts-shares');
const scope = (repository: string, pattern: string): string => scopeOf({ repository, pattern });

describe('content is tagged', () => {
  test('with every pattern that reaches a version which holds it, and with no other', async () => {
    const both = await publish('dev', 'shop/api', 'both');
    await publish('prod', 'shop/api', 'both');
    const beside = await publish('dev', 'tools/x', 'beside');
    await share('dev', 'shop/**', GUEST);
    await share('prod', '**', OTHER);
    await ask({ command: 'tag-shared', repository: 'dev' });
    const scopes = [scope('dev', 'shop/**'), scope('prod', '**')].toSorted();
    expect(tagOf(both)).toBe(`:${scopes.join(':')}:`);
    expect(tagOf(beside) ?? '').toBe('');
    // Whoever asks again changes nothing.
    expect((await ask({ command: 'tag-shared', repository: 'dev' })).results).toEqual([]);
  });

  test('anew when a share is revoked, and not at all as long as another has the same pattern', async () => {
    const key = await publish('dev', 'shop/api', 'one');
    const first = await share('dev', 'shop/**', GUEST);
    const second = await share('dev', 'shop/**', OTHER);
    await ask({ command: 'tag-shared', repository: 'dev' });
    await removeShare(domain, first);
    expect((await ask({ command: 'tag-shared', repository: 'dev' })).results).toEqual([]);
    await removeShare(domain, second);
    expect((await ask({ command: 'tag-shared', repository: 'dev' })).results).toHaveLength(1);
    expect(tagOf(key)).toBe('');
  });

  test('when it is announced, and every day', async () => {
    await share('dev', 'shop/**', GUEST);
    const key = await publish('dev', 'shop/api', 'one');
    const other = await publish('dev', 'shop/web', 'two');
    const arn = `arn:aws:artifacts:us-east-1:${TEST_ACCOUNT}:dev/shop/api:1`;
    await ask({ command: 'announce', arns: [arn] });
    expect([tagOf(key), tagOf(other)]).toEqual([`:${scope('dev', 'shop/**')}:`, undefined]);
    const { results } = await ask({ command: 'tend' });
    expect(results).toContainEqual(expect.objectContaining({ task: 'tag', looked: 2, tagged: 1 }));
    expect(tagOf(other)).toBe(`:${scope('dev', 'shop/**')}:`);
  });

  test('piece by piece, where there is little time', async () => {
    for (const id of ['a', 'b', 'c']) await publish('dev', id, id);
    await share('dev', '**', GUEST);
    let command: KeeperCommand | undefined = { command: 'tag-shared', repository: 'dev' };
    let pieces = 0;
    while (command !== undefined) {
      ({ next: command } = await carryOut(command, { domain, evidence: noEvidence, isTimeUp: () => true }));
      pieces += 1;
    }
    expect(pieces).toBeGreaterThan(1);
    for (const id of ['a', 'b', 'c']) expect(tagOf(blobKey(sha256(id), 'file.txt'))).toBe(`:${scope('dev', '**')}:`);
  });
});

describe('what guests write', () => {
  const guestOf = async (repository: string, id: string): Promise<Domain> =>
    forGuest(domain, await guestScope(domain, { repository, id }));

  test('shows what the domain itself published into the same pattern, and nothing that it only names', async () => {
    const secret = await publish('prod', 'secret', 'secret');
    await share('dev', 'team/**', GUEST, 'publish');
    // As a guest's own program could do it: the digest of something else, under its name there.
    await publish('dev', 'team/forged', 'secret', await guestOf('dev', 'team/forged'));
    const own = await publish('dev', 'team/own', 'own');
    await ask({ command: 'tag-shared', repository: 'dev' });
    expect(tagOf(secret) ?? '').toBe('');
    expect(tagOf(own)).toBe(`:${scope('dev', 'team/**')}:`);
  });

  test('shows what it promoted from what everybody who may promote there may read', async () => {
    const key = await publish('dev', 'shop/api', 'one');
    await share('dev', 'shop/**', GUEST);
    await share('prod', 'shop/**', GUEST, 'promote');
    const as = await guestOf('prod', 'shop/api');
    const source = (await readManifest(domain, { repository: 'dev', id: 'shop/api' }, 1))!;
    await promote(as, to('prod', source));
    await ask({ command: 'tag-shared', repository: 'prod' });
    const scopes = [scope('dev', 'shop/**'), scope('prod', 'shop/**')].toSorted();
    expect(tagOf(key)).toBe(`:${scopes.join(':')}:`);
  });

  test('and nothing that it promoted from what not everybody may read who may promote there', async () => {
    const key = await publish('dev', 'shop/api', 'one');
    await share('dev', 'shop/**', GUEST);
    await share('prod', 'shop/**', GUEST, 'promote');
    await share('prod', 'shop/**', OTHER, 'publish');
    const as = await guestOf('prod', 'shop/api');
    await promote(as, to('prod', (await readManifest(domain, { repository: 'dev', id: 'shop/api' }, 1))!));
    await ask({ command: 'tag-shared', repository: 'prod' });
    expect(tagOf(key)).toBe(`:${scope('dev', 'shop/**')}:`);
  });

  test('nobody publishes where no share lets him', async () => {
    await share('dev', 'shop/**', GUEST);
    await expect(guestScope(domain, { repository: 'dev', id: 'shop/api' })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    await share('dev', 'shop/**', GUEST, 'publish');
    expect(await guestScope(domain, { repository: 'dev', id: 'shop/api' })).toBe(scope('dev', 'shop/**'));
    expect((await readSharing(domain.store)).shares).toHaveLength(1);
  });
});

describe('what guests ask of the keeper', () => {
  const arn = (name: string): string => `arn:aws:artifacts:us-east-1:${TEST_ACCOUNT}:${name}:1`;

  test('is done of what is shared for publishing, and refused of all else', async () => {
    await share('dev', 'team/**', GUEST, 'publish');
    await share('dev', 'shop/**', GUEST);
    await publish('dev', 'team/x', 'theirs');
    await publish('dev', 'shop/x', 'read');
    const allowed: readonly KeeperCommand[] = [
      { command: 'cancel', digest: sha256('theirs') },
      { command: 'finish', digest: sha256('theirs') },
      { command: 'renew', arn: arn('dev/team/x') },
      { command: 'complete', arn: arn('dev/team/x') },
      { command: 'announce', arns: [arn('dev/team/x')] },
    ];
    const refused: readonly KeeperCommand[] = [
      { command: 'cancel', digest: sha256('read') },
      { command: 'finish', digest: sha256('read') },
      { command: 'renew', arn: arn('dev/shop/x') },
      { command: 'complete', arn: arn('prod/team/x') },
      { command: 'announce', arns: [arn('dev/team/x'), arn('dev/shop/x')] },
      { command: 'hold-promotion', repository: 'dev', promotion: '0f'.repeat(16) },
      { command: 'tend' },
      { command: 'delete', arn: arn('dev/team/x'), dryRun: false, now: true },
    ];
    for (const command of allowed) await expect(requireShared(domain, command)).resolves.toBeUndefined();
    for (const command of refused)
      await expect(requireShared(domain, command)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await share('dev', 'team/**', OTHER, 'promote');
    await expect(
      requireShared(domain, { command: 'hold-promotion', repository: 'dev', promotion: '0f'.repeat(16) }),
    ).resolves.toBeUndefined();
  });
});

describe('shares of a repository', () => {
  test('the same people of the same artifacts have one share, with the latest right', async () => {
    const id = await share('dev', 'shop/**', GUEST);
    await share('dev', 'shop/**', GUEST, 'promote');
    expect((await readSharing(domain.store)).shares).toEqual([
      { id, repository: 'dev', pattern: 'shop/**', with: GUEST, right: 'promote' },
    ]);
  });

  test('publishing into patterns that overlap is refused, reading is not', async () => {
    await share('dev', 'shop/**', GUEST, 'publish');
    const wanted = { id: '12345678', repository: 'dev', with: OTHER };
    const { shares } = await readSharing(domain.store);
    expect(problemOfShare(shares, { ...wanted, pattern: 'shop/api', right: 'promote' })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    for (const [pattern, right] of [
      ['shop/api', 'read'],
      ['shop/**', 'publish'],
      ['shopping/**', 'publish'],
    ] as const)
      expect(problemOfShare(shares, { ...wanted, pattern, right })).toBeUndefined();
  });
});
