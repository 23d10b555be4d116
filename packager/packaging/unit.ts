import type { Source } from '../archive/source.ts';
import type { Left } from '../template/find/left.ts';
import type { Place } from '../template/place.ts';
import type { Template } from '../template/template.ts';

/**
 * What is one artifact: equal for everything that must get one ID and one version, different for everything else. The same on every machine,
 * because IDs and logical IDs take digests of it.
 */
export type Identity = string;

/** A template, or a fragment of one, that is packaged as a whole. */
export interface Unit {
  readonly type: 'unit';
  readonly identity: Identity;
  /** Absolute; links on the way are not resolved, because paths inside are relative to where it was reached. */
  readonly path: string;
  /** The path below the project, with `/`. */
  readonly location: string;
  /** It names other things than it would if nothing were said of its parameters. */
  readonly isVariant: boolean;
  /** Names of the parameters on which it depends what it names, and what those below it name. */
  readonly asked: ReadonlySet<string>;
  /** Those of them that have a value before the deploy, with it. */
  readonly values: ReadonlyMap<string, string>;
  /** Logical IDs of the resources that it brings. */
  readonly names: ReadonlySet<string>;
  readonly kind: 'template' | 'fragment';
  /** Deployed where no domain can be presumed: it holds literals, whoever includes it holds the references. */
  readonly detached: boolean;
  readonly template: Template;
  readonly places: readonly LoadedPlace[];
  /** What was looked at in it and stays as it is. */
  readonly left: readonly Left[];
}

export interface LoadedPlace {
  readonly place: Place;
  /** As many as `place.targets`, in that order. */
  readonly contents: readonly PlaceContent[];
}

/** A file or folder, in the form in which it is wanted. */
export interface LocalSource {
  readonly type: 'source';
  readonly identity: Identity;
  /** Absolute. */
  readonly path: string;
  /** The path below the project, with `/`; of what is built, that of the module that it is made of. */
  readonly location: string;
  /** What stands at the path is what it is made of. */
  readonly isBuilt?: true;
  /** An ID below the prefix that the author chose. */
  readonly name?: string;
  readonly source: Source;
}

/** An artifact that the template names itself, by an ARN or as `repository/id^bookmark`. */
export interface NamedArtifact {
  readonly type: 'artifact';
  readonly name: string;
}

/** An object that is in S3 already. */
export interface ForeignObject {
  readonly type: 's3-uri';
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

export type PlaceContent = LocalSource | Unit | NamedArtifact | ForeignObject;

/** A template that holds literals, so that whoever includes it holds its references. */
export function isLiteral({ kind, detached }: Unit): boolean {
  return kind === 'fragment' || detached;
}

/** The templates and fragments that a unit names itself, each once. */
export function unitsBelow({ places }: Unit): readonly Unit[] {
  return [...new Set(places.flatMap(({ contents }) => contents.filter((content) => content.type === 'unit')))];
}

/** A template and all below it, each once, those that are reached by fewer steps first. */
export function allUnits(root: Unit): readonly Unit[] {
  const units = new Set([root]);
  for (const unit of units) for (const below of unitsBelow(unit)) units.add(below);
  return [...units];
}

/** Every place of a template and of those below it. */
export function allPlaces(root: Unit): readonly (LoadedPlace & { readonly unit: Unit })[] {
  return allUnits(root).flatMap((unit) => unit.places.map((loaded) => ({ ...loaded, unit })));
}

/** The place wants the version of the object, because the consumer reads it for as long as it lives or because the author asks for it. */
export function isPinned({ pinned, form }: Place): boolean {
  return pinned || (form.kind === 'artifact' && form.member === 'ObjectVersion');
}
