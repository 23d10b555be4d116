import { formatReach } from '../../repository/sharing/reach.ts';
import type { RamShare } from '../../repository/sharing/resource-share.ts';
import { isOwnSid } from '../../repository/sharing/statements.ts';
import { isNewer } from '../bootstrap/situation.ts';
import type { EncryptionAnswer } from '../bucket/answers.ts';
import type { Harm } from '../bucket/lifecycle.ts';
import { harmsOf, lackingRules } from '../bucket/lifecycle.ts';
import type { ForeignStatement, LackingStatement } from '../bucket/policy.ts';
import { comparePolicies, statementsOf } from '../bucket/policy.ts';
import type { Check, Finding } from '../check.ts';
import { checksOn, problem, warning } from '../check.ts';
import type { BucketAnswers, Subject } from './answers.ts';
import type { Expected } from './expected.ts';
import { bootstrapRemedy, deployedVersion, runBootstrap, UPDATE_TOOL } from './remedy.ts';
import { conditionalWrites } from './store-checks.ts';

const check = checksOn<BucketAnswers>();

/** Of the bucket and what is in it. To add one, add an entry; what it asks is a line of `BucketAnswers`. */
export const BUCKET_CHECKS: readonly Check<BucketAnswers>[] = [
  check({
    id: 'bucket',
    asks: 'the bucket is there, in the right Region and account',
    needs: ['subject', 'bucket'],
    judge: ({ subject, bucket }) => {
      if (bucket.is !== 'there') {
        const remedy =
          subject.kind === 'stack' && bucket.is === 'absent'
            ? runBootstrap(subject)
            : 'Name the right one with --domain, and its account with --domain-owner.';
        return [problem(bucket.message, remedy)];
      }
      if (bucket.region === subject.region) return [];
      return [
        problem(
          `the bucket '${subject.bucket}' is in ${bucket.region}, and the domain of ${subject.region} needs one there`,
          `S3 moves no bucket: empty and delete it where nothing uses it. ${runBootstrap(subject)}`,
        ),
      ];
    },
  }),
  check({
    id: 'descriptor',
    asks: 'the bucket says that it is this domain, in a format that is understood',
    needs: ['subject', 'descriptor'],
    judge: ({ subject, descriptor }) => {
      if (descriptor.is === 'right') return [];
      if (descriptor.is === 'other')
        return [problem(descriptor.message, descriptor.remedy ?? 'Name the right store with --domain.')];
      const remedy =
        subject.kind === 'stack'
          ? bootstrapRemedy(subject)
          : "The first 'cfn-artifacts package' or 'publish' with this --domain makes one.";
      return [problem(`there is no domain in the bucket '${subject.bucket}': it has no object 'domain'`, remedy)];
    },
  }),
  check({
    id: 'versioning',
    asks: 'the bucket keeps versions',
    needs: ['subject', 'versioning'],
    judge: ({ subject, versioning }) => {
      if (versioning === 'Enabled') return [];
      const { bucket } = subject;
      return [
        problem(
          `versioning of '${bucket}' is ${versioning === 'Off' ? 'off' : 'suspended'}: what is overwritten or deleted is gone, and what is stored now can't be told from what will be`,
          setting(
            subject,
            `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled\nThen wait 15 minutes, and copy what was stored meanwhile onto itself.`,
          ),
        ),
      ];
    },
  }),
  check({
    id: 'policy',
    asks: "the bucket's policy denies what could lose content, and nothing that is needed",
    needs: ['subject', 'policy'],
    regards: ['stack', 'reference'],
    judge: ({ subject, policy, ...deployed }) => judgePolicy(subject, policy, isAhead(subject, deployed)),
  }),
  check({
    id: 'sharing',
    asks: 'the policies say what the domain shares and demands, and no more of it',
    needs: ['subject', 'sharing'],
    judge: ({ subject, sharing }) =>
      sharing.map(({ what, lines }) =>
        problem(
          `the policy of ${what} is not what the domain's shares and demands ask for`,
          `Run: cfn-artifacts share sync --region ${subject.region}`,
          { difference: lines },
        ),
      ),
  }),
  check({
    id: 'resource-shares',
    asks: 'AWS RAM and the policies name the same accounts and organizations',
    needs: ['subject', 'resourceShares'],
    judge: ({ subject, resourceShares }) => resourceShares.flatMap((share) => judgeRamShare(subject, share)),
  }),
  check({
    id: 'own-buckets',
    asks: 'the buckets that repositories have of their own are known',
    needs: ['ownBuckets'],
    // Each of them has checks of its own.
    judge: () => [],
  }),
  check({
    id: 'lifecycle',
    asks: 'no lifecycle rule eats content',
    needs: ['subject', 'lifecycle'],
    judge: ({ subject, lifecycle }) => harmsOf(lifecycle).map((harm) => judgeHarm(subject, harm)),
  }),
  check({
    id: 'tidying',
    asks: "the domain's own lifecycle rules are in place",
    needs: ['subject', 'lifecycle'],
    judge: ({ subject, lifecycle }) => {
      const lacking = lackingRules(subject.expected.rules, lifecycle);
      if (lacking.length === 0) return [];
      const names = lacking.map((id) => `'${id}'`).join(', ');
      const [are, them] = lacking.length === 1 ? ['is', 'it'] : ['are', 'them'];
      return [
        warning(
          `of the domain's lifecycle rules ${names} ${are} missing, off or changed: what is superseded is kept, and paid for`,
          setting(subject, `put ${them} back with aws s3api put-bucket-lifecycle-configuration; --json shows ${them}.`),
          { expected: subject.expected.rules.filter(({ Id: id }) => typeof id === 'string' && lacking.includes(id)) },
        ),
      ];
    },
  }),
  check({
    id: 'encryption',
    asks: 'new content is encrypted as the domain says',
    needs: ['subject', 'encryption'],
    regards: ['stack'],
    judge: ({ subject, encryption, stack }) => judgeEncryption(subject, encryption, stack?.parameters['KmsKeyArn']),
  }),
  check({
    id: 'public-access',
    asks: 'nothing can be made public',
    needs: ['subject', 'publicAccess'],
    judge: ({ subject, publicAccess }) => {
      const off = Object.entries(publicAccess).flatMap(([name, on]) => (on ? [] : [name]));
      if (off.length === 0) return [];
      const { bucket } = subject;
      const all = Object.keys(publicAccess).map((name) => `${name}=true`);
      return [
        problem(
          `of the public access block of '${bucket}' ${off.join(', ')} ${off.length === 1 ? 'is' : 'are'} off`,
          setting(
            subject,
            `aws s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration ${all.join(',')}`,
          ),
        ),
      ];
    },
  }),
  check({
    id: 'ownership',
    asks: 'whatever is in the bucket belongs to its account',
    needs: ['subject', 'ownership'],
    judge: ({ subject, ownership }) => {
      if (ownership === 'BucketOwnerEnforced') return [];
      const { bucket } = subject;
      return [
        problem(
          `object ownership of '${bucket}' is ${ownership ?? 'not set'}, not BucketOwnerEnforced: ACLs count, and an object may belong to another account`,
          setting(
            subject,
            `aws s3api put-bucket-ownership-controls --bucket ${bucket} --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`,
          ),
        ),
      ];
    },
  }),
  check({
    id: 'events',
    asks: 'the bucket tells EventBridge what happens in it',
    needs: ['subject', 'eventBridge'],
    judge: ({ subject, eventBridge }) =>
      eventBridge
        ? []
        : [
            warning(
              `the bucket '${subject.bucket}' sends no events to EventBridge`,
              setting(
                subject,
                'add "EventBridgeConfiguration": {} to its notifications with aws s3api put-bucket-notification-configuration, which replaces all of them.',
              ),
            ),
          ],
  }),
  check({
    id: 'replication',
    asks: 'nothing is replicated elsewhere: references and collection belong to one domain',
    needs: ['subject', 'replication'],
    judge: ({ subject, replication }) =>
      replication.length === 0
        ? []
        : [
            warning(
              `the bucket '${subject.bucket}' is replicated to ${replication.join(', ')}: a replica is no domain, and nothing is ever collected there`,
              'Turn the replication off unless it is for a backup that somebody keeps an eye on.',
            ),
          ],
  }),
  check({
    id: 'object-lock',
    asks: 'nothing is locked against deletion by default',
    needs: ['subject', 'objectLock'],
    judge: ({ subject, objectLock: { retention } }) =>
      retention === undefined
        ? []
        : [
            warning(
              `whatever is written to '${subject.bucket}' is locked for ${retention}: what nothing uses can't be removed before, records neither`,
              `Remove the default retention: aws s3api put-object-lock-configuration --bucket ${subject.bucket} --object-lock-configuration ObjectLockEnabled=Enabled`,
            ),
          ],
  }),
  conditionalWrites('Use Amazon S3, or a directory.'),
  check({
    id: 'clock',
    asks: "this machine's clock is right",
    needs: ['clock'],
    judge: ({ clock }) => judgeClock(clock),
  }),
];

