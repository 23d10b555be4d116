/**
 * What an account publishes into the domain of another has names of its own: nobody of the domain ever looks for its own content under them, so that no guest can lay other bytes in wait under a
 * digest; and whoever holds one has published it, or may read it.
 */

const GUEST_FILE = /^guest-(?<scope>[0-9a-f]{8})-(?<filename>.+)$/s;

/** @param scope of the pattern into which it is published */
export function guestFilename(scope: string, filename: string): string {
  return `guest-${scope}-${filename}`;
}

/** The scope into which others have published a file of this name. `undefined`: none, it is the domain's own. */
export function scopeOfFile(filename: string): string | undefined {
  return GUEST_FILE.exec(filename)?.groups?.['scope'];
}

/** As `Chance.nonce` makes them. */
const OWN_NONCE = /^[A-Za-z0-9]+$/;
const GUEST_NONCE = /^guest-(?<scope>[0-9a-f]{8})-[A-Za-z0-9]+$/;

/**
 * Names a version that a guest writes. The policy lets guests hold content under no name that the domain makes (`namedBy`).
 * @param scope of the pattern into which it is published
 */
export function guestNonce(scope: string, nonce: string): string {
  return `guest-${scope}-${nonce}`;
}

/**
 * Who names a version so: the domain itself, or others, into a scope. `undefined`: neither. A `*` of a policy stands for any characters, and so lets guests hold content under names that nobody makes;
 * those count for nothing.
 */
export function namedBy(nonce: string): 'domain' | { readonly scope: string } | undefined {
  if (OWN_NONCE.test(nonce)) return 'domain';
  const scope = GUEST_NONCE.exec(nonce)?.groups?.['scope'];
  return scope === undefined ? undefined : { scope };
}
