import { readFileSync } from 'node:fs';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { handle } from '../../handler/keeper/handle.ts';
import { CHANCE } from '../../packager/chance.ts';
import { noEvidence, ownKeeper } from '../../repository/index.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import type { Outcome } from '../packager/bootstrap/account.ts';
import { domainTemplate, enableObjectLock, TestAccount } from '../packager/bootstrap/account.ts';
import { judgedBy, requestToCloudFormation, requestToLambda } from '../support/aws-requests.ts';
import type { Need } from '../support/documented-needs.ts';
import { needsIn, policyOf, resourceOf, superfluousAmong } from '../support/documented-needs.ts';
import { BUCKET, BUCKET_ARN, everything, PLACE } from '../support/domain-principals.ts';
import { mutantsOf } from '../support/iam/mutants.ts';
import type { Policy } from '../support/iam/policy.ts';
import { decide } from '../support/iam/policy.ts';
import type { AwsRequest, Principal } from '../support/iam/request.ts';
import { act } from '../support/iam/request.ts';
import { readTable, unquoted } from '../support/markdown-table.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import { SMALL_SHOP } from '../support/small-shop.ts';
import type { HttpRequest } from '../support/stack-engine/http-endpoint.ts';
import { HttpEndpoint } from '../support/stack-engine/http-endpoint.ts';
import { parseText, templateOf } from '../support/stack-engine/template.ts';

/**
 * What `bootstrap` needs, by docs/permissions.md: what it asks itself is tried against S3, CloudFormation and Lambda, which let it do what the document's tables
 * allow and no more. What CloudFormation does in its name can only be read: the document's two forms of it are held against each other and the template.
 */

knowEveryError();

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
const NEEDS = readTable(DOCUMENT, 'Making a domain');
const COMMANDS = readTable(DOCUMENT, 'Commands');

let account: TestAccount;
let lambda: HttpEndpoint;
const clients: S3Client[] = [];
let tried: Pick<Principal, 'caller' | 'policies'>;

hideOwnEnvironment();

const of = (kind: string, name: string): string => `arn:aws:${kind}:${PLACE.region}:${PLACE.account}:${name}`;

const RESOURCES: Readonly<Record<string, string>> = {
  'the bucket': BUCKET_ARN,
  'the stack': of('cloudformation', 'stack/cfn-artifacts/*'),
  'the functions': of('lambda', 'function:cfn-artifacts-*'),
  'the keeper': of('lambda', 'function:cfn-artifacts-keeper'),
};

function become(policies: readonly Policy[]): void {
  const arn = `arn:aws:iam::${PLACE.account}:role/operator`;
  tried = { caller: { account: PLACE.account, arn }, policies };
  account.server.identities.set('operator', { account: PLACE.account, arn, policies });
}

/** An account where everybody is judged by what `become` was told last. */
async function open(): Promise<void> {
  account = await TestAccount.open();
  account.between = judgedBy(() => tried, requestToCloudFormation);
  const judge = judgedBy(() => tried, requestToLambda);
  const { AWS_ENDPOINT_URL_LAMBDA: functions = '' } = account.env();
  lambda = new HttpEndpoint(async (request) => {
    const [, name = '', what] = /functions\/([^/]+)\/(\w+)/.exec(decodeURIComponent(request.path)) ?? [];
    const refused = judge(what === 'configuration' ? 'GetFunctionConfiguration' : 'Invoke', { FunctionName: name });
    if (refused !== undefined) return { status: 403, headers: { 'x-amzn-errortype': refused.code }, body: '{}' };
    if (what !== 'configuration') return keep(request);
    const answer = await fetch(functions + request.path);
    const headers = Object.fromEntries(answer.headers);
    return { status: answer.status, headers, body: await answer.text() };
  });
  account.lambda = await lambda.listen();
}

/** The keeper's function, with the rights of its role. */
async function keep({ body }: HttpRequest): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const client = new S3Client({ ...s3ClientDefaults, ...account.server.clientConfig('functions', PLACE.region) });
  clients.push(client);
  const store = s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
  const place = { partition: 'aws', ...PLACE, bucket: BUCKET };
  const kept = { store, keeper: ownKeeper(store), chance: CHANCE, place, evidence: noEvidence };
  const reply = await handle(
    JSON.parse(body.toString()),
    { requestId: 'r', qualifier: '', remaining: () => 60_000 },
    { connect: () => kept, log: () => undefined, now: CHANCE.now },
  );
  return { status: 200, headers: {}, body: JSON.stringify(reply) };
}

