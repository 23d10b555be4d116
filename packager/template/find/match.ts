import type { Context } from './context.ts';
import { isForEach, readForEach } from './foreach.ts';
import { composedText } from './intrinsics.ts';
import type { MapEntry, TemplateNode } from '../node.ts';
import { isList, isMap, pointerTo, valueOf } from '../node.ts';
import type { PropertyEntry, Step } from '../properties/property.ts';

/** A node to which an entry's path leads. */
export interface Match {
  /** Absent where the last members are not there, and `context` says where they would be. */
  readonly node?: TemplateNode;
  readonly context: Context;
  /** The nodes on the way that are there, the first of them the resource's Properties. */
  readonly ancestors: readonly TemplateNode[];
}

/** Follows a path. Loops on the way are entered: what they repeat stands where they stand. */
export function matches(properties: TemplateNode, context: Context, entry: PropertyEntry): Match[] {
  return follow(properties, context, entry.path, []).filter((match) => isGuarded(match, entry));
}

function follow(
  node: TemplateNode,
  context: Context,
  path: readonly Step[],
  ancestors: readonly TemplateNode[],
): Match[] {
  const [step, ...rest] = path;
  if (step === undefined) return [{ node, context, ancestors }];
  const within = [...ancestors, node];
  switch (step.kind) {
    case 'items':
      return isList(node) ? node.items.flatMap((item, index) => follow(item, below(context, index), rest, within)) : [];
    case 'values':
      return membersOf(node, context)
        .filter(({ entry }) => !entry.key.startsWith('Fn::'))
        .flatMap(({ entry, context: at }) => follow(entry.value, below(at, entry.key), rest, within));
    case 'member': {
      const members = membersOf(node, context).filter(({ entry }) => entry.key === step.name);
      if (members.length === 0 && isMap(node)) return missing(path, context, within);
      return members.flatMap(({ entry, context: at }) => follow(entry.value, below(at, entry.key), rest, within));
    }
  }
}

/** Where only members of maps are missing, they can be added. */
function missing(path: readonly Step[], context: Context, ancestors: readonly TemplateNode[]): Match[] {
  const names = path.flatMap((step) => (step.kind === 'member' ? [step.name] : []));
  return names.length < path.length ? [] : [{ context: names.reduce(below, context), ancestors }];
}

interface Member {
  readonly entry: MapEntry;
  /** Of the map that holds it. */
  readonly context: Context;
}

/** The members of a map, those that loops in it repeat included. */
export function membersOf(node: TemplateNode, context: Context): Member[] {
  if (!isMap(node)) return [];
  return node.entries.flatMap((entry): Member[] => {
    if (!isForEach(entry)) return [{ entry, context }];
    const forEach = readForEach(entry, context.pointer, context.scope);
    if (typeof forEach === 'string') return [];
    const scope = { ...context.scope, loops: [...context.scope.loops, forEach.loop] };
    return membersOf(forEach.body, { ...context, pointer: forEach.pointer, scope });
  });
}

/** The context of a member of a map, or of an item of a list, by its index. */
export function below(context: Context, member: string | number): Context {
  const { pointer, property } = context;
  return {
    ...context,
    pointer: pointerTo(pointer, member),
    property: property === '' ? String(member) : `${property}.${member}`,
  };
}

/** A guard shares the beginning of its path with the entry, so its list items and map values are the same. */
function isGuarded({ context, ancestors }: Match, { path, when }: PropertyEntry): boolean {
  return when.every((guard) => {
    const parting = guard.path.findIndex((step, index) => !isSameStep(step, path[index]));
    let node = ancestors[parting];
    for (const step of guard.path.slice(parting)) {
      node = step.kind === 'member' ? valueOf(node, step.name) : undefined;
    }
    return node !== undefined && composedText(node, context.scope) === guard.value;
  });
}

function isSameStep(a: Step, b: Step | undefined): boolean {
  if (a.kind !== b?.kind) return false;
  return a.kind !== 'member' || b.kind !== 'member' || a.name === b.name;
}
