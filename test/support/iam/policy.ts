/**
 * IAM policy evaluation for tests: what identity policies and a resource's policy decide together, for the elements, operators and
 * condition keys listed here. What is not listed is refused when a policy is put or checked, never ignored, so that no test passes because of
 * a condition that nobody evaluated. Permissions boundaries, policies of organizations and ACLs are not modelled.
 * Rules: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
 */

type OneOrMany<T> = T | readonly T[];

export interface Policy {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: OneOrMany<Statement>;
}

export type PolicyPrincipal = '*' | Readonly<Record<string, OneOrMany<string>>>;

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: PolicyPrincipal;
  readonly NotPrincipal?: PolicyPrincipal;
  readonly Action?: OneOrMany<string>;
  readonly NotAction?: OneOrMany<string>;
  readonly Resource?: OneOrMany<string>;
  readonly NotResource?: OneOrMany<string>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMany<string | boolean | number>>>>>;
}

/** Who asks. Without `account`, nobody: an unsigned request. */
export interface Caller {
  readonly account?: string;
  /** The ARN of the user or the role. */
  readonly arn?: string;
  /** Of an assumed role: the session's ARN, as STS tells it. */
  readonly sessionArn?: string;
  /** An AWS service that acts by itself, like `lambda.amazonaws.com`. */
  readonly service?: string;
  /** Of who comes with a token: the ARN of the identity provider that issued it. */
  readonly federated?: string;
}

/** Condition keys (in lower case) with what the request says; absent keys are absent. */
export type RequestContext = Readonly<Record<string, OneOrMany<string> | undefined>>;

