import type { ArtifactName, Domain, Manifest } from '../../repository/index.ts';
import { holdSources } from '../../repository/promoting/hold.ts';
import { promote } from '../../repository/promoting/promote.ts';
import type { PromotionResult } from '../../repository/promoting/promote.ts';
import type { PromotionRequest } from '../../repository/promoting/request.ts';
import { publishAssets } from '../../repository/publish.ts';
import type { VersionToPublish } from '../../repository/publish.ts';
import { createRepository } from '../../repository/repositories.ts';
import { publishable, testDomain } from './domain.ts';

/** What is published to the first stage. */
export const API: ArtifactName = { repository: 'dev', id: 'shop/api' };
export const WEB: ArtifactName = { repository: 'dev', id: 'shop/web' };

/** A domain with the stages through which versions are promoted: dev, staging and production. */
export async function stagedDomain(): Promise<Domain> {
  const domain = await testDomain();
  for (const repository of ['dev', 'staging', 'production'])
    await createRepository(domain, repository, { lifecycle: [] });
  return domain;
}

/** @param texts each becomes a file, which is an asset of that name */
export async function publishFiles(
  domain: Domain,
  name: ArtifactName,
  texts: Readonly<Record<string, string>>,
  more: Partial<VersionToPublish> = {},
): Promise<Manifest> {
  const [first, ...rest] = Object.entries(texts).map(([asset, text]) => ({
    name: asset,
    publishable: publishable(text, 'file', asset),
  }));
  return (await publishAssets(domain, name, { assets: [first!, ...rest], ...more })).manifest;
}

/** That one version is promoted to a stage. */
export function to(
  repository: string,
  manifest: Manifest,
  more: Partial<PromotionRequest['items'][0]> = {},
): PromotionRequest {
  return { repository, items: [{ manifest, id: manifest.id, ...more }] };
}

/** What was promoted is held by what it became, too. */
export async function promoteAndHold(domain: Domain, request: PromotionRequest): Promise<PromotionResult> {
  const result = await promote(domain, request);
  await holdSources(domain, result.promotion);
  return result;
}
