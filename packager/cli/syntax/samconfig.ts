import { existsSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { ArtifactError } from '../../../repository/error.ts';
import { aboveBuild } from '../../archive/project-root.ts';
import type { Warning } from '../../event.ts';
import { failureReason } from '../../output-failure.ts';
import { readRegularText } from '../../regular-file.ts';
import { describeValue } from './given.ts';

/** One value of samconfig and where it stands. */
export interface ConfigEntry<Command extends string = 'package'> {
  readonly value: unknown;
  readonly section: Command | 'global';
  /** For messages: `'s3_bucket' in [default.package.parameters] of 'samconfig.toml'`. */
  readonly place: string;
}

/** `parameter_overrides` as it stands there, for one command of SAM. */
export interface ConfigParameters {
  readonly command: 'build' | 'deploy';
  readonly value: unknown;
  /** For messages, as that of an entry. */
  readonly place: string;
}

export interface SamConfig {
  /** Absolute. */
  readonly path: string;
  /** By key in snake_case: those of the `package` section, and of the `global` one where that has none. */
  readonly entries: ReadonlyMap<string, ConfigEntry>;
  /** `--config-env`, else `default`. */
  readonly environment: string;
  /** `stack_name` of the `deploy` section, else of the `global` one. */
  readonly stackName?: string;
  /** `build_dir` of the `build` section, else of the `global` one: relative to the working directory, as SAM takes it. */
  readonly buildDir?: string;
  /** What other commands are told of the template's parameters, each by its section, else by the `global` one; `build` first. */
  readonly parameters: readonly ConfigParameters[];
  /** What `sam deploy` is told by the file. */
  readonly deploy: DeployConfig;
  /** Worth a look: what SAM itself makes of the file. */
  readonly warnings: readonly Warning[];
  /** Of what is read here and not by the options: each INVALID_CONFIGURATION. */
  readonly problems: readonly ArtifactError[];
}

/** Of the `deploy` section, else of the `global` one. */
export interface DeployConfig {
  readonly stackName: boolean;
  readonly capabilities: readonly string[];
  /** `s3_bucket` or `resolve_s3`: where `sam deploy` puts a large template. */
  readonly bucket: boolean;
}

export interface SamConfigRequest {
  readonly cwd: string;
  /** The template, if one was named; samconfig stands beside it. */
  readonly templateFile?: string;
  /** `--config-file`: it must exist. */
  readonly configFile?: string;
  /** `--config-env`: there must be a file, unless it is `default`, and it must have it. */
  readonly environment?: string;
  /** The environment may be missing: it is to be written. */
  readonly mayLack?: boolean;
}

const DEFAULT_ENVIRONMENT = 'default';

/** In SAM's order: of several the first is read. */
export const SAM_CONFIG_FILES: readonly string[] = ['samconfig.toml', 'samconfig.yaml', 'samconfig.yml'];

/**
 * Reads samconfig as SAM does: `[env.package.parameters]` over `[env.global.parameters]`, the file beside the template (of one under
 * `.aws-sam/build`, at the project), in the working directory if no template is named.
 * @throws ArtifactError INVALID_CONFIGURATION; an absent file is no error unless it, or an environment, was asked for.
 */
export async function readSamConfig(request: SamConfigRequest): Promise<SamConfig | undefined> {
  const path = findFile(request);
  if (path === undefined) {
    requireFile(request);
    return undefined;
  }
  const document = await parseConfig(path, readFile(path));
  const environment = request.environment ?? DEFAULT_ENVIRONMENT;
  if (request.environment !== undefined && request.mayLack !== true) requireEnvironment(document, environment, path);
  const sections = asMap(document[environment], `[${environment}]`, path);
  const entriesFor = <C extends string>(command: C): ReadonlyMap<string, ConfigEntry<C>> =>
    entriesOf(command, sections, environment, path);
  const entries = entriesFor('package');
  const buildDir = entriesFor('build').get('build_dir')?.value;
  const warnings = [
    ...versionWarnings(document, path),
    ...(request.configFile === undefined ? unreadWarnings(path) : []),
  ];
  return {
    ...{ path, environment, entries, deploy: deployConfigOf(entriesFor('deploy')), warnings },
    parameters: (['build', 'deploy'] as const).flatMap((command) => {
      const found = entriesFor(command).get('parameter_overrides');
      return found === undefined ? [] : [{ command, value: found.value, place: found.place }];
    }),
    ...(typeof buildDir === 'string' && buildDir !== '' && { buildDir }),
    ...stackNameOf(sections, environment, path),
  };
}

/** What a command of SAM is told: by its own section, else by the `global` one. By key in snake_case. */
function entriesOf<C extends string>(
  command: C,
  sections: Record<string, unknown>,
  environment: string,
  path: string,
): ReadonlyMap<string, ConfigEntry<C>> {
  const entries = new Map<string, ConfigEntry<C>>();
  for (const section of ['global', command] as const) {
    const heading = `[${environment}.${section}.parameters]`;
    for (const [key, value] of Object.entries(parametersOf(sections, section, heading, path))) {
      const place = `'${key}' in ${heading} of '${basename(path)}'`;
      entries.set(key.replaceAll('-', '_'), { value, section, place });
    }
  }
  return entries;
}

function deployConfigOf(deploy: ReadonlyMap<string, ConfigEntry<'deploy'>>): DeployConfig {
  const said = (key: string): unknown => deploy.get(key)?.value;
  const [capabilities, resolved] = [said('capabilities'), said('resolve_s3')];
  const texts = (Array.isArray(capabilities) ? capabilities : [capabilities]) as readonly unknown[];
  return {
    stackName: isText(said('stack_name')),
    capabilities: texts.filter(isText).flatMap((text) => text.split(/[\s,]+/).filter(Boolean)),
    bucket: isText(said('s3_bucket')) || resolved === true || resolved === 'true',
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** SAM reads no file whose version is no decimal number: `samcli/lib/config/samconfig.py`. One without a version may be for this program alone. */
function versionWarnings({ version }: Record<string, unknown>, path: string): readonly Warning[] {
  if (version === undefined || (typeof version === 'number' && !Number.isInteger(version))) return [];
  return [
    {
      code: 'config-version',
      message: `the version of '${basename(path)}' is ${describeValue(version)}, and SAM reads no such file`,
      remedy: extname(path) === '.toml' ? "Write 'version = 0.1'." : "Write 'version: 0.1'.",
    },
  ];
}

/** SAM reads one of several, and says so where nobody looks. */
function unreadWarnings(path: string): readonly Warning[] {
  const others = SAM_CONFIG_FILES.filter((name) => name !== basename(path) && existsSync(join(dirname(path), name)));
  return others.map((name) => ({
    code: 'unread-config',
    message: `'${name}' is not read, because of '${basename(path)}' beside it`,
    remedy: `Name it with --config-file, or keep one of them.`,
  }));
}

/** Where samconfig stands: beside the template that was named, and beside what was built of it; in the working directory if none was. */
export function configFolder(cwd: string, templateFile?: string): string {
  return templateFile === undefined ? cwd : aboveBuild(dirname(resolve(cwd, templateFile)));
}

function findFile({ cwd, templateFile, configFile }: SamConfigRequest): string | undefined {
  const folder = configFolder(cwd, templateFile);
  if (configFile === undefined)
    return SAM_CONFIG_FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
  const candidates = isAbsolute(configFile) ? [configFile] : [resolve(folder, configFile), resolve(cwd, configFile)];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw invalid(`there is no config file '${configFile}'`, '--config-file is relative to the folder of the template.');
}

/** SAM goes on without a word, and so with the settings of another environment. */
function requireFile({ cwd, templateFile, environment = DEFAULT_ENVIRONMENT, mayLack }: SamConfigRequest): void {
  if (environment === DEFAULT_ENVIRONMENT || mayLack === true) return;
  const names = SAM_CONFIG_FILES.map((name) => `'${name}'`).join(', ');
  throw invalid(
    `there is no samconfig in '${configFolder(cwd, templateFile)}' that could have the environment '${environment}'`,
    `Looked for were ${names} there. Name another with --config-file, or leave --config-env out.`,
  );
}

/** @throws ArtifactError INVALID_CONFIGURATION */
export async function parseConfig(path: string, read: string): Promise<Record<string, unknown>> {
  const text = read.replace(/^\uFEFF/, '');
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return parseToml(path, text);
    case '.yaml':
    case '.yml':
      return parseYaml(path, text);
    default:
      throw invalid(`the config file '${path}' is neither .toml nor .yaml`, 'SAM reads TOML and YAML.');
  }
}

function readFile(path: string): string {
  try {
    return readRegularText(path);
  } catch (error) {
    throw invalid(`the config file '${path}' can't be read: ${failureReason(error)}`);
  }
}

async function parseToml(path: string, text: string): Promise<Record<string, unknown>> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const open = unclosedBracket(text);
    if (open !== undefined && open.line < error.line)
      throw invalidSyntax(path, `'${open.bracket}' is not closed`, open);
    throw invalidSyntax(path, error.message, { line: error.line, column: error.column }, TOML_LINES);
  }
}

