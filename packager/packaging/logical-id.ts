import { sha256 } from '../../repository/index.ts';

const LIMIT = 255;
const SHORT = 8;

/** What a Custom::ArtifactRef is called after. */
export interface Referred {
  readonly id: string;
  /** Tells apart what has the same ID: two versions of one artifact, say. */
  readonly identity: string;
}

/**
 * Logical IDs of the references in one template, from the artifacts' IDs: `shop/src/hello` of the project `shop` becomes
 * `SrcHelloArtifact`. Where two come to the same, or the template has that name already, each gets a short digest of its own.
 *
 * @param taken logical IDs that the template has already
 * @returns in the order of `artifacts`, which must differ from each other
 */
export function assignLogicalIds(
  prefix: string,
  artifacts: readonly Referred[],
  taken: ReadonlySet<string>,
  ending: 'Artifact' | 'Artifacts' = 'Artifact',
): string[] {
  const names = artifacts.map(({ id }) => {
    const below = id.startsWith(`${prefix}/`) ? id.slice(prefix.length + 1) : id;
    const words = below.split(/[^A-Za-z0-9]+/).filter(Boolean);
    const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
    return `${pascal}${ending}`;
  });
  const count = new Map<string, number>();
  for (const name of names) count.set(name, (count.get(name) ?? 0) + 1);
  return names.map((name, index) => {
    const artifact = artifacts[index];
    const free = count.get(name) === 1 && !taken.has(name) && name.length <= LIMIT;
    return free || artifact === undefined
      ? name
      : `${name.slice(0, LIMIT - SHORT)}${sha256(artifact.identity).slice(0, SHORT)}`;
  });
}
