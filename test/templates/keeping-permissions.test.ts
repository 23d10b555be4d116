import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Account } from '../examples/account.ts';
import { accountOnServer } from '../examples/account.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import { judgedBy, requestToCloudFormation, requestToLambda } from '../support/aws-requests.ts';
import type { Need } from '../support/documented-needs.ts';
import { needsIn, policyOf, superfluousAmong } from '../support/documented-needs.ts';
import { BUCKET, BUCKET_ARN, domainPolicies, everything, PLACE } from '../support/domain-principals.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import type { Policy } from '../support/iam/policy.ts';
import type { Principal } from '../support/iam/request.ts';
import { act, isAllowed } from '../support/iam/request.ts';
import { roleOf } from '../support/iam/template.ts';
import { KeeperProcess } from '../support/keeper-process.ts';
import { readTable } from '../support/markdown-table.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import type { S3Server } from '../support/s3-server.ts';
import { SMALL_SHOP } from '../support/small-shop.ts';

/** Commands that have the keeper do something: what docs/permissions.md says they need, with the keeper's function as built, under the rights of its role. */

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
const NEEDS = readTable(DOCUMENT, 'Asking the keeper');
const KEEPER = `arn:aws:lambda:${PLACE.region}:${PLACE.account}:function:cfn-artifacts-keeper`;

let account: Account;
let server: S3Server;
let keeper: KeeperProcess;
let project: TestProject;
/** Where who tries finds CloudFormation and Lambda. */
let judging: Readonly<Record<string, string>>;
let tried: Pick<Principal, 'caller' | 'policies'>;

