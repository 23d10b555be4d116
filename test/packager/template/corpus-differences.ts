/**
 * Where ours is not what aws-cli makes of the corpus, and why ours is better. Everything else is the same.
 * For what aws-cli does see the corpus' README.
 */

/** Rewrites that ours doesn't make or makes otherwise, by the name that the corpus gives them. */
export const QUIRKS: Readonly<Record<string, string>> = {
  'null-property':
    'an absent property stays absent; --zip-template-dir-when-absent packages the folder as aws-cli does',
  'null-property-inline-code':
    'a function with InlineCode needs no other code; aws-cli uploads the whole project beside it',
  'null-property-globals-codeuri':
    'Globals gives the code; aws-cli does not read it and packages the whole project instead',
  'empty-string': 'an empty path is taken for absent, with a warning; --zip-template-dir-when-absent does as aws-cli',
  'force-zip-cwd': 'a single file is zipped wherever the command is run; aws-cli uploads it raw, and the deploy fails',
};

interface Difference {
  readonly case: string;
  readonly pointer: string;
  readonly reason: string;
}

const GLOBALS = 'the code of Globals is packaged for the functions that take it, as SAM does';

/** Places that only ours finds. */
export const FOUND_BESIDE: readonly Difference[] = [
  {
    case: 'serverless-patterns--appsync-notify-subscribers-of-database-updates-3-lambda-template',
    pointer: '/Globals/Function/CodeUri',
    reason: GLOBALS,
  },
  {
    case: 'serverless-patterns--lambda-esm-rabbitmq-filters-sam-template',
    pointer: '/Globals/Function/CodeUri',
    reason: GLOBALS,
  },
  {
    case: 'sessions-with-aws-sam--governance-5-reusable-setup-full-template',
    pointer: '/Globals/Function/CodeUri',
    reason: GLOBALS,
  },
];

const BUILD_SPEC = 'a bare name is a file inside the source of the build; ./ makes it a path';

/** Local paths that might be packaged, and that ours leaves as they are like aws-cli. */
export const LEFT_LOCAL: readonly Difference[] = [
  'aws-cloudformation-templates--Solutions-CodeBuildAndCodePipeline-cloudformation-codebuild-template.yaml',
  'awslabs-cfn-templates--aws-solutions-CodeBuildAndCodePipeline-cloudformation-codebuild-template',
].flatMap((name) =>
  ['AppBuild', 'AppDeploy'].map((resource) => ({
    case: name,
    pointer: `/Resources/${resource}/Properties/Source/BuildSpec`,
    reason: BUILD_SPEC,
  })),
);

const DUPLICATE = 'a key that is there twice is an error; aws-cli takes the last one in silence';

/** Templates that ours refuses. */
export const REFUSED: Readonly<Record<string, string>> = {
  'authored--json-duplicate-keys': DUPLICATE,
  'derived--bom--serverless-patterns--cognito-sns-sms-origination-id-sam-template': DUPLICATE,
  'step-functions-workflows-collection--stepfunction-redshift-batchexecutestatement-sam-template': DUPLICATE,
};
