import type { Changes } from './changes.ts';
import type { TemplateMemory } from '../memory.ts';
import type { MapNode, TemplateNode } from '../node.ts';
import { isList, isMap, isString, pointerTo, valueOf } from '../node.ts';
import type { Place, ReferenceResource } from '../place.ts';
import { parseTemplate } from '../text/parse.ts';
import { follow, pointerMembers, resourcePointer } from '../site.ts';
import type { Template } from '../template.ts';

/**
 * Reads a rewritten text again, before anybody uses it, and compares it with the template: it can be read; it has the resources that it had and
 * those that were to be added, each with its artifacts; texts that were set are those; every Fn::GetAtt, `${resource.attribute}`, Fn::FindInMap and DependsOn that was written
 * names what is there, once; and all else is the same data in the same order. The text is parsed once.
 *
 * Of the values that were written it looks at nothing but what they refer to: whether they are right, the tests of their forms tell.
 * @param template as it was read, not as room was made in it
 * @param memory asked whether just this was found already, and told
 * @throws Error a defect of ours, never a fault of the template
 */
export function verifyRewrite(template: Template, changes: Changes, text: string, memory?: TemplateMemory): void {
  const isUntouched =
    changes.rewrites.length === 0 && changes.references.length === 0 && changes.mappings === undefined;
  if ((isUntouched && text === template.text) || memory?.isVerified(template.text, text) === true) return;
  new Verification(template, changes).verify(text);
  memory?.verified(template.text, text);
}

const NOTHING: MapNode = { kind: 'map', start: 0, end: 0, style: 'block', short: false, entries: [] };

class Verification {
  readonly #template: Template;
  readonly #changes: Changes;
  /** Pointers of what was written: values, members beside them, members that were absent. */
  readonly #written: ReadonlySet<string>;
  /** Pointers of texts that were set, and what they are to be. */
  readonly #settings: ReadonlyMap<string, string>;
  /** Pointers of maps that may have been made, because something was added to them. */
  readonly #made: ReadonlySet<string>;
  /** Pointers of DependsOn, and what is to be in it beside what was. */
  readonly #dependencies: ReadonlyMap<string, readonly string[]>;
  /** Pointers that were come to. */
  readonly #seen = new Set<string>();
  /** Names of resources and mappings that something written refers to, and where. */
  readonly #resources = new Map<string, string>();
  readonly #mappings = new Map<string, string>();

