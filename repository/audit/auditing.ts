import type { BindingRecord } from '../binding.ts';
import type { Domain } from '../domain.ts';
import type { DeployedResource, Evidence, StackEvidence } from '../evidence/evidence.ts';
import { generationOf, isInvented } from '../physical-id.ts';
import type { Stored } from '../record.ts';
import type { StackResource } from '../stack-id.ts';
import type { Elsewhere } from './elsewhere.ts';

/** What every part of an audit works with. */
export interface Auditing {
  readonly domain: Domain;
  readonly evidence: Evidence;
  /** Whether to heal what is found. */
  readonly fix: boolean;
  readonly elsewhere: Elsewhere;
}

export type Settled = Extract<StackEvidence, { readonly state: 'settled' }>;

/** The latest moment at which somebody wrote a record, or wanted what it stands for. */
export function lastTouched({ value, modified }: Stored<BindingRecord>): Date {
  const issued = new Date(value.issued);
  // A time that can't be read is none that has passed.
  if (Number.isNaN(issued.getTime())) return new Date(8.64e15);
  return issued > modified ? issued : modified;
}

/**
 * How a stack's resources stand to a generation: `used` where one of them names it; `doubtful` where one that would have to name it has an ID that
 * tells of no generation, as a newer reference function may give, or was given up with another; else `unused`.
 *
 * One that names it counts under whatever logical ID: no two resources have one generation, and whoever moved it did not mean to lose what it uses.
 * One that was given up under an ID that CloudFormation had to invent never got to be anything: its Create was never answered.
 */
export function standingOf(
  { resources }: Settled,
  resource: StackResource,
  generation: string,
): 'used' | 'unused' | 'doubtful' {
  let standing: 'unused' | 'doubtful' = 'unused';
  for (const { logicalId, physicalId, isGivenUp = false } of resources) {
    const own = generationOf(physicalId);
    if (own === generation) return isGivenUp ? 'unused' : 'used';
    if (logicalId !== resource.logicalId || (isGivenUp && isInvented(physicalId, resource))) continue;
    if (own === undefined || isGivenUp) standing = 'doubtful';
  }
  return standing;
}

/** Custom::ArtifactRef resources that are in use, with the generations that they name, by logical ID. */
export function referencesIn({ resources }: Settled): readonly (DeployedResource & { readonly generation: string })[] {
  return resources
    .flatMap((resource) => {
      const generation = generationOf(resource.physicalId);
      const isReference = resource.type === 'Custom::ArtifactRef' && resource.isGivenUp !== true;
      return isReference && generation !== undefined ? [{ ...resource, generation }] : [];
    })
    .sort((one, other) => (one.logicalId < other.logicalId ? -1 : 1));
}
