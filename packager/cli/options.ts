import type { AccessOptions } from '../aws/access.ts';
import { ArtifactError } from '../../repository/error.ts';
import { DEFAULT_REPOSITORY, parseId, parseRepository, parseSegment } from '../../repository/name.ts';
import { isStackName, parseStackId } from '../../repository/stack-id.ts';
import { isEndpointUrl } from '../aws/profile.ts';
import type { CommandParameters } from '../packaging/given-parameters.ts';
import type { DomainOption } from '../opening/domain-option.ts';
import { parseDomain } from '../opening/domain-option.ts';
import { problemOfPrefix } from '../../repository/stores/prefixed.ts';
import { describeValue } from './given.ts';
import type { Metadata } from './metadata.ts';
import { parseMetadata } from './metadata.ts';
import type { Overrides } from './overrides.ts';
import { parseOverrides } from './overrides.ts';
import type { DeployConfig } from './samconfig.ts';

/** What people see, and how. */
export interface DisplayOptions {
  /** One JSON document on stdout: the result, or the error. */
  readonly json: boolean;
  /** No progress and no success text; warnings and errors stay. */
  readonly quiet: boolean;
  readonly progressBar: boolean;
  /** `auto`: as the stream and the environment say. */
  readonly color: ColorChoice;
  /** Stack traces, and a line for what was reused too. */
  readonly debug: boolean;
}

const COLOR_CHOICES = ['on', 'off', 'auto'] as const;
export type ColorChoice = (typeof COLOR_CHOICES)[number];

export interface DomainOptions {
  /** Absent: the account's own domain in the region. */
  readonly domain?: DomainOption;
  /** The account that must own the bucket. Twelve digits. */
  readonly domainOwner?: string;
  readonly repository: string;
}

export const REFERENCE_STYLES = ['stack', 'grouped', 'none'] as const;
export type ReferenceStyle = (typeof REFERENCE_STYLES)[number];

/** What writes may make the account's domain first. */
export interface MakingOptions {
  readonly bootstrap: boolean;
}

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

/** The one thing that `references` is asked for. */
export type ReferencesQuestion =
  /** Who uses this? */
  | { readonly kind: 'users'; readonly artifact: string }
  /** What does this stack use? `stack` is a name or an ARN. */
  | { readonly kind: 'stack'; readonly stack: string; readonly account?: string }
  /** What does nobody need? Of the repository, or of IDs that begin so. */
  | { readonly kind: 'unused'; readonly prefix?: string }
  /** Which stacks are behind a bookmark? Of the repository, or of IDs that begin so. */
  | { readonly kind: 'behind'; readonly bookmark: string; readonly prefix?: string };

export interface ReferencesFlags extends AccessOptions, DisplayOptions, DomainOptions {
  readonly stack?: string;
  readonly account?: string;
  readonly unused: boolean;
  readonly behind?: string;
}

export interface ReferencesOptions extends AccessOptions, DisplayOptions, DomainOptions {
  readonly question: ReferencesQuestion;
}

export interface ReadContext {
  /** Where a relative `file://` starts. */
  readonly cwd: string;
}

/**
 * One option as data. Whatever it says, the flag, the variable of the environment, the key of samconfig and the help text follow from it.
 */
export interface OptionSpec<T> {
  /** As on the command line without its dashes, `no-` included. With `_` for `-` it is the key in samconfig. */
  readonly name: string;
  /** A letter. */
  readonly short?: string;
  /** Other long names with the same meaning. */
  readonly aliases?: readonly string[];
  /** What stands behind it; absent for a switch. */
  readonly argument?: string;
  /** All that may stand there, where that is a few words. */
  readonly choices?: readonly string[];
  /** `repeatable`: the option may come again. `many`: also several values after one option, up to the next one. */
  readonly arity?: 'repeatable' | 'many';
  /** There is a `--no-` form too; it gives `false`. */
  readonly negatable?: boolean;
  readonly environment?: string;
  /** `never` for what makes no sense in a file; `own section` where SAM's `global` section means something else by it, or means it for others. */
  readonly inFile?: 'never' | 'own section';
  readonly group: string;
  readonly help: string;
  /**
   * From the command line a switch is `true` or `false`, a value is text, repeated ones a list of texts; from a file it is what the file says.
   * @throws ArtifactError INVALID_ARGUMENT or INVALID_NAME, without saying which option it is
   */
  readonly read: (given: unknown, context: ReadContext) => T | Promise<T>;
  readonly fallback?: T;
  /** There is no default: it must be given. */
  readonly mandatory?: boolean;
}

