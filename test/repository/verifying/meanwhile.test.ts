import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bind } from '../../../repository/bind.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion, digestsOf } from '../../../repository/deleting/version-deletion.ts';
import {
  ArtifactError,
  formatArn,
  ownKeeper,
  parseArn,
  publishVersion,
  resolve,
  sha256,
} from '../../../repository/index.ts';
import type { Domain, Publication, VerifyFinding } from '../../../repository/index.ts';
import { isLeftToSee } from '../../../repository/index.ts';
import { readStatus } from '../../../repository/status.ts';
import { statusKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { addNamedReference, removeNamedReferences } from '../../../repository/named.ts';
import { release } from '../../../repository/release.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import { publishable } from '../../support/domain.ts';
import type { Choose } from '../../support/interleaving.ts';
import { chooseBy, everyInterleaving, interleave, randomFrom } from '../../support/interleaving.ts';
import { API, STACK, STACK_ID, TOOLS, WEB, World } from './world.ts';

const NAMES = [API, WEB, TOOLS];
const TEXTS = ['api one', 'page', 'new'];

/** As CloudFormation has it: what failed is deleted. */
async function deploy(domain: Domain, artifact: string, logicalId: string, requestId: string): Promise<void> {
  const resource = { ...STACK, logicalId };
  const issued = domain.chance.now().toISOString();
  try {
    const { arn, key, filename, size, digest, manifest } = await resolve(domain, artifact);
    const version = manifest && {
      version: { repository: manifest.repository, id: manifest.id, number: manifest.number },
    };
    const wanted = { arn: formatArn(arn), key, filename, size, digest, ...version };
    await bind(domain, { resource, stackId: STACK_ID, requestId, issued, replaces: false, pinned: false }, [wanted]);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    await release(domain.store, { resource, requestId: `${requestId}-D`, issued, generation: requestId });
  }
}

async function toEnd(steps: AsyncGenerator): Promise<void> {
  while ((await steps.next()).done !== true);
}

/** What is refused leaves nothing. */
async function unlessRefused(operation: Promise<unknown>): Promise<void> {
  await operation.catch((error: unknown) => {
    if (!(error instanceof ArtifactError)) throw error;
  });
}

async function giveUp(domain: Domain, name: (typeof NAMES)[number], number: number): Promise<void> {
  const deletion = await deleteVersion(domain, name, number);
  if (deletion === undefined || deletion.outcome === 'used') return;
  for (const digest of digestsOf(deletion.manifest)) await condemn(domain, digest);
}

type Operation = readonly [string, number, number, number];

/** One thing that people or CloudFormation do, to its end. */
async function operate(world: World, [what, which, number, turn]: Operation): Promise<void> {
  const { domain } = world;
  const name = NAMES[which % NAMES.length] ?? API;
  const text = TEXTS[number % TEXTS.length] ?? '';
  const artifact = `${name.repository}/${name.id}:${1 + (number % 3)}`;
  const consumer = `job-${turn % 2}`;
  switch (what) {
    case 'publish':
      await world.publish(name, text, turn % 2 === 0 ? 'archive' : 'file');
      return;
    case 'delete':
      return giveUp(domain, name, 1 + (number % 3));
    case 'undelete':
      return unlessRefused(undeleteVersion(domain, name, 1 + (number % 3)));
    case 'collect':
      await condemn(domain, sha256(text));
      await reap(domain, sha256(text));
      return;
    case 'deploy':
      return deploy(domain, artifact, `R${which}`, `request-${turn}`);
    case 'take down': {
      const issued = domain.chance.now().toISOString();
      await release(domain.store, { resource: { ...STACK, logicalId: `R${which}` }, requestId: `r-${turn}`, issued });
      return;
    }
    case 'record': {
      const { arn } = await resolve(domain, artifact).catch(() => ({ arn: undefined }));
      const { version } = arn ?? {};
      if (arn !== undefined && version !== undefined)
        await unlessRefused(addNamedReference(domain, { ...arn, version }, consumer));
      return;
    }
    default:
      await toEnd(removeNamedReferences(domain, name, consumer));
  }
}

const OPERATIONS = ['publish', 'delete', 'undelete', 'collect', 'deploy', 'take down', 'record', 'forget'];

test('after whatever people did, nothing is found', async () => {
  const operation = fc.tuple(fc.constantFrom(...OPERATIONS), fc.nat(2), fc.nat(2), fc.nat(1000));
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
      const world = await World.open('memory');
      for (const one of operations) await operate(world, one);
      expect(await world.verify({ deep: true })).toEqual([]);
      const before = await world.state();
      expect(await world.verify({ deep: true, fix: true })).toEqual([]);
      expect(await world.state()).toEqual(before);
    }),
    { numRuns: 150 },
  );
});

