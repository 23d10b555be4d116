import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';

/** What Lambda says of a function; `denied`: the caller may not ask. */
export type FunctionState = 'Active' | 'Pending' | 'Inactive' | 'Failed' | 'absent' | 'denied';

/** Needs lambda:GetFunctionConfiguration. @throws ArtifactError STORE_UNAVAILABLE, NO_CREDENTIALS */
export async function functionState(access: AwsAccess, name: string, signal: AbortSignal): Promise<FunctionState> {
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
