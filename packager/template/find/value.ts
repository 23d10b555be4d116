import { aroundOf, considerArtifact, isArtifact, isMisspelt } from './artifact.ts';
import type { Context, Search } from './context.ts';
import type { LeftReason } from './left.ts';
import { looksLocal, looksRemote } from './meaning.ts';
import type { Match } from './match.ts';
import { below } from './match.ts';
import type { Spot } from './placing.ts';
import { addPlace, considerTexts, leave, named, spotOf } from './placing.ts';
import { mappedTexts, resolve } from './intrinsics.ts';
import { isIncluded, isIntrinsic } from '../intrinsic.ts';
import type { Resolved, Scope } from './intrinsics.ts';
import type { MapNode, ScalarNode, TemplateNode } from '../node.ts';
import { entryOf, isList, isMap, isString, pointerTo, valueOf } from '../node.ts';
import type { Fields, Form } from '../place.ts';
import type { PropertyEntry } from '../properties/property.ts';

/** Decides about the value to which an entry's path leads. */
export function considerProperty(search: Search, entry: PropertyEntry, match: Match): void {
  const { node, context, ancestors } = match;
  if (node === undefined) return;
  const version = entry.form.kind === 'uri' && versionIn(ancestors.at(-1), entry.form.versionSibling);
  const spot: Spot = { ...spotOf(entry, node.start, context.pointer, context), ...(version && { version }) };
  if (entry.form.kind === 'object' && entry.form.inKey) {
    considerKey(search, spot, node, ancestors.at(-1), entry.form.fields);
    return;
  }
  const isForeign = isString(node) && prefixOf(entry, node.value) === undefined;
  if (!isForeign) search.claim(node);
  if (node.kind === 'scalar') considerScalar(search, spot, node);
  if (!isMap(node)) return;
  if (isArtifact(node)) considerArtifact(search, node, context, aroundOf(spot));
  else if (isIntrinsic(node)) considerIntrinsic(search, spot, node);
  else considerObject(search, spot, node, entry);
}

function considerScalar(search: Search, spot: Spot, node: ScalarNode): void {
  const { entry } = spot;
  if (isString(node) && node.value !== '') {
    considerPlain(search, spot, node);
  } else if ((node.value === null || node.value === '') && takesFolder(search, entry)) {
    addPlace(search, spot, [], [{ values: [], target: { kind: 'path', path: '.' } }]);
  } else if (node.value === '') {
    considerTexts(search, spot, { kind: 'known', loops: [], texts: [{ values: [], text: '' }] }, 'plain');
  } else if (node.value !== null && entry?.core === true) {
    search.problem(
      spot.start,
      `${named(spot)} is the ${typeof node.value} ${String(node.value)}, not text`,
      'Put it in quotes if it is a path.',
    );
  }
}

/** Whether an absent property means the template's folder. */
function takesFolder(search: Search, entry: PropertyEntry | undefined): boolean {
  return entry?.orFolder === true && search.options.zipTemplateDirWhenAbsent;
}

function considerPlain(search: Search, spot: Spot, node: ScalarNode & { readonly value: string }): void {
  const prefix = spot.entry === undefined ? '' : prefixOf(spot.entry, node.value);
  if (prefix === undefined) {
    leave(search, spot, {
      reason: 'remote',
      why: 'it begins with none of the words that a path stands behind',
      value: node.value,
    });
    return;
  }
  const rest = { ...node, value: node.value.slice(prefix.length) };
  considerText(search, prefix === '' ? spot : { ...spot, prefix }, rest);
}

/** Empty where the entry wants none; `undefined` where the text lacks the one that it wants. */
function prefixOf({ prefix }: PropertyEntry, text: string): string | undefined {
  return prefix.length === 0 ? '' : prefix.find((one) => text.startsWith(one));
}

function considerText(search: Search, spot: Spot, node: TemplateNode): void {
  const resolved = resolve(node, spot.context.scope);
  if (resolved.kind === 'known') considerTexts(search, spot, resolved, 'plain');
  else if (!looksRemote(resolved.prefix)) warnOfUnknown(search, spot, resolved);
}

function considerIntrinsic(search: Search, spot: Spot, node: MapNode): void {
  const { scope } = spot.context;
  const branches = considerBranches(search, spot, node, spot.context);
  const resolved = resolve(node, scope);
  if (resolved.kind === 'known') {
    considerTexts(search, spot, resolved, isInKey(spot) ? 'explicit' : 'computed');
  } else if (!isSurelyRemote(node, scope)) {
    warnOfUnknown(search, spot, resolved);
  } else if (branches === 0) {
    leave(search, spot, { reason: 'remote', why: 'whatever it comes to at the deploy, it is no local path' });
  }
}

