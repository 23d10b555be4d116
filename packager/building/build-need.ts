import path from 'node:path';
import { namesIn } from '../folders.ts';
import { readRegularText } from '../regular-file.ts';

/** A function or a layer, as far as it decides whether `sam build` has something to do for it. */
export interface Buildable {
  readonly kind: 'function' | 'layer';
  /** Absent where only the deploy knows it: in a loop whose variables the path does not depend on. */
  readonly logicalId?: string;
  /** Absent where it is no plain text. */
  readonly runtime?: string;
  readonly handler?: string;
  /** `BuildMethod` of its Metadata. */
  readonly method?: string;
  /** It has layers, which may bring what the folder lacks. */
  readonly layers: boolean;
}

/**
 * What is between a folder and what Lambda can run.
 * - `none`: nothing.
 * - `dependencies`: it runs, unless it needs a dependency that `manifest` names and the folder has not.
 * - `perhaps`: it lacks what its layers may bring. `sam build` installs and compiles all the same: it does not look into layers.
 * - `build`: it is what a build begins with.
 */
export type Need =
  | { readonly kind: 'none' }
  | { readonly kind: 'dependencies'; readonly manifest: string; readonly install: string }
  | { readonly kind: 'perhaps' }
  | { readonly kind: 'build' };

const NONE: Need = { kind: 'none' };
const PERHAPS: Need = { kind: 'perhaps' };
const BUILD: Need = { kind: 'build' };

/**
 * What a folder wants before Lambda can run it, by what lies in it. What can't be known wants nothing: `aws cloudformation package` uploads folders as they are.
 * @param folder absolute; one that can't be read wants nothing, because whoever packages it tells of that
 * @param names what is in it, where that is known
 */
export function needOf(buildable: Buildable, folder: string, names: readonly string[] = namesIn(folder)): Need {
  if (names.length === 0) return NONE;
  if (buildable.kind === 'layer') return needOfLayer(buildable, names);
  const need = needOfFunction(buildable, folder, names);
  return buildable.layers && mayStandInLayer(buildable, need) ? PERHAPS : need;
}

/** Dependencies, and the program of a runtime that is brought along. */
function mayStandInLayer({ method, runtime }: Buildable, { kind }: Need): boolean {
  return kind === 'dependencies' || (kind === 'build' && languageOf(method ?? runtime) === 'provided');
}

function needOfFunction(buildable: Buildable, folder: string, names: readonly string[]): Need {
  const { method, runtime, handler } = buildable;
  switch (languageOf(method ?? runtime)) {
    case 'python':
      return pythonNeed(folder, names);
    case 'nodejs':
      return nodeNeed(folder, names);
    case 'ruby':
      return rubyNeed(folder, names);
    case 'java':
      return unless(names.some(isJavaProduct) || (method === undefined && !names.some(isJavaManifest)));
    case 'dotnet':
      return unless(names.some(isDotnetProduct) || (method === undefined && !names.some((name) => PROJECT.test(name))));
    case 'go':
      return unless(hasProgram(names, handler) || (method === undefined && !names.includes('go.mod')));
    case 'rust':
      return unless(names.includes('bootstrap'));
    case 'makefile':
      return unless(languageOf(runtime) === 'provided' && names.includes('bootstrap'));
    case 'provided':
      return unless(names.includes('bootstrap') || !isSourceOfProgram(buildable, folder, names));
    case undefined:
      return NONE;
  }
}

/** Where Lambda looks for what a layer brings: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html */
export const FOLDERS_OF_LAYERS: Readonly<Record<string, string | undefined>> = {
  ...{ python: 'python', nodejs: 'nodejs', ruby: 'ruby', java: 'java', dotnet: 'dotnet' },
};

/** Only a layer that has a BuildMethod is built. */
function needOfLayer({ method }: Buildable, names: readonly string[]): Need {
  const language = languageOf(method);
  if (method === undefined || language === undefined) return NONE;
  const folder = FOLDERS_OF_LAYERS[language];
  return unless(folder !== undefined && names.includes(folder));
}

function unless(runs: boolean): Need {
  return runs ? NONE : BUILD;
}

