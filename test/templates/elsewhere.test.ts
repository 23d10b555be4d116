import { beforeAll, describe, expect, test } from '@jest/globals';
import type { StackResource } from '../../repository/stack-id.ts';
import { sha256 } from '../../repository/digest.ts';
import { stackReferenceKey, versionKey, versionReferenceKey } from '../../repository/keys.ts';
import { bucketStatements } from '../../repository/sharing/statements.ts';
import { everything, OTHER_ACCOUNT, PLACE } from '../support/domain-principals.ts';
import { KEYS } from '../support/domain-requests.ts';
import { buildDomainTemplate } from '../support/domain-template.ts';
import type { Policy, Statement } from '../support/iam/policy.ts';
import { checkStatement } from '../support/iam/policy.ts';
import type { Guard, ObjectRequest, Principal } from '../support/iam/request.ts';
import { act, isAllowed, OBJECT_REQUESTS } from '../support/iam/request.ts';
import type { Place, ResolvedRole } from '../support/iam/template.ts';
import { policyDocumentOf, resolveTemplate, roleOf } from '../support/iam/template.ts';

/** What keepers of other regions and accounts, and roles that are only called so, may do in a domain: its bucket's policy and their own together. */

const HOME: Place = PLACE;
const NEIGHBOUR: Place = { account: HOME.account, region: 'eu-west-1' };
const GUEST: Place = { account: OTHER_ACCOUNT, region: 'eu-west-1' };
const GUEST_AT_HOME_REGION: Place = { account: OTHER_ACCOUNT, region: HOME.region };

const bucketOf = ({ account, region }: Place): string => `arn:aws:s3:::cfn-artifacts-${account}-${region}`;
const DIGEST = sha256('content');

const HOW = ['create', 'replace', 'remove'] as const satisfies readonly ObjectRequest[];

let home: Policy;
let roles: ReadonlyMap<Place, ResolvedRole>;

beforeAll(async () => {
  const { file } = await buildDomainTemplate();
  home = policyDocumentOf(resolveTemplate(file, HOME), 'BucketPolicy');
  roles = new Map(
    [HOME, NEIGHBOUR, GUEST].map((place) => [place, roleOf(resolveTemplate(file, place), 'KeeperRole', place)]),
  );
});

