import type { Context, Search } from './context.ts';
import { subject } from './context.ts';
import type { Meaning, Origin } from './meaning.ts';
import { meaningOf } from './meaning.ts';
import type { Left } from './left.ts';
import { whyLeft } from './left.ts';
import type { Loop } from './foreach-loop.ts';
import { mappingProblem } from './foreach-loop.ts';
import type { Resolved } from './intrinsics.ts';
import type { TemplateNode } from '../node.ts';
import type { Form, LoopTarget, Place, Target, Wanted } from '../place.ts';
import type { PropertyEntry } from '../properties/property.ts';
import { quoteDouble } from '../text/quote.ts';

/** A value that may name an artifact, and how it would be written if it did. */
export interface Spot {
  /** Offset of the value, or of where it would be added. */
  readonly start: number;
  readonly pointer: string;
  readonly context: Context;
  /** Absent for Fn::Artifact outside of the table. */
  readonly entry?: PropertyEntry;
  readonly type: string;
  readonly property: string;
  readonly form: Form;
  readonly wanted: Wanted;
  readonly literal: boolean;
  readonly pinned: boolean;
  readonly absent: boolean;
  /** The value is no value of CloudFormation's, so it can't stay. */
  readonly required: boolean;
  readonly prefix?: string;
  readonly name?: string;
  /** The version of an object that stands beside the value. */
  readonly version?: TemplateNode;
}

type Known = Extract<Resolved, { kind: 'known' }>;

/** The place where a table's entry leads to. */
export function spotOf(entry: PropertyEntry, start: number, pointer: string, context: Context): Spot {
  return {
    start,
    pointer,
    context,
    entry,
    type: entry.type,
    property: entry.property,
    form: entry.form,
    wanted: entry.wanted,
    literal: entry.literal,
    pinned: false,
    absent: false,
    required: false,
  };
}

/** What one text means. */
interface Reading {
  readonly values: readonly string[];
  readonly text: string;
  readonly meaning: Meaning;
}

/** Decides what texts at a spot name, and makes a place of it, or says why not. */
export function considerTexts(search: Search, spot: Spot, known: Known, origin: Origin): void {
  const readings: readonly Reading[] = textsOf(search, spot, known).map(({ values, text }) => ({
    values,
    text,
    meaning: meaningAt(search, spot, text, origin),
  }));
  const wrong = readings.map(({ meaning }) => meaning).find((meaning) => meaning.kind === 'wrong');
  if (wrong !== undefined) {
    search.problem(spot.start, `${named(spot)}: ${wrong.why}`, 'Write a path, an S3 URI or the ARN of an artifact.');
    return;
  }
  const broken = readings.find(({ meaning }) => isBroken(search, meaning));
  if (broken !== undefined) {
    tellBroken(search, spot, broken.text);
    return;
  }
  // Beside a path that is there, one that isn't is a mistake to be told of, not another meaning.
  const local = readings.some(({ meaning }) => meaning.kind === 'path' || meaning.kind === 'artifact');
  const targets = readings.map(({ values, meaning }) => ({ values, target: targetOf(spot, meaning, local) }));
  const usable = targets.filter((one): one is LoopTarget => one.target !== undefined);
  if (usable.length > 0 && usable.length === targets.length && (local || takesApart(spot))) {
    addPlace(search, spot, known.loops, usable);
    if (local) for (const parameter of known.defaults ?? []) search.warnOfDefault(spot.start, parameter);
  } else if (spot.required) {
    search.problem(
      spot.start,
      `${named(spot)} names nothing that can be packaged`,
      'Give it a path, the ARN of an artifact, or an S3 URI.',
    );
  } else if (local) {
    leave(search, spot, { reason: 'mixed', why: 'it names local paths and other things at once' });
    search.warn(
      spot.start,
      'unresolved-path',
      `${named(spot)} names local paths and other things at once, and is not packaged`,
      'Give each a resource of its own.',
    );
  } else {
    warnOfLeft(search, spot, readings, { origin, known });
  }
}

/** As in aws-cli, nothing is trimmed: a file may be called so, but hardly ever is. */
function isBroken(search: Search, meaning: Meaning): boolean {
  if (meaning.kind !== 'path') return false;
  // eslint-disable-next-line no-control-regex -- these are meant
  const isOdd = /[\u0000-\u001f\u007f]/.test(meaning.path);
  return isOdd && search.options.exists(meaning.path) === false;
}

