import { considerArtifact, considerMisspelt, isArtifact, isMisspelt } from './artifact.ts';
import type { Context, FindOptions, Found } from './context.ts';
import { Search } from './context.ts';
import { DeclaredNames } from './declared-names.ts';
import { considerTransforms } from './include.ts';
import { below, matches, membersOf } from './match.ts';
import type { Globals } from './resource.ts';
import { considerResource, globalsOf, SAM_FUNCTION, takesGlobalCode } from './resource.ts';
import { considerProperty } from './value.ts';
import { isForEach, readForEach } from './foreach.ts';
import { composedText } from './intrinsics.ts';
import { isIntrinsic } from '../intrinsic.ts';
import type { Scope } from './intrinsics.ts';
import type { MapEntry, MapNode, ScalarNode, TemplateNode } from '../node.ts';
import { entryOf, isMap, isString, valueOf } from '../node.ts';
import { Asked, parametersOf } from './parameters.ts';
import { PSEUDO_TYPES } from '../properties/property.ts';
import type { Template } from '../template.ts';

export type { FindOptions, Found } from './context.ts';

/**
 * Finds every value of a template that names an artifact and is to be replaced. Reads nothing but what it is given: whether something is at a path is asked
 * of `options.exists`, and whether what is there will do is left to whoever reads it.
 */
export function findPlaces(template: Template, options: FindOptions): Found {
  const search = new Search(template, options);
  const { root } = template;
  const parameters = new Asked(parametersOf(root, options.kind, options.parameters, options.defaultsAreFinal));
  const scope: Scope = { parameters, mappings: valueOf(root, 'Mappings'), loops: [] };
  const context: Context = {
    ...{ pointer: '', property: '', literal: false },
    // A fragment may name whatever is around it.
    scope: options.kind === 'fragment' ? scope : { ...scope, names: new DeclaredNames(root, scope) },
  };
  if (options.kind === 'fragment') new Walk(search, root).fragment(root, context);
  else if (isMap(root)) new Walk(search, root).template(root, context);
  else search.problem(root.start, `'${template.file}' is not a template`, 'A template is a map with Resources.');
  return { ...search.found(), asked: parameters.names };
}

/** A condition that is another in each turn of a loop is none that all of them share. */
function dependsOnNoLoop(node: TemplateNode, scope: Scope): boolean {
  return composedText(node, scope) !== undefined;
}

/** Values in these are commands, names and settings for programs; a path in them is theirs. */
const FOR_PROGRAMS =
  /(?:^|\.)(?:Args|Arguments|Command|Commands|Description|EntryPoint|Environment|Handler|Tags|UserData|Variables)(?:\.|$)/;

class Walk {
  readonly #search: Search;
  readonly #globals: Globals;

  constructor(search: Search, root: TemplateNode) {
    this.#search = search;
    this.#globals = globalsOf(root);
  }

