import { DeleteObjectCommand, GetObjectCommand, PutObjectLegalHoldCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bind } from '../../../repository/bind.ts';
import type { Operation, Wanted } from '../../../repository/bind.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { ownKeeper, publishVersion } from '../../../repository/index.ts';
import type { Domain, ObjectStore } from '../../../repository/index.ts';
import { describeDomain } from '../../../repository/domain.ts';
import { release } from '../../../repository/release.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import type { LiftedHold } from '../../../repository/stores/s3-hold.ts';
import { s3Hold } from '../../../repository/stores/s3-hold.ts';
import { steadyChance } from '../../support/chance.ts';
import { publishable } from '../../support/domain.ts';
import { createDomainBucket, identityOf } from '../../support/domain-on-server.ts';
import type { DomainPolicies, PrincipalName } from '../../support/domain-principals.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';

/** A domain with LegalHold on, each at work with the rights that the templates give. */

const SHOP = { repository: 'default', id: 'shop/api' };
const OPERATION: Operation = {
  resource: {
    ...{ account: PLACE.account, region: PLACE.region, stack: 'shop', logicalId: 'ApiArtifact' },
    uuid: '0b1c2d3e-0000-4000-8000-000000000000',
  },
  ...{ stackId: 'stack', requestId: 'first', issued: '2026-11-21T10:00:00.000Z', replaces: false, pinned: false },
};

let server: S3Server;
let bucket: Bucket;
let policies: DomainPolicies;
let clients: S3Client[];
/** Holds that the keeper's store said it has lifted. */
let lifted: LiftedHold[];

beforeAll(async () => {
  policies = domainPolicies((await buildDomainTemplate()).file);
});

beforeEach(async () => {
  server = await startS3Server();
  clients = [];
  lifted = [];
  bucket = createDomainBucket(server, policies);
  bucket.objectLock = true;
  for (const [name, principal] of Object.entries(principalsOf(policies)))
    server.identities.set(identifier(name), identityOf(principal));
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await server.close();
});

function identifier(name: string): string {
  return name.replaceAll(/\W/g, '-');
}

function clientOf(who: PrincipalName): S3Client {
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(identifier(who), PLACE.region) });
  clients.push(client);
  return client;
}

function storeOf(who: PrincipalName, onRequest?: (operation: string) => void): ObjectStore {
  return s3Store({
    ...{ client: clientOf(who), bucket: BUCKET, expectedOwner: PLACE.account, requiresVersions: true },
    liftsHolds: who === 'keeper',
    onHoldLifted: (hold) => lifted.push(hold),
    ...(onRequest !== undefined && { onRequest }),
  });
}

function domainOf(who: PrincipalName): Domain {
  const store = storeOf(who);
  const chance = steadyChance(identifier(who).replaceAll('-', ''));
  const hold = s3Hold({ client: clientOf(who), bucket: BUCKET, expectedOwner: PLACE.account });
  const holds = who === 'keeper' || who === 'reference function';
  return {
    ...{ partition: 'aws', ...PLACE, bucket: BUCKET, store, chance, keeper: ownKeeper(storeOf('keeper')) },
    ...(holds && { hold }),
  };
}

async function published(): Promise<Wanted & { readonly incarnation: string }> {
  const domain = domainOf('publisher');
  await describeDomain(domainOf('reference function'), { partition: 'aws', ...PLACE, bucket: BUCKET });
  const { arn, key, size, filename } = await publishVersion(domain, SHOP, publishable('content'));
  const { version: number, digest } = arn;
  const head = await domain.store.head(key);
  return {
    ...{ arn: 'arn', key, size, filename, digest, version: { ...SHOP, number } },
    incarnation: head?.incarnation ?? '',
  };
}

async function bound(): Promise<Wanted & { readonly incarnation: string; readonly generation: string }> {
  const wanted = await published();
  return { ...wanted, generation: await bind(domainOf('reference function'), OPERATION, [wanted]) };
}

/** What the stack used, and its version, are needed by nobody any more. */
async function letGo({ generation }: { readonly generation: string }): Promise<void> {
  const { resource } = OPERATION;
  const end = { resource, requestId: 'end', issued: '2026-11-21T11:00:00.000Z', generation };
  await release(domainOf('reference function').store, end);
  expect(await deleteVersion(domainOf('keeper'), SHOP, 1)).toMatchObject({ outcome: 'deleted' });
}

/** By its version, as who has all rights and knows S3 would do it. */
function erase(who: PrincipalName, { key, incarnation }: { readonly key: string; readonly incarnation: string }) {
  return clientOf(who).send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key, VersionId: incarnation }));
}

