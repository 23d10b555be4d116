import { ArtifactError, hasCode } from '../error.ts';
import type { KeeperAnswer } from './command.ts';
import { answerOf } from './reply.ts';

/** What the keeper's function is called, in every domain that the tool makes. */
export const KEEPER_FUNCTION = 'cfn-artifacts-keeper';
/** Under this name it takes what publishing, promoting and binding need alone: nothing that removes what is not decided yet. */
export const PUBLISHING_ALIAS = 'publishing';
/** Under this name it brings content here that is at home elsewhere, and nothing else. */
export const FETCHING_ALIAS = 'fetching';
/** Under this name it takes what publishing and promoting into another account's domain need, of what is shared for that. */
export const SHARING_ALIAS = 'sharing';
/** Under this name it takes what the reference function needs of it: what stacks declare, and what concerns other domains. */
export const DECLARING_ALIAS = 'declaring';

/** What Lambda says of an invocation. */
export interface Invocation {
  readonly FunctionError?: string | undefined;
  readonly Payload?: Uint8Array | undefined;
}

/** @throws the ArtifactError that the command came to; STORE_UNAVAILABLE where the function failed without telling why */
export function answerOfInvocation({ FunctionError, Payload }: Invocation): KeeperAnswer {
  const text = new TextDecoder().decode(Payload);
  if (FunctionError === undefined) return answerOf(text);
  throw new ArtifactError('STORE_UNAVAILABLE', `the keeper failed${whyOf(text)}`, {
    remedy: `Try again. If it fails again, its log group /aws/lambda/${KEEPER_FUNCTION} says more.`,
  });
}

/** As much of what Lambda tells of a failed function as is for people: `Task timed out after 900.00 seconds`. */
function whyOf(text: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(text) as { errorType?: unknown; errorMessage?: unknown };
    const told = [errorMessage, errorType].find((one) => typeof one === 'string') ?? '';
    const [line = ''] = told.split('\n');
    return line === '' ? '' : `: ${line}`;
  } catch {
    return '';
  }
}

/** What it means that Lambda did not invoke the function. What is not Lambda's own refusal stays what it is. */
export function invocationProblem(error: unknown, functionName: string): unknown {
  if (error instanceof ArtifactError || hasCode(error, 'AbortError')) return error;
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  if (hasCode(error, 'ResourceNotFoundException')) {
    return new ArtifactError('DOMAIN_NOT_FOUND', `the domain has no keeper: there is no function '${functionName}'`, {
      remedy: 'Run: cfn-artifacts bootstrap',
      cause: error,
    });
  }
  if (hasCode(error, 'AccessDeniedException', 'AccessDenied')) {
    return new ArtifactError('ACCESS_DENIED', `the keeper may not be asked: ${line.replace(/\.$/, '')}`, {
      remedy: `Allow lambda:InvokeFunction on '${functionName}'.`,
      cause: error,
    });
  }
  return new ArtifactError('STORE_UNAVAILABLE', `the keeper could not be asked: ${line.replace(/\.$/, '')}`, {
    remedy: 'Try again.',
    cause: error,
  });
}
