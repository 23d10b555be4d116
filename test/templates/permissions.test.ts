import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CHANCE } from '../../packager/chance.ts';
import { HANDLERS } from '../../packager/cli/handlers.ts';
import { bind } from '../../repository/bind.ts';
import type { Operation, Wanted } from '../../repository/bind.ts';
import { ownKeeper } from '../../repository/deletion.ts';
import type { Deletion } from '../../repository/deletion.ts';
import { parseDigest } from '../../repository/digest.ts';
import type { Domain } from '../../repository/domain.ts';
import { blobKey, bookmarkKey, deletionKey } from '../../repository/keys.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { recordContent } from '../../repository/record.ts';
import { createRepository } from '../../repository/repositories.ts';
import { release } from '../../repository/release.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { awsEnvironment } from '../support/aws-environment.ts';
import type { Need } from '../support/documented-needs.ts';
import { needsIn, policyOf, superfluousAmong } from '../support/documented-needs.ts';
import { createDomainBucket } from '../support/domain-on-server.ts';
import { BUCKET, BUCKET_ARN, domainPolicies, PLACE, principalsOf } from '../support/domain-principals.ts';
import type { DomainPolicies, PrincipalName } from '../support/domain-principals.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource } from '../support/custom-resource-event.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import { resolveTemplate, roleOf } from '../support/iam/template.ts';
import { readTable } from '../support/markdown-table.ts';
import { hideOwnEnvironment } from '../support/own-environment.ts';
import type { Outcome } from '../support/project.ts';
import { TestProject } from '../support/project.ts';
import { knowEveryError } from '../support/realm.ts';
import type { Handled } from '../support/reference-function.ts';
import { answerTo } from '../support/reference-function.ts';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { SMALL_SHOP } from '../support/small-shop.ts';

/** The templates' policies at work: commands against S3 that evaluates them, and docs/permissions.md held to what they do. */

knowEveryError();

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');
const publisherRole = path.join(import.meta.dirname, '../../templates/publisher-role.yaml');
const COMMANDS = readTable(DOCUMENT, 'Commands');

let policies: DomainPolicies;
let server: S3Server;
/** Lambda, where nobody here may ask the keeper. */
let lambda: { readonly url: string; readonly close: () => Promise<void> };

beforeAll(async () => {
  lambda = await refusingLambda();
});

afterAll(async () => {
  await lambda.close();
});

async function refusingLambda(): Promise<typeof lambda> {
  const http = createServer((_, response) => {
    const type = { 'x-amzn-errortype': 'AccessDeniedException', 'content-type': 'application/json' };
    response.writeHead(403, type).end('{"Message": "not allowed"}');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close };
}

hideOwnEnvironment();

beforeEach(async () => {
  policies = domainPolicies((await buildDomainTemplate()).file);
  server = await startS3Server();
  createDomainBucket(server, policies);
  for (const [name, { caller, policies: own, context }] of Object.entries(principalsOf(policies))) {
    const { account = PLACE.account, ...who } = caller;
    const said = Object.fromEntries(Object.entries(context ?? {}).map(([key, value]) => [key, String(value)]));
    server.identities.set(keyOf(name), { ...who, account, policies: own, context: said });
  }
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await server.close();
});

/** Access keys have no spaces. */
function keyOf(name: string): string {
  return name.replaceAll(/\W/g, '');
}

async function shop(): Promise<TestProject> {
  return await TestProject.of(SMALL_SHOP);
}

function runAs(project: TestProject, who: string, ...argv: string[]): Promise<Outcome> {
  project.env = { ...awsEnvironment(server, keyOf(who), PLACE.region), AWS_ENDPOINT_URL_LAMBDA: lambda.url };
  return project.run(...argv);
}

function as(project: TestProject, who: PrincipalName, ...argv: string[]): Promise<Outcome> {
  return runAs(project, who, ...argv);
}

let clients: S3Client[] = [];

function storeOf(who: PrincipalName): ObjectStore {
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig(keyOf(who), PLACE.region) });
  clients.push(client);
  return s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
}

