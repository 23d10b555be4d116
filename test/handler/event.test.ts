import { describe, expect, test } from '@jest/globals';
import { askedOf, parseEvent } from '../../handler/reference/event.ts';
import { EventSource, STACK_ID } from '../support/custom-resource-event.ts';

const ARRIVAL = new Date('2026-05-05T05:05:05.005Z');
const create = new EventSource().create({ ArtifactArn: 'x' });
const update = new EventSource().update('id', { a: '1' }, { a: '2' });

test('a Create', () => {
  expect(parseEvent(create, ARRIVAL)).toEqual({
    requestType: 'Create',
    resourceType: 'Custom::ArtifactRef',
    url: create['ResponseURL'],
    stackId: STACK_ID,
    requestId: create['RequestId'],
    logicalId: 'ApiArtifact',
    physicalId: '',
    resource: {
      account: '111122223333',
      region: 'us-east-1',
      stack: 'shop',
      uuid: '6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1',
      logicalId: 'ApiArtifact',
    },
    issued: '2026-01-01T00:00:01.000Z',
    properties: create['ResourceProperties'],
    oldProperties: undefined,
  });
});

test('an Update has an ID and old properties', () => {
  const { physicalId, properties, oldProperties } = parseEvent(update, ARRIVAL);
  expect({ physicalId, properties, oldProperties }).toMatchObject({
    physicalId: 'id',
    properties: { a: '1' },
    oldProperties: { a: '2' },
  });
});

describe('the issue time', () => {
  const issuedOf = (query: string): string =>
    parseEvent({ ...create, ResponseURL: `https://host/path?${query}` }, ARRIVAL).issued;

  test('is that of the signature, wherever it stands in the URL', () => {
    expect(issuedOf('X-Amz-Signature=1&X-Amz-Date=20260203T040506Z')).toBe('2026-02-03T04:05:06.000Z');
  });

  test('of Signature Version 2 is two hours before the end', () => {
    expect(issuedOf('AWSAccessKeyId=A&Expires=1767233106&Signature=s')).toBe('2026-01-01T00:05:06.000Z');
  });

  test('is no time to come: nothing could follow it', () => {
    expect(issuedOf('X-Amz-Date=99991231T235959Z')).toBe(ARRIVAL.toISOString());
    expect(issuedOf('Expires=99999999999')).toBe(ARRIVAL.toISOString());
  });

  test.each(['', 'X-Amz-Date=20261399T999999Z', 'X-Amz-Expires=7200', 'Expires=soon'])(
    "of '%s' is the arrival",
    (query) => {
      expect(issuedOf(query)).toBe(ARRIVAL.toISOString());
    },
  );
});

describe('malformed', () => {
  test.each([
    ['RequestType', 'Destroy'],
    ['RequestType', undefined],
    ['StackId', 'arn:aws:cloudformation:us-east-1:111122223333:stack/shop'],
    ['StackId', 'arn:aws:cloudformation:us-east-1:1111:stack/shop/uuid'],
    ['StackId', `arn:aws:cloudformation:us-east-1:111122223333:stack/../uuid`],
    ['StackId', 7],
    ['LogicalResourceId', 'a/b'],
    ['LogicalResourceId', ''],
    ['RequestId', '../..'],
    ['RequestId', 'x'.repeat(129)],
    ['RequestId', { no: 'text' }],
  ])('%s %j', (member, value) => {
    const event = { ...create, [member]: value };
    expect(() => parseEvent(event, ARRIVAL)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => parseEvent(event, ARRIVAL)).toThrow(member);
    // It can be answered all the same.
    expect(askedOf(event).url).toBe(create['ResponseURL']);
  });

  test('an Update or a Delete without an ID', () => {
    expect(() => parseEvent({ ...update, PhysicalResourceId: '' }, ARRIVAL)).toThrow('PhysicalResourceId');
  });

  test.each([
    undefined,
    null,
    'text',
    [],
    {},
    { ...create, ResponseURL: 'http://host/' },
    { ...create, ResponseURL: 7 },
  ])('what can not be answered: %j', (event) => {
    expect(() => askedOf(event)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
