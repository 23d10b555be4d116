import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonMap } from '../../../packager/bucket/json.ts';
import { ACCOUNT, BUCKET, findingsOf, judged, POLICY, SOUND, SUBJECT } from './sound-domain.ts';

const STATEMENTS = POLICY.Statement;
const OBJECTS = `arn:aws:s3:::${BUCKET}/*`;

async function judgedPolicy(statements: readonly JsonMap[]): Promise<readonly string[]> {
  return findingsOf(await judged({ policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) }));
}

function mapped(sid: string, change: (statement: JsonMap) => JsonMap): readonly JsonMap[] {
  return STATEMENTS.map((statement) => (statement['Sid'] === sid ? change(statement) : statement));
}

/** Each makes a statement say less, where it has what is made less. */
const WEAKER: Readonly<Record<string, (statement: JsonMap) => JsonMap | undefined>> = {
  'with another action': (statement) => ({ ...statement, Action: 's3:GetBucketAcl' }),
  'without one of its actions': ({ Action: action, ...rest }) =>
    Array.isArray(action) ? { ...rest, Action: action.slice(1) as string[] } : undefined,
  'of another bucket': (statement) => ({ ...statement, Resource: 'arn:aws:s3:::other/*', NotResource: [] }),
  'without one of its resources': ({ Resource: resource, ...rest }) =>
    Array.isArray(resource) ? { ...rest, Resource: resource.slice(1) as string[] } : undefined,
  'with one exception more': ({ NotResource: resource, ...rest }) =>
    resource === undefined ? undefined : { ...rest, NotResource: [resource, `${OBJECTS}x`].flat() as string[] },
  'for one principal': (statement) => ({ ...statement, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/x` } }),
  'on one condition more': ({ Condition: condition = {}, ...rest }) => ({
    ...rest,
    Condition: { ...(condition as JsonMap), StringEquals: { 'aws:PrincipalTag/x': 'y' } },
  }),
  'with one principal more let through': (statement) => {
    const text = JSON.stringify(statement);
    const more = text.replace(/"aws:PrincipalArn":(\[?)/, (_, list: string) =>
      list === '['
        ? '"aws:PrincipalArn":["arn:aws:iam::1:role/x",'
        : '"aws:PrincipalArn":["arn:aws:iam::1:role/x"],"y":',
    );
    return more === text ? undefined : (JSON.parse(more) as JsonMap);
  },
};

const SIDS = STATEMENTS.map(({ Sid }) => Sid as string);

describe.each(SIDS)('%s', (sid) => {
  test('missing, it is a problem', async () => {
    expect(await judgedPolicy(STATEMENTS.filter(({ Sid }) => Sid !== sid))).toEqual([
      `policy problem: the statement '${sid}' of the bucket's policy is missing`,
    ]);
  });

  test('the other way round, it is one', async () => {
    const turned = mapped(sid, (statement) => ({
      ...statement,
      Effect: statement['Effect'] === 'Deny' ? 'Allow' : 'Deny',
    }));
    expect((await judgedPolicy(turned))[0]).toBe(
      `policy problem: the statement '${sid}' of the bucket's policy is not as this version writes it`,
    );
  });

  const own = STATEMENTS.find(({ Sid }) => Sid === sid) as JsonMap;
  const weaker = Object.entries(WEAKER).flatMap(([name, weaken]) => {
    const statement = weaken(own);
    return statement === undefined ? [] : [[name, statement] as const];
  });
  test.each(weaker)('%s it is a problem', async (_name, statement) => {
    const findings = await judgedPolicy(mapped(sid, () => statement));
    expect(findings.filter((finding) => !finding.startsWith('policy warning'))).toEqual([
      `policy problem: the statement '${sid}' of the bucket's policy is not as this version writes it`,
    ]);
    expect(findings.filter((finding) => !finding.includes(`'${sid}'`))).toEqual([]);
  });
});