  constructor(template: Template, changes: Changes) {
    const places = changes.rewrites.map(({ place }) => place);
    this.#template = template;
    this.#changes = changes;
    const settings = changes.settings ?? [];
    this.#written = new Set(places.flatMap((place) => [place.pointer, ...siblingsOf(place)]));
    this.#settings = new Map(settings.map(({ pointer, text }) => [pointer, text]));
    this.#made = new Set([
      ...[...places.filter(({ absent }) => absent), ...settings].flatMap(({ pointer }) => ancestorsOf(pointer)),
      ...(changes.references.length > 0 ? ['/Resources'] : []),
      '/Mappings',
    ]);
    this.#dependencies = dependenciesOf(template, changes);
  }

  verify(text: string): void {
    const root = this.#read(text);
    this.#compare(this.#template.root, root, '');
    for (const { place } of this.#changes.rewrites) this.#expectSeen(place.pointer);
    for (const pointer of [...this.#dependencies.keys(), ...this.#settings.keys()]) this.#expectSeen(pointer);
    for (const reference of this.#changes.references) this.#checkReference(root, reference);
    this.#checkNames(root, 'Resources', this.#resources);
    this.#checkNames(root, 'Mappings', this.#mappings);
    this.#checkMappings(root);
  }

  #read(text: string): TemplateNode {
    const { file, syntax } = this.#template;
    let after: Template;
    try {
      after = parseTemplate(text, file, { kind: 'fragment' });
    } catch (error) {
      throw this.#failure('', `it can't be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (syntax === 'json' && after.syntax !== 'json') this.#fail('', 'it was JSON and is not any more');
    return after.root;
  }

  #expectSeen(pointer: string): void {
    if (!this.#seen.has(pointer)) this.#fail(pointer, 'it is not there');
  }

  /** @param before undefined: there was nothing */
  #compare(before: TemplateNode | undefined, after: TemplateNode, pointer: string): void {
    this.#seen.add(pointer);
    const ids = this.#dependencies.get(pointer);
    const setting = this.#settings.get(pointer);
    if (this.#written.has(pointer)) this.#collect(after, pointer);
    else if (setting !== undefined) this.#compareText(after, setting, pointer);
    else if (ids !== undefined) this.#compareDependencies(before, after, ids, pointer);
    else if (isMap(after) && isNothing(before) && this.#made.has(pointer)) this.#compareMaps(NOTHING, after, pointer);
    else if (before === undefined) this.#checkAdded(pointer);
    else if (isMap(before) && isMap(after)) this.#compareMaps(before, after, pointer);
    else if (isList(before) && isList(after)) this.#compareLists(before.items, after.items, pointer);
    else if (before.kind !== 'scalar' || after.kind !== 'scalar' || before.value !== after.value) {
      this.#fail(pointer, 'it is another value than before');
    }
  }

  #compareText(after: TemplateNode, wanted: string, pointer: string): void {
    if (!isString(after) || after.value !== wanted) this.#fail(pointer, `it is not '${wanted}'`);
  }

  #compareLists(before: readonly TemplateNode[], after: readonly TemplateNode[], pointer: string): void {
    if (before.length !== after.length) this.#fail(pointer, `it had ${before.length} items and has ${after.length}`);
    for (const [index, item] of after.entries()) this.#compare(before[index], item, pointerTo(pointer, index));
  }

  #compareMaps(before: MapNode, after: MapNode, pointer: string): void {
    const values = new Map(before.entries.map(({ key, value }) => [key, value]));
    const kept = after.entries.filter(({ key }) => values.has(key));
    if (kept.length !== before.entries.length || kept.some(({ key }, at) => before.entries[at]?.key !== key)) {
      this.#fail(pointer, 'its members are not those that it had, in their order');
    }
    for (const { key, value } of after.entries) this.#compare(values.get(key), value, pointerTo(pointer, key));
  }

  /** A member that was not there, and is no member of a place. */
  #checkAdded(pointer: string): void {
    const [section, name, ...inside] = pointerMembers(pointer);
    const isReference = this.#changes.references.some(({ logicalId }) => logicalId === name);
    const isMember = name !== undefined && inside.length === 0;
    // Which mappings were to be added is known when it is known what refers to them.
    if (isMember && ((section === 'Resources' && isReference) || section === 'Mappings')) return;
    this.#fail(pointer, 'it was not to be added');
  }

  #compareDependencies(
    before: TemplateNode | undefined,
    after: TemplateNode,
    ids: readonly string[],
    pointer: string,
  ): void {
    const [had, has] = [textsOf(before), textsOf(after)];
    const wanted = [...had, ...ids.filter((id) => !had.includes(id))];
    if (has.length !== wanted.length || has.some((id, at) => id !== wanted[at])) {
      this.#fail(pointer, `it is not ${wanted.join(', ')}`);
    }
    for (const id of ids) this.#resources.set(id, pointer);
  }

  /** What a written value refers to. */
  #collect(node: TemplateNode, pointer: string): void {
    if (isList(node)) for (const item of node.items) this.#collect(item, pointer);
    if (!isMap(node)) return;
    for (const { key, value } of node.entries) {
      const [first = ''] = textsOf(value);
      if (key === 'Fn::GetAtt') this.#resources.set(isList(value) ? first : beforeDot(first), pointer);
      else if (key === 'Fn::FindInMap') this.#mappings.set(first, pointer);
      else if (key === 'Fn::Sub') this.#collectSub(first, isList(value) ? value.items[1] : undefined, pointer);
      this.#collect(value, pointer);
    }
  }

  #collectSub(text: string, variables: TemplateNode | undefined, pointer: string): void {
    for (const [, name = ''] of text.matchAll(/\$\{([^!}][^}]*)\}/g)) {
      if (name.includes('.') && valueOf(variables, name) === undefined) this.#resources.set(beforeDot(name), pointer);
    }
  }

  #checkReference(root: TemplateNode, reference: ReferenceResource): void {
    const { logicalId, artifacts } = reference;
    const resource = valueOf(valueOf(root, 'Resources'), logicalId);
    const pointer = pointerTo('/Resources', logicalId);
    const [type] = textsOf(valueOf(resource, 'Type'));
    if (type !== 'Custom::ArtifactRef') this.#fail(pointer, 'it is no Custom::ArtifactRef');
    const written = artifactsOf(valueOf(resource, 'Properties'), reference);
    if (JSON.stringify(written) !== JSON.stringify(artifacts.map(({ arn, key }) => [arn, key]))) {
      this.#fail(pointer, 'its artifacts are not those that were meant');
    }
  }

  #checkNames(root: TemplateNode, section: string, referred: ReadonlyMap<string, string>): void {
    const names = namesIn(root, section);
    for (const [name, pointer] of referred) {
      if (!names.has(name)) this.#fail(pointer, `it refers to '${name}', which is not in ${section}`);
    }
  }

  /** Loops name the mappings that they need while they are written: each is one that something refers to. */
  #checkMappings(root: TemplateNode): void {
    const had = namesIn(this.#template.root, 'Mappings');
    const given = new Set(this.#changes.mappings?.map(({ name }) => name));
    for (const name of namesIn(root, 'Mappings')) {
      if (had.has(name) || given.has(name) || this.#mappings.has(name)) continue;
      this.#fail(pointerTo('/Mappings', name), 'it was not to be added');
    }
  }

  #fail(pointer: string, why: string): never {
    throw this.#failure(pointer, why);
  }

  #failure(pointer: string, why: string): Error {
    const [section, name] = pointerMembers(pointer);
    const resource = section === 'Resources' && name !== undefined ? ` (resource '${name}')` : '';
    const where = pointer === '' ? '' : ` at '${pointer}'${resource}`;
    return new Error(`'${this.#template.file}' was rewritten wrongly${where}: ${why}; nothing was written`);
  }
}

