import { ArtifactError, looksLikeArtifactArn, parseArn, parseSelector } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { Place } from '../template/place.ts';
import { formatPosition, sourcePlace, subjectOf } from '../template/place.ts';
import { assignIds } from './artifact-id.ts';
import type { Named } from './artifact-id.ts';
import type { Stored } from './destination.ts';
import type { ForeignObject, Identity, LocalSource, NamedArtifact, PlaceContent, Unit } from './unit.ts';
import { allPlaces, isPinned } from './unit.ts';

/** One artifact of a run, however many places name it. */
export interface Artifact {
  readonly identity: Identity;
  readonly id: string;
  readonly content: Exclude<PlaceContent, ForeignObject>;
  /** The first that names it. */
  readonly place: Place;
  /** All that name it. */
  readonly places: readonly Place[];
  /** Some place needs the version of the object. */
  readonly pinned: boolean;
  /** The bucket in which it stands, if that is another than what is published now has. */
  readonly elsewhere?: string;
  /** The first that reads the object for as long as it lives: without a version it can't. */
  readonly lasting?: Place;
}

/** What the names of artifacts in a template came to. */
export type ResolvedNames = ReadonlyMap<string, Stored>;

/** Everything that a template and those below it name, once; the template itself left out. */
export class Artifacts {
  readonly #byIdentity: ReadonlyMap<Identity, Artifact>;
  readonly #names: ResolvedNames;

  /**
   * @param prefix leads every ID
   * @param bucket in which what is published stands; absent: nothing is named that might stand elsewhere
   * @throws ArtifactErrors where the author gave one name to different things
   */
  constructor(root: Unit, prefix: string, names: ResolvedNames, bucket?: string) {
    this.#names = names;
    const found = findAll(root, names, bucket);
    refuse(problemsOfNames(found));
    const local = found.filter((one) => one.content.type !== 'artifact');
    const ids = assignIds(
      prefix,
      local.map(({ identity, content }) => ({ identity, ...formOf(content) })),
    );
    const idOf = new Map(local.map(({ identity }, index) => [identity, ids[index]]));
    this.#byIdentity = new Map(
      found.map((one) => {
        const id = idOf.get(one.identity) ?? idOfName(one.content);
        return [one.identity, { ...one, id }];
      }),
    );
  }

  get all(): readonly Artifact[] {
    return [...this.#byIdentity.values()];
  }

  /** `undefined` for what is no artifact: an object that was in S3 before. */
  of(content: PlaceContent): Artifact | undefined {
    return content.type === 's3-uri' ? undefined : this.#byIdentity.get(identityOf(content, this.#names));
  }
}

type Found = Omit<Artifact, 'id'>;

function findAll(root: Unit, names: ResolvedNames, bucket: string | undefined): readonly Found[] {
  const found = new Map<Identity, Found & { readonly places: Place[] }>();
  for (const { place, contents } of allPlaces(root)) {
    for (const content of contents) {
      if (content.type === 's3-uri') continue;
      const identity = identityOf(content, names);
      const before = found.get(identity);
      const pinned = isPinned(place) || before?.pinned === true;
      const lasting = before?.lasting ?? (place.pinned ? place : undefined);
      // As many places as a template has may name one: no list of them is copied for each.
      const places = before?.places ?? [];
      places.push(place);
      found.set(identity, {
        ...{ identity, pinned, content: before?.content ?? content, place: before?.place ?? place },
        places,
        ...(lasting !== undefined && { lasting }),
        ...elsewhereOf(content, names, bucket),
      });
    }
  }
  return [...found.values()];
}

function elsewhereOf(
  content: Found['content'],
  names: ResolvedNames,
  bucket: string | undefined,
): Pick<Artifact, 'elsewhere'> {
  const own = content.type === 'artifact' ? names.get(content.name)?.bucket : undefined;
  return own === undefined || own === bucket ? {} : { elsewhere: own };
}

/** However it was spelled, a version is one artifact; the bookmark that chose it is on record, so it counts. */
function identityOf(content: LocalSource | Unit | NamedArtifact, names: ResolvedNames): Identity {
  if (content.type !== 'artifact') return content.identity;
  const { arn = content.name, resolvedFrom = '' } = names.get(content.name) ?? {};
  return JSON.stringify(['artifact', arn, resolvedFrom]);
}

function formOf(content: Artifact['content']): Omit<Named, 'identity'> {
  switch (content.type) {
    case 'source': {
      const { name, location, source, isBuilt } = content;
      if (name !== undefined) return { form: 'named', location: name };
      if (isBuilt === true) return { form: 'built', location };
      const isAlone = source.kind === 'archive' && !source.isFolder;
      return { form: isAlone ? 'zipped-file' : source.kind, location };
    }
    case 'unit': {
      const { kind, detached, location, isVariant } = content;
      const form = kind === 'template' && detached ? 'detached-template' : kind;
      return { form, location, isVariant };
    }
    case 'artifact':
      throw new Error(`'${content.name}' has an ID already`);
  }
}

function problemsOfNames(found: readonly Found[]): readonly ArtifactError[] {
  const first = new Map<string, Found>();
  const problems: ArtifactError[] = [];
  for (const one of found) {
    if (one.content.type !== 'source' || one.content.name === undefined) continue;
    const other = first.get(one.content.name);
    if (other === undefined) first.set(one.content.name, one);
    else problems.push(sameName(one, other));
  }
  return problems;
}

function sameName({ place }: Found, other: Found): ArtifactError {
  const earlier = `${subjectOf(other.place)} at ${formatPosition(other.place.position)}`;
  return new ArtifactError(
    'INVALID_TEMPLATE',
    `${formatPosition(place.position)}: ${subjectOf(place)}: the name '${String(place.name)}' is that of another artifact, of ${earlier}`,
    { place: sourcePlace(place), remedy: 'Give each a name of its own.' },
  );
}

/** The ID in an ARN or in `repository/id^bookmark`. */
function idOfName(content: Artifact['content']): string {
  if (content.type !== 'artifact') throw new Error(`no ID was assigned to '${content.location}'`);
  const { name } = content;
  return (looksLikeArtifactArn(name) ? parseArn(name) : parseSelector(name)).id;
}
