import { expandAhead } from '../../../repository/ahead.ts';
import type { Domain, ListedArtifact, Manifest, Status } from '../../../repository/index.ts';
import {
  findNewest,
  formatArtifactName,
  listArtifacts,
  listVersionNumbers,
  readManifest,
  readStatus,
} from '../../../repository/index.ts';
import { openDomain } from '../open.ts';
import type { ListOptions } from '../options.ts';
import { formatSize } from '../../size.ts';
import { formatDate, formatTable, writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

interface Row {
  readonly manifest: Manifest;
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
  const found = expandAhead(listArtifacts(domain, repository, prefix), AT_ONCE, async function* (artifact) {
    const row = await newestOf(domain, artifact);
    if (row !== undefined) yield row;
  });
  for await (const row of found) {
    terminal.signal.throwIfAborted();
    rows.push(row);
  }
  if (options.json) writeJson(terminal, { artifacts: rows.map(plain), warnings: warnings.all() });
  else if (rows.length > 0) terminal.stdout.write(table(rows, terminal));
  else if (!options.quiet)
    terminal.stderr.write(`no artifacts in '${repository}'${prefix === undefined ? '' : ` begin with '${prefix}'`}\n`);
}

/** One that was deleted only where nothing else is left. `undefined` of an artifact that has none but numbers out of use. */
async function newestOf(domain: Domain, artifact: ListedArtifact): Promise<Row | undefined> {
  const [manifest, status] = await Promise.all([
    findNewest(domain, artifact, artifact.newest),
    readStatus(domain, artifact, artifact.newest),
  ]);
  if (manifest === undefined) return undefined;
  const isLikely = manifest.number === artifact.newest;
  const row = { manifest, status: isLikely ? status : await readStatus(domain, artifact, manifest.number) };
  return row.status === 'Deleted' ? ((await newestLeft(domain, row.manifest)) ?? row) : row;
}

/** Older than one that was deleted; `undefined` where none is left. */
async function newestLeft(domain: Domain, { number: deleted, ...name }: Manifest): Promise<Row | undefined> {
  for await (const number of listVersionNumbers(domain, name)) {
    if (number >= deleted) continue;
    const status = await readStatus(domain, name, number);
    const manifest = status === 'Deleted' ? undefined : await readManifest(domain, name, number);
    if (manifest !== undefined) return { manifest, status };
  }
  return undefined;
}

function plain({ manifest, status }: Row): object {
  const { repository, id, number, published, assets } = manifest;
  return { repository, id, newestVersion: number, status, published, assets };
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
    rows.map(({ manifest, status }) => [
      formatArtifactName(manifest),
      String(manifest.number),
      formatSize(manifest.assets.reduce((total, { size }) => total + size, 0)),
      formatDate(new Date(manifest.published)),
      status,
    ]),
    stdout.columns,
  );
}
