import { describe, expect, test } from '@jest/globals';
import type { AccessRequest, Caller, Policy, RequestContext, Statement } from '../support/iam/policy.ts';
import { checkStatement, decide, parseBucketPolicy, PolicyError } from '../support/iam/policy.ts';

const ACCOUNT = '111122223333';
const OTHER = '999988887777';
const BUCKET = 'arn:aws:s3:::shop';
const OBJECT = `${BUCKET}/blobs/1`;

const ANNA: Caller = { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/anna` };
const STRANGER: Caller = { account: OTHER, arn: `arn:aws:iam::${OTHER}:user/otto` };
const ROOT: Caller = { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` };
const LAMBDA: Caller = { service: 'lambda.amazonaws.com' };
const SESSION: Caller = {
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:role/keeper`,
  sessionArn: `arn:aws:sts::${ACCOUNT}:assumed-role/keeper/1`,
};

const EVERYTHING: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

interface Asked {
  readonly caller?: Caller;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: RequestContext;
  readonly identity?: readonly Policy[];
  readonly bucket?: Statement | readonly Statement[];
}

function ask({ caller = ANNA, action = 's3:GetObject', resource = OBJECT, context = {}, ...by }: Asked): boolean {
  const request: AccessRequest = { caller, action, resource, context };
  const policy = by.bucket === undefined ? undefined : { Statement: by.bucket };
  return decide(request, by.identity ?? [], policy, ACCOUNT).allowed;
}

const deny = (statement: Partial<Statement>): Statement => ({
  ...{ Effect: 'Deny', Principal: '*', Action: 's3:*' },
  ...(statement.NotResource === undefined && { Resource: `${BUCKET}/*` }),
  ...statement,
});
const allow = (statement: Partial<Statement>): Statement => ({ ...deny(statement), Effect: 'Allow' });

describe('who decides', () => {
  test('nobody may do what nothing allows', () => {
    expect(ask({})).toBe(false);
    expect(ask({ caller: LAMBDA })).toBe(false);
    expect(ask({ caller: {} })).toBe(false);
  });

  test('inside the account either side suffices, across accounts both must allow', () => {
    const toOtto = allow({ Principal: { AWS: STRANGER.arn! } });
    expect(ask({ identity: [EVERYTHING] })).toBe(true);
    expect(ask({ bucket: allow({ Principal: { AWS: ANNA.arn! } }) })).toBe(true);
    expect(ask({ caller: STRANGER, identity: [EVERYTHING] })).toBe(false);
    expect(ask({ caller: STRANGER, bucket: toOtto })).toBe(false);
    expect(ask({ caller: STRANGER, identity: [EVERYTHING], bucket: toOtto })).toBe(true);
  });

  test('an account as principal hands the decision to its own policies', () => {
    const bucket = allow({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } });
    expect(ask({ bucket })).toBe(false);
    expect(ask({ bucket, identity: [EVERYTHING] })).toBe(true);
  });

  test('a deny anywhere wins, and says by which statement', () => {
    const never: Policy = { Statement: { Sid: 'Never', Effect: 'Deny', Action: 's3:Get*', Resource: '*' } };
    expect(ask({ identity: [EVERYTHING, never] })).toBe(false);
    const bucket = [allow({}), deny({ Sid: 'Shut' })];
    const request = { caller: ANNA, action: 's3:GetObject', resource: OBJECT, context: {} };
    const { allowed, because, deniedBy } = decide(request, [EVERYTHING], { Statement: bucket }, ACCOUNT);
    expect({ allowed, deniedBy }).toEqual({ allowed: false, deniedBy: 'Shut' });
    expect(because).toContain('explicit deny in a resource-based policy (statement Shut)');
    expect(decide(request, [EVERYTHING, never], undefined, ACCOUNT).deniedBy).toBe('Never');
  });

  test('root is bound by a deny, but never kept from the policy itself', () => {
    const bucket = deny({ Resource: [BUCKET, `${BUCKET}/*`] });
    expect(ask({ caller: ROOT })).toBe(true);
    expect(ask({ caller: ROOT, bucket })).toBe(false);
    expect(ask({ caller: ROOT, bucket, action: 's3:DeleteBucketPolicy', resource: BUCKET })).toBe(true);
    expect(ask({ identity: [EVERYTHING], bucket, action: 's3:DeleteBucketPolicy', resource: BUCKET })).toBe(false);
    const foreign = { ...ROOT, account: OTHER, arn: `arn:aws:iam::${OTHER}:root` };
    expect(ask({ caller: foreign, action: 's3:PutBucketPolicy', resource: BUCKET })).toBe(false);
  });

  test.each<[string, Caller, Partial<Statement>, boolean]>([
    ['a role, by its session', SESSION, { Principal: { AWS: SESSION.arn! } }, true],
    ['another role', SESSION, { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/other` } }, false],
    ['a service', LAMBDA, { Principal: { Service: 'lambda.amazonaws.com' } }, true],
    ['another service', LAMBDA, { Principal: { Service: 'events.amazonaws.com' } }, false],
    ['everybody, unsigned', {}, { Principal: '*' }, true],
    ['a token of this provider', { federated: 'idp' }, { Principal: { Federated: ['idp'] } }, true],
    ['a token of another provider', { federated: 'other' }, { Principal: { Federated: 'idp' } }, false],
  ])('principal: %s', (_name, caller, statement, allowed) => {
    expect(ask({ caller, bucket: allow(statement) })).toBe(allowed);
  });

  test('NotPrincipal means all others', () => {
    const others: Statement = { Effect: 'Deny', NotPrincipal: { AWS: ANNA.arn! }, Action: 's3:*', Resource: '*' };
    expect(ask({ identity: [EVERYTHING], bucket: others })).toBe(true);
    expect(ask({ caller: SESSION, identity: [EVERYTHING], bucket: others })).toBe(false);
  });
});

describe('what a statement is about', () => {
  test.each<[string, Partial<Statement>, string, string, boolean]>([
    ['a wildcard in the action', { Action: 's3:Get*' }, 's3:GetObject', OBJECT, true],
    ['the case of an action', { Action: 'S3:getobject' }, 's3:GetObject', OBJECT, true],
    ['another action', { Action: 's3:Get*' }, 's3:PutObject', OBJECT, false],
    ['NotAction', { Action: undefined, NotAction: 's3:Put*' }, 's3:GetObject', OBJECT, true],
    ['NotAction of this one', { Action: undefined, NotAction: 's3:Put*' }, 's3:PutObject', OBJECT, false],
    ['a wildcard across folders', { Resource: `${BUCKET}/*/b` }, 's3:GetObject', `${BUCKET}/1/2/b`, true],
    ['a question mark', { Resource: `${BUCKET}/?/b` }, 's3:GetObject', `${BUCKET}/1/b`, true],
    ['one too many for it', { Resource: `${BUCKET}/?/b` }, 's3:GetObject', `${BUCKET}/12/b`, false],
    ['the case of a resource', { Resource: `${BUCKET}/B` }, 's3:GetObject', `${BUCKET}/b`, false],
    ['NotResource', { NotResource: `${BUCKET}/a/*` }, 's3:GetObject', `${BUCKET}/b`, true],
    ['NotResource of this one', { NotResource: `${BUCKET}/a/*` }, 's3:GetObject', `${BUCKET}/a/b`, false],
    ['a dot is a dot', { Resource: `${BUCKET}/a.b` }, 's3:GetObject', `${BUCKET}/aXb`, false],
  ] as [string, Partial<Statement>, string, string, boolean][])('%s', (_name, statement, action, resource, matches) => {
    const bucket = JSON.parse(JSON.stringify(allow(statement))) as Statement;
    expect(ask({ bucket, action, resource })).toBe(matches);
  });

  test('policy variables stand for what the request says, and match nothing where it says nothing', () => {
    const bucket = allow({ Resource: `${BUCKET}/\${aws:PrincipalAccount}/*` });
    const resource = `${BUCKET}/${ACCOUNT}/x`;
    expect(ask({ bucket, resource, context: { 'aws:principalaccount': ACCOUNT } })).toBe(true);
    expect(ask({ bucket, resource, context: { 'aws:principalaccount': OTHER } })).toBe(false);
    expect(ask({ bucket, resource })).toBe(false);
  });

  test("a variable's value is no pattern, its fallback stands in, and special characters can be written", () => {
    const star = allow({ Resource: `${BUCKET}/\${aws:username}` });
    expect(ask({ bucket: star, resource: `${BUCKET}/anna`, context: { 'aws:username': '*' } })).toBe(false);
    expect(ask({ bucket: star, resource: `${BUCKET}/*`, context: { 'aws:username': '*' } })).toBe(true);
    const fallback = allow({ Resource: `${BUCKET}/\${aws:username, 'nobody'}` });
    expect(ask({ bucket: fallback, resource: `${BUCKET}/nobody` })).toBe(true);
    expect(ask({ bucket: allow({ Resource: `${BUCKET}/\${*}` }), resource: `${BUCKET}/x` })).toBe(false);
  });
});

describe('conditions', () => {
  type Row = readonly [
    operator: string,
    expected: string | readonly string[],
    actual: string | readonly string[] | undefined,
  ];

  const KEY = 'aws:PrincipalOrgPaths';

  function holds([operator, expected, actual]: Row): boolean {
    const statement = allow({ Condition: { [operator]: { [KEY]: expected } } });
    checkStatement(statement);
    return ask({ bucket: statement, context: actual === undefined ? {} : { [KEY.toLowerCase()]: actual } });
  }

  test.each<Row>([
    ['StringEquals', 'a', 'a'],
    ['StringEquals', ['b', 'a'], 'a'],
    ['StringNotEquals', 'a', 'b'],
    ['StringNotEquals', 'a', undefined],
    ['StringEqualsIgnoreCase', 'A', 'a'],
    ['StringNotEqualsIgnoreCase', 'A', 'b'],
    ['StringLike', 'a*c', 'abbc'],
    ['StringLike', 'a?c', 'abc'],
    ['StringNotLike', 'a*', 'b'],
    ['StringNotLike', 'a*', undefined],
    ['ArnLike', 'arn:aws:lambda:*:1:*', 'arn:aws:lambda:eu:1:function:x'],
    ['ArnEquals', 'arn:aws:iam::1:role/*', 'arn:aws:iam::1:role/a'],
    ['ArnNotEquals', 'arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/b'],
    ['ArnNotEquals', ['arn:aws:iam::1:role/a'], undefined],
    ['ArnNotLike', 'arn:aws:iam::1:*', 'arn:aws:iam::2:role/b'],
    ['Bool', 'true', 'True'],
    ['Null', 'true', undefined],
    ['Null', 'false', 'x'],
    ['NumericEquals', '1', '1.0'],
    ['NumericNotEquals', '1', '2'],
    ['NumericLessThan', '2', '1'],
    ['NumericLessThanEquals', '2', '2'],
    ['NumericGreaterThan', '2', '3'],
    ['NumericGreaterThanEquals', '2', '2'],
    ['StringEqualsIfExists', 'a', undefined],
    ['StringEqualsIfExists', 'a', 'a'],
    ['ForAnyValue:StringEquals', 'a', ['b', 'a']],
    ['ForAnyValue:StringNotEquals', 'a', ['a', 'b']],
    ['ForAllValues:StringEquals', ['a', 'b'], ['b', 'a']],
    ['ForAllValues:StringEquals', 'a', undefined],
    ['ForAllValues:StringNotEquals', 'a', ['b', 'c']],
    ['ForAllValues:StringNotEquals', 'a', undefined],
  ])('%s %j holds for %j', (...row) => {
    expect(holds(row)).toBe(true);
  });

  test.each<Row>([
    ['StringEquals', 'a', 'A'],
    ['StringEquals', 'a', undefined],
    ['StringEquals', 'a*', 'ab'],
    ['StringNotEquals', ['a', 'b'], 'b'],
    ['StringEqualsIgnoreCase', 'A', 'b'],
    ['StringNotEqualsIgnoreCase', 'A', 'a'],
    ['StringLike', 'a*c', 'abd'],
    ['StringNotLike', ['b*', 'a*'], 'ab'],
    ['ArnLike', 'arn:aws:lambda:*:1:*', 'arn:aws:lambda:eu:2:function:x'],
    ['ArnLike', 'arn:aws:*', 'arn:aws:lambda:eu:2:function:x'],
    ['ArnEquals', 'arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/ab'],
    ['ArnNotEquals', ['arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/b'], 'arn:aws:iam::1:role/b'],
    ['ArnNotLike', 'arn:aws:iam::1:*', 'arn:aws:iam::1:role/b'],
    ['Bool', 'true', 'false'],
    ['Bool', 'false', undefined],
    ['Null', 'true', 'x'],
    ['Null', 'false', undefined],
    ['NumericEquals', '1', '2'],
    ['NumericNotEquals', '1', '1'],
    ['NumericLessThan', '2', '2'],
    ['NumericLessThanEquals', '2', '3'],
    ['NumericGreaterThan', '2', '2'],
    ['NumericGreaterThanEquals', '2', '1'],
    ['StringEqualsIfExists', 'a', 'b'],
    ['ForAnyValue:StringEquals', 'a', ['b', 'c']],
    ['ForAnyValue:StringEquals', 'a', undefined],
    ['ForAnyValue:StringNotEquals', 'a', undefined],
    ['ForAllValues:StringEquals', 'a', ['a', 'b']],
    ['ForAllValues:StringNotEquals', 'a', ['b', 'a']],
  ])('%s %j does not hold for %j', (...row) => {
    expect(holds(row)).toBe(false);
  });

  test('all operators and all keys of a statement must hold', () => {
    const bucket = allow({
      Condition: {
        Null: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
        Bool: { 'aws:SecureTransport': 'true' },
      },
    });
    const secure = { 'aws:securetransport': 'true' };
    expect(ask({ bucket, context: secure })).toBe(true);
    expect(ask({ bucket, context: { ...secure, 's3:if-match': 'x' } })).toBe(false);
    expect(ask({ bucket, context: {} })).toBe(false);
  });

  test('values of a condition may hold variables', () => {
    const bucket = allow({ Condition: { StringEquals: { 'aws:ResourceAccount': '${aws:PrincipalAccount}' } } });
    const resource = { 'aws:resourceaccount': ACCOUNT };
    expect(ask({ bucket, context: { ...resource, 'aws:principalaccount': ACCOUNT } })).toBe(true);
    expect(ask({ bucket, context: { ...resource, 'aws:principalaccount': OTHER } })).toBe(false);
  });
});

describe('what is refused rather than ignored', () => {
  test.each<[string, Partial<Statement>]>([
    ['Invalid Condition type', { Condition: { StringMatches: { 'aws:username': 'x' } } }],
    ['invalid condition key', { Condition: { StringEquals: { 'aws:Nonsense': 'x' } } }],
    ['invalid action', { Action: 'GetObject' }],
    ['does not apply', { Action: 's3:ListBucket', Resource: `${BUCKET}/*` }],
    ['does not apply', { Action: 's3:GetObject', Resource: BUCKET }],
  ])('%s', (message, statement) => {
    expect(() => {
      checkStatement(allow(statement));
    }).toThrow(message);
  });

  test.each<[string, string]>([
    ['invalid Json', '{'],
    ['Principal', JSON.stringify({ Statement: EVERYTHING.Statement })],
    ['invalid resource', JSON.stringify({ Statement: allow({ Resource: 'arn:aws:s3:::other/*' }) })],
  ])('as a bucket policy: %s', (message, text) => {
    expect(() => parseBucketPolicy(text, BUCKET)).toThrow(PolicyError);
    expect(() => parseBucketPolicy(text, BUCKET)).toThrow(message);
  });
});
