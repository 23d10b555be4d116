import type { ArtifactError } from '../../repository/index.ts';
import { contentOf } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import type { Artifact } from './artifact.ts';
import type { Destination, RegionalDomain, Stored } from './destination.ts';
import { eachAtItsPlace, problemsOf } from './problems.ts';
import { NO_REFERENCES } from './references.ts';
import { foreignLocation, rewriteUnit } from './rewriting.ts';
import type { Whereabouts } from './rewriting.ts';
import type { Contents, Run, RunOptions } from './run.ts';
import { byDepth, isOf, unitFilename } from './run.ts';
import type { Unit } from './unit.ts';

/** A template as it is packaged for one region. */
export interface Regional {
  readonly region: string;
  readonly bucket: string;
  /** Absent in a dry run. */
  readonly text?: string;
  /** What stands there for the template, and how it came there. Nothing of the region of the destination. */
  readonly stored: readonly Pick<Stored, 'arn' | 'key' | 'size' | 'outcome'>[];
  /** So much a dry run would bring there. */
  readonly planned?: number;
}

type RegionalOptions = Pick<RunOptions, 'dryRun' | 'reporter' | 'signal' | 'templates'>;

/** What a run has stored, as it stands in another region. What the text of a template names literally there makes another text: that is published beside the one of home. */
export class RegionalRun {
  readonly #options: RegionalOptions;
  readonly #destination: Destination;
  readonly #domain: RegionalDomain;
  readonly #contents: Contents;
  readonly #home: Run;
  readonly #stored = new Map<Artifact, Stored>();
  readonly #planned: Artifact[] = [];

  constructor(
    options: RegionalOptions,
    destination: Destination,
    domain: RegionalDomain,
    contents: Contents,
    home: Run,
  ) {
    this.#options = options;
    this.#destination = destination;
    this.#domain = domain;
    this.#contents = contents;
    this.#home = home;
  }

  /** @throws ArtifactErrors of all that could not be brought there */
  async store(): Promise<void> {
    const { all } = this.#contents.artifacts;
    await eachAtItsPlace(
      all.filter((artifact) => artifact.content.type !== 'unit'),
      (artifact) => this.#bring(artifact, this.#home.storedOf(artifact)),
    );
    for (const level of byDepth(all.filter((artifact) => isOf(artifact, 'unit')))) {
      await eachAtItsPlace(level, async (artifact) =>
        this.#bring(artifact, await this.#unitOf(artifact, artifact.content)),
      );
    }
  }

  /** @param root of which the text is made, unless this is a dry run */
  result(root: Unit): Regional {
    const { region, bucket } = this.#domain;
    const stored = [...this.#stored.values()].map(({ outcome, arn, key, size }) => {
      return { ...(arn !== undefined && { arn }), key, size, outcome };
    });
    if (!this.#options.dryRun) return { region, bucket, text: this.#rewrite(root), stored };
    return { region, bucket, stored, planned: this.#planned.length };
  }

  /** At home, under an ID of its own where it is not the text of home. `undefined`: a dry run does not know it. */
  async #unitOf(artifact: Artifact, unit: Unit): Promise<Stored | undefined> {
    const atHome = this.#home.storedOf(artifact);
    if (this.#options.dryRun) return atHome;
    const text = this.#rewrite(unit);
    if (text === this.#home.textOf(unit)) return atHome;
    const { region } = this.#domain;
    const open = async () => ({ ...contentOf(text), close: () => Promise.resolve() });
    const publishable = { filename: unitFilename(unit), open };
    const id = `${artifact.id}/${region}`;
    const stored = await this.#destination.publish(id, publishable, {}, false, unit.location);
    const { outcome, size, arn, bucket, key } = stored;
    this.#options.reporter({ kind: 'published', subject: id, outcome, size, name: arn ?? `s3://${bucket}/${key}` });
    return stored;
  }

  async #bring(artifact: Artifact, atHome: Stored | undefined): Promise<void> {
    const { dryRun, reporter, signal } = this.#options;
    signal.throwIfAborted();
    if (dryRun) {
      const found = atHome && (await this.#domain.plan(atHome));
      if (found === undefined) this.#planned.push(artifact);
      else this.#stored.set(artifact, found);
      return;
    }
    if (atHome === undefined) throw new Error(`'${artifact.id}' was not stored at home`);
    const stored = await this.#domain.bring(atHome, artifact.pinned);
    this.#stored.set(artifact, stored);
    const { outcome, size, bucket, key } = stored;
    reporter({ kind: 'published', subject: artifact.id, outcome, size, name: `s3://${bucket}/${key}` });
  }

  #rewrite(unit: Unit): string {
    const plan = this.#contents.plans.get(unit) ?? NO_REFERENCES;
    const whereabouts: Whereabouts = {
      locationOf: (content) => {
        const artifact = this.#contents.artifacts.of(content);
        return (artifact && this.#stored.get(artifact)) ?? foreignLocation(content);
      },
      storedOf: (artifact) => this.#stored.get(artifact),
    };
    return rewriteUnit(unit, plan, whereabouts, this.#options.templates);
  }
}

/** Works on all regions at once. @throws ArtifactErrors of all of them, each told once */
export async function inEach<R, T>(regions: readonly R[], work: (region: R) => Promise<T>): Promise<readonly T[]> {
  const settled = await Promise.allSettled(regions.map(work));
  const problems = settled.flatMap((one): readonly ArtifactError[] =>
    one.status === 'rejected' ? problemsOf(one.reason) : [],
  );
  const told = new Map(problems.map((problem) => [`${problem.code} ${problem.message}`, problem]));
  refuse([...told.values()]);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