const DOMAIN_PLACE = { partition: 'aws', ...PLACE, bucket: BUCKET };

/** The reference function, with the rights of its role. */
function answered(event: EventMembers): Promise<Handled> {
  const keeper = ownKeeper(storeOf('keeper'));
  return answerTo(storeOf('reference function'), event, { place: DOMAIN_PLACE, keeper });
}

/** What the stack's own resource does: the bucket is a domain before anybody publishes. */
async function describeDomain(): Promise<void> {
  const created = { ...new EventSource().create({ Bucket: BUCKET }), ResourceType: 'Custom::ArtifactDomain' };
  expect(await answered(created)).toMatchObject({ succeeded: true });
}

const PACKAGE = ['package', '--project-root', '.', '--artifact-prefix', 'shop'] as const;

/** A bundle needs nobody's rights to be made. */
async function publishBundle(project: TestProject, who: string): Promise<Outcome> {
  const made = ['bundle', 'create', '-t', 'template.yaml', '--artifact-prefix', 'shop', '--output', '../app.bundle'];
  expect(await runAs(project, 'nobody', ...made)).toMatchObject({ exitCode: 0 });
  return runAs(project, who, 'bundle', 'publish', '../app.bundle');
}

/** Rules that are there already are not written again, nor is what is called so. */
let rules = 0;
let names = 0;

/** A repository that somebody has made. */
const TARGET = 'staging';

/** Each use of a command that a person would expect to work with what the document says it needs. */
const USES: Readonly<Record<string, readonly ((project: TestProject, who: string) => Promise<Outcome>)[]>> = {
  package: [
    (project, who) => runAs(project, who, ...PACKAGE),
    (project, who) => runAs(project, who, ...PACKAGE),
    (project, who) => {
      project.write({ 'api.json': '{"openapi": "3.1.0"}', 'api/x.js': 'b' });
      return runAs(project, who, ...PACKAGE);
    },
  ],
  publish: [
    (project, who) => runAs(project, who, 'publish', 'api', '--id', 'tools/one'),
    (project, who) => runAs(project, who, 'publish', 'api', '--id', 'tools/one'),
    (project, who) => {
      // The same bytes under another filename are copied.
      project.write({ 'again.json': SMALL_SHOP['api.json'] });
      return runAs(project, who, 'publish', 'again.json', '--id', 'tools/two');
    },
    (project, who) => runAs(project, who, 'publish', 'api.json', '--id', 'tools/three'),
  ],
  'bundle publish': [
    (project, who) => publishBundle(project, who),
    (project, who) => publishBundle(project, who),
    (project, who) => {
      project.write({ 'api.json': '{"openapi": "3.1.0"}', 'api/x.js': 'b' });
      return publishBundle(project, who);
    },
  ],
  get: [(project, who) => runAs(project, who, 'get', 'default/shop/api', '--output', '-')],
  list: [(project, who) => runAs(project, who, 'list', '--recursive')],
  show: [(project, who) => runAs(project, who, 'show', 'default/shop/api')],
  references: [
    (project, who) => runAs(project, who, 'references', 'default/shop/api'),
    (project, who) => runAs(project, who, 'references', '--stack', OPERATION.resource.stack),
    (project, who) => runAs(project, who, 'references', '--unused'),
  ],
  tree: [(project, who) => runAs(project, who, 'tree')],
  diff: [(project, who) => runAs(project, who, 'diff', 'default/shop/api', 'default/shop/api.json')],
  'bookmark get': [(project, who) => runAs(project, who, 'bookmark', 'get', 'default/shop/api.json', 'prod')],
  'bookmark list': [(project, who) => runAs(project, who, 'bookmark', 'list', 'default/shop/api.json')],
  'bookmark history': [(project, who) => runAs(project, who, 'bookmark', 'history', 'default/shop/api.json', 'prod')],
  'status get': [(project, who) => runAs(project, who, 'status', 'get', 'default/shop/api:1')],
  promotions: [
    async (project, who) => {
      const promoted = await runAs(project, 'administrator', 'promote', 'default/shop/api:1', '--to', TARGET);
      expect(promoted).toMatchObject({ exitCode: 0 });
      return runAs(project, who, 'promotions', `${TARGET}/shop/api`);
    },
  ],
  promote: [(project, who) => runAs(project, who, 'promote', 'default/shop/api:1', '--to', TARGET)],
  'repository create': [
    (project, who) => {
      names += 1;
      return runAs(project, who, 'repository', 'create', `team-${names}`);
    },
  ],
  'repository list': [(project, who) => runAs(project, who, 'repository', 'list')],
  'repository show': [(project, who) => runAs(project, who, 'repository', 'show', TARGET)],
  'repository update': [
    (project, who) => {
      names += 1;
      return runAs(project, who, 'repository', 'update', TARGET, '--description', `the ${names}th`, '--yes');
    },
  ],
  'gc rules': [(project, who) => runAs(project, who, 'gc', 'rules')],
  'gc rules set': [
    (project, who) => {
      rules += 1;
      project.write({ 'rules.yaml': `lifecycle:\n  - id: rule-${rules}\n    match: '**'\n    expireUnusedDays: 1\n` });
      return runAs(project, who, 'gc', 'rules', 'set', 'rules.yaml', '--yes');
    },
  ],
};

