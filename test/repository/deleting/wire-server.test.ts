import { expect, test } from '@jest/globals';
import { isNeeded } from '../../../repository/deleting/condemn.ts';
import { blobPrefix } from '../../../repository/keys.ts';
import { keysIn } from '../../support/keys-in.ts';
import { startS3Server } from '../../support/s3-server.ts';
import type { Collect } from '../../support/wire/acts.ts';
import { lineStage } from '../../support/wire/on-line.ts';
import { serverStage } from '../../support/wire/on-server.ts';
import { playHistories } from '../../support/wire/play.ts';

/** Deletion over HTTP: the adapter of S3 before the S3 server of this project, several processes at a time. */

const FILE = 'test/repository/deleting/wire-server.test.ts';

test('on a server with faults nothing that was acknowledged is lost, and in the end nothing is left', async () => {
  const stage = await serverStage(1);
  const { violations, tally } = await playHistories({ file: FILE, stage, histories: 8, rounds: 12 });
  expect(violations).toEqual([]);
  expect(tally.missing).toEqual([]);
}, 600_000);

test('nor is it where requests are lost, late, repeated and overtaken on the way there', async () => {
  const server = await startS3Server();
  const stage = await lineStage(server.endpoint, 2, server.clientConfig().credentials);
  const { violations } = await playHistories({ file: FILE, stage, histories: 3, rounds: 10 });
  await server.close();
  expect(violations).toEqual([]);
}, 600_000);

/** Looks for references and removes some time later, with no decision in between that anybody could see. */
const withoutADecision: Collect = async ({ store, chance }, digest, told) => {
  if (await isNeeded(store, digest)) return;
  await chance.pause(200);
  for (const key of await keysIn(store, blobPrefix(digest))) {
    for (const incarnation of await store.incarnations(key)) await store.removeIncarnation(key, incarnation);
  }
  told('deleted');
};

test('a collector that decides nothing is found out', async () => {
  const stage = await serverStage(3);
  const collect = withoutADecision;
  const { violations } = await playHistories({ file: FILE, stage, histories: 20, rounds: 12, collect });
  expect(violations.join('\n')).toMatch(/content .* is lost|without its content|content is not there/);
}, 600_000);
