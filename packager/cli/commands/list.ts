import { expandAhead } from '../../../repository/ahead.ts';
import type { Domain, ListedArtifact, Manifest, Version } from '../../../repository/index.ts';
import { contentAssets, formatArtifactName, listArtifacts } from '../../../repository/index.ts';
import type { FolderEntry } from '../../../repository/looking/folder.ts';
import { listFolder } from '../../../repository/looking/folder.ts';
import { Labels } from '../../../repository/looking/labels.ts';
import type { VersionFilter } from '../../../repository/looking/versions.ts';
import { findShown, listVersions } from '../../../repository/looking/versions.ts';
import type { Unreadable } from '../../../repository/unreadable.ts';
import { formatSize } from '../../size.ts';
import { openDomainOf, withArnAsPrefix } from '../at-home.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import { adviceOnPrefix, foundIn } from '../known-repository.ts';
import type { ListOptions } from '../syntax/looking.ts';
import { prefixIn } from '../prefix.ts';
import { printable } from '../../printable.ts';
import { formatDate, GrowingTable, writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** So many artifacts are looked at at once. */
const AT_ONCE = 32;

/** A line: a folder, an artifact with the version that stands for it, or one version of several. */
type Row =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'version'; readonly version: Version; readonly labels: readonly string[] };

/** The artifacts of a repository, or their versions, written as they are found: nothing is held, however many there are. */
export async function run(given: ListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const options = withArnAsPrefix(given);
  const { domain } = await openDomainOf(options, given.prefix === undefined ? [] : [given.prefix], 'read', terminal);
  const prefix = prefixIn(options.repository, options.prefix);
  const filter = filterOf(options, domain.chance.now());
  const isRecursive = options.recursive ?? (options.json || options.versions || filter !== undefined);
  const entries = isRecursive
    ? everyArtifact(listArtifacts(domain, options.repository, prefix))
    : level(domain, options.repository, prefix);
  const unreadable = unreadableIn(warnings);
  const rows = foundIn(
    domain,
    options.repository,
    expandAhead(entries, AT_ONCE, (entry) => rowsOf(domain, entry, options, filter, unreadable)),
  );
  if (options.json) await writeDocument(rows, isRecursive, options, terminal, warnings);
  else if (!(await writeTable(rows, options, prefix, terminal))) await writeAdvice(domain, prefix, options, terminal);
}

async function* everyArtifact(artifacts: AsyncIterable<ListedArtifact>): AsyncGenerator<FolderEntry> {
  for await (const artifact of artifacts) yield { kind: 'artifact', artifact };
}

/** What is named without its `/`, and is a folder and nothing else, is looked into. */
async function* level(domain: Domain, repository: string, prefix: string | undefined): AsyncGenerator<FolderEntry> {
  const entries = listFolder(domain, repository, prefix);
  const first = await entries.next();
  if (first.done === true) return;
  const second = await entries.next();
  if (second.done === true && first.value.kind === 'folder' && first.value.path === `${prefix ?? ''}/`) {
    yield* listFolder(domain, repository, first.value.path);
    return;
  }
  yield first.value;
  if (second.done === true) return;
  yield second.value;
  yield* entries;
}

/** `undefined` where nothing is chosen: then it is the artifacts that are listed. */
function filterOf(options: ListOptions, now: Date): VersionFilter | undefined {
  const { status, label, olderThan, newerThan, used, unused } = options;
  const chosen = {
    ...(label !== undefined && { label }),
    ...(olderThan !== undefined && { before: new Date(now.getTime() - olderThan) }),
    ...(newerThan !== undefined && { since: new Date(now.getTime() - newerThan) }),
    ...((used || unused) && { isUsed: used }),
  };
  return status.length === 0 && Object.keys(chosen).length === 0 ? undefined : { statuses: status, ...chosen };
}

