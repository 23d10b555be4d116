import type { Domain, Manifest, Resolution, Status } from '../../../repository/index.ts';
import {
  digestToBase64,
  findNewest,
  formatArn,
  formatArtifactName,
  hasCode,
  listVersionNumbers,
  newestNumber,
  readManifest,
  readStatus,
} from '../../../repository/index.ts';
import { resolveArtifact, resolveVersions } from '../artifact.ts';
import { openDomain } from '../open.ts';
import type { ShowOptions } from '../looking-options.ts';
import { formatSize } from '../../size.ts';
import { formatDate, formatFields, formatTable, writeJson } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/** Older versions are a `list` of their own some day; here the newest give the picture. */
const VERSIONS_SHOWN = 10;

/** One artifact: the version that was asked for, and its neighbours. */
export async function run(options: ShowOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, linkOf } = await openDomain(options, 'read', terminal);
  const artifact = await artifactShown(domain, options.artifact, options.repository);
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
  const content = status === 'Deleted' ? await contentLeft(domain, artifact) : undefined;
  if (options.json) {
    writeJson(terminal, {
      arn: formatArn(arn),
      ...{ repository: artifact.repository, id: artifact.id, version: arn.version, status, digest, size, filename },
      ...(resolvedFrom !== undefined && { resolvedFrom }),
      ...{ bucket: domain.bucket, key, url, manifest, versions: total, content },
      warnings: warnings.all(),
    });
    return;
  }
  const fields: [string, string][] = [
    ['Arn', formatArn(arn)],
    ...(resolvedFrom === undefined ? [] : [['Resolved from', resolvedFrom] satisfies [string, string]]),
    ['Status', status],
    ...(content === undefined ? [] : [['Content', CONTENT_LEFT[content]] satisfies [string, string]]),
    ['Size', sizeOf(size)],
    ['SHA-256', digest],
    ['CodeSha256', digestToBase64(digest)],
    ...(manifest === undefined
      ? []
      : [['Published', formatDate(new Date(manifest.published))] satisfies [string, string]]),
    ...(content === 'gone'
      ? []
      : ([
          ['Key', key],
          ['Url', url],
        ] satisfies [string, string][])),
  ];
  terminal.stdout.write(formatFields(fields));
  if (versions.length === 0) return;
  const shown = total > versions.length ? `, the newest ${versions.length} of ${total}` : '';
  terminal.stdout.write(`\nVersions of ${formatArtifactName(artifact)}${shown}:\n`);
  terminal.stdout.write(versionTable(versions, terminal));
}

/** What is named; of an artifact without more whose versions are all given up, the newest of them. */
async function artifactShown(domain: Domain, text: string, repository: string): Promise<Resolution> {
  try {
    return await resolveArtifact(domain, text, repository);
  } catch (error) {
    if (!hasCode(error, 'ARTIFACT_NOT_FOUND')) throw error;
    const { number, digest, ...name } = await resolveVersions(domain, text, repository);
    if (number !== undefined || digest !== undefined) throw error;
    const newest = await findNewest(domain, name, await newestNumber(domain, name));
    if (newest === undefined) throw error;
    return resolveArtifact(domain, `${formatArtifactName(name)}:${newest.number}`, repository);
  }
}

type ContentLeft = keyof typeof CONTENT_LEFT;

/** What is left of a version that was deleted. */
const CONTENT_LEFT = {
  there: "there still: 'cfn-artifacts undelete' takes the deletion back",
  gone: 'gone: publish the same bytes again',
};

async function contentLeft({ store }: Domain, { key }: Resolution): Promise<ContentLeft> {
  // A listing tells as much as a look, and needs no right to the content.
  for await (const listed of store.list(key, { limit: 1 })) if (listed.key === key) return 'there';
  return 'gone';
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
