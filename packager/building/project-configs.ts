import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';
import { isWithin } from '../archive/links.ts';
import type { Warning } from '../event.ts';
import { realPath, shownPath } from '../location.ts';
import type { BundleRequest } from './request.ts';
import type { Configs } from './tsconfig.ts';
import { configAround, configsAbove, configsUpFrom, isReadable, meansNothing, saidConfigs } from './tsconfig.ts';

/** What says how modules are compiled. */
export interface ModuleConfigs extends Configs {
  /** By each tsconfig.json that is the nearest one above modules, one of those. */
  readonly holdsFor: ReadonlyMap<string, string>;
}

/** What counts for these: the tsconfig.json that BuildProperties say, else of each the nearest, and all that those extend. @param modules absolute */
export function configsFor(modules: readonly string[], { folder, build }: BundleRequest): ModuleConfigs {
  const { named, isAll, ...search } = saidConfigs(build.options, folder);
  if (isAll) return { ...configsAbove(named, search), holdsFor: new Map() };
  const known = new Map<string, string | undefined>();
  const holdsFor = new Map<string, string>();
  for (const module of modules) {
    const config = configAround(path.dirname(module), known);
    if (config !== undefined && !holdsFor.has(config)) holdsFor.set(config, module);
  }
  return { ...configsAbove([...holdsFor.keys()], search), holdsFor };
}

/**
 * The tsconfig.json above the project because of which esbuild is to follow none at all: it would hold for what is built, and is of this machine alone.
 * `undefined` where it says nothing, and where one of the project's own holds for the folder of the code, or for an entry and this one can be read.
 *
 * @param entries absolute
 */
export function outerConfig(entries: readonly string[], request: BundleRequest): string | undefined {
  const { folder, build } = request;
  const outer = configAround(folder);
  if (saidConfigs(build.options, folder).isAll || isReachedOutside(request)) return undefined;
  if (outer === undefined || isInProject(outer, request)) return undefined;
  const all = configsUpFrom(outer);
  if (all.every(meansNothing)) return undefined;
  const inside = entries.filter((entry) => isInProject(realPath(entry), request));
  const own = inside.some((entry) => {
    const config = configAround(path.dirname(entry));
    return config !== undefined && isInProject(config, request);
  });
  return own && [...configsAbove(all).followed.keys()].every(isReadable) ? undefined : outer;
}

/** With --follow-external-symlinks the code may be where the project is not. */
function isReachedOutside({ folder, project }: BundleRequest): boolean {
  return project.followExternalSymlinks && !isWithin(project.root, folder);
}

/** A tsconfig.json that nobody of the project names, and what is to be told of it. */
export interface ToldConfig {
  readonly config: string;
  readonly warning: Warning;
}

/**
 * Of a tsconfig.json above the project: that none is followed because of it, or that it is, for modules that have no other.
 * @param outer because of which none is followed
 * @param configs what would hold for each module
 */
export function toldConfig(
  outer: string | undefined,
  { holdsFor }: ModuleConfigs,
  request: BundleRequest,
): ToldConfig | undefined {
  const shown = (file: string): string => `'${shownPath(request.cwd, file)}'`;
  if (outer !== undefined) {
    const [hidden] = [...holdsFor].filter(([config]) => config !== outer && !meansNothing(config));
    const nor =
      hidden === undefined
        ? ''
        : `, and because of it neither is ${shown(hidden[0])}, which would hold for ${shown(hidden[1])}`;
    return toldOf(outer, `is not followed${nor}`, request);
  }
  if (isReachedOutside(request)) return undefined;
  const [followed] = [...holdsFor].filter(
    ([config, module]) =>
      !isInProject(config, request) && isInProject(realPath(module), request) && !meansNothing(config),
  );
  return followed && toldOf(followed[0], `holds for ${shown(followed[1])}`, request);
}

function toldOf(config: string, what: string, { cwd, project }: BundleRequest): ToldConfig {
  return {
    config,
    warning: {
      code: 'tsconfig-outside-project',
      message: `'${shownPath(cwd, config)}' is outside of the project '${project.root}', and ${what}`,
      remedy: `If it counts, package with a --project-root that contains it, ${OTHER_IDS}; if not, put a tsconfig.json with '{}' into the project's root.`,
    },
  };
}

/**
 * PATH_OUTSIDE_PROJECT: a template, a tsconfig.json or a link may name any file of the machine. What packages bring may be installed above the project, or in a
 * store elsewhere; and one that only lies above modules is named by nobody.
 */
export function outsideConfigs(
  { followed, holdsFor }: ModuleConfigs,
  request: BundleRequest,
): readonly ArtifactError[] {
  const { cwd, build, project } = request;
  const shown = (file: string): string => `'${shownPath(cwd, file)}'`;
  const isAllowed = (file: string): boolean => {
    const by = followed.get(file);
    return (
      file.split(path.sep).includes('node_modules') ||
      (by === undefined ? holdsFor.has(file) && !isInProject(file, request) : isAllowed(by))
    );
  };
  const why = (file: string): string => {
    const by = followed.get(file);
    if (by !== undefined) return `, and ${shown(by)} extends it`;
    if (isInProject(file, request)) return `, and ${shown(file)} leads to it`;
    return 'tsconfigRaw' in build.options ? ', and TsconfigRaw extends it' : '';
  };
  return [...followed.keys()]
    .filter((file) => !isInProject(realPath(file), request) && !isAllowed(file))
    .map(
      (file) =>
        new ArtifactError(
          'PATH_OUTSIDE_PROJECT',
          `'${realPath(file)}' is outside of the project '${project.root}'${why(file)}`,
          { remedy: BRING_IN },
        ),
    );
}

/** IDs begin with where something is below the project's root. */
const OTHER_IDS = "which changes the artifacts' IDs";

export const BRING_IN: string = `If it counts, package with --follow-external-symlinks, or with a --project-root that contains it, ${OTHER_IDS}.`;

/** The folder of the code is where the template says. @param real links resolved */
export function isInProject(real: string, { folder, project }: Pick<BundleRequest, 'folder' | 'project'>): boolean {
  return isWithin(project.root, real) || isWithin(folder, real);
}
