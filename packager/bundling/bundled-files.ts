import path from 'node:path';
import { ArtifactError } from '../../repository/index.ts';
import type { Digest, OpenContent } from '../../repository/index.ts';
import type { Source } from '../archive/source.ts';
import type { BuildAnswer, BuildQuestion } from '../building/sam-build.ts';
import { printable } from '../printable.ts';
import type { Files, OpenRequest } from '../packaging/files.ts';
import type { TemplateFile } from '../packaging/template-file.ts';
import type { BundledSource, BundleManifest } from './manifest.ts';
import { buildDigest, keysOf } from './manifest.ts';

interface Template {
  readonly text: string;
  /** Locations, by path. */
  readonly paths: ReadonlyMap<string, string>;
  readonly places: ReadonlySet<string>;
  /** Locations, by place and path. */
  readonly built: ReadonlyMap<string, string>;
}

/** What stands in a bundle, which was verified. */
export interface Contents {
  /** Templates and fragments in UTF-8. */
  readonly textOf: (digest: Digest) => string;
  readonly blobOf: (digest: Digest) => OpenContent;
}

/**
 * What a run asks of the disk, answered from a bundle as the disk answered when it was made. A file is called by its location below the bundle, as if that were a folder: so people are
 * shown where something stands. Nothing on the disk is looked at.
 */
export class BundledFiles implements Files {
  readonly #root: string;
  readonly #contents: Contents;
  readonly #template: string;
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #sources: ReadonlyMap<string, BundledSource>;
  /** Of every location to which some path leads. */
  readonly #kinds: ReadonlyMap<string, 'file' | 'folder'>;
  readonly #read = new Set<string>();
  readonly #opened = new Set<string>();

  /** @param file the bundle, absolute */
  constructor(file: string, { template, templates, sources }: BundleManifest, contents: Contents) {
    this.#root = `${file}${path.sep}`;
    this.#contents = contents;
    this.#template = template;
    this.#templates = new Map(
      templates.map(({ location, sha256, paths, places, built = [] }) => [
        location,
        {
          text: contents.textOf(sha256),
          paths: new Map(paths.map((one) => [one.path, one.location])),
          places: new Set(places),
          built: new Map(built.map((one) => [JSON.stringify([one.place, one.path]), one.location])),
        },
      ]),
    );
    this.#sources = new Map(sources.map((source) => [keyOf(source), source]));
    this.#kinds = new Map(
      templates.flatMap(({ paths, built = [] }) => [
        ...built.map(({ location }) => [location, 'folder'] as const),
        ...paths.map(({ location, is }) => [location, is] as const),
      ]),
    );
  }

  /** What a location is called. */
  fileOf(location: string): string {
    return this.#root + location;
  }

  resolve(from: string, local: string): string {
    const folder = path.posix.dirname(this.locationOf(from));
    // Where it leads nowhere, it is still called something.
    return this.fileOf(this.#templates.get(this.locationOf(from))?.paths.get(local) ?? path.posix.join(folder, local));
  }

  exists(file: string): false | 'file' | 'folder' {
    return this.#kinds.get(this.locationOf(file)) ?? false;
  }

  locationOf(file: string): string {
    return file.slice(this.#root.length);
  }

  realOf(file: string): string {
    return file;
  }

  readTemplate({ file }: TemplateFile): string {
    const location = this.locationOf(file);
    const template = this.#templates.get(location);
    if (template === undefined || !(location === this.#template || this.#kinds.has(location))) throw missing(location);
    this.#read.add(location);
    return template.text;
  }

  /** Of where its content comes from nothing is told: that could not be verified, and a domain remembers it for everybody. */
  open({ path: file, wanted, ...others }: OpenRequest): Promise<Source> {
    const location = this.locationOf(file);
    const key = keyOf({ location, wanted, ...buildDigest(others) });
    const source = this.#sources.get(key);
    if (source === undefined || !this.#kinds.has(location)) return Promise.reject(missing(location));
    this.#opened.add(key);
    const { kind, isFolder, filename, files, bytes, sha256 } = source;
    return Promise.resolve({
      ...{ path: file, kind, isFolder, filename, files, bytes, warnings: [] },
      open: () => Promise.resolve(this.#contents.blobOf(sha256)),
    });
  }

  takes(file: string, pointer: string): boolean {
    return this.#templates.get(this.locationOf(file))?.places.has(pointer) === true;
  }

  built({ code, templateFile, place, target }: BuildQuestion): Promise<BuildAnswer> {
    const path = target.target.kind === 'path' ? target.target.path : '';
    const built = this.#templates.get(this.locationOf(templateFile))?.built.get(JSON.stringify([place.pointer, path]));
    return Promise.resolve({ code: built === undefined ? code : this.fileOf(built), warnings: [] });
  }

  /** Locations of what nobody has asked for. */
  unused(): readonly string[] {
    const templates = [...this.#templates.keys()].filter((location) => !this.#read.has(location));
    const sources = [...this.#sources].filter(([key]) => !this.#opened.has(key)).map(([, { location }]) => location);
    return [...templates, ...sources];
  }
}

function keyOf(source: Pick<BundledSource, 'location' | 'wanted' | 'build'>): string {
  return JSON.stringify(keysOf(source));
}

function missing(location: string): ArtifactError {
  return new ArtifactError('CONTENT_MISSING', `the bundle has nothing for '${printable(location)}'`, {
    remedy: 'Make the bundle anew.',
  });
}
