import { readFileSync } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { STSClient } from '@aws-sdk/client-sts';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { S3Sender } from '../../repository/stores/s3-connection.ts';
import { s3ClientDefaults } from '../../repository/stores/s3-connection.ts';
import { DirectS3 } from '../../repository/stores/s3-direct.ts';
import { endpointProblem, isNetworkFailure, isUnavailable, statusOf } from '../../repository/stores/s3-error.ts';
import type { AwsFiles, CredentialSource, Section } from './profile.ts';
import { configuredEndpoint, readAwsFiles, renewal, sourceOfProfile } from './profile.ts';
import { CacheFiles } from '../archive/cache-files.ts';
import { cacheFolder } from '../cache-folder.ts';
import { objectPath } from '../../repository/stores/object-path.ts';
import type { Identity } from './identity-memory.ts';
import { IdentityMemory } from './identity-memory.ts';
import type { ClientConfig, Credentials, HandlerOptions } from './client-config.ts';
import type { directConfig } from './direct-config.ts';
import { partitionNamed, writtenS3 } from './partition.ts';
import { agentsFor } from './proxy.ts';
import { userAgent } from './user-agent.ts';
import type { Environment } from '../environment.ts';
import { isSet } from '../environment.ts';

/** How this program reaches AWS. */
export interface AccessOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  readonly verifySsl: boolean;
  /** A file of certificates in PEM. */
  readonly caBundle?: string;
}

export interface AwsSettings extends AccessOptions {
  readonly env: Environment;
  /** Asks for the code that a profile with `mfa_serial` needs. Absent: nobody can be asked. */
  readonly onMfa?: (question: string) => Promise<string>;
  /** Ends the question whose credentials these are. Requests to S3 are ended by who makes them. */
  readonly signal?: AbortSignal;
  /** The Region where none is configured. */
  readonly otherwise?: string;
}

/**
 * AWS as the AWS CLI would reach it with the same options, environment and files.
 *
 * Its clients reject with ArtifactErrors where credentials are at fault: NO_CREDENTIALS with what to run, ACCESS_DENIED where a role may not be
 * assumed, STORE_UNAVAILABLE where they can't be fetched. All else comes as the SDK made it.
 */
export interface AwsAccess {
  /** @throws ArtifactError INVALID_CONFIGURATION where none is set */
  region(): Promise<string>;
  /** One client per Region, kept. Default: `region()`. */
  s3(region?: string): Promise<S3Client>;
  /** The same for the stores of a short run: S3 is asked without the SDK, which is loaded once that does not do. */
  directS3(region?: string): DirectAccess;
  /** Whose credentials these are. AWS STS is asked once, or was by a run before. */
  identity(): Promise<Identity>;
  /**
   * The https URL of an object as `aws cloudformation package` writes it for TemplateURL: host and suffix of the bucket's Region and partition, or
   * the custom endpoint, unless that is one of S3 in a VPC, which services that are given the URL can't reach. Bucket and key in the path, the key percent-encoded.
   */
  urlOf(bucket: string, key: string, region: string): string;
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  partitionOf(region: string): string;
  /**
   * A client of another service, in `region()`, made as those of S3 and STS are: credentials, proxy, certificates, attempts.
   * @param service As in `AWS_ENDPOINT_URL_…` and the profile's `services`, in lower case.
   */
  client<C extends SdkClient>(service: string, make: (config: ClientConfig) => C): C;
  /** Closes idle connections. */
  close(): void;
}

/** As the stores take it. */
export interface DirectAccess {
  readonly client: S3Sender;
  readonly direct: DirectS3;
}

/** What the SDK's clients have in common here. */
interface SdkClient {
  readonly middlewareStack: unknown;
}

/** A host that does not answer within ten seconds won't; the next attempt may reach another. */
const CONNECTION_TIMEOUT_MS = 10_000;
/** Silence on a connection that is made: as long as the AWS CLI waits. */
const SOCKET_TIMEOUT_MS = 60_000;
/** Two more than the SDK's default: the first request of a run should not fail it for one bad second. */
const ATTEMPTS = 5;
/** Before credentials run out, so that a request under way doesn't meet their end. */
const RENEWAL_MARGIN_MS = 5 * 60_000;
/** Those that have run out when they come are refused by AWS, which says so. */
const LEAST_KEPT_MS = 1000;

