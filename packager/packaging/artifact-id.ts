import path from 'node:path';
import { sha256 } from '../../repository/index.ts';

const ID_LIMIT = 512;
const SHORT = 8;

/** One thing that needs an ID: the same path may be wanted in more than one form (a file as it is, and zipped). */
export interface Named {
  /** Absolute. */
  readonly path: string;
  /** What becomes of it; part of its identity. */
  readonly as: 'archive' | 'file' | 'template' | 'detached-template' | 'fragment';
  /** An ID below the prefix that the author chose. */
  readonly name?: string;
}

/**
 * Gives every path the ID `{prefix}/{path below the project}`. An ID depends on its own path alone, never on the order of things; only
 * where two come to the same ID does a short digest tell them apart; the one whose path is the ID to the letter keeps it.
 *
 * @param prefix a valid artifact ID
 * @returns IDs in the order of `named`; equal entries get equal IDs
 */
export function assignIds(prefix: string, projectRoot: string, named: readonly Named[]): string[] {
  const entries = named.map((one) => {
    const below = one.name ?? relativePath(projectRoot, one.path);
    const fitted = below.split('/').map(fitSegment).filter(Boolean).join('/');
    const identity = `${one.as}:${below}`;
    return {
      identity,
      changed: fitted !== below || one.as === 'archive',
      id: [prefix, fitted].filter(Boolean).join('/'),
    };
  });
  const claimants = new Map<string, Set<string>>();
  const owners = new Map<string, Set<string>>();
  for (const { id, identity, changed } of entries) {
    claimants.set(id, (claimants.get(id) ?? new Set()).add(identity));
    if (!changed) owners.set(id, (owners.get(id) ?? new Set()).add(identity));
  }
  return entries.map(({ id, identity }) => {
    const owner = owners.get(id);
    const alone = claimants.get(id)?.size === 1 || (owner?.size === 1 && owner.has(identity));
    if (alone && id.length <= ID_LIMIT) return id;
    const short = sha256(identity).slice(0, SHORT);
    return `${id.slice(0, ID_LIMIT - SHORT - 1).replace(/[/]+$/, '')}-${short}`;
  });
}

/** `.aws-sam/build` stands for the project above it. */
function relativePath(root: string, file: string): string {
  const segments = path.relative(root, file).split(path.sep);
  const build = segments.findIndex((segment, index) => segment === '.aws-sam' && segments[index + 1] === 'build');
  if (build >= 0) segments.splice(build, 2);
  return segments.filter((segment) => segment !== '..').join('/');
}

/** An ID's segment of any text: what it can't have becomes `-`, and what it can't begin with goes. */
export function fitSegment(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._+=-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
}
