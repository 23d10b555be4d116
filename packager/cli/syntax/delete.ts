import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { readArtifacts } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, YES } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, optionsOf } from './option.ts';

export interface UndeleteOptions extends AccessOptions, DisplayOptions, DomainOptions {
  /** As given: ARNs, or `[REPOSITORY/]ID…`. At least one. */
  readonly artifacts: readonly string[];
}

export interface DeleteOptions extends UndeleteOptions {
  /** Of what is named, only what nobody needs. */
  readonly unused: boolean;
  /** Content goes at once. */
  readonly now: boolean;
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

const UNDELETE: OptionTable<Omit<UndeleteOptions, 'artifacts'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const DELETE: OptionTable<Omit<DeleteOptions, 'artifacts'>> = {
  unused: {
    name: 'unused',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'delete what nobody needs, and leave the rest; status 5 says that something was left',
    read: flag,
    fallback: false,
  },
  now: {
    name: 'now',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'content that nothing else holds is deleted at once, without a quarantine: nobody can take that back',
    read: flag,
    fallback: false,
  },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.deletion,
    help: 'show what would go, or who needs it; delete nothing',
    read: flag,
    fallback: false,
  },
  yes: { ...YES, group: GROUP.deletion },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

export const DELETE_COMMAND: CommandSpec<DeleteOptions> = {
  summary: 'delete versions that nobody needs, and their content',
  description:
    "Deletes versions: one, those that hold some content, or all of an artifact. What a stack, a consumer or a bookmark needs is refused, and nothing is deleted then; everybody who needs it is named. Content that nothing else holds is in quarantine for some days, in which 'undelete' takes the deletion back; afterwards, publishing the same bytes brings it back under the same content ARN. A version's number is never used again.",
  examples: [
    { what: 'a version that nobody needs', command: 'cfn-artifacts delete shop/api:3' },
    { what: 'what would go, and who needs it', command: 'cfn-artifacts delete shop/api --dry-run' },
    { what: 'all versions that nobody needs', command: 'cfn-artifacts delete shop/api --unused' },
    { what: 'a leaked secret, in a script', command: 'cfn-artifacts delete shop/api:3 --now --yes --json' },
  ],
  positional: [{ ...ARTIFACT, help: `${ARTIFACT.help}; without a version it is all of them`, repeatable: true }],
  options: optionsOf(DELETE),
  foreign: [],
  read: readArtifacts(DELETE),
};

export const UNDELETE_COMMAND: CommandSpec<UndeleteOptions> = {
  summary: 'take the deletion of a version back',
  description:
    'Takes the deletion of versions back, for as long as their content is there: in quarantine, or because something else needs it. Afterwards, publishing the same bytes brings the content back under the same content ARN, as a new version.',
  examples: [
    { what: 'take that back', command: 'cfn-artifacts undelete shop/api:3' },
    { what: 'which are deleted', command: 'cfn-artifacts show shop/api' },
  ],
  positional: [{ ...ARTIFACT, help: 'a version: its ARN, or [REPOSITORY/]ID:VERSION', repeatable: true }],
  options: optionsOf(UNDELETE),
  foreign: [],
  read: readArtifacts(UNDELETE),
};
