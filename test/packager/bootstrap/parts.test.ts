import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changeRows, refuseLosses } from '../../../packager/bootstrap/changes.ts';
import type { ResourceChange, Stack, StackEvent } from '../../../packager/bootstrap/cloudformation.ts';
import { PARAMETERS } from '../../../packager/bootstrap/domain-stack.ts';
import { readInstallation } from '../../../packager/bootstrap/installation.ts';
import { packKeeper } from '../../../packager/bootstrap/keeper-code.ts';
import { causesOf, operationFailed } from '../../../packager/bootstrap/operation.ts';
import { hasSucceeded, isNewer, situationOf } from '../../../packager/bootstrap/situation.ts';
import { takingOver } from '../../../packager/bootstrap/taking-over.ts';
import { bootstrapTalk } from '../../../packager/cli/talk/bootstrap.ts';
import { run } from '../../../packager/cli/program.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { recordedTerminal } from '../../support/terminal.ts';
import { domainTemplate } from './account.ts';

knowEveryError();

function stack(status: string, outputs: Readonly<Record<string, string>> = {}): Stack {
  return {
    ...{ id: 'arn:stack', status, description: 'cfn-artifacts', parameters: new Map(), tags: new Map() },
    outputs: new Map(Object.entries(outputs)),
  };
}

describe('a stack’s status', () => {
  test.each([
    ['CREATE_COMPLETE', 'stands'],
    ['UPDATE_COMPLETE', 'stands'],
    ['UPDATE_ROLLBACK_COMPLETE', 'stands'],
    ['UPDATE_FAILED', 'stands'],
    ['IMPORT_COMPLETE', 'stands'],
    ['REVIEW_IN_PROGRESS', 'absent'],
    ['DELETE_COMPLETE', 'absent'],
    ['CREATE_FAILED', 'stillborn'],
    ['ROLLBACK_COMPLETE', 'stillborn'],
    ['ROLLBACK_FAILED', 'stillborn'],
    ['IMPORT_ROLLBACK_COMPLETE', 'stillborn'],
    ['IMPORT_ROLLBACK_FAILED', 'stillborn'],
    ['UPDATE_ROLLBACK_FAILED', 'stuck'],
    ['DELETE_FAILED', 'stuck'],
    ['NEVER_HEARD_OF', 'stuck'],
    ['CREATE_IN_PROGRESS', 'busy'],
    ['ROLLBACK_IN_PROGRESS', 'busy'],
    ['DELETE_IN_PROGRESS', 'busy'],
    ['IMPORT_IN_PROGRESS', 'busy'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'busy'],
    ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'busy'],
  ])('%s: %s', (status, kind) => {
    expect(situationOf(stack(status), '').kind).toBe(kind);
  });

  test('of a failed import into a stack that stood is that of the stack', () => {
    expect(situationOf(stack('IMPORT_ROLLBACK_COMPLETE', { Version: '1' }), '').kind).toBe('stands');
    expect(situationOf(stack('IMPORT_ROLLBACK_FAILED', { Version: '1' }), '').kind).toBe('stuck');
    expect(situationOf(undefined, '').kind).toBe('absent');
  });

  test.each(['UPDATE_ROLLBACK_COMPLETE', 'ROLLBACK_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE', 'CREATE_FAILED'])(
    '%s is no success',
    (status) => {
      expect(hasSucceeded(status)).toBe(false);
    },
  );
});

describe('versions', () => {
  test.each([
    ['1.10.0', '1.9.0', true],
    ['2.0.0', '10.0.0', false],
    ['1.0.0', '1.0.0', false],
    ['1.0.0', '1.0.0-beta.1', true],
    ['1.0.0-beta.10', '1.0.0-beta.9', true],
    ['1.0.0-beta.9', '1.0.0', false],
    ['1.0.1', 'nonsense', true],
    ['nonsense', '0.0.1', false],
    ['', '', false],
  ])('%s is newer than %s: %p', (one, other, isSo) => {
    expect(isNewer(one, other)).toBe(isSo);
  });

  test('of two at most one is newer', () => {
    const version = fc
      .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.option(fc.nat(20)))
      .map(([a, b, c, beta]) => `${a}.${b}.${c}${beta === null ? '' : `-beta.${beta}`}`);
    fc.assert(fc.property(version, version, (one, other) => !(isNewer(one, other) && isNewer(other, one))));
    fc.assert(
      fc.property(version, version, (one, other) => one === other || isNewer(one, other) || isNewer(other, one)),
    );
  });
});

