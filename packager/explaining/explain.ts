import { Artifacts } from '../packaging/artifact.ts';
import type { Artifact } from '../packaging/artifact.ts';
import type { LoadRequest } from '../packaging/load.ts';
import { load } from '../packaging/load.ts';
import { shownPath } from '../location.ts';
import { planAll } from '../packaging/package.ts';
import type { PlannedReference, ReferenceMode, Uses } from '../packaging/references.ts';
import type { LoadedPlace, LocalSource, PlaceContent, Unit } from '../packaging/unit.ts';
import { allPlaces, allUnits, isLiteral, isPinned } from '../packaging/unit.ts';
import type { Left } from '../template/find/left.ts';
import type { Form, Place, Position } from '../template/place.ts';
import type { Template } from '../template/template.ts';
import { hiddenIn, isMadeOf } from './hidden.ts';
import type { Ignored } from './ignored.ts';
import { ignoredIn } from './ignored.ts';
import type { Rule } from './rule.ts';
import { ruleOf } from './rule.ts';

export interface ExplainRequest extends LoadRequest {
  /** Leads every artifact's ID. */
  readonly prefix: string;
  readonly references: ReferenceMode;
  /** Patterns of the command line. */
  readonly exclude: readonly string[];
  /** The user's own entries of the table: `TYPE PROPERTY`. */
  readonly own: ReadonlySet<string>;
}

/** What would be done with a template and those below it. */
export interface Explanation {
  readonly root: Unit;
  readonly templates: readonly ExplainedTemplate[];
}

/** A file is several of them where it is packaged for several values of its parameters, or for stacks and StackSets. */
export interface ExplainedTemplate {
  /** As the user knows it. */
  readonly file: string;
  readonly kind: Unit['kind'];
  /** The ID of the artifact that it becomes; the template itself becomes none. */
  readonly id?: string;
  /** The places that name it; none of the template itself. */
  readonly namedBy: readonly Pick<Place, 'position' | 'resource' | 'property'>[];
  /** What is known of the parameters on which it depends what it names. */
  readonly parameters: readonly KnownParameter[];
  /** It holds literals: whoever includes it has its references. */
  readonly isLiteral: boolean;
  readonly places: readonly ExplainedPlace[];
  readonly references: readonly ExplainedReference[];
  readonly left: readonly Left[];
}

export interface KnownParameter {
  readonly name: string;
  /** Absent of a NoEcho parameter, and of one whose value is made of such. */
  readonly value?: string;
}

export interface ExplainedPlace {
  readonly position: Position;
  readonly resource?: string;
  readonly type: string;
  readonly property: string;
  readonly rule: Rule;
  readonly names: readonly ExplainedTarget[];
  readonly form: Form;
  /** Functions are not evaluated there. */
  readonly literal: boolean;
  /** The version of the object is named too. */
  readonly withVersion: boolean;
  /** Custom::ArtifactRefs that the value takes its bucket from; empty: it is literal. */
  readonly bucketFrom: readonly string[];
  /** Those that the resource waits for by DependsOn beside them. */
  readonly dependsOn: readonly string[];
}

export interface ExplainedTarget {
  /** Values of the loop's variables. */
  readonly values: readonly string[];
  readonly kind: 'folder' | 'zip' | 'zipped-file' | 'file' | 'built' | Unit['kind'] | 'artifact' | 's3-object';
  /** As the user would type it; of what is no local path, its name. Absent of an object in S3 whose location is made of what nobody is shown. */
  readonly path?: string;
  readonly files?: number;
  /** Not compressed. */
  readonly bytes?: number;
  readonly ignored?: readonly Ignored[];
  /** The artifact's, without its repository. */
  readonly id?: string;
  readonly idFrom?: 'name' | 'path' | 'path-and-digest' | 'as-named';
}

export interface ExplainedReference extends Pick<PlannedReference, 'logicalId' | 'grouped' | 'pinned' | 'condition'> {
  /** IDs of artifacts. */
  readonly artifacts: readonly string[];
}

