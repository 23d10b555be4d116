import type { Artifact } from '../packaging/artifact.ts';
import { Artifacts } from '../packaging/artifact.ts';
import type { Unit } from '../packaging/unit.ts';
import { allPlaces } from '../packaging/unit.ts';
import type { BundledArtifact } from './manifest.ts';
import { compare } from './manifest.ts';

/** An artifact that a bundle brings, with the places that name it. */
export interface Listed extends BundledArtifact {
  readonly artifact: Artifact;
}

/** What is published of a template and of those below it, by ID. */
export function listingOf(root: Unit, prefix: string): readonly Listed[] {
  const listed = new Artifacts(root, prefix, new Map()).all.flatMap((artifact): Listed[] => {
    const { id, content } = artifact;
    if (content.type === 'artifact') return [];
    const kind = content.type === 'unit' ? content.kind : content.source.kind;
    return [{ id, location: content.location, kind, artifact }];
  });
  return listed.sort((a, b) => compare([a.id], [b.id]));
}

export function plainListing(listing: readonly Listed[]): readonly BundledArtifact[] {
  return listing.map(({ id, location, kind }) => ({ id, location, kind }));
}

/** What the template names of artifacts that exist: no bundle brings it, and the domain must have it. */
export function namesOf(root: Unit): readonly string[] {
  const contents = allPlaces(root).flatMap((loaded) => loaded.contents);
  return [...new Set(contents.flatMap((content) => (content.type === 'artifact' ? [content.name] : [])))].sort();
}
