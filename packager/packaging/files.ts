import { statSync } from 'node:fs';
import path from 'node:path';
import type { Archiver, Project, Source, SourceRequest } from '../archive/source.ts';
import { openSource } from '../archive/source.ts';
import { locationOf, realPath } from './location.ts';
import type { TemplateFile } from './template-file.ts';
import { readTemplate } from './template-file.ts';

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
  /** @throws as `openSource` of archive/source.ts */
  open(request: SourceRequest): Promise<Source>;
  /** Whether a place that was found is packaged. @param pointer of the place, in that file */
  takes(file: string, pointer: string): boolean;
}

/** @param cwd what people see is relative to this */
export function diskFiles(project: Project, archiver: Archiver, cwd: string): Files {
  return {
    resolve: (from, local) => path.resolve(path.dirname(from), local),
    exists: existsAt,
    locationOf: (file) => locationOf(project.root, file),
    realOf: realPath,
    readTemplate: (template) => readTemplate(template, project, cwd),
    open: (request) => openSource(request, project, archiver),
    takes: () => true,
  };
}

function existsAt(file: string): false | 'file' | 'folder' {
  try {
    return statSync(file).isDirectory() ? 'folder' : 'file';
  } catch {
    return false;
  }
}
