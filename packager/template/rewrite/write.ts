import type { Changes } from './changes.ts';
import { writeForm } from './form.ts';
import { LoopMappings, mappingMember } from './mappings.ts';
import type { GeneratedMapping } from './mappings.ts';
import { entryOf, isList, isMap, isString } from '../node.ts';
import type { ReferenceResource, Rewrite, Setting } from '../place.ts';
import type { Site } from '../site.ts';
import { child, follow, resourceAround } from '../site.ts';
import type { Template } from '../template.ts';
import type { Member, Value } from './value.ts';
import { importValue, list, literal, map, text } from './value.ts';
import { Writer } from './writer.ts';

/** The domain's stack exports its function under this name. */
const SERVICE_TOKEN = 'cfn-artifacts-ServiceToken';

/** Sections whose members have names that no others may have. */
const NAMED_SECTIONS = ['Parameters', 'Rules', 'Mappings', 'Conditions', 'Resources'];

/**
 * Seconds. CloudFormation waits an hour for a provider that does not answer, unless told otherwise; this function takes seconds, and
 * minutes where it copies content from another region.
 */
export const SERVICE_TIMEOUT = 300;

/**
 * The template's text with the changes made in it, byte for byte the template's own text outside of the values replaced and the members added.
 * What something is added to must have room for it, see `withRoom`.
 */
export function writeChanges(
  template: Template,
  { rewrites, references, mappings = [], settings = [] }: Changes,
): string {
  const writer = new Writer(template);
  const taken = [
    ...NAMED_SECTIONS.flatMap((section) => namesIn(template, section)),
    ...logicalIds(references, mappings),
  ];
  const loops = new LoopMappings(
    rewrites.map(({ place }) => place),
    taken,
  );
  const absent = new Additions();
  for (const rewrite of rewrites)
    replaceValue(template, writer, absent, rewrite, writeForm(rewrite, references, loops));
  for (const setting of settings) set(template, writer, absent, setting);
  absent.write(writer);
  addDependencies(template, writer, rewrites);
  addReferences(template, writer, references);
  addMappings(template, writer, [...mappings, ...loops.all]);
  return writer.result();
}

function replaceValue(
  { root }: Template,
  writer: Writer,
  absent: Additions,
  { place }: Rewrite,
  { value, before, after }: ReturnType<typeof writeForm>,
): void {
  const { site, missing } = follow(root, place.pointer);
  if (missing.length > 0) {
    if (!place.absent) throw new Error(`nothing stands at '${place.pointer}'`);
    absent.add(site, missing, value);
    return;
  }
  const { entry, parent } = site;
  if (entry !== undefined && parent !== undefined) {
    for (const member of before) writer.setMember(parent, member, { before: entry });
    writer.replace(site, value);
    for (const member of after) writer.setMember(parent, member, { after: entry });
  } else {
    writer.replace(site, value);
  }
}

function set({ root }: Template, writer: Writer, absent: Additions, setting: Setting): void {
  const { site, missing } = follow(root, setting.pointer);
  if (missing.length === 0) writer.replace(site, text(setting.text));
  else absent.add(site, missing, text(setting.text));
}

/** Members that are not there yet, some perhaps in maps that are not there either. */
class Additions {
  readonly #branches = new Map<Site['node'], { readonly site: Site; readonly branch: Branch }>();

  add(site: Site, missing: readonly string[], value: Value): void {
    const known = this.#branches.get(site.node) ?? { site, branch: new Branch() };
    this.#branches.set(site.node, known);
    known.branch.set(missing, value);
  }

  write(writer: Writer): void {
    for (const { site, branch } of this.#branches.values()) writer.addMembers(site, branch.members);
  }
}

/** A map to come, which two places may both need. */
class Branch {
  readonly #values = new Map<string, Value | Branch>();

  set([name = '', ...below]: readonly string[], value: Value): void {
    if (below.length === 0) {
      this.#values.set(name, value);
      return;
    }
    const known = this.#values.get(name);
    const branch = known instanceof Branch ? known : new Branch();
    this.#values.set(name, branch);
    branch.set(below, value);
  }

  get members(): readonly Member[] {
    return [...this.#values].map(([name, value]): Member => [
      name,
      value instanceof Branch ? map(...value.members) : value,
    ]);
  }
}

