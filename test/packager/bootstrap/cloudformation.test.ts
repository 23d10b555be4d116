import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CloudFormation } from '../../../packager/bootstrap/cloudformation.ts';
import { newestEvent, Patience, watch } from '../../../packager/bootstrap/operation.ts';
import { awsAccess } from '../../../packager/aws/access.ts';
import { WITHOUT_FILES } from '../../support/aws-environment.ts';
import { steadyChance } from '../../support/chance.ts';
import { knowEveryError } from '../../support/realm.ts';

/** Answers in pages, as long ones come. */

knowEveryError();

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/cfn-artifacts/1';
/** Events of a page, resources of a page. */
const PAGE = 3;

let server: Server;
let cloud: CloudFormation;
let asked: URLSearchParams[];
/** Newest first: logical ID and status. */
let events: (readonly [id: string, status: string])[];

beforeEach(async () => {
  asked = [];
  events = [];
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(pieces).toString());
      asked.push(form);
      const action = form.get('Action') ?? '';
      const begin = Number(form.get('NextToken') ?? 0);
      const body = action === 'DescribeStackEvents' ? eventsXml(begin) : changesXml(begin);
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(`<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const env = {
    ...WITHOUT_FILES,
    ...{ AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1' },
    AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  cloud = await CloudFormation.of(await awsAccess({ verifySsl: true, env }), { stack: 'cfn-artifacts' });
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function eventsXml(begin: number): string {
  const members = events.slice(begin, begin + PAGE).map(([id, status], index) => {
    const physicalId = id === 'stack' ? STACK_ID : id;
    const number = events.length - begin - index;
    return `<member><EventId>${number}</EventId><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceType>T</ResourceType><ResourceStatus>${status}</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`;
  });
  return `<StackEvents>${members.join('')}</StackEvents>${next(begin, events.length)}`;
}

const CHANGES = 7;

function changesXml(begin: number): string {
  const members = Array.from({ length: CHANGES }, (_, index) => index)
    .slice(begin, begin + PAGE)
    .map(
      (index) =>
        `<member><Type>Resource</Type><ResourceChange><Action>Add</Action><LogicalResourceId>R${index}</LogicalResourceId><ResourceType>T</ResourceType></ResourceChange></member>`,
    );
  return `<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>${members.join('')}</Changes>${next(begin, CHANGES)}`;
}

function next(begin: number, length: number): string {
  return begin + PAGE < length ? `<NextToken>${begin + PAGE}</NextToken>` : '';
}

test('a change set has all its changes', async () => {
  const { changes = [] } = (await cloud.describeChangeSet('c')) ?? {};
  expect(changes.map(({ logicalId }) => logicalId)).toEqual(Array.from({ length: CHANGES }, (_, index) => `R${index}`));
});

describe('an operation', () => {
  const happened = (...lines: string[]): (readonly [string, string])[] =>
    lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']);
  const OPERATION = happened(
    ...['stack UPDATE_IN_PROGRESS', 'A UPDATE_IN_PROGRESS', 'B UPDATE_IN_PROGRESS', 'A UPDATE_COMPLETE'],
    ...['B UPDATE_COMPLETE', 'stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'stack UPDATE_COMPLETE'],
  );
  const EARLIER = happened(
    'stack CREATE_IN_PROGRESS',
    'A CREATE_COMPLETE',
    'B CREATE_COMPLETE',
    'stack CREATE_COMPLETE',
  );

  test.each([true, false])(
    'is told event by event, each once, and none of an earlier one (mark: %p)',
    async (hasMark) => {
      events = EARLIER.toReversed();
      const mark = hasMark ? await newestEvent(cloud, STACK_ID) : undefined;
      const told: string[] = [];
      let shown = hasMark ? 0 : 2;
      // At each look one more has happened.
      // At each look one more has happened.
      const chance = {
        ...steadyChance(),
        pause: async () => {
          show();
        },
      };
      const show = (): void => {
        shown += 1;
        events = [...EARLIER, ...OPERATION.slice(0, shown)].toReversed();
      };
      if (!hasMark) show();
      const { status, events: all } = await watch(cloud, STACK_ID, mark, {
        patience: new Patience(chance),
        tell: ({ logicalId, status: what }) => told.push(`${logicalId} ${what}`),
      });
      expect(status).toBe('UPDATE_COMPLETE');
      expect(told).toEqual(OPERATION.map((event) => event.join(' ')));
      expect(all.map(({ logicalId }) => logicalId)).toEqual(OPERATION.map(([id]) => id));
    },
  );

  test('is looked for no further back than it began', async () => {
    events = [...EARLIER, ...EARLIER, ...EARLIER, ...OPERATION].toReversed();
    await watch(cloud, STACK_ID, undefined, { patience: new Patience(steadyChance()), tell: () => undefined });
    expect(asked.map((form) => form.get('NextToken'))).toEqual([null, '3', '6']);
  });

  test('waits no longer than its signal', async () => {
    events = [['stack', 'UPDATE_IN_PROGRESS']];
    const ending = new AbortController();
    const never = { ...steadyChance(), pause: () => new Promise<void>(() => undefined) };
    const watching = watch(cloud, STACK_ID, undefined, {
      patience: new Patience(never, ending.signal),
      tell: () => {
        ending.abort(new Error('enough'));
      },
    });
    await expect(watching).rejects.toThrow('enough');
  });
});