/** @throws ArtifactError INVALID_CONFIGURATION: no such profile, a CA bundle that can't be read */
export async function awsAccess(settings: AwsSettings): Promise<AwsAccess> {
  const { env } = settings;
  const files = readAwsFiles(env);
  const profileName = profileNameOf(settings, files);
  const profile = files.profiles.get(profileName) ?? new Map<string, string>();
  const trust = { verifySsl: settings.verifySsl, ...caOf(settings, profile) };
  const agents = await agentsFor(env, trust);
  const regionName = [
    settings.region,
    env['AWS_REGION'],
    env['AWS_DEFAULT_REGION'],
    profile.get('region'),
    settings.otherwise,
  ].find(isSet);
  const context: AccessContext = {
    files,
    profileName,
    profile,
    regionName,
    handler: { ...agents, connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    source: sourceOf(settings, profileName, files),
    trustsAsNode: trust.verifySsl && trust.ca === undefined,
    // Who has no AWS needs no part of its SDK.
    ...(await import('./direct-config.ts')),
  };
  return new Access(settings, context);
}

/** What the settings and the files come to. */
interface AccessContext {
  readonly files: AwsFiles;
  readonly profileName: string;
  readonly profile: Section;
  readonly regionName: string | undefined;
  readonly handler: HandlerOptions;
  readonly source: CredentialSource;
  /** Certificates are verified, by those that Node.js trusts. */
  readonly trustsAsNode: boolean;
  readonly directConfig: typeof directConfig;
}

class Access implements AwsAccess {
  readonly #settings: AwsSettings;
  readonly #context: AccessContext;
  readonly #credentials: () => Promise<Credentials>;
  readonly #clients = new Map<string, S3Client>();
  readonly #direct = new Map<string, DirectAccess>();
  #identity: Promise<Identity> | undefined;

  constructor(settings: AwsSettings, context: AccessContext) {
    this.#settings = settings;
    this.#context = context;
    this.#credentials = kept(credentialProvider(settings, context));
  }

  async region(): Promise<string> {
    return this.#region();
  }

  async s3(region = this.#region()): Promise<S3Client> {
    const { S3Client: Client } = await import('./s3-client.ts');
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    const settings = { ...this.#s3Settings(region), followRegionRedirects: true };
    const client = telling(new Client({ ...s3ClientDefaults, ...settings }), this.#context.source);
    this.#clients.set(region, client);
    return client;
  }

  directS3(region = this.#region()): DirectAccess {
    const known = this.#direct.get(region);
    if (known !== undefined) return known;
    const { forcePathStyle, ...config } = this.#s3Settings(region);
    // What the SDK learns of the time holds for both.
    const clockOffset = (): number => this.#clients.get(region)?.config.systemClockOffset ?? 0;
    const made: DirectAccess = {
      client: {
        send: async (command, options) => {
          const client = await this.s3(region);
          return await client.send(command, options);
        },
        config: { region: async () => region },
      },
      direct: new DirectS3({ config: this.#context.directConfig(config, forcePathStyle, clockOffset) }),
    };
    this.#direct.set(region, made);
    return made;
  }

  async identity(): Promise<Identity> {
    return (this.#identity ??= this.#whoIsIt());
  }

  async #whoIsIt(): Promise<Identity> {
    const config = { maxAttempts: ATTEMPTS, ...this.#configOf('sts', this.#region()) };
    const { env, signal } = this.#settings;
    // Whoever answers a run that trusts others is believed by that run alone.
    const folder = this.#context.trustsAsNode ? cacheFolder(env) : undefined;
    const memory = new IdentityMemory(new CacheFiles(folder), config.endpoint ?? partitionNamed(config.region));
    const credentials = await this.#credentials();
    const known = memory.recall(credentials);
    if (known !== undefined) return known;
    const identity = await askIdentity(config, this.#context.source, signal);
    memory.remember(credentials, identity);
    return identity;
  }

  urlOf(bucket: string, key: string, region: string): string {
    return objectUrl(this.#endpointOf('s3'), bucket, key, region);
  }

  partitionOf(region: string): string {
    return partitionNamed(region);
  }

  client<C extends SdkClient>(service: string, make: (config: ClientConfig) => C): C {
    const config = { maxAttempts: ATTEMPTS, ...this.#configOf(service, this.#region()) };
    return telling(make(config), this.#context.source);
  }

  close(): void {
    const { httpAgent, httpsAgent } = this.#context.handler;
    httpAgent.destroy();
    httpsAgent.destroy();
  }

  #region(): string {
    const { regionName, profileName } = this.#context;
    if (regionName === undefined) return missingRegion(profileName);
    if (/^[A-Za-z0-9-]+$/.test(regionName)) return regionName;
    throw new ArtifactError('INVALID_CONFIGURATION', `'${regionName}' is no AWS Region`, {
      remedy:
        "Set one like 'eu-west-1', with --region, AWS_REGION, AWS_DEFAULT_REGION or region in the AWS configuration.",
    });
  }

  #s3Settings(region: string): ClientConfig & { readonly forcePathStyle: boolean } {
    const config = this.#configOf('s3', region);
    // A server that is not Amazon's has a name of its own, but none for each bucket.
    const isOther = config.endpoint !== undefined;
    return { ...config, forcePathStyle: isOther || this.#context.profile.get('s3.addressing_style') === 'path' };
  }

  #endpointOf(service: string): string | undefined {
    const { env, endpointUrl } = this.#settings;
    return endpointUrl ?? configuredEndpoint(service, env, this.#context.profile, this.#context.files);
  }

  /** As the AWS CLI reads it: nothing but `true` turns it on. */
  #isOn(variable: string, key: string): boolean {
    const said = [this.#settings.env[variable], this.#context.profile.get(key)].find(isSet);
    return said?.toLowerCase() === 'true';
  }

  #configOf(service: string, region: string): ClientConfig {
    const { env } = this.#settings;
    const { profile, profileName, handler } = this.#context;
    const endpoint = this.#endpointOf(service);
    const attempts = [env['AWS_MAX_ATTEMPTS'], profile.get('max_attempts')].find(isSet);
    const retryMode = [env['AWS_RETRY_MODE'], profile.get('retry_mode')].find(isSet);
    return {
      region,
      profile: profileName,
      credentials: this.#credentials,
      requestHandler: handler,
      retryMode: retryMode === 'adaptive' ? retryMode : 'standard',
      // The SDK would look again, and not in the profile that is named here.
      ignoreConfiguredEndpointUrls: true,
      // The SDK would read the files again to learn it.
      useFipsEndpoint: this.#isOn('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'),
      useDualstackEndpoint: this.#isOn('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'),
      userAgentAppId: () =>
        Promise.resolve(
          [env['AWS_SDK_UA_APP_ID'], profile.get('sdk_ua_app_id'), profile.get('sdk-ua-app-id')].find(isSet),
        ),
      customUserAgent: userAgent().slice(0, 1),
      ...(attempts !== undefined && { maxAttempts: Number(attempts) }),
      ...(endpoint !== undefined && { endpoint }),
    };
  }
}

/** @throws ArtifactError INVALID_CONFIGURATION: a profile that is asked for must exist */
function profileNameOf({ profile, env }: AwsSettings, files: AwsFiles): string {
  const name = [profile, env['AWS_DEFAULT_PROFILE'], env['AWS_PROFILE']].find(isSet);
  if (name === undefined) return 'default';
  if (files.profiles.has(name)) return name;
  const others = [...files.profiles.keys()];
  throw new ArtifactError('INVALID_CONFIGURATION', `there is no profile '${name}' in '${files.configFile}'`, {
    remedy:
      others.length === 0
        ? `Run: aws configure --profile ${name}`
        : `There are ${others.map((other) => `'${other}'`).join(', ')}.`,
  });
}

function caOf({ caBundle, env }: AwsSettings, profile: Section): { readonly ca?: string } {
  const file = [caBundle, env['AWS_CA_BUNDLE'], profile.get('ca_bundle')].find(isSet);
  if (file === undefined) return {};
  try {
    return { ca: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new ArtifactError(
      'INVALID_CONFIGURATION',
      `the CA bundle '${file}' can't be read: ${(error as Error).message}`,
      {
        remedy: 'It is named by --ca-bundle, AWS_CA_BUNDLE or ca_bundle in the AWS configuration.',
        cause: error,
      },
    );
  }
}

function missingRegion(profile: string): never {
  const option = profile === 'default' ? '' : ` --profile ${profile}`;
  throw new ArtifactError('INVALID_CONFIGURATION', 'no AWS Region is set', {
    remedy: `Use --region or AWS_REGION, or run: aws configure set region eu-west-1${option}`,
  });
}

/** Keys in the environment go before a profile that the environment names, but not before one on the command line: so the AWS CLI does it. */
function sourceOf({ profile, env }: AwsSettings, profileName: string, files: AwsFiles): CredentialSource {
  const keys = isSet(env['AWS_ACCESS_KEY_ID']) && isSet(env['AWS_SECRET_ACCESS_KEY']);
  return profile === undefined && keys
    ? { kind: 'environment', profile: 'default' }
    : sourceOfProfile(profileName, files);
}

function credentialProvider(settings: AwsSettings, context: AccessContext): () => Promise<Credentials> {
  return async () => {
    try {
      return await fetchCredentials(settings, context);
    } catch (error) {
      throw credentialProblem(error, context);
    }
  };
}

async function fetchCredentials({ env, onMfa }: AwsSettings, context: AccessContext): Promise<Credentials> {
  const { profileName, regionName, files, handler, source } = context;
  if (source.kind === 'environment') {
    const {
      AWS_ACCESS_KEY_ID: accessKeyId = '',
      AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
      AWS_SESSION_TOKEN: token,
    } = env;
    return { accessKeyId, secretAccessKey, ...(isSet(token) && { sessionToken: token }) };
  }
  const { fromNodeProviderChain } = await import('./provider-chain.ts');
  const chain = fromNodeProviderChain({
    profile: profileName,
    configFilepath: files.configFile,
    filepath: files.credentialsFile,
    clientConfig: { requestHandler: handler },
    ...(regionName !== undefined && { parentClientConfig: { region: regionName, requestHandler: handler } }),
    mfaCodeProvider: (serial) => askMfaCode(serial, profileName, onMfa),
  });
  return chain();
}

async function askMfaCode(serial: string, profile: string, onMfa: AwsSettings['onMfa']): Promise<string> {
  if (onMfa !== undefined) return onMfa(`Enter MFA code for ${serial}: `);
  throw new ArtifactError(
    'NO_CREDENTIALS',
    `profile '${profile}' needs an MFA code, and there is no terminal to ask for it`,
    {
      remedy: 'Run it in a terminal, or get session credentials first: aws sts get-session-token.',
    },
  );
}

/** One fetching for all who ask, also at once, renewed before its end. A failure stays: nobody is asked twice for one code. */
function kept(provider: () => Promise<Credentials>): () => Promise<Credentials> {
  const fetched = async (): Promise<Kept> => {
    const credentials = await provider();
    const life = (credentials.expiration?.getTime() ?? Infinity) - Date.now();
    // Some never live as long as the margin.
    return { credentials, until: Date.now() + Math.max(life - RENEWAL_MARGIN_MS, life / 2, LEAST_KEPT_MS) };
  };
  let current: Promise<Kept> | undefined;
  return async () => {
    const asked = (current ??= fetched());
    const { credentials, until } = await asked;
    if (Date.now() < until) return credentials;
    // Whoever finds it out first fetches them for all.
    if (current === asked) current = fetched();
    return (await current).credentials;
  };
}

interface Kept {
  readonly credentials: Credentials;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Answers of AWS that mean: these credentials are no longer any, or never were. */
const BAD_CREDENTIALS = [
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'AuthFailure',
  'UnauthorizedException',
];

function credentialProblem(error: unknown, { profileName, source }: AccessContext): unknown {
  if (error instanceof ArtifactError || hasCode(error, 'AbortError')) return error;
  const of = source.kind === 'none' && profileName === 'default' ? '' : ` of profile '${profileName}'`;
  const reason = firstLine(error);
  if (isNetworkFailure(error)) {
    return new ArtifactError('STORE_UNAVAILABLE', `the credentials${of} can't be fetched: ${reason}`, { cause: error });
  }
  if (hasCode(error, 'AccessDenied', 'AccessDeniedException', 'ForbiddenException')) {
    return new ArtifactError('ACCESS_DENIED', `the credentials${of} may not be had: ${reason}`, {
      remedy: "The role's trust policy, or the policies of who assumes it, must allow it.",
      cause: error,
    });
  }
  return new ArtifactError('NO_CREDENTIALS', `there are no usable AWS credentials${of}: ${reason}`, {
    remedy: renewal(source),
    cause: error,
  });
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/\.$/, '');
}

/** Makes a client tell in our words when AWS refuses the credentials. */
function telling<C extends SdkClient>(client: C, source: CredentialSource): C {
  // The stack of any client: only the types of input and output differ.
  (client.middlewareStack as STSClient['middlewareStack']).add(
    (next) => async (input) => {
      try {
        return await next(input);
      } catch (error) {
        throw refusedCredentials(error, source);
      }
    },
    { step: 'initialize', priority: 'high', name: 'tellRefusedCredentials' },
  );
  return client;
}

function refusedCredentials(error: unknown, source: CredentialSource): unknown {
  if (error instanceof ArtifactError || !hasCode(error, ...BAD_CREDENTIALS)) return error;
  const whose =
    source.kind === 'environment'
      ? ' in the environment'
      : source.kind === 'none'
        ? ''
        : ` of profile '${source.profile}'`;
  return new ArtifactError('NO_CREDENTIALS', `AWS refuses the credentials${whose}: ${firstLine(error)}`, {
    remedy: renewal(source),
    cause: error,
  });
}

async function askIdentity(
  config: ClientConfig,
  source: CredentialSource,
  signal: AbortSignal | undefined,
): Promise<Identity> {
  const { GetCallerIdentityCommand, STSClient: Client } = await import('./sts.ts');
  const client = telling(new Client({ ...config }), source);
  try {
    const command = new GetCallerIdentityCommand({});
    const { Account: account = '', Arn: arn = '' } = await client.send(command, signal && { abortSignal: signal });
    return { account, arn, partition: arn.split(':')[1] ?? partitionNamed(config.region) };
  } catch (error) {
    throw connectionProblem(error, 'AWS STS') ?? refusal(error) ?? error;
  }
}

/** Everybody may ask; what may be in the way is an endpoint's policy. */
function refusal(error: unknown): ArtifactError | undefined {
  if (error instanceof ArtifactError || statusOf(error) === undefined) return undefined;
  return new ArtifactError('ACCESS_DENIED', `AWS STS refused GetCallerIdentity: ${firstLine(error)}`, { cause: error });
}

/** What a failure on the way to a service means; `undefined` where the service itself refused. */
export function connectionProblem(error: unknown, service: string): ArtifactError | undefined {
  if (isUnavailable(error)) {
    return new ArtifactError('STORE_UNAVAILABLE', `${service} does not answer: ${firstLine(error)}`, {
      remedy: 'Look at the network and at the endpoint, then run it again.',
      cause: error,
    });
  }
  const problem = endpointProblem(error);
  if (problem === undefined) return undefined;
  const { what, remedy } = problem;
  const message = `the endpoint of ${service} ${what}: ${firstLine(error)}`;
  return new ArtifactError('INVALID_CONFIGURATION', message, { remedy, cause: error });
}

function objectUrl(custom: string | undefined, bucket: string, key: string, region: string): string {
  const base = (custom === undefined || isInVpc(custom) ? undefined : custom) ?? writtenS3(region);
  return `${base.replace(/\/+$/, '')}/${objectPath(bucket, key)}`;
}

/**
 * Whether an endpoint is one of S3 in somebody's VPC, as AWS names it: `https://bucket.vpce-1a2b-5e6f.s3.us-east-1.vpce.amazonaws.com`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
 */
function isInVpc(endpoint: string): boolean {
  return /(?:^|\.)vpce-[a-z0-9-]+\.s3\.[a-z0-9-]+\.vpce\./.test(new URL(endpoint).hostname);
}
