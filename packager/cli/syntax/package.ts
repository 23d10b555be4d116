import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArtifactError, ArtifactErrors, refuse } from '../../../repository/error.ts';
import { nearest } from '../../../repository/nearest.ts';
import type { Warning } from '../../event.ts';
import type { CommandParameters } from '../../packaging/given-parameters.ts';
import type { CommandSpec, OptionTalk } from './command.ts';
import type { ForeignOption, OptionSpec } from './option.ts';
import { optionsOf } from './option.ts';
import { hasStrayWord, parseOverrides } from './overrides.ts';
import type { PackageFlags, PackageOptions } from './package-flags.ts';
import { AWS_CLI_FOREIGN, PACKAGE, PACKAGE_CONFLICTS, PACKAGE_FOREIGN } from './package-flags.ts';
import type { GivenValue, GivenValues } from './resolve.ts';
import { highestOf, ORIGINS, resolveOptions } from './resolve.ts';
import type { ConfigEntry, SamConfig } from './samconfig.ts';
import { OTHER_SAM_KEYS, readSamConfig } from './samconfig.ts';

export interface ResolvedPackageOptions extends OptionTalk {
  readonly options: PackageOptions;
}

/** As SAM searches. */
const TEMPLATES = ['.aws-sam/build/template.yaml', 'template.yaml', 'template.yml', 'template.json'];

const OPTIONS = optionsOf<PackageFlags>(PACKAGE);

/**
 * What `package` is told: command line over environment over samconfig over defaults.
 * @param given From the command line and the environment.
 * @param fromFile whether an option of that name is taken from samconfig too
 * @throws ArtifactErrors with everything that is wrong
 */
export async function resolvePackageOptions(
  given: GivenValues,
  foreign: readonly ForeignOption[],
  cwd: string,
  fromFile: (name: string) => boolean = () => true,
): Promise<ResolvedPackageOptions> {
  const problems: ArtifactError[] = foreign.filter(isRefused).map((option) => refusal(`'--${option.name}'`, option));
  const collected = async <T>(reading: Promise<T>): Promise<T | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      problems.push(...(error instanceof ArtifactErrors ? error.problems : [error]));
      return undefined;
    }
  };
  const config = await collected(findSamConfig(given, cwd));
  const file = readEntries(config);
  problems.push(...(config?.problems ?? []), ...file.problems);
  const { values, ...settled } = settleReferences(
    merged(given, new Map([...file.values].filter(([name]) => fromFile(name)))),
  );
  problems.push(...settled.problems);
  const flags = await collected(resolveOptions(PACKAGE, values, PACKAGE_CONFLICTS, { cwd }));
  const told = await commandParameters(config, cwd);
  const named = values.has(PACKAGE.templateFile.name);
  const found = named ? undefined : await collected(findTemplate(cwd));
  const templateFile = named ? flags?.templateFile : found;
  refuse(problems);
  if (flags === undefined || templateFile === undefined) throw new Error('options without problems were not read');
  const ignored = foreign
    .filter(({ verdict }) => verdict === 'ignored')
    .map((option) => ignoring(`'--${option.name}'`, option));
  return {
    options: {
      ...flags,
      templateFile,
      ...(config !== undefined && { configFile: config.path }),
      ...(config?.stackName !== undefined && { stackName: config.stackName }),
      ...(config?.buildDir !== undefined && { buildDir: config.buildDir }),
      ...(config !== undefined && { deployConfig: config.deploy, commandParameters: told.parameters }),
      ...typedAccess(given, flags),
    },
    warnings: [
      ...(config?.warnings ?? []),
      ...file.warnings,
      ...settled.warnings,
      ...told.warnings,
      ...(found === undefined ? [] : warningsOfBuild(found, cwd)),
    ],
    notes: [...ignored, ...file.notes, ...withoutBucket(flags)],
  };
}

function typedAccess(given: GivenValues, flags: PackageFlags): Pick<PackageOptions, 'typedAccess'> {
  const typed = (['region', 'profile'] as const).filter((key) =>
    given.get(PACKAGE[key].name)?.some(({ origin }) => origin === 'command line'),
  );
  const said = typed.flatMap((key) => (flags[key] === undefined ? [] : [[key, flags[key]] as const]));
  return said.length === 0 ? {} : { typedAccess: Object.fromEntries(said) };
}