const TOML_LINES = 'A line of TOML is KEY = VALUE, with quotes around a text, or [ENV.COMMAND.parameters].';

/** Strings, comments, brackets. */
const TOML_TOKEN =
  /"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|#[^\n]*|(?<open>[[{])|(?<close>[\]}])/g;

/** The first bracket that nothing closes. The parser notices it only where something else follows, perhaps lines below. */
function unclosedBracket(text: string): { bracket: string; line: number; column: number } | undefined {
  const open: { readonly bracket: string; readonly index: number }[] = [];
  for (const { groups, index } of text.matchAll(TOML_TOKEN)) {
    if (groups?.['open'] !== undefined) open.push({ bracket: groups['open'], index });
    else if (groups?.['close'] !== undefined) open.pop();
  }
  const [first] = open;
  if (first === undefined) return undefined;
  const before = text.slice(0, first.index).split('\n');
  return { bracket: first.bracket, line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

async function parseYaml(path: string, text: string): Promise<Record<string, unknown>> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const [start] = error.linePos ?? [];
    throw invalidSyntax(path, error.message, { line: start?.line ?? 1, column: start?.col ?? 1 });
  }
  return asMap(writtenOut(document, path), 'the whole', path);
}

/** Aliases of aliases may come to more than any memory holds, which the library counts, and one may stand in what it names, which no JSON can. */
function writtenOut(document: { toJS: () => unknown }, path: string): unknown {
  try {
    const value = document.toJS();
    JSON.stringify(value);
    return value;
  } catch (cause) {
    throw new ArtifactError(
      'INVALID_CONFIGURATION',
      `the aliases in '${path}' are too many, or one stands in what it names`,
      { remedy: 'Write the values in their place.', cause },
    );
  }
}

