import type * as S3 from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

/** What large content and its tags are written with. */
export type ContentOperation =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CreateMultipartUpload'
  | 'GetObjectTagging'
  | 'PutObjectTagging'
  | 'UploadPart'
  | 'UploadPartCopy';

type Sdk = typeof S3;

/** Apart from the others, because a function that never writes content has none of them. */
export const CONTENT_COMMANDS: { readonly [O in ContentOperation]: Sdk[`${O}Command`] } = {
  AbortMultipartUpload: AbortMultipartUploadCommand,
  CompleteMultipartUpload: CompleteMultipartUploadCommand,
  CreateMultipartUpload: CreateMultipartUploadCommand,
  GetObjectTagging: GetObjectTaggingCommand,
  PutObjectTagging: PutObjectTaggingCommand,
  UploadPart: UploadPartCommand,
  UploadPartCopy: UploadPartCopyCommand,
};
