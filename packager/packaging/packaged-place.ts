import type { PublishOutcome } from '../event.ts';
import { shownPath } from '../location.ts';
import { formatPosition } from '../template/place.ts';
import type { Artifacts } from './artifact.ts';
import type { Artifact } from './artifact.ts';
import type { Stored } from './destination.ts';
import type { Unit } from './unit.ts';
import { allPlaces } from './unit.ts';

/** One place in a template and the artifact that it names now. */
export interface PackagedPlace {
  /** `file:line:column` */
  readonly place: string;
  readonly template: string;
  readonly resource?: string;
  readonly type: string;
  readonly property: string;
  /** As the user would type it; absent for what was no local path. */
  readonly path?: string;
  readonly id?: string;
  readonly arn?: string;
  readonly digest?: string;
  /** Bytes. */
  readonly size?: number;
  readonly bucket?: string;
  readonly key?: string;
  readonly outcome: PublishOutcome;
}

/** Every place of a template and of those below it, in the order of the files. */
export function packagedPlaces(
  root: Unit,
  artifacts: Artifacts,
  storedOf: (artifact: Artifact) => Stored | undefined,
  { cwd, repository }: { readonly cwd: string; readonly repository?: string | undefined },
): PackagedPlace[] {
  return allPlaces(root).flatMap(({ place, contents, unit }) =>
    contents.flatMap((content): PackagedPlace[] => {
      const artifact = artifacts.of(content);
      if (artifact === undefined || content.type === 's3-uri') return [];
      const { resource, type, property } = place;
      return [
        {
          place: formatPosition(place.position),
          template: unit.template.file,
          ...(resource !== undefined && { resource }),
          ...{ type, property },
          ...(content.type !== 'artifact' && { path: shownPath(cwd, content.path) }),
          ...(repository !== undefined && { id: `${repository}/${artifact.id}` }),
          ...outcomeOf(storedOf(artifact)),
        },
      ];
    }),
  );
}

function outcomeOf(stored: Stored | undefined): Omit<PackagedPlace, 'place' | 'template' | 'type' | 'property'> {
  if (stored === undefined) return { outcome: 'planned' };
  const { id, arn, digest, size, bucket, key, outcome } = stored;
  return {
    ...(id !== undefined && { id }),
    ...(arn !== undefined && { arn }),
    ...{ digest, size, bucket, key, outcome },
  };
}