function tellBroken(search: Search, spot: Spot, text: string): void {
  const [what, remedy] = /[\r\n]/.test(text)
    ? [
        'a line break',
        "Write the path on one line. Below '|' or '>' the line break at the end is part of the text; below '|-' and '>-' it is not.",
      ]
    : ['a control character', 'Write the path without it.'];
  const escaped = quoteDouble(text).slice(1, -1);
  search.problem(
    spot.start,
    `${named(spot)}: nothing is at '${escaped}', a path with ${what}`,
    remedy,
    'PATH_NOT_FOUND',
  );
}

function meaningAt(search: Search, { entry, form, required }: Spot, text: string, origin: Origin): Meaning {
  const meaning = meaningOf(text, entry, origin, search.options.exists);
  // Where the property itself takes an artifact's ARN, there is nothing to do about one.
  const wanted = form.kind === 'artifact' && form.member === 'Arn' && !required;
  return wanted && meaning.kind === 'artifact' && text.startsWith('arn:')
    ? { kind: 'remote', why: 'it is an ARN, which the property takes' }
    : meaning;
}

/** The texts themselves, or the items of a list in one text. */
function textsOf(search: Search, spot: Spot, { loops, texts }: Known): Known['texts'] {
  const separator = spot.entry?.separator;
  const [only] = texts;
  if (separator === undefined || only === undefined) return texts;
  if (loops.length === 0) {
    const items = only.text.split(separator).map((item) => item.trim());
    return items.filter(Boolean).map((text) => ({ values: [], text }));
  }
  if (texts.some(({ text }) => text.includes(separator))) {
    search.problem(
      spot.start,
      `${named(spot)} is a list in one text and depends on a loop variable`,
      'Name one file there, or write the resources out.',
    );
  }
  return texts;
}

function targetOf(spot: Spot, meaning: Meaning, missingToo: boolean): Target | undefined {
  switch (meaning.kind) {
    case 'path':
      return { kind: 'path', path: meaning.path };
    case 'missing':
      return missingToo ? { kind: 'path', path: meaning.path } : undefined;
    case 'artifact':
      return { kind: 'artifact', name: meaning.name };
    case 's3': {
      const { bucket, key, version } = meaning;
      if (!takesForeign(spot)) return undefined;
      return { kind: 's3-uri', bucket, key, ...(version !== undefined && { version }) };
    }
    case 'remote':
    case 'url':
    case 'empty':
    case 'wrong':
      return undefined;
  }
}

/** Whether a location that is in S3 already has to be written otherwise than as its URI. */
function takesApart(spot: Spot): boolean {
  return takesForeign(spot) && (spot.required || (spot.form.kind === 'object' && spot.entry?.core === true));
}

/** Of an object that is in S3 already, its region and partition are not known: an URL or ARN can't be made of it. */
function takesForeign({ form }: Spot): boolean {
  return (
    form.kind !== 'https-url' && form.kind !== 'arn' && !(form.kind === 'object' && form.fields.bucketIsArn === true)
  );
}

/** Puts a place into what is found, unless something keeps it from being written. */
export function addPlace(search: Search, spot: Spot, loops: readonly Loop[], targets: readonly LoopTarget[]): void {
  if (!canBeWritten(search, spot, loops, targets)) return;
  warnOfVersion(search, spot);
  for (const loop of loops) search.warnOfFrozen(loop);
  const built = spot.context.building?.(targets, loops);
  const place = placeOf(search, spot, loops, built?.targets ?? targets);
  const settings = built?.settings ?? [];
  search.add(spot.start, settings.length === 0 ? place : { ...place, settings });
}

function canBeWritten(search: Search, spot: Spot, loops: readonly Loop[], targets: readonly LoopTarget[]): boolean {
  const obstacle = mappingProblem(loops);
  if (obstacle !== undefined) {
    search.problem(
      spot.start,
      `${named(spot)} ${obstacle}`,
      'Choose other values and put what they stand for into the path, or write the resources out.',
    );
    return false;
  }
  if (search.options.hasDomain) return true;
  const artifact = targets.map(({ target }) => target).find((target) => target.kind === 'artifact');
  if (artifact === undefined && !needsArn(spot.form)) return true;
  search.problem(
    spot.start,
    artifact === undefined
      ? `${named(spot)} wants the ARN of an artifact, and only a domain gives ARNs`
      : `${named(spot)}: '${artifact.name}' names an artifact of a domain, and there is no domain to find it in`,
    'Leave out --s3-bucket, or name the domain with --domain.',
    'INVALID_ARGUMENT',
  );
  return false;
}