/** With the rights of its role, or with any. */
function keeperOf(place: Place, policies?: readonly Policy[]): Principal {
  const { arn = '', policies: own = [] } = roles.get(place) ?? {};
  return called(place.account, arn.replace(/^.*role\//, ''), policies ?? own);
}

function called(account: string, name: string, policies: readonly Policy[] = [everything]): Principal {
  const arn = `arn:aws:iam::${account}:role/${name}`;
  return { caller: { account, arn, sessionArn: `arn:aws:sts::${account}:assumed-role/${name}/1` }, policies };
}

/** The record of a stack's reference. */
function recordOf({ account, region }: Place, more: Partial<StackResource> = {}): string {
  const resource = { account, region, stack: 'shop', uuid: '0b1c2d3e-0000-4000-8000-000000000000', logicalId: 'Api' };
  return stackReferenceKey(DIGEST, { ...resource, ...more }, 'generation');
}

function guardWith(...more: readonly Statement[]): Guard {
  more.forEach(checkStatement);
  return { account: HOME.account, policy: { ...home, Statement: [...[home.Statement].flat(), ...more] } };
}

function may(who: Principal, how: ObjectRequest, key: string, guard: Guard = guardWith()): boolean {
  return isAllowed(who, OBJECT_REQUESTS[how](`${bucketOf(HOME)}/${key}`), guard);
}

/** Which of the keys. */
function kindsThat(who: Principal, how: ObjectRequest, guard?: Guard): readonly string[] {
  return Object.entries(KEYS).flatMap(([kind, key]) => (may(who, how, key, guard) ? [kind] : []));
}

/** Everything that is written or removed by this request, of all kinds of keys and all of these records. */
function changedBy(who: Principal, guard?: Guard): readonly string[] {
  const changes = (['create', 'replace', 'overwrite', 'remove', 'erase', 'tag', 'untag'] as const).flatMap((how) =>
    kindsThat(who, how, guard).map((kind) => `${how} ${kind}`),
  );
  return changes.sort();
}

/** An artifact's ID may be anything that looks like a path: its records are no records of stacks. */
function imitations({ account, region }: Place): readonly string[] {
  const path = `references/${DIGEST}/stack/${account}/${region}/shop`;
  const name = (id: string) => ({ repository: 'default', id });
  return [
    versionKey(name(path), 1),
    versionReferenceKey(DIGEST, name(`stack/${account}/${region}/shop`), 1, 'nonce'),
    versionReferenceKey(DIGEST, name(path), 1, 'nonce'),
    `repositories/${path}`,
    `consumers/stack/${path}`,
    `statuses/default/${path}/!/1`,
  ];
}

const ALL_OF_THE_GUEST: Statement = {
  ...{ Sid: 'Generous', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }, Action: 's3:*' },
  Resource: [bucketOf(HOME), `${bucketOf(HOME)}/*`],
};

/** What a share of one repository with the account makes of the policy. */
function shared(): Statement[] {
  const place = { ...HOME, partition: 'aws', bucket: bucketOf(HOME).replace(/^.*:/, '') };
  const share = { id: 'a1b2c3d4', repository: 'default', pattern: 'shop/**', with: OTHER_ACCOUNT, right: 'read' };
  return bucketStatements(place, [share] as unknown as Parameters<typeof bucketStatements>[1]) as Statement[];
}

const WRITABLE = HOW.map((how) => `${how} references/ of stacks elsewhere`).sort();

describe('the keeper of another region of the account', () => {
  test('reads what it needs to fetch, and lists', () => {
    const neighbour = keeperOf(NEIGHBOUR);
    expect(kindsThat(neighbour, 'read')).toEqual([
      ...['domain', 'blobs/', 'repositories/', 'versions/', 'labels/', 'statuses/', 'bookmarks/', 'promotions/'],
      'references/ of stacks elsewhere',
    ]);
    expect(isAllowed(neighbour, act('s3:ListBucket', bucketOf(HOME)), guardWith())).toBe(true);
    expect(isAllowed(neighbour, act('s3:ListBucketVersions', bucketOf(HOME)), guardWith())).toBe(false);
  });

  test('writes and removes the records of its own stacks, and nothing else', () => {
    expect(changedBy(keeperOf(NEIGHBOUR))).toEqual(WRITABLE);
    const others = [HOME, { ...HOME, region: 'us-west-2' }, GUEST, GUEST_AT_HOME_REGION].map((place) =>
      recordOf(place),
    );
    for (const key of [...others, ...imitations(NEIGHBOUR), ...imitations(HOME)]) {
      expect([key, HOW.filter((how) => may(keeperOf(NEIGHBOUR), how, key))]).toEqual([key, []]);
    }
  });

  test('whatever its role lets it do, it writes records of stacks elsewhere, and nothing else', () => {
    const keeper = keeperOf(NEIGHBOUR, [everything]);
    const scratch = ['erase scratch/', 'remove scratch/'];
    expect(changedBy(keeper)).toEqual([...WRITABLE, ...scratch].sort());
    for (const key of [recordOf(HOME), ...imitations(NEIGHBOUR), ...imitations(HOME)]) {
      expect([key, HOW.filter((how) => may(keeper, how, key))]).toEqual([key, []]);
    }
  });

  test('asks the keeper here for nothing', () => {
    const lambda = `arn:aws:lambda:${HOME.region}:${HOME.account}:function:cfn-artifacts-keeper`;
    for (const name of ['', ':publishing', ':declaring', ':fetching', ':sharing']) {
      const asked = act('lambda:InvokeFunction', `${lambda}${name}`);
      expect(isAllowed(keeperOf(NEIGHBOUR), asked, { account: HOME.account })).toBe(false);
    }
  });

  test('is not deceived by a stranger’s bucket of its own domain’s name', () => {
    const open: Policy = { Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } };
    const trap: Guard = { account: OTHER_ACCOUNT, policy: open };
    for (const request of Object.values(OBJECT_REQUESTS)) {
      const asked = Object.values(KEYS).map((key) => request(`${bucketOf(NEIGHBOUR)}/${key}`));
      expect(asked.filter((one) => isAllowed(keeperOf(NEIGHBOUR), one, trap))).toEqual([]);
    }
    expect(isAllowed(keeperOf(NEIGHBOUR), act('s3:ListBucket', bucketOf(NEIGHBOUR)), trap)).toBe(false);
  });
});

