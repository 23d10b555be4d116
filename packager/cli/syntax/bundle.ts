import type { AccessOptions } from '../../aws/access.ts';
import type { CommandSpec, TypedLine } from './command.ts';
import { firstOf } from './command.ts';
import type { DisplayOptions, DomainOptions, MakingOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, MAKING } from './common.ts';
import type { OptionTable, PositionalArgument } from './option.ts';
import { GROUP, optionsOf, text } from './option.ts';
import type { PackageFlags, PackageOptions, ReadingFlags } from './package-flags.ts';
import { PACKAGE, READING } from './package-flags.ts';
import type { ResolvedPackageOptions } from './package.ts';
import { resolvePackageOptions } from './package.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

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

const BUNDLE_CREATE: OptionTable<BundleCreateFlags> = {
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

const BUNDLE_SHOW: OptionTable<Omit<BundleShowOptions, 'bundle'>> = { ...DISPLAY };

const BUNDLE_PUBLISH: OptionTable<Omit<BundlePublishOptions, 'bundle'>> = {
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
async function resolveBundleCreateOptions(
  given: GivenValues,
  cwd: string,
): Promise<ResolvedPackageOptions & { readonly options: BundleCreateOptions }> {
  const { output } = await resolveOptions({ output: BUNDLE_CREATE.output }, given, [], { cwd });
  const own = new Map([...given].filter(([name]) => name !== BUNDLE_CREATE.output.name));
  const resolved = await resolvePackageOptions(own, [], cwd, (name) => FROM_FILE.has(name));
  return { ...resolved, options: { ...resolved.options, output } };
}

const BUNDLE: PositionalArgument = { name: 'bundle', help: "a file that 'bundle create' wrote", required: true };

function readBundle<O extends object>(
  table: OptionTable<O>,
): (line: TypedLine) => Promise<O & { readonly bundle: string }> {
  return async (line) => ({ ...(await resolveOptions(table, line.given, [], line)), bundle: firstOf(line) });
}

export const BUNDLE_CREATE_COMMAND: CommandSpec<BundleCreateOptions> = {
  summary: 'write a template and everything that it names as one file',
  description:
    'Writes a template, those nested in it and everything that they name locally into one file, with a manifest and digests. Needs no domain and no credentials. The same sources and options give the same bytes on every machine. Takes the options of package that say what is packaged and how it is written.',
  examples: [
    { what: 'a bundle', command: 'cfn-artifacts bundle create -t template.yaml -o app.bundle' },
    {
      what: 'with the ID that the artifacts begin with',
      command: 'cfn-artifacts bundle create -t template.yaml --artifact-prefix shop -o shop.bundle',
    },
  ],
  positional: [],
  options: optionsOf<BundleCreateFlags>(BUNDLE_CREATE),
  foreign: [],
  read: async ({ given, cwd, tell }) => {
    const resolved = await resolveBundleCreateOptions(given, cwd);
    tell(resolved);
    return resolved.options;
  },
};

export const BUNDLE_SHOW_COMMAND: CommandSpec<BundleShowOptions> = {
  summary: 'verify a bundle and tell what is in it',
  description:
    'Reads all of a bundle, holds every byte against its digest, and tells which artifacts it brings, by which template, and what of a domain it needs beside them.',
  examples: [
    { what: 'for people', command: 'cfn-artifacts bundle show app.bundle' },
    { what: 'for a script', command: 'cfn-artifacts bundle show app.bundle --json' },
  ],
  positional: [BUNDLE],
  options: optionsOf(BUNDLE_SHOW),
  foreign: [],
  read: readBundle(BUNDLE_SHOW),
};

export const BUNDLE_PUBLISH_COMMAND: CommandSpec<BundlePublishOptions> = {
  summary: 'publish what is in a bundle and write its template for that domain',
  description:
    'Verifies a bundle, publishes its artifacts into a domain, and writes its template as package would have written it there, to the byte. What the domain has already is not sent again; after a failure the same command goes on.',
  examples: [
    {
      what: "into your account's domain in a Region",
      command: 'cfn-artifacts bundle publish app.bundle --region cn-north-1 --output-template-file packaged.yaml',
    },
    {
      what: 'into a repository of a certain domain',
      command:
        'cfn-artifacts bundle publish app.bundle --domain s3://my-domain --repository production > packaged.yaml',
    },
    { what: 'what would be uploaded', command: 'cfn-artifacts bundle publish app.bundle --dry-run' },
  ],
  positional: [BUNDLE],
  options: optionsOf(BUNDLE_PUBLISH),
  foreign: [],
  read: readBundle(BUNDLE_PUBLISH),
};
