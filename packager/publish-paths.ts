import path from 'node:path';
import type { AssetToPublish, VersionPublication } from '../repository/index.ts';
import { bucketOf, formatArn, parseId, publishAssets, requireRepository } from '../repository/index.ts';
import type { Archiver } from './archive/source.ts';
import { createArchiver, findProjectRoot, openSource } from './archive/source.ts';
import { cacheFolder } from './cache-folder.ts';
import type { Reporter } from './event.ts';
import { interruptible } from './interruptible.ts';
import { checkPlace } from './opening/domain-option.ts';
import { domainFolders, openDomain } from './opening/open.ts';
import type { OpenOptions } from './opening/opening.ts';
import type { Surroundings } from './opening/surroundings.ts';
import { provenanceOnce } from './provenance.ts';
import { scratchFolder } from './scratch.ts';

/** A file or a folder that becomes one asset of a version. */
export interface AssetPath {
  /** Absent: as its file is called. */
  readonly name?: string;
  /** As given. */
  readonly path: string;
}

export interface PublishingOptions extends OpenOptions {
  readonly repository: string;
  readonly id: string;
  readonly assets: readonly [AssetPath, ...AssetPath[]];
  /** Absent: a folder becomes an archive, a file is taken as it is. */
  readonly as?: 'zip' | 'file';
  readonly labels: readonly string[];
  /** The version is one of several candidates for this label, and unfinished. */
  readonly set?: { readonly label: string; readonly name: string };
  readonly metadata?: Readonly<Record<string, string>>;
  readonly exclude: readonly string[];
}

export interface PathPublication extends VersionPublication {
  /** In which the content stands. */
  readonly bucket: string;
  /** To be called when it was told: has a new version announced. Never rejects. */
  readonly announce: () => Promise<void>;
}

/**
 * Publishes files and folders as one version of an artifact. Everything is looked at before anything is sent.
 * @throws ArtifactError for what can't be read or may not be published; the signal's reason
 */
export async function publishPaths(
  options: PublishingOptions,
  surroundings: Surroundings,
  reporter: Reporter,
): Promise<PathPublication> {
  const { repository, labels, set, metadata } = options;
  const { cwd, env, signal } = surroundings;
  const name = { repository, id: parseId(options.id) };
  await checkPlace(options.domain, cwd);
  const archiver = createArchiver({ reporter, scratch: scratchFolder(), signal, cache: cacheFolder(env) });
  try {
    const root = await findProjectRoot(path.dirname(path.resolve(cwd, options.assets[0].path)));
    const assets = await openAssets(options, root, archiver, reporter, surroundings);
    const { domain, caller, announce } = await openDomain(options, 'write', surroundings);
    await requireRepository(domain, repository, 'publish');
    const bucket = await bucketOf(domain, repository);
    const provenance = provenanceOnce({
      ...{ root, env, source: sourceOf(options, root, cwd) },
      ...(caller !== undefined && { by: caller }),
    });
    const publication = await publishAssets(domain, name, {
      ...{ assets, labels, provenance },
      ...(bucket !== undefined && { bucket }),
      ...(set !== undefined && { set }),
      ...(metadata !== undefined && { metadata }),
    });
    const { assets: published, isNewVersion } = publication;
    return {
      ...publication,
      bucket: bucket ?? domain.bucket,
      announce: async () => {
        if (isNewVersion) await announce([formatArn(published[0].arn)]);
      },
    };
  } finally {
    await archiver.close();
  }
}

/** The ARN of what was published: of several assets the version's, as each has an ARN of its own, which tells its content. */
export function arnOf({ assets: [first, ...others] }: Pick<VersionPublication, 'assets'>): string {
  const { partition, region, account, repository, id, version } = first.arn;
  const whole = { partition, region, account, repository, id, version };
  return formatArn(others.length === 0 ? first.arn : whole);
}

async function openAssets(
  options: PublishingOptions,
  root: string,
  archiver: Archiver,
  reporter: Reporter,
  { cwd, signal }: Surroundings,
): Promise<readonly [AssetToPublish, ...AssetToPublish[]]> {
  const project = {
    ...{ root, exclude: options.exclude, followExternalSymlinks: false },
    leaveOut: domainFolders(options, cwd),
  };
  const open = async (asset: AssetPath): Promise<AssetToPublish> => {
    const wanted = options.as ?? 'archive-or-file';
    const source = await openSource({ path: path.resolve(cwd, asset.path), wanted }, project, archiver);
    for (const warning of source.warnings) reporter({ kind: 'warning', warning });
    const publishable = interruptible(source, signal);
    return { publishable, ...(asset.name !== undefined && { name: asset.name }) };
  };
  const [first, ...rest] = options.assets;
  return [await open(first), ...(await Promise.all(rest.map(open)))];
}

/** What was published, as people of the project know it. */
function sourceOf({ assets }: PublishingOptions, root: string, cwd: string): string {
  const paths = assets.map((asset) => path.relative(root, path.resolve(cwd, asset.path)).split(path.sep).join('/'));
  return paths.map((one) => (one === '' ? '.' : one)).join(', ');
}
