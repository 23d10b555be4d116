import path from 'node:path';
import { ArtifactError, ArtifactErrors, contentOf } from '../../repository/index.ts';
import type { ObjectAttributes, OpenContent, Publishable } from '../../repository/index.ts';
import { allPlaces, keyOf } from './artifact.ts';
import type { Artifact, ArtifactKey, Artifacts } from './artifact.ts';
import type { Destination, Stored } from './destination.ts';
import type { PublishOutcome, Reporter } from '../event.ts';
import { interruptible } from '../interruptible.ts';
import { placed, shownPath } from './load.ts';
import type { LocalSource, PlaceContent, Unit } from './load.ts';
import { pool } from './pool.ts';
import { NO_REFERENCES } from './references.ts';
import type { ReferencePlan } from './references.ts';
import type { Location, Place, ReferenceResource, Rewrite } from '../template/place.ts';
import { formatPosition } from '../template/place.ts';
import { rewriteTemplate } from '../template/rewrite/rewrite.ts';
import { lambdaWarnings } from './warnings.ts';

export interface RunOptions {
  readonly cwd: string;
  /** Says what would be stored and stores nothing. */
  readonly dryRun: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** One place in a template and the artifact that it names now. */
export interface PackagedPlace {
  /** `file:line:column` */
  readonly place: string;
  readonly template: string;
  readonly resource?: string;
  readonly type: string;
  readonly property: string;
  /** As the user would type it; absent for what was no local path. */
  readonly path?: string;
  readonly id?: string;
  readonly arn?: string;
  readonly digest?: string;
  /** Bytes. */
  readonly size?: number;
  readonly bucket?: string;
  readonly key?: string;
  readonly outcome: PublishOutcome;
}

/** So many artifacts are made and sent at once; within one, parts go in parallel too. */
const AT_ONCE = 8;

/** One run against one destination: what was stored so far. */
export class Run {
  readonly #options: RunOptions;
  readonly #destination: Destination;
  readonly #artifacts: Artifacts;
  readonly #plans: ReadonlyMap<Unit, ReferencePlan>;
  readonly #stored = new Map<ArtifactKey, Stored>();

  constructor(
    options: RunOptions,
    destination: Destination,
    artifacts: Artifacts,
    plans: ReadonlyMap<Unit, ReferencePlan>,
  ) {
    this.#options = options;
    this.#destination = destination;
    this.#artifacts = artifacts;
    this.#plans = plans;
  }

