import type { AuditOptions } from './audit.ts';
import { AUDIT_COMMAND } from './audit.ts';
import type {
  ActivateOptions,
  BookmarkListOptions,
  BookmarkMoveOptions,
  BookmarkOptions,
  FinishOptions,
} from './bookmark.ts';
import {
  ACTIVATE_COMMAND,
  BOOKMARK_DELETE_COMMAND,
  BOOKMARK_GET_COMMAND,
  BOOKMARK_HISTORY_COMMAND,
  BOOKMARK_LIST_COMMAND,
  BOOKMARK_SET_COMMAND,
  FINISH_COMMAND,
} from './bookmark.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { BOOTSTRAP_COMMAND } from './bootstrap.ts';
import type { BundleCreateOptions, BundlePublishOptions, BundleShowOptions } from './bundle.ts';
import { BUNDLE_CREATE_COMMAND, BUNDLE_PUBLISH_COMMAND, BUNDLE_SHOW_COMMAND } from './bundle.ts';
import type { CommandSpec } from './command.ts';
import type { CompletionOptions } from './completion.ts';
import { COMPLETION_COMMAND } from './completion.ts';
import type { DeleteOptions, UndeleteOptions } from './delete.ts';
import { DELETE_COMMAND, UNDELETE_COMMAND } from './delete.ts';
import type { DoctorOptions } from './doctor.ts';
import { DOCTOR_COMMAND } from './doctor.ts';
import { EXPLAIN_COMMAND } from './explain.ts';
import type { GcPlanOptions, GcRulesOptions, GcRulesSetOptions, GcRunOptions } from './gc.ts';
import { GC_PLAN_COMMAND, GC_RULES_COMMAND, GC_RULES_SET_COMMAND, GC_RUN_COMMAND } from './gc.ts';
import type { InstallAliasOptions } from './install-alias.ts';
import { INSTALL_ALIAS_COMMAND } from './install-alias.ts';
import type { DiffOptions, GetOptions, ListOptions, ShowOptions, TreeOptions } from './looking.ts';
import { DIFF_COMMAND, GET_COMMAND, LIST_COMMAND, SHOW_COMMAND, TREE_COMMAND } from './looking.ts';
import type { PackageOptions } from './package-flags.ts';
import { PACKAGE_COMMAND } from './package.ts';
import type { PromoteOptions } from './promote.ts';
import { PROMOTE_COMMAND } from './promote.ts';
import type { PromotionsOptions } from './promotions.ts';
import { PROMOTIONS_COMMAND } from './promotions.ts';
import type { PublishOptions } from './publish.ts';
import { PUBLISH_COMMAND } from './publish.ts';
import type { ReferenceOptions } from './reference.ts';
import { REFERENCE_ADD_COMMAND, REFERENCE_REMOVE_COMMAND } from './reference.ts';
import type { ReferencesOptions } from './references.ts';
import { REFERENCES_COMMAND } from './references.ts';
import type { ReplicateOptions } from './replicate.ts';
import { REPLICATE_COMMAND } from './replicate.ts';
import type {
  RepositoryCreateOptions,
  RepositoryDeleteOptions,
  RepositoryListOptions,
  RepositoryOptions,
  RepositoryUpdateOptions,
} from './repository.ts';
import {
  REPOSITORY_CREATE_COMMAND,
  REPOSITORY_DELETE_COMMAND,
  REPOSITORY_LIST_COMMAND,
  REPOSITORY_SHOW_COMMAND,
  REPOSITORY_UPDATE_COMMAND,
} from './repository.ts';
import type { ShareListOptions, ShareOptions, ShareRevokeOptions, ShareSyncOptions } from './share.ts';
import { SHARE_COMMAND, SHARE_LIST_COMMAND, SHARE_REVOKE_COMMAND, SHARE_SYNC_COMMAND } from './share.ts';
import type { StatusOptions, StatusSetOptions } from './status.ts';
import { STATUS_GET_COMMAND, STATUS_SET_COMMAND } from './status.ts';
import type { VerifyOptions } from './verify.ts';
import { VERIFY_COMMAND } from './verify.ts';

