import type { Domain, PublishedAsset } from '../../../repository/index.ts';
import { formatArn, placeOfKey } from '../../../repository/index.ts';
import type { PathPublication } from '../../publish-paths.ts';
import { arnOf, publishPaths } from '../../publish-paths.ts';
import { formatSize } from '../../size.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { surroundingsOf } from '../open.ts';
import { createProgress } from '../talk/progress.ts';
import type { PublishOptions } from '../syntax/publish.ts';
import { formatTable, writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Publishes files and folders as one version of an artifact and prints its ARN. */
export async function run(
  options: PublishOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  const progress = createProgress(terminal, options, warnings);
  let publication: PathPublication;
  try {
    publication = await publishPaths(options, surroundingsOf(terminal, options, tools), progress.reporter);
  } finally {
    progress.stop();
  }
  // Asked for while it is told.
  const announced = publication.announce();
  tell(publication, options, terminal, warnings);
  await announced;
}

function tell(
  publication: PathPublication,
  { json, quiet, labels, set }: PublishOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  const { manifest, assets, isNewVersion, bucket } = publication;
  const [first, ...others] = assets;
  const arn = arnOf(publication);
  const { number } = manifest;
  const place = { bucket };
  if (json) {
    const only = others.length === 0 ? contentOf(first, place) : {};
    const told = { arn, version: number, ...only, bucket, isNewVersion, labels, ...(set !== undefined && { set }) };
    writeJson(terminal, { ...told, assets: assets.map((asset) => plain(asset, place)), warnings: warnings.all() });
    return;
  }
  terminal.stdout.write(`${arn}\n`);
  if (others.length > 0 && !quiet) terminal.stderr.write(table(assets, terminal.stderr.columns));
}

function contentOf({ arn, key, size, outcome }: PublishedAsset, place: Pick<Domain, 'bucket'>): object {
  return { digest: arn.digest, size, key: placeOfKey(place, key).key, outcome };
}

function plain(asset: PublishedAsset, place: Pick<Domain, 'bucket'>): object {
  return { name: asset.name, arn: formatArn(asset.arn), filename: asset.filename, ...contentOf(asset, place) };
}

function table(assets: readonly PublishedAsset[], columns: number | undefined): string {
  return formatTable(
    [{ title: 'ASSET' }, { title: 'SIZE', align: 'right' }, { title: 'OUTCOME' }, { title: 'SHA-256', shrinks: true }],
    assets.map(({ name, size, outcome, arn }) => [name, formatSize(size), outcome, arn.digest]),
    columns,
  );
}
