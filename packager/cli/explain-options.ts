import type { BundleCreateFlags } from './bundle-options.ts';
import type { ForeignOption, OptionSpec, OptionTable, PackageFlags } from './options.ts';
import { AWS_CLI_FOREIGN, DISPLAY, PACKAGE, PACKAGE_FOREIGN, READING } from './options.ts';
import type { ResolvedPackageOptions } from './package-options.ts';
import { resolvePackageOptions } from './package-options.ts';
import type { GivenValues } from './resolve-options.ts';

/** Of the options of `package` those that change what it would do with a template. None of them has anybody asked. */
export type ExplainFlags = Omit<BundleCreateFlags, 'output' | 'useJson'> &
  Pick<PackageFlags, 'domain' | 's3Bucket' | 'resolveS3'>;

export const EXPLAIN: OptionTable<ExplainFlags> = {
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
export const EXPLAIN_FOREIGN: readonly ForeignOption[] = [
  ...Object.values(PACKAGE as Record<string, OptionSpec<unknown>>)
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

/**
 * What `explain` is told, as `package` is told it.
 * @throws ArtifactErrors with everything that is wrong
 */
export function resolveExplainOptions(
  given: GivenValues,
  foreign: readonly ForeignOption[],
  cwd: string,
): Promise<ResolvedPackageOptions> {
  return resolvePackageOptions(given, foreign, cwd, (name) => FROM_FILE.has(name));
}