async function* rowsOf(
  domain: Domain,
  entry: FolderEntry,
  { versions }: ListOptions,
  filter: VersionFilter | undefined,
  unreadable: Unreadable,
): AsyncGenerator<Row> {
  if (entry.kind === 'folder') {
    yield entry;
    return;
  }
  const { artifact } = entry;
  if (!versions && filter === undefined) {
    const version = await findShown(domain, artifact, unreadable);
    if (version !== undefined) yield { kind: 'version', version, labels: [] };
    return;
  }
  const { repository, id } = artifact;
  const labels = new Labels(domain, artifact, unreadable);
  const found = listVersions(domain, { repository, id }, filter ?? { statuses: [] }, unreadable);
  for await (const version of found) {
    yield { kind: 'version', version, labels: versions ? await labels.of(version.manifest) : [] };
    if (!versions) return;
  }
}

/** Without `--versions` the members are those that scripts have always read. */
async function writeDocument(
  rows: AsyncIterable<Row>,
  isRecursive: boolean,
  { repository, versions }: ListOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<void> {
  const folders: string[] = [];
  async function* plain(): AsyncGenerator<object> {
    for await (const row of rows) {
      if (row.kind === 'folder') folders.push(`${repository}/${row.path}`);
      else yield versions ? plainVersion(row.version, row.labels) : plainArtifact(row.version);
    }
  }
  await writeJsonList(terminal, versions ? 'versions' : 'artifacts', plain());
  writeJson(terminal, { ...(!isRecursive && { folders }), warnings: warnings.all() });
}

function plainArtifact({ manifest, status }: Version): object {
  const { repository, id, number, published, assets } = manifest;
  return { repository, id, newestVersion: number, status, published, assets };
}

function plainVersion({ manifest, status }: Version, labels: readonly string[]): object {
  const { repository, id, number, published, assets, set } = manifest;
  return { repository, id, version: number, status, published, labels, set, assets };
}

async function writeAdvice(
  domain: Domain,
  prefix: string | undefined,
  options: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const advice = options.quiet ? undefined : await adviceOnPrefix(domain, prefix, 'list', placeFlags(options));
  if (advice !== undefined) terminal.stderr.write(`  ${advice}\n`);
}

/** @returns whether there was any */
async function writeTable(
  rows: AsyncIterable<Row>,
  options: ListOptions,
  prefix: string | undefined,
  terminal: Terminal,
): Promise<boolean> {
  const { repository, versions, quiet } = options;
  const table = new GrowingTable(
    terminal,
    versions
      ? [
          { title: 'VERSION' },
          { title: 'LABELS' },
          { title: 'SIZE', align: 'right' },
          { title: 'PUBLISHED' },
          { title: 'STATUS' },
        ]
      : [
          { title: 'ARTIFACT' },
          { title: 'NEWEST', align: 'right' },
          { title: 'SIZE', align: 'right' },
          { title: 'PUBLISHED' },
          { title: 'STATUS' },
        ],
  );
  for await (const row of rows) {
    if (row.kind === 'folder') await table.add([`${repository}/${row.path}`, '', '', '', '']);
    else await table.add(versions ? versionCells(row.version, row.labels) : artifactCells(row.version));
  }
  await table.end();
  if (table.rows > 0 || quiet) return table.rows > 0;
  const what = options.versions ? 'versions' : 'artifacts';
  const which = filterOf(options, new Date(0)) === undefined ? '' : ' that are so';
  terminal.stderr.write(
    `no ${what}${which} in '${repository}'${prefix === undefined ? '' : ` begin with '${prefix}'`}\n`,
  );
  return false;
}

function artifactCells({ manifest, status }: Version): readonly string[] {
  return [
    formatArtifactName(manifest),
    String(manifest.number),
    sizeOf(manifest),
    formatDate(new Date(manifest.published)),
    status,
  ];
}

function versionCells({ manifest, status }: Version, labels: readonly string[]): readonly string[] {
  const name = `${formatArtifactName(manifest)}:${manifest.number}`;
  return [name, printable(labels.join(' ')), sizeOf(manifest), formatDate(new Date(manifest.published)), status];
}

function sizeOf(manifest: Manifest): string {
  return formatSize(contentAssets(manifest).reduce((total, { size }) => total + size, 0));
}
