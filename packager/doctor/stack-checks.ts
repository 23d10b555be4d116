import { isNewer } from '../bootstrap/situation.ts';
import type { Check, Finding } from '../check.ts';
import { checksOn, problem, warning } from '../check.ts';
import { SERVICE_TIMEOUT } from '../template/rewrite/write.ts';
import type { BucketAnswers, DailyAnswer, FunctionAnswer, StackAnswer, Subject } from './answers.ts';
import type { OtherAlias } from './expected.ts';
import { bootstrapRemedy, deployedVersion, runBootstrap, UPDATE_TOOL } from './remedy.ts';

const check = checksOn<BucketAnswers>();

/** What Lambda still mends, of what the bundle is written for. Source: "Lambda runtimes", AWS Lambda Developer Guide. */
const SUPPORTED_RUNTIMES = ['nodejs22.x', 'nodejs24.x'];

/** Of the domain's stack, and of the functions in it. A bucket that is named has neither. */
export const STACK_CHECKS: readonly Check<BucketAnswers>[] = [
  check({
    id: 'stack',
    asks: "the domain's stack is in a good state",
    needs: ['subject', 'stack'],
    judge: ({ subject, stack }) => (stack === undefined ? [noStack(subject)] : judgeStatus(subject, stack)),
  }),
  check({
    id: 'service-token',
    asks: 'stacks can import the service token, and it names the reference function',
    needs: ['subject', 'export'],
    judge: ({ subject, export: exported }) => {
      const { exportName, reference } = subject.expected;
      if (exported === undefined) {
        return [
          problem(
            `account ${subject.account} has no export '${exportName}' in ${subject.region}: no packaged template can be deployed`,
            runBootstrap(subject),
          ),
        ];
      }
      if (exported.value === reference.arn) return [];
      return [
        problem(
          `the export '${exportName}' names '${exported.value}', not '${reference.arn}'`,
          `Another stack exports under this name: change that one. ${runBootstrap(subject)}`,
        ),
      ];
    },
  }),
  check({
    id: 'reference-function',
    asks: 'the reference function is there and can run',
    needs: ['subject', 'reference'],
    regards: ['standing'],
    judge: ({ subject, reference, standing }) => {
      const { name } = subject.expected.reference;
      if (reference !== undefined) return judgeState(subject, name, reference);
      return [
        problem(
          `there is no function '${name}' in ${subject.region}: no packaged template can be deployed`,
          standing === undefined ? runBootstrap(subject) : bootstrapRemedy(subject),
        ),
      ];
    },
  }),
  check({
    id: 'version',
    asks: 'the domain is as new as this tool',
    needs: ['subject', 'running'],
    regards: ['stack'],
    judge: ({ subject, running, stack }) => judgeVersion(subject, running, stack),
  }),
  check({
    id: 'runtime',
    asks: "the functions' runtime is still supported",
    needs: ['subject', 'running'],
    regards: ['keeper'],
    judge: ({ subject, running, keeper }) => [
      ...judgeRuntime(subject, subject.expected.reference.name, running),
      ...judgeRuntime(subject, subject.expected.keeper.name, keeper),
    ],
  }),
  check({
    id: 'environment',
    asks: 'the functions work for this bucket and account',
    needs: ['subject', 'running'],
    regards: ['keeper'],
    judge: ({ subject, running, keeper }) => [
      ...judgeEnvironment(subject, subject.expected.reference.name, running),
      ...judgeEnvironment(subject, subject.expected.keeper.name, keeper),
    ],
  }),
  check({
    id: 'timeout',
    asks: 'the reference function answers before CloudFormation gives up',
    needs: ['subject', 'running'],
    judge: ({ subject, running: { timeout } }) => {
      if (timeout < SERVICE_TIMEOUT) return [];
      return [
        problem(
          `'${subject.expected.reference.name}' may run for ${timeout} seconds, and CloudFormation waits ${SERVICE_TIMEOUT} for its answer`,
          bootstrapRemedy(subject),
        ),
      ];
    },
  }),
  check({
    id: 'concurrency',
    asks: 'the reference function may run',
    needs: ['subject', 'referenceConcurrency'],
    judge: ({ subject, referenceConcurrency }) => {
      if (referenceConcurrency !== 0) return [];
      const { name } = subject.expected.reference;
      return [
        problem(
          `'${name}' is throttled: its reserved concurrency is 0`,
          `aws lambda delete-function-concurrency --function-name ${name} --region ${subject.region}`,
        ),
      ];
    },
  }),
  check({
    id: 'legal-hold',
    asks: 'S3 itself can keep what is in use, where the domain wants that',
    needs: ['subject', 'standing', 'objectLock'],
    judge: ({ subject, standing: { parameters }, objectLock }) => {
      if (parameters['LegalHold'] !== 'on' || objectLock.isEnabled) return [];
      const { bucket, region } = subject;
      return [
        problem(
          `the domain wants legal holds, and '${bucket}' has no Object Lock: nothing can be bound, and deploys fail`,
          `Enable it, which can't be undone: aws s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled --region ${region}\nOr do without: ${runBootstrap(subject, ' --no-legal-hold')}`,
        ),
      ];
    },
  }),
  check({
    id: 'keeper',
    asks: 'the keeper is there, under each of its aliases, and can run',
    needs: ['subject', 'standing', 'keeper', 'missingAliases'],
    judge: ({ subject, standing, keeper, missingAliases }) => judgeKeeper(subject, standing, keeper, missingAliases),
  }),
  check({
    id: 'schedule',
    asks: 'references are compared with CloudFormation every day',
    needs: ['subject', 'standing'],
    judge: ({ subject, standing: { parameters } }) => {
      const schedule = parameters['AuditSchedule'];
      // Without a keeper there is nobody to do it: that is a finding of its own.
      if ((parameters['KeeperCode'] ?? '') === '' || schedule === 'daily') return [];
      return [
        warning(
          `the daily audit is ${schedule ?? 'unknown to the stack'}: references of stacks that went wrong stay, and what they hold`,
          runBootstrap(subject, ' --audit'),
        ),
      ];
    },
  }),
  check({
    id: 'audit',
    asks: 'the last audit is not long ago',
    needs: ['subject', 'audit'],
    judge: ({ subject, audit }) => judgeDaily(subject, audit, AUDIT),
  }),
  check({
    id: 'collection',
    asks: 'what nobody needs is planned, or deleted, every day, unless nobody wants that',
    needs: ['subject', 'collection'],
    judge: ({ subject, collection }) => judgeDaily(subject, collection, COLLECTION),
  }),
];