type OptionalKeys<O> = { [K in keyof O]-?: object extends Pick<O, K> ? K : never }[keyof O];

/** An option for every member; for every member that must be there, a default or the duty to give it. */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: K extends OptionalKeys<O>
    ? OptionSpec<Exclude<O[K], undefined>>
    : OptionSpec<O[K]> & ({ readonly fallback: O[K] } | { readonly mandatory: true });
};

/** Options that exclude each other: of those given, the ones of the highest origin count, and there may be one of them. */
export interface Conflict<O> {
  readonly options: readonly (keyof O)[];
  /** It is this one that the others don't go with: without it they are no matter of this conflict. */
  readonly with?: keyof O;
  readonly remedy: string;
}

export interface PositionalArgument {
  readonly name: string;
  readonly help: string;
  /** All that may stand there, where that is a few words. */
  readonly choices?: readonly string[];
  readonly required: boolean;
  /** Several may stand one after the other. The last one alone, or the last but one. */
  readonly repeatable?: true;
}

/** Words that other tools take and this one understands without obeying. */
export interface ForeignOption {
  readonly name: string;
  readonly argument?: string;
  readonly arity?: 'repeatable' | 'many';
  readonly negatable?: boolean;
  /** `refused`: without it the result would be another. `ignored`: the result is the same. `silent`: not even worth a word. */
  readonly verdict: 'refused' | 'ignored' | 'silent';
  /** All that it may be: with anything else, something else is meant. */
  readonly values?: readonly string[];
  /** What to do instead, or why it makes no difference: a sentence. */
  readonly note: string;
  /** Where it stands in a file its word counts less: other commands read the same section. */
  readonly verdictInFile?: 'ignored' | 'silent';
}

/** What S3 has ever taken for a bucket, the names of before 2018 included, and what stands for one: an access point's alias or ARN. */
const BUCKET = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{2,254}|arn:.+)$/;

export const GROUP = {
  template: 'Template and output',
  content: 'What is packaged',
  publication: 'What is published',
  promotion: 'What is promoted',
  replication: 'Where it is brought',
  output: 'Output',
  question: 'What is asked',
  looking: 'What is shown',
  repository: 'What it takes',
  ownBucket: 'Where its content stands',
  deletion: 'What is deleted',
  reference: 'Who needs it',
  bookmark: 'When it is moved',
  status: 'When it is changed',
  sharing: 'What is shared',
  alias: 'What is written',
  domain: 'Domain',
  making: 'How it is made',
  bucket: 'Plain bucket, as with aws-cli and SAM',
  file: 'Options from a file',
  access: 'Access to AWS',
  display: 'Display',
} as const;

/**
 * Also of words, as environment variables and files have them, in either case.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function flag(given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  const word = String(given).toLowerCase();
  if (['true', 't', 'yes', 'y', 'on', '1'].includes(word)) return true;
  if (['false', 'f', 'no', 'n', 'off', '0'].includes(word)) return false;
  throw invalid(`must be true or false, not ${describeValue(given)}`);
}

/** For an option that is named after what it turns off. @throws as `flag` */
export const inverted = (given: unknown): boolean => !flag(given);

/**
 * Not empty. A number, as a file may have it, is taken as it is written in decimals.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function text(given: unknown): string {
  if (typeof given === 'number') return String(given);
  if (typeof given !== 'string') throw invalid(`must be a text, not ${describeValue(given)}`);
  if (given === '') throw invalid('must not be empty', 'Give it a value, or leave it out.');
  return given;
}

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

/** One text is a list of it. @throws as `text` */
export function texts(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(text) : [text(given)];
}

