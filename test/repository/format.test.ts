import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bind } from '../../repository/bind.ts';
import type { Operation, Wanted } from '../../repository/bind.ts';
import { readDeletion } from '../../repository/deletion.ts';
import { condemn } from '../../repository/deleting/condemn.ts';
import { reap } from '../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../repository/deleting/undelete.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { deleteBookmark, setBookmark } from '../../repository/bookmark.ts';
import { ownAway } from '../../repository/home/own-away.ts';
import { tellAll } from '../../repository/home/tell.ts';
import {
  ArtifactError,
  bytesOf,
  contentOf,
  createRepository,
  formatArn,
  LOCAL_PLACE,
  NO_SETTINGS,
  noEvidence,
  publishVersion,
  readManifest,
  readSettings,
  sha256,
  writeSettings,
} from '../../repository/index.ts';
import type { ArtifactArn, Domain, LifecycleRule, ObjectStore, Provenance } from '../../repository/index.ts';
import { claimLabels } from '../../repository/label.ts';
import { holdSources } from '../../repository/promoting/hold.ts';
import { promote } from '../../repository/promoting/promote.ts';
import { withdrawPromotion } from '../../repository/promoting/withdraw.ts';
import { writeRepository } from '../../repository/settings.ts';
import { noteResourceShare } from '../../repository/sharing/follow.ts';
import { addShare, writeDemands } from '../../repository/sharing/records.ts';
import { changeStatus } from '../../repository/status-change.ts';
import { verify } from '../../repository/verifying/verify.ts';
import { carryOut } from '../../repository/keeping/carry-out.ts';
import { deletionKey, namedReferenceKey } from '../../repository/keys.ts';
import { addNamedReference, removeNamedReferences } from '../../repository/named.ts';
import { recordContent } from '../../repository/record.ts';
import { release } from '../../repository/release.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { routed } from '../../repository/stores/routed.ts';
import { withdrawNumber } from '../../repository/version.ts';
import { steadyChance } from '../support/chance.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { readTable, unquoted } from '../support/markdown-table.ts';
import { neighbour, Roads } from '../support/neighbours.ts';
import { DAY_MS, planned, ran } from './collecting/collected.ts';
import { allOf } from '../support/all-of.ts';

/** docs/format.md against everything that is written when each kind of record comes to be and goes. */

const PAGE = readFileSync('docs/format.md', 'utf8');

type How = 'create' | 'replace' | 'remove' | 'copy' | 'erase';

interface Written {
  readonly key: string;
  readonly how: How;
  readonly bytes?: Buffer;
}

/** Everything that is done to a store, in order. */
function recorded(store: ObjectStore, log: Written[]): ObjectStore {
  return {
    ...store,
    async create(key, content, attributes) {
      const outcome = await store.create(key, content, attributes);
      if (outcome === 'created') log.push({ key, how: 'create', bytes: await bytesOf(content.read()) });
      return outcome;
    },
    async replace(key, content, revision, attributes) {
      const outcome = await store.replace(key, content, revision, attributes);
      if (outcome === 'replaced') log.push({ key, how: 'replace', bytes: await bytesOf(content.read()) });
      return outcome;
    },
    async removeRevision(key, revision) {
      const outcome = await store.removeRevision(key, revision);
      if (outcome === 'removed') log.push({ key, how: 'remove' });
      return outcome;
    },
    async removeIncarnation(key, incarnation) {
      await store.removeIncarnation(key, incarnation);
      log.push({ key, how: 'erase' });
    },
    async copy(from, to, attributes) {
      const outcome = await store.copy(from, to, attributes);
      if (outcome === 'created') log.push({ key: to, how: 'copy' });
      return outcome;
    },
    overwrite: () => Promise.reject(new Error('nothing of a domain is overwritten')),
  };
}

const SHOP = { repository: 'default', id: 'shop/api' };
const RESOURCE = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', logicalId: 'Api' },
  uuid: '0b1c2d3e-0000-4000-8000-000000000000',
};
const OPERATION: Operation = {
  ...{ resource: RESOURCE, requestId: 'R-1', issued: '2026-01-01T00:00:01.000Z' },
  stackId: `arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/${RESOURCE.uuid}`,
  ...{ replaces: true, pinned: true },
};
const RULES: readonly LifecycleRule[] = [
  { id: 'expire', match: 'shop/**', expireUnusedDays: 0 },
  { id: 'newest', match: 'shop/*', keepNewest: 1 },
  { id: 'slow', match: 'slow/*', expireUnusedDays: 30 },
  { id: 'marked', match: 'other/*', keepBookmarkedDays: 30, keepLabels: ['v*'] },
];

