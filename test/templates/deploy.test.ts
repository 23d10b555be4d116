import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bundleReference, packed } from '../../handler/build.mjs';
import { bytesOf } from '../../repository/content.ts';
import { hasCode } from '../../repository/error.ts';
import { objectKey } from '../../repository/object-store.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import { createDomainBucket, identityOf, inlineFunctionsAt } from '../support/domain-on-server.ts';
import { BUCKET, domainPolicies, PLACE, principalsOf } from '../support/domain-principals.ts';
import { KEYS } from '../support/domain-requests.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { Bucket } from '../support/s3-server-state.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { SMALL_SHOP } from '../support/small-shop.ts';

/** One deploy of the template as it is built, with nothing beforehand, makes a domain that works. */

knowEveryError();

let template: string;
let server: S3Server;
let bucket: Bucket;
let client: S3Client;
let engine: StackEngine;

hideOwnEnvironment();

beforeEach(async () => {
  const { file } = await buildDomainTemplate(packed((await bundleReference()).text));
  template = readFileSync(file, 'utf8');
  const policies = domainPolicies(file);
  const { publisher, deployer, 'reference function': reference } = principalsOf(policies);
  server = await startS3Server({
    identities: {
      publisher: identityOf(publisher),
      deployer: identityOf(deployer),
      reference: identityOf(reference),
    },
  });
  bucket = createDomainBucket(server, policies);
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('deployer', PLACE.region) });
  const store = s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
  engine = await StackEngine.start({
    ...PLACE,
    inline: inlineFunctionsAt(server.clientConfig('reference', PLACE.region)),
    read: async ({ key }) => {
      const object = await store.read(objectKey(key)).catch((error: unknown) => {
        throw hasCode(error, 'ACCESS_DENIED')
          ? Object.assign(new Error('Access Denied'), { code: 'AccessDenied' })
          : error;
      });
      return object && (await bytesOf(object.body));
    },
  });
});

afterEach(async () => {
  await engine.stop();
  client.destroy();
  await server.close();
});

function shown(prefix: string): string[] {
  return bucket.keys().filter((key) => key.startsWith(prefix) && bucket.current(key) !== undefined);
}

const ofStacks = (): string[] => shown('references/').filter((key) => /^references\/\w+\/stack\//.test(key));

test('one deploy makes a domain; stacks bind in it, and let go; it stays when its stack goes', async () => {
  const domain = await engine.deploy('cfn-artifacts', template);
  expect([domain.status, domain.reason]).toEqual(['CREATE_COMPLETE', undefined]);
  expect(domain.outputs).toMatchObject({
    Bucket: BUCKET,
    ServiceToken: `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-reference`,
  });
  expect(JSON.parse((await bucket.current('domain')?.bytes.text()) ?? '{}')).toMatchObject({
    ...PLACE,
    bucket: BUCKET,
  });

  const project = await TestProject.of(SMALL_SHOP);
  project.env = awsEnvironment(server, 'publisher', PLACE.region);
  const packaged = await project.run('package', '--project-root', '.', '--artifact-prefix', 'shop');
  expect(packaged.exitCode).toBe(0);
  const shop = await engine.deploy('shop', packaged.text);
  expect([shop.status, shop.reason]).toEqual(['CREATE_COMPLETE', undefined]);
  expect(ofStacks()).toHaveLength(2);

  const held = await engine.deleteStack('cfn-artifacts');
  expect(held.reason).toContain('in use by shop');
  expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
  expect(ofStacks()).toEqual([]);
  expect((await engine.deleteStack('cfn-artifacts')).status).toBe('DELETE_COMPLETE');
  expect(shown('domain')).toEqual(['domain']);
  expect(shown('blobs/')).toHaveLength(2);
});

test('the keeper comes with its code, and goes without', async () => {
  const created = await engine.deploy('cfn-artifacts', template);
  expect(created.outputs).not.toHaveProperty('Keeper');
  const missing = await engine.deploy('cfn-artifacts', template, { parameters: { KeeperCode: KEYS['blobs/'] ?? '' } });
  expect(missing.status).toBe('UPDATE_ROLLBACK_COMPLETE');

  const project = await TestProject.of({ 'archive.zip': 'PK' });
  project.env = awsEnvironment(server, 'publisher', PLACE.region);
  const published = await project.run('publish', 'archive.zip', '--id', 'cfn-artifacts/keeper', '--json');
  expect(published.exitCode).toBe(0);
  const { key } = JSON.parse(published.stdout) as { key: string };
  const on = await engine.deploy('cfn-artifacts', template, { parameters: { KeeperCode: key } });
  expect([on.status, on.reason]).toEqual(['UPDATE_COMPLETE', undefined]);
  expect(on.outputs).toHaveProperty('Keeper');
  // What was there already is left alone: the descriptor is written once.
  expect(on.events.filter(({ logicalId }) => logicalId === 'Descriptor')).toEqual([]);
});
