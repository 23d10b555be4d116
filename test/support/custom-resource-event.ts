/** What CloudFormation sends for one custom resource, member for member. */
export interface ResourceSettings {
  readonly stackId?: string;
  readonly logicalId?: string;
  /** Where answers go, as far as the path. */
  readonly base?: string;
}

export const STACK_ID = 'arn:aws:cloudformation:us-east-1:111122223333:stack/shop/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';

export type EventMembers = Readonly<Record<string, unknown>>;

/** Events of one resource, each issued a second after the one before. */
export class EventSource {
  readonly #stackId: string;
  readonly #logicalId: string;
  readonly #base: string;
  #issued = 0;

  constructor({ stackId = STACK_ID, logicalId = 'ApiArtifact', base = 'https://127.0.0.1:1' }: ResourceSettings = {}) {
    this.#stackId = stackId;
    this.#logicalId = logicalId;
    this.#base = base;
  }

  create(properties: EventMembers): EventMembers {
    return this.#event('Create', { ResourceProperties: withToken(properties) });
  }

  update(physicalId: string, properties: EventMembers, oldProperties: EventMembers): EventMembers {
    return this.#event('Update', {
      PhysicalResourceId: physicalId,
      ResourceProperties: withToken(properties),
      OldResourceProperties: withToken(oldProperties),
    });
  }

  remove(physicalId: string, properties: EventMembers = {}): EventMembers {
    return this.#event('Delete', { PhysicalResourceId: physicalId, ResourceProperties: withToken(properties) });
  }

  #event(type: string, members: EventMembers): EventMembers {
    this.#issued += 1;
    const requestId = `00000000-0000-4000-8000-${String(this.#issued).padStart(12, '0')}`;
    const object = encodeURIComponent(`${this.#stackId}|${this.#logicalId}|${requestId}`);
    const date = new Date(Date.UTC(2026, 0, 1, 0, 0, this.#issued)).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    return {
      RequestType: type,
      ServiceToken: SERVICE_TOKEN,
      ResponseURL: `${this.#base}/${object}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&X-Amz-SignedHeaders=host&X-Amz-Expires=7200&X-Amz-Credential=ASIATEST%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=5ec4e7`,
      StackId: this.#stackId,
      RequestId: requestId,
      LogicalResourceId: this.#logicalId,
      ResourceType: 'Custom::ArtifactRef',
      ...members,
    };
  }
}

const SERVICE_TOKEN = 'arn:aws:lambda:us-east-1:111122223333:function:cfn-artifacts-reference';

function withToken(properties: EventMembers): EventMembers {
  return { ServiceToken: SERVICE_TOKEN, ServiceTimeout: '300', ...properties };
}
