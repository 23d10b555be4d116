import { ArtifactError } from '../../repository/index.ts';
import { keyOf } from './artifact.ts';
import type { ArtifactKey } from './artifact.ts';
import type { LoadedPlace, PlaceContent, Unit } from './load.ts';
import { assignLogicalIds } from './logical-id.ts';
import type { Referred } from './logical-id.ts';
import type { Place } from '../template/place.ts';
import { isMap, valueOf } from '../template/node.ts';
import type { Template } from '../template/template.ts';

export type ReferenceMode = 'stack' | 'grouped' | 'none';

/** As many artifacts as one Custom::ArtifactRef records. */
const GROUP_LIMIT = 40;
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const RESOURCE_LIMIT = 500;

/** One Custom::ArtifactRef to come. */
export interface PlannedReference {
  readonly logicalId: string;
  readonly artifacts: readonly ArtifactKey[];
  /** It answers with the bucket alone. */
  readonly grouped: boolean;
  readonly pinned: boolean;
  readonly condition?: string;
}

/** The references of one template, and who takes what from them. */
export interface ReferencePlan {
  readonly references: readonly PlannedReference[];
  /** For each target of the place, the reference whose attributes its value uses; `undefined`: the value is a literal. */
  attributesFrom(place: LoadedPlace): readonly string[] | undefined;
  /** References that the resource around the place must wait for beside those. */
  waitsFor(place: LoadedPlace): readonly string[];
}

export const NO_REFERENCES: ReferencePlan = { references: [], attributesFrom: () => undefined, waitsFor: () => [] };

interface Use {
  readonly place: Place;
  readonly key: ArtifactKey;
}

/**
 * Decides which references a template gets: one for each distinct artifact that it uses, or, grouped, as few as possible. What stands in fragments
 * and in templates that hold literals is referred to from here, by whoever includes them.
 *
 * @param name the artifact's ID, from which the reference's logical ID comes, and what tells it from others, the same on every machine
 * @throws ArtifactError INVALID_TEMPLATE where the template would have more resources than CloudFormation takes
 */
export function planReferences(
  unit: Unit,
  mode: ReferenceMode,
  prefix: string,
  name: (key: ArtifactKey) => Referred,
): ReferencePlan {
  if (mode === 'none' || isLiteral(unit)) return NO_REFERENCES;
  const referring = unit.places.filter(({ place }) => !isOwnReference(place) && !isReadAtPublication(place));
  const uses = referring.flatMap((loaded) =>
    loaded.contents.flatMap((content) => keysBehind(content).map((key): Use => ({ place: loaded.place, key }))),
  );
  const taken = new Set(resourceIds(unit.template));
  const loops = referring.filter(({ place }) => place.loop.length > 0);
  const looped = new Set(loops.flatMap(({ contents }) => contents.map(keyOf)));
  const plain = uses.filter(({ place, key }) => !(place.loop.length > 0 && looped.has(key)));

  const references: PlannedReference[] = [];
  const plan = (planned: readonly PlannedReference[]): void => {
    references.push(...planned);
    for (const { logicalId } of planned) taken.add(logicalId);
  };
  const total = resourceIds(unit.template).length;
  if (mode === 'stack') {
    plan(individual(plain, prefix, name, taken));
    for (const loop of loops) plan(ofLoop(loop, name, taken));
  } else {
    plan(individual(plain.filter(isPinned), prefix, name, taken));
    const rest = uses.filter((use) => !isPinned(use));
    plan(inGroups(rest, name, taken));
    for (const loop of loops) if (loop.place.pinned) plan(ofLoop(loop, name, taken));
  }
  references.sort((a, b) => (a.logicalId < b.logicalId ? -1 : 1));
  checkLimit(unit, total + references.length);

  const referencesTo = (place: Place, key: ArtifactKey): PlannedReference | undefined => {
    const candidates = references.filter(({ artifacts }) => artifacts.includes(key));
    const single = candidates.find(({ grouped }) => !grouped);
    const shared = candidates.find(({ grouped }) => grouped);
    return place.loop.length > 0 || (mode === 'grouped' && !place.pinned) ? (shared ?? single) : (single ?? shared);
  };
  return {
    references,
    attributesFrom({ place, contents }) {
      if (isWrittenLiterally(place)) return undefined;
      const from = contents.map((content) => referencesTo(place, keyOf(content))?.logicalId);
      return from.every((id) => id !== undefined) ? from : undefined;
    },
    waitsFor(loaded) {
      const { place, contents } = loaded;
      if (place.resource === undefined || !referring.includes(loaded)) return [];
      const needed = contents
        .flatMap((content) => keysBehind(content))
        .map((key) => referencesTo(place, key)?.logicalId);
      const named = new Set(this.attributesFrom(loaded) ?? []);
      // In a loop the value takes the bucket from the first group; the others are waited for.
      const [first] = place.loop.length > 0 ? [...named] : [];
      const waits = needed.filter(
        (id): id is string => id !== undefined && (first === undefined ? !named.has(id) : id !== first),
      );
      return [...new Set(waits)];
    },
  };
}

