import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  DECLARING_ALIAS,
  FETCHING_ALIAS,
  PUBLISHING_ALIAS,
  SHARING_ALIAS,
} from '../../repository/asking/invocation.ts';
import type { DomainPolicies, PrincipalName } from '../support/domain-principals.ts';
import { BUCKET, domainPolicies, KMS_KEY, PLACE, principalsOf } from '../support/domain-principals.ts';
import {
  allRequests,
  BUCKET_REQUESTS,
  KEYS,
  LOOKALIKES,
  objectArn,
  OTHER_REQUESTS,
  put,
} from '../support/domain-requests.ts';
import { BUNDLE_LIMIT } from '../../handler/build.mjs';
import { buildDomainTemplate, STUB_BUNDLE } from '../support/domain-template.ts';
import { mutantsOf } from '../support/iam/mutants.ts';
import type { Policy, RequestContext } from '../support/iam/policy.ts';
import { checkStatement, decide } from '../support/iam/policy.ts';
import type { AwsRequest, Guard, ObjectRequest, Principal } from '../support/iam/request.ts';
import { isAllowed, OBJECT_REQUESTS } from '../support/iam/request.ts';
import { policyDocumentOf, resolveTemplate, roleOf } from '../support/iam/template.ts';
import { readTable } from '../support/markdown-table.ts';
import { parseText, templateOf } from '../support/stack-engine/template.ts';
import { at } from '../support/stack-engine/value.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';

const TEMPLATES = path.join(import.meta.dirname, '../../templates');
const SOURCE = path.join(TEMPLATES, 'domain/template.yaml');
const ROLES = ['publisher-role.yaml', 'deployer-role.yaml'].map((name) => path.join(TEMPLATES, name));
const DOCUMENT = readFileSync(path.join(TEMPLATES, '../docs/permissions.md'), 'utf8');
const VERSION = (JSON.parse(readFileSync(path.join(TEMPLATES, '../package.json'), 'utf8')) as { version: string })
  .version;

/** What CloudFormation takes inline, without a bucket. */
const LIMIT = 51_200;

const run = promisify(execFile);

let file: string;
let policies: DomainPolicies;
let principals: Record<PrincipalName, Principal>;
let guard: Guard;

beforeAll(async () => {
  ({ file } = await buildDomainTemplate());
  policies = domainPolicies(file);
  principals = principalsOf(policies);
  guard = { account: PLACE.account, policy: policies.bucket };
});

