import { formatArn, publishVersion } from '../../../repository/index.ts';
import type { Domain, Publication } from '../../../repository/index.ts';
import { publishable } from '../domain.ts';
import { EXPORT } from '../answered-evidence.ts';
import type { Choice, Shape } from './plan.ts';

export const REFERENCE = 'arn:aws:lambda:eu-west-1:111122223333:function:cfn-artifacts-reference';
/** Of a custom resource that is none of ours and fails. */
export const FAILING = 'arn:aws:lambda:eu-west-1:111122223333:function:failing';

export interface Packaged {
  readonly template: string;
  readonly publications: readonly Publication[];
}

/** As `package` does: publishes everything first, then writes what was published into the template, the innermost template first. */
export async function packaged(domain: Domain, shape: Shape, failsAfter: number | undefined): Promise<Packaged> {
  const publications: Publication[] = [];
  const publish = async ({ id, text }: Choice): Promise<Publication> => {
    const published = await publishVersion(domain, { repository: 'default', id }, publishable(text));
    publications.push(published);
    return published;
  };
  const resources: Record<string, object> = {};
  Object.assign(resources, firstOf(shape.first, await publish(shape.first)));
  if (shape.second !== undefined) Object.assign(resources, secondOf(await publish(shape.second)));
  if (shape.many !== undefined) {
    const many: Publication[] = [];
    for (const one of shape.many) many.push(await publish(one));
    Object.assign(resources, manyOf(many));
  }
  if (shape.pinned !== undefined)
    Object.assign(resources, pinnedOf(await publish(shape.pinned), shape.pinned.keepsVersions));
  if (shape.nested !== undefined) {
    const inner = textOf({
      Inner: reference(await publish(shape.nested)),
      I: functionOf('Inner', publications.at(-1)),
    });
    const name = { repository: 'default', id: 'shop/child' };
    const template = await publishVersion(domain, name, publishable(inner, 'file', 'child.template'));
    publications.push(template);
    Object.assign(resources, {
      ChildTemplate: reference(template),
      Child: {
        Type: 'AWS::CloudFormation::Stack',
        Properties: { TemplateURL: { 'Fn::GetAtt': ['ChildTemplate', 'Url'] } },
      },
    });
  }
  if (failsAfter !== undefined) {
    const Properties = { ServiceToken: FAILING, ServiceTimeout: 300, After: failsAfter };
    resources['Fails'] = { Type: 'Custom::Failing', Properties };
  }
  return { template: textOf(resources), publications };
}

function textOf(resources: object): string {
  return JSON.stringify({ Resources: resources });
}

function reference({ arn, key }: Publication, more: object = {}): object {
  return {
    Type: 'Custom::ArtifactRef',
    Properties: {
      ServiceToken: { 'Fn::ImportValue': EXPORT },
      ServiceTimeout: 300,
      ArtifactArn: formatArn(arn),
      Key: key,
      ...more,
    },
  };
}

function functionOf(logicalId: string, publication: Publication | undefined): object {
  return {
    Type: 'AWS::Lambda::Function',
    DependsOn: [logicalId],
    Properties: { Code: { S3Bucket: { 'Fn::GetAtt': [logicalId, 'Bucket'] }, S3Key: publication?.key } },
  };
}

function firstOf({ logicalId, by, resolvedFrom }: Shape['first'], published: Publication): object {
  const { partition, region, account, repository, id, digest } = published.arn;
  const content = { partition, region, account, repository, id, digest };
  const more = {
    ...(by === 'content' && { ArtifactArn: formatArn(content) }),
    ...(resolvedFrom !== undefined && { ResolvedFrom: resolvedFrom }),
  };
  return { [logicalId]: reference(published, more), F: functionOf(logicalId, published) };
}

/** A layer: it is replaced when its content changes, and the old one goes in the cleanup. */
function secondOf(published: Publication): object {
  const content = { S3Bucket: { 'Fn::GetAtt': ['Second', 'Bucket'] }, S3Key: published.key };
  return {
    Second: reference(published),
    H: { Type: 'AWS::Lambda::LayerVersion', Properties: { LayerName: 'layer', Content: content } },
  };
}

function manyOf(published: readonly Publication[]): object {
  const members = published.map(({ arn, key }) => ({ Arn: formatArn(arn), Key: key }));
  const Properties = { ServiceToken: { 'Fn::ImportValue': EXPORT }, ServiceTimeout: 300, ArtifactArns: members };
  const consumers = published.map((one, index) => [`M${index}`, functionOf('Many', one)] as const);
  return { Many: { Type: 'Custom::ArtifactRef', Properties }, ...Object.fromEntries(consumers) };
}

function pinnedOf(published: Publication, keepsVersions: boolean): object {
  return {
    Pinned: reference(published, { Pinned: true }),
    P: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: {
          S3Bucket: { 'Fn::GetAtt': ['Pinned', 'Bucket'] },
          S3Key: published.key,
          S3ObjectVersion: { 'Fn::GetAtt': ['Pinned', 'ObjectVersion'] },
          S3ObjectStorageMode: 'REFERENCE',
        },
      },
    },
    // As SAM's AutoPublishAlias does: another content is another version, and the earlier ones stay.
    [`V${published.arn.digest.slice(0, 8)}`]: {
      Type: 'AWS::Lambda::Version',
      ...(keepsVersions && { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }),
      Properties: { FunctionName: { Ref: 'P' } },
    },
  };
}
