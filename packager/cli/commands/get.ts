import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Asset, Domain, Manifest, Resolution, Version } from '../../../repository/index.ts';
import {
  ArtifactError,
  contentAssets,
  formatArn,
  formatArtifactName,
  readBlob,
  UNDELETE,
} from '../../../repository/index.ts';
import { isGone } from '../../../repository/status.ts';
import { download } from '../../download.ts';
import type { Download } from '../../download.ts';
import { until } from '../../interruptible.ts';
import type { OutputFile } from '../../output.ts';
import { checkOutputs, outputFile, tryOutputs } from '../../output.ts';
import { failedOutput } from '../../output-failure.ts';
import { formatSize } from '../../size.ts';
import { resolveVersion } from '../artifact.ts';
import { openDomainOf } from '../at-home.ts';
import { fileNameOf, fileNamesOf } from '../file-names.ts';
import type { GetOptions } from '../looking-options.ts';
import { resolveNamed, withSet } from '../named-version.ts';
import { printable } from '../printable.ts';
import { writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

interface Call {
  readonly options: GetOptions;
  readonly terminal: Terminal;
  readonly warnings: Warnings;
}

/** Brings an artifact's content here, verified: all files appear whole and right, or none does. */
export async function run(options: GetOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const call = { options, terminal, warnings };
  const { all, repository, set } = options;
  const text = withSet(options.artifact, set, repository);
  const named = all
    ? { kind: 'version' as const, version: await resolveVersion(domain, text, repository) }
    : await resolveNamed(domain, text, repository);
  if (named.kind === 'asset') await getAsset(call, domain, named.resolution);
  else await getVersion(call, domain, named.version);
}

async function getAsset({ options, terminal, warnings }: Call, domain: Domain, artifact: Resolution): Promise<void> {
  requireNotGone(artifact);
  if (options.output === '-') {
    await copyToStdout((await readBlob(domain.store, artifact)).body, terminal);
    return;
  }
  const target = targetOf(options, artifact, terminal.cwd);
  checkTargets([target], options);
  const { output } = target;
  await fetchAll({ options, terminal }, domain, [{ output, blob: artifact }]);
  const { size, digest } = artifact;
  const arn = formatArn(artifact.arn);
  if (options.json) writeJson(terminal, { arn, file: output.file, size, digest, warnings: warnings.all() });
  else if (!options.quiet)
    terminal.stderr.write(`${arn}\n  → ${printable(output.given)} (${formatSize(size)}, verified)\n`);
}

/** A version with all of its assets, in a folder. */
async function getVersion(call: Call, domain: Domain, { manifest, status }: Version): Promise<void> {
  const { options, terminal, warnings } = call;
  requireNotGone({ manifest, status });
  const assets = options.all ? manifest.assets : contentAssets(manifest);
  const given = folderOf(options, manifest);
  const files = [...fileNamesOf(assets)].map(([asset, name]) => ({
    asset,
    target: { output: outputFile('--output', path.join(given, name), terminal.cwd), isNamed: false },
  }));
  const isNew = makeFolder(given, terminal.cwd);
  try {
    checkTargets(
      files.map(({ target }) => target),
      options,
    );
    await fetchAll(
      call,
      domain,
      files.map(({ asset, target }) => ({ output: target.output, blob: asset })),
    );
  } catch (error) {
    if (isNew) removeEmpty(path.resolve(terminal.cwd, given));
    throw error;
  }
  const fetched = files.map(({ asset, target }) => ({
    asset: asset.name,
    ...{ arn: arnOf(domain, manifest, asset), file: target.output.file, size: asset.size, digest: asset.digest },
  }));
  const folder = path.resolve(terminal.cwd, given);
  if (options.json) writeJson(terminal, { folder, files: fetched, warnings: warnings.all() });
  else if (!options.quiet)
    for (const [index, { arn, size }] of fetched.entries())
      terminal.stderr.write(
        `${arn}\n  → ${printable(files[index]?.target.output.given ?? '')} (${formatSize(size)}, verified)\n`,
      );
}

function arnOf({ partition, region, account }: Domain, { repository, id, number }: Manifest, asset: Asset): string {
  return formatArn({ partition, region, account, repository, id, version: number, digest: asset.digest });
}

function fetchAll(
  { options, terminal }: Pick<Call, 'options' | 'terminal'>,
  { store }: Domain,
  downloads: readonly Download[],
): Promise<void> {
  return download(store, downloads, {
    signal: terminal.signal,
    onKept: (file, bytes) => {
      if (options.quiet) return;
      const kept = path.relative(terminal.cwd, file);
      terminal.stderr.write(`${formatSize(bytes)} are kept in '${kept}': the same 'get' goes on there\n`);
    },
  });
}

/** The content of a version that was given up may be there for a while: until it goes, or because somebody else holds it. Nobody is to rely on it. */
function requireNotGone({ status, manifest }: Pick<Resolution, 'status' | 'manifest'>): void {
  if (!isGone(status) || manifest === undefined) return;
  const name = `${formatArtifactName(manifest)}:${manifest.number}`;
  const again = 'publish the same bytes again: the content has the same ARN then.';
  throw new ArtifactError('ARTIFACT_DELETED', `'${name}' is ${status.toLowerCase()}`, {
    remedy: status === 'Deleted' ? `${UNDELETE} Else ${again}` : `Its content is given up: ${again}`,
  });
}

/** The bytes leave as they come: if they turn out wrong at the end, the exit status says so. */
async function copyToStdout(body: AsyncIterable<Uint8Array>, { stdout, signal }: Terminal): Promise<void> {
  for await (const piece of until(signal, body)) {
    stdout.write(piece);
    await stdout.flushed();
  }
}

interface Target {
  readonly output: OutputFile;
  /** The person named the very file, and so means it if it is there. */
  readonly isNamed: boolean;
}

function targetOf({ output: given }: GetOptions, artifact: Resolution, cwd: string): Target {
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
function folderOf({ output }: GetOptions, { id, assets }: Manifest): string {
  if (output !== '-') return output ?? path.posix.basename(id);
  throw new ArtifactError('INVALID_ARGUMENT', 'a whole version can not be written to stdout', {
    remedy: `Name one asset: ${assets.map(({ name }) => `'#${name}'`).join(', ')}; or a folder with --output.`,
  });
}

/** @returns whether it was not there before. @throws ArtifactError OUTPUT_FAILED */
function makeFolder(given: string, cwd: string): boolean {
  try {
    return mkdirSync(path.resolve(cwd, given), { recursive: true }) !== undefined;
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
function checkTargets(targets: readonly Target[], { force }: GetOptions): void {
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