test('the same in other words is the same', async () => {
  const inOtherWords = fc
    .array(fc.boolean(), { minLength: 6, maxLength: 6 })
    .chain((how) =>
      fc
        .shuffledSubarray([...STATEMENTS], { minLength: STATEMENTS.length })
        .map((all) => all.map((one) => reworded(one, how))),
    );
  await fc.assert(
    fc.asyncProperty(inOtherWords, async (statements) => {
      expect(await judgedPolicy(statements)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

function reworded(statement: JsonMap, [sid, lists, turned, principal, upper, texts]: readonly boolean[]): JsonMap {
  const listed = (value: unknown): unknown => {
    if (Array.isArray(value)) return turned === true ? value.toReversed() : value;
    return lists === true && typeof value === 'string' ? [value] : value;
  };
  const condition = (value: unknown): unknown =>
    Object.fromEntries(
      Object.entries(value as Record<string, Record<string, unknown>>).map(([operator, keys]) => [
        upper === true ? operator.toUpperCase() : operator,
        Object.fromEntries(
          Object.entries(keys).map(([key, one]) => [
            key.toLowerCase(),
            texts === true && one === 'true' ? true : listed(one),
          ]),
        ),
      ]),
    );
  return Object.fromEntries(
    Object.entries(statement).map(([name, value]) => {
      if (name === 'Sid') return [name, sid === true ? 'Renamed' : value];
      if (name === 'Condition') return [name, condition(value)];
      if (name === 'Principal') return [name, principal === true && value === '*' ? { AWS: ['*'] } : value];
      if (name === 'Action')
        return [name, listed(upper === true && typeof value === 'string' ? value.toUpperCase() : value)];
      return [name, name === 'Effect' ? value : listed(value)];
    }),
  ) as JsonMap;
}

test('what a newer domain has otherwise is no problem of an older tool', async () => {
  const newer = { ...SOUND.running, description: 'Custom::ArtifactRef, version 9.0.0' };
  const policy = JSON.stringify({ Statement: STATEMENTS.slice(1) });
  const findings = findingsOf(await judged({ policy, reference: newer, running: newer, stack: undefined }));
  expect(findings).toContainEqual(expect.stringMatching(/^policy warning: the statement '.*' .* is missing$/));
  expect(findings.filter((finding) => finding.includes('problem') && finding.startsWith('policy'))).toEqual([]);
});

describe('statements of others', () => {
  const added = (statement: JsonMap): Promise<readonly string[]> => judgedPolicy([...STATEMENTS, statement]);
  const allow = { Sid: 'Theirs', Effect: 'Allow', Action: 's3:GetObject', Resource: OBJECTS };
  const deny = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: OBJECTS };

  test.each<[string, JsonMap, string]>([
    ['everybody', { ...allow, Principal: '*' }, 'everybody'],
    ['an account', { ...allow, Principal: { AWS: 'arn:aws:iam::999988887777:root' } }, '999988887777'],
    [
      'a role',
      { ...allow, Principal: { AWS: ['arn:aws:iam::999988887777:role/x'] } },
      'arn:aws:iam::999988887777:role/x',
    ],
    ['a canonical user', { ...allow, Principal: { CanonicalUser: 'abc' } }, 'canonical user abc'],
    ['all but one', { ...allow, NotPrincipal: { AWS: ACCOUNT } }, 'everybody'],
  ])('an Allow for %s is a warning that names it', async (_name, statement, whom) => {
    expect(await added(statement)).toEqual([
      `policy warning: the statement 'Theirs' of the bucket's policy allows something to others: ${whom}`,
    ]);
  });

  test('one without a Sid is named by its place', async () => {
    expect(await added({ ...allow, Sid: '', Principal: '*' })).toEqual([
      expect.stringContaining(`the statement number ${STATEMENTS.length + 1} (without a Sid) of`),
    ]);
  });

  test.each<[string, JsonMap]>([
    ['the own account', { ...allow, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }],
    ['the own account by its number', { ...allow, Principal: { AWS: ACCOUNT } }],
    ['an own role', { ...allow, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/x` } }],
    ['a service', { ...allow, Principal: { Service: 'cloudfront.amazonaws.com' } }],
    [
      'everybody of the own account',
      { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:PrincipalAccount': ACCOUNT } } },
    ],
  ])('an Allow for %s is none', async (_name, statement) => {
    expect(await added(statement)).toEqual([]);
  });

  const KEEPER = `arn:aws:iam::${ACCOUNT}:role/cfn-artifacts-keeper-us-east-1`;
  const REFERENCE = `arn:aws:iam::${ACCOUNT}:role/cfn-artifacts-reference-us-east-1`;

  test.each<[string, JsonMap, RegExp]>([
    ['everything', deny, /keeper.* and .*reference|reference.* and .*keeper/],
    ['reading', { ...deny, Action: 's3:Get*', Resource: `arn:aws:s3:::${BUCKET}/blobs/*` }, /and/],
    ['listing', { ...deny, Action: 's3:ListBucket', Resource: `arn:aws:s3:::${BUCKET}` }, /and/],
    ['one role', { ...deny, Principal: { AWS: KEEPER } }, /\(cfn-artifacts-keeper-us-east-1\)/],
    ['the account', { ...deny, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }, /and/],
    ['whoever is elsewhere', { ...deny, Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, /and/],
    [
      'all but one of them',
      { ...deny, Condition: { ArnNotEquals: { 'aws:PrincipalArn': KEEPER } } },
      /\(cfn-artifacts-reference-us-east-1\)/,
    ],
    ['all but an administrator', { ...deny, NotPrincipal: { AWS: [`arn:aws:iam::${ACCOUNT}:role/a`] } }, /and/],
    [
      'all but some actions',
      { Sid: 'Theirs', Effect: 'Deny', Principal: '*', NotAction: 's3:GetObject', Resource: OBJECTS },
      /and/,
    ],
  ])('a Deny of %s is a warning', async (_name, statement, whom) => {
    const [finding, ...more] = await added(statement);
    expect(more).toEqual([]);
    expect(finding).toMatch(
      /^policy warning: the statement 'Theirs' of the bucket's policy may deny the domain's own functions/,
    );
    expect(finding).toMatch(whom);
  });

  test.each<[string, JsonMap]>([
    ['old TLS', { ...deny, Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } }],
    ['other accounts', { ...deny, Condition: { StringNotEquals: { 'aws:PrincipalAccount': ACCOUNT } } }],
    ['other organisations', { ...deny, Condition: { StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-1' } } }],
    [
      'all but both',
      { ...deny, Condition: { ArnNotLike: { 'aws:PrincipalArn': [KEEPER, REFERENCE.replace('us-east-1', '*')] } } },
    ],
    ['certain others', { ...deny, Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/x*` } } }],
    ['another role', { ...deny, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/x` } }],
    [
      'what they never ask',
      { ...deny, Action: ['s3:PutBucketPolicy', 's3:PutBucketAcl'], Resource: `arn:aws:s3:::${BUCKET}` },
    ],
    ['the scratch folder', { ...deny, Resource: `arn:aws:s3:::${BUCKET}/scratch/*` }],
    ['another bucket', { ...deny, Resource: 'arn:aws:s3:::other/*' }],
    // Tried as a regular expression, these have no end.
    ['nobody, by many stars', { ...deny, Action: `s3:${'*'.repeat(60)}!` }],
    ['nobody, by stars with something between', { ...deny, Resource: `arn:aws:s3:::${'*?'.repeat(40)}!` }],
    [
      'all but both, by many stars',
      { ...deny, Condition: { ArnNotLike: { 'aws:PrincipalArn': `arn:${'*?*'.repeat(9)}us-????-1**` } } },
    ],
  ])('a Deny of %s is none', async (_name, statement) => {
    expect(await added(statement)).toEqual([]);
  });
});

test('the policy of a bucket of one’s own is held against the same statements, for its name', () => {
  expect(JSON.stringify(SUBJECT.expected.statements)).toContain(`arn:aws:s3:::${BUCKET}/blobs/*`);
});
