import { parseId } from '../../../repository/name.ts';
import { problemOfPrefix } from '../../../repository/stores/prefixed.ts';
import type { AccessOptions } from '../../aws/access.ts';
import type { CommandParameters } from '../../packaging/given-parameters.ts';
import type { DisplayOptions, DomainOptions, MakingOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, MAKING } from './common.ts';
import type { Metadata } from './metadata.ts';
import { parseMetadata } from './metadata.ts';
import type { Conflict, ForeignOption, OptionTable } from './option.ts';
import { flag, GROUP, invalid, matching, named, oneOf, REGION, text, texts } from './option.ts';
import type { Overrides } from './overrides.ts';
import { parseOverrides } from './overrides.ts';
import type { DeployConfig } from './samconfig.ts';

const REFERENCE_STYLES = ['stack', 'grouped', 'none'] as const;

export type ReferenceStyle = (typeof REFERENCE_STYLES)[number];

/** Paths are as given: relative to the working directory. */
export interface PackageFlags extends AccessOptions, DisplayOptions, DomainOptions, MakingOptions {
  /** Absent: searched for. */
  readonly templateFile?: string;
  /** Absent: stdout. */
  readonly outputTemplateFile?: string;
  readonly useJson: boolean;
  readonly manifest?: string;
  readonly dryRun: boolean;
  /** Goes on, and packages again what changes. */
  readonly watch: boolean;
  readonly artifactPrefix?: string;
  /** Absent: `stack` with a domain, `none` with a plain bucket. */
  readonly references?: ReferenceStyle;
  readonly s3Bucket?: string;
  /** As given: no slash is added or taken but the one between it and the key. */
  readonly s3Prefix?: string;
  readonly resolveS3: boolean;
  readonly kmsKeyId?: string;
  readonly forceUpload: boolean;
  /** Where it is to be deployed, each once. Absent: wherever it can be. */
  readonly regions?: readonly [string, ...string[]];
  readonly metadata?: Metadata;
  readonly parameterOverrides: Overrides;
  readonly exclude: readonly string[];
  readonly resources?: string;
  readonly projectRoot?: string;
  readonly followExternalSymlinks: boolean;
  readonly zipTemplateDirWhenAbsent: boolean;
  readonly configFile?: string;
  readonly configEnv?: string;
  /** What the command line says is written into samconfig. */
  readonly saveParams: boolean;
}

/** What `package` is told when its flags, the environment and samconfig are merged. */
export interface PackageOptions extends PackageFlags {
  readonly templateFile: string;
  /** The samconfig that was read, if there was one. */
  readonly configFile?: string;
  /** `stack_name` of samconfig's `deploy` or `global` section. */
  readonly stackName?: string;
  /** `build_dir` of samconfig's `build` or `global` section: as given. */
  readonly buildDir?: string;
  /** What that samconfig has `sam build` and `sam deploy` give to the template's parameters. */
  readonly commandParameters?: readonly CommandParameters[];
  /** What that samconfig says to `sam deploy`. */
  readonly deployConfig?: DeployConfig;
  /** What the command line itself says of the Region and the profile: the line that deploys has to say it again. */
  readonly typedAccess?: Pick<AccessOptions, 'region' | 'profile'>;
}

/** What S3 has ever taken for a bucket, the names of before 2018 included, and what stands for one: an access point's alias or ARN. */
const BUCKET = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{2,254}|arn:.+)$/;

/** @throws as `text` */
function templatePath(given: unknown): string {
  const file = text(given);
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(file)) {
    const way = file.startsWith('file:') ? "Write its path, without 'file://'." : 'Fetch it first, with what it names.';
    throw invalid(`must be a file, not '${file}'`, way);
  }
  if (file !== '-') return file;
  const remedy = "Its paths are relative to where it stands, and stdin stands nowhere. A file of that name is './-'.";
  throw invalid("must be a file, not '-'", remedy);
}

function keyPrefix(given: unknown): string {
  // Scripts give it empty where they want none, and the AWS CLI takes it so.
  if (given === '') return '';
  const prefix = text(given);
  const problem = problemOfPrefix(`${prefix}/`);
  if (problem === undefined) return prefix;
  throw invalid(`'${prefix}' ${problem}`, 'Choose another prefix.');
}

/** Each once. @throws ArtifactError INVALID_ARGUMENT */
function parseRegions(given: unknown): readonly [string, ...string[]] {
  const named = new Set(texts(given).flatMap((one) => one.split(',').map((region) => region.trim())));
  for (const region of named) {
    if (REGION.test(region)) continue;
    throw invalid(`must be Regions, not '${region}'`, "Name them like 'eu-west-1,ap-south-1'.");
  }
  const [first = '', ...rest] = named;
  return [first, ...rest];
}

