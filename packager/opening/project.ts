import { realpathSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, parseId } from '../../repository/index.ts';
import { createArchiver, findProjectRoot } from '../archive/source.ts';
import { Builder } from '../building/builder.ts';
import { SamBuilds } from '../building/sam-build.ts';
import { cacheFolder } from '../cache-folder.ts';
import type { Reporter } from '../event.ts';
import type { Kept } from '../output.ts';
import type { Files } from '../packaging/files.ts';
import { diskFiles } from '../packaging/files.ts';
import type { Unit } from '../packaging/unit.ts';
import { allPlaces } from '../packaging/unit.ts';
import { projectName } from '../project-name.ts';
import { isIrregular, readRegularText } from '../regular-file.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import { propertyTable } from '../template/properties/table.ts';
import { loadProperties } from '../template/properties/user-table.ts';
import { scratchFolder } from '../scratch.ts';
import type { Surroundings } from './surroundings.ts';
import { isFolder } from '../folders.ts';

/** What is packaged, and where it is read from. */
export interface Origin {
  readonly files: Files;
  readonly templateFile: string;
  readonly table: PropertyTable;
  /** Leads every artifact's ID. */
  readonly prefix: string;
  /** Of the project, of whose commit new versions are told; absent where the sources are elsewhere. */
  readonly root?: string;
  /** What no output may overwrite. */
  readonly kept: (loaded: Unit) => Kept;
  readonly close: () => Promise<void>;
}

/** Paths are as given: relative to the working directory. */
export interface ProjectOptions {
  readonly templateFile: string;
  /** A table of properties beside our own. */
  readonly resources?: string;
  /** The samconfig that was read, if there was one. */
  readonly configFile?: string;
  /** Absent: found from the template's folder upwards. */
  readonly projectRoot?: string;
  /** What the project is called where nobody says it. */
  readonly stackName?: string;
  readonly artifactPrefix?: string;
  readonly exclude: readonly string[];
  readonly followExternalSymlinks: boolean;
  /** Where `sam build` put what it built. */
  readonly buildDir?: string;
  /** Nothing is left behind. */
  readonly dryRun?: boolean;
}

/**
 * A project on this machine.
 * @param leaveOut what the run writes: absolute paths that need not exist
 */
export async function openProject(
  options: ProjectOptions,
  leaveOut: readonly string[],
  reporter: Reporter,
  { cwd, signal, env }: Pick<Surroundings, 'cwd' | 'signal' | 'env'>,
): Promise<Origin> {
  const { exclude, followExternalSymlinks, buildDir, dryRun = false } = options;
  const templateFile = path.resolve(cwd, options.templateFile);
  const buildFolder = buildDir === undefined ? {} : { buildFolder: path.resolve(cwd, buildDir) };
  const builds = new SamBuilds({ cwd, templateFile, written: leaveOut, ...buildFolder });
  const table = tableOf(options, cwd);
  const root = projectRootOf(options, cwd) ?? (await findProjectRoot(path.dirname(templateFile)));
  const [scratch, cache] = [scratchFolder(), cacheFolder(env)];
  const archiver = createArchiver({ reporter, scratch, cache, signal });
  const inputs = inputsOf(options, cwd);
  const project = { root, exclude, followExternalSymlinks, leaveOut };
  const builder = new Builder({ project, cwd, scratch, cache, reporter, signal, leavesNothing: dryRun });
  return {
    files: diskFiles(project, archiver, cwd, builder, builds),
    ...{ templateFile, table, root },
    prefix: parseId(options.artifactPrefix ?? projectName(root, options.stackName)),
    kept: (loaded) => ({ files: [...inputs, ...filesOf(loaded)], folders: foldersOf(loaded) }),
    close: async () => {
      builder.close();
      await archiver.close();
    },
  };
}

/** Files that a run reads, beside those that the template names. */
export function inputsOf(
  { templateFile, resources, configFile }: Pick<ProjectOptions, 'templateFile' | 'resources' | 'configFile'>,
  cwd: string,
): readonly string[] {
  return [templateFile, resources, configFile].flatMap((file) => (file === undefined ? [] : [path.resolve(cwd, file)]));
}

/** Every file and folder that a template names, and those below it name, itself included. */
function filesOf(root: Unit): readonly string[] {
  const contents = allPlaces(root).flatMap((loaded) => loaded.contents);
  return [root.path, ...contents.flatMap((content) => ('path' in content ? [content.path] : []))];
}

/** Whose files are sources, but for what earlier runs wrote there. */
function foldersOf(root: Unit): readonly string[] {
  const contents = allPlaces(root).flatMap((loaded) => loaded.contents);
  return contents.flatMap((content) => (content.type === 'source' && content.source.isFolder ? [content.path] : []));
}

function tableOf({ resources }: ProjectOptions, cwd: string): PropertyTable {
  return resources === undefined
    ? propertyTable()
    : propertyTable(loadProperties(readResources(resources, cwd), resources));
}

/** The text of a user's own table. */
export function readResources(resources: string, cwd: string): string {
  const file = path.resolve(cwd, resources);
  if (isIrregular(file)) {
    throw new ArtifactError('PATH_OF_WRONG_KIND', `the table of resources '${resources}' is a pipe or a device`, {
      remedy: 'Name a JSON or YAML file with --resources.',
    });
  }
  try {
    return readRegularText(file);
  } catch (cause) {
    throw new ArtifactError('PATH_NOT_FOUND', `the table of resources '${resources}' could not be read`, {
      remedy: 'Name an existing JSON or YAML file with --resources.',
      cause,
    });
  }
}

function projectRootOf({ projectRoot }: ProjectOptions, cwd: string): string | undefined {
  if (projectRoot === undefined) return undefined;
  const folder = path.resolve(cwd, projectRoot);
  if (!isFolder(folder)) {
    throw new ArtifactError('PATH_NOT_FOUND', `the project root '${projectRoot}' is no folder`, {
      remedy: 'Name an existing folder with --project-root, or leave it out.',
    });
  }
  return realpathSync(folder);
}