function addDependencies({ root }: Template, writer: Writer, rewrites: readonly Rewrite[]): void {
  const needed = new Map<Site['node'], { readonly resource: Site; readonly ids: Set<string> }>();
  for (const { place, dependsOn } of rewrites) {
    const resource = resourceAround(root, place.pointer);
    if (resource === undefined || !isMap(resource.node)) continue;
    const known = needed.get(resource.node) ?? { resource, ids: new Set() };
    needed.set(resource.node, known);
    for (const id of dependsOn) known.ids.add(id);
  }
  for (const { resource, ids } of needed.values()) {
    const there = child(resource, 'DependsOn');
    const current = there === undefined ? [] : isList(there.node) ? there.node.items : [there.node];
    for (const node of current) if (isString(node)) ids.delete(node.value);
    dependOn(writer, resource, there, [...ids]);
  }
}

function dependOn(writer: Writer, resource: Site, there: Site | undefined, ids: readonly string[]): void {
  const [first, ...others] = ids.map(text);
  if (first === undefined) return;
  if (there === undefined) {
    const type = entryOf(resource.node, 'Type');
    const value = others.length === 0 ? first : list(first, ...others);
    writer.addMembers(resource, [['DependsOn', value]], type === undefined ? 'last' : { after: type });
  } else if (isList(there.node) || isString(there.node)) {
    writer.addItems(there, [first, ...others], text(isString(there.node) ? there.node.value : ''));
  } else {
    writer.replace(there, list(first, ...others));
  }
}

function addReferences({ root }: Template, writer: Writer, references: readonly ReferenceResource[]): void {
  if (references.length === 0) return;
  const members = references.map(referenceMember);
  const resources = child({ node: root }, 'Resources');
  if (resources === undefined) writer.addMembers({ node: root }, [['Resources', map(...members)]]);
  else writer.addMembers(resources, members, 'last', 'spaced');
}

function referenceMember(reference: ReferenceResource): Member {
  const { logicalId, condition, pinned } = reference;
  const properties: Member[] = [
    ['ServiceToken', importValue(SERVICE_TOKEN)],
    ['ServiceTimeout', literal(SERVICE_TIMEOUT)],
    ...artifactMembers(reference),
    ...(pinned ? [['Pinned', literal(true)] as const] : []),
  ];
  return [
    logicalId,
    map(
      ['Type', text('Custom::ArtifactRef')],
      ...(condition === undefined ? [] : [['Condition', text(condition)] as const]),
      ['Properties', map(...properties)],
    ),
  ];
}

function artifactMembers({ artifacts, grouped }: ReferenceResource): readonly Member[] {
  const members = artifacts.map(({ arn, key, resolvedFrom }): readonly Member[] => [
    [grouped ? 'Arn' : 'ArtifactArn', text(arn)],
    ['Key', text(key)],
    ...(resolvedFrom === undefined ? [] : [['ResolvedFrom', text(resolvedFrom)] as const]),
  ]);
  return grouped ? [['ArtifactArns', list(...members.map((one) => map(...one)))]] : (members[0] ?? []);
}

function addMappings({ root }: Template, writer: Writer, mappings: readonly GeneratedMapping[]): void {
  if (mappings.length === 0 || !isMap(root)) return;
  const members = mappings.map(mappingMember);
  const section = child({ node: root }, 'Mappings');
  if (section !== undefined) {
    writer.addMembers(section, members, 'last', 'spaced');
    return;
  }
  const index = root.entries.findIndex(({ key }) => key === 'Resources');
  const [before, resources] = [root.entries[index - 1], root.entries[index]];
  const among = before !== undefined ? { after: before } : resources !== undefined ? { before: resources } : 'last';
  writer.addMembers({ node: root }, [['Mappings', map(...members)]], among);
}

function logicalIds(references: Changes['references'], mappings: readonly GeneratedMapping[]): readonly string[] {
  return [...references.map(({ logicalId }) => logicalId), ...mappings.map(({ name }) => name)];
}

function namesIn({ root }: Template, section: string): readonly string[] {
  const node = entryOf(root, section)?.value;
  return isMap(node) ? node.entries.map(({ key }) => key) : [];
}
