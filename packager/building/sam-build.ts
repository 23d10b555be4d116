import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Warning } from '../event.ts';
import { isFolder, namesIn } from '../folders.ts';
import { realPath, shownPath } from '../location.ts';
import { buildMethodOf } from '../template/metadata/build-method.ts';
import type { MapNode, TemplateNode } from '../template/node.ts';
import { entryOf, isMap, isString, valueOf } from '../template/node.ts';
import type { LoopTarget, Place } from '../template/place.ts';
import { sourcePlace } from '../template/place.ts';
import { resourceAround } from '../template/site.ts';
import type { Template } from '../template/template.ts';
import { parseTemplate } from '../template/text/parse.ts';
import type { Buildable, Need } from './build-need.ts';
import { FOLDERS_OF_LAYERS, languageOf, needOf } from './build-need.ts';
import type { SourceFile } from './changed-since.ts';
import { changedSince, sourcesIn } from './changed-since.ts';
import { SamOriginal, resourcesIn } from './sam-original.ts';
import type { BuildRecord } from './sam-record.ts';
import { isOf, readBuildRecord } from './sam-record.ts';
import { readRegularText } from '../regular-file.ts';

/** Where `sam build` may have been at work. */
export interface SamBuildPlaces {
  readonly cwd: string;
  /** The template that is packaged, absolute; not one nested in it. */
  readonly templateFile: string;
  /** `build_dir` of samconfig, absolute. Absent: `.aws-sam/build` beside the template, or in the working directory. */
  readonly buildFolder?: string;
  /** What the run writes, absolute: no source of anything. */
  readonly written?: readonly string[];
}

/** Code that a template names, and may have been built. */
export interface BuildQuestion {
  readonly place: Place;
  readonly target: LoopTarget;
  /** In which the place stands. */
  readonly template: Template;
  /** Absolute. */
  readonly templateFile: string;
  /** Logical IDs of the nested stacks around it, outermost first. */
  readonly stacks: readonly string[];
  /** What the place leads to, absolute. */
  readonly code: string;
  /** What a value comes to before the deploy, if that is known. */
  readonly textOf: (node: TemplateNode) => string | undefined;
}

export interface BuildAnswer {
  /** What is packaged, absolute: what `sam build` made, or the code itself. */
  readonly code: string;
  readonly warnings: readonly Warning[];
}

/**
 * Finds what `sam build` made of functions and layers that a template names by their sources. Nothing is built here: where a build is needed and there is none, a
 * warning says which command does it.
 *
 * A build is taken where the Metadata has a BuildMethod that is not done here, and where what lies there would not run as it is. A function whose sources run as
 * they lie is packaged from them, as `aws cloudformation package` and `sam package` do with a template that is named.
 */
export class SamBuilds {
  readonly #places: SamBuildPlaces;
  readonly #records = new Map<string, Promise<BuildRecord | undefined>>();
  /** Many functions may have the same code, which is looked at once. */
  readonly #folders = new Map<string, boolean>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #sources = new Map<string, readonly SourceFile[]>();
  readonly #originals = new Map<string, SamOriginal>();

  constructor(places: SamBuildPlaces) {
    this.#places = places;
  }

  /** An archive is built, and of what is not there whoever packages it tells. */
  #isFolder(code: string): boolean {
    return once(this.#folders, code, () => isFolder(code));
  }

  #namesIn(code: string): readonly string[] {
    return once(this.#names, code, () => namesIn(code));
  }

  async find(question: BuildQuestion): Promise<BuildAnswer> {
    const asIs: BuildAnswer = { code: question.code, warnings: [] };
    const { type, property } = question.place;
    if (!CODE.has(`${type}.${property}`) || !this.#isFolder(question.code)) return asIs;
    const builtFor = this.#buildAround(question.templateFile);
    const resources = resourcesOf(question);
    // `sam build` of one function leaves the others at their sources.
    if (builtFor !== undefined && question.code.startsWith(builtFor + path.sep)) {
      const [only] = resources;
      return only === undefined ? asIs : this.#builtBefore(question, only, builtFor);
    }
    const [first, ...others] = resources.filter(({ isBuilt, node }) => !isBuilt && isMap(node));
    if (first === undefined) return asIs;
    if (others.length === 0) return this.#one(question, first);
    return this.#several(question, [first, ...others]);
  }

  /** The build folder that a template stands in. */
  #buildAround(templateFile: string): string | undefined {
    const { buildFolder } = this.#places;
    if (buildFolder !== undefined && templateFile.startsWith(buildFolder + path.sep)) return buildFolder;
    const segments = templateFile.split(path.sep);
    const build = segments.findIndex((segment, index) => segment === '.aws-sam' && segments[index + 1] === 'build');
    return build < 0 ? undefined : segments.slice(0, build + 2).join(path.sep);
  }

