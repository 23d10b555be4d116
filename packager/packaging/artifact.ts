import { looksLikeArtifactArn, parseArn, parseSelector } from '../../repository/index.ts';
import { assignIds } from './artifact-id.ts';
import type { Named } from './artifact-id.ts';
import type { ForeignObject, LoadedPlace, PlaceContent, Unit } from './load.ts';
import type { Referred } from './logical-id.ts';
import type { Place } from '../template/place.ts';

/** Key of an artifact within a run: what it is made of, and in which form. */
export type ArtifactKey = string;

/** What will have a name: everything that the template and those below it name, the template itself left out. */
export interface Artifact extends Referred {
  readonly key: ArtifactKey;
  readonly content: Exclude<PlaceContent, ForeignObject>;
  /** The first that names it. */
  readonly place: Place;
  /** Some place needs the version of the object. */
  readonly pinned: boolean;
}

export type Artifacts = ReadonlyMap<ArtifactKey, Artifact>;

export function keyOf(content: PlaceContent): ArtifactKey {
  switch (content.type) {
    case 'source':
      // By what it became: a folder is the same archive wherever one is wanted.
      return JSON.stringify(['source', content.source.kind, content.path, content.name]);
    case 'unit':
      return JSON.stringify(['unit', content.kind, content.detached, content.path]);
    case 'artifact':
      return JSON.stringify(['artifact', content.name]);
    case 's3-uri':
      return JSON.stringify(['s3-uri', content.bucket, content.key, content.version]);
  }
}

/** @param prefix leads every ID */
export function collect(root: Unit, prefix: string, projectRoot: string): Artifacts {
  const found = new Map<ArtifactKey, Pick<Artifact, 'content' | 'place' | 'pinned'>>();
  for (const { place, contents } of allPlaces(root)) {
    for (const content of contents) {
      if (content.type === 's3-uri') continue;
      const pinned = place.pinned || (place.form.kind === 'artifact' && place.form.member === 'ObjectVersion');
      const key = keyOf(content);
      const before = found.get(key);
      found.set(key, { content, place: before?.place ?? place, pinned: pinned || before?.pinned === true });
    }
  }
  const entries = [...found];
  const local = entries.filter(([, { content }]) => content.type !== 'artifact');
  const ids = assignIds(
    prefix,
    projectRoot,
    local.map(([, { content }]) => namedAs(content)),
  );
  const idOf = new Map(local.map(([key], index) => [key, ids[index] ?? prefix]));
  return new Map(
    entries.map(([key, { content, place, pinned }]) => {
      const named = content.type === 'artifact' ? { id: idOfName(content.name), identity: content.name } : undefined;
      const id = idOf.get(key) ?? prefix;
      return [key, { key, content, place, pinned, ...(named ?? { id, identity: id }) }];
    }),
  );
}

/** The ID in an ARN or in `repository/id^bookmark`. */
function idOfName(name: string): string {
  const { id } = looksLikeArtifactArn(name) ? parseArn(name) : parseSelector(name);
  return id;
}

function namedAs(content: Artifact['content']): Named {
  switch (content.type) {
    case 'source':
      return { path: content.path, as: content.source.kind, ...(content.name !== undefined && { name: content.name }) };
    case 'unit':
      return {
        path: content.path,
        as: content.kind === 'fragment' ? 'fragment' : content.detached ? 'detached-template' : 'template',
      };
    case 'artifact':
      return { path: content.name, as: 'file' };
  }
}

/** Every place of a template and of those below it, each unit once. */
export function* allPlaces(unit: Unit, seen: Set<Unit> = new Set()): Generator<LoadedPlace & { readonly unit: Unit }> {
  if (seen.has(unit)) return;
  seen.add(unit);
  for (const loaded of unit.places) {
    yield { ...loaded, unit };
    for (const content of loaded.contents) if (content.type === 'unit') yield* allPlaces(content, seen);
  }
}

export function allUnits(root: Unit): Unit[] {
  return [
    ...new Set([
      root,
      ...[...allPlaces(root)].flatMap(({ contents }) => contents.filter((content) => content.type === 'unit')),
    ]),
  ];
}
