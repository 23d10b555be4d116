import type { Chance } from '../../repository/chance.ts';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { Stack } from '../bootstrap/cloudformation.ts';
import { CloudFormation } from '../bootstrap/cloudformation.ts';
import { Patience, readyChangeSet } from '../bootstrap/operation.ts';
import type { AwsAccess } from '../aws/access.ts';
import { CHANCE } from '../chance.ts';

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
  /** Of the waiting between two looks at a stack that is on its way; the real one unless said. */
  readonly chance?: Chance;
}

const STACK = 'aws-sam-cli-managed-default';
/** CloudFormation names it after its stack and logical ID, with something random behind that. */
export const MANAGED_BUCKET = 'aws-sam-cli-managed-default-samclisourcebucket';
const OUTPUT = 'SourceBucket';
const TAG = { Key: 'ManagedStackSource', Value: 'AwsSamCli' };

/** A bucket and its policy take about half a minute. */
const PATIENCE_MS = 10 * 60_000;

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

class ManagedStack {
  readonly #cloud: CloudFormation;
  readonly #request: ManagedBucketRequest;
  readonly #until = Date.now() + PATIENCE_MS;
  readonly #patience: Patience;

  private constructor(cloud: CloudFormation, request: ManagedBucketRequest) {
    this.#cloud = cloud;
    this.#request = request;
    this.#patience = new Patience(request.chance ?? CHANCE, request.signal);
  }

  static async of(access: AwsAccess, request: ManagedBucketRequest): Promise<ManagedStack> {
    const { signal } = request;
    return new ManagedStack(await CloudFormation.of(access, { stack: STACK, signal, otherWays: BY_NAME }), request);
  }

  get description(): string {
    return `the stack '${STACK}' in ${this.#cloud.region}, with the bucket that SAM would make`;
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
      const stack = await this.#cloud.describe();
      const status = stack?.status ?? 'DELETE_COMPLETE';
      // A change set that nobody has executed: somebody's first step, or all that is left of a run that was ended.
      if (status === 'DELETE_COMPLETE' || status === 'REVIEW_IN_PROGRESS') return undefined;
      if (!/^(CREATE|ROLLBACK|DELETE|IMPORT)_(\w+_)?IN_PROGRESS$/.test(status)) return stack;
      await this.#wait(`the stack '${STACK}' is ${status} for too long`);
    }
  }

  /** By a change set, as SAM does it: roles made for SAM may create stacks in no other way. */
  async #create(): Promise<void> {
    // A name of its own: nobody else's change set is in its way.
    const name = `cfn-artifacts-${Date.now()}-${process.pid}`;
    const tags = new Map([[TAG.Key, TAG.Value]]);
    try {
      await this.#cloud.createChangeSet({ name, type: 'CREATE', template: JSON.stringify(TEMPLATE), tags });
      const ready = await readyChangeSet(this.#cloud, name, this.#patience);
      if (ready?.status === 'FAILED') throw broken(`can't be created: ${ready.reason ?? 'no reason given'}`, BY_NAME);
      await this.#cloud.executeChangeSet(name, name);
    } catch (error) {
      // Somebody else creates it at the same time, and was faster: then it is theirs that is waited for.
      if (!(await this.#wasCreatedByOthers(error))) throw error;
    }
    await this.#begun();
  }

  async #wasCreatedByOthers(error: unknown): Promise<boolean> {
    if (this.#request.signal.aborted || hasCode(error, 'ACCESS_DENIED', 'NO_CREDENTIALS')) return false;
    const status = (await this.#cloud.describe().catch(() => undefined))?.status;
    return status !== undefined && status !== 'REVIEW_IN_PROGRESS';
  }

  /** Between the change set's execution and the stack's own beginning, the stack still looks like an intention. */
  async #begun(): Promise<void> {
    while ((await this.#cloud.describe())?.status === 'REVIEW_IN_PROGRESS') {
      await this.#wait(`the stack '${STACK}' does not begin to be created`);
    }
  }

  #bucketOf({ id, status, tags, outputs }: Stack): ManagedBucket {
    if (tags.get(TAG.Key) !== TAG.Value) {
      throw broken(`is not SAM's: it has no tag ${TAG.Key}=${TAG.Value}`, BY_NAME);
    }
    const name = outputs.get(OUTPUT);
    if (name === undefined || /^(CREATE_FAILED|ROLLBACK_|DELETE_)/.test(status)) {
      throw broken(
        `gives no bucket: it is ${status}${name === undefined ? ` and has no output '${OUTPUT}'` : ''}`,
        `Look at its events, then remove it: aws cloudformation delete-stack --stack-name ${STACK} --region ${this.#cloud.region}\n${BY_NAME}`,
      );
    }
    return { name, owner: id.split(':')[4] ?? '' };
  }

  async #wait(whatIf: string): Promise<void> {
    if (Date.now() > this.#until) throw new ArtifactError('STORE_UNAVAILABLE', whatIf, { remedy: BY_NAME });
    await this.#patience.wait();
  }
}

const BY_NAME = 'A bucket of your own does as well: name it with --s3-bucket.';

function broken(what: string, remedy: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', `the stack '${STACK}' ${what}`, { remedy });
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
