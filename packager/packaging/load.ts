import { ArtifactError } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { Source } from '../archive/source.ts';
import type { Reporter } from '../event.ts';
import { shownPath } from '../location.ts';
import type { Build } from '../template/build.ts';
import { builtLocation, keyOf } from '../template/build.ts';
import { valueOf } from '../template/node.ts';
import { findPlaces } from '../template/find/find.ts';
import type { FindOptions } from '../template/find/find.ts';
import { composedText } from '../template/find/intrinsics.ts';
import { resourceNames } from '../template/find/resource-names.ts';
import { parametersOf } from '../template/find/parameters.ts';
import type { Parameter, ParameterValues } from '../template/find/parameters.ts';
import { passedParameters } from '../template/find/passed-parameters.ts';
import type { TemplateMemory } from '../template/memory.ts';
import { parseTemplate } from '../template/text/parse.ts';
import type { LoopTarget, Place, Target, Wanted } from '../template/place.ts';
import { sourcePlace } from '../template/place.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';
import type { Files, OpenRequest } from './files.ts';
import { Inclusions } from './inclusions.ts';
import { placed, problemsOf } from './problems.ts';
import type { LoadedPlace, LocalSource, PlaceContent, Unit } from './unit.ts';
import { unzippedWarning } from './warnings.ts';

export interface LoadRequest {
  /** Absolute. */
  readonly templateFile: string;
  readonly cwd: string;
  readonly table: PropertyTable;
  readonly parameters: ReadonlyMap<string, string>;
  readonly zipTemplateDirWhenAbsent: boolean;
  readonly hasDomain: boolean;
  readonly files: Files;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** What earlier runs found out of texts. */
  readonly templates?: TemplateMemory | undefined;
}

/**
 * Reads a template with everything that it names, nested templates and fragments included: walks and hashes, uploads nothing.
 * A path that stands at many places is read once.
 * @throws ArtifactErrors with all problems of all files
 */
export async function load(request: LoadRequest): Promise<Unit> {
  const { value, problems } = await new Loader(request).root();
  // What is named twice is told of once.
  refuse([...new Map(problems.map((problem) => [problem.message, problem])).values()]);
  if (value === undefined) throw new Error('a template without problems was not loaded');
  return value;
}

/** What was loaded, unless problems kept it from being; they stand in the order of the documents. */
interface Loaded<T> {
  readonly value?: T;
  readonly problems: readonly ArtifactError[];
  /** Of a unit: what was known of its parameters when it was read. */
  readonly known?: Known;
}

/** How a template or fragment is read. */
interface Reading {
  /** Absolute. */
  readonly file: string;
  readonly kind: Unit['kind'];
  readonly detached: boolean;
  /** What is said of its parameters from outside: by the command line, by the stack that nests it, by the template that includes it. */
  readonly given: ParameterValues;
  /** Where it is named; absent for the template itself. */
  readonly by?: Place;
  /** Logical IDs of the nested stacks that it is reached through, outermost first. */
  readonly stacks: readonly string[];
}

/** A place that names something, and what is known around it. */
interface Naming {
  readonly place: Place;
  readonly reading: Reading;
  readonly template: Template;
  readonly known: Known;
}

const NOTHING_GIVEN: ParameterValues = new Map();

class Loader {
  readonly #request: LoadRequest;
  readonly #units = new Map<string, Promise<readonly Loaded<Unit>[]>>();
  readonly #templates = new Map<string, Template>();
  readonly #sources = new Map<string, Promise<Source>>();
  /** Paths that were told of. */
  readonly #tooLarge = new Set<string>();
  readonly #inclusions: Inclusions;

  constructor(request: LoadRequest) {
    this.#request = request;
    this.#inclusions = new Inclusions((file) => request.files.realOf(file));
  }

  async root(): Promise<Loaded<Unit>> {
    const { templateFile: file, parameters: given } = this.#request;
    try {
      return await this.#readUnit({ file, kind: 'template', detached: false, given, stacks: [] });
    } catch (error) {
      return { problems: problemsOf(error) };
    }
  }

