import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Domain, Manifest, Publishable } from '../../../repository/index.ts';
import { ArtifactError, contentAssets, parseArn } from '../../../repository/index.ts';
import type { ItemToPromote } from '../../../repository/promoting/request.ts';
import type { Archiver } from '../../archive/source.ts';
import { findProjectRoot, openSource } from '../../archive/source.ts';
import { interruptible } from '../../interruptible.ts';
import { problemsOf } from '../../packaging/problems.ts';
import { resolveArtifact, resolveVersion } from '../../naming/artifact.ts';
import { namesContent, withSet } from '../../naming/named-version.ts';
import type { Evidence, PromoteOptions } from '../syntax/promote.ts';
import type { Terminal } from '../terminal.ts';

/** What a person wants to be promoted, found in the domain. */

/** What was found of several, and why others were not. */
export interface Found<T> {
  readonly found: readonly T[];
  readonly problems: readonly ArtifactError[];
}

/** What is named, as it is named; nothing of a manifest that can't be read, which is told by who goes on with it. */
export function namesToPromote({ fromManifest, artifacts }: PromoteOptions, cwd: string): readonly string[] {
  if (fromManifest === undefined) return artifacts;
  try {
    return arnsIn(fromManifest, cwd);
  } catch (error) {
    if (error instanceof ArtifactError) return [];
    throw error;
  }
}

/** All that can be found: something, or a problem. @throws what is no ArtifactError */
export async function itemsToPromote(
  domain: Domain,
  options: PromoteOptions,
  cwd: string,
): Promise<Found<ItemToPromote>> {
  const { fromManifest, artifacts } = options;
  if (fromManifest === undefined) return all(artifacts, (artifact) => itemNamed(domain, options, artifact));
  try {
    return await itemsOfManifest(domain, fromManifest, cwd);
  } catch (error) {
    return { found: [], problems: problemsOf(error) };
  }
}

async function itemNamed(
  domain: Domain,
  { repository, set, asset, as }: PromoteOptions,
  artifact: string,
): Promise<ItemToPromote> {
  const text = withSet(artifact, set, repository);
  const { manifest, only } = namesContent(text, repository)
    ? await assetNamed(domain, text, repository)
    : { manifest: (await resolveVersion(domain, text, repository)).manifest, only: undefined };
  if (only !== undefined && asset.some(({ name }) => name !== only)) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${artifact}' is the asset '${only}', and '--asset' names others`, {
      remedy: "Name the version alone, or rename this one: '--asset NAME=NEWNAME'.",
    });
  }
  const assets = asset.length > 0 ? asset : only === undefined ? undefined : [{ name: only }];
  return {
    ...{ manifest, id: as?.id ?? manifest.id },
    ...(assets !== undefined && { assets }),
    ...(as?.label !== undefined && { labels: [as.label] }),
  };
}

/** Of what is named with `#asset` or a digest. */
async function assetNamed(
  domain: Domain,
  text: string,
  repository: string,
): Promise<{ readonly manifest: Manifest; readonly only: string }> {
  const { manifest, digest, filename } = await resolveArtifact(domain, text, repository);
  const asset = manifest && contentAssets(manifest).find((one) => one.digest === digest && one.filename === filename);
  if (manifest !== undefined && asset !== undefined) return { manifest, only: asset.name };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' names no content of a version that could be promoted`, {
    remedy: "Name a version, like 'shop/api:3'.",
  });
}

/** Everything that one deploy used: each version once, with those of its assets that it used. @throws ArtifactError where it names nothing */
async function itemsOfManifest(domain: Domain, given: string, cwd: string): Promise<Found<ItemToPromote>> {
  const used = new Map<string, { readonly manifest: Manifest; readonly names: Set<string> }>();
  const { found, problems } = await all([...new Set(arnsIn(given, cwd))], async (arn) => {
    const { version, digest } = parseArn(arn);
    if (version === undefined || digest === undefined) throw notDefinite(given, arn);
    return assetNamed(domain, arn, '');
  });
  for (const { manifest, only } of found) {
    const { repository, id, number } = manifest;
    const key = `${repository}/${id}:${number}`;
    const one = used.get(key) ?? { manifest, names: new Set<string>() };
    one.names.add(only);
    used.set(key, one);
  }
  if (used.size === 0 && problems.length === 0) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${given}' names no artifact`, {
      remedy: "Nothing was packaged by that 'package --manifest': there is nothing to promote.",
    });
  }
  const items = [...used.values()].map(({ manifest, names }) => ({
    ...{ manifest, id: manifest.id, assets: [...names].map((name) => ({ name })) },
  }));
  return { found: items, problems };
}

function arnsIn(given: string, cwd: string): readonly string[] {
  const { artifacts, isManifest } = manifestIn(given, cwd);
  const arns = artifacts.map((place) => (isObject(place) ? place['arn'] : undefined));
  if (isManifest && arns.every((arn) => typeof arn === 'string')) return arns;
  throw new ArtifactError('INVALID_ARGUMENT', `'${given}' is no list of artifacts with their ARNs`, {
    remedy:
      "Name a file that 'cfn-artifacts package --manifest' wrote, into a domain: not of a dry run, and not with --s3-bucket.",
  });
}

function manifestIn(
  given: string,
  cwd: string,
): { readonly isManifest: boolean; readonly artifacts: readonly unknown[] } {
  let text: string;
  try {
    text = readFileSync(path.resolve(cwd, given), 'utf8');
  } catch (cause) {
    throw new ArtifactError('PATH_NOT_FOUND', `the manifest '${given}' could not be read`, {
      remedy: "Name a file that 'cfn-artifacts package --manifest' wrote.",
      cause,
    });
  }
  try {
    const document: unknown = JSON.parse(text);
    const artifacts = isObject(document) && document['format'] === 1 ? document['artifacts'] : undefined;
    return { isManifest: Array.isArray(artifacts), artifacts: Array.isArray(artifacts) ? artifacts : [] };
  } catch {
    return { isManifest: false, artifacts: [] };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notDefinite(given: string, arn: string): ArtifactError {
  return new ArtifactError('INVALID_ARN', `'${arn}' in '${given}' names no version with its digest`, {
    remedy: 'Content by its digest alone is no version that could be promoted: have the template name a version.',
  });
}

/** Files are opened where they are needed: their names and places are looked at here. @throws what is no ArtifactError */
export async function evidenceOf(
  evidence: readonly Evidence[],
  archiver: Archiver,
  { cwd, signal }: Terminal,
): Promise<Found<Publishable | { readonly url: string }>> {
  return all(evidence, async (one) => {
    if ('url' in one) return one;
    const file = path.resolve(cwd, one.path);
    const project = { root: await findProjectRoot(path.dirname(file)), exclude: [], leaveOut: [] };
    const source = await openSource(
      { path: file, wanted: 'file' },
      { ...project, followExternalSymlinks: true },
      archiver,
    );
    return interruptible(source, signal);
  });
}

async function all<T, R>(things: readonly T[], find: (thing: T) => Promise<R>): Promise<Found<R>> {
  const looked = await Promise.allSettled(things.map(find));
  return {
    found: looked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    problems: looked.flatMap((one) => (one.status === 'rejected' ? problemsOf(one.reason) : [])),
  };
}
