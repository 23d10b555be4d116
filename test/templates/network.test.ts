import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../packager/chance.ts';
import { establishDomain, ownKeeper } from '../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import { needsIn, resourceOf } from '../support/documented-needs.ts';
import { createDomainBucket } from '../support/domain-on-server.ts';
import type { DomainPolicies } from '../support/domain-principals.ts';
import {
  BUCKET,
  BUCKET_ARN,
  domainPolicies,
  KMS_KEY,
  OTHER_ACCOUNT,
  PLACE,
  principalsOf,
} from '../support/domain-principals.ts';
import { allRequests } from '../support/domain-requests.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import type { Policy, Statement } from '../support/iam/policy.ts';
import { checkStatement, decide } from '../support/iam/policy.ts';
import type { AwsRequest, Principal } from '../support/iam/request.ts';
import { act, isAllowed, OBJECT_REQUESTS } from '../support/iam/request.ts';
import type { ResolvedTemplate } from '../support/iam/template.ts';
import { resolveTemplate } from '../support/iam/template.ts';
import { readTable, unquoted } from '../support/markdown-table.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { SMALL_SHOP } from '../support/small-shop.ts';
import { whySkipped } from '../support/where.ts';

/** What the endpoints of a VPC let through: all that commands ask, and of strangers nothing. */

knowEveryError();

const ROOT = path.join(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'templates/network/endpoints.yaml');
const PERMISSIONS = readFileSync(path.join(ROOT, 'docs/permissions.md'), 'utf8');
const NETWORK = readFileSync(path.join(ROOT, 'docs/network.md'), 'utf8');

const GIVEN = { VpcId: 'vpc-1', SubnetIds: 'subnet-1,subnet-2', ClientCidr: '10.0.0.0/16' };
const HOME = '333344445555';
const OWN_BUCKET = 'arn:aws:s3:::shop-content';

/** By what the service is called in actions. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  s3: 'S3Endpoint',
  lambda: 'LambdaEndpoint',
  sts: 'StsEndpoint',
  cloudformation: 'CloudFormationEndpoint',
  kms: 'KmsEndpoint',
  events: 'EventsEndpoint',
};

/** S3 asks KMS, and Lambda writes the logs; of AWS RAM docs/network.md says that the template makes no endpoint. */
const ELSEWHERE = /^(?:kms|logs|ram):/;

type Given = Readonly<Record<string, string>>;

const ADMINISTRATION: Given = { Administration: 'yes' };
const FUNCTIONS: Given = { Functions: 'yes' };
const NO_DEPLOYS: Given = { Deploys: 'no' };

function deployed(given: Given = {}): ResolvedTemplate {
  return resolveTemplate(FILE, PLACE, { ...GIVEN, RouteTableIds: 'rtb-1', ...given });
}

function policyAt(template: ResolvedTemplate, action: string): Policy | undefined {
  const [service = ''] = action.split(':');
  const { properties } = template.resources[ENDPOINTS[service] ?? ''] ?? {};
  return properties?.['PolicyDocument'] as unknown as Policy | undefined;
}

function statementsOf(policy: Policy | undefined): readonly Statement[] {
  return policy === undefined ? [] : [policy.Statement].flat();
}

/**
 * Whether an endpoint lets a request through, which must be allowed beside that by whatever else decides: as of a resource whose owner lets
 * everybody do what the policy says, and whose own account has no say.
 * @param owner of the resource
 */
function passes(template: ResolvedTemplate, who: Principal, request: AwsRequest, owner = PLACE.account): boolean {
  const { account, arn } = who.caller;
  const context = {
    'aws:securetransport': 'true',
    ...(account !== undefined && { 'aws:principalaccount': account }),
    ...(arn !== undefined && { 'aws:principalarn': arn }),
    'aws:resourceaccount': owner,
    ...who.context,
    ...request.context,
  };
  return request.needs.every(({ action, resource }) => {
    const policy = policyAt(template, action);
    const asked = { caller: who.caller, action, resource, context };
    return policy !== undefined && decide(asked, [EVERYTHING], policy, 'of the endpoint').allowed;
  });
}