  /** @throws ArtifactError where the file itself can't be read, ArtifactErrors where it is no template */
  async #readUnit(reading: Reading): Promise<Loaded<Unit>> {
    const { reporter, signal, files } = this.#request;
    const { file, kind, detached, given } = reading;
    signal.throwIfAborted();
    const template = this.#template(reading);
    const found = findPlaces(template, this.#options(reading));
    const known = knownIn(template, reading);
    for (const warning of found.warnings) reporter({ kind: 'warning', warning });
    const taken = found.places.filter(({ pointer }) => files.takes(file, pointer));
    const loaded = await Promise.all(taken.map((place) => this.#place({ place, reading, template, known }, detached)));
    const places = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = [...found.problems, ...loaded.flatMap((one) => one.problems)];
    const asked = new Set([...found.asked, ...places.flatMap((one) => [...askedBelow(one, template, known)])]);
    const plain = knownIn(template, { ...reading, given: NOTHING_GIVEN });
    const differing = [...asked].filter((name) => known.get(name)?.value !== plain.get(name)?.value).sort();
    const location = files.locationOf(file);
    // Whatever else it is given, and whatever it contains: what was not asked for decides nothing.
    const identity = JSON.stringify([
      kind,
      detached,
      location,
      differing.map((name) => [name, known.get(name)?.value ?? null]),
    ]);
    return {
      value: {
        ...{ type: 'unit', identity, path: file, location, isVariant: differing.length > 0, asked },
        values: valuesOf(asked, known),
        ...{ names: resourceNames(template, kind, given), kind, detached, template, places },
        left: found.left,
      },
      problems,
      known,
    };
  }

  #template(reading: Reading): Template {
    const { file, kind } = reading;
    const { cwd, files } = this.#request;
    const key = JSON.stringify([file, kind]);
    const before = this.#templates.get(key);
    if (before !== undefined) return before;
    const text = files.readTemplate(reading);
    const template = parseTemplate(text, shownPath(cwd, file), { kind, memory: this.#request.templates });
    this.#templates.set(key, template);
    return template;
  }

  #options(reading: Reading): FindOptions {
    const { file, kind, detached, given } = reading;
    const { table, zipTemplateDirWhenAbsent, hasDomain, files } = this.#request;
    return {
      ...{ table, kind, detached, hasDomain, zipTemplateDirWhenAbsent, parameters: given },
      defaultsAreFinal: areDefaultsFinal(reading),
      exists: (local) => files.exists(files.resolve(file, local)),
      isBuilt: isBuilt(files.locationOf(file)),
    };
  }

  async #place(naming: Naming, detached: boolean): Promise<Loaded<LoadedPlace>> {
    const { place } = naming;
    const loaded = await Promise.all(place.targets.map((target) => this.#content(naming, target, detached)));
    const contents = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = loaded.flatMap((one) => one.problems);
    return contents.length === loaded.length ? { value: { place, contents }, problems } : { problems };
  }

  async #content(naming: Naming, named: LoopTarget, detached: boolean): Promise<Loaded<PlaceContent>> {
    const { place, reading } = naming;
    const { target } = named;
    try {
      switch (target.kind) {
        case 'artifact':
          return { value: { type: 'artifact', name: target.name }, problems: [] };
        case 's3-uri': {
          const { bucket, key, version } = target;
          return { value: { type: 's3-uri', bucket, key, ...(version !== undefined && { version }) }, problems: [] };
        }
        case 'path': {
          const file = this.#request.files.resolve(reading.file, target.path);
          const { wanted } = place;
          return wanted === 'template' || wanted === 'fragment'
            ? await this.#unit(file, wanted, detached || place.detached, naming)
            : {
                value: await this.#source(place, await this.#built(naming, named, file), wanted, named.build),
                problems: [],
              };
        }
      }
    } catch (error) {
      return { problems: problemsOf(error).map((problem) => placed(place, advised(target, problem))) };
    }
  }

  /** What was built of the code that a place names, or the code. */
  async #built({ place, reading, template, known }: Naming, target: LoopTarget, code: string): Promise<string> {
    if (target.build !== undefined) return code;
    const { file: templateFile, stacks } = reading;
    const scope = { parameters: known, mappings: valueOf(template.root, 'Mappings'), loops: [] };
    const answer = await this.#request.files.built?.({
      ...{ place, target, template, templateFile, stacks, code },
      textOf: (node) => composedText(node, scope),
    });
    for (const warning of answer?.warnings ?? []) this.#request.reporter({ kind: 'warning', warning });
    return answer?.code ?? code;
  }

  /** @throws ArtifactError where it would include itself, and what reading it throws */
  #unit(file: string, kind: Unit['kind'], detached: boolean, naming: Naming): Promise<Loaded<Unit>> {
    const circle = this.#inclusions.add(naming.reading.file, file);
    if (circle !== undefined) {
      const files = circle.map((one) => shownPath(this.#request.cwd, one));
      throw new ArtifactError('PATH_OF_WRONG_KIND', `the template includes itself: ${files.join(' → ')}`, {
        remedy: 'Take one of these out of the circle: a file cannot stand below itself, under whatever parameters.',
      });
    }
    const stacks = [...naming.reading.stacks, ...(naming.place.resource === undefined ? [] : [naming.place.resource])];
    const reading: Reading = { file, kind, detached, given: givenTo(kind, naming), by: naming.place, stacks };
    const key = JSON.stringify([file, kind, detached]);
    // One after the other: only when one is read is it known what it asks for, and whether another would be the same.
    const before = this.#units.get(key) ?? Promise.resolve([]);
    const unit = before.then((units) => this.#sameUnit(units, reading) ?? this.#readUnit(reading));
    this.#units.set(
      key,
      Promise.all([before, unit]).then(
        ([units, unit]) => (units.includes(unit) ? units : [...units, unit]),
        () => before,
      ),
    );
    return unit;
  }

  /** What was read already under parameters that are the same, as far as they were asked for. */
  #sameUnit(units: readonly Loaded<Unit>[], reading: Reading): Loaded<Unit> | undefined {
    const known: Known = units.length === 0 ? new Map() : knownIn(this.#template(reading), reading);
    return units.find(({ value, known: its }) =>
      [...(value?.asked ?? [])].every((name) => its?.get(name)?.value === known.get(name)?.value),
    );
  }

  async #source(
    place: Place,
    file: string,
    wanted: Exclude<Wanted, Unit['kind']>,
    build: Build | undefined,
  ): Promise<LocalSource> {
    const source = await this.#open(place, { path: file, wanted, ...(build !== undefined && { build }) });
    checkSuffix(place, source);
    const tooLarge = unzippedWarning(place, shownPath(this.#request.cwd, file), source.bytes);
    if (tooLarge !== undefined && !this.#tooLarge.has(file)) {
      this.#tooLarge.add(file);
      this.#request.reporter({ kind: 'warning', warning: tooLarge });
    }
    const { name } = place;
    const folder = this.#request.files.locationOf(file);
    const location = build === undefined ? folder : builtLocation(folder, build);
    // By what it became: a folder is the same archive wherever one is wanted.
    const identity = JSON.stringify([source.kind, folder, name ?? '', ...(build === undefined ? [] : [keyOf(build)])]);
    return {
      ...{ type: 'source', identity, path: file, location, source },
      ...(build !== undefined && { isBuilt: true }),
      ...(name !== undefined && { name }),
    };
  }

  async #open(place: Place, request: OpenRequest): Promise<Source> {
    const { files, reporter, signal } = this.#request;
    signal.throwIfAborted();
    const { path, wanted, build } = request;
    const key = JSON.stringify([path, wanted, build === undefined ? '' : keyOf(build)]);
    const before = this.#sources.get(key);
    if (before !== undefined) return before;
    const opening = files.open(request);
    this.#sources.set(key, opening);
    const source = await opening;
    for (const warning of source.warnings) {
      reporter({ kind: 'warning', warning: { place: sourcePlace(place), ...warning } });
    }
    return source;
  }
}

