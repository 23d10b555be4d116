import { expect, test } from '@jest/globals';
import { startS3Server } from '../../support/s3-server.ts';
import { lineStage } from '../../support/wire/on-line.ts';
import { serverStage } from '../../support/wire/on-server.ts';
import { playHistories } from '../../support/wire/play.ts';

/** Deletion over HTTP: the adapter of S3 before the S3 server of this project, several processes at a time. */

test('on a server with faults nothing that was acknowledged is lost, and in the end nothing is left', async () => {
  const stage = await serverStage(1);
  const title = 'wire, on the S3 server with faults';
  const { violations, tally, unseen } = await playHistories({ title, stage, histories: 6, rounds: 12 });
  expect(violations).toEqual([]);
  expect(unseen).toEqual([]);
  expect(tally.of('round')).toBe(72);
  expect(tally.lacking).toEqual([]);
});

test('nor is it where requests are lost, late, repeated and overtaken on the way there', async () => {
  const server = await startS3Server();
  const stage = await lineStage(server.endpoint, 2, server.clientConfig().credentials);
  const title = 'wire, to the S3 server through an unreliable line';
  const { violations, tally, unseen } = await playHistories({ title, stage, histories: 4, rounds: 9 });
  await server.close();
  expect(violations).toEqual([]);
  expect(unseen).toEqual([]);
  expect(tally.of('round')).toBe(36);
  expect(tally.lacking).toEqual([]);
});
