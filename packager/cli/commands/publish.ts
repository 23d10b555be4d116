import path from 'node:path';
import type { Domain, PublishedAsset, VersionPublication } from '../../../repository/index.ts';
import {
  bucketOf,
  formatArn,
  parseId,
  placeOfKey,
  publishAssets,
  requireRepository,
} from '../../../repository/index.ts';
import type { AssetToPublish } from '../../../repository/index.ts';
import type { Archiver } from '../../archive/source.ts';
import { createArchiver, findProjectRoot, openSource } from '../../archive/source.ts';
import { cacheFolder } from '../../cache-folder.ts';
import type { Reporter } from '../../event.ts';
import { interruptible } from '../../interruptible.ts';
import { provenanceOnce } from '../../provenance.ts';
import { formatSize } from '../../size.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { domainFolders, openDomain } from '../open.ts';
import { createProgress } from '../progress.ts';
import type { PublishOptions } from '../publish-options.ts';
import { formatTable, writeJson } from '../report.ts';
import { scratchFolder } from '../../scratch.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../warnings.ts';

/** Publishes files and folders as one version of an artifact and prints its ARN. */
export async function run(
  options: PublishOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  const { repository, labels, set, metadata } = options;
  const name = { repository, id: parseId(options.id) };
  const progress = createProgress(terminal, options, warnings);
  const archiver = createArchiver({
    ...{ reporter: progress.reporter, scratch: scratchFolder(), signal: terminal.signal },
    cache: cacheFolder(terminal.env),
  });
  try {
    const root = await findProjectRoot(path.dirname(path.resolve(terminal.cwd, options.assets[0].path)));
    const assets = await openAssets(options, root, archiver, progress.reporter, terminal);
    const { domain, caller, announce } = await openDomain(options, 'write', terminal, tools);
    await requireRepository(domain, repository, 'publish');
    const bucket = await bucketOf(domain, repository);
    const provenance = provenanceOnce({
      ...{ root, env: terminal.env, source: sourceOf(options, root, terminal) },
      ...(caller !== undefined && { by: caller }),
    });
    const publication = await publishAssets(domain, name, {
      ...{ assets, labels, provenance },
      ...(bucket !== undefined && { bucket }),
      ...(set !== undefined && { set }),
      ...(metadata !== undefined && { metadata }),
    });
    progress.stop();
    const { assets: published, isNewVersion } = publication;
    const announced = isNewVersion ? announce([formatArn(published[0].arn)]) : undefined;
    tell(publication, bucket ?? domain.bucket, options, terminal, warnings);
    await announced;
  } finally {
    progress.stop();
    await archiver.close();
  }
}

/** Everything is looked at before anything is sent. */
async function openAssets(
  options: PublishOptions,
  root: string,
  archiver: Archiver,
  reporter: Reporter,
  terminal: Terminal,
): Promise<readonly [AssetToPublish, ...AssetToPublish[]]> {
  const project = {
    ...{ root, exclude: options.exclude, followExternalSymlinks: false },
    leaveOut: domainFolders(options, terminal.cwd),
  };
  const open = async (asset: PublishOptions['assets'][0]): Promise<AssetToPublish> => {
    const wanted = options.as ?? 'archive-or-file';
    const source = await openSource({ path: path.resolve(terminal.cwd, asset.path), wanted }, project, archiver);
    for (const warning of source.warnings) reporter({ kind: 'warning', warning });
    const publishable = interruptible(source, terminal.signal);
    return { publishable, ...(asset.name !== undefined && { name: asset.name }) };
  };
  const [first, ...rest] = options.assets;
  return [await open(first), ...(await Promise.all(rest.map(open)))];
}

/** What was published, as people of the project know it. */
function sourceOf({ assets }: PublishOptions, root: string, { cwd }: Terminal): string {
  const paths = assets.map((asset) => path.relative(root, path.resolve(cwd, asset.path)).split(path.sep).join('/'));
  return paths.map((one) => (one === '' ? '.' : one)).join(', ');
}

function tell(
  { manifest, assets, isNewVersion }: VersionPublication,
  bucket: string,
  { json, quiet, labels, set }: PublishOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  const [first, ...others] = assets;
  const { partition, region, account, repository, id, version } = first.arn;
  // Of several, the version's: each asset has an ARN of its own, which tells its content.
  const whole = { partition, region, account, repository, id, version };
  const arn = formatArn(others.length === 0 ? first.arn : whole);
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
