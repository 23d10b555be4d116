import type { Digest } from '../../repository/index.ts';
import { ArtifactError, isDigest, sha256 } from '../../repository/index.ts';
import { ARCHIVE_FILENAME, blobKey } from '../../repository/keys.ts';
import { isId } from '../../repository/name.ts';
import type { SourceRequest } from '../archive/source.ts';
import type { ReferenceMode } from '../packaging/references.ts';
import type { Build } from '../template/build.ts';
import { keyOf } from '../template/build.ts';

/** The manifest of a bundle: everything that `package` would ask of the disk, with its answers. docs/bundle.md specifies it. */
export interface BundleManifest {
  readonly bundle: typeof BUNDLE_FORMAT;
  /** Location of the template that is packaged. A location is a path below the project, with `/`. */
  readonly template: string;
  /** Leads every artifact's ID. */
  readonly prefix: string;
  readonly references: ReferenceMode;
  readonly useJson: boolean;
  readonly zipTemplateDirWhenAbsent: boolean;
  /** What the parameters are that paths may depend on. */
  readonly parameters: readonly BundledParameter[];
  /** The user's own table of properties that name local paths. */
  readonly resources?: BundledText & { readonly name: string };
  /** What is published, by ID: for people, and held against what the template names. */
  readonly artifacts: readonly BundledArtifact[];
  /** Templates and fragments as they were, by location. */
  readonly templates: readonly BundledTemplate[];
  /** What becomes an artifact as it is, by location. */
  readonly sources: readonly BundledSource[];
}

export interface BundledParameter {
  readonly name: string;
  readonly value: string;
}

interface BundledText {
  readonly sha256: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface BundledArtifact {
  readonly id: string;
  readonly location: string;
  readonly kind: 'archive' | 'file' | 'template' | 'fragment';
}

export interface BundledTemplate extends BundledText {
  readonly location: string;
  /** What its paths lead to, by path. */
  readonly paths: readonly BundledPath[];
  /** JSON pointers of the places that are packaged. */
  readonly places: readonly string[];
  /** What others built of the code that places name, and is packaged for it; absent where there is none. */
  readonly built?: readonly BundledBuild[];
}

export interface BundledBuild {
  /** JSON pointer. */
  readonly place: string;
  /** As it stands in the template. */
  readonly path: string;
  /** Of what was built. */
  readonly location: string;
}

export interface BundledPath {
  /** As it stands in the template. */
  readonly path: string;
  readonly location: string;
  readonly is: 'file' | 'folder';
}

export interface BundledSource extends BundledText {
  readonly location: string;
  readonly wanted: SourceRequest['wanted'];
  /** Digest of how it was built of what stands there; absent where that is taken as it is. */
  readonly build?: Digest;
  readonly kind: 'archive' | 'file';
  readonly isFolder: boolean;
  readonly filename: string;
  readonly files: number;
  /** Unpacked. */
  readonly bytes: number;
  /** Of an archive: what it was made from. Nobody can tell whether that is true, so nothing is decided by it. */
  readonly sourceDigest?: Digest;
}

/** Raised when an older version of this program could not publish what is written. */
export const BUNDLE_FORMAT = 1;

/** The same value is the same bytes. */
export function formatManifest(manifest: BundleManifest): string {
  return `${JSON.stringify(manifestOf(manifest), null, 2)}\n`;
}

/**
 * @throws ArtifactError UNSUPPORTED_FORMAT where it is not exactly what `formatManifest` writes of a value that makes sense: so there are no members that somebody else understands, and
 * none twice
 */
export function parseManifest(text: string): BundleManifest {
  const value = parsed(text);
  const { bundle } = value as { readonly bundle?: unknown };
  if (typeof bundle === 'number' && bundle > BUNDLE_FORMAT) {
    throw new ArtifactError('UNSUPPORTED_FORMAT', `the bundle is of format ${bundle}`, {
      remedy: `This version of cfn-artifacts understands format ${BUNDLE_FORMAT}: take a newer one.`,
    });
  }
  const manifest = manifestOf(value);
  if (formatManifest(manifest) !== text) throw wrong('it is not as it would be written');
  return manifest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong('it is no JSON', cause);
  }
}

function wrong(why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('UNSUPPORTED_FORMAT', `the bundle's manifest is damaged: ${why}`, {
    remedy: 'Make the bundle anew.',
    ...(cause !== undefined && { cause }),
  });
}

type Read<T> = (value: unknown, at: string) => T;

function manifestOf(value: unknown): BundleManifest {
  const { bundle, template, prefix, references, useJson, zipTemplateDirWhenAbsent, ...others } = object(value, 'it');
  const { parameters, resources, artifacts, templates, sources } = others;
  return {
    bundle: oneOf([BUNDLE_FORMAT])(bundle, 'bundle'),
    template: text(template, 'template'),
    prefix: matching(isId, 'an ID')(prefix, 'prefix'),
    references: oneOf(['stack', 'grouped', 'none'] as const)(references, 'references'),
    useJson: truth(useJson, 'useJson'),
    zipTemplateDirWhenAbsent: truth(zipTemplateDirWhenAbsent, 'zipTemplateDirWhenAbsent'),
    parameters: sorted(parameterOf, ({ name }) => [name])(parameters, 'parameters'),
    ...(resources !== undefined && { resources: resourcesOf(resources, 'resources') }),
    artifacts: sorted(artifactOf, ({ id }) => [id])(artifacts, 'artifacts'),
    templates: sorted(templateOf, ({ location }) => [location])(templates, 'templates'),
    sources: sorted(sourceOf, keysOf)(sources, 'sources'),
  };
}

