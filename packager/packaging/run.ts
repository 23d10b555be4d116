import path from 'node:path';
import { ArtifactError, contentOf } from '../../repository/index.ts';
import type { ObjectAttributes, OpenContent, Publishable } from '../../repository/index.ts';
import type { Reporter } from '../event.ts';
import { interruptible } from '../interruptible.ts';
import { shownPath } from '../location.ts';
import type { TemplateMemory } from '../template/memory.ts';
import type { Location } from '../template/place.ts';
import type { Artifact, Artifacts, ResolvedNames } from './artifact.ts';
import type { Destination, Stored } from './destination.ts';
import { eachAtItsPlace, placed } from './problems.ts';
import { NO_REFERENCES } from './references.ts';
import type { ReferencePlan } from './references.ts';
import { foreignLocation, rewriteUnit } from './rewriting.ts';
import type { LocalSource, PlaceContent, Unit } from './unit.ts';
import { unitsBelow } from './unit.ts';
import { zippedWarning } from './warnings.ts';

export interface RunOptions {
  readonly cwd: string;
  /** Says what would be stored and stores nothing. */
  readonly dryRun: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** What earlier runs found out of texts. */
  readonly templates?: TemplateMemory | undefined;
}

/** What a run stores, and what it knows of it beforehand. */
export interface Contents {
  readonly artifacts: Artifacts;
  readonly names: ResolvedNames;
  readonly plans: ReadonlyMap<Unit, ReferencePlan>;
}

type Of<T extends Artifact['content']> = Artifact & { readonly content: T };

/** One run against one destination: what was stored so far. */
export class Run {
  readonly #options: RunOptions;
  readonly #destination: Destination;
  readonly #contents: Contents;
  readonly #stored = new Map<Artifact, Stored>();

  constructor(options: RunOptions, destination: Destination, contents: Contents) {
    this.#options = options;
    this.#destination = destination;
    this.#contents = contents;
    for (const artifact of contents.artifacts.all) {
      const { content } = artifact;
      const resolved = content.type === 'artifact' ? contents.names.get(content.name) : undefined;
      if (resolved !== undefined) this.#stored.set(artifact, resolved);
    }
  }

