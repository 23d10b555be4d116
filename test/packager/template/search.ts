import type { FindOptions, Found as WholeFound } from '../../../packager/template/find/find.ts';
import { findPlaces } from '../../../packager/template/find/find.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { Place } from '../../../packager/template/place.ts';
import { formatPosition } from '../../../packager/template/place.ts';
import { propertyTable } from '../../../packager/template/properties/table.ts';

/** What a search finds; what it asked for on the way is of no account here. */
export type Found = Omit<WholeFound, 'asked' | 'left'>;

const TABLE = propertyTable();

export interface Given extends Partial<Omit<FindOptions, 'parameters'>> {
  /** What lies on the disk; a folder ends in `/`. */
  readonly disk?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Searches a template that stands in the test. */
export function find(source: string, given: Given = {}): Found {
  const { places, warnings, problems } = findAll(source, given);
  return { places, warnings, problems };
}

/** Why what stands in the template stays as it is. */
export function left(source: string, given: Given = {}): readonly string[] {
  return findAll(source, given).left.map(({ property, reason, why }) => `${property} (${reason}): ${why}`);
}

function findAll(source: string, { disk = [], parameters = {}, ...given }: Given): WholeFound {
  const kind = given.kind ?? 'template';
  return findPlaces(parseTemplate(source, 't.yaml', { kind }), {
    table: TABLE,
    kind,
    parameters: new Map(Object.entries(parameters)),
    exists: (path) => (disk.includes(path) ? 'file' : disk.includes(`${path}/`) ? 'folder' : false),
    zipTemplateDirWhenAbsent: false,
    detached: false,
    defaultsAreFinal: false,
    hasDomain: true,
    ...given,
  });
}

/** Searches one resource, named `R`, of a type with these properties (YAML, flow style or indented by 6). */
export function findInResource(type: string, properties: string, given: Given = {}): Found {
  return find(`Resources:\n  R:\n    Type: ${type}\n    Properties: ${properties}\n`, given);
}

/** The one place that is expected. @throws Error where there are others, or problems */
export function onlyPlace({ places, problems }: Found): Place {
  const [place, ...others] = places;
  if (place === undefined || others.length > 0 || problems.length > 0) {
    throw new Error(`expected one place: ${JSON.stringify({ places, problems: problems.map(String) })}`);
  }
  return place;
}

/** `pointer = path` for each place. */
export function shown({ places }: Found): string[] {
  return places.map(({ pointer, targets }) => `${pointer} = ${targets.map(shownTarget).join(' ')}`);
}

function shownTarget({ target }: Place['targets'][number]): string {
  switch (target.kind) {
    case 'path':
      return target.path;
    case 'artifact':
      return `artifact ${target.name}`;
    case 's3-uri':
      return `s3 ${target.bucket} ${target.key}${target.version === undefined ? '' : ` ${target.version}`}`;
  }
}

/** `line:column` of each place. */
export function positions({ places }: Found): string[] {
  return places.map(({ position }) => formatPosition(position).replace('t.yaml:', ''));
}

export function messages({ problems }: Found): string[] {
  return problems.map(({ message }) => message);
}

/** `code line:column` of each warning. */
export function warned({ warnings }: Found): string[] {
  return warnings.map(({ code, place }) => [code, place && `${place.line}:${place.column}`].filter(Boolean).join(' '));
}
