import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ArtifactError, hasCode } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { Digest, OpenContent } from '../../repository/index.ts';
import { CHUNK_SIZE } from '../archive/file.ts';
import { printable } from '../printable.ts';
import { load } from '../packaging/load.ts';
import type { Unit } from '../packaging/unit.ts';
import { propertyTable } from '../template/properties/table.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import { loadProperties } from '../template/properties/user-table.ts';
import { BundledFiles } from './bundled-files.ts';
import type { Listed } from './listing.ts';
import { listingOf, plainListing } from './listing.ts';
import type { BundleManifest } from './manifest.ts';
import { parseManifest } from './manifest.ts';
import type { LaidMember, Layout } from './members.ts';
import { blobName, digestIn, isRead, MANIFEST, NoBundle, readLayout, textName } from './members.ts';

/** A bundle of which everything was verified. To be closed by whoever opened it. */
export interface Bundle {
  /** Of the whole file. */
  readonly sha256: Digest;
  /** Bytes. */
  readonly size: number;
  readonly manifest: BundleManifest;
  readonly files: BundledFiles;
  readonly table: PropertyTable;
  /** The template, with everything that it names. */
  readonly root: Unit;
  readonly listing: readonly Listed[];
  readonly close: () => Promise<void>;
}

/** Never waits, not even where a pipe stands. */
const READ = constants.O_RDONLY | ((constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0);

/**
 * Opens a bundle, which may be anybody's: reads all of it once, holds every byte against what the directory and the names promise, and finds in the templates what the manifest says of
 * them. Nothing is unpacked, and no name in it is a path of this machine.
 * @param file absolute
 * @param given as the person wrote it
 * @throws ArtifactErrors PATH_NOT_FOUND, PATH_UNREADABLE, PATH_OF_WRONG_KIND; UNSUPPORTED_FORMAT, DIGEST_MISMATCH, CONTENT_MISSING with all that is wrong
 */
export async function openBundle(
  file: string,
  given: string,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<Bundle> {
  const handle = await opened(file, given);
  try {
    const { size } = await handle.stat();
    const layout = await readLayout((from, length) => readAt(handle, from, length), size);
    const { sha256, texts } = await verify(handle, layout, given, signal);
    const understood = await understand({ file, given, cwd, signal }, contentsOf(handle, layout), texts);
    return { sha256, size, ...understood, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error instanceof NoBundle ? notABundle(given, error.message) : error;
  }
}

/** Whether a file has the form of a bundle, so that another may take its place. What is in it is not looked at. */
export async function isBundle(file: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    const { size } = await (handle = await open(file, READ)).stat();
    const own = handle;
    await readLayout((from, length) => readAt(own, from, length), size);
    return true;
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

async function opened(file: string, given: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, READ);
    if (!(await handle.stat()).isFile()) throw new ArtifactError('PATH_OF_WRONG_KIND', `'${given}' is no file`);
    return handle;
  } catch (cause) {
    await handle?.close();
    if (cause instanceof ArtifactError) throw cause;
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) {
      throw new ArtifactError('PATH_NOT_FOUND', `no bundle at '${given}'`, {
        remedy: "Make one with 'cfn-artifacts bundle create', or correct the path.",
        cause,
      });
    }
    throw new ArtifactError('PATH_UNREADABLE', `the bundle '${given}' could not be read`, { cause });
  }
}

function notABundle(given: string, why: string): ArtifactError {
  return new ArtifactError('UNSUPPORTED_FORMAT', `'${given}' ${why}`, {
    remedy: "Make it anew with 'cfn-artifacts bundle create', or fetch it again.",
  });
}

/** As many bytes as there are from there on, up to so many. */
async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, length));
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

interface Verified {
  readonly sha256: Digest;
  /** What is read into memory, by the names of members. */
  readonly texts: ReadonlyMap<string, Buffer>;
}

/** Reads all bytes once, from the first to the last. */
async function verify(handle: FileHandle, layout: Layout, given: string, signal: AbortSignal): Promise<Verified> {
  const { members, directory } = layout;
  const texts = new Map<string, Buffer>();
  const problems: ArtifactError[] = [];
  const whole = createHash('sha256');
  for (const member of members) {
    const { name, header, start, size } = member;
    if (!(await readAt(handle, start - header.byteLength, header.byteLength)).equals(header)) {
      throw new NoBundle(`is damaged, or was not written by this program: what stands before '${name}' does not fit`);
    }
    whole.update(header);
    const pieces: Uint8Array[] = [];
    const hash = createHash('sha256');
    let crc = 0;
    for await (const piece of range(handle, start, start + size)) {
      signal.throwIfAborted();
      whole.update(piece);
      hash.update(piece);
      crc = crc32(piece, crc);
      if (isRead(member)) pieces.push(piece);
    }
    const promised = digestIn(name);
    const digest = hash.digest('hex');
    if (crc !== member.crc32 || (promised !== undefined && promised !== digest)) problems.push(changed(given, member));
    if (isRead(member)) texts.set(name, Buffer.concat(pieces));
  }
  refuse(problems);
  return { sha256: whole.update(directory).digest('hex') as Digest, texts };
}