type Language = 'python' | 'nodejs' | 'ruby' | 'java' | 'dotnet' | 'go' | 'rust' | 'makefile' | 'provided';

/** Of a runtime or a BuildMethod, as `get_workflow_config` of the SAM CLI sorts them; nothing for one that SAM does not build, and for esbuild. */
export function languageOf(name: string | undefined): Language | undefined {
  if (name === undefined) return undefined;
  if (name === 'makefile') return 'makefile';
  if (name === 'rust-cargolambda') return 'rust';
  if (/^provided(?:$|\.)/.test(name)) return 'provided';
  return /^(?<language>python|nodejs|ruby|java|dotnet|go)(?=[\d.-]|$)/.exec(name)?.groups?.['language'] as
    Language | undefined;
}

function pythonNeed(folder: string, names: readonly string[]): Need {
  const manifest = 'requirements.txt';
  if (!names.includes(manifest) || names.some((name) => name.endsWith('.dist-info'))) return NONE;
  const wanted = textOf(path.join(folder, manifest))
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !PYTHON_IN_RUNTIME.test(line));
  if (wanted.length === 0) return NONE;
  return { kind: 'dependencies', manifest, install: 'pip install -r requirements.txt -t .' };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies */
const PYTHON_IN_RUNTIME = /^(?:boto3|botocore|s3transfer|jmespath)(?![\w.-])/i;

function nodeNeed(folder: string, names: readonly string[]): Need {
  const manifest = 'package.json';
  if (!names.includes(manifest) || names.includes('node_modules')) return NONE;
  const wanted = dependenciesIn(textOf(path.join(folder, manifest))).filter((name) => !NODE_IN_RUNTIME.test(name));
  return wanted.length === 0 ? NONE : { kind: 'dependencies', manifest, install: 'npm install --omit=dev' };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html#nodejs-sdk-included */
const NODE_IN_RUNTIME = /^(?:@aws-sdk\/|aws-sdk$)/;

function dependenciesIn(text: string): readonly string[] {
  try {
    const { dependencies } = JSON.parse(text) as { readonly dependencies?: unknown };
    return typeof dependencies === 'object' && dependencies !== null ? Object.keys(dependencies) : [];
  } catch {
    // Nobody can install from it, and the code may run without.
    return [];
  }
}

function rubyNeed(folder: string, names: readonly string[]): Need {
  const manifest = 'Gemfile';
  if (!names.includes(manifest) || names.includes('vendor')) return NONE;
  if (!/^\s*gem\b/m.test(textOf(path.join(folder, manifest)))) return NONE;
  return { kind: 'dependencies', manifest, install: 'bundle install --path vendor/bundle' };
}

/** Classes, folders of packages (`com`), or `lib` with jars: what a Java runtime finds, compiled. */
function isJavaProduct(name: string): boolean {
  return /\.(?:class|jar)$/.test(name) || name === 'lib' || name === 'META-INF';
}

function isJavaManifest(name: string): boolean {
  return ['pom.xml', 'build.gradle', 'build.gradle.kts'].includes(name);
}

const PROJECT = /\.(?:cs|fs|vb)proj$/;

function isDotnetProduct(name: string): boolean {
  return name.endsWith('.dll') || name === 'bootstrap';
}

/** go1.x starts the file that the Handler names, the others `bootstrap`. */
function hasProgram(names: readonly string[], handler: string | undefined): boolean {
  return names.includes('bootstrap') || (handler !== undefined && names.includes(handler));
}

/** Without a BuildMethod SAM runs `make build-LogicalId`. A folder without any of these may be for a runtime that a layer brings. */
function isSourceOfProgram({ logicalId }: Buildable, folder: string, names: readonly string[]): boolean {
  if (names.some((name) => ['go.mod', 'Cargo.toml', 'Package.swift'].includes(name))) return true;
  if (!names.includes('Makefile') || logicalId === undefined) return false;
  return textOf(path.join(folder, 'Makefile'))
    .split(/\r?\n/)
    .some((line) => line.startsWith(`build-${logicalId}:`));
}

function textOf(file: string): string {
  try {
    return readRegularText(file);
  } catch {
    return '';
  }
}
