import { quoteForShell } from '../shell-word.ts';
import type { OpenOptions } from './opening.ts';

/** What a command must be given to be about the same domain as this one; begins with a space, unless it is empty. */
export function placeFlags({
  domain,
  domainOwner,
  region,
  profile,
}: Pick<OpenOptions, 'region' | 'profile' | 'domain' | 'domainOwner'>): string {
  const place =
    domain === undefined
      ? undefined
      : domain.kind === 'directory'
        ? `file:${domain.directory}`
        : `s3://${domain.bucket}`;
  return writtenFlags([
    ['domain', place],
    ['domain-owner', domainOwner],
    ['region', region],
    ['profile', profile],
  ]);
}

/** As on a command line, of those that have a value; begins with a space, unless it is empty. */
export function writtenFlags(flags: readonly (readonly [name: string, value: string | undefined])[]): string {
  return flags.flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${quoteForShell(value)}`])).join('');
}
