import path from 'node:path';
import type { Message } from 'esbuild';
import type { ArtifactError } from '../../repository/error.ts';
import { ArtifactErrors } from '../../repository/error.ts';
import { isPath } from './metafile.ts';
import type { ModuleConfigs } from './project-configs.ts';
import type { BundleRequest } from './request.ts';
import { readRegularText } from '../regular-file.ts';
import { mappedPaths, saidConfigs } from './tsconfig.ts';

/** What was read, or was told of, and where something was looked for that was not there. Absolute. */
type LookedAt = () => readonly string[] | Promise<readonly string[]>;

/** Why nothing was bundled. */
export class FailedBundle extends ArtifactErrors {
  readonly #find: LookedAt;
  #found: Promise<readonly string[]> | undefined;

  constructor(problems: readonly [ArtifactError, ...ArtifactError[]], find: LookedAt) {
    super(problems);
    this.#find = find;
  }

  /** Where a change may mend it. To be asked only by who waits for that: esbuild may have to run once more. */
  lookedAt(): Promise<readonly string[]> {
    return (this.#found ??= Promise.resolve(this.#find()));
  }
}

/** @throws FailedBundle where there are any */
export function failWith(problems: readonly ArtifactError[], find: LookedAt): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw new FailedBundle([first, ...others], find);
}

/** What esbuild tries behind a path, and what this program does. https://esbuild.github.io/api/#resolve-extensions */
const SUFFIXES = ['.tsx', '.ts', '.jsx', '.js', '.css', '.json', '.mts', '.mjs', '.cts', '.cjs'];

/**
 * Where modules may come to be that these miss. There may be more than that: what esbuild says of its search is meant for people.
 * @param configs of the modules that were read
 */
export function missedBy(
  messages: readonly Message[],
  configs: ModuleConfigs,
  request: BundleRequest,
): readonly string[] {
  const { folder, build } = request;
  const { raw } = saidConfigs(build.options, folder);
  return messages.flatMap(({ text, location, notes }) => {
    const [name] = /(?<=^Could not resolve ")[^"]+/.exec(text) ?? [];
    const folders = [location, ...notes.map((note) => note.location)].map((one) =>
      one === null ? folder : path.dirname(path.resolve(folder, one.file)),
    );
    // A package.json says under imports and exports where modules are, and may be wrong.
    const told = notes.flatMap((note) => [...note.text.matchAll(/"(\.{0,2}\/[^"]*)"/g)].map(([, file = '']) => file));
    const paths = [...told, ...(name !== undefined && isPath(name) ? [name] : [])];
    const packages = name === undefined || isPath(name) ? [] : [name];
    const mapped = mappedPaths(packages, [...configs.followed.keys()], raw);
    return [
      ...[...paths.flatMap((file) => folders.map((around) => path.resolve(around, file))), ...mapped].flatMap((file) =>
        spellings(file, build.options['resolveExtensions']),
      ),
      ...packages.flatMap((one) => folders.flatMap((around) => installedAt(one, around))),
    ];
  });
}

/** Where a module that is looked for may stand. @param file absolute, with a suffix or without */
function spellings(file: string, extensions: unknown): readonly string[] {
  const suffixes = [...new Set([...(Array.isArray(extensions) ? (extensions as readonly string[]) : []), ...SUFFIXES])];
  const { dir, name } = path.parse(file);
  return [
    file,
    path.join(file, 'package.json'),
    ...suffixes.flatMap((suffix) => [file + suffix, path.join(dir, name + suffix), path.join(file, `index${suffix}`)]),
  ];
}

function installedAt(name: string, folder: string): readonly string[] {
  const above = path.dirname(folder);
  const home = path.join(folder, 'node_modules', name);
  const here = [home, `${home}.js`, path.join(home, 'package.json'), path.join(home, 'index.js'), ...mainOf(home)];
  return above === folder ? here : [...here, ...installedAt(name, above)];
}

/** A package that is not built yet says which module it will have. */
function mainOf(home: string): readonly string[] {
  try {
    const { main } = JSON.parse(readRegularText(path.join(home, 'package.json'))) as { readonly main?: unknown };
    return typeof main === 'string' ? spellings(path.resolve(home, main), undefined) : [];
  } catch {
    return [];
  }
}
