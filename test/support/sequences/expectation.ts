import { generationOf } from '../../../repository/physical-id.ts';
import { parseArn, parseStackId } from '../../../repository/index.ts';
import type { ArtifactArn, Digest, ObjectKey, ObjectStore } from '../../../repository/index.ts';
import { consumerKey, stackReferenceKey } from '../../../repository/keys.ts';
import type { Stack, StackEvent } from '../stack-engine/engine.ts';

/** What CloudFormation knows of, as records of the domain. */
export interface Needed {
  readonly reference: ObjectKey;
  readonly consumer: ObjectKey;
  readonly blob: ObjectKey;
  readonly digest: Digest;
  readonly arn: ArtifactArn;
}

/** Of a stack that is on its way out nothing need be left, and something may be; of a rollback that failed, CloudFormation's own books are between two states. */
const UNDECIDED = /DELETE|^ROLLBACK|FAILED/;

/** What is deployed, and must be recorded. */
export function neededBy(stacks: readonly Stack[]): readonly Needed[] {
  const settled = stacks.filter(({ status, root }) => !UNDECIDED.test(status) && !UNDECIDED.test(root.status));
  return settled.flatMap(({ id, resources }) => {
    const stack = parseStackId(id);
    if (stack === undefined) throw new Error(`no stack ID: ${id}`);
    return [...resources.values()].flatMap(({ type, logicalId, physicalId, properties, attributes }) => {
      const generation = generationOf(physicalId ?? '');
      // One that was not made has no attributes.
      if (type !== 'Custom::ArtifactRef' || generation === undefined || attributes['Bucket'] === undefined) return [];
      const resource = { ...stack, logicalId };
      return usesIn(properties).map(({ digest, key, arn }) => ({
        reference: stackReferenceKey(digest, resource, generation),
        consumer: consumerKey(resource, generation, digest),
        ...{ blob: key, digest, arn },
      }));
    });
  });
}

function usesIn(
  properties: Readonly<Record<string, unknown>>,
): readonly (Pick<Needed, 'arn' | 'digest'> & { readonly key: ObjectKey })[] {
  const {
    ArtifactArn: Arn,
    ArtifactArns: many,
    Key,
  } = properties as {
    readonly [name in 'ArtifactArn' | 'Key']?: string;
  } & { readonly ArtifactArns?: readonly { readonly Arn: string; readonly Key: string }[] };
  return (many ?? [{ Arn: Arn ?? '', Key: Key ?? '' }]).map((one) => {
    const arn = parseArn(one.Arn);
    return { arn, digest: arn.digest as Digest, key: one.Key as ObjectKey };
  });
}

/** UUIDs of stacks that are stuck half way: of their records nobody can say yet whether they are needed. */
export function failedStacks(stacks: readonly Stack[]): ReadonlySet<string> {
  const failed = stacks.filter(({ status, root }) => /FAILED$/.test(status) || /FAILED$/.test(root.status));
  return new Set(failed.map(({ id }) => uuidOf(id)));
}

/** What may be left over because CloudFormation itself loses sight of it: an audit finds it. */
export class Leaks {
  /** Stacks, by their UUIDs. */
  readonly #stacks = new Set<string>();
  /** Resources, as `uuid/logical ID`: whatever an Update bound of which CloudFormation never heard. */
  readonly #updates = new Set<string>();
  /** Resources whose Delete with an invented ID failed. */
  readonly #resources = new Set<string>();
  readonly #generations = new Set<string>();

  /** Everything below this stack. */
  addStack(root: Stack, stacks: readonly Stack[]): void {
    for (const one of stacks) if (one.root === root) this.#stacks.add(uuidOf(one.id));
  }

  addEvents(events: readonly StackEvent[], stacks: readonly Stack[]): void {
    for (const { type, stackId, logicalId, physicalId, status, reason = '' } of events) {
      const resource = `${uuidOf(stackId)}/${logicalId}`;
      if (type === 'AWS::CloudFormation::Stack' && status === 'DELETE_FAILED') {
        const stack = stacks.find(({ id }) => id === physicalId);
        if (stack?.parent !== undefined) this.#stacks.add(uuidOf(physicalId));
      }
      if (type !== 'Custom::ArtifactRef') continue;
      if (status === 'UPDATE_FAILED' && /update cancelled|did not receive/.test(reason)) this.#updates.add(resource);
      if (status === 'DELETE_FAILED') {
        const generation = generationOf(physicalId);
        if (generation === undefined) this.#resources.add(resource);
        else this.#generations.add(generation);
      }
    }
  }

  /** @param isUpdate tells of a generation whether an Update made it */
  allows(
    { uuid, logicalId, generation }: { readonly uuid: string; readonly logicalId: string; readonly generation: string },
    isUpdate: (generation: string) => boolean,
  ): boolean {
    const resource = `${uuid}/${logicalId}`;
    return (
      this.#stacks.has(uuid) ||
      this.#resources.has(resource) ||
      this.#generations.has(generation) ||
      (this.#updates.has(resource) && isUpdate(generation))
    );
  }
}

function uuidOf(stackId: string): string {
  return stackId.slice(stackId.lastIndexOf('/') + 1);
}

export interface Recorded {
  /** `references/…/stack/…` */
  readonly references: readonly string[];
  readonly consumers: readonly string[];
  /** Generations of bindings that published versions go on needing. */
  readonly retained: readonly string[];
}

export async function recordedIn(store: ObjectStore): Promise<Recorded> {
  const references: string[] = [];
  const retained: string[] = [];
  for await (const { key } of store.list('references/')) {
    const [, , kind, consumer] = key.split('/');
    if (kind === 'stack') references.push(key);
    if (kind === 'named' && consumer === 'retained') retained.push(key.slice(key.lastIndexOf('/') + 1));
  }
  const consumers: string[] = [];
  for await (const { key } of store.list('consumers/')) consumers.push(key);
  return { references, consumers, retained };
}