const RESOURCES = { 'the bucket': BUCKET_ARN };

/** @returns what the first use says that fails; nothing where all work */
async function tried(command: string, needs: readonly Need[]): Promise<string> {
  const project = await shop();
  server.identities.set('tried', { account: PLACE.account, policies: [policyOf(needs, RESOURCES)] });
  for (const use of USES[command] ?? []) {
    const { exitCode, stderr } = await use(project, 'tried');
    if (exitCode !== 0) return stderr;
  }
  return '';
}

describe('the permissions that the document names for a command', () => {
  test('are told of every command that there is', () => {
    expect(COMMANDS.columns.slice(2).sort()).toEqual(Object.keys(USES).sort());
    const asking = readTable(DOCUMENT, 'Asking the keeper').columns.slice(2);
    // Of `package --regions`, `package` is the command.
    const elsewhere = readTable(DOCUMENT, 'Other regions').columns.slice(2, 3);
    // Told in sentences, each with the code of the commands that it is about.
    const [sharing = ''] = /^### Sharing$.*?^### /ms.exec(DOCUMENT) ?? [];
    const sharers = Object.keys(HANDLERS).filter((name) => /^share\b/.test(name) && sharing.includes(`\`${name}\``));
    // Two have tables of their own, and five ask nothing of AWS.
    const told = [
      ...Object.keys(USES),
      ...asking,
      ...elsewhere,
      ...sharers,
      'bootstrap',
      'doctor',
      'bundle create',
      'bundle show',
      'explain',
      'install-alias',
      'completion',
    ];
    expect(told.sort()).toEqual(Object.keys(HANDLERS).sort());
  });

  test.each(Object.keys(USES))('%s: suffice, and none is superfluous', async (command) => {
    const isReader = !['package', 'publish', 'bundle publish'].includes(command);
    if (isReader) await artifactInUse();
    else await describeDomain();
    const needs = needsIn(COMMANDS, command);
    const superfluous = await superfluousAmong(needs, async (others) => {
      const failure = await tried(command, others);
      // What a refused attempt left behind is nobody's business here.
      if (!isReader) {
        createDomainBucket(server, policies);
        await describeDomain();
      }
      return failure;
    });
    expect(superfluous).toEqual([]);
    expect(await tried(command, needs)).toBe('');
  });
});

