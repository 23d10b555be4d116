import { bytesOf, contentOf } from './content.ts';
import type { Content } from './content.ts';
import { ArtifactError } from './error.ts';
import type { Incarnation, ObjectKey, ObjectStore, Revision } from './object-store.ts';
import { leaveBody } from './object-store.ts';

/** Records are small JSON objects. More than this is damage, or not ours. */
export const RECORD_LIMIT: number = 1024 * 1024;

export interface Stored<T> {
  readonly value: T;
  readonly revision: Revision;
  readonly incarnation: Incarnation;
  /** By the store's own clock. */
  readonly modified: Date;
}

/** A record as it is stored: one line of JSON. The same value, in the same order, is the same bytes. */
export function recordContent(value: object): Content {
  return contentOf(`${JSON.stringify(value)}\n`);
}

/**
 * @param check returns the value as its type, or undefined where it isn't one
 * @throws ArtifactError UNSUPPORTED_FORMAT where something else stands under the key
 */
export async function readRecord<T>(
  store: ObjectStore,
  key: ObjectKey,
  check: (value: Readonly<Record<string, unknown>>) => T | undefined,
): Promise<Stored<T> | undefined> {
  const object = await store.read(key);
  if (object === undefined) return undefined;
  if (object.size > RECORD_LIMIT) {
    await leaveBody(object);
    throw notARecord(key, 'it is too large');
  }
  const text = (await bytesOf(object.body)).toString('utf8');
  const value = check(parseObject(key, text));
  if (value === undefined) throw notARecord(key, 'members are missing or of another kind');
  return { value, revision: object.revision, incarnation: object.incarnation, modified: object.modified };
}

function parseObject(key: ObjectKey, text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw notARecord(key, 'it is no JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw notARecord(key, 'it is no JSON object');
  return parsed as Readonly<Record<string, unknown>>;
}

function notARecord(key: ObjectKey, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError(
    'UNSUPPORTED_FORMAT',
    `'${key}' in the store is not a record that this version understands: ${why}`,
    {
      remedy: 'It was damaged, or written by a newer version: update cfn-artifacts.',
      cause,
    },
  );
}