/** The rule stands in the message; what people don't see there is what such a name looks like. */
export function named<T>(parse: (text: string) => T, example: string): (given: unknown) => T {
  return (given) => {
    try {
      return parse(text(given));
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.remedy !== undefined) throw error;
      throw new ArtifactError(error.code, error.message, {
        remedy: `Choose another name: '${example}' is one.`,
        cause: error,
      });
    }
  };
}

function keyPrefix(given: unknown): string {
  // Scripts give it empty where they want none, and the AWS CLI takes it so.
  if (given === '') return '';
  const prefix = text(given);
  const problem = problemOfPrefix(`${prefix}/`);
  if (problem === undefined) return prefix;
  throw invalid(`'${prefix}' ${problem}`, 'Choose another prefix.');
}

const accountId = matching(/^[0-9]{12}$/, "an account's twelve digits", 'In a YAML or TOML file they need quotes.');

/** @throws ArtifactError INVALID_ARGUMENT */
export function oneOf<T extends string>(words: readonly T[]): (given: unknown) => T {
  return (given) => {
    const word = words.find((candidate) => candidate === given);
    if (word !== undefined) return word;
    throw invalid(
      `must be one of ${words.map((candidate) => `'${candidate}'`).join(', ')}, not ${describeValue(given)}`,
    );
  };
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

/** As AWS names them all. */
export const REGION: RegExp = /^[a-z][a-z0-9-]*-[0-9]+$/;

/** Reads a text of a pattern. @param rule goes on after `must be` */
export function matching(pattern: RegExp, rule: string, remedy?: string): (given: unknown) => string {
  return (given) => {
    // A YAML file gives an account ID without quotes as a number.
    const value = text(given);
    if (pattern.test(value)) return value;
    throw invalid(`must be ${rule}, not '${value}'`, remedy);
  };
}

/** A name, or the ARN of one incarnation. @throws ArtifactError INVALID_ARGUMENT */
export function stackName(given: unknown): string {
  const name = text(given);
  if (isStackName(name) || parseStackId(name) !== undefined) return name;
  throw invalid(
    `must be a stack's name or its ARN, not '${name}'`,
    'A name is a letter, then up to 127 letters, digits and hyphens.',
  );
}

function endpointUrl(given: unknown): string {
  const url = text(given);
  if (isEndpointUrl(url)) return url;
  throw invalid(`must be a URL with http or https, not '${url}'`, 'Begin it with https://.');
}

function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, remedy === undefined ? {} : { remedy });
}

export const ACCESS: OptionTable<AccessOptions> = {
  region: {
    name: 'region',
    argument: '<region>',
    group: GROUP.access,
    help: 'AWS Region (else AWS_REGION, AWS_DEFAULT_REGION, the profile)',
    read: matching(/^[A-Za-z0-9-]+$/, "a Region like 'eu-west-1'"),
  },
  profile: {
    name: 'profile',
    argument: '<name>',
    group: GROUP.access,
    help: 'profile of ~/.aws/config and ~/.aws/credentials (else AWS_PROFILE)',
    read: text,
  },
  endpointUrl: {
    name: 'endpoint-url',
    argument: '<url>',
    group: GROUP.access,
    help: 'for S3, STS, Lambda and CloudFormation, in the place of their own (else AWS_ENDPOINT_URL and its kin)',
    read: endpointUrl,
  },
  verifySsl: {
    name: 'no-verify-ssl',
    group: GROUP.access,
    help: 'trust any certificate',
    read: inverted,
    fallback: true,
  },
  caBundle: {
    name: 'ca-bundle',
    argument: '<file>',
    group: GROUP.access,
    help: 'certificates to trust, in PEM (else AWS_CA_BUNDLE)',
    read: text,
  },
};

