import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { awsAccess } from '../../../packager/aws/access.ts';
import type { AwsAccess } from '../../../packager/aws/access.ts';
import type { BootstrapEvent } from '../../../packager/bootstrap/event.ts';
import type { FollowSharing } from '../../../packager/bootstrap/sharing.ts';
import { followSharing } from '../../../packager/bootstrap/sharing.ts';
import { CHANCE } from '../../../packager/chance.ts';
import { resolveBootstrapOptions } from '../../../packager/cli/syntax/bootstrap.ts';
import { establishDomain, ownKeeper } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { addShare, readSharing } from '../../../repository/sharing/records.ts';
import { isOwnSid } from '../../../repository/sharing/statements.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { AwsPolicies } from '../../support/aws-policies.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import type { Statement } from '../../support/iam/policy.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server, TEST_ACCOUNT } from '../../support/s3-server.ts';
import type { Bucket } from '../../support/s3-server-state.ts';

/** What bootstrap does after the stack: what CloudFormation knows nothing of comes back. */

knowEveryError();
hideOwnEnvironment();

const PLACE = { partition: 'aws', region: 'us-east-1', account: TEST_ACCOUNT };
const BUCKET = `cfn-artifacts-${TEST_ACCOUNT}-us-east-1`;
const KEY = `arn:aws:kms:us-east-1:${TEST_ACCOUNT}:key/0a1b`;
const ENDPOINT = 'vpce-0123456789abcdef0';

let server: S3Server;
let policies: AwsPolicies;
let client: S3Client;
let bucket: Bucket;
let domain: Domain;
let access: AwsAccess;
let told: BootstrapEvent[];
let shown: string[];

beforeEach(async () => {
  server = await startS3Server();
  client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
  bucket = server.createBucket(BUCKET, { versioning: 'Enabled' });
  const store = s3Store({ client, bucket: BUCKET });
  domain = await establishDomain({ store, keeper: ownKeeper(store), chance: CHANCE }, { ...PLACE, bucket: BUCKET });
  policies = new AwsPolicies(server.keyPolicies, '');
  policies.functions.set('cfn-artifacts-keeper:sharing', []);
  const env = { ...awsEnvironment(server), AWS_ENDPOINT_URL_LAMBDA: await policies.listen() };
  access = await awsAccess({ env, verifySsl: true });
  told = [];
  shown = [];
});

afterEach(async () => {
  access.close();
  client.destroy();
  await policies.close();
  await server.close();
});

function follow(more: Partial<FollowSharing> = {}): Promise<boolean> {
  return followSharing({
    ...{ access, domain, wanted: {}, isDryRun: false, signal: new AbortController().signal },
    agree: async (difference) => void shown.push(difference),
    tell: (event) => void told.push(event),
    ...more,
  });
}

const own = (): readonly unknown[] =>
  [bucket.policy?.policy.Statement ?? []].flat().flatMap(({ Sid }) => (isOwnSid(Sid) ? [Sid] : []));

describe('after the stack', () => {
  test('nothing is asked of AWS where nothing is shared or demanded', async () => {
    server.requests.length = 0;
    expect(await follow()).toBe(false);
    expect(server.requests.map(({ operation }) => operation)).not.toContain('GetBucketPolicy');
  });

  test('the statements of shares come back, without a question', async () => {
    const share = { id: '00000001', repository: 'default', pattern: '**', with: '444455556666' };
    await addShare(domain, { ...share, right: 'publish' });
    expect(await follow()).toBe(false);
    const before = own();
    expect(before.length).toBeGreaterThan(3);
    // As CloudFormation writes it.
    const template: Statement = {
      Sid: 'TlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:DeleteBucket',
      Resource: `arn:aws:s3:::${BUCKET}`,
    };
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [template] });
    bucket.policy = { text, policy: parseBucketPolicy(text, `arn:aws:s3:::${BUCKET}`) };
    await follow();
    expect(own()).toEqual(before);
    expect(shown).toEqual([]);
    expect([bucket.policy.policy.Statement].flat()[0]).toEqual(template);
  });

  test('demands are shown, agreed to, written, put back, and taken off again', async () => {
    const wanted = { encryption: KEY, endpoints: [ENDPOINT] };
    expect(await follow({ wanted, isDryRun: true })).toBe(true);
    expect(told).toEqual([{ kind: 'policies', difference: expect.stringContaining('DemandEndpoint') }]);
    expect(own()).toEqual([]);
    const refused = follow({ wanted, agree: () => Promise.reject(new Error('no')) });
    await expect(refused).rejects.toThrow('no');
    expect((await readSharing(domain.store)).demands).toEqual({});

    server.settings.secureTransport = true;
    server.identities.set('test', { account: TEST_ACCOUNT, context: { 'aws:SourceVpce': ENDPOINT } });
    expect(await follow({ wanted })).toBe(true);
    expect(shown).toHaveLength(1);
    expect(own()).toEqual(['DemandEncryption', 'DemandEndpoint']);
    bucket.policy = undefined;
    expect(await follow()).toBe(false);
    expect(own()).toEqual(['DemandEncryption', 'DemandEndpoint']);
    expect(await follow({ wanted: { encryption: 'none' } })).toBe(true);
    expect(own()).toEqual(['DemandEndpoint']);
    expect(await follow({ wanted: { endpoints: [] } })).toBe(true);
    expect(own()).toEqual([]);
    expect((await readSharing(domain.store)).demands).toEqual({});
  });

  test('an endpoint that this machine is not behind is demanded all the same, and is no failure', async () => {
    expect(await follow({ wanted: { endpoints: [ENDPOINT] } })).toBe(true);
    expect(own()).toEqual(['DemandEndpoint']);
    await expect(domain.store.head('domain' as never)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  test('an account that does not exist is warned about', async () => {
    server.settings.absentAccounts = ['999999999999'];
    const share = { id: '00000001', repository: 'default', pattern: '**', with: '999999999999' };
    await addShare(domain, { ...share, right: 'read' });
    await follow();
    expect(told).toEqual([
      { kind: 'warning', message: expect.stringContaining("'999999999999'"), remedy: expect.any(String) },
    ]);
  });
});

describe('the options', () => {
  test.each<[Record<string, unknown>, object]>([
    [{}, {}],
    [{ 'require-encryption': KEY }, { encryption: KEY }],
    [{ 'require-encryption': 'none' }, { encryption: 'none' }],
    [{ 'require-endpoint': [`${ENDPOINT},vpce-11111111`] }, { endpoints: [ENDPOINT, 'vpce-11111111'] }],
    [{ 'require-endpoint': ['none'] }, { endpoints: [] }],
  ])('%j', async (flags, demands) => {
    const given = Object.entries(flags).map(
      ([name, value]) => [name, [{ origin: 'command line', label: `--${name}`, value }]] as const,
    );
    const options = await resolveBootstrapOptions(new Map(given), '/');
    expect(options.demands).toEqual(demands);
    expect(options.parameters.get('KmsKeyArn')).toBe(flags['require-encryption'] === KEY ? KEY : undefined);
  });
});
