import { statSync } from 'node:fs';
import path from 'node:path';
import type { Resolution } from '../../../repository/index.ts';
import { ArtifactError, formatArn, formatArtifactName, readBlob, UNDELETE } from '../../../repository/index.ts';
import { ARCHIVE_FILENAME } from '../../../repository/keys.ts';
import { until } from '../../interruptible.ts';
import type { OutputFile } from '../../output.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../output.ts';
import { resolveArtifact } from '../artifact.ts';
import { openDomain } from '../open.ts';
import type { GetOptions } from '../options.ts';
import { formatSize } from '../../size.ts';
import { writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/** Brings an artifact's content here, verified: a file appears whole and right, or not at all. */
export async function run(options: GetOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const artifact = await resolveArtifact(domain, options.artifact, options.repository);
  requireNotDeleted(artifact);
  const target = options.output === '-' ? undefined : targetOf(options, artifact, terminal.cwd);
  if (target !== undefined) checkTarget(target, options);
  const { body } = await readBlob(domain.store, artifact);
  if (target === undefined) {
    await copyToStdout(body, terminal);
    return;
  }
  const { output } = target;
  await writeOutputs([{ file: output, bytes: until(terminal.signal, body) }]);
  const { size, digest } = artifact;
  const arn = formatArn(artifact.arn);
  if (options.json) writeJson(terminal, { arn, file: output.file, size, digest, warnings: warnings.all() });
  else if (!options.quiet) terminal.stderr.write(`${arn}\n  → ${output.given} (${formatSize(size)}, verified)\n`);
}

/** The content of a version that was deleted may be there for a while: until it goes, or because somebody else holds it. Nobody is to rely on it. */
function requireNotDeleted({ status, manifest }: Resolution): void {
  if (status !== 'Deleted' || manifest === undefined) return;
  const name = `${formatArtifactName(manifest)}:${manifest.number}`;
  throw new ArtifactError('ARTIFACT_DELETED', `'${name}' is deleted`, {
    remedy: `${UNDELETE} Else publish the same bytes again: the content has the same ARN then.`,
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
  const file = isFolder ? path.join(given ?? '', filenameFor(artifact)) : given;
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

/** The artifact's own filename; of an archive, which all have the same, the last part of its ID. */
function filenameFor({ filename, id }: Resolution): string {
  if (filename !== ARCHIVE_FILENAME) return filename;
  const name = path.posix.basename(id);
  const extension = path.extname(filename);
  return name.endsWith(extension) ? name : `${name}${extension}`;
}

/** Before anything is fetched. */
function checkTarget({ output, isNamed }: Target, { force }: GetOptions): void {
  checkOutputs([output]);
  if (!isNamed && !force && statSync(output.file, { throwIfNoEntry: false }) !== undefined) {
    throw new ArtifactError('OUTPUT_FAILED', `'${output.given}' is already there`, {
      remedy: `To replace it, name it with '-o ${output.given}', or give --force.`,
    });
  }
  tryOutputs([output]);
}
