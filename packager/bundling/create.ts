import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { ArtifactError, contentOf } from '../../repository/index.ts';
import type { Content, Digest } from '../../repository/index.ts';
import { changed, CHUNK_SIZE } from '../archive/file.ts';
import { packageTemplate } from '../packaging/package.ts';
import type { PackageRequest } from '../packaging/package.ts';
import type { Unit } from '../packaging/unit.ts';
import { isNoEcho } from '../template/find/parameters.ts';
import { isMap, valueOf } from '../template/node.ts';
import type { Template } from '../template/template.ts';
import type { Listed } from './listing.ts';
import { listingOf, plainListing } from './listing.ts';
import type { BundledParameter, BundleManifest } from './manifest.ts';
import { BUNDLE_FORMAT, compare, formatManifest } from './manifest.ts';
import type { Member } from './members.ts';
import { blobName, layOut, MANIFEST, problemOfSizes, textName } from './members.ts';
import { Recorder } from './recorder.ts';
import { rehearsal } from './rehearsal.ts';

export interface BundleRequest extends Omit<PackageRequest, 'destination' | 'dryRun' | 'hasDomain'> {
  /** The user's own table of properties that name local paths. */
  readonly resources?: { readonly name: string; readonly text: string };
  /** Names of the parameters that were given for this program, and not for another of which it knows. */
  readonly told: ReadonlySet<string>;
}

/** A bundle that is ready to be written. To be closed by whoever asked for it. */
export interface BundleDraft {
  readonly root: Unit;
  readonly manifest: BundleManifest;
  readonly listing: readonly Listed[];
  /** Of the whole file. */
  readonly size: number;
  /** The bytes, once; `done` is told their digest. */
  readonly bytes: (done: (sha256: Digest) => void) => AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Packages a template to nowhere, and keeps everything that this asked of the disk. The same sources and options give the same bytes on every machine: nothing of the machine, the time or
 * the folder is in them.
 * @throws ArtifactErrors with everything that would keep the template from being packaged
 */
export async function draftBundle(request: BundleRequest): Promise<BundleDraft> {
  const recorder = new Recorder(request.files);
  const close = (): Promise<void> => recorder.close();
  try {
    const root = await rehearse(request, recorder);
    const { templates, sources, texts, blobs } = await recorder.recording();
    const { prefix, references, useJson, zipTemplateDirWhenAbsent } = request;
    const listing = listingOf(root, prefix);
    const resources = request.resources === undefined ? undefined : contentOf(request.resources.text);
    const manifest: BundleManifest = {
      bundle: BUNDLE_FORMAT,
      template: root.location,
      ...{ prefix, references, useJson, zipTemplateDirWhenAbsent },
      parameters: neededParameters(root, request),
      ...(request.resources !== undefined &&
        resources !== undefined && {
          resources: { name: request.resources.name, sha256: resources.sha256, size: resources.size },
        }),
      artifacts: plainListing(listing),
      ...{ templates, sources },
    };
    const contents = new Map<string, Content>([[MANIFEST, contentOf(formatManifest(manifest))]]);
    if (resources !== undefined) contents.set(textName(resources.sha256), resources);
    for (const [digest, bytes] of texts) contents.set(textName(digest), contentOf(bytes));
    for (const [digest, content] of blobs) contents.set(blobName(digest), content);
    return { root, manifest, listing, ...(await laidOut(contents, request.signal)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function rehearse(request: BundleRequest, files: Recorder): Promise<Unit> {
  let root: Unit | undefined;
  await packageTemplate({
    ...request,
    ...{ files, hasDomain: true, dryRun: false },
    destination: () => Promise.resolve(rehearsal()),
    // Nothing is published, and so it is not told.
    reporter: (event) => {
      if (event.kind !== 'published') request.reporter(event);
    },
    beforeSending: (loaded) => {
      root = loaded;
      request.beforeSending?.(loaded);
    },
  });
  if (root === undefined) throw new Error('a template was packaged that was not loaded');
  return root;
}

/**
 * What is given for parameters that the template declares; the others change nothing. A secret of which no path depends has no business in a file that goes from hand to hand,
 * nor has what is meant for another command.
 */
function neededParameters({ template, asked }: Unit, { parameters, told }: BundleRequest): readonly BundledParameter[] {
  return [...parameters]
    .filter(([name]) => asked.has(name) || (told.has(name) && isOpenlyDeclared(template, name)))
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => compare([a.name], [b.name]));
}

function isOpenlyDeclared({ root }: Template, name: string): boolean {
  const declaration = valueOf(valueOf(root, 'Parameters'), name);
  return isMap(declaration) && !isNoEcho(declaration);
}

async function laidOut(
  contents: ReadonlyMap<string, Content>,
  signal: AbortSignal,
): Promise<Pick<BundleDraft, 'size' | 'bytes'>> {
  const members: Member[] = [];
  for (const [name, content] of [...contents].sort(([a], [b]) => compare([a], [b]))) {
    members.push({ name, size: content.size, crc32: await checksum(name, content, signal) });
  }
  const problem = problemOfSizes(members);
  if (problem !== undefined) throw new ArtifactError('INVALID_TEMPLATE', `what would be written ${problem}`);
  const layout = layOut(members);
  async function* bytes(done: (sha256: Digest) => void): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for (const { name, header, crc32: promised } of layout.members) {
      signal.throwIfAborted();
      hash.update(header);
      yield header;
      let crc = 0;
      for await (const piece of pausing(signal, contentNamed(contents, name).read())) {
        hash.update(piece);
        crc = crc32(piece, crc);
        yield piece;
      }
      if (crc !== promised) throw changed(name);
    }
    hash.update(layout.directory);
    yield layout.directory;
    done(hash.digest('hex') as Digest);
  }
  return { size: layout.end + layout.directory.byteLength, bytes };
}

/** Some milliseconds of hashing. Bytes. */
const PAUSE_AFTER = 8 * CHUNK_SIZE;

/** The bytes, and now and then everything else has its turn: files are read without waiting, and whoever wants to stop would not be heard. */
async function* pausing(signal: AbortSignal, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sincePause = 0;
  for await (const piece of bytes) {
    yield piece;
    sincePause += piece.byteLength;
    if (sincePause < PAUSE_AFTER) continue;
    sincePause = 0;
    await setImmediate();
    signal.throwIfAborted();
  }
}

function contentNamed(contents: ReadonlyMap<string, Content>, name: string): Content {
  const content = contents.get(name);
  if (content === undefined) throw new Error(`a member without content: '${name}'`);
  return content;
}

/** The CRC-32 of content, whose digest is held against it. @throws ArtifactError SOURCE_CHANGED */
async function checksum(name: string, content: Content, signal: AbortSignal): Promise<number> {
  const hash = createHash('sha256');
  let crc = 0;
  for await (const piece of pausing(signal, content.read())) {
    hash.update(piece);
    crc = crc32(piece, crc);
  }
  if (hash.digest('hex') !== content.sha256) throw changed(name);
  return crc;
}
