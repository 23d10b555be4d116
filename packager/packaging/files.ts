import { statSync } from 'node:fs';
import path from 'node:path';
import type { Archiver, Project, Source, SourceRequest } from '../archive/source.ts';
import { openSource } from '../archive/source.ts';
import type { BuildAnswer, BuildQuestion } from '../building/sam-build.ts';
import type { Builder } from '../building/builder.ts';
import { openBuilt } from '../building/built-source.ts';
import { locationOf, realPath } from '../location.ts';
import type { Build } from '../template/build.ts';
import type { TemplateFile } from './template-file.ts';
import { readTemplate } from './template-file.ts';

/** What is wanted of a path: itself, or what a build makes of it. */
export interface OpenRequest extends SourceRequest {
  readonly build?: Build;
}

/**
 * Where templates and what they name are read from: the disk, or a bundle. A file is called by an absolute path, which only what made it takes for one: in a bundle nothing stands there.
 */
export interface Files {
  /** What a path in a template or fragment leads to. @param from the template or fragment */
  resolve(from: string, local: string): string;
  exists(file: string): false | 'file' | 'folder';
  /** The path below the project, with `/`, the same on every machine. */
  locationOf(file: string): string;
  /** The same for one file, however it was reached. */
  realOf(file: string): string;
  /** @throws as `readTemplate` of template-file.ts */
  readTemplate(template: TemplateFile): string;
  /** @throws as `openSource` of archive/source.ts, and as `Builder.build` of building/builder.ts */
  open(request: OpenRequest): Promise<Source>;
  /** Whether a place that was found is packaged. @param pointer of the place, in that file */
  takes(file: string, pointer: string): boolean;
  /** What is packaged in the place of code that a template names. Absent: the code as it is. */
  built?(question: BuildQuestion): Promise<BuildAnswer>;
}

/** Passes on all that is asked. Who notes what a run asks for extends it. */
export class FilesBehind implements Files {
  protected readonly files: Files;

  constructor(files: Files) {
    this.files = files;
  }

  resolve(from: string, local: string): string {
    return this.files.resolve(from, local);
  }

  exists(file: string): false | 'file' | 'folder' {
    return this.files.exists(file);
  }

  locationOf(file: string): string {
    return this.files.locationOf(file);
  }

  realOf(file: string): string {
    return this.files.realOf(file);
  }

  readTemplate(template: TemplateFile): string {
    return this.files.readTemplate(template);
  }

  open(request: OpenRequest): Promise<Source> {
    return this.files.open(request);
  }

  takes(file: string, pointer: string): boolean {
    return this.files.takes(file, pointer);
  }

  async built(question: BuildQuestion): Promise<BuildAnswer> {
    return (await this.files.built?.(question)) ?? { code: question.code, warnings: [] };
  }
}

/**
 * @param cwd what people see is relative to this
 * @param builder makes what functions want to be made of their code
 * @param builds where what others built of it is found
 */
export function diskFiles(
  project: Project,
  archiver: Archiver,
  cwd: string,
  builder: Builder,
  builds?: { readonly find: (question: BuildQuestion) => Promise<BuildAnswer> },
): Files {
  return {
    resolve: (from, local) => path.resolve(path.dirname(from), local),
    exists: existsAt,
    locationOf: (file) => locationOf(project.root, file),
    realOf: realPath,
    readTemplate: (template) => readTemplate(template, project, cwd),
    open: ({ build, ...request }) =>
      build === undefined
        ? openSource(request, project, archiver)
        : openBuilt(request, build, builder, project, archiver),
    takes: () => true,
    ...(builds !== undefined && { built: (question) => builds.find(question) }),
  };
}

function existsAt(file: string): false | 'file' | 'folder' {
  try {
    return statSync(file).isDirectory() ? 'folder' : 'file';
  } catch {
    return false;
  }
}
