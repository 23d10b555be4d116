import { readFileSync, statSync } from 'node:fs';
import { ArtifactError, hasCode } from '../../repository/index.ts';
import { locate } from '../archive/locate.ts';
import type { Project } from '../archive/source.ts';
import { shownPath } from '../location.ts';
import { formatPosition } from '../template/place.ts';
import type { Place } from '../template/place.ts';
import type { Unit } from './unit.ts';

/** CloudFormation takes templates up to 1 MB; nothing that is a template is much larger before it is packaged. */
const SIZE_LIMIT = 64 * 1024 * 1024;

/** A template to be read, and where it is named: absent for that which is packaged. */
export interface TemplateFile {
  /** Absolute. */
  readonly file: string;
  readonly kind: Unit['kind'];
  readonly by?: Place;
}

/**
 * The text of a template or fragment. What a template names is found as everything that it names is: no link leads out of the project, and a pipe or
 * device is no file.
 * @throws ArtifactError PATH_NOT_FOUND, PATH_OUTSIDE_PROJECT, PATH_OF_WRONG_KIND, PATH_UNREADABLE; INVALID_TEMPLATE where it is not text
 */
export function readTemplate(template: TemplateFile, project: Project, cwd: string): string {
  const { file, by } = template;
  if (by !== undefined && locate(file, project).kind === 'folder') throw isFolder(template);
  try {
    const stats = statSync(file);
    if (stats.isCharacterDevice() || stats.isBlockDevice()) throw isDevice(template);
    if (stats.size > SIZE_LIMIT) throw tooLarge(template, stats.size);
    const bytes = readFileSync(file);
    return decoded(bytes) ?? fail(notText(template, shownPath(cwd, file), bytes));
  } catch (cause) {
    if (cause instanceof ArtifactError) throw cause;
    throw unreadable(template, cause);
  }
}

function fail(error: Error): never {
  throw error;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function wordFor({ kind, by }: TemplateFile): string {
  return by === undefined ? 'template' : kind === 'fragment' ? 'file to be included' : 'nested template';
}

function isFolder(template: TemplateFile): ArtifactError {
  const what = wordFor(template);
  return new ArtifactError('PATH_OF_WRONG_KIND', `'${template.file}' is a folder, and a ${what} is wanted`, {
    remedy: 'Name the file in it.',
  });
}

/** A template that is found by its name may be a link to one, and some have no end. Who names a pipe is going to write into it. */
function isDevice(template: TemplateFile): ArtifactError {
  const what = wordFor(template);
  return new ArtifactError('PATH_OF_WRONG_KIND', `'${template.file}' is a device, and a ${what} is wanted`, {
    remedy: 'Name a file.',
  });
}

function tooLarge(template: TemplateFile, size: number): ArtifactError {
  const megabytes = Math.ceil(size / (1024 * 1024));
  return new ArtifactError(
    'PATH_OF_WRONG_KIND',
    `'${template.file}' has ${megabytes} MB, too much for a ${wordFor(template)}`,
    { remedy: 'CloudFormation takes templates up to 1 MB: name the right file.' },
  );
}

function notText(template: TemplateFile, shown: string, bytes: Uint8Array): ArtifactError {
  const place = { file: shown, ...firstBadByte(bytes) };
  return new ArtifactError(
    'INVALID_TEMPLATE',
    `${formatPosition(place)}: the ${wordFor(template)} is not text in UTF-8`,
    { remedy: 'Save it in UTF-8.', place },
  );
}

/** Where a text stops being UTF-8. A replacement character that the author wrote before it is taken for it. */
function firstBadByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  const text = new TextDecoder('utf-8').decode(bytes);
  const bad = text.indexOf('\uFFFD');
  const before = text.slice(0, Math.max(bad, 0)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function unreadable(template: TemplateFile, cause: unknown): ArtifactError {
  const { file, by } = template;
  const what = wordFor(template);
  if (hasCode(cause, 'ENOENT', 'ENOTDIR')) {
    const remedy =
      by === undefined
        ? 'Correct the path, which is relative to the working directory.'
        : 'Paths are relative to the template that names them.';
    return new ArtifactError('PATH_NOT_FOUND', `no ${what} at '${file}'`, { remedy, cause });
  }
  if (hasCode(cause, 'EISDIR')) return isFolder(template);
  if (hasCode(cause, 'EACCES', 'EPERM')) {
    return new ArtifactError('PATH_UNREADABLE', `the ${what} '${file}' may not be read`, { cause });
  }
  return new ArtifactError('PATH_UNREADABLE', `the ${what} '${file}' could not be read: ${String(cause)}`, { cause });
}