describe('the build of the domain template', () => {
  test('puts the bundle into the template, byte for byte, and the version', () => {
    const { resources, outputs } = policies.domain;
    expect(at(resources['ReferenceFunction']?.properties, 'Code.ZipFile')).toBe(STUB_BUNDLE);
    expect(outputs['Version']).toBe(VERSION);
    expect(readFileSync(file, 'utf8').replace(STUB_BUNDLE.split('\n')[1] ?? '', '')).not.toContain('{{');
  });

  test('changes nothing else of what the source says', () => {
    const { resources: built } = resolveTemplate(file, PLACE);
    const { resources: source } = resolveTemplate(SOURCE, PLACE);
    const text = JSON.stringify(source).replaceAll('{{version}}', VERSION);
    const expected = JSON.parse(text.replace('"{{bundle}}"', () => JSON.stringify(STUB_BUNDLE))) as unknown;
    expect(JSON.parse(JSON.stringify(built))).toEqual(expected);
  });

  test.each([
    ['one line', 'exports.handler = async () => ({ a: "b", c: \'d\', e: `${1}` });'],
    [
      'lines that look like YAML',
      'exports.handler = async () => 1;\n# no\n'.replace('# no', 'a: { b: for(;;) break b; }'),
    ],
    ['blank lines, tabs, spaces at the ends', 'exports.x = 1;  \n\n\n\texports.y = 2; \n  exports.z = 3;\n\n'],
  ])('keeps a bundle of %s', async (_name, bundle) => {
    const built = await buildDomainTemplate(bundle);
    expect(built.stderr).toBe('');
    const { resources } = resolveTemplate(built.file, PLACE);
    expect(at(resources['ReferenceFunction']?.properties, 'Code.ZipFile')).toBe(bundle);
  });

  test('has room for as large a bundle as there may be, and refuses a template that CloudFormation would', async () => {
    expect((await buildDomainTemplate(`${'a'.repeat(BUNDLE_LIMIT - 1)}\n`)).exitCode).toBe(0);
    const sizes = await Promise.all(
      [0, 1].map(async (extra) => {
        const empty = readFileSync((await buildDomainTemplate('a')).file).byteLength - 1;
        return await buildDomainTemplate('a'.repeat(LIMIT - 1 - empty + extra));
      }),
    );
    const [largest, tooLarge] = sizes;
    expect(largest?.exitCode).toBe(0);
    expect(readFileSync(largest?.file ?? '').byteLength).toBe(LIMIT - 1);
    expect(tooLarge).toMatchObject({ exitCode: 1, stdout: '' });
    expect(tooLarge?.stderr).toContain('make the bundle 1 bytes smaller');
    expect(existsSync(tooLarge?.file ?? '')).toBe(false);
  });

  test.each([
    ['characters that do not survive', 'exports.a = "ä";', 'U+00E4'],
    ['what CloudFormation would resolve', 'exports.a = "{{resolve:ssm:x}}";', 'dynamic reference'],
    ['no JavaScript', 'exports.a = ;', 'CommonJS'],
    ['a module', 'export const a = 1;', 'CommonJS'],
  ])('refuses a bundle with %s', async (_name, bundle, message) => {
    const built = await buildDomainTemplate(bundle);
    expect(built).toMatchObject({ exitCode: 1, stdout: '' });
    expect(built.stderr).toContain(message);
    expect(existsSync(built.file)).toBe(false);
  });

  test('says which file is missing', async () => {
    const output = path.join(await temporaryFolder(), 'domain.yaml');
    const build = run(process.execPath, [
      path.join(TEMPLATES, 'build.mjs'),
      '--bundle',
      '/no/such/bundle',
      '--output',
      output,
    ]);
    await expect(build).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/no/such/bundle') as unknown,
    });
  });
});

const hasCfnLint = spawnSync('cfn-lint', ['--version']).status === 0;