async function close(): Promise<void> {
  for (const client of clients.splice(0)) client.destroy();
  await lambda.close();
  await account.close();
}

const bootstrap = (): Promise<Outcome> => account.run(['bootstrap', '--yes'], { env: account.env('operator') });

async function made(): Promise<void> {
  become([everything]);
  expect(await bootstrap()).toMatchObject({ exitCode: 0 });
}

/** By column of the table: what was there before, and what is done; it comes to this exit status where nothing is missing. */
const SITUATIONS: Readonly<
  Record<
    string,
    { readonly before?: () => Promise<void>; readonly act?: () => Promise<Outcome>; readonly exitCode?: number }
  >
> = {
  new: {},
  update: {
    before: async () => {
      await made();
      account.installation = { ...account.installation, keeper: 'exports.handler = async () => 2;\n' };
    },
  },
  'takes over': {
    before: async () => {
      await made();
      await account.engine.deleteStack('cfn-artifacts');
    },
  },
  declined: {
    act: () => account.run(['bootstrap'], { env: account.env('operator'), askOpenly: async () => 'n' }),
    exitCode: 2,
  },
};

/** @returns what it says that fails, or warns of; nothing where all is well */
async function failureOf(situation: string, needs: readonly Need[]): Promise<string> {
  const { before, act = bootstrap, exitCode = 0 } = SITUATIONS[situation] ?? {};
  await open();
  try {
    await before?.();
    become([policyOf(needs, RESOURCES)]);
    const outcome = await act();
    return outcome.exitCode === exitCode && !outcome.stderr.includes('warning: ') ? '' : outcome.stderr;
  } finally {
    await close();
  }
}

describe('what bootstrap asks itself', () => {
  test('is told of each situation', () => {
    expect(NEEDS.columns.slice(2)).toEqual(Object.keys(SITUATIONS));
  });

  test.each(Object.keys(SITUATIONS))(
    '%s: what the document says suffices, and none is superfluous',
    async (situation) => {
      const needs = needsIn(NEEDS, situation);
      expect(await failureOf(situation, needs)).toBe('');
      expect(await superfluousAmong(needs, (others) => failureOf(situation, others))).toEqual([]);
    },
  );

  test.each([
    [true, 0],
    [false, 3],
  ])('--legal-hold needs to look at the bucket’s Object Lock: %s', async (isAllowed, exitCode) => {
    await open();
    try {
      await made();
      await enableObjectLock(account);
      const look = { action: 's3:GetBucketObjectLockConfiguration', on: 'the bucket' };
      become([policyOf([...needsIn(NEEDS, 'update'), ...(isAllowed ? [look] : [])], RESOURCES)]);
      const outcome = await account.run(['bootstrap', '--yes', '--legal-hold'], { env: account.env('operator') });
      expect([outcome.exitCode, outcome.stderr.includes(look.action)]).toEqual([exitCode, !isAllowed]);
    } finally {
      await close();
    }
  });

  test.each([
    ['package', ['package', '--project-root', '.', '--artifact-prefix', 'shop']],
    ['publish', ['publish', 'api', '--id', 'shop/api']],
  ])('%s on an account without a domain needs that and its own', async (command, argv) => {
    await open();
    try {
      become([policyOf([...needsIn(NEEDS, 'new'), ...needsIn(COMMANDS, command)], RESOURCES)]);
      const { folder } = await TestProject.of(SMALL_SHOP);
      const outcome = await account.run(argv, { cwd: folder, env: account.env('operator') });
      expect([outcome.exitCode, outcome.stderr]).toEqual([0, expect.not.stringContaining('warning: ')]);
    } finally {
      await close();
    }
  });
});

/** The document's policies, in this account and region. */
const POLICIES: readonly Policy[] = [...DOCUMENT.matchAll(/```json\n(.*?)```/gs)].map(
  ([, text = '']) => JSON.parse(text.replaceAll('ACCOUNT', PLACE.account).replaceAll('REGION', PLACE.region)) as Policy,
);

const allows = (policy: Policy, { needs, context }: AwsRequest): boolean =>
  needs.every(({ action, resource }) => {
    const caller = { account: PLACE.account, arn: `arn:aws:iam::${PLACE.account}:role/operator` };
    return decide({ caller, action, resource, context }, [policy], undefined, PLACE.account).allowed;
  });

/** Parts without which all of these would be allowed as well; what limits a statement limits it to some purpose. */
function superfluousFor(policy: Policy, requests: readonly AwsRequest[]): string[] {
  return mutantsOf(policy)
    .filter(({ without }) => !/: (its limits|StringEquals .*)$/.test(without))
    .filter(({ policy: mutant }) => requests.every((request) => allows(mutant, request)))
    .map(({ without }) => without);
}

