import { ArtifactError } from '../repository/error.ts';

/**
 * What a check came to. `problem`: a promise of the domain is broken, content could be lost or deploys fail. `warning`: it works, and could be better.
 * `unknown`: it could not be looked at. `skipped`: there is nothing to look at here.
 */
export const STATUSES = ['ok', 'problem', 'warning', 'unknown', 'skipped'] as const;
export type Status = (typeof STATUSES)[number];

export interface Finding {
  readonly severity: 'problem' | 'warning';
  /** Lower case, no full stop: what is wrong, its subject in single quotes. */
  readonly message: string;
  /** What to do: a full sentence, or a command. */
  readonly remedy: string;
  /** For programs: the rule, the statement, what was expected. */
  readonly details?: object;
}

/** A promise of the domain is broken. What the members are to say stands at Finding. */
export function problem(message: string, remedy: string, details?: object): Finding {
  return { severity: 'problem', message, remedy, ...(details !== undefined && { details }) };
}

/** It works, and could be better. What the members are to say stands at Finding. */
export function warning(message: string, remedy: string, details?: object): Finding {
  return { severity: 'warning', message, remedy, ...(details !== undefined && { details }) };
}

export interface Result {
  readonly id: string;
  /** What was asked, as the sentence that holds where all is well. */
  readonly asks: string;
  readonly status: Status;
  readonly findings: readonly Finding[];
  /** Why it is `unknown` or `skipped`. */
  readonly reason?: string;
  /** What to do about an `unknown`. */
  readonly remedy?: string;
  /** Where access is denied: all actions of AWS that the answer needs, one of which is missing. */
  readonly missing?: readonly string[];
}

/**
 * One entry of a table of checks. It judges answers and asks nothing itself.
 * @typeParam A every answer that can be had, by name
 */
export interface Check<A> {
  readonly id: string;
  readonly asks: string;
  /** Answers without which nothing can be said. */
  readonly needs: readonly (keyof A & string)[];
  /** Answers that are taken into account where they can be had. */
  readonly regards: readonly (keyof A & string)[];
  readonly judge: (answers: A) => readonly Finding[];
}

interface Spec<A, N extends keyof A & string, R extends keyof A & string> {
  readonly id: string;
  readonly asks: string;
  readonly needs: readonly N[];
  readonly regards?: readonly R[];
  readonly judge: (answers: Pick<A, N> & Partial<Pick<A, R>>) => readonly Finding[];
}

/** Makes entries of a table: each judges with the answers that it names, and with no other. */
export function checksOn<A>(): <N extends keyof A & string, R extends keyof A & string = never>(
  spec: Spec<A, N, R>,
) => Check<A> {
  return ({ judge, regards = [], ...spec }) => ({ ...spec, regards, judge });
}

/** Why a question makes no sense here: what it is about is not there, or is not asked for. */
export class DoesNotApply extends Error {}

/** Asks one question; the same one is answered once, however often it is asked. */
export type Ask<A> = <K extends keyof A & string>(name: K) => Promise<A[K]>;

/** One asking for each question. */
export function askingOnce<A>(questions: { readonly [K in keyof A]: () => Promise<A[K]> }): Ask<A> {
  const asked = new Map<string, Promise<unknown>>();
  return <K extends keyof A & string>(name: K) => {
    const known = asked.get(name) ?? questions[name]();
    asked.set(name, known);
    return known as Promise<A[K]>;
  };
}

export interface Circumstances<A> {
  readonly ask: Ask<A>;
  /** What the caller must be allowed for an answer. */
  readonly actions: Readonly<Record<keyof A & string, readonly string[]>>;
}

/**
 * Makes all checks at once, and tells of them in the order of their table. One that can't be made does not end the others.
 * @throws ArtifactError INTERRUPTED, NO_CREDENTIALS: then none can be made
 */
export async function diagnose<A>(
  checks: readonly Check<A>[],
  circumstances: Circumstances<A>,
): Promise<readonly Result[]> {
  return Promise.all(checks.map((check) => made(check, circumstances)));
}

async function made<A>(check: Check<A>, { ask, actions }: Circumstances<A>): Promise<Result> {
  const { id, asks, needs, regards, judge } = check;
  const names = [...needs, ...regards];
  const settled = await Promise.allSettled(names.map((name) => ask(name)));
  const answers: Partial<Record<string, unknown>> = {};
  for (const [index, name] of names.entries()) {
    const one = settled[index];
    if (one?.status === 'fulfilled') answers[name] = one.value;
    else if (index < needs.length) return { id, asks, findings: [], ...unanswered(one?.reason, actions[name]) };
  }
  const findings = judge(answers as A);
  return { id, asks, status: worstOf(findings), findings };
}

function worstOf(findings: readonly Finding[]): Status {
  if (findings.some(({ severity }) => severity === 'problem')) return 'problem';
  return findings.length > 0 ? 'warning' : 'ok';
}

function unanswered(
  error: unknown,
  actions: readonly string[],
): Pick<Result, 'status' | 'reason' | 'remedy' | 'missing'> {
  if (error instanceof DoesNotApply) return { status: 'skipped', reason: error.message };
  if (!(error instanceof ArtifactError)) throw error;
  const { code, message, remedy } = error;
  if (code === 'INTERRUPTED' || code === 'NO_CREDENTIALS') throw error;
  return {
    status: 'unknown',
    reason: message,
    ...(remedy !== undefined && { remedy }),
    ...(code === 'ACCESS_DENIED' && actions.length > 0 && { missing: actions }),
  };
}
