import { DEFAULT_REPOSITORY, isRepository, isSegment } from './name.ts';
import { problemOfLabelPattern, problemOfPattern } from './collecting/pattern.ts';
import { shownValue } from './shown.ts';

/** One thing that is wrong with settings. */
export interface SettingsProblem {
  /** Where: `['lifecycle', 0, 'match']`. Of a member that is missing, what it is missing from. */
  readonly path: readonly (string | number)[];
  /** That the name itself is wrong, not what stands behind it. */
  readonly isName?: true;
  readonly message: string;
  readonly remedy?: string;
}

type Path = SettingsProblem['path'];
/** Says what is wrong with a value, in words that go on after its name. */
type Check = (value: unknown) => string | undefined;

const DAYS_LIMIT = 36_500;
/** Of an artifact so many of the newest are looked at together. */
const NEWEST_LIMIT = 10_000;
const RULES_LIMIT = 100;
const DESCRIPTION_LIMIT = 256;
const ORIGINS_LIMIT = 100;

const RULE: Readonly<Record<string, Check>> = {
  id: (value) =>
    typeof value === 'string' && isSegment(value) && value.length <= 64
      ? undefined
      : 'must be up to 64 letters, digits and . _ + = -, the first a letter or digit',
  match: (value) => (typeof value === 'string' ? problemOfPattern(value) : 'must be a text'),
  keepNewest: whole(1, NEWEST_LIMIT),
  keepBookmarkedDays: whole(1, DAYS_LIMIT),
  keepLabels: (value) => {
    if (!Array.isArray(value) || value.length === 0) return 'must be a list of patterns';
    const texts: readonly unknown[] = value;
    return texts
      .map((one) => (typeof one === 'string' ? problemOfLabelPattern(one) : 'must be a list of texts'))
      .find((problem) => problem !== undefined);
  },
  expireUnusedDays: whole(0, DAYS_LIMIT),
};

const DOES_SOMETHING = ['keepNewest', 'keepBookmarkedDays', 'keepLabels', 'expireUnusedDays'];

/** Everything that is wrong with rules, as a file gives them; none: they are rules. Strict: what is not known may have been meant to keep something. */
export function problemsOfRules(value: unknown, repository: string): readonly SettingsProblem[] {
  if (!isMap(value)) return [{ path: [], message: `the settings must be a map with 'lifecycle', not ${shown(value)}` }];
  const { lifecycle, quarantineDays, ...unknown } = value;
  return [
    ...unknownMembers(unknown, [], "'lifecycle' and 'quarantineDays'"),
    ...problemsOfLifecycle(lifecycle),
    ...problemsOfQuarantine(quarantineDays, repository),
  ];
}

/** Everything that is wrong with settings, rules among them; none: they are settings. As strict. */
export function problemsOfSettings(
  value: Readonly<Record<string, unknown>>,
  repository: string,
): readonly SettingsProblem[] {
  const { description, acceptsFrom, requiresEvidence, ...rules } = value;
  const own: readonly (readonly [string, Check, unknown])[] = [
    ['description', problemOfDescription, description],
    ['acceptsFrom', (one) => problemOfOrigins(one, repository), acceptsFrom],
    ['requiresEvidence', (one) => (typeof one === 'boolean' ? undefined : 'must be true or false'), requiresEvidence],
  ];
  return [
    ...own.flatMap(([name, rightly, given]) => (given === undefined ? [] : check(name, rightly, given, [name]))),
    ...problemsOfRules(rules, repository),
  ];
}

/** It stands in tables and on terminals. */
function problemOfDescription(value: unknown): string | undefined {
  const isLine = typeof value === 'string' && value !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value);
  return isLine && value.length <= DESCRIPTION_LIMIT
    ? undefined
    : `must be one line of 1 to ${DESCRIPTION_LIMIT} characters`;
}

