import { buildingOf, isBundled } from './build.ts';
import type { Context, Search } from './context.ts';
import { subject } from './context.ts';
import { looksRemote } from './meaning.ts';
import { below, matches } from './match.ts';
import { considerAbsence, considerBuiltAbsence, considerProperty } from './value.ts';
import { composedText } from './intrinsics.ts';
import { isIntrinsic } from '../intrinsic.ts';
import type { MapNode, TemplateNode } from '../node.ts';
import { isMap, isString, valueOf } from '../node.ts';
import type { PropertyEntry } from '../properties/property.ts';
import { PSEUDO_TYPES } from '../properties/property.ts';

/** What SAM's Globals give to resources that don't say otherwise. */
export interface Globals {
  readonly functionCode: boolean;
  readonly functionsAreImages: boolean;
  /** All that they say of functions. */
  readonly functions?: TemplateNode;
}

/** What SAM's `Globals.Function` says, as far as it decides where code is expected; all `false` in a template without it. */
export function globalsOf(root: TemplateNode): Globals {
  const common = valueOf(valueOf(root, 'Globals'), 'Function');
  const packageType = valueOf(common, 'PackageType');
  return {
    functionCode: isGiven(valueOf(common, 'CodeUri')),
    functionsAreImages: isString(packageType) && packageType.value === 'Image',
    ...(common !== undefined && { functions: common }),
  };
}

export const SAM_FUNCTION = 'AWS::Serverless::Function';
const LAMBDA_FUNCTION = 'AWS::Lambda::Function';

/** Looks at the properties of one resource that the table knows. @param context of the resource itself */
export function considerResource(search: Search, resource: MapNode, context: Context, globals: Globals): void {
  const type = valueOf(resource, 'Type');
  considerInit(search, resource, context);
  if (!isString(type)) return;
  const entries = search.entries(type.value);
  warnOfMisplaced(search, resource, context, entries);
  warnOfRetained(search, resource, type.value);
  const properties = valueOf(resource, 'Properties');
  if (!isMap(properties)) return;
  const within = { ...below(context, 'Properties'), property: '' };
  considerImage(search, type.value, properties, within);
  if (isImage(type.value, properties, within, globals)) warnOfUnbuiltImage(search, type.value, resource, within);
  const common = type.value === SAM_FUNCTION ? globals.functions : undefined;
  for (const entry of entries) {
    const building = isCode(entry) ? buildingOf(search, resource, context, common) : undefined;
    const around = building === undefined ? within : { ...within, building };
    for (const match of matches(properties, around, entry)) {
      if (isCode(entry) && needsNoCode(type.value, properties, within, globals)) {
        if (match.node !== undefined) search.claim(match.node);
        const left = codeElsewhere(entry, properties, within);
        search.leave(match.node?.start ?? properties.start, left, [match.context.pointer]);
      } else if (building !== undefined && !isGiven(match.node)) {
        considerBuiltAbsence(search, entry, match, valueOf(common, entry.property));
      } else if (match.node !== undefined) {
        considerProperty(search, entry, match);
      } else if (!(isCode(entry) && type.value === SAM_FUNCTION && globals.functionCode)) {
        considerAbsence(search, entry, match);
      }
    }
  }
}

/** The property that holds a function's code, which is of no account where the function has its code elsewhere. */
function isCode({ type, property }: PropertyEntry): boolean {
  return (type === SAM_FUNCTION && property === 'CodeUri') || (type === LAMBDA_FUNCTION && property === 'Code');
}

function needsNoCode(type: string, properties: MapNode, context: Context, globals: Globals): boolean {
  if (isImage(type, properties, context, globals)) return true;
  return type === SAM_FUNCTION && isGiven(valueOf(properties, 'InlineCode'));
}

/** Whether something is a function, and that a container image. */
function isImage(type: string, properties: MapNode, { scope }: Context, globals: Globals): boolean {
  if (type !== SAM_FUNCTION && type !== LAMBDA_FUNCTION) return false;
  const packageType = valueOf(properties, 'PackageType');
  if (packageType === undefined) return type === SAM_FUNCTION && globals.functionsAreImages;
  return composedText(packageType, scope) === 'Image';
}

/** Of a function that needs no code: where it has it instead. */
function codeElsewhere(
  { type, property }: PropertyEntry,
  properties: MapNode,
  { resource }: Context,
): Parameters<Search['leave']>[1] {
  const isInline = isGiven(valueOf(properties, 'InlineCode'));
  const why = isInline ? "its code stands in the template, in 'InlineCode'" : 'it is a container image';
  return { ...(resource !== undefined && { resource }), type, property, reason: 'code-elsewhere', why };
}

/** Whether a function takes its code from Globals. What is built of that stands in the function itself. */
export function takesGlobalCode(search: Search, resource: TemplateNode, context: Context, globals: Globals): boolean {
  const properties = valueOf(resource, 'Properties');
  if (isGiven(valueOf(properties, 'CodeUri')) || isBundled(search, resource, context)) return false;
  return !isMap(properties) || !needsNoCode(SAM_FUNCTION, properties, context, globals);
}

function isGiven(node: TemplateNode | undefined): boolean {
  return node !== undefined && !(node.kind === 'scalar' && node.value === null);
}