function placeOf(search: Search, spot: Spot, loops: readonly Loop[], targets: readonly LoopTarget[]): Place {
  const { kind, detached } = search.options;
  const { context, entry, form, pointer, type, property, wanted, absent, pinned, name, prefix } = spot;
  return {
    pointer,
    position: search.template.position(spot.start),
    ...(context.resource !== undefined && { resource: context.resource }),
    ...(context.condition !== undefined && { condition: context.condition }),
    type,
    property,
    absent,
    wanted,
    ...(entry !== undefined && entry.suffix.length > 0 && { suffix: entry.suffix }),
    targets,
    loop: loops.map(({ variable }) => variable),
    form,
    ...(prefix !== undefined && { prefix }),
    literal: spot.literal || context.literal || detached || kind === 'fragment',
    detached: detached || entry?.detached === true,
    pinned,
    needsArn: needsArn(form),
    ...(name !== undefined && { name }),
  };
}

/** A version that the author gave is that of another object than the one that is written. */
function warnOfVersion(search: Search, spot: Spot): void {
  const { version } = spot;
  if (version === undefined || (version.kind === 'scalar' && version.value === null)) return;
  search.warn(
    version.start,
    'stale-version',
    `${named(spot)} is packaged, and the version beside it is not that of the artifact`,
    'Remove it.',
  );
}

function needsArn(form: Form): boolean {
  return form.kind === 'artifact' && form.member === 'Arn';
}

function warnOfLeft(
  search: Search,
  spot: Spot,
  readings: readonly Reading[],
  { origin, known }: { readonly origin: Origin; readonly known: Known },
): void {
  const { entry, start } = spot;
  const isHidden = known.isHidden === true;
  const [only] = readings.length === 1 && !isHidden ? readings : [];
  const has = (kind: Meaning['kind']): boolean => readings.some(({ meaning }) => meaning.kind === kind);
  const misplaced = readings.find(({ meaning }) => isMisplacedUrl(spot, meaning));
  leave(search, spot, { ...whyLeft(readings[0]?.meaning), ...(only !== undefined && { value: only.text }) });
  const isMade = entry?.core === true && origin === 'computed';
  const missing = readings.find(({ meaning }) => meaning.kind === 'missing' || (isMade && meaning.kind === 'empty'));
  if (missing !== undefined) {
    const [where, remedy] = whereNothingIs(known, missing);
    search.warn(start, 'unresolved-path', `${named(spot)} comes to ${where}, and is not packaged`, remedy);
  } else if (has('empty') && entry?.core === true) {
    search.warn(start, 'empty-path', `${named(spot)} is empty, which is taken for absent`, 'Give it a path.');
  } else if (entry?.core === true && misplaced !== undefined) {
    const shown = isHidden ? 'a URL' : `'${misplaced.text}'`;
    search.warn(start, 'url-left', `${named(spot)} stays ${shown}, which the property does not take`);
  }
}

const CHECK_PARAMETERS = 'Check the Defaults of its parameters, --parameter-overrides, and those of samconfig.';

/** What a value comes to where nothing is, as the end of a sentence, and what to do; what is made of values that nobody is shown is not told. */
function whereNothingIs(
  { loops, ofParameters, isHidden }: Known,
  missing: Reading,
): readonly [where: string, remedy: string] {
  if (loops.length === 0) {
    return ['a path where nothing is', ofParameters === true ? CHECK_PARAMETERS : 'Create it, or correct the path.'];
  }
  const shown = isHidden === true ? 'a path' : `'${missing.text}'`;
  const turn = loops.map(({ variable }, index) =>
    isHidden === true ? `'${variable}' has one of its values` : `'${variable}' is '${missing.values[index] ?? ''}'`,
  );
  const sources = loops.map(({ key, parameter }) =>
    parameter === undefined ? `'${key}'` : `the parameter '${parameter}'`,
  );
  const remedy = `Create it, or correct the values in ${sources.join(' and ')}.`;
  return [
    `${shown} when ${turn.join(' and ')}, where nothing is`,
    ofParameters === true ? `${remedy} ${CHECK_PARAMETERS}` : remedy,
  ];
}

function isMisplacedUrl({ entry, form }: Spot, meaning: Meaning): boolean {
  if (meaning.kind === 's3') return form.kind === 'https-url';
  return meaning.kind === 'url' && entry?.url === false;
}

/** Says that the value at a spot stays as it is. @param beside what belongs to it, and does so as well: JSON pointers */
export function leave(
  search: Search,
  spot: Spot,
  left: Pick<Left, 'reason' | 'why'> & { value?: string | undefined },
  beside: readonly string[] = [],
): void {
  const { context, type, property, start, pointer } = spot;
  const { value, ...why } = left;
  const all = {
    ...(context.resource !== undefined && { resource: context.resource }),
    ...{ type, property },
    ...(value !== undefined && { value }),
    ...why,
  };
  search.leave(start, all, [pointer, ...beside]);
}

/** How messages name a spot. */
export function named({ property, context, type }: Spot): string {
  return subject(property, context, type);
}
