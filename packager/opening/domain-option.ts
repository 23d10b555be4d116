import path from 'node:path';
import { ArtifactError } from '../../repository/error.ts';

/** A domain, as people name it: `directory` is as given, relative to the working directory; a prefix has no slash at either end. */
export type DomainOption =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix?: string };

/** @param place `file:DIRECTORY` or `s3://BUCKET` @throws ArtifactError INVALID_ARGUMENT, without saying which option it is */
export function parseDomain(place: string): DomainOption {
  const directory = /^file:(?:\/\/)?(?<path>.+)$/s.exec(place)?.groups?.['path'];
  if (directory !== undefined) return { kind: 'directory', directory };
  const { bucket, prefix } = /^s3:\/\/(?<bucket>[^/]+)(?:\/(?<prefix>.*?))?\/*$/s.exec(place)?.groups ?? {};
  if (bucket === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `must be file:DIRECTORY or s3://BUCKET, not '${place}'`, {
      // With a colon it is more than a slip.
      remedy: `${place.includes(':') ? '' : `A directory is written 'file:${place}'. `}Leave it out for the domain of your account in the region.`,
    });
  }
  return prefix === undefined || prefix === '' ? { kind: 's3', bucket } : { kind: 's3', bucket, prefix };
}

/**
 * Looks whether a directory that is named can be a domain's at all, before anything is read, and before it is told of what would be written there.
 * @throws ArtifactError as `checkDirectory` does
 */
export async function checkPlace(domain: DomainOption | undefined, cwd: string): Promise<void> {
  if (domain?.kind !== 'directory') return;
  const { checkDirectory } = await import('../../repository/stores/directory-root.ts');
  checkDirectory(path.resolve(cwd, domain.directory), 'read');
}
