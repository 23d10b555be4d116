import type { BundleCreateFlags } from './bundle.ts';
import type { CommandSpec } from './command.ts';
import { DISPLAY } from './common.ts';
import type { ForeignOption, OptionSpec, OptionTable } from './option.ts';
import { optionsOf } from './option.ts';
import type { PackageFlags, PackageOptions } from './package-flags.ts';
import { AWS_CLI_FOREIGN, PACKAGE, PACKAGE_FOREIGN, READING } from './package-flags.ts';
import { resolvePackageOptions } from './package.ts';

/** Of the options of `package` those that change what it would do with a template. None of them has anybody asked. */
export type ExplainFlags = Omit<BundleCreateFlags, 'output' | 'useJson'> &
  Pick<PackageFlags, 'domain' | 's3Bucket' | 'resolveS3'>;

const EXPLAIN: OptionTable<ExplainFlags> = {
  templateFile: PACKAGE.templateFile,
  ...READING,
  domain: PACKAGE.domain,
  artifactPrefix: PACKAGE.artifactPrefix,
  references: PACKAGE.references,
  s3Bucket: PACKAGE.s3Bucket,
  resolveS3: PACKAGE.resolveS3,
  configFile: PACKAGE.configFile,
  configEnv: PACKAGE.configEnv,
  ...DISPLAY,
};

/** Of the options of `package` that change nothing here, those of which somebody could think that they do. */
const NOTED: Readonly<Record<string, string>> = {
  [PACKAGE.regions.name]: 'What is brought to other Regions is not told.',
  [PACKAGE.saveParams.name]: 'Nothing is written here: give it to package.',
};

/** All others that `package` takes, so that a line of it is one of `explain`, too. */
const EXPLAIN_FOREIGN: readonly ForeignOption[] = [
  ...optionsOf<PackageFlags>(PACKAGE)
    .filter((spec) => !Object.values(EXPLAIN).some(({ name }) => name === spec.name))
    .map(withoutEffect),
  ...PACKAGE_FOREIGN,
  ...AWS_CLI_FOREIGN,
];

function withoutEffect({ name, argument, arity, negatable }: OptionSpec<unknown>): ForeignOption {
  const note = NOTED[name];
  return {
    name,
    ...(argument !== undefined && { argument }),
    ...(arity !== undefined && { arity }),
    ...(negatable !== undefined && { negatable }),
    verdict: note === undefined ? 'silent' : 'ignored',
    note: note ?? 'It changes nothing of what is told.',
  };
}

const FROM_FILE = new Set(Object.values(EXPLAIN).map(({ name }) => name));

export const EXPLAIN_COMMAND: CommandSpec<PackageOptions> = {
  summary: 'what package would do with a template, place by place, and why',
  description:
    'Tells of every local path in a template, and of those nested in it, what it names, which artifact it becomes, what is written in its place and what is added; and what was looked at and stays, with the reason. Asks nothing of AWS and needs no domain. Takes every option of package; those that are listed last change nothing here.',
  examples: [
    { what: 'the template that package would take', command: 'cfn-artifacts explain' },
    {
      what: 'where a path comes from a parameter',
      command: 'cfn-artifacts explain -t template.yaml --parameter-overrides Stage=prod',
    },
    { what: 'for a script', command: 'cfn-artifacts explain -t template.yaml --json' },
  ],
  positional: [],
  options: optionsOf<ExplainFlags>(EXPLAIN),
  foreign: EXPLAIN_FOREIGN,
  read: async ({ given, foreign, cwd, tell }) => {
    const resolved = await resolvePackageOptions(given, foreign, cwd, (name) => FROM_FILE.has(name));
    tell(resolved);
    return resolved.options;
  },
};
