import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/index.ts';
import type { Archiver, Project, Source } from '../archive/source.ts';
import { openSource } from '../archive/source.ts';
import type { Reporter } from '../event.ts';
import { findPlaces } from '../template/find/find.ts';
import type { FindOptions } from '../template/find/find.ts';
import { parametersOf } from '../template/find/parameters.ts';
import type { ParameterValues } from '../template/find/parameters.ts';
import { passedParameters } from '../template/find/passed-parameters.ts';
import { parseTemplate } from '../template/text/parse.ts';
import { formatPosition } from '../template/place.ts';
import type { Place, Target, Wanted } from '../template/place.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';
import { Inclusions } from './inclusions.ts';
import { locationOf, shownPath } from './location.ts';
import { placed, problemsOf, refuse, sourcePlace } from './problems.ts';
import type { LoadedPlace, LocalSource, PlaceContent, Unit } from './unit.ts';
import { variantOf } from './variant.ts';
import { unzippedWarning } from './warnings.ts';

export interface LoadRequest {
  /** Absolute. */
  readonly templateFile: string;
  readonly cwd: string;
  readonly table: PropertyTable;
  readonly parameters: ReadonlyMap<string, string>;
  readonly zipTemplateDirWhenAbsent: boolean;
  readonly hasDomain: boolean;
  readonly project: Project;
  readonly archiver: Archiver;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Reads a template with everything that it names, nested templates and fragments included: walks and hashes, uploads nothing.
 * A path that stands at many places is read once.
 * @throws ArtifactErrors with all problems of all files
 */
export async function load(request: LoadRequest): Promise<Unit> {
  const { value, problems } = await new Loader(request).root();
  // What is named twice is loaded once, and its problems are the same objects.
  refuse([...new Set(problems)]);
  if (value === undefined) throw new Error('a template without problems was not loaded');
  return value;
}

/** What was loaded, unless problems kept it from being; they stand in the order of the documents. */
interface Loaded<T> {
  readonly value?: T;
  readonly problems: readonly ArtifactError[];
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
}

/** A place that names something, and what is known around it. */
interface Naming {
  readonly place: Place;
  readonly reading: Reading;
  readonly template: Template;
  readonly known: ParameterValues;
}

const NOTHING_GIVEN: ParameterValues = new Map();

class Loader {
  readonly #request: LoadRequest;
  readonly #units = new Map<string, Promise<Loaded<Unit>>>();
  readonly #sources = new Map<string, Promise<Source>>();
  readonly #inclusions = new Inclusions();

  constructor(request: LoadRequest) {
    this.#request = request;
  }

  async root(): Promise<Loaded<Unit>> {
    const { templateFile: file, parameters: given } = this.#request;
    try {
      return await this.#readUnit({ file, kind: 'template', detached: false, given });
    } catch (error) {
      return { problems: problemsOf(error) };
    }
  }

  /** @throws ArtifactError where the file itself can't be read, ArtifactErrors where it is no template */
  async #readUnit(reading: Reading): Promise<Loaded<Unit>> {
    const { cwd, reporter, signal, project } = this.#request;
    const { file, kind, detached, given } = reading;
    signal.throwIfAborted();
    const template = parseTemplate(readText(reading, cwd), shownPath(cwd, file), { kind });
    const found = findPlaces(template, this.#options(reading));
    const known = knownIn(template, kind, given);
    for (const warning of found.warnings) reporter({ kind: 'warning', warning });
    const loaded = await Promise.all(
      found.places.map((place) => this.#place({ place, reading, template, known }, detached)),
    );
    const places = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = [...found.problems, ...loaded.flatMap((one) => one.problems)];
    const variant = this.#variant(reading, template, places, known);
    const location = locationOf(project.root, file);
    const identity = JSON.stringify([kind, detached, location, variant]);
    return {
      value: { type: 'unit', identity, variant, location, path: file, kind, detached, template, places },
      problems,
    };
  }

  #options({ file, kind, detached, given, by }: Reading): FindOptions {
    const { table, zipTemplateDirWhenAbsent, hasDomain } = this.#request;
    const folder = path.dirname(file);
    return {
      ...{ table, kind, detached, hasDomain, zipTemplateDirWhenAbsent, parameters: given },
      // What a stack doesn't pass to a nested template has its Default at the deploy.
      defaultsAreFinal: by !== undefined,
      exists: (local) => existsAt(path.resolve(folder, local)),
    };
  }

  /** Whether the template would name other things if nothing were said of its parameters. */
  #variant(reading: Reading, template: Template, places: readonly LoadedPlace[], known: ParameterValues): string {
    if (reading.given.size === 0) return '';
    const plain = findPlaces(template, this.#options({ ...reading, given: NOTHING_GIVEN })).places;
    const plainlyKnown = knownIn(template, reading.kind, NOTHING_GIVEN);
    return variantOf(places, plain, (place, unit) =>
      sameValues(
        givenTo(unit.kind, { place, reading, template, known }),
        givenTo(unit.kind, { place, reading, template, known: plainlyKnown }),
      ),
    );
  }