function problemOfOrigins(value: unknown, repository: string): string | undefined {
  const names: readonly unknown[] = Array.isArray(value) ? value : [];
  const isList = names.length > 0 && names.length <= ORIGINS_LIMIT && new Set(names).size === names.length;
  if (!isList || !names.every((name) => typeof name === 'string' && isRepository(name)))
    return `must be a list of 1 to ${ORIGINS_LIMIT} names of repositories, each once`;
  return names.includes(repository) ? 'must be a list of other repositories than itself' : undefined;
}

function problemsOfQuarantine(days: unknown, repository: string): readonly SettingsProblem[] {
  if (days === undefined) return [];
  const path = ['quarantineDays'];
  if (repository !== DEFAULT_REPOSITORY) {
    const remedy = `Set it for '${DEFAULT_REPOSITORY}'.`;
    return [{ path, message: "'quarantineDays' is of the whole domain, and not of one repository", remedy }];
  }
  return check('quarantineDays', whole(1, DAYS_LIMIT), days, path);
}

function problemsOfLifecycle(lifecycle: unknown): readonly SettingsProblem[] {
  if (lifecycle === undefined)
    return [
      {
        path: [],
        message: "'lifecycle', the list of rules, is missing",
        remedy: 'To have no rules, write an empty list.',
      },
    ];
  const path = ['lifecycle'];
  if (!Array.isArray(lifecycle))
    return [{ path, message: `'lifecycle' must be a list of rules, not ${shown(lifecycle)}` }];
  const rules: readonly unknown[] = lifecycle;
  if (rules.length > RULES_LIMIT) return [{ path, message: `there may be ${RULES_LIMIT} rules, not ${rules.length}` }];
  return rules.flatMap((rule, index) => problemsOfRule(rule, rules.slice(0, index), [...path, index]));
}

function problemsOfRule(rule: unknown, before: readonly unknown[], path: Path): readonly SettingsProblem[] {
  if (!isMap(rule)) return [{ path, message: `a rule must be a map, not ${shown(rule)}` }];
  const known = Object.entries(RULE).filter(([name]) => rule[name] !== undefined);
  const unknown = Object.fromEntries(Object.entries(rule).filter(([name]) => !Object.hasOwn(RULE, name)));
  const problems = [
    ...unknownMembers(
      unknown,
      path,
      Object.keys(RULE)
        .map((name) => `'${name}'`)
        .join(', '),
    ),
    ...['id', 'match']
      .filter((name) => rule[name] === undefined)
      .map((name) => ({ path, message: `the rule has no '${name}'` })),
    ...known.flatMap(([name, rightly]) => check(name, rightly, rule[name], [...path, name])),
  ];
  if (!DOES_SOMETHING.some((name) => rule[name] !== undefined)) {
    const remedy = `Give it one of ${DOES_SOMETHING.map((name) => `'${name}'`).join(', ')}.`;
    problems.push({ path, message: 'the rule neither keeps nor takes anything', remedy });
  }
  if (typeof rule['id'] === 'string' && before.some((other) => isMap(other) && other['id'] === rule['id']))
    problems.push({ path: [...path, 'id'], message: `another rule has the id '${rule['id']}'` });
  return problems;
}

function unknownMembers(unknown: Readonly<Record<string, unknown>>, path: Path, known: string): SettingsProblem[] {
  return Object.keys(unknown).map((name) => ({
    path: [...path, name],
    isName: true as const,
    message: `'${name}' is not known here`,
    remedy: `Known are ${known}.`,
  }));
}

function check(name: string, rightly: Check, value: unknown, path: Path): SettingsProblem[] {
  const problem = rightly(value);
  return problem === undefined ? [] : [{ path, message: `'${name}' ${problem}, not ${shown(value)}` }];
}

function whole(least: number, most: number): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `must be a whole number from ${least} to ${most.toLocaleString('en')}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  // It looks like what was wanted.
  const kind = typeof value === 'string' && /^-?\d/.test(value) ? 'the text ' : '';
  return `${kind}${shownValue(value, "'nothing'")}`;
}