/**
 * Fn::Artifact in the branches of Fn::If takes the form of the property, as it would without it.
 * @returns how many there are
 */
function considerBranches(search: Search, spot: Spot, node: MapNode, context: Context): number {
  const branches = valueOf(node, 'Fn::If');
  if (!isList(branches)) return isMap(node) && isArtifact(node) ? 1 : 0;
  let artifacts = 0;
  for (const [index, branch] of branches.items.entries()) {
    const at = below(below(context, 'Fn::If'), index);
    if (!isMap(branch)) continue;
    if (isArtifact(branch) && isInKey(spot) && !saysForm(branch)) tellHalf(search, spot, branch);
    else if (isArtifact(branch)) considerArtifact(search, branch, at, aroundOf(spot));
    artifacts += isArtifact(branch) ? 1 : considerBranches(search, spot, branch, at);
  }
  return artifacts;
}

function saysForm(artifact: MapNode): boolean {
  return valueOf(valueOf(artifact, 'Fn::Artifact'), 'Form') !== undefined;
}

/** The bucket would be another in each branch, and stands outside of them. */
function tellHalf(search: Search, spot: Spot, artifact: MapNode): void {
  search.claim(artifact);
  search.problem(
    artifact.start,
    `${named(spot)}: 'Fn::Artifact' in a branch of a key has no place for its bucket`,
    'Put Fn::If around bucket and key, or around the whole value.',
  );
}

/** Whether no value that the node can have is a local path that nobody packages. */
function isSurelyRemote(node: TemplateNode, scope: Scope): boolean {
  if (isMap(node) && (isArtifact(node) || !isIntrinsic(node) || isIncluded(node))) return true;
  if (isMap(node) && node.entries.some(isMisspelt)) return true; // an error that is told elsewhere
  if (valueOf(node, 'Ref') !== undefined && isNoValue(node)) return true;
  if (joinsArtifact(node)) return true; // which is packaged where it stands
  const branches = valueOf(node, 'Fn::If');
  if (isList(branches)) return branches.items.slice(1).every((branch) => isSurelyRemote(branch, scope));
  const resolved = resolve(node, scope);
  const mapped = valueOf(node, 'Fn::FindInMap');
  if (resolved.kind === 'unknown' && mapped !== undefined) {
    const texts = mappedTexts(mapped, scope);
    return texts.length > 0 && texts.every(looksRemote);
  }
  if (resolved.kind === 'known') return resolved.texts.every(({ text }) => looksRemote(text));
  return looksRemote(resolved.prefix) || (resolved.fromStack && resolved.prefix === '');
}

function joinsArtifact(node: TemplateNode): boolean {
  const join = valueOf(node, 'Fn::Join');
  const [, parts] = isList(join) ? join.items : [];
  return parts !== undefined && isList(parts) && parts.items.some((part) => isMap(part) && isArtifact(part));
}

function isNoValue(node: TemplateNode): boolean {
  const name = valueOf(node, 'Ref');
  return isString(name) && name.value === 'AWS::NoValue';
}

/** The value is a key without a bucket: CloudFormation takes no such key, so it is a path. */
function isInKey({ form }: Spot): boolean {
  return form.kind === 'object' && form.inKey;
}

/** Where other tools leave a value alone it is hardly ever a path unless it says so itself, or stands where nothing else can. */
function warnOfUnknown(search: Search, spot: Spot, unknown: Extract<Resolved, { kind: 'unknown' }>): void {
  const { entry, form } = spot;
  const isExpected = isInKey(spot) || (entry?.core === true && form.kind !== 'artifact');
  leave(search, spot, { reason: 'unknown-value', why: unknown.why });
  if (!isExpected && !looksLocal(unknown.prefix)) return;
  search.warn(
    spot.start,
    'unresolved-path',
    `${named(spot)} is not packaged: ${unknown.why}, so a local path in it can't be known`,
    unknown.remedy ??
      'Write the path itself, or !Ref and !Sub of parameters that have a Default or stand in --parameter-overrides; in Fn::If, write !Artifact before each path.',
  );
}

