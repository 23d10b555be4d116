import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { ArtifactError, parseRepository } from '../../repository/index.ts';
import { refuse } from '../../repository/error.ts';
import { DEFAULT_REPOSITORY } from '../../repository/name.ts';
import { nearest } from '../../repository/nearest.ts';
import { isEndpointUrl } from '../aws/profile.ts';
import type { Environment } from '../environment.ts';
import type { PackagerEvent, Reporter, Warning } from '../event.ts';
import type { DomainOption } from '../opening/domain-option.ts';
import { parseDomain } from '../opening/domain-option.ts';
import type { OpenOptions } from '../opening/opening.ts';
import type { Surroundings } from '../opening/surroundings.ts';

/** What every call takes. All of it has the meaning that the command's option of the same name has, `--cache-folder` excepted, which is a variable there. */
export interface CommonOptions {
  /** Paths are relative to it. @default the working directory of the process */
  readonly cwd?: string;
  /** In the place of the environment of the process: credentials, Regions and proxies are found in it as by the AWS CLI. @default process.env */
  readonly env?: Environment;
  /** Ends the call, which then throws an ArtifactError INTERRUPTED. Nothing that was published by then is half there. */
  readonly signal?: AbortSignal;
  /** Where what may be lost is kept between calls; `false`: nowhere. @default as of the command: `CFN_ARTIFACTS_CACHE`, else a folder of the user */
  readonly cacheFolder?: string | false;
}

/** Which domain is meant, and how AWS is reached. */
export interface DomainOptions extends CommonOptions {
  /** `file:DIRECTORY` or `s3://BUCKET`. @default the domain of the account in the Region, which must be there */
  readonly domain?: string;
  /** The account that must own the bucket, twelve digits. @default that of the credentials */
  readonly domainOwner?: string;
  /** @default 'default' */
  readonly repository?: string;
  readonly region?: string;
  /** Of `~/.aws/config` and `~/.aws/credentials`. */
  readonly profile?: string;
  /** In the place of AWS's own endpoints. */
  readonly endpointUrl?: string;
  /** @default true */
  readonly verifySsl?: boolean;
  /** A file of certificates in PEM. */
  readonly caBundle?: string;
}

/** The names of options, in full: who writes one that is none of them hears of it, although no compiler told. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

export const DOMAIN_OPTIONS: OptionNames<DomainOptions> = {
  ...{ cwd: true, env: true, signal: true, cacheFolder: true },
  ...{ domain: true, domainOwner: true, repository: true },
  ...{ region: true, profile: true, endpointUrl: true, verifySsl: true, caBundle: true },
};

/** Of what writes. */
export interface TellingOptions {
  /** Told what happens as it happens. What it throws ends the call. */
  readonly reporter?: (event: PackagerEvent) => void;
}

/** A call under way. */
export interface Call {
  readonly surroundings: Surroundings;
  readonly reporter: Reporter;
  /** Each once, in the order in which they were found. */
  readonly warnings: () => readonly Warning[];
}

