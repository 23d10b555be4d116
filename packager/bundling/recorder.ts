import type { Digest, OpenContent } from '../../repository/index.ts';
import { sha256 } from '../../repository/index.ts';
import type { Source } from '../archive/source.ts';
import type { BuildAnswer, BuildQuestion } from '../building/sam-build.ts';
import type { OpenRequest } from '../packaging/files.ts';
import { FilesBehind } from '../packaging/files.ts';
import type { TemplateFile } from '../packaging/template-file.ts';
import { keyOf } from '../template/build.ts';
import type { BundledBuild, BundledPath, BundledSource, BundledTemplate } from './manifest.ts';
import { buildDigest, compare, keysOf } from './manifest.ts';

/** The answers that a run was given, and the content that it opened. */
export interface Recording {
  readonly templates: readonly BundledTemplate[];
  readonly sources: readonly BundledSource[];
  /** By digest. */
  readonly texts: ReadonlyMap<Digest, Buffer>;
  readonly blobs: ReadonlyMap<Digest, OpenContent>;
}

interface RecordedTemplate {
  text: string;
  readonly paths: Map<string, BundledPath>;
  readonly places: Set<string>;
  readonly built: Map<string, BundledBuild>;
}

/** Passes on what a run asks, and keeps the answers. What was opened stays open until `close`, so that it can be written when all is known. */
export class Recorder extends FilesBehind {
  readonly #templates = new Map<string, RecordedTemplate>();
  readonly #sources = new Map<string, { readonly request: OpenRequest; readonly source: Source }>();
  readonly #blobs = new Map<Digest, OpenContent>();
  /** By what was opened: of equal trees one. */
  readonly #opened = new Map<string, Promise<OpenContent>>();

  override resolve(from: string, local: string): string {
    const file = this.files.resolve(from, local);
    const is = this.files.exists(file);
    // Of what is not there nobody asks again, and a path that leads nowhere is another on every machine.
    if (is !== false) {
      this.#template(from).paths.set(local, { path: local, location: this.files.locationOf(file), is });
    }
    return file;
  }

  override readTemplate(template: TemplateFile): string {
    const text = this.files.readTemplate(template);
    this.#template(template.file).text = text;
    return text;
  }

  override async open(request: OpenRequest): Promise<Source> {
    const source = await this.files.open(request);
    const key = this.#keyOf(request);
    this.#sources.set(key, { request, source });
    return { ...source, open: () => this.#open(source.sourceDigest ?? key, source) };
  }

  override takes(file: string, pointer: string): boolean {
    const isTaken = this.files.takes(file, pointer);
    if (isTaken) this.#template(file).places.add(pointer);
    return isTaken;
  }

  override async built(question: BuildQuestion): Promise<BuildAnswer> {
    const { code, templateFile, place, target } = question;
    const answer = await super.built(question);
    if (answer.code !== code && target.target.kind === 'path') {
      const { path } = target.target;
      const location = this.files.locationOf(answer.code);
      this.#template(templateFile).built.set(JSON.stringify([place.pointer, path]), {
        ...{ place: place.pointer, path, location },
      });
    }
    return answer;
  }

  /** Opens what the run had no need to open, and tells everything. */
  async recording(): Promise<Recording> {
    const sources: BundledSource[] = [];
    for (const [key, { request, source }] of this.#sources) {
      const { size, sha256: digest } = await this.#open(source.sourceDigest ?? key, source);
      const { kind, isFolder, filename, files, bytes, sourceDigest } = source;
      sources.push({
        ...{ location: this.files.locationOf(request.path), wanted: request.wanted },
        ...buildDigest(request),
        ...{ kind, isFolder, filename, files, bytes, sha256: digest, size },
        ...(sourceDigest !== undefined && { sourceDigest }),
      });
    }
    const texts = new Map<Digest, Buffer>();
    const templates = [...this.#templates].map(([location, { text, paths, places, built }]) => {
      const bytes = Buffer.from(text);
      const digest = sha256(bytes);
      texts.set(digest, bytes);
      return {
        ...{ location, sha256: digest, size: bytes.byteLength },
        paths: [...paths.values()].sort((a, b) => compare([a.path], [b.path])),
        places: [...places].sort(),
        ...(built.size > 0 && {
          built: [...built.values()].sort((a, b) => compare([a.place, a.path], [b.place, b.path])),
        }),
      };
    });
    return {
      templates: templates.sort((a, b) => compare([a.location], [b.location])),
      sources: sources.sort((a, b) => compare(keysOf(a), keysOf(b))),
      texts,
      blobs: this.#blobs,
    };
  }

  async close(): Promise<void> {
    for (const content of this.#blobs.values()) await content.close();
    this.#blobs.clear();
  }

  #keyOf({ path, wanted, build }: OpenRequest): string {
    return JSON.stringify([this.files.locationOf(path), wanted, build === undefined ? '' : keyOf(build)]);
  }

  #template(file: string): RecordedTemplate {
    const location = this.files.locationOf(file);
    const before = this.#templates.get(location);
    if (before !== undefined) return before;
    const template = {
      text: '',
      paths: new Map<string, BundledPath>(),
      places: new Set<string>(),
      built: new Map<string, BundledBuild>(),
    };
    this.#templates.set(location, template);
    return template;
  }

  #open(key: string, source: Source): Promise<OpenContent> {
    const opening = this.#opened.get(key) ?? this.#hold(source);
    this.#opened.set(key, opening);
    return opening;
  }

  /** Whoever is done with it closes it for itself alone. */
  async #hold(source: Source): Promise<OpenContent> {
    const content = await source.open();
    const held = this.#blobs.get(content.sha256);
    if (held === undefined) this.#blobs.set(content.sha256, content);
    else await content.close();
    const { size, sha256: digest } = content;
    return {
      ...{ size, sha256: digest },
      read: (start, end) => (held ?? content).read(start, end),
      close: () => Promise.resolve(),
    };
  }
}
