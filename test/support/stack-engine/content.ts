import { ResourceError } from './error.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Value } from './value.ts';
import { at, textOf } from './value.ts';

export interface Location {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

/** The store as a consumer sees it: the bytes, or `undefined` where there are none. An error with a `code` (`AccessDenied`) is the consumer's failure. */
export type Read = (location: Location) => Promise<Uint8Array | undefined>;

/** The bytes, or what S3 says instead. */
type Found = Uint8Array | { readonly code: string; readonly message: string };

/** Reads at the moment that the scheduler chooses. */
export class ContentReader {
  readonly #read: Read;
  readonly #scheduler: Scheduler;
  readonly #random: Random;

  constructor(read: Read, scheduler: Scheduler, random: Random) {
    this.#read = read;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  async bytes(location: Location): Promise<Found> {
    await this.#scheduler.turn();
    return this.#found(location);
  }

  async #found(location: Location): Promise<Found> {
    try {
      const bytes = await this.#scheduler.outside(this.#read(location));
      return bytes ?? { code: 'NoSuchKey', message: 'The specified key does not exist.' };
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      return { code, message: error instanceof Error ? error.message : code };
    }
  }

  /** As Lambda reads code and layers, `now` within a run of its own; its message is what `aws cloudformation` users know. */
  async lambda(location: Location, when?: 'now'): Promise<Uint8Array> {
    const found = when === 'now' ? await this.#found(location) : await this.bytes(location);
    if (!('code' in found)) return found;
    const request = this.#random.uuid();
    throw new ResourceError(
      `Resource handler returned message: "Error occurred while GetObject. S3 Error Code: ${found.code}. S3 Error Message: ${found.message} ` +
        `(Service: Lambda, Status Code: 400, Request ID: ${request}) (SDK Attempt Count: 1)" ` +
        `(RequestToken: ${this.#random.uuid()}, HandlerErrorCode: InvalidRequest)`,
    );
  }

  /** As resource handlers read definitions themselves. */
  async definition(location: Location, service: string): Promise<Uint8Array> {
    const found = await this.bytes(location);
    if (!('code' in found)) return found;
    throw new ResourceError(
      `Resource handler returned message: "Unable to get ${service} definition from S3: ${found.message} (Service: S3, Status Code: 404, ` +
        `Error Code: ${found.code})" (RequestToken: ${this.#random.uuid()}, HandlerErrorCode: InvalidRequest)`,
    );
  }

  /** As CloudFormation reads a nested template; `now`: at once, as it does within a request. */
  async template(url: string, when?: 'now'): Promise<string> {
    const location = locationOfUrl(url);
    const found = when === 'now' ? await this.#found(location) : await this.bytes(location);
    if ('code' in found) {
      throw new ResourceError(
        `S3 error: ${found.message}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html`,
      );
    }
    return new TextDecoder().decode(found);
  }
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** The location that a property holds under these names; `undefined` where it holds none. */
export function locationIn(value: Value, bucket: string, key: string, version: string): Location | undefined {
  const [bucketName, keyName, versionId] = [bucket, key, version].map((name) => textOf(at(value, name)));
  if (bucketName === undefined || keyName === undefined) return undefined;
  return { bucket: bucketName, key: keyName, ...(versionId !== undefined && { version: versionId }) };
}

/** `s3://bucket/key`, and path-style and virtual-hosted URLs. */
export function locationOfUrl(url: string): Location {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) throw new ResourceError('TemplateURL must be a supported URL.');
  const path = decodeURIComponent(parsed.pathname.slice(1));
  const version = parsed.searchParams.get('versionId') ?? undefined;
  const inVersion = version === undefined ? {} : { version };
  if (parsed.protocol === 's3:') return { bucket: parsed.hostname, key: path, ...inVersion };
  const virtual = /^(?<bucket>.+)\.s3[.-]/.exec(parsed.hostname)?.groups?.['bucket'];
  if (virtual !== undefined) return { bucket: virtual, key: path, ...inVersion };
  const slash = path.indexOf('/');
  if (slash < 1) throw new ResourceError('TemplateURL must be a supported URL.');
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), ...inVersion };
}
