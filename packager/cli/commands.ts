import type { AuditOptions } from './audit-options.ts';
import { AUDIT } from './audit-options.ts';
import type { BootstrapOptions } from './bootstrap-options.ts';
import { BOOTSTRAP } from './bootstrap-options.ts';
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
import type { DeleteOptions, UndeleteOptions } from './delete-options.ts';
import { DELETE, UNDELETE } from './delete-options.ts';
import type { ExitCode } from './exit-codes.ts';
import type { GcPlanOptions, GcRulesOptions, GcRulesSetOptions, GcRunOptions } from './gc-options.ts';
import { GC_PLAN, GC_RULES, GC_RULES_SET, GC_RUN } from './gc-options.ts';
import type { DiffOptions, GetOptions, ListOptions, ShowOptions, TreeOptions } from './looking-options.ts';
import { DIFF, GET, LIST, SHOW, TREE } from './looking-options.ts';
import type { ReferenceOptions } from './reference-options.ts';
import { REFERENCE } from './reference-options.ts';
import type { Terminal } from './terminal.ts';
import type { VerifyOptions } from './verify-options.ts';
import { VERIFY } from './verify-options.ts';
import type { Warnings } from './warnings.ts';

/** The work behind each command. Failures are thrown: ArtifactErrors are told to people, everything else is a defect. */
export interface CommandHandlers {
  readonly bootstrap: (options: BootstrapOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly package: (options: PackageOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly publish: (options: PublishOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly get: (options: GetOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly list: (options: ListOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly show: (options: ShowOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly tree: (options: TreeOptions, terminal: Terminal, warnings: Warnings) => Promise<void>;
  readonly diff: (options: DiffOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
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
  readonly doctor: (options: DoctorOptions, terminal: Terminal, warnings: Warnings) => Promise<ExitCode>;
}

/** Each is loaded when it is called: nobody waits for the AWS SDK to read a help text. */
export const HANDLERS: CommandHandlers = {
  bootstrap: async (...call) => (await import('./commands/bootstrap.ts')).run(...call),
  package: async (...call) => (await import('./commands/package.ts')).run(...call),
  publish: async (...call) => (await import('./commands/publish.ts')).run(...call),
  get: async (...call) => (await import('./commands/get.ts')).run(...call),
  list: async (...call) => (await import('./commands/list.ts')).run(...call),
  show: async (...call) => (await import('./commands/show.ts')).run(...call),
  tree: async (...call) => (await import('./commands/tree.ts')).run(...call),
  diff: async (...call) => (await import('./commands/diff.ts')).run(...call),
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
  doctor: async (...call) => (await import('./commands/doctor.ts')).run(...call),
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
  help: 'an ARN, or [REPOSITORY/]ID with nothing, :VERSION, :LABEL, ^BOOKMARK or @sha256:DIGEST behind it',
  required: true,
};

/** What commands with a first word in common are about. */
export const GROUPS: Readonly<Record<string, string>> = {
  reference:
    'Records which consumers that are no stacks need a version: a job, a team, a program of your own. Stacks record what they use by themselves.',
  gc: "Deletes what nobody needs: versions that rules take, and content that nothing holds or uses. 'gc plan' shows what would go, 'gc run' does what a plan says, 'gc rules' tells which versions go by themselves.",
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
    name: 'references',
    summary: 'who uses an artifact, what a stack uses, what nobody needs',
    description:
      'Answers one of three questions from the references that deploys record: who uses an artifact, or one version of it; what a stack uses; which versions nobody needs.',
    examples: [
      { what: 'who uses it, whatever version', command: 'cfn-artifacts references shop/api' },
      { what: 'who uses what a bookmark names', command: 'cfn-artifacts references shop/api^prod' },
      { what: 'what a stack uses', command: 'cfn-artifacts references --stack shop' },
      { what: 'what nobody needs, for a script', command: 'cfn-artifacts references --unused shop/ --json' },
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
];
