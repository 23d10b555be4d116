import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';
import type { BootstrapEvent } from './event.ts';
import { STACK } from './domain-stack.ts';
import type { Patience } from './operation.ts';

export const REFERENCE_FUNCTION = 'cfn-artifacts-reference';

/** Of an ARN, or of what is a name already. */
export function nameIn(function_: string): string {
  return function_.split(':').at(-1) ?? function_;
}

interface Asking {
  readonly access: AwsAccess;
  readonly signal: AbortSignal;
  readonly tell: (event: BootstrapEvent) => void;
}

/**
 * Waits until a function of the domain can run. Whoever may not ask is warned.
 * @param named the stack, for the AWS CLI
 * @throws ArtifactError INVALID_CONFIGURATION where it can't; as `functionState`
 */
export async function requireRunning(
  { access, signal, tell }: Asking,
  name: string,
  patience: Patience,
  named: string,
): Promise<void> {
  let state = await functionState(access, name, signal);
  while (state === 'Pending') {
    await patience.wait();
    state = await functionState(access, name, signal);
  }
  if (state === 'Active' || state === 'Inactive') return;
  if (state === 'denied') {
    const message = `it is not known whether the function '${name}' runs: these credentials may not ask for it`;
    tell({ kind: 'warning', message, remedy: 'Allow lambda:GetFunctionConfiguration on it.' });
    return;
  }
  throw new ArtifactError(
    'INVALID_CONFIGURATION',
    `the function '${name}' of the domain ${state === 'absent' ? 'is not there' : `is ${state}`}`,
    {
      remedy: `Somebody has changed what the stack '${STACK}' made. Look at: aws cloudformation detect-stack-drift ${named}`,
    },
  );
}

/** What Lambda says of a function; `denied`: the caller may not ask. */
type FunctionState = 'Active' | 'Pending' | 'Inactive' | 'Failed' | 'absent' | 'denied';

/** Needs lambda:GetFunctionConfiguration. @throws ArtifactError STORE_UNAVAILABLE, NO_CREDENTIALS */
async function functionState(access: AwsAccess, name: string, signal: AbortSignal): Promise<FunctionState> {
  const sdk = await import('@aws-sdk/client-lambda');
  const client = access.client('lambda', (config) => new sdk.LambdaClient({ ...config }));
  try {
    const command = new sdk.GetFunctionConfigurationCommand({ FunctionName: name });
    const { State: state = 'Active' } = await client.send(command, { abortSignal: signal });
    return state as FunctionState;
  } catch (error) {
    if (error instanceof ArtifactError || hasCode(error, 'AbortError')) throw error;
    if (hasCode(error, 'ResourceNotFoundException')) return 'absent';
    if (hasCode(error, 'AccessDeniedException', 'AccessDenied')) return 'denied';
    throw connectionProblem(error, 'AWS Lambda') ?? error;
  }
}
