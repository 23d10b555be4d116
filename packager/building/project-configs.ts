import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';
import { isWithin } from '../archive/links.ts';
import type { Warning } from '../event.ts';
import { realPath, shownPath } from '../packaging/location.ts';
import type { BundleRequest } from './bundler.ts';
import type { Configs } from './tsconfig.ts';
import { configAround, configsAbove, saidConfigs } from './tsconfig.ts';

/** What says how modules are compiled. */
export interface ModuleConfigs extends Configs {
  /** By each tsconfig.json that is the nearest one above modules, one of those. */
  readonly holdsFor: ReadonlyMap<string, string>;
}

export const NO_CONFIGS: ModuleConfigs = { followed: new Map(), lookedAt: new Set(), holdsFor: new Map() };

/** What counts for these: the tsconfig.json that BuildProperties say, else of each the nearest, and all that those extend. @param modules absolute */
export function configsFor(modules: readonly string[], { folder, build }: BundleRequest): ModuleConfigs {
  const { named, isAll, ...search } = saidConfigs(build.options, folder);
  if (isAll) return { ...configsAbove(named, search), holdsFor: new Map() };
  const holdsFor = new Map<string, string>();
  for (const [around, module] of new Map(modules.map((one) => [path.dirname(one), one]))) {
    const config = configAround(around);
    if (config !== undefined && !holdsFor.has(config)) holdsFor.set(config, module);
  }
  return { ...configsAbove([...holdsFor.keys()], search), holdsFor };
}

/** The tsconfig.json above the project that would hold for what is built: it is of this machine alone, so it is not followed. @param entries absolute */
export function outerConfig(entries: readonly string[], request: BundleRequest): string | undefined {
  const { root } = request.project;
  if (!isWithin(root, request.folder)) return undefined;
  const nearest = [...configsFor(entries, request).holdsFor.keys()];
  return nearest.some((config) => isWithin(root, config)) ? undefined : nearest[0];
}

export function outerConfigWarning(config: string, { cwd, project }: BundleRequest): Warning {
  return {
    code: 'tsconfig-outside-project',
    message: `'${shownPath(cwd, config)}' is outside of the project '${project.root}', and is not followed`,
    remedy: 'If it counts, name a --project-root that contains it.',
  };
}

/** PATH_OUTSIDE_PROJECT: a template, a tsconfig.json or a link may name any file of the machine. */
export function outsideConfigs(
  { followed, holdsFor }: ModuleConfigs,
  request: BundleRequest,
): readonly ArtifactError[] {
  const { cwd, build } = request;
  const shown = (file: string): string => `'${shownPath(cwd, file)}'`;
  const why = (file: string, by: string | undefined): string => {
    if (by !== undefined) return `, and ${shown(by)} extends it`;
    const module = holdsFor.get(file);
    if (isInProject(file, request)) return `, and ${shown(file)} leads to it`;
    if (module !== undefined) return `, and holds for ${shown(module)}`;
    return 'tsconfigRaw' in build.options ? ', and TsconfigRaw extends it' : '';
  };
  return [...followed]
    .filter(([file]) => !isInProject(realPath(file), request))
    .map(([file, by]) =>
      outside(
        realPath(file),
        why(file, by),
        request,
        holdsFor.has(file) && !isInProject(file, request) ? KEPT_AWAY : '',
      ),
    );
}

/**
 * PATH_OUTSIDE_PROJECT: where one above the project is left out, esbuild leaves out those in it as well.
 * @param outer the one above the project
 * @param modules absolute
 */
export function hiddenConfigs(
  outer: string,
  modules: readonly string[],
  request: BundleRequest,
): readonly ArtifactError[] {
  const inside = [...configsFor(modules, request).holdsFor].filter(([config]) => isInProject(config, request));
  return inside
    .slice(0, 1)
    .map(([config, module]) =>
      outside(
        outer,
        `, so neither it nor '${shownPath(request.cwd, config)}' is followed, which holds for '${shownPath(request.cwd, module)}'`,
        request,
        KEPT_AWAY,
      ),
    );
}

function outside(file: string, why: string, { project }: BundleRequest, otherwise = ''): ArtifactError {
  return new ArtifactError('PATH_OUTSIDE_PROJECT', `'${file}' is outside of the project '${project.root}'${why}`, {
    remedy: `If it counts, name a --project-root that contains it${otherwise}.`,
  });
}

/** The search for the nearest one ends there. */
const KEPT_AWAY = "; if not, put a tsconfig.json with '{}' into the project's root";

/** The folder of the code is where the template says. @param real links resolved */
export function isInProject(real: string, { folder, project }: Pick<BundleRequest, 'folder' | 'project'>): boolean {
  return isWithin(project.root, real) || isWithin(folder, real);
}
