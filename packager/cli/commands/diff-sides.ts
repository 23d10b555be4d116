import type { Domain, Manifest } from '../../../repository/index.ts';
import { ArtifactError, contentAssets, formatArn, formatArtifactName } from '../../../repository/index.ts';
import type { ComparedAsset, Side } from '../../comparing/compare-versions.ts';
import { resolveArtifact, resolveVersion } from '../../naming/artifact.ts';
import { namesContent } from '../../naming/named-version.ts';

/** What a person names to be compared. */
export interface Compared extends Side {
  /** As every command takes it. */
  readonly name: string;
  readonly arn: string;
  /** Absent of content that no version of the artifact holds. */
  readonly manifest?: Manifest;
  /** Whether one asset was chosen, and not a version. */
  readonly isAsset: boolean;
}

/**
 * Both sides, each in its domain, so that what belongs together has one name: one asset beside one is compared with it whatever both are called; one that was chosen, beside a version with
 * several, with that of its name.
 * @throws ArtifactError as `resolveArtifact`; INVALID_ARGUMENT where there is none of that name
 */
export async function resolveSides(
  [fromDomain, toDomain]: readonly [Domain, Domain],
  [from, to]: readonly [string, string],
  repository: string,
): Promise<readonly [Compared, Compared]> {
  const [one, other] = await Promise.all([sideOf(fromDomain, from, repository), sideOf(toDomain, to, repository)]);
  if (one.assets.size === 1 && other.assets.size === 1) return [one, renamed(other, firstName(one))];
  if (one.isAsset) return [one, only(other, firstName(one))];
  if (other.isAsset) return [only(one, firstName(other)), other];
  return [one, other];
}

async function sideOf(domain: Domain, text: string, repository: string): Promise<Compared> {
  const { partition, region, account, store } = domain;
  if (namesContent(text, repository)) {
    const { arn, manifest, ...found } = await resolveArtifact(domain, text, repository);
    const { digest, filename } = found;
    const asset = manifest?.assets.find((each) => each.digest === digest && each.filename === filename);
    const what = formatArtifactName(found);
    return {
      name:
        manifest === undefined || asset === undefined
          ? `${what}@sha256:${digest}`
          : `${what}:${manifest.number}#${asset.name}`,
      arn: formatArn(arn),
      ...(manifest !== undefined && { manifest }),
      assets: new Map([[asset?.name ?? filename, plainAsset(found)]]),
      ...{ store, isAsset: true },
    };
  }
  const { manifest } = await resolveVersion(domain, text, repository);
  const { number: version, repository: own, id } = manifest;
  return {
    name: `${formatArtifactName(manifest)}:${version}`,
    arn: formatArn({ partition, region, account, repository: own, id, version }),
    manifest,
    assets: new Map(contentAssets(manifest).map(({ name, ...asset }) => [name, plainAsset(asset)])),
    ...{ store, isAsset: false },
  };
}

function plainAsset({ digest, filename, size, bucket }: ComparedAsset): ComparedAsset {
  return { digest, filename, size, ...(bucket !== undefined && { bucket }) };
}

function firstName({ assets }: Compared): string {
  const [name = ''] = assets.keys();
  return name;
}

function renamed(compared: Compared, name: string): Compared {
  return { ...compared, assets: new Map([...compared.assets.values()].map((asset) => [name, asset])) };
}

function only(compared: Compared, name: string): Compared {
  const asset = compared.assets.get(name);
  if (asset !== undefined) return { ...compared, assets: new Map([[name, asset]]) };
  const names = [...compared.assets.keys()].map((each) => `'${compared.name}#${each}'`);
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${compared.name}' has ${names.length} assets, and none is called '${name}'`,
    {
      remedy: `Name one: ${names.join(', ')}.`,
    },
  );
}
