import type { Policy, Statement } from './policy.ts';

export interface Mutant {
  /** What is missing, for people. */
  readonly without: string;
  readonly policy: Policy;
}

const LISTS = ['Action', 'Resource', 'NotResource'] as const;

/**
 * Policies that lack one thing each: a statement, all that limits it, an entry of a list, a condition, a value of a condition. Where nobody's answer changes for one
 * of them, what it lacks is superfluous, or nothing proves it.
 */
export function mutantsOf(policy: Policy): Mutant[] {
  const statements: readonly Statement[] = [policy.Statement].flat();
  return statements.flatMap((statement, index) => {
    const name = statement.Sid ?? `statement ${index}`;
    const replaced = (without: string, other?: Statement): Mutant => ({
      without: `${name}: ${without}`,
      policy: { ...policy, Statement: statements.flatMap((one, i) => (i === index ? (other ?? []) : one)) },
    });
    return [
      replaced('the whole'),
      replaced('its limits', unlimited(statement)),
      ...shortened(statement, replaced),
      ...lessConditional(statement, replaced),
    ];
  });
}

function unlimited({ Sid, Effect, Principal }: Statement): Statement {
  return {
    ...(Sid !== undefined && { Sid }),
    Effect,
    ...(Principal !== undefined && { Principal }),
    ...{ Action: '*', Resource: '*' },
  };
}

type Replace = (without: string, other: Statement) => Mutant;

function shortened(statement: Statement, replaced: Replace): Mutant[] {
  return LISTS.flatMap((list) => {
    const entries = [statement[list] ?? []].flat();
    // Without its only entry, a statement is about nothing: that is the whole again. An exception can lack its only one.
    if (entries.length < 2 && list !== 'NotResource') return [];
    return entries.map((entry) =>
      replaced(`${list} ${entry}`, { ...statement, [list]: entries.filter((one) => one !== entry) }),
    );
  });
}

function lessConditional(statement: Statement, replaced: Replace): Mutant[] {
  const { Condition = {} } = statement;
  return Object.entries(Condition).flatMap(([operator, tests]) =>
    Object.entries(tests).flatMap(([key, expected]) => {
      const others = Object.fromEntries(Object.entries(tests).filter(([one]) => one !== key));
      const values = [expected].flat();
      const shorter = values.length < 2 ? [] : values;
      const withTests = (changed: typeof tests): Statement => ({
        ...statement,
        Condition: { ...Condition, [operator]: changed },
      });
      return [
        replaced(`${operator} ${key}`, withTests(others)),
        ...shorter.map((value) =>
          replaced(
            `${operator} ${key} ${String(value)}`,
            withTests({ ...tests, [key]: values.filter((one) => one !== value) }),
          ),
        ),
      ];
    }),
  );
}