/** A template that holds literals, so that whoever includes it holds its references. */
export function isLiteral({ kind, detached }: Unit): boolean {
  return kind === 'fragment' || detached;
}

/** The artifact itself, and what it holds as literals, however deep. */
function keysBehind(content: PlaceContent): readonly ArtifactKey[] {
  switch (content.type) {
    case 's3-uri':
      return [];
    case 'source':
    case 'artifact':
      return [keyOf(content)];
    case 'unit': {
      const inner = isLiteral(content)
        ? content.places.flatMap(({ contents }) => contents.flatMap((one) => keysBehind(one)))
        : [];
      return [...new Set([keyOf(content), ...inner])];
    }
  }
}

/** The author's own Custom::ArtifactRef is the reference. */
function isOwnReference({ type }: Place): boolean {
  return type === 'Custom::ArtifactRef';
}

/** The application repository reads these when the application is published; no stack ever does. */
function isReadAtPublication({ type }: Place): boolean {
  return type === 'Metadata/AWS::ServerlessRepo::Application';
}

function isWrittenLiterally({ literal, form }: Place): boolean {
  const literalMembers = ['Arn', 'Key', 'Digest', 'CodeSha256'];
  return literal || (form.kind === 'artifact' && literalMembers.includes(form.member));
}

function isPinned({ place }: Use): boolean {
  const wantsVersion = place.form.kind === 'artifact' && place.form.member === 'ObjectVersion';
  return place.pinned || wantsVersion;
}

function individual(
  uses: readonly Use[],
  prefix: string,
  name: (key: ArtifactKey) => Referred,
  taken: ReadonlySet<string>,
): PlannedReference[] {
  const keys = [...new Set(uses.map(({ key }) => key))];
  const logicalIds = assignLogicalIds(prefix, keys.map(name), taken);
  return keys.map((key, index) => {
    const users = uses.filter((use) => use.key === key);
    return {
      logicalId: logicalIds[index] ?? '',
      artifacts: [key],
      grouped: false,
      pinned: users.some(({ place }) => place.pinned),
      ...sharedCondition(users),
    };
  });
}

/** The resources of a loop share their references: a logical ID can't be chosen by a loop variable. */
function ofLoop(
  { place, contents }: LoadedPlace,
  name: (key: ArtifactKey) => Referred,
  taken: ReadonlySet<string>,
): PlannedReference[] {
  return grouped(contents.map(keyOf), `${place.resource ?? ''} ${place.property}`, place.pointer, name, taken).map(
    (group) => ({
      ...group,
      pinned: place.pinned,
      ...(place.condition !== undefined && { condition: place.condition }),
    }),
  );
}

function inGroups(
  uses: readonly Use[],
  name: (key: ArtifactKey) => Referred,
  taken: ReadonlySet<string>,
): PlannedReference[] {
  const keys = uses.map(({ key }) => key);
  return grouped(keys, 'stack', 'stack', name, taken).map((group) => ({
    ...group,
    ...sharedCondition(uses.filter(({ key }) => group.artifacts.includes(key))),
  }));
}

/** As few references as hold the artifacts, in an order that is the same on every machine. */
function grouped(
  keys: readonly ArtifactKey[],
  words: string,
  identity: string,
  name: (key: ArtifactKey) => Referred,
  taken: ReadonlySet<string>,
): PlannedReference[] {
  return chunks(sorted(keys, name)).map((artifacts, index) => {
    const number = index === 0 ? '' : ` ${index + 1}`;
    const [logicalId = ''] = assignLogicalIds(
      '',
      [{ id: words + number, identity: identity + number }],
      taken,
      'Artifacts',
    );
    return { logicalId, artifacts, grouped: true, pinned: false };
  });
}

function sorted(keys: readonly ArtifactKey[], name: (key: ArtifactKey) => Referred): ArtifactKey[] {
  return [...new Set(keys)].sort((a, b) => (name(a).identity < name(b).identity ? -1 : 1));
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / GROUP_LIMIT) }, (_, index) =>
    all.slice(index * GROUP_LIMIT, (index + 1) * GROUP_LIMIT),
  );
}

/** A reference is conditional only if all its users are, on the same. */
function sharedCondition(users: readonly Use[]): { readonly condition?: string } {
  const [first, ...others] = new Set(
    users.map(({ place }) => (place.resource === undefined ? undefined : place.condition)),
  );
  return first !== undefined && others.length === 0 ? { condition: first } : {};
}

function resourceIds({ root }: Template): string[] {
  const resources = valueOf(root, 'Resources');
  return isMap(resources) ? resources.entries.map(({ key }) => key) : [];
}

function checkLimit({ template }: Unit, resources: number): void {
  if (resources <= RESOURCE_LIMIT) return;
  throw new ArtifactError(
    'INVALID_TEMPLATE',
    `${template.file}: the template would have ${resources} resources, with a reference for each artifact, and CloudFormation takes ${RESOURCE_LIMIT}`,
    {
      remedy:
        'Use --references grouped, which records 40 artifacts with one resource, or move resources into a nested stack.',
    },
  );
}