const parameterOf: Read<BundledParameter> = (value, at) => {
  const { name, value: own } = object(value, at);
  return { name: text(name, `${at}.name`), value: text(own, `${at}.value`) };
};

const resourcesOf: Read<NonNullable<BundleManifest['resources']>> = (value, at) => {
  const { name } = object(value, at);
  return { name: text(name, `${at}.name`), ...textOf(value, at) };
};

const textOf: Read<BundledText> = (value, at) => {
  const { sha256, size } = object(value, at);
  return { sha256: digest(sha256, `${at}.sha256`), size: count(size, `${at}.size`) };
};

const artifactOf: Read<BundledArtifact> = (value, at) => {
  const { id, location, kind } = object(value, at);
  return {
    id: matching(isId, 'an ID')(id, `${at}.id`),
    location: text(location, `${at}.location`),
    kind: oneOf(['archive', 'file', 'template', 'fragment'] as const)(kind, `${at}.kind`),
  };
};

const templateOf: Read<BundledTemplate> = (value, at) => {
  const { location, paths, places, built } = object(value, at);
  return {
    location: text(location, `${at}.location`),
    ...textOf(value, at),
    paths: sorted(pathOf, ({ path }) => [path])(paths, `${at}.paths`),
    places: sorted(text, (place) => [place])(places, `${at}.places`),
    ...(built !== undefined && { built: sorted(builtOf, ({ place, path }) => [place, path])(built, `${at}.built`) }),
  };
};

const builtOf: Read<BundledBuild> = (value, at) => {
  const { place, path, location } = object(value, at);
  return {
    place: text(place, `${at}.place`),
    path: text(path, `${at}.path`),
    location: text(location, `${at}.location`),
  };
};

const pathOf: Read<BundledPath> = (value, at) => {
  const { path, location, is } = object(value, at);
  return {
    path: text(path, `${at}.path`),
    location: text(location, `${at}.location`),
    is: oneOf(['file', 'folder'] as const)(is, `${at}.is`),
  };
};

const sourceOf: Read<BundledSource> = (value, at) => {
  const { location, wanted, build, kind, isFolder, filename, files, bytes, sourceDigest } = object(value, at);
  const source: BundledSource = {
    location: text(location, `${at}.location`),
    wanted: oneOf(['zip', 'archive-or-file', 'file'] as const)(wanted, `${at}.wanted`),
    ...(build !== undefined && { build: digest(build, `${at}.build`) }),
    kind: oneOf(['archive', 'file'] as const)(kind, `${at}.kind`),
    isFolder: truth(isFolder, `${at}.isFolder`),
    filename: text(filename, `${at}.filename`),
    files: count(files, `${at}.files`),
    bytes: count(bytes, `${at}.bytes`),
    ...textOf(value, at),
    ...(sourceDigest !== undefined && { sourceDigest: digest(sourceDigest, `${at}.sourceDigest`) }),
  };
  if (!isFilename(source)) throw wrong(`'${at}.filename' is no filename`);
  return source;
};

/** It becomes the last part of a key. */
function isFilename({ kind, filename, sha256 }: BundledSource): boolean {
  if (kind === 'archive') return filename === ARCHIVE_FILENAME;
  try {
    blobKey(sha256, filename);
    return !filename.includes('/');
  } catch {
    return false;
  }
}

const object: Read<Readonly<Record<string, unknown>>> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(`${at} is no object`);
  return value as Readonly<Record<string, unknown>>;
};

const text: Read<string> = (value, at) => {
  if (typeof value !== 'string' || !value.isWellFormed()) throw wrong(`'${at}' is no text`);
  return value;
};

const truth: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw wrong(`'${at}' is neither true nor false`);
  return value;
};

const count: Read<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(`'${at}' is no number`);
  return value as number;
};

const digest: Read<Digest> = (value, at) => {
  const own = text(value, at);
  if (!isDigest(own)) throw wrong(`'${at}' is no digest`);
  return own;
};

function matching(isIt: (own: string) => boolean, what: string): Read<string> {
  return (value, at) => {
    const own = text(value, at);
    if (!isIt(own)) throw wrong(`'${at}' is not ${what}`);
    return own;
  };
}

function oneOf<T extends string | number>(words: readonly T[]): Read<T> {
  return (value, at) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw wrong(`'${at}' is not one of ${words.join(', ')}`);
    return word;
  };
}

/** A list in the order of its keys, each once. */
function sorted<T>(read: Read<T>, keyOf: (one: T) => readonly string[]): Read<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(`'${at}' is no list`);
    const all = value.map((one, index) => read(one, `${at}[${index}]`));
    const index = all.findIndex((one, i) => i > 0 && compare(keyOf(all[i - 1] as T), keyOf(one)) >= 0);
    if (index >= 0) throw wrong(`'${at}[${index}]' is there twice, or not where it belongs`);
    return all;
  };
}

/** What a source is found by: no two of a bundle have the same. */
export function keysOf({
  location,
  wanted,
  build = '' as Digest,
}: Pick<BundledSource, 'location' | 'wanted' | 'build'>): readonly string[] {
  return [location, wanted, build];
}

export function buildDigest({ build }: { readonly build?: Build }): Pick<BundledSource, 'build'> {
  return build === undefined ? {} : { build: sha256(keyOf(build)) };
}

/** By the keys, as lists of this module are ordered: by their UTF-16 code units, the same in every locale. */
export function compare(a: readonly string[], b: readonly string[]): number {
  for (const [index, one] of a.entries()) {
    const other = b[index] ?? '';
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