export interface AccessRequest {
  readonly caller: Caller;
  /** Like `s3:PutObject`. */
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

export interface Decision {
  readonly allowed: boolean;
  /** For people: which statement decided, or what was missing. */
  readonly because: string;
  /** The Sid of the statement that denies. */
  readonly deniedBy?: string;
}

export class PolicyError extends Error {}

/** All condition keys that the server fills in, or that an identity may carry; `aws:PrincipalTag/…` and the like beside them. */
const CONDITION_KEYS: ReadonlySet<string> = new Set(
  [
    's3:if-none-match',
    's3:if-match',
    's3:ObjectCreationOperation',
    's3:x-amz-acl',
    's3:x-amz-copy-source',
    's3:x-amz-metadata-directive',
    's3:x-amz-content-sha256',
    's3:x-amz-server-side-encryption',
    's3:x-amz-server-side-encryption-aws-kms-key-id',
    's3:x-amz-server-side-encryption-customer-algorithm',
    's3:x-amz-object-ownership',
    's3:x-amz-storage-class',
    's3:prefix',
    's3:delimiter',
    's3:max-keys',
    's3:VersionId',
    's3:signatureversion',
    's3:authType',
    's3:TlsVersion',
    's3:ResourceAccount',
    's3:object-lock-legal-hold',
    's3:object-lock-mode',
    's3:RequestObjectTagKeys',
    'aws:CalledVia',
    'aws:CalledViaFirst',
    'aws:CalledViaLast',
    'aws:SecureTransport',
    'aws:PrincipalArn',
    'aws:PrincipalAccount',
    'aws:PrincipalOrgID',
    'aws:PrincipalOrgPaths',
    'aws:PrincipalType',
    'aws:PrincipalIsAWSService',
    'aws:PrincipalServiceName',
    'aws:RequestedRegion',
    'aws:ResourceAccount',
    'aws:SourceAccount',
    'aws:SourceArn',
    'aws:SourceIp',
    'aws:SourceOrgID',
    'aws:SourceVpc',
    'aws:SourceVpce',
    'aws:ViaAWSService',
    'aws:userid',
    'aws:username',
    'aws:UserAgent',
    'kms:CallerAccount',
    'kms:ViaService',
    'kms:EncryptionContext:aws:s3:arn',
    'events:source',
  ].map((key) => key.toLowerCase()),
);

const CONDITION_KEY_FAMILIES = [
  'aws:principaltag/',
  'aws:requesttag/',
  's3:existingobjecttag/',
  's3:requestobjecttag/',
];

/** What a token says, under the address of who issued it. */
const TOKEN_KEY = /^[a-z0-9.-]+\.[a-z]+:(aud|sub|amr)$/;

/** What S3 applies to a bucket; every other action of S3 applies to objects. */
const BUCKET_ACTIONS =
  /^s3:(ListBucket|ListBucketVersions|ListBucketMultipartUploads|CreateBucket|DeleteBucket|(Get|Put|Delete)(Bucket|Lifecycle|Encryption|Replication|Accelerate|Analytics|Metrics|Inventory|Intelligent)\w*)$/i;

type Compare = (actual: string, expected: string, context: RequestContext) => boolean;

const sameText: Compare = (actual, expected, context) => actual === substituted(expected, context);
const sameTextInAnyCase: Compare = (actual, expected, context) =>
  actual.toLowerCase() === substituted(expected, context)?.toLowerCase();
const likeText: Compare = (actual, expected, context) => pattern(expected, context)?.test(actual) ?? false;
const sameTruth: Compare = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const number =
  (holds: (actual: number, expected: number) => boolean): Compare =>
  (actual, expected) =>
    holds(Number(actual), Number(expected));

/** ArnEquals and ArnLike behave alike: the six parts are compared one by one, each with wildcards. */
const likeArn: Compare = (actual, expected, context) => {
  const wanted = splitArn(expected);
  const given = splitArn(actual);
  return (
    wanted.length === given.length && wanted.every((part, i) => pattern(part, context)?.test(given[i] ?? '') ?? false)
  );
};

/** `negated`: true where no value matches, and where the key is absent. */
const OPERATORS: Readonly<Record<string, { readonly compare: Compare; readonly negated?: true }>> = {
  StringEquals: { compare: sameText },
  StringNotEquals: { compare: sameText, negated: true },
  StringEqualsIgnoreCase: { compare: sameTextInAnyCase },
  StringNotEqualsIgnoreCase: { compare: sameTextInAnyCase, negated: true },
  StringLike: { compare: likeText },
  StringNotLike: { compare: likeText, negated: true },
  ArnEquals: { compare: likeArn },
  ArnLike: { compare: likeArn },
  ArnNotEquals: { compare: likeArn, negated: true },
  ArnNotLike: { compare: likeArn, negated: true },
  Bool: { compare: sameTruth },
  NumericEquals: { compare: number((a, b) => a === b) },
  NumericNotEquals: { compare: number((a, b) => a === b), negated: true },
  NumericLessThan: { compare: number((a, b) => a < b) },
  NumericLessThanEquals: { compare: number((a, b) => a <= b) },
  NumericGreaterThan: { compare: number((a, b) => a > b) },
  NumericGreaterThanEquals: { compare: number((a, b) => a >= b) },
};

/** @throws PolicyError with S3's own words where S3 would refuse a bucket policy too */
export function parseBucketPolicy(text: string, bucketArn: string): Policy {
  let policy: Policy;
  try {
    policy = JSON.parse(text) as Policy;
  } catch {
    throw new PolicyError('This policy contains invalid Json');
  }
  for (const statement of many(policy.Statement)) {
    if (statement.Principal === undefined && statement.NotPrincipal === undefined) {
      throw new PolicyError('Missing required field Principal');
    }
    for (const resource of many(statement.Resource ?? statement.NotResource)) {
      if (resource !== '*' && !resource.startsWith(bucketArn)) throw new PolicyError('Policy has invalid resource');
    }
    checkStatement(statement);
  }
  return policy;
}

/** @throws PolicyError for what this evaluator does not know */
export function checkStatement(statement: Statement): void {
  for (const [operator, tests] of Object.entries(statement.Condition ?? {})) {
    const { name } = parseOperator(operator);
    if (name !== 'Null' && OPERATORS[name] === undefined) throw new PolicyError(`Invalid Condition type : ${operator}`);
    for (const key of Object.keys(tests)) {
      const wanted = key.toLowerCase();
      const isKnown =
        CONDITION_KEYS.has(wanted) ||
        CONDITION_KEY_FAMILIES.some((family) => wanted.startsWith(family)) ||
        TOKEN_KEY.test(wanted);
      if (!isKnown) {
        throw new PolicyError(`Policy has an invalid condition key: ${key}`);
      }
    }
  }
  const resources = many(statement.Resource);
  for (const action of many(statement.Action)) {
    if (!/^(\*|[a-z0-9-]+:[A-Za-z*?]+)$/.test(action)) throw new PolicyError('Policy has invalid action');
    if (action.includes('*') || !action.startsWith('s3:') || resources.length === 0) continue;
    const applies = BUCKET_ACTIONS.test(action)
      ? (resource: string) => !resource.includes('/') || /^[^/]*\*/.test(resource)
      : (resource: string) => resource.includes('/') || resource.endsWith('*');
    if (!resources.some(applies)) throw new PolicyError('Action does not apply to any resource(s) in statement');
  }
}

/** No policy of a bucket keeps the root user of its account from these: nobody is locked out for good. */
const BUCKET_POLICY_ACTIONS = /^s3:(Get|Put|Delete)BucketPolicy$/i;

/**
 * Decides as AWS does: an explicit deny anywhere wins; inside an account an allow of either side suffices; across accounts both sides
 * must allow. A bucket policy that names an account only hands the decision to that account's own policies. The root user of an account has no
 * policies and may do everything in it that a resource's policy does not deny.
 */
export function decide(
  request: AccessRequest,
  identityPolicies: readonly Policy[],
  resourcePolicy: Policy | undefined,
  resourceAccount: string,
): Decision {
  const { caller, action, resource } = request;
  const sameAccount = caller.account === resourceAccount;
  const isRoot = caller.account !== undefined && caller.arn?.endsWith(`:iam::${caller.account}:root`) === true;
  if (isRoot && sameAccount && BUCKET_POLICY_ACTIONS.test(action)) return { allowed: true, because: 'allowed to root' };
  const who = caller.sessionArn ?? caller.arn ?? caller.service ?? caller.federated ?? 'anonymous';
  const subject = `User: ${who} is not authorized to perform: ${action} on resource: "${resource}"`;
  const byIdentity = identityPolicies.map((policy) => verdict(policy, request));
  const byResource = resourcePolicy === undefined ? undefined : verdict(resourcePolicy, request);
  const deny = byIdentity.find((one) => one.denied !== undefined)?.denied;
  if (deny !== undefined) {
    return {
      allowed: false,
      because: `${subject} with an explicit deny in an identity-based policy${named(deny)}`,
      deniedBy: deny,
    };
  }
  if (byResource?.denied !== undefined) {
    return {
      allowed: false,
      because: `${subject} with an explicit deny in a resource-based policy${named(byResource.denied)}`,
      deniedBy: byResource.denied,
    };
  }
  const identityAllows = isRoot || byIdentity.some((one) => one.allowed);
  const allowed =
    caller.account === undefined
      ? byResource?.direct === true
      : sameAccount
        ? identityAllows || byResource?.direct === true
        : identityAllows && byResource?.allowed === true;
  if (allowed) return { allowed, because: 'allowed' };
  const missing =
    caller.account !== undefined && !identityAllows
      ? 'no identity-based policy allows'
      : 'no resource-based policy allows';
  return { allowed, because: `${subject} because ${missing} the ${action} action` };
}

interface Verdict {
  readonly allowed: boolean;
  /** Allowed to this very principal or to everybody, not to an account as a whole. */
  readonly direct: boolean;
  /** The Sid of the statement that denies. */
  readonly denied: string | undefined;
}

function verdict(policy: Policy, request: AccessRequest): Verdict {
  let allowed = false;
  let direct = false;
  let denied: string | undefined;
  for (const statement of many(policy.Statement)) {
    const match = principalMatch(statement, request.caller);
    if (match === 'no' || !applies(statement, request)) continue;
    if (statement.Effect === 'Deny') denied ??= statement.Sid ?? '';
    else {
      allowed = true;
      if (match === 'direct') direct = true;
    }
  }
  return { allowed, direct, denied };
}

/** Whether a statement's action, resource and conditions match, whoever asks. */
function applies(statement: Statement, { action, resource, context }: AccessRequest): boolean {
  const actionMatches = (wanted: string): boolean => wildcard(wanted.toLowerCase()).test(action.toLowerCase());
  const resourceMatches = (wanted: string): boolean => pattern(wanted, context)?.test(resource) ?? false;
  return (
    (statement.NotAction === undefined
      ? many(statement.Action).some(actionMatches)
      : !many(statement.NotAction).some(actionMatches)) &&
    (statement.NotResource === undefined
      ? many(statement.Resource).some(resourceMatches)
      : !many(statement.NotResource).some(resourceMatches)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, tests]) =>
      Object.entries(tests).every(([key, expected]) => holds(operator, key, many(expected).map(String), context)),
    )
  );
}

