import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { hasCode } from '../../repository/error.ts';
import type { DomainPlace } from '../../repository/arn.ts';
import type { Domain } from '../../repository/domain.ts';
import { domainBucket } from '../../repository/domain.ts';
import type { Evidence } from '../../repository/evidence/evidence.ts';
import type { AskKeeper, KeeperCommand } from '../../repository/asking/command.ts';
import type { FETCHING_ALIAS, SHARING_ALIAS } from '../../repository/asking/invocation.ts';
import {
  answerOfInvocation,
  invocationProblem,
  KEEPER_FUNCTION,
  PUBLISHING_ALIAS,
} from '../../repository/asking/invocation.ts';
import type { AwsAccess } from './access.ts';
import type { ClientConfig } from './client-config.ts';
import { connectionProblem } from './access.ts';

/**
 * Who keeps a domain, and how it is asked. The account's own domain is kept by its function, because its bucket lets nobody else remove anything. A
 * directory, and a bucket of another name, are kept by the command itself: whoever may write there may remove. Several at a time do no harm.
 */

/** AWS in the domain's region: clients are made when something is asked. */
export interface Aws {
  readonly lambda: () => Promise<LambdaClient>;
  readonly cloudFormation: () => Promise<CloudFormationClient>;
  readonly signal: AbortSignal;
}

/** Longer than Lambda lets a function run: nothing moves on the connection until it has answered. */
const ANSWER_MS = 16 * 60_000;
/** After so long a command that is carried out here tells how far it has come. */
const PIECE_MS = 10_000;

/**
 * Clients with the caller's own credentials and endpoints, each made once, at its first use. That of Lambda waits for as long as a function may run.
 */
export function awsOf(access: AwsAccess, region: string, signal: AbortSignal): Aws {
  const patient = (config: ClientConfig): ClientConfig => ({
    ...config,
    region,
    requestHandler: { ...config.requestHandler, socketTimeout: ANSWER_MS },
  });
  return {
    lambda: once(async () => {
      const { LambdaClient: Client } = await import('@aws-sdk/client-lambda');
      return access.client('lambda', (config) => new Client({ ...patient(config) }));
    }),
    cloudFormation: once(async () => {
      const { CloudFormationClient: Client } = await import('@aws-sdk/client-cloudformation');
      return access.client('cloudformation', (config) => new Client({ ...config, region }));
    }),
    signal,
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Whether the domain is the one that `bootstrap` makes. */
export function isKeptByFunction({ account, region, bucket }: DomainPlace & { readonly bucket: string }): boolean {
  return bucket === domainBucket({ account, region });
}

/**
 * Asks the domain's function.
 * @param as the name under which it takes only what publishing, or bringing content from elsewhere, needs
 * @throws ArtifactError what the command came to there; DOMAIN_NOT_FOUND where there is no function, ACCESS_DENIED, STORE_UNAVAILABLE
 */
export function askFunction(
  aws: Aws,
  place: DomainPlace,
  as?: typeof PUBLISHING_ALIAS | typeof FETCHING_ALIAS | typeof SHARING_ALIAS,
): AskKeeper {
  const name = functionArn(place) + (as === undefined ? '' : `:${as}`);
  return async (command) => {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    const client = await aws.lambda();
    const request = new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(command)) });
    try {
      return answerOfInvocation(await client.send(request, { abortSignal: aws.signal }));
    } catch (error) {
      throw connectionProblem(error, 'AWS Lambda') ?? invocationProblem(error, name);
    }
  };
}

/** Bytes of one command: the keeper takes 16 KiB, and Lambda more. */
const ARNS_BYTES = 12 * 1024;
/** So long it is waited that Lambda takes what there is to tell. */
const ANNOUNCING_MS = 3000;

/**
 * Has the domain's function tell that versions were published, whenever it comes to that: Lambda takes the request, and nobody waits for the answer.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
 * Where the function is not there, may not be asked, or Lambda does not answer, nothing is told: the versions are there all the same.
 */
export function announceThrough(
  aws: Aws,
  place: DomainPlace,
  as: typeof PUBLISHING_ALIAS | typeof SHARING_ALIAS = PUBLISHING_ALIAS,
): (arns: readonly string[]) => Promise<void> {
  const name = `${functionArn(place)}:${as}`;
  const tell = async (arns: readonly string[]): Promise<void> => {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    const command: KeeperCommand = { command: 'announce', arns };
    const Payload = Buffer.from(JSON.stringify(command));
    const request = new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload });
    const abortSignal = AbortSignal.any([aws.signal, AbortSignal.timeout(ANNOUNCING_MS)]);
    await (await aws.lambda()).send(request, { abortSignal });
  };
  return async (arns) => {
    await Promise.allSettled(chunksOf(arns).map(tell));
  };
}

function chunksOf(arns: readonly string[]): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  let bytes = 0;
  for (const arn of arns) {
    const last = chunks.at(-1);
    bytes += Buffer.byteLength(arn) + 3;
    if (last !== undefined && bytes < ARNS_BYTES) {
      last.push(arn);
    } else {
      chunks.push([arn]);
      bytes = Buffer.byteLength(arn) + 3;
    }
  }
  return chunks;
}

function functionArn({ partition, region, account }: DomainPlace): string {
  return `arn:${partition}:lambda:${region}:${account}:function:${KEEPER_FUNCTION}`;
}

/** Carries commands out in this process, piece by piece as a function would, so that how far it has come is told in the same way. */
export function askHere(domain: Domain, evidence: Evidence): AskKeeper {
  return async (command) => {
    const { carryOut } = await import('../../repository/keeping/carry-out.ts');
    const began = Date.now();
    const isTimeUp = (): boolean => Date.now() - began >= PIECE_MS;
    return carryOut(command, { domain, evidence, isTimeUp });
  };
}

/** `undefined` where no stack has the name now, and where that may not be asked: then what is recorded has to do. */
export async function findStackId({ cloudFormation, signal }: Aws, name: string): Promise<string | undefined> {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = await cloudFormation();
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }), { abortSignal: signal });
    return Stacks[0]?.StackId;
  } catch (error) {
    if (hasCode(error, 'ValidationError', 'AccessDenied', 'AccessDeniedException')) return undefined;
    throw connectionProblem(error, 'AWS CloudFormation') ?? error;
  }
}