let log: Written[];

beforeAll(async () => {
  log = [];
  // The store's clock goes ahead of everybody's: what was condemned an hour ago is past any quarantine when the keeper looks.
  const store = routed(memoryStore(steadyChance().now), () => memoryStore(steadyChance().now));
  const domain = await testDomain(recorded(store, log));
  const probed = log.length;
  await useVersions(domain);
  await deleteAndTakeBack(domain);
  await collect(domain);
  await keepRepositories(domain);
  await useElsewhere(domain);
  log = log.filter(({ key }, index) => index >= probed || !key.startsWith('scratch/'));
});

async function wanted(domain: Domain, id: string, text: string, filename?: string): Promise<Wanted> {
  const name = { repository: 'default', id };
  const content = filename === undefined ? publishable(text) : publishable(text, 'file', filename);
  const { arn, key, size, filename: as } = await publishVersion(domain, name, content);
  const { digest, version: number } = arn;
  return { arn: `arn of ${id}`, key, digest, filename: as, size, version: { ...name, number } };
}

async function useVersions(domain: Domain): Promise<void> {
  const first = { ...(await wanted(domain, 'shop/api', 'one')), resolvedFrom: 'default/shop/api^prod' };
  await wanted(domain, 'tools/page', 'page', 'index.html');
  // The same content under a second filename is a copy.
  await wanted(domain, 'tools/page', 'page', 'start.html');
  const generation = await bind(domain, OPERATION, [first]);
  // A rollback's Update goes back to what is bound.
  await bind(domain, { ...OPERATION, requestId: 'R-2', issued: '2026-01-01T00:00:02.000Z', current: generation }, [
    first,
  ]);
  for (const requestId of ['R-3', 'R-4']) {
    const issued = `2026-01-01T00:00:0${requestId.slice(2)}.000Z`;
    await release(domain.store, { resource: RESOURCE, requestId, issued, generation });
  }
  const { partition, region, account } = domain;
  const arn = { partition, region, account, repository: 'default', id: 'shop/api', version: 1, digest: first.digest };
  await addNamedReference(domain, arn, 'team/job', 'default/shop/api^prod');
  await allOf(removeNamedReferences(domain, { ...SHOP, number: 1 }, 'team/job'));
  await withdrawNumber(domain, { repository: 'default', id: 'tools/left' }, 1);
  const holding = log.findLast(({ key }) => key.includes('/named/retained/'))?.key;
  const head = await domain.store.head(holding as Wanted['key']);
  if (head !== undefined) await domain.store.removeRevision(head.key, head.revision);
}

async function deleteAndTakeBack(domain: Domain): Promise<void> {
  await wanted(domain, 'shop/api', 'two');
  expect(await deleteVersion(domain, SHOP, 1)).toMatchObject({ outcome: 'deleted' });
  expect(await undeleteVersion(domain, SHOP, 1)).toMatchObject({ outcome: 'undeleted' });
  // What became of a tree is put right where it names what is no more.
  const page = await wanted(domain, 'tools/gone', 'gone');
  await deleteVersion(domain, { repository: 'default', id: 'tools/gone' }, 1);
  await condemn(domain, page.digest);
  expect(await reap(domain, page.digest)).toEqual({ outcome: 'deleted' });
}

