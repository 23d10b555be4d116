import { ArtifactError } from '../../repository/index.ts';
import type { Place } from '../template/place.ts';
import { sectionNames } from '../template/find/resource-names.ts';
import type { Artifact, Artifacts } from './artifact.ts';
import { assignLogicalIds } from './logical-id.ts';
import type { Referred } from './logical-id.ts';
import type { LoadedPlace, PlaceContent, Unit } from './unit.ts';
import { isLiteral, isPinned, unitsBelow } from './unit.ts';

export type ReferenceMode = 'stack' | 'grouped' | 'none';

/** As many artifacts as one Custom::ArtifactRef records. */
const GROUP_LIMIT = 40;
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const RESOURCE_LIMIT = 500;

/** One Custom::ArtifactRef to come. */
export interface PlannedReference {
  readonly logicalId: string;
  readonly artifacts: readonly Artifact[];
  /** It answers with the bucket alone. */
  readonly grouped: boolean;
  readonly pinned: boolean;
  readonly condition?: string;
}

/** What a place has from the references of its template. */
export interface Uses {
  /** For each target of the place, the logical ID of the reference whose attributes its value uses; absent: the value is a literal. */
  readonly attributes?: readonly string[];
  /** References that the resource around the place must wait for beside those. */
  readonly waits: readonly string[];
}

/** The references of one template, and who takes what from them. */
export interface ReferencePlan {
  readonly references: readonly PlannedReference[];
  readonly uses: ReadonlyMap<LoadedPlace, Uses>;
}

export const NO_REFERENCES: ReferencePlan = { references: [], uses: new Map() };

/**
 * Decides which references a template gets: one for each distinct artifact that it uses, or, grouped, as few as possible. What stands in fragments
 * and in templates that hold literals is referred to from here, by whoever includes them.
 *
 * Every use of an artifact has a reference, every reference has users, and none is under a condition that one of its users is not under.
 *
 * @param prefix of the artifacts' IDs, left out of the logical IDs
 * @throws ArtifactError INVALID_TEMPLATE where the template would have more resources than CloudFormation takes
 */
export function planReferences(unit: Unit, mode: ReferenceMode, prefix: string, artifacts: Artifacts): ReferencePlan {
  if (mode === 'none' || isLiteral(unit)) return NO_REFERENCES;
  const users = unit.places.filter(({ place }) => isReferring(place)).map((loaded) => userOf(loaded, artifacts));
  const drafts = new Drafts();
  const held = mode === 'stack' ? hold(users, drafts) : holdGrouped(users, drafts);
  const present = namesIn(unit);
  checkLimit(unit, present.size, drafts.all.length, () => {
    const fewer = new Drafts();
    holdGrouped(users, fewer);
    return fewer.all.length;
  });
  const logicalIds = assignLogicalIds(prefix, drafts.all, new Set([...present, ...sectionNames(unit.template)]));
  const idOf = new Map(drafts.all.map((draft, index) => [draft, logicalIds[index] ?? '']));
  const lasting = new Set(users.flatMap((user) => [...user.lasting]));
  const references = drafts.all.map((draft) => planned(draft, idOf.get(draft) ?? '', lasting));
  const uses = users.map(({ loaded }) => {
    const logicalIdFor = (artifact: Artifact): string => idOf.get(held(loaded, artifact)) ?? '';
    return [loaded, usesOf(loaded, artifacts, logicalIdFor)] as const;
  });
  return {
    references: references.toSorted((a, b) => (a.logicalId < b.logicalId ? -1 : 1)),
    uses: new Map(uses),
  };
}

/** A place, and every artifact that must be there for it: its own, and what they hold as literals. */
interface User {
  readonly loaded: LoadedPlace;
  readonly needs: readonly Artifact[];
  /** Needs that something reads for as long as it lives, here or in what is included. */
  readonly lasting: ReadonlySet<Artifact>;
}

/** A reference without its name. */
interface Draft extends Referred {
  readonly artifacts: readonly Artifact[];
  readonly grouped: boolean;
  readonly users: Set<Place>;
}

/** Which reference a place takes one of its artifacts from. */
type Holding = (loaded: LoadedPlace, artifact: Artifact) => Draft;

class Drafts {
  readonly all: Draft[] = [];
  readonly #alone = new Map<Artifact, Draft>();

  holdsAlone(artifact: Artifact): boolean {
    return this.#alone.has(artifact);
  }

  /** The reference of one artifact. */
  alone(artifact: Artifact): Draft {
    const known = this.#alone.get(artifact);
    if (known !== undefined) return known;
    const { id, identity } = artifact;
    const draft = this.#add({ id, identity, ending: 'Artifact', artifacts: [artifact], grouped: false });
    this.#alone.set(artifact, draft);
    return draft;
  }

