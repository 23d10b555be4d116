import type { AccessOptions } from '../aws/access.ts';
import type {
  DisplayOptions,
  DomainOptions,
  MakingOptions,
  OptionTable,
  PackageFlags,
  PackageOptions,
  ReadingFlags,
} from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, GROUP, MAKING, PACKAGE, READING, text } from './options.ts';
import { resolvePackageOptions } from './package-options.ts';
import type { ResolvedPackageOptions } from './package-options.ts';
import type { GivenValues } from './resolve-options.ts';
import { resolveOptions } from './resolve-options.ts';

/** What decides what is packaged and how it is written, wherever that is. */
type ContentFlags = ReadingFlags &
  Pick<PackageFlags, 'templateFile' | 'useJson' | 'artifactPrefix' | 'references' | 'configFile' | 'configEnv'>;

export interface BundleCreateFlags extends ContentFlags, DisplayOptions {
  /** As given. */
  readonly output: string;
}

/** Of the options of `package` those that name a place have their defaults, and nobody asks for them. */
export interface BundleCreateOptions extends PackageOptions {
  readonly output: string;
}

export interface BundleShowOptions extends DisplayOptions {
  /** As given, like `bundle` elsewhere. */
  readonly bundle: string;
}

/** What decides where it is published, and what is written of it. */
type PlaceFlags = Pick<PackageFlags, 'outputTemplateFile' | 'manifest' | 'dryRun' | 'regions' | 'kmsKeyId'>;

export interface BundlePublishOptions extends AccessOptions, DisplayOptions, DomainOptions, MakingOptions, PlaceFlags {
  readonly bundle: string;
}

export const BUNDLE_CREATE: OptionTable<BundleCreateFlags> = {
  templateFile: PACKAGE.templateFile,
  output: {
    name: 'output',
    short: 'o',
    argument: '<file>',
    inFile: 'never',
    group: GROUP.template,
    help: 'the file to write the bundle to',
    read: text,
    mandatory: true,
  },
  useJson: PACKAGE.useJson,
  ...READING,
  artifactPrefix: { ...PACKAGE.artifactPrefix, group: GROUP.content },
  references: {
    ...PACKAGE.references,
    group: GROUP.content,
    help: 'stack: a Custom::ArtifactRef for each artifact; grouped: one for up to 40; none: plain locations (default: stack)',
  },
  configFile: PACKAGE.configFile,
  configEnv: PACKAGE.configEnv,
  ...DISPLAY,
};

export const BUNDLE_SHOW: OptionTable<Omit<BundleShowOptions, 'bundle'>> = { ...DISPLAY };

export const BUNDLE_PUBLISH: OptionTable<Omit<BundlePublishOptions, 'bundle'>> = {
  outputTemplateFile: PACKAGE.outputTemplateFile,
  manifest: PACKAGE.manifest,
  dryRun: PACKAGE.dryRun,
  ...DOMAIN,
  ...MAKING,
  regions: PACKAGE.regions,
  kmsKeyId: { ...PACKAGE.kmsKeyId, group: GROUP.domain },
  ...ACCESS,
  ...DISPLAY,
};

const FROM_FILE = new Set(Object.values(BUNDLE_CREATE).map(({ name }) => name));

/**
 * What `bundle create` is told, as `package` is told it: a samconfig that says where `package` uploads says nothing to it.
 * @throws ArtifactErrors with everything that is wrong
 */
export async function resolveBundleCreateOptions(
  given: GivenValues,
  cwd: string,
): Promise<ResolvedPackageOptions & { readonly options: BundleCreateOptions }> {
  const { output } = await resolveOptions({ output: BUNDLE_CREATE.output }, given, [], { cwd });
  const own = new Map([...given].filter(([name]) => name !== BUNDLE_CREATE.output.name));
  const resolved = await resolvePackageOptions(own, [], cwd, (name) => FROM_FILE.has(name));
  return { ...resolved, options: { ...resolved.options, output } };
}
