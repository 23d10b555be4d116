import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { bodyOf } from '../../handler/reference/answer.ts';
import { askedOf } from '../../handler/reference/event.ts';
import type { EventMembers } from '../support/custom-resource-event.ts';
import { EventSource } from '../support/custom-resource-event.ts';

const PACKAGE = createRequire(import.meta.url).resolve('cfn-response');

interface Sent {
  readonly options: {
    readonly hostname: string;
    readonly port: number;
    readonly path: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, unknown>>;
  };
  readonly body: string;
}

/** What the package would send. It knows port 443 alone, so the request is taken from it where it leaves for the network. */
function sentByPackage(event: EventMembers, status: string, data: object | undefined, physicalId: string): Sent {
  const script = `
    const https = require('node:https');
    const sent = {};
    https.request = (options) => {
      sent.options = options;
      return { on() {}, write: (body) => { sent.body = body; }, end: () => process.stdout.write(JSON.stringify(sent)) };
    };
    console.log = () => undefined;
    const { event, status, data, physicalId } = JSON.parse(process.argv[1]);
    require(${JSON.stringify(PACKAGE)}).send(event, { logStreamName: 'stream', done() {} }, status, data, physicalId);
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['-e', script, JSON.stringify({ event, status, data, physicalId })],
    { encoding: 'utf8' },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Sent;
}

const EVENT = new EventSource({
  base: 'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com',
}).create({});
const DATA = { Bucket: 'b', Key: 'blobs/x', Size: '7' };

describe('for the same input as cfn-response sends', () => {
  test('a success has the same members with the same values, but no reason', () => {
    const theirs = JSON.parse(sentByPackage(EVENT, 'SUCCESS', DATA, 'id').body) as Record<string, unknown>;
    const ours = JSON.parse(
      bodyOf(askedOf(EVENT), { status: 'SUCCESS', physicalId: 'id', data: DATA }).toString(),
    ) as Record<string, unknown>;
    const { Reason: reason, ...members } = theirs;
    expect(ours).toEqual(members);
    // A success needs none; theirs tells people of a log.
    expect(reason).toBe('See the details in CloudWatch Log Stream: stream');
  });

  test('a failure has the same members in the same order, and a reason of its own', () => {
    const theirs = JSON.parse(sentByPackage(EVENT, 'FAILED', undefined, 'id').body) as Record<string, unknown>;
    const ours = JSON.parse(
      bodyOf(askedOf(EVENT), { status: 'FAILED', physicalId: 'id', reason: 'gone' }).toString(),
    ) as Record<string, unknown>;
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    expect(ours).toEqual({ ...theirs, Reason: 'gone' });
  });

  test('the request is a PUT to the same host and path, of as many bytes', () => {
    const { options, body } = sentByPackage(EVENT, 'SUCCESS', DATA, 'id');
    const url = new URL(String(EVENT['ResponseURL']));
    expect({ ...options, headers: undefined }).toEqual({
      ...{ hostname: url.hostname, port: 443, path: `${url.pathname}${url.search}`, method: 'PUT', headers: undefined },
    });
    expect(options.headers).toEqual({ 'content-type': '', 'content-length': Buffer.byteLength(body) });
  });
});

test('what makes it no dependency: it counts characters as bytes, and knows one port', () => {
  const event = { ...EVENT, ResponseURL: 'https://127.0.0.1:8443/a?b' };
  const { options, body } = sentByPackage(event, 'SUCCESS', { Name: 'ü' }, 'id');
  expect(options.headers['content-length']).toBe(Buffer.byteLength(body) - 1);
  expect(options.port).toBe(443);
  expect(bodyOf(askedOf(event), { status: 'SUCCESS', physicalId: 'id', data: { Name: 'ü' } }).toString()).toContain(
    'ü',
  );
});
