/** Where ours is not what aws-cli makes of a case of the corpus, and why ours is better. Everything else is the same. */
export interface Difference {
  readonly case: string;
  /** The nested template where it stands; absent: the case's own. */
  readonly template?: string;
  /** The value in the template; absent: the case as a whole. */
  readonly pointer?: string;
  /**
   * - `fails`: the template is refused; `succeeds`: aws-cli refuses it.
   * - `left`: the value stays as it is; `packaged`: it is packaged by ours alone; `zipped`: by both, and ours zips the file.
   */
  readonly ours: 'fails' | 'succeeds' | 'left' | 'packaged' | 'zipped';
  readonly reason: string;
}

const ABSENT =
  'what is absent or empty stays so; --zip-template-dir-when-absent packages the folder of the template as aws-cli does';
const INLINE = 'a function with InlineCode needs no other code; aws-cli uploads the whole project beside it';
const GLOBALS = 'Globals gives the code; aws-cli does not read it and packages the whole project for each function';
const RAW = 'a single file is zipped wherever the command is run; aws-cli uploads it raw, and the deploy fails';
const BUILD_SPEC = 'a bare name is a file inside the source of the build; ./ would make it a path';
const DUPLICATE = 'a key that is there twice is an error; aws-cli takes the last one in silence';

export const DIFFERENCES: readonly Difference[] = [
  refused('authored--json-duplicate-keys'),
  refused('derived--bom--serverless-patterns--cognito-sns-sms-origination-id-sam-template'),
  refused('step-functions-workflows-collection--stepfunction-redshift-batchexecutestatement-sam-template'),
  {
    case: 'authored--foreach-variable-path-fails',
    ours: 'succeeds',
    reason: 'a path with a loop variable is packaged for each value; aws-cli looks for it to the letter',
  },
  at('authored--glue-without-script-quirk', 'J', 'Command/ScriptLocation', 'left', ABSENT),
  at('authored--path-empty-string', 'Fn', 'CodeUri', 'left', ABSENT),
  at('authored--serverless-inlinecode-quirk', 'Fn', 'CodeUri', 'left', INLINE),
  at(
    'aws-sam-cli--tests-integration-testdata-start_api-template-inlinecode',
    'InlineCodeServerlessFunction',
    'CodeUri',
    'left',
    INLINE,
  ),
  {
    ...at(
      'serverless-patterns--pipes-msk-to-salesforce-apidestination-template',
      'EnrichmentLambdaFunction',
      'CodeUri',
      'left',
      INLINE,
    ),
    template: 'pipes-stack.yaml',
  },
  at('authored--path-trailing-slash-on-file', 'Fn', 'CodeUri', 'zipped', RAW),
  at('authored--subdir-template-single-file-quirk', 'Fn', 'CodeUri', 'zipped', RAW),
  ...globals('serverless-patterns--appsync-notify-subscribers-of-database-updates-3-lambda-template', [
    'AppSyncLambdaUseApiKey',
    'AppSyncLambdaUseEventBridge',
    'AppSyncLambdaUseIAM',
  ]),
  ...globals('serverless-patterns--lambda-esm-rabbitmq-filters-sam-template', [
    'MQFunctioIP',
    'MQFunctionAnd',
    'MQFunctionAnythingBut',
    'MQFunctionNoFilter',
    'MQFunctionOr',
    'MQFunctionPrefix',
    'MQHelper',
  ]),
  ...globals('sessions-with-aws-sam--governance-5-reusable-setup-full-template', ['GenericRuleLambda']).map((one) => ({
    ...one,
    template: '3-custom-rules/template.yaml',
  })),
  ...buildSpecs(
    'aws-cloudformation-templates--Solutions-CodeBuildAndCodePipeline-cloudformation-codebuild-template.yaml',
  ),
  ...buildSpecs('awslabs-cfn-templates--aws-solutions-CodeBuildAndCodePipeline-cloudformation-codebuild-template'),
];

function refused(name: string): Difference {
  return { case: name, ours: 'fails', reason: DUPLICATE };
}

function at(name: string, resource: string, property: string, ours: Difference['ours'], reason: string): Difference {
  return { case: name, pointer: `/Resources/${resource}/Properties/${property}`, ours, reason };
}

function globals(name: string, functions: readonly string[]): Difference[] {
  return [
    { case: name, pointer: '/Globals/Function/CodeUri', ours: 'packaged', reason: GLOBALS },
    ...functions.map((one) => at(name, one, 'CodeUri', 'left', GLOBALS)),
  ];
}

function buildSpecs(name: string): Difference[] {
  return ['AppBuild', 'AppDeploy'].map((one) => at(name, one, 'Source/BuildSpec', 'left', BUILD_SPEC));
}