function noStack(subject: Subject): Finding {
  const { account, region } = subject;
  return problem(`account ${account} has no domain's stack in ${region}`, runBootstrap(subject));
}

/** What each status means for who deploys, and what to do: those that are not here are good, or on their way. */
const BAD_STATUSES: Readonly<Partial<Record<string, { readonly means: string; readonly then: readonly string[] }>>> = {
  REVIEW_IN_PROGRESS: { means: 'was never made', then: [] },
  CREATE_FAILED: { means: 'failed to be made', then: [] },
  ROLLBACK_FAILED: { means: 'failed to be made', then: [] },
  ROLLBACK_COMPLETE: { means: 'failed to be made', then: [] },
  DELETE_FAILED: { means: 'is deleted in part', then: ['delete-stack', 'wait stack-delete-complete'] },
  DELETE_IN_PROGRESS: { means: 'is being deleted', then: ['wait stack-delete-complete'] },
  UPDATE_FAILED: { means: 'is updated in part', then: [] },
  UPDATE_ROLLBACK_FAILED: {
    means: 'is stuck between two versions',
    then: ['continue-update-rollback', 'wait stack-rollback-complete'],
  },
  IMPORT_ROLLBACK_FAILED: { means: 'is stuck in an import', then: ['describe-stack-events'] },
};

function judgeStatus(subject: Subject, { name, status, reason }: StackAnswer): readonly Finding[] {
  const { region } = subject;
  const bad = BAD_STATUSES[status];
  const why = reason === undefined ? '' : `: ${reason}`;
  if (bad !== undefined) {
    const first = bad.then.map((action) => `aws cloudformation ${action} --stack-name ${name} --region ${region}`);
    return [
      problem(`the stack '${name}' ${bad.means} (${status})${why}`, [...first, runBootstrap(subject)].join('\n')),
    ];
  }
  if (/^(?:UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status)) {
    return [
      warning(`the last change of the stack '${name}' failed and was undone (${status})${why}`, runBootstrap(subject)),
    ];
  }
  if (status.endsWith('_IN_PROGRESS')) {
    return [warning(`the stack '${name}' is being changed (${status})`, 'Wait until it is done, then ask again.')];
  }
  return [];
}

function judgeState(subject: Subject, name: string, answer: FunctionAnswer): readonly Finding[] {
  const { state, stateReason, lastUpdate, lastUpdateReason } = answer;
  const told = (reason: string | undefined): string => (reason === undefined ? '' : `: ${reason}`);
  if (state === 'Pending') return [warning(`'${name}' is being made`, 'Wait a minute, then ask again.')];
  // One that has slept for long is woken by the next request.
  if (state === 'Failed') return [problem(`'${name}' can't run${told(stateReason)}`, runBootstrap(subject))];
  if (lastUpdate === 'InProgress') return [warning(`'${name}' is being updated`, 'Wait a minute, then ask again.')];
  if (lastUpdate === 'Failed') {
    return [
      warning(
        `the last update of '${name}' failed, and the code before it runs${told(lastUpdateReason)}`,
        runBootstrap(subject),
      ),
    ];
  }
  return [];
}