/** Parsers draw a picture of the place below their first line. */
function invalidSyntax(
  file: string,
  message: string,
  position: { readonly line: number; readonly column: number },
  remedy?: string,
): ArtifactError {
  const [reason = ''] = message.split('\n');
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    reason.replace(/^Invalid TOML document: /, '').replace(/ at line \d+, column \d+:?$/, ''),
    { place: { file, ...position }, ...(remedy !== undefined && { remedy }) },
  );
}

function requireEnvironment(document: Record<string, unknown>, environment: string, path: string): void {
  if (environment in document) return;
  const others = Object.keys(document).filter((key) => key !== 'version');
  throw invalid(
    `'${path}' has no environment '${environment}'`,
    others.length === 0 ? undefined : `It has ${others.map((name) => `'${name}'`).join(', ')}.`,
  );
}

function parametersOf(
  sections: Record<string, unknown>,
  section: string,
  heading: string,
  path: string,
): Record<string, unknown> {
  return asMap(asMap(sections[section], heading, path)['parameters'], heading, path);
}

function stackNameOf(
  sections: Record<string, unknown>,
  environment: string,
  path: string,
): Pick<SamConfig, 'stackName' | 'problems'> {
  for (const section of ['deploy', 'global']) {
    const heading = `[${environment}.${section}.parameters]`;
    const { stack_name: snake, 'stack-name': kebab } = parametersOf(sections, section, heading, path);
    const name = snake ?? kebab;
    if (name === undefined || name === null || name === '') continue;
    if (typeof name === 'string') return { stackName: name, problems: [] };
    const wrong = `must be a text, not ${describeValue(name)}`;
    return { problems: [invalid(`'stack_name' in ${heading} of '${basename(path)}' ${wrong}`)] };
  }
  return { problems: [] };
}

/** An absent section is an empty one. */
function asMap(value: unknown, what: string, path: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date))
    return value as Record<string, unknown>;
  throw invalid(`${what} in '${path}' must be a table of keys and values, not ${describeValue(value)}`);
}

function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_CONFIGURATION', message, remedy === undefined ? {} : { remedy });
}

/** Keys of other SAM commands: in a shared section they are no mistake. From SAM's own schema of samconfig, 1.164. */
export const OTHER_SAM_KEYS: ReadonlySet<string> = new Set(
  `add_host app_template application_insights architecture base_dir base_image bitbucket_repo_uuid bootstrap bucket build_dir build_image
   build_in_source cache_dir cached capabilities cicd_provider cloudformation_execution_role code confirm_changeset container_dns container_env_var
   container_env_var_file container_env_vars container_host container_host_interface create_image_repository cw_log_group debug_args debug_function
   debug_port debugger_path dependency_layer dependency_manager deployment_branch disable_authorizer disable_rollback docker_network
   docker_volume_basedir durable_execution_name end_time env_vars event event_file exclude express extra_context fail_on_empty_changeset
   fail_on_same_version filter force_image_build github_org github_repo gitlab_group gitlab_project guided hook_name host include_traces interactive
   invoke_image layer_cache_basedir lint location log_file manifest max_wait_duration mount_symlinks mount_with name no_event no_execute_changeset
   no_input no_interactive no_memory_limit no_prompts no_watch notification_arns oidc_client_id oidc_provider oidc_provider_url on_failure output
   output_dir package_type parallel parameter parameter_overrides permissions_provider pipeline_execution_role pipeline_user port resource resource_id role_arn runtime
   semantic_version shutdown skip_deploy_sync skip_prepare_infra skip_pull_image ssl_cert_file ssl_key_file stack_name stage start_time static_dir
   structured_logging tags tail tenant_id terraform_plan_file terraform_project_root_path test_event_name trace_id tracing use_buildkit use_container
   warm_containers watch watch_exclude`.split(/\s+/),
);
