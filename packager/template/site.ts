import type { ListNode, MapEntry, MapNode, TemplateNode } from './node.ts';
import { isList, isMap, pointerTo } from './node.ts';

/** A node and the way to it. */
export interface Site {
  readonly node: TemplateNode;
  /** What it is the value of; absent for the root and for items of lists. */
  readonly entry?: MapEntry;
  /** The collection around it, with the way to that; absent for the root. */
  readonly parent?: Site & { readonly node: MapNode | ListNode };
}

/** What a pointer finds: the deepest node on its way, and the members of the pointer that are not there. */
export interface Found {
  readonly site: Site;
  readonly missing: readonly string[];
}

/** Follows a JSON pointer (RFC 6901) as far as it leads. */
export function follow(root: TemplateNode, pointer: string): Found {
  let site: Site = { node: root };
  const members = pointerMembers(pointer);
  for (const [index, member] of members.entries()) {
    const next = child(site, member);
    if (next === undefined) return { site, missing: members.slice(index) };
    site = next;
  }
  return { site, missing: [] };
}

/** The members of a JSON pointer (RFC 6901), unescaped; none for the root. */
export function pointerMembers(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((member) => member.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `undefined` where there is no such member. In a list, members are indexes in decimals. */
export function child(parent: Site, member: string): Site | undefined {
  const { node } = parent;
  if (isMap(node)) {
    const entry = indexOf(node).get(member);
    return entry === undefined ? undefined : { node: entry.value, entry, parent: { ...parent, node } };
  }
  const item = isList(node) && /^\d+$/.test(member) ? node.items[Number(member)] : undefined;
  return item === undefined || !isList(node) ? undefined : { node: item, parent: { ...parent, node } };
}

const INDEXES = new WeakMap<MapNode, ReadonlyMap<string, MapEntry>>();

/** Each place asks for its resource: to look through all of them each time takes long where there are tens of thousands. Of those with one key, the first. */
function indexOf(map: MapNode): ReadonlyMap<string, MapEntry> {
  const known = INDEXES.get(map);
  if (known !== undefined) return known;
  const index = new Map(map.entries.toReversed().map((entry) => [entry.key, entry]));
  INDEXES.set(map, index);
  return index;
}

/** The flow collection that a site stands in; tags between them don't count. Undefined in block context. */
export function flowAround({ parent }: Site): (Site & { readonly node: MapNode | ListNode }) | undefined {
  if (parent === undefined) return undefined;
  if (isMap(parent.node) && parent.node.short) return flowAround(parent);
  return parent.node.style === 'flow' ? parent : undefined;
}

/**
 * The pointer of the resource around what a pointer names: the member of Resources, or of a loop in it, however deep loops are nested.
 * Undefined outside of Resources, and in what makes resources there: Fn::Transform is none.
 */
export function resourcePointer(pointer: string): string | undefined {
  const [section, ...members] = pointerMembers(pointer);
  if (section !== 'Resources') return undefined;
  // Fn::ForEach::Name: [variable, collection, {body}]
  let depth = 0;
  while (members[depth]?.startsWith('Fn::ForEach::') === true) depth += 2;
  const name = members[depth];
  if (name === undefined || name.startsWith('Fn::')) return undefined;
  return [section, ...members.slice(0, depth + 1)].reduce(pointerTo, '');
}

/** What that pointer leads to. */
export function resourceAround(root: TemplateNode, pointer: string): Site | undefined {
  const resource = resourcePointer(pointer);
  if (resource === undefined) return undefined;
  const { site, missing } = follow(root, resource);
  return missing.length === 0 ? site : undefined;
}
