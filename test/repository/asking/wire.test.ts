import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { ArtifactError, ArtifactErrors, parseArn, sha256 } from '../../../repository/index.ts';
import type { AskKeeper, KeeperAnswer, KeeperCommand } from '../../../repository/index.ts';
import { remoteKeeper, runToEnd } from '../../../repository/asking/ask.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { answerOfInvocation, invocationProblem } from '../../../repository/asking/invocation.ts';
import { answerOf, replyOf } from '../../../repository/asking/reply.ts';
import { steadyChance } from '../../support/chance.ts';

const HEX = sha256('x');
const ARN = 'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api';
const STACK = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';

function problemsOf(value: unknown): readonly string[] {
  try {
    parseCommand(value);
  } catch (error) {
    if (error instanceof ArtifactErrors) return error.problems.map(({ code, message }) => `${code} ${message}`);
    if (error instanceof ArtifactError) return [`${error.code} ${error.message}`];
    throw error;
  }
  return [];
}

const COMMANDS: readonly KeeperCommand[] = [
  { command: 'cancel', digest: HEX },
  { command: 'finish', digest: HEX },
  { command: 'renew', arn: `${ARN}:3` },
  {
    command: 'reference-add',
    arn: `${ARN}:3@sha256:${HEX}`,
    consumer: 'team/job',
    resolvedFrom: 'default/shop/api^prod',
  },
  { command: 'reference-remove', arn: ARN, consumer: 'job', after: '12' },
  { command: 'reference-remove', arn: `${ARN}:3@sha256:${HEX}`, consumer: 'job' },
  { command: 'delete', arn: ARN, dryRun: true, now: false, after: '12' },
  { command: 'delete', arn: ARN, dryRun: false, now: true, versions: [1, 2, 30] },
  { command: 'delete', arn: `${ARN}:3`, dryRun: false, now: true },
  { command: 'delete', arn: `${ARN}@sha256:${HEX}`, dryRun: false, now: true },
  { command: 'undelete', arn: `${ARN}:3` },
  { command: 'undelete', arn: `${ARN}:3@sha256:${HEX}` },
  { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'prod' },
  { command: 'bookmark-set', arn: `${ARN}:3@sha256:${HEX}`, bookmark: '1.0.0', expected: 0, by: 'anna' },
  { command: 'bookmark-delete', arn: ARN, bookmark: 'prod', expected: 3, by: 'anna' },
  { command: 'status-set', arn: `${ARN}:3`, status: 'Archived', expected: 'Published' },
  { command: 'status-set', arn: `${ARN}:3`, status: 'Disposed' },
  { command: 'complete', arn: `${ARN}:3` },
  { command: 'audit', fix: true, stack: STACK, after: 'records x' },
  { command: 'audit', fix: false },
  { command: 'tend' },
];

