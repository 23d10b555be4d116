import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildFailure, BuildOptions as EsbuildOptions, BuildResult, Metafile, OutputFile } from 'esbuild';
import { ArtifactError, ArtifactErrors } from '../../repository/error.ts';
import { isWithin } from '../archive/links.ts';
import { similarName } from '../archive/names.ts';
import type { Project } from '../archive/source.ts';
import type { Warning } from '../event.ts';
import { realPath, shownPath } from '../packaging/location.ts';
import type { Build, BuildOptions, Entry } from './build.ts';
import type { Asked } from './metafile.ts';
import { importers, inputsOf } from './metafile.ts';
import { failureOf, problemOf, warningOf } from './messages.ts';
import { namesIn } from './listing.ts';
import { installation } from './installation.ts';
import { configsAbove } from './tsconfig.ts';

/** A file of what was built. */
export interface BuiltFile {
  /** Path below the root of the artifact, with `/`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Bundle {
  readonly files: readonly BuiltFile[];
  readonly warnings: readonly Warning[];
  /** What was read, absolute, links resolved unless PreserveSymlinks says otherwise. */
  readonly inputs: readonly string[];
  /** What was asked for: what is in it, and what is to be found when it runs. */
  readonly asked: Asked;
}

/** What a bundler is told beside the build itself. */
export interface BundleRequest {
  /** The folder of the code. Absolute, links resolved. */
  readonly folder: string;
  readonly build: Build;
  readonly project: Pick<Project, 'root' | 'followExternalSymlinks'>;
  readonly cwd: string;
}

/**
 * Bundles what SAM would bundle with these properties: the same options for the same entry points, and dependencies from the node_modules that are there.
 * Nothing is installed and no command is run. What comes out has nothing of the machine in it: paths in it are relative to the folder of the code.
 * https://github.com/aws/aws-lambda-builders/tree/develop/aws_lambda_builders/workflows/nodejs_npm_esbuild
 *
 * @throws ArtifactErrors BUILD_FAILED with everything that esbuild finds; PATH_NOT_FOUND for entry points; PATH_OUTSIDE_PROJECT
 */
export async function bundle(request: BundleRequest): Promise<Bundle> {
  const { folder } = request;
  const { problems, entries } = entryFiles(request);
  const [first, ...others] = problems;
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
  refuseOutsideConfigs(request);
  const config = outerConfig(request);
  const options: EsbuildOptions & { metafile: true; write: false } = {
    ...nativeOptions(request.build.options, folder),
    ...(config !== undefined && { tsconfigRaw: '{}' }),
    entryPoints: entries,
    absWorkingDir: folder,
    // Nothing is written there: so what is told of paths is relative to the folder.
    outdir: folder,
    allowOverwrite: true,
    write: false,
    bundle: true,
    platform: 'node',
    metafile: true,
    logLevel: 'silent',
    logLimit: 0,
    nodePaths: [],
  };
  const { outputFiles, metafile, warnings } = await run(options, request);
  const inputs = inputsOf(metafile, folder);
  refuseOutside(inputs.files, metafile, request);
  refuseAbove(outputFiles, folder);
  return {
    files: outputFiles.map((file) => builtFile(file, folder)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    warnings: [...warnings.map((message) => warningOf(message, request)), ...configWarnings(config, request)],
    inputs: [...new Set([...inputs.files, ...configsOf(request)])],
    asked: inputs,
  };
}

async function run(
  options: EsbuildOptions & { metafile: true; write: false },
  request: BundleRequest,
): Promise<BuildResult<typeof options>> {
  const esbuild = await import('esbuild');
  try {
    return await esbuild.build(options);
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw failureOf(error);
    const missing = (name: string): string => installation(name, request);
    const [first, ...others] = errors.map((message) => problemOf(message, request, missing));
    if (first === undefined) throw error;
    throw new ArtifactErrors([first, ...others]);
  }
}

/** The version decides what comes out. */
export async function bundlerVersion(): Promise<string> {
  return (await import('esbuild')).version;
}

/** Suffixes of modules without one, in the order in which they are looked for; SAM knows the first two. */
const SUFFIXES = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '.tsx', '.jsx'];

function entryFiles({ folder, build, cwd }: BundleRequest): {
  readonly entries: { in: string; out: string }[];
  readonly problems: readonly ArtifactError[];
} {
  const problems: ArtifactError[] = [];
  const entries = build.entries.flatMap((entry) => {
    const file = ['', ...SUFFIXES].map((suffix) => entry.in + suffix).find((one) => isModule(one, folder));
    if (file === undefined) problems.push(noEntry(entry, folder, cwd));
    // Without './' it would be a package.
    return file === undefined ? [] : [{ in: path.resolve(folder, file), out: entry.out }];
  });
  return { entries, problems };
}

function isModule(file: string, folder: string): boolean {
  return path.extname(file) !== '' && existsSync(path.resolve(folder, file));
}

function noEntry(entry: Entry, folder: string, cwd: string): ArtifactError {
  const file = path.resolve(folder, entry.in);
  const modules = namesIn(path.dirname(file)).filter((name) => SUFFIXES.includes(path.extname(name)));
  const wanted = path.basename(file);
  const similar = similarName(
    wanted,
    modules.flatMap((name) => [name, path.parse(name).name]),
  );
  const suffixes = path.extname(entry.in) === '' ? ', with .ts, .js or the like' : '';
  return new ArtifactError('PATH_NOT_FOUND', `no entry point at '${shownPath(cwd, file)}'${suffixes}`, {
    remedy:
      similar === undefined
        ? 'Handler and EntryPoints name modules below the folder of the code.'
        : `Did you mean '${path.posix.join(path.posix.dirname(entry.in), similar)}'?`,
  });
}