  template(root: MapNode, context: Context): void {
    for (const { key, value } of root.entries) this.#section(key, value, root, below(context, key));
    this.#warnOfAssets();
    if (entryOf(root, 'Resources') !== undefined || this.#search.found().places.length > 0) return;
    this.#search.warn(root.start, 'no-resources', 'the template has no Resources', 'It is passed on as it is.');
  }

  #section(name: string, value: TemplateNode, root: MapNode, at: Context): void {
    const context = { ...at, property: '' };
    switch (name) {
      case 'Resources':
        this.#resources(value, context);
        break;
      case 'Globals':
        this.#considerGlobals(value, root, context);
        this.#walk(value, context, (node, inside) => {
          this.#warnOfLocal(node, inside);
        });
        break;
      case 'Metadata':
        this.#considerRepositoryMetadata(value, { ...context, literal: true });
        this.#walk(value, { ...context, literal: true });
        break;
      case 'Transform':
        considerTransforms(this.#search, value, { ...context, literal: true }, PSEUDO_TYPES.topLevelInclude);
        this.#walk(value, { ...context, literal: true });
        break;
      case 'Fn::Transform':
        this.#transform(value, context);
        break;
      case 'Outputs':
        this.#walk(value, context);
        break;
      default:
        this.#walk(value, { ...context, literal: true });
    }
  }

  #resources(resources: TemplateNode, context: Context): void {
    if (!isMap(resources)) {
      this.#search.problem(resources.start, "'Resources' is not a map", 'It is a map of logical IDs to resources.');
      return;
    }
    for (const entry of resources.entries) {
      const at = below(context, entry.key);
      if (entry.key === 'Fn::Transform') {
        this.#transform(entry.value, at);
      } else if (isForEach(entry)) {
        this.#loop(entry, context, (body, within) => {
          this.#resources(body, within);
        });
      } else {
        this.#resource(entry, at);
      }
    }
  }

  #resource({ key, value }: MapEntry, at: Context): void {
    if (!isMap(value)) {
      this.#search.problem(value.start, `the resource '${key}' is not a map`, 'A resource is a map with a Type.');
      return;
    }
    const condition = valueOf(value, 'Condition');
    const context: Context = {
      ...at,
      resource: key,
      ...(isString(condition) && dependsOnNoLoop(condition, at.scope) && { condition: condition.value }),
      property: '',
    };
    considerResource(this.#search, value, context, this.#globals);
    const passesOn = this.#nests(valueOf(value, 'Type'));
    for (const attribute of value.entries) {
      const within = { ...below(context, attribute.key), property: '' };
      switch (attribute.key) {
        case 'Properties':
          this.#walk(attribute.value, within, (node, inside) => {
            if (!(passesOn && inside.property.startsWith('Parameters.'))) this.#warnOfLocal(node, inside);
          });
          break;
        case 'Metadata':
          this.#walk(attribute.value, within);
          break;
        case 'Fn::Transform':
          this.#transform(attribute.value, within);
          break;
        default:
          this.#walk(attribute.value, { ...within, literal: true });
      }
    }
  }

  /** Whether a resource is made of another template. What it gives to that as Parameters is judged where that uses it. */
  #nests(type: TemplateNode | undefined): boolean {
    return isString(type) && this.#search.entries(type.value).some(({ wanted }) => wanted === 'template');
  }

  /** A fragment may be anything: whatever looks like a resource is one. */
  fragment(node: TemplateNode, context: Context, name?: string): void {
    const isResource = isMap(node) && isString(valueOf(node, 'Type')) && isMap(valueOf(node, 'Properties'));
    const within: Context = isResource && name !== undefined ? { ...context, resource: name, property: '' } : context;
    if (isResource) considerResource(this.#search, node, within, this.#globals);
    this.#members(node, within, (value, at, key) => {
      this.fragment(value, at, key);
    });
  }

  /** Looks for what may stand anywhere: Fn::Artifact, and what AWS::Include brings in. Texts in a function that was decided upon belong to it. */
  #walk(node: TemplateNode, context: Context, onText?: (node: ScalarNode, context: Context) => void): void {
    if (node.kind === 'scalar') onText?.(node, context);
    const decided = isMap(node) && isIntrinsic(node) && this.#search.isClaimed(node);
    this.#members(node, context, (value, at) => {
      this.#walk(value, at, decided ? undefined : onText);
    });
  }

  #members(node: TemplateNode, context: Context, visit: (value: TemplateNode, at: Context, key: string) => void): void {
    if (node.kind === 'list') {
      node.items.forEach((item, index) => {
        visit(item, below(context, index), String(index));
      });
    }
    if (!isMap(node)) return;
    if (isArtifact(node)) {
      if (!this.#search.isClaimed(node)) considerArtifact(this.#search, node, context);
      return;
    }
    for (const entry of node.entries) {
      const at = below(context, entry.key);
      if (isMisspelt(entry)) considerMisspelt(this.#search, entry, node.short);
      if (entry.key === 'Fn::Transform') {
        this.#transform(entry.value, at);
      } else if (isForEach(entry)) {
        this.#loop(entry, context, (body, within) => {
          this.#members(body, within, visit);
        });
      } else {
        visit(entry.value, at, entry.key);
      }
    }
  }

  #transform(value: TemplateNode, at: Context): void {
    const context = { ...at, literal: true };
    considerTransforms(this.#search, value, context, PSEUDO_TYPES.include);
    this.#walk(value, context);
  }

  #loop(entry: MapEntry, context: Context, visit: (body: MapNode, context: Context) => void): void {
    const forEach = readForEach(entry, context.pointer, context.scope);
    if (typeof forEach === 'string') {
      this.#search.problem(
        entry.value.start,
        `'${entry.key}' ${forEach}`,
        "It is written 'Fn::ForEach::Name: [Variable, [a, b], {Key${Variable}: …}]'.",
      );
      return;
    }
    const scope = { ...context.scope, loops: [...context.scope.loops, forEach.loop] };
    visit(forEach.body, { ...context, pointer: forEach.pointer, scope });
  }

  /** The functions' code is packaged if some function takes it from here. */
  #considerGlobals(globals: TemplateNode, root: MapNode, context: Context): void {
    const common = valueOf(globals, 'Function');
    const code = this.#search.entries(SAM_FUNCTION).find(({ property }) => property === 'CodeUri');
    if (common === undefined || code === undefined) return;
    const isTaken = this.#functions(root, context).some(({ entry, context: at }) =>
      takesGlobalCode(this.#search, entry.value, at, this.#globals),
    );
    for (const match of matches(common, { ...below(context, 'Function'), property: '' }, code)) {
      if (isTaken) considerProperty(this.#search, code, match);
      else if (match.node !== undefined) this.#search.claim(match.node);
    }
  }

  #functions(root: MapNode, context: Context): ReturnType<typeof membersOf> {
    const resources = valueOf(root, 'Resources');
    if (resources === undefined) return [];
    return membersOf(resources, { ...context, pointer: '/Resources' }).filter(({ entry }) => {
      const type = valueOf(entry.value, 'Type');
      return isString(type) && type.value === SAM_FUNCTION;
    });
  }

  #considerRepositoryMetadata(metadata: TemplateNode, context: Context): void {
    const name = 'AWS::ServerlessRepo::Application';
    const application = valueOf(metadata, name);
    if (application === undefined) return;
    for (const entry of this.#search.entries(PSEUDO_TYPES.repositoryMetadata)) {
      for (const match of matches(application, { ...below(context, name), property: '' }, entry)) {
        considerProperty(this.#search, entry, match);
      }
    }
  }

  /** What the CDK's own synthesizers say of files: they are in the bucket of its bootstrap, once the CDK has brought them there. */
  #warnOfAssets(): void {
    const { text } = this.#search.template;
    const start = text.search(/"cdk-\w+-assets-(?:\$\{AWS::AccountId\}|\d{12})-[^"]+"/);
    if (start < 0) return;
    this.#search.warn(
      start,
      'cdk-assets',
      "assets of the CDK stay in the bucket of 'cdk bootstrap', where nothing brings them yet",
      "Give the app the ArtifactSynthesizer of 'cfn-artifacts/cdk' and synthesize again, or publish them by 'npx cdk-assets publish'.",
    );
  }

  /** A path that nobody packages and that is there is a mistake, or a property that the table lacks. */
  #warnOfLocal(node: ScalarNode, { property, resource }: Context): void {
    if (!isString(node) || !/^\.{1,2}\//.test(node.value) || this.#search.isClaimed(node)) return;
    const isThere = this.#search.options.exists(node.value) !== false;
    const isForPrograms = FOR_PROGRAMS.test(property);
    this.#search.leave(node.start, {
      ...(resource !== undefined && { resource }),
      ...{ property, value: node.value },
      ...(isForPrograms
        ? { reason: 'for-a-program', why: 'it stands among commands and settings, whose paths are those of a program' }
        : {
            reason: 'not-in-table',
            why: `it is not among the properties that are packaged${isThere ? '' : ', and nothing is there'}`,
          }),
    });
    if (isForPrograms || !isThere) return;
    this.#search.warn(
      node.start,
      'path-left-local',
      `${property} of '${resource ?? 'Globals'}' stays '${node.value}': it is not among the properties that are packaged`,
      'Write !Artifact before the path, or describe the property in a file for --resources.',
    );
  }
}
