import type { InstallAliasOptions } from './alias-options.ts';
import { INSTALL_ALIAS } from './alias-options.ts';
import type { AuditOptions } from './audit-options.ts';
import { AUDIT } from './audit-options.ts';
import type {
  ActivateOptions,
  BookmarkListOptions,
  BookmarkMoveOptions,
  BookmarkOptions,
  FinishOptions,
} from './bookmark-options.ts';
import { ACTIVATE, BOOKMARK, BOOKMARK_MOVE, FINISH } from './bookmark-options.ts';
import type { BootstrapOptions } from './bootstrap-options.ts';
import { BOOTSTRAP } from './bootstrap-options.ts';
import type {
  BundleCreateFlags,
  BundleCreateOptions,
  BundlePublishOptions,
  BundleShowOptions,
} from './bundle-options.ts';
import { BUNDLE_CREATE, BUNDLE_PUBLISH, BUNDLE_SHOW } from './bundle-options.ts';
import type {
  ForeignOption,
  OptionSpec,
  OptionTable,
  PackageFlags,
  PackageOptions,
  PositionalArgument,
  ReferencesFlags,
  ReferencesOptions,
} from './options.ts';
import { AWS_CLI_FOREIGN, PACKAGE, PACKAGE_FOREIGN, REFERENCES } from './options.ts';
import type { PublishFlags, PublishOptions } from './publish-options.ts';
import { PUBLISH } from './publish-options.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { DOCTOR } from './doctor-options.ts';
import type { CompletionOptions } from './completion-options.ts';
import { COMPLETION, SHELLS } from './completion-options.ts';
import type { DeleteOptions, UndeleteOptions } from './delete-options.ts';
import { DELETE, UNDELETE } from './delete-options.ts';
import type { ExitCode } from './exit-codes.ts';
import type { ExplainFlags } from './explain-options.ts';
import { EXPLAIN, EXPLAIN_FOREIGN } from './explain-options.ts';
import type { GcPlanOptions, GcRulesOptions, GcRulesSetOptions, GcRunOptions } from './gc-options.ts';
import { GC_PLAN, GC_RULES, GC_RULES_SET, GC_RUN } from './gc-options.ts';
import type { DiffOptions, GetOptions, ListOptions, ShowOptions, TreeOptions } from './looking-options.ts';
import { DIFF, GET, LIST, SHOW, TREE } from './looking-options.ts';
import type { PromoteFlags, PromoteOptions } from './promote-options.ts';
import { PROMOTE } from './promote-options.ts';
import type { PromotionsOptions } from './promotions-options.ts';
import { PROMOTIONS } from './promotions-options.ts';
import type { ReferenceOptions } from './reference-options.ts';
import { REFERENCE } from './reference-options.ts';
import type { ReplicateOptions } from './replicate-options.ts';
import { REPLICATE } from './replicate-options.ts';
import type {
  RepositoryCreateOptions,
  RepositoryDeleteOptions,
  RepositoryListOptions,
  RepositoryOptions,
  RepositoryUpdateOptions,
} from './repository-options.ts';
import {
  REPOSITORY_CREATE,
  REPOSITORY_DELETE,
  REPOSITORY_LIST,
  REPOSITORY_SHOW,
  REPOSITORY_UPDATE,
} from './repository-options.ts';
import type { ShareListOptions, ShareOptions, ShareRevokeOptions, ShareSyncOptions } from './share-options.ts';
import { SHARE, SHARE_LIST, SHARE_REVOKE, SHARE_SYNC } from './share-options.ts';
import type { StatusOptions, StatusSetOptions } from './status-options.ts';
import { STATUS, STATUS_SET } from './status-options.ts';
import type { Terminal } from './terminal.ts';
import type { VerifyOptions } from './verify-options.ts';
import { VERIFY } from './verify-options.ts';
import type { Warnings } from './warnings.ts';

