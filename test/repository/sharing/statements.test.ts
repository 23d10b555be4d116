import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../repository/digest.ts';
import {
  blobKey,
  bookmarkKey,
  deletionKey,
  labelKey,
  promotionKey,
  sourceKey,
  stackReferenceKey,
  statusKey,
  versionKey,
  versionReferenceKey,
} from '../../../repository/keys.ts';
import { guestFilename, guestNonce } from '../../../repository/sharing/guest-file.ts';
import type { RepositoryShare, Right } from '../../../repository/sharing/share.ts';
import { scopeOf } from '../../../repository/sharing/share.ts';
import {
  bucketStatements,
  demandStatements,
  isOwnSid,
  keeperPermissions,
  keyStatements,
} from '../../../repository/sharing/statements.ts';
import { BUCKET, BUCKET_ARN, domainPolicies, everything, PLACE } from '../../support/domain-principals.ts';
import type { Policy, RequestContext, Statement } from '../../support/iam/policy.ts';
import { decide, parseBucketPolicy } from '../../support/iam/policy.ts';

const DOMAIN = domainPolicies(path.join(import.meta.dirname, '../../../templates/domain/template.yaml'));
const WHERE = { partition: 'aws', ...PLACE, bucket: BUCKET };
const GUEST = '444455556666';
const STRANGER = '777788889999';
const ORGANIZATION = 'o-a1b2c3d4e5';
const UNIT = 'ou-ab12-11112222';
const ABOVE = `${ORGANIZATION}/r-ab12`;

const DIGEST = sha256('content');
const API = { repository: 'default', id: 'shop/api' };
const API_SHARE = { repository: 'default', pattern: 'shop/api' };
const SHOP = { repository: 'default', pattern: 'shop/**' };

let shares = 0;
function share(of: { repository: string; pattern: string }, whom: string, right: Right = 'read'): RepositoryShare {
  shares += 1;
  return { id: String(shares).padStart(8, '0'), ...of, with: whom, right };
}

/** As it stands in the domain of the template. */
function policyOf(...all: readonly RepositoryShare[]): Policy {
  const template = [DOMAIN.bucket.Statement].flat();
  return parseBucketPolicy(
    JSON.stringify({ Version: '2012-10-17', Statement: [...template, ...bucketStatements(WHERE, all)] }),
    BUCKET_ARN,
  );
}

interface Asker {
  readonly account: string;
  readonly role?: string;
  /** Where it is in an organization. */
  readonly path?: string;
}

interface Asked {
  readonly action: string;
  readonly key?: string;
  readonly context?: RequestContext;
}

function may(
  policy: Policy,
  { account, role = 'developer', path }: Asker,
  { action, key, context = {} }: Asked,
  own: readonly Policy[] = [everything],
): boolean {
  const arn = `arn:aws:iam::${account}:role/${role}`;
  const whole: RequestContext = {
    'aws:securetransport': 'true',
    'aws:principalisawsservice': 'false',
    'aws:principalaccount': account,
    'aws:principalarn': arn,
    'aws:userid': 'AROAEXAMPLE:1',
    'aws:resourceaccount': PLACE.account,
    ...(path !== undefined && { 'aws:principalorgid': path.split('/')[0], 'aws:principalorgpaths': path }),
    ...context,
  };
  const resource = key === undefined ? BUCKET_ARN : `${BUCKET_ARN}/${key}`;
  return decide({ caller: { account, arn }, action, resource, context: whole }, own, policy, PLACE.account).allowed;
}

const GET = (key: string, tag?: string): Asked => ({
  ...{ action: 's3:GetObject', key },
  ...(tag !== undefined && { context: { 's3:existingobjecttag/cfn-artifacts-shares': tag } }),
});
const CREATE = (key: string, context: RequestContext = {}): Asked => ({
  ...{ action: 's3:PutObject', key },
  context: { 's3:objectcreationoperation': 'true', 's3:if-none-match': '*', ...context },
});
const REPLACE = (key: string): Asked => ({
  ...{ action: 's3:PutObject', key },
  context: { 's3:objectcreationoperation': 'true', 's3:if-match': '"etag"' },
});
const REMOVE = (key: string): Asked => ({ action: 's3:DeleteObject', key });
const LIST = (prefix: string): Asked => ({ action: 's3:ListBucket', context: { 's3:prefix': prefix } });

