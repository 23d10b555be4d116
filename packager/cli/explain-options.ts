import type { BundleCreateFlags } from './bundle-options.ts';
import type { OptionTable, PackageFlags } from './options.ts';
import { DISPLAY, PACKAGE, READING } from './options.ts';
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

const FROM_FILE = new Set(Object.values(EXPLAIN).map(({ name }) => name));

/**
 * What `explain` is told, as `package` is told it.
 * @throws ArtifactErrors with everything that is wrong
 */
export function resolveExplainOptions(given: GivenValues, cwd: string): Promise<ResolvedPackageOptions> {
  return resolvePackageOptions(given, [], cwd, (name) => FROM_FILE.has(name));
}
