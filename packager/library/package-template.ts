import { parseId } from '../../repository/index.ts';
import { problemOfPrefix } from '../../repository/stores/prefixed.ts';
import type { Warning } from '../event.ts';
import { domainFolders } from '../opening/open.ts';
import { openProject } from '../opening/project.ts';
import type { PackagingOptions } from '../package-project.ts';
import { packageProject } from '../package-project.ts';
import type { PackageResult } from '../packaging/package.ts';
import type { PackagedPlace } from '../packaging/packaged-place.ts';
import type { ReferenceMode } from '../packaging/references.ts';
import type { DomainOptions, OptionNames, TellingOptions } from './options.ts';
import { called, DOMAIN_OPTIONS, domainOptions, invalid, OptionCheck } from './options.ts';

/** As the options of `cfn-artifacts package` are called. Nothing is read from samconfig, and the account's domain is never made. */
export interface PackageTemplateOptions extends DomainOptions, TellingOptions {
  readonly templateFile: string;
  /** A plain bucket in the place of a domain: no versions, no ARNs, no references. */
  readonly s3Bucket?: string;
  /** Before every key in that bucket. */
  readonly s3Prefix?: string;
  /** Uploads into that bucket even what is there. @default false */
  readonly forceUpload?: boolean;
  /** Encrypts what is uploaded. */
  readonly kmsKeyId?: string;
  /** Leads every artifact's ID. @default the project's name */
  readonly artifactPrefix?: string;
  /** Links may lead anywhere in it, and builds take nothing from outside of it. @default found from the template's folder upwards */
  readonly projectRoot?: string;
  /** Values of the template's parameters, for paths that depend on them. */
  readonly parameterOverrides?: Readonly<Record<string, string>>;
  /** @default 'stack' with a domain, 'none' with a plain bucket */
  readonly references?: ReferenceMode;
  /** Where it is to be deployed. @default wherever the text serves */
  readonly regions?: readonly string[];
  /** Patterns of what is left out of archives, as in `.artifactignore`. */
  readonly exclude?: readonly string[];
  /** @default false */
  readonly followExternalSymlinks?: boolean;
  /** A JSON or YAML file of properties that take artifacts, beside our own. */
  readonly resources?: string;
  /** @default false: what was YAML stays YAML */
  readonly useJson?: boolean;
  /** Looks what there would be to do, and changes nothing anywhere. @default false */
  readonly dryRun?: boolean;
}

const OPTIONS: OptionNames<PackageTemplateOptions> = {
  ...DOMAIN_OPTIONS,
  ...{ templateFile: true, s3Bucket: true, s3Prefix: true, forceUpload: true, kmsKeyId: true },
  ...{ artifactPrefix: true, projectRoot: true, parameterOverrides: true, references: true, regions: true },
  ...{ exclude: true, followExternalSymlinks: true, resources: true, useJson: true, dryRun: true, reporter: true },
};

/** One text for one of `regions`. */
export interface RegionalTemplate {
  readonly region: string;
  readonly bucket: string;
  /** Absent in a dry run. */
  readonly text?: string;
}

export interface PackagedTemplate {
  /** The packaged template; absent in a dry run. Of several regions that of the domain's own: `regions` has each. */
  readonly text?: string;
  /** Every place of the template that named something, and what stands behind it. */
  readonly artifacts: readonly PackagedPlace[];
  /** One for each of the `regions` that were asked for, in their order; none where there was nothing to store, and `text` serves everywhere. */
  readonly regions: readonly RegionalTemplate[];
  /** In which the artifacts are; absent where there was nothing to store. */
  readonly bucket?: string;
  readonly region?: string;
  /** Each once. The reporter was told of them as they were found. */
  readonly warnings: readonly Warning[];
}

/**
 * Packages a template as `cfn-artifacts package` does: publishes what it names locally, and puts the artifacts' locations in the place of the paths. Writes no file,
 * prints nothing, and changes nothing of the process.
 *
 * @example
 * const { text, artifacts } = await packageTemplate({ templateFile: 'template.yaml', domain: 'file:../artifacts' });
 * @throws ArtifactErrors with all problems of options and templates at once, before anything is sent; ArtifactError for what comes later
 */