async function collect(domain: Domain): Promise<void> {
  await writeSettings(domain, 'default', { lifecycle: RULES }, undefined);
  const before = await readSettings(domain.store, 'default');
  await writeSettings(domain, 'default', { lifecycle: RULES, quarantineDays: 1 }, before);
  // Content in every state that a plan tells of.
  const loose = async (id: string): Promise<Wanted> => {
    const found = await wanted(domain, `loose/${id}`, id);
    await deleteVersion(domain, { repository: 'default', id: `loose/${id}` }, 1);
    return found;
  };
  await loose('condemn');
  await condemn(domain, (await loose('wait')).digest);
  const needed = await loose('cancel');
  await condemn(domain, needed.digest);
  // Whoever wrote it has died before the look at the deletion.
  const reference = namedReferenceKey(needed.digest, 'retained', 'R-9');
  const retained = log.findLast(({ key, bytes }) => key.includes('/named/retained/') && bytes !== undefined);
  await domain.store.create(reference, contentOf(retained?.bytes ?? ''));
  // And whoever decided, before anything was removed.
  const decided = await loose('finish');
  await condemn(domain, decided.digest);
  const found = await readDeletion(domain.store, decided.digest);
  if (found === undefined) throw new Error('it was condemned');
  const deleting = recordContent({ ...found.value, state: 'deleting' });
  await domain.store.replace(deletionKey(decided.digest), deleting, found.revision);
  await wanted(domain, 'slow/one', 'slow');
  const { plan } = await planned(domain, { verbose: true });
  await ran(domain, plan.digest);
  const later = {
    ...domain,
    chance: { ...domain.chance, now: () => new Date(domain.chance.now().getTime() + 9 * DAY_MS) },
  };
  const { plan: second } = await planned(later, { verbose: true });
  await ran(later, second.digest);
  await planned(domain, { repository: 'default' });
  const schedule = { audit: 'daily', collect: 'on' } as const;
  for (let looks = 0; looks < 4; looks++) {
    let asked = 0;
    const isTimeUp = (): boolean => looks < 2 && ++asked > 1;
    await carryOut({ command: 'tend' }, { domain, evidence: noEvidence, isTimeUp, schedule });
  }
}

const OWNER = {
  stackId: OPERATION.stackId,
  ...{ logicalId: 'Prod', requestId: 'R-8', issued: '2026-01-01T00:00:08.000Z' },
};
const PROVENANCE: Required<Provenance> = {
  ...{ by: 'arn:aws:iam::111122223333:user/dev', tool: 'cfn-artifacts 1.0.0', source: 'lib' },
  git: { commit: 'ab'.repeat(20), isClean: true, branch: 'main', remote: 'https://example.com/shop.git' },
  ci: { system: 'CI', run: '7', url: 'https://example.com/7' },
};

/** Everything that is told of repositories, candidates, labels, bookmarks and promotions. */
async function keepRepositories(domain: Domain): Promise<void> {
  const settings = { lifecycle: [], description: 'What is live', acceptsFrom: ['default'], requiresEvidence: true };
  await createRepository(domain, 'live', settings);
  const share = { repository: 'live', pattern: 'shop/**', with: '444455556666', right: 'read' } as const;
  await addShare(domain, { ...share, id: 'share001', ram: 'arn:aws:ram:us-east-1:111122223333:resource-share/1' });
  await noteResourceShare(domain, {
    ...{ repository: 'live', pattern: 'shop/**', right: 'read' },
    arn: 'arn:aws:ram:us-east-1:111122223333:resource-share/1',
  });
  const endpoints = ['vpce-0123456789abcdef0'];
  await writeDemands(domain, { encryption: 'arn:aws:kms:us-east-1:111122223333:key/0a1b', endpoints });
  await createRepository(domain, 'team', NO_SETTINGS, 'team-content');
  const own = { repository: 'team', id: 'lib' };
  await publishVersion(domain, own, publishable('own', 'file'), { bucket: 'team-content' });
  await writeRepository(domain, 'declared', NO_SETTINGS, { owner: OWNER }, undefined);
  const keeping = { domain, evidence: noEvidence, isTimeUp: () => false };
  await carryOut({ command: 'repository-delete', repository: 'declared', dryRun: false }, keeping);
  const lib = { repository: 'default', id: 'lib' };
  const told = { provenance: PROVENANCE, metadata: { team: 'shop' } };
  const set = { label: '1.0.0', name: 'build-24' };
  await publishVersion(domain, lib, publishable('24', 'file'), { ...told, set });
  await publishVersion(domain, lib, publishable('25', 'file'), { ...told, labels: ['v2'] });
  await claimLabels(domain, lib, ['left'], { content: sha256('c'), digest: sha256('d') }, 9);
  const { partition, region, account } = domain;
  const arn = (version: number): ArtifactArn & { readonly version: number } => ({
    ...{ partition, region, account, ...lib, version },
  });
  await setBookmark(domain, arn(1), 'prod', { by: 'dev' });
  await setBookmark(domain, arn(2), 'prod', { by: 'dev' });
  await deleteBookmark(domain, lib, 'prod');
  await setBookmark(domain, arn(2), 'prod');
  await setBookmark(domain, arn(2), 'declared', { owner: OWNER });
  const source = await readManifest(domain, lib, 2);
  if (source === undefined) throw new Error('it was published');
  const { promotion } = await promote(domain, {
    ...{
      repository: 'live',
      items: [{ manifest: source, id: 'lib' }],
      provenance: PROVENANCE,
      metadata: { ok: 'yes' },
    },
    evidence: [publishable('passed', 'file', 'report.txt'), { url: 'https://example.com/report' }],
  });
  await holdSources(domain, promotion);
  await withdrawPromotion(domain, 'live', 'ab'.repeat(16));
  await changeStatus(domain, lib, 1, 'Disposed');
  const later = {
    ...domain,
    chance: { ...domain.chance, now: () => new Date(domain.chance.now().getTime() + 9 * DAY_MS) },
  };
  await allOf(verify(later, { fix: true, deep: false }));
}

