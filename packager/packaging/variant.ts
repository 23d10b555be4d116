import { sha256 } from '../../repository/index.ts';
import type { Place } from '../template/place.ts';
import type { LoadedPlace, Unit } from './unit.ts';

/**
 * What a template names because of the parameters that it is given, as a digest; empty where it would name the same without them. Two uses of one
 * template that differ in nothing but names of queues are one artifact; two that bring in different files are two.
 *
 * @param plain the places that it has when nothing is given
 * @param isUnaffected whether a unit below is given the same either way
 */
export function variantOf(
  places: readonly LoadedPlace[],
  plain: readonly Place[],
  isUnaffected: (place: Place, unit: Unit) => boolean,
): string {
  const targets = places.map(({ place }) => targetsOf(place));
  const below = places.flatMap(({ place, contents }) =>
    contents.flatMap((content) =>
      content.type === 'unit' && content.variant !== '' && !isUnaffected(place, content)
        ? [`${place.pointer} ${content.variant}`]
        : [],
    ),
  );
  const isPlain = below.length === 0 && targets.join('\n') === plain.map(targetsOf).join('\n');
  return isPlain ? '' : sha256(JSON.stringify([targets, below]));
}

function targetsOf({ pointer, targets }: Place): string {
  return JSON.stringify([pointer, targets]);
}
