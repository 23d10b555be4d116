import { setTimeout as pause } from 'node:timers/promises';
import type { AskKeeper } from '../../repository/asking/command.ts';
import { hasCode } from '../../repository/error.ts';
import { answerOfInvocation, invocationProblem } from '../../repository/asking/invocation.ts';

/** Of the first pause; the last ones are as long as it takes many that ask at once to be served. */
const FIRST_MS = 500;
const LONGEST_MS = 8000;

/**
 * A keeper that has no more room is asked again until the function's own time is over.
 * @param functionName name or ARN of the keeper's function, under which it takes what binding needs
 * @param signal ends what is under way
 */
export function askFunction(functionName: string, signal: AbortSignal): AskKeeper {
  return async (command) => {
    // Loaded here: hardly anything is ever condemned when it is deployed.
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const request = new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(command)),
    });
    const client = new LambdaClient({});
    for (let most = FIRST_MS; ; most = Math.min(most * 2, LONGEST_MS)) {
      try {
        return answerOfInvocation(await client.send(request, { abortSignal: signal }));
      } catch (error) {
        if (!hasCode(error, 'TooManyRequestsException')) throw invocationProblem(error, functionName);
      }
      // Those that were turned away together don't come back together.
      await pause(most * (0.5 + Math.random() / 2), undefined, { signal });
    }
  };
}
