import type { Build } from '../build.ts';
import { isIntrinsic } from '../intrinsic.ts';
import { buildMethodOf } from '../metadata/build-method.ts';
import type { BuildMethod } from '../metadata/build-method.ts';
import { builtHandler, entriesOf, moduleOf } from '../metadata/entries.ts';
import { notLoaded } from '../metadata/module-kind.ts';
import type { BuildProperties, PropertyReader } from '../metadata/read-properties.ts';
import { readBuildProperties } from '../metadata/read-properties.ts';
import type { MapNode, TemplateNode } from '../node.ts';
import { isMap, isString, pointerTo, valueOf } from '../node.ts';
import type { LoopTarget, Setting } from '../place.ts';
import type { Building, BuiltPlace } from './built-place.ts';
import type { Context, Search } from './context.ts';
import type { Loop } from './foreach-loop.ts';
import { resolve } from './intrinsics.ts';

/** Whether a function's code is bundled here, so that it stands in the function itself. */
export function isBundled(search: Search, resource: TemplateNode, context: Context): boolean {
  return isMap(resource) && methodOf(search, resource, context)?.kind === 'esbuild';
}

/**
 * How a function's code is built before it is packaged, if its Metadata wants that. What `sam build` wrote is built.
 * @param common what SAM's Globals say for functions, where they count
 */
export function buildingOf(
  search: Search,
  resource: MapNode,
  context: Context,
  common: TemplateNode | undefined,
): Building | undefined {
  const method = methodOf(search, resource, context);
  if (method?.kind !== 'esbuild') return undefined;
  return (targets, loops) => new FunctionBuild(search, resource, context, common, method).of(targets, loops);
}

function methodOf(search: Search, resource: MapNode, context: Context): BuildMethod | undefined {
  if (search.options.isBuilt === true && !isLeftOut(search, resource, context)) return undefined;
  return buildMethodOf(resource, (node) => textOf(search, node, context));
}

/** `sam build` of one function leaves the others at their sources, which are outside of the folder that it writes. */
function isLeftOut(search: Search, resource: MapNode, context: Context): boolean {
  const properties = valueOf(resource, 'Properties');
  const code = valueOf(properties, 'CodeUri') ?? valueOf(properties, 'Code');
  return code !== undefined && textOf(search, code, context)?.startsWith('../') === true;
}

/** What does not depend on a loop and is known before the deploy. */
function textOf(search: Search, node: TemplateNode, { scope }: Context): string | undefined {
  const resolved = resolve(node, scope);
  if (resolved.kind !== 'known' || resolved.loops.length > 0) return undefined;
  for (const parameter of resolved.defaults ?? []) search.warnOfDefault(node.start, parameter);
  return resolved.texts[0]?.text;
}

/** What one module that a function runs is called under some turns of the loops around it. */
interface Handling {
  readonly handler: string;
  readonly values: readonly string[];
}

const SOURCE_MAPS = '--enable-source-maps';

class FunctionBuild {
  readonly #search: Search;
  readonly #resource: MapNode;
  readonly #context: Context;
  readonly #common: TemplateNode | undefined;
  readonly #method: Extract<BuildMethod, { kind: 'esbuild' }>;
  readonly #reader: PropertyReader;

