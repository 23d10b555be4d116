import { isLater } from './binding.ts';
import { ArtifactError } from './error.ts';
import { endingKey, endingsPrefix } from './keys.ts';
import { objectKey } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import type { StackResource } from './stack-id.ts';

/**
 * That a Delete has been here. Written before anything is removed, so that an event that is still at work, or comes again, finds out that what it
 * does has ended. Expires after days, when nothing is delivered any more.
 */
export interface Ending {
  /** The generation that the Delete named; the Delete's own RequestId where it named none of ours. */
  readonly of: string;
  /** Latest issue time among the Deletes, ISO 8601. */
  readonly issued: string;
  /** RequestId → issue time as it was first seen: a Delete that is delivered again is no younger than it was. */
  readonly requests: Readonly<Record<string, string>>;
}

const TURNS = 20;

/**
 * @returns the time at which this Delete was issued, as far as is known from its first delivery
 * @throws ArtifactError CONTENTION; nothing may be removed before this is written
 */
export async function recordEnding(
  store: ObjectStore,
  resource: StackResource,
  of: string,
  request: { readonly requestId: string; readonly issued: string },
): Promise<string> {
  const { requestId, issued } = request;
  const key = endingKey(resource, of);
  for (let turn = 0; turn < TURNS; turn++) {
    const stored = await readEnding(store, key);
    const first = stored?.value.requests[requestId];
    if (first !== undefined) return first;
    const requests = { ...stored?.value.requests, [requestId]: issued };
    const latest = stored !== undefined && isLater(stored.value.issued, issued) ? stored.value.issued : issued;
    const content = recordContent({ of, issued: latest, requests } satisfies Ending);
    const outcome =
      stored === undefined ? await store.create(key, content) : await store.replace(key, content, stored.revision);
    if (outcome === 'created' || outcome === 'replaced') return issued;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

/**
 * Whether a Delete has ended an event. `its own`: one that named the generation which the event makes, or one with an invented ID that was issued later
 * and so meant everything before it. `another`: one that was issued later and named another binding, which the event does not replace: then the
 * event is an old one that comes again. What it makes only now is nobody's; but what it made when it came first may be deployed.
 */
export async function endedBy(
  store: ObjectStore,
  resource: StackResource,
  event: { readonly requestId: string; readonly issued: string; readonly replaces?: string },
): Promise<'its own' | 'another' | undefined> {
  let found: 'another' | undefined;
  for await (const { key } of store.list(endingsPrefix(resource))) {
    const of = key.slice(key.lastIndexOf('/') + 1);
    if (of === event.requestId) return 'its own';
    if (of === event.replaces) continue;
    const ending = await readEnding(store, key);
    if (ending === undefined || !isLater(ending.value.issued, event.issued)) continue;
    if (of in ending.value.requests) return 'its own';
    found = 'another';
  }
  return found;
}

/** That of a generation, or of a Delete which named none of ours. */
export function readEndingOf(
  store: ObjectStore,
  resource: StackResource,
  of: string,
): Promise<Stored<Ending> | undefined> {
  return readEnding(store, endingKey(resource, of));
}

function readEnding(store: ObjectStore, key: string): Promise<Stored<Ending> | undefined> {
  return readRecord(store, objectKey(key), ({ of, issued, requests }) =>
    typeof of === 'string' && typeof issued === 'string' && typeof requests === 'object' && requests !== null
      ? { of, issued, requests: requests as Readonly<Record<string, string>> }
      : undefined,
  );
}
