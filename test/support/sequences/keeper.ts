import {
  ArtifactError,
  formatArn,
  listArtifacts,
  parseArn,
  publishAssets,
  publishVersion,
  readManifest,
} from '../../../repository/index.ts';
import type { ArtifactName, Domain, Manifest, Publication } from '../../../repository/index.ts';
import type { RunResult } from '../../../repository/collecting/run-result.ts';
import type { PlanSummary } from '../../../repository/collecting/plan-summary.ts';
import type { Evidence } from '../../../repository/evidence/evidence.ts';
import { runToEnd } from '../../../repository/asking/ask.ts';
import { listBookmarkRecords } from '../../../repository/bookmark.ts';
import { carryOut } from '../../../repository/keeping/carry-out.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { parseCommand } from '../../../repository/asking/command.ts';
import { promote } from '../../../repository/promoting/promote.ts';
import { allOf } from '../all-of.ts';
import { publishable } from '../domain.ts';
import type { Coverage, Kind } from './coverage.ts';
import type { PlannedWork } from './keeping-plan.ts';
import { REPOSITORIES } from './keeping-plan.ts';

/** A version that was published, as it is named by whoever asks for something to be done about it. */
export interface PublishedVersion {
  /** Definite. */
  readonly arn: string;
  /** Of its artifact. */
  readonly artifact: string;
}

/** Whoever carries something out: a domain as he sees it, and what he may do while he waits. */
export interface Worker {
  readonly domain: Domain;
  readonly evidence: Evidence;
  readonly turn: () => Promise<void>;
  /** So many steps make a piece. */
  readonly hurry: number;
  readonly published: () => readonly PublishedVersion[];
  readonly coverage: Coverage;
  readonly told: (publication: Publication) => void;
  readonly promises: Promises;
}

/** What people were told stays, until somebody is asked to take that back. */
export class Promises {
  /** By consumer and version. */
  readonly #standing = new Map<string, string>();
  readonly #removals = new Map<string, { begun: number; ended: number }>();

