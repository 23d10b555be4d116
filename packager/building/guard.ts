import path from 'node:path';
import type { Plugin } from 'esbuild';
import { ArtifactError } from '../../repository/error.ts';
import { isWithin } from '../archive/links.ts';
import { realPath, shownPath } from '../location.ts';
import { isIrregular } from '../regular-file.ts';
import { failWith } from './failed-bundle.ts';
import { isInProject } from './project-configs.ts';
import type { BundleRequest } from './request.ts';
import type { Configs } from './tsconfig.ts';
import { CONFIGS } from './tsconfig.ts';

/**
 * Lets esbuild take what is outside of the project for empty: it is refused when it is known who imports it, and until then it may be a device without an end, or nobody's
 * business. esbuild asks for files of the project as little as it would without.
 * @param spare told of each, absolute
 */
export function sparingOutside(request: BundleRequest, spare: (file: string) => void = () => undefined): Plugin[] {
  const { project, build } = request;
  if (project.followExternalSymlinks) return [];
  const isByRealPath = build.options['preserveSymlinks'] !== true;
  const isTold = isByRealPath && isWithin(project.root, request.folder) && project.root.length < PATTERN_LIMIT;
  const filter = isTold ? notBelow(project.root) : /.*/;
  return [
    {
      name: 'sparing-outside',
      setup: (building) => {
        building.onLoad({ filter, namespace: 'file' }, ({ path: file }) => {
          if (isInProject(realPath(file), request)) return undefined;
          spare(file);
          return { contents: '', loader: 'empty' };
        });
      },
    },
  ];
}

/** Characters. esbuild takes no expression that is nested in itself a thousand times. */
const PATTERN_LIMIT = 250;

/** Fits all that does not begin with a folder's path. esbuild evaluates it in a language that can't look ahead. */
function notBelow(folder: string): RegExp {
  const characters = Array.from(folder.endsWith(path.sep) ? folder : folder + path.sep);
  const pattern = characters.reduceRight((rest, character) => {
    const literal = /[\w\s]|[^\0-\x7F]/.test(character) ? character : `\\${character}`;
    return `(?:[^${literal}]|$${rest === '' ? '' : `|${literal}${rest}`})`;
  }, '');
  return new RegExp(`^${pattern}`);
}

/**
 * BUILD_FAILED: esbuild reads every package.json and tsconfig.json above modules, and never comes back from a pipe or a device. What it comes upon later, in folders of
 * modules that are imported, is not looked at.
 * @param modules absolute, as those that say how they are compiled
 */
export function refuseIrregular(
  modules: readonly string[],
  { followed }: Configs,
  { cwd, folder }: BundleRequest,
): void {
  const above = [folder, ...modules.map((module) => path.dirname(module))].flatMap(irregularAbove);
  const found = new Set([...modules.filter(isIrregular), ...above, ...[...followed.keys()].filter(isIrregular)]);
  const problems = [...found].map(
    (file) =>
      new ArtifactError('BUILD_FAILED', `'${shownPath(cwd, file)}' is a pipe or a device, or a link to one`, {
        remedy: 'Put a file in its place, or remove it.',
      }),
  );
  failWith(problems, () => [...modules, ...found]);
}

function irregularAbove(folder: string): readonly string[] {
  const here = ['package.json', ...CONFIGS].map((name) => path.join(folder, name)).filter(isIrregular);
  const above = path.dirname(folder);
  return above === folder ? here : [...here, ...irregularAbove(above)];
}
