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

const GUEST_NONCE = /^guest-(?<scope>[0-9a-f]{8})-/;

/**
 * Names a version that a guest writes. The policy lets guests hold content under no other names: so that what is held under another is held by the domain itself.
 * @param scope of the pattern into which it is published
 */
export function guestNonce(scope: string, nonce: string): string {
  return `guest-${scope}-${nonce}`;
}

/** The scope into which others have published it. `undefined`: none, the domain itself has. */
export function scopeOfNonce(nonce: string): string | undefined {
  return GUEST_NONCE.exec(nonce)?.groups?.['scope'];
}
