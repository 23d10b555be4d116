import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BUCKET, PLACE } from '../../support/domain-principals.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import { tick } from '../../support/s3-server-state.ts';
import type { Outcome } from './account.ts';
import { objectOf, TestAccount } from './account.ts';

/** Several at once, faults of the network and of rights, and ends in the middle. */

knowEveryError();

let account: TestAccount;

hideOwnEnvironment();

beforeEach(async () => {
  account = await TestAccount.open({ pace: 2 });
});

afterEach(async () => {
  await account.close();
});

const bootstrap = (...flags: string[]): Promise<Outcome> => account.run(['bootstrap', '--yes', ...flags]);

function expectWorks(outcome: Outcome): void {
  expect([outcome.exitCode, outcome.stderr]).toEqual([0, expect.stringMatching(/, and works\n$/)]);
}

async function expectDomain(): Promise<void> {
  const { stack, changeSets } = await account.left();
  expect([stack, changeSets]).toEqual([expect.stringMatching(/^(UPDATE|IMPORT|CREATE)_COMPLETE$/), 0]);
  expect(account.stack?.outputs.map(({ key }) => key)).toEqual(expect.arrayContaining(['Keeper', 'ServiceToken']));
  expect(
    account.engine.stacks().filter(({ status }) => status.endsWith('FAILED') || status.includes('ROLLBACK')),
  ).toEqual([]);
}

describe('several bootstraps at once', () => {
  test.each([2, 3])('%i make one domain', async (number) => {
    const outcomes = await Promise.all(Array.from({ length: number }, () => bootstrap()));
    for (const outcome of outcomes) expectWorks(outcome);
    await expectDomain();
    expect(account.keys('versions/')).toHaveLength(1);
  });

  test('the second waits for what is under way, and shows it', async () => {
    let second: Promise<Outcome> | undefined;
    account.between = (action) => {
      if (action === 'DescribeStackEvents' && account.stack?.status === 'CREATE_IN_PROGRESS') second ??= bootstrap();
      return undefined;
    };
    expectWorks(await bootstrap());
    const waiting = await second!;
    expectWorks(waiting);
    expect(waiting.stderr).toContain("the stack 'cfn-artifacts' is CREATE_IN_PROGRESS: waiting for it\n");
    expect(waiting.stderr).toMatch(/^ {2}create complete {2}Bucket \(AWS::S3::Bucket\)$/m);
    await expectDomain();
  });

  test('each is asked, and each ends well', async () => {
    const terminals = [0, 1].map(() => {
      const questions: string[] = [];
      return { questions, answer: async (question: string) => `y${questions.push(question) > 9 ? 'n' : ''}` };
    });
    const outcomes = await Promise.all(
      terminals.map(({ answer }) => account.run(['bootstrap'], { askOpenly: answer })),
    );
    for (const outcome of outcomes) expectWorks(outcome);
    for (const { questions } of terminals) expect(questions.length).toBeGreaterThanOrEqual(1);
    await expectDomain();
  });

  test('an update that somebody executes meanwhile makes the other look again', async () => {
    expectWorks(await bootstrap());
    account.installation = { ...account.installation, keeper: 'exports.handler = 2;\n' };
    const outcomes = await Promise.all([bootstrap(), bootstrap()]);
    for (const outcome of outcomes) expectWorks(outcome);
    await expectDomain();
    expect(account.keys('versions/')).toHaveLength(2);
  });

  test('whoever changes it without an end is given up on', async () => {
    account.between = (action) =>
      action === 'CreateChangeSet' ? { code: 'OperationInProgressException', status: 400 } : undefined;
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining("others keep changing the stack 'cfn-artifacts'")]);
  });
});

describe('rights', () => {
  const NEEDED = [
    'DescribeStacks',
    'CreateChangeSet',
    'DescribeChangeSet',
    'ExecuteChangeSet',
    'DescribeStackEvents',
  ] as const;

  test.each(NEEDED)('without cloudformation:%s it is said so, and with them it goes on', async (needed) => {
    account.between = (action) => (action === needed ? { code: 'AccessDenied', status: 403 } : undefined);
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`cloudformation:${needed} is needed`)]);
    expect(stderr).toContain('An administrator of the account can run this in your place');
    account.between = () => undefined;
    expectWorks(await bootstrap());
    await expectDomain();
  });

  test.each(['DeleteChangeSet', 'ListChangeSets', 'DeleteStack'])(
    'without cloudformation:%s a decline may leave something behind, and says what',
    async (needed) => {
      account.between = (action) => (action === needed ? { code: 'AccessDenied', status: 403 } : undefined);
      const { exitCode, stderr } = await account.run(['bootstrap'], { askOpenly: async () => 'n' });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('the answer was no: nothing was changed')]);
      expect(stderr).toMatch(/warning: the change set '\S+' may be left behind/);
      account.between = () => undefined;
      expectWorks(await bootstrap());
    },
  );

  test('without the keeper’s the domain works, and it is said what is missing', async () => {
    account.functionStates.set('cfn-artifacts-keeper', 'denied');
    const { exitCode, stderr } = await bootstrap();
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/cfn-artifacts reference add 'arn:\S+' --consumer cfn-artifacts\/keeper/);
  });
});