describe(`cfn-lint${whySkipped(hasCfnLint, 'it is not on the PATH')}`, () => {
  (hasCfnLint ? test : test.skip)('has no findings', async () => {
    const answer = await run('cfn-lint', ['--non-zero-exit-code', 'informational', '--', file, SOURCE, ...ROLES]).catch(
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    expect(answer).toEqual({ stdout: '', stderr: '' });
  });
});

describe('the domain', () => {
  const properties = (id: string): Parameters<typeof at>[0] => policies.domain.resources[id]?.properties;

  test('keeps its bucket, and keeps it private', () => {
    expect(properties('Bucket')).toMatchObject({
      BucketName: BUCKET,
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    const text = readFileSync(SOURCE, 'utf8');
    for (const id of ['Bucket', 'BucketPolicy']) {
      expect(text).toMatch(
        new RegExp(
          `^ {2}${id}:\\n.*\\n(?: {4}#.*\\n)* {4}DeletionPolicy: RetainExceptOnCreate\\n {4}UpdateReplacePolicy: Retain$`,
          'm',
        ),
      );
    }
  });

  test.each([
    ['S3', {}, { SSEAlgorithm: 'AES256' }],
    ['a KMS key', { KmsKeyArn: KMS_KEY }, { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KMS_KEY }],
  ])('is encrypted by %s', (_name, given, expected) => {
    const { resources, outputs } = resolveTemplate(file, PLACE, given);
    const [rule] = at(
      resources['Bucket']?.properties,
      'BucketEncryption.ServerSideEncryptionConfiguration',
    ) as readonly object[];
    expect(rule).toMatchObject({ ServerSideEncryptionByDefault: expected });
    expect(outputs['KmsKeyArn']).toBe('KmsKeyArn' in given ? KMS_KEY : undefined);
    // The keeper tells other domains too, which have keys of their own.
    expect(JSON.stringify(resources).match(/kms:GenerateDataKey/g)).toHaveLength('KmsKeyArn' in given ? 2 : 1);
    // What an earlier key encrypted is read all the same.
    expect(JSON.stringify(resources).match(/kms:Decrypt/g)).toHaveLength(2);
  });

  test('lets nothing expire but bookkeeping that was superseded, endings, plans, scratch and uploads that nobody finished', () => {
    interface Rule {
      readonly Prefix?: string;
      readonly ExpirationInDays?: number;
      readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: string };
    }
    const rules = at(properties('Bucket'), 'LifecycleConfiguration.Rules') as unknown as readonly Rule[];
    const expires = (key: string, which: keyof Rule): boolean =>
      rules.some((rule) => rule[which] !== undefined && key.startsWith(rule.Prefix ?? ''));
    const kinds = (which: keyof Rule): string[] =>
      Object.entries(KEYS).flatMap(([kind, key]) => (expires(key, which) ? [kind] : []));
    expect(kinds('ExpirationInDays')).toEqual(['endings/', 'progress/plan/', 'scratch/']);
    expect(Object.keys(KEYS).filter((kind) => !kinds('NoncurrentVersionExpiration').includes(kind))).toEqual([
      ...['domain', 'blobs/', 'versions/', 'labels/', 'promotions/', 'anything else'],
    ]);
    expect(rules.filter((rule) => rule.Prefix === undefined)).toEqual([
      { Id: 'unfinished-uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
    ]);
  });

  test('has a reference function whose ARN is for ever, exported', () => {
    const arn = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-reference`;
    expect(policies.domain.outputs['ServiceToken']).toBe(arn);
    expect(readFileSync(SOURCE, 'utf8')).toContain('Export: { Name: cfn-artifacts-ServiceToken }');
    expect(properties('ReferenceFunction')).toMatchObject({
      ...{
        FunctionName: 'cfn-artifacts-reference',
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      },
      Environment: { Variables: { BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', EVENT_BUS: 'default' } },
    });
    expect(properties('ReferenceInvocations')).toMatchObject({ MaximumRetryAttempts: 2 });
    expect(properties('Descriptor')).toEqual({ ServiceToken: arn, ServiceTimeout: 300, Bucket: BUCKET });
    // With the policy in force, and last of all: a stack that fails before that leaves an empty bucket, which goes with it.
    const { Descriptor } = templateOf(parseText(readFileSync(file, 'utf8'))).resources;
    expect(Descriptor?.dependsOn).toEqual(['BucketPolicy', 'ReferenceInvocations']);
  });

  test('has no keeper before its code is in the bucket, and an audit unless nobody wants it', () => {
    const aliases = ['Publishing', 'Declaring', 'Fetching', 'Sharing'].map((name) => `KeeperFor${name}`);
    const ofKeeper = ['KeeperFunction', ...aliases, 'Tick', 'TickPermission'];
    const without = resolveTemplate(file, PLACE);
    expect(Object.keys(without.resources).filter((id) => ofKeeper.includes(id))).toEqual([]);
    // Its role is there from the beginning: the bucket policy names it.
    expect(policyDocumentOf(without, 'BucketPolicy')).toEqual(policies.bucket);
    expect(Object.keys(policies.domain.resources)).toEqual(expect.arrayContaining(ofKeeper));
    expect(properties('Tick')).toMatchObject({ State: 'ENABLED' });
    const names = [PUBLISHING_ALIAS, DECLARING_ALIAS, FETCHING_ALIAS, SHARING_ALIAS];
    expect(aliases.map((id) => at(properties(id), 'Name'))).toEqual(names);
  });

  test.each([
    ['daily', 'off'],
    ['off', 'plan'],
    ['off', 'on'],
    ['off', 'off'],
  ])(
    'audit %s, collection %s: the keeper is told so, and its clock ticks all the same',
    (AuditSchedule, CollectSchedule) => {
      const given = { KeeperCode: KEYS['blobs/'] ?? '', AuditSchedule, CollectSchedule };
      const { resources } = resolveTemplate(file, PLACE, given);
      expect(at(resources['Tick']?.properties, 'State')).toBe('ENABLED');
      expect(at(resources['KeeperFunction']?.properties, 'Environment.Variables')).toMatchObject({
        AUDIT: AuditSchedule,
        COLLECT: CollectSchedule,
      });
    },
  );

  test('tells both functions of legal holds, which are off unless somebody wants them', () => {
    const told = (domain: typeof policies.domain): unknown[] =>
      ['ReferenceFunction', 'KeeperFunction'].map((id) =>
        at(domain.resources[id]?.properties, 'Environment.Variables.LEGAL_HOLD'),
      );
    expect(told(policies.domain)).toEqual(['on', 'on']);
    expect(told(resolveTemplate(file, PLACE, { KeeperCode: KEYS['blobs/'] ?? '' }))).toEqual(['off', 'off']);
  });

  test('only plans the collection, unless told otherwise', () => {
    expect(at(properties('KeeperFunction'), 'Environment.Variables.COLLECT')).toBe('plan');
  });

  test.each([
    [{ KeeperCode: 'keeper.zip' }, 'key of a blob'],
    [{ KeeperCode: 'scratch/keeper.zip' }, 'key of a blob'],
    [{ KmsKeyArn: 'alias/shop' }, 'ARN of a key'],
    [{ SupersededDays: '0' }, 'MinValue'],
    [{ AuditSchedule: 'weekly' }, 'AllowedValues'],
    [{ CollectSchedule: 'daily' }, 'AllowedValues'],
    [{ LegalHold: 'yes' }, 'AllowedValues'],
    [{ PermissionsBoundary: 'x' }, 'managed policy'],
  ])('refuses %j', (given, message) => {
    expect(() => resolveTemplate(file, PLACE, given)).toThrow(message);
  });
});

/** As the document shows them: `upload part` and the like follow from these. */
const SHOWN: readonly ObjectRequest[] = ['read', 'create', 'replace', 'overwrite', 'remove', 'erase'];

const may = (who: PrincipalName, request: AwsRequest, at: Guard = guard): boolean =>
  isAllowed(principals[who], request, at);

describe('who may do what', () => {
  const plain = (text: string | undefined): string => (text ?? '').replaceAll('`', '');

  test('to objects is what the document says', () => {
    const { columns, rows } = readTable(DOCUMENT, 'Objects');
    const actual = Object.entries(KEYS).map(([kind, key]) => [
      kind,
      ...columns.slice(1).map((who) => {
        const all = SHOWN.filter((name) => may(who as PrincipalName, OBJECT_REQUESTS[name](objectArn(key))));
        return all.length === 0 ? '–' : all.join(', ');
      }),
    ]);
    expect(rows.map((row) => columns.map((name) => plain(row[name])))).toEqual(actual);
  });

  test.each([
    ['The bucket', BUCKET_REQUESTS],
    ['Functions, keys, logs', OTHER_REQUESTS],
  ])('beside objects is what the document says: %s', (heading, requests) => {
    const { columns, rows } = readTable(DOCUMENT, heading);
    const at: Guard = requests === BUCKET_REQUESTS ? guard : { account: PLACE.account };
    const actual = Object.entries(requests).map(([name, request]) => [
      name,
      ...columns.slice(1).map((who) => (may(who as PrincipalName, request, at) ? 'yes' : '–')),
    ]);
    const told = rows.map((row) => columns.map((name) => plain(row[name])));
    // What the functions alone need beside S3 is no row for people.
    const names = told.map(([name]) => name);
    expect(told).toEqual(actual.filter(([name]) => names.includes(name ?? '')));
    expect(names.length).toBeGreaterThan(3);
  });

  test.each(LOOKALIKES)('a key that looks like another kind is treated as %s: %s', (like, key) => {
    for (const who of Object.keys(principals) as PrincipalName[]) {
      for (const request of Object.values(OBJECT_REQUESTS)) {
        const expected = may(who, request(objectArn(KEYS[like] ?? '')));
        expect([who, key, may(who, request(objectArn(key)))]).toEqual([who, key, expected]);
      }
    }
  });

  test('root is denied what an administrator is denied, except that it can always see to the policy', () => {
    for (const { name, request, guard: at } of allRequests(policies.bucket)) {
      expect([name, may('root', request, at)]).toEqual([name, may('administrator', request, at)]);
    }
    const locked: Guard = {
      ...guard,
      policy: { Statement: { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' } },
    };
    expect(may('root', BUCKET_REQUESTS['change its policy']!, locked)).toBe(true);
  });

  test.each<PrincipalName>(['foreign administrator', 'anonymous', 'Lambda for another account'])(
    'nothing at all: %s',
    (who) => {
      const allowed = allRequests(policies.bucket).filter(
        ({ request, guard: at }) => at.account === PLACE.account && may(who, request, at),
      );
      expect(allowed.map(({ name }) => name)).toEqual([]);
    },
  );

  test('Lambda reads blobs, and does nothing else', () => {
    const allowed = allRequests(policies.bucket).filter(
      ({ request, guard: at }) => at.account === PLACE.account && may('Lambda', request, at),
    );
    expect(allowed.map(({ name }) => name)).toEqual([`read ${KEYS['blobs/']}`, `read version ${KEYS['blobs/']}`]);
  });

  test('a reader reads and lists, and does nothing else', () => {
    const allowed = allRequests(policies.bucket).filter(
      ({ request, guard: at }) => at.account === PLACE.account && may('reader', request, at),
    );
    const keys = [...Object.values(KEYS), ...LOOKALIKES.map(([, key]) => key)];
    expect(allowed.map(({ name }) => name)).toEqual([...keys.map((key) => `read ${key}`), 'list']);
  });

  test('nobody writes what only they can read, copies a deletion from elsewhere, or speaks in the clear', () => {
    const everybody = Object.keys(principals) as PrincipalName[];
    const kinds = Object.keys(KEYS).filter((kind) => kind !== 'scratch/');
    for (const who of everybody) {
      for (const how of ['create with own key', 'replicate', 'replicate deletion', 'overwrite'] as const) {
        expect(kinds.filter((kind) => may(who, put(kind, how)))).toEqual([]);
      }
    }
    const clear = allRequests(policies.bucket).filter(({ name }) => name.endsWith('over plain HTTP'));
    expect(clear).not.toEqual([]);
    for (const { request } of clear) expect(everybody.filter((who) => may(who, request))).toEqual([]);
  });

  test('holds are put by the functions and administrators, and lifted by the keeper alone', () => {
    const who = (how: ObjectRequest, kind: string): string[] =>
      Object.keys(principals).filter((one) => may(one as PrincipalName, put(kind, how)));
    expect(who('hold', 'blobs/').sort()).toEqual(
      [
        ...['administrator', 'administrator by CloudFormation', 'administrator’s service role', 'root'],
        ...['keeper', 'keeper elsewhere', 'reference function'],
      ].sort(),
    );
    expect(Object.keys(KEYS).flatMap((kind) => who('lift a hold', kind))).toEqual(['keeper']);
    // Without the parameter the reference function holds nothing; what was held can still be lifted.
    const off = principalsOf({ ...policies, domain: resolveTemplate(file, PLACE) });
    expect(isAllowed(off['reference function'], put('blobs/', 'hold'), guard)).toBe(false);
    expect(isAllowed(off.keeper, put('blobs/', 'lift a hold'), guard)).toBe(true);
  });

  test('the roles of the templates are not deceived by a bucket of the domain’s name that is not theirs', () => {
    const trapped = allRequests(policies.bucket).filter(({ guard: at }) => at.account !== PLACE.account);
    expect(trapped).not.toEqual([]);
    const own: PrincipalName[] = ['publisher', 'deployer', 'service role', 'reference function', 'keeper'];
    for (const { request, guard: at } of trapped) {
      expect(own.filter((who) => may(who, request, at))).toEqual([]);
      expect(may('administrator', request, at)).toBe(true);
    }
  });
});

describe('every part of every policy', () => {
  type Answers = ReadonlyMap<string, boolean>;

  function answers(bucket: Policy, asking: Readonly<Record<string, Principal>>): Answers {
    const all = new Map<string, boolean>();
    for (const [name, answer] of answersInTurn(bucket, asking)) all.set(name, answer);
    return all;
  }

  function* answersInTurn(bucket: Policy, asking: Readonly<Record<string, Principal>>): Generator<[string, boolean]> {
    for (const { name, request, guard: at } of allRequests(bucket)) {
      for (const [who, principal] of Object.entries(asking))
        yield [`${who}: ${name}`, isAllowed(principal, request, at)];
    }
  }

  /** Whether with this policy everybody gets the answers that they got before. */
  function same(before: Answers, bucket: Policy, asking: Readonly<Record<string, Principal>>): boolean {
    for (const [name, answer] of answersInTurn(bucket, asking)) if (before.get(name) !== answer) return false;
    return true;
  }

  function withoutStatement(policy: Policy, sid: string): Policy {
    return { ...policy, Statement: [policy.Statement].flat().filter((one) => one.Sid !== sid) };
  }

  test('is known to the evaluator', () => {
    const all = [policies.bucket, ...Object.values(principals).flatMap((principal) => principal.policies)];
    for (const { Statement } of all) [Statement].flat().forEach(checkStatement);
    expect(all.length).toBeGreaterThan(5);
  });

  test('of the bucket policy decides something', () => {
    const whole = answers(policies.bucket, principals);
    const superfluous = mutantsOf(policies.bucket).filter(({ policy }) => same(whole, policy, principals));
    expect(superfluous.map(({ without }) => without)).toEqual([]);
  });

  const OWNERS: readonly (readonly [string, readonly PrincipalName[], () => Policy])[] = [
    ['publisher', ['publisher'], () => roleOf(policies.publisher, 'Role', PLACE).policies[0]!],
    ['reference function', ['reference function'], () => roleOf(policies.domain, 'ReferenceRole', PLACE).policies[0]!],
    ['keeper', ['keeper'], () => roleOf(policies.domain, 'KeeperRole', PLACE).policies[0]!],
    ['deployer', ['deployer', 'deployer by CloudFormation'], () => policyDocumentOf(policies.deployer, 'Policy')],
    ['service role', ['service role'], () => roleOf(policies.deployer, 'Role', PLACE).policies[0]!],
  ];

  test.each(OWNERS)('of the policy of the %s decides something', (_name, whose, find) => {
    const owned = find();
    const withPolicy = (policy: Policy): Record<string, Principal> =>
      Object.fromEntries(
        whose.map((who) => {
          const kept = principals[who].policies.filter((one) => JSON.stringify(one) !== JSON.stringify(owned));
          return [who, { ...principals[who], policies: [...kept, policy] }];
        }),
      );
    const whole = answers(policies.bucket, withPolicy(owned));
    const superfluous = mutantsOf(owned).filter(({ policy }) => same(whole, policies.bucket, withPolicy(policy)));
    // A role must not lift holds either where somebody has taken that statement out of the bucket's policy.
    const lifted = withoutStatement(policies.bucket, 'HoldsLiftedByTheKeeperAlone');
    const wholeThen = answers(lifted, withPolicy(owned));
    const still = superfluous.filter(({ policy }) => same(wholeThen, lifted, withPolicy(policy)));
    expect(still.map(({ without }) => without)).toEqual([]);
  });
});

describe('who gets the roles', () => {
  const assumes = (
    trust: Policy,
    caller: Parameters<typeof decide>[0]['caller'],
    action: string,
    context: RequestContext = {},
  ) =>
    decide({ caller, action, resource: '*', context }, [], { ...trust, Statement: withResource(trust) }, PLACE.account)
      .allowed;

  /** A trust policy is about its role, and so names no resource. */
  const withResource = (trust: Policy) =>
    [trust.Statement].flat().map((statement) => ({ ...statement, Resource: '*' }));

  test.each<[string, string, string, boolean]>([
    ['the branch', 'GitHub', 'repo:shop/shop:ref:refs/heads/main', true],
    ['another branch', 'GitHub', 'repo:shop/shop:ref:refs/heads/x', false],
    ['another repository', 'GitHub', 'repo:shop/other:ref:refs/heads/main', false],
    ['a repository that begins so', 'GitHub', 'repo:shop/shop-x:ref:refs/heads/main', false],
    ['the branch', 'GitLab', 'project_path:shop/shop:ref_type:branch:ref:main', true],
    ['another project', 'GitLab', 'project_path:shop/other:ref_type:branch:ref:main', false],
  ])('of a publisher: %s on %s', (_name, Provider, sub, expected) => {
    const Subject =
      Provider === 'GitHub' ? 'repo:shop/shop:ref:refs/heads/main' : 'project_path:shop/shop:ref_type:branch:ref:main';
    const template = resolveTemplate(ROLES[0]!, PLACE, { Provider, Subject });
    const { trust } = roleOf(template, 'Role', PLACE);
    const [issuer, aud] =
      Provider === 'GitHub'
        ? ['token.actions.githubusercontent.com', 'sts.amazonaws.com']
        : ['gitlab.com', 'https://gitlab.com'];
    const federated = `arn:aws:iam::${PLACE.account}:oidc-provider/${issuer}`;
    const token = { [`${issuer}:sub`]: sub, [`${issuer}:aud`]: aud };
    const action = 'sts:AssumeRoleWithWebIdentity';
    expect(assumes(trust, { federated }, action, token)).toBe(expected);
    expect(assumes(trust, { federated }, action, { ...token, [`${issuer}:aud`]: 'other' })).toBe(false);
    expect(assumes(trust, { federated: federated.replace(issuer, 'example.com') }, action, token)).toBe(false);
    const made = Object.values(template.resources).filter(({ type }) => type === 'AWS::IAM::OIDCProvider');
    expect(made.map(({ properties }) => properties['Url'])).toEqual([`https://${issuer}`]);
  });

  test('a publisher concerns its own region, unless others are named', () => {
    const allowed = (ReplicateTo: string): readonly string[] => {
      const given = { Subject: 'repo:a/b:*', ReplicateTo };
      const text = JSON.stringify(roleOf(resolveTemplate(ROLES[0]!, PLACE, given), 'Role', PLACE).policies);
      return [...text.matchAll(/:lambda:([^:]*):/g)].map(([, region = '']) => region);
    };
    expect(allowed('')).toEqual([PLACE.region]);
    expect(allowed('*')).toEqual([PLACE.region, '*']);
    expect(() => allowed('eu-west-1:*')).toThrow('pattern of regions');
    expect(() => allowed('eu-west-1/x')).toThrow('pattern of regions');
  });

  test('of a publisher: with a provider that is there, none is made', () => {
    const ProviderArn = `arn:aws:iam::${PLACE.account}:oidc-provider/token.actions.githubusercontent.com`;
    const { resources } = resolveTemplate(ROLES[0]!, PLACE, { ProviderArn, Subject: 'repo:a/b:*' });
    expect(Object.keys(resources)).toEqual(['Role']);
  });

  test.each(['*', 'repo:*', 'repo:*/shop:*', 'repo:shop', 'project_path:*/shop:x', 'shop/shop:x'])(
    'no role for everybody: %s',
    (Subject) => {
      expect(() => resolveTemplate(ROLES[0]!, PLACE, { Subject })).toThrow('Subject');
    },
  );

  test('the functions’ roles are for Lambda, the deployer’s for CloudFormation, and for nobody else', () => {
    const trusts: [Policy, string][] = [
      [roleOf(policies.domain, 'ReferenceRole', PLACE).trust, 'lambda.amazonaws.com'],
      [roleOf(policies.domain, 'KeeperRole', PLACE).trust, 'lambda.amazonaws.com'],
      [roleOf(policies.deployer, 'Role', PLACE).trust, 'cloudformation.amazonaws.com'],
    ];
    for (const [trust, service] of trusts) {
      expect(assumes(trust, { service }, 'sts:AssumeRole')).toBe(true);
      expect(assumes(trust, { service: 'events.amazonaws.com' }, 'sts:AssumeRole')).toBe(false);
      expect(assumes(trust, principals.publisher.caller, 'sts:AssumeRole')).toBe(false);
    }
  });

  test('a service role is made where policies for the resources are given, and has them', () => {
    const [, file = ''] = ROLES;
    expect(Object.keys(resolveTemplate(file, PLACE).resources)).toEqual(['Policy']);
    const { resources } = resolveTemplate(file, PLACE, {
      ResourcePolicyArns: 'arn:aws:iam::aws:policy/A,arn:aws:iam::aws:policy/B',
    });
    expect(resources['Role']?.properties['ManagedPolicyArns']).toEqual([
      `arn:aws:iam::${PLACE.account}:policy/cfn-artifacts-deployer`,
      ...['arn:aws:iam::aws:policy/A', 'arn:aws:iam::aws:policy/B'],
    ]);
  });
});
