import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bodyOf } from '../../handler/reference/answer.ts';
import { STACK_ID } from '../support/custom-resource-event.ts';

const ASKED = { url: 'https://host/', stackId: STACK_ID, requestId: 'r1', logicalId: 'Api', physicalId: '' };
const ECHO = { StackId: STACK_ID, RequestId: 'r1', LogicalResourceId: 'Api' };

function parsed(body: Buffer): { readonly Status: string; readonly Reason?: string } {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as { Status: string };
}

test('a success has its data, and no reason', () => {
  expect(parsed(bodyOf(ASKED, { status: 'SUCCESS', physicalId: 'id', data: { Key: 'k' } }))).toEqual({
    ...ECHO,
    Status: 'SUCCESS',
    PhysicalResourceId: 'id',
    Data: { Key: 'k' },
  });
});

test('a failure has its reason, and no data', () => {
  expect(parsed(bodyOf(ASKED, { status: 'FAILED', physicalId: 'id', reason: 'gone' }))).toEqual({
    ...ECHO,
    Status: 'FAILED',
    Reason: 'gone',
    PhysicalResourceId: 'id',
  });
});

test('any reason fits, cut behind a whole character, and never empty', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 6000, size: 'max' }), (reason) => {
      const body = bodyOf(ASKED, { status: 'FAILED', physicalId: 'x'.repeat(1024), reason });
      expect(body.byteLength).toBeLessThanOrEqual(4096);
      const { Reason = '' } = parsed(body);
      expect(Reason).not.toBe('');
      expect(Reason === reason || (Reason.endsWith('…') && reason.startsWith(Reason.slice(0, -1)))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('as much of a reason is kept as there is room for', () => {
  const body = bodyOf(ASKED, { status: 'FAILED', physicalId: 'id', reason: 'x'.repeat(5000) });
  expect(body.byteLength).toBe(4096);
});

test('a reason of four-byte characters is not cut within one', () => {
  const { Reason = '' } = parsed(bodyOf(ASKED, { status: 'FAILED', physicalId: 'id', reason: '😀'.repeat(2000) }));
  expect(Reason).toMatch(/^(?:😀)+…$/u);
});

test('attributes that do not fit are a failure that says so', () => {
  const body = bodyOf(ASKED, { status: 'SUCCESS', physicalId: 'id', data: { Url: 'ü'.repeat(2048) } });
  expect(body.byteLength).toBeLessThanOrEqual(4096);
  expect(parsed(body)).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: 'id',
    Reason: expect.stringContaining('longer'),
  });
});
