import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { S3Server } from '../support/s3-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import { ref, template } from './records.ts';

let s3: S3Server;
let engine: StackEngine;

beforeEach(async () => {
  s3 = await startS3Server({ secureTransport: false });
  s3.createBucket('bucket');
  const { region, credentials } = s3.clientConfig();
  const environment = {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const file = path.join(import.meta.dirname, 'fixtures/sdk.cjs');
  engine = await StackEngine.start({ functions: { records: { file, endpoint: s3.endpoint, environment } } });
});

afterEach(async () => {
  await engine.settle();
  await engine.stop();
  await s3.close();
});

const text = template({ Ref: ref('a') }, { Outputs: { Text: { Value: { 'Fn::GetAtt': 'Ref.Text' } } } });

test('the SDK of the runtime reaches the store through the gate, its signatures intact', async () => {
  const outcome = await engine.deploy('shop', text);
  expect(outcome.outputs).toEqual({ Text: 'written' });
  await engine.deleteStack('shop');
  expect(s3.requests.map(({ operation, status }) => `${operation} ${String(status)}`)).toEqual([
    'PutObject 200',
    'GetObject 200',
    'DeleteObject 204',
  ]);
});

test('killed after its first request, it finds on the second run what it wrote on the first', async () => {
  const faults = [{ on: 'Create', does: { kind: 'kill', request: 1, moment: 'after' } }] as const;
  expect((await engine.deploy('shop', text, { faults })).outputs).toEqual({ Text: 'written' });
  await engine.settle();
  expect(s3.requests.map(({ operation, status }) => `${operation} ${String(status)}`)).toEqual([
    'PutObject 200',
    'PutObject 412',
    'GetObject 200',
  ]);
});
