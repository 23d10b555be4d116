import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Need } from '../support/documented-needs.ts';
import { needsIn, superfluousAmong } from '../support/documented-needs.ts';
import type { Policy } from '../support/iam/policy.ts';
import { act, isAllowed } from '../support/iam/request.ts';
import { resolveTemplate, roleOf } from '../support/iam/template.ts';
import type { LambdaOfDomains } from '../support/lambda-of-domains.ts';
import { startLambdaOf } from '../support/lambda-of-domains.ts';
import { readTable } from '../support/markdown-table.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import type { SeveralDomain } from '../support/several-domains.ts';
import { openDomainOn } from '../support/several-domains.ts';

/** Commands that bring content to other regions: what docs/permissions.md says they need, and what the template's publisher may do of it. */

knowEveryError();
hideOwnEnvironment();

const ONE = '111122223333';
const DOCUMENT = readFileSync(path.join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
const ROLE = path.join(import.meta.dirname, '../../templates/publisher-role.yaml');
const NEEDS = readTable(DOCUMENT, 'Other regions');
const PACKAGE = readTable(DOCUMENT, 'Commands');
const FETCHING = `arn:aws:lambda:eu-west-1:${ONE}:function:cfn-artifacts-keeper:fetching`;

let server: S3Server;
let lambda: LambdaOfDomains;
let home: SeveralDomain;
let near: SeveralDomain;
let project: TestProject;
/** What who tries may do. */
let policies: readonly Policy[] = [];
let count = 0;

beforeAll(async () => {
  server = await startS3Server({ identities: {} });
  home = await openDomainOn(server, { account: ONE, region: 'us-east-1' });
  near = await openDomainOn(server, { account: ONE, region: 'eu-west-1' });
  const caller = { account: ONE, arn: `arn:aws:iam::${ONE}:role/tried` };
  lambda = await startLambdaOf([home, near], (name) => {
    return isAllowed({ caller, policies }, act('lambda:InvokeFunction', name), { account: ONE });
  });
  project = await TestProject.of({
    'template.yaml': 'Resources: {Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}}\n',
    'layer/a.txt': 'a',
    'one.txt': 'one',
  });
}, 120_000);

afterAll(async () => {
  await Promise.all([home, near].map((domain) => domain.close()));
  await lambda.close();
  await server.close();
});

async function published(): Promise<string> {
  count += 1;
  project.write({ 'one.txt': `one ${count}`, 'layer/a.txt': `a ${count}` });
  project.env = home.publisher;
  expect(await project.run('publish', 'one.txt', '--id', `shop/${count}`)).toMatchObject({ exitCode: 0 });
  return `shop/${count}:1`;
}

const USES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  replicate: async () => ['replicate', await published(), '--to', 'eu-west-1'],
  'package --regions': async () => {
    await published();
    return ['package', '--project-root', '.', '--artifact-prefix', 'shop', '--regions', 'us-east-1,eu-west-1'];
  },
};

function policyOf(needs: readonly Need[]): Policy {
  const resources: Readonly<Record<string, string>> = {
    'the bucket': `arn:aws:s3:::${home.bucket}`,
    'the other keeper’s alias fetching': FETCHING,
  };
  return {
    Statement: needs.map(({ action, on }) => ({
      ...{ Effect: 'Allow' as const, Action: action },
      Resource: resources[on] ?? `arn:aws:s3:::${home.bucket}/${on}`,
    })),
  };
}

async function run(who: string, own: readonly Policy[], argv: readonly string[]): Promise<Outcome> {
  policies = own;
  const key = `${who}-${ONE}-us-east-1`;
  server.identities.set(key, { account: ONE, arn: `arn:aws:iam::${ONE}:role/${who}`, policies: own });
  project.env = { ...home.publisher, AWS_ACCESS_KEY_ID: key, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
  return project.run(...argv);
}

/** What it says that fails; nothing where it works. */
async function failureOf(command: string, needs: readonly Need[]): Promise<string> {
  const own = command === 'replicate' ? [] : needsIn(PACKAGE, 'package');
  const { exitCode, stdout, stderr } = await run('tried', [policyOf([...own, ...needs])], await USES[command]!());
  return exitCode === 0 ? '' : `${stdout}${stderr}`;
}

test('the publisher of the template brings things to the regions that its role names, and to no others', async () => {
  const publisher = (ReplicateTo: string): readonly Policy[] => {
    const place = { account: ONE, region: 'us-east-1' };
    const parameters = { Subject: 'repo:shop/shop:ref:refs/heads/main', ReplicateTo };
    return roleOf(resolveTemplate(ROLE, place, parameters), 'Role', place).policies;
  };
  for (const argv of Object.values(USES)) {
    const told = await run('publisher', publisher('eu-*'), await argv());
    expect([told.stderr.match(/^(?:error|warning).*/m), told.exitCode]).toEqual([null, 0]);
    const refused = await run('publisher', publisher('ap-*'), await argv());
    expect([refused.exitCode, refused.stderr]).toEqual([
      3,
      expect.stringContaining(`Allow lambda:InvokeFunction on '${FETCHING}'`),
    ]);
  }
});

describe('the permissions that the document names for other regions', () => {
  test('are told of every command that there is', () => {
    expect(NEEDS.columns.slice(2)).toEqual(Object.keys(USES));
  });

  test.each(Object.keys(USES))('%s: suffice, and none is superfluous', async (command) => {
    const needs = needsIn(NEEDS, command);
    expect(await failureOf(command, needs)).toBe('');
    expect(await superfluousAmong(needs, (others) => failureOf(command, others))).toEqual([]);
  });
});
