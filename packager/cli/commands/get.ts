import path from 'node:path';
import { ArtifactError, readBlob } from '../../../repository/index.ts';
import type { FetchedFile } from '../../fetch.ts';
import { fetchArtifact, requireNotGone } from '../../fetch.ts';
import { until } from '../../interruptible.ts';
import { resolveVersion } from '../../naming/artifact.ts';
import { resolveNamed, withSet } from '../../naming/named-version.ts';
import { formatSize } from '../../size.ts';
import { openDomainOf } from '../at-home.ts';
import type { GetOptions } from '../syntax/looking.ts';
import { printable } from '../../printable.ts';
import { writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Brings an artifact's content here, verified: all files appear whole and right, or none does. */
export async function run(options: GetOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const { all, repository, set, json, quiet } = options;
  const text = withSet(options.artifact, set, repository);
  const named = all
    ? { kind: 'version' as const, version: await resolveVersion(domain, text, repository) }
    : await resolveNamed(domain, text, repository);
  if (named.kind === 'asset' && options.output === '-') {
    requireNotGone(named.resolution);
    await copyToStdout((await readBlob(domain.store, named.resolution)).body, terminal);
    return;
  }
  const { cwd, signal, stderr } = terminal;
  const fetched = await fetchArtifact(domain, named, {
    ...{ ...options, cwd, signal },
    onKept: (file, bytes) => {
      if (quiet) return;
      const kept = path.relative(cwd, file);
      stderr.write(`${formatSize(bytes)} are kept in '${kept}': the same 'get' goes on there\n`);
    },
  });
  const files = fetched.kind === 'file' ? [fetched.file] : fetched.files;
  if (json) {
    const told =
      fetched.kind === 'file' ? plain(fetched.file) : { folder: fetched.folder, files: files.map(plainAsset) };
    writeJson(terminal, { ...told, warnings: warnings.all() });
  } else if (!quiet) {
    for (const { arn, output, asset } of files)
      stderr.write(`${arn}\n  → ${printable(output.given)} (${formatSize(asset.size)}, verified)\n`);
  }
}

function plain({ arn, output: { file }, asset: { size, digest } }: FetchedFile): object {
  return { arn, file, size, digest };
}

function plainAsset(fetched: FetchedFile): object {
  return { asset: fetched.asset.name, ...plain(fetched) };
}

/** The bytes leave as they come: if they turn out wrong at the end, the error and the exit status say so. */
async function copyToStdout(body: AsyncIterable<Uint8Array>, { stdout, signal }: Terminal): Promise<void> {
  let isBegun = false;
  try {
    for await (const piece of until(signal, body)) {
      isBegun = true;
      stdout.write(piece);
      await stdout.flushed();
    }
  } catch (error) {
    throw isBegun && error instanceof ArtifactError && error.code === 'DIGEST_MISMATCH' ? toldOfStdout(error) : error;
  }
}

function toldOfStdout({ code, message, remedy = '' }: ArtifactError): ArtifactError {
  const advice = remedy.replace(/^Nothing of it was used\. /, '');
  return new ArtifactError(code, message, {
    remedy:
      `Whatever took it from stdout has damaged bytes: with '-o FILE' nothing appears that is not verified. ${advice}`.trim(),
  });
}