/** What others do while a verification goes over the store. What each was promised is looked at in the end. */
const MEANWHILE: readonly ((domain: Domain) => Promise<Publication | undefined>)[] = [
  (domain) => publishVersion(domain, API, publishable('old one')),
  (domain) => publishVersion(domain, TOOLS, publishable('api three')),
  async (domain) => {
    await giveUp(domain, API, 1);
    await giveUp(domain, WEB, 1);
    await reap(domain, sha256('api one'));
    return undefined;
  },
  async (domain) => {
    await giveUp(domain, TOOLS, 1);
    await unlessRefused(undeleteVersion(domain, TOOLS, 1));
    return undefined;
  },
  async (domain) => {
    await deploy(domain, 'default/shop/api:1', 'New', 'request-1');
    return undefined;
  },
];

test.each([
  ['looks', false],
  ['heals', true],
])('while others are at work, what a verification %s at is never called wrong, and nothing is lost', async (_, fix) => {
  let stories = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed);
    const world = await World.open('memory');
    const others = MEANWHILE.filter(() => random() < 0.5);
    const found: VerifyFinding[] = [];
    const actors = [
      async (domain: Domain): Promise<undefined> => {
        for await (const { finding } of verify(domain, { fix, deep: false })) {
          if (finding !== undefined) found.push(finding);
        }
      },
      ...others,
    ];
    const { outcomes, trace } = await interleave(
      world.store,
      actors.map((act) => (store, pause) => {
        const chance = { ...world.domain.chance, pause };
        return act({ ...world.domain, store, keeper: ownKeeper(store), chance });
      }),
      chooseBy(random),
    );
    try {
      expect(outcomes.filter((one) => one instanceof Error)).toEqual([]);
      expect(found.filter(isLeftToSee)).toEqual([]);
      for (const outcome of outcomes) {
        if (outcome === undefined) continue;
        const { key, arn } = outcome as Publication;
        expect(await world.store.head(key)).toBeDefined();
        expect(parseArn(formatArn(arn))).toEqual(arn);
      }
      expect((await world.verify({ deep: true })).filter(isLeftToSee)).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}:\n${trace.join('\n')}\n${JSON.stringify(found)}`, { cause: error });
    }
    stories += 1;
  }
  expect(stories).toBe(60);
});

const SOLO = { repository: 'tools', id: 'solo' };

/** Who may be at a version that has lost its reference, while that is put back. */
const AT_IT: readonly ((domain: Domain) => Promise<unknown>)[] = [
  async (domain) => {
    await condemn(domain, sha256('solo'));
    await reap(domain, sha256('solo'));
  },
  async (domain) => {
    await giveUp(domain, SOLO, 1);
    await reap(domain, sha256('solo'));
  },
  (domain) => unlessRefused(undeleteVersion(domain, SOLO, 1)),
  (domain) => unlessRefused(publishVersion(domain, { ...SOLO, id: 'other' }, publishable('solo'))),
];

/** One version that has lost its reference, a verification that puts it back, and others. */
async function heal(others: typeof AT_IT, choose: Choose): Promise<string> {
  const world = await World.empty('memory');
  const { key } = await world.publish(SOLO, 'solo');
  await world.lose(await world.only(`references/${sha256('solo')}/`));
  const seen = { isHeld: false };
  const actors = [
    async (domain: Domain): Promise<undefined> => {
      for await (const { finding } of verify(domain, { fix: true, deep: false, repository: 'tools' })) {
        if (finding?.kind === 'unheld') seen.isHeld = finding.healed;
      }
    },
    ...others,
  ];
  const { outcomes, trace } = await interleave(
    world.store,
    actors.map((act) => (store, pause) => {
      const chance = { ...world.domain.chance, pause };
      return act({ ...world.domain, store, keeper: ownKeeper(store), chance });
    }),
    choose,
  );
  const [status, head] = [await readStatus(world.domain, SOLO, 1), await world.store.head(key)];
  const left = (await world.verify({ deep: true })).map(({ kind }) => kind);
  const end = `${seen.isHeld ? 'healed' : 'not healed'}, ${status}, ${head === undefined ? 'gone' : 'there'}`;
  try {
    expect(outcomes.filter((one) => one instanceof Error)).toEqual([]);
    if (seen.isHeld && status === 'Published') expect(head).toBeDefined();
    // Content may be lost that nothing held any more when it was collected; that is told then.
    expect(left).toEqual(status === 'Published' && head === undefined ? ['lost'] : []);
  } catch (error) {
    throw new Error(`${end}:\n${trace.join('\n')}`, { cause: error });
  }
  return end;
}

describe('a reference that is put back while others are at its version protects what it says, or goes again', () => {
  test('in every order of two, who take turns up to twice', async () => {
    const ends = new Set<string>();
    let stories = 0;
    for (const other of AT_IT) {
      stories += await everyInterleaving(2, async (choose) => void ends.add(await heal([other], choose)));
    }
    expect(stories).toBeGreaterThan(500);
    expect([...ends]).toEqual(
      expect.arrayContaining(['healed, Published, there', 'healed, Deleted, gone', 'not healed, Published, gone']),
    );
  });

  test('and of up to five', async () => {
    const ends = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomFrom(seed);
      const others = AT_IT.filter(() => random() < 0.5);
      ends.add(await heal(others, chooseBy(random)));
    }
    expect(ends.size).toBeGreaterThan(3);
  });
});

/** A version whose deletion stands half-way, a verification that comes to the end of that, and somebody who settles it otherwise. */
async function endOfDeletion(
  { status, settles }: (typeof SETTLED)[number],
  choose: Choose,
): Promise<'settled' | 'not settled'> {
  const world = await World.empty('memory');
  await world.publish(SOLO, 'solo');
  const { arn } = await resolve(world.domain, 'tools/solo:1');
  if (status === 'Deleting') await addNamedReference(world.domain, { ...arn, version: 1 }, 'job');
  await world.store.create(statusKey(SOLO, 1), recordContent({ status, was: 'Published', nonce: 'n' }));
  const { outcomes, trace } = await interleave(
    world.store,
    [
      async (domain: Domain): Promise<void> => toEnd(verify(domain, { fix: true, deep: false, repository: 'tools' })),
      settles,
    ].map((act) => (store, pause) => act({ ...world.domain, store, chance: { ...world.domain.chance, pause } })),
    choose,
  );
  const broken = outcomes.find((one) => one instanceof Error);
  const [, isSettled] = outcomes;
  const now = await readStatus(world.domain, SOLO, 1);
  if (broken !== undefined || (isSettled === true && now !== 'Published'))
    throw new Error(`it is ${now}:\n${trace.join('\n')}`, { cause: broken });
  return isSettled === true ? 'settled' : 'not settled';
}

const SETTLED = [
  {
    what: 'was taken back',
    status: 'Deleted',
    settles: async (domain: Domain): Promise<boolean> =>
      (await undeleteVersion(domain, SOLO, 1))?.outcome === 'undeleted',
  },
  {
    what: 'was refused, even if nobody needs it any more',
    status: 'Deleting',
    settles: async (domain: Domain): Promise<boolean> => {
      const isRefused = (await deleteVersion(domain, SOLO, 1))?.outcome === 'used';
      await toEnd(removeNamedReferences(domain, SOLO, 'job'));
      return isRefused;
    },
  },
] as const;

test.each(SETTLED)(
  'a deletion that $what is not begun anew, in any order of two who take turns up to twice',
  async (story) => {
    const ends = new Set<string>();
    const stories = await everyInterleaving(2, async (choose) => void ends.add(await endOfDeletion(story, choose)));
    expect(stories).toBeGreaterThan(100);
    expect(ends).toContain('settled');
  },
);
