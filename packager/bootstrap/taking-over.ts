import type { ImportedResource } from './cloudformation.ts';
import type { LeftBehind } from './domain-bucket.ts';

/** A template and what it imports: the first of two steps by which a bucket that is there comes to belong to a new stack. */
export interface TakingOver {
  readonly template: string;
  readonly imports: readonly ImportedResource[];
}

/**
 * An import changes nothing, adds nothing else and has no outputs; each imported resource must have a deletion policy. The update that follows compares the
 * domain's template with this one, and sets what differs: so this one states as little as it may, and what it states is what there is. Should that update
 * fail, CloudFormation goes back to what stands here: the bucket must not lose its versioning or its policy by that.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
 */
export function takingOver(bucket: string, { versioning, policy }: LeftBehind): TakingOver {
  // Of a policy that is there CloudFormation says that it exists already, unless it is imported too.
  const resources = {
    Bucket: kept('AWS::S3::Bucket', {
      BucketName: bucket,
      ...(versioning === 'Enabled' && { VersioningConfiguration: { Status: versioning } }),
    }),
    ...(policy !== undefined && {
      BucketPolicy: kept('AWS::S3::BucketPolicy', {
        Bucket: bucket,
        PolicyDocument: JSON.parse(policy) as unknown,
      }),
    }),
  };
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'cfn-artifacts: the bucket of an earlier domain; the stack is completed by the next step',
    Resources: resources,
  };
  return {
    template: JSON.stringify(template),
    imports: Object.entries(resources).map(([logicalId, { Type: type }]) => ({
      ...{ type, logicalId },
      identifier: { [type === 'AWS::S3::Bucket' ? 'BucketName' : 'Bucket']: bucket },
    })),
  };
}

interface Kept {
  readonly Type: string;
  readonly DeletionPolicy: 'Retain';
  readonly UpdateReplacePolicy: 'Retain';
  readonly Properties: object;
}

function kept(type: string, properties: object): Kept {
  return { Type: type, DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', Properties: properties };
}