const EVERYTHING: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

const lambda = (name: string): string => `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:${name}`;

/** The documents' words for what is asked about. */
const RESOURCES: Readonly<Record<string, string>> = {
  'the bucket': BUCKET_ARN,
  'the keeper': lambda('cfn-artifacts-keeper'),
  'the keeper’s alias': lambda('cfn-artifacts-keeper:publishing'),
  'the functions': lambda('cfn-artifacts-reference'),
  'the stack': `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/cfn-artifacts/1`,
};

const somebody: Principal = {
  caller: { account: PLACE.account, arn: `arn:aws:iam::${PLACE.account}:role/anybody` },
  policies: [EVERYTHING],
};
const stranger: Principal = {
  caller: { account: OTHER_ACCOUNT, arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/admin` },
  policies: [EVERYTHING],
};
const unsigned: Principal = { caller: {}, policies: [] };

let policies: DomainPolicies;

beforeAll(async () => {
  policies = domainPolicies((await buildDomainTemplate()).file);
});

const hasCfnLint = spawnSync('cfn-lint', ['--version']).status === 0;

(hasCfnLint ? test : test.skip)(
  `cfn-lint has nothing to say of the template${whySkipped(hasCfnLint, 'it is not on the PATH')}`,
  async () => {
    const all = ['--non-zero-exit-code', 'informational', '--', FILE];
    const said = await promisify(execFile)('cfn-lint', all).then(
      ({ stdout }) => stdout,
      (error: unknown) => String((error as { stdout: unknown }).stdout),
    );
    expect(said).toBe('');
  },
);

describe('the template', () => {
  const everything = { ...ADMINISTRATION, ...FUNCTIONS, MoreBuckets: OWN_BUCKET, Homes: HOME };

  test('has a policy that is understood, and that fits, on every endpoint', () => {
    const template = deployed(everything);
    const endpoints = Object.entries(template.resources).filter(([, { type }]) => type === 'AWS::EC2::VPCEndpoint');
    expect(endpoints.map(([id]) => id).toSorted()).toEqual(Object.values(ENDPOINTS).toSorted());
    for (const [, { properties }] of endpoints) {
      const policy = properties['PolicyDocument'] as unknown as Policy;
      for (const statement of statementsOf(policy)) checkStatement(statement);
      // https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
      expect(JSON.stringify(policy).length).toBeLessThan(20_480);
    }
  });

  test('makes what was asked for: a gateway, an interface, neither', () => {
    const s3 = (S3Access: string) => deployed({ S3Access }).resources['S3Endpoint']?.properties;
    expect(s3('gateway')).toMatchObject({
      ...{ VpcEndpointType: 'Gateway', ServiceName: 'com.amazonaws.us-east-1.s3', RouteTableIds: ['rtb-1'] },
    });
    expect(s3('gateway')).not.toHaveProperty('SubnetIds');
    expect(s3('interface')).toMatchObject({
      ...{ VpcEndpointType: 'Interface', PrivateDnsEnabled: true, SubnetIds: ['subnet-1', 'subnet-2'] },
    });
    expect(s3('interface')).not.toHaveProperty('RouteTableIds');
    expect(s3('none')).toBeUndefined();
    expect(Object.keys(deployed().resources)).not.toContain('KmsEndpoint');
    expect(Object.keys(deployed().resources)).not.toContain('EventsEndpoint');
  });
});

describe('lets through', () => {
  const tables = ['Commands', 'Asking the keeper'].map((heading) => readTable(PERMISSIONS, heading));
  const commands = tables.flatMap((table) =>
    table.columns.slice(2).map((command) => ({ command, needs: needsIn(table, command) })),
  );

  test.each(commands)('$command', ({ needs }) => {
    expect(needs.length).toBeGreaterThan(1);
    const template = deployed(NO_DEPLOYS);
    for (const need of needs) {
      const resource = resourceOf(need, RESOURCES).replace('references/*', `references/${'a'.repeat(64)}`);
      expect({ need, passes: passes(template, somebody, act(need.action, resource)) }).toEqual({ need, passes: true });
    }
    expect(passes(template, somebody, act('sts:GetCallerIdentity', '*'))).toBe(true);
    expect(passes(template, somebody, act('s3:AbortMultipartUpload', `${BUCKET_ARN}/blobs/x`))).toBe(true);
  });

  test('bootstrap, with Administration alone', () => {
    const needs = needsIn(readTable(PERMISSIONS, 'Making a domain'));
    const [own, none] = [deployed({ ...NO_DEPLOYS, ...ADMINISTRATION }), deployed(NO_DEPLOYS)];
    const all = needs.map((need) => act(need.action, resourceOf(need, RESOURCES)));
    expect(all.filter((request) => !passes(own, somebody, request))).toEqual([]);
    expect(all.filter((request) => !passes(none, somebody, request)).map(actionOf)).toContain(
      'cloudformation:ExecuteChangeSet',
    );
  });

  test('share, with Administration alone', () => {
    const alias = lambda('cfn-artifacts-keeper:sharing');
    const all = [
      ...['s3:GetBucketPolicy', 's3:PutBucketPolicy'].map((action) => act(action, BUCKET_ARN)),
      ...['kms:GetKeyPolicy', 'kms:PutKeyPolicy'].map((action) => act(action, KMS_KEY)),
      ...['lambda:GetPolicy', 'lambda:AddPermission', 'lambda:RemovePermission'].map((action) => act(action, alias)),
    ];
    expect(all.filter((request) => !passes(deployed(ADMINISTRATION), somebody, request))).toEqual([]);
    expect(all.filter((request) => passes(deployed(), somebody, request)).map(actionOf)).toEqual([
      's3:GetBucketPolicy',
      'lambda:GetPolicy',
    ]);
  });

  test('every check of doctor', () => {
    const { rows } = readTable(readFileSync(path.join(ROOT, 'docs/doctor.md'), 'utf8'), 'In S3');
    const actions = new Set(
      rows.flatMap(({ actions: text = '' }) =>
        [...text.matchAll(/`([a-z0-9]+:\w+)`/g)].map(([, action = '']) => action),
      ),
    );
    expect(actions.size).toBeGreaterThan(10);
    for (const action of [...actions].filter((one) => !one.startsWith('ram:'))) {
      const resource = action.startsWith('lambda:')
        ? lambda('cfn-artifacts-keeper')
        : action.startsWith('cloudformation:')
          ? '*'
          : /Object$/.test(action)
            ? `${BUCKET_ARN}/progress/audit`
            : BUCKET_ARN;
      const isOfKey = action.startsWith('kms:');
      const [on, given] = isOfKey ? [KMS_KEY, { ...NO_DEPLOYS, ...ADMINISTRATION }] : [resource, NO_DEPLOYS];
      expect({ action, passes: passes(deployed(given), somebody, act(action, on)) }).toEqual({
        action,
        passes: true,
      });
    }
  });

  test('a deploy, unless it is turned off', () => {
    const create = act(
      'cloudformation:CreateChangeSet',
      `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/shop/1`,
    );
    const upload = OBJECT_REQUESTS.overwrite(`${BUCKET_ARN}/scratch/shop.template`);
    expect([create, upload].map((request) => passes(deployed(), somebody, request))).toEqual([true, true]);
    expect(passes(deployed(NO_DEPLOYS), somebody, create)).toBe(false);
  });

  test('what a repository in a bucket of its own needs, where that is named', () => {
    const all = [act('s3:ListBucket', OWN_BUCKET), act('s3:ListBucket', `${OWN_BUCKET}-2`)].concat(
      (['read', 'create', 'erase'] as const).map((how) => OBJECT_REQUESTS[how](`${OWN_BUCKET}-2/blobs/x`)),
    );
    const named = deployed({ MoreBuckets: `${OWN_BUCKET},${OWN_BUCKET}-2` });
    expect(all.map((request) => passes(named, somebody, request))).toEqual([true, true, true, true, true]);
    expect(all.map((request) => passes(deployed(), somebody, request))).toEqual([false, false, false, false, false]);
    expect(passes(named, somebody, act('s3:ListBucket', OWN_BUCKET), OTHER_ACCOUNT)).toBe(false);
  });

  test('what another account has shared, where that account is named', () => {
    const there = `arn:aws:s3:::cfn-artifacts-${HOME}-${PLACE.region}`;
    const sharing = act(
      'lambda:InvokeFunction',
      `arn:aws:lambda:${PLACE.region}:${HOME}:function:cfn-artifacts-keeper:sharing`,
    );
    const all = [act('s3:ListBucket', there), OBJECT_REQUESTS.read(`${there}/blobs/x`), sharing];
    const named = deployed({ Homes: `${OTHER_ACCOUNT},${HOME}` });
    expect(all.map((request) => passes(named, somebody, request, HOME))).toEqual([true, true, true]);
    expect(all.map((request) => passes(deployed(), somebody, request, HOME))).toEqual([false, false, false]);
    // Of that name, and somebody else's.
    expect(all.map((request) => passes(named, somebody, request, '666677778888'))).toEqual([false, false, false]);
  });
});

describe('of the functions', () => {
  const names = ['reference function', 'keeper'] as const;

  /** What a role may do in its own region, of the services that have endpoints. */
  function rightsOf(name: (typeof names)[number]): readonly AwsRequest[] {
    const principal = principalsOf(policies)[name];
    return allRequests(policies.bucket)
      .filter(({ request, guard }) => guard.account === PLACE.account && isAllowed(principal, request, guard))
      .map(({ request }) => request)
      .filter(({ needs }) =>
        needs.every(({ action, resource }) => !ELSEWHERE.test(action) && !resource.includes('eu-west-1')),
      );
  }

  test.each(names)('all that the %s may do passes, with Functions', (name) => {
    const [own, principal] = [deployed({ ...FUNCTIONS, ...NO_DEPLOYS }), principalsOf(policies)[name]];
    const rights = rightsOf(name);
    expect(rights.length).toBeGreaterThan(20);
    expect(rights.filter((request) => !passes(own, principal, request)).map(actionOf)).toEqual([]);
  });

  test('nothing is deleted but by them, and by nobody without Functions', () => {
    const { keeper } = principalsOf(policies);
    const erase = OBJECT_REQUESTS.erase(`${BUCKET_ARN}/blobs/x`);
    expect(passes(deployed(FUNCTIONS), somebody, erase)).toBe(false);
    expect(passes(deployed(FUNCTIONS), keeper, erase)).toBe(true);
    expect(passes(deployed(), keeper, erase)).toBe(false);
  });

  test('CloudFormation is answered at the address that it has signed, and nothing is read there', () => {
    const bucket = 'arn:aws:s3:::cloudformation-custom-resource-response-useast1';
    const cloudFormation: Principal = {
      caller: { account: '000011112222', arn: 'arn:aws:iam::000011112222:user/cfn' },
      policies: [],
    };
    for (const who of [cloudFormation, somebody]) {
      const may = (how: 'overwrite' | 'read' | 'erase'): boolean =>
        passes(deployed(FUNCTIONS), who, OBJECT_REQUESTS[how](`${bucket}/answer`), '000011112222');
      expect([may('overwrite'), may('read'), may('erase')]).toEqual([true, false, false]);
    }
    expect(passes(deployed(), cloudFormation, OBJECT_REQUESTS.overwrite(`${bucket}/answer`), '000011112222')).toBe(
      false,
    );
    const other = OBJECT_REQUESTS.overwrite('arn:aws:s3:::cloudformation-custom-resource-response-euwest1/answer');
    expect(passes(deployed(FUNCTIONS), cloudFormation, other, '000011112222')).toBe(false);
  });
});

describe('lets nothing through', () => {
  const template = deployed({ ...ADMINISTRATION, ...FUNCTIONS, MoreBuckets: OWN_BUCKET, Homes: HOME });

  test.each([
    ['of another account', stranger],
    ['that nobody has signed', unsigned],
  ])('%s', (_, who) => {
    const asked = [
      ...allRequests(policies.bucket).map(({ request }) => request),
      act('s3:ListBucket', OWN_BUCKET),
      act('sts:GetCallerIdentity', '*'),
    ];
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((request) => passes(template, who, request)).map(actionOf)).toEqual([]);
  });

  test('into or out of buckets that are not named, and a bucket of the domain’s name that is somebody else’s', () => {
    const outside = 'arn:aws:s3:::somewhere-else';
    for (const how of ['read', 'create', 'overwrite', 'upload part'] as const) {
      for (const owner of [PLACE.account, OTHER_ACCOUNT]) {
        expect(passes(template, somebody, OBJECT_REQUESTS[how](`${outside}/x`), owner)).toBe(false);
      }
      expect(passes(template, somebody, OBJECT_REQUESTS[how](`${BUCKET_ARN}/blobs/x`), OTHER_ACCOUNT)).toBe(false);
      expect(passes(template, somebody, OBJECT_REQUESTS[how](`${BUCKET_ARN}/blobs/x`))).toBe(true);
    }
    expect(passes(template, somebody, act('s3:ListBucket', BUCKET_ARN), OTHER_ACCOUNT)).toBe(false);
  });

  test('to other functions, roles of other accounts, keys themselves and other events', () => {
    const refused = [
      act('lambda:InvokeFunction', lambda('shop')),
      act('lambda:InvokeFunction', lambda('cfn-artifacts-reference')),
      act('lambda:UpdateFunctionCode', lambda('cfn-artifacts-keeper')),
      act('lambda:AddPermission', lambda('cfn-artifacts-keeper')),
      act('sts:AssumeRole', `arn:aws:iam::${OTHER_ACCOUNT}:role/admin`),
      act('kms:Decrypt', KMS_KEY),
      act('events:PutEvents', `arn:aws:events:${PLACE.region}:${PLACE.account}:event-bus/default`, {
        'events:source': 'shop',
      }),
      act('s3:PutBucketVersioning', BUCKET_ARN),
      act('s3:PutLifecycleConfiguration', BUCKET_ARN),
      act('s3:DeleteBucket', BUCKET_ARN),
    ];
    expect(refused.filter((request) => passes(template, somebody, request)).map(actionOf)).toEqual([]);
    const token = { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' };
    const runner: Principal = {
      caller: { federated: 'arn:aws:iam::111122223333:oidc-provider/x' },
      policies: [],
      context: token,
    };
    const assume = (account: string) => act('sts:AssumeRoleWithWebIdentity', `arn:aws:iam::${account}:role/publisher`);
    expect([PLACE.account, OTHER_ACCOUNT].map((account) => passesUnsigned(template, runner, assume(account)))).toEqual([
      true,
      false,
    ]);
  });
});

/** Who has no account yet is judged by the policy alone. */
function passesUnsigned(
  template: ResolvedTemplate,
  { caller, context = {} }: Principal,
  { needs }: AwsRequest,
): boolean {
  return needs.every(
    ({ action, resource }) =>
      decide({ caller, action, resource, context }, [], policyAt(template, action), PLACE.account).allowed,
  );
}

function actionOf({ needs }: AwsRequest): string {
  return needs.map(({ action }) => action).join(', ');
}

describe('docs/network.md', () => {
  const { rows } = readTable(NETWORK, 'Endpoints for the command line');
  const services = ['S3', 'STS', 'Lambda', 'CloudFormation', 'KMS'] as const;
  const rowOf = (command: string) => rows.filter((row) => unquoted(row['command']).split(', ').includes(command));

  const needed = ['Commands', 'Other regions', 'Asking the keeper'].flatMap((heading) => {
    const table = readTable(PERMISSIONS, heading);
    return table.columns
      .slice(2)
      .map((command) => [command, needsIn(table, command).map(({ action }) => action)] as const);
  });

  test.each([
    ...needed,
    ['bootstrap', needsIn(readTable(PERMISSIONS, 'Making a domain')).map(({ action }) => action)] as const,
  ])('names the endpoints of %s', (command, actions) => {
    const [row, ...others] = rowOf(command);
    expect(others).toEqual([]);
    const told = services.filter((service) => row?.[service] === 'yes').map((service) => service.toLowerCase());
    expect(told).toEqual(
      expect.arrayContaining(['sts', ...new Set(actions.map((action) => action.split(':')[0] ?? ''))]),
    );
  });

  test('names every endpoint that the template makes for commands', () => {
    expect(services.map((service) => ENDPOINTS[service.toLowerCase()])).not.toContain(undefined);
  });
});

describe('commands behind the endpoint of S3', () => {
  let server: S3Server;

  hideOwnEnvironment();

  beforeEach(async () => {
    server = await startS3Server();
    createDomainBucket(server, policies);
    server.identities.set('maker', { account: PLACE.account });
    const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('maker', PLACE.region) });
    const store = s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
    const place = { partition: 'aws', ...PLACE, bucket: BUCKET };
    await establishDomain({ store, keeper: ownKeeper(store), chance: CHANCE }, place);
    client.destroy();
  });

  afterEach(async () => {
    await server.close();
  });

  /** What IAM allows is everything; what is left of that is what the endpoint lets through. */
  function behind(given: Given = {}): void {
    const through = statementsOf(policyAt(deployed(given), 's3:*')).map(
      ({ Sid = '', Effect, Action = [], Resource = [], Condition = {} }): Statement => {
        return { Sid, Effect, Action, Resource, Condition };
      },
    );
    const arn = `arn:aws:iam::${PLACE.account}:role/anybody`;
    server.identities.set('test', { account: PLACE.account, arn, policies: [{ Statement: through }] });
  }

  test('package, publish, and look', async () => {
    behind();
    const project = await TestProject.of(SMALL_SHOP);
    project.env = awsEnvironment(server, 'test', PLACE.region);
    for (const words of [
      ['package', '--project-root', '.'],
      ['publish', 'api', '--id', 'api', '--label', 'v1'],
      ['list'],
      ['show', 'api:v1'],
      ['references', 'api:1'],
      ['get', 'api:1', '--output', 'api.zip'],
    ]) {
      const { exitCode, stderr } = await project.run(...words);
      expect({ words, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ words, exitCode: 0, stderr: '' });
    }
    expect(server.requests.filter(({ bucket }) => bucket === BUCKET).length).toBeGreaterThan(20);
  });

  test('a bucket that is not named is out of reach', async () => {
    server.createBucket('shop-content', { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
    const project = await TestProject.of(SMALL_SHOP);
    project.env = awsEnvironment(server, 'test', PLACE.region);
    const upload = ['package', '--project-root', '.', '--s3-bucket', 'shop-content'];
    behind();
    expect(await project.run(...upload)).toMatchObject({ exitCode: 3 });
    behind({ MoreBuckets: OWN_BUCKET });
    expect(await project.run(...upload)).toMatchObject({ exitCode: 0 });
  });
});
