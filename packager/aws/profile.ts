import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { Environment } from '../environment.ts';
import { isSet } from '../environment.ts';

type Env = Environment;

/** Keys of one section; a key of a nested block is `s3.endpoint_url`. */
export type Section = ReadonlyMap<string, string>;

/** `~/.aws/config` and `~/.aws/credentials` as far as the SDK leaves them to its users. */
export interface AwsFiles {
  readonly configFile: string;
  readonly credentialsFile: string;
  /** What both files say of a profile; of a key in both, the credentials file. */
  readonly profiles: ReadonlyMap<string, Section>;
  /** `[services NAME]` */
  readonly services: ReadonlyMap<string, Section>;
}

/** Absent files are empty ones. @throws ArtifactError INVALID_CONFIGURATION where one can't be read */
export function readAwsFiles(env: Env): AwsFiles {
  const configFile = filePath(env, 'AWS_CONFIG_FILE', 'config');
  const credentialsFile = filePath(env, 'AWS_SHARED_CREDENTIALS_FILE', 'credentials');
  const config = parseSections(readIfPresent(configFile));
  const credentials = parseSections(readIfPresent(credentialsFile));
  const profiles = new Map<string, Section>();
  for (const [heading, section] of config) {
    const name = heading === 'default' ? heading : named('profile', heading);
    if (name !== undefined) profiles.set(name, section);
  }
  for (const [name, section] of credentials) profiles.set(name, new Map([...(profiles.get(name) ?? []), ...section]));
  const services = new Map<string, Section>();
  for (const [heading, section] of config) {
    const name = named('services', heading);
    if (name !== undefined) services.set(name, section);
  }
  return { configFile, credentialsFile, profiles, services };
}

/**
 * Of a service ('s3', 'sts'), in the order of AWS's SDK reference guide: its own variable, the common one, the profile's services, the profile.
 * @throws ArtifactError INVALID_CONFIGURATION where it is no URL
 */
export function configuredEndpoint(service: string, env: Env, profile: Section, files: AwsFiles): string | undefined {
  const ignored = env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? profile.get('ignore_configured_endpoint_urls');
  if (ignored?.toLowerCase() === 'true') return undefined;
  const servicesName = profile.get('services') ?? '';
  const services = files.services.get(servicesName);
  const own = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const candidates = [
    { label: `'${own}'`, url: env[own] },
    { label: "'AWS_ENDPOINT_URL'", url: env['AWS_ENDPOINT_URL'] },
    {
      label: `'endpoint_url' of '${service}' in [services ${servicesName}] of '${files.configFile}'`,
      url: services?.get(`${service}.endpoint_url`),
    },
    { label: `'endpoint_url' of the profile in '${files.configFile}'`, url: profile.get('endpoint_url') },
  ];
  for (const { label, url } of candidates) {
    if (!isSet(url)) continue;
    if (isEndpointUrl(url)) return url;
    throw new ArtifactError('INVALID_CONFIGURATION', `${label} must be a URL with http or https, not '${url}'`, {
      remedy: 'Correct it, or name another with --endpoint-url.',
    });
  }
  return undefined;
}

/** Whether the SDK can be given it as an endpoint: an absolute URL, of http or https. */
export function isEndpointUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

/** The kinds of credentials that are renewed in different ways. */
export interface CredentialSource {
  readonly kind: 'environment' | 'sso' | 'login' | 'process' | 'keys' | 'none';
  /** The profile that holds them, which may be another's source_profile. */
  readonly profile: string;
}

/**
 * What a profile's credentials come from in the end: its own, or those of the profile that `source_profile` leads to.
 * @returns kind `none` where no profile on the way has any, or the way leads back
 */
export function sourceOfProfile(profile: string, files: AwsFiles): CredentialSource {
  const visited = new Set<string>();
  for (let name = profile; ;) {
    visited.add(name);
    const section = files.profiles.get(name) ?? new Map<string, string>();
    if (section.has('aws_access_key_id')) return { kind: 'keys', profile: name };
    if (section.has('sso_session') || section.has('sso_start_url')) return { kind: 'sso', profile: name };
    if (section.has('login_session')) return { kind: 'login', profile: name };
    if (section.has('credential_process')) return { kind: 'process', profile: name };
    const source = section.get('source_profile');
    if (source === undefined || visited.has(source)) return { kind: 'none', profile };
    name = source;
  }
}

/** What makes credentials valid again: a command to run, or where to put new ones. */
export function renewal({ kind, profile }: CredentialSource): string {
  const option = profile === 'default' ? '' : ` --profile ${profile}`;
  switch (kind) {
    case 'environment':
      return 'Set new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them to use a profile.';
    case 'sso':
      return `Run: aws sso login${option}`;
    case 'login':
      return `Run: aws login${option}`;
    case 'process':
      return `Run the credential_process of profile '${profile}' by hand to see what it says.`;
    case 'keys':
      return `Run: aws configure${option}`;
    case 'none':
      return "Run 'aws configure' or 'aws configure sso', name a profile with --profile or AWS_PROFILE, or give this machine a role.";
  }
}

function filePath(env: Env, variable: string, name: string): string {
  const given = env[variable];
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir();
  if (!isSet(given)) return path.join(home, '.aws', name);
  return given.startsWith('~') ? path.join(home, given.slice(1)) : given;
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return '';
    throw new ArtifactError('INVALID_CONFIGURATION', `'${file}' can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** `profile dev`, `profile "dev"` → `dev`. */
function named(kind: string, heading: string): string | undefined {
  return new RegExp(`^${kind}\\s+(["']?)(?<name>.+)\\1$`).exec(heading)?.groups?.['name'];
}

/** As the SDK reads them: `#` and `;` begin a comment at the start of a line or behind a space; an indented key belongs to the empty one above it. */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let block: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const content = (line.split(/(?:^|\s)[;#]/)[0] ?? '').trim();
    const heading = /^\[(?<heading>.+)\]$/.exec(content)?.groups?.['heading']?.trim();
    const pair = /^(?<key>[^=]+?)\s*=\s*(?<value>.*)$/.exec(content)?.groups;
    if (heading !== undefined) {
      section = sections.get(heading) ?? new Map<string, string>();
      sections.set(heading, section);
      block = undefined;
    } else if (pair !== undefined) {
      const { key = '', value = '' } = pair;
      if (!/^\s/.test(line)) block = undefined;
      if (value === '') block = key;
      else section?.set(block === undefined ? key : `${block}.${key}`, value);
    }
  }
  return sections;
}
