import path from 'node:path';
import type { BuildOptions } from '../build.ts';

/** Why Lambda would not load what is built, and what to do. */
export interface NotLoaded {
  /** The property that says it. */
  readonly property: 'Format' | 'OutExtension';
  /** Behind 'it is built'. */
  readonly as: string;
  readonly remedy: string;
}

/** How a function runs, as far as that is known. */
export interface Running {
  /** Each that it may be; none where that can't be known. */
  readonly runtimes: readonly string[];
  readonly nodeOptions: readonly string[];
  /** As written; empty where the handler says it. */
  readonly entryPoints: readonly string[];
}

/**
 * Whether suffix and format of what is built contradict each other. SAM passes both on to esbuild and says nothing; Lambda's runtimes load `.js` with `require`, unless the package.json
 * beside it says `"type": "module"`, and up to Node.js 22 have it switched off that a module is known by its syntax. Of what comes with other runtimes nothing is known.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
 * https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/UserFunction.js
 */
export function notLoaded({ format, outExtension }: BuildOptions, running: Running): NotLoaded | undefined {
  if (running.runtimes.length === 0 || !running.runtimes.every(isOlderNode)) return undefined;
  const suffix = (outExtension as Readonly<Record<string, string>> | undefined)?.['.js'] ?? '.js';
  if (format === 'cjs' && suffix === '.mjs') {
    return {
      property: 'OutExtension',
      as: "as CommonJS with the suffix '.mjs', which Lambda takes for an ES module",
      remedy: 'Set Format to esm, or leave OutExtension out.',
    };
  }
  if (format !== 'esm' || suffix === '.mjs' || (suffix === '.js' && isKnownBySyntaxOrPackage(running)))
    return undefined;
  return {
    property: 'Format',
    as: `as an ES module with the suffix '${suffix}', which Lambda takes for CommonJS`,
    remedy: "Set OutExtension to '.js=.mjs'.",
  };
}

function isOlderNode(runtime: string): boolean {
  const version = /^nodejs(\d+)\./.exec(runtime)?.[1];
  return version !== undefined && Number(version) < 24;
}

function isKnownBySyntaxOrPackage({ nodeOptions, entryPoints }: Running): boolean {
  return (
    nodeOptions.some((option) => /^--experimental-(?:detect-module|default-type=module)$/.test(option)) ||
    // With the loader copy it is in what is built.
    entryPoints.some((file) => path.posix.basename(file) === 'package.json')
  );
}
