import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, ArtifactErrors, hasCode } from '../../repository/index.ts';
import type { Archiver, Project, Source } from '../archive/source.ts';
import { openSource } from '../archive/source.ts';
import type { Reporter } from '../event.ts';
import { findPlaces } from '../template/find/find.ts';
import { parametersOf } from '../template/find/parameters.ts';
import type { Parameter } from '../template/find/parameters.ts';
import { parseTemplate } from '../template/text/parse.ts';
import type { Place, Target, Wanted } from '../template/place.ts';
import { formatPosition } from '../template/place.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';

/** A template, or a fragment of one, that is packaged as a whole. */
export interface Unit {
  readonly type: 'unit';
  /** Absolute; links on the way are not resolved, because paths inside are relative to where it was reached. */
  readonly path: string;
  readonly kind: 'template' | 'fragment';
  /** Deployed where no domain can be presumed: it holds literals, whoever includes it holds the references. */
  readonly detached: boolean;
  readonly template: Template;
  readonly places: readonly LoadedPlace[];
}

export interface LoadedPlace {
  readonly place: Place;
  /** As many as `place.targets`, in that order. */
  readonly contents: readonly PlaceContent[];
}

/** A file or folder, once for each form in which it is wanted. */
export interface LocalSource {
  readonly type: 'source';
  readonly path: string;
  readonly wanted: Exclude<Wanted, 'template' | 'fragment'>;
  readonly name?: string;
  readonly source: Source;
}

/** An artifact that the template names itself. */
export interface NamedArtifact {
  readonly type: 'artifact';
  readonly name: string;
}

/** An object that is in S3 already. */
export interface ForeignObject {
  readonly type: 's3-uri';
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

export type PlaceContent = LocalSource | Unit | NamedArtifact | ForeignObject;

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
  const [first, ...rest] = new Set(problems);
  if (first !== undefined) throw new ArtifactErrors([first, ...rest]);
  if (value === undefined) throw new Error('a template without problems was not loaded');
  return value;
}

/** What was loaded, unless problems kept it from being; they stand in the order of the documents. */
interface Loaded<T> {
  readonly value?: T;
  readonly problems: readonly ArtifactError[];
}

class Loader {
  readonly #request: LoadRequest;
  readonly #units = new Map<string, Promise<Loaded<Unit>>>();
  readonly #sources = new Map<string, Promise<Source>>();
  /** Which file names which, by real path: what closes a circle is found before it is waited for. */
  readonly #inclusions = new Map<string, Set<string>>();

  constructor(request: LoadRequest) {
    this.#request = request;
  }

  async root(): Promise<Loaded<Unit>> {
    try {
      return await this.#readUnit(this.#request.templateFile, 'template', false, this.#request.parameters, undefined);
    } catch (error) {
      return { problems: problemsOf(error) };
    }
  }