function principalMatch({ Principal, NotPrincipal }: Statement, caller: Caller): 'no' | 'account' | 'direct' {
  if (NotPrincipal !== undefined) return principalOf(NotPrincipal, caller) === 'no' ? 'direct' : 'no';
  // A policy of an identity has no Principal: it is the identity's own.
  return Principal === undefined ? 'direct' : principalOf(Principal, caller);
}

function principalOf(principal: PolicyPrincipal, caller: Caller): 'no' | 'account' | 'direct' {
  if (principal === '*') return 'direct';
  if (caller.federated !== undefined) return many(principal['Federated']).includes(caller.federated) ? 'direct' : 'no';
  if (caller.service !== undefined) {
    return many(principal['Service']).includes(caller.service) || many(principal['AWS']).includes('*')
      ? 'direct'
      : 'no';
  }
  const wanted = many(principal['AWS']);
  if (wanted.includes('*')) return 'direct';
  if (caller.account === undefined) return 'no';
  if (wanted.some((one) => one === caller.arn || one === caller.sessionArn)) return 'direct';
  const { account } = caller;
  return wanted.some((one) => one === account || /^arn:[^:]+:iam::\d{12}:root$/.exec(one)?.[0].includes(`:${account}:`))
    ? 'account'
    : 'no';
}

