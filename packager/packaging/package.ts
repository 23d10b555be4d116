import type { ArtifactError } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { Place } from '../template/place.ts';
import { findObstacles } from '../template/rewrite/rewrite.ts';
import { toJson } from '../template/text/convert.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';
import { Artifacts } from './artifact.ts';
import type { Destination, RegionalDomain } from './destination.ts';
import type { Files } from './files.ts';
import { load } from './load.ts';
import { resolveNames } from './names.ts';
import { packagedPlaces } from './packaged-place.ts';
import type { PackagedPlace } from './packaged-place.ts';
import { problemsOf } from './problems.ts';
import { NO_REFERENCES, planReferences } from './references.ts';
import type { ReferenceMode, ReferencePlan } from './references.ts';
import type { Regional } from './regional.ts';
import { inEach, RegionalRun } from './regional.ts';
import { foreignLocation, rewriteUnit } from './rewriting.ts';
import { Run } from './run.ts';
import type { RunOptions } from './run.ts';
import type { Unit } from './unit.ts';
import { allPlaces, allUnits, isLiteral } from './unit.ts';
import { boundPlaces, regionWarning } from './warnings.ts';

export interface PackageRequest extends RunOptions {
  /** Absolute. */
  readonly templateFile: string;
  readonly files: Files;
  /** Leads every artifact's ID. */
  readonly prefix: string;
  /** Opened only if there is something to store: a template without local paths asks for nothing. */
  readonly destination: () => Promise<Destination>;
  /** Called when everything has been read and nothing was sent. What it throws ends the run. */
  readonly beforeSending?: (root: Unit) => void;
  readonly hasDomain: boolean;
  readonly references: ReferenceMode;
  readonly table: PropertyTable;
  readonly parameters: ReadonlyMap<string, string>;
  readonly zipTemplateDirWhenAbsent: boolean;
  readonly useJson: boolean;
  /** Where it is to be deployed, each once. Absent: in the region of the destination, and wherever the text serves. */
  readonly regions?: readonly string[];
  /** Called with the places whose values are of one region alone, before anything is sent. What it throws ends the run. */
  readonly beforeRegions?: (bound: readonly Place[]) => void;
}

export interface PackageResult {
  /** The packaged template; absent in a dry run. */
  readonly text?: string;
  readonly places: readonly PackagedPlace[];
  /** One for each of `regions`, in their order; empty where there are none, and where nothing had to be stored. */
  readonly regional: readonly Regional[];
  /** Whose values are of one region alone. */
  readonly bound: readonly Place[];
  /** As they were read: the template, and those nested in it that are deployed with it. */
  readonly templates: readonly [Template, ...Template[]];
  /** Of the domain or bucket; absent where nothing had to be stored. */
  readonly destination?: Destination;
}

/**
 * Finds what a template names locally, publishes it, and puts the artifacts' locations in its place. Everything that can be checked is checked before
 * the first upload; the text is made only when all is stored.
 * @throws ArtifactErrors with all problems at once
 */
export async function packageTemplate(request: PackageRequest): Promise<PackageResult> {
  const { references, prefix, cwd, reporter, dryRun, regions = [] } = request;
  const root = await load(request);
  request.beforeSending?.(root);
  const templates = [root.template, ...nestedTemplates(root)] as const;
  if (!namesAnything(root)) return withoutArtifacts(root, templates, request);
  // What is wrong with names and numbers is told before the destination is opened, which a directory answers by being made.
  planAll(root, references, prefix, new Artifacts(root, prefix, new Map()));
  const destination = await request.destination();
  const names = await resolveNames(root, destination);
  const bucket = names.size === 0 ? undefined : await destination.contentBucket?.();
  const artifacts = new Artifacts(root, prefix, names, bucket);
  const plans = planAll(root, references, prefix, artifacts);
  const bound = boundPlaces(root, plans, destination);
  const warning = references === 'none' || regions.length > 0 ? undefined : regionWarning(bound, destination);
  if (warning !== undefined) reporter({ kind: 'warning', warning });
  const others = regions
    .filter((region) => region !== destination.region)
    .map((region) => inRegion(destination, region));
  if (regions.length > 0) request.beforeRegions?.(bound);
  await inEach(others, (other) => other.check());
  const contents = { artifacts, names, plans };
  const run = new Run(request, destination, contents);
  await run.store();
  const elsewhere = await inEach(others, async (other) => {
    const regionalRun = new RegionalRun(request, destination, other, contents, run);
    await regionalRun.store();
    return regionalRun.result(root);
  });
  const places = packagedPlaces(root, artifacts, (artifact) => run.storedOf(artifact), {
    ...{ cwd, repository: destination.repository },
  });
  const text = dryRun ? undefined : finish(run.rewrite(root), root, request);
  const home = { bucket: destination.bucket, stored: [], ...(text !== undefined && { text }) };
  const regional = regions.map((region) => {
    const other = elsewhere.find((one) => one.region === region);
    return other === undefined ? { ...home, region } : finished(other, root, request);
  });
  return { ...(text !== undefined && { text }), places, regional, bound, templates, destination };
}

/** Of a template that names nothing that would have to be stored. */
function withoutArtifacts(root: Unit, templates: PackageResult['templates'], request: PackageRequest): PackageResult {
  const nothing = { locationOf: foreignLocation, storedOf: () => undefined };
  const text = request.dryRun ? undefined : finish(rewriteUnit(root, NO_REFERENCES, nothing), root, request);
  return { ...(text !== undefined && { text }), places: [], regional: [], bound: [], templates };
}

function inRegion(destination: Destination, region: string): RegionalDomain {
  if (destination.inRegion === undefined)
    throw new Error(`nothing can be brought from '${destination.bucket}' to ${region}`);
  return destination.inRegion(region);
}

function namesAnything(root: Unit): boolean {
  return allPlaces(root).some(({ contents }) => contents.some(({ type }) => type !== 's3-uri'));
}

/** @throws ArtifactErrors of all templates that would have too many resources, or have no room for what is added */
export function planAll(
  root: Unit,
  references: ReferenceMode,
  prefix: string,
  artifacts: Artifacts,
): ReadonlyMap<Unit, ReferencePlan> {
  const problems: ArtifactError[] = [];
  const plans = new Map<Unit, ReferencePlan>();
  for (const unit of allUnits(root)) {
    try {
      const plan = planReferences(unit, references, prefix, artifacts);
      plans.set(unit, plan);
      problems.push(...obstaclesTo(unit, plan));
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  refuse(problems);
  return plans;
}

/** What the template's text has no room for is found before anything is sent. */
function obstaclesTo({ template, places }: Unit, { references, uses }: ReferencePlan): readonly ArtifactError[] {
  const rewrites = places.map((loaded) => ({ place: loaded.place, dependsOn: uses.get(loaded)?.waits ?? [] }));
  return findObstacles(template, { rewrites, references });
}

function nestedTemplates(root: Unit): Template[] {
  const nested = allUnits(root).filter((unit) => unit !== root && !isLiteral(unit));
  return nested.map(({ template }) => template);
}

function finish(text: string, root: Unit, { useJson }: PackageRequest): string {
  return useJson ? toJson(text, root.template.file) : text;
}

function finished({ text, ...others }: Regional, root: Unit, request: PackageRequest): Regional {
  return { ...others, ...(text !== undefined && { text: finish(text, root, request) }) };
}