describe('a command', () => {
  test.each(COMMANDS)('%j is one', (command) => {
    expect(parseCommand(JSON.parse(JSON.stringify(command)))).toEqual(command);
  });

  test.each(COMMANDS)('%j with anything else beside is none', (command) => {
    expect(problemsOf({ ...command, force: true })).toEqual([`INVALID_ARGUMENT '${command.command}' takes no 'force'`]);
  });

  test('tells all its problems at once', () => {
    expect(
      problemsOf({ command: 'reference-add', arn: `${ARN}:3`, consumer: 'retained/x', resolvedFrom: 7, more: 1 }),
    ).toEqual([
      expect.stringContaining('INVALID_ARN'),
      expect.stringContaining("INVALID_NAME 'retained/x' is no name of a consumer"),
      "INVALID_ARGUMENT 'resolvedFrom' of 'reference-add' must be a text, not '7'",
      "INVALID_ARGUMENT 'reference-add' takes no 'more'",
    ]);
    expect(problemsOf({ command: 'audit', stack: 'shop' })).toEqual([
      "INVALID_ARGUMENT 'audit' needs 'fix'",
      "INVALID_ARGUMENT 'stack' of 'audit' must be the ID of a stack, an ARN, not 'shop'",
    ]);
  });

  test.each([
    ['cancel', { command: 'cancel', digest: HEX.toUpperCase() }],
    ['an artifact without a version', { command: 'reference-add', arn: ARN, consumer: 'x' }],
    ['a version without its digest', { command: 'reference-remove', arn: `${ARN}:3`, consumer: 'x' }],
    ['content without its version', { command: 'reference-remove', arn: `${ARN}@sha256:${HEX}`, consumer: 'x' }],
    ['no consumer', { command: 'reference-remove', arn: ARN }],
    ['an empty consumer', { command: 'reference-remove', arn: ARN, consumer: '' }],
    ['a long consumer', { command: 'reference-remove', arn: ARN, consumer: 'x'.repeat(129) }],
    ['a consumer that climbs', { command: 'reference-remove', arn: ARN, consumer: 'a/../b' }],
    ['an asset to delete', { command: 'delete', arn: `${ARN}:3#api.zip`, dryRun: false, now: false }],
    ['a number that is none', { command: 'delete', arn: ARN, dryRun: false, now: false, versions: [1, 0] }],
    ['a number as a text', { command: 'delete', arn: ARN, dryRun: false, now: false, versions: ['1'] }],
    ['no numbers at all', { command: 'delete', arn: ARN, dryRun: false, now: false, versions: [] }],
    ['one number', { command: 'delete', arn: ARN, dryRun: false, now: false, versions: 1 }],
    ['a deletion that is not said to be one', { command: 'delete', arn: ARN, now: false }],
    ['a waiver that is a text', { command: 'delete', arn: ARN, dryRun: false, now: 'yes' }],
    ['an artifact to renew', { command: 'renew', arn: ARN }],
    ['an artifact to take back', { command: 'undelete', arn: ARN }],
    ['content to take back', { command: 'undelete', arn: `${ARN}@sha256:${HEX}` }],
    ['a bookmark of an artifact alone', { command: 'bookmark-set', arn: ARN, bookmark: 'prod' }],
    ['a bookmark without a name', { command: 'bookmark-set', arn: `${ARN}:3` }],
    ['a bookmark with a path for a name', { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'a/b' }],
    ['an expected text', { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'prod', expected: '3' }],
    ['an expected version that is none', { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'prod', expected: -1 }],
    ['nobody', { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'prod', by: '' }],
    ['somebody with a long name', { command: 'bookmark-set', arn: `${ARN}:3`, bookmark: 'prod', by: 'x'.repeat(513) }],
    ['to delete the bookmark of a version', { command: 'bookmark-delete', arn: `${ARN}:3`, bookmark: 'prod' }],
    ['a status that nobody gives', { command: 'status-set', arn: `${ARN}:3`, status: 'Deleted' }],
    ['a status that nothing has', { command: 'status-set', arn: `${ARN}:3`, status: 'Archived', expected: 'Gone' }],
    ['the status of an artifact', { command: 'status-set', arn: ARN, status: 'Archived' }],
    ['to complete an artifact', { command: 'complete', arn: ARN }],
    ['no version to go on', { command: 'reference-remove', arn: ARN, consumer: 'x', after: '0' }],
  ])('refuses %s', (_, command) => {
    expect(problemsOf(command)).toHaveLength(1);
  });

  test('of no known kind is named, and so is what there is', () => {
    const [known = ''] = problemsOf({ command: 'collect' });
    expect(known).toMatch(
      /^INVALID_ARGUMENT the keeper has no command 'collect'; it knows 'cancel', 'finish', 'renew', /,
    );
    for (const { command } of COMMANDS) expect(known).toContain(`'${command}'`);
    expect(problemsOf({ command: 'toString' })).toEqual([expect.stringContaining("no command 'toString'")]);
  });

  test('is refused or is one of the known, whatever comes', () => {
    const members = fc.dictionary(
      fc.constantFrom('digest', 'arn', 'consumer', 'fix', 'stack', 'after', 'resolvedFrom', '__proto__', 'x'),
      fc.oneof(fc.anything(), fc.constantFrom(HEX, ARN, `${ARN}:3@sha256:${HEX}`, STACK, 'job', true)),
    );
    const command = fc.constantFrom(
      'cancel',
      'finish',
      'reference-add',
      'reference-remove',
      'audit',
      'tend',
      'collect',
    );
    const sent = fc.oneof(
      fc.jsonValue(),
      fc.tuple(command, members).map(([name, rest]) => ({ ...rest, command: name })),
    );
    fc.assert(
      fc.property(sent, (value) => {
        try {
          expect(parseCommand(value)).toBe(value);
        } catch (error) {
          expect(error).toBeInstanceOf(ArtifactError);
        }
      }),
    );
  });
});