  /** @throws ArtifactErrors of all that failed, each at the first place that names it */
  async store(): Promise<void> {
    const { all } = this.#contents.artifacts;
    await this.#storeSources(all.filter((artifact) => isOf(artifact, 'source')));
    for (const level of byDepth(all.filter((artifact) => isOf(artifact, 'unit')))) {
      await eachAtItsPlace(level, (artifact) => this.#store(artifact, this.#publishableUnit(artifact.content)));
    }
  }

  storedOf(artifact: Artifact): Stored | undefined {
    return this.#stored.get(artifact);
  }

  /** The text of a template whose contents were stored. */
  rewrite(unit: Unit): string {
    const plan = this.#contents.plans.get(unit) ?? NO_REFERENCES;
    const whereabouts = {
      locationOf: (content: PlaceContent) => this.#locationOf(content),
      storedOf: (artifact: Artifact) => this.storedOf(artifact),
    };
    return rewriteUnit(unit, plan, whereabouts, this.#options.templates);
  }

  async #storeSources(artifacts: readonly Of<LocalSource>[]): Promise<void> {
    // Of equal trees, however many paths they have, one is archived; the others find what it became.
    const bySource = new Map<string, Promise<unknown>>();
    await eachAtItsPlace(artifacts, async (artifact) => {
      const { source } = artifact.content;
      const tree = source.sourceDigest ?? artifact.identity;
      const before = bySource.get(tree) ?? Promise.resolve();
      const storing = before.then(() => this.#store(artifact, source));
      bySource.set(
        tree,
        storing.catch(() => undefined),
      );
      await storing;
      this.#warnOfSize(artifact);
    });
  }

  #warnOfSize(artifact: Of<LocalSource>): void {
    const { size } = this.#stored.get(artifact) ?? { size: 0 };
    const warning = zippedWarning(artifact.places, shownPath(this.#options.cwd, artifact.content.path), size);
    if (warning !== undefined) this.#options.reporter({ kind: 'warning', warning });
  }

  #locationOf(content: PlaceContent): Location {
    const artifact = this.#contents.artifacts.of(content);
    return (artifact && this.#stored.get(artifact)) ?? foreignLocation(content);
  }

  /** What a template is stored as. */
  textOf(unit: Unit): string {
    return this.#canRewrite(unit) ? this.rewrite(unit) : unit.template.text;
  }

  #publishableUnit(unit: Unit): Publishable {
    const text = this.textOf(unit);
    const open = async (): Promise<OpenContent> => ({ ...contentOf(text), close: () => Promise.resolve() });
    return { filename: unitFilename(unit), open };
  }

  /** In a dry run, what is not stored has no location. */
  #canRewrite({ places }: Unit): boolean {
    const artifacts = places.flatMap(({ contents }) => contents.map((one) => this.#contents.artifacts.of(one)));
    return artifacts.every((artifact) => artifact === undefined || this.#stored.has(artifact));
  }

  async #store(artifact: Artifact, publishable: Publishable): Promise<void> {
    const { dryRun, reporter, signal } = this.#options;
    signal.throwIfAborted();
    if (dryRun) {
      await this.#plan(artifact, publishable);
      return;
    }
    const { id, pinned, content } = artifact;
    const sent = watched(id, interruptible(publishable, signal), reporter);
    const location = content.type === 'artifact' ? undefined : content.location;
    const stored = await this.#destination.publish(id, ...sent, pinned, location);
    refuseUnversioned(artifact, stored);
    this.#stored.set(artifact, stored);
    const { outcome, size, arn, bucket, key } = stored;
    reporter({ kind: 'published', subject: id, outcome, size, name: arn ?? `s3://${bucket}/${key}` });
  }

  async #plan(artifact: Artifact, publishable: Publishable): Promise<void> {
    const { id, content } = artifact;
    const isKnown = content.type !== 'unit' || this.#canRewrite(content);
    const found = isKnown
      ? await this.#destination.plan(id, interruptible(publishable, this.#options.signal))
      : undefined;
    if (found !== undefined) this.#stored.set(artifact, found);
    const outcome = found === undefined ? 'planned' : 'reused';
    this.#options.reporter({ kind: 'published', subject: id, outcome, size: found?.size ?? 0, name: found?.arn ?? id });
  }
}

/**
 * Lambda runs from a version of an object, so there must be versions.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
 */
function refuseUnversioned({ lasting }: Artifact, { bucket, objectVersion }: Stored): void {
  if (lasting === undefined || objectVersion !== undefined) return;
  throw placed(
    lasting,
    new ArtifactError(
      'UNSUPPORTED_STORE',
      `it is read from the bucket for as long as it lives, and '${bucket}' keeps no versions`,
      {
        remedy: 'Turn on versioning for the bucket, or leave out S3ObjectStorageMode: REFERENCE.',
      },
    ),
  );
}

export function isOf<T extends Artifact['content']['type']>(
  artifact: Artifact,
  type: T,
): artifact is Of<Extract<Artifact['content'], { type: T }>> {
  return artifact.content.type === type;
}

/** The name of the object that a template becomes. */
export function unitFilename(unit: Unit): string {
  return path.basename(unit.path);
}

/** The innermost first: a template's content is known when all that it names is stored. */
export function byDepth(artifacts: readonly Of<Unit>[]): readonly Of<Unit>[][] {
  const depths = new Map<Unit, number>();
  const depthOf = (unit: Unit): number => {
    const depth = depths.get(unit) ?? 1 + Math.max(-1, ...unitsBelow(unit).map(depthOf));
    depths.set(unit, depth);
    return depth;
  };
  const levels: Of<Unit>[][] = [];
  for (const artifact of artifacts) (levels[depthOf(artifact.content)] ??= []).push(artifact);
  return levels.filter(Boolean);
}

/** The publishable and the attributes of its upload, told of as they go. */
function watched(subject: string, publishable: Publishable, reporter: Reporter): [Publishable, ObjectAttributes] {
  let total: number | undefined;
  let done = 0;
  const { sourceDigest, filename, expected } = publishable;
  return [
    {
      filename,
      ...(sourceDigest !== undefined && { sourceDigest }),
      ...(expected !== undefined && { expected }),
      open: async () => {
        const content = await publishable.open();
        total = content.size;
        return content;
      },
    },
    {
      onProgress: (bytes) => {
        done += bytes;
        reporter({ kind: 'progress', stage: 'upload', subject, done, ...(total !== undefined && { total }) });
      },
    },
  ];
}
