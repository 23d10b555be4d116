import path from 'node:path';
import type { Entry } from '../build.ts';
import { withoutSuffix } from '../build.ts';

/** Where layers are unpacked: no build makes what is there. */
const LAYERS = '/opt/';

/** A handler as Lambda reads it: `src/app.handler` is `handler` of the module `src/app`. */
interface Handler {
  readonly module: string;
  readonly name: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html */
function parseHandler(handler: string): Handler | undefined {
  const {
    folder = '',
    base = '',
    name = '',
  } = /^(?<folder>(?:.*\/)?)(?<base>[^./]+)\.(?<name>.+)$/.exec(handler)?.groups ?? {};
  return base === '' ? undefined : { module: path.posix.normalize(folder + base), name };
}

/** The module that a handler is in, which SAM takes for the entry point where none is named. Undefined for what is no handler, or one of a layer. */
export function moduleOf(handler: string): string | undefined {
  return handler.startsWith(LAYERS) ? undefined : parseHandler(handler)?.module;
}

/**
 * Where entry points go: below the root of the artifact as they stand below the folder that they have in common, as esbuild does it.
 * https://esbuild.github.io/api/#outbase
 *
 * @param files below the folder of the code, with `/`
 * @param outbase in the place of the folder in common
 */
export function entriesOf(files: readonly string[], outbase: string = commonFolder(files)): readonly Entry[] {
  return [...new Set(files.map((file) => path.posix.normalize(file)))].map((file) => {
    const below = path.posix.relative(path.posix.normalize(outbase), withoutSuffix(file));
    return {
      in: file,
      out: below
        .split('/')
        .map((name) => (name === '..' ? '_.._' : name))
        .join('/'),
    };
  });
}

function commonFolder(files: readonly string[]): string {
  const [first = [], ...others] = files.map((file) => path.posix.normalize(file).split('/').slice(0, -1));
  const differing = first.findIndex((name, depth) => others.some((other) => other[depth] !== name));
  const isPrefix = differing < 0 ? first : first.slice(0, differing);
  return isPrefix.join('/') || '.';
}

/**
 * What a Handler has to say when its module was built: SAM takes the folders away that are in no artifact.
 * @returns `undefined` where the module is none of those that are built; the same text where nothing changes, and for handlers of layers
 */
export function builtHandler(handler: string, entries: readonly Entry[]): string | undefined {
  const parsed = parseHandler(handler);
  if (parsed === undefined || handler.startsWith(LAYERS)) return handler;
  const { module, name } = parsed;
  if (entries.some(({ out }) => out === module)) return handler;
  const entry = entries.find((one) => withoutSuffix(one.in) === module || one.in === module);
  return entry === undefined ? undefined : `${entry.out}.${name}`;
}
