import { statSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../../repository/content.ts';
import type { Digest } from '../../repository/digest.ts';
import { ArtifactError, ArtifactErrors, refuse } from '../../repository/error.ts';
import { ARCHIVE_FILENAME } from '../../repository/keys.ts';
import type { Publishable } from '../../repository/publishable.ts';
import type { Warning } from '../event.ts';
import { isFolder } from '../folders.ts';
import type { ArchiveFile } from './layout.ts';
import type { Archiver } from './archiver.ts';
import { copyContent, digestAt } from './contents.ts';
import type { Contents } from './contents.ts';
import { changed, readRange, stateOf } from './file.ts';
import { countOf, listingOf, sizeOf } from './file-list.ts';
import { hazardWarnings, listed } from './hazards.ts';
import type { Located } from './locate.ts';
import { locate } from './locate.ts';
import { ownOutputWarnings } from './own-output.ts';
import { errorOf } from './problem.ts';
import { sourceDigest } from './source-digest.ts';
import type { Sight } from './tree-memory.ts';
import type { Tree, TreeFile } from './tree.ts';
import { isExecutable } from './tree.ts';
import { isZip } from './zip-file.ts';

export type { Archiver } from './archiver.ts';
export { createArchiver } from './archiver.ts';
export { findProjectRoot } from './project-root.ts';

/** Made once a run. */
export interface Project {
  /** Absolute, links resolved: links may lead anywhere below it. */
  readonly root: string;
  /** Patterns in the syntax of .gitignore, relative to each packaged folder. */
  readonly exclude: readonly string[];
  readonly followExternalSymlinks: boolean;
  /**
   * What the run itself writes: its outputs and the folder of its domain, absolute paths that need not exist. They are in no archive, and neither is
   * any other domain in a directory; a warning of the source says so.
   */
  readonly leaveOut: readonly string[];
}

export interface SourceRequest {
  /** Absolute. */
  readonly path: string;
  /**
   * - `zip`: a folder becomes an archive, a zip is taken as it is, another file becomes the only entry of an archive.
   * - `archive-or-file`: a folder becomes an archive, a file is taken as it is.
   * - `file`: a file as it is.
   */
  readonly wanted: 'zip' | 'archive-or-file' | 'file';
}

/** A file or folder that was walked and hashed. Nothing is compressed before it is opened. */
export interface Source extends Publishable {
  readonly kind: 'archive' | 'file';
  /** What stands at the path is a folder. */
  readonly isFolder: boolean;
  readonly path: string;
  readonly files: number;
  /** Unpacked. */
  readonly bytes: number;
  readonly warnings: readonly Warning[];
}

/**
 * Walks and hashes what stands at a path.
 * @throws ArtifactErrors with every problem of that path: PATH_NOT_FOUND, PATH_UNREADABLE, PATH_OF_WRONG_KIND, PATH_OUTSIDE_PROJECT, SOURCE_CHANGED;
 * ArtifactError INTERRUPTED
 */
export async function openSource(request: SourceRequest, project: Project, archiver: Archiver): Promise<Source> {
  try {
    const located = locate(request.path, project);
    if (located.kind === 'folder') return await folderSource(request, located, project, archiver);
    return await fileSource(request, located, archiver);
  } catch (error) {
    if (!(error instanceof ArtifactError) || error instanceof ArtifactErrors || error.code === 'INTERRUPTED')
      throw error;
    throw new ArtifactErrors([error]);
  }
}

async function folderSource(
  request: SourceRequest,
  { real }: Located,
  { root, exclude, followExternalSymlinks, leaveOut }: Project,
  archiver: Archiver,
): Promise<Source> {
  if (request.wanted === 'file') {
    throw new ArtifactError('PATH_OF_WRONG_KIND', `'${request.path}' is a folder where a file is wanted`, {
      remedy: 'Name a file.',
    });
  }
  const boundary = { project: root, packaged: real, followExternalSymlinks };
  const sight = archiver.memory.sight('folder', real);
  const tree = await archiver.walk({ folder: request.path, boundary, exclude, leaveOut }, sight);
  if (countOf(tree.listing) === 0 && tree.problems.length === 0) throw emptyTree(request.path, tree);
  return archiveSource(request.path, true, tree, sight, archiver);
}

function emptyTree(folder: string, { ignored, ownOutput }: Tree): ArtifactError {
  if (ownOutput.length > 0) {
    if (ownOutput.includes('.')) {
      return new ArtifactError('PATH_OF_WRONG_KIND', `'${folder}' is the folder of a domain`, {
        remedy: 'Correct the path. To package a part of a domain all the same, copy it elsewhere.',
      });
    }
    const isDomainAlone = ownOutput.every((name) => isFolder(path.join(folder, name)));
    return new ArtifactError(
      'PATH_OF_WRONG_KIND',
      isDomainAlone
        ? `'${folder}' has no files in it but those of a domain: ${listed(ownOutput)}`
        : `'${folder}' has no files in it but what this run is to write: ${listed(ownOutput)}`,
      {
        remedy: isDomainAlone
          ? 'Correct the path. To package a part of a domain all the same, copy it elsewhere.'
          : 'Correct the path, or write elsewhere.',
      },
    );
  }
  return ignored === 0
    ? new ArtifactError('PATH_OF_WRONG_KIND', `'${folder}' has no files in it`, {
        remedy: 'Build what belongs there first, or correct the path.',
      })
    : new ArtifactError('PATH_OF_WRONG_KIND', `'${folder}' has no files in it but those that are ignored`, {
        remedy: 'Look at .artifactignore and --exclude.',
      });
}

async function fileSource(request: SourceRequest, { real }: Located, archiver: Archiver): Promise<Source> {
  const sight = archiver.memory.sight('file', real);
  // Once more, behind the look at the clock.
  const stats = statSync(real);
  const file = stateOf(real, stats);
  const name = path.basename(request.path);
  const tree = treeOfOne({ name, file, executable: isExecutable(stats) });
  if (request.wanted === 'zip' && !isZip(file)) return archiveSource(request.path, false, tree, sight, archiver);
  const { contents, isRecalled } = await known(tree, request.path, sight, archiver);
  const sha256 = digestAt(contents, 0);
  const proven = (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    measured(bytes, (found) => {
      if (found === sha256) return;
      archiver.memory.forget(sight);
      throw changed(real);
    });
  return {
    ...{ kind: 'file', isFolder: false, path: request.path, files: 1, bytes: file.size, warnings: [], filename: name },
    open: () =>
      Promise.resolve({
        ...{ size: file.size, sha256 },
        read: (start = 0, end = file.size) => {
          const bytes = readRange(file, start, end);
          return isRecalled && end - start === file.size ? proven(bytes) : bytes;
        },
        close: () => Promise.resolve(),
      }),
  };
}

function treeOfOne(file: TreeFile): Tree {
  const files = [file];
  return { listing: listingOf(files), files, gitFolders: [], ignored: 0, ownOutput: [], problems: [] };
}

async function archiveSource(
  folder: string,
  isFolder: boolean,
  tree: Tree,
  sight: Sight,
  archiver: Archiver,
): Promise<Source> {
  const { listing } = tree;
  const { contents, sourceDigest: digest, isRecalled } = await known(tree, folder, sight, archiver);
  return {
    ...{ kind: 'archive', isFolder, path: folder, filename: ARCHIVE_FILENAME, sourceDigest: digest },
    files: countOf(listing),
    bytes: sizeOf(listing),
    warnings: [...hazardWarnings(folder, tree, contents), ...ownOutputWarnings(folder, tree.ownOutput)],
    expected: () => archiver.memory.archiveOf(digest),
    open: async () => {
      try {
        const content = await archiver.archive(archiveFiles(tree.files, contents), folder);
        archiver.memory.rememberArchive(digest, content);
        return content;
      } catch (error) {
        // Perhaps it is not what it was taken for.
        if (isRecalled) archiver.memory.forget(sight);
        throw error;
      }
    },
  };
}

/** What the files of a tree contain: what is known from earlier runs is not read. @throws ArtifactErrors with all problems of the tree */
async function known(
  tree: Tree,
  subject: string,
  sight: Sight,
  archiver: Archiver,
): Promise<{ readonly contents: Contents; readonly sourceDigest: Digest; readonly isRecalled: boolean }> {
  const { memory } = archiver;
  const { listing, problems } = tree;
  const { contents, missing, sourceDigest: recalled } = memory.recall(sight, listing);
  const isRecalled = missing.length < countOf(listing);
  if (recalled !== undefined && problems.length === 0) return { contents, sourceDigest: recalled, isRecalled };
  const { files } = tree;
  const found = await archiver.measure(
    missing.flatMap((i) => files[i]?.file ?? []),
    subject,
  );
  refuse([...problems, ...found.problems.map(({ problem }) => errorOf(problem))]);
  for (const [j, i] of missing.entries()) copyContent(contents, i, found, j);
  const digest = sourceDigest(files, contents);
  memory.remember(sight, listing, contents, digest);
  return { contents, sourceDigest: digest, isRecalled };
}

function archiveFiles(files: readonly TreeFile[], contents: Contents): readonly ArchiveFile[] {
  return files.map(({ name, file, executable }, i) => {
    return { name, file, executable, sha256: digestAt(contents, i), crc32: contents.crc32[i] ?? 0 };
  });
}
