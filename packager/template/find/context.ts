import type { ArtifactErrorCode } from '../../../repository/index.ts';
import { ArtifactError } from '../../../repository/index.ts';
import type { Warning } from '../../event.ts';
import type { Building } from './built-place.ts';
import type { Loop } from './foreach-loop.ts';
import type { Scope } from './intrinsics.ts';
import type { Left } from './left.ts';
import type { Exists } from './meaning.ts';
import type { Parameter, ParameterValues } from './parameters.ts';
import type { TemplateNode } from '../node.ts';
import type { Place, Position } from '../place.ts';
import { formatPosition } from '../place.ts';
import type { PropertyEntry, PropertyTable } from '../properties/property.ts';
import type { Template } from '../template.ts';

export interface FindOptions {
  readonly table: PropertyTable;
  readonly kind: 'template' | 'fragment';
  readonly parameters: ParameterValues;
  readonly exists: Exists;
  /** An absent property means the template's folder where it does for aws-cli. */
  readonly zipTemplateDirWhenAbsent: boolean;
  /** The template is deployed where no domain can be presumed: every place is literal. */
  readonly detached: boolean;
  /** The deploy gives the template nothing but what is known here: a Default stays what it is. */
  readonly defaultsAreFinal: boolean;
  /** Whether ARNs can be had. */
  readonly hasDomain: boolean;
  /** `sam build` wrote the template: what its functions name is built. */
  readonly isBuilt?: boolean;
}

export interface Found {
  /** In the order of the document as it is read, so that what an alias repeats stands where it is repeated. */
  readonly places: readonly Place[];
  /** These and the problems in the order of the file, by line and column. */
  readonly warnings: readonly Warning[];
  readonly problems: readonly ArtifactError[];
  /** What was looked at and stays as it is, in the order of the file. */
  readonly left: readonly Left[];
  /** Names of the parameters that the search asked for: with others it would have found the same. */
  readonly asked: ReadonlySet<string>;
}

/** Where the search stands. */
export interface Context {
  /** JSON pointer of the node that is looked at. */
  readonly pointer: string;
  /** What encloses it, by name: a resource's logical ID, else a section. */
  readonly resource?: string;
  readonly condition?: string;
  /** Dotted way from the resource's Properties, or from the section, to the node. */
  readonly property: string;
  readonly scope: Scope;
  /** An intrinsic function would not be evaluated here. */
  readonly literal: boolean;
  /** How what a path here leads to is built before it is packaged. */
  readonly building?: Building;
}

/** Collects what is found, in whatever order it is searched, and gives it out in the orders that `Found` promises. */
export class Search {
  readonly template: Template;
  readonly options: FindOptions;
  readonly #places: { readonly start: number; readonly found: Place }[] = [];
  readonly #warnings: { readonly at: Position; readonly found: Warning }[] = [];
  readonly #problems: { readonly at: Position; readonly found: ArtifactError }[] = [];
  readonly #left: { readonly at: Position; readonly found: Left; readonly pointers: readonly string[] }[] = [];
  readonly #claimed = new Set<TemplateNode>();
  readonly #frozen = new Set<number>();
  readonly #defaults = new Set<string>();

  constructor(template: Template, options: FindOptions) {
    this.template = template;
    this.options = options;
  }

  entries(type: string): readonly PropertyEntry[] {
    return this.options.table.get(type) ?? [];
  }

  /** Says that a node has been decided upon, so that nothing else wonders about it. */
  claim(node: TemplateNode): void {
    this.#claimed.add(node);
  }

  isClaimed(node: TemplateNode): boolean {
    return this.#claimed.has(node);
  }

  add(start: number, place: Place): void {
    this.#places.push({ start, found: place });
  }

  /**
   * Says that a value was looked at and stays as it is.
   * @param pointers of all that stays: if something within it is a place after all, nothing was said
   */
  leave(start: number, left: Omit<Left, 'position'>, pointers: readonly string[] = []): void {
    const at = this.template.position(start);
    this.#left.push({ at, found: { ...left, position: at }, pointers });
  }

  warn(start: number, code: string, message: string, remedy?: string): void {
    const place = this.template.position(start);
    this.#warnings.push({ at: place, found: { code, message, place, ...(remedy !== undefined && { remedy }) } });
  }

  problem(start: number, message: string, remedy?: string, code: ArtifactErrorCode = 'INVALID_TEMPLATE'): void {
    const at = this.template.position(start);
    const placed = `${formatPosition(at)}: ${message}`;
    const error = new ArtifactError(code, placed, { place: at, ...(remedy !== undefined && { remedy }) });
    this.#problems.push({ at, found: error });
  }

  /** Tells once that a loop's values are those of a parameter at this moment. */
  warnOfFrozen({ start, key, parameter, values = [], isHidden }: Loop): void {
    if (parameter === undefined || this.#frozen.has(start)) return;
    this.#frozen.add(start);
    const shown = isHidden === true ? '' : `: ${values.join(', ')}`;
    this.warn(
      start,
      'frozen-collection',
      `'${key}' is packaged for the values that the parameter '${parameter}' has now${shown}`,
      'Deploy with these values, or package again with --parameter-overrides for others.',
    );
  }

  /** Tells once of each parameter that the paths are those of its Default, whatever the deploy gives it. */
  warnOfDefault(start: number, { name, value = '', isHidden }: Parameter): void {
    if (this.#defaults.has(name)) return;
    this.#defaults.add(name);
    const shown = isHidden === true ? '' : `, '${value}'`;
    this.warn(
      start,
      'frozen-parameter',
      `what is packaged here follows the Default of the parameter '${name}'${shown}`,
      'Deploy with this value, or package again with --parameter-overrides for another.',
    );
  }

  found(): Omit<Found, 'asked'> {
    const places = this.#places.toSorted((a, b) => a.start - b.start).map(({ found }) => found);
    const [warnings, problems] = [inFileOrder(this.#warnings), inFileOrder(this.#problems)];
    const around = new Set(places.flatMap(({ pointer }) => upwards(pointer)));
    const left = this.#left.filter(({ pointers }) => !pointers.some((pointer) => around.has(pointer)));
    return { places, warnings, problems, left: inFileOrder(left) };
  }
}

/** A pointer and those of all that is around it. */
function upwards(pointer: string): readonly string[] {
  return pointer.split('/').map((_member, index, members) => members.slice(0, index + 1).join('/'));
}

function inFileOrder<T>(all: readonly { readonly at: Position; readonly found: T }[]): T[] {
  return all.toSorted(({ at: a }, { at: b }) => a.line - b.line || a.column - b.column).map(({ found }) => found);
}

/** How messages name a property: `Code of 'Fn' (AWS::Lambda::Function)`. */
export function subject(property: string, { resource }: Context, type: string): string {
  return resource === undefined ? `${property} of ${type}` : `${property} of '${resource}' (${type})`;
}