/** What is at home in another domain: fetched, after a failure, bound, and told. */
async function useElsewhere(domain: Domain): Promise<void> {
  const place = { ...LOCAL_PLACE, account: '444455556666', region: 'eu-west-1' };
  const far = await neighbour(place);
  const { arn, key, filename } = await publishVersion(far.domain, SHOP, publishable('far'));
  const { digest } = arn;
  const roads = new Roads(far.domain);
  roads.refuse = (method, asked) => {
    if (method === 'read' && asked === key)
      throw new ArtifactError('STORE_UNAVAILABLE', 'no answer', { remedy: 'Wait.' });
  };
  const here = { ...domain, away: ownAway(domain, roads) };
  await expect(here.away.fetch(formatArn(arn))).rejects.toThrow('no answer');
  roads.open();
  const one: Wanted = { arn: formatArn(arn), key, digest, filename, home: place };
  const resource = { ...RESOURCE, stack: 'far' };
  const generation = await bind(here, { ...OPERATION, resource, requestId: 'R-5' }, [one]);
  await release(domain.store, { resource, requestId: 'R-6', issued: '2026-01-02T00:00:00.000Z', generation }, here);
  await carryOut({ command: 'tend' }, { domain, evidence: noEvidence, homes: roads, isTimeUp: () => false });
  await allOf(tellAll(domain, roads, new Date(8.64e15)));
}

/** Of a key pattern: what stands for it in the tables. */
interface Kind {
  readonly pattern: string;
  readonly matches: RegExp;
  readonly holds: readonly string[];
  readonly how: readonly string[];
}

const PARTS = new Map(partsTable().map(({ part, is }) => [unquoted(part), unquoted(is)]));

function partsTable(): readonly Readonly<Record<string, string>>[] {
  // The second table of its section.
  return readTable(PAGE.slice(PAGE.indexOf('| part | is |') - 1).replace(/^\n?/, '# Parts\n'), 'Parts').rows;
}

