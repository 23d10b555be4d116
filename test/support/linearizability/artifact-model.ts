import type { Status } from '../../../repository/status.ts';
import { isGone } from '../../../repository/status.ts';
import type { TargetStatus } from '../../../repository/status-change.ts';
import type { Model } from './checker.ts';

/** What somebody asks about a bookmark, or about the status of a version. */
export type Call =
  | { readonly does: 'set'; readonly number: number; readonly expected?: number }
  | { readonly does: 'unset'; readonly expected?: number }
  | { readonly does: 'get' }
  | { readonly does: 'change'; readonly number: number; readonly to: TargetStatus; readonly expected?: Status }
  | { readonly does: 'delete' | 'undelete' | 'look'; readonly number: number };

/** What came of it: an outcome, or the code of an error, and what was found. */
export interface Answer {
  readonly outcome: string;
  readonly from?: number | Status;
  readonly status?: Status;
}

export interface State {
  readonly bookmark?: number;
  /** By number. */
  readonly versions: Readonly<Record<number, { readonly status: Status; readonly was?: Status }>>;
}

/**
 * A bookmark and the statuses of what it may name, as if each operation were one step: registers with compare-and-swap. That both are in one model says more than that each is one
 * register: nobody may come to a state in which the bookmark names a version that is given up.
 */
export function artifactModel(initial: State): Model<State, Call, Answer> {
  return { initial, step };
}

function step(state: State, call: Call, answer: Answer | undefined): State | undefined {
  switch (call.does) {
    case 'get':
      return answer?.from === state.bookmark ? state : undefined;
    case 'set':
      return set(state, call, answer);
    case 'unset':
      return unset(state, call, answer);
    case 'look':
      // Who is about to give it up, or not, has not decided: that is no status of its own.
      return answer === undefined || answer.status === 'Deleting' || answer.status === statusOf(state, call.number)
        ? state
        : undefined;
    case 'change':
      return call.to === 'Disposed' ? giveUp(state, call, 'Disposed', answer) : change(state, call, answer);
    case 'delete':
      return giveUp(state, call, 'Deleted', answer);
    case 'undelete':
      return undelete(state, call, answer);
  }
}

type Of<Does extends Call['does']> = Extract<Call, { readonly does: Does }>;

function set(state: State, { number, expected }: Of<'set'>, answer: Answer | undefined): State | undefined {
  const { bookmark } = state;
  const isExpected = expected === undefined || expected === (bookmark ?? 0);
  const status = statusOf(state, number);
  switch (answer?.outcome) {
    case 'exists':
      return bookmark === number ? state : undefined;
    case 'STALE_REVISION':
      return isExpected || bookmark === number ? undefined : state;
    case 'ARTIFACT_ARCHIVED':
      return status === 'Archived' ? state : undefined;
    // Or somebody is just about to: then nothing is known.
    case 'ARTIFACT_DELETED':
      return state;
    case undefined:
    default: {
      const isPossible = isExpected && bookmark !== number && !isGone(status);
      const isRight = answer === undefined || answer.from === bookmark;
      return isPossible && isRight ? { ...state, bookmark: number } : undefined;
    }
  }
}

function unset(state: State, { expected }: Of<'unset'>, answer: Answer | undefined): State | undefined {
  const { bookmark, versions } = state;
  const isExpected = expected === undefined || expected === (bookmark ?? 0);
  switch (answer?.outcome) {
    case 'absent':
    case 'ARTIFACT_NOT_FOUND':
      return bookmark === undefined ? state : undefined;
    case 'STALE_REVISION':
      return bookmark === undefined || isExpected ? undefined : state;
    case undefined:
    default: {
      const isRight = answer === undefined || answer.from === bookmark;
      return bookmark !== undefined && isExpected && isRight ? { versions } : undefined;
    }
  }
}

function change(state: State, { number, to, expected }: Of<'change'>, answer: Answer | undefined): State | undefined {
  const status = statusOf(state, number);
  const isExpected = expected === undefined || expected === status;
  switch (answer?.outcome) {
    case 'exists':
      return status === to ? state : undefined;
    case 'STALE_REVISION':
      return isExpected || status === to ? undefined : state;
    case 'STATUS_NOT_ALLOWED':
      return isGone(status) ? state : undefined;
    case undefined:
    default: {
      const isRight = answer === undefined || answer.from === status;
      return isExpected && isRight && status !== to && !isGone(status) ? withStatus(state, number, to) : undefined;
    }
  }
}

function giveUp(
  state: State,
  { number }: Of<'delete' | 'undelete' | 'look'> | Of<'change'>,
  ending: 'Deleted' | 'Disposed',
  answer: Answer | undefined,
): State | undefined {
  const status = statusOf(state, number);
  switch (answer?.outcome) {
    // Or he was helped by another, and finds it done.
    case 'already':
    case 'exists':
      if (isGone(status)) return (answer.status ?? ending) === status ? state : undefined;
      break;
    case 'STATUS_NOT_ALLOWED':
      return isGone(status) ? state : undefined;
    // Somebody names it, or was about to: who is refused for that is refused rather once too often.
    case 'used':
      return state;
    case undefined:
    default:
  }
  if (isGone(status) || state.bookmark === number) return undefined;
  return withStatus(state, number, answer?.status ?? ending, status);
}

function undelete(
  state: State,
  { number }: Of<'delete' | 'undelete' | 'look'>,
  answer: Answer | undefined,
): State | undefined {
  const { status, was } = state.versions[number] ?? { status: 'Published' as const };
  if (answer?.outcome === 'not deleted') return answer.status === status && status !== 'Deleted' ? state : undefined;
  if (status !== 'Deleted' || was === undefined) return undefined;
  return answer === undefined || answer.status === was ? withStatus(state, number, was) : undefined;
}

function statusOf({ versions }: State, number: number): Status {
  return versions[number]?.status ?? 'Published';
}

function withStatus(state: State, number: number, status: Status, was?: Status): State {
  const version = { status, ...(was !== undefined && { was }) };
  return { ...state, versions: { ...state.versions, [number]: version } };
}
