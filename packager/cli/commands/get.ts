import { statSync } from 'node:fs';
import path from 'node:path';
import type { Resolution } from '../../../repository/index.ts';
import { formatArn, readBlob } from '../../../repository/index.ts';
import { until } from '../../interruptible.ts';
import { writeOutput } from '../../output.ts';
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
  await writeOutput(file, until(terminal.signal, body));
  const arn = formatArn(artifact.arn);
  if (options.json) writeJson(terminal, { arn, file, size: artifact.size, digest: artifact.digest });
  else if (!options.quiet) terminal.stderr.write(`${arn}\n  → ${file} (${formatSize(artifact.size)}, verified)\n`);
}

/** The bytes leave as they come: if they turn out wrong at the end, the exit status says so. */
async function copyToStdout(body: AsyncIterable<Uint8Array>, { stdout, signal }: Terminal): Promise<void> {
  for await (const piece of until(signal, body)) {
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