async function findSamConfig(given: GivenValues, cwd: string): Promise<SamConfig | undefined> {
  const textOf = ({ name }: OptionSpec<string>): string | undefined => {
    const value = highestOf(given.get(name) ?? [])?.value;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const templateFile = textOf(PACKAGE.templateFile);
  const configFile = textOf(PACKAGE.configFile);
  const environment = textOf(PACKAGE.configEnv);
  const mayLack = given.get(PACKAGE.saveParams.name)?.some(({ value }) => value === true) === true;
  return readSamConfig({
    cwd,
    ...(templateFile !== undefined && { templateFile }),
    ...(configFile !== undefined && { configFile }),
    ...(environment !== undefined && { environment }),
    mayLack,
  });
}

/** What other commands of SAM are to give to the parameters. That nobody can read it is their mistake, and worth a look where paths would follow it. */
async function commandParameters(
  config: SamConfig | undefined,
  cwd: string,
): Promise<{ readonly parameters: readonly CommandParameters[]; readonly warnings: readonly Warning[] }> {
  const parameters: CommandParameters[] = [];
  const warnings: Warning[] = [];
  for (const { command, value, place } of config?.parameters ?? []) {
    const values = await readParameters(value, cwd);
    if (values !== undefined) parameters.push({ command, place, values });
    else if (command === 'build') warnings.push(unreadParameters(place));
  }
  return { parameters, warnings };
}

/** `undefined` where it is not clear what is meant. */
async function readParameters(value: unknown, cwd: string): Promise<Readonly<Record<string, string>> | undefined> {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.some((text) => typeof text === 'string' && hasStrayWord(text))) return undefined;
  try {
    return await parseOverrides(value, cwd);
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}

/** What stands there is not repeated: it may be a secret. */
function unreadParameters(place: string): Warning {
  return {
    code: 'unread-parameters',
    message: `${place} can't be read, and no path follows it`,
    remedy: 'Write NAME=VALUE for each, with quotes around a value that has blanks: \'Stage=prod Title="My shop"\'.',
  };
}

async function findTemplate(cwd: string): Promise<string> {
  const found = TEMPLATES.find((path) => existsSync(resolve(cwd, path)));
  if (found !== undefined) return found;
  throw new ArtifactError('PATH_NOT_FOUND', `there is no template in '${cwd}'`, {
    remedy: `Name it with --template-file. Without it the first of these is taken: ${TEMPLATES.join(', ')}.`,
  });
}

/** SAM takes what was built without a word, however old it is. */
function warningsOfBuild(found: string, cwd: string): readonly Warning[] {
  const [built = ''] = TEMPLATES;
  const source = TEMPLATES.slice(1).find((path) => existsSync(resolve(cwd, path)));
  if (found !== built || source === undefined) return [];
  if (statSync(resolve(cwd, source)).mtimeMs <= statSync(resolve(cwd, built)).mtimeMs) return [];
  return [
    {
      code: 'older-build',
      message: `'${built}' is packaged, and '${source}' has changed since it was built`,
      remedy: `Run 'sam build' again, or name the other with --template-file ${source}.`,
    },
  ];
}

interface FileEntries {
  readonly values: GivenValues;
  readonly problems: readonly ArtifactError[];
  readonly warnings: readonly Warning[];
  readonly notes: readonly string[];
}

/** Sorts the keys of samconfig: ours, those of `sam package` that mean nothing here, those of other commands, and mistakes. */
function readEntries(config: SamConfig | undefined): FileEntries {
  const values = new Map<string, readonly GivenValue[]>();
  const problems: ArtifactError[] = [];
  const warnings: Warning[] = [];
  const notes: string[] = [];
  for (const [key, entry] of config?.entries ?? []) {
    if (isNothing(entry.value)) continue;
    const own = OPTIONS.find((spec) => keysOf(spec).includes(key));
    const foreign = PACKAGE_FOREIGN.find(({ name }) => snake(name) === key);
    if (own !== undefined && !(own.inFile === 'own section' && entry.section === 'global')) {
      if (own.inFile === 'never') warnings.push(misplaced(own, entry));
      else values.set(own.name, [{ origin: 'file', label: entry.place, value: entry.value }]);
    } else if (foreign !== undefined) {
      const verdict = foreign.verdictInFile ?? foreign.verdict;
      if (entry.value === false || verdict === 'silent') continue;
      if (verdict === 'refused') problems.push(refusal(entry.place, foreign));
      else notes.push(ignoring(entry.place, foreign));
    } else if (!OTHER_SAM_KEYS.has(key)) {
      warnings.push(unknown(key, entry));
    }
  }
  return { values, problems, warnings, notes };
}

/** SAM itself writes empty values for what was left blank. */
function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function keysOf({ name, aliases = [] }: OptionSpec<unknown>): readonly string[] {
  return [name, ...aliases].map(snake);
}

function snake(name: string): string {
  return name.replaceAll('-', '_');
}

function merged(given: GivenValues, file: GivenValues): GivenValues {
  const names = new Set([...given.keys(), ...file.keys()]);
  return new Map([...names].map((name) => [name, [...(given.get(name) ?? []), ...(file.get(name) ?? [])]]));
}

interface Settled {
  readonly values: GivenValues;
  readonly problems: readonly ArtifactError[];
  readonly warnings: readonly Warning[];
}

/** Only a domain keeps references: of references and a plain bucket the one of the lower origin yields, and of one origin they are a mistake. */
function settleReferences(values: GivenValues): Settled {
  const chosen = ({ name }: OptionSpec<unknown>): GivenValue | undefined => highestOf(values.get(name) ?? []);
  const isNamed = ({ value }: GivenValue): boolean => value !== false && value !== 'false';
  const named = (specs: readonly OptionSpec<unknown>[]): readonly GivenValue[] =>
    specs.flatMap((spec) => chosen(spec) ?? []).filter(isNamed);
  const { references: spec, s3Bucket, resolveS3, domain } = PACKAGE;
  const references = chosen(spec);
  const buckets = named([s3Bucket, resolveS3]);
  const bucket = highestOf(buckets);
  const settled: Settled = { values, problems: [], warnings: [] };
  if (references === undefined || !['stack', 'grouped'].includes(String(references.value))) return settled;
  if (bucket === undefined || highestOf([bucket, ...named([domain])])?.origin !== bucket.origin) return settled;
  const order = ORIGINS.indexOf(references.origin) - ORIGINS.indexOf(bucket.origin);
  if (order === 0) return { ...settled, problems: [referencesInBucket(references, bucket)] };
  const [yielding, winner, names] =
    order < 0
      ? [[references], bucket, [spec.name]]
      : [buckets.filter(({ origin }) => origin !== references.origin), references, [s3Bucket.name, resolveS3.name]];
  return {
    ...settled,
    values: new Map([...values].filter(([name]) => !names.includes(name))),
    warnings: yielding.map(({ label }) => yieldingTo(label, winner)),
  };
}

const DOMAIN_KEEPS = 'Only a domain keeps references';

function referencesInBucket(references: GivenValue, bucket: GivenValue): ArtifactError {
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `${references.label} can't be '${String(references.value)}' with ${bucket.label}`,
    { remedy: `${DOMAIN_KEEPS}: name one with --domain, or leave the bucket out for that of your account.` },
  );
}

