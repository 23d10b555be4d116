import { noEvidence } from '../../../repository/evidence/none.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { claimLabels } from '../../../repository/label.ts';
import { publishAssets } from '../../../repository/publish.ts';
import { samenessOf } from '../../../repository/same-version.ts';
import { describeDomain } from '../../../repository/domain.ts';
import { formatArn, ownKeeper, publishVersion, sha256 } from '../../../repository/index.ts';
import type { Digest } from '../../../repository/digest.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import { createRepository } from '../../../repository/repositories.ts';
import { readManifest } from '../../../repository/version.ts';
import { blobKey } from '../../../repository/keys.ts';
import { addShare } from '../../../repository/sharing/records.ts';
import { EventSource, STACK_ID } from '../custom-resource-event.ts';
import { publishable } from '../domain.ts';
import { answerOf, eventsOf } from './events.ts';
import type { Actor, Scene } from './scene.ts';
import { ask, ELSEWHERE, planOf, publish, storeElsewhere } from './scene.ts';

/** Something that a process is asked to do, and may die of anywhere. */
export interface Scenario {
  readonly name: string;
  /** Before it, in peace. */
  readonly before?: (actor: Actor, scene: Scene) => Promise<unknown>;
  /** May be asked again in the same words. */
  readonly act: (actor: Actor, scene: Scene) => Promise<unknown>;
  /** Of what is done every day: what is done when the quarantine has passed. */
  readonly goesOn?: (actor: Actor) => Promise<unknown>;
  /** References of stacks go in it, and of those that have gone half way only CloudFormation knows whether they should: who asks it again ends that. */
  readonly releases?: boolean;
}

const CONSUMER = 'team/nightly';

const arnOf = (scene: Scene, name: string): string => scene.arns.get(name) ?? '';

const PUBLISHING: readonly Scenario[] = [
  { name: 'publish what is new', act: ({ domain }) => publish(domain, 'shop/new', 'new') },
  { name: 'publish another content', act: ({ domain }) => publish(domain, 'shop/used', 'newer') },
  { name: 'publish what another ID holds', act: ({ domain }) => publish(domain, 'shop/again', 'used') },
  { name: 'publish what is published', act: ({ domain }) => publish(domain, 'shop/used', 'used') },
  { name: 'publish what is condemned', act: ({ domain }) => publish(domain, 'shop/again', 'condemned') },
  { name: 'promote', before: makeRelease, act: (actor) => promoted(actor, 'used') },
  { name: 'promote several', before: makeRelease, act: (actor) => promoted(actor, 'used', 'named') },
  { name: 'promote what others hold', before: makeRelease, act: (actor) => promoted(actor, 'shared', 'unused') },
  { name: 'publish what was deleted half way', act: ({ domain }) => publish(domain, 'shop/again', 'half') },
];

const wholeOf = (scene: Scene, name: string): string => arnOf(scene, name).replace(/:\d+@.*$/, '');

const TEAM = 'team';

/** With a version that nobody needs, and one that was deleted before. */
async function makeTeam(actor: Actor): Promise<void> {
  await createRepository(actor.domain, TEAM, { lifecycle: [], description: 'ours' });
  for (const text of ['ours', 'theirs']) {
    await publishVersion(actor.domain, { repository: TEAM, id: 'api' }, publishable(text));
  }
  const { partition, account, region } = actor.domain;
  const arn = formatArn({ partition, account, region, repository: TEAM, id: 'api', version: 1 });
  await ask(actor, { command: 'delete', arn, dryRun: false, now: false });
}

const LIBRARY = { Name: 'library', Description: 'for all', AcceptsFrom: ['team'] };

/** Of a stack: each of its events, and before it what precedes it, in peace. */
function declarations(resource: string, one: Properties, other: Properties): readonly Scenario[] {
  return (['Create', 'Update', 'Delete'] as const).map((type) => ({
    name: `declare: ${type} of a ${resource}`,
    before: async (actor) => {
      if (type !== 'Create') await ask(actor, declaration('Create', resource, one));
      if (type === 'Delete') await ask(actor, declaration('Update', resource, other));
    },
    act: (actor) => ask(actor, declaration(type, resource, type === 'Create' ? one : other)),
  }));
}

type Properties = Readonly<Record<string, unknown>>;

const ISSUED = { Create: 1, Update: 2, Delete: 3 } as const;

function declaration(type: keyof typeof ISSUED, resource: string, properties: Properties): KeeperCommand {
  const issued = new Date(Date.UTC(2026, 0, ISSUED[type])).toISOString();
  const physicalId = resource.endsWith('Repository')
    ? 'repository:library'
    : `bookmark:${String(properties['Artifact'])}^prod`;
  return {
    ...{ command: 'declare', type, resource, properties, issued },
    ...{ stackId: STACK_ID, logicalId: 'Declared', requestId: `request-${type}` },
    ...(type !== 'Create' && { physicalId }),
  };
}

