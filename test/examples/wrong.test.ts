import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StackEvent } from '../support/stack-engine/engine.ts';
import type { Account } from './account.ts';
import { accountOnServer } from './account.ts';
import type { Use } from './example.ts';
import { ExampleProject } from './example.ts';

/** What goes wrong at a deploy: the stack's events say what is wrong and what to do, and nothing half done is left. */

const EXAMPLE = 'layer';
const own = process.env;
let account: Account;
let project: ExampleProject;
let template: string;
/** The function's code. */
let right: Pick<Use, 'arn' | 'key'>;
/** What the stack uses that is deployed as it should be. */
let before: readonly Use[];
let stacks = 0;

beforeAll(async () => {
  process.env = { PATH: own['PATH'], HOME: '/no/such/home', AWS_EC2_METADATA_DISABLED: 'true' };
  account = await accountOnServer();
  project = await ExampleProject.of(EXAMPLE, account);
  ({ template } = await project.package());
  expect((await account.engine.deploy(EXAMPLE, template)).status).toBe('CREATE_COMPLETE');
  before = await project.references('--stack', EXAMPLE);
  const { arn = '', key = '' } = before.find(({ logicalId }) => logicalId === 'HelloArtifact') ?? {};
  right = { arn, key };
});

afterAll(async () => {
  await account.close();
  process.env = own;
});

const DIGEST = '0f'.repeat(32);
const HOME = 'arn:aws:artifacts:us-east-1:111122223333';
const FORM =
  'An artifact ARN is arn:PARTITION:artifacts:REGION:ACCOUNT:REPOSITORY/ID, then :VERSION, #ASSET or @sha256:DIGEST.';
const HERE = "Run 'cfn-artifacts package' for account 111122223333 and region us-east-1.";

interface Wrong {
  readonly what: string;
  /** Of the function's reference, beside its token. */
  readonly properties: () => object;
  readonly says: () => string;
}

const WRONG: readonly Wrong[] = [
  {
    what: 'an artifact that nobody has published',
    properties: () => ({ ArtifactArn: `${HOME}:default/layer/web:1` }),
    says: () =>
      "there is no artifact 'default/layer/web' in the domain of account 111122223333 in us-east-1. There is default/layer/greeting, default/layer/hello.",
  },
  {
    what: 'a version that nobody has published',
    properties: () => ({ ArtifactArn: `${HOME}:default/layer/hello:7` }),
    says: () => "'default/layer/hello' has no version 7. Its only version is 1.",
  },
  {
    what: 'a version with the digest of other content',
    properties: () => ({ ArtifactArn: `${HOME}:default/layer/hello:1@sha256:${DIGEST}` }),
    says: () =>
      `'default/layer/hello:1' is not sha256:${DIGEST}. The version and the digest name different content: drop one of them.`,
  },
  {
    what: 'content that is not there',
    properties: () => ({ ArtifactArn: `${HOME}:default/layer/hello@sha256:${DIGEST}` }),
    says: () =>
      `no content 'sha256:${DIGEST}' is in the domain. It was never published here, or it was deleted: publish the same bytes again.`,
  },
  {
    what: 'an ARN of another partition',
    properties: () => ({ ArtifactArn: right.arn.replace('arn:aws:', 'arn:aws-cn:'), Key: right.key }),
    says: () =>
      `'${right.arn.replace('arn:aws:', 'arn:aws-cn:')}' belongs to another domain; this is the one of account 111122223333 in us-east-1. ${HERE}`,
  },
  {
    what: 'the key of other content',
    properties: () => ({ ArtifactArn: right.arn, Key: `blobs/sha256/${DIGEST}/archive.zip` }),
    says: () =>
      `the template uses the key 'blobs/sha256/${DIGEST}/archive.zip', but '${right.arn}' is '${right.key}'. ` +
      "Package the template again, or write the artifact's own key in both places.",
  },
  {
    what: '41 artifacts at once',
    properties: () => ({ ArtifactArns: Array.from({ length: 41 }, () => ({ Arn: right.arn, Key: right.key })) }),
    says: () => "'ArtifactArns' is not a list of 1 to 40 artifacts.",
  },
  {
    what: 'no artifact',
    properties: () => ({}),
    says: () => "exactly one of 'ArtifactArn' and 'ArtifactArns' is needed.",
  },
  {
    what: 'an artifact and none of its versions',
    properties: () => ({ ArtifactArn: `${HOME}:default/layer/hello` }),
    says: () =>
      `'${HOME}:default/layer/hello' names an artifact, but none of its versions. Write :VERSION or @sha256:DIGEST behind it.`,
  },
  {
    what: 'an ARN that is none',
    properties: () => ({ ArtifactArn: 'layer/hello:1' }),
    says: () =>
      `'layer/hello:1' is no artifact ARN: it does not begin with arn:PARTITION:artifacts:REGION:ACCOUNT:. ${FORM}`,
  },
  {
    what: 'a key that is no text',
    properties: () => ({ ArtifactArn: right.arn, Key: { In: 'a map' } }),
    says: () => "'Key' is no text.",
  },
  {
    what: 'properties of nobody',
    properties: () => ({ ArtifactArn: right.arn, Version: 3 }),
    says: () =>
      "the resource has no property 'Version'. There is ServiceToken, ServiceTimeout, ArtifactArn, ArtifactArns, Key, ResolvedFrom, Pinned. " +
      "If a newer 'cfn-artifacts package' wrote it, run 'cfn-artifacts bootstrap'.",
  },
  {
    what: 'several wrong artifacts, each of which is told',
    properties: () => ({
      ArtifactArns: [
        { Arn: `${HOME}:default/layer/hello:7` },
        { Arn: right.arn, Key: right.key },
        { Arn: `${HOME}:default/layer/greeting:8` },
      ],
    }),
    says: () =>
      "'default/layer/hello' has no version 7. Its only version is 1. 'default/layer/greeting' has no version 8. Its only version is 1.",
  },
  {
    what: 'a name of five thousand letters, of which the answer repeats the first',
    properties: () => ({ ArtifactArn: `${HOME}:default/${'x'.repeat(5000)}:1` }),
    says: () =>
      expect.stringMatching(new RegExp(`^'${HOME}:default/x{100,}…' is no artifact ARN`)) as unknown as string,
  },
];