export const PACKAGE: OptionTable<PackageFlags> = {
  templateFile: {
    name: 'template-file',
    short: 't',
    aliases: ['template'],
    argument: '<path>',
    environment: 'SAM_TEMPLATE_FILE',
    group: GROUP.template,
    help: 'template to package (default: the first of .aws-sam/build/template.yaml, template.yaml, template.yml, template.json)',
    read: templatePath,
  },
  outputTemplateFile: {
    name: 'output-template-file',
    argument: '<path>',
    group: GROUP.template,
    help: 'write the packaged template here (default, and -: stdout)',
    read: text,
  },
  useJson: {
    name: 'use-json',
    group: GROUP.template,
    help: 'write JSON whatever the template is (default: as it came, to the byte)',
    read: flag,
    fallback: false,
  },
  manifest: {
    name: 'manifest',
    argument: '<file>',
    inFile: 'own section',
    group: GROUP.template,
    help: 'write a JSON list of all artifacts: place, path, ARN, digest, size, bucket, key, outcome',
    read: text,
  },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.template,
    help: 'say what would be uploaded; touch nothing',
    read: flag,
    fallback: false,
  },
  watch: {
    name: 'watch',
    inFile: 'never',
    group: GROUP.template,
    help: 'go on, and package again whenever the template or something that it names changes; Ctrl-C ends it',
    read: flag,
    fallback: false,
  },
  parameterOverrides: {
    name: 'parameter-overrides',
    argument: '<name=value...>',
    arity: 'many',
    inFile: 'own section',
    group: GROUP.content,
    help: 'values of parameters that paths depend on; also ParameterKey=NAME,ParameterValue=VALUE or file://PATH',
    read: (given, { cwd }) => parseOverrides(given, cwd),
    fallback: {},
  },
  exclude: {
    name: 'exclude',
    argument: '<pattern>',
    arity: 'repeatable',
    inFile: 'own section',
    group: GROUP.content,
    help: 'leave these files out of archives, in .gitignore syntax, after .artifactignore; may be repeated',
    read: texts,
    fallback: [],
  },
  resources: {
    name: 'resources',
    argument: '<file>',
    group: GROUP.content,
    help: 'further resource properties that name local paths (JSON or YAML)',
    read: text,
  },
  projectRoot: {
    name: 'project-root',
    argument: '<dir>',
    group: GROUP.content,
    help: 'links may lead anywhere in here (default: the git work tree, workspace, or folder of the template)',
    read: text,
  },
  followExternalSymlinks: {
    name: 'follow-external-symlinks',
    group: GROUP.content,
    help: 'let links lead out of the project too',
    read: flag,
    fallback: false,
  },
  zipTemplateDirWhenAbsent: {
    name: 'zip-template-dir-when-absent',
    group: GROUP.content,
    help: "where a property is absent, package the template's folder, as aws cloudformation package does",
    read: flag,
    fallback: false,
  },
  ...DOMAIN,
  ...MAKING,
  artifactPrefix: {
    name: 'artifact-prefix',
    argument: '<id>',
    group: GROUP.domain,
    help: "first part of every artifact's ID (default: stack_name of samconfig, else the project's name)",
    read: named(parseId, 'shop/api'),
  },
  references: {
    name: 'references',
    argument: '<how>',
    choices: REFERENCE_STYLES,
    group: GROUP.domain,
    help: 'stack: a Custom::ArtifactRef for each artifact; grouped: one for up to 40; none: plain locations (default: stack; none with --s3-bucket)',
    read: oneOf(REFERENCE_STYLES),
  },
  regions: {
    name: 'regions',
    argument: '<region[,region...]>',
    arity: 'repeatable',
    group: GROUP.domain,
    help: 'where it is to be deployed: what the template uses is brought there, and an output is written for each Region if one does not serve all; may be repeated',
    read: parseRegions,
  },
  s3Bucket: {
    name: 's3-bucket',
    argument: '<name>',
    group: GROUP.bucket,
    help: 'upload here, without a domain and without references',
    read: matching(
      BUCKET,
      "a bucket's name",
      "It has at least three characters and no 's3://'; the prefix of its keys goes into --s3-prefix.",
    ),
  },
  s3Prefix: {
    name: 's3-prefix',
    argument: '<prefix>',
    group: GROUP.bucket,
    help: 'put it and a slash before every key',
    read: keyPrefix,
  },
  resolveS3: {
    name: 'resolve-s3',
    negatable: true,
    group: GROUP.bucket,
    help: "upload to the bucket that SAM manages in the account ('aws-sam-cli-managed-default'); made where it is missing",
    read: flag,
    fallback: false,
  },
  kmsKeyId: {
    name: 'kms-key-id',
    argument: '<key>',
    group: GROUP.bucket,
    help: "encrypt with this KMS key (default: as the bucket's own setting says)",
    read: text,
  },
  forceUpload: {
    name: 'force-upload',
    group: GROUP.bucket,
    help: 'upload what is there already, too',
    read: flag,
    fallback: false,
  },
  metadata: {
    name: 'metadata',
    argument: '<key=value>',
    arity: 'repeatable',
    group: GROUP.bucket,
    help: 'S3 metadata of every upload: KEY=VALUE,KEY2=VALUE2, JSON or file://PATH; may be repeated',
    read: (given, { cwd }) => parseMetadata(given, cwd),
  },
  configFile: {
    name: 'config-file',
    argument: '<file>',
    inFile: 'never',
    group: GROUP.file,
    help: 'samconfig.toml, .yaml or .yml beside the template unless another is named here',
    read: text,
  },
  configEnv: {
    name: 'config-env',
    argument: '<name>',
    inFile: 'never',
    group: GROUP.file,
    help: "environment in that file (default: 'default')",
    read: text,
  },
  saveParams: {
    name: 'save-params',
    group: GROUP.file,
    help: 'write the options of this command line into that file, for the runs to come',
    read: flag,
    fallback: false,
  },
  ...ACCESS,
  ...DISPLAY,
};

