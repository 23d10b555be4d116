import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsEvidence } from '../../repository/evidence/aws.ts';
import type { Evidence } from '../../repository/evidence/evidence.ts';

/** By this export stacks find the domain's function. */
export const EXPORT = 'cfn-artifacts-ServiceToken';

export type Input = Readonly<Record<string, string | undefined>>;
type Answer = (action: string, input: Input) => object | Promise<object>;

/** What is deployed, as the product asks for it: by the SDK's own clients, whose requests are answered here. */
export function answeredEvidence(
  place: { readonly account: string; readonly region: string },
  answers: {
    readonly cloudFormation: Answer;
    readonly lambda: Answer;
    /** CloudFormation of the account's other regions, where they can be asked. */
    readonly elsewhere?: (region: string) => Answer;
  },
): Evidence {
  const offline = { region: place.region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const cloudFormationOf = (region: string, answer: Answer): CloudFormationClient => {
    const client = new CloudFormationClient({ ...offline, region });
    client.middlewareStack.add(answering(answer), FIRST);
    return client;
  };
  const cloudFormation = cloudFormationOf(place.region, answers.cloudFormation);
  const lambda = new LambdaClient(offline);
  lambda.middlewareStack.add(answering(answers.lambda), FIRST);
  const { elsewhere } = answers;
  return awsEvidence({
    ...{ cloudFormation, lambda, serviceTokenExport: EXPORT, ...place },
    ...(elsewhere !== undefined && { elsewhere: (region: string) => cloudFormationOf(region, elsewhere(region)) }),
  });
}

const FIRST = { step: 'initialize', priority: 'high', name: 'answering' } as const;

function answering(answer: Answer) {
  return (_: unknown, { commandName = '' }: { readonly commandName?: string }) =>
    async ({ input }: { readonly input: object }) => {
      const output = await answer(commandName.replace(/Command$/, ''), input as Input);
      return { response: {}, output: { $metadata: {}, ...output } as never };
    };
}
