import type {
  ExplainedPlace,
  ExplainedReference,
  ExplainedTarget,
  ExplainedTemplate,
  Explanation,
  KnownParameter,
} from '../../explaining/explain.ts';
import type { Ignored } from '../../explaining/ignored.ts';
import type { Rule } from '../../explaining/rule.ts';
import type { ReferenceMode } from '../../packaging/references.ts';
import { formatSize } from '../../size.ts';
import type { Left } from '../../template/find/left.ts';
import { formatPosition } from '../../template/place.ts';
import { count } from './findings.ts';
import type { HelpStyle } from '../syntax/help.ts';
import { wrap } from '../syntax/help.ts';
import { printable } from '../../printable.ts';

/** What holds for all of it. */
export interface Around {
  /** Leads every artifact's ID. */
  readonly prefix: string;
  readonly references: ReferenceMode;
  /** Else it goes to a plain bucket. */
  readonly hasDomain: boolean;
}

/** For scripts. */
export function plainExplanation({ templates }: Explanation, { prefix, references, hasDomain }: Around): object {
  return {
    ...{ prefix, references, domain: hasDomain },
    templates: templates.map(({ file, kind, id, namedBy, parameters, isLiteral, places, references, left }) => ({
      ...{ file, kind, id, literal: isLiteral, parameters },
      namedBy: namedBy.map(({ position, resource, property }) => ({
        place: formatPosition(position),
        ...{ resource, property },
      })),
      places: places.map(({ position, names, ...place }) => ({
        place: formatPosition(position),
        ...place,
        names: names.map(({ values, ...target }) => ({ ...(values.length > 0 && { values }), ...target })),
      })),
      references,
      left: left.map(({ position, ...others }) => ({ place: formatPosition(position), ...others })),
    })),
  };
}

/** For people. */
export function explanationText({ templates }: Explanation, around: Around, style: HelpStyle): string {
  const found = templates.reduce((sum, { places }) => sum + places.length, 0);
  const head = [headline(found, templates.length), ...(found === 0 ? [] : [aroundIt(around), WITHOUT_REASON])];
  const parts = [
    wrap(head.join(' '), style.width),
    ...templates.flatMap((template) => [
      ...(templates.length > 1 ? [heading(template, around, style)] : []),
      ...templateText(template, around, style),
    ]),
  ];
  return parts.join('\n');
}

const WITHOUT_REASON = "Where no 'found' stands, it is a property that the AWS CLI or SAM packages too.";

function headline(places: number, templates: number): string {
  const where = templates === 1 ? '' : ` in ${count(templates, 'template')}`;
  return places === 0 ? 'Nothing would be packaged.' : `${count(places, 'place')}${where} would be packaged.`;
}

function aroundIt({ prefix, references, hasDomain }: Around): string {
  if (!hasDomain) return 'It goes to a plain bucket, without references.';
  const how: Readonly<Record<ReferenceMode, string>> = {
    stack: 'each gets a Custom::ArtifactRef',
    grouped: 'a Custom::ArtifactRef stands for up to 40 of them',
    none: 'there are no references to them',
  };
  return `IDs of artifacts are '${prefix}/' and the path in the project, where nothing else is said; ${how[references]}.`;
}

/** What tells a template from others, and from itself where it is packaged several times. */
function heading(template: ExplainedTemplate, { hasDomain }: Around, style: HelpStyle): string {
  const { file, id, namedBy, parameters, isLiteral, places } = template;
  const items: readonly Item[] = [
    ...(namedBy.length === 0 ? [] : [['named by', namersText(namedBy)] as const]),
    ...(namedBy.length === 0 || parameters.length === 0
      ? []
      : [['with', parameters.map(parameterText).join(', ')] as const]),
    ...(id === undefined || !hasDomain ? [] : [['artifact', id] as const]),
    ...(isLiteral && hasDomain ? [['literal', 'all of it: who names it has its references'] as const] : []),
    ...(places.length === 0 ? [['packaged', 'nothing in it'] as const] : []),
  ];
  return style.palette.bold(`=== ${printable(file)} ===`) + `\n${listed(items, style)}`;
}

/** More names than these help nobody. */
const NAMERS_SHOWN = 4;

