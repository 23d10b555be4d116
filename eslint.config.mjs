import eslint from '@eslint/js';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/** DESIGN: packager/ and handler/ depend on repository/; repository/ depends on nothing of ours. */
const mayNotImport = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const AWS_SDK = {
  group: ['@aws-sdk/*', '@smithy/*'],
  message: 'only stores and the edges of packager/ and handler/ know the AWS SDK',
};
const CDK = {
  group: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs', '**/cdk/**'],
  message: 'only cdk/ knows the CDK: who has none has none of it',
};
const COMMAND_LINE = { group: ['**/cli/**'], message: 'the command line calls, and is not called' };
const OF_PACKAGER = [
  { group: ['**/handler/**', '**/test/**'], message: 'packager/ depends on repository/ alone' },
  AWS_SDK,
  CDK,
];

export default tseslint.config(
  {
    ignores: [
      'dist',
      'coverage',
      'node_modules',
      'test/golden',
      '.venv',
      '.cache',
      'templates/examples/*/**',
      '**/node_modules',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.mjs'] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['repository/**/*.ts'],
    rules: {
      ...mayNotImport(
        {
          group: ['**/packager/**', '**/handler/**', '**/test/**'],
          message: 'repository/ knows nothing of its callers',
        },
        AWS_SDK,
        CDK,
      ),
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'take a value' },
        { name: 'console', message: 'tell a reporter' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'take a clock' },
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'take a clock' },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'take a source of randomness',
        },
        {
          selector: 'CallExpression[callee.name=/^(randomUUID|randomBytes)$/]',
          message: 'take a source of randomness',
        },
      ],
    },
  },
  {
    // Who is asked what is deployed. As in all of repository/, the clock is not looked at.
    files: ['repository/evidence/aws.ts', 'repository/evidence/aws-code.ts'],
    rules: mayNotImport({
      group: ['**/packager/**', '**/handler/**', '**/test/**'],
      message: 'repository/ knows nothing of its callers',
    }),
  },
  {
    // A store is where the outside world begins: it may know the SDK, the process and its own clock.
    files: ['repository/stores/**/*.ts'],
    rules: {
      ...mayNotImport({
        group: ['**/packager/**', '**/handler/**', '**/test/**'],
        message: 'repository/ knows nothing of its callers',
      }),
      'no-restricted-globals': 'off',
      'no-restricted-syntax': 'off',
    },
  },
  {
    files: ['packager/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER),
  },
  {
    files: ['packager/!(cli|aws-cli|template)/**/*.ts', 'packager/!(main).ts'],
    rules: mayNotImport(...OF_PACKAGER, COMMAND_LINE),
  },
  {
    files: ['packager/cli/syntax/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER, {
      group: ['**/talk/**', '**/commands/**'],
      message: 'what may be typed knows nothing of what is done and said',
    }),
  },
  {
    files: ['packager/cli/talk/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER, {
      group: ['**/commands/**'],
      message: 'what is said knows nothing of who says it',
    }),
  },
  {
    files: ['packager/template/find/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER, COMMAND_LINE, {
      group: ['**/rewrite/**'],
      message: 'finding knows nothing of replacing: what both need stands beside node.ts or in text/',
    }),
  },
  {
    files: ['packager/template/rewrite/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER, COMMAND_LINE, {
      group: ['**/find/**'],
      message: 'replacing knows nothing of finding: what both need stands beside node.ts or in text/',
    }),
  },
  {
    files: ['packager/template/*.ts', 'packager/template/{metadata,properties,text}/**/*.ts'],
    rules: mayNotImport(...OF_PACKAGER, COMMAND_LINE, {
      group: ['**/find/**', '**/rewrite/**'],
      message: 'finding and replacing stand on this, not the other way round',
    }),
  },
  {
    // What is written into a template is all that it shares with the packager.
    files: ['cdk/**/*.ts'],
    rules: mayNotImport(
      { group: ['**/packager/**', '**/handler/**', '**/test/**'], message: 'cdk/ depends on repository/ alone' },
      AWS_SDK,
    ),
  },
  {
    files: [
      'packager/aws/access.ts',
      'packager/aws/direct-config.ts',
      'packager/aws/keeper.ts',
      'packager/aws/{provider-chain,s3-client,sts}.ts',
      'packager/bootstrap/cloudformation.ts',
      'packager/bootstrap/functions.ts',
      'packager/bucket/settings.ts',
      'packager/doctor/deployed.ts',
      'packager/sharing/resource-access.ts',
      'packager/sharing/targets.ts',
      'handler/**/*.ts',
    ],
    rules: mayNotImport({
      group: ['**/packager/template/**', '**/cli/**', '**/test/**'],
      message: 'an edge knows the SDK and repository/, no more',
    }),
  },
  {
    files: ['test/**/*.ts'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert', 'assert*'] }],
      'jest/no-standalone-expect': 'off',
      'jest/valid-title': ['error', { ignoreTypeOfDescribeName: true, ignoreTypeOfTestName: true }],
      'jest/no-conditional-expect': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { process: 'readonly', Buffer: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