/**
 * Tells what `package` would do, place by place, and why. Reads what `package` reads, asks nobody and writes nothing.
 * @throws ArtifactErrors with everything that would keep the template from being packaged, as far as that is known without its domain
 */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const root = await load(request);
  const artifacts = new Artifacts(root, request.prefix, new Map());
  const plans = planAll(root, request.references, request.prefix, artifacts);
  const namers = namersIn(root);
  const hidden = hiddenIn(root);
  const templates = allUnits(root).map((unit): ExplainedTemplate => {
    const { template, kind, places, left } = unit;
    const { references = [], uses } = plans.get(unit) ?? {};
    const id = unit === root ? undefined : artifacts.of(unit)?.id;
    return {
      file: template.file,
      kind,
      ...(id !== undefined && { id }),
      namedBy: namers.get(unit) ?? [],
      parameters: parametersOf(unit, hidden.get(unit)),
      isLiteral: isLiteral(unit),
      places: places.map((loaded) =>
        explainPlace(loaded, template, uses?.get(loaded), artifacts, {
          ...request,
          isHidden: isMadeOf(hidden.get(unit) ?? new Set(), loaded.place, template),
        }),
      ),
      references: references.map(explainReference),
      left,
    };
  });
  return { root, templates };
}

function namersIn(root: Unit): ReadonlyMap<Unit, readonly Place[]> {
  const namers = new Map<Unit, Place[]>();
  for (const { place, contents } of allPlaces(root)) {
    for (const content of new Set(contents)) {
      if (content.type === 'unit') namers.set(content, [...(namers.get(content) ?? []), place]);
    }
  }
  return namers;
}

function parametersOf({ values }: Unit, hidden: ReadonlySet<string> = new Set()): readonly KnownParameter[] {
  return [...values].map(([name, value]) => ({ name, ...(!hidden.has(name) && { value }) }));
}

interface PlaceRequest extends ExplainRequest {
  /** The place's value is made of parameters that nobody is shown. */
  readonly isHidden: boolean;
}

function explainPlace(
  { place, contents }: LoadedPlace,
  template: Template,
  uses: Uses | undefined,
  artifacts: Artifacts,
  request: PlaceRequest,
): ExplainedPlace {
  const { position, resource, type, property, form, literal, targets } = place;
  return {
    position,
    ...(resource !== undefined && { resource }),
    ...{ type, property, rule: ruleOf(place, template, request) },
    names: contents.map((content, index) =>
      explainTarget(content, targets[index]?.values ?? [], place, artifacts.of(content), request),
    ),
    ...{ form, literal, withVersion: isPinned(place) },
    bucketFrom: [...new Set(uses?.attributes ?? [])],
    dependsOn: uses?.waits ?? [],
  };
}

function explainTarget(
  content: PlaceContent,
  values: readonly string[],
  { name }: Place,
  artifact: Artifact | undefined,
  request: PlaceRequest,
): ExplainedTarget {
  const identified = artifact === undefined ? {} : { id: artifact.id, idFrom: originOf(artifact, name, request) };
  switch (content.type) {
    case 'source':
      return { values, ...explainSource(content, request), ...identified };
    case 'unit':
      return { values, kind: content.kind, path: shownPath(request.cwd, content.path), ...identified };
    case 'artifact':
      return { values, kind: 'artifact', path: content.name, ...identified };
    case 's3-uri': {
      if (request.isHidden) return { values, kind: 's3-object' };
      const { bucket, key, version } = content;
      const path = `s3://${bucket}/${key}${version === undefined ? '' : `?versionId=${version}`}`;
      return { values, kind: 's3-object', path };
    }
  }
}

function explainSource(
  { source, path, isBuilt }: LocalSource,
  { cwd, exclude }: ExplainRequest,
): Pick<ExplainedTarget, 'kind' | 'path' | 'files' | 'bytes' | 'ignored'> {
  const { isFolder, files, bytes } = source;
  const measured = { path: shownPath(cwd, path), files, bytes };
  if (isBuilt === true) return { kind: 'built', ...measured };
  if (isFolder) return { kind: 'folder', ...measured, ignored: ignoredIn(path, exclude) };
  if (source.kind === 'archive') return { kind: 'zipped-file', ...measured };
  return { kind: /\.(?:zip|jar)$/i.test(path) ? 'zip' : 'file', ...measured };
}

function originOf(
  { id, content }: Artifact,
  name: string | undefined,
  { prefix }: ExplainRequest,
): NonNullable<ExplainedTarget['idFrom']> {
  if (content.type === 'artifact') return 'as-named';
  if (name !== undefined) return 'name';
  // What two paths come to, or a path with characters that no ID has, is told from others by a digest.
  const isPlain = id === [prefix, content.location].filter(Boolean).join('/') || !/-[0-9a-f]{8,}$/.test(id);
  return isPlain ? 'path' : 'path-and-digest';
}

function explainReference({ logicalId, grouped, pinned, condition, artifacts }: PlannedReference): ExplainedReference {
  return {
    ...{ logicalId, grouped, pinned },
    ...(condition !== undefined && { condition }),
    artifacts: artifacts.map(({ id }) => id),
  };
}
