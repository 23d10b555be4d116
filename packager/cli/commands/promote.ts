import type { Domain } from '../../../repository/index.ts';
import { ArtifactError, formatArn, remoteKeeper, runToEnd } from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import { splitBucket } from '../../../repository/keys.ts';
import type { HeldSource } from '../../../repository/promoting/hold.ts';
import type { PromotedVersion, PromotionPlan, PromotionResult } from '../../../repository/promoting/promote.ts';
import { planPromotion, promote } from '../../../repository/promoting/promote.ts';
import type { Promotion } from '../../../repository/promoting/record.ts';
import { definiteArn, formatVersion, sourceOf } from '../../../repository/promoting/record.ts';
import type { PromotionRequest } from '../../../repository/promoting/request.ts';
import { createArchiver } from '../../archive/source.ts';
import { problemsOf } from '../../packaging/problems.ts';
import { provenanceOf } from '../../provenance.ts';
import { openDomainOf } from '../at-home.ts';
import { CHANCE } from '../../chance.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import type { PromoteOptions } from '../syntax/promote.ts';
import { evidenceOf, itemsToPromote, namesToPromote } from './promotion-request.ts';
import { formatDate, writeJson } from '../talk/report.ts';
import { scratchFolder } from '../../scratch.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Names versions in another repository, and prints their ARNs there. */
export async function run(options: PromoteOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const opened = await openDomainOf(
    options,
    namesToPromote(options, terminal.cwd),
    options.dryRun ? 'read' : 'keep',
    terminal,
  );
  // Whoever promotes publishes, and is no keeper.
  const domain = { ...opened.domain, keeper: remoteKeeper(opened.askToPublish) };
  const archiver = createArchiver({ reporter: () => undefined, scratch: scratchFolder(), signal: terminal.signal });
  try {
    const request = await requestOf(options, domain, archiver, terminal);
    if (options.dryRun) {
      tellPlan(await planPromotion(domain, request), domain, options, terminal, warnings);
      return;
    }
    const by = opened.caller === undefined ? {} : { by: opened.caller };
    const provenance = () => provenanceOf({ root: terminal.cwd, env: terminal.env, ...by });
    const result = await promote(domain, { ...request, provenance });
    const versions = result.versions.map(({ manifest, assets: [first] }) => ({ manifest, digest: first.arn.digest }));
    const announced = opened.announce(
      versions.map(({ manifest, digest }) => formatArn(definiteArn(domain, manifest, digest))),
    );
    await hold(result.promotion, opened, warnings);
    tell(result, options, terminal, warnings);
    await announced;
  } finally {
    await archiver.close();
  }
}

/** @throws ArtifactErrors with everything that can't be found, or read, and with everything that forbids to promote the rest */
async function requestOf(
  options: PromoteOptions,
  domain: Domain,
  archiver: Parameters<typeof evidenceOf>[1],
  terminal: Terminal,
): Promise<PromotionRequest> {
  const { to: repository, metadata } = options;
  const [items, evidence] = await Promise.all([
    itemsToPromote(domain, options, terminal.cwd),
    evidenceOf(options.evidence, archiver, terminal),
  ]);
  const [first, ...rest] = items.found;
  const problems = [...items.problems, ...evidence.problems];
  if (problems.length > 0) {
    const others = first === undefined ? [] : await forbidding(domain, options, [first, ...rest], evidence.found);
    refuse([...problems, ...others]);
  }
  if (first === undefined) throw new TypeError('it was told why nothing was found');
  return {
    ...{ repository, items: [first, ...rest], evidence: evidence.found },
    ...(metadata !== undefined && { metadata }),
  };
}

/** What forbids to promote what was found, where it is not promoted anyway. */
async function forbidding(
  domain: Domain,
  { to: repository, evidence: given }: PromoteOptions,
  items: PromotionRequest['items'],
  found: NonNullable<PromotionRequest['evidence']>,
): Promise<readonly ArtifactError[]> {
  // That evidence can't be read is told; it is given nevertheless, for a repository that wants it.
  const unread = given.slice(found.length).map((_, index) => ({ url: `unread:${index}` }));
  try {
    await planPromotion(domain, { repository, items, evidence: [...found, ...unread] });
    return [];
  } catch (error) {
    return problemsOf(error);
  }
}