  constructor(
    search: Search,
    resource: MapNode,
    context: Context,
    common: TemplateNode | undefined,
    method: Extract<BuildMethod, { kind: 'esbuild' }>,
  ) {
    this.#search = search;
    this.#resource = resource;
    this.#context = context;
    this.#common = common;
    this.#method = method;
    this.#reader = {
      textOf: (node) => textOf(search, node, context),
      problem: (start, message, remedy) => {
        search.problem(start, `${message} (resource '${String(context.resource)}')`, remedy);
      },
      warn: (start, code, message, remedy) => {
        search.warn(start, code, message, remedy);
      },
    };
  }

  of(targets: readonly LoopTarget[], loops: readonly Loop[]): BuiltPlace {
    const properties = readBuildProperties(this.#method.properties, this.#reader);
    if (!targets.some((one) => this.#isFolder(one))) return { targets, settings: [] };
    const { handlings, loops: own } = this.#handlings(properties);
    const built = targets.map((one) => {
      if (!this.#isFolder(one)) return one;
      const fitting = handlings.filter(({ values }) => agree(values, own, one.values, loops));
      const build = this.#build(properties, fitting, own.length > 0);
      return build === undefined ? one : { ...one, build };
    });
    this.#warnOfNotLoaded(properties);
    const entries = built.flatMap(({ build }) => build?.entries ?? []);
    return {
      targets: built,
      settings: [...this.#handlerSetting(handlings, entries), ...this.#sourceMapSetting(properties)],
    };
  }

  /** An archive is built already; another file is a mistake. */
  #isFolder({ target }: LoopTarget): boolean {
    if (target.kind !== 'path') return false;
    if (this.#search.options.exists(target.path) !== 'file') return true;
    // As SAM: https://github.com/aws/aws-sam-cli/blob/develop/samcli/lib/build/app_builder.py
    if (/\.(?:zip|jar|war)$/.test(target.path)) return false;
    this.#reader.problem(
      this.#resource.start,
      `'${target.path}' is a file, and esbuild bundles what is in a folder`,
      'Name the folder, and the file in Handler or under EntryPoints.',
    );
    return false;
  }

  #handlings({ entryPoints }: BuildProperties): {
    readonly handlings: readonly Handling[];
    readonly loops: readonly Loop[];
  } {
    const node = this.#property('Handler');
    const resolved = node && resolve(node, this.#context.scope);
    if (node !== undefined && resolved?.kind === 'known') {
      for (const parameter of resolved.defaults ?? []) this.#search.warnOfDefault(node.start, parameter);
      return {
        handlings: resolved.texts.map(({ text, values }) => ({ handler: text, values })),
        loops: resolved.loops,
      };
    }
    if (entryPoints.length === 0) {
      const why = resolved?.kind === 'unknown' ? `its Handler is not known: ${resolved.why}` : 'it has no Handler';
      this.#reader.problem(
        node?.start ?? this.#resource.start,
        `nothing says what esbuild is to bundle, because ${why}`,
        'Write the Handler itself, or name modules under EntryPoints.',
      );
    }
    return { handlings: [], loops: [] };
  }

  #build(properties: BuildProperties, handlings: readonly Handling[], inLoop: boolean): Build | undefined {
    const { entryPoints, outbase, options } = properties;
    const modules = handlings.flatMap(({ handler }) => moduleOf(handler) ?? []);
    const files = entryPoints.length > 0 ? entryPoints : modules;
    if (files.length === 0) {
      const [first] = handlings;
      if (first !== undefined) this.#tellOdd(first.handler);
      return undefined;
    }
    // One Handler stands for all turns of its loop, so it has to be right as it is.
    const isRight = handlings.every(({ handler }) => builtHandler(handler, entriesOf(files)) === handler);
    const base = outbase ?? (inLoop && !isRight ? '.' : undefined);
    const sourcemap = this.#sourcemap(properties);
    return {
      kind: 'esbuild',
      entries: entriesOf(files, base),
      options: sourcemap === undefined ? options : { ...options, sourcemap },
    };
  }

  #tellOdd(handler: string): void {
    this.#reader.problem(
      this.#property('Handler')?.start ?? this.#resource.start,
      `the Handler '${handler}' names no module that esbuild could bundle`,
      "Write 'path/to/module.function', or name modules under EntryPoints.",
    );
  }

  /** https://github.com/aws/aws-sam-cli/blob/develop/samcli/lib/build/bundler.py */
  #handlerSetting(handlings: readonly Handling[], entries: Build['entries']): readonly Setting[] {
    if (entries.length === 0) return [];
    for (const { handler } of handlings) {
      const wanted = builtHandler(handler, entries);
      if (wanted === undefined || (wanted !== handler && handlings.length > 1)) {
        this.#warnOfUnbuilt(handler, entries);
        return [];
      }
      if (wanted !== handler) return [{ pointer: this.#pointer('Handler'), text: wanted }];
    }
    return [];
  }

  #warnOfUnbuilt(handler: string, entries: Build['entries']): void {
    this.#reader.warn(
      this.#property('Handler')?.start ?? this.#resource.start,
      'handler-not-built',
      `the Handler '${handler}' of '${String(this.#context.resource)}' is none of the modules that are built: ${entries.map(({ out }) => out).join(', ')}`,
      'Unless a layer brings it, name its module under EntryPoints.',
    );
  }

  #warnOfNotLoaded({ options, entryPoints, starts }: BuildProperties): void {
    const node = this.#property('Runtime');
    const resolved = node && resolve(node, this.#context.scope);
    const runtimes = resolved?.kind === 'known' ? resolved.texts.map(({ text }) => text) : [];
    const found = notLoaded(options, { runtimes, nodeOptions: this.#nodeOptions(), entryPoints });
    if (found === undefined) return;
    this.#reader.warn(
      starts.get(found.property) ?? this.#resource.start,
      'module-not-loaded',
      `'${String(this.#context.resource)}' is built ${found.as}: it will not be loaded`,
      found.remedy,
    );
  }

  /** What nobody says of source maps, Node is told about them says. */
  #sourcemap({ sourcemap }: BuildProperties): boolean | string | undefined {
    return sourcemap ?? (this.#nodeOptions().includes(SOURCE_MAPS) ? true : undefined);
  }

  #sourceMapSetting(properties: BuildProperties): readonly Setting[] {
    const sourcemap = this.#sourcemap(properties);
    const options = this.#nodeOptions();
    if (sourcemap === undefined || sourcemap === false || options.includes(SOURCE_MAPS)) return [];
    const name = String(this.#context.resource);
    const obstacle = this.#obstacle();
    if (obstacle !== undefined) {
      this.#reader.warn(
        obstacle.start,
        'source-maps-not-enabled',
        `'${name}' is built with source maps, and '${SOURCE_MAPS}' can't be added to its NODE_OPTIONS, which is decided at the deploy`,
        `Write '${SOURCE_MAPS}' there yourself, or set Sourcemap to false.`,
      );
      return [];
    }
    this.#reader.warn(
      this.#resource.start,
      'source-maps-enabled',
      `'${name}' is built with source maps, so '${SOURCE_MAPS}' is added to its NODE_OPTIONS; both cost it time`,
      'Write it there yourself if that is meant; if not, set Sourcemap to false.',
    );
    const pointer = ['Environment', 'Variables', 'NODE_OPTIONS'].reduce(pointerTo, this.#pointer());
    return [{ pointer, text: [...options, SOURCE_MAPS].join(' ') }];
  }

  #nodeOptions(): readonly string[] {
    const node = this.#variables('NODE_OPTIONS');
    const text = node && textOf(this.#search, node, this.#context);
    return text === undefined ? [] : text.split(/\s+/).filter(Boolean);
  }

  /** What keeps a variable from being added to the function's own, or the option to that. */
  #obstacle(): TemplateNode | undefined {
    const environment = valueOf(this.#properties, 'Environment');
    const variables = valueOf(environment, 'Variables');
    const isOdd = (node: TemplateNode | undefined): boolean =>
      node !== undefined && !(isMap(node) && !isIntrinsic(node)) && !(node.kind === 'scalar' && node.value === null);
    const options = this.#variables('NODE_OPTIONS');
    if (isOdd(environment)) return environment;
    if (isOdd(variables)) return variables;
    return options === undefined || isString(options) ? undefined : options;
  }

  #variables(name: string): TemplateNode | undefined {
    const own = (properties: TemplateNode | undefined): TemplateNode | undefined =>
      valueOf(valueOf(valueOf(properties, 'Environment'), 'Variables'), name);
    return own(this.#properties) ?? own(this.#common);
  }

  #property(name: string): TemplateNode | undefined {
    return valueOf(this.#properties, name) ?? valueOf(this.#common, name);
  }

  get #properties(): TemplateNode | undefined {
    return valueOf(this.#resource, 'Properties');
  }

  #pointer(...members: readonly string[]): string {
    return ['Properties', ...members].reduce(pointerTo, this.#context.pointer);
  }
}

/** Whether two combinations of loop values are of one turn: in the loops that both depend on they are the same. */
function agree(
  a: readonly string[],
  loopsOfA: readonly Loop[],
  b: readonly string[],
  loopsOfB: readonly Loop[],
): boolean {
  return loopsOfA.every((loop, index) => {
    const other = loopsOfB.indexOf(loop);
    return other < 0 || a[index] === b[other];
  });
}
