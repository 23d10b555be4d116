import path from 'node:path';
import type { Source } from '../archive/source.ts';
import { inputsOf } from '../building/built-source.ts';
import { FailedBundle } from '../building/failed-bundle.ts';
import { CONFIGS, configsAbove } from '../building/tsconfig.ts';
import type { Files, OpenRequest } from '../packaging/files.ts';
import { FilesBehind } from '../packaging/files.ts';
import type { TemplateFile } from '../packaging/template-file.ts';
import type { Interest } from './interest.ts';

/** What is looked for around modules, and in the folders above. */
const LOOKED_FOR = ['node_modules', 'package.json', ...CONFIGS];

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
    if (request.build === undefined) {
      this.#trees.add(request.path);
      return super.open(request);
    }
    this.#sources.add(request.path);
    this.#lookAround(request.path);
    try {
      const source = await super.open(request);
      const inputs = inputsOf(source);
      this.#lookAt(
        inputs,
        inputs.filter((file) => !file.split(path.sep).includes('node_modules')),
      );
      return source;
    } catch (error) {
      if (error instanceof FailedBundle) {
        const files = await error.lookedAt();
        this.#lookAt(files, files);
      }
      throw error;
    }
  }

  /**
   * What a build read or missed, and what would have another read.
   * @param searched those around which something else may come: what is installed comes as a whole
   */
  #lookAt(files: readonly string[], searched: readonly string[]): void {
    const configs = configsAbove(files.filter((file) => file.endsWith('.json')));
    for (const file of [...files, ...configs.lookedAt]) this.#read.add(file);
    for (const folder of new Set(searched.map((file) => path.dirname(file)))) this.#lookAround(folder);
  }

  #lookAround(around: string): void {
    for (let folder = around; ; folder = path.dirname(folder)) {
      for (const name of LOOKED_FOR) this.#read.add(path.join(folder, name));
      if (folder === this.#root || folder === path.dirname(folder)) return;
    }
  }
}
