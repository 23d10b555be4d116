import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Resolution } from '../../../repository/index.ts';
import { ArtifactError, formatArn, readBlob } from '../../../repository/index.ts';
import { resolveArtifact } from '../artifact.ts';
import { openDomain } from '../open.ts';
import type { GetOptions } from '../options.ts';
import { formatSize, writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';

/** Brings an artifact's content here, verified: a file appears whole and right, or not at all. */
export async function run(options: GetOptions, terminal: Terminal): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const artifact = await resolveArtifact(domain, options.artifact, options.repository);
  const { body } = await readBlob(domain.store, artifact);
  if (options.output === '-') {
    await copyToStdout(body, terminal);
    return;
  }
  const file = targetOf(options.output, artifact, terminal.cwd);
  await writeVerified(file, body, terminal.signal);
  const arn = formatArn(artifact.arn);
  if (options.json) writeJson(terminal, { arn, file, size: artifact.size, digest: artifact.digest });
  else if (!options.quiet) terminal.stderr.write(`${arn}\n  → ${file} (${formatSize(artifact.size)}, verified)\n`);
}

/** The bytes leave as they come: if they turn out wrong at the end, the exit status says so. */
async function copyToStdout(body: AsyncIterable<Uint8Array>, { stdout, signal }: Terminal): Promise<void> {
  for await (const piece of body) {
    signal.throwIfAborted();
    stdout.write(piece);
    await stdout.flushed();
  }
}

function targetOf(output: string | undefined, { filename }: Resolution, cwd: string): string {
  const target = path.resolve(cwd, output ?? '.');
  const isFolder =
    output === undefined || output.endsWith('/') || statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? path.join(target, filename) : target;
}

async function writeVerified(file: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.draft`);
  try {
    const descriptor = openDraft(draft);
    try {
      for await (const piece of body) {
        signal.throwIfAborted();
        for (let sent = 0; sent < piece.byteLength;) sent += writeSync(descriptor, piece, sent);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    if (cause instanceof ArtifactError || signal.aborted) throw cause;
    throw new ArtifactError(
      'OUTPUT_FAILED',
      `'${file}' could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, 'w', 0o666);
  } catch (cause) {
    throw new ArtifactError('OUTPUT_FAILED', `nothing can be written to '${path.dirname(draft)}'`, {
      remedy: 'Name another file or folder with -o.',
      cause,
    });
  }
}
