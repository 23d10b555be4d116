import { beforeEach, describe, expect, test } from '@jest/globals';
import { publishVersion, sha256 } from '../../repository/index.ts';
import type { Digest, Domain } from '../../repository/index.ts';
import { bind } from '../../repository/bind.ts';
import type { Operation, Wanted } from '../../repository/bind.ts';
import type { BindingRecord } from '../../repository/binding.ts';
import { bindingKeys, readBindingRecord } from '../../repository/binding.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import { statusKey } from '../../repository/keys.ts';
import { recordContent } from '../../repository/record.ts';
import { release, RETAINED_CONSUMER } from '../../repository/release.ts';
import { readStatusRecord, writeStatus } from '../../repository/status.ts';
import type { Status } from '../../repository/status.ts';
import { publishable, testDomain } from '../support/domain.ts';

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/uuid';
const RESOURCE: StackResource = {
  ...{ account: '111122223333', region: 'eu-west-1', stack: 'shop', uuid: 'uuid', logicalId: 'Api' },
};
const OTHER: StackResource = { ...RESOURCE, logicalId: 'Apian' };

let domain: Domain;
let a: Wanted;
let b: Wanted;

beforeEach(async () => {
  domain = await testDomain();
  a = await published('a');
  b = await published('b');
});

async function published(id: string, text = id): Promise<Wanted> {
  const name = { repository: 'default', id };
  const { arn, key, filename, size } = await publishVersion(domain, name, publishable(text));
  const { digest, version: number } = arn;
  return { arn: `arn of ${id}`, key, digest, filename, size, version: { ...name, number } };
}

function issuedAt(second: number): string {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
}

function operation(second: number, more: Partial<Operation> = {}): Operation {
  return {
    ...{ resource: RESOURCE, stackId: STACK_ID, requestId: `R${second}`, issued: issuedAt(second) },
    ...{ replaces: true, pinned: false, ...more },
  };
}

function create(second: number, ...wanted: readonly Wanted[]): Promise<string> {
  return bind(domain, operation(second), wanted);
}

function update(second: number, current: string, ...wanted: readonly Wanted[]): Promise<string> {
  return bind(domain, operation(second, { current }), wanted);
}

function remove(second: number, generation?: string): Promise<number> {
  const named = generation === undefined ? {} : { generation };
  return release(domain.store, { resource: RESOURCE, requestId: `R${second}`, issued: issuedAt(second), ...named });
}

async function keysUnder(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of domain.store.list(prefix)) keys.push(key);
  return keys;
}

/** Generations, by the records that protect and by those that find them: both must say the same. */
async function bound(digest: Digest, resource: StackResource = RESOURCE): Promise<string[]> {
  const path = `${resource.account}/${resource.region}/${resource.stack}/${resource.uuid}/${resource.logicalId}/`;
  const references = await keysUnder(`references/${digest}/stack/${path}`);
  const consumers = (await keysUnder(`consumers/stack/${path}`)).filter((key) => key.endsWith(digest));
  const generations = references.map((key) => key.slice(key.lastIndexOf('/') + 1));
  expect(consumers.map((key) => key.split('/').at(-2))).toEqual(generations);
  return generations;
}

async function recordOf(generation: string, digest: Digest): Promise<BindingRecord | undefined> {
  const { reference, consumer } = bindingKeys({ resource: RESOURCE, generation }, digest);
  const [one, other] = [
    await readBindingRecord(domain.store, reference),
    await readBindingRecord(domain.store, consumer),
  ];
  expect(one?.value).toEqual(other?.value);
  return one?.value;
}

/** Of a version whose blob somebody removed. */
async function goneContent(): Promise<Pick<Wanted, 'digest' | 'key'>> {
  const { digest, key } = await published('gone');
  const head = await domain.store.head(key);
  if (head !== undefined) await domain.store.removeIncarnation(key, head.incarnation);
  return { digest, key };
}

