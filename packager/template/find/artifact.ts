import { ArtifactError, parseId } from '../../../repository/index.ts';
import type { Context, Search } from './context.ts';
import type { Spot } from './placing.ts';
import { considerTexts, named } from './placing.ts';
import { resolve } from './intrinsics.ts';
import { isIntrinsic } from '../intrinsic.ts';
import type { MapEntry, MapNode, TemplateNode } from '../node.ts';
import { entryOf, isList, isMap, isString } from '../node.ts';
import type { ArtifactMember, Form } from '../place.ts';
import { ARTIFACT_MEMBERS } from '../place.ts';

const FN_ARTIFACT = 'Fn::Artifact';
const MEMBERS = ['Path', 'Form', 'Zip', 'Name'];
/** What can be said of an object that is in S3 already. */
const OF_S3_OBJECTS: readonly ArtifactMember[] = ['Uri', 'Bucket', 'Key', 'ObjectVersion'];

/** Whether Fn::Artifact is among the members: others beside it are a mistake to be told of. */
export function isArtifact(node: MapNode): boolean {
  return entryOf(node, FN_ARTIFACT) !== undefined;
}

/** Meant as Fn::Artifact: another case, British spelling, one colon, a plural. No function of CloudFormation's is called so. */
const MISSPELT = /^fn::?art[ie]fact?s?$/i;

/** Whether somebody who wrote this key meant Fn::Artifact. */
export function isMisspelt({ key }: Pick<MapEntry, 'key'>): boolean {
  return key !== FN_ARTIFACT && MISSPELT.test(key);
}

/** @param short it is written as a tag */
export function considerMisspelt(search: Search, { key, keyStart }: MapEntry, short: boolean): void {
  const [written, meant] = short ? [key.replace('Fn::', '!'), '!Artifact'] : [key, FN_ARTIFACT];
  search.problem(keyStart, `'${written}' is no function`, `Write ${meant}.`);
}

/** What the property around Fn::Artifact would have: it holds where Fn::Artifact itself doesn't say otherwise. */
type Around = Pick<Spot, 'entry' | 'type' | 'property' | 'form' | 'wanted' | 'literal' | 'pinned'>;

/**
 * `!Artifact path`, and `Fn::Artifact: {Path, Form: …, Zip: true|false, Name}`, which may stand wherever a value may.
 * In a property of the table it takes that property's form unless it names one.
 *
 * @param context of the whole map
 */
export function considerArtifact(search: Search, node: MapNode, context: Context, around?: Around): void {
  search.claim(node);
  const value = entryOf(node, FN_ARTIFACT)?.value;
  if (value === undefined) return;
  const spot = plainSpot(node, context, around);
  if (node.entries.length > 1) {
    search.problem(
      node.start,
      `${named(spot)}: '${FN_ARTIFACT}' must stand alone in its map`,
      'Remove the other members.',
    );
  } else if (isMap(value) && !isIntrinsic(value)) {
    considerMembers(search, spot, value);
  } else {
    considerPath(search, spot, value);
  }
}

function plainSpot(node: MapNode, context: Context, around: Around | undefined): Spot {
  const property = around?.property ?? context.property;
  return {
    start: node.start,
    pointer: context.pointer,
    context,
    type: FN_ARTIFACT,
    form: { kind: 'artifact', member: 'Uri' },
    wanted: 'archive-or-file',
    literal: false,
    pinned: false,
    ...around,
    property: property === '' ? FN_ARTIFACT : property,
    absent: false,
    required: true,
  };
}

function considerMembers(search: Search, spot: Spot, members: MapNode): void {
  const problems = members.entries.filter(({ key }) => !MEMBERS.includes(key));
  for (const { key, keyStart } of problems) {
    search.problem(
      keyStart,
      `${named(spot)}: '${FN_ARTIFACT}' has no member '${key}'`,
      `It has ${MEMBERS.join(', ')}.`,
    );
  }
  const path = entryOf(members, 'Path')?.value;
  if (path === undefined) {
    search.problem(members.start, `${named(spot)}: '${FN_ARTIFACT}' has no Path`, 'Name a file or folder with Path.');
  }
  const form = formOf(search, spot, members);
  const zip = zipOf(search, spot, members);
  const name = nameOf(search, spot, members);
  if (problems.length > 0 || path === undefined || form === null || zip === null || name === null) return;
  const wanted = zip === undefined ? spot.wanted : zip ? 'zip' : 'file';
  considerPath(
    search,
    { ...spot, wanted, ...(form !== undefined && { form }), ...(name !== undefined && { name }) },
    path,
  );
}