function judgeVersion(subject: Subject, reference: FunctionAnswer, stack: StackAnswer | undefined): readonly Finding[] {
  const { version, expected } = subject;
  const other = deployedVersion({ reference });
  if (other === undefined)
    return [warning(`'${expected.reference.name}' does not tell its version`, runBootstrap(subject))];
  const ofStack = stack?.outputs['Version'];
  if (ofStack !== undefined && ofStack !== other) {
    return [
      warning(
        `the stack is of version ${ofStack}, and '${expected.reference.name}' of version ${other}: somebody changed the function by hand`,
        runBootstrap(subject),
      ),
    ];
  }
  if (isNewer(version, other))
    return [warning(`the domain is of version ${other}, and this tool of ${version}`, runBootstrap(subject))];
  if (isNewer(other, version))
    return [warning(`this tool is of version ${version}, and the domain of ${other}`, UPDATE_TOOL)];
  return [];
}

function judgeRuntime(subject: Subject, name: string, answer: FunctionAnswer | undefined): readonly Finding[] {
  const runtime = answer === undefined ? undefined : (answer.runtime ?? 'a container image');
  if (runtime === undefined || SUPPORTED_RUNTIMES.includes(runtime)) return [];
  return [
    warning(
      `'${name}' runs on ${runtime}, which is no longer mended, or was never meant for it`,
      runBootstrap(subject),
    ),
  ];
}

function judgeEnvironment(subject: Subject, name: string, answer: FunctionAnswer | undefined): readonly Finding[] {
  if (answer?.environment === undefined) return [];
  const { bucket, account, partition } = subject;
  const wrong = Object.entries({ BUCKET: bucket, ACCOUNT: account, PARTITION: partition }).flatMap(
    ([variable, wanted]) => {
      const found = answer.environment?.[variable];
      return found === wanted
        ? []
        : [`${variable} is ${found === undefined ? 'not set' : `'${found}'`} and not '${wanted}'`];
    },
  );
  return wrong.length === 0
    ? []
    : [problem(`the environment of '${name}': ${wrong.join(', ')}`, bootstrapRemedy(subject))];
}

function judgeKeeper(
  subject: Subject,
  { parameters }: StackAnswer,
  keeper: FunctionAnswer | undefined,
  missing: readonly OtherAlias[],
): readonly Finding[] {
  const { name, alias } = subject.expected.keeper;
  if (keeper !== undefined) {
    const findings = missing.map((one) =>
      problem(`the function '${name}' has no alias '${one.name}': ${one.isFor}`, bootstrapRemedy(subject)),
    );
    return [...judgeState(subject, name, keeper), ...findings];
  }
  if ((parameters['KeeperCode'] ?? '') === '') {
    return [
      warning('there is no keeper: nothing is ever deleted, and references are not audited', runBootstrap(subject)),
    ];
  }
  return [
    problem(
      `there is no function '${name}' with the alias '${alias}', and the stack says that there is: deploys of what is about to be deleted fail`,
      bootstrapRemedy(subject),
    ),
  ];
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Milliseconds. What is done every day may fail twice before anybody need look. */
const OVERDUE_MS = 3 * DAY_MS;

/** How a task is told of that the keeper does every day. */
interface DailyTask {
  readonly name: string;
  readonly isMade: string;
  /** What a person can do meanwhile, and the command for it. */
  readonly meanwhile: string;
}

const AUDIT: DailyTask = { name: 'audit', isMade: 'was made', meanwhile: 'To make one now: cfn-artifacts audit' };
const COLLECTION: DailyTask = {
  name: 'collection',
  isMade: 'ended',
  meanwhile: 'To see what it would find: cfn-artifacts gc plan',
};

function judgeDaily(
  { region }: Subject,
  { is, age }: DailyAnswer,
  { name, isMade, meanwhile }: DailyTask,
): readonly Finding[] {
  if (age <= OVERDUE_MS) return [];
  const days = `${Math.floor(age / DAY_MS)} days`;
  const messages = {
    finished: `the last ${name} ${isMade} ${days} ago, and one is due every day`,
    'under way': `the ${name} that was begun ${days} ago has not come to its end`,
    none: `no ${name} was ever made, and the stack has stood as it is for ${days}`,
  };
  return [
    warning(
      messages[is],
      `Look at what the keeper says: aws logs tail /aws/lambda/cfn-artifacts-keeper --since 2d --region ${region}\n${meanwhile} --region ${region}`,
    ),
  ];
}
