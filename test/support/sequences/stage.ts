import { readDeletion } from '../../../repository/deletion.ts';
import type { ObjectKey, ObjectStore } from '../../../repository/index.ts';
import { parseBlobKey } from '../../../repository/keys.ts';
import type { InProcessFunction, InvocationContext, LambdaFunction } from '../stack-engine/engine.ts';
import { gatedStore } from '../stack-engine/gated-store.ts';
import { EXPORT } from '../answered-evidence.ts';
import type { StoreFaults } from './faulty-store.ts';
import { REFERENCE } from './template.ts';

export const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333', bucket: 'artifacts' } as const;

/** What a sequence is played on. */
export interface Stage {
  readonly store: ObjectStore;
  /** The reference function, which serves that store. */
  readonly reference: LambdaFunction;
  /** Of a store in this process: told of its clock, and of what may go wrong. Absent: its clock is the real one, and its faults are its own. */
  readonly begin?: (around: Around) => void;
  readonly close?: () => Promise<void>;
}

/** What a store in this process lives in. */
export interface Around {
  readonly now: () => Date;
  readonly faults: StoreFaults;
}

export const DOMAIN_TEMPLATE: string = JSON.stringify({
  Resources: { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
  Outputs: { Token: { Value: REFERENCE, Export: { Name: EXPORT } } },
});

/** Lets others act. */
export async function idle(turns: number, context: InvocationContext): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await context.request();
}

/** Tells of blobs that went. */
export function watched(store: ObjectStore, removed: (key: ObjectKey, since: Date | undefined) => void): ObjectStore {
  return {
    // Its methods, wherever they stand.
    ...gatedStore(store, { request: () => Promise.resolve() }),
    removeIncarnation: async (key, incarnation) => {
      const isBlob = key.startsWith('blobs/');
      const was = isBlob && (await store.head(key)) !== undefined;
      const deletion = was ? (await readDeletion(store, parseBlobKey(key).digest))?.value : undefined;
      await store.removeIncarnation(key, incarnation);
      if (was && (await store.head(key)) === undefined)
        removed(key, deletion === undefined ? undefined : new Date(deletion.since));
    },
  };
}

/** A resource of somebody else's: its creation fails, some time later. */
export const failing: InProcessFunction = {
  run: async (event: Readonly<Record<string, string>> & { ResourceProperties: { After: string } }, context) => {
    const { RequestType, StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'failing' } = event;
    const isCreate = RequestType === 'Create';
    if (isCreate) await idle(Number(event.ResourceProperties.After), context);
    const told = { StackId, RequestId, LogicalResourceId, PhysicalResourceId };
    const outcome = isCreate ? { Status: 'FAILED', Reason: 'fails on purpose' } : { Status: 'SUCCESS' };
    const body = Buffer.from(JSON.stringify({ ...outcome, ...told }));
    await context.put(event['ResponseURL'] ?? '', { 'Content-Length': String(body.length) }, body);
  },
};