  /**
   * As few references as hold the artifacts, in an order that is the same on every machine: each answers with the bucket of all that it holds.
   * @param words the logical IDs come from these
   */
  grouped(artifacts: readonly Artifact[], words: string, identity: string): ReadonlyMap<Artifact, Draft> {
    const sorted = [...new Set(artifacts)].sort((a, b) => (a.identity < b.identity ? -1 : 1));
    const holders = new Map<Artifact, Draft>();
    for (const [index, chunk] of byBucket(sorted).flatMap(chunks).entries()) {
      const number = index === 0 ? '' : ` ${index + 1}`;
      const names = { id: words + number, identity: identity + number, ending: 'Artifacts' } as const;
      const draft = this.#add({ ...names, artifacts: chunk, grouped: true });
      for (const artifact of chunk) holders.set(artifact, draft);
    }
    return holders;
  }

  #add(draft: Omit<Draft, 'users'>): Draft {
    const added = { ...draft, users: new Set<Place>() };
    this.all.push(added);
    return added;
  }
}

/** One reference for each artifact; those of a loop together, because a logical ID can't be chosen by a loop's variable. */
function hold(users: readonly User[], drafts: Drafts): Holding {
  const loops = ofLoops(users.filter(isLooped), drafts);
  return join(users, (loaded, artifact) => loops(loaded, artifact) ?? drafts.alone(artifact));
}

/** As few references as possible. What is read for as long as its user lives has its own, which answers for the object's version. */
function holdGrouped(users: readonly User[], drafts: Drafts): Holding {
  const inLoops = users.filter((user) => isLooped(user) && isPinned(user.loaded.place));
  const loops = ofLoops(inLoops, drafts);
  const others = users.filter((user) => !inLoops.includes(user));
  for (const { loaded, needs, lasting } of others) {
    for (const one of needs) if (isPinned(loaded.place) || lasting.has(one)) drafts.alone(one);
  }
  const rest = others.flatMap(({ needs }) => needs);
  const shared = drafts.grouped(
    rest.filter((artifact) => !drafts.holdsAlone(artifact)),
    'stack',
    'stack',
  );
  return join(users, (loaded, artifact) => loops(loaded, artifact) ?? shared.get(artifact) ?? drafts.alone(artifact));
}

/** Each loop has references of its own, so that it stays as it is when others come and go. */
function ofLoops(users: readonly User[], drafts: Drafts): (...of: Parameters<Holding>) => Draft | undefined {
  const holders = users.map(({ loaded, needs }) => {
    return [loaded, drafts.grouped(needs, wordsOf(loaded.place), loaded.place.pointer)] as const;
  });
  const byPlace = new Map(holders);
  return (loaded, artifact) => byPlace.get(loaded)?.get(artifact);
}

/** The names of the loops around a place, and of what they repeat without the variables: loops have names of their own, resources may read alike. */
function wordsOf({ pointer, resource = '', property }: Place): string {
  const loops = [...pointer.matchAll(/\/Fn::ForEach::([^/]+)/g)].map(([, name = '']) => name);
  return [...loops, resource.replaceAll(/[$&]\{[^}]*\}/g, ' '), property].join(' ');
}

/** Tells every reference who its users are. */
function join(users: readonly User[], holding: Holding): Holding {
  for (const { loaded, needs } of users)
    for (const artifact of needs) holding(loaded, artifact).users.add(loaded.place);
  return holding;
}

function isLooped({ loaded }: User): boolean {
  return loaded.place.loop.length > 0;
}

function planned(
  { artifacts, grouped, users }: Draft,
  logicalId: string,
  lasting: ReadonlySet<Artifact>,
): PlannedReference {
  const pinned = [...users].some((place) => place.pinned) || (!grouped && artifacts.some((one) => lasting.has(one)));
  return { logicalId, artifacts, grouped, pinned, ...sharedCondition(users) };
}

/** A reference is conditional only if all its users are, on the same. */
function sharedCondition(users: ReadonlySet<Place>): { readonly condition?: string } {
  const [first, ...others] = new Set(
    [...users].map(({ resource, condition }) => (resource === undefined ? undefined : condition)),
  );
  return first !== undefined && others.length === 0 ? { condition: first } : {};
}