  /** Whether a version was promised: the whole of it, by whichever of its assets its ARN names it. */
  has(arn: string): boolean {
    return new Set(this.#standing.values()).has(versionIn(arn));
  }

  /** @returns to be called when the answer was yes: it is a promise if nobody has taken anything back meanwhile */
  adding(arn: string, consumer: string): () => void {
    const version = versionIn(arn);
    const name = `${consumer} ${version}`;
    const { begun, ended } = this.#removalsOf(name);
    return () => {
      if (begun === ended && this.#removalsOf(name).begun === begun) this.#standing.set(name, version);
    };
  }

  /** @returns to be called when that has ended */
  removing(arn: string, consumer: string): () => void {
    const name = `${consumer} ${versionIn(arn)}`;
    this.#standing.delete(name);
    const removals = this.#removalsOf(name);
    removals.begun += 1;
    return () => (removals.ended += 1);
  }

  #removalsOf(name: string): { begun: number; ended: number } {
    const removals = this.#removals.get(name) ?? { begun: 0, ended: 0 };
    this.#removals.set(name, removals);
    return removals;
  }
}

function versionIn(arn: string): string {
  return arn.replace(/@sha256:[0-9a-f]+$/, '');
}

type Result = Readonly<Record<string, unknown>>;

/** What somebody may well be refused, or has to try again. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['ARTIFACT_DELETED', 'ARTIFACT_NOT_FOUND', 'CONTENT_MISSING', 'CONTENTION', 'STORE_UNAVAILABLE'],
  ...['LABEL_TAKEN', 'STATUS_NOT_ALLOWED'],
]);

/** Has it done by the product itself. @throws what the product should never throw */
export async function carryOutWork(work: PlannedWork, worker: Worker): Promise<void> {
  try {
    await perform(work, worker);
  } catch (error) {
    if (!(error instanceof ArtifactError) || !REFUSALS.has(error.code)) throw error;
    worker.coverage.count(error.code === 'STORE_UNAVAILABLE' ? 'work given up' : 'work refused');
  }
}

async function perform(work: PlannedWork, worker: Worker): Promise<void> {
  const { coverage } = worker;
  switch (work.kind) {
    case 'collect':
      return collect(work, worker);
    case 'delete': {
      const { every, from, now } = work;
      const wanted = worker.published().filter((_, index) => (index + from) % every === 0);
      for (const { arn } of wanted) await ask(worker, { command: 'delete', arn, dryRun: false, now });
      return;
    }
    case 'delete all of it': {
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      await ask(worker, { command: 'delete', arn: chosen.artifact, dryRun: false, now: work.now });
      return;
    }
    case 'delete all': {
      // Those too whose publisher never heard that there is a version now. What was promoted goes first, because what it was made from is needed until then.
      for (const { repository, id } of await artifactsIn(worker.domain)) {
        const { partition, region, account } = worker.domain;
        const arn = formatArn({ partition, region, account, repository, id });
        await ask(worker, { command: 'delete', arn, dryRun: false, now: work.now });
      }
      return;
    }
    case 'reference-remove all': {
      const { consumer } = work;
      for (const { arn } of worker.published()) worker.promises.removing(arn, consumer)();
      const artifacts = new Set(worker.published().map(({ artifact }) => artifact));
      for (const arn of artifacts) await ask(worker, { command: 'reference-remove', arn, consumer });
      return;
    }
    case 'undelete': {
      const chosen = choose(worker, work.version);
      if (chosen !== undefined) await ask(worker, { command: 'undelete', arn: chosen.arn });
      return;
    }
    case 'reference-add': {
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      const promise = worker.promises.adding(chosen.arn, work.consumer);
      await ask(worker, { command: 'reference-add', arn: chosen.arn, consumer: work.consumer });
      promise();
      return;
    }
    case 'reference-remove': {
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      const ended = worker.promises.removing(chosen.arn, work.consumer);
      await ask(worker, { command: 'reference-remove', arn: chosen.arn, consumer: work.consumer });
      ended();
      return;
    }
    case 'publish': {
      const { id, text } = work.choice;
      const publication = await publishVersion(worker.domain, { repository: 'default', id }, publishable(text));
      worker.told(publication);
      coverage.count(publication.isNewVersion ? 'published beside a deploy' : 'found published');
      return;
    }
    case 'publish several':
      return publishSeveral(work, worker);
    case 'bookmark-set': {
      const { bookmark } = work;
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      await ask(worker, { command: 'bookmark-set', arn: chosen.arn, bookmark });
      return;
    }
    case 'bookmark-delete': {
      const { bookmark } = work;
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      await ask(worker, { command: 'bookmark-delete', arn: chosen.artifact, bookmark });
      return;
    }
    case 'bookmark-delete all': {
      const { domain } = worker;
      for (const { repository, id } of await artifactsIn(domain)) {
        const { partition, region, account } = domain;
        const arn = formatArn({ partition, region, account, repository, id });
        for (const { bookmark } of await allOf(listBookmarkRecords(domain.store, { repository, id })))
          await ask(worker, { command: 'bookmark-delete', arn, bookmark });
      }
      return;
    }
    case 'promote':
      return promoteSome(work, worker);
    case 'status-set': {
      const chosen = choose(worker, work.version);
      if (chosen === undefined) return;
      await ask(worker, { command: 'status-set', arn: chosen.arn, status: work.status });
      return;
    }
    case 'audit':
      await ask(worker, { command: 'audit', fix: true });
      return;
    case 'verify':
      await ask(worker, { command: 'verify', fix: true, deep: false });
      return;
    case 'tend':
      await ask(worker, { command: 'tend' });
  }
}

/** Of every repository, the last one first. */
async function artifactsIn(domain: Domain): Promise<readonly ArtifactName[]> {
  const found: ArtifactName[] = [];
  for (const repository of REPOSITORIES.toReversed()) found.push(...(await allOf(listArtifacts(domain, repository))));
  return found;
}

async function promoteSome(
  { version, versions }: Extract<PlannedWork, { kind: 'promote' }>,
  worker: Worker,
): Promise<void> {
  const { domain, told, coverage } = worker;
  const [repository] = REPOSITORIES.toReversed();
  const manifests = new Map<string, Manifest>();
  for (let next = version; next < version + versions; next++) {
    const chosen = choose(worker, next);
    const arn = chosen && parseArn(chosen.arn);
    const manifest = arn?.version === undefined ? undefined : await readManifest(domain, arn, arn.version);
    // Each artifact once: one promotion names one version of it.
    if (manifest !== undefined && manifest.repository !== repository) manifests.set(manifest.id, manifest);
  }
  const [first, ...rest] = [...manifests.values()].map((manifest) => ({ manifest, id: manifest.id, labels: [] }));
  if (first === undefined || repository === undefined) return;
  const { outcome, promotion, versions: promoted } = await promote(domain, { repository, items: [first, ...rest] });
  for (const { assets } of promoted)
    for (const asset of assets) told({ ...asset, isNewVersion: outcome === 'promoted' });
  coverage.count(outcome === 'promoted' ? 'promoted' : 'promoted before');
  await ask(worker, { command: 'hold-promotion', repository, promotion: promotion.id });
}

async function publishSeveral(
  { id, texts, label, set }: Extract<PlannedWork, { kind: 'publish several' }>,
  { domain, told, coverage }: Worker,
): Promise<void> {
  const [first, ...rest] = texts.map((text) => ({ name: text, publishable: publishable(text) }));
  if (first === undefined) throw new TypeError('a version has an asset');
  const wanted = set === undefined ? { labels: [label] } : { set: { label, name: set } };
  const { assets, isNewVersion } = await publishAssets(
    domain,
    { repository: 'default', id },
    {
      assets: [first, ...rest],
      ...wanted,
    },
  );
  for (const asset of assets) told({ ...asset, isNewVersion });
  if (isNewVersion) coverage.count(set === undefined ? 'published under a label' : 'published as a candidate');
}

/** A plan, and then exactly what it says. */
async function collect({ now, waits }: Extract<PlannedWork, { kind: 'collect' }>, worker: Worker): Promise<void> {
  const id = `plan${worker.domain.chance.nonce()}`;
  const planned = await ask(worker, { command: 'gc-plan', id, now, verbose: false });
  const summary = planned.find((one): one is Result & PlanSummary => one['action'] === 'plan');
  if (summary === undefined) throw new Error('a plan without an end');
  for (let turn = 0; turn < waits; turn++) await worker.turn();
  await ask(worker, { command: 'gc-run', plan: summary.digest });
  worker.coverage.count('collection');
}

function choose({ published }: Worker, number: number): PublishedVersion | undefined {
  const all = published();
  return all[number % Math.max(1, all.length)];
}

/** Sends a command piece by piece, as JSON, and hands back all results. */
async function ask(worker: Worker, command: KeeperCommand): Promise<readonly Result[]> {
  const { domain, evidence, hurry, coverage } = worker;
  const results: Result[] = [];
  const keeper = async (asked: KeeperCommand): ReturnType<typeof carryOut> => {
    let steps = 0;
    const isTimeUp = (): boolean => ++steps >= hurry;
    return carryOut(parseCommand(JSON.parse(JSON.stringify(asked))), { domain, evidence, isTimeUp });
  };
  for await (const answer of runToEnd(keeper, command, domain.chance)) {
    for (const result of answer.results as readonly Result[]) {
      results.push(result);
      for (const kind of kindsOf(command, result)) coverage.count(kind);
    }
  }
  return results;
}

function kindsOf({ command }: KeeperCommand, result: Result): readonly Kind[] {
  switch (command) {
    case 'delete': {
      if (result['outcome'] === 'used') return ['deletion refused'];
      const content = result['content'] as readonly { readonly outcome: string }[];
      const first: readonly Kind[] = result['outcome'] === 'deleted' ? ['version given up'] : [];
      return [...first, ...content.flatMap(({ outcome }) => contentKinds(outcome))];
    }
    case 'gc-run': {
      const { action, outcome, content = [] } = result as unknown as RunResult;
      if (action === 'delete') {
        const first: readonly Kind[] =
          outcome === 'deleted' ? ['version given up'] : outcome === 'rescued' ? ['deletion refused'] : [];
        return [...first, ...content.flatMap((one) => contentKinds(one.outcome))];
      }
      return contentKinds(outcome);
    }
    case 'undelete':
      return result['outcome'] === 'undeleted' ? ['version undeleted'] : [];
    case 'reference-add':
      return ['reference added by hand'];
    case 'reference-remove':
      return ['reference removed by hand'];
    case 'audit':
      return result['healed'] === true ? ['audit healed'] : [];
    case 'tend':
      return ['scheduled work'];
    case 'verify':
      return result['healed'] === true ? ['verification healed'] : [];
    case 'bookmark-set':
      return result['outcome'] === 'exists' ? [] : ['bookmark moved'];
    case 'bookmark-delete':
      return result['outcome'] === 'deleted' ? ['bookmark deleted'] : [];
    case 'status-set':
      return result['outcome'] === 'changed' ? ['status changed'] : [];
    case 'complete':
    case 'cancel':
    case 'finish':
    case 'repository-delete':
    case 'declare':
    case 'announce':
    case 'renew':
    case 'fetch':
    case 'tell':
    case 'tag-shared':
      return [];
    case 'hold-promotion':
      return result['outcome'] === 'added' ? ['source of a promotion held'] : [];
    case 'gc-plan':
      return result['action'] === 'wait' ? ['in quarantine still'] : [];
  }
}

function contentKinds(outcome: string): readonly Kind[] {
  switch (outcome) {
    case 'deleted':
    case 'finished':
      return ['content deleted'];
    case 'condemned':
      return ['content condemned'];
    case 'rescued':
    case 'cancelled':
      return ['condemnation cancelled'];
    case 'waiting':
      return ['in quarantine still'];
    case 'forgotten':
      return ['condemnation forgotten'];
    case 'failed':
      return ['item failed'];
    default:
      return [];
  }
}

/** As people name a version, and its artifact. */
export function publishedVersion({
  partition,
  region,
  account,
  repository,
  id,
  version,
  digest,
}: Publication['arn']): PublishedVersion {
  const artifact = { partition, region, account, repository, id };
  return { arn: formatArn({ ...artifact, version, digest }), artifact: formatArn(artifact) };
}
