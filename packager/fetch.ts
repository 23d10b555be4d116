import { rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Asset, Domain, Manifest, Resolution, Version } from '../repository/index.ts';
import { ArtifactError, contentAssets, formatArn, formatArtifactName, UNDELETE } from '../repository/index.ts';
import { isGone } from '../repository/status.ts';
import type { DownloadOptions } from './download.ts';
import { download } from './download.ts';
import { makeFolders } from './folders.ts';
import { fileNameOf, fileNamesOf } from './naming/file-names.ts';
import type { NamedContent } from './naming/named-version.ts';
import type { OutputFile } from './output.ts';
import { checkOutputs, outputFile, tryOutputs } from './output.ts';
import { failedOutput } from './output-failure.ts';

export interface FetchOptions {
  /** A file, or a folder; relative to the working directory. Absent: in that, as the artifact is called. */
  readonly output?: string;
  /** Replaces what is there, also where nobody named the very file. */
  readonly force: boolean;
  /** Of a version, also the assets that prove something of it. */
  readonly all: boolean;
}

export interface FetchRequest extends FetchOptions, DownloadOptions {
  /** Absolute. */
  readonly cwd: string;
}

/** What has come. */
export interface FetchedFile {
  readonly arn: string;
  readonly output: OutputFile;
  readonly asset: Pick<Asset, 'size' | 'digest'> & Partial<Pick<Asset, 'name'>>;
}

/** Of one asset a file, of a version with several a folder of them. */
export type Fetched =
  | { readonly kind: 'file'; readonly file: FetchedFile }
  | { readonly kind: 'folder'; readonly folder: string; readonly files: readonly FetchedFile[] };

/**
 * Brings content here, verified: all files appear whole and right, or none does.
 * @throws ArtifactError ARTIFACT_DELETED, OUTPUT_FAILED, INVALID_ARGUMENT; as `download`
 */
export async function fetchArtifact(domain: Domain, named: NamedContent, request: FetchRequest): Promise<Fetched> {
  return named.kind === 'asset'
    ? { kind: 'file', file: await fetchAsset(domain, named.resolution, request) }
    : fetchVersion(domain, named.version, request);
}

async function fetchAsset(domain: Domain, artifact: Resolution, request: FetchRequest): Promise<FetchedFile> {
  requireNotGone(artifact);
  const target = targetOf(request, artifact);
  checkTargets([target], request);
  const { output } = target;
  await download(domain.store, [{ output, blob: artifact }], request);
  return { arn: formatArn(artifact.arn), output, asset: artifact };
}

/** A version with all of its assets, in a folder. */
async function fetchVersion(
  domain: Domain,
  { manifest, status }: Version,
  request: FetchRequest,
): Promise<Extract<Fetched, { kind: 'folder' }>> {
  requireNotGone({ manifest, status });
  const assets = request.all ? manifest.assets : contentAssets(manifest);
  const given = folderOf(request, manifest);
  const { cwd } = request;
  const files = [...fileNamesOf(assets)].map(([asset, name]) => ({
    asset,
    target: { output: outputFile('--output', path.join(given, name), cwd), isNamed: false },
  }));
  const isNew = makeFolder(given, cwd);
  try {
    checkTargets(
      files.map(({ target }) => target),
      request,
    );
    await download(
      domain.store,
      files.map(({ target, asset }) => ({ output: target.output, blob: asset })),
      request,
    );
  } catch (error) {
    if (isNew) removeEmpty(path.resolve(cwd, given));
    throw error;
  }
  return {
    kind: 'folder',
    folder: path.resolve(cwd, given),
    files: files.map(({ asset, target: { output } }) => ({ asset, output, arn: arnOf(domain, manifest, asset) })),
  };
}

function arnOf({ partition, region, account }: Domain, { repository, id, number }: Manifest, asset: Asset): string {
  return formatArn({ partition, region, account, repository, id, version: number, digest: asset.digest });
}

/** @throws ArtifactError ARTIFACT_DELETED. The content of a version that was given up may be there for a while: until it goes, or because somebody else holds it. Nobody is to rely on it. */
export function requireNotGone({ status, manifest }: Pick<Resolution, 'status' | 'manifest'>): void {
  if (!isGone(status) || manifest === undefined) return;
  const name = `${formatArtifactName(manifest)}:${manifest.number}`;
  const again = 'publish the same bytes again: the content has the same ARN then.';
  throw new ArtifactError('ARTIFACT_DELETED', `'${name}' is ${status.toLowerCase()}`, {
    remedy: status === 'Deleted' ? `${UNDELETE} Else ${again}` : `Its content is given up: ${again}`,
  });
}

interface Target {
  readonly output: OutputFile;
  /** The person named the very file, and so means it if it is there. */
  readonly isNamed: boolean;
}

function targetOf({ output: given, cwd }: FetchRequest, artifact: Resolution): Target {
  const isFolder = given === undefined || /[/\\]$/.test(given) || isFolderAt(path.resolve(cwd, given));
  const file = isFolder ? path.join(given ?? '', fileNameOf(artifact, artifact.id)) : given;
  return { output: outputFile('--output', file, cwd), isNamed: !isFolder };
}

/** What can't be looked at is told when it is to be written. */
function isFolderAt(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}

/** @throws ArtifactError INVALID_ARGUMENT */
function folderOf({ output }: FetchOptions, { id, assets }: Manifest): string {
  if (output !== '-') return output ?? path.posix.basename(id);
  throw new ArtifactError('INVALID_ARGUMENT', 'a whole version cannot be written to stdout', {
    remedy: `Name one asset: ${assets.map(({ name }) => `'#${name}'`).join(', ')}; or a folder with --output.`,
  });
}

/** @returns whether it was not there before. @throws ArtifactError OUTPUT_FAILED */
function makeFolder(given: string, cwd: string): boolean {
  try {
    return makeFolders(path.resolve(cwd, given));
  } catch (cause) {
    if (statSync(path.resolve(cwd, given), { throwIfNoEntry: false })?.isFile() !== true)
      throw failedOutput({ given }, cause);
    throw new ArtifactError('OUTPUT_FAILED', `'${given}' is a file, and a whole version needs a folder`, {
      remedy: 'Name a folder with --output, or one asset.',
      cause,
    });
  }
}

/** What is kept in it, for the next run, keeps it. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is in use.
  }
}

/** Before anything is fetched. */
function checkTargets(targets: readonly Target[], { force }: FetchOptions): void {
  checkOutputs(targets.map(({ output }) => output));
  for (const { output, isNamed } of targets) {
    if (isNamed || force || statSync(output.file, { throwIfNoEntry: false }) === undefined) continue;
    throw new ArtifactError('OUTPUT_FAILED', `'${output.given}' is already there`, {
      remedy:
        targets.length > 1
          ? 'Give --force to replace what is there, or name another folder with --output.'
          : `To replace it, name it with '-o ${output.given}', or give --force.`,
    });
  }
  tryOutputs(targets.map(({ output }) => output));
}
