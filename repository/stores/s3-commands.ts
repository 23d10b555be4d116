import type * as S3 from '@aws-sdk/client-s3';
import type { $Command, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
} from '@aws-sdk/client-s3';
import type { ContentOperation } from './s3-content-commands.ts';
import { CONTENT_COMMANDS } from './s3-content-commands.ts';

/** What the stores ask S3 for, as the API reference names it. */
export type Operation =
  | ContentOperation
  | 'CopyObject'
  | 'DeleteObject'
  | 'GetBucketEncryption'
  | 'GetBucketLocation'
  | 'GetBucketPolicy'
  | 'GetBucketVersioning'
  | 'GetObject'
  | 'GetObjectLockConfiguration'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListObjectsV2'
  | 'ListObjectVersions'
  | 'PutBucketPolicy'
  | 'PutObject'
  | 'PutObjectLegalHold';

type Sdk = typeof S3;
type Commands = { readonly [O in Operation]: InstanceType<Sdk[`${O}Command`]> };

/** Loads the SDK: who may do without it imports this module when it is needed. */
const COMMANDS: { readonly [O in Operation]: Sdk[`${O}Command`] } = {
  ...CONTENT_COMMANDS,
  CopyObject: CopyObjectCommand,
  DeleteObject: DeleteObjectCommand,
  GetBucketEncryption: GetBucketEncryptionCommand,
  GetBucketLocation: GetBucketLocationCommand,
  GetBucketPolicy: GetBucketPolicyCommand,
  GetBucketVersioning: GetBucketVersioningCommand,
  GetObject: GetObjectCommand,
  GetObjectLockConfiguration: GetObjectLockConfigurationCommand,
  HeadBucket: HeadBucketCommand,
  HeadObject: HeadObjectCommand,
  ListObjectsV2: ListObjectsV2Command,
  ListObjectVersions: ListObjectVersionsCommand,
  PutBucketPolicy: PutBucketPolicyCommand,
  PutObject: PutObjectCommand,
  PutObjectLegalHold: PutObjectLegalHoldCommand,
};

/** What the SDK's command takes. */
export type InputOf<O extends Operation> = Commands[O]['input'];

/** What the SDK answers to it. */
export type OutputOf<O extends Operation> =
  ReturnType<Commands[O]['resolveMiddleware']> extends (
    ...all: never
  ) => Promise<{ output: infer Output extends ServiceOutputTypes }>
    ? Output
    : ServiceOutputTypes;

export type Command<O extends Operation> = $Command<
  ServiceInputTypes,
  OutputOf<O> & ServiceOutputTypes,
  S3ClientResolvedConfig
>;

export function commandOf<O extends Operation>(operation: O, input: InputOf<O>): Command<O> {
  const Made = COMMANDS[operation] as unknown as new (input: InputOf<O>) => Command<O>;
  return new Made(input);
}