export async function packageTemplate(
  options: PackageTemplateOptions & { readonly dryRun?: false },
): Promise<PackagedTemplate & Required<Pick<PackagedTemplate, 'text'>>>;
export async function packageTemplate(options: PackageTemplateOptions): Promise<PackagedTemplate>;
export async function packageTemplate(options: PackageTemplateOptions): Promise<PackagedTemplate> {
  return called(options, async ({ surroundings, reporter, warnings }) => {
    const packaging = packagingOptions(options);
    const leaveOut = domainFolders(packaging, surroundings.cwd);
    const result = await packageProject(openProject, packaging, surroundings, { leaveOut, reporter });
    surroundings.signal.throwIfAborted();
    await result.destination?.announce?.();
    return packaged(result, warnings());
  });
}

function packaged(result: PackageResult, warnings: readonly Warning[]): PackagedTemplate {
  const { text, places, regional, destination } = result;
  return {
    ...(text !== undefined && { text }),
    artifacts: places,
    regions: regional.map(({ region, bucket, text: own }) => ({
      ...{ region, bucket },
      ...(own !== undefined && { text: own }),
    })),
    ...(destination !== undefined && { bucket: destination.bucket, region: destination.region }),
    warnings,
  };
}

/** @throws ArtifactErrors with everything that is wrong */
function packagingOptions(options: PackageTemplateOptions): PackagingOptions {
  const check = new OptionCheck();
  const { templateFile, s3Bucket, s3Prefix, kmsKeyId, artifactPrefix, projectRoot, references, resources, regions } =
    options;
  check.names(options, OPTIONS);
  const domain = domainOptions(options, check);
  check.read('templateFile', { given: templateFile }, ({ given }) => {
    if (typeof given !== 'string' || given === '') throw invalid('must be the path of a template');
  });
  check.read('artifactPrefix', artifactPrefix, parseId);
  check.read('s3Prefix', s3Prefix, (prefix) => {
    const problem = problemOfPrefix(`${prefix}/`);
    if (problem !== undefined) throw invalid(`'${prefix}' ${problem}`, 'Choose another prefix.');
  });
  check.each('exclude', options.exclude, () => undefined);
  check.matches('references', references, /^(?:stack|grouped|none)$/, "'stack', 'grouped' or 'none'");
  check.each('regions', regions, (region) => {
    if (!/^[a-z][a-z0-9-]*-[0-9]+$/.test(region)) throw invalid(`must be Regions like 'eu-west-1', not '${region}'`);
  });
  check.oneOf({ domain: options.domain, s3Bucket }, 'Each names the place for the artifacts: use only one.');
  check.oneOf({ regions, s3Bucket }, 'Only domains fetch from each other: package once for each Region.');
  const inDirectory = domain.domain?.kind === 'directory' ? options.domain : undefined;
  check.oneOf({ regions, domain: inDirectory }, 'No Region fetches anything from a directory.');
  check.done();
  return {
    ...domain,
    ...{ templateFile, resolveS3: false, zipTemplateDirWhenAbsent: false },
    ...{ forceUpload: options.forceUpload ?? false, useJson: options.useJson ?? false },
    ...{ dryRun: options.dryRun ?? false, followExternalSymlinks: options.followExternalSymlinks ?? false },
    ...{ exclude: options.exclude ?? [], parameterOverrides: options.parameterOverrides ?? {} },
    ...(s3Bucket !== undefined && { s3Bucket }),
    ...(s3Prefix !== undefined && { s3Prefix }),
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    ...(artifactPrefix !== undefined && { artifactPrefix }),
    ...(projectRoot !== undefined && { projectRoot }),
    ...(references !== undefined && { references }),
    ...(resources !== undefined && { resources }),
    ...(regions !== undefined && { regions: [...new Set(regions)] }),
  };
}
