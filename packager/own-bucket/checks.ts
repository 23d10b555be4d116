import type { BucketPresence, EncryptionAnswer, ObjectLockAnswer, PublicAccess } from '../bucket/answers.ts';
import type { LifecycleRule } from '../bucket/lifecycle.ts';
import { harmsOf } from '../bucket/lifecycle.ts';
import { comparePolicies, statementsOf } from '../bucket/policy.ts';
import type { Check, Finding } from '../check.ts';
import { checksOn, problem, warning } from '../check.ts';
import type { Claim } from './claim.ts';
import type { OwnBucket } from './statements.ts';
import { OWN_SID, PROMISES, statementsFor } from './statements.ts';

/** What is asked of a bucket before a repository may have its content in it. */
export interface OwnBucketAnswers {
  readonly wanted: OwnBucket;
  readonly presence: BucketPresence;
  /** Whether it is a domain itself. */
  readonly isDomain: boolean;
  /** Whose content it has; absent: nobody's. */
  readonly claim: Claim | undefined;
  /** A key below `blobs/`, if there is any. */
  readonly contentThere: string | undefined;
  readonly versioning: 'Enabled' | 'Suspended' | 'Off';
  readonly policy: string | undefined;
  readonly encryption: EncryptionAnswer | undefined;
  readonly lifecycle: readonly LifecycleRule[];
  readonly publicAccess: PublicAccess;
  readonly ownership: string | undefined;
  /** Names of the buckets that it is replicated to. */
  readonly replication: readonly string[];
  readonly objectLock: ObjectLockAnswer;
}

/** What the caller must be allowed for an answer. */
export const OWN_BUCKET_ACTIONS: Readonly<Record<keyof OwnBucketAnswers, readonly string[]>> = {
  wanted: [],
  presence: ['s3:ListBucket'],
  isDomain: ['s3:ListBucket', 's3:GetObject'],
  claim: ['s3:ListBucket', 's3:GetObject'],
  contentThere: ['s3:ListBucket'],
  versioning: ['s3:GetBucketVersioning'],
  policy: ['s3:GetBucketPolicy'],
  encryption: ['s3:GetEncryptionConfiguration'],
  lifecycle: ['s3:GetLifecycleConfiguration'],
  publicAccess: ['s3:GetBucketPublicAccessBlock'],
  ownership: ['s3:GetBucketOwnershipControls'],
  replication: ['s3:GetReplicationConfiguration'],
  objectLock: ['s3:GetBucketObjectLockConfiguration'],
};

const check = checksOn<OwnBucketAnswers>();

