import type { DomainPlace } from '../arn.ts';
import { sha256 } from '../digest.ts';
import type { Audience, Who } from './audience.ts';
import { audiencesOf, one, whoIs } from './audience.ts';
import { guestFilename, guestNonce } from './guest-file.ts';
import { keysBeginning, keysOf } from './reach.ts';
import type { Demands, RepositoryShare, Right } from './share.ts';
import { includes, scopeOf } from './share.ts';

/** One statement of a policy, in AWS's own words. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: Who['Principal'];
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Who['Condition'];
}

export interface SharingPlace extends DomainPlace {
  readonly bucket: string;
}

/** The tag by which content tells whom it is shared with: the scopes that reach it, each between colons. */
export const SHARES_TAG = 'cfn-artifacts-shares';

/** 64 characters: a digest's, and not one more, so that no `*` reaches what stands behind another. */
const DIGEST = '?'.repeat(64);
const PROMOTION = '?'.repeat(32);

/** Of what the stacks of whoever asks use. */
const OWN_RECORDS = `references/${DIGEST}/stack/\${aws:PrincipalAccount}/*`;

/** What others write is encrypted as the bucket says, and stored as everything is. */
const AS_THE_BUCKET_SAYS = {
  Null: {
    's3:x-amz-server-side-encryption': 'true',
    's3:x-amz-server-side-encryption-aws-kms-key-id': 'true',
    's3:x-amz-storage-class': 'true',
  },
} as const;

/** Of a domain's keepers, whose names are given. In whatever account. */
const keeperRoles = (partition: string): string => `arn:${partition}:iam::*:role/cfn-artifacts-keeper-*`;

/** A pattern of a repository, and all who may do something with it. */
interface Reached {
  readonly repository: string;
  readonly pattern: string;
}

/** Everything that may be done with the same artifacts by the same people. */
interface Group {
  readonly audience: Audience;
  readonly reached: readonly Reached[];
}

/**
 * What the policy of a domain's bucket says for its shares, and nothing else: in the same order whatever order they come in. Each statement allows something to others, who need the leave of their own
 * account beside it.
 */
export function bucketStatements(place: SharingPlace, shares: readonly RepositoryShare[]): readonly PolicyStatement[] {
  const everybody = audiencesOf(shares.map((share) => share.with));
  return [
    ...everybody.flatMap((audience) => ofEverybody(place, audience)),
    ...groupsOf(shares, 'read').flatMap((group) => reading(place, group)),
    ...groupsOf(shares, 'publish').flatMap((group) => publishing(place, group)),
    ...groupsOf(shares, 'promote').flatMap((group) => promoting(place, group)),
  ];
}

