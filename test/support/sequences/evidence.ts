import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsEvidence } from '../../../repository/evidence/aws.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import type { StackEngine } from '../stack-engine/engine.ts';

/** By this export stacks find the domain's function. */
export const EXPORT = 'cfn-artifacts-ServiceToken';

/** What is deployed, as the product asks for it: by the SDK's clients, whose requests the engine answers, each when its turn has come. */
export function engineEvidence(
  engine: StackEngine,
  place: { readonly account: string; readonly region: string },
  turn: () => Promise<void>,
): Evidence {
  const offline = { region: place.region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const cloudFormation = new CloudFormationClient(offline);
  const lambda = new LambdaClient(offline);
  const answering = { step: 'initialize', priority: 'high', name: 'answering' } as const;
  cloudFormation.middlewareStack.add(
    (_, { commandName = '' }) =>
      async ({ input }) => {
        await turn();
        const asked = input as Readonly<Record<string, string | undefined>>;
        const output = engine.ask(commandName.replace(/Command$/, ''), asked);
        return { response: {}, output: { $metadata: {}, ...output } as never };
      },
    answering,
  );
  lambda.middlewareStack.add(
    (_, { commandName = '' }) =>
      async () => {
        await turn();
        const output = commandName === 'ListFunctionsCommand' ? { Functions: functionsOf(engine) } : {};
        return { response: {}, output: { $metadata: {}, ...output } as never };
      },
    answering,
  );
  return awsEvidence({ cloudFormation, lambda, serviceTokenExport: EXPORT, ...place });
}

/**
 * As where Lambda tells the code of none of its functions: what published versions may need is kept until all are gone. The engine reads code only where it
 * can give others their turn, and in here nobody else has one.
 */
function functionsOf(engine: StackEngine): readonly object[] {
  return Object.keys(engine.functions()).map((name) => ({ FunctionArn: name }));
}
