import { setTimeout as pause } from 'node:timers/promises';
import type * as CloudFormation from '@aws-sdk/client-cloudformation';
import type { CloudFormationClient, Stack } from '@aws-sdk/client-cloudformation';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AwsAccess } from './aws.ts';
import { connectionProblem } from './aws.ts';

/**
 * The bucket of `--resolve-s3`: the one that SAM manages for all applications of an account and Region, so that both tools use the same. It
 * belongs to a stack with a fixed name, marked by a tag, and is the stack's output `SourceBucket`. As `sam package` does it, a stack that is
 * there is used as it is and never updated, and one that is not is created.
 */
export interface ManagedBucket {
  readonly name: string;
  /** The account that owns the stack, and with it the bucket. */
  readonly owner: string;
}

export interface ManagedBucketRequest {
  /** Told in one line that something is made in the account. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** Between two looks at a stack that is on its way. Milliseconds, default 3,000. */
  readonly pollMs?: number;
}

const STACK = 'aws-sam-cli-managed-default';
/** CloudFormation names it after its stack and logical ID, with something random behind that. */
export const MANAGED_BUCKET = 'aws-sam-cli-managed-default-samclisourcebucket';
const OUTPUT = 'SourceBucket';
const TAG = { Key: 'ManagedStackSource', Value: 'AwsSamCli' };

/** A bucket and its policy take about half a minute. */
const PATIENCE_MS = 10 * 60_000;
const POLL_MS = 3_000;

/**
 * @throws ArtifactError INVALID_CONFIGURATION for a stack that is not SAM's or came to nothing; ACCESS_DENIED, NO_CREDENTIALS,
 * STORE_UNAVAILABLE
 */
export async function managedBucket(access: AwsAccess, request: ManagedBucketRequest): Promise<ManagedBucket> {
  return (await ManagedStack.of(access, request)).bucket();
}

/** As `managedBucket`, but says what it would create and creates nothing: `undefined` where there is no stack. */
export async function findManagedBucket(
  access: AwsAccess,
  request: ManagedBucketRequest,
): Promise<ManagedBucket | undefined> {
  const stack = await ManagedStack.of(access, request);
  const found = await stack.existing();
  if (found === undefined) request.say(`would create ${stack.description}`);
  return found;
}

type Sdk = typeof CloudFormation;

class ManagedStack {
  readonly #sdk: Sdk;
  readonly #client: CloudFormationClient;
  readonly #region: string;
  readonly #request: ManagedBucketRequest;
  readonly #until = Date.now() + PATIENCE_MS;

  private constructor(sdk: Sdk, access: AwsAccess, region: string, request: ManagedBucketRequest) {
    this.#sdk = sdk;
    this.#client = access.client('cloudformation', (config) => new sdk.CloudFormationClient({ ...config }));
    this.#region = region;
    this.#request = request;
  }

  static async of(access: AwsAccess, request: ManagedBucketRequest): Promise<ManagedStack> {
    const sdk = await import('@aws-sdk/client-cloudformation');
    return new ManagedStack(sdk, access, await access.region(), request);
  }

  get description(): string {
    return `the stack '${STACK}' in ${this.#region}, with the bucket that SAM would make`;
  }

  async existing(): Promise<ManagedBucket | undefined> {
    const stack = await this.#settled();
    return stack && this.#bucketOf(stack);
  }

  async bucket(): Promise<ManagedBucket> {
    const existing = await this.existing();
    if (existing !== undefined) return existing;
    this.#request.say(`creating ${this.description}`);
    await this.#create();
    const created = await this.existing();
    if (created !== undefined) return created;
    throw broken('went away while it was created', 'Run it again.');
  }

