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
  const flags: readonly (readonly [string, string | undefined])[] = [
    ['domain', place],
    ['domain-owner', domainOwner],
    ['region', region],
    ['profile', profile],
  ];
  return flags.flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${quoted(value)}`])).join('');
}

/** As shells understand it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
