import path from 'node:path';
import type { Source } from '../archive/source.ts';
import { inputsOf } from '../building/built-source.ts';
import type { Files, OpenRequest } from '../packaging/files.ts';
import { FilesBehind } from '../packaging/files.ts';
import type { TemplateFile } from '../packaging/template-file.ts';
import type { Interest } from './interest.ts';

/** What a package is looked for by, in the folder of the code and in those above it. */
const LOOKED_FOR = ['node_modules', 'package.json', 'tsconfig.json', 'jsconfig.json'];

/** Passes on what a run asks, and remembers what it was about, whatever came of it. */
export class TrackedFiles extends FilesBehind {
  readonly #root: string;
  readonly #read = new Set<string>();
  readonly #trees = new Set<string>();
  readonly #sources = new Set<string>();

  /** @param root of the project: above it nothing is looked for */
  constructor(files: Files, root: string) {
    super(files);
    this.#root = root;
  }

  get interest(): Interest {
    return { files: this.#read, trees: this.#trees, sources: this.#sources };
  }

  override exists(file: string): false | 'file' | 'folder' {
    this.#read.add(file);
    return super.exists(file);
  }

  override readTemplate(template: TemplateFile): string {
    this.#read.add(template.file);
    return super.readTemplate(template);
  }

  override async open(request: OpenRequest): Promise<Source> {
    if (request.build === undefined) this.#trees.add(request.path);
    else this.#lookAround(request.path);
    const source = await super.open(request);
    for (const input of inputsOf(source)) this.#read.add(input);
    return source;
  }

  /** A build that fails does not tell what it looked for. */
  #lookAround(code: string): void {
    this.#sources.add(code);
    for (let folder = code; ; folder = path.dirname(folder)) {
      for (const name of LOOKED_FOR) this.#read.add(path.join(folder, name));
      if (folder === this.#root || folder === path.dirname(folder)) return;
    }
  }
}