function holds(operator: string, key: string, expected: readonly string[], context: RequestContext): boolean {
  const { set, name, ifExists } = parseOperator(operator);
  const value = context[key.toLowerCase()];
  if (name === 'Null') return (value === undefined) === (expected[0]?.toLowerCase() === 'true');
  const known = OPERATORS[name];
  if (known === undefined) throw new PolicyError(`Invalid Condition type : ${operator}`);
  const { compare, negated = false } = known;
  // ForAnyValue wants a value that matches, be it negated; alone, a negated operator holds where there is none.
  if (value === undefined) return ifExists || set === 'ForAllValues' || (negated && set === undefined);
  const matches = (one: string): boolean => expected.some((wanted) => compare(one, wanted, context)) !== negated;
  return set === 'ForAllValues' ? many(value).every(matches) : many(value).some(matches);
}

function parseOperator(operator: string): { set: string | undefined; name: string; ifExists: boolean } {
  const groups = /^(?:(?<set>ForAllValues|ForAnyValue):)?(?<name>\w+?)(?<ifExists>IfExists)?$/.exec(operator)?.groups;
  return { set: groups?.['set'], name: groups?.['name'] ?? operator, ifExists: groups?.['ifExists'] !== undefined };
}

const VARIABLE = /\$\{(?<name>[^},]+)(?:,\s*'(?<fallback>[^']*)')?\}/;

/** The text with its policy variables replaced; `undefined` where the request doesn't have one of them. */
function substituted(text: string, context: RequestContext): string | undefined {
  const [before, name, after] = splitVariable(text, context);
  if (after === undefined) return before;
  const rest = substituted(after, context);
  return name === undefined || rest === undefined ? undefined : before + name + rest;
}

/** A matcher for `*` and `?`. What a policy variable stands for is literal. */
function pattern(text: string, context: RequestContext): RegExp | undefined {
  if (!text.includes('${')) return wildcard(text);
  let source = '';
  for (let rest: string | undefined = text; rest !== undefined;) {
    const [before, value, after] = splitVariable(rest, context);
    if (after !== undefined && value === undefined) return undefined;
    source += wildcardSource(before) + escapeRegExp(value ?? '');
    rest = after;
  }
  return new RegExp(`^${source}$`, 's');
}

function splitVariable(text: string, context: RequestContext): [string, string | undefined, string | undefined] {
  const found = VARIABLE.exec(text);
  if (found === null) return [text, undefined, undefined];
  const { name = '', fallback } = found.groups ?? {};
  const value = /^[*?$]$/.test(name) ? name : (many(context[name.toLowerCase()])[0] ?? fallback);
  return [text.slice(0, found.index), value, text.slice(found.index + found[0].length)];
}

const wildcards = new Map<string, RegExp>();

/** Made once for each text: proofs ask the same policies a hundred thousand times. */
function wildcard(text: string): RegExp {
  const known = wildcards.get(text) ?? new RegExp(`^${wildcardSource(text)}$`, 's');
  wildcards.set(text, known);
  return known;
}

function wildcardSource(text: string): string {
  return escapeRegExp(text).replaceAll('\\*', '.*').replaceAll('\\?', '.');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Six parts; the last keeps its colons. */
function splitArn(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function named(sid: string): string {
  return sid === '' ? '' : ` (statement ${sid})`;
}

function many<T>(value: OneOrMany<T> | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