describe('the causes of a failure', () => {
  let number = 0;
  const event = (logicalId: string, status: string, reason?: string): StackEvent => ({
    ...{ id: String(++number), at: new Date(number), logicalId, type: 'AWS::X::Y', status },
    ...(reason !== undefined && { reason }),
    isOfStack: logicalId === 'stack',
  });

  test('are those from before the way back, without what was cancelled', () => {
    const events = [
      event('stack', 'CREATE_IN_PROGRESS', 'User Initiated'),
      event('A', 'CREATE_FAILED', 'taken already.'),
      event('B', 'CREATE_FAILED', 'Resource creation cancelled'),
      event('C', 'CREATE_FAILED', 'no such thing'),
      event('stack', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create: [A, B, C].'),
      event('D', 'DELETE_FAILED', 'in use'),
      event('stack', 'ROLLBACK_FAILED', 'The following resource(s) failed to delete: [D].'),
    ];
    expect(causesOf(events).map(({ logicalId }) => logicalId)).toEqual(['A', 'C']);
    expect(operationFailed('cfn-artifacts', { status: 'ROLLBACK_FAILED', events }, 'Do.')).toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message:
        "the stack 'cfn-artifacts' is ROLLBACK_FAILED because of A (AWS::X::Y): taken already; C (AWS::X::Y): no such thing",
      remedy: 'Do.',
    });
  });

  test('are the stack’s own where no resource tells one', () => {
    const cancelled = [
      event('stack', 'UPDATE_IN_PROGRESS', 'User Initiated'),
      event('B', 'UPDATE_FAILED', 'Resource update cancelled'),
      event('stack', 'UPDATE_ROLLBACK_IN_PROGRESS', 'User cancelled'),
      event('stack', 'UPDATE_ROLLBACK_COMPLETE'),
    ];
    expect(causesOf(cancelled).map(({ reason }) => reason)).toEqual(['User cancelled']);
    expect(causesOf([])).toEqual([]);
    expect(operationFailed('s', { status: 'X', events: [] }, 'Do.').message).toBe("the stack 's' is X");
  });

  test('that are rights are told as such', () => {
    const events = [
      event('R', 'CREATE_FAILED', 'User: arn:x is not authorized to perform: iam:CreateRole on resource: y'),
    ];
    expect(operationFailed('s', { status: 'ROLLBACK_COMPLETE', events }, 'Do.')).toMatchObject({
      code: 'ACCESS_DENIED',
      remedy: expect.stringContaining('docs/permissions.md'),
    });
  });
});

describe('changes', () => {
  const change = (logicalId: string, rest: Partial<ResourceChange> = {}): ResourceChange => ({
    ...{ action: 'Modify', logicalId, type: 'T', ...rest },
  });

  test.each<[string, ResourceChange, boolean]>([
    ['the bucket removed', change('Bucket', { action: 'Remove' }), true],
    ['the bucket replaced', change('Bucket', { replacement: 'True' }), true],
    ['the function replaced', change('ReferenceFunction', { replacement: 'True' }), true],
    ['the keeper’s role removed', change('KeeperRole', { action: 'Remove' }), true],
    [
      'the policy perhaps replaced, as CloudFormation says of all that names the bucket',
      change('BucketPolicy', { replacement: 'Conditional' }),
      false,
    ],
    ['the bucket modified', change('Bucket', { replacement: 'False' }), false],
    ['a log group replaced', change('KeeperLogs', { replacement: 'True' }), false],
    ['a rule removed', change('Audit', { action: 'Remove' }), false],
  ])('%s', (_what, one, isRefused) => {
    const refused = (): void => {
      refuseLosses([change('Audit'), one], 'cfn-artifacts');
    };
    if (isRefused) expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' }));
    else expect(refused).not.toThrow();
  });

  test('stand by their weight', () => {
    const rows = changeRows([
      change('B', { action: 'Add' }),
      change('A', { action: 'Add' }),
      change('I', { action: 'Import' }),
      change('M', { replacement: 'False' }),
      change('N', { replacement: 'Conditional' }),
      change('R', { replacement: 'True' }),
      change('X', { action: 'Remove' }),
    ]);
    expect(rows.map(([word, id, , replaced]) => `${String(word)} ${String(id)} ${String(replaced)}`.trim())).toEqual([
      ...['remove X', 'modify R yes', 'modify M', 'modify N perhaps', 'import I', 'add A', 'add B'],
    ]);
  });
});

