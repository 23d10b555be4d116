import type { Digest } from './digest.ts';
import type { ForeignPlace } from './keys.ts';
import { consumerKey, consumersPrefix, parseConsumerKey, stackReferenceKey } from './keys.ts';
import type { ObjectKey, ObjectStore } from './object-store.ts';
import { objectKey } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord } from './record.ts';
import type { StackResource } from './stack-id.ts';

/** One artifact that a resource uses. */
export interface Use {
  /** Definite; of content that was named by its digest alone, without a version. */
  readonly arn: string;
  readonly key: ObjectKey;
  /** The bookmark that chose the version: `repository/id^name`. */
  readonly resolvedFrom?: string;
}

/**
 * What stands under `references/` and under `consumers/` for one blob that one binding uses. A binding is everything that one physical ID of the
 * resource stands for; its generation, the RequestId of the event that made it, is never used again.
 */
export interface BindingRecord {
  readonly format: number;
  readonly generation: string;
  /** When CloudFormation issued the latest operation that wanted it, ISO 8601. A Delete that was issued before that leaves it. */
  readonly issued: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** What of this blob is used; several where two versions have the same content. */
  readonly uses: readonly Use[];
  /** The consumer reads the object for as long as it lives, and so do versions that it published. */
  readonly pinned?: true;
  /** Other domains that some of it is at home in: they are told of the reference. Absent: all of it is at home here. */
  readonly homes?: readonly ForeignPlace[];
}

export type BindingName = Pick<BindingRecord, 'generation'> & { readonly resource: StackResource };

/** The two records of one blob. The reference protects it; the consumer's entry finds the reference again. */
export interface BindingKeys {
  readonly digest: Digest;
  readonly reference: ObjectKey;
  readonly consumer: ObjectKey;
}

/** Where the two records of a binding stand for one of its blobs. Says nothing of whether they are there. */
export function bindingKeys({ resource, generation }: BindingName, digest: Digest): BindingKeys {
  return {
    digest,
    reference: stackReferenceKey(digest, resource, generation),
    consumer: consumerKey(resource, generation, digest),
  };
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export function readBindingRecord(store: ObjectStore, key: ObjectKey): Promise<Stored<BindingRecord> | undefined> {
  return readRecord(store, key, (value) => {
    const { format, generation, issued, at, stackId, logicalId, uses, pinned, homes } = value;
    if (typeof format !== 'number' || typeof generation !== 'string' || typeof issued !== 'string') return undefined;
    if (typeof at !== 'string' || typeof stackId !== 'string' || typeof logicalId !== 'string') return undefined;
    const read = readUses(uses);
    if (read === undefined) return undefined;
    return {
      ...{ format, generation, issued, at, stackId, logicalId },
      uses: read,
      ...(pinned === true && { pinned }),
      ...(Array.isArray(homes) && { homes: homes.filter(isPlace).map(({ account, region }) => ({ account, region })) }),
    };
  });
}

/** `undefined` where a record has something else there. */
export function readUses(value: unknown): readonly Use[] | undefined {
  if (!Array.isArray(value) || !value.every(isUse)) return undefined;
  return value.map(({ arn, key, resolvedFrom }) => ({
    ...{ arn, key: objectKey(key) },
    ...(resolvedFrom !== undefined && { resolvedFrom }),
  }));
}

function isPlace(value: unknown): value is ForeignPlace {
  const { account, region } = (value ?? {}) as Partial<Record<keyof ForeignPlace, unknown>>;
  return typeof account === 'string' && typeof region === 'string';
}

function isUse(value: unknown): value is Use {
  if (typeof value !== 'object' || value === null) return false;
  const { arn, key, resolvedFrom } = value as Partial<Record<keyof Use, unknown>>;
  return (
    typeof arn === 'string' &&
    typeof key === 'string' &&
    (resolvedFrom === undefined || typeof resolvedFrom === 'string')
  );
}

/** Every blob that the resource's bindings, or one of them, use. */
export async function* listBindings(
  store: ObjectStore,
  resource: StackResource,
  generation?: string,
): AsyncGenerator<BindingName & BindingKeys> {
  for await (const { key } of store.list(consumersPrefix(resource, generation))) {
    const found = parseConsumerKey(key);
    const name = { resource, generation: found.generation };
    yield { ...name, ...bindingKeys(name, found.digest) };
  }
}

/** ISO 8601 times of one precision sort as text. */
export function isLater(one: string, other: string): boolean {
  return one > other;
}