function changed(given: string, { name }: LaidMember): ArtifactError {
  return new ArtifactError('DIGEST_MISMATCH', `'${name}' in '${given}' is not what its digest says`, {
    remedy: 'The bundle was damaged or changed on its way: fetch it again, or make it anew.',
  });
}

/** @throws ArtifactError SOURCE_CHANGED where the file has become shorter */
async function* range(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK_SIZE) {
    const length = Math.min(CHUNK_SIZE, end - at);
    const piece = await readAt(handle, at, length);
    if (piece.byteLength < length) throw new ArtifactError('SOURCE_CHANGED', 'the bundle changed while it was read');
    yield piece;
  }
}

interface Stored {
  readonly sizeOf: (name: string) => number | undefined;
  readonly names: readonly string[];
  readonly blobOf: (digest: Digest) => OpenContent;
}

function contentsOf(handle: FileHandle, { members }: Layout): Stored {
  const byName = new Map(members.map((member) => [member.name, member]));
  return {
    sizeOf: (name) => byName.get(name)?.size,
    names: members.map(({ name }) => name),
    blobOf(digest) {
      const member = byName.get(blobName(digest));
      if (member === undefined) throw new Error('content of a bundle that was not verified');
      const { start, size } = member;
      return {
        ...{ size, sha256: digest },
        read: (from = 0, to = size) => range(handle, start + from, start + to),
        close: () => Promise.resolve(),
      };
    },
  };
}

interface Opening {
  readonly file: string;
  readonly given: string;
  readonly cwd: string;
  readonly signal: AbortSignal;
}

type Understood = Pick<Bundle, 'manifest' | 'files' | 'table' | 'root' | 'listing'>;

/** Loads the template from the bundle as `package` loads it from the disk, and holds what is found against the manifest. */
async function understand(
  { file, given, cwd, signal }: Opening,
  stored: Stored,
  texts: Verified['texts'],
): Promise<Understood> {
  const manifest = parseManifest(decoded(texts.get(MANIFEST), MANIFEST));
  refuse(problemsOfMembers(manifest, stored, given));
  const textOf = (digest: Digest): string => decoded(texts.get(textName(digest)), textName(digest));
  const files = new BundledFiles(file, manifest, { textOf, blobOf: stored.blobOf });
  const { resources, prefix } = manifest;
  const table =
    resources === undefined ? propertyTable() : propertyTable(loadProperties(textOf(resources.sha256), resources.name));
  const root = await load({
    ...{ templateFile: files.fileOf(manifest.template), files, table, signal },
    ...{ cwd, hasDomain: true, reporter: () => undefined },
    parameters: new Map(manifest.parameters.map(({ name, value }) => [name, value])),
    zipTemplateDirWhenAbsent: manifest.zipTemplateDirWhenAbsent,
  });
  const listing = listingOf(root, prefix);
  if (JSON.stringify(plainListing(listing)) !== JSON.stringify(manifest.artifacts)) {
    throw notABundle(given, 'is damaged: its manifest lists other artifacts than its template names');
  }
  refuse(files.unused().map((location) => surplus(given, location)));
  return { manifest, files, table, root, listing };
}

function decoded(bytes: Buffer | undefined, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoBundle(`is damaged: '${name}' in it is not text in UTF-8`);
  }
}

/** What the manifest wants is there, in that size, and nothing else is. */
function problemsOfMembers(manifest: BundleManifest, { names, sizeOf }: Stored, given: string): ArtifactError[] {
  const { templates, sources, resources } = manifest;
  const texts = [...templates, ...(resources === undefined ? [] : [resources])];
  const wanted = [
    ...texts.map(({ sha256, size }) => [textName(sha256), size] as const),
    ...sources.map(({ sha256, size }) => [blobName(sha256), size] as const),
  ];
  const named = new Set(wanted.map(([name]) => name));
  const absent = [...named].filter((name) => sizeOf(name) === undefined);
  const sized = wanted.filter(([name, size]) => (sizeOf(name) ?? size) !== size);
  const unwanted = names.filter((name) => name !== MANIFEST && !named.has(name));
  return [
    ...absent.map((name) => lacking(given, name)),
    ...sized.map(([name]) => notABundle(given, `is damaged: '${name}' has another size than its manifest says`)),
    ...unwanted.map((name) => surplus(given, name)),
  ];
}

function lacking(given: string, name: string): ArtifactError {
  return new ArtifactError('CONTENT_MISSING', `'${given}' lacks '${name}', which its manifest names`, {
    remedy: 'Make the bundle anew.',
  });
}

function surplus(given: string, what: string): ArtifactError {
  return notABundle(given, `has '${printable(what)}', which nothing in it names`);
}