  /** @throws ArtifactError where the file itself can't be read, ArtifactErrors where it is no template */
  async #readUnit(
    file: string,
    kind: Unit['kind'],
    detached: boolean,
    parameters: ParameterValues,
    by: Place | undefined,
  ): Promise<Loaded<Unit>> {
    const { cwd, table, zipTemplateDirWhenAbsent, hasDomain, reporter, signal } = this.#request;
    signal.throwIfAborted();
    const folder = path.dirname(file);
    const template = parseTemplate(readText(file, by), shownPath(cwd, file), { kind });
    const found = findPlaces(template, {
      table,
      kind,
      detached,
      hasDomain,
      zipTemplateDirWhenAbsent,
      parameters,
      exists: (local) => existsAt(path.resolve(folder, local)),
    });
    const known = valuesOf(parametersOf(template.root, kind, parameters));
    for (const warning of found.warnings) reporter({ kind: 'warning', warning });
    const loaded = await Promise.all(
      found.places.map((place) => this.#place({ file, place, parameters: known }, detached)),
    );
    const places = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = [...found.problems, ...loaded.flatMap((one) => one.problems)];
    return { value: { type: 'unit', path: file, kind, detached, template, places }, problems };
  }

  async #place(by: Inclusion, detached: boolean): Promise<Loaded<LoadedPlace>> {
    const { place } = by;
    const loaded = await Promise.all(place.targets.map(({ target }) => this.#content(by, target, detached)));
    const contents = loaded.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const problems = loaded.flatMap((one) => one.problems);
    return contents.length === loaded.length ? { value: { place, contents }, problems } : { problems };
  }

  async #content(by: Inclusion, target: Target, detached: boolean): Promise<Loaded<PlaceContent>> {
    const { place } = by;
    try {
      switch (target.kind) {
        case 'artifact':
          return { value: { type: 'artifact', name: target.name }, problems: [] };
        case 's3-uri': {
          const { bucket, key, version } = target;
          return { value: { type: 's3-uri', bucket, key, ...(version !== undefined && { version }) }, problems: [] };
        }
        case 'path': {
          const file = path.resolve(path.dirname(by.file), target.path);
          const { wanted } = place;
          return wanted === 'template' || wanted === 'fragment'
            ? await this.#unit(file, wanted, detached || place.detached, by)
            : { value: await this.#source(place, file, wanted), problems: [] };
        }
      }
    } catch (error) {
      return { problems: problemsOf(error).map((problem) => atPlace(place, problem)) };
    }
  }

  /** @throws ArtifactError where it would include itself, and what reading it throws */
  #unit(file: string, kind: Unit['kind'], detached: boolean, by: Inclusion): Promise<Loaded<Unit>> {
    const circle = this.#circle(by.file, file);
    if (circle !== undefined) {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `the template includes itself: ${circle}`, {
        remedy: 'Take one of these out of the circle.',
      });
    }
    // What is given for a template on the command line is not meant for those nested in it; a fragment has no parameters but those around it.
    const parameters = kind === 'fragment' ? by.parameters : NO_PARAMETERS;
    const key = JSON.stringify([file, kind, detached, ...parameters]);
    let unit = this.#units.get(key);
    if (unit === undefined) {
      unit = this.#readUnit(file, kind, detached, parameters, by.place);
      this.#units.set(key, unit);
    }
    return unit;
  }

  async #source(place: Place, file: string, wanted: LocalSource['wanted']): Promise<LocalSource> {
    const { project, archiver, reporter, signal } = this.#request;
    signal.throwIfAborted();
    const key = JSON.stringify([file, wanted]);
    let opening = this.#sources.get(key);
    if (opening === undefined) {
      opening = openSource({ path: file, wanted }, project, archiver);
      this.#sources.set(key, opening);
      for (const warning of (await opening).warnings) {
        reporter({ kind: 'warning', warning: { place: formatPosition(place.position), ...warning } });
      }
    }
    const source = await opening;
    this.#checkSuffix(place, source);
    return { type: 'source', path: file, wanted, source, ...(place.name !== undefined && { name: place.name }) };
  }

  #checkSuffix({ suffix }: Place, { filename }: Source): void {
    if (suffix === undefined || suffix.some((wanted) => filename.endsWith(wanted))) return;
    throw new ArtifactError(
      'PATH_OF_WRONG_KIND',
      `the file's name is '${filename}', and must end in ${suffix.join(' or ')}`,
    );
  }

  /** The circle that including `file` from `by` would close, for people; otherwise the inclusion is remembered. */
  #circle(by: string, file: string): string | undefined {
    const way = this.#way(realPath(file), realPath(by), new Set());
    if (way !== undefined) return [by, ...way].map((one) => shownPath(this.#request.cwd, one)).join(' → ');
    const included = this.#inclusions.get(realPath(by)) ?? new Set();
    this.#inclusions.set(realPath(by), included.add(realPath(file)));
    return undefined;
  }

  #way(from: string, to: string, seen: Set<string>): readonly string[] | undefined {
    if (from === to) return [to];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const next of this.#inclusions.get(from) ?? []) {
      const way = this.#way(next, to, seen);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  }
}

/** That a place in a file names another file. */
interface Inclusion {
  readonly file: string;
  readonly place: Place;
  /** What is known of the parameters around the place. */
  readonly parameters: ParameterValues;
}

type ParameterValues = ReadonlyMap<string, string>;

const NO_PARAMETERS: ParameterValues = new Map();

function valuesOf(parameters: ReadonlyMap<string, Parameter>): ParameterValues {
  const known = [...parameters.values()].flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return new Map(known);
}

/** Of one error, or of several in one. @throws whatever is no ArtifactError: a defect, or the end of the run */
function problemsOf(error: unknown): readonly ArtifactError[] {
  if (error instanceof ArtifactErrors) return error.problems;
  if (error instanceof ArtifactError) return [error];
  throw error;
}

/** Every problem stands at its place; what is wrong inside another file names its own. */
function atPlace(place: Place, error: ArtifactError): ArtifactError {
  return error.code === 'INVALID_TEMPLATE' ? error : placed(place, error);
}

/** The problem with its place before it: `file:line:column: Property of Resource (Type): …`. */
export function placed({ position, property, resource, type }: Place, error: ArtifactError): ArtifactError {
  const where = resource === undefined ? `${property} of ${type}` : `${property} of '${resource}' (${type})`;
  return new ArtifactError(error.code, `${formatPosition(position)}: ${where}: ${error.message}`, {
    ...(error.remedy !== undefined && { remedy: error.remedy }),
    cause: error,
  });
}

/** As the user would type it: relative to where they are, unless that leads far up. */
export function shownPath(cwd: string, file: string): string {
  const relative = path.relative(cwd, file);
  return relative !== '' && !relative.startsWith(`..${path.sep}..`) ? relative : file;
}

function readText(file: string, by: Place | undefined): string {
  const what = by === undefined ? 'template' : by.wanted === 'fragment' ? 'file to be included' : 'nested template';
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
      throw new ArtifactError('INVALID_TEMPLATE', `the ${what} '${file}' is not text in UTF-8`, { cause });
    }
    throw new ArtifactError('PATH_UNREADABLE', `the ${what} '${file}' could not be read: ${String(cause)}`, { cause });
  }
}

function existsAt(file: string): false | 'file' | 'folder' {
  try {
    return statSync(file).isDirectory() ? 'folder' : 'file';
  } catch {
    return false;
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