  /** What the template names by ARN or bookmark must exist before anything is uploaded. */
  async resolveNames(): Promise<void> {
    await this.#each('artifact', async ({ key, content, pinned }) => {
      if (content.type === 'artifact') this.#stored.set(key, await this.#destination.resolve(content.name, pinned));
    });
  }

  async storeSources(): Promise<void> {
    // Of equal trees, however many paths they have, one is archived; the others find what it became.
    const bySource = new Map<string, Promise<unknown>>();
    await this.#each('source', async (artifact) => {
      if (artifact.content.type !== 'source') return;
      const { source } = artifact.content;
      const tree = source.sourceDigest;
      const before = tree === undefined ? undefined : bySource.get(tree);
      const storing = (before ?? Promise.resolve()).then(() => this.#store(artifact, source));
      if (tree !== undefined)
        bySource.set(
          tree,
          storing.catch(() => undefined),
        );
      await storing;
    });
  }

  /** Nested templates, the innermost first: a template's content is known when all that it names is stored. */
  async storeUnits(unit: Unit): Promise<void> {
    const below = unit.places.flatMap(({ contents }) => contents.filter((content) => content.type === 'unit'));
    for (const child of new Set(below)) {
      const artifact = this.#artifacts.get(keyOf(child));
      if (artifact === undefined || this.#stored.has(artifact.key)) continue;
      await this.storeUnits(child);
      await this.#store(artifact, this.#publishableUnit(child));
    }
  }

  rewrite(unit: Unit): string {
    return rewriteUnit(unit, {
      references: this.#plans.get(unit) ?? NO_REFERENCES,
      artifactOf: (key) => this.#stored.get(key),
      locationOf: (content) => this.#locationOf(content),
    });
  }

  report(root: Unit): PackagedPlace[] {
    const { cwd } = this.#options;
    return [...allPlaces(root)].flatMap(({ place, contents, unit }) =>
      contents.flatMap((content): PackagedPlace[] => {
        if (content.type === 's3-uri') return [];
        const stored = this.#stored.get(keyOf(content));
        const { resource, type, property } = place;
        return [
          {
            place: formatPosition(place.position),
            template: unit.template.file,
            ...(resource !== undefined && { resource }),
            type,
            property,
            ...(content.type !== 'artifact' && { path: shownPath(cwd, content.path) }),
            ...(stored === undefined
              ? { outcome: 'planned' as const }
              : {
                  ...(stored.id !== undefined && { id: stored.id }),
                  ...(stored.arn !== undefined && { arn: stored.arn }),
                  digest: stored.digest,
                  size: stored.size,
                  bucket: stored.bucket,
                  key: stored.key,
                  outcome: stored.outcome,
                }),
          },
        ];
      }),
    );
  }

  /** @throws Error where it was not stored: a defect */
  #locationOf(content: PlaceContent): Location {
    if (content.type === 's3-uri') return foreignLocation(content);
    const stored = this.#stored.get(keyOf(content));
    if (stored === undefined) throw new Error(`not stored: ${keyOf(content)}`);
    return stored;
  }

  #publishableUnit(unit: Unit): Publishable {
    const text = this.#canRewrite(unit) ? this.rewrite(unit) : unit.template.text;
    const open = async (): Promise<OpenContent> => ({ ...contentOf(text), close: () => Promise.resolve() });
    return { filename: path.basename(unit.path), open };
  }

  /** In a dry run, what was not stored yet has no location. */
  #canRewrite({ places }: Unit): boolean {
    return places.every(({ contents }) =>
      contents.every((content) => content.type === 's3-uri' || this.#stored.has(keyOf(content))),
    );
  }

  async #store(artifact: Artifact, publishable: Publishable): Promise<void> {
    const { dryRun, reporter, signal } = this.#options;
    signal.throwIfAborted();
    const { key, id, content, place, pinned } = artifact;
    if (dryRun) {
      const isKnown = content.type !== 'unit' || this.#canRewrite(content);
      const found = isKnown ? await this.#destination.plan(id, publishable) : undefined;
      if (found !== undefined) this.#stored.set(key, found);
      reporter({
        kind: 'published',
        subject: id,
        outcome: found === undefined ? 'planned' : 'reused',
        size: found?.size ?? 0,
        name: found?.arn ?? id,
      });
      return;
    }
    const stored = await this.#destination.publish(
      id,
      ...watched(id, interruptible(publishable, signal), reporter),
      pinned,
    );
    this.#stored.set(key, stored);
    const { outcome, size, arn, bucket } = stored;
    reporter({ kind: 'published', subject: id, outcome, size, name: arn ?? `s3://${bucket}/${stored.key}` });
    if (content.type === 'source') this.#warnOfSize(content, place, size);
  }

  #warnOfSize({ source, path: file }: LocalSource, { position, type }: Place, size: number): void {
    if (!/^AWS::(Lambda|Serverless)::(Function|LayerVersion)$/.test(type)) return;
    for (const warning of lambdaWarnings(shownPath(this.#options.cwd, file), size, source.bytes)) {
      this.#options.reporter({ kind: 'warning', warning: { ...warning, place: formatPosition(position) } });
    }
  }

  /** All artifacts of a kind, several at once; every failure is told, at the first place that names what failed. */
  async #each(type: Artifact['content']['type'], work: (artifact: Artifact) => Promise<void>): Promise<void> {
    const problems: ArtifactError[] = [];
    const artifacts = [...this.#artifacts.values()].filter(({ content }) => content.type === type);
    await pool(artifacts, AT_ONCE, async (artifact) => {
      // After a failure nothing new is begun: what failed once, a full disk or a missing permission, mostly fails for all.
      if (problems.length > 0) return;
      try {
        await work(artifact);
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error;
        problems.push(this.#atItsPlace(artifact, error));
      }
    });
    const [first, ...rest] = toldOnce(problems);
    if (first !== undefined) throw rest.length === 0 ? first : new ArtifactErrors([first, ...rest]);
  }

  /** What is wrong with an artifact stands where it is named; what is wrong with the store concerns no place. */
  #atItsPlace({ place }: Artifact, error: ArtifactError): ArtifactError {
    return concernsPlace(error) ? placed(place, error) : error;
  }
}

function concernsPlace({ code }: ArtifactError): boolean {
  return /^(ARTIFACT|PATH|SOURCE|INVALID)_/.test(code) && code !== 'INVALID_CONFIGURATION';
}

/** What is wrong with the store is wrong for everything that was under way. */
function toldOnce(problems: readonly ArtifactError[]): readonly ArtifactError[] {
  return problems.filter(
    (problem, index) => concernsPlace(problem) || problems.findIndex(({ code }) => code === problem.code) === index,
  );
}

/** The publishable and the attributes of its upload, told of as they go. */
function watched(subject: string, publishable: Publishable, reporter: Reporter): [Publishable, ObjectAttributes] {
  let total: number | undefined;
  let done = 0;
  const { sourceDigest, filename } = publishable;
  return [
    {
      filename,
      ...(sourceDigest !== undefined && { sourceDigest }),
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

interface Located {
  readonly references: ReferencePlan;
  readonly artifactOf: (key: ArtifactKey) => Stored | undefined;
  readonly locationOf: (content: PlaceContent) => Location;
}

/** An object that was in S3 before: nothing but its place is known, and nothing else is asked of it. */
export function foreignLocation(content: PlaceContent): Location {
  if (content.type !== 's3-uri') throw new Error(`a location was asked for before ${keyOf(content)} was stored`);
  const { bucket, key, version } = content;
  return { bucket, key, url: '', partition: '', digest: '', ...(version !== undefined && { objectVersion: version }) };
}

export function rewriteUnit(unit: Unit, { references, artifactOf, locationOf }: Located): string {
  const rewrites = unit.places.map((loaded): Rewrite => {
    const attributesFrom = references.attributesFrom(loaded);
    return {
      place: loaded.place,
      locations: loaded.contents.map(locationOf),
      ...(attributesFrom !== undefined && { references: attributesFrom }),
      dependsOn: references.waitsFor(loaded),
    };
  });
  const resources = references.references.map(({ artifacts, ...reference }): ReferenceResource => ({
    ...reference,
    artifacts: artifacts.flatMap((artifact) => {
      const { arn, key, resolvedFrom } = artifactOf(artifact) ?? {};
      return arn === undefined || key === undefined
        ? []
        : [{ arn, key, ...(resolvedFrom !== undefined && { resolvedFrom }) }];
    }),
  }));
  return rewriteTemplate(unit.template, { rewrites, references: resources });
}