export const PACKAGE_CONFLICTS: readonly Conflict<PackageFlags>[] = [
  {
    options: ['s3Bucket', 'resolveS3', 'domain'],
    remedy: 'Each names the place for the artifacts: use only one.',
  },
  {
    options: ['regions', 's3Bucket', 'resolveS3'],
    with: 'regions',
    remedy: 'Only domains fetch from each other: with a plain bucket, package once for each Region.',
  },
  {
    options: ['watch', 'dryRun'],
    remedy: 'What is watched is written again and again: use only one.',
  },
  {
    options: ['watch', 'json'],
    remedy: 'One JSON document tells of one run: use only one, and --manifest for what was packaged.',
  },
];

const NO_IMAGES =
  'This program does not push images: push them first (docker push) and name the pushed image in ImageUri.';

/** What says what of a project is read. */
export type ReadingFlags = Pick<
  PackageFlags,
  'parameterOverrides' | 'exclude' | 'resources' | 'projectRoot' | 'followExternalSymlinks' | 'zipTemplateDirWhenAbsent'
>;

/** Of the options of `package` those for whatever else reads a project. */
export const READING: OptionTable<ReadingFlags> = {
  parameterOverrides: PACKAGE.parameterOverrides,
  exclude: PACKAGE.exclude,
  resources: PACKAGE.resources,
  projectRoot: PACKAGE.projectRoot,
  followExternalSymlinks: PACKAGE.followExternalSymlinks,
  zipTemplateDirWhenAbsent: PACKAGE.zipTemplateDirWhenAbsent,
};

export const PACKAGE_FOREIGN: readonly ForeignOption[] = [
  {
    name: 'image-repository',
    argument: '<uri>',
    verdict: 'refused',
    verdictInFile: 'ignored',
    note: NO_IMAGES,
  },
  {
    name: 'image-repositories',
    argument: '<function=uri>',
    arity: 'repeatable',
    verdict: 'refused',
    verdictInFile: 'ignored',
    note: NO_IMAGES,
  },
  {
    name: 'resolve-image-repos',
    negatable: true,
    verdict: 'refused',
    verdictInFile: 'ignored',
    note: NO_IMAGES,
  },
  {
    name: 'signing-profiles',
    argument: '<function=profile>',
    arity: 'many',
    verdict: 'refused',
    note: 'This program does not sign code: package, then sign the uploaded archives with AWS Signer, or go on with sam package for this template.',
  },
  {
    name: 'language-extensions',
    negatable: true,
    verdict: 'ignored',
    verdictInFile: 'silent',
    note: 'Fn::ForEach is packaged with it and without it.',
  },
  {
    name: 'beta-features',
    negatable: true,
    verdict: 'ignored',
    verdictInFile: 'silent',
    note: 'This program has no beta features to turn on.',
  },
];

/** Global options of the AWS CLI that scripts give to every command. */
export const AWS_CLI_FOREIGN: readonly ForeignOption[] = [
  {
    name: 'output',
    argument: '<format>',
    verdict: 'silent',
    // https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html
    values: ['json', 'yaml', 'yaml-stream', 'text', 'table', 'off'],
    note: 'Use --json.',
  },
  { name: 'no-paginate', verdict: 'silent', note: 'Nothing is paged.' },
  { name: 'no-cli-pager', verdict: 'silent', note: 'Nothing is paged.' },
  { name: 'cli-auto-prompt', negatable: true, verdict: 'silent', note: 'Nothing is prompted for.' },
  { name: 'cli-connect-timeout', argument: '<seconds>', verdict: 'silent', note: 'Connections have their own limits.' },
  { name: 'cli-read-timeout', argument: '<seconds>', verdict: 'silent', note: 'Connections have their own limits.' },
  { name: 'query', argument: '<expression>', verdict: 'refused', note: 'Use --json and jq.' },
  { name: 'no-sign-request', verdict: 'refused', note: 'Uploads need credentials.' },
];