/** `null`: it is wrong, and that was told. */
function formOf(search: Search, spot: Spot, members: MapNode): Form | undefined | null {
  const node = entryOf(members, 'Form')?.value;
  if (node === undefined) return undefined;
  const member = ARTIFACT_MEMBERS.find((known) => isString(node) && node.value === known);
  if (member !== undefined) return { kind: 'artifact', member };
  search.problem(
    node.start,
    `${named(spot)}: ${shown(node)} is no form of '${FN_ARTIFACT}'`,
    `It is one of ${ARTIFACT_MEMBERS.join(', ')}.`,
  );
  return null;
}

function zipOf(search: Search, spot: Spot, members: MapNode): boolean | undefined | null {
  const node = entryOf(members, 'Zip')?.value;
  if (node === undefined) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  search.problem(node.start, `${named(spot)}: Zip is ${shown(node)}`, 'It is true or false.');
  return null;
}

function nameOf(search: Search, spot: Spot, members: MapNode): string | undefined | null {
  const node = entryOf(members, 'Name')?.value;
  if (node === undefined) return undefined;
  try {
    if (isString(node)) return parseId(node.value);
    search.problem(node.start, `${named(spot)}: Name is ${shown(node)}`, 'It is an ID, like models/small.');
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    search.problem(node.start, `${named(spot)}: ${error.message}`, 'It is an ID, like models/small.');
  }
  return null;
}

function shown(node: TemplateNode): string {
  return node.kind === 'scalar' ? `'${String(node.value)}'` : `a ${node.kind}`;
}

function considerPath(search: Search, spot: Spot, path: TemplateNode): void {
  search.claim(path);
  if (isList(path) || (isMap(path) && !isIntrinsic(path))) {
    search.problem(
      spot.start,
      `${named(spot)}: the path of '${FN_ARTIFACT}' is ${shown(path)}, not text`,
      "Write !Artifact PATH, or the long form 'Fn::Artifact: {Path: PATH, Form: Uri}', where PATH may be a function: 'Fn::Artifact: !Sub PATH'.",
    );
    return;
  }
  const resolved = resolve(path, spot.context.scope);
  if (resolved.kind === 'unknown') {
    search.problem(
      spot.start,
      `${named(spot)}: the path of '${FN_ARTIFACT}' is not known before the deploy, because ${resolved.why}`,
      'Write the path itself, or !Ref and !Sub of parameters that have a Default or stand in --parameter-overrides.',
    );
  } else if (spot.name !== undefined && resolved.loops.length > 0) {
    search.problem(
      spot.start,
      `${named(spot)}: Name '${spot.name}' is one artifact, and the path is different in each turn of the loop`,
      'Leave out Name: the artifacts are then named by their paths.',
    );
  } else if (
    asksTooMuch(
      spot,
      resolved.texts.map(({ text }) => text),
    )
  ) {
    search.problem(
      spot.start,
      `${named(spot)}: that form can't be had of an object that is in S3 already`,
      `Of those there are ${OF_S3_OBJECTS.join(', ')}, and ObjectVersion only with ?versionId= in the URI.`,
    );
  } else {
    considerTexts(search, spot, resolved, 'explicit');
  }
}

function asksTooMuch({ form }: Spot, texts: readonly string[]): boolean {
  const objects = texts.filter((text) => text.startsWith('s3://'));
  if (form.kind !== 'artifact' || objects.length === 0) return false;
  if (form.member === 'ObjectVersion') return objects.some((text) => !text.includes('?versionId='));
  return !OF_S3_OBJECTS.includes(form.member);
}

/** What Fn::Artifact takes from the property where it stands. */
export function aroundOf(spot: Spot): Around {
  const { entry, type, property, form, wanted, literal, pinned } = spot;
  return { ...(entry !== undefined && { entry }), type, property, form, wanted, literal, pinned };
}
