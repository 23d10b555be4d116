import type { DomainPlace } from '../../repository/index.ts';
import type { Json, JsonMap } from './json.ts';
import { textOf } from './json.ts';

/** Of the domain, and the bucket whose policy it is. */
interface Place extends DomainPlace {
  readonly bucket: string;
}

/** What a deployed bucket policy is, held against the statements that a domain must have. */
export interface PolicyComparison {
  /** Of the expected ones, those that no deployed statement is. */
  readonly lacking: readonly LackingStatement[];
  /** Allow of their own for other accounts, or for everybody. */
  readonly foreignAllows: readonly ForeignStatement[];
  /** Deny of their own that meet what the functions do. */
  readonly foreignDenies: readonly ForeignStatement[];
}

export interface LackingStatement {
  readonly sid: string;
  readonly expected: JsonMap;
  /** What stands under its Sid instead. */
  readonly found?: JsonMap;
}

export interface ForeignStatement {
  /** Its Sid in quotes, or its place in the policy. */
  readonly name: string;
  readonly principals: readonly string[];
  readonly statement: JsonMap;
}

/** `undefined`: this is no policy. S3 keeps none that it can't parse; another store may. */
export function statementsOf(policy: string): readonly JsonMap[] | undefined {
  try {
    const { Statement: statements } = JSON.parse(policy) as { Statement?: Json };
    const all = [statements ?? []].flat() as readonly Json[];
    return all.every(isMap) ? all : undefined;
  } catch {
    return undefined;
  }
}

/** @param functions ARNs of the roles of the domain's functions */
export function comparePolicies(
  expected: readonly JsonMap[],
  deployed: readonly JsonMap[],
  place: Place,
  functions: readonly string[],
): PolicyComparison {
  const wanted = new Map(expected.map((statement) => [meaningOf(statement), statement]));
  const present = new Set(deployed.map(meaningOf));
  const lacking = [...wanted].flatMap(([meaning, statement]) => {
    if (present.has(meaning)) return [];
    const sid = textOf(statement['Sid']);
    const found = deployed.find((other) => other['Sid'] === sid);
    return [{ sid, expected: statement, ...(found !== undefined && { found }) }];
  });
  // What took the place of an expected statement is told as that.
  const told = new Set(lacking.map(({ found }) => found));
  const others = deployed.flatMap((statement, index) =>
    wanted.has(meaningOf(statement)) ? [] : [{ statement, name: nameOf(statement, index) }],
  );
  return {
    lacking,
    foreignAllows: others.flatMap(({ statement, name }) => {
      const principals = statement['Effect'] === 'Allow' ? foreignPrincipals(statement, place) : [];
      return principals.length === 0 ? [] : [{ name, principals, statement }];
    }),
    foreignDenies: others.flatMap(({ statement, name }) => {
      if (told.has(statement) || statement['Effect'] !== 'Deny') return [];
      const principals = functions.filter((role) => mayMeet(statement, role, place));
      return principals.length === 0 ? [] : [{ name, principals, statement }];
    }),
  };
}

function nameOf({ Sid: sid }: JsonMap, index: number): string {
  return typeof sid === 'string' && sid !== '' ? `'${sid}'` : `number ${index + 1} (without a Sid)`;
}

