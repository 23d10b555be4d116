import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { BucketAnswers, DailyAnswer } from '../../../packager/doctor/answers.ts';
import { BUCKET_ACTIONS } from '../../../packager/doctor/answers.ts';
import { BUCKET_CHECKS } from '../../../packager/doctor/bucket-checks.ts';
import { newestOf } from '../../../packager/doctor/bucket-domain.ts';
import { DoesNotApply, STATUSES } from '../../../packager/check.ts';
import { DIRECTORY_CHECKS } from '../../../packager/doctor/directory-checks.ts';
import { STACK_CHECKS } from '../../../packager/doctor/stack-checks.ts';
import { ArtifactError } from '../../../repository/error.ts';
import { progressKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { readTable } from '../../support/markdown-table.ts';
import { BUCKET, findingsOf, judged, KEEPER_CODE, SOUND, SUBJECT } from './sound-domain.ts';

const { running: reference, standing: stack } = SOUND;

describe('a domain as the template makes it', () => {
  test('has no finding, in any check', async () => {
    const results = await judged();
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(results).toHaveLength(BUCKET_CHECKS.length + STACK_CHECKS.length);
  });

  test('has none with a KMS key either', async () => {
    const key = 'arn:aws:kms:us-east-1:111122223333:key/0a1b';
    const withKey = { ...stack, parameters: { ...stack.parameters, KmsKeyArn: key } };
    const encryption = { algorithm: 'aws:kms', key };
    expect(findingsOf(await judged({ stack: withKey, encryption }))).toEqual([]);
    expect(findingsOf(await judged({ stack: withKey, encryption: { algorithm: 'aws:kms', key: '0a1b' } }))).toEqual([]);
  });
});

type Change = Parameters<typeof judged>[0] & object;
const ofStack = (change: Partial<typeof stack>): Change => ({
  stack: { ...stack, ...change },
  standing: { ...stack, ...change },
});
const ofReference = (change: Partial<typeof reference>): Change => ({
  reference: { ...reference, ...change },
  running: { ...reference, ...change },
});

const DAY_MS = 24 * 60 * 60 * 1000;

const BY_RAM = {
  id: '0a1b2c3d',
  repository: 'default',
  pattern: 'shop/**',
  with: '444455556666',
  right: 'read',
  ram: 'arn:aws:ram:us-east-1:111122223333:resource-share/0a1b',
} as const;

/** Each weakens one thing, and has exactly this finding. */
const WEAKENINGS: readonly (readonly [name: string, change: Change, finding: RegExp])[] = [
  ['no bucket', { bucket: { is: 'absent', message: 'there is no bucket' } }, /^bucket problem: there is no bucket$/],
  ['a bucket of others', { bucket: { is: 'of another', message: 'not yours' } }, /^bucket problem: not yours$/],
  ['another Region', { bucket: { is: 'there', region: 'eu-west-1' } }, /^bucket problem: .* is in eu-west-1/],
  ['no descriptor', { descriptor: { is: 'absent' } }, /^descriptor problem: there is no domain/],
  [
    'a copied one',
    { descriptor: { is: 'other', message: 'copied', remedy: undefined } },
    /^descriptor problem: copied$/,
  ],
  ['versions suspended', { versioning: 'Suspended' }, /^versioning problem: .* is suspended/],
  ['versions off', { versioning: 'Off' }, /^versioning problem: .* is off/],
  ['no policy', { policy: undefined }, /^policy problem: .* has no policy/],
  [
    'a share that the policy does not say',
    { sharing: [{ what: "the bucket 'b'", lines: ['+ Sid: Share01234567Read'] }] },
    /^sharing problem: the policy of the bucket 'b' is not what the domain's shares and demands ask for$/,
  ],
  ...(
    [
      [
        'new',
        /^resource-shares warning: '444455556666' is associated with 'default\/shop\/\*\*' in AWS RAM, and the pol/,
      ],
      ['gone', /^resource-shares problem: '444455556666' has a share of .* that AWS RAM no longer gives it$/],
      ['failed', /^resource-shares warning: '444455556666' could not be associated .*: it was not accepted$/],
      ['unknown', /^resource-shares problem: the resource share by which '444455556666' has .*: nobody follows it$/],
    ] as const
  ).map(([state, finding]): (typeof WEAKENINGS)[number] => [
    `a share by RAM that is ${state}`,
    {
      resourceShares: [
        { ...BY_RAM, state: 'associated' },
        { ...BY_RAM, state: 'waiting' },
        { ...BY_RAM, state },
      ],
    },
    finding,
  ]),
  ['a policy that is none', { policy: '{' }, /^policy problem: .* can't be read$/],
  ['a policy without statements', { policy: '{"Statement":"?"}' }, /^policy problem: .* can't be read$/],
  ['another key', { encryption: { algorithm: 'aws:kms', key: 'k' } }, /^encryption warning: .*aws:kms with k.*AES256/],
  ['no encryption', { encryption: undefined }, /^encryption warning: /],
  [
    'a part of the public access block',
    { publicAccess: { ...SOUND.publicAccess, IgnorePublicAcls: false } },
    /^public-access problem: .* IgnorePublicAcls is off$/,
  ],
  ['ACLs', { ownership: 'ObjectWriter' }, /^ownership problem: .* is ObjectWriter/],
  ['no ownership', { ownership: undefined }, /^ownership problem: .* is not set/],
  ['no events', { eventBridge: false }, /^events warning: /],
  ['a replica', { replication: ['elsewhere'] }, /^replication warning: .* to elsewhere/],
  [
    'a lock',
    { objectLock: { isEnabled: true, retention: '30 days (COMPLIANCE)' } },
    /^object-lock warning: .* for 30 days/,
  ],
  [
    'a store without conditions',
    { conditionalWrites: { keeps: false, message: 'the store overwrites', remedy: undefined } },
    /^conditional-writes problem: the store overwrites$/,
  ],
  ['a clock that is ahead', { clock: 31_000 }, /^clock warning: .* 31 seconds ahead of that of S3$/],
  ['a clock that is behind', { clock: -301_000 }, /^clock problem: .* 5 minutes behind that of S3$/],
  ['no export', { export: undefined }, /^service-token problem: .* has no export/],
  ['an export of another', { export: { value: 'arn:other' } }, /^service-token problem: .* names 'arn:other'/],
  ['no reserved capacity', { referenceConcurrency: 0 }, /^concurrency problem: /],
  [
    'no keeper',
    { ...ofStack({ parameters: { ...stack.parameters, KeeperCode: '' } }), keeper: undefined },
    /^keeper warning: there is no keeper/,
  ],
  ['a keeper that was deleted', { keeper: undefined }, /^keeper problem: there is no function/],
  ...SUBJECT.expected.keeper.otherAliases.map(
    (one) =>
      [
        `a keeper that is not called ${one.name}`,
        { missingAliases: [one] },
        new RegExp(`^keeper problem: .* has no alias '${one.name}': `),
      ] as const,
  ),
  ['a keeper that failed', { keeper: { ...reference, state: 'Failed' } }, /^keeper problem: /],
  [
    'holds that S3 does not take',
    ofStack({ parameters: { ...SOUND.standing.parameters, LegalHold: 'on' } }),
    /^legal-hold problem: the domain wants legal holds, and '.*' has no Object Lock/,
  ],
  [
    'no audit',
    ofStack({ parameters: { KmsKeyArn: '', KeeperCode: KEEPER_CODE, AuditSchedule: 'off' } }),
    /^schedule warning: the daily audit is off/,
  ],
  [
    'an old audit',
    { audit: { is: 'finished', age: 3.5 * DAY_MS } },
    /^audit warning: the last audit was made 3 days ago/,
  ],
  [
    'an audit without end',
    { audit: { is: 'under way', age: 4 * DAY_MS } },
    /^audit warning: the audit that was begun 4 days ago/,
  ],
  [
    'an old collection',
    { collection: { is: 'finished', age: 3.5 * DAY_MS } },
    /^collection warning: the last collection ended 3 days ago/,
  ],
  [
    'a collection without end',
    { collection: { is: 'under way', age: 4 * DAY_MS } },
    /^collection warning: the collection that was begun 4 days ago/,
  ],
  [
    'no collection ever',
    { collection: { is: 'none', age: 9 * DAY_MS } },
    /^collection warning: no collection was ever made/,
  ],
  ['no audit ever', { audit: { is: 'none', age: 9 * DAY_MS } }, /^audit warning: no audit was ever made/],
  ['a stuck stack', ofStack({ status: 'UPDATE_ROLLBACK_FAILED', reason: 'why' }), /^stack problem: .* stuck .*: why$/],
  ['a failed stack', ofStack({ status: 'ROLLBACK_COMPLETE' }), /^stack problem: .* failed to be made/],
  ['a stack that went back', ofStack({ status: 'UPDATE_ROLLBACK_COMPLETE' }), /^stack warning: .* was undone/],
  ['a stack under way', ofStack({ status: 'UPDATE_IN_PROGRESS' }), /^stack warning: .* is being changed/],
  ['a stack that goes', ofStack({ status: 'DELETE_IN_PROGRESS' }), /^stack problem: .* is being deleted/],
  [
    'a function that failed',
    ofReference({ state: 'Failed', stateReason: 'why' }),
    /^reference-function problem: .*: why$/,
  ],
  ['a function in the making', ofReference({ state: 'Pending' }), /^reference-function warning: /],
  ['a failed update', ofReference({ lastUpdate: 'Failed' }), /^reference-function warning: /],
  ['an update under way', ofReference({ lastUpdate: 'InProgress' }), /^reference-function warning: /],
  ['an old runtime', ofReference({ runtime: 'nodejs18.x' }), /^runtime warning: .* on nodejs18.x/],
  [
    'another bucket',
    ofReference({ environment: { ...reference.environment, BUCKET: 'x' } }),
    /^environment problem: .* BUCKET is 'x' and not /,
  ],
  [
    'no account',
    ofReference({ environment: { BUCKET, PARTITION: 'aws' } }),
    /^environment problem: .* ACCOUNT is not set/,
  ],
  ['a long timeout', ofReference({ timeout: 300 }), /^timeout problem: .* 300 seconds/],
  [
    'an older domain',
    { ...ofReference({ description: 'version 1.2.2' }), stack: { ...stack, outputs: { Version: '1.2.2' } } },
    /^version warning: the domain is of version 1.2.2, and this tool/,
  ],
  [
    'a newer domain',
    { ...ofReference({ description: 'version 1.10.0' }), stack: { ...stack, outputs: { Version: '1.10.0' } } },
    /^version warning: this tool is of version 1.2.3, and the domain of 1.10.0/,
  ],
  ['another function', ofReference({ description: 'mine' }), /^version warning: .* does not tell its version/],
  ['a function by hand', ofReference({ description: 'version 1.2.2' }), /^version warning: .* by hand/],
];

describe('what is weakened alone', () => {
  test.each(WEAKENINGS)('%s', async (_name, change, finding) => {
    const results = await judged(change);
    expect(findingsOf(results)).toEqual([expect.stringMatching(finding)]);
    const [found] = results.flatMap(({ findings }) => findings);
    expect(found?.remedy).toMatch(/^(?:[A-Z].*|aws .*)/s);
    // Whoever pastes it may have another Region set.
    const commands = found?.remedy.match(/(?:aws (?!s3api)|cfn-artifacts )[a-z].*/g) ?? [];
    for (const command of commands) expect(command).toContain(`--region ${SUBJECT.region}`);
    expect(found?.message).toMatch(/^(?:[a-z']|this ).*[^.]$/s);
  });

  test('has commands for the stack one after the other, each in the right Region', async () => {
    const [gone] = (await judged({ reference: undefined })).flatMap(({ findings }) => findings);
    const commands = (gone?.remedy ?? '').split('\n').filter((line) => line.startsWith('aws '));
    expect(commands.map((line) => line.split(' ').slice(2, 4).join(' '))).toEqual([
      expect.stringMatching(/^create-change-set /),
      'wait change-set-create-complete',
      expect.stringMatching(/^execute-change-set /),
    ]);
    const [late] = (await judged({ audit: { is: 'finished', age: 9 * DAY_MS } })).flatMap(({ findings }) => findings);
    for (const line of [...commands, ...(late?.remedy.split('\n') ?? [])].filter((text) => text.includes('aws '))) {
      expect(line).toContain(` --region ${SUBJECT.region}`);
    }
  });

  test.each(['finished', 'under way', 'none'] as const)('an audit of yesterday (%s) is none', async (is) => {
    expect(findingsOf(await judged({ audit: { is, age: 2 * DAY_MS } }))).toEqual([]);
  });

  test('is weakened for every check, so that none is without a test', () => {
    const covered = new Set(WEAKENINGS.map(([, , finding]) => /^\^([a-z-]+)/.exec(finding.source)?.[1]));
    const all = [...BUCKET_CHECKS, ...STACK_CHECKS].map(({ id }) => id);
    // Rules, and buckets of repositories, have pages of tests of their own.
    expect(all.filter((id) => !covered.has(id))).toEqual(['own-buckets', 'lifecycle', 'tidying']);
  });

  test('no function and no stack: each is one finding, and what hangs on them is skipped', async () => {
    const gone = new DoesNotApply('there is none');
    const results = await judged({
      ...{ reference: undefined, running: gone, stack: undefined, standing: gone },
      ...{ referenceConcurrency: gone, keeper: undefined, export: undefined },
    });
    expect(findingsOf(results)).toEqual([
      expect.stringMatching(/^stack problem: account 111122223333 has no domain's stack in us-east-1/),
      expect.stringMatching(/^service-token problem: /),
      expect.stringMatching(/^reference-function problem: there is no function/),
    ]);
    // What undoes a change by hand needs a stack.
    const remedies = results.flatMap(({ findings }) => findings.map(({ remedy }) => remedy));
    expect(new Set(remedies)).toEqual(new Set(['Run: cfn-artifacts bootstrap --region us-east-1']));
    const skipped = results.filter(({ status }) => status === 'skipped').map(({ id }) => id);
    expect(skipped).toEqual([
      ...['version', 'runtime', 'environment', 'timeout', 'concurrency', 'legal-hold', 'keeper', 'schedule'],
    ]);
  });
});

describe('what can not be asked', () => {
  const denied = new ArtifactError('ACCESS_DENIED', 'it is denied', { remedy: 'Allow it.' });

  test.each(['policy', 'lifecycle', 'clock', 'export', 'keeper'] as const)(
    '%s: unknown, and the others go on',
    async (name) => {
      const results = await judged({ [name]: denied });
      const unknown = results.filter(({ status }) => status === 'unknown');
      expect(unknown.length).toBeGreaterThan(0);
      for (const { reason, remedy, findings } of unknown) {
        expect({ reason, remedy, findings }).toEqual({ reason: 'it is denied', remedy: 'Allow it.', findings: [] });
      }
      expect(results.filter(({ status }) => status === 'ok').length).toBe(results.length - unknown.length);
    },
  );

  test('the missing action is named', async () => {
    const [unknown] = (await judged({ policy: denied })).filter(({ status }) => status === 'unknown');
    expect(unknown).toMatchObject({ id: 'policy', missing: ['s3:GetBucketPolicy'] });
    const unavailable = new ArtifactError('STORE_UNAVAILABLE', 'no answer');
    const [silent] = (await judged({ policy: unavailable })).filter(({ status }) => status === 'unknown');
    expect(silent).toEqual({
      id: 'policy',
      asks: expect.any(String),
      status: 'unknown',
      findings: [],
      reason: 'no answer',
    });
  });

  test.each(['NO_CREDENTIALS', 'INTERRUPTED'] as const)('%s ends it', async (code) => {
    await expect(judged({ policy: new ArtifactError(code, 'no') })).rejects.toMatchObject({ code });
  });

  test('a defect is one', async () => {
    await expect(judged({ policy: new TypeError('x') })).rejects.toThrow(TypeError);
  });
});

describe('a bucket that no stack makes', () => {
  const subject: BucketAnswers['subject'] = { ...SUBJECT, kind: 'bucket' };

  test('has remedies without a stack', async () => {
    const [found] = (await judged({ subject, versioning: 'Off' })).flatMap(({ findings }) => findings);
    expect(found?.remedy).toMatch(/^aws s3api put-bucket-versioning --bucket /);
    const [tidying] = (await judged({ subject, lifecycle: [] })).flatMap(({ findings }) => findings);
    expect(tidying?.remedy).toMatch(/^Put them back/);
  });

  test('needs no statement that would shut out who keeps it, its owner', async () => {
    const [found] = (await judged({ subject, policy: undefined })).flatMap(({ findings }) => findings);
    const { expected } = found?.details as { readonly expected: readonly { readonly Sid: string }[] };
    const names = expected.map(({ Sid }) => Sid);
    expect(names).toEqual(expect.arrayContaining(['TlsOnly', 'CreatedOnce', 'NoBlindOverwrite']));
    const whole = SUBJECT.expected.statements.map(({ Sid }) => Sid);
    expect(whole.filter((name) => !names.includes(name as string))).toEqual([
      ...['BindingsByKeepersAlone', 'OwnBindingsByTheFunctionsAlone', 'KeepersElsewhereTellAlone', 'KeepersRecords'],
      ...['RemovedByTheKeeperAlone', 'IncarnationsRemovedByTheKeeperAlone', 'HoldsLiftedByTheKeeperAlone'],
      ...['TagsByTheKeeperAlone', 'SettingsByCloudFormationAlone'],
    ]);
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: expected });
    expect(findingsOf(await judged({ subject, policy }))).toEqual([]);
    expect(findingsOf(await judged({ policy })).length).toBe(9);
  });

  test('may be encrypted with any key of its account', async () => {
    const key = 'arn:aws:kms:us-east-1:111122223333:key/k';
    expect(findingsOf(await judged({ subject, encryption: { algorithm: 'aws:kms', key } }))).toEqual([]);
    const foreign = key.replace('111122223333', '999988887777');
    expect(findingsOf(await judged({ subject, encryption: { algorithm: 'aws:kms', key: foreign } }))).toEqual([
      expect.stringMatching(/^encryption warning: .*another account/),
    ]);
  });
});

describe.each(['audit', 'collect'] as const)('the newest %s', (task) => {
  const now = new Date('2026-03-10T00:00:00Z');
  const before = (days: number): string => new Date(now.getTime() - days * DAY_MS).toISOString();
  const noted = async (times: object): Promise<DailyAnswer> => {
    const store = memoryStore(() => now);
    await store.create(progressKey(task), recordContent({ format: 1, task, nonce: 'n', ...times }));
    return newestOf(task, store, new Date(before(9)), now);
  };

  test('is as old as its end, while it is under way as its beginning, and before the first as the stack', async () => {
    expect(await noted({ began: before(4), finished: before(3) })).toEqual({ is: 'finished', age: 3 * DAY_MS });
    expect(await noted({ began: before(4), after: 'x' })).toEqual({ is: 'under way', age: 4 * DAY_MS });
    const none = await newestOf(
      task,
      memoryStore(() => now),
      new Date(before(9)),
      now,
    );
    expect(none).toEqual({ is: 'none', age: 9 * DAY_MS });
  });

  test.each([{ began: 1 }, { began: '2026-03-01T00:00:00Z', format: 2 }])(
    'is not known from a note that is none: %j',
    async (times) => {
      await expect(noted(times)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    },
  );
});

test('every check has an ID of its own', () => {
  for (const table of [[...BUCKET_CHECKS, ...STACK_CHECKS], DIRECTORY_CHECKS]) {
    expect(new Set(table.map(({ id }) => id)).size).toBe(table.length);
  }
});

describe('docs/doctor.md', () => {
  const page = readFileSync('docs/doctor.md', 'utf8');

  test('has a row for every check, with the actions that it needs', () => {
    const rows = [...BUCKET_CHECKS, ...STACK_CHECKS].map(({ id, asks, needs }) => {
      const actions = [...new Set(needs.flatMap((name) => BUCKET_ACTIONS[name]))].map((action) => `\`${action}\``);
      return { check: `\`${id}\``, asks, actions: actions.length === 0 ? '–' : actions.join(', ') };
    });
    expect(readTable(page, 'In S3').rows).toEqual(rows.map((row) => expect.objectContaining(row)));
    const inDirectories = DIRECTORY_CHECKS.map(({ id, asks }) => ({ check: `\`${id}\``, asks }));
    expect(readTable(page, 'In a directory').rows).toEqual(inDirectories.map((row) => expect.objectContaining(row)));
  });

  test('names every result', () => {
    expect(readTable(page, 'Is this domain sound?').rows.map(({ result }) => result)).toEqual(
      STATUSES.map((status) => `\`${status}\``),
    );
  });
});