/** Members that may be set beside a place. */
function siblingsOf({ pointer, form }: Place): readonly string[] {
  const parent = pointer.slice(0, pointer.lastIndexOf('/'));
  const names =
    form.kind === 'uri'
      ? [form.versionSibling]
      : form.kind === 'object' && form.inKey
        ? [form.fields.bucket, form.fields.version]
        : [];
  return names.flatMap((name) => (name === undefined ? [] : [pointerTo(parent, name)]));
}

/** Pointers of everything around what a pointer names, the root included. */
function ancestorsOf(pointer: string): readonly string[] {
  return pointerMembers(pointer).map((_, depth, members) => members.slice(0, depth).reduce(pointerTo, ''));
}

function dependenciesOf({ root }: Template, { rewrites }: Changes): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { place, dependsOn } of rewrites) {
    const resource = dependsOn.length === 0 ? undefined : resourcePointer(place.pointer);
    if (resource === undefined || !isMap(follow(root, resource).site.node)) continue;
    const pointer = pointerTo(resource, 'DependsOn');
    found.set(pointer, [...new Set([...(found.get(pointer) ?? []), ...dependsOn])]);
  }
  return found;
}

/** ARN and key of each artifact that a reference names. */
function artifactsOf(properties: TemplateNode | undefined, { grouped }: ReferenceResource): readonly unknown[] {
  const list = valueOf(properties, 'ArtifactArns');
  const items = grouped ? (isList(list) ? list.items : []) : [properties];
  return items.map((item) => [
    ...textsOf(valueOf(item, grouped ? 'Arn' : 'ArtifactArn')),
    ...textsOf(valueOf(item, 'Key')),
  ]);
}

/** A text, or the texts of a list. */
function textsOf(node: TemplateNode | undefined): readonly string[] {
  const nodes = isList(node) ? node.items : [node];
  return nodes.flatMap((one) => (isString(one) ? [one.value] : []));
}

/** No key is there twice in what could be read. */
function namesIn(root: TemplateNode, section: string): ReadonlySet<string> {
  const node = valueOf(root, section);
  return new Set(isMap(node) ? node.entries.map(({ key }) => key) : []);
}

function isNothing(node: TemplateNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

function beforeDot(path: string): string {
  return path.slice(0, path.indexOf('.'));
}
