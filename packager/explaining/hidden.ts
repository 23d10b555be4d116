import type { LoadedPlace, Unit } from '../packaging/unit.ts';
import { allPlaces, allUnits } from '../packaging/unit.ts';
import { resolve } from '../template/find/intrinsics.ts';
import { Asked, isNoEcho } from '../template/find/parameters.ts';
import { passedParameters } from '../template/find/passed-parameters.ts';
import type { TemplateNode } from '../template/node.ts';
import { isList, isMap, valueOf } from '../template/node.ts';
import type { Place } from '../template/place.ts';
import type { Site } from '../template/site.ts';
import { follow } from '../template/site.ts';
import type { Template } from '../template/template.ts';

/**
 * The parameters of each template whose values nobody is shown: those that are NoEcho, and those of nested templates and of fragments whose values are made of such, however deep.
 * What several name is hidden as soon as one of them gives it something hidden: the others give it the same value.
 */
export function hiddenIn(root: Unit): ReadonlyMap<Unit, ReadonlySet<string>> {
  const hidden = new Map(allUnits(root).map((unit) => [unit, new Set(declaredIn(unit))]));
  const places = allPlaces(root);
  for (let found = -1, size = 0; found !== size;) {
    found = size;
    for (const place of places) {
      for (const [below, name] of derivedFrom(place, hidden.get(place.unit))) hidden.get(below)?.add(name);
    }
    size = [...hidden.values()].reduce((sum, names) => sum + names.size, 0);
  }
  return hidden;
}

/** Whether the value of a place is made of hidden parameters, those included over which loops around it go. */
export function isMadeOf(hidden: ReadonlySet<string>, { pointer }: Place, { root }: Template): boolean {
  if (hidden.size === 0) return false;
  const asked = new Asked();
  const scope = { parameters: asked, mappings: valueOf(root, 'Mappings'), loops: [] };
  const { site } = follow(root, pointer);
  for (const node of [site.node, ...collectionsAround(site)]) resolve(node, scope);
  return [...asked.names].some((name) => hidden.has(name));
}

/** What the loops around a site go over: of a list, its items. */
function collectionsAround({ node, entry, parent }: Site): readonly TemplateNode[] {
  const [, collection] = entry?.key.startsWith('Fn::ForEach::') === true && isList(node) ? node.items : [];
  const own = collection === undefined ? [] : isList(collection) ? collection.items : [collection];
  return parent === undefined ? own : [...own, ...collectionsAround(parent)];
}

function declaredIn({ template }: Unit): readonly string[] {
  const declared = valueOf(template.root, 'Parameters');
  if (!isMap(declared)) return [];
  return declared.entries.filter(({ value }) => isNoEcho(value)).map(({ key }) => key);
}

/** What a place makes of hidden parameters around it. */
function derivedFrom(
  { unit, place, contents }: LoadedPlace & { readonly unit: Unit },
  hidden: ReadonlySet<string> = new Set(),
): readonly (readonly [below: Unit, name: string])[] {
  const units = new Set(contents.filter((content) => content.type === 'unit'));
  if (units.size === 0 || hidden.size === 0) return [];
  const { sourcesOf } = passedParameters(unit.template, place, new Map());
  return [...units].flatMap((below) => {
    const isHidden = (name: string): boolean =>
      below.kind === 'fragment' ? hidden.has(name) : [...sourcesOf(name)].some((source) => hidden.has(source));
    return [...below.asked].filter(isHidden).map((name) => [below, name] as const);
  });
}
