import { ArtifactError } from '../error.ts';

/** A policy as AWS gives it back: whatever it may be, statement by statement. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

export type Statement = Readonly<Record<string, unknown>>;

/** @param text absent: there is none yet. @throws ArtifactError INVALID_CONFIGURATION where it is none that is understood */
export function parsePolicy(text: string | undefined, whose: string): PolicyDocument {
  if (text === undefined) return { Version: '2012-10-17', Statement: [] };
  try {
    const { Statement: statements, ...rest } = JSON.parse(text) as { Statement?: unknown };
    const all = [statements ?? []].flat() as readonly unknown[];
    if (all.every((one) => typeof one === 'object' && one !== null))
      return { ...rest, Statement: all as readonly Statement[] };
  } catch {
    // Told below.
  }
  throw new ArtifactError('INVALID_CONFIGURATION', `the policy of ${whose} is none that is understood`, {
    remedy: 'Nothing was changed. Look at it, and correct it by hand.',
  });
}

/**
 * The policy with these statements in the place of those that are one's own: all others stay, in their order; what is the same stays where it is, and what is new comes last.
 * @param isOwn by the Sid
 */
export function withStatements(
  policy: PolicyDocument,
  wanted: readonly Statement[],
  isOwn: (sid: unknown) => boolean,
): PolicyDocument {
  const bySid = new Map(wanted.map((statement) => [statement['Sid'], statement]));
  const kept = policy.Statement.flatMap((statement) => {
    if (!isOwn(statement['Sid'])) return [statement];
    const own = bySid.get(statement['Sid']);
    bySid.delete(statement['Sid']);
    return own === undefined ? [] : [sameMeaning(own, statement) ? statement : own];
  });
  const all = [...kept, ...bySid.values()];
  // Variables like ${aws:PrincipalAccount} are only such in this version.
  return { ...policy, Version: '2012-10-17', Statement: all };
}

/** Whether two policies say the same, statement by statement. */
export function samePolicy(one: PolicyDocument, other: PolicyDocument): boolean {
  return (
    one.Statement.length === other.Statement.length &&
    one.Statement.every((statement, index) => sameMeaning(statement, other.Statement[index] ?? {}))
  );
}

/** AWS gives back lists in another order, one value for a list of one, and an account's number for its ARN. */
export function sameMeaning(one: Statement, other: Statement): boolean {
  return plainly(one) === plainly(other);
}

/** The same for all that mean the same. */
function plainly(statement: Statement): string {
  return JSON.stringify(meaningOf(statement));
}

function meaningOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = (value as readonly unknown[]).flatMap((one) => meaningOf(one));
    return all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (isMap(value)) {
    const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return members.map(([name, member]) => [
      name,
      meaningOf(name === 'Principal' && member === '*' ? { AWS: '*' } : member),
    ]);
  }
  return [String(value).replace(/^arn:[^:]+:iam::(\d{12}):root$/, '$1')];
}

function isMap(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether some statements let everybody do what others do, however these put those together whom they name. */
export function allowsAll(some: readonly Statement[], others: readonly Statement[]): boolean {
  const each = (statement: Statement): readonly string[] =>
    eachNamed(statement).map((one) => plainly({ ...one, Sid: '' }));
  const allowed = new Set(some.flatMap(each));
  return others.flatMap(each).every((one) => allowed.has(one));
}

/** Where a statement names accounts, organizations, or units of one. */
const NAMING = [
  ['Principal', 'AWS'],
  ['Condition', 'StringEquals', 'aws:PrincipalOrgID'],
  ['Condition', 'ForAnyValue:StringLike', 'aws:PrincipalOrgPaths'],
] as const;

/** A statement for each of those whom one names. */
function eachNamed(statement: Statement): readonly Statement[] {
  return NAMING.reduce<readonly Statement[]>((all, path) => all.flatMap((one) => eachAt(one, path)), [statement]);
}

function eachAt(value: Statement, [name = '', ...path]: readonly string[]): readonly Statement[] {
  const member = value[name];
  if (path.length > 0) return isMap(member) ? eachAt(member, path).map((one) => ({ ...value, [name]: one })) : [value];
  return Array.isArray(member) ? (member as readonly unknown[]).map((one) => ({ ...value, [name]: one })) : [value];
}

/** The difference of two policies, statement by statement: what goes with `-`, what comes with `+`. Nothing: they say the same. */
export function policyDifference(before: PolicyDocument, after: PolicyDocument): readonly string[] {
  const lacking = (some: PolicyDocument, others: PolicyDocument): readonly Statement[] => {
    const known = new Set(others.Statement.map(plainly));
    return some.Statement.filter((one) => !known.has(plainly(one)));
  };
  const told = (sign: string, statement: Statement): readonly string[] =>
    linesOf(statement).map((line) => `${sign} ${line}`);
  return [
    ...lacking(before, after).flatMap((one) => told('-', one)),
    ...lacking(after, before).flatMap((one) => told('+', one)),
  ];
}

/** As YAML has it, which is shorter, and as easily read. */
function linesOf(value: Statement, indent = ''): readonly string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    if (Array.isArray(member)) {
      const lines = (member as readonly unknown[]).map((one) => `${indent}  - ${String(one)}`);
      return [`${indent}${name}:`, ...lines];
    }
    if (isMap(member)) return [`${indent}${name}:`, ...linesOf(member, `${indent}  `)];
    return [`${indent}${name}: ${String(member)}`];
  });
}

/** As it is sent: without a blank, because every byte counts. */
export function policyText(policy: PolicyDocument): string {
  return JSON.stringify(policy);
}