/** Carries a call out. @throws what `carryOut` does, and ArtifactError INTERRUPTED in the place of the signal's reason */
export async function called<T>(
  options: CommonOptions & TellingOptions,
  carryOut: (call: Call) => Promise<T>,
): Promise<T> {
  const { cwd = process.cwd(), env = process.env, signal, reporter } = options;
  const ending = new AbortController();
  // Every request under way listens to it.
  setMaxListeners(0, ending.signal);
  const end = (): void => {
    ending.abort(new ArtifactError('INTERRUPTED', 'interrupted', { cause: signal?.reason }));
  };
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  const warnings = new Map<string, Warning>();
  const call: Call = {
    surroundings: {
      cwd: path.resolve(cwd),
      env: { ...env, ...cacheOf(options, cwd) },
      signal: ending.signal,
      // Nothing is made that nobody asked for.
      note: () => undefined,
    },
    reporter: (event) => {
      if (event.kind === 'warning') warnings.set(JSON.stringify(event.warning), event.warning);
      reporter?.(event);
    },
    warnings: () => [...warnings.values()],
  };
  try {
    ending.signal.throwIfAborted();
    return await carryOut(call);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

function cacheOf({ cacheFolder }: CommonOptions, cwd: string): Environment {
  if (cacheFolder === undefined) return {};
  return { CFN_ARTIFACTS_CACHE: cacheFolder === false ? 'off' : path.resolve(cwd, cacheFolder) };
}

/** Collects what is wrong with options, to tell it at once. */
export class OptionCheck {
  readonly #problems: ArtifactError[] = [];

  /** What is called otherwise is an error: it would count for nothing, and nobody would know. */
  names<Options extends object>(given: Options, names: OptionNames<Options>): void {
    const known = Object.keys(names);
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined || known.includes(name)) continue;
      const meant = nearest(name, known);
      const remedy = meant === undefined ? `The options are ${known.join(', ')}.` : `Did you mean '${meant}'?`;
      this.#problems.push(invalid(`'${name}' is no option of this call`, remedy));
    }
  }

  /** What `read` makes of an option that is given; its error is told of the option. */
  read<T, R>(name: string, given: T | undefined, read: (given: T) => R): R | undefined {
    if (given === undefined) return undefined;
    try {
      return read(given);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      const { code, message, remedy } = error;
      const told = message.startsWith('must ') ? `'${name}' ${message}` : message;
      this.#problems.push(new ArtifactError(code, told, { ...(remedy !== undefined && { remedy }), cause: error }));
      return undefined;
    }
  }

  /** What `read` makes of each; whoever has no types gives one text for a list, which is one of letters then. */
  each(name: string, given: readonly string[] | undefined, read: (one: string) => unknown): void {
    this.read(name, given, (all) => {
      if (!Array.isArray(all) || all.some((one) => typeof one !== 'string')) throw invalid('must be a list of texts');
    });
    if (Array.isArray(given)) for (const one of given) if (typeof one === 'string') this.read(name, one, read);
  }

  /** @param rule goes on after `must be` */
  matches(name: string, given: string | undefined, pattern: RegExp, rule: string): void {
    this.read(name, given, (text) => {
      if (typeof text !== 'string' || !pattern.test(text)) throw invalid(`must be ${rule}, not '${text}'`);
    });
  }

  /** Options that exclude each other. */
  oneOf(given: Readonly<Record<string, unknown>>, remedy: string): void {
    const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`'${name}'`]));
    if (names.length > 1) this.#problems.push(invalid(`${names.join(' and ')} exclude each other`, remedy));
  }

  /** @throws ArtifactErrors with everything that is wrong */
  done(): void {
    refuse(this.#problems);
  }
}

export function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, remedy === undefined ? {} : { remedy });
}

/** To be spread into what a command would be told. Problems are left with `check`. */
export function domainOptions(
  options: DomainOptions,
  check: OptionCheck,
): OpenOptions & { readonly repository: string; readonly domain?: DomainOption } {
  const { domainOwner, repository = DEFAULT_REPOSITORY, region, profile, endpointUrl, caBundle } = options;
  const domain = check.read('domain', options.domain, parseDomain);
  check.matches('domainOwner', domainOwner, /^[0-9]{12}$/, "an account's twelve digits");
  check.matches('region', region, /^[A-Za-z0-9-]+$/, "a Region like 'eu-west-1'");
  check.read('repository', repository, parseRepository);
  check.read('endpointUrl', endpointUrl, (url) => {
    if (!isEndpointUrl(url)) throw invalid(`must be a URL with http or https, not '${url}'`);
  });
  return {
    ...{ repository, verifySsl: options.verifySsl ?? true },
    ...(domain !== undefined && { domain }),
    ...(domainOwner !== undefined && { domainOwner }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpointUrl !== undefined && { endpointUrl }),
    ...(caBundle !== undefined && { caBundle }),
  };
}
