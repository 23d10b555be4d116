import { formatArn, parseId, placeOfKey } from '../../repository/index.ts';
import { parseSegment } from '../../repository/name.ts';
import type { PublishOutcome, Warning } from '../event.ts';
import type { AssetPath } from '../publish-paths.ts';
import { arnOf, publishPaths } from '../publish-paths.ts';
import type { DomainOptions, OptionNames, TellingOptions } from './options.ts';
import { called, DOMAIN_OPTIONS, domainOptions, invalid, OptionCheck } from './options.ts';

/** As the options of `cfn-artifacts publish` are called. */
export interface PublishOptions extends DomainOptions, TellingOptions {
  /** Of the artifact in its repository, like `shop/api`. */
  readonly id: string;
  /** A file or a folder, which is the version's only asset … */
  readonly path?: string;
  /** … or several. */
  readonly assets?: readonly AssetPath[];
  /** How a path is taken. @default a folder becomes an archive, a file is taken as it is */
  readonly as?: 'zip' | 'file';
  /** Names of this very version for ever, like `1.4.0`. */
  readonly labels?: readonly string[];
  /** Patterns of what is left out of archives, as in `.artifactignore`. */
  readonly exclude?: readonly string[];
}

const OPTIONS: OptionNames<PublishOptions> = {
  ...DOMAIN_OPTIONS,
  ...{ id: true, path: true, assets: true, as: true, labels: true, exclude: true, reporter: true },
};

export interface PublishedFile {
  readonly name: string;
  /** Definite. */
  readonly arn: string;
  readonly filename: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly bucket: string;
  readonly key: string;
  readonly outcome: PublishOutcome;
}

export interface PublishedVersion {
  /** Of one asset that of its content; of several the version's. */
  readonly arn: string;
  readonly version: number;
  /** False where the same content was there under the same ID. */
  readonly isNewVersion: boolean;
  readonly assets: readonly PublishedFile[];
  readonly warnings: readonly Warning[];
}

/**
 * Publishes files and folders as one version of an artifact, as `cfn-artifacts publish` does.
 * @example
 * const { arn } = await publish({ id: 'shop/site', path: 'dist', domain: 's3://my-artifacts' });
 * @throws ArtifactErrors with everything that is wrong with the options; ArtifactError for what can't be read or may not be published
 */
export async function publish(options: PublishOptions): Promise<PublishedVersion> {
  return called(options, async ({ surroundings, reporter, warnings }) => {
    const check = new OptionCheck();
    const { id, as, labels = [], exclude = [] } = options;
    check.names(options, OPTIONS);
    const domain = domainOptions(options, check);
    check.read('id', id, parseId);
    check.each('labels', labels, (label) => parseSegment('label', label));
    check.each('exclude', exclude, () => undefined);
    const [first, ...rest] = assetsOf(options, check);
    check.matches('as', as, /^(?:zip|file)$/, "'zip' or 'file'");
    check.done();
    if (first === undefined) throw new TypeError('no asset was found to be missing');
    const wanted = { ...domain, id, labels, exclude, ...(as !== undefined && { as }) };
    const publication = await publishPaths({ ...wanted, assets: [first, ...rest] }, surroundings, reporter);
    const { manifest, assets, isNewVersion } = publication;
    await publication.announce();
    return {
      ...{ arn: arnOf(publication), version: manifest.number, isNewVersion },
      assets: assets.map(({ name, arn, filename, size, outcome, key }) => ({
        ...{ name, arn: formatArn(arn), filename, digest: arn.digest, size, outcome },
        ...placeOfKey(publication, key),
      })),
      warnings: warnings(),
    };
  });
}

/** What is to be published, as far as it is a list. Problems are left with `check`: whoever has no types gives an empty text for a path, which would be the working directory. */
function assetsOf({ path, assets }: PublishOptions, check: OptionCheck): readonly AssetPath[] {
  check.oneOf({ path, assets }, 'One path is one asset: name it in assets as well.');
  if (assets === undefined) {
    check.read('path', { path }, (given) => {
      if (!isPath(given.path)) throw invalid('must be the path of a file or a folder');
    });
    return path === undefined ? [] : [{ path }];
  }
  check.read('assets', assets, (all) => {
    if (!Array.isArray(all) || all.length === 0 || !all.every((one: Partial<AssetPath>) => isPath(one.path)))
      throw invalid('must be a list of assets, each with the path of a file or a folder');
  });
  if (!Array.isArray(assets)) return [];
  for (const { name } of assets as readonly AssetPath[])
    check.read('assets', name, (one) => parseSegment('asset name', one));
  return assets as readonly AssetPath[];
}

function isPath(given: unknown): boolean {
  return typeof given === 'string' && given !== '';
}