/** The archive of SMALL_SHOP, published by the publisher, as a stack wants it. */
async function publishedArtifact(): Promise<Wanted> {
  await describeDomain();
  const project = await shop();
  const { text } = await as(project, 'publisher', ...PACKAGE);
  const [, arn = '', hex = ''] = /ArtifactArn: (\S*shop\/api:1@sha256:([0-9a-f]{64}))/.exec(text) ?? [];
  const blob = { digest: parseDigest(hex), filename: 'archive.zip' };
  const version = { repository: 'default', id: 'shop/api', number: 1 };
  return { arn, key: blobKey(blob.digest, blob.filename), ...blob, version };
}

/** By a stack, by what the stack left behind, and by a bookmark. */
async function artifactInUse(): Promise<void> {
  const wanted = await publishedArtifact();
  const domain = domainOf('reference function');
  const generation = await bind(domain, OPERATION, [wanted]);
  const end = { requestId: 'end', issued: '2026-11-21T10:30:00.000Z', generation };
  await release(domain.store, { resource: OPERATION.resource, ...end });
  const again = { requestId: 'second', issued: '2026-11-21T11:00:00.000Z' };
  await bind(domain, { ...OPERATION, ...again }, [wanted]);
  const bookmark = bookmarkKey({ repository: 'default', id: 'shop/api.json' }, 'prod');
  const named = recordContent({ format: 1, nonce: 'n', number: 1, history: [] });
  await createRepository(domainOf('administrator'), TARGET, { lifecycle: [] });
  expect(await storeOf('keeper').create(bookmark, named)).toBe('created');
}

function domainOf(who: PrincipalName): Domain {
  const keeper = ownKeeper(storeOf('keeper'));
  return { ...DOMAIN_PLACE, store: storeOf(who), keeper, chance: CHANCE };
}

const OPERATION: Operation = {
  resource: {
    ...{ account: PLACE.account, region: PLACE.region, stack: 'version', logicalId: 'ApiArtifact' },
    uuid: '0b1c2d3e-0000-4000-8000-000000000000',
  },
  ...{ stackId: 'stack', requestId: 'first', issued: '2026-11-21T10:00:00.000Z', replaces: false, pinned: true },
};

function denials(): string[] {
  return server.requests
    .filter(({ status }) => status === 403)
    .map(({ operation, key }) => `${operation} ${key ?? ''}`);
}