const RELEASE = 'release';

async function makeRelease({ domain }: Actor): Promise<void> {
  await createRepository(domain, RELEASE, { lifecycle: [] });
}

/** The newest versions, by the names that the scene has for them. */
async function promoted({ domain }: Actor, ...names: readonly [string, ...string[]]): Promise<string> {
  const items = await Promise.all(
    names.map(async (name) => {
      const id = `shop/${name}`;
      const manifest = await readManifest(domain, { repository: 'default', id }, 1);
      if (manifest === undefined) throw new TypeError(`'${id}' is not there`);
      return { manifest, id };
    }),
  );
  const [first, ...rest] = items;
  if (first === undefined) throw new TypeError('something is promoted');
  const { promotion } = await promote(domain, { repository: RELEASE, items: [first, ...rest] });
  return promotion.id;
}

/** What was promoted is needed, and what it became exists. */
async function promotedAndHeld(actor: Actor): Promise<void> {
  await makeRelease(actor);
  const promotion = await promoted(actor, 'used');
  await ask(actor, { command: 'hold-promotion', repository: RELEASE, promotion });
}

function releaseArn({ domain: { partition, account, region } }: Actor): string {
  return formatArn({ partition, account, region, repository: RELEASE, id: 'shop/used', version: 1 });
}

const deleteRelease = (actor: Actor): Promise<unknown> =>
  ask(actor, { command: 'delete', arn: releaseArn(actor), dryRun: false, now: false });