/** To add one, add an entry and a row in docs/own-bucket.md; what it asks is a line of `OwnBucketAnswers`. */
export const OWN_BUCKET_CHECKS: readonly Check<OwnBucketAnswers>[] = [
  check({
    id: 'bucket',
    asks: "the bucket is there, in the domain's Region, and of its account",
    needs: ['wanted', 'presence'],
    judge: ({ wanted, presence }) => {
      const { bucket, domain } = wanted;
      const { usedBy } = wanted;
      if (presence.is !== 'there')
        return [
          problem(
            presence.message,
            usedBy !== undefined
              ? goneFor(usedBy, domain)
              : `Name a bucket of account ${domain.account}: content of another account's bucket would need its consent for every step of the functions. 'cfn-artifacts share' gives other accounts what a repository has.`,
          ),
        ];
      if (presence.region === domain.region) return [];
      return [
        problem(
          `the bucket '${bucket}' is in ${presence.region}, and the domain in ${domain.region}: Lambda takes code from a bucket of its own Region alone`,
          usedBy !== undefined
            ? goneFor(usedBy, domain)
            : `Name a bucket in ${domain.region}, or make the repository in the domain of ${presence.region}.`,
        ),
      ];
    },
  }),
  check({
    id: 'domain',
    asks: 'the bucket is no domain',
    needs: ['wanted', 'isDomain'],
    judge: ({ wanted: { bucket, domain, usedBy }, isDomain }) => {
      if (!isDomain && bucket !== domain.bucket) return [];
      const [message, remedy] =
        bucket === domain.bucket
          ? [`'${bucket}' is the domain's own bucket`, 'Leave out --bucket: a repository has its content there.']
          : [
              `'${bucket}' is a domain: it collects what nothing in it refers to`,
              usedBy === undefined
                ? 'Name a bucket that is none, or use that domain with --domain.'
                : `Remove its object 'domain' if nobody uses that domain. Else ${moveAway(usedBy)}`,
            ];
      return [problem(message, remedy)];
    },
  }),
  check({
    id: 'claim',
    asks: 'the bucket has content of no other domain, and of nobody else',
    needs: ['wanted', 'claim', 'contentThere'],
    judge: ({ wanted, claim, contentThere }) => {
      const { bucket, domain, usedBy } = wanted;
      if (claim !== undefined && claim.bucket !== domain.bucket)
        return [
          problem(
            `'${bucket}' has content of the domain '${claim.bucket}' (account ${claim.account}, ${claim.region})`,
            `${usedBy === undefined ? 'Name another bucket' : startingBig(moveAway(usedBy))}: each domain would collect what only the other refers to.`,
          ),
        ];
      if (claim === undefined && usedBy !== undefined)
        return [
          warning(
            `'${bucket}' does not say any more whose content it has: another domain could take it for its own`,
            `Run: ${madeAgain(wanted)}`,
          ),
        ];
      if (claim !== undefined || contentThere === undefined) return [];
      return [
        problem(
          `there is something below 'blobs/' in '${bucket}' already, like '${contentThere}', and nothing in the domain refers to it: a collection would remove it`,
          'Name a bucket that has nothing there; a bucket of plain uploads (--s3-bucket) is none.',
        ),
      ];
    },
  }),
  check({
    id: 'versioning',
    asks: 'the bucket keeps versions',
    needs: ['wanted', 'versioning'],
    judge: ({ wanted: { bucket }, versioning }) =>
      versioning === 'Enabled'
        ? []
        : [
            problem(
              `versioning of '${bucket}' is ${versioning === 'Off' ? 'off' : 'suspended'}: what is to be deleted could not be told from what is stored anew at that moment`,
              `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled\nThen wait 15 minutes.`,
            ),
          ],
  }),
  check({
    id: 'encryption',
    asks: 'whoever deploys can read what is encrypted there',
    needs: ['wanted', 'encryption'],
    judge: ({ wanted, encryption }) => judgeEncryption(wanted, encryption),
  }),
  check({
    id: 'public-access',
    asks: 'nothing can be made public',
    needs: ['wanted', 'publicAccess'],
    judge: ({ wanted: { bucket }, publicAccess }) => {
      const off = Object.entries(publicAccess).flatMap(([name, on]) => (on ? [] : [name]));
      if (off.length === 0) return [];
      const all = Object.keys(publicAccess).map((name) => `${name}=true`);
      return [
        problem(
          `of the public access block of '${bucket}' ${off.join(', ')} ${off.length === 1 ? 'is' : 'are'} off: somebody could give the code to everybody`,
          `aws s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration ${all.join(',')}`,
        ),
      ];
    },
  }),
  check({
    id: 'ownership',
    asks: 'whatever is in the bucket belongs to its account',
    needs: ['wanted', 'ownership'],
    judge: ({ wanted: { bucket }, ownership }) =>
      ownership === 'BucketOwnerEnforced'
        ? []
        : [
            problem(
              `object ownership of '${bucket}' is ${ownership ?? 'not set'}, not BucketOwnerEnforced: an object may belong to another account, and the bucket's policy does not count for it`,
              `aws s3api put-bucket-ownership-controls --bucket ${bucket} --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`,
            ),
          ],
  }),
  check({
    id: 'object-lock',
    asks: 'nothing is locked against deletion by default',
    needs: ['wanted', 'objectLock'],
    judge: ({ wanted: { bucket }, objectLock: { retention } }) =>
      retention === undefined
        ? []
        : [
            problem(
              `whatever is written to '${bucket}' is locked for ${retention}: what nothing uses can't be removed before, and its deletion, once it is decided, can't be completed`,
              `Remove the default retention: aws s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled`,
            ),
          ],
  }),
  check({
    id: 'policy',
    asks: "the bucket's policy allows what the functions do, and denies what could lose content",
    needs: ['wanted', 'policy'],
    judge: ({ wanted, policy }) => judgePolicy(wanted, policy),
  }),
  check({
    id: 'lifecycle',
    asks: 'no lifecycle rule eats content',
    needs: ['wanted', 'lifecycle'],
    judge: ({ wanted: { bucket }, lifecycle }) =>
      harmsOf(lifecycle)
        .filter(({ where }) => where.includes('blobs/'))
        .map(({ rule, kind, does }) => {
          const what = rule.narrowed ? ' of what has certain tags or sizes' : '';
          const why = {
            eats: "what is in use below 'blobs/' goes with it",
            freezes: "Lambda and CloudFormation can't read it there",
            risks: 'one data centre holds all of it there',
          }[kind];
          return (kind === 'risks' ? warning : problem)(
            `the lifecycle rule '${rule.id}' of '${bucket}' ${does.join(' and ')}${what}: ${why}`,
            "Remove the rule, or narrow it to prefixes beside 'blobs/', with aws s3api put-bucket-lifecycle-configuration.",
          );
        }),
  }),
  check({
    id: 'replication',
    asks: 'nothing is replicated elsewhere',
    needs: ['wanted', 'replication'],
    judge: ({ wanted: { bucket }, replication }) =>
      replication.length === 0
        ? []
        : [
            warning(
              `the bucket '${bucket}' is replicated to ${replication.join(', ')}: nothing is ever collected there`,
              "Leave 'blobs/' out of the replication, unless it is for a backup that somebody keeps an eye on.",
            ),
          ],
  }),
];