const KINDS: readonly Kind[] = readTable(PAGE, '2. Keys').rows.map(({ key, holds = '', how = '' }) => {
  const pattern = unquoted(key);
  const escaped = pattern.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`);
  const source = escaped.replaceAll(/\{[a-z]+\}/g, (part) => `(?:${PARTS.get(part) ?? `no part ${part}`})`);
  return {
    ...{ pattern, matches: new RegExp(`^${source}$`) },
    holds: holds.split(', or '),
    how: how.split(/[,;] /),
  };
});

interface Member {
  readonly path: string;
  readonly there: string;
}

function membersOf(record: string): readonly Member[] {
  return readTable(PAGE, record).rows.map(({ member, there = '' }) => ({ path: unquoted(member), there }));
}

/** `assets[].name`, `requests.R1`; of what is empty nothing. */
function pathsOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => pathsOf(member, path === '' ? name : `${path}.${name}`));
}

/** Whether a path is the one that is documented, in which a part in braces stands for any name. */
function isOf(documented: string, path: string): boolean {
  const pattern = documented.replaceAll(/[.[\]]/g, String.raw`\$&`).replaceAll(/\{[a-z]+\}/g, '[^.]+');
  return new RegExp(`^${pattern}$`).test(path);
}

function kindOf(key: string): Kind | undefined {
  return KINDS.find(({ matches }) => matches.test(key));
}

function recordsOf(
  name: string,
): readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[] {
  return log.flatMap(({ key, bytes }) => {
    const holds = kindOf(key)?.holds ?? [];
    if (bytes === undefined || !holds.includes(name)) return [];
    const value = JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, unknown>>;
    // The two that stand under one kind of key.
    if (holds.length > 1 && name.startsWith('Withdrawn') !== 'withdrawn' in value) return [];
    return [{ key, value }];
  });
}

const RECORDS = [...new Set(KINDS.flatMap(({ holds }) => holds))].filter((name) => /^[A-Z]/.test(name));

describe('docs/format.md', () => {
  test('knows every part of every key', () => {
    expect(KINDS.filter(({ matches }) => matches.source.includes('no part')).map(({ pattern }) => pattern)).toEqual([]);
    const used = new Set(KINDS.flatMap(({ pattern }) => pattern.match(/\{[a-z]+\}/g) ?? []));
    expect([...PARTS.keys()].sort()).toEqual([...used].sort());
  });

  test('has every key that is written, under one kind alone', () => {
    const kinds = log.map(({ key }) => [key, KINDS.filter(({ matches }) => matches.test(key)).length]);
    expect(kinds.filter(([, count]) => count !== 1)).toEqual([]);
  });

  test('every kind of key is written, but what anybody may put there', () => {
    const written = new Set(log.map(({ key }) => kindOf(key)?.pattern));
    const missing = KINDS.filter(({ pattern }) => !written.has(pattern));
    expect(missing.flatMap(({ holds }) => holds)).toEqual(['anything']);
  });

  test('says how each is written, and nothing is written otherwise', () => {
    const otherwise = log.filter(({ key, how }) => kindOf(key)?.how.includes(how) !== true);
    expect(otherwise.map(({ key, how }) => `${how} ${key}`)).toEqual([]);
  });

  test('has a section for each record, and no other', () => {
    const sections = [...PAGE.matchAll(/^### ([A-Z][A-Za-z]+)$/gm)].map(([, name]) => name);
    expect(sections.sort()).toEqual([...RECORDS].sort());
  });

  test.each(RECORDS)('%s: every member that is written', (name) => {
    const members = membersOf(name);
    const records = recordsOf(name);
    expect(records).not.toEqual([]);
    const unknown = records.flatMap(({ value }) =>
      pathsOf(value).filter((path) => !members.some((member) => isOf(member.path, path))),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });

  test.each(RECORDS)('%s: what is there always is', (name) => {
    const always = membersOf(name).filter(({ there }) => there.includes('always'));
    expect(always).not.toEqual([]);
    for (const { key, value } of recordsOf(name)) {
      const paths = pathsOf(value);
      const missing = always.filter(({ path }) => !paths.some((one) => isOf(path, one))).map(({ path }) => path);
      expect([key, missing]).toEqual([key, []]);
    }
  });

  test.each(RECORDS)('%s: no member that never occurs', (name) => {
    const paths = new Set(recordsOf(name).flatMap(({ value }) => pathsOf(value)));
    const never = membersOf(name).filter(({ path }) => ![...paths].some((one) => isOf(path, one)));
    // What could not be found out needs a store that fails.
    const expected = name === 'PlanPart' ? ['items[].subject', 'items[].remedy'] : [];
    expect(never.map(({ path }) => path)).toEqual(expected);
  });

  test('records are one line, and times are to the millisecond', () => {
    for (const { key, bytes } of log) {
      const record = kindOf(key)?.holds[0] ?? '';
      if (bytes === undefined || !RECORDS.includes(record)) continue;
      const text = bytes.toString('utf8');
      expect([key, /^\{[^\n]*\}\n?$/.test(text), text.endsWith('\n')]).toEqual([key, true, record !== 'PlanPart']);
      const times = text.match(/"\d{4}-\d\d-\d\dT[^"]*"/g) ?? [];
      expect(times.filter((time) => !/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$/.test(time))).toEqual([]);
    }
  });
});
