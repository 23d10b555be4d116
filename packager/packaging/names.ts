import type { ResolvedNames } from './artifact.ts';
import type { Destination, Stored } from './destination.ts';
import type { Place } from '../template/place.ts';
import { eachAtItsPlace } from './problems.ts';
import type { Unit } from './unit.ts';
import { allPlaces, isPinned } from './unit.ts';

/**
 * What the template names by ARN or bookmark must exist before anything is uploaded.
 * @throws ArtifactErrors of all names that are wrong, each at its place
 */
export async function resolveNames(root: Unit, destination: Destination): Promise<ResolvedNames> {
  const names = new Map<string, Stored>();
  await eachAtItsPlace(namesIn(root), async ({ name, pinned }) => {
    names.set(name, await destination.resolve(name, pinned));
  });
  return names;
}

interface Name {
  readonly name: string;
  /** The first that names it. */
  readonly place: Place;
  readonly pinned: boolean;
}

function namesIn(root: Unit): readonly Name[] {
  const names = new Map<string, Name>();
  for (const { place, contents } of allPlaces(root)) {
    for (const content of contents) {
      if (content.type !== 'artifact') continue;
      const { name } = content;
      const before = names.get(name);
      names.set(name, { name, place: before?.place ?? place, pinned: isPinned(place) || before?.pinned === true });
    }
  }
  return [...names.values()];
}