function namersText(namers: ExplainedTemplate['namedBy']): string {
  const shown = namers
    .slice(0, NAMERS_SHOWN)
    .map(({ position, resource, property }) =>
      printable(`${resource === undefined ? property : `${resource}.${property}`} (${formatPosition(position)})`),
    );
  const others = namers.length - shown.length;
  return `${shown.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

function parameterText({ name, value }: KnownParameter): string {
  return printable(value === undefined ? `${name}, whose value NoEcho hides` : `${name} = ${value}`);
}

function templateText(template: ExplainedTemplate, around: Around, style: HelpStyle): readonly string[] {
  const { file, places, references, left } = template;
  return [
    ...places.map((place) => placeText(place, template, around, style)),
    ...(references.length === 0
      ? []
      : [titled(`Each a Custom::ArtifactRef, added to ${file}`, references.map(referenceItem), style)]),
    ...(left.length === 0 ? [] : [titled(`Left as it is in ${file}`, left.map(leftItem), style)]),
  ];
}

type Item = readonly [term: string, text: string];

function placeText(place: ExplainedPlace, template: ExplainedTemplate, around: Around, style: HelpStyle): string {
  const { position, resource, type, property, rule, names, dependsOn } = place;
  const subject = resource === undefined ? `${property} of ${type}` : `${resource}.${property} (${type})`;
  const items: readonly Item[] = [
    ...foundBy(rule),
    ...names.flatMap((target): readonly Item[] => [
      [target.values.length === 0 ? 'names' : `for ${target.values.join(', ')}`, namesText(target)],
      ...leftOut(target.ignored ?? []),
      ...artifactItem(target, around),
    ]),
    ['becomes', becomes(place, template, around)],
    ...(dependsOn.length === 0 ? [] : [['waits for', `${dependsOn.join(', ')}, by DependsOn`] as const]),
  ];
  return `${style.palette.bold(formatPosition(position))}  ${printable(subject)}\n${listed(items, style)}`;
}

/** What everybody packages needs no reason. */
function foundBy({ kind, row, written }: Rule): readonly Item[] {
  switch (kind) {
    case 'core':
      return [];
    case 'table':
      return [['found', `${row} is packaged by this program, and neither by the AWS CLI nor by SAM`]];
    case 'own-table':
      return [['found', `${row} stands in the file for --resources`]];
    case 'function':
      return [['found', `it is written with ${written ?? row}, which is packaged wherever it stands`]];
  }
}

function namesText({ kind, path, files, bytes }: ExplainedTarget): string {
  if (path === undefined) return 'an object whose location NoEcho hides, which is there already';
  const shown = printable(path);
  const size = files === undefined || bytes === undefined ? '' : `${count(files, 'file')}, ${formatSize(bytes)}`;
  switch (kind) {
    case 'folder':
      return `the folder '${shown}', which becomes an archive: ${size}`;
    case 'built':
      return `'${shown}', which is bundled with esbuild: ${size}`;
    case 'zip':
      return `the archive '${shown}', as it is: ${size}`;
    case 'zipped-file':
      return `the file '${shown}', alone in an archive: ${size}`;
    case 'file':
      return `the file '${shown}', as it is: ${size}`;
    case 'template':
      return `the template '${shown}', which is packaged first`;
    case 'fragment':
      return `'${shown}', which is included, and packaged first`;
    case 'artifact':
      return `the artifact '${shown}', which its domain is asked for when it is packaged`;
    case 's3-object':
      return `the object '${shown}', which is there already`;
  }
}

/** More names than these help nobody. */
const NAMES_SHOWN = 8;

function leftOut(ignored: readonly Ignored[]): readonly Item[] {
  if (ignored.length === 0) return [];
  const names = ignored.slice(0, NAMES_SHOWN).map(({ name, pattern }) => printable(`${name} (by '${pattern}')`));
  const others = ignored.length - names.length;
  return [['left out', `${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`]];
}

function artifactItem({ id, idFrom }: ExplainedTarget, { hasDomain }: Around): readonly Item[] {
  if (id === undefined || !hasDomain) return [];
  const why = {
    name: ', by the Name that it is given',
    path: '',
    'path-and-digest': ', with digits that tell it from others of that path',
    'as-named': ', as it is named',
  };
  return idFrom === undefined ? [] : [['artifact', `${id}${why[idFrom]}`]];
}

function becomes(place: ExplainedPlace, template: ExplainedTemplate, around: Around): string {
  const { literal, bucketFrom, withVersion } = place;
  const written = `${formText(place)}${withVersion ? ', with its version' : ''}`;
  if (!around.hasDomain || around.references === 'none') return written;
  if (bucketFrom.length > 0) return `${written}, its bucket from ${bucketFrom.join(', ')}`;
  if (template.isLiteral) return written;
  return literal ? `${written}, all of it literal: no function is evaluated there` : `${written}, all of it literal`;
}

function formText({ form, bucketFrom }: ExplainedPlace): string {
  switch (form.kind) {
    case 'uri':
      // SAM takes no function in such a URI, and a map of these in its place.
      return form.objectFields !== undefined && bucketFrom.length > 0
        ? `a map of ${form.objectFields.bucket} and ${form.objectFields.key}`
        : 's3://BUCKET/KEY';
    case 'https-url':
      return 'the https:// URL of the object';
    case 'object': {
      const { bucket, key } = form.fields;
      return form.inKey ? `${key}, with ${bucket} beside it` : `a map of ${bucket} and ${key}`;
    }
    case 'arn':
      return 'arn:PARTITION:s3:::BUCKET/KEY';
    case 'bucket/key':
      return 'BUCKET/KEY';
    case 'artifact':
      return `the ${form.member} of the artifact`;
  }
}

function referenceItem({ logicalId, artifacts, condition, pinned }: ExplainedReference): Item {
  const when = condition === undefined ? '' : `, under the condition ${condition}`;
  const kept = pinned ? ', and keeps what published versions of functions read' : '';
  return [logicalId, `for ${artifacts.join(', ')}${when}${kept}`];
}

function leftItem({ position, resource, type, property, value, why }: Left): Item {
  const subject = resource === undefined ? property : `${resource}.${property}`;
  const of = type === undefined ? '' : ` (${type})`;
  const text = value === undefined || value === '' ? '' : `, '${value}'`;
  return [formatPosition(position), printable(`${subject}${of}${text}: ${why}`)];
}

function titled(title: string, items: readonly Item[], style: HelpStyle): string {
  return `${style.palette.bold(`${title}:`)}\n${listed(items, style)}`;
}

/** Terms in a column, what is said of them in another; below each other where terms are long. */
function listed(items: readonly Item[], { width }: HelpStyle): string {
  const column = 2 + Math.max(...items.map(([term]) => term.length)) + 2;
  const isBeside = column <= width / 3;
  return items
    .map(([term, text]) => {
      const indent = ' '.repeat(isBeside ? column : 6);
      const lines = wrap(text, width - indent.length).replaceAll(/^(?=.)/gm, indent);
      return isBeside ? `  ${term}`.padEnd(column) + lines.slice(column) : `  ${term}\n${lines}`;
    })
    .join('');
}