describe('a reply', () => {
  const through = (error: ArtifactError): unknown => {
    try {
      return answerOf(JSON.stringify(replyOf(error)));
    } catch (thrown) {
      return thrown;
    }
  };

  test('brings an error as it was', () => {
    const error = new ArtifactError('ARTIFACT_ARCHIVED', "'x' is archived", { remedy: 'Name another.' });
    expect(through(error)).toMatchObject({ code: error.code, message: error.message, remedy: error.remedy });
    const bare = new ArtifactError('CONTENTION', 'busy');
    expect(through(bare)).toMatchObject({ code: 'CONTENTION', message: 'busy', remedy: undefined });
    const both = through(new ArtifactErrors([error, bare]));
    expect(both).toBeInstanceOf(ArtifactErrors);
    expect(both).toMatchObject({ code: error.code, problems: [{ message: error.message }, { message: 'busy' }] });
  });

  test('with a code of a newer keeper says so', () => {
    const text = JSON.stringify({ error: { code: 'SOMETHING_NEW', message: 'it is new', remedy: 'Wait.' } });
    expect(() => answerOf(text)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: "the keeper says, in a word that this version does not know ('SOMETHING_NEW'): it is new",
        remedy: 'Wait.\nThe keeper is newer than this program: update cfn-artifacts.',
      }),
    );
  });

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"results":{}}',
    '{"results":[1]}',
    '{"results":[],"next":"x"}',
    '{"error":{}}',
    '{"error":7}',
  ])('%j is none', (text) => {
    expect(() => answerOf(text)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }));
  });

  test('of Lambda about a function that failed has no stack trace', () => {
    const Payload = Buffer.from(
      JSON.stringify({ errorType: 'TypeError', errorMessage: 'x is not y\n at z', trace: ['at z'] }),
    );
    expect(() => answerOfInvocation({ FunctionError: 'Unhandled', Payload })).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE', message: 'the keeper failed: x is not y' }),
    );
    expect(() => answerOfInvocation({ FunctionError: 'Unhandled' })).toThrow('the keeper failed');
    expect(answerOfInvocation({ Payload: Buffer.from('{"results":[{}]}') })).toEqual({ results: [{}] });
  });

  test.each([
    ['ResourceNotFoundException', 'DOMAIN_NOT_FOUND', 'Run: cfn-artifacts bootstrap'],
    ['AccessDeniedException', 'ACCESS_DENIED', "Allow lambda:InvokeFunction on 'arn'."],
    ['TooManyRequestsException', 'STORE_UNAVAILABLE', 'Try again.'],
  ])('%s of Lambda is %s', (name, code, remedy) => {
    expect(invocationProblem(Object.assign(new Error('No.'), { name }), 'arn')).toMatchObject({ code, remedy });
  });
});

describe('running a command to its end', () => {
  const chance = steadyChance();

  async function run(ask: AskKeeper): Promise<KeeperAnswer[]> {
    const answers: KeeperAnswer[] = [];
    for await (const answer of runToEnd(ask, { command: 'audit', fix: false }, chance)) answers.push(answer);
    return answers;
  }

  test('goes on with what the keeper says is next', async () => {
    const asked: KeeperCommand[] = [];
    const answers = await run(async (command) => {
      asked.push(command);
      const next = { command: 'audit', fix: false, after: String(asked.length) } as const;
      return { results: [{ n: asked.length }], ...(asked.length < 3 && { next }) };
    });
    expect(answers.flatMap(({ results }) => results)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(asked.map((command) => 'after' in command && command.after)).toEqual([false, '1', '2']);
  });

  test('asks again where it failed for a moment, and not for ever', async () => {
    let failures = 3;
    const ask: AskKeeper = async () => {
      if (failures-- > 0) throw new ArtifactError('STORE_UNAVAILABLE', 'not now');
      return { results: [] };
    };
    expect(await run(ask)).toEqual([{ results: [] }]);
    failures = 4;
    await expect(run(ask)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    let asked = 0;
    const refused = run(async () => {
      asked += 1;
      throw new ArtifactError('ACCESS_DENIED', 'no');
    });
    await expect(refused).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(asked).toBe(1);
  });

  test('is given up where it does not get on', async () => {
    let asked = 0;
    const still = run(async (command) => {
      asked += 1;
      return { results: [], next: command };
    });
    await expect(still).rejects.toThrow(/does not get on/);
    expect(asked).toBe(2);
  });
});

test('a remote keeper sends what it is asked', async () => {
  const asked: KeeperCommand[] = [];
  const keeper = remoteKeeper(async (command) => {
    asked.push(command);
    return { results: [] };
  });
  await keeper.cancel(HEX);
  await keeper.finish(HEX);
  await keeper.renew({ ...parseArn(ARN), version: 3 }, steadyChance());
  expect(asked).toEqual(COMMANDS.slice(0, 3));
});
