import type { RamShare } from '../../repository/sharing/resource-share.ts';
import type { BucketPresence, EncryptionAnswer, ObjectLockAnswer, PublicAccess } from '../bucket/answers.ts';
import type { LifecycleRule } from '../bucket/lifecycle.ts';
import type { BucketsInUse } from '../own-bucket/in-use.ts';
import type { BucketDomainPlace, Expected, OtherAlias } from './expected.ts';

/** A domain in S3, and what this version of the tool would make of it. */
export interface Subject extends BucketDomainPlace {
  /** `stack`: the account's own, made by its stack; `bucket`: any other one, named by --domain. */
  readonly kind: 'stack' | 'bucket';
  readonly expected: Expected;
  /** Of this tool. */
  readonly version: string;
}

/** `other`: of another place, or nothing that is understood. */
export type DescriptorAnswer =
  | { readonly is: 'right' }
  | { readonly is: 'absent' }
  | { readonly is: 'other'; readonly message: string; readonly remedy: string | undefined };

/** What the keeper notes of a task that it does every day. */
export interface DailyAnswer {
  /** `none`: not yet, in this domain. */
  readonly is: 'finished' | 'under way' | 'none';
  /** Milliseconds since it ended, or began; of `none` since the stack was last changed, which is when the keeper came. */
  readonly age: number;
}

export interface ExportAnswer {
  readonly value: string;
  /** The stack's ARN, where CloudFormation tells. */
  readonly stackId?: string;
}

export interface StackAnswer {
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  /** When it was last updated, else created. */
  readonly changed: Date;
  readonly parameters: Readonly<Partial<Record<string, string>>>;
  readonly outputs: Readonly<Partial<Record<string, string>>>;
}

/** Of Lambda's GetFunctionConfiguration. */
export interface FunctionAnswer {
  readonly state: string;
  readonly stateReason?: string;
  readonly lastUpdate: string;
  readonly lastUpdateReason?: string;
  readonly description: string;
  /** Absent for images. */
  readonly runtime?: string;
  /** Seconds. */
  readonly timeout: number;
  /** `undefined`: Lambda may not tell, because the key that encrypts it is not the caller's. */
  readonly environment: Readonly<Partial<Record<string, string>>> | undefined;
}

/** Whether a store keeps what every store promises. */
export type StoreAnswer =
  { readonly keeps: true } | { readonly keeps: false; readonly message: string; readonly remedy: string | undefined };

/** All that is asked about a domain in S3. What is absent is `undefined`. */
export interface BucketAnswers {
  readonly subject: Subject;
  readonly bucket: BucketPresence;
  readonly descriptor: DescriptorAnswer;
  readonly versioning: 'Enabled' | 'Suspended' | 'Off';
  readonly policy: string | undefined;
  readonly encryption: EncryptionAnswer | undefined;
  readonly lifecycle: readonly LifecycleRule[];
  readonly publicAccess: PublicAccess;
  /** ObjectOwnership. */
  readonly ownership: string | undefined;
  readonly eventBridge: boolean;
  /** Where enabled rules copy to. */
  readonly replication: readonly string[];
  readonly objectLock: ObjectLockAnswer;
  readonly conditionalWrites: StoreAnswer;
  /** Milliseconds by which this machine is ahead of S3. */
  readonly clock: number;
  readonly export: ExportAnswer | undefined;
  readonly stack: StackAnswer | undefined;
  /** The stack; there is no answer where there is none. */
  readonly standing: StackAnswer;
  readonly reference: FunctionAnswer | undefined;
  /** The reference function; there is no answer where there is none. */
  readonly running: FunctionAnswer;
  /** `undefined`: none is reserved. */
  readonly referenceConcurrency: number | undefined;
  /** Under its alias for publishers. */
  readonly keeper: FunctionAnswer | undefined;
  /** Those that it has not. */
  readonly missingAliases: readonly OtherAlias[];
  /** What is otherwise in policies than the domain's shares and demands ask for, each with the lines that go and come. */
  readonly sharing: readonly { readonly what: string; readonly lines: readonly string[] }[];
  /** How everybody stands who has a share by AWS RAM, or is offered one. */
  readonly resourceShares: readonly RamShare[];
  readonly ownBuckets: BucketsInUse;
  /** The newest daily audit. */
  readonly audit: DailyAnswer;
  /** The newest daily collection, or plan of one. */
  readonly collection: DailyAnswer;
}

/** All that the caller must be allowed for each answer. */
export const BUCKET_ACTIONS: Readonly<Record<keyof BucketAnswers, readonly string[]>> = {
  subject: [],
  bucket: ['s3:ListBucket'],
  descriptor: ['s3:GetObject', 's3:ListBucket'],
  versioning: ['s3:GetBucketVersioning'],
  policy: ['s3:GetBucketPolicy'],
  encryption: ['s3:GetEncryptionConfiguration'],
  lifecycle: ['s3:GetLifecycleConfiguration'],
  publicAccess: ['s3:GetBucketPublicAccessBlock'],
  ownership: ['s3:GetBucketOwnershipControls'],
  eventBridge: ['s3:GetBucketNotification'],
  replication: ['s3:GetReplicationConfiguration'],
  objectLock: ['s3:GetBucketObjectLockConfiguration'],
  conditionalWrites: ['s3:PutObject', 's3:GetObject', 's3:ListBucket'],
  clock: [],
  export: ['cloudformation:ListExports'],
  stack: ['cloudformation:ListExports', 'cloudformation:DescribeStacks'],
  standing: ['cloudformation:ListExports', 'cloudformation:DescribeStacks'],
  reference: ['lambda:GetFunctionConfiguration'],
  running: ['lambda:GetFunctionConfiguration'],
  referenceConcurrency: ['lambda:GetFunctionConfiguration', 'lambda:GetFunctionConcurrency'],
  keeper: ['lambda:GetFunctionConfiguration'],
  missingAliases: ['lambda:GetFunctionConfiguration'],
  sharing: [
    's3:GetObject',
    's3:ListBucket',
    's3:GetBucketPolicy',
    's3:GetEncryptionConfiguration',
    'lambda:GetPolicy',
    'kms:GetKeyPolicy',
  ],
  resourceShares: ['s3:GetObject', 's3:ListBucket', 'ram:GetResourceShares', 'ram:GetResourceShareAssociations'],
  ownBuckets: ['s3:GetObject', 's3:ListBucket'],
  audit: ['cloudformation:ListExports', 'cloudformation:DescribeStacks', 's3:GetObject', 's3:ListBucket'],
  collection: ['cloudformation:ListExports', 'cloudformation:DescribeStacks', 's3:GetObject', 's3:ListBucket'],
};

/** All that is asked about a domain in a directory. */
export interface DirectoryAnswers {
  readonly folder: string;
  /** Problems with reading it, or with writing to it. */
  readonly access: readonly Trouble[];
  readonly descriptor: DescriptorAnswer;
  /** Whether every name in it could be read. */
  readonly whole: StoreAnswer;
  readonly conditionalWrites: StoreAnswer;
  /** Bytes that are free on its disk, for who is not root. */
  readonly space: number;
  /** Names of drafts that nobody has touched for a day. */
  readonly leftovers: readonly string[];
}

export interface Trouble {
  readonly message: string;
  readonly remedy: string | undefined;
}

/** A file system knows no actions. */
export const DIRECTORY_ACTIONS: Readonly<Record<keyof DirectoryAnswers, readonly string[]>> = {
  folder: [],
  access: [],
  descriptor: [],
  whole: [],
  conditionalWrites: [],
  space: [],
  leftovers: [],
};