function judgeEncryption(
  { bucket, domain: { account, region, partition } }: OwnBucket,
  encryption: EncryptionAnswer | undefined,
): readonly Finding[] {
  const key = encryption?.key;
  if (encryption?.algorithm === 'AES256' || key === undefined) return [];
  const [, , , ofRegion, ofAccount] = key.split(':');
  if (ofAccount !== undefined && (ofAccount !== account || ofRegion !== region)) {
    return [
      problem(
        `new content of '${bucket}' is encrypted with a key of another account or Region, ${key}: neither the functions nor Lambda can read it`,
        'Let a key of this account and Region encrypt it, or keys of S3.',
      ),
    ];
  }
  const roles = ['reference', 'keeper'].map(
    (name) => `arn:${partition}:iam::${account}:role/cfn-artifacts-${name}-${region}`,
  );
  return [
    warning(
      `new content of '${bucket}' is encrypted with the key ${key}, whose policy is not looked at`,
      `Let its policy allow ${roles.join(' and ')} kms:Decrypt, and who publishes kms:GenerateDataKey and kms:Decrypt; who deploys needs kms:Decrypt too.`,
    ),
  ];
}

function judgePolicy(wanted: OwnBucket, policy: string | undefined): readonly Finding[] {
  const { bucket, domain } = wanted;
  const deployed = policy === undefined ? [] : statementsOf(policy);
  if (deployed === undefined)
    return [problem(`the policy of '${bucket}' can't be read`, 'Look at it with aws s3api get-bucket-policy.')];
  const expected = statementsFor(wanted);
  const roles = wanted.hasFunctions
    ? ['reference', 'keeper'].map(
        (name) => `arn:${domain.partition}:iam::${domain.account}:role/cfn-artifacts-${name}-${domain.region}`,
      )
    : [];
  const { lacking, foreignAllows, foreignDenies } = comparePolicies(expected, deployed, { ...domain, bucket }, roles);
  return [
    ...lacking.map(({ sid, expected: statement, found }) => {
      const does = found === undefined ? 'is missing' : 'says something else';
      const message = `the statement '${sid}' in the policy of '${bucket}' ${does}`;
      const promise = PROMISES[sid.slice(OWN_SID.length)];
      const remedy = wanted.usedBy === undefined ? APPLY : `Run: ${madeAgain(wanted)} --apply-policy`;
      return promise === undefined
        ? problem(`${message}: without it the domain's functions can't do their work there`, remedy, { statement })
        : warning(`${message}: it can't be promised ${promise}`, remedy, { statement });
    }),
    ...foreignAllows.map(({ name, principals }) =>
      warning(
        `the statement ${name} in the policy of '${bucket}' allows something to others: ${principals.join(', ')}`,
        'Remove it, unless somebody knows what it is for.',
      ),
    ),
    ...foreignDenies.map(({ name, principals }) =>
      problem(
        `the statement ${name} in the policy of '${bucket}' may deny the domain's functions (${principals.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)).join(' and ')}) what they need`,
        'Except them from it: "Condition": {"ArnNotEquals": {"aws:PrincipalArn": […]}} with the ARNs of both roles.',
      ),
    ),
  ];
}

const APPLY = '--apply-policy writes it; or put it there with aws s3api put-bucket-policy, then try again.';

/** A repository keeps its bucket for good. */
function goneFor(usedBy: readonly string[], { account, region }: OwnBucket['domain']): string {
  const them = usedBy.length === 1 ? 'it' : 'them';
  return `What ${quoted(usedBy)} had is to be found nowhere else. Make a bucket of that name in ${region} and account ${account}, if S3 gives it to you, and publish to ${them} again; or publish to another repository.`;
}

function moveAway(usedBy: readonly string[]): string {
  return `promote what ${quoted(usedBy)} ${usedBy.length === 1 ? 'has' : 'have'} into another repository`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(' and ');
}

function startingBig(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** Changes nothing that is right. */
function madeAgain({ domain, bucket, hasFunctions, usedBy: [repository] = ['NAME'] }: OwnBucket): string {
  const where = hasFunctions ? `--region ${domain.region}` : `--domain s3://${domain.bucket}`;
  return `cfn-artifacts repository create ${repository} --bucket ${bucket} ${where}`;
}
