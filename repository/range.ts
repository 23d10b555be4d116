import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { labelPrefix } from './keys.ts';
import { findLabel } from './label.ts';
import type { ArtifactName } from './name.ts';
import { shownName } from './name.ts';
import type { Version } from './version.ts';

/**
 * The highest semantic version in a range, of the labels of versions that are Published. What has a pre-release is chosen only where the range names one, as npm does; candidates, whose labels
 * have build metadata, are not Published.
 * @throws ArtifactError INVALID_NAME where the range is none
 */
export async function findInRange(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  range: string,
): Promise<Version | undefined> {
  // Ranges are rare, and it prepares forty expressions.
  const { rcompare, satisfies, valid, validRange } = await import('semver');
  if (validRange(range) === null) {
    throw new ArtifactError('INVALID_NAME', `'${shownName(range)}' is no range of semantic versions`, {
      remedy: "Write one as npm does: '^1.4', '~1.4.2', '>=1.2 <2'.",
    });
  }
  const prefix = labelPrefix(name);
  const labels: string[] = [];
  for await (const { key } of domain.store.list(prefix)) {
    const label = key.slice(prefix.length);
    if (valid(label) !== null && satisfies(label, range)) labels.push(label);
  }
  for (const label of labels.sort(rcompare)) {
    const version = await findLabel(domain, name, label);
    if (version?.status === 'Published') return version;
  }
  return undefined;
}
