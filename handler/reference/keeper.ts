import type { Keeper } from '../../repository/deletion.ts';
import { ArtifactError, hasCode } from '../../repository/error.ts';

/** Hands a command to the keeper's function and waits for its end. */
export type AskKeeper = (command: { readonly command: 'cancel'; readonly digest: string }) => Promise<void>;

/** The keeper as who serves CloudFormation may use it: a condemned blob is kept. What was decided is finished by who has the content at hand. */
export function remoteKeeper(ask: AskKeeper): Keeper {
  return {
    cancel: (digest) => ask({ command: 'cancel', digest }),
    finish: async () => {
      throw new ArtifactError('ACCESS_DENIED', 'a deletion is not finished from here');
    },
  };
}

/** @param functionName name or ARN of the keeper's function; empty where the domain has none yet */
export function askFunction(functionName: string, signal: AbortSignal): AskKeeper {
  return async (command) => {
    if (functionName === '') throw noKeeper();
    // Loaded here: hardly anything is ever condemned when it is deployed.
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const request = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(command)) });
    let failure: string | undefined;
    try {
      const { FunctionError, Payload } = await new LambdaClient({}).send(request, { abortSignal: signal });
      if (FunctionError !== undefined) failure = Buffer.from(Payload ?? []).toString();
    } catch (error) {
      if (hasCode(error, 'ResourceNotFoundException')) throw noKeeper();
      const isDenied = hasCode(error, 'AccessDeniedException', 'AccessDenied');
      throw new ArtifactError(
        isDenied ? 'ACCESS_DENIED' : 'STORE_UNAVAILABLE',
        `the keeper could not be asked to keep the content: ${(error as Error).message}`,
        { cause: error },
      );
    }
    if (failure !== undefined)
      throw new ArtifactError('STORE_UNAVAILABLE', `the keeper failed to keep the content: ${failure}`);
  };
}

function noKeeper(): ArtifactError {
  return new ArtifactError(
    'DOMAIN_NOT_FOUND',
    'the content is about to be deleted, and the domain has no keeper that could keep it',
  );
}
