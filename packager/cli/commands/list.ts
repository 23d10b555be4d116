import type { ListedArtifact, Manifest, Status } from '../../../repository/index.ts';
import { formatArtifactName, listArtifacts, readManifest, readStatus } from '../../../repository/index.ts';
import { openDomain } from '../open.ts';
import type { ListOptions } from '../options.ts';
import { formatDate, formatSize, formatTable, writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

interface Row {
  readonly artifact: ListedArtifact;
  readonly manifest: Manifest | undefined;
  readonly status: Status;
}

/** So many manifests are read at once. */
const AT_ONCE = 32;

/** The artifacts of a repository with their newest versions. */
export async function run(options: ListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const { repository } = options;
  const prefix =
    options.prefix?.startsWith(`${repository}/`) === true
      ? options.prefix.slice(repository.length + 1)
      : options.prefix;
  const rows: Row[] = [];
  const batch: Promise<Row>[] = [];
  for await (const artifact of listArtifacts(domain, repository, prefix)) {
    terminal.signal.throwIfAborted();
    const details = Promise.all([
      readManifest(domain, artifact, artifact.newest),
      readStatus(domain, artifact, artifact.newest),
    ]);
    batch.push(details.then(([manifest, status]) => ({ artifact, manifest, status })));
    if (batch.length === AT_ONCE) rows.push(...(await Promise.all(batch.splice(0))));
  }
  rows.push(...(await Promise.all(batch)));
  if (options.json) writeJson(terminal, { artifacts: rows.map(plain), warnings: warnings.all() });
  else if (rows.length > 0) terminal.stdout.write(table(rows, terminal));
  else if (!options.quiet)
    terminal.stderr.write(`no artifacts in '${repository}'${prefix === undefined ? '' : ` begin with '${prefix}'`}\n`);
}

function plain({ artifact, manifest, status }: Row): object {
  const { repository, id, newest } = artifact;
  return {
    repository,
    id,
    newestVersion: newest,
    status,
    ...(manifest !== undefined && { published: manifest.published, assets: manifest.assets }),
  };
}

function table(rows: readonly Row[], { stdout }: Terminal): string {
  return formatTable(
    [
      { title: 'ARTIFACT' },
      { title: 'NEWEST', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'PUBLISHED' },
      { title: 'STATUS' },
    ],
    rows.map(({ artifact, manifest, status }) => [
      formatArtifactName(artifact),
      String(artifact.newest),
      manifest === undefined ? '?' : formatSize(manifest.assets.reduce((total, { size }) => total + size, 0)),
      manifest === undefined ? '?' : formatDate(new Date(manifest.published)),
      status,
    ]),
    stdout.columns,
  );
}