describe('the policy for who runs bootstrap', () => {
  const [policy] = POLICIES;
  const requestOf = (need: Need): AwsRequest => act(need.action, resourceOf(need, RESOURCES));
  const beside = [
    { action: 'cloudformation:DescribeEvents', on: 'the stack' },
    { action: 's3:GetBucketObjectLockConfiguration', on: 'the bucket' },
  ];
  const requests = [...needsIn(NEEDS), ...beside].map(requestOf);

  test('allows what the table says, and nothing else', () => {
    expect(requests.filter((request) => !allows(policy!, request))).toEqual([]);
    expect(superfluousFor(policy!, requests)).toEqual([]);
    expect(allows(policy!, act('s3:PutObject', `${BUCKET_ARN}/sources/x`))).toBe(false);
    expect(allows(policy!, act('cloudformation:DeleteStack', of('cloudformation', 'stack/shop/x')))).toBe(false);
  });

  test('allows what deleting and collecting by the keeper needs, but for looking at others’ stacks', () => {
    const table = readTable(DOCUMENT, 'Asking the keeper');
    const commands = [
      'reference add',
      'reference remove',
      'audit',
      'verify',
      'delete',
      'undelete',
      'gc plan',
      'gc run',
    ];
    expect(table.columns).toEqual(expect.arrayContaining(commands));
    const rows = table.rows.filter((row) => commands.some((command) => row[command] === 'yes'));
    const asking = needsIn({ ...table, rows })
      .filter(({ action }) => action !== 'cloudformation:DescribeStacks')
      .map(requestOf);
    expect(asking.filter((request) => !allows(policy!, request))).toEqual([]);
  });
});

describe('the policy for CloudFormation', () => {
  const [, policy] = POLICIES;
  const { rows } = readTable(DOCUMENT, 'What CloudFormation does');
  const names = ['cfn-artifacts-reference', 'cfn-artifacts-keeper'];
  const roles = names.map((name) => `arn:aws:iam::${PLACE.account}:role/${name}-${PLACE.region}`);
  const made: Readonly<Record<string, readonly string[]>> = {
    'the bucket': [BUCKET_ARN],
    'blobs/*': [`${BUCKET_ARN}/blobs/x`],
    'the roles': roles,
    'the roles, for lambda.amazonaws.com': roles,
    'the functions': names.map((name) => of('lambda', `function:${name}`)),
    'the reference function': [of('lambda', 'function:cfn-artifacts-reference')],
    'the log groups': names.map((name) => of('logs', `log-group:/aws/lambda/${name}`)),
    'the rule': [of('events', 'rule/cfn-artifacts-keeper')],
    everything: ['*'],
  };
  const requests = rows.flatMap((row) =>
    [row['to make and change it'], row['to remove it']]
      .flatMap((list) => unquoted(list).split(', '))
      .filter((action) => action !== '–')
      .flatMap((action) =>
        (made[unquoted(row['on'])] ?? []).map((arn) =>
          act(action, arn, { 'iam:passedtoservice': 'lambda.amazonaws.com' }),
        ),
      ),
  );

  test('is told of each resource type that the template has, and of no other', async () => {
    const { resources } = templateOf(parseText((await domainTemplate()).text));
    const types = new Set(Object.values(resources).map(({ type }) => type));
    expect(new Set(rows.map((row) => unquoted(row['resource type'])))).toEqual(types);
    expect(rows.filter((row) => made[unquoted(row['on'])] === undefined)).toEqual([]);
  });

  test('allows what the table says, and nothing else', () => {
    expect(requests.filter((request) => !allows(policy!, request))).toEqual([]);
    expect(superfluousFor(policy!, requests)).toEqual([]);
    expect(allows(policy!, act('iam:PassRole', roles[0]!, { 'iam:passedtoservice': 'ec2.amazonaws.com' }))).toBe(false);
    expect(allows(policy!, act('iam:PutRolePolicy', roles[0]!.replace('cfn-artifacts', 'shop')))).toBe(false);
    expect(allows(policy!, act('s3:PutBucketPolicy', `${BUCKET_ARN}-other`))).toBe(false);
    expect(allows(policy!, act('lambda:InvokeFunction', of('lambda', 'function:cfn-artifacts-keeper')))).toBe(false);
  });

  test('fits into a managed policy, and so does the other', () => {
    const sizes = POLICIES.map((one) => JSON.stringify(one).length);
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6144);
  });
});
