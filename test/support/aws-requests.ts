import { PLACE } from './domain-principals.ts';
import type { AwsRequest, Principal } from './iam/request.ts';
import { act, isAllowed, OBJECT_REQUESTS } from './iam/request.ts';
import type { RecordedRequest } from './s3-server.ts';
import type { LambdaAsked } from './stack-engine/engine.ts';
import type { RefuseAction } from './stack-engine/http-endpoint.ts';
import type { ValueMap } from './stack-engine/value.ts';
import { textOf } from './stack-engine/value.ts';

/** What a service of the tests was really asked, as IAM sees it: actions on resources. */

const lambda = `arn:aws:lambda:${PLACE.region}:${PLACE.account}`;

/** Of an object or a bucket, as far as the keeper and the reference function ask. */
export function requestToS3({ operation, bucket, key, headers, query }: RecordedRequest): AwsRequest {
  const arn = `arn:aws:s3:::${[bucket, key].filter((part) => part !== undefined).join('/')}`;
  switch (operation) {
    case 'HeadObject':
    case 'GetObject':
      return OBJECT_REQUESTS[query.has('versionId') ? 'read version' : 'read'](arn);
    case 'PutObject':
      return OBJECT_REQUESTS[headers['if-match'] === undefined ? 'create' : 'replace'](arn);
    case 'DeleteObject':
      return OBJECT_REQUESTS[query.has('versionId') ? 'erase' : 'remove'](arn);
    case 'HeadBucket':
    case 'ListObjectsV2':
      return act('s3:ListBucket', arn);
    case 'ListObjectVersions':
      return act('s3:ListBucketVersions', arn);
    default:
      throw new Error(`which actions ${operation} needs is not known here`);
  }
}

/** Without a stack's name: of all of them. */
export function requestToCloudFormation(action: string, asked: ValueMap): AwsRequest {
  const name = textOf(asked['StackName']);
  return act(`cloudformation:${action}`, name === undefined ? '*' : stackArn(name));
}

function stackArn(nameOrId: string): string {
  if (nameOrId.startsWith('arn:')) return nameOrId;
  return `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/${nameOrId}/*`;
}

/** Lists are of everything: no policy can limit them. */
export function requestToLambda(action: string, asked: LambdaAsked): AwsRequest {
  const { FunctionName: name, LayerName: layer, VersionNumber: number } = asked;
  const isInvocation = action === 'Invoke';
  if (name !== undefined) {
    return act(
      isInvocation ? 'lambda:InvokeFunction' : `lambda:${action}`,
      name.startsWith('arn:') ? name : `${lambda}:function:${name}`,
    );
  }
  if (layer === undefined) return act(`lambda:${action}`, '*');
  return act(`lambda:${action}`, `${lambda}:layer:${layer}${number === undefined ? '' : `:${number}`}`);
}

/** One entry of a request. */
export function requestToEventBridge(
  action: string,
  asked: { readonly EventBusName?: string; readonly Source?: string },
): AwsRequest {
  const { EventBusName: bus = 'default', Source: source = '' } = asked;
  return act(`events:${action}`, `arn:aws:events:${PLACE.region}:${PLACE.account}:event-bus/${bus}`, {
    'events:source': source,
  });
}

/** Lets a service refuse what IAM does not allow. @param told of everything that is asked */
export function judgedBy<Asked>(
  who: () => Pick<Principal, 'caller' | 'policies'>,
  requestOf: (action: string, asked: Asked) => AwsRequest,
  told: (request: AwsRequest, allowed: boolean) => void = () => undefined,
): RefuseAction<Asked> {
  return (action, asked) => {
    const request = requestOf(action, asked);
    const allowed = isAllowed(who(), request, { account: PLACE.account });
    told(request, allowed);
    return allowed ? undefined : { code: 'AccessDeniedException', status: 403 };
  };
}