function yieldingTo(label: string, { label: winner }: GivenValue): Warning {
  return {
    code: 'option-yields',
    message: `${label} is ignored, because of ${winner}`,
    remedy: `${DOMAIN_KEEPS}: a plain bucket and references exclude each other.`,
  };
}

/** What means nothing in a domain, where one upload is for all who ever publish the same content. */
function withoutBucket({ s3Bucket, resolveS3, s3Prefix, metadata, forceUpload }: PackageFlags): readonly string[] {
  if (s3Bucket !== undefined || resolveS3) return [];
  const ignored = [
    ...(s3Prefix === undefined ? [] : ["'--s3-prefix'"]),
    ...(metadata === undefined ? [] : ["'--metadata'"]),
    ...(forceUpload ? ["'--force-upload'"] : []),
  ];
  return ignored.map((label) => `${label} is ignored. It is for a plain bucket: --s3-bucket or --resolve-s3.`);
}

function isRefused({ verdict }: ForeignOption): boolean {
  return verdict === 'refused';
}

function refusal(label: string, { note }: ForeignOption): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `${label} is not supported`, { remedy: note });
}

function ignoring(label: string, { note }: ForeignOption): string {
  return `${label} is ignored. ${note}`;
}

function misplaced({ name }: OptionSpec<unknown>, { place }: ConfigEntry): Warning {
  return {
    code: 'option-in-file',
    message: `${place} is ignored`,
    remedy: `--${name} is for the command line alone.`,
  };
}

function unknown(key: string, { place }: ConfigEntry): Warning {
  const known = OPTIONS.filter(({ inFile }) => inFile !== 'never').flatMap((spec) => keysOf(spec));
  const suggestion = nearest(key, known);
  return {
    code: 'unknown-option-in-file',
    message: `${place} is no option of package`,
    ...(suggestion !== undefined && { remedy: `Did you mean '${suggestion}'?` }),
  };
}

export const PACKAGE_COMMAND: CommandSpec<PackageOptions> = {
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
  read: async ({ given, foreign, cwd, tell }) => {
    const resolved = await resolvePackageOptions(given, foreign, cwd);
    tell(resolved);
    return resolved.options;
  },
};