/** Those who have a right, or one that includes it, by what they have it for. */
function groupsOf(shares: readonly RepositoryShare[], right: Right): readonly Group[] {
  const patterns = new Map<string, { readonly reached: Reached; readonly recipients: string[] }>();
  for (const { repository, pattern, right: has, with: recipient } of shares) {
    if (!includes(has, right)) continue;
    const name = `${repository}/${pattern}`;
    const known = patterns.get(name);
    if (known === undefined) patterns.set(name, { reached: { repository, pattern }, recipients: [recipient] });
    else known.recipients.push(recipient);
  }
  const groups = new Map<string, { readonly audience: Audience; readonly reached: Reached[] }>();
  for (const [, { reached, recipients }] of [...patterns].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const audience of audiencesOf(recipients)) {
      const known = groups.get(audience.name);
      if (known === undefined) groups.set(audience.name, { audience, reached: [reached] });
      else known.reached.push(reached);
    }
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** What everybody may who has any share: keep their own records of what their stacks use. */
function ofEverybody(place: SharingPlace, audience: Audience): readonly PolicyStatement[] {
  const { arn, allow } = writer(place, audience);
  return [
    allow('Use', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [arn(OWN_RECORDS)], {
      ...AS_THE_BUCKET_SAYS,
      ArnLike: { 'aws:PrincipalArn': keeperRoles(place.partition) },
    }),
  ];
}

const RECORDS = ['versions', 'statuses', 'labels', 'bookmarks'] as const;

function reading(place: SharingPlace, { audience, reached }: Group): readonly PolicyStatement[] {
  const { arn, allow } = writer(place, audience);
  const repositories = [...new Set(reached.map(({ repository }) => repository))];
  const records = reached.flatMap(({ repository, pattern }) =>
    RECORDS.map((kind) => `${kind}/${repository}/${keysOf(pattern)}`),
  );
  // Whoever knows the name of one has read it in a version: what was promoted together is seen together.
  const promotions = repositories.map((repository) => `promotions/${repository}/${PROMOTION}`);
  const settings = repositories.map((repository) => `repositories/${repository}`);
  return [
    allow('Read', 's3:GetObject', ['domain', ...settings, ...records, ...promotions].map(arn)),
    // Of content with a digest that is known: so that what is absent is told from what is forbidden.
    allow('List', 's3:ListBucket', [arn()], {
      StringLike: {
        's3:prefix': [...records, ...promotions, `blobs/sha256/${DIGEST}/*`, OWN_RECORDS],
      },
    }),
    // Keys of content do not tell of which artifact it is.
    allow('Fetch', 's3:GetObject', [arn('blobs/*')], {
      StringLike: {
        [`s3:ExistingObjectTag/${SHARES_TAG}`]: one(reached.map((where) => `*:${scopeOf(where)}:*`)),
      },
    }),
  ];
}

function publishing(place: SharingPlace, { audience, reached }: Group): readonly PolicyStatement[] {
  const { arn, allow } = writer(place, audience);
  const held = reached.map(
    ({ repository, pattern }) => `references/${DIGEST}/version/${repository}/${keysOf(pattern)}`,
  );
  // A number, and then what tells it from what the domain itself holds. No policy can say `digits`: whatever else the `*` lets stand there counts for nothing (`namedBy`).
  const holding = reached.map(
    ({ repository, pattern }) =>
      `references/${DIGEST}/version/${repository}/${keysBeginning(pattern, `*-${guestNonce(scopeOf({ repository, pattern }), '')}`)}`,
  );
  const files = reached.map((where) => `blobs/sha256/${DIGEST}/${guestFilename(scopeOf(where), '*')}`);
  const records = reached.flatMap(({ repository, pattern }) =>
    (['versions', 'labels'] as const).map((kind) => `${kind}/${repository}/${keysOf(pattern)}`),
  );
  const deletions = `deletions/${DIGEST}`;
  return [
    // Whole objects alone: of those S3 itself can say what their bytes are.
    allow('Publish', 's3:PutObject', [...files, ...records, ...holding].map(arn), {
      ...AS_THE_BUCKET_SAYS,
      Bool: { 's3:ObjectCreationOperation': 'true' },
    }),
    allow('Hold', 's3:GetObject', [...files, ...held, deletions].map(arn)),
    allow('Seek', 's3:ListBucket', [arn()], { StringLike: { 's3:prefix': [...held, deletions] } }),
  ];
}

function promoting(place: SharingPlace, { audience, reached }: Group): readonly PolicyStatement[] {
  const { arn, allow } = writer(place, audience);
  const repositories = [...new Set(reached.map(({ repository }) => repository))];
  return [
    allow(
      'Promote',
      's3:PutObject',
      repositories.map((repository) => arn(`promotions/${repository}/${PROMOTION}`)),
      AS_THE_BUCKET_SAYS,
    ),
  ];
}

interface Writer {
  /** @param key absent: the bucket itself */
  readonly arn: (key?: string) => string;
  readonly allow: (
    does: string,
    actions: string | readonly string[],
    resources: readonly string[],
    conditions?: Who['Condition'],
  ) => PolicyStatement;
}

function writer({ partition, account, bucket }: SharingPlace, audience: Audience): Writer {
  const { Principal, Condition } = whoIs(audience, { partition, account });
  return {
    arn: (key) => `arn:${partition}:s3:::${bucket}${key === undefined ? '' : `/${key}`}`,
    allow: (does, Action, resources, conditions = {}) => ({
      ...{ Sid: `${sidOf(audience)}${does}`, Effect: 'Allow', Principal, Action, Resource: one(resources) },
      ...withConditions(together(Condition, conditions)),
    }),
  };
}

/** Operators that both have come together: all of them must hold. */
function together(some: Who['Condition'], others: Who['Condition']): Who['Condition'] {
  const operators = [...new Set([...Object.keys(some), ...Object.keys(others)])];
  return Object.fromEntries(operators.map((operator) => [operator, { ...some[operator], ...others[operator] }]));
}

function withConditions(Condition: Who['Condition']): Pick<PolicyStatement, 'Condition'> {
  return Object.keys(Condition).length === 0 ? {} : { Condition };
}

/** Letters and digits alone, as S3 wants it. */
function sidOf({ name }: Audience): string {
  return `Share${sha256(name).slice(0, 8)}`;
}

/**
 * What a domain demands. Settings of the bucket are not among it: whoever has locked out himself can still take it back.
 *
 * The key: whoever names an encryption names this one (who names none gets the bucket's, which is the same); `aws:kms` without a key would be one of S3's. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 *
 * The endpoints: services of AWS come from elsewhere when they act for somebody (`aws:ViaAWSService`, as CloudFormation and Lambda do when a function is made) or for themselves, and so do the functions of
 * this account's domains, which are in no network of anybody. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
 */
export function demandStatements(
  { partition, account, bucket }: SharingPlace,
  { encryption, endpoints }: Demands,
): readonly PolicyStatement[] {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const functions = ['reference', 'keeper'].map(
    (name) => `arn:${partition}:iam::${account}:role/cfn-artifacts-${name}-*`,
  );
  const deny = { Effect: 'Deny', Principal: '*' } as const;
  return [
    ...(encryption === undefined
      ? []
      : [
          {
            ...{ Sid: 'DemandEncryption', ...deny, Action: 's3:PutObject', Resource: `${arn}/*` },
            Condition: {
              Null: { 's3:x-amz-server-side-encryption': 'false' },
              StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': encryption },
            },
          },
        ]),
    ...(endpoints === undefined
      ? []
      : [
          {
            ...{ Sid: 'DemandEndpoint', ...deny, Resource: [arn, `${arn}/*`] },
            Action: [
              ...['s3:GetObject*', 's3:PutObject*', 's3:DeleteObject*', 's3:AbortMultipartUpload'],
              ...['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'],
            ],
            Condition: {
              StringNotEquals: { 'aws:SourceVpce': one(endpoints.toSorted()) },
              BoolIfExists: { 'aws:ViaAWSService': 'false', 'aws:PrincipalIsAWSService': 'false' },
              ArnNotLike: { 'aws:PrincipalArn': functions },
            },
          },
        ]),
  ];
}

/** Whether a statement of a bucket's policy is one that is written here. Whatever else is there is somebody else's, and stays. */
export function isOwnSid(sid: unknown): boolean {
  return typeof sid === 'string' && /^(?:Share[0-9a-f]{8}[A-Z][a-z]+|Demand(?:Encryption|Endpoint))$/.test(sid);
}

/**
 * What the policy of the domain's key says for its shares: that content may be decrypted, and encrypted by who publishes, through S3 in the domain's region alone. The encryption context is the bucket, where it has a key of its own for it, else the object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 */
export function keyStatements(place: SharingPlace, shares: readonly RepositoryShare[]): readonly PolicyStatement[] {
  const { partition, region, bucket } = place;
  const arn = `arn:${partition}:s3:::${bucket}`;
  // Whatever the domain names of the partition end in.
  const through: Who['Condition'] = {
    StringLike: { 'kms:ViaService': `s3.${region}.*`, 'kms:EncryptionContext:aws:s3:arn': [arn, `${arn}/*`] },
  };
  const allow = (right: Right, does: string, action: string): readonly PolicyStatement[] =>
    audiencesOf(shares.filter((share) => includes(share.right, right)).map((share) => share.with)).map((audience) => {
      const { Principal, Condition } = whoIs(audience, place);
      const Sid = `${keySidPrefix(place)}${sha256(audience.name).slice(0, 8)}${does}`;
      return {
        Sid,
        Effect: 'Allow',
        Principal,
        Action: action,
        Resource: '*',
        Condition: together(Condition, through),
      };
    });
  return [...allow('read', 'Decrypt', 'kms:Decrypt'), ...allow('publish', 'Encrypt', 'kms:GenerateDataKey')];
}

/** A key may be that of several domains, each with statements of its own. */
function keySidPrefix({ account, region }: SharingPlace): string {
  return `Share${account}${region.replaceAll('-', '')}`;
}

export function isOwnKeySid(sid: unknown, place: SharingPlace): boolean {
  return typeof sid === 'string' && new RegExp(`^${keySidPrefix(place)}[0-9a-f]{8}[A-Z][a-z]+$`).test(sid);
}

/** Who may ask the keeper under its alias for others, as AddPermission takes it. */
export interface KeeperPermission {
  readonly StatementId: string;
  readonly Principal: string;
  readonly PrincipalOrgID?: string;
}

/**
 * Of everybody who publishes. Lambda knows no units: of one its whole organization may ask, which under that name is for no more than what a share of this domain lets others publish.
 * https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
 */
export function keeperPermissions(shares: readonly RepositoryShare[]): readonly KeeperPermission[] {
  const publishers = shares.filter((share) => includes(share.right, 'publish')).map((share) => share.with);
  const permissions = audiencesOf(publishers).flatMap((audience) => {
    if (audience.kind === 'account')
      return audience.members.map((account) => ({ StatementId: `Share${account}`, Principal: account }));
    const organizations = audience.organization === undefined ? audience.members : [audience.organization];
    return organizations.map((organization) => ({
      ...{ StatementId: `Share${organization}`, Principal: '*', PrincipalOrgID: organization },
    }));
  });
  return [...new Map(permissions.map((permission) => [permission.StatementId, permission])).values()];
}

export function isOwnPermission(statementId: string): boolean {
  return /^Share(?:\d{12}|o-[a-z0-9]+)$/.test(statementId);
}
