import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { ArtifactError } from './error.ts';
import type { ArtifactName } from './name.ts';
import { isId, isRepository, isSegment, isVersionNumber, shownName } from './name.ts';

/** Whose domain: one per account and region. */
export interface DomainPlace {
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  readonly partition: string;
  /** `local` for a directory. */
  readonly region: string;
  /** Twelve digits; zeros for a directory. */
  readonly account: string;
}

export const LOCAL_PLACE: DomainPlace = { partition: 'aws', region: 'local', account: '000000000000' };

/**
 * ```
 * arn:{partition}:artifacts:{region}:{account}:{repository}/{id}                          an artifact: no content
 * arn:{partition}:artifacts:{region}:{account}:{repository}/{id}:{version}                a version
 * arn:{partition}:artifacts:{region}:{account}:{repository}/{id}:{version}#{asset}        one asset of it
 * arn:{partition}:artifacts:{region}:{account}:{repository}/{id}@sha256:{64 hex}          content
 * arn:{partition}:artifacts:{region}:{account}:{repository}/{id}:{version}@sha256:{hex}   both: definite
 * ```
 */
export interface ArtifactArn extends DomainPlace, ArtifactName {
  readonly version?: number;
  readonly asset?: string;
  readonly digest?: Digest;
}

/** The ARN that `package` writes: it names a version and its content, and both must agree. */
export type DefiniteArn = ArtifactArn & { readonly version: number; readonly digest: Digest };

const PREFIX =
  /^arn:(?<partition>[a-z][a-z0-9-]*):artifacts:(?<region>[a-z][a-z0-9-]*):(?<account>[0-9]{12}):(?<resource>.+)$/s;
const RESOURCE =
  /^(?<repository>[^/]+)\/(?<id>[^:#@]+)(?::(?<version>[^#@]+))?(?:#(?<asset>[^@]+)|@sha256:(?<digest>.+))?$/s;

function invalid(text: string, why: string): ArtifactError {
  return new ArtifactError('INVALID_ARN', `'${shownName(text)}' is no artifact ARN: ${why}`, {
    remedy:
      'An artifact ARN is arn:PARTITION:artifacts:REGION:ACCOUNT:REPOSITORY/ID, then :VERSION, #ASSET or @sha256:DIGEST.',
  });
}

/** Whether somebody means an ARN, well formed or not, of whatever service: no other name of an artifact has several colons. */
export function looksLikeArtifactArn(text: string): boolean {
  return /^arn:[^:]*:[^:]*:/.test(text);
}

/** Strict: what it accepts, `formatArn` prints again to the letter. @throws ArtifactError INVALID_ARN */
export function parseArn(text: string): ArtifactArn {
  const outer = PREFIX.exec(text)?.groups;
  if (outer === undefined) throw invalid(text, 'it does not begin with arn:PARTITION:artifacts:REGION:ACCOUNT:');
  const { partition = '', region = '', account = '', resource = '' } = outer;
  const inner = RESOURCE.exec(resource)?.groups;
  if (inner === undefined)
    throw invalid(
      text,
      `'${shownName(resource)}' is not REPOSITORY/ID with an optional :VERSION, #ASSET or @sha256:DIGEST`,
    );
  const { repository = '', id = '', version, asset, digest } = inner;
  if (!isRepository(repository)) throw invalid(text, `'${shownName(repository)}' is no repository name`);
  if (!isId(id)) throw invalid(text, `'${shownName(id)}' is no artifact ID`);
  if (version !== undefined && !isVersionNumber(version))
    throw invalid(text, `'${shownName(version)}' is no version number`);
  if (digest !== undefined && !isDigest(digest))
    throw invalid(text, `'${shownName(digest)}' is not 64 lower-case hexadecimal digits`);
  if (asset !== undefined && !isSegment(asset)) throw invalid(text, `'${shownName(asset)}' is no asset name`);
  if (asset !== undefined && version === undefined) throw invalid(text, 'an asset belongs to a version');
  return {
    partition,
    region,
    account,
    repository,
    id,
    ...(version !== undefined && { version: Number(version) }),
    ...(asset !== undefined && { asset }),
    ...(digest !== undefined && { digest }),
  };
}

/** The text that `parseArn` reads back. Members that are absent are left out, with the mark before them. */
export function formatArn(arn: ArtifactArn): string {
  const { partition, region, account, repository, id, version, asset, digest } = arn;
  return (
    `arn:${partition}:artifacts:${region}:${account}:${repository}/${id}` +
    (version === undefined ? '' : `:${version}`) +
    (asset === undefined ? '' : `#${asset}`) +
    (digest === undefined ? '' : `@sha256:${digest}`)
  );
}

/** Whether two ARNs, or domains, are of one account, region and partition. */
export function samePlace(a: DomainPlace, b: DomainPlace): boolean {
  return a.partition === b.partition && a.region === b.region && a.account === b.account;
}
