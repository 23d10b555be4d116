import path from 'node:path';
import { formatArn, parseId, publishVersion } from '../../../repository/index.ts';
import { createArchiver, findProjectRoot, openSource } from '../../archive/source.ts';
import { interruptible } from '../../interruptible.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { domainFolders, openDomain } from '../open.ts';
import type { PublishOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { writeJson } from '../report.ts';
import { scratchFolder } from '../scratch.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/** Publishes one path under an ID and prints its ARN. */
export async function run(
  options: PublishOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  const file = path.resolve(terminal.cwd, options.path);
  const id = parseId(options.id);
  const progress = createProgress(terminal, options, warnings);
  const archiver = createArchiver({ reporter: progress.reporter, scratch: scratchFolder(), signal: terminal.signal });
  try {
    const project = {
      root: await findProjectRoot(path.dirname(file)),
      exclude: options.exclude,
      followExternalSymlinks: false,
      leaveOut: domainFolders(options, terminal.cwd),
    };
    const wanted = options.as ?? 'archive-or-file';
    const source = await openSource({ path: file, wanted }, project, archiver);
    for (const warning of source.warnings) progress.reporter({ kind: 'warning', warning });
    const { domain } = await openDomain(options, 'write', terminal, tools);
    const { arn, key, size, outcome, isNewVersion } = await publishVersion(
      domain,
      { repository: options.repository, id },
      interruptible(source, terminal.signal),
    );
    progress.stop();
    const result = {
      arn: formatArn(arn),
      version: arn.version,
      digest: arn.digest,
      size,
      bucket: domain.bucket,
      key,
      outcome,
      isNewVersion,
    };
    if (options.json) writeJson(terminal, { ...result, warnings: warnings.all() });
    else terminal.stdout.write(`${result.arn}\n`);
  } finally {
    progress.stop();
    await archiver.close();
  }
}