const guest: Asker = { account: GUEST };
const keeper: Asker = { account: GUEST, role: 'cfn-artifacts-keeper-eu-west-1' };

const resource = (account: string): Parameters<typeof stackReferenceKey>[1] => ({
  ...{ account, region: 'eu-west-1', stack: 'shop', logicalId: 'Api' },
  uuid: '0b1c2d3e-0000-4000-8000-000000000000',
});

/** Whatever a version of an artifact has of records. */
const recordsOf = (name: { repository: string; id: string }): readonly string[] => [
  versionKey(name, 7),
  statusKey(name, 7),
  labelKey(name, '1.4.0'),
  bookmarkKey(name, 'prod'),
];

describe('who may read one artifact', () => {
  const policy = policyOf(share(API_SHARE, GUEST));

  test('reads it, and what is needed for that', () => {
    for (const key of [...recordsOf(API), 'domain', 'repositories/default', promotionKey('default', '0f'.repeat(16))])
      expect([key, may(policy, guest, GET(key))]).toEqual([key, true]);
    expect(may(policy, guest, GET(blobKey(DIGEST, 'archive.zip'), `:${scopeOf(API_SHARE)}:`))).toBe(true);
    expect(may(policy, guest, GET(blobKey(DIGEST, 'archive.zip'), `:00000000:${scopeOf(API_SHARE)}:11111111:`))).toBe(
      true,
    );
    expect(may(policy, guest, LIST('versions/default/shop/api/!/'))).toBe(true);
    expect(may(policy, guest, LIST(statusKey(API, 7)))).toBe(true);
    expect(may(policy, guest, LIST(`blobs/sha256/${DIGEST}/`))).toBe(true);
  });

  test('and nothing beside it', () => {
    const neighbours = ['shop', 'shop/api2', 'shop/api/x', 'shop/ap', 'x/shop/api', 'shop/web'];
    const keys = [
      ...neighbours.flatMap((id) => recordsOf({ repository: 'default', id })),
      ...recordsOf({ repository: 'other', id: 'shop/api' }),
      ...[
        sourceKey('default', DIGEST),
        'repositories/other',
        deletionKey(DIGEST),
        'progress/audit',
        'consumers/stack/x',
      ],
      ...[versionReferenceKey(DIGEST, API, 7, 'n'), promotionKey('other', '0f'.repeat(16)), 'scratch/x'],
    ];
    for (const key of keys) expect([key, may(policy, guest, GET(key))]).toEqual([key, false]);
    for (const tag of [undefined, '', ':00000000:', scopeOf(API_SHARE), `x${scopeOf(API_SHARE)}x`])
      expect([tag, may(policy, guest, GET(blobKey(DIGEST, 'archive.zip'), tag))]).toEqual([tag, false]);
    const prefixes = [
      '',
      'versions/',
      'versions/default/',
      'versions/default/shop/',
      'versions/default/shop/api',
      'blobs/',
    ];
    const more = [`blobs/sha256/${DIGEST.slice(0, 63)}`, 'blobs/sha256/', 'references/', `references/${DIGEST}/`];
    for (const prefix of [
      ...prefixes,
      ...more,
      'versions/default/shop/api/x/!/',
      'repositories/',
      'repositories/default',
    ])
      expect([prefix, may(policy, guest, LIST(prefix))]).toEqual([prefix, false]);
    expect(may(policy, guest, { action: 's3:ListBucket' })).toBe(false);
    expect(may(policy, guest, { action: 's3:ListBucketVersions', context: { 's3:prefix': versionKey(API, 7) } })).toBe(
      false,
    );
  });

  test('an ID that imitates the path of a record is no way to that record', () => {
    // Were `*` to reach it, a pattern of one ID would read another's.
    const imitation = { repository: 'default', id: 'shop/api/versions/default/shop/api' };
    for (const key of recordsOf(imitation)) expect([key, may(policy, guest, GET(key))]).toEqual([key, false]);
    const whole = policyOf(share({ repository: 'default', pattern: 'stack/**' }, GUEST, 'promote'));
    const trick = { repository: 'default', id: `stack/${PLACE.account}/x` };
    for (const key of [
      versionReferenceKey(DIGEST, trick, 1, guestNonce(scopeOf({ repository: 'default', pattern: 'stack/**' }), 'n')),
    ])
      expect(may(whole, guest, CREATE(key))).toBe(true);
    for (const account of [PLACE.account, STRANGER]) {
      const record = stackReferenceKey(DIGEST, resource(account), 'g');
      for (const asked of [CREATE(record), REPLACE(record), REMOVE(record), GET(record)])
        for (const asker of [guest, keeper]) expect(may(whole, asker, asked)).toBe(false);
    }
    // 64 characters, whatever they are, and then `/stack/`.
    for (const key of [
      `references/${'a'.repeat(63)}/stack/${GUEST}/x`,
      `references/${DIGEST}/x/stack/${GUEST}/x`,
      `references/a/${DIGEST}/stack/${GUEST}/x`,
    ])
      expect([key, may(whole, keeper, CREATE(key))]).toEqual([key, false]);
  });

  test('writes nothing', () => {
    const keys = [...recordsOf(API), 'domain', blobKey(DIGEST, 'archive.zip'), 'repositories/default'];
    for (const key of [...keys, versionReferenceKey(DIGEST, API, 8, 'n'), promotionKey('default', '0f'.repeat(16))])
      for (const asked of [CREATE(key), REPLACE(key), REMOVE(key)])
        for (const asker of [guest, keeper]) expect([key, may(policy, asker, asked)]).toEqual([key, false]);
  });

  test('keeps the records of its own stacks, by its keeper alone', () => {
    const own = stackReferenceKey(DIGEST, resource(GUEST), 'generation');
    for (const asked of [CREATE(own), REPLACE(own), REMOVE(own), GET(own)]) {
      expect(may(policy, keeper, asked)).toBe(true);
      expect(may(policy, guest, asked)).toBe(false);
    }
    expect(may(policy, keeper, LIST(`references/${DIGEST}/stack/${GUEST}/`))).toBe(true);
    expect(may(policy, keeper, LIST(`references/${DIGEST}/stack/`))).toBe(false);
    for (const asked of [
      CREATE(own, { 's3:x-amz-server-side-encryption': 'aws:kms' }),
      CREATE(own, { 's3:x-amz-storage-class': 'GLACIER' }),
    ])
      expect(may(policy, keeper, asked)).toBe(false);
    expect(may(policy, keeper, { action: 's3:DeleteObjectVersion', key: own, context: { 's3:versionid': 'v' } })).toBe(
      false,
    );
    expect(may(policy, keeper, { ...CREATE(own), context: { 's3:objectcreationoperation': 'true' } })).toBe(false);
  });

  test('others read nothing at all', () => {
    for (const key of [...recordsOf(API), 'domain']) {
      expect(may(policy, { account: STRANGER }, GET(key))).toBe(false);
      expect(may(policy, { account: STRANGER, path: `${ABOVE}/${UNIT}/` }, GET(key))).toBe(false);
    }
    expect(may(policy, { account: STRANGER }, GET(blobKey(DIGEST, 'archive.zip'), `:${scopeOf(API_SHARE)}:`))).toBe(
      false,
    );
  });

  test('tags can be forged by nobody', () => {
    const blob = blobKey(DIGEST, 'archive.zip');
    const tags = { 's3:requestobjecttagkeys': ['cfn-artifacts-shares'] };
    const publishing = policyOf(share(SHOP, GUEST, 'promote'));
    const file = blobKey(DIGEST, guestFilename(scopeOf(SHOP), 'archive.zip'));
    for (const action of ['s3:PutObjectTagging', 's3:PutObjectVersionTagging', 's3:DeleteObjectTagging'])
      for (const key of [blob, file]) {
        expect(may(publishing, guest, { action, key, context: tags })).toBe(false);
        // Not even an administrator of the domain's own account.
        expect(may(publishing, { account: PLACE.account, role: 'admin' }, { action, key, context: tags })).toBe(false);
      }
    expect(may(publishing, guest, CREATE(file, tags))).toBe(false);
    expect(may(publishing, { account: PLACE.account, role: 'admin' }, CREATE(blob, tags))).toBe(false);
    const own: Asker = { account: PLACE.account, role: `cfn-artifacts-keeper-${PLACE.region}` };
    expect(may(publishing, own, { action: 's3:PutObjectTagging', key: blob, context: tags })).toBe(true);
  });
});