function holdOf({ key, incarnation }: { readonly key: string; readonly incarnation: string }): boolean | undefined {
  const found = bucket.versions(key).find(({ versionId }) => versionId === incarnation);
  return found !== undefined && 'legalHold' in found ? found.legalHold : undefined;
}

describe('content in use', () => {
  test('has a hold from when it is bound on; what is only published has none', async () => {
    const wanted = await published();
    expect(holdOf(wanted)).toBe(false);
    await bind(domainOf('reference function'), OPERATION, [wanted]);
    expect(holdOf(wanted)).toBe(true);
  });

  test.each<PrincipalName>(['administrator', 'root'])(
    'can’t be erased by the %s, also without the bucket’s policy',
    async (who) => {
      const used = await bound();
      bucket.policy = undefined;
      await expect(erase(who, used)).rejects.toMatchObject({ name: 'AccessDenied' });
      // A delete marker hides it, and S3 still has it.
      await clientOf(who).send(new DeleteObjectCommand({ Bucket: BUCKET, Key: used.key }));
      const read = new GetObjectCommand({ Bucket: BUCKET, Key: used.key, VersionId: used.incarnation });
      const { Body } = await clientOf(who).send(read);
      expect(await Body?.transformToString()).toBe('content');
    },
  );

  test('without holds that would have been the end of it', async () => {
    const wanted = await published();
    bucket.policy = undefined;
    await erase('administrator', wanted);
    expect(holdOf(wanted)).toBeUndefined();
  });

  test.each<PrincipalName>(['administrator', 'root', 'reference function', 'publisher', 'deployer'])(
    'its hold is lifted by no %s',
    async (who) => {
      const { key, incarnation } = await bound();
      const LegalHold = { Status: 'OFF' } as const;
      const lift = new PutObjectLegalHoldCommand({ Bucket: BUCKET, Key: key, VersionId: incarnation, LegalHold });
      await expect(clientOf(who).send(lift)).rejects.toMatchObject({ name: 'AccessDenied' });
      expect(holdOf({ key, incarnation })).toBe(true);
    },
  );
});

describe('the keeper', () => {
  test('removes what nobody needs any more, and its hold with it', async () => {
    const used = await bound();
    await letGo(used);
    expect(holdOf(used)).toBe(true);
    const keeper = domainOf('keeper');
    expect(await condemn(keeper, used.digest)).toMatchObject({ outcome: 'condemned' });
    expect(await reap(keeper, used.digest)).toEqual({ outcome: 'deleted' });
    expect(holdOf(used)).toBeUndefined();
    expect(lifted).toEqual([{ key: used.key, version: used.incarnation }]);
    expect(await keeper.store.incarnations(used.key)).toEqual([]);
  });

  test('lifts nothing of what is needed', async () => {
    const used = await bound();
    expect(await condemn(domainOf('keeper'), used.digest)).toEqual({ outcome: 'needed' });
    expect([holdOf(used), lifted]).toEqual([true, []]);
  });

  test('lifts it again where somebody who was asleep puts one on meanwhile', async () => {
    const used = await bound();
    let erased = 0;
    const store = storeOf('keeper', (operation) => {
      if (operation !== 'DeleteObject') return;
      const version = bucket.versions(used.key).find(({ versionId }) => versionId === used.incarnation);
      erased += 1;
      if (erased < 3 && version !== undefined && 'legalHold' in version) version.legalHold = true;
    });
    await store.removeIncarnation(used.key, used.incarnation as never);
    expect(erased).toBe(3);
    expect(holdOf(used)).toBeUndefined();
  });

  test('says what denies it where that is no hold', async () => {
    const { key, incarnation } = await published();
    bucket.objectLock = false;
    const keeper = server.identities.get('keeper');
    if (keeper === undefined) throw new Error('there is a keeper');
    const deny = { Effect: 'Deny', Action: 's3:DeleteObjectVersion', Resource: '*' } as const;
    server.identities.set('keeper', { ...keeper, policies: [...(keeper.policies ?? []), { Statement: deny }] });
    const removal = storeOf('keeper').removeIncarnation(key, incarnation as never);
    await expect(removal).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('a hold', () => {
  test('on what is gone is none', async () => {
    const { key, incarnation } = await published();
    await erase('keeper', { key, incarnation });
    await expect(domainOf('reference function').hold?.({ key, incarnation: incarnation as never })).resolves.toBe(
      undefined,
    );
  });

  test('in a bucket without Object Lock fails the binding, and says how to enable it', async () => {
    const wanted = await published();
    bucket.objectLock = false;
    const binding = bind(domainOf('reference function'), OPERATION, [wanted]);
    await expect(binding).rejects.toMatchObject({
      code: 'UNSUPPORTED_STORE',
      remedy: expect.stringContaining('put-object-lock-configuration') as unknown,
    });
  });
});