describe('taking over', () => {
  const left = { isDomain: true, versioning: 'Enabled', policy: '{"Statement":[]}' } as const;

  test('states what is there and nothing else, has no outputs, and retains', () => {
    const { template, imports } = takingOver('b', left);
    expect(JSON.parse(template)).toEqual({
      AWSTemplateFormatVersion: '2010-09-09',
      Description: expect.stringMatching(/^cfn-artifacts/),
      Resources: {
        Bucket: {
          ...{ Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
          Properties: { BucketName: 'b', VersioningConfiguration: { Status: 'Enabled' } },
        },
        BucketPolicy: {
          ...{ Type: 'AWS::S3::BucketPolicy', DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
          Properties: { Bucket: 'b', PolicyDocument: { Statement: [] } },
        },
      },
    });
    expect(imports).toEqual([
      { type: 'AWS::S3::Bucket', logicalId: 'Bucket', identifier: { BucketName: 'b' } },
      { type: 'AWS::S3::BucketPolicy', logicalId: 'BucketPolicy', identifier: { Bucket: 'b' } },
    ]);
  });

  test.each(['Off', 'Suspended'] as const)(
    'of a bucket whose versioning is %s turns it on in the next step',
    (versioning) => {
      const { template, imports } = takingOver('b', { isDomain: false, versioning });
      expect(JSON.parse(template)).toHaveProperty('Resources.Bucket.Properties', { BucketName: 'b' });
      expect(imports).toHaveLength(1);
    },
  );
});

describe('the installation', () => {
  test('is that of the nearest package of this name', async () => {
    const project = await TestProject.of({
      'package.json': '{"name": "cfn-artifacts", "version": "1.2.3"}',
      'templates/domain.yaml': 'template',
      'dist/keeper/index.js': 'keeper',
      'dist/packager/bootstrap/x.js': '',
    });
    expect(readInstallation(project.path('dist/packager/bootstrap'))).toEqual({
      ...{ version: '1.2.3', template: 'template', keeper: 'keeper' },
    });
    project.write({ 'dist/package.json': '{"name": "somebody-else"}' });
    expect(readInstallation(project.path('dist/packager/bootstrap')).version).toBe('1.2.3');
  });

  test('that is not there is told', async () => {
    const folder = await temporaryFolder();
    expect(() => readInstallation(folder)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' }));
  });

  test('has a template with the parameters that are known', async () => {
    const { text } = await domainTemplate();
    const declared = /^Parameters:\n(?<body>(?: .*\n)+)/m.exec(text)?.groups?.['body'] ?? '';
    expect(Array.from(declared.matchAll(/^ (\w+):/gm), ([, name]) => name).sort()).toEqual([...PARAMETERS].sort());
    expect(text).toMatch(/^Description: (>-\n )?cfn-artifacts/m);
    const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(text).toMatch(new RegExp(`Value: '?${version}'?\\}?\n`));
  });
});

test('the keeper’s code has the same key on every machine', async () => {
  const keys = await Promise.all(
    [0, 1].map(async () => packKeeper('x', await temporaryFolder(), new AbortController().signal)),
  );
  const other = await packKeeper('y', await temporaryFolder(), new AbortController().signal);
  expect(keys.map(({ key }) => key)).toEqual([keys[0]?.key, keys[0]?.key]);
  expect(keys[0]?.key).toMatch(/^blobs\/sha256\/[0-9a-f]{64}\/archive\.zip$/);
  expect(other.key).not.toBe(keys[0]?.key);
});

describe('the talk', () => {
  const place = { partition: 'aws', account: '111122223333', region: 'eu-west-1', bucket: 'b' };
  const plan = { does: 'create', stack: 'cfn-artifacts', place, changes: [], next: [] } as const;
  const happens = (status: string, reason?: string): StackEvent => ({
    ...{ id: '1', at: new Date(), logicalId: 'Bucket', type: 'AWS::S3::Bucket', status, isOfStack: false },
    ...(reason !== undefined && { reason }),
  });

  test('has a line for what is over, and on a terminal a live one for what is under way', () => {
    const terminal = recordedTerminal({ columns: 40 });
    const talk = bootstrapTalk(terminal, { json: false, quiet: false, progressBar: true, color: 'off' });
    talk.tell({ kind: 'begins', plan });
    talk.tell({ kind: 'stack-event', event: happens('CREATE_IN_PROGRESS') });
    talk.tell({ kind: 'stack-event', event: happens('CREATE_FAILED', 'taken') });
    talk.tell({ kind: 'over', status: 'ROLLBACK_COMPLETE' });
    talk.stop();
    expect(terminal.stderr.text).toBe(
      [
        "creating the stack 'cfn-artifacts' in eu-west-1\n",
        '\r\u001b[K  create in progress  Bucket',
        '\r\u001b[K  create failed  Bucket (AWS::S3::Bucket): taken\n',
      ].join(''),
    );
  });

  test.each([{ json: true }, { quiet: true }])('is nothing with %p', (flags) => {
    const terminal = recordedTerminal({ columns: 40 });
    const talk = bootstrapTalk(terminal, { json: false, quiet: false, progressBar: true, color: 'off', ...flags });
    talk.tell({ kind: 'begins', plan });
    talk.tell({ kind: 'stack-event', event: happens('CREATE_IN_PROGRESS') });
    talk.tell({ kind: 'stack-event', event: happens('CREATE_COMPLETE') });
    talk.tell({ kind: 'over', status: 'CREATE_COMPLETE' });
    talk.tell({ kind: 'probing' });
    talk.stop();
    expect(terminal.stderr.text).toBe('');
  });
});

describe('options that are nonsense', () => {
  test.each([
    ['--log-retention-days 2', 'must be a number of days, one of 1, 3, 7'],
    ['--superseded-days 0', 'must be a number of days, from 1 to 3650'],
    ['--superseded-days 4000', 'from 1 to 3650'],
    ['--scratch-days 1.5', 'from 1 to 365'],
    ['--scratch-days many', 'from 1 to 365'],
    ['--collect daily', "must be 'off', 'plan' or 'on'"],
    ['--kms-key-arn alias/shop', "must be the ARN of a key (not of an alias), or 'none'"],
    ['--kms-key-arn arn:aws:kms:eu-west-1:111122223333:alias/shop', 'not of an alias'],
    ['--permissions-boundary everything', "must be the ARN of a managed policy, or 'none'"],
    ['--execution-role admin', "must be a role's ARN"],
    ['--tag shop', "'shop' is no tag"],
    ['--tag =shop', "'=shop' is no tag"],
    ['--tag aws:x=shop', "'aws:x=shop' is no tag"],
    ['--tag a=1 --tag a=2', "'a=2' is no tag"],
    ['--stack-name other', '--stack-name'],
    ['--domain s3://bucket', '--domain'],
    ['somewhere', "too many words for 'bootstrap'"],
  ])('%s', async (words, says) => {
    const terminal = recordedTerminal({ env: { AWS_REGION: 'eu-west-1' } });
    const code = await run(['bootstrap', '--yes', ...words.split(' ')], terminal);
    expect([code, terminal.stderr.text]).toEqual([2, expect.stringContaining(says)]);
  });

  test('are all told at once', async () => {
    const terminal = recordedTerminal();
    const code = await run(['bootstrap', '--json', '--scratch-days', 'x', '--execution-role', 'y'], terminal);
    expect([code, JSON.parse(terminal.stdout.text)]).toMatchObject([2, { error: { problems: [{}, {}] } }]);
  });
});