describe('a Create', () => {
  test('records who uses what, since when, and by which bookmark', async () => {
    expect(await create(1, { ...a, resolvedFrom: 'default/a^prod' })).toBe('R1');
    expect(await recordOf('R1', a.digest)).toEqual({
      ...{
        format: 1,
        generation: 'R1',
        issued: issuedAt(1),
        at: expect.any(String),
        stackId: STACK_ID,
        logicalId: 'Api',
      },
      uses: [{ arn: 'arn of a', key: a.key, resolvedFrom: 'default/a^prod' }],
    });
  });

  test('of two versions with one content writes one record of both', async () => {
    const twin = await published('twin', 'a');
    await create(1, a, b, twin);
    expect((await recordOf('R1', a.digest))?.uses.map(({ arn }) => arn)).toEqual(['arn of a', 'arn of twin']);
    expect((await recordOf('R1', b.digest))?.uses.map(({ arn }) => arn)).toEqual(['arn of b']);
  });

  test('that fails after CloudFormation gave it up leaves nothing: the Delete that was for it has been here', async () => {
    const gone = { ...a, ...(await goneContent()) };
    await remove(2);
    await expect(create(1, b, gone)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect([...(await bound(b.digest)), ...(await bound(gone.digest))]).toEqual([]);
    await expect(create(3, b, gone)).rejects.toMatchObject({ code: 'CONTENT_MISSING' });
    expect([...(await bound(b.digest)), ...(await bound(gone.digest))]).toEqual(['R3', 'R3']);
  });

  test('that comes again changes nothing', async () => {
    await create(1, a);
    const before = await recordOf('R1', a.digest);
    expect(await create(1, a)).toBe('R1');
    expect(await recordOf('R1', a.digest)).toEqual(before);
  });

  test('refuses a version that takes no new references, and content that is not there', async () => {
    await domain.store.create(statusKey({ repository: 'default', id: 'a' }, 1), recordContent({ status: 'Archived' }));
    await expect(create(1, a)).rejects.toMatchObject({ code: 'ARTIFACT_ARCHIVED' });
    await expect(create(2, { ...b, filename: 'other' })).rejects.toMatchObject({ code: 'CONTENT_MISSING' });
    await expect(create(3, { ...b, size: 7 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    // What was written stays until CloudFormation sends the Delete.
    expect(await bound(a.digest)).toEqual(['R1']);
    expect(await remove(4, 'R1')).toBe(1);
    expect(await bound(a.digest)).toEqual([]);
  });

  test('of a version that somebody is deleting waits for what he decides', async () => {
    const version = { repository: 'default', id: 'a', number: 1 };
    await writeStatus(domain, version, { status: 'Deleting', was: 'Unlisted' }, undefined);
    let pauses = 0;
    const decidedBy = (turn: number, status: Status): Domain => ({
      ...domain,
      chance: {
        ...domain.chance,
        pause: async () => {
          pauses += 1;
          const before = await readStatusRecord(domain, version, 1);
          if (pauses === turn) await writeStatus(domain, version, { status }, before);
        },
      },
    });
    await expect(bind(decidedBy(0, 'Deleted'), operation(1), [a])).rejects.toMatchObject({
      code: 'ARTIFACT_DELETED',
      remedy: expect.stringMatching(/^Try again: .*'cfn-artifacts verify --fix'/) as unknown,
    });
    // Whoever died while he deleted it is not waited for all day.
    expect(pauses).toBeGreaterThan(2);
    expect(pauses).toBeLessThan(20);
    pauses = 0;
    expect(await bind(decidedBy(2, 'Unlisted'), operation(2), [a])).toBe('R2');
    await writeStatus(domain, version, { status: 'Deleting' }, await readStatusRecord(domain, version, 1));
    pauses = 0;
    await expect(bind(decidedBy(1, 'Deleted'), operation(3), [a])).rejects.toMatchObject({
      code: 'ARTIFACT_DELETED',
      remedy: expect.stringMatching(/^Package again, /) as unknown,
    });
  });

  test('that was deleted before it ended leaves nothing', async () => {
    await remove(2);
    await expect(create(1, a)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await bound(a.digest)).toEqual([]);
    // A later one is another matter.
    expect(await create(3, a)).toBe('R3');
  });
});

describe('an event that comes again, late,', () => {
  test('leaves what it made at first, where an update to something else was rolled back without a word to it', async () => {
    await create(1, a);
    await update(2, 'R1', b);
    await remove(3, 'R2');
    await expect(create(1, a)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await bound(a.digest)).toEqual(['R1']);
  });

  test('leaves what it made at first as an Update, too', async () => {
    const c = await published('c');
    await create(1, a);
    await update(2, 'R1', b);
    await remove(3, 'R1');
    await update(4, 'R2', c);
    await remove(5, 'R4');
    await expect(update(2, 'R1', b)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await bound(b.digest)).toEqual(['R2']);
  });

  test('makes nothing that it found at first and that went since', async () => {
    await create(1, a);
    await update(2, 'R1', b);
    expect(await update(3, 'R2', a)).toBe('R1');
    await remove(4, 'R2');
    await remove(5, 'R1');
    await expect(update(3, 'R2', a)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(await bound(a.digest)).toEqual([]);
  });
});

describe('an Update', () => {
  test('binds the new beside the old', async () => {
    await create(1, a);
    expect(await update(2, 'R1', b)).toBe('R2');
    expect([await bound(a.digest), await bound(b.digest)]).toEqual([['R1'], ['R2']]);
  });

  test('to the same stamps what is there', async () => {
    await create(1, a);
    expect(await bind(domain, operation(2, { current: 'R1', replaces: false }), [a])).toBe('R1');
    expect(await recordOf('R1', a.digest)).toMatchObject({ generation: 'R1', issued: issuedAt(2) });
  });

  test('to the same writes again what was lost', async () => {
    expect(await bind(domain, operation(2, { current: 'R1', replaces: false }), [a])).toBe('R1');
    expect(await bound(a.digest)).toEqual(['R1']);
  });

  test.each(['R1', 'R2'])('of a rollback, from %s, finds the old binding and stamps it', async (current) => {
    await create(1, a);
    await update(2, 'R1', b);
    expect(await update(3, current, a)).toBe('R1');
    expect(await recordOf('R1', a.digest)).toMatchObject({ issued: issuedAt(3) });
    expect([await bound(a.digest), await bound(b.digest)]).toEqual([['R1'], ['R2']]);
    // The Delete of the update's cleanup, which was issued before and comes late, no longer means it.
    expect(await remove(2, 'R1')).toBe(0);
    expect(await bound(a.digest)).toEqual(['R1']);
    expect(await remove(4, 'R2')).toBe(1);
    expect(await bound(b.digest)).toEqual([]);
  });

  test('does not go back to a binding of part of it, or of more', async () => {
    await create(1, a);
    await update(2, 'R1', a, b);
    expect(await update(3, 'R2', b)).toBe('R3');
    expect(await update(4, 'R3', a, b)).toBe('R2');
  });

  test('that pins does not go back to what is not pinned', async () => {
    await create(1, a);
    expect(await bind(domain, operation(2, { current: 'R1', pinned: true }), [a])).toBe('R2');
    expect([(await recordOf('R1', a.digest))?.pinned, (await recordOf('R2', a.digest))?.pinned]).toEqual([
      undefined,
      true,
    ]);
  });

  test('gives up a binding that has lost one of its records', async () => {
    await create(1, a, b);
    await update(2, 'R1', a);
    const { reference } = bindingKeys({ resource: RESOURCE, generation: 'R1' }, b.digest);
    const head = await domain.store.head(reference);
    if (head !== undefined) await domain.store.removeIncarnation(reference, head.incarnation);
    expect(await update(3, 'R2', a, b)).toBe('R3');
    expect(await bound(b.digest)).toEqual(['R3']);
  });
});

describe('a Delete', () => {
  test('removes what it names and nothing else, once and again', async () => {
    await create(1, a);
    await update(2, 'R1', b);
    await bind(domain, operation(3, { resource: OTHER }), [a]);
    expect(await remove(4, 'R1')).toBe(1);
    expect(await remove(4, 'R1')).toBe(0);
    expect([await bound(a.digest), await bound(b.digest), await bound(a.digest, OTHER)]).toEqual([[], ['R2'], ['R3']]);
  });

  test('leaves what a later operation wants', async () => {
    await create(1, a);
    await bind(domain, operation(5, { current: 'R1', replaces: false }), [a]);
    expect(await remove(4, 'R1')).toBe(0);
    expect(await bound(a.digest)).toEqual(['R1']);
  });

  test('that comes again is no younger than it was', async () => {
    await remove(2, 'R1');
    await bind(domain, operation(3, { requestId: 'R3' }), [a]);
    const late = { resource: RESOURCE, requestId: 'R2', issued: issuedAt(9) };
    expect(await release(domain.store, { ...late, generation: 'R1' })).toBe(0);
    expect(await bound(a.digest)).toEqual(['R3']);
  });

  test('with an invented ID removes everything that was bound before it, and no more', async () => {
    await create(1, a, b);
    await create(5, a);
    expect(await remove(3)).toBe(1);
    expect([await bound(a.digest), await bound(b.digest)]).toEqual([['R5'], []]);
  });

  test('of nothing succeeds', async () => {
    expect([await remove(1), await remove(2, 'R1')]).toEqual([0, 0]);
  });

  test('of what is pinned keeps a record of it, because versions that were published go on reading', async () => {
    await bind(domain, operation(1, { pinned: true }), [a]);
    expect(await remove(2, 'R1')).toBe(1);
    expect(await bound(a.digest)).toEqual([]);
    expect(await keysUnder(`references/${a.digest}/named/`)).toEqual([
      `references/${a.digest}/named/${RETAINED_CONSUMER}/R1`,
    ]);
  });

  test('of what is not pinned keeps none', async () => {
    await create(1, a);
    await remove(2, 'R1');
    expect(await keysUnder(`references/${sha256('a')}/named/`)).toEqual([]);
  });
});