/** The work behind each command. Failures are thrown: ArtifactErrors are told to people, everything else is a defect. */
export interface CommandHandlers {
  readonly bootstrap: (options: BootstrapOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly package: (options: PackageOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly explain: (options: PackageOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bundle create': (options: BundleCreateOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bundle show': (options: BundleShowOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bundle publish': (options: BundlePublishOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly publish: (options: PublishOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly promote: (options: PromoteOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly promotions: (options: PromotionsOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly replicate: (options: ReplicateOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly get: (options: GetOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly list: (options: ListOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly show: (options: ShowOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly tree: (options: TreeOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly diff: (options: DiffOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly 'bookmark set': (options: BookmarkMoveOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bookmark get': (options: BookmarkOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bookmark list': (options: BookmarkListOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bookmark history': (options: BookmarkOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'bookmark delete': (options: BookmarkMoveOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'status set': (options: StatusSetOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'status get': (options: StatusOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly finish: (options: FinishOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly activate: (options: ActivateOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly references: (options: ReferencesOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'reference add': (options: ReferenceOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'reference remove': (options: ReferenceOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly delete: (options: DeleteOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly undelete: (options: UndeleteOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly audit: (options: AuditOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly verify: (options: VerifyOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly 'gc plan': (options: GcPlanOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly 'gc run': (options: GcRunOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly 'gc rules': (options: GcRulesOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'gc rules set': (options: GcRulesSetOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'repository create': (
    options: RepositoryCreateOptions,
    terminal: Terminal,
    warnings: Warnings,
  ) => Promise<void>;
  readonly 'repository list': (options: RepositoryListOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'repository show': (options: RepositoryOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'repository update': (
    options: RepositoryUpdateOptions,
    terminal: Terminal,
    warnings: Warnings,
  ) => Promise<void>;
  readonly 'repository delete': (
    options: RepositoryDeleteOptions,
    terminal: Terminal,
    warnings: Warnings,
  ) => Promise<void>;
  readonly share: (options: ShareOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'share list': (options: ShareListOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'share revoke': (options: ShareRevokeOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly 'share sync': (options: ShareSyncOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly doctor: (options: DoctorOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
  readonly 'install-alias': (options: InstallAliasOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly completion: (options: CompletionOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
}

/** Each is loaded when it is called: nobody waits for the AWS SDK to read a help text. */
export const HANDLERS: CommandHandlers = {
  bootstrap: async (...call) => (await import('./commands/bootstrap.ts')).run(...call),
  package: async (...call) => (await import('./commands/package.ts')).run(...call),
  explain: async (...call) => (await import('./commands/explain.ts')).run(...call),
  'bundle create': async (...call) => (await import('./commands/bundle.ts')).create(...call),
  'bundle show': async (...call) => (await import('./commands/bundle.ts')).show(...call),
  'bundle publish': async (...call) => (await import('./commands/bundle.ts')).publish(...call),
  publish: async (...call) => (await import('./commands/publish.ts')).run(...call),
  promote: async (...call) => (await import('./commands/promote.ts')).run(...call),
  promotions: async (...call) => (await import('./commands/promotions.ts')).run(...call),
  replicate: async (...call) => (await import('./commands/replicate.ts')).run(...call),
  get: async (...call) => (await import('./commands/get.ts')).run(...call),
  list: async (...call) => (await import('./commands/list.ts')).run(...call),
  show: async (...call) => (await import('./commands/show.ts')).run(...call),
  tree: async (...call) => (await import('./commands/tree.ts')).run(...call),
  diff: async (...call) => (await import('./commands/diff.ts')).run(...call),
  'bookmark set': async (...call) => (await import('./commands/bookmark.ts')).set(...call),
  'bookmark get': async (...call) => (await import('./commands/bookmark.ts')).get(...call),
  'bookmark list': async (...call) => (await import('./commands/bookmark.ts')).list(...call),
  'bookmark history': async (...call) => (await import('./commands/bookmark.ts')).history(...call),
  'bookmark delete': async (...call) => (await import('./commands/bookmark.ts')).remove(...call),
  'status set': async (...call) => (await import('./commands/status.ts')).set(...call),
  'status get': async (...call) => (await import('./commands/status.ts')).get(...call),
  finish: async (...call) => (await import('./commands/finish.ts')).finish(...call),
  activate: async (...call) => (await import('./commands/finish.ts')).activate(...call),
  references: async (...call) => (await import('./commands/references.ts')).run(...call),
  'reference add': async (...call) => (await import('./commands/reference.ts')).add(...call),
  'reference remove': async (...call) => (await import('./commands/reference.ts')).remove(...call),
  delete: async (...call) => (await import('./commands/delete.ts')).run(...call),
  undelete: async (...call) => (await import('./commands/undelete.ts')).run(...call),
  audit: async (...call) => (await import('./commands/audit.ts')).run(...call),
  verify: async (...call) => (await import('./commands/verify.ts')).run(...call),
  'gc plan': async (...call) => (await import('./commands/gc.ts')).plan(...call),
  'gc run': async (...call) => (await import('./commands/gc.ts')).run(...call),
  'gc rules': async (...call) => (await import('./commands/gc-rules.ts')).show(...call),
  'gc rules set': async (...call) => (await import('./commands/gc-rules.ts')).set(...call),
  'repository create': async (...call) => (await import('./commands/repository.ts')).create(...call),
  'repository list': async (...call) => (await import('./commands/repository.ts')).list(...call),
  'repository show': async (...call) => (await import('./commands/repository.ts')).show(...call),
  'repository update': async (...call) => (await import('./commands/repository.ts')).update(...call),
  'repository delete': async (...call) => (await import('./commands/repository-delete.ts')).run(...call),
  share: async (...call) => (await import('./commands/share.ts')).share(...call),
  'share list': async (...call) => (await import('./commands/share.ts')).list(...call),
  'share revoke': async (...call) => (await import('./commands/share.ts')).revoke(...call),
  'share sync': async (...call) => (await import('./commands/share.ts')).sync(...call),
  doctor: async (...call) => (await import('./commands/doctor.ts')).run(...call),
  'install-alias': async (...call) => (await import('./commands/install-alias.ts')).run(...call),
  completion: async (...call) => (await import('./commands/completion.ts')).run(...call),
};

export type CommandName = keyof CommandHandlers;

export interface Example {
  readonly what: string;
  readonly command: string;
}

/** A command as data: parsing and help follow from it. */
export interface CommandSpec {
  readonly name: CommandName;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
  readonly positional: readonly PositionalArgument[];
  readonly options: readonly OptionSpec<unknown>[];
  readonly foreign: readonly ForeignOption[];
}

/** A table's options in its order; their types are not needed where they are only parsed or shown. */
export function optionsOf<O>(table: OptionTable<O>): readonly OptionSpec<unknown>[] {
  return Object.values(table as Record<string, OptionSpec<unknown>>);
}

const ARTIFACT: PositionalArgument = {
  name: 'artifact',
  help: 'an ARN, or [REPOSITORY/]ID with nothing, :VERSION, :LABEL, :latest, a range like :^1.4, ^BOOKMARK or @sha256:DIGEST behind it',
  required: true,
};

const REPOSITORY: PositionalArgument = { name: 'name', help: 'name of the repository', required: true };

const VERSION: PositionalArgument = {
  ...ARTIFACT,
  help: 'an ARN, or [REPOSITORY/]ID with :VERSION, :LABEL, :latest, a range like :^1.4, ^BOOKMARK or @sha256:DIGEST behind it',
};

const WHOLE: PositionalArgument = { ...ARTIFACT, help: 'its ARN, or [REPOSITORY/]ID' };

const BUNDLE: PositionalArgument = { name: 'bundle', help: "a file that 'bundle create' wrote", required: true };

const BOOKMARK_NAME: PositionalArgument = { name: 'bookmark', help: "the bookmark's name, like prod", required: true };

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

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'bootstrap',
    summary: "make the account's domain, or bring it up to date",
    description:
      "Makes the domain of the account in the Region, or brings it to what this version makes: shows what will change, asks, and waits until it works. The first 'package' or 'publish' makes it too, in the default way.",
    examples: [
      { what: 'once for each account and Region', command: 'cfn-artifacts bootstrap' },
      { what: 'what would change', command: 'cfn-artifacts bootstrap --dry-run' },
      { what: 'in a pipeline', command: 'cfn-artifacts bootstrap --yes --json' },
      {
        what: 'with a key of your own',
        command: 'cfn-artifacts bootstrap --kms-key-arn arn:aws:kms:eu-west-1:111122223333:key/1234abcd',
      },
    ],
    positional: [],
    options: optionsOf(BOOTSTRAP),
    foreign: [],
  },
  {
    name: 'package',
    summary: 'upload the local paths of a template and write it with their locations',
    description:
      'Uploads what the local paths in a CloudFormation or SAM template name, and writes the template with the locations in their place. Takes the flags of aws cloudformation package and sam package.',
    examples: [
      {
        what: "into the domain of your account, the stack's references recorded when it is deployed",
        command: 'cfn-artifacts package -t template.yaml --output-template-file packaged.yaml',
      },
      {
        what: 'in the place of aws cloudformation package',
        command:
          'cfn-artifacts package --template-file template.yaml --s3-bucket my-bucket --output-template-file packaged.yaml',
      },
      {
        what: 'in the place of sam package, after sam build',
        command: 'cfn-artifacts package --resolve-s3 > packaged.yaml',
      },
      { what: 'into a directory, to look at', command: 'cfn-artifacts package --domain file:.artifacts' },
      { what: 'what would be uploaded', command: 'cfn-artifacts package --dry-run' },
    ],
    positional: [],
    options: optionsOf<PackageFlags>(PACKAGE),
    foreign: [...PACKAGE_FOREIGN, ...AWS_CLI_FOREIGN],
  },
  {
    name: 'explain',
    summary: 'what package would do with a template, place by place, and why',
    description:
      'Tells of every local path in a template, and of those nested in it, what it names, which artifact it becomes, what is written in its place and what is added; and what was looked at and stays, with the reason. Asks nothing of AWS and needs no domain. Takes every option of package; those that are listed last change nothing here.',
    examples: [
      { what: 'the template that package would take', command: 'cfn-artifacts explain' },
      {
        what: 'where a path comes from a parameter',
        command: 'cfn-artifacts explain -t template.yaml --parameter-overrides Stage=prod',
      },
      { what: 'for a script', command: 'cfn-artifacts explain -t template.yaml --json' },
    ],
    positional: [],
    options: optionsOf<ExplainFlags>(EXPLAIN),
    foreign: EXPLAIN_FOREIGN,
  },
  {
    name: 'publish',
    summary: 'publish files and folders as one version and print its ARN',
    description:
      'Publishes a file or a folder, or several, as the next version of an artifact and prints its ARN. Content that the artifact has already is the version that it already is. A label is a name of this very version for ever. Of what is still to be tested, several candidates may be published for one label, of which one is finished later.',
    examples: [
      { what: 'a folder, as an archive', command: 'cfn-artifacts publish ./dist --id shop/api' },
      { what: 'a file as it is', command: 'cfn-artifacts publish model.tar.gz --id shop/model' },
      {
        what: 'for a script',
        command: 'arn=$(cfn-artifacts publish ./dist --id shop/api --exclude "*.map")',
      },
      {
        what: 'several files as one version, with a label',
        command: 'cfn-artifacts publish --id shop/tool --label 1.4.0 --asset linux=out/tool --asset mac=out/tool-mac',
      },
      {
        what: 'a candidate for 1.0.0',
        command: 'cfn-artifacts publish dist/app.whl --id app --unfinished --label 1.0.0 --set build-24',
      },
    ],
    positional: [{ name: 'path', help: 'file or folder; several with --asset', required: false }],
    options: optionsOf<PublishFlags>(PUBLISH),
    foreign: [],
  },
  {
    name: 'promote',
    summary: 'name exactly this version, or assets of it, in another repository',
    description:
      'Names versions, or chosen assets of them, in another repository: exactly their bytes, whatever was published since, and without moving any. Prints their ARNs there. What was promoted, when, by whom and with what evidence is on record; several are visible at once, or none is. The same again changes nothing, and after a failure goes on. What was promoted cannot be deleted as long as the version exists that it became.',
    examples: [
      { what: 'a version, with its labels', command: 'cfn-artifacts promote dev/shop/api:1.4.0 --to staging' },
      {
        what: 'the candidate that was tested, one asset of it, without its build number',
        command:
          'cfn-artifacts promote dev/foo:1.0.0 --set build-24 --to staging --asset foo-1.0.0-24-py3-none-any.whl=foo-1.0.0-py3-none-any.whl',
      },
      {
        what: 'with what proves that it may be',
        command:
          'cfn-artifacts promote staging/shop/api:1.4.0 --to production --evidence report.xml --evidence https://ci.example/runs/7',
      },
      {
        what: 'everything that one deploy used, all at once',
        command: 'cfn-artifacts promote --from-manifest manifest.json --to production',
      },
      { what: 'what would be promoted', command: 'cfn-artifacts promote dev/shop/api:7 --to staging --dry-run' },
    ],
    positional: [{ ...ARTIFACT, required: false, repeatable: true }],
    options: optionsOf<PromoteFlags>(PROMOTE),
    foreign: [],
  },
  {
    name: 'promotions',
    summary: 'what was promoted from an artifact, and to it',
    description:
      'Tells what was promoted from an artifact or one version of it, and to it, in the order of time, and all the way: from where it came, and where it went from there; who promoted it, when, and with what evidence.',
    examples: [
      { what: 'where a version came from', command: 'cfn-artifacts promotions production/shop/api:1.4.0' },
      { what: 'all of an artifact, for a script', command: 'cfn-artifacts promotions dev/shop/api --json' },
    ],
    positional: [ARTIFACT],
    options: optionsOf(PROMOTIONS),
    foreign: [],
  },
  {
    name: 'replicate',
    summary: 'bring versions to other regions and accounts beforehand',
    description:
      'Has the domains of other Regions fetch versions from their home, so that a first deploy there waits for no copy, and needs nothing from home. Nobody has to: a domain fetches what a stack uses when it is used first. What a domain has fetched and nothing uses is collected there again, as any content is.',
    examples: [
      { what: 'to two Regions', command: 'cfn-artifacts replicate shop/api:3 --to eu-west-1,ap-south-1' },
      {
        what: 'what is at home anywhere, by its ARN',
        command: 'cfn-artifacts replicate arn:aws:artifacts:us-east-1:111122223333:default/shop/api:3 --to eu-west-1',
      },
      { what: 'to another account', command: 'cfn-artifacts replicate shop/api^prod --to 444455556666/eu-west-1' },
    ],
    positional: [{ ...VERSION, repeatable: true }],
    options: optionsOf<Omit<ReplicateOptions, 'artifacts'>>(REPLICATE),
    foreign: [],
  },
  {
    name: 'bundle create',
    summary: 'write a template and everything that it names as one file',
    description:
      'Writes a template, those nested in it and everything that they name locally into one file, with a manifest and digests. Needs no domain and no credentials. The same sources and options give the same bytes on every machine. Takes the options of package that say what is packaged and how it is written.',
    examples: [
      { what: 'a bundle', command: 'cfn-artifacts bundle create -t template.yaml -o app.bundle' },
      {
        what: 'with the ID that the artifacts begin with',
        command: 'cfn-artifacts bundle create -t template.yaml --artifact-prefix shop -o shop.bundle',
      },
    ],
    positional: [],
    options: optionsOf<BundleCreateFlags>(BUNDLE_CREATE),
    foreign: [],
  },
  {
    name: 'bundle show',
    summary: 'verify a bundle and tell what is in it',
    description:
      'Reads all of a bundle, holds every byte against its digest, and tells which artifacts it brings, by which template, and what of a domain it needs beside them.',
    examples: [
      { what: 'for people', command: 'cfn-artifacts bundle show app.bundle' },
      { what: 'for a script', command: 'cfn-artifacts bundle show app.bundle --json' },
    ],
    positional: [BUNDLE],
    options: optionsOf(BUNDLE_SHOW),
    foreign: [],
  },
  {
    name: 'bundle publish',
    summary: 'publish what is in a bundle and write its template for that domain',
    description:
      'Verifies a bundle, publishes its artifacts into a domain, and writes its template as package would have written it there, to the byte. What the domain has already is not sent again; after a failure the same command goes on.',
    examples: [
      {
        what: "into your account's domain in a Region",
        command: 'cfn-artifacts bundle publish app.bundle --region cn-north-1 --output-template-file packaged.yaml',
      },
      {
        what: 'into a repository of a certain domain',
        command:
          'cfn-artifacts bundle publish app.bundle --domain s3://my-domain --repository production > packaged.yaml',
      },
      { what: 'what would be uploaded', command: 'cfn-artifacts bundle publish app.bundle --dry-run' },
    ],
    positional: [BUNDLE],
    options: optionsOf(BUNDLE_PUBLISH),
    foreign: [],
  },
  {
    name: 'get',
    summary: 'fetch the content of an artifact, verified',
    description:
      'Fetches the content of an artifact and verifies it against its digest: one asset into a file, a version with several into a folder. All files appear, or none. What was interrupted is gone on with by the same command.',
    examples: [
      { what: 'the newest version', command: 'cfn-artifacts get shop/api -o api.zip' },
      { what: 'a certain version', command: 'cfn-artifacts get default/shop/api:3' },
      { what: 'one asset of several', command: "cfn-artifacts get 'shop/site:1.4.0#maps'" },
      { what: 'the whole version', command: 'cfn-artifacts get shop/site:1.4.0 --all -o site/' },
      { what: 'through a pipe', command: 'cfn-artifacts get shop/model -o - | tar tz' },
    ],
    positional: [ARTIFACT],
    options: optionsOf<Omit<GetOptions, 'artifact'>>(GET),
    foreign: [],
  },
  {
    name: 'list',
    summary: 'list the artifacts of a repository',
    description:
      'Lists the artifacts of a repository with their newest versions, and their folders, like a file system; or all artifacts, or all versions, or those that the options choose. The newest version is the one that is meant where only the artifact is named.',
    examples: [
      { what: 'the top level', command: 'cfn-artifacts list' },
      { what: 'all artifacts of one project', command: 'cfn-artifacts list shop/ --recursive' },
      { what: 'for a script: everything, and no folders', command: 'cfn-artifacts list shop/ --json' },
      { what: 'the releases of an artifact', command: "cfn-artifacts list shop/api --versions --label '1.*'" },
      { what: 'what is old and not needed', command: 'cfn-artifacts list --versions --older-than 90d --unused' },
      { what: 'of a directory', command: 'cfn-artifacts list --domain file:.artifacts' },
    ],
    positional: [{ name: 'prefix', help: 'the beginning of the IDs to list', required: false }],
    options: optionsOf<Omit<ListOptions, 'prefix'>>(LIST),
    foreign: [],
  },
  {
    name: 'tree',
    summary: 'show the artifacts of a repository as a tree',
    description:
      'Shows folders and artifacts as a tree, with the newest version of each, its labels and its bookmarks.',
    examples: [
      { what: 'all of it', command: 'cfn-artifacts tree' },
      { what: 'two levels of one project', command: 'cfn-artifacts tree shop/ --depth 2' },
    ],
    positional: [{ name: 'prefix', help: 'the beginning of the IDs to show', required: false }],
    options: optionsOf<Omit<TreeOptions, 'prefix'>>(TREE),
    foreign: [],
  },
  {
    name: 'show',
    summary: 'show an artifact: its versions, their content and where it is',
    description:
      'Shows an artifact with its versions, labels, bookmarks and promotions; or one version with its assets and where they are, what it was made from, and who needs it.',
    examples: [
      { what: 'an artifact', command: 'cfn-artifacts show shop/api' },
      { what: 'one version, for a script', command: 'cfn-artifacts show default/shop/api:3 --json' },
    ],
    positional: [ARTIFACT],
    options: optionsOf<Omit<ShowOptions, 'artifact'>>(SHOW),
    foreign: [],
  },
  {
    name: 'diff',
    summary: 'what changed between two versions, file by file',
    description:
      'Tells what changed between two versions, or two assets: assets that were added, removed or changed, and in zip archives file by file. Of archives only their directories are read, unless --deep is given.',
    examples: [
      { what: 'two versions', command: 'cfn-artifacts diff shop/api:3 shop/api:4' },
      { what: 'what a deploy would change', command: 'cfn-artifacts diff shop/api^prod shop/api:latest' },
      {
        what: 'in a script: status 5 says that they differ',
        command: 'cfn-artifacts diff a:1 a:2 --exit-code --quiet',
      },
    ],
    positional: [
      { ...ARTIFACT, name: 'from' },
      { ...ARTIFACT, name: 'to' },
    ],
    options: optionsOf<Omit<DiffOptions, 'from' | 'to'>>(DIFF),
    foreign: [],
  },
  {
    name: 'bookmark set',
    summary: 'let a bookmark name a version, and tell which stacks are behind it',
    description:
      'Lets a bookmark name a version that may be used. What was deployed does not follow: the stacks that were deployed through the bookmark and use other versions are shown. With --if it is moved only from there; else whoever comes last decides.',
    examples: [
      { what: 'prod is version 7 now', command: 'cfn-artifacts bookmark set shop/api:7 prod' },
      { what: 'only if it is still version 6', command: 'cfn-artifacts bookmark set shop/api:7 prod --if 6' },
      {
        what: 'what another bookmark names, for a script',
        command: 'cfn-artifacts bookmark set shop/api^staging prod --json',
      },
    ],
    positional: [VERSION, BOOKMARK_NAME],
    options: optionsOf(BOOKMARK_MOVE),
    foreign: [],
  },
  {
    name: 'bookmark get',
    summary: 'print the ARN of the version that a bookmark names',
    description: 'Prints the ARN of the version that a bookmark names now.',
    examples: [{ what: 'for a script', command: 'arn=$(cfn-artifacts bookmark get shop/api prod)' }],
    positional: [WHOLE, BOOKMARK_NAME],
    options: optionsOf(BOOKMARK),
    foreign: [],
  },
  {
    name: 'bookmark list',
    summary: 'list the bookmarks of an artifact',
    description: 'Lists the bookmarks of an artifact with the versions that they name.',
    examples: [{ what: 'what is where', command: 'cfn-artifacts bookmark list shop/api' }],
    positional: [WHOLE],
    options: optionsOf(BOOKMARK),
    foreign: [],
  },
  {
    name: 'bookmark history',
    summary: 'show what a bookmark named, and who moved it',
    description:
      'Shows what a bookmark names and named before, the latest first: up to 500 versions. That of a deleted bookmark stays.',
    examples: [{ what: 'what prod was last week', command: 'cfn-artifacts bookmark history shop/api prod' }],
    positional: [WHOLE, BOOKMARK_NAME],
    options: optionsOf(BOOKMARK),
    foreign: [],
  },
  {
    name: 'bookmark delete',
    summary: 'let a bookmark name nothing any more',
    description:
      'Lets a bookmark name nothing any more. What it named may be deleted then, if nobody else needs it; its history stays.',
    examples: [
      { what: 'nobody deploys through it', command: 'cfn-artifacts bookmark delete shop/api test' },
      { what: 'only if it names version 7', command: 'cfn-artifacts bookmark delete shop/api test --if 7' },
    ],
    positional: [WHOLE, BOOKMARK_NAME],
    options: optionsOf(BOOKMARK_MOVE),
    foreign: [],
  },
  {
    name: 'status set',
    summary: 'make versions Published, Unlisted, Archived or Disposed',
    description:
      'Gives versions another status. Published: for everybody. Unlisted: not chosen as the latest, and not listed; who names it has it. Archived: takes no new references, and keeps those that it has. Each can become each of the others. Disposed: gives up the content, if nobody needs the version, keeps the record, and is final.',
    examples: [
      { what: 'no new deploys of it', command: 'cfn-artifacts status set shop/api:7 Archived' },
      { what: 'only if it is Published', command: 'cfn-artifacts status set shop/api:7 Archived --if Published' },
      { what: 'several', command: 'cfn-artifacts status set shop/api:5 shop/api:6 Unlisted' },
      { what: 'give the content up, in a script', command: 'cfn-artifacts status set shop/api:1 Disposed --yes' },
    ],
    positional: [
      { ...VERSION, repeatable: true },
      {
        name: 'status',
        help: 'Published, Unlisted, Archived or Disposed',
        choices: ['Published', 'Unlisted', 'Archived', 'Disposed'],
        required: true,
      },
    ],
    options: optionsOf(STATUS_SET),
    foreign: [],
  },
  {
    name: 'status get',
    summary: 'tell the status of versions',
    description: 'Tells what versions are: Unfinished, Published, Unlisted, Archived, Disposed or Deleted.',
    examples: [{ what: 'for a script', command: 'cfn-artifacts status get shop/api:7 --json' }],
    positional: [{ ...VERSION, repeatable: true }],
    options: optionsOf(STATUS),
    foreign: [],
  },
  {
    name: 'finish',
    summary: 'make one of several candidates the version that has their label',
    description:
      "Makes one of the candidates that 'publish --unfinished --label LABEL --set NAME' has made the version that has the label, for ever, and Published. The others stay behind as they are. Without --set it is the active one: the newest, unless 'activate' said otherwise.",
    examples: [
      { what: 'the one that passed', command: 'cfn-artifacts finish shop/api:1.0.0 --set build-24' },
      { what: 'the active one', command: 'cfn-artifacts finish shop/api:1.0.0' },
    ],
    positional: [{ ...VERSION, help: 'the label that they are candidates for: [REPOSITORY/]ID:LABEL' }],
    options: optionsOf<Omit<FinishOptions, 'artifact'>>(FINISH),
    foreign: [],
  },
  {
    name: 'activate',
    summary: 'choose which candidate a label stands for until one is finished',
    description:
      "Chooses which candidate a label stands for until one is finished: a bookmark with the label's name says so. Stacks that were deployed through that bookmark and use other candidates are shown.",
    examples: [{ what: 'back to an earlier one', command: 'cfn-artifacts activate shop/api:1.0.0 --set build-24' }],
    positional: [{ ...VERSION, help: 'the label that they are candidates for: [REPOSITORY/]ID:LABEL' }],
    options: optionsOf<Omit<ActivateOptions, 'artifact'>>(ACTIVATE),
    foreign: [],
  },
  {
    name: 'references',
    summary: 'who uses an artifact, what a stack uses, what nobody needs',
    description:
      'Answers one of four questions from the references that deploys record: who uses an artifact, or one version of it; what a stack uses; which versions nobody needs; which stacks a bookmark has left behind.',
    examples: [
      { what: 'who uses it, whatever version', command: 'cfn-artifacts references shop/api' },
      { what: 'who uses what a bookmark names', command: 'cfn-artifacts references shop/api^prod' },
      { what: 'what a stack uses', command: 'cfn-artifacts references --stack shop' },
      { what: 'what nobody needs, for a script', command: 'cfn-artifacts references --unused shop/ --json' },
      { what: 'who is to be deployed again', command: 'cfn-artifacts references --behind prod' },
    ],
    positional: [{ ...ARTIFACT, required: false }],
    options: optionsOf<ReferencesFlags>(REFERENCES),
    foreign: [],
  },
  {
    name: 'reference add',
    summary: 'record that something which is no stack needs a version',
    description:
      'Records that a consumer which is no stack needs a version, so that nobody can delete it. Stacks record what they use by themselves, when they are deployed.',
    examples: [
      { what: 'a job that fetches it', command: 'cfn-artifacts reference add shop/api:3 --consumer nightly-job' },
      {
        what: 'what a bookmark names now',
        command: 'cfn-artifacts reference add shop/api^prod --consumer team/disaster-recovery',
      },
    ],
    positional: [ARTIFACT],
    options: optionsOf(REFERENCE),
    foreign: [],
  },
  {
    name: 'reference remove',
    summary: 'remove what reference add recorded',
    description:
      'Removes what reference add recorded: for one version, or for all versions of an artifact. References of stacks end when the stacks are updated or deleted.',
    examples: [
      { what: 'it fetches that no more', command: 'cfn-artifacts reference remove shop/api:3 --consumer nightly-job' },
      { what: 'of all versions', command: 'cfn-artifacts reference remove shop/api --consumer nightly-job' },
      { what: 'who uses it', command: 'cfn-artifacts references shop/api' },
    ],
    positional: [ARTIFACT],
    options: optionsOf(REFERENCE),
    foreign: [],
  },
  {
    name: 'delete',
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
  },
  {
    name: 'undelete',
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
  },
  {
    name: 'audit',
    summary: 'compare the references with what is deployed, and heal them',
    description:
      'Compares what stacks have recorded with what CloudFormation says is deployed, and tells of references that nothing names any more and of those that are missing. The domain does so every day by itself, and heals what it finds. Nothing is removed that is not known to be gone. It ends with status 5 where something is left to see to; an operation that is under way is not.',
    examples: [
      { what: 'references that are not as they should be', command: 'cfn-artifacts audit' },
      { what: 'heal it', command: 'cfn-artifacts audit --fix' },
      { what: 'one stack, for a script', command: 'cfn-artifacts audit --stack shop --json' },
    ],
    positional: [],
    options: optionsOf(AUDIT),
    foreign: [],
  },
  {
    name: 'verify',
    summary: 'compare what the store has with what its records say, and heal it',
    description:
      'Walks the whole store and looks whether every version has its content, whether that is what it says, whether every reference points at content, and whether all that tells of versions agrees. Nothing is removed that is what its address says, but for deletions that were decided. It ends with status 5 where something is left to see to; docs/verify.md tells what each finding means.',
    examples: [
      { what: 'content and records that are not as they should be', command: 'cfn-artifacts verify' },
      { what: 'heal it', command: 'cfn-artifacts verify --fix' },
      { what: 'read all content, which takes as long as that takes', command: 'cfn-artifacts verify --deep' },
      { what: 'of a directory, for a script', command: 'cfn-artifacts verify --domain file:.artifacts --json' },
    ],
    positional: [],
    options: optionsOf(VERIFY),
    foreign: [],
  },
  {
    name: 'gc plan',
    summary: 'what would go, and why, with sizes',
    description:
      "Finds out what would go: versions that a rule of their repository takes, content that nothing holds or uses any more, which goes into quarantine first, and content whose quarantine is over. The plan is stored, and named by its digest; 'gc run' does exactly what it says. The last line is the command that runs it. One that fails or is interrupted says how to go on with it. It ends with status 5 where something could not be looked at, and stays.",
    examples: [
      { what: 'what would be deleted, and why', command: 'cfn-artifacts gc plan' },
      {
        what: 'which rule keeps or takes each version',
        command: 'cfn-artifacts gc plan --repository default --verbose',
      },
      { what: 'one that waives the quarantine', command: 'cfn-artifacts gc plan --now' },
      { what: 'for a script', command: 'cfn-artifacts gc plan --json' },
    ],
    positional: [],
    options: optionsOf<GcPlanOptions>(GC_PLAN),
    foreign: [],
  },
  {
    name: 'gc run',
    summary: 'delete what a plan says, and nothing else',
    description:
      'Does what a plan says, item by item: each is looked at once more, and what is needed by then stays. Without a plan one is made, shown, and asked about. Content goes into quarantine first, in which any use of it lifts that, and is deleted by a later run. It may be interrupted anywhere, and run again. It ends with status 5 where something failed, or could not be looked at.',
    examples: [
      {
        what: 'a plan that was made before, by the first digits of its digest',
        command: 'cfn-artifacts gc run 3f6c0a9b',
      },
      { what: 'what that plan says', command: 'cfn-artifacts gc run 3f6c0a9b --dry-run' },
      { what: 'make one, look at it, and decide', command: 'cfn-artifacts gc run' },
      { what: 'in a pipeline', command: 'cfn-artifacts gc run --yes --json' },
    ],
    positional: [{ name: 'plan', help: "a plan's digest, or its first 8 digits or more", required: false }],
    options: optionsOf<Omit<GcRunOptions, 'plan'>>(GC_RUN),
    foreign: [],
  },
  {
    name: 'gc rules',
    summary: 'show which versions of a repository go by themselves',
    description:
      "Shows the rules of a repository, by which versions that nobody needs go. Without rules none does: then only 'delete' deletes versions. 'gc rules set' gives it rules.",
    examples: [
      { what: 'the rules of the default repository', command: 'cfn-artifacts gc rules' },
      { what: 'change them', command: 'cfn-artifacts gc rules set rules.yaml' },
    ],
    positional: [],
    options: optionsOf<GcRulesOptions>(GC_RULES),
    foreign: [],
  },
  {
    name: 'gc rules set',
    summary: 'give a repository the rules of a file',
    description:
      'Gives a repository the rules of a file in JSON or YAML, in the place of those that it has: shows what changes, and asks. A version goes if nobody needs it, a rule that matches its ID has waited long enough, and no rule that matches keeps it. A rule has an id, a pattern of artifacts (match), what it keeps (keepNewest, keepBookmarkedDays, keepLabels) and what it takes (expireUnusedDays); docs/command-line.md shows a file.',
    examples: [
      { what: 'see what changes, and decide', command: 'cfn-artifacts gc rules set rules.yaml' },
      {
        what: 'of another repository, in a pipeline',
        command: 'cfn-artifacts gc rules set rules.json --repository team --yes',
      },
    ],
    positional: [{ name: 'file', help: "the rules: 'lifecycle', a list of them", required: true }],
    options: optionsOf<Omit<GcRulesSetOptions, 'file'>>(GC_RULES_SET),
    foreign: [],
  },
  {
    name: 'repository create',
    summary: 'make a repository',
    description:
      "Makes a repository, a collection of artifacts with settings of its own: from where it takes what comes into it, and, by 'gc rules set', which versions go by themselves. Publishing into one that was not made is refused.",
    examples: [
      { what: 'one that takes everything', command: 'cfn-artifacts repository create staging' },
      {
        what: "one whose content stands in a bucket of the team's own",
        command: 'cfn-artifacts repository create team --bucket team-content --apply-policy',
      },
      {
        what: 'one that takes only what was tested',
        command: 'cfn-artifacts repository create production --accepts-from staging --requires-evidence',
      },
    ],
    positional: [REPOSITORY],
    options: optionsOf<Omit<RepositoryCreateOptions, 'repository'>>(REPOSITORY_CREATE),
    foreign: [],
  },
  {
    name: 'repository list',
    summary: 'list the repositories of a domain',
    description: "Lists the repositories of a domain, and what each takes. 'default' is always there.",
    examples: [
      { what: 'all of them', command: 'cfn-artifacts repository list' },
      { what: 'for a script', command: 'cfn-artifacts repository list --json' },
    ],
    positional: [],
    options: optionsOf<RepositoryListOptions>(REPOSITORY_LIST),
    foreign: [],
  },
  {
    name: 'repository show',
    summary: 'show what is set for a repository',
    description:
      "Shows what is set for a repository, and which stack declares it, if one does. 'list' shows what is in it.",
    examples: [{ what: 'its settings', command: 'cfn-artifacts repository show staging' }],
    positional: [REPOSITORY],
    options: optionsOf<Omit<RepositoryOptions, 'repository'>>(REPOSITORY_SHOW),
    foreign: [],
  },
  {
    name: 'repository update',
    summary: 'change what a repository takes',
    description:
      'Changes what is given, and nothing else: shows what changes, and asks. If somebody else changes it meanwhile, nothing is changed. What is in the repository stays in it.',
    examples: [
      {
        what: 'nothing is published into it any more',
        command: 'cfn-artifacts repository update production --accepts-from staging',
      },
      {
        what: 'in a pipeline',
        command: 'cfn-artifacts repository update production --no-accepts-from --description "open again" --yes',
      },
    ],
    positional: [REPOSITORY],
    options: optionsOf<Omit<RepositoryUpdateOptions, 'repository'>>(REPOSITORY_UPDATE),
    foreign: [],
  },
  {
    name: 'repository delete',
    summary: 'delete a repository with its versions, if nobody needs any',
    description:
      "Deletes a repository with all of its versions. If a stack, a consumer or a bookmark needs one of them nothing is deleted, and everybody who does is named. 'default' can't be deleted. Content that nothing else holds is in quarantine then, as with 'delete'. It may be interrupted anywhere, and asked for again; 'repository create' takes a deletion back that has not come to its end.",
    examples: [
      { what: 'what would go, and who needs it', command: 'cfn-artifacts repository delete team --dry-run' },
      { what: 'in a script', command: 'cfn-artifacts repository delete team --yes --json' },
    ],
    positional: [REPOSITORY],
    options: optionsOf<Omit<RepositoryDeleteOptions, 'repository'>>(REPOSITORY_DELETE),
    foreign: [],
  },
  {
    name: 'share',
    summary: 'let other accounts use artifacts of a repository',
    description:
      "Lets an account, an organization or a unit of one use artifacts of a repository of the account's domain: read and deploy them, publish versions of them, or promote as well. Shows how the policies of the bucket, of its key and of the keeper change, asks, and changes them; what somebody else has written there stays. What is shared is one artifact, a path with all below it ('shop/**'), or the whole repository.",
    examples: [
      {
        what: 'everything of a repository, to be deployed',
        command: 'cfn-artifacts share production --with 444455556666',
      },
      { what: 'one artifact', command: 'cfn-artifacts share default/shop/api --with 444455556666' },
      {
        what: 'what another account builds',
        command: "cfn-artifacts share 'dev/shop/**' --with 444455556666 --publish",
      },
      {
        what: 'by AWS RAM: as soon as the account accepts it',
        command: 'cfn-artifacts share production --with 444455556666 --ram',
      },
      {
        what: 'with everybody of an organization: what would change',
        command: 'cfn-artifacts share production --with o-a1b2c3d4e5 --dry-run',
      },
    ],
    positional: [{ name: 'artifacts', help: 'REPOSITORY, REPOSITORY/ID or REPOSITORY/PATH/**', required: true }],
    options: optionsOf(SHARE),
    foreign: [],
  },
  {
    name: 'share list',
    summary: 'what is shared, and with whom',
    description:
      'Lists what a domain shares, with whom, and what they may do with it; of what is shared by AWS RAM, how that stands.',
    examples: [{ what: 'for a script', command: 'cfn-artifacts share list --json' }],
    positional: [],
    options: optionsOf(SHARE_LIST),
    foreign: [],
  },
  {
    name: 'share revoke',
    summary: 'take a share back',
    description:
      'Takes shares back: shows how the policies change, asks, and changes them. What was fetched by then stays where it is, and what is deployed goes on.',
    examples: [{ what: 'one that share list has told', command: 'cfn-artifacts share revoke 3f6c0a9b' }],
    positional: [{ name: 'share', help: 'its name: 8 letters and digits', required: true, repeatable: true }],
    options: optionsOf<Omit<ShareRevokeOptions, 'ids'>>(SHARE_REVOKE),
    foreign: [],
  },
  {
    name: 'share sync',
    summary: 'bring the policies to what is shared',
    description:
      'Compares the policies with what is shared, by AWS RAM too, and the tags of content, and brings them to it. For what was interrupted, for what somebody has changed by hand, and for who has accepted a resource share.',
    examples: [{ what: 'what would change', command: 'cfn-artifacts share sync --dry-run' }],
    positional: [],
    options: optionsOf(SHARE_SYNC),
    foreign: [],
  },
  {
    name: 'doctor',
    summary: 'whether the domain is sound, and what to do where it is not',
    description:
      "Looks at all that a domain's promises rest on: the bucket and its settings, its policy, the stack and the functions, conditional writes, the clock. Changes nothing but objects of its own below scratch/. What may not be looked at is told as unknown, with the permission that is missing.",
    examples: [
      { what: "whether your account's domain is sound", command: 'cfn-artifacts doctor' },
      {
        what: 'for CI: status 5 also where something may not be looked at',
        command: 'cfn-artifacts doctor --json --strict',
      },
      { what: 'a domain in a directory', command: 'cfn-artifacts doctor --domain file:.artifacts' },
    ],
    positional: [],
    options: optionsOf<DoctorOptions>(DOCTOR),
    foreign: [],
  },
  {
    name: 'install-alias',
    summary: "add 'aws artifacts' to the AWS CLI",
    description:
      "Adds the alias 'aws artifacts' to the AWS CLI, which runs this program, and takes it out again. Nothing else in the alias file is changed, not a byte. What the AWS CLI is told by --profile, --region and its other options counts here too.",
    examples: [
      { what: "'aws artifacts list' and all the others", command: 'cfn-artifacts install-alias' },
      { what: "'aws cloudformation package' as well", command: 'cfn-artifacts install-alias --shadow-package' },
      { what: 'what would be written', command: 'cfn-artifacts install-alias --print' },
      { what: 'as it was before', command: 'cfn-artifacts install-alias --remove' },
    ],
    positional: [],
    options: optionsOf<InstallAliasOptions>(INSTALL_ALIAS),
    foreign: [],
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    description:
      'Prints a script with which bash, zsh or fish completes the commands of this program, their options, what these may be, and names of files.',
    examples: [
      { what: 'bash: in ~/.bashrc', command: 'eval "$(cfn-artifacts completion bash)"' },
      { what: 'zsh: in ~/.zshrc, behind compinit', command: 'eval "$(cfn-artifacts completion zsh)"' },
      {
        what: 'fish',
        command: 'cfn-artifacts completion fish > ~/.config/fish/completions/cfn-artifacts.fish',
      },
    ],
    positional: [{ name: 'shell', help: 'bash, zsh or fish', choices: SHELLS, required: true }],
    options: optionsOf<Omit<CompletionOptions, 'shell'>>(COMPLETION),
    foreign: [],
  },
];