beforeAll(async () => {
  account = await accountOnServer();
  server = account.server!;
  server.identities.set('administrator', { account: PLACE.account, policies: [everything] });
  const { credentials } = server.clientConfig('keeper', PLACE.region);
  const { engine } = account;
  keeper = await KeeperProcess.start({
    ...{ BUCKET, ACCOUNT: PLACE.account, PARTITION: 'aws', AWS_REGION: PLACE.region },
    ...{ AWS_ENDPOINT_URL_S3: server.endpoint, AWS_ENDPOINT_URL_LAMBDA: await engine.serveLambda() },
    AWS_ENDPOINT_URL_CLOUDFORMATION: await engine.serve(),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  judging = {
    AWS_ENDPOINT_URL_CLOUDFORMATION: await engine.serve(judgedBy(() => tried, requestToCloudFormation)),
    AWS_ENDPOINT_URL_LAMBDA: await engine.serveLambda(judgedBy(() => tried, requestToLambda)),
  };
  project = await TestProject.of(SMALL_SHOP);
  project.env = account.publisher;
  for (const id of ['shop/spare', 'shop/marked']) await project.run('publish', 'api', '--id', id);
  const { text } = await project.run('package', '--project-root', '.', '--artifact-prefix', 'shop');
  expect(await engine.deploy('shop', text)).toMatchObject({ status: 'CREATE_COMPLETE' });
}, 120_000);

afterAll(async () => {
  await keeper.stop();
  await account.close();
});

hideOwnEnvironment();

const RESOURCES: Readonly<Record<string, string>> = {
  'the bucket': BUCKET_ARN,
  'the keeper': KEEPER,
  'the keeper’s alias': `${KEEPER}:publishing`,
  'the stack': `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/*`,
};

/** The keeper's process is asked by who tries, where Lambda lets them. */
function runAs(who: string, policies: readonly Policy[], endpoints: object, ...argv: string[]): Promise<Outcome> {
  tried = { caller: { account: PLACE.account, arn: `arn:aws:iam::${PLACE.account}:user/${who}` }, policies };
  server.identities.set(who, { account: PLACE.account, policies });
  project.env = { ...awsEnvironment(server, who, PLACE.region), ...judging, ...endpoints };
  return project.run(...argv);
}

function runWith(policies: readonly Policy[], ...argv: string[]): Promise<Outcome> {
  keeper.refuse = (name) => {
    const isLet = isAllowed(tried, act('lambda:InvokeFunction', name), { account: PLACE.account });
    return isLet ? undefined : [403, 'AccessDeniedException'];
  };
  return runAs('tried', policies, { AWS_ENDPOINT_URL_LAMBDA: keeper.endpoint }, ...argv);
}

const ADD = ['reference', 'add', 'shop/api:1', '--consumer', 'job'];
const REMOVE = ['reference', 'remove', 'shop/api:1', '--consumer', 'job'];
/** What no stack uses. */
const DELETE = ['delete', 'shop/spare:1', '--yes'];
const UNDELETE = ['undelete', 'shop/spare:1'];
const TEAM = ['repository', 'create', 'team'];

/** What is finished is so for ever. */
let candidates = 0;

function newCandidate(): string[] {
  candidates += 1;
  return candidate('api', 'one');
}

function candidate(file: string, set: string): string[] {
  return ['publish', file, '--id', `shop/wheel-${candidates}`, '--unfinished', '--label', '1.0.0', '--set', set];
}

function activation(): string[] {
  return ['activate', `shop/wheel-${candidates}:1.0.0`, '--set', 'one'];
}

type Words = readonly string[] | (() => readonly string[]);

const wordsIn = (words: Words): readonly string[] => (typeof words === 'function' ? words() : words);

/** Each use of a command; what has to be there before, an administrator puts there. */
const USES: Readonly<Record<string, readonly { readonly before?: Words; readonly argv: Words }[]>> = {
  'reference add': [{ argv: ADD }],
  'reference remove': [{ before: ADD, argv: REMOVE }],
  // The domain's own stack has recorded nothing.
  audit: ['audit', 'audit --fix', 'audit --stack shop', 'audit --stack cfn-artifacts'].map((line) => ({
    argv: line.split(' '),
  })),
  verify: ['verify', 'verify --fix --deep', 'verify --repository default'].map((line) => ({ argv: line.split(' ') })),
  delete: [{ before: UNDELETE, argv: DELETE }, { argv: [...DELETE, '--dry-run'] }],
  undelete: [{ before: DELETE, argv: UNDELETE }],
  'bookmark set': [
    { argv: 'bookmark set shop/marked:1 prod'.split(' ') },
    { argv: 'bookmark set shop/marked:1 prod --if 1'.split(' ') },
  ],
  'bookmark delete': [
    { before: 'bookmark set shop/marked:1 gone'.split(' '), argv: 'bookmark delete shop/marked gone'.split(' ') },
  ],
  'status set': [
    { argv: 'status set shop/marked:1 Unlisted'.split(' ') },
    { argv: 'status set shop/marked:1 Published'.split(' ') },
  ],
  activate: [
    { before: newCandidate, argv: activation },
    { before: () => candidate('api.json', 'two'), argv: activation },
  ],
  finish: [{ before: newCandidate, argv: () => ['finish', `shop/wheel-${candidates}:1.0.0`, '--set', 'one'] }],
  'repository delete': [
    { before: TEAM, argv: 'repository delete team --dry-run'.split(' ') },
    { before: TEAM, argv: 'repository delete team --yes'.split(' ') },
  ],
  'gc plan': [{ argv: ['gc', 'plan'] }, { argv: ['gc', 'plan', '--repository', 'default'] }],
  'gc run': [{ argv: ['gc', 'run', '--yes'] }],
};

/** @returns what the first use says that fails; nothing where all work */
async function failureOf(command: string, needs: readonly Need[]): Promise<string> {
  for (const { before, argv } of USES[command] ?? []) {
    if (before !== undefined) expect(await runWith([everything], ...wordsIn(before))).toMatchObject({ exitCode: 0 });
    const words = wordsIn(argv);
    const { exitCode, stderr, stdout } = await runWith([policyOf(needs, RESOURCES)], ...words);
    if (exitCode !== 0) return `${words.join(' ')}: ${stdout}${stderr}`;
  }
  return '';
}

describe('in the account’s own domain', () => {
  test('the document tells of every command that asks the keeper', () => {
    expect(NEEDS.columns.slice(2)).toEqual(Object.keys(USES));
  });

  test.each(Object.keys(USES))('%s: what it says suffices, and none is superfluous', async (command) => {
    const needs = needsIn(NEEDS, command);
    expect(await failureOf(command, needs)).toBe('');
    expect(await superfluousAmong(needs, (others) => failureOf(command, others))).toEqual([]);
  });
});

describe('in another bucket', () => {
  const other = 'another-bucket';

  test('who has there what the keeper’s role has in its own may do all of it', async () => {
    server.createBucket(other, { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
    const there = ['--domain', `s3://${other}`];
    const published = await runAs('administrator', [everything], {}, 'publish', 'api', '--id', 'shop/api', ...there);
    expect(published).toMatchObject({ exitCode: 0 });
    const { domain } = domainPolicies((await buildDomainTemplate()).file);
    const [policy] = roleOf(domain, 'KeeperRole', PLACE).policies;
    const text = JSON.stringify(policy).replaceAll(BUCKET, other).replaceAll(':::cfn-artifacts-*', `:::${other}`);
    const rights = JSON.parse(text) as Policy;
    server.requests.length = 0;
    const GONE = ['delete', 'shop/api:1', '--yes', '--now'];
    for (const argv of [
      ADD,
      REMOVE,
      GONE,
      ['audit', '--fix'],
      ['audit'],
      ['verify', '--fix', '--deep'],
      ['gc', 'plan'],
      ['gc', 'run', '--yes', '--now'],
    ]) {
      const { exitCode, stderr } = await runAs('keeper-elsewhere', [rights], {}, ...argv, ...there);
      expect([argv, exitCode, stderr]).toEqual([argv, 0, expect.not.stringContaining('error')]);
    }
    expect(server.requests.filter(({ status }) => status === 403)).toEqual([]);
  });
});
