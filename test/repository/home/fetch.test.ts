import { beforeEach, describe, expect, test } from '@jest/globals';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { noEvidence } from '../../../repository/evidence/none.ts';
import type { Fetched } from '../../../repository/home/away.ts';
import { fetchContent } from '../../../repository/home/fetch.ts';
import {
  ArtifactError,
  contentOf,
  formatArn,
  parseArn,
  publishAssets,
  publishVersion,
  sha256,
} from '../../../repository/index.ts';
import type { Digest, ObjectKey } from '../../../repository/index.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import type { Revision } from '../../../repository/object-store.ts';
import { blobKey, deletionKey, descriptorKey, EVERY_FETCH, versionKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { publishable } from '../../support/domain.ts';
import { keysIn } from '../../support/keys-in.ts';
import type { Neighbour } from '../../support/neighbours.ts';
import { FAR, HERE, NEAR, neighbour, onRoads, Roads } from '../../support/neighbours.ts';

const API = { repository: 'default', id: 'shop/api' };
const TEXT = 'from far away';
const DIGEST = sha256(TEXT);
const FILE = 'archive.zip';
const KEY = blobKey(DIGEST, FILE);
const VERSION = formatArn({ ...FAR, ...API, version: 1 });
const DEFINITE = formatArn({ ...FAR, ...API, version: 1, digest: DIGEST });
const CONTENT = formatArn({ ...FAR, ...API, digest: DIGEST });
const HOME = `the home of '${VERSION}' (account ${FAR.account}, ${FAR.region})`;

let here: Neighbour;
let far: Neighbour;
let roads: Roads;

beforeEach(async () => {
  [here, far] = [await neighbour(HERE), await neighbour(FAR)];
  roads = new Roads(far.domain);
  await publishVersion(far.domain, API, publishable(TEXT));
});

function fetch(arn: string, filename?: string): Promise<Fetched> {
  return fetchContent(onRoads(here.domain, roads), roads, parseArn(arn), filename);
}

async function refusal(arn: string, filename?: string): Promise<ArtifactError> {
  try {
    await fetch(arn, filename);
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

async function nothingIsHere(digest: Digest = DIGEST): Promise<void> {
  expect(await keysIn(here.domain.store, `blobs/sha256/${digest}/`)).toEqual([]);
}

/** Asked of the keeper at home. */
async function atHome(command: KeeperCommand): Promise<void> {
  await carryOut(command, { domain: far.domain, evidence: noEvidence, isTimeUp: () => false });
}

/** What stands at home under the key, as somebody has damaged it. */
function damage(key: string, text: string): void {
  const object = far.objects.get(key);
  if (object === undefined) throw new TypeError(`'${key}' is not there`);
  const bytes = Buffer.from(text);
  far.objects.set(key, { ...object, bytes, size: bytes.byteLength });
}

describe('content whose home is another domain', () => {
  test.each([
    ['by a version without a digest', VERSION, undefined],
    ['by a definite version', DEFINITE, undefined],
    ['by a definite version, with its filename', DEFINITE, FILE],
  ])('is here after it was asked for %s', async (_what, arn, filename) => {
    const blob = { arn: DEFINITE, key: KEY, digest: DIGEST, filename: FILE, size: TEXT.length, version: 1 };
    expect(await fetch(arn, filename)).toEqual({ ...blob, arrival: 'copied' });
    expect(here.objects.get(KEY)?.bytes.toString()).toBe(TEXT);
    expect(await fetch(arn, filename)).toEqual({ ...blob, arrival: 'reused' });
    expect(roads.asked.filter((one) => one === `read ${KEY}`)).toHaveLength(1);
    expect(await keysIn(here.domain.store, EVERY_FETCH)).toEqual([]);
  });

  test('is named by its digest alone, where no version is', async () => {
    expect(await fetch(CONTENT, FILE)).toEqual({
      ...{ arn: CONTENT, key: KEY, digest: DIGEST, filename: FILE, size: TEXT.length, arrival: 'copied' },
    });
    // Home tells the version's filename.
    here.objects.delete(KEY);
    expect(await fetch(CONTENT)).toMatchObject({ key: KEY, arrival: 'copied' });
  });

  test.each([
    ['a definite version and a filename', DEFINITE, FILE],
    ['a definite version', DEFINITE, undefined],
    ['its digest and a filename', CONTENT, FILE],
  ])('is asked of nobody when it is here, and named by %s', async (_what, arn, filename) => {
    await here.domain.store.create(KEY, contentOf(TEXT));
    roads.close();
    expect(await fetch(arn, filename)).toMatchObject({
      key: KEY,
      digest: DIGEST,
      size: TEXT.length,
      arrival: 'reused',
    });
    expect(roads.asked).toEqual([]);
  });

  test('that is here under several filenames is the one that home says', async () => {
    for (const filename of ['a.zip', 'b.zip'])
      await here.domain.store.create(blobKey(DIGEST, filename), contentOf(TEXT));
    expect(await fetch(DEFINITE)).toMatchObject({ key: KEY, arrival: 'copied' });
  });

  test('is one asset of several', async () => {
    const assets = ['x', 'y'].map((name) => ({ name, publishable: publishable(name) })) as [never, never];
    await publishAssets(far.domain, { repository: 'default', id: 'pair' }, { assets });
    const pair = formatArn({ ...FAR, repository: 'default', id: 'pair', version: 1 });
    expect(await refusal(pair)).toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringContaining('2 assets'),
    });
    expect(await fetch(`${pair}#y`)).toMatchObject({ arn: `${pair}@sha256:${sha256('y')}`, digest: sha256('y') });
    expect(await fetch(`${pair}@sha256:${sha256('x')}`)).toMatchObject({ digest: sha256('x'), version: 1 });
  });

  test('never stands here with other bytes than the digest says', async () => {
    damage(KEY, TEXT.toUpperCase());
    expect(await refusal(VERSION)).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`the content of '${DEFINITE}' is damaged at home`),
      remedy: expect.stringContaining('Nothing of it was taken over'),
    });
    await nothingIsHere();
  });

  test('never stands here where it was cut short at home', async () => {
    damage(KEY, TEXT.slice(1));
    expect(await refusal(VERSION)).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('12 bytes instead of 13'),
    });
    await nothingIsHere();
  });

  test('that is gone at home is told to be missing there', async () => {
    far.objects.delete(KEY);
    const { code, message, remedy } = await refusal(VERSION);
    expect({ code, message }).toEqual({ code: 'CONTENT_MISSING', message: expect.stringContaining(`${HOME} says: `) });
    expect(remedy).toContain('ublish');
  });

  test('that goes at home between the look and the reading is missing there', async () => {
    roads.refuse = (method, key) => {
      if (method === 'read' && key === KEY) far.objects.delete(KEY);
    };
    expect(await refusal(VERSION)).toMatchObject({ code: 'CONTENT_MISSING' });
    await nothingIsHere();
  });

  test('that is written again at home between the look and the reading is looked at again', async () => {
    roads.refuse = (method, key) => {
      const object = far.objects.get(KEY);
      if (method !== 'read' || key !== KEY || object === undefined) return;
      far.objects.set(KEY, { ...object, revision: 'again' as Revision });
    };
    expect(await fetch(VERSION)).toMatchObject({ arrival: 'copied' });
  });

  test('of a version that is not there', async () => {
    expect(await refusal(VERSION.replace(':1', ':7'))).toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  test('is refused where version and digest disagree', async () => {
    expect(await refusal(`${VERSION}@sha256:${sha256('another')}`)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('is taken by its digest where it is here, whatever version is named beside it: only home knows its versions', async () => {
    const another = await publishVersion(far.domain, API, publishable('newer'));
    await fetch(DEFINITE);
    const wrong = formatArn({ ...another.arn, digest: DIGEST });
    roads.close();
    expect(await fetch(wrong)).toMatchObject({ arn: wrong, key: KEY, digest: DIGEST, arrival: 'reused' });
    here.objects.delete(KEY);
    roads.open();
    expect(await refusal(wrong)).toMatchObject({ code: 'DIGEST_MISMATCH' });
    await nothingIsHere();
  });

  test('is refused where home gives it to nobody any more', async () => {
    await atHome({ command: 'status-set', arn: VERSION, status: 'Archived' });
    expect(await refusal(VERSION)).toMatchObject({
      code: 'ARTIFACT_ARCHIVED',
      message: expect.stringContaining(DEFINITE),
    });
    await atHome({ command: 'delete', arn: VERSION, dryRun: false, now: false });
    expect(await refusal(VERSION)).toMatchObject({ code: 'ARTIFACT_DELETED' });
    await nothingIsHere();
  });
});

describe('a home', () => {
  test('that does not answer is told, and asked again when it does', async () => {
    roads.close();
    expect(await refusal(DEFINITE)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `the home of '${DEFINITE}' (account ${FAR.account}, ${FAR.region}) does not answer: connection refused`,
      remedy: expect.stringContaining('Try again'),
    });
    roads.open();
    expect(await fetch(DEFINITE)).toMatchObject({ arrival: 'copied' });
  });

  test('that stops answering in the middle is told, and leaves nothing in the way', async () => {
    roads.refuse = (method, key) => {
      if (method === 'read' && key === KEY) throw new ArtifactError('STORE_UNAVAILABLE', 'connection reset');
    };
    expect(await refusal(VERSION)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('connection reset'),
    });
    await nothingIsHere();
    roads.open();
    expect(await fetch(VERSION)).toMatchObject({ arrival: 'copied' });
    expect(await keysIn(here.domain.store, EVERY_FETCH)).toEqual([]);
  });

  test('whose bucket belongs to somebody else is not read', async () => {
    roads.close('WRONG_OWNER', 'the bucket belongs to another account');
    expect(await refusal(VERSION)).toMatchObject({
      code: 'WRONG_OWNER',
      message: expect.stringContaining(`has a bucket that does not belong to account ${FAR.account}`),
    });
    expect(roads.asked).toHaveLength(1);
  });

  test('that shares with nobody here is told how to, and asked again for a while', async () => {
    roads.close('ACCESS_DENIED', 'access denied');
    expect(await refusal(VERSION)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(`${HOME} lets nobody here read it`),
      remedy: expect.stringContaining('cfn-artifacts share default/shop/api --with '),
    });
    let refused = 0;
    roads.refuse = () => {
      if (++refused < 4) throw new ArtifactError('ACCESS_DENIED', 'access denied');
    };
    expect(await fetch(VERSION)).toMatchObject({ arrival: 'copied' });
  });

  test('that lets its records be read, and its content only some moments later', async () => {
    let refused = 0;
    roads.refuse = (_method, key) => {
      if (key === KEY && ++refused < 4) throw new ArtifactError('ACCESS_DENIED', 'access denied');
    };
    expect(await fetch(VERSION)).toMatchObject({ arrival: 'copied' });
  });

  test('that may not be asked for the status of a version has not changed it', async () => {
    roads.refuse = (_method, key) => {
      if (key.startsWith('statuses/')) throw new ArtifactError('ACCESS_DENIED', 'access denied');
    };
    expect(await fetch(VERSION)).toMatchObject({ arrival: 'copied' });
  });

  test('that is no domain, or is not there', async () => {
    far.objects.clear();
    expect(await refusal(VERSION)).toMatchObject({
      code: 'DOMAIN_NOT_FOUND',
      remedy: expect.stringContaining('bootstrap'),
    });
    const nowhere = formatArn({ ...NEAR, ...API, version: 1 });
    expect(await refusal(nowhere)).toMatchObject({
      code: 'DOMAIN_NOT_FOUND',
      message: expect.stringContaining(`(account ${NEAR.account}, ${NEAR.region}) is not there`),
    });
  });

  test('whose objects were copied from another domain is none', async () => {
    const near = await neighbour(NEAR);
    roads = new Roads({ ...far.domain, store: near.domain.store });
    expect(await refusal(VERSION)).toMatchObject({ code: 'INVALID_CONFIGURATION' });
  });

  test.each([
    ['whose descriptor', (): ObjectKey => descriptorKey],
    ['whose manifest', (): ObjectKey => versionKey(API, 1)],
  ])('%s is of a newer format is refused kindly', async (_what, key) => {
    const { bytes } = far.objects.get(key()) ?? { bytes: Buffer.from('{}') };
    const newer = { ...(JSON.parse(bytes.toString()) as object), format: 99 };
    await far.domain.store.overwrite(key(), recordContent(newer));
    expect(await refusal(VERSION)).toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringMatching(/ is not understood: /),
      remedy: expect.stringContaining('cfn-artifacts bootstrap'),
    });
    await nothingIsHere();
  });

  test('in another partition is out of reach, and a bundle is the way', async () => {
    const china = VERSION.replace('arn:aws:', 'arn:aws-cn:').replace('eu-west-1', 'cn-north-1');
    expect(await refusal(china)).toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      remedy: expect.stringContaining('bundle'),
    });
    expect(roads.asked).toEqual([]);
  });

  test('is not this domain', async () => {
    expect(await refusal(formatArn({ ...HERE, ...API, version: 1 }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('content that is on its way out here', () => {
  test('is condemned no more', async () => {
    await here.domain.store.create(KEY, contentOf(TEXT));
    await condemn(here.domain, DIGEST);
    roads.close();
    expect(await fetch(DEFINITE)).toMatchObject({ arrival: 'reused' });
    expect((await readDeletion(here.domain.store, DIGEST))?.value.state).toBe('cancelled');
  });

  test('goes first where that is decided, and comes again from home', async () => {
    await here.domain.store.create(KEY, contentOf(TEXT));
    await condemn(here.domain, DIGEST);
    const old = here.objects.get(KEY)?.incarnation;
    const decided = await readDeletion(here.domain.store, DIGEST);
    if (decided === undefined) throw new TypeError('it is condemned');
    await here.domain.store.overwrite(deletionKey(DIGEST), recordContent({ ...decided.value, state: 'deleting' }));
    expect(await fetch(DEFINITE, FILE)).toMatchObject({ arrival: 'copied' });
    expect(here.objects.get(KEY)?.incarnation).not.toBe(old);
    expect((await readDeletion(here.domain.store, DIGEST))?.value.state).not.toBe('deleting');
  });
});