  /** The stack, as soon as nothing is changing it; `undefined` where there is none, or only the intention to make one. */
  async #settled(): Promise<Stack | undefined> {
    for (;;) {
      const stack = await this.#describe();
      const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
      // A change set that nobody has executed: somebody's first step, or all that is left of a run that was ended.
      if (status === 'DELETE_COMPLETE' || status === 'REVIEW_IN_PROGRESS') return undefined;
      if (!/^(CREATE|ROLLBACK|DELETE|IMPORT)_(\w+_)?IN_PROGRESS$/.test(status)) return stack;
      await this.#wait(`the stack '${STACK}' is ${status} for too long`);
    }
  }

  /** By a change set, as SAM does it: roles made for SAM may create stacks in no other way. */
  async #create(): Promise<void> {
    const { CreateChangeSetCommand, ExecuteChangeSetCommand } = this.#sdk;
    // A name of its own: nobody else's change set is in its way.
    const name = `cfn-artifacts-${Date.now()}-${process.pid}`;
    const create = new CreateChangeSetCommand({
      StackName: STACK,
      ChangeSetName: name,
      ChangeSetType: 'CREATE',
      TemplateBody: JSON.stringify(TEMPLATE),
      Tags: [TAG],
    });
    const execute = new ExecuteChangeSetCommand({ StackName: STACK, ChangeSetName: name });
    try {
      await this.#send('CreateChangeSet', () => this.#client.send(create, this.#abort));
      await this.#isReady(name);
      await this.#send('ExecuteChangeSet', () => this.#client.send(execute, this.#abort));
    } catch (error) {
      // Somebody else creates it at the same time, and was faster: then it is theirs that is waited for.
      if (!(await this.#wasCreatedByOthers(error))) throw error;
    }
    await this.#begun();
  }

  async #isReady(name: string): Promise<void> {
    const describe = new this.#sdk.DescribeChangeSetCommand({ StackName: STACK, ChangeSetName: name });
    for (;;) {
      const { Status: status, StatusReason: reason } = await this.#send('DescribeChangeSet', () =>
        this.#client.send(describe, this.#abort),
      );
      if (status === 'CREATE_COMPLETE') return;
      if (status === 'FAILED') throw broken(`can't be created: ${reason ?? 'no reason given'}`, BY_NAME);
      await this.#wait(`the change set that creates '${STACK}' is ${status ?? 'unknown'} for too long`);
    }
  }

  async #wasCreatedByOthers(error: unknown): Promise<boolean> {
    if (this.#request.signal.aborted || hasCode(error, 'ACCESS_DENIED', 'NO_CREDENTIALS')) return false;
    const status = (await this.#describe().catch(() => undefined))?.StackStatus;
    return status !== undefined && status !== 'REVIEW_IN_PROGRESS';
  }

  /** Between the change set's execution and the stack's own beginning, the stack still looks like an intention. */
  async #begun(): Promise<void> {
    while ((await this.#describe())?.StackStatus === 'REVIEW_IN_PROGRESS') {
      await this.#wait(`the stack '${STACK}' does not begin to be created`);
    }
  }

  #bucketOf({ StackId = '', StackStatus: status = 'CREATE_FAILED', Tags = [], Outputs = [] }: Stack): ManagedBucket {
    if (!Tags.some(({ Key, Value }) => Key === TAG.Key && Value === TAG.Value)) {
      throw broken(`is not SAM's: it has no tag ${TAG.Key}=${TAG.Value}`, BY_NAME);
    }
    const name = Outputs.find(({ OutputKey }) => OutputKey === OUTPUT)?.OutputValue;
    if (name === undefined || /^(CREATE_FAILED|ROLLBACK_|DELETE_)/.test(status)) {
      throw broken(
        `gives no bucket: it is ${status}${name === undefined ? ` and has no output '${OUTPUT}'` : ''}`,
        `Look at its events, then remove it: aws cloudformation delete-stack --stack-name ${STACK} --region ${this.#region}\n${BY_NAME}`,
      );
    }
    return { name, owner: StackId.split(':')[4] ?? '' };
  }

  async #describe(): Promise<Stack | undefined> {
    const command = new this.#sdk.DescribeStacksCommand({ StackName: STACK });
    try {
      const { Stacks: stacks = [] } = await this.#send('DescribeStacks', () => this.#client.send(command, this.#abort));
      return stacks[0];
    } catch (error) {
      // What CloudFormation answers for a name that no stack has; the request itself is always valid.
      if (hasCode((error as Error).cause, 'ValidationError')) return undefined;
      throw error;
    }
  }

  async #send<T>(operation: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw explained(error, operation, this.#region);
    }
  }

  async #wait(whatIf: string): Promise<void> {
    if (Date.now() > this.#until) throw new ArtifactError('STORE_UNAVAILABLE', whatIf, { remedy: BY_NAME });
    await pause(this.#request.pollMs ?? POLL_MS, undefined, { signal: this.#request.signal });
  }

  get #abort(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: this.#request.signal };
  }
}

const BY_NAME = 'A bucket of your own does as well: name it with --s3-bucket.';

function broken(what: string, remedy: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', `the stack '${STACK}' ${what}`, { remedy });
}

function explained(error: unknown, operation: string, region: string): unknown {
  if (error instanceof ArtifactError || hasCode(error, 'AbortError')) return error;
  const problem = connectionProblem(error, 'AWS CloudFormation');
  if (problem !== undefined) return problem;
  const { message } = error as Error;
  if (hasCode(error, 'AccessDenied', 'AccessDeniedException')) {
    return new ArtifactError(
      'ACCESS_DENIED',
      `the bucket that SAM manages in ${region} can't be asked for, cloudformation:${operation} is needed: ${message}`,
      { remedy: `Allow it on the stack '${STACK}'. ${BY_NAME}`, cause: error },
    );
  }
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `CloudFormation refused ${operation} of the stack '${STACK}': ${message}`,
    { remedy: BY_NAME, cause: error },
  );
}

/**
 * A private bucket with versions, encrypted by KMS, reached over TLS alone, that the Serverless Application Repository may read for applications
 * of this account. Its content outlives the applications: nothing in it expires.
 */
const TEMPLATE = {
  AWSTemplateFormatVersion: '2010-09-09',
  Description: 'Managed Stack for AWS SAM CLI',
  Resources: {
    SamCliSourceBucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
        Tags: [TAG],
      },
    },
    SamCliSourceBucketBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'SamCliSourceBucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'ServerlessRepositoryReads',
              Effect: 'Allow',
              Principal: { Service: 'serverlessrepo.amazonaws.com' },
              Action: 's3:GetObject',
              Resource: { 'Fn::Sub': '${SamCliSourceBucket.Arn}/*' },
              Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
            },
            {
              Sid: 'OverTlsAlone',
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [{ 'Fn::GetAtt': ['SamCliSourceBucket', 'Arn'] }, { 'Fn::Sub': '${SamCliSourceBucket.Arn}/*' }],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      },
    },
  },
  Outputs: { [OUTPUT]: { Value: { Ref: 'SamCliSourceBucket' } } },
};