describe('the keeper of another account', () => {
  test('may do nothing where nothing is shared', () => {
    for (const keeper of [keeperOf(GUEST), keeperOf(GUEST, [everything])]) {
      expect([...kindsThat(keeper, 'read'), ...changedBy(keeper)]).toEqual([]);
      expect(HOW.filter((how) => may(keeper, how, recordOf(GUEST)))).toEqual([]);
      expect(isAllowed(keeper, act('s3:ListBucket', bucketOf(HOME)), guardWith())).toBe(false);
    }
  });

  test.each([
    ['its role', undefined],
    ['any role of its name', [everything]],
  ])('with a share, and the rights of %s, writes and removes records of its account alone', (_name, rights) => {
    const guard = guardWith(...shared());
    const keeper = keeperOf(GUEST, rights);
    expect(HOW.filter((how) => may(keeper, how, recordOf(GUEST), guard))).toEqual(HOW);
    expect(may(keeper, 'read', 'domain', guard)).toBe(true);
    expect(changedBy(keeper, guard)).toEqual([]);
    const others = [HOME, NEIGHBOUR].map((place) => recordOf(place));
    const likeOwn = recordOf(NEIGHBOUR, { stack: OTHER_ACCOUNT });
    for (const key of [...others, likeOwn, ...imitations(GUEST), ...imitations(HOME)]) {
      expect([key, HOW.filter((how) => may(keeper, how, key, guard))]).toEqual([key, []]);
    }
    expect(may(keeperOf(GUEST), 'create', recordOf(GUEST_AT_HOME_REGION), guard)).toBe(false);
  });

  test('even where its account may do everything, writes records of stacks elsewhere alone', () => {
    const guard = guardWith(ALL_OF_THE_GUEST);
    const allowed = changedBy(keeperOf(GUEST, [everything]), guard);
    expect(allowed).toEqual([...WRITABLE, 'erase scratch/', 'remove scratch/'].sort());
    expect(changedBy(keeperOf(GUEST), guard)).toEqual([]);
    expect(HOW.filter((how) => may(keeperOf(GUEST), how, recordOf(GUEST), guard))).toEqual(HOW);
  });
});

describe('others of that account', () => {
  test.each(['admin', 'keeper', 'my-cfn-artifacts-keeper-eu-west-1'])('with a share, %s writes no records', (name) => {
    for (const guard of [guardWith(...shared()), guardWith(ALL_OF_THE_GUEST)]) {
      const written = HOW.flatMap((how) =>
        [GUEST, HOME].filter((place) => may(called(OTHER_ACCOUNT, name), how, recordOf(place), guard)),
      );
      expect(written).toEqual([]);
      const other = called(OTHER_ACCOUNT, name);
      for (const how of ['erase', 'tag', 'untag', 'create with tags'] as const) {
        expect(kindsThat(other, how, guard).filter((kind) => kind !== 'scratch/')).toEqual([]);
      }
    }
  });
});

describe('a role that is only called like a keeper', () => {
  const imitator = called(HOME.account, 'cfn-artifacts-keeper-of-mine');

  test('writes no records of this region’s stacks, and none that are not of stacks', () => {
    const scratch = ['erase scratch/', 'remove scratch/'];
    expect(changedBy(imitator)).toEqual([...WRITABLE, ...scratch].sort());
    expect(HOW.filter((how) => may(imitator, how, recordOf(HOME)))).toEqual([]);
    const alike = ['named', 'version', 'stack'].map((stack) => recordOf(HOME, { stack }));
    for (const key of [...alike, ...imitations(HOME)])
      expect([key, may(imitator, 'create', key)]).toEqual([key, false]);
  });

  test('the keeper of this region is none of them', () => {
    const own = keeperOf(HOME);
    expect(HOW.filter((how) => may(own, how, recordOf(HOME)))).toEqual(HOW);
    expect(HOW.filter((how) => may(own, how, recordOf(NEIGHBOUR)))).toEqual(HOW);
    expect(may(own, 'create', 'blobs/sha256/x/archive.zip')).toBe(true);
  });
});

describe('tags', () => {
  const admin = called(HOME.account, 'admin');

  test('are put on content by the keeper alone', () => {
    for (const how of ['tag', 'tag version', 'untag', 'untag version'] as const) {
      expect([how, kindsThat(admin, how)]).toEqual([how, []]);
      expect([how, kindsThat(keeperOf(NEIGHBOUR, [everything]), how)]).toEqual([how, []]);
    }
    expect(kindsThat(keeperOf(HOME), 'tag')).toEqual(['blobs/']);
    expect(kindsThat(keeperOf(HOME), 'read tags')).toEqual(['blobs/']);
    expect(kindsThat(keeperOf(HOME), 'untag')).toEqual([]);
  });

  test('come with no object', () => {
    for (const who of [admin, keeperOf(HOME, [everything]), keeperOf(HOME)]) {
      expect(kindsThat(who, 'create with tags')).toEqual([]);
    }
  });
});
