import { STACK } from '../bootstrap/domain-stack.ts';
import type { FunctionAnswer, StackAnswer, Subject } from './answers.ts';

/** Of the Region that was examined, which need not be the one that is set. */
export function runBootstrap({ region }: Subject, option = ''): string {
  return `Run: cfn-artifacts bootstrap --region ${region}${option}`;
}

/**
 * A stack sets right what its template or parameters no longer say; what somebody changed by hand it does not see, unless it is told to look.
 * Source: "Using drift-aware change sets", AWS CloudFormation User Guide.
 */
export function bootstrapRemedy(subject: Subject): string {
  const { region, expected } = subject;
  const previous = expected.parameters.map((name) => `ParameterKey=${name},UsePreviousValue=true`).join(' ');
  return [
    runBootstrap(subject),
    'Where that finds nothing to change, somebody changed it by hand. To undo that:',
    `aws cloudformation create-change-set --stack-name ${STACK} --region ${region} --change-set-name undo --use-previous-template --deployment-mode REVERT_DRIFT --capabilities CAPABILITY_NAMED_IAM --parameters ${previous}`,
    `aws cloudformation wait change-set-create-complete --stack-name ${STACK} --region ${region} --change-set-name undo`,
    `aws cloudformation execute-change-set --stack-name ${STACK} --region ${region} --change-set-name undo`,
  ].join('\n');
}

export const UPDATE_TOOL = 'Update this tool: npm install --global cfn-artifacts@latest';

/** Of the domain as it is deployed: the stack tells it, and so does the function. */
export function deployedVersion({
  stack,
  reference,
}: {
  readonly stack?: StackAnswer | undefined;
  readonly reference?: FunctionAnswer | undefined;
}): string | undefined {
  const ofFunction = /\bversion (?<version>\d\S*)$/.exec(reference?.description ?? '')?.groups?.['version'];
  return ofFunction ?? stack?.outputs['Version'];
}