/** What sets a setting right: of the stack's bucket its template, of any other one a command. */
function setting(subject: Subject, byHand: string): string {
  if (subject.kind === 'bucket') return byHand.replace(/^[a-z](?!ws )/, (letter) => letter.toUpperCase());
  return bootstrapRemedy(subject);
}

/** Whether the deployed domain is that of a newer version: what it has otherwise is then not wrong. */
function isAhead({ version }: Subject, deployed: Parameters<typeof deployedVersion>[0]): boolean {
  const other = deployedVersion(deployed);
  return other !== undefined && isNewer(other, version);
}

function judgePolicy(subject: Subject, policy: string | undefined, isAheadOfUs: boolean): readonly Finding[] {
  const { bucket } = subject;
  const statements = statementsFor(subject);
  const byHand = `put it into the policy (aws s3api get-bucket-policy, put-bucket-policy); --json shows it.`;
  if (policy === undefined) {
    return [
      problem(
        `the bucket '${bucket}' has no policy: whoever may delete objects can delete what is in use`,
        setting(subject, byHand.replaceAll(/\bit\b/g, 'one')),
        { expected: statements },
      ),
    ];
  }
  const deployed = statementsOf(policy);
  if (deployed === undefined) {
    return [problem(`the policy of '${bucket}' can't be read`, setting(subject, byHand), { found: policy })];
  }
  // What is written for shares and demands has a check of its own.
  const others = deployed.filter(({ Sid: sid }) => !isOwnSid(sid));
  const { lacking, foreignAllows, foreignDenies } = comparePolicies(statements, others, subject, rolesOf(statements));
  return [
    ...lacking.map((one) => judgeLacking(one, isAheadOfUs ? UPDATE_TOOL : setting(subject, byHand), isAheadOfUs)),
    ...foreignAllows.map((one) => judgeForeignAllow(one)),
    ...foreignDenies.map((one) => judgeForeignDeny(one)),
  ];
}

