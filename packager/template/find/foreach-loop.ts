/** One loop around a place. */
export interface Loop {
  /** `Fn::ForEach::Functions` */
  readonly key: string;
  readonly variable: string;
  /** Each once; absent where they can't be known before the deploy. */
  readonly values?: readonly string[];
  /** Why `values` is absent, as the end of a sentence. */
  readonly unknown?: string;
  /** The parameter that holds the values: the packaged template is right for these values alone. */
  readonly parameter?: string;
  /** That parameter is shown to nobody. */
  readonly isHidden?: true;
  /** Where the collection stands. */
  readonly start: number;
}

/** CloudFormation takes 500 resources in a template; whoever multiplies loops in loops writes down no more than a line for each. */
const TURN_LIMIT = 10_000;

/** How many turns loops take together, as the end of a sentence, where those are more than any template can have. */
export function tooManyTurns(loops: readonly Loop[]): string | undefined {
  const turns = loops.reduce((product, { values = [] }) => product * values.length, 1);
  return turns > TURN_LIMIT ? `its loops take ${turns} turns, more than a template can have` : undefined;
}

/** All combinations of the loops' values, the outermost loop's changing slowest; `undefined` where one is unknown. */
export function combinations(loops: readonly Loop[]): readonly (readonly string[])[] | undefined {
  let all: readonly (readonly string[])[] = [[]];
  for (const { values } of loops) {
    if (values === undefined) return undefined;
    all = all.flatMap((outer) => values.map((value) => [...outer, value]));
  }
  return all;
}

/**
 * Keys of the first level of a mapping. CloudFormation says of others "Mappings element name … can contain only alphanumerics, '-' or '.'", and of the
 * second level "Mappings attribute name … must contain only alphanumeric characters".
 */
const FIRST_KEY = /^[A-Za-z0-9.-]{1,255}$/;
const SECOND_KEY = /^[A-Za-z0-9]{1,255}$/;

/** Loops whose values become keys of a mapping: what keeps them from it, as the end of a sentence. */
export function mappingProblem(loops: readonly Loop[]): string | undefined {
  const [outer, inner, third] = loops;
  if (third !== undefined) {
    return `depends on ${loops.length} loop variables (${loops.map(({ variable }) => `'${variable}'`).join(', ')}), and a mapping has keys for two`;
  }
  const bad =
    outer?.values?.find((value) => !FIRST_KEY.test(value)) ?? inner?.values?.find((value) => !SECOND_KEY.test(value));
  if (bad === undefined) return undefined;
  const allowed =
    inner?.values?.includes(bad) === true && FIRST_KEY.test(bad)
      ? 'letters and digits'
      : "letters, digits, '-' and '.'";
  return `depends on the loop value '${bad}', which can't be the key of a mapping: CloudFormation takes ${allowed} there`;
}
