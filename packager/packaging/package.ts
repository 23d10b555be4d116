import type { ArtifactError } from '../../repository/index.ts';
import { findObstacles } from '../template/rewrite/rewrite.ts';
import { toJson } from '../template/text/convert.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';
import { Artifacts } from './artifact.ts';
import type { Destination } from './destination.ts';
import type { Files } from './files.ts';
import { load } from './load.ts';
import { resolveNames } from './names.ts';
import { packagedPlaces } from './packaged-place.ts';
import type { PackagedPlace } from './packaged-place.ts';
import { problemsOf, refuse } from './problems.ts';
import { NO_REFERENCES, planReferences } from './references.ts';
import type { ReferenceMode, ReferencePlan } from './references.ts';
import { foreignLocation, rewriteUnit } from './rewriting.ts';
import { Run } from './run.ts';
import type { RunOptions } from './run.ts';
import type { Unit } from './unit.ts';
import { allPlaces, allUnits, isLiteral } from './unit.ts';
import { regionWarning } from './warnings.ts';

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
}

export interface PackageResult {
  /** The packaged template; absent in a dry run. */
  readonly text?: string;
  readonly places: readonly PackagedPlace[];
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
  const { references, prefix, cwd, reporter, dryRun } = request;
  const root = await load(request);
  request.beforeSending?.(root);
  const templates = [root.template, ...nestedTemplates(root)] as const;
  if (!namesAnything(root)) {
    const nothing = { locationOf: foreignLocation, storedOf: () => undefined };
    return { text: finish(rewriteUnit(root, NO_REFERENCES, nothing), root, request), places: [], templates };
  }
  // What is wrong with names and numbers is told before the destination is opened, which a directory answers by being made.
  planAll(root, references, prefix, new Artifacts(root, prefix, new Map()));
  const destination = await request.destination();
  const names = await resolveNames(root, destination);
  const artifacts = new Artifacts(root, prefix, names);
  const plans = planAll(root, references, prefix, artifacts);
  const warning = references === 'none' ? undefined : regionWarning(root, plans, destination);
  if (warning !== undefined) reporter({ kind: 'warning', warning });
  const run = new Run(request, destination, { artifacts, names, plans });
  await run.store();
  const places = packagedPlaces(root, artifacts, (artifact) => run.storedOf(artifact), {
    ...{ cwd, repository: destination.repository },
  });
  if (dryRun) return { places, templates, destination };
  return { text: finish(run.rewrite(root), root, request), places, templates, destination };
}

function namesAnything(root: Unit): boolean {
  return allPlaces(root).some(({ contents }) => contents.some(({ type }) => type !== 's3-uri'));
}

/** @throws ArtifactErrors of all templates that would have too many resources, or have no room for what is added */
function planAll(
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