describe.each(WRONG)('$what', ({ properties, says }) => {
  test('fails a new stack, which leaves nothing', async () => {
    const name = `new-${String((stacks += 1))}`;
    const failed = await account.engine.deploy(name, withProperties(properties()));
    expect(failed.status).toBe('ROLLBACK_COMPLETE');
    expect(reasonsOf(failed.events)).toContainEqual(says());
    await account.engine.settle();
    expect(await project.references('--stack', name)).toEqual([]);
    expect(await keptOf(name)).toEqual([]);
  });

  test('fails an update, which goes back to what was', async () => {
    const failed = await account.engine.deploy(EXAMPLE, withProperties(properties()));
    expect(failed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reasonsOf(failed.events)).toContainEqual(says());
    await account.engine.settle();
    expect(await project.references('--stack', EXAMPLE)).toEqual(before);
    expect(await keptOf(EXAMPLE)).toHaveLength(2 * before.length);
  });
});

/** The template with these properties in the place of those of the function's reference. */
function withProperties(properties: object): string {
  const members = Object.entries({ ServiceTimeout: 300, ...properties });
  const lines = members.map(([name, value]) => `      ${name}: ${JSON.stringify(value)}\n`).join('');
  const changed = template.replace(
    /(?<= {2}HelloArtifact:\n {4}Type: Custom::ArtifactRef\n {4}Properties:\n {6}ServiceToken: .*\n)(?: {6}.*\n)+/,
    lines,
  );
  if (changed === template) throw new Error('there is no such reference in the template');
  return changed;
}

/** What the function said, without what CloudFormation puts around it. */
function reasonsOf(events: readonly StackEvent[]): readonly string[] {
  return events.flatMap(({ logicalId, status, reason = '' }) => {
    if (logicalId !== 'HelloArtifact' || !status.endsWith('_FAILED')) return [];
    return [
      /^Received response status \[FAILED\] from custom resource\. Message returned: (.*) \(RequestId: [\w-]+\)$/s.exec(
        reason,
      )?.[1] ?? reason,
    ];
  });
}

/** Records of a stack, in both directions. */
async function keptOf(name: string): Promise<readonly string[]> {
  const references = await account.keys('references/');
  const place = `stack/${account.account}/${account.region}/${name}/`;
  return [...references.filter((key) => key.includes(`/${place}`)), ...(await account.keys(`consumers/${place}`))];
}

describe('content that goes missing behind everybody’s back', () => {
  test('before the deploy: the reference fails, and says to package again', async () => {
    const { key, digest, id, text } = await packagedAnew('missing-before');
    await account.lose(key);
    const failed = await account.engine.deploy(id, text);
    expect(failed.status).toBe('ROLLBACK_COMPLETE');
    expect(reasonsOf(failed.events)).toEqual([
      `the content sha256:${digest} ('archive.zip') is not in the store. Publish or package the same bytes again: that puts it back.`,
    ]);
    await account.engine.settle();
    expect(await keptOf(id)).toEqual([]);

    // What it says helps.
    const { template: again } = await project.package('--artifact-prefix', id);
    await account.engine.deleteStack(id);
    expect((await account.engine.deploy(id, again)).status).toBe('CREATE_COMPLETE');
  });

  test('between the reference and the function: Lambda fails, because it really reads', async () => {
    const { key, id, text } = await packagedAnew('missing-meanwhile');
    let protectedBy: readonly Use[] = [];
    account.onRead = async (location) => {
      if (location.key !== key) return;
      account.onRead = undefined;
      protectedBy = await project.references(`${id}/hello`);
      await account.lose(key);
    };
    const failed = await account.engine.deploy(id, text);
    expect(failed.status).toBe('ROLLBACK_COMPLETE');
    expect(protectedBy).toMatchObject([{ key, stack: id, logicalId: 'HelloArtifact' }]);
    // As S3 answers who may not list the bucket.
    const reasons = failed.events.flatMap(({ logicalId, reason = '' }) => (logicalId === 'Hello' ? [reason] : []));
    expect(reasons).toContainEqual(
      expect.stringContaining('Error occurred while GetObject. S3 Error Code: AccessDenied'),
    );
    await account.engine.settle();
    expect(await keptOf(id)).toEqual([]);
  });
});

/** The example with code that nobody else has. */
async function packagedAnew(id: string): Promise<Record<'id' | 'text' | 'key' | 'digest', string>> {
  project.append('hello/index.mjs', `// ${id}\n`);
  const { template: text } = await project.package('--artifact-prefix', id);
  const { stdout } = await project.run('show', `${id}/hello`, '--json');
  const { key, digest } = JSON.parse(stdout) as { key: string; digest: string };
  return { id, text, key, digest };
}