export const DISPLAY: OptionTable<DisplayOptions> = {
  json: {
    name: 'json',
    inFile: 'never',
    group: GROUP.display,
    help: 'one JSON document on stdout, errors included',
    read: flag,
    fallback: false,
  },
  quiet: {
    name: 'quiet',
    short: 'q',
    inFile: 'never',
    group: GROUP.display,
    help: 'no progress and no success text',
    read: flag,
    fallback: false,
  },
  progressBar: {
    name: 'no-progressbar',
    group: GROUP.display,
    help: 'no progress bars (never any without a terminal, or with CI set)',
    read: inverted,
    fallback: true,
  },
  color: {
    name: 'color',
    argument: '<when>',
    choices: COLOR_CHOICES,
    negatable: true,
    inFile: 'never',
    group: GROUP.display,
    help: 'on, off or auto; --no-color is off (default: auto, with NO_COLOR and FORCE_COLOR)',
    read: (given) => (given === false ? 'off' : oneOf(COLOR_CHOICES)(given)),
    fallback: 'auto',
  },
  debug: {
    name: 'debug',
    environment: 'SAM_DEBUG',
    group: GROUP.display,
    help: 'say more, with stack traces',
    read: flag,
    fallback: false,
  },
};

export const DOMAIN: OptionTable<DomainOptions> = {
  domain: {
    name: 'domain',
    argument: '<place>',
    group: GROUP.domain,
    help: "file:DIRECTORY or s3://BUCKET (default: your account's domain in the region)",
    read: (given) => parseDomain(text(given)),
  },
  domainOwner: {
    name: 'domain-owner',
    argument: '<account>',
    group: GROUP.domain,
    help: 'the account that must own the bucket (default: yours; of a plain bucket anybody)',
    read: accountId,
  },
  repository: {
    name: 'repository',
    argument: '<name>',
    group: GROUP.domain,
    help: "collection in the domain (default: 'default')",
    read: named(parseRepository, 'default'),
    fallback: DEFAULT_REPOSITORY,
  },
};

/** Of a command about a whole domain, whatever its repositories. */
export type WholeDomainOptions = AccessOptions & DisplayOptions & Omit<DomainOptions, 'repository'>;

export const WHOLE_DOMAIN: OptionTable<WholeDomainOptions> = {
  domain: DOMAIN.domain,
  domainOwner: DOMAIN.domainOwner,
  ...ACCESS,
  ...DISPLAY,
};

export const MAKING: OptionTable<MakingOptions> = {
  bootstrap: {
    name: 'no-bootstrap',
    group: GROUP.domain,
    help: "don't make the account's domain where it is missing",
    read: inverted,
    fallback: true,
  },
};

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

export const REFERENCES: OptionTable<ReferencesFlags> = {
  stack: {
    name: 'stack',
    argument: '<name>',
    group: GROUP.question,
    help: "what this stack uses; its name, in the domain's region or --region, or its ARN",
    read: stackName,
  },
  account: {
    name: 'account',
    argument: '<account>',
    group: GROUP.question,
    help: "the account of the stack that --stack names (default: the domain's)",
    read: accountId,
  },
  unused: {
    name: 'unused',
    group: GROUP.question,
    help: 'the versions that no stack, no named consumer and no bookmark needs; ARTIFACT is then the beginning of their IDs',
    read: flag,
    fallback: false,
  },
  behind: {
    name: 'behind',
    argument: '<bookmark>',
    inFile: 'never',
    group: GROUP.question,
    help: 'the stacks that were deployed through this bookmark and use another version than it names now; ARTIFACT is then the beginning of the IDs',
    read: named((given) => parseSegment('bookmark', given), 'prod'),
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

export const REFERENCES_CONFLICTS: readonly Conflict<ReferencesFlags>[] = [
  { options: ['stack', 'unused'], remedy: 'Each is a question of its own: ask one.' },
  { options: ['stack', 'behind'], remedy: 'Each is a question of its own: ask one.' },
  { options: ['unused', 'behind'], remedy: 'Each is a question of its own: ask one.' },
];