/** A container image is built and pushed by other tools: its name has to be one that Lambda can pull. */
function considerImage(search: Search, type: string, properties: MapNode, context: Context): void {
  const image = imageOf(type, properties);
  if (!isString(image) || isInEcr(image.value) || composedText(image, context.scope) !== image.value) return;
  // No image at all: what Lambda says of a URL is clear enough.
  if (image.value.includes('://')) return;
  search.claim(image);
  const what = subject('ImageUri', context, type);
  const host = registryOf(image.value);
  if (host === undefined) {
    search.problem(
      image.start,
      `${what} is '${image.value}', an image of this machine, and images are not packaged`,
      'Push it to Amazon ECR and write its URI there, or run sam package with --image-repository before.',
    );
    return;
  }
  search.warn(
    image.start,
    NOT_PUSHED,
    `${what} is '${image.value}', which stays in '${host}': images are not packaged, and Lambda takes them from private repositories of Amazon ECR alone`,
    'Push it to Amazon ECR and write its URI there.',
  );
}

const NOT_PUSHED = 'image-not-pushed';

/**
 * `sam build` makes the image that the Metadata describes, and `sam package` pushes it and writes its ImageUri.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build.html#build-container-image
 */
function warnOfUnbuiltImage(search: Search, type: string, resource: MapNode, context: Context): void {
  const metadata = valueOf(resource, 'Metadata');
  const described = valueOf(metadata, 'Dockerfile') ?? valueOf(metadata, 'DockerContext');
  const properties = valueOf(resource, 'Properties');
  const code = valueOf(properties, 'Code');
  const isDecidedAtDeploy = isMap(code) && isIntrinsic(code);
  if (described === undefined || isDecidedAtDeploy || isGiven(imageOf(type, properties))) return;
  search.warn(
    described.start,
    NOT_PUSHED,
    `${subject('ImageUri', context, type)} is absent, and images are not packaged: nothing builds or pushes the one that its Metadata describes`,
    "Run 'sam build' and 'sam package --image-repository URI' before, or push the image to Amazon ECR and write its URI there.",
  );
}

function imageOf(type: string, properties: TemplateNode | undefined): TemplateNode | undefined {
  if (type === LAMBDA_FUNCTION) return valueOf(valueOf(properties, 'Code'), 'ImageUri');
  return type === SAM_FUNCTION ? valueOf(properties, 'ImageUri') : undefined;
}

/**
 * A private repository of any partition, by either of its names: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html. As to SAM, a registry of
 * this machine is one of an emulator: `samcli/lib/package/regexpr.py`.
 */
function isInEcr(image: string): boolean {
  const host = registryOf(image);
  return host !== undefined && /\.dkr[.-]ecr[.-]|^localhost(?:[.:]|$)|^127\.0\.0\.1(?::|$)/.test(host);
}

/** As Docker tells a registry's host from a repository's name: by a dot, a port, or `localhost` before the first slash. */
function registryOf(image: string): string | undefined {
  const slash = image.indexOf('/');
  const host = image.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && !/^\.{1,2}$/.test(host) && (/[.:]/.test(host) || host === 'localhost');
  return isHost ? host : undefined;
}

/** What cfn-init downloads to an instance. */
function considerInit(search: Search, resource: MapNode, context: Context): void {
  const metadata = below(context, 'Metadata');
  const name = 'AWS::CloudFormation::Init';
  const init = valueOf(valueOf(resource, 'Metadata'), name);
  if (init === undefined) return;
  for (const entry of search.entries(PSEUDO_TYPES.init)) {
    for (const match of matches(init, { ...below(metadata, name), property: '' }, entry)) {
      considerProperty(search, entry, match);
    }
  }
}

/** What is retained gets no Delete: its reference stays when the stack no longer needs it, until an audit finds it. */
function warnOfRetained(search: Search, { entries }: MapNode, type: string): void {
  if (type !== 'Custom::ArtifactRef') return;
  for (const { key, value, keyStart } of entries) {
    if ((key !== 'DeletionPolicy' && key !== 'UpdateReplacePolicy') || !isString(value)) continue;
    if (!value.value.startsWith('Retain')) continue;
    search.warn(
      keyStart,
      'reference-retained',
      `with '${key}: ${value.value}' the Custom::ArtifactRef goes on protecting what its stack no longer uses`,
      `Leave '${key}' out: a reference is never removed while its stack needs it.`,
    );
  }
}

/** A property that stands beside Properties is seen by nobody. */
function warnOfMisplaced(search: Search, resource: MapNode, context: Context, entries: readonly PropertyEntry[]): void {
  for (const { key, value, keyStart } of resource.entries) {
    const [first] = entries.filter(({ path: [step] }) => step?.kind === 'member' && step.name === key);
    if (first === undefined || !isString(value) || looksRemote(value.value) || value.value === '') continue;
    search.claim(value);
    search.leave(keyStart, {
      ...(context.resource !== undefined && { resource: context.resource }),
      ...{ type: first.type, property: key, value: value.value },
      ...{ reason: 'misplaced', why: "it stands beside 'Properties', not in it" },
    });
    search.warn(
      keyStart,
      'path-left-local',
      `${subject(key, context, first.type)} stands beside 'Properties', not in it, so '${value.value}' is not packaged`,
      `Move '${key}' into 'Properties'.`,
    );
  }
}
