import type { Location, ReferenceResource, Rewrite, Setting } from '../template/place.ts';
import type { TemplateMemory } from '../template/memory.ts';
import { rewriteTemplate } from '../template/rewrite/rewrite.ts';
import type { Artifact } from './artifact.ts';
import type { Stored } from './destination.ts';
import type { PlannedReference, ReferencePlan } from './references.ts';
import type { PlaceContent, Unit } from './unit.ts';

/** Where things are that a template names. */
export interface Whereabouts {
  /** @throws Error where it was not stored: a defect */
  locationOf(content: PlaceContent): Location;
  storedOf(artifact: Artifact): Stored | undefined;
}

/** The text of a template or fragment with locations in the place of what named them, and with its references. */
export function rewriteUnit(
  unit: Unit,
  { references, uses }: ReferencePlan,
  whereabouts: Whereabouts,
  memory?: TemplateMemory,
): string {
  const rewrites = unit.places.map((loaded): Rewrite => {
    const { attributes, waits } = uses.get(loaded) ?? { waits: [] };
    return {
      place: loaded.place,
      locations: loaded.contents.map((content) => whereabouts.locationOf(content)),
      ...(attributes !== undefined && { references: attributes }),
      dependsOn: waits,
    };
  });
  const changes = {
    ...{ rewrites, settings: settingsOf(unit) },
    references: references.map((reference) => resourceOf(reference, whereabouts)),
  };
  return rewriteTemplate(unit.template, changes, memory);
}

/** What builds decide. Two places of one function come to the same. */
function settingsOf({ places }: Unit): readonly Setting[] {
  const settings = places.flatMap(({ place }) => place.settings ?? []);
  return [...new Map(settings.map((setting) => [setting.pointer, setting])).values()];
}

function resourceOf({ artifacts, ...reference }: PlannedReference, whereabouts: Whereabouts): ReferenceResource {
  const recorded = artifacts.map((artifact) => {
    const { arn, key, resolvedFrom } = whereabouts.storedOf(artifact) ?? {};
    if (arn === undefined || key === undefined) throw new Error(`a reference to what has no ARN: ${artifact.id}`);
    return { arn, key, ...(resolvedFrom !== undefined && { resolvedFrom }) };
  });
  return { ...reference, artifacts: recorded };
}

/** An object that was in S3 before: nothing but its place is known, and nothing else is asked of it. */
export function foreignLocation(content: PlaceContent): Location {
  if (content.type !== 's3-uri') throw new Error('a location was asked for before its content was stored');
  const { bucket, key, version } = content;
  return { bucket, key, url: '', partition: '', digest: '', ...(version !== undefined && { objectVersion: version }) };
}
