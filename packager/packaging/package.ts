import { ArtifactError, ArtifactErrors } from '../../repository/index.ts';
import type { Archiver, Project } from '../archive/source.ts';
import { allUnits, collect } from './artifact.ts';
import type { Artifacts } from './artifact.ts';
import type { Destination } from './destination.ts';
import { load } from './load.ts';
import type { Unit } from './load.ts';
import { isLiteral, NO_REFERENCES, planReferences } from './references.ts';
import type { ReferenceMode, ReferencePlan } from './references.ts';
import { foreignLocation, rewriteUnit, Run } from './run.ts';
import type { PackagedPlace, RunOptions } from './run.ts';
import { toJson } from '../template/text/convert.ts';
import type { PropertyTable } from '../template/properties/property.ts';
import type { Template } from '../template/template.ts';
import { regionWarning } from './warnings.ts';

export interface PackageRequest extends RunOptions {
  /** Absolute. */
  readonly templateFile: string;
  readonly project: Project;
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
  readonly archiver: Archiver;
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
  const root = await load(request);
  request.beforeSending?.(root);
  const templates = [root.template, ...nestedTemplates(root)] as const;
  const artifacts = collect(root, request.prefix, request.project.root);
  if (artifacts.size === 0) {
    const text = rewriteUnit(root, {
      references: NO_REFERENCES,
      artifactOf: () => undefined,
      locationOf: foreignLocation,
    });
    return { text: finish(text, root, request), places: [], templates };
  }
  const plans = planAll(root, artifacts, request);
  const destination = await request.destination();
  const run = new Run(request, destination, artifacts, plans);
  await run.resolveNames();
  await run.storeSources();
  await run.storeUnits(root);
  const places = run.report(root);
  const warning = request.references === 'none' ? undefined : regionWarning(root, destination);
  if (warning !== undefined) request.reporter({ kind: 'warning', warning });
  if (request.dryRun) return { places, templates, destination };
  return { text: finish(run.rewrite(root), root, request), places, templates, destination };
}

function planAll(
  root: Unit,
  artifacts: Artifacts,
  { references, prefix }: PackageRequest,
): ReadonlyMap<Unit, ReferencePlan> {
  const problems: ArtifactError[] = [];
  const plans = new Map<Unit, ReferencePlan>();
  for (const unit of allUnits(root)) {
    try {
      plans.set(
        unit,
        planReferences(unit, references, prefix, (key) => artifacts.get(key) ?? { id: key, identity: key }),
      );
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      problems.push(error);
    }
  }
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArtifactErrors([first, ...rest]);
  return plans;
}

function nestedTemplates(root: Unit): Template[] {
  const nested = allUnits(root).filter((unit) => unit !== root && !isLiteral(unit));
  return nested.map(({ template }) => template);
}

function finish(text: string, root: Unit, { useJson }: PackageRequest): string {
  return useJson ? toJson(text, root.template.file) : text;
}
