import { expandAhead } from './ahead.ts';
import { readBookmark } from './bookmark-record.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { labelPrefix } from './keys.ts';
import { findLabel, labelOfSet, wasNeverFinished } from './label.ts';
import type { AssetSet } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import { formatArtifactName } from './name.ts';
import { exists } from './status.ts';
import type { Version } from './version.ts';
import { readVersion } from './version.ts';

/** So many sets are read at once. */
const AHEAD = 8;

/** A version that is, or was, a candidate for a label. */
export type SetVersion = Version & { readonly manifest: { readonly set: AssetSet } };

/** The candidates for a label, in no order; those that were given up too. */
export function listSets(domain: Pick<Domain, 'store'>, name: ArtifactName, label: string): AsyncGenerator<SetVersion> {
  const prefix = labelPrefix(name);
  const sets = domain.store.list(`${prefix}${labelOfSet({ label, name: '' })}`);
  return expandAhead(sets, AHEAD, async function* ({ key }) {
    const version = await findLabel(domain, name, key.slice(prefix.length));
    if (version !== undefined && isSetOf(version, label)) yield version;
  });
}

/**
 * The candidate that stands for a label as long as none is finished: the one that was made active, else the newest that exists. A bookmark that has the label's name says which
 * was made active.
 */
export async function findActiveSet(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  label: string,
): Promise<SetVersion | undefined> {
  const chosen = (await readBookmark(domain.store, name, label))?.value.number;
  const active = chosen === undefined ? undefined : await readVersion(domain, name, chosen);
  if (active !== undefined && isSetOf(active, label)) return active;
  let newest: SetVersion | undefined;
  for await (const version of listSets(domain, name, label)) {
    if (exists(version.status) && version.manifest.number > (newest?.manifest.number ?? 0)) newest = version;
  }
  return newest;
}

/** @throws ArtifactError LABEL_TAKEN where one of the candidates was finished, or something else has the label */
export async function requireOpen(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  { label, name: set }: AssetSet,
): Promise<void> {
  const version = await findLabel(domain, name, label);
  if (version === undefined || wasNeverFinished(version, label)) return;
  const what = formatArtifactName(name);
  throw new ArtifactError(
    'LABEL_TAKEN',
    `'${what}:${label}' is finished, as version ${version.manifest.number}: it takes no set '${set}'`,
    { remedy: 'Publish the set for the next label.' },
  );
}

function isSetOf(version: Version, label: string): version is SetVersion {
  return version.manifest.set?.label === label;
}