describe('faults', () => {
  test.each([
    ['Throttling', 400],
    ['ServiceUnavailable', 503],
  ])('%s for a moment is tried again', async (code, status) => {
    let requests = 0;
    account.between = () => (++requests % 2 === 1 ? { code, status } : undefined);
    expectWorks(await bootstrap());
    account.between = () => undefined;
    await expectDomain();
  });

  test('a service that is away for good is told', async () => {
    account.between = (action) =>
      action === 'DescribeChangeSet' ? { code: 'ServiceUnavailable', status: 503 } : undefined;
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('AWS CloudFormation does not answer')]);
    account.between = () => undefined;
    expectWorks(await bootstrap());
  });

  test('a store that can’t be relied on fails it at the end', async () => {
    expectWorks(await bootstrap());
    account.server.faults.add({
      ...{ operation: 'PutObject', key: /^scratch\/probe-/, times: 9 },
      fault: { effect: 'error', code: 'AccessDenied' },
    });
    const { exitCode, stderr } = await bootstrap();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('scratch/probe-')]);
  });
});

describe('ended in the middle', () => {
  /** Aborts at the `nth` request to CloudFormation. */
  async function ended(nth: number): Promise<Outcome & { readonly requests: number }> {
    const ending = new AbortController();
    account.asked.length = 0;
    account.between = () => {
      if (account.asked.length === nth) ending.abort();
      return undefined;
    };
    const outcome = await account.run(['bootstrap', '--yes'], { signal: ending.signal });
    account.between = () => undefined;
    return { ...outcome, requests: account.asked.length };
  }

  test('anywhere, another run goes on, and nothing is left behind', async () => {
    const whole = await ended(0);
    expectWorks(whole);
    // At the beginning each, later every fifth: most of them look at events alone.
    const points = Array.from({ length: whole.requests }, (_, index) => index + 1).filter((n) => n <= 6 || n % 5 === 0);
    for (const nth of points) {
      await account.close();
      account = await TestAccount.open({ pace: 2 });
      const { exitCode, stderr } = await ended(nth);
      if (exitCode === 0) continue;
      expect([nth, exitCode, stderr]).toEqual([nth, 130, expect.stringMatching(/interrupted\n$/)]);
      expect([nth, stderr]).toEqual([nth, expect.not.stringContaining('left behind')]);
      expectWorks(await bootstrap());
      await expectDomain();
    }
  });

  test('it is said that CloudFormation goes on', async () => {
    const ending = new AbortController();
    account.between = () => {
      if (account.stack?.status === 'CREATE_IN_PROGRESS') ending.abort();
      return undefined;
    };
    const { exitCode, stderr } = await account.run(['bootstrap', '--yes'], { signal: ending.signal });
    expect(exitCode).toBe(130);
    expect(stderr).toContain(
      'note: CloudFormation goes on without this program. To go on too, run: cfn-artifacts bootstrap',
    );
    account.between = () => undefined;
    expect((await account.left()).stack).toBe('CREATE_COMPLETE');
  });

  test('a question that is not answered leaves nothing behind', async () => {
    const ending = new AbortController();
    const askOpenly = async (): Promise<string> => {
      ending.abort();
      ending.signal.throwIfAborted();
      return '';
    };
    const { exitCode } = await account.run(['bootstrap'], { signal: ending.signal, askOpenly });
    expect(exitCode).toBe(130);
    expect(await account.left()).toEqual({ stack: undefined, bucket: false, changeSets: 0 });
  });
});

test('a stack that was only imported is completed', async () => {
  await account.close();
  account = await TestAccount.open({ pace: 2, outside: { 'AWS::S3::Bucket': [BUCKET] } });
  account.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
  account.bucket?.put('scratch/x', objectOf('x'), {}, tick(), new Date());
  const ending = new AbortController();
  account.between = () => {
    if (account.stack?.status === 'IMPORT_COMPLETE') ending.abort();
    return undefined;
  };
  expect((await account.run(['bootstrap', '--yes'], { signal: ending.signal })).exitCode).toBe(130);
  account.between = () => undefined;
  expect((await account.left()).stack).toBe('IMPORT_COMPLETE');
  expectWorks(await bootstrap());
  await expectDomain();
});