function usesOf(
  { place, contents }: LoadedPlace,
  artifacts: Artifacts,
  logicalIdFor: (artifact: Artifact) => string,
): Uses {
  const own = contents.map((content) => artifacts.of(content));
  const attributes = isWrittenLiterally(place)
    ? []
    : own.flatMap((artifact) => (artifact === undefined ? [] : [logicalIdFor(artifact)]));
  // The reference of a loop answers with one bucket: where there are several, all of it is literal.
  const isApart = place.loop.length > 0 && new Set(own.map((artifact) => artifact?.elsewhere)).size > 1;
  const isComplete = attributes.length === contents.length && !isApart;
  // In a loop the value takes the bucket from the first reference; the others are waited for.
  const named = new Set(isComplete ? attributes.slice(0, place.loop.length > 0 ? 1 : undefined) : []);
  const needed = new Set(contents.flatMap((content) => behind(content, artifacts)).map(logicalIdFor));
  const waits = place.resource === undefined ? [] : [...needed].filter((id) => !named.has(id));
  return { waits, ...(isComplete && { attributes }) };
}

function userOf(loaded: LoadedPlace, artifacts: Artifacts): User {
  const needs = [...new Set(loaded.contents.flatMap((content) => behind(content, artifacts)))];
  const within = loaded.contents.flatMap((content) => (content.type === 'unit' ? placesWithin(content) : []));
  const lasting = [loaded, ...within].filter(({ place }) => place.pinned);
  return {
    loaded,
    needs,
    lasting: new Set(lasting.flatMap(({ contents }) => contents.flatMap((one) => artifacts.of(one) ?? []))),
  };
}

/** The places of what is included as literals, however deep. What a nested stack includes is the nested stack's. */
function placesWithin(unit: Unit): readonly LoadedPlace[] {
  const units = new Set(isLiteral(unit) ? [unit] : []);
  for (const one of units) for (const below of unitsBelow(one)) if (isLiteral(below)) units.add(below);
  return [...units].flatMap(({ places }) => places);
}

/** The artifact itself, and what it holds as literals, however deep. */
function behind(content: PlaceContent, artifacts: Artifacts): readonly Artifact[] {
  const within = content.type === 'unit' ? placesWithin(content).flatMap(({ contents }) => contents) : [];
  return [...new Set([content, ...within].flatMap((one) => artifacts.of(one) ?? []))];
}

/**
 * The author's own Custom::ArtifactRef is a reference itself. What the application repository reads when the application is published, no stack
 * ever does.
 */
function isReferring({ type }: Place): boolean {
  return type !== 'Custom::ArtifactRef' && type !== 'Metadata/AWS::ServerlessRepo::Application';
}

function isWrittenLiterally({ literal, form }: Place): boolean {
  const literalMembers = ['Arn', 'Key', 'Digest', 'CodeSha256'];
  return literal || (form.kind === 'artifact' && literalMembers.includes(form.member));
}

/** What stands where new content does comes first. */
function byBucket(artifacts: readonly Artifact[]): readonly (readonly Artifact[])[] {
  const buckets = [...new Set(artifacts.map(({ elsewhere }) => elsewhere ?? ''))].sort();
  return buckets.map((bucket) => artifacts.filter(({ elsewhere }) => (elsewhere ?? '') === bucket));
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / GROUP_LIMIT) }, (_, index) =>
    all.slice(index * GROUP_LIMIT, (index + 1) * GROUP_LIMIT),
  );
}

/** Logical IDs of the resources that there will be: the template's own, and those of the fragments that it includes. */
function namesIn(unit: Unit): ReadonlySet<string> {
  const fragments = unit.places
    .filter(({ place }) => /^\/(?:Resources\/)?(?:Fn::)?Transform(?:\/|$)/.test(place.pointer))
    .flatMap(({ contents }) => contents.filter((content) => content.type === 'unit'));
  return new Set([...unit.names, ...fragments.flatMap((fragment) => [...namesIn(fragment)])]);
}

/** @param grouped how many references there would be if they were as few as possible */
function checkLimit({ template }: Unit, own: number, references: number, grouped: () => number): void {
  const resources = own + references;
  if (resources <= RESOURCE_LIMIT) return;
  const fewer = own + grouped();
  const remedy =
    fewer <= RESOURCE_LIMIT
      ? `Use --references grouped, which records ${GROUP_LIMIT} artifacts with one resource: then there are ${fewer}. Or move resources into a nested stack.`
      : 'Move resources into a nested stack: a TemplateURL with a local path is packaged too.';
  throw new ArtifactError(
    'INVALID_TEMPLATE',
    `${template.file}: the template would have ${resources} resources, ${references} of them references, and CloudFormation takes ${RESOURCE_LIMIT}`,
    { remedy },
  );
}
