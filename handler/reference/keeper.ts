import type { AskKeeper } from '../../repository/keeping/command.ts';
import { answerOfInvocation, invocationProblem } from '../../repository/keeping/invocation.ts';

/** @param functionName name or ARN of the keeper's function, under which it takes what binding needs */
export function askFunction(functionName: string, signal: AbortSignal): AskKeeper {
  return async (command) => {
    // Loaded here: hardly anything is ever condemned when it is deployed.
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const request = new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(command)),
    });
    try {
      return answerOfInvocation(await new LambdaClient({}).send(request, { abortSignal: signal }));
    } catch (error) {
      throw invocationProblem(error, functionName);
    }
  };
}