/** As esbuild's own interface takes them. */
function nativeOptions(options: BuildOptions, folder: string): EsbuildOptions {
  const { mangleProps, reserveProps, supported, external, ...others } = options;
  return {
    ...(others as EsbuildOptions),
    ...(typeof mangleProps === 'string' && { mangleProps: new RegExp(mangleProps) }),
    ...(typeof reserveProps === 'string' && { reserveProps: new RegExp(reserveProps) }),
    ...(supported !== undefined && {
      supported: Object.fromEntries(Object.entries(supported).map(([name, value]) => [name, value === 'true'])),
    }),
    ...(external !== undefined && { external: externals(external as readonly string[], folder) }),
  };
}

/** With this among them, SAM leaves out all dependencies: a layer brings them. */
const ALL_DEPENDENCIES = './node_modules/*';

function externals(external: readonly string[], folder: string): string[] {
  return external.includes(ALL_DEPENDENCIES) ? [...dependenciesIn(folder), ALL_DEPENDENCIES] : [...external];
}

/** Of the package.json beside the code. */
function dependenciesIn(folder: string): readonly string[] {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    return Object.keys(dependencies);
  } catch {
    return [];
  }
}

function builtFile({ path: file, contents }: OutputFile, folder: string): BuiltFile {
  return { name: path.relative(folder, file).split(path.sep).join('/'), bytes: contents };
}

/** Names of outputs may be templates, with `..` in them: what is above the root of the artifact would be in none, and overwrite something else. */
function refuseAbove(files: readonly OutputFile[], folder: string): void {
  const above = files.filter(({ path: file }) => !isWithin(folder, file));
  const [first, ...others] = above.map(
    (file) =>
      new ArtifactError('BUILD_FAILED', `'${builtFile(file, folder).name}' would be above the root of the artifact`, {
        remedy: "Leave '..' out of EntryNames, ChunkNames and AssetNames.",
      }),
  );
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}

/** The tsconfig.json above the project that esbuild would follow, where none is named: it is of this machine alone. */
function outerConfig({ folder, build, project: { root } }: BundleRequest): string | undefined {
  if ('tsconfig' in build.options || 'tsconfigRaw' in build.options || !isWithin(root, folder)) return undefined;
  const config = nearestConfig(folder);
  return config === undefined || isWithin(root, config) ? undefined : config;
}

function nearestConfig(folder: string): string | undefined {
  for (let here = folder; ; here = path.dirname(here)) {
    const config = ['tsconfig.json', 'jsconfig.json'].map((name) => path.join(here, name)).find(existsSync);
    if (config !== undefined || here === path.dirname(here)) return config;
  }
}

/** What says how the code is compiled: the tsconfig.json that is named or nearest to it, and all that it extends. Absolute. */
function configsOf(request: BundleRequest): readonly string[] {
  const { folder, build } = request;
  if (outerConfig(request) !== undefined || 'tsconfigRaw' in build.options) return [];
  const { tsconfig = nearestConfig(folder) } = build.options;
  return typeof tsconfig === 'string' ? configsAbove([path.resolve(folder, tsconfig)]) : [];
}

/** Before esbuild reads them: a template or a tsconfig.json may name any file of the machine. */
function refuseOutsideConfigs(request: BundleRequest): void {
  const { project, cwd } = request;
  const configs = configsOf(request);
  const [named] = configs;
  if (project.followExternalSymlinks || named === undefined) return;
  // Packages may be installed above the project.
  const all = configs.filter((file) => !file.split(path.sep).includes('node_modules'));
  const outside = all.filter((file) => !isInProject(realPath(file), request));
  const [first, ...others] = outside.map((file) => {
    const by = file === named ? '' : `, and '${shownPath(cwd, named)}' extends it`;
    return new ArtifactError('PATH_OUTSIDE_PROJECT', `'${file}' is outside of the project '${project.root}'${by}`, {
      remedy: 'If it counts, name a --project-root that contains it.',
    });
  });
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}

function isInProject(real: string, { folder, project }: BundleRequest): boolean {
  return isWithin(project.root, real) || isWithin(folder, real);
}

function configWarnings(config: string | undefined, { cwd, project }: BundleRequest): readonly Warning[] {
  if (config === undefined) return [];
  return [
    {
      code: 'tsconfig-outside-project',
      message: `'${shownPath(cwd, config)}' is outside of the project '${project.root}', and is not followed`,
      remedy: 'If it counts, name a --project-root that contains it.',
    },
  ];
}

/** What is outside of the project is taken in only where that was said. The folder of the code is where the template says. */
function refuseOutside(files: readonly string[], metafile: Metafile, request: BundleRequest): void {
  const { folder, project, cwd } = request;
  if (project.followExternalSymlinks) return;
  // With that, esbuild calls a file by the links that lead to it.
  const { preserveSymlinks } = request.build.options;
  const outside = files.filter((file) => !isInProject(preserveSymlinks === true ? realPath(file) : file, request));
  const [first, ...others] = outside.map((file) => {
    const importer = importers(metafile, folder).get(file);
    const by = importer === undefined ? '' : `, and '${shownPath(cwd, importer)}' imports it`;
    return new ArtifactError('PATH_OUTSIDE_PROJECT', `'${file}' is outside of the project '${project.root}'${by}`, {
      remedy:
        'If it belongs into the bundle, package with --follow-external-symlinks, or with a --project-root that contains both.',
    });
  });
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}