/** It is promoted, whether what it was promoted from is protected by that or not. */
async function hold(
  { repository, id: promotion }: Promotion,
  { askToPublish }: OpenDomain,
  warnings: Warnings,
): Promise<void> {
  const command = { command: 'hold-promotion', repository, promotion } as const;
  try {
    for await (const { results } of runToEnd(askToPublish, command, CHANCE)) {
      for (const { outcome, source, target, why } of results as readonly HeldSource[]) {
        if (outcome === 'refused') warnings.add(notHeld(`'${source}' is not kept for '${target}': ${why ?? ''}`));
      }
    }
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
    warnings.add(notHeld(`what was promoted is not kept for what it became: ${error.message}`, error.remedy));
  }
}

function notHeld(message: string, remedy?: string): Parameters<Warnings['add']>[0] {
  const advice =
    "The bytes are the promoted version's own. The same promotion again has the one that it came from kept, too.";
  return { code: 'promotion-not-held', message, remedy: remedy === undefined ? advice : `${remedy}\n${advice}` };
}

function tell(
  { outcome, promotion, versions }: PromotionResult,
  { json, quiet }: PromoteOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  const { id, repository, at, by, evidence, metadata } = promotion;
  if (json) {
    writeJson(terminal, {
      ...{ outcome, promotion: id, repository, at, by, items: versions.map(plain), evidence, metadata },
      warnings: warnings.all(),
    });
    return;
  }
  warnings.tell();
  for (const { assets } of versions) for (const { arn } of assets) terminal.stdout.write(`${formatArn(arn)}\n`);
  if (quiet) return;
  for (const { item, manifest } of versions) {
    terminal.stderr.write(`${formatVersion(sourceOf(item))} → ${formatVersion(manifest)}${labelled(item.to.labels)}\n`);
  }
  if (outcome === 'exists') terminal.stderr.write(`promoted before, ${formatDate(new Date(at))}\n`);
}

function labelled(labels: readonly string[]): string {
  return labels.length === 0 ? '' : ` (${labels.join(', ')})`;
}

function plain({ item, manifest, assets }: PromotedVersion): object {
  const { repository, id, number } = manifest;
  return {
    ...{ from: formatVersion(sourceOf(item)), repository, id, version: number, labels: item.to.labels },
    assets: assets.map(({ name, filename, size, arn, key, outcome }, index) => ({
      ...{ name, from: item.from[index], arn: formatArn(arn), filename, digest: arn.digest },
      ...{ size, key: splitBucket(key).rest, outcome },
    })),
  };
}

function tellPlan(
  { standing, items }: PromotionPlan,
  domain: Domain,
  options: PromoteOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  const { to: repository, json } = options;
  const existing = (index: number): number | undefined => standing?.promotion.items[index]?.to.number;
  const planned = items.map(({ source, id, labels, assets, number }, index) => ({
    from: formatVersion(source),
    ...{ repository, id, version: standing === undefined ? number : existing(index), labels },
    assets: assets.map(({ asset, as, filename }) => ({
      ...{ name: as, from: formatArn(definiteArn(domain, source, asset.digest)), filename },
      ...{ digest: asset.digest, size: asset.size },
    })),
  }));
  if (json) {
    const outcome = standing === undefined ? 'planned' : 'exists';
    const promotion = standing?.promotion.id;
    writeJson(terminal, { dryRun: true, outcome, promotion, repository, items: planned, warnings: warnings.all() });
    return;
  }
  warnings.tell();
  for (const { from, id, version, labels, assets } of planned) {
    const target = `${repository}/${id}${version === undefined ? '' : `:${version}`}`;
    const what = assets.map(({ name }) => name).join(', ');
    const fate = standing === undefined ? 'would become' : 'was promoted before: it is';
    terminal.stdout.write(`${from} ${fate} ${target}${labelled(labels)}: ${what}\n`);
  }
}
