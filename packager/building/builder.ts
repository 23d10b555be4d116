import { availableParallelism } from 'node:os';
import { ArtifactError } from '../../repository/error.ts';
import { locate } from '../archive/locate.ts';
import type { Project } from '../archive/source.ts';
import type { Reporter, Warning } from '../event.ts';
import { locationOf } from '../location.ts';
import type { Build } from '../template/build.ts';
import { builtLocation, keyOf } from '../template/build.ts';
import { BuiltFolders } from './built-folders.ts';
import type { BuiltFile } from './bundler.ts';
import { bundle, bundlerVersion } from './bundler.ts';
import { BuildMemory } from './memory.ts';
import { Slots } from './slots.ts';
import { isUnchanged, survey } from './survey.ts';

export interface BuilderOptions {
  readonly project: Project;
  /** What people see is relative to this. */
  readonly cwd: string;
  /** Folder for what is built; made when it is needed. */
  readonly scratch: string;
  /** Where builds are remembered between runs; absent: nowhere. */
  readonly cache?: string | undefined;
  /** What is bundled is not remembered: the run is to leave nothing behind. */
  readonly leavesNothing?: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A folder that holds what was built. */
export interface Built {
  /** Absolute. Gone when the builder is closed. */
  readonly folder: string;
  readonly warnings: readonly Warning[];
  /** What was read for it. Absolute. */
  readonly inputs: readonly string[];
}

interface Result {
  readonly files: readonly BuiltFile[];
  readonly warnings: readonly Warning[];
  readonly inputs: readonly string[];
}

/** Builds what functions want to be made of, each build once a run, and none of which nothing has changed since it was last made. */
export class Builder {
  readonly #options: BuilderOptions;
  readonly #folders: BuiltFolders;
  readonly #memory: BuildMemory;
  /** Each holds the modules of a bundle in memory. */
  readonly #slots = new Slots(availableParallelism());
  readonly #built = new Map<string, Promise<Built>>();

  /** Starts nothing: esbuild is loaded when the first build is asked for. To be closed by whoever made it. */
  constructor(options: BuilderOptions) {
    const { scratch, cache, leavesNothing = false } = options;
    this.#options = options;
    this.#folders = new BuiltFolders(scratch);
    this.#memory = new BuildMemory(cache, !leavesNothing);
  }

  /**
   * @param code the folder that the template names. Absolute
   * @throws what `bundle` throws; ArtifactError PATH_NOT_FOUND, PATH_OF_WRONG_KIND, PATH_OUTSIDE_PROJECT of the folder itself, OUTPUT_FAILED
   */
  build(code: string, build: Build): Promise<Built> {
    const key = JSON.stringify([code, keyOf(build)]);
    const before = this.#built.get(key);
    if (before !== undefined) return before;
    const building = this.#slots.in(() => this.#build(code, build));
    this.#built.set(key, building);
    return building;
  }

  close(): void {
    this.#folders.close();
  }

  async #build(code: string, build: Build): Promise<Built> {
    const { project, reporter, signal } = this.#options;
    signal.throwIfAborted();
    const { kind, real } = locate(code, project);
    if (kind === 'file') {
      throw new ArtifactError('PATH_OF_WRONG_KIND', `'${code}' is a file, and esbuild bundles what is in a folder`, {
        remedy: 'Name the folder, and the file in Handler or under EntryPoints.',
      });
    }
    const { root, followExternalSymlinks } = project;
    const around = [real, root, followExternalSymlinks, this.#options.cwd];
    const key = JSON.stringify([await bundlerVersion(), ...around, keyOf(build)]);
    const remembered = this.#recall(key);
    const { files, warnings, inputs } = remembered ?? (await this.#bundle(real, build, key));
    reporter({
      kind: 'built',
      subject: builtLocation(locationOf(project.root, code), build),
      outcome: remembered === undefined ? 'bundled' : 'remembered',
      size: files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    });
    return { folder: this.#folders.write(files), warnings, inputs };
  }

  #recall(key: string): Result | undefined {
    const found = this.#memory.recall(key);
    if (found === undefined || !isUnchanged(found.survey)) return undefined;
    return { ...found, inputs: Object.keys(found.survey.files) };
  }

  async #bundle(folder: string, build: Build, key: string): Promise<Result> {
    const { project, cwd } = this.#options;
    const startedAt = Date.now();
    const { files, warnings, inputs, asked } = await bundle({ folder, build, project, cwd });
    this.#memory.remember(key, () => {
      const seen = survey({ inputs, asked, folder, options: build.options, startedAt });
      return seen && { survey: seen, files, warnings };
    });
    return { files, warnings, inputs };
  }
}
