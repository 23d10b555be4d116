import type { Manifest, Status } from '../../../repository/index.ts';
import {
  digestToBase64,
  formatArn,
  formatArtifactName,
  listVersionNumbers,
  readManifest,
  readStatus,
} from '../../../repository/index.ts';
import { resolveArtifact } from '../artifact.ts';
import { openDomain } from '../open.ts';
import type { ShowOptions } from '../options.ts';
import { formatSize } from '../../size.ts';
import { formatDate, formatFields, formatTable, writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/** Older versions are a `list` of their own some day; here the newest give the picture. */
const VERSIONS_SHOWN = 10;

/** One artifact: the version that was asked for, and its neighbours. */
export async function run(options: ShowOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, linkOf } = await openDomain(options, 'read', terminal);
  const artifact = await resolveArtifact(domain, options.artifact, options.repository);
  const { arn, key, size, digest, filename, status, manifest, resolvedFrom } = artifact;
  const numbers: number[] = [];
  let total = 0;
  for await (const number of listVersionNumbers(domain, artifact)) if (++total <= VERSIONS_SHOWN) numbers.push(number);
  const versions = await Promise.all(
    numbers.map(async (number) => ({
      manifest: await readManifest(domain, artifact, number),
      status: await readStatus(domain, artifact, number),
    })),
  );
  const url = linkOf(domain.bucket, key);
  if (options.json) {
    writeJson(terminal, {
      arn: formatArn(arn),
      ...{ repository: artifact.repository, id: artifact.id, version: arn.version, status, digest, size, filename },
      ...(resolvedFrom !== undefined && { resolvedFrom }),
      ...{ bucket: domain.bucket, key, url, manifest, versions: total },
      warnings: warnings.all(),
    });
    return;
  }
  const fields: [string, string][] = [
    ['Arn', formatArn(arn)],
    ...(resolvedFrom === undefined ? [] : [['Resolved from', resolvedFrom] satisfies [string, string]]),
    ['Status', status],
    ['Size', sizeOf(size)],
    ['SHA-256', digest],
    ['CodeSha256', digestToBase64(digest)],
    ...(manifest === undefined
      ? []
      : [['Published', formatDate(new Date(manifest.published))] satisfies [string, string]]),
    ['Key', key],
    ['Url', url],
  ];
  terminal.stdout.write(formatFields(fields));
  if (versions.length === 0) return;
  const shown = total > versions.length ? `, the newest ${versions.length} of ${total}` : '';
  terminal.stdout.write(`\nVersions of ${formatArtifactName(artifact)}${shown}:\n`);
  terminal.stdout.write(versionTable(versions, terminal));
}

/** Exact, and in the unit that people think in where that is another. */
function sizeOf(bytes: number): string {
  const rounded = formatSize(bytes);
  return rounded === `${bytes} B` ? rounded : `${rounded} (${bytes} bytes)`;
}

function versionTable(
  versions: readonly { readonly manifest: Manifest | undefined; readonly status: Status }[],
  { stdout }: Terminal,
): string {
  return formatTable(
    [
      { title: 'VERSION', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'PUBLISHED' },
      { title: 'STATUS' },
      { title: 'SHA-256', shrinks: true },
    ],
    versions.flatMap(({ manifest, status }) =>
      (manifest?.assets ?? []).map((asset) => [
        String(manifest?.number ?? ''),
        formatSize(asset.size),
        formatDate(new Date(manifest?.published ?? 0)),
        status,
        asset.digest,
      ]),
    ),
    stdout.columns,
  );
}
