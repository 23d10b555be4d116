import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { BuildFailure, BuildOptions as EsbuildOptions, BuildResult, Message, OutputFile, Plugin } from 'esbuild';
import { ArtifactError } from '../../repository/error.ts';
import { isWithin } from '../archive/links.ts';
import { similarName } from '../archive/names.ts';
import type { Warning } from '../event.ts';
import { namesIn } from '../folders.ts';
import { realPath, shownPath } from '../location.ts';
import { readRegularText } from '../regular-file.ts';
import type { BuildOptions, Entry } from '../template/build.ts';
import { failWith, missedBy } from './failed-bundle.ts';
import type { Asked } from './metafile.ts';
import { importers, inputsOf } from './metafile.ts';
import { failureOf, problemOf, warningOf } from './messages.ts';
import { installation } from './installation.ts';
import type { ModuleConfigs } from './project-configs.ts';
import { BRING_IN, configsFor, isInProject, outerConfig, outsideConfigs, toldConfig } from './project-configs.ts';
import { refuseIrregular, sparingOutside } from './guard.ts';
import type { BundleRequest } from './request.ts';
import { namedMaps, takenSources } from './source-maps.ts';
import { CONFIGS } from './tsconfig.ts';

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

/**
 * Bundles what SAM would bundle with these properties: the same options for the same entry points, and dependencies from the node_modules that are there.
 * Nothing is installed and no command is run. What comes out has nothing of the machine in it: paths in it are relative to the folder of the code.
 * https://github.com/aws/aws-lambda-builders/tree/develop/aws_lambda_builders/workflows/nodejs_npm_esbuild
 *
 * @throws FailedBundle BUILD_FAILED with everything that esbuild finds; PATH_NOT_FOUND for entry points; PATH_OUTSIDE_PROJECT
 */
