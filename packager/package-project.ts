import { CacheFiles } from './archive/cache-files.ts';
import { cacheFolder } from './cache-folder.ts';
import type { Reporter } from './event.ts';
import { checkPlace } from './opening/domain-option.ts';
import { openDestination } from './opening/open.ts';
import type { DestinationOptions } from './opening/opening.ts';
import type { Origin, ProjectOptions } from './opening/project.ts';
import type { openProject } from './opening/project.ts';
import type { Surroundings } from './opening/surroundings.ts';
import type { Kept } from './output.ts';
import type { GivenParameters } from './packaging/given-parameters.ts';
import { valuesOf, warningsOfParameters } from './packaging/given-parameters.ts';
import { packageTemplate } from './packaging/package.ts';
import type { PackageResult } from './packaging/package.ts';
import type { ReferenceMode } from './packaging/references.ts';
import { templateMemory } from './template-memory.ts';
import type { Place } from './template/place.ts';

/** Paths are as given: relative to the working directory. */
export interface PackagingOptions extends ProjectOptions, DestinationOptions, GivenParameters {
  /** Absent: `stack` with a domain, `none` with a plain bucket. */
  readonly references?: ReferenceMode;
  readonly zipTemplateDirWhenAbsent: boolean;
  readonly useJson: boolean;
  readonly dryRun: boolean;
}

export interface PackagingRun {
  /** What the run writes on this machine: absolute paths that need not exist. */
  readonly leaveOut: readonly string[];
  readonly reporter: Reporter;
  /** Called with what no output may overwrite when everything has been read and nothing was sent. What it throws ends the run. */
  readonly beforeSending?: (kept: Kept) => void;
  /** Called with the places whose values are of one region alone, before anything is sent. What it throws ends the run. */
  readonly beforeRegions?: (bound: readonly Place[]) => void;
}

/**
 * Packages a project: the one way of the command and of the library. Whoever calls it has what is new announced, when all that comes of it is under way.
 * @param open what is packaged
 * @throws ArtifactErrors with all problems at once; the signal's reason
 */
export async function packageProject(
  open: typeof openProject,
  options: PackagingOptions,
  surroundings: Surroundings,
  { leaveOut, reporter, beforeSending, beforeRegions }: PackagingRun,
): Promise<PackageResult> {
  const { cwd, env, signal } = surroundings;
  const { zipTemplateDirWhenAbsent, useJson, dryRun, regions } = options;
  const hasDomain = options.s3Bucket === undefined && !options.resolveS3;
  if (hasDomain) await checkPlace(options.domain, cwd);
  let origin: Origin | undefined;
  try {
    const { files, templateFile, table, prefix, root, kept } = (origin = await open(
      options,
      leaveOut,
      reporter,
      surroundings,
    ));
    return await packageTemplate({
      ...{ templateFile, files, cwd, table, prefix, hasDomain, signal, reporter },
      templates: templateMemory(new CacheFiles(cacheFolder(env))),
      beforeSending: (loaded) => {
        for (const warning of warningsOfParameters(loaded, options)) reporter({ kind: 'warning', warning });
        beforeSending?.(kept(loaded));
      },
      destination: () => openDestination(options, root, surroundings),
      references: options.references ?? (hasDomain ? 'stack' : 'none'),
      parameters: valuesOf(options),
      ...{ zipTemplateDirWhenAbsent, useJson, dryRun },
      ...(regions !== undefined && { regions }),
      ...(beforeRegions !== undefined && { beforeRegions }),
    });
  } finally {
    await origin?.close();
  }
}