/**
 * Where no stack makes the bucket there are no functions: whoever gives a command does the keeper's work, and whoever owns the bucket changes its settings. What
 * trusts the functions or CloudFormation alone would shut both out.
 */
function statementsFor({ kind, expected: { statements } }: Subject): Expected['statements'] {
  if (kind === 'stack') return statements;
  return statements.filter(
    (statement) => rolesOf([statement]).length === 0 && !JSON.stringify(statement).includes('AWSCloudFormation'),
  );
}

/** The roles that the policy makes exceptions for: those of the functions. */
function rolesOf(statements: Expected['statements']): readonly string[] {
  const named = JSON.stringify(statements).match(/arn:[^:"]+:iam::\d{12}:role\/[^"]+/g);
  return [...new Set(named ?? [])];
}

function judgeLacking({ sid, expected, found }: LackingStatement, remedy: string, isAheadOfUs: boolean): Finding {
  const does = found === undefined ? 'is missing' : 'is not as this version writes it';
  const message = `the statement '${sid}' of the bucket's policy ${does}`;
  const details = { expected, ...(found !== undefined && { found }) };
  return isAheadOfUs ? warning(message, remedy, details) : problem(message, remedy, details);
}

/** Who has not answered an invitation yet is nobody's fault. */
function judgeRamShare({ region }: Subject, share: RamShare): readonly Finding[] {
  const { id, ram, with: whom, reason } = share;
  const what = `'${formatReach(share)}'`;
  const sync = `Run: cfn-artifacts share sync --region ${region}`;
  const revoke = `Run: cfn-artifacts share revoke ${id} --region ${region}`;
  const details = { resourceShare: ram };
  switch (share.state) {
    case 'associated':
    case 'waiting':
      return [];
    case 'new':
      return reason === undefined
        ? [warning(`'${whom}' is associated with ${what} in AWS RAM, and the policies do not say so`, sync, details)]
        : [warning(`'${whom}' is associated with ${what} in AWS RAM, which can't be: ${reason}`, revoke, details)];
    case 'gone':
      return [problem(`'${whom}' has a share of ${what} that AWS RAM no longer gives it`, sync, details)];
    case 'failed':
      return [
        warning(
          `'${whom}' could not be associated with ${what} in AWS RAM: ${reason ?? 'it was not accepted'}`,
          `${revoke}. Then share it anew, if it is still wanted`,
          details,
        ),
      ];
    case 'unknown':
      return [
        problem(
          `the resource share by which '${whom}' has a share of ${what} is tagged as that of something else: nobody follows it`,
          `${revoke}. Then share it anew`,
          details,
        ),
      ];
  }
}