/** In `.aws-sam/build` stands what `sam build` wrote. */
function isBuilt(location: string): boolean {
  return /(?:^|\/)\.aws-sam\/build\//.test(location);
}

/** What is known of the parameters around a place. */
type Known = ReadonlyMap<string, Parameter>;

function valuesOf(names: ReadonlySet<string>, known: Known): ReadonlyMap<string, string> {
  return new Map(
    [...names].sort().flatMap((name): [string, string][] => {
      const value = known.get(name)?.value;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function knownIn({ root }: Template, reading: Reading): Known {
  return parametersOf(root, reading.kind, reading.given, areDefaultsFinal(reading));
}

/** What a stack doesn't pass to a nested template has its Default at the deploy; a StackSet or a product may be given more. */
function areDefaultsFinal({ by, detached }: Pick<Reading, 'by' | 'detached'>): boolean {
  return by !== undefined && !detached;
}

/**
 * What is said of the parameters of a template or fragment that a place names. A nested stack is passed its own; a fragment has none but those around
 * it. Overrides of the command line are meant for the template itself alone.
 */
function givenTo(kind: Unit['kind'], { place, template, known }: Naming): ParameterValues {
  return kind === 'fragment' ? known : passedParameters(template, place, known).values;
}

/** The parameters around a place on which it depends what the templates below it name. */
function askedBelow({ place, contents }: LoadedPlace, template: Template, known: Known): ReadonlySet<string> {
  const units = contents.filter((content) => content.type === 'unit');
  if (units.length === 0) return new Set();
  const { sourcesOf } = passedParameters(template, place, known);
  return new Set(
    units.flatMap(({ kind, asked }) =>
      [...asked].flatMap((name) => (kind === 'fragment' ? [name] : [...sourcesOf(name)])),
    ),
  );
}

/** A version as the command line takes it. */
const VERSION = /^(?<artifact>[\w-]+(?:\/[\w.-]+)+):[\w.+-]+(?:#[\w.-]+)?$/;

/** What is no path may have been meant as something else. */
function advised(target: Target, problem: ArtifactError): ArtifactError {
  if (problem.code !== 'PATH_NOT_FOUND' || target.kind !== 'path') return problem;
  const remedy = adviceFor(target.path);
  return remedy === undefined ? problem : new ArtifactError(problem.code, problem.message, { remedy, cause: problem });
}

function adviceFor(text: string): string | undefined {
  // Variables in plain text are replaced by nobody.
  if (text.includes('${')) return `Write !Sub before it: '\${…}' is replaced in Fn::Sub alone.`;
  const artifact = VERSION.exec(text)?.groups?.['artifact'];
  if (artifact === undefined) return undefined;
  return `A template names a version by its ARN, which 'cfn-artifacts show ${text}' tells, or by a bookmark: '${artifact}^prod'.`;
}

function checkSuffix({ suffix }: Place, { filename }: Source): void {
  if (suffix === undefined || suffix.some((wanted) => filename.endsWith(wanted))) return;
  throw new ArtifactError(
    'PATH_OF_WRONG_KIND',
    `the file's name is '${filename}', and must end in ${suffix.join(' or ')}`,
  );
}