export async function bundle(request: BundleRequest): Promise<Bundle> {
  const { folder } = request;
  const { problems, entries, lookedAt } = entryFiles(request);
  failWith(problems, () => lookedAt);
  const modules = entries.map((entry) => realEntry(entry.in, request));
  const outer = outerConfig(modules, request);
  // Before esbuild reads them.
  const before = refuseOutside({ files: modules, importing: () => NOBODY, outer }, request);
  const options: Options = {
    ...nativeOptions(request.build.options, folder),
    ...(outer !== undefined && { tsconfigRaw: '{}' }),
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
  refuseIrregular(modules, before, request);
  const { outputFiles, metafile, warnings } = await run(options, outer, request);
  const inputs = inputsOf(metafile, folder);
  const read: Read = { files: inputs.files, importing: () => importers(metafile, folder), outer };
  const configs = refuseOutside(read, request);
  refuseTaken(outputFiles, inputs.files, request);
  refuseAbove(outputFiles, folder, inputs.files);
  const told = toldConfig(outer, configs, request);
  return {
    files: outputFiles.map((file) => builtFile(file, folder)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    warnings: [
      ...warnings.filter((message) => !isOutside(message, request)).map((message) => warningOf(message, request)),
      ...(told === undefined ? [] : [told.warning]),
    ],
    inputs: [
      ...new Set([
        ...inputs.files,
        ...(outer === undefined ? configs.followed.keys() : []),
        ...(told === undefined ? [] : [told.config]),
      ]),
    ],
    asked: inputs,
  };
}

type Options = EsbuildOptions & { readonly metafile: true; readonly write: false };

async function run(
  options: Options,
  outer: string | undefined,
  request: BundleRequest,
): Promise<BuildResult<typeof options>> {
  const esbuild = await import('esbuild');
  const spared = new Set<string>();
  try {
    return await esbuild.build({ ...options, plugins: sparingOutside(request, (file) => spared.add(file)) });
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw failureOf(error);
    const missing = (name: string): string => installation(name, request);
    const outside = new Set([
      ...errors.filter((message) => isOutside(message, request)).map(placed(request)),
      ...spared,
    ]);
    const problems = [
      ...[...outside].map((file) => unreadableOutside(file, request)),
      ...errors
        .filter((message) => !isOutside(message, request))
        .map((message) => problemOf(message, request, missing)),
    ];
    failWith(problems, async () => {
      const files = await filesRead(options, request);
      const configs = modulesConfigs(files, request);
      const places = errors.filter(({ location }) => location !== null).map(placed(request));
      return [
        ...files,
        ...places,
        ...configs.lookedAt,
        ...missedBy(errors, configs, request),
        ...(outer === undefined ? [] : [outer]),
      ];
    });
    throw error;
  }
}

/** What esbuild reads, which it tells only of bundles that come to be. Absolute. */
async function filesRead(options: Options, request: BundleRequest): Promise<readonly string[]> {
  const { build } = await import('esbuild');
  const read = new Set<string>();
  const noting: Plugin = {
    name: 'noting',
    setup: (building) => {
      building.onLoad({ filter: /.*/, namespace: 'file' }, ({ path: file }) => {
        read.add(file);
        return undefined;
      });
    },
  };
  // It fails as it did, or not at all where somebody just mended it: that is noticed as a change.
  await build({ ...options, plugins: [noting, ...sparingOutside(request)] }).catch(() => undefined);
  return [...read];
}

/** What was read, by whom it was imported where that is known, and the tsconfig.json above the project that keeps esbuild from following any. */
interface Read {
  readonly files: readonly string[];
  readonly importing: () => ReadonlyMap<string, string>;
  readonly outer: string | undefined;
}

const NOBODY: ReadonlyMap<string, string> = new Map();

/** @returns what would say how the files are compiled. @throws FailedBundle PATH_OUTSIDE_PROJECT of all that is outside and may not be */
function refuseOutside({ files, importing, outer }: Read, request: BundleRequest): ModuleConfigs {
  const configs = modulesConfigs(files, request);
  if (request.project.followExternalSymlinks) return configs;
  failWith(
    [...outsideFiles(files, importing, request), ...(outer === undefined ? outsideConfigs(configs, request) : [])],
    () => [...files, ...configs.lookedAt],
  );
  return configs;
}

/** Those of the project first, so that what is told is of one of them. */
function modulesConfigs(files: readonly string[], request: BundleRequest): ModuleConfigs {
  const isInside = (file: string): boolean => isInProject(realOf(file, request), request);
  const sorted = [...files].sort();
  const others = request.project.followExternalSymlinks ? sorted.filter((file) => !isInside(file)) : [];
  return configsFor([...sorted.filter(isInside), ...others], request);
}

/** Of a file that is none of the project's business, not even its mistakes are told. */
function isOutside({ location }: Message, request: BundleRequest): boolean {
  if (location === null || !['', 'file'].includes(location.namespace)) return false;
  const file = path.resolve(request.folder, location.file);
  return !request.project.followExternalSymlinks && !isInProject(realPath(file), request);
}

function placed({ folder }: BundleRequest): (message: Message) => string {
  return ({ location }) => path.resolve(folder, location?.file ?? '');
}

/** esbuild reads every tsconfig.json and package.json above the code, those too that hold for nothing; all else because it is named. */
function unreadableOutside(file: string, { project }: BundleRequest): ArtifactError {
  const isFoundAbove = [...CONFIGS, 'package.json'].includes(path.basename(file));
  const why = isFoundAbove ? "esbuild can't read it" : 'a module imports it, or a tsconfig.json extends it';
  return new ArtifactError(
    'PATH_OUTSIDE_PROJECT',
    `'${file}' is outside of the project '${project.root}', and ${why}`,
    {
      remedy: isFoundAbove ? 'Correct or remove it.' : BRING_IN,
    },
  );
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
  readonly lookedAt: readonly string[];
} {
  const problems: ArtifactError[] = [];
  const lookedAt: string[] = [];
  const entries = build.entries.flatMap((entry) => {
    const tried = ['', ...SUFFIXES].map((suffix) => entry.in + suffix);
    const file = tried.find((one) => isModule(one, folder));
    lookedAt.push(...tried.map((one) => path.resolve(folder, one)));
    if (file === undefined) problems.push(noEntry(entry, folder, cwd));
    // Without './' it would be a package.
    return file === undefined ? [] : [{ in: path.resolve(folder, file), out: entry.out }];
  });
  return { entries, problems, lookedAt };
}

/** As esbuild calls it. */
function realEntry(file: string, request: BundleRequest): string {
  return request.build.options['preserveSymlinks'] === true ? file : realPath(file);
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
    const { dependencies = {} } = JSON.parse(readRegularText(path.join(folder, 'package.json'))) as {
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

/**
 * PATH_OUTSIDE_PROJECT: a source map may name any file of the machine as a source, whose text esbuild puts into the map that it makes, and another map to go on from.
 * A map may also bring texts of sources that happen to be called like a file outside: those are its own.
 */
function refuseTaken(outputs: readonly OutputFile[], inputs: readonly string[], request: BundleRequest): void {
  const { build, project, cwd } = request;
  if (build.options['sourcemap'] === undefined || project.followExternalSymlinks) return;
  const isElsewhere = (file: string): boolean => existsSync(file) && !isInProject(realPath(file), request);
  const maps = [...namedMaps(inputs, build.options)].filter(([file]) => isElsewhere(file));
  const sources = takenSources(outputs).filter(({ file, text }) => isElsewhere(file) && mayBeOf(text, file));
  const found = new Map([
    ...sources.map(({ file }): [string, string] => [file, 'a source map takes it for a source']),
    ...maps.map(([file, input]): [string, string] => [file, `'${shownPath(cwd, input)}' takes it for its source map`]),
  ]);
  const problems = [...found].map(
    ([file, why]) =>
      new ArtifactError(
        'PATH_OUTSIDE_PROJECT',
        `'${realPath(file)}' is outside of the project '${project.root}', and ${why}`,
        { remedy: `Leave it out of the source map. ${BRING_IN}` },
      ),
  );
  failWith(problems, () => [...inputs, ...maps.map(([, input]) => input)]);
}

/** What the system makes up when it is read has no size, and another text for everybody. */
function mayBeOf(text: string, file: string): boolean {
  try {
    return statSync(file).size === 0 || readRegularText(file) === text;
  } catch {
    return true;
  }
}

/** Names of outputs may be templates, with `..` in them: what is above the root of the artifact would be in none, and overwrite something else. */
function refuseAbove(files: readonly OutputFile[], folder: string, inputs: readonly string[]): void {
  const above = files.filter(({ path: file }) => !isWithin(folder, file));
  const problems = above.map(
    (file) =>
      new ArtifactError('BUILD_FAILED', `'${builtFile(file, folder).name}' would be above the root of the artifact`, {
        remedy: "Leave '..' out of EntryNames, ChunkNames and AssetNames.",
      }),
  );
  failWith(problems, () => inputs);
}

/** PATH_OUTSIDE_PROJECT: what is outside of the project is taken in only where that was said. @param importing by each file, one that imports it */
function outsideFiles(
  files: readonly string[],
  importing: () => ReadonlyMap<string, string>,
  request: BundleRequest,
): readonly ArtifactError[] {
  const { project, cwd } = request;
  const outside = files.filter((file) => !isInProject(realOf(file, request), request));
  const found = outside.length === 0 ? NOBODY : importing();
  return outside.map((file) => {
    const importer = found.get(file);
    const by = importer === undefined ? '' : `, and '${shownPath(cwd, importer)}' imports it`;
    return new ArtifactError('PATH_OUTSIDE_PROJECT', `'${file}' is outside of the project '${project.root}'${by}`, {
      remedy:
        'If it belongs into the bundle, package with --follow-external-symlinks, or with a --project-root that contains both.',
    });
  });
}

/** With PreserveSymlinks, esbuild calls a file by the links that lead to it. */
function realOf(file: string, { build }: BundleRequest): string {
  return build.options['preserveSymlinks'] === true ? realPath(file) : file;
}