  async #place(naming: Naming, detached: boolean): Promise<Loaded<LoadedPlace>> {
    const { place } = naming;
    const loaded = await Promise.all(place.targets.map(({ target }) => this.#content(naming, target, detached)));
    const contents = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = loaded.flatMap((one) => one.problems);
    return contents.length === loaded.length ? { value: { place, contents }, problems } : { problems };
  }

  async #content(naming: Naming, target: Target, detached: boolean): Promise<Loaded<PlaceContent>> {
    const { place, reading } = naming;
    try {
      switch (target.kind) {
        case 'artifact':
          return { value: { type: 'artifact', name: target.name }, problems: [] };
        case 's3-uri': {
          const { bucket, key, version } = target;
          return { value: { type: 's3-uri', bucket, key, ...(version !== undefined && { version }) }, problems: [] };
        }
        case 'path': {
          const file = path.resolve(path.dirname(reading.file), target.path);
          const { wanted } = place;
          return wanted === 'template' || wanted === 'fragment'
            ? await this.#unit(file, wanted, detached || place.detached, naming)
            : { value: await this.#source(place, file, wanted), problems: [] };
        }
      }
    } catch (error) {
      return { problems: problemsOf(error).map((problem) => placed(place, problem)) };
    }
  }

  /** @throws ArtifactError where it would include itself, and what reading it throws */
  #unit(file: string, kind: Unit['kind'], detached: boolean, naming: Naming): Promise<Loaded<Unit>> {
    const circle = this.#inclusions.add(naming.reading.file, file);
    if (circle !== undefined) {
      const files = circle.map((one) => shownPath(this.#request.cwd, one));
      throw new ArtifactError('PATH_OF_WRONG_KIND', `the template includes itself: ${files.join(' → ')}`, {
        remedy: 'Take one of these out of the circle.',
      });
    }
    const given = givenTo(kind, naming);
    const key = JSON.stringify([file, kind, detached, ...given]);
    let unit = this.#units.get(key);
    if (unit === undefined) {
      unit = this.#readUnit({ file, kind, detached, given, by: naming.place });
      this.#units.set(key, unit);
    }
    return unit;
  }

  async #source(place: Place, file: string, wanted: Exclude<Wanted, Unit['kind']>): Promise<LocalSource> {
    const source = await this.#open(place, file, wanted);
    checkSuffix(place, source);
    const { name } = place;
    const location = locationOf(this.#request.project.root, file);
    // By what it became: a folder is the same archive wherever one is wanted.
    const identity = JSON.stringify([source.kind, location, name ?? '']);
    return { type: 'source', identity, path: file, location, source, ...(name !== undefined && { name }) };
  }

  async #open(place: Place, file: string, wanted: Exclude<Wanted, Unit['kind']>): Promise<Source> {
    const { project, archiver, reporter, signal, cwd } = this.#request;
    signal.throwIfAborted();
    const key = JSON.stringify([file, wanted]);
    const before = this.#sources.get(key);
    if (before !== undefined) return before;
    const opening = openSource({ path: file, wanted }, project, archiver);
    this.#sources.set(key, opening);
    const source = await opening;
    const tooLarge = unzippedWarning(place, shownPath(cwd, file), source.bytes);
    for (const warning of [...source.warnings, ...(tooLarge === undefined ? [] : [tooLarge])]) {
      reporter({ kind: 'warning', warning: { place: sourcePlace(place), ...warning } });
    }
    return source;
  }
}

function knownIn({ root }: Template, kind: Unit['kind'], given: ParameterValues): ParameterValues {
  return new Map([...parametersOf(root, kind, given).values()].map(({ name, value }) => [name, value]));
}

/**
 * What is said of the parameters of a template or fragment that a place names. A nested stack is passed its own; a fragment has none but those around
 * it. Overrides of the command line are meant for the template itself alone.
 */
function givenTo(kind: Unit['kind'], { place, template, known }: Naming): ParameterValues {
  return kind === 'fragment' ? known : passedParameters(template, place, known);
}

function sameValues(one: ParameterValues, other: ParameterValues): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.has(name) && other.get(name) === value);
}

function checkSuffix({ suffix }: Place, { filename }: Source): void {
  if (suffix === undefined || suffix.some((wanted) => filename.endsWith(wanted))) return;
  throw new ArtifactError(
    'PATH_OF_WRONG_KIND',
    `the file's name is '${filename}', and must end in ${suffix.join(' or ')}`,
  );
}

function readText({ file, kind, by }: Reading, cwd: string): string {
  const what = by === undefined ? 'template' : kind === 'fragment' ? 'file to be included' : 'nested template';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) {
      throw new ArtifactError('PATH_NOT_FOUND', `no ${what} at '${file}'`, {
        remedy:
          by === undefined ? 'Name it with --template-file.' : 'Paths are relative to the template that names them.',
        cause,
      });
    }
    if (hasCode(cause, 'EISDIR')) {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `'${file}' is a folder, and a ${what} is wanted`, { cause });
    }
    if (hasCode(cause, 'EACCES', 'EPERM')) {
      throw new ArtifactError('PATH_UNREADABLE', `the ${what} '${file}' may not be read`, { cause });
    }
    if (cause instanceof TypeError) {
      const place = { file: shownPath(cwd, file), ...firstBadByte(readFileSync(file)) };
      throw new ArtifactError('INVALID_TEMPLATE', `${formatPosition(place)}: the ${what} is not text in UTF-8`, {
        ...{ remedy: 'Save it in UTF-8.', place, cause },
      });
    }
    throw new ArtifactError('PATH_UNREADABLE', `the ${what} '${file}' could not be read: ${String(cause)}`, { cause });
  }
}

/** Where a text stops being UTF-8. A replacement character that the author wrote before it is taken for it. */
function firstBadByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  const text = new TextDecoder('utf-8').decode(bytes);
  const bad = text.indexOf('\uFFFD');
  const before = text.slice(0, Math.max(bad, 0)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function existsAt(file: string): false | 'file' | 'folder' {
  try {
    return statSync(file).isDirectory() ? 'folder' : 'file';
  } catch {
    return false;
  }
}
