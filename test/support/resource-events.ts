import { bind } from '../../repository/bind.ts';
import type { Operation, Wanted } from '../../repository/bind.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import type { Domain, ObjectStore } from '../../repository/index.ts';
import { release } from '../../repository/release.ts';

/** What became of the events of one resource. */
export interface Answered {
  /** The store, without waiting for a turn. */
  readonly store: ObjectStore;
  readonly violations: Set<string>;
  /** RequestId → the generation that the event was answered with. */
  readonly answers: Map<string, string>;
}

export type EventOf = (domain: Domain, world: Answered) => Promise<void>;

/** Of a resource that uses one content at a time. An event is known by its RequestId (`R1` …), and by the second in which it was issued. */
export interface ResourceEvents {
  /** A Create, or an Update of what the event `after` was answered with. */
  readonly want: (text: string, second: number, after?: { readonly event: string; readonly had: string }) => EventOf;
  /** A Delete of what an event was answered with; of nothing in particular where CloudFormation never got an answer. */
  readonly drop: (second: number, event?: string) => EventOf;
}

/** What CloudFormation may send for a resource. @param wantedOf what a resource wants that uses some content */
export function resourceEvents(resource: StackResource, wantedOf: (text: string) => Wanted): ResourceEvents {
  return {
    want:
      (text, second, after) =>
      async (domain, { store, violations, answers }) => {
        const current = after === undefined ? undefined : (answers.get(after.event) ?? after.event);
        const requestId = `R${second}`;
        const operation: Operation = {
          ...{ resource, stackId: 'stack', requestId, issued: issuedAt(second), pinned: false },
          ...(current !== undefined && { current }),
          replaces: after !== undefined && after.had !== text,
        };
        const wanted = wantedOf(text);
        const generation = await bind(domain, operation, [wanted]);
        // The first answer is the one that counts.
        if (!answers.has(requestId)) answers.set(requestId, generation);
        if ((await store.head(wanted.key)) === undefined) violations.add('answered without content');
      },
    drop:
      (second, event) =>
      async (domain, { answers }) => {
        const generation = event === undefined ? undefined : (answers.get(event) ?? event);
        const request = { resource, requestId: `D${second}`, issued: issuedAt(second) };
        await release(domain.store, { ...request, ...(generation !== undefined && { generation }) }, domain);
      },
  };
}

function issuedAt(second: number): string {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
}