/** What each command is told when its line was read. */
export interface CommandOptions {
  readonly bootstrap: BootstrapOptions;
  readonly package: PackageOptions;
  readonly explain: PackageOptions;
  readonly publish: PublishOptions;
  readonly promote: PromoteOptions;
  readonly promotions: PromotionsOptions;
  readonly replicate: ReplicateOptions;
  readonly 'bundle create': BundleCreateOptions;
  readonly 'bundle show': BundleShowOptions;
  readonly 'bundle publish': BundlePublishOptions;
  readonly get: GetOptions;
  readonly list: ListOptions;
  readonly tree: TreeOptions;
  readonly show: ShowOptions;
  readonly diff: DiffOptions;
  readonly 'bookmark set': BookmarkMoveOptions;
  readonly 'bookmark get': BookmarkOptions;
  readonly 'bookmark list': BookmarkListOptions;
  readonly 'bookmark history': BookmarkOptions;
  readonly 'bookmark delete': BookmarkMoveOptions;
  readonly 'status set': StatusSetOptions;
  readonly 'status get': StatusOptions;
  readonly finish: FinishOptions;
  readonly activate: ActivateOptions;
  readonly references: ReferencesOptions;
  readonly 'reference add': ReferenceOptions;
  readonly 'reference remove': ReferenceOptions;
  readonly delete: DeleteOptions;
  readonly undelete: UndeleteOptions;
  readonly audit: AuditOptions;
  readonly verify: VerifyOptions;
  readonly 'gc plan': GcPlanOptions;
  readonly 'gc run': GcRunOptions;
  readonly 'gc rules': GcRulesOptions;
  readonly 'gc rules set': GcRulesSetOptions;
  readonly 'repository create': RepositoryCreateOptions;
  readonly 'repository list': RepositoryListOptions;
  readonly 'repository show': RepositoryOptions;
  readonly 'repository update': RepositoryUpdateOptions;
  readonly 'repository delete': RepositoryDeleteOptions;
  readonly share: ShareOptions;
  readonly 'share list': ShareListOptions;
  readonly 'share revoke': ShareRevokeOptions;
  readonly 'share sync': ShareSyncOptions;
  readonly doctor: DoctorOptions;
  readonly 'install-alias': InstallAliasOptions;
  readonly completion: CompletionOptions;
}

export type CommandName = keyof CommandOptions;

/** In the order of the help text. */
export const SPECS: { readonly [Name in CommandName]: CommandSpec<CommandOptions[Name]> } = {
  bootstrap: BOOTSTRAP_COMMAND,
  package: PACKAGE_COMMAND,
  explain: EXPLAIN_COMMAND,
  publish: PUBLISH_COMMAND,
  promote: PROMOTE_COMMAND,
  promotions: PROMOTIONS_COMMAND,
  replicate: REPLICATE_COMMAND,
  'bundle create': BUNDLE_CREATE_COMMAND,
  'bundle show': BUNDLE_SHOW_COMMAND,
  'bundle publish': BUNDLE_PUBLISH_COMMAND,
  get: GET_COMMAND,
  list: LIST_COMMAND,
  tree: TREE_COMMAND,
  show: SHOW_COMMAND,
  diff: DIFF_COMMAND,
  'bookmark set': BOOKMARK_SET_COMMAND,
  'bookmark get': BOOKMARK_GET_COMMAND,
  'bookmark list': BOOKMARK_LIST_COMMAND,
  'bookmark history': BOOKMARK_HISTORY_COMMAND,
  'bookmark delete': BOOKMARK_DELETE_COMMAND,
  'status set': STATUS_SET_COMMAND,
  'status get': STATUS_GET_COMMAND,
  finish: FINISH_COMMAND,
  activate: ACTIVATE_COMMAND,
  references: REFERENCES_COMMAND,
  'reference add': REFERENCE_ADD_COMMAND,
  'reference remove': REFERENCE_REMOVE_COMMAND,
  delete: DELETE_COMMAND,
  undelete: UNDELETE_COMMAND,
  audit: AUDIT_COMMAND,
  verify: VERIFY_COMMAND,
  'gc plan': GC_PLAN_COMMAND,
  'gc run': GC_RUN_COMMAND,
  'gc rules': GC_RULES_COMMAND,
  'gc rules set': GC_RULES_SET_COMMAND,
  'repository create': REPOSITORY_CREATE_COMMAND,
  'repository list': REPOSITORY_LIST_COMMAND,
  'repository show': REPOSITORY_SHOW_COMMAND,
  'repository update': REPOSITORY_UPDATE_COMMAND,
  'repository delete': REPOSITORY_DELETE_COMMAND,
  share: SHARE_COMMAND,
  'share list': SHARE_LIST_COMMAND,
  'share revoke': SHARE_REVOKE_COMMAND,
  'share sync': SHARE_SYNC_COMMAND,
  doctor: DOCTOR_COMMAND,
  'install-alias': INSTALL_ALIAS_COMMAND,
  completion: COMPLETION_COMMAND,
};

/** A command under the words that call it. */
export type NamedSpec = CommandSpec & { readonly name: CommandName };

export const COMMANDS: readonly NamedSpec[] = Object.entries(SPECS).map(([name, spec]) => ({
  ...spec,
  name: name as CommandName,
}));

/** What commands with a first word in common are about. */
export const GROUPS: Readonly<Record<string, string>> = {
  bundle:
    'A template and everything that it names, as one file: made where the sources are, published into any domain of any partition, without them.',
  bookmark:
    "Names for versions that move: 'prod' is version 7 today. Who resolves one gets the version that it names then; nothing that is deployed follows it by itself. Each move is recorded.",
  status:
    'What may be done with a version: whether it is chosen, listed, and may be used by more than those who use it.',
  reference:
    'Records which consumers that are no stacks need a version: a job, a team, a program of your own. Stacks record what they use by themselves.',
  gc: "Deletes what nobody needs: versions that rules take, and content that nothing holds or uses. 'gc plan' shows what would go, 'gc run' does what a plan says, 'gc rules' tells which versions go by themselves.",
  repository:
    "Makes, lists, shows, changes and deletes the repositories of a domain. 'default' is always there; whatever is published or promoted into another one needs that to be made first.",
  share:
    'Lets other accounts use what a domain has: read it, publish into it, promote in it. Nobody of another account may anything that no share lets.',
};