  /** Code of a template that `sam build` wrote is built; what it was built of may have changed. */
  async #builtBefore(question: BuildQuestion, resource: Resource, buildFolder: string): Promise<BuildAnswer> {
    const { code } = question;
    const stacks = path.relative(buildFolder, path.dirname(question.templateFile)).split(path.sep).filter(Boolean);
    const fullPath = [...stacks, resource.name].join('/');
    const note = (await this.#record(buildFolder))?.get(fullPath);
    const source =
      note !== undefined && existsSync(note.source)
        ? note.source
        : this.#originalOf(buildFolder).sourceOf({
            ...{ stacks, logicalId: resource.logicalId ?? resource.name, textOf: question.textOf },
            ...{ type: question.place.type, property: question.place.property, built: question.template },
          });
    return { code, warnings: source === undefined ? [] : this.#stale(question, resource, source, code) };
  }

  #originalOf(buildFolder: string): SamOriginal {
    return once(this.#originals, buildFolder, () => new SamOriginal(buildFolder, this.#places.cwd));
  }

  async #one(question: BuildQuestion, resource: Resource): Promise<BuildAnswer> {
    const { code } = question;
    const need = needOf(resource, code, this.#namesIn(code));
    if (resource.method === undefined && need.kind === 'none') return { code, warnings: [] };
    const built = resource.logicalId === undefined ? undefined : await this.#built(question, resource);
    if (built !== undefined) return { code: built, warnings: this.#stale(question, resource, code, built) };
    switch (need.kind) {
      case 'none':
      case 'perhaps':
        return { code, warnings: [] };
      case 'dependencies':
        return { code, warnings: [this.#lacking(question, resource, need)] };
      case 'build':
        return { code, warnings: [this.#unbuilt(question, resource)] };
    }
  }

  /** One path for several functions can't become several. */
  async #several(question: BuildQuestion, resources: readonly Resource[]): Promise<BuildAnswer> {
    const { code } = question;
    const warnings: Warning[] = [];
    for (const resource of resources) {
      const need = needOf(resource, code, this.#namesIn(code));
      if (resource.method === undefined && need.kind === 'none') continue;
      const built = await this.#built(question, resource);
      if (need.kind === 'build' || built !== undefined) warnings.push(this.#shared(question, resource));
      else if (need.kind === 'dependencies') warnings.push(this.#lacking(question, resource, need));
    }
    // The first stands for all: they take the same code.
    return { code, warnings: warnings.slice(0, 1) };
  }

  /** Where `sam build` put what it made of a resource. */
  async #built(question: BuildQuestion, resource: Resource): Promise<string | undefined> {
    const fullPath = [...question.stacks, resource.name].join('/');
    for (const buildFolder of this.#buildFolders()) {
      const note = (await this.#record(buildFolder))?.get(fullPath);
      const isOwn = note === undefined ? this.#isOf(buildFolder, question) : isOf(note, question.code) !== 'no';
      if (!isOwn) continue;
      const found = namesOf(fullPath, note?.together ?? [])
        .map((name) => path.join(buildFolder, ...name.split('/')))
        .find((folder) => existsSync(folder));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #buildFolders(): readonly string[] {
    const { cwd, templateFile, buildFolder } = this.#places;
    const around = this.#buildAround(templateFile) ?? buildFolder;
    if (around !== undefined) return [around];
    return [...new Set([path.dirname(templateFile), cwd].map((folder) => path.join(folder, '.aws-sam', 'build')))];
  }

  /** A build that notes nothing of a resource: it is the template's own where samconfig names it and beside the template; elsewhere, if it has the same resources. */
  #isOf(buildFolder: string, { template, stacks }: BuildQuestion): boolean {
    const { templateFile, buildFolder: configured } = this.#places;
    if (buildFolder === configured || buildFolder === this.#buildAround(templateFile)) return true;
    if (realPath(path.dirname(templateFile)) === realPath(path.resolve(buildFolder, '../..'))) return true;
    try {
      const file = path.join(buildFolder, ...stacks, 'template.yaml');
      return resourceNamesIn(parseTemplate(readRegularText(file), file)) === resourceNamesIn(template);
    } catch {
      return false;
    }
  }

  #record(buildFolder: string): Promise<BuildRecord | undefined> {
    const record = this.#records.get(buildFolder) ?? readBuildRecord(buildFolder);
    this.#records.set(buildFolder, record);
    return record;
  }

  #stale(question: BuildQuestion, resource: Resource, source: string, built: string): readonly Warning[] {
    const subfolder = resource.kind === 'layer' ? FOLDERS_OF_LAYERS[languageOf(resource.method) ?? ''] : undefined;
    const { cwd, written } = this.#places;
    const files = once(this.#sources, source, () => sourcesIn(source));
    const changed = changedSince(source, files, built, subfolder, written);
    if (changed === undefined) return [];
    return [
      {
        code: 'stale-build',
        message: `'${shownPath(cwd, path.join(source, changed))}' has changed since 'sam build' made '${shownPath(cwd, built)}', which is packaged`,
        place: sourcePlace(question.place),
        remedy: `Run '${this.#command(question, resource)}' again.`,
      },
    ];
  }

  #lacking(
    question: BuildQuestion,
    resource: Resource,
    { manifest, install }: Need & { kind: 'dependencies' },
  ): Warning {
    const code = shownPath(this.#places.cwd, question.code);
    return {
      code: 'unbuilt-dependencies',
      message: `'${code}' is packaged without the dependencies that its '${manifest}' names`,
      place: sourcePlace(question.place),
      remedy: `Run '${this.#command(question, resource)}' first, or '${install}' in that folder. Where nothing is missing, say so: 'SkipBuild: true' in the Metadata of '${resource.name}'.`,
    };
  }

  /** No error: `aws cloudformation package` and `sam package` upload what lies there, and only the deployed function fails. */
  #unbuilt(question: BuildQuestion, resource: Resource): Warning {
    const { cwd } = this.#places;
    const [buildFolder = ''] = this.#buildFolders();
    const wanted = path.join(buildFolder, ...question.stacks, resource.name);
    const { method } = resource;
    const why =
      method === undefined ? 'holds sources that Lambda cannot run' : `is to be built ('BuildMethod: ${method}')`;
    return {
      code: 'unbuilt-code',
      message: `'${shownPath(cwd, question.code)}' is packaged as it lies, but ${why}, and there is no '${shownPath(cwd, wanted)}'`,
      place: sourcePlace(question.place),
      remedy: `Run '${this.#command(question, resource)}' first. Where it has been built, say so: 'SkipBuild: true' in the Metadata of '${resource.name}'.`,
    };
  }

  #shared(question: BuildQuestion, { name }: Resource): Warning {
    return {
      code: 'unbuilt-code',
      message: `'${shownPath(this.#places.cwd, question.code)}' is packaged as it lies, but is to be built for each function that takes it from Globals, '${name}' among them`,
      place: sourcePlace(question.place),
      remedy: `Run 'sam build', and package what it writes: --template-file .aws-sam/build/template.yaml. Or give each function a CodeUri of its own.`,
    };
  }

  /** As it is typed in the working directory. */
  #command({ stacks }: BuildQuestion, { name }: Resource): string {
    const { cwd, templateFile } = this.#places;
    const isFound = ['template.yaml', 'template.yml', 'template.json'].includes(path.relative(cwd, templateFile));
    const which =
      isFound || this.#buildAround(templateFile) !== undefined
        ? ''
        : ` --template-file ${shownPath(cwd, templateFile)}`;
    return `sam build ${[...stacks, name].join('/')}${which}`;
  }
}

/** What `sam build` builds. */
const CODE: ReadonlySet<string> = new Set([
  'AWS::Serverless::Function.CodeUri',
  'AWS::Lambda::Function.Code',
  'AWS::Serverless::LayerVersion.ContentUri',
  'AWS::Lambda::LayerVersion.Content',
]);

interface Resource extends Buildable {
  /** As `sam build` calls it. */
  readonly name: string;
  readonly node: TemplateNode;
  /** Its Metadata says that nothing is to be built, or that it is bundled here. */
  readonly isBuilt: boolean;
}

/** The resource around a place; of a path in Globals, the functions that take it. */
function resourcesOf(question: BuildQuestion): readonly Resource[] {
  const { template, place, target } = question;
  const site = resourceAround(template.root, place.pointer);
  if (site !== undefined) {
    return isMap(site.node) ? [resourceOf(question, site.node, inLoop(place, target))] : [];
  }
  if (!place.pointer.startsWith('/Globals/Function/')) return [];
  return resourcesIn(template.root).flatMap(({ key, value }) => {
    if (!isMap(value) || !isServerlessFunction(value)) return [];
    const properties = valueOf(value, 'Properties');
    const hasOwn = ['CodeUri', 'InlineCode', 'ImageUri'].some((name) => entryOf(properties, name) !== undefined);
    return hasOwn ? [] : [resourceOf(question, value, key)];
  });
}

function isServerlessFunction(resource: MapNode): boolean {
  const type = valueOf(resource, 'Type');
  return isString(type) && type.value === 'AWS::Serverless::Function';
}

/** The logical ID, with the values of the loops around it; undefined where the path leaves them open. */
function inLoop({ resource, loop }: Place, { values }: LoopTarget): string | undefined {
  const name = loop.reduce(
    (text, variable, index) =>
      text
        .replaceAll(`\${${variable}}`, values[index] ?? '')
        .replaceAll(`&{${variable}}`, (values[index] ?? '').replaceAll(/[^A-Za-z0-9]/g, '')),
    resource ?? '',
  );
  return /[$&]\{/.test(name) ? undefined : name;
}

function resourceOf(
  { template, place, textOf }: BuildQuestion,
  node: MapNode,
  logicalId: string | undefined,
): Resource {
  const properties = valueOf(node, 'Properties');
  const common = isServerlessFunction(node) ? valueOf(valueOf(template.root, 'Globals'), 'Function') : undefined;
  const said = (name: string): string | undefined => {
    const value = valueOf(properties, name) ?? valueOf(common, name);
    return value === undefined ? undefined : textOf(value);
  };
  const metadata = valueOf(node, 'Metadata');
  const inMetadata = (name: string): string | undefined => {
    const value = valueOf(metadata, name);
    return value === undefined ? undefined : textOf(value);
  };
  const method = buildMethodOf(node, textOf);
  const [runtime, handler] = [said('Runtime'), said('Handler')];
  return {
    kind: place.property.startsWith('Content') ? 'layer' : 'function',
    name: inMetadata('SamResourceId') ?? logicalId ?? place.resource ?? '',
    node,
    isBuilt: method?.kind === 'esbuild' || inMetadata('SkipBuild')?.toLowerCase() === 'true',
    layers: [properties, common].some((given) => entryOf(given, 'Layers') !== undefined),
    ...(logicalId !== undefined && { logicalId }),
    ...(runtime !== undefined && { runtime }),
    ...(handler !== undefined && { handler }),
    ...(method?.kind === 'sam' && { method: method.method }),
  };
}

/** Functions that are built of the same folder may share what came of it, which then is called after the first of them. */
function namesOf(fullPath: string, together: readonly string[]): readonly string[] {
  const [first] = together;
  return [fullPath, ...(first === undefined ? [] : [`${first}-Shared`])];
}

function resourceNamesIn({ root }: Template): string {
  return JSON.stringify(
    resourcesIn(root)
      .map(({ key }) => key)
      .toSorted(),
  );
}

function once<T>(known: Map<string, T>, key: string, look: () => T): T {
  const value = known.get(key) ?? look();
  known.set(key, value);
  return value;
}
