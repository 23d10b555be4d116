import type { Domain } from '../domain.ts';
import { findLabel } from '../label.ts';
import type { ArtifactName } from '../name.ts';
import type { SetVersion } from '../set.ts';
import { findActiveSet, listSets } from '../set.ts';

/** The candidates for a label. */
export interface ShownSets {
  readonly label: string;
  /** By their versions. */
  readonly sets: readonly SetVersion[];
  /** The name of the one that the label stands for as long as none is finished. */
  readonly active?: string;
  /** The version that the label stands for, for ever. */
  readonly finished?: number;
}

/** @throws ArtifactError UNSUPPORTED_FORMAT */
export async function setsFor(domain: Pick<Domain, 'store'>, name: ArtifactName, label: string): Promise<ShownSets> {
  const sets: SetVersion[] = [];
  for await (const set of listSets(domain, name, label)) sets.push(set);
  sets.sort((a, b) => a.manifest.number - b.manifest.number);
  const finished = (await findLabel(domain, name, label))?.manifest.number;
  if (finished !== undefined) return { label, sets, finished };
  const active = (await findActiveSet(domain, name, label))?.manifest.set.name;
  return { label, sets, ...(active !== undefined && { active }) };
}