function judgeForeignAllow({ name, principals, statement }: ForeignStatement): Finding {
  const whom = principals.map((principal) => (principal === '*' ? 'everybody' : principal)).join(', ');
  return warning(
    `the statement ${name} of the bucket's policy allows something to others: ${whom}`,
    "Remove it, unless somebody knows what it is for. What others may use of a domain is said by 'cfn-artifacts share'.",
    { found: statement },
  );
}

function judgeForeignDeny({ name, principals, statement }: ForeignStatement): Finding {
  const whom = principals.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)).join(' and ');
  return warning(
    `the statement ${name} of the bucket's policy may deny the domain's own functions (${whom}) what they need`,
    'Except them from it: "Condition": {"ArnNotEquals": {"aws:PrincipalArn": […]}} with the ARNs of both roles.',
    { found: statement },
  );
}

function judgeHarm(subject: Subject, { rule, kind, does, where }: Harm): Finding {
  const what = rule.narrowed ? ' of what has certain tags or sizes' : '';
  const said = `the lifecycle rule '${rule.id}' ${does.join(' and ')}${what}`;
  const under = where.join(', ');
  const consequences = {
    eats: `: it eats ${under}`,
    freezes: `: Lambda and CloudFormation can't read them there, under ${under}`,
    risks: `, where one data centre holds all: ${under}`,
  };
  const remedy = setting(
    subject,
    `remove or narrow the rule with aws s3api put-bucket-lifecycle-configuration --bucket ${subject.bucket}`,
  );
  const make = kind === 'risks' ? warning : problem;
  return make(said + consequences[kind], remedy, { rule: rule.id, prefix: rule.prefix, eats: where });
}

function judgeEncryption(
  subject: Subject,
  encryption: EncryptionAnswer | undefined,
  keyOfStack: string | undefined,
): readonly Finding[] {
  const { bucket, account, region, kind } = subject;
  const found =
    encryption?.key === undefined ? encryption?.algorithm : `${encryption.algorithm} with ${encryption.key}`;
  if (kind === 'bucket' || keyOfStack === undefined) {
    const [, , , ofRegion, ofAccount] = (encryption?.key ?? '').split(':');
    if (ofAccount === undefined || (ofAccount === account && ofRegion === region)) return [];
    return [
      warning(
        `new content of '${bucket}' is encrypted with a key of another account or Region: ${encryption?.key ?? ''}`,
        'Whoever deploys needs kms:Decrypt there too: use a key of this account, or keys of S3.',
      ),
    ];
  }
  const [algorithm, key] = keyOfStack === '' ? ['AES256'] : ['aws:kms', keyOfStack];
  const isSameKey =
    key === undefined || encryption?.key === key || encryption?.key === key.slice(key.lastIndexOf('/') + 1);
  if (encryption?.algorithm === algorithm && isSameKey) return [];
  const wanted = key === undefined ? 'AES256, with keys of S3' : `aws:kms with ${key}`;
  return [
    warning(
      `new content of '${bucket}' is encrypted by ${found ?? 'nothing that is configured'}, and the domain's stack says ${wanted}`,
      bootstrapRemedy(subject),
    ),
  ];
}

/** Milliseconds. AWS refuses what was signed 15 minutes ago or later. */
const CLOCK_PROBLEM_MS = 5 * 60_000;
/** Milliseconds. Records tell the time to the second, and references are compared by it. */
const CLOCK_WARNING_MS = 30_000;

function judgeClock(ahead: number): readonly Finding[] {
  const distance = Math.abs(ahead);
  if (distance <= CLOCK_WARNING_MS) return [];
  const seconds = Math.round(distance / 1000);
  const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
  const make = distance > CLOCK_PROBLEM_MS ? problem : warning;
  return [
    make(
      `this machine's clock is ${amount} ${ahead > 0 ? 'ahead of' : 'behind'} that of S3`,
      'Set the clock, best by NTP: AWS refuses requests that are signed 15 minutes off.',
    ),
  ];
}