/** The same text for two statements that say the same in another order, in lists or not, or in another case where case means nothing. */
function meaningOf(statement: JsonMap): string {
  const meaning: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(statement)) {
    if (name === 'Sid') continue;
    if (name === 'Condition') meaning[name] = conditionsOf(statement);
    else if (name.endsWith('Principal')) meaning[name] = principalsOf(value);
    else if (name.endsWith('Action')) meaning[name] = textsOf(value).map(lower).toSorted();
    else meaning[name] = textsOf(value).toSorted();
  }
  return JSON.stringify(Object.entries(meaning).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface Condition {
  /** Both in lower case. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

function conditionsOf({ Condition: conditions }: JsonMap): readonly Condition[] {
  if (!isMap(conditions)) return [];
  return Object.entries(conditions)
    .flatMap(([operator, keys]) =>
      Object.entries(isMap(keys) ? keys : {}).map(([key, value]) => ({
        operator: lower(operator),
        key: lower(key),
        values: textsOf(value).toSorted(),
      })),
    )
    .toSorted((a, b) => (`${a.operator} ${a.key}` < `${b.operator} ${b.key}` ? -1 : 1));
}

/** `*` and `{"AWS": "*"}` are the same to S3. Of an account its ARN and its number are too. */
function principalsOf(value: Json | undefined): readonly string[] {
  if (!isMap(value)) return textsOf(value).map((text) => `AWS ${text}`);
  return Object.entries(value)
    .flatMap(([kind, names]) =>
      textsOf(names).map((name) => `${kind} ${name.replace(/^arn:[^:]+:iam::(\d{12}):root$/, '$1')}`),
    )
    .toSorted();
}

/** The AWS principals of a statement that are not, or need not be, of the domain's own account. */
function foreignPrincipals(statement: JsonMap, { account }: Place): readonly string[] {
  // Everybody but those named: others are among them.
  const names = 'NotPrincipal' in statement ? ['AWS *'] : principalsOf(statement['Principal']);
  if (isOfOwnAlone(statement, account)) return [];
  return names.flatMap((name) => {
    const [kind = '', principal = ''] = name.split(/ (.*)/s);
    if (kind !== 'AWS' && kind !== 'CanonicalUser') return [];
    const isOwn =
      principal === account || /^arn:[^:]+:(?:iam|sts)::(?<of>\d{12}):/.exec(principal)?.groups?.['of'] === account;
    return isOwn ? [] : [kind === 'AWS' ? principal : `canonical user ${principal}`];
  });
}

/** A condition that keeps others out, by the account of who asks. */
function isOfOwnAlone(statement: JsonMap, account: string): boolean {
  return conditionsOf(statement).some(
    ({ operator, key, values }) =>
      ['stringequals', 'stringlike', 'arnequals', 'arnlike'].includes(operator) &&
      (['aws:principalaccount', 'aws:sourceaccount'].includes(key)
        ? values.every((value) => value === account)
        : key === 'aws:principalarn' && values.every((value) => value.split(':')[4] === account)),
  );
}

/** What the functions ask of the bucket and its objects. */
const USED_ACTIONS = ['s3:listbucket', 's3:getobject', 's3:putobject', 's3:deleteobject'];

/** Whether a Deny may meet a function's role. Of conditions that are not known here it may: a warning too many, but none too few. */
function mayMeet(statement: JsonMap, role: string, place: Place): boolean {
  return (
    isAmongPrincipals(statement, role, place) &&
    USED_ACTIONS.some((action) => isAmong(statement, 'Action', action)) &&
    concernsUsedKeys(statement, place) &&
    !conditionsOf(statement).some((condition) => spares(condition, role, place))
  );
}

function isAmongPrincipals(statement: JsonMap, role: string, { account }: Place): boolean {
  const isNamed = (principals: readonly string[]): boolean =>
    principals.some((name) => ['AWS *', `AWS ${account}`, `AWS ${role}`].includes(name));
  if ('NotPrincipal' in statement) return !isNamed(principalsOf(statement['NotPrincipal']));
  return isNamed(principalsOf(statement['Principal']));
}

function isAmong(statement: JsonMap, member: 'Action' | 'Resource', name: string): boolean {
  const excepted = statement[`Not${member}`];
  const isListed = (patterns: Json | undefined): boolean =>
    textsOf(patterns).some((pattern) => matches(member === 'Action' ? lower(pattern) : pattern, name));
  return excepted === undefined ? isListed(statement[member]) : !isListed(excepted);
}

/** One of each kind that a function reads or writes. */
function concernsUsedKeys(statement: JsonMap, { partition, bucket }: Place): boolean {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const digest = '0'.repeat(64);
  const keys = [
    'domain',
    `blobs/sha256/${digest}/archive.zip`,
    'versions/r/id/!/1',
    'statuses/r/id/!/1',
    `references/${digest}/stack/a`,
  ];
  const more = ['consumers/stack/a', 'endings/a', `deletions/${digest}`, 'progress/audit'];
  if (isAmong(statement, 'Resource', arn)) return true;
  if (
    textsOf(statement['Resource']).some(
      (pattern) => pattern.startsWith(`${arn}/`) && !pattern.startsWith(`${arn}/scratch/`),
    )
  )
    return true;
  return [...keys, ...more].some((key) => isAmong(statement, 'Resource', `${arn}/${key}`));
}

/** Whether a condition of a Deny is one that the functions never meet. */
function spares({ operator, key, values }: Condition, role: string, { account }: Place): boolean {
  const isTls = key === 'aws:securetransport' && operator.startsWith('bool') && values.includes('false');
  // Lambda's own clients speak 1.2 at least.
  const isOldTls =
    key === 's3:tlsversion' && operator.startsWith('numericlessthan') && values.every((value) => Number(value) <= 1.2);
  const isExcepted =
    key === 'aws:principalarn' &&
    /^(?:arn|string)not(?:equals|like)/.test(operator) &&
    values.some((pattern) => matches(pattern, role));
  const isOthers =
    key === 'aws:principalarn' &&
    /^(?:arn|string)(?:equals|like)/.test(operator) &&
    !values.some((pattern) => matches(pattern, role));
  const isOwnAccount = key === 'aws:principalaccount' && operator.startsWith('stringnot') && values.includes(account);
  // Of the organisation whose policy this is: had it another ID, nobody of this account could ask the bucket anything.
  const isOrganisation = key === 'aws:principalorgid' && operator.startsWith('stringnot');
  return isTls || isOldTls || isExcepted || isOthers || isOwnAccount || isOrganisation;
}

/** As IAM matches: `*` is any text, `?` one character. A regular expression would take for ever where somebody writes many of them. */
function matches(pattern: string, text: string): boolean {
  let [at, read, star, resumed] = [0, 0, -1, 0];
  while (read < text.length) {
    if (pattern[at] === '*') {
      star = at;
      resumed = read;
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === text[read]) {
      at += 1;
      read += 1;
    } else if (star === -1) {
      return false;
    } else {
      // The newest star takes one character more; those before it need never change.
      at = star + 1;
      resumed += 1;
      read = resumed;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

function textsOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? (value as readonly Json[]) : [value]).map(textOf);
}

function lower(text: string): string {
  return text.toLowerCase();
}

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