describe('with whom', () => {
  const inside: Asker = { account: GUEST, path: `${ABOVE}/ou-ab12-99998888/${UNIT}/` };
  const below: Asker = { account: GUEST, path: `${ABOVE}/${UNIT}/ou-ab12-33334444/` };
  const beside: Asker = { account: GUEST, path: `${ABOVE}/ou-ab12-55556666/` };
  const elsewhere: Asker = { account: GUEST, path: `o-zzzzzzzzzz/r-zz12/${UNIT}/` };
  const key = versionKey(API, 7);

  test('an organization: everybody of it, and nobody else', () => {
    const policy = policyOf(share(SHOP, ORGANIZATION));
    for (const asker of [inside, below, beside]) expect(may(policy, asker, GET(key))).toBe(true);
    for (const asker of [elsewhere, guest]) expect(may(policy, asker, GET(key))).toBe(false);
  });

  test('a unit: everybody of it and below it, and nobody beside it', () => {
    const policy = policyOf(share(SHOP, `${ORGANIZATION}/${UNIT}`));
    for (const asker of [inside, below]) expect(may(policy, asker, GET(key))).toBe(true);
    for (const asker of [beside, elsewhere, guest]) expect(may(policy, asker, GET(key))).toBe(false);
  });

  test.each<[string, string, Asker, Asker]>([
    ['an account', GUEST, guest, { account: STRANGER }],
    ['an organization', ORGANIZATION, inside, elsewhere],
    ['a unit', `${ORGANIZATION}/${UNIT}`, inside, beside],
  ])('read, publish and promote of %s', (_name, whom, asker, other) => {
    const scope = scopeOf(SHOP);
    const neighbour = { repository: 'default', id: 'tools/api' };
    const reading = [GET(key), GET(blobKey(DIGEST, 'archive.zip'), `:${scope}:`), LIST('versions/default/shop/')];
    const publishing = [
      CREATE(versionKey(API, 8)),
      CREATE(labelKey(API, '1.5.0')),
      CREATE(versionReferenceKey(DIGEST, API, 8, guestNonce(scope, 'n'))),
      CREATE(blobKey(DIGEST, guestFilename(scope, 'archive.zip'))),
      GET(blobKey(DIGEST, guestFilename(scope, 'archive.zip'))),
      GET(versionReferenceKey(DIGEST, API, 8, 'n')),
      GET(deletionKey(DIGEST)),
      LIST(`references/${DIGEST}/version/default/shop/api/!/`),
      LIST(deletionKey(DIGEST)),
    ];
    const promoting = [CREATE(promotionKey('default', '0f'.repeat(16)))];
    const allowed: Readonly<Record<Right, readonly (readonly Asked[])[]>> = {
      read: [reading],
      publish: [reading, publishing],
      promote: [reading, publishing, promoting],
    };
    for (const right of ['read', 'publish', 'promote'] as const) {
      const policy = policyOf(share(SHOP, whom, right));
      for (const requests of [reading, publishing, promoting])
        for (const asked of requests) {
          const wanted = allowed[right].includes(requests);
          expect([right, asked.key ?? asked.context, may(policy, asker, asked)]).toEqual([
            right,
            asked.key ?? asked.context,
            wanted,
          ]);
          expect(may(policy, other, asked)).toBe(false);
        }
      const never = [
        ...[GET(versionKey(neighbour, 1)), CREATE(versionKey(neighbour, 1)), CREATE(labelKey(neighbour, 'x'))],
        ...[
          CREATE(versionReferenceKey(DIGEST, neighbour, 1, guestNonce(scope, 'n'))),
          CREATE(sourceKey('default', DIGEST)),
        ],
        ...[CREATE(versionReferenceKey(DIGEST, API, 1, 'n')), CREATE(blobKey(DIGEST, 'archive.zip'))],
        ...[
          CREATE(blobKey(DIGEST, guestFilename('00000000', 'archive.zip'))),
          CREATE(promotionKey('other', '0f'.repeat(16))),
        ],
        ...[
          CREATE(statusKey(API, 7)),
          CREATE(bookmarkKey(API, 'prod')),
          CREATE('repositories/default'),
          CREATE(deletionKey(DIGEST)),
        ],
        ...[
          REPLACE(versionKey(API, 7)),
          REMOVE(versionKey(API, 7)),
          REMOVE(blobKey(DIGEST, guestFilename(scope, 'archive.zip'))),
        ],
        ...[LIST(`references/${DIGEST}/version/`), LIST('promotions/default/')],
      ];
      for (const asked of never)
        expect([right, asked.action, asked.key, may(policy, asker, asked)]).toEqual([
          right,
          asked.action,
          asked.key,
          false,
        ]);
    }
  });

  test('what is published can be a whole object alone, encrypted and stored as the bucket says', () => {
    const policy = policyOf(share(SHOP, GUEST, 'publish'));
    const file = blobKey(DIGEST, guestFilename(scopeOf(SHOP), 'archive.zip'));
    expect(may(policy, guest, CREATE(file))).toBe(true);
    const others: readonly RequestContext[] = [
      { 's3:x-amz-server-side-encryption': 'AES256' },
      {
        's3:x-amz-server-side-encryption': 'aws:kms',
        's3:x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:x',
      },
      { 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' },
      { 's3:x-amz-storage-class': 'GLACIER' },
    ];
    for (const context of others) expect(may(policy, guest, CREATE(file, context))).toBe(false);
    // CreateMultipartUpload and UploadPart.
    expect(
      may(policy, guest, { action: 's3:PutObject', key: file, context: { 's3:objectcreationoperation': 'false' } }),
    ).toBe(false);
  });
});

describe('one policy of many shares', () => {
  test('is the same in whatever order they come, and made of statements that are known again', () => {
    const all = [share(SHOP, GUEST), share(API_SHARE, STRANGER, 'publish'), share(SHOP, ORGANIZATION, 'promote')];
    const statements = bucketStatements(WHERE, all);
    expect(bucketStatements(WHERE, all.toReversed())).toEqual(statements);
    expect(statements.filter(({ Sid }) => !isOwnSid(Sid))).toEqual([]);
    expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(statements.length);
    expect(statements.filter(({ Sid }) => !/^[A-Za-z0-9]+$/.test(Sid))).toEqual([]);
    for (const sid of ['ShareWithMarketing', 'Share', 'TlsOnly', undefined, 'DemandMore', 'Share0123abcd'])
      expect(isOwnSid(sid)).toBe(false);
  });

  test('has room for fifty accounts, and for a dozen repositories', () => {
    const template = Buffer.byteLength(JSON.stringify(DOMAIN.bucket));
    const accounts = Array.from({ length: 50 }, (_, index) => share(SHOP, String(100000000000 + index)));
    const repositories = Array.from({ length: 12 }, (_, index) =>
      share({ repository: `repository-${index}`, pattern: '**' }, ORGANIZATION),
    );
    for (const all of [accounts, repositories])
      expect(template + Buffer.byteLength(JSON.stringify(bucketStatements(WHERE, all)))).toBeLessThan(20_480);
  });

  test('names nobody of an organization without its ID, which S3 counts as not public', () => {
    const statements = bucketStatements(WHERE, [
      share(SHOP, ORGANIZATION, 'promote'),
      share(SHOP, `${ORGANIZATION}/${UNIT}`, 'promote'),
    ]);
    expect(statements.length).toBeGreaterThan(10);
    for (const { Principal, Condition } of statements) {
      expect(Principal).toBe('*');
      expect(Condition?.['StringEquals']).toEqual({ 'aws:PrincipalOrgID': ORGANIZATION });
    }
  });

  test.each([ORGANIZATION, `${ORGANIZATION}/${UNIT}`])(
    'lets nobody of the home by %s, whose own policies decide',
    (whom) => {
      const policy = policyOf(share(SHOP, whom, 'promote'));
      const asked = [GET(versionKey(API, 7)), CREATE(versionKey(API, 8)), LIST('versions/default/shop/')];
      const path = `${ABOVE}/${UNIT}/`;
      for (const one of asked) {
        expect(may(policy, { account: GUEST, path }, one, [])).toBe(false);
        expect(may(policy, { account: GUEST, path }, one)).toBe(true);
        expect(may(policy, { account: PLACE.account, path }, one, [])).toBe(false);
        expect(may(policy, { account: PLACE.account, path }, one)).toBe(true);
      }
    },
  );

  test('nothing shared: nothing said', () => {
    expect(bucketStatements(WHERE, [])).toEqual([]);
    expect(keyStatements(WHERE, [])).toEqual([]);
    expect(keeperPermissions([])).toEqual([]);
  });
});

describe('the key', () => {
  const KEY = `arn:aws:kms:${PLACE.region}:${PLACE.account}:key/0a1b`;
  const root: Statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${PLACE.account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };

  function uses(
    all: readonly RepositoryShare[],
    action: string,
    context: RequestContext,
    account = GUEST,
    own: readonly Policy[] = [everything],
  ): boolean {
    const policy: Policy = { Statement: [root, ...keyStatements(WHERE, all)] };
    const arn = `arn:aws:iam::${account}:role/developer`;
    return decide({ caller: { account, arn }, action, resource: KEY, context }, own, policy, PLACE.account).allowed;
  }
  const through = (service: string, of = BUCKET_ARN): RequestContext => ({
    'kms:viaservice': service,
    'kms:encryptioncontext:aws:s3:arn': of,
  });
  const here = through(`s3.${PLACE.region}.amazonaws.com`);

  test('decrypts for who reads, encrypts for who publishes, through S3 of the region and of this bucket alone', () => {
    const [readers, publishers] = [[share(SHOP, GUEST)], [share(SHOP, GUEST, 'publish')]];
    expect(uses(readers, 'kms:Decrypt', here)).toBe(true);
    expect(uses(readers, 'kms:Decrypt', through(`s3.${PLACE.region}.amazonaws.com`, `${BUCKET_ARN}/domain`))).toBe(
      true,
    );
    expect(uses(readers, 'kms:GenerateDataKey', here)).toBe(false);
    expect(uses(publishers, 'kms:GenerateDataKey', here)).toBe(true);
    expect(uses(publishers, 'kms:Decrypt', here)).toBe(true);
    const ofHome = { ...here, 'aws:principalorgid': ORGANIZATION, 'aws:principalaccount': PLACE.account };
    const ofOthers = { ...ofHome, 'aws:principalaccount': GUEST };
    const organization = [share(SHOP, ORGANIZATION, 'publish')];
    expect(uses(organization, 'kms:Decrypt', ofOthers)).toBe(true);
    expect(uses(organization, 'kms:Decrypt', ofHome, PLACE.account, [])).toBe(false);
    for (const context of [
      {},
      through('s3.eu-west-1.amazonaws.com'),
      through('dynamodb.us-east-1.amazonaws.com'),
      through(`s3.${PLACE.region}.amazonaws.com`, `${BUCKET_ARN}-other`),
    ])
      expect(uses(publishers, 'kms:Decrypt', context)).toBe(false);
    for (const action of ['kms:Encrypt', 'kms:PutKeyPolicy', 'kms:CreateGrant'])
      expect(uses(publishers, action, here)).toBe(false);
    expect(uses(publishers, 'kms:Decrypt', here, STRANGER)).toBe(false);
  });
});

describe('the keeper', () => {
  test('may be asked by who publishes; of a unit by its organization, because Lambda knows no units', () => {
    const all = [
      share(SHOP, GUEST),
      share(SHOP, STRANGER, 'publish'),
      share(SHOP, `${ORGANIZATION}/${UNIT}`, 'promote'),
    ];
    expect(keeperPermissions(all)).toEqual([
      { StatementId: `Share${STRANGER}`, Principal: STRANGER },
      { StatementId: `Share${ORGANIZATION}`, Principal: '*', PrincipalOrgID: ORGANIZATION },
    ]);
  });
});

describe('demands', () => {
  const KEY = 'arn:aws:kms:us-east-1:111122223333:key/0a1b';
  const ENDPOINT = 'vpce-0123456789abcdef0';
  const own: Asker = { account: PLACE.account, role: 'admin' };

  function demanding(demands: Parameters<typeof demandStatements>[1]): Policy {
    const template = [DOMAIN.bucket.Statement].flat();
    return parseBucketPolicy(
      JSON.stringify({ Statement: [...template, ...demandStatements(WHERE, demands)] }),
      BUCKET_ARN,
    );
  }

  test('a key: nothing is written with another, or with none of its own', () => {
    const policy = demanding({ encryption: KEY });
    const blob = blobKey(DIGEST, 'archive.zip');
    const sse = 's3:x-amz-server-side-encryption';
    // Who names none gets the bucket's, which is that key.
    expect(may(policy, own, CREATE(blob))).toBe(true);
    expect(may(policy, own, CREATE(blob, { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: KEY }))).toBe(true);
    const others: readonly RequestContext[] = [
      { [sse]: 'AES256' },
      { [sse]: 'aws:kms' },
      { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: `${KEY}2` },
    ];
    for (const context of others) {
      expect(may(policy, own, CREATE(blob, context))).toBe(false);
      expect(may(demanding({}), own, CREATE(blob, context))).toBe(true);
    }
  });

  test('endpoints: nothing is read or written from elsewhere, but for services and the functions', () => {
    const policy = demanding({ endpoints: [ENDPOINT] });
    const blob = blobKey(DIGEST, 'archive.zip');
    const through = (vpce: string): RequestContext => ({ 'aws:sourcevpce': vpce });
    for (const asked of [GET(blob), CREATE(blob), LIST('versions/')]) {
      const from = (context: RequestContext): Asked => ({
        ...asked,
        context: { 'aws:viaawsservice': 'false', ...asked.context, ...context },
      });
      expect(may(policy, own, from({}))).toBe(false);
      expect(may(policy, own, from(through('vpce-00000000')))).toBe(false);
      expect(may(policy, own, from(through(ENDPOINT)))).toBe(true);
      expect(may(policy, own, from({ 'aws:viaawsservice': 'true' }))).toBe(true);
      expect(may(policy, { ...own, role: 'cfn-artifacts-keeper-us-east-1' }, from({}))).toBe(true);
      expect(may(policy, { ...own, role: 'cfn-artifacts-reference-us-east-1' }, GET(blob))).toBe(true);
    }
    // Whoever has locked himself out still takes it back.
    for (const action of ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'])
      expect(may(policy, own, { action })).toBe(true);
  });
});
