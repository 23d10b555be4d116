import { ArtifactError } from '../../repository/error.ts';
import type { Status } from '../../repository/status.ts';
import { LASTING_STATUSES } from '../../repository/status.ts';
import type { TargetStatus } from '../../repository/status-target.ts';
import { TARGETS } from '../../repository/status-target.ts';
import type { AccessOptions } from '../aws/access.ts';
import { YES } from './confirm.ts';
import type { DisplayOptions, DomainOptions, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, GROUP, text } from './options.ts';

export interface StatusOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
}

export interface StatusSetOptions extends StatusOptions {
  readonly status: TargetStatus;
  /** What each must be now. */
  readonly expected?: Status;
  /** Nobody is asked. */
  readonly yes: boolean;
}

export const STATUS: OptionTable<Omit<StatusOptions, 'artifacts'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const STATUS_SET: OptionTable<Omit<StatusSetOptions, 'artifacts' | 'status'>> = {
  expected: {
    name: 'if',
    argument: '<status>',
    choices: LASTING_STATUSES,
    inFile: 'never',
    group: GROUP.status,
    help: 'only if it is this now',
    read: (given) => statusIn(LASTING_STATUSES, text(given)),
  },
  yes: { ...YES, group: GROUP.status },
  ...STATUS,
};

/** What a version can be given. @throws ArtifactError INVALID_ARGUMENT */
export function parseTarget(word: string): TargetStatus {
  try {
    return statusIn(TARGETS, word);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new ArtifactError('INVALID_ARGUMENT', `STATUS ${error.message}`, {
      remedy: "It stands behind the artifacts: 'shop/api:7 Archived'. 'cfn-artifacts delete' makes versions Deleted.",
    });
  }
}

/** In whatever case it is written. @throws ArtifactError INVALID_ARGUMENT */
function statusIn<T extends Status>(words: readonly T[], word: string): T {
  const status = words.find((one) => one.toLowerCase() === word.toLowerCase());
  if (status !== undefined) return status;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `must be one of ${words.map((one) => `'${one}'`).join(', ')}, not '${word}'`,
  );
}
