import { sha256 } from '../../repository/index.ts';
import type { Identity } from './unit.ts';

const LIMIT = 255;
const SHORT = 8;

/** What a Custom::ArtifactRef is called after. */
export interface Referred {
  /** An artifact's ID, or words that name several. */
  readonly id: string;
  /** Tells apart what reads alike: two versions of one artifact, say. The same on every machine. */
  readonly identity: Identity;
  readonly ending: 'Artifact' | 'Artifacts';
}

/**
 * Logical IDs of all references in one template, from the artifacts' IDs: `shop/src/hello` of the project `shop` becomes `SrcHelloArtifact`. Where
 * two come to the same, or the template has that name already, each gets a short digest of its identity. The order of `referred` is of no account.
 *
 * @param prefix left out of the names: the project's
 * @param referred of different identities
 * @param taken logical IDs that the template has already
 * @returns in the order of `referred`, all different
 */
export function assignLogicalIds(prefix: string, referred: readonly Referred[], taken: ReadonlySet<string>): string[] {
  const names = referred.map((one) => nameOf(prefix, one));
  const count = new Map<string, number>();
  for (const name of names) count.set(name, (count.get(name) ?? 0) + 1);
  const used = new Set([...taken, ...names]);
  return referred.map(({ identity }, index) => {
    const name = names[index] ?? '';
    const isKept = count.get(name) === 1 && !taken.has(name) && name.length <= LIMIT;
    return isKept ? name : withDigest(name, identity, used);
  });
}

function nameOf(prefix: string, { id, ending }: Referred): string {
  const below = id.startsWith(`${prefix}/`) ? id.slice(prefix.length + 1) : id;
  const words = below.split(/[^A-Za-z0-9]+/).filter(Boolean);
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}${ending}`;
}

function withDigest(name: string, identity: Identity, used: ReadonlySet<string>): string {
  const digest = sha256(identity);
  for (let length = SHORT; ; length *= 2) {
    const long = `${name.slice(0, LIMIT - length)}${digest.slice(0, length)}`;
    if (!used.has(long) || length > digest.length) return long;
  }
}
