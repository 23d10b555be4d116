import path from 'node:path';
import type { Status } from '../../repository/index.ts';
import { formatArn, placeOfKey } from '../../repository/index.ts';
import type { FetchedFile } from '../fetch.ts';
import { fetchArtifact } from '../fetch.ts';
import { resolveArtifact, resolveVersion } from '../naming/artifact.ts';
import type { NamedContent } from '../naming/named-version.ts';
import { resolveNamed } from '../naming/named-version.ts';
import { atHome } from '../opening/at-home.ts';
import { openDomain } from '../opening/open.ts';
import type { OpenDomain } from '../opening/opening.ts';
import type { Surroundings } from '../opening/surroundings.ts';
import type { DomainOptions, OptionNames } from './options.ts';
import { called, DOMAIN_OPTIONS, domainOptions, OptionCheck } from './options.ts';

export interface GetOptions extends DomainOptions {
  /** A file, or a folder. @default the artifact's own name in the working directory */
  readonly output?: string;
  /** Replaces files that are there, although only their folder was named. @default false */
  readonly force?: boolean;
  /** Of a version also the assets that prove something of it. @default false */
  readonly all?: boolean;
}

const GET_OPTIONS: OptionNames<GetOptions> = { ...DOMAIN_OPTIONS, output: true, force: true, all: true };

export interface GottenFile {
  readonly arn: string;
  /** Absolute. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
}

/** What a name means at this moment. */
export interface ResolvedArtifact {
  /** Definite: it names this content for ever. */
  readonly arn: string;
  readonly repository: string;
  readonly id: string;
  /** Absent of content that was named by its digest alone. */
  readonly version?: number;
  readonly status: Status;
  readonly filename: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly bucket: string;
  readonly key: string;
  /** The bookmark that chose the version: `repository/id^name`. */
  readonly resolvedFrom?: string;
}

/**
 * Brings an artifact's content here, verified, as `cfn-artifacts get` does: all files appear whole and right, or none does.
 * @param artifact an ARN, or `[REPOSITORY/]ID[:VERSION|^BOOKMARK]`
 * @example
 * const [{ file }] = await get('shop/site:3', { output: 'site.zip' });
 * @throws ArtifactError ARTIFACT_NOT_FOUND, ARTIFACT_DELETED, OUTPUT_FAILED, DIGEST_MISMATCH and others
 */
export async function get(artifact: string, options: GetOptions = {}): Promise<[GottenFile, ...GottenFile[]]> {
  return called(options, async ({ surroundings }) => {
    const { domain, repository } = await open(artifact, options, GET_OPTIONS, surroundings);
    const { output, force = false, all = false } = options;
    const named: NamedContent = all
      ? { kind: 'version', version: await resolveVersion(domain, artifact, repository) }
      : await resolveNamed(domain, artifact, repository);
    const { cwd, signal } = surroundings;
    const fetched = await fetchArtifact(domain, named, {
      ...{ cwd, signal, force, all, onKept: () => undefined },
      // A stream is the command's.
      ...(output !== undefined && { output: path.resolve(cwd, output) + (/[/\\]$/.test(output) ? path.sep : '') }),
    });
    const [first, ...rest] = fetched.kind === 'file' ? [fetched.file] : fetched.files;
    if (first === undefined) throw new TypeError(`a version has no assets: '${artifact}'`);
    return [gotten(first), ...rest.map(gotten)];
  });
}

function gotten({ arn, output: { file }, asset: { size, digest } }: FetchedFile): GottenFile {
  return { arn, file, size, digest };
}

/**
 * What a name means at this moment: `shop/site^live` is another version tomorrow, its ARN is not.
 * @param artifact an ARN, or `[REPOSITORY/]ID[:VERSION|^BOOKMARK]`
 * @example
 * const { arn } = await resolve('shop/site^live', { region: 'eu-west-1' });
 * @throws ArtifactError ARTIFACT_NOT_FOUND and others; INVALID_NAME
 */
export async function resolve(artifact: string, options: DomainOptions = {}): Promise<ResolvedArtifact> {
  return called(options, async ({ surroundings }) => {
    const { domain, repository } = await open(artifact, options, DOMAIN_OPTIONS, surroundings);
    const found = await resolveArtifact(domain, artifact, repository);
    const { arn, id, status, filename, digest, size, resolvedFrom } = found;
    return {
      ...{ arn: formatArn(arn), repository: found.repository, id, status, filename, digest, size },
      ...placeOfKey(domain, found.key),
      ...(arn.version !== undefined && { version: arn.version }),
      ...(resolvedFrom !== undefined && { resolvedFrom }),
    };
  });
}

async function open<Options extends DomainOptions>(
  artifact: string,
  options: Options,
  names: OptionNames<Options>,
  surroundings: Surroundings,
): Promise<OpenDomain & { readonly repository: string }> {
  const check = new OptionCheck();
  check.names(options, names);
  const wanted = domainOptions(options, check);
  check.done();
  return { ...(await openDomain(atHome(wanted, [artifact]), 'read', surroundings)), repository: wanted.repository };
}