/** A new command does not compile until it stands here. */
const COMMANDS: Readonly<Record<KeeperCommand['command'], readonly Scenario[]>> = {
  delete: [
    deletion('delete', 'unused', false),
    deletion('delete at once', 'unused', true),
    deletion('delete what another holds', 'shared', true),
    deletion('delete what is used', 'used', true),
    deletion('delete what is deleted half way', 'half', true),
    { name: 'delete what was promoted', before: promotedAndHeld, act: deleteRelease },
    {
      name: 'delete all versions',
      before: ({ domain }) => publish(domain, 'shop/unused', 'unused, and newer'),
      act: (actor, scene) => ask(actor, { command: 'delete', arn: wholeOf(scene, 'unused'), dryRun: false, now: true }),
    },
  ],
  announce: [
    {
      name: 'announce',
      act: ({ domain }, scene) =>
        carryOut(
          { command: 'announce', arns: [arnOf(scene, 'used'), arnOf(scene, 'named')] },
          { domain, evidence: noEvidence, isTimeUp: () => false, announce: async () => undefined },
        ),
    },
  ],
  'tag-shared': [
    {
      name: 'tag-shared',
      before: async ({ domain }) => {
        const share = { id: 'share001', pattern: '**', with: '999988887777', right: 'read' as const };
        await addShare(domain, { ...share, repository: 'default' });
      },
      act: (actor) => ask(actor, { command: 'tag-shared', repository: 'default' }),
    },
  ],
  'hold-promotion': [
    {
      name: 'hold-promotion',
      before: makeRelease,
      act: async (actor) => {
        const promotion = await promoted(actor, 'used', 'named');
        await ask(actor, { command: 'hold-promotion', repository: RELEASE, promotion });
      },
    },
  ],
  undelete: [
    {
      name: 'undelete what was promoted',
      before: async (actor) => {
        await promotedAndHeld(actor);
        await deleteRelease(actor);
      },
      act: (actor) => ask(actor, { command: 'undelete', arn: releaseArn(actor) }),
    },
    {
      name: 'undelete',
      act: (actor, scene) => ask(actor, { command: 'undelete', arn: arnOf(scene, 'condemned') }),
    },
  ],
  'bookmark-set': [
    {
      name: 'bookmark-set, a new one',
      act: (actor, scene) => ask(actor, { command: 'bookmark-set', arn: arnOf(scene, 'unused'), bookmark: 'prod' }),
    },
    {
      name: 'bookmark-set, one that names another',
      before: async (actor, scene) => {
        const { domain } = actor;
        await publish(domain, 'shop/unused', 'unused, and newer');
        await ask(actor, { command: 'bookmark-set', arn: arnOf(scene, 'unused'), bookmark: 'prod' });
      },
      act: (actor, scene) =>
        ask(actor, { command: 'bookmark-set', arn: `${wholeOf(scene, 'unused')}:2`, bookmark: 'prod', expected: 1 }),
    },
    // The plan has noted that nobody needs it.
    {
      name: 'bookmark-set, at what was unused',
      before: planOf(false),
      act: (actor, scene) => ask(actor, { command: 'bookmark-set', arn: arnOf(scene, 'timed'), bookmark: 'prod' }),
    },
  ],
  'bookmark-delete': [
    {
      name: 'bookmark-delete',
      before: (actor, scene) => ask(actor, { command: 'bookmark-set', arn: arnOf(scene, 'unused'), bookmark: 'prod' }),
      act: (actor, scene) =>
        ask(actor, { command: 'bookmark-delete', arn: wholeOf(scene, 'unused'), bookmark: 'prod' }),
    },
  ],
  'status-set': [
    {
      name: 'status-set, Archived',
      act: (actor, scene) =>
        ask(actor, { command: 'status-set', arn: arnOf(scene, 'used'), status: 'Archived', expected: 'Published' }),
    },
    {
      name: 'status-set, Disposed',
      act: (actor, scene) => ask(actor, { command: 'status-set', arn: arnOf(scene, 'unused'), status: 'Disposed' }),
    },
    {
      name: 'status-set, Disposed, of what is used',
      act: (actor, scene) => ask(actor, { command: 'status-set', arn: arnOf(scene, 'named'), status: 'Disposed' }),
    },
  ],
  complete: [
    {
      name: 'complete',
      before: async ({ domain }) => {
        const name = { repository: 'default', id: 'shop/candidate' };
        const set = { label: '1.0.0', name: 'build-1' };
        const { manifest } = await publishAssets(domain, name, {
          assets: [{ publishable: publishable('built') }],
          set,
        });
        const sameness = samenessOf(manifest.assets, set);
        await claimLabels(domain, name, [set.label], sameness, manifest.number);
      },
      act: (actor, scene) => {
        const arn = `${wholeOf(scene, 'unused').replace('shop/unused', 'shop/candidate')}:1`;
        return ask(actor, { command: 'complete', arn });
      },
    },
  ],
  // The plan has noted that nobody needs it.
  renew: [
    {
      name: 'renew',
      before: planOf(false),
      act: (actor, scene) => ask(actor, { command: 'renew', arn: arnOf(scene, 'timed') }),
    },
  ],
  'reference-add': [
    {
      name: 'reference-add',
      act: (actor, scene) => ask(actor, { command: 'reference-add', arn: arnOf(scene, 'unused'), consumer: CONSUMER }),
    },
  ],
  'reference-remove': [
    {
      name: 'reference-remove',
      act: (actor, scene) =>
        ask(actor, { command: 'reference-remove', arn: arnOf(scene, 'named'), consumer: CONSUMER }),
    },
    {
      name: 'reference-remove from all versions',
      act: (actor, scene) =>
        ask(actor, { command: 'reference-remove', arn: wholeOf(scene, 'named'), consumer: CONSUMER }),
    },
  ],
  'repository-delete': [
    {
      name: 'repository-delete',
      before: makeTeam,
      act: (actor) => ask(actor, { command: 'repository-delete', repository: TEAM, dryRun: false }),
    },
  ],
  declare: [
    ...declarations('Custom::ArtifactRepository', LIBRARY, { Name: 'library' }),
    ...declarations(
      'Custom::ArtifactBookmark',
      { Artifact: 'default/shop/used', Name: 'prod', Version: '1' },
      { Artifact: 'default/shop/used', Name: 'prod', Version: '2' },
    ).map((scenario): Scenario => ({
      ...scenario,
      before: async (actor, scene) => {
        await publish(actor.domain, 'shop/used', 'used, and newer');
        await scenario.before?.(actor, scene);
      },
    })),
  ],
  audit: [{ name: 'audit', act: (actor) => ask(actor, { command: 'audit', fix: true }), releases: true }],
  tend: [
    { name: 'tend', act: (actor) => ask(actor, { command: 'tend' }), releases: true },
    // A plan takes no record to be left behind that was written a moment ago: so long a decision to delete stands that somebody has left there.
    { name: 'tend, with a collection', act: collectByItself, goesOn: healAndCollect, releases: true },
  ],
  verify: [{ name: 'verify', act: (actor) => ask(actor, { command: 'verify', fix: true, deep: true }) }],
  'gc-plan': [
    {
      name: 'gc-plan',
      act: (actor) => ask(actor, { command: 'gc-plan', id: 'planofacrash', now: false, verbose: true }),
    },
  ],
  'gc-run': [
    {
      name: 'gc-run',
      before: planOf(false),
      act: (actor, { plan }) => ask(actor, { command: 'gc-run', plan: plan.digest }),
    },
    {
      name: 'gc-run at once',
      before: planOf(true),
      act: (actor, { plan }) => ask(actor, { command: 'gc-run', plan: plan.digest }),
    },
  ],
  fetch: [
    {
      name: 'fetch',
      before: publishElsewhere,
      act: (actor) => ask(actor, { command: 'fetch', arn: arnElsewhere('far') }),
    },
    {
      name: 'fetch, by what it is',
      before: publishElsewhere,
      act: (actor) =>
        ask(actor, { command: 'fetch', arn: arnElsewhere('far', sha256('far')), filename: 'archive.zip' }),
    },
    {
      name: 'fetch what is condemned here',
      before: publishElsewhere,
      act: (actor) => ask(actor, { command: 'fetch', arn: arnElsewhere('condemned') }),
    },
    {
      name: 'fetch what is deleted half way here',
      before: publishElsewhere,
      act: (actor) => ask(actor, { command: 'fetch', arn: arnElsewhere('half') }),
    },
  ],
  tell: [
    {
      name: 'tell what is used',
      before: (actor, scene) => bindElsewhere(actor, scene, 'Delete'),
      act: (actor) => tellElsewhere(actor),
    },
    {
      name: 'tell what was used',
      before: async (actor, scene) => {
        await bindElsewhere(actor, scene, 'Delete');
        await tellElsewhere(actor);
        await answerOf(actor, scene.event);
      },
      act: (actor) => tellElsewhere(actor),
    },
  ],
  cancel: [
    { name: 'cancel', act: (actor, scene) => ask(actor, { command: 'cancel', digest: scene.digestOf('condemned') }) },
  ],
  finish: [
    { name: 'finish', act: (actor, scene) => ask(actor, { command: 'finish', digest: scene.digestOf('half') }) },
  ],
};

