import type { Domain, Resolution, Selection, Selector, Version } from '../../repository/index.ts';
import {
  ArtifactError,
  contentAssets,
  formatArtifactName,
  hasCode,
  looksLikeArtifactArn,
  parseArn,
  parseSelector,
} from '../../repository/index.ts';
import { resolveArtifact, resolveVersion } from './artifact.ts';

/** A person names a version with all that it consists of, or one asset, or content. */
export type NamedContent =
  { readonly kind: 'version'; readonly version: Version } | { readonly kind: 'asset'; readonly resolution: Resolution };

/**
 * What is named: one asset where `#asset` or a digest is, and where the version has no other; else the version.
 * @throws ArtifactError as `resolveArtifact`
 */
export async function resolveNamed(domain: Domain, text: string, repository: string): Promise<NamedContent> {
  if (namesContent(text, repository))
    return { kind: 'asset', resolution: await resolveArtifact(domain, text, repository) };
  const version = await resolveVersion(domain, text, repository);
  const [asset, another] = contentAssets(version.manifest);
  if (asset === undefined || another !== undefined) return { kind: 'version', version };
  const { number, ...name } = version.manifest;
  const resolution = await resolveArtifact(domain, `${formatArtifactName(name)}:${number}#${asset.name}`, repository);
  return { kind: 'asset', resolution };
}

/** Whether one asset is meant, or one content. What can't be read is told by who resolves it. */
export function namesContent(text: string, repository: string): boolean {
  const { asset, digest } = partsOf(text, repository);
  return asset !== undefined || digest !== undefined;
}

/** What chooses the version; `undefined` where the artifact as such is named, or content. */
export function selectionIn(text: string, repository: string): Selection | undefined {
  return partsOf(text, repository).selection;
}

function partsOf(text: string, repository: string): Pick<Selector, 'asset' | 'digest' | 'selection'> {
  if (looksLikeArtifactArn(text)) {
    const { version, asset, digest } = parseArn(text);
    return {
      ...(version !== undefined && { selection: { by: 'number', number: version } }),
      ...(asset !== undefined && { asset }),
      ...(digest !== undefined && { digest }),
    };
  }
  for (const full of [text, `${repository}/${text}`]) {
    try {
      return parseSelector(full);
    } catch (error) {
      if (!hasCode(error, 'INVALID_NAME')) throw error;
    }
  }
  return {};
}

/**
 * What names a set: the label of `ID:LABEL` becomes the one that the set has until one of them is finished.
 * @throws ArtifactError INVALID_ARGUMENT where no label is named
 */
export function withSet(text: string, set: string | undefined, repository: string): string {
  if (set === undefined) return text;
  const { selection } = partsOf(text, repository);
  if (looksLikeArtifactArn(text) || selection?.by !== 'label') {
    throw new ArtifactError('INVALID_ARGUMENT', `'--set ${set}' is one of a label, and '${text}' names none`, {
      remedy: 'Name the artifact with the label that the sets are made for: ID:1.0.0.',
    });
  }
  // Behind the label there may be an asset.
  return text.replace(/(?<label>:[^:#@]+)/, `$<label>+${set}`);
}