describe('who has the rights of the templates', () => {
  test('the publisher publishes everything, and is never refused', async () => {
    await describeDomain();
    const project = await shop();
    for (const use of [...(USES['package'] ?? []), ...(USES['publish'] ?? []), ...(USES['bundle publish'] ?? [])]) {
      expect(await use(project, 'publisher')).toMatchObject({ exitCode: 0 });
    }
    expect(denials()).toEqual([]);
  });

  test('a publisher of some artifacts publishes no others', async () => {
    await describeDomain();
    const some = { Subject: 'repo:shop/shop:*', Artifacts: 'default/shop/*' };
    const { policies: scoped } = roleOf(resolveTemplate(publisherRole, PLACE, some), 'Role', PLACE);
    server.identities.set('some', { account: PLACE.account, policies: scoped });
    const project = await shop();
    expect((await runAs(project, 'some', ...PACKAGE)).exitCode).toBe(0);
    const other = await runAs(project, 'some', 'publish', 'api', '--id', 'tools/one');
    expect(other.exitCode).toBe(3);
    expect(other.stderr).toContain('s3:PutObject');
  });

  test('the reference function answers every event', async () => {
    const { arn, key, digest } = await publishedArtifact();
    const events = new EventSource();
    const one = { ArtifactArn: arn, Key: key };
    const byContent = { ArtifactArn: arn.replace(':1@', '@'), Key: key };
    expect(byContent.ArtifactArn).toContain(`shop/api@sha256:${digest}`);
    const created = await answered(events.create(one));
    expect(created).toMatchObject({ succeeded: true, data: { Bucket: BUCKET, Key: key } });
    const updated = await answered(events.update(created.physicalId!, byContent, one));
    expect(updated.succeeded).toBe(true);
    expect(updated.physicalId).not.toBe(created.physicalId);
    const back = await answered(events.update(updated.physicalId!, one, byContent));
    expect(back).toMatchObject({ succeeded: true, physicalId: created.physicalId });
    expect(await answered(events.remove(updated.physicalId!, byContent))).toMatchObject({ succeeded: true });
    expect(await answered(events.remove(created.physicalId!, one))).toMatchObject({ succeeded: true });
    expect(await answered(events.remove('shop-ApiArtifact-1ABCDEF', one))).toMatchObject({ succeeded: true });
    expect(denials()).toEqual([]);
  });

  test('the reference function binds, goes back and releases what goes on being read', async () => {
    const wanted = await publishedArtifact();
    const domain = domainOf('reference function');
    const generation = await bind(domain, OPERATION, [wanted]);
    const later = { requestId: 'second', issued: '2026-11-21T11:00:00.000Z' };
    expect(await bind(domain, { ...OPERATION, ...later, current: generation }, [wanted])).toBe(generation);
    const ended = { requestId: 'third', issued: '2026-11-21T12:00:00.000Z' };
    await release(domain.store, { resource: OPERATION.resource, ...ended, generation });
    expect(denials()).toEqual([]);
    const left = server.buckets.get(BUCKET)?.keys() ?? [];
    const shown = left.filter((key) => server.buckets.get(BUCKET)?.current(key) !== undefined);
    const kinds = new Set(shown.map((key) => /^(references\/\w{64}\/\w+|\w+)/.exec(key)?.[0].replace(/\w{64}/, '…')));
    expect(kinds).toContain('references/…/named');
    expect(kinds).toContain('endings');
    expect(kinds).not.toContain('consumers');
    expect(kinds).not.toContain('references/…/stack');
  });

  test('the keeper cancels and finishes deletions, and what it removed can be published again', async () => {
    const wanted = await publishedArtifact();
    const store = storeOf('keeper');
    const incarnation = (await store.head(wanted.key))!.incarnation;
    const condemned: Deletion = {
      ...{ state: 'condemned', nonce: 'n', since: '2026-11-21T09:00:00.000Z' },
      incarnations: [{ key: wanted.key, incarnation }],
    };
    const key = deletionKey(wanted.digest);
    expect(await store.create(key, recordContent(condemned))).toBe('created');
    await bind(domainOf('reference function'), OPERATION, [wanted]);
    const cancelled = (await store.head(key))!.revision;
    expect(await store.replace(key, recordContent({ ...condemned, state: 'deleting' }), cancelled)).toBe('replaced');
    await ownKeeper(store).finish(wanted.digest);
    expect(await store.head(wanted.key)).toBeUndefined();
    expect(denials()).toEqual([]);
    const again = await as(await shop(), 'publisher', ...PACKAGE);
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('uploaded') as unknown });
  });

  test.each<PrincipalName>(['administrator', 'root', 'publisher', 'deployer', 'reference function'])(
    'no deletion is begun by: %s',
    async (who) => {
      const { key, digest } = await publishedArtifact();
      const store = storeOf(who);
      const { incarnation, revision } = (await storeOf('keeper').head(key))!;
      const denied = { code: 'ACCESS_DENIED' };
      await expect(store.removeRevision(key, revision)).rejects.toMatchObject(denied);
      await expect(store.removeIncarnation(key, incarnation)).rejects.toMatchObject(denied);
      await expect(store.create(deletionKey(digest), recordContent({}))).rejects.toMatchObject(denied);
      await expect(store.overwrite(key, recordContent({}))).rejects.toMatchObject(denied);
      expect((await storeOf('keeper').head(key))?.incarnation).toBe(incarnation);
    },
  );
});