/** Of contents that are here, in all kinds of states, and of some that is not. */
async function publishElsewhere({ domain }: Actor): Promise<void> {
  const store = storeElsewhere(domain.store);
  const elsewhere = await describeDomain({ store, keeper: ownKeeper(store), chance: domain.chance }, ELSEWHERE);
  for (const text of ['far', 'condemned', 'half']) await publish(elsewhere, `far/${text}`, text);
}

function arnElsewhere(text: string, digest?: Digest): string {
  const { partition, account, region } = ELSEWHERE;
  const version = digest === undefined ? { version: 1 } : { digest };
  return formatArn({ partition, account, region, repository: 'default', id: `far/${text}`, ...version });
}

const FAR_STACK = STACK_ID.replace('/shop/', '/far/');
const FAR_FILE = 'archive.zip';

/** A resource that uses what is at home elsewhere: leaves in the scene the event that comes next, of which all before have been answered. */
async function bindElsewhere(actor: Actor, scene: Scene, next: 'Create' | 'Delete'): Promise<void> {
  await publishElsewhere(actor);
  const source = new EventSource({ stackId: FAR_STACK });
  const digest = sha256('far');
  const properties = { ArtifactArn: arnElsewhere('far', digest), Key: blobKey(digest, FAR_FILE) };
  const create = source.create(properties);
  scene.event = create;
  if (next === 'Delete') {
    const { PhysicalResourceId: id } = await answerOf(actor, create);
    scene.event = source.remove(id, properties);
  }
}

function tellElsewhere(actor: Actor): Promise<readonly object[]> {
  return ask(actor, { command: 'tell', stackId: FAR_STACK, logicalId: 'ApiArtifact' });
}

function collectByItself(actor: Actor): Promise<unknown> {
  return ask(actor, { command: 'tend' }, { audit: 'daily', collect: 'on' });
}

/** No plan takes up a version whose deletion somebody has begun and left: a verification does. */
async function healAndCollect(actor: Actor): Promise<void> {
  await ask(actor, { command: 'verify', fix: true, deep: false });
  await collectByItself(actor);
}

function deletion(name: string, subject: string, now: boolean): Scenario {
  const act: Scenario['act'] = (actor, scene) =>
    ask(actor, { command: 'delete', arn: arnOf(scene, subject), dryRun: false, now });
  return { name, act };
}

const EVENTS = (['Create', 'Update', 'Delete'] as const).map((type): Scenario => ({
  name: type,
  before: async (actor, scene) => {
    scene.event = await eventsOf(actor, scene, type);
  },
  act: (actor, scene) => answerOf(actor, scene.event),
  releases: type === 'Delete',
}));

/** Of what is at home elsewhere, which hears of it behind the answer. */
const EVENTS_ELSEWHERE = (['Create', 'Delete'] as const).map((type): Scenario => ({
  name: `${type} of what is at home elsewhere`,
  before: (actor, scene) => bindElsewhere(actor, scene, type),
  act: async (actor, scene) => {
    await answerOf(actor, scene.event);
    await tellElsewhere(actor);
  },
  releases: type === 'Delete',
}));

/** Publishing, each command of the keeper, and each event of the reference function. */
export const SCENARIOS: readonly Scenario[] = [
  ...PUBLISHING,
  ...Object.values(COMMANDS).flat(),
  ...EVENTS,
  ...EVENTS_ELSEWHERE,
];