/** A map of bucket and key; one that has no bucket holds a path in its key. */
function considerObject(search: Search, spot: Spot, node: MapNode, entry: PropertyEntry): void {
  const fields = fieldsOf(entry.form);
  const key = fields && entryOf(node, fields.key);
  if (fields === undefined || key === undefined) {
    leave(search, spot, whyNoKey(node, fields));
    return;
  }
  const context = { ...below(spot.context, key.key), property: spot.context.property };
  const pinned = entry.storageMode !== undefined && isReference(valueOf(node, entry.storageMode));
  const inKey = { ...spot, start: key.value.start, pointer: context.pointer, context, pinned };
  considerKey(search, inKey, key.value, node, fields);
}

/** A map that names no object. What else it says, a function's code most of all, is the author's. */
function whyNoKey(node: MapNode, fields: Fields | undefined): { readonly reason: LeftReason; readonly why: string } {
  const inline = ['ZipFile', 'ImageUri'].find((name) => entryOf(node, name) !== undefined);
  if (inline === 'ZipFile') return { reason: 'code-elsewhere', why: 'its code stands in the template' };
  if (inline === 'ImageUri') return { reason: 'code-elsewhere', why: 'it is a container image' };
  return { reason: 'no-path-in-it', why: `it is a map without ${fields?.key ?? 'a path'}` };
}

function isReference(node: TemplateNode | undefined): boolean {
  return isString(node) && node.value === 'REFERENCE';
}

function fieldsOf(form: Form): Fields | undefined {
  if (form.kind === 'object') return form.fields;
  return form.kind === 'uri' ? form.objectFields : undefined;
}

/** A key beside a bucket is a key; a key without one is a path. */
function considerKey(
  search: Search,
  spot: Spot,
  node: TemplateNode,
  parent: TemplateNode | undefined,
  fields: Fields,
): void {
  if (valueOf(parent, fields.bucket) !== undefined) {
    const bucket = pointerTo(spot.pointer.replace(/\/[^/]*$/, ''), fields.bucket);
    leave(search, spot, { reason: 'in-s3', why: 'bucket and key are named already' }, [bucket]);
    return;
  }
  const version = versionIn(parent, fields.version);
  const inKey: Spot = { ...spot, form: { kind: 'object', fields, inKey: true }, ...(version && { version }) };
  if (isMap(node) && isArtifact(node)) {
    considerArtifact(search, node, spot.context, aroundOf(inKey));
  } else if (isMap(node) && isIntrinsic(node)) {
    search.claim(node);
    considerIntrinsic(search, inKey, node);
  } else if (isString(node) && node.value !== '') {
    search.claim(node);
    const resolved = resolve(node, spot.context.scope);
    if (resolved.kind === 'known') considerTexts(search, inKey, resolved, 'explicit');
    else warnOfUnknown(search, inKey, resolved);
  }
}

function versionIn(parent: TemplateNode | undefined, member: string | undefined): TemplateNode | undefined {
  return member === undefined ? undefined : valueOf(parent, member);
}

/** The property is absent, and the template's folder takes its place. Beside a function there is no place, unless it is a macro. */
export function considerAbsence(search: Search, entry: PropertyEntry, { context, ancestors }: Match): void {
  const parent = ancestors.at(-1);
  if (parent === undefined) return;
  const spot: Spot = { ...spotOf(entry, parent.start, context.pointer, context), absent: true };
  if (!takesFolder(search, entry)) {
    if (entry.orFolder) leave(search, spot, { reason: 'absent', why: 'the property is not given' });
    return;
  }
  if (isMap(parent) && isIntrinsic(parent) && entryOf(parent, 'Fn::Transform') === undefined) return;
  addPlace(search, spot, [], [{ values: [], target: { kind: 'path', path: '.' } }]);
}

/**
 * A function that is built says nothing of its code: it is that of Globals, else the template's folder, which is where SAM looks for it too. What is built of
 * it stands in the function.
 */
export function considerBuiltAbsence(
  search: Search,
  entry: PropertyEntry,
  { node, context, ancestors }: Match,
  common: TemplateNode | undefined,
): void {
  const parent = ancestors.at(-1);
  if (parent === undefined || (isMap(parent) && isIntrinsic(parent))) return;
  const start = node?.start ?? parent.start;
  const spot: Spot = { ...spotOf(entry, start, context.pointer, context), absent: node === undefined };
  const resolved = common === undefined ? undefined : resolve(common, context.scope);
  if (resolved?.kind === 'known' && resolved.loops.length === 0) considerTexts(search, spot, resolved, 'plain');
  else addPlace(search, spot, [], [{ values: [], target: { kind: 'path', path: '.' } }]);
}
