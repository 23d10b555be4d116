import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  $Command,
  PutObjectCommand,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import type { Digest } from '../digest.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { Command, InputOf, Operation, OutputOf } from './s3-commands.ts';
import type { DirectS3 } from './s3-direct.ts';
import type { ContentFailure, S3Call } from './s3-error.ts';
import { explained, isDenied, isUndecided, isWrongRegion, regionTold, statusOf } from './s3-error.ts';
import type { RequestBody } from './s3-request-body.ts';
import { failureOf, wholeOf } from './s3-request-body.ts';

/**
 * What a client of these stores should be made with, beside region, credentials and agents.
 * - Ten attempts: some seconds of network failure, a minute of SlowDown, each with the SDK's jittered backoff.
 * - No checksums but those given: every write here carries a SHA-256 that S3 verifies, and who reads verifies against the digest.
 */
export const s3ClientDefaults: {
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly requestChecksumCalculation: 'WHEN_REQUIRED';
  readonly responseChecksumValidation: 'WHEN_REQUIRED';
} = {
  maxAttempts: 10,
  retryMode: 'standard',
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
};

/** How often an undecided write is asked again before it is CONTENTION: about 5 seconds of waiting at most. */
const CONFLICT_ATTEMPTS = 10;
const CONFLICT_PAUSE_MS = 20;
const CONFLICT_PAUSE_CEILING_MS = 2000;

/**
 * From here on a single PUT asks first (`Expect: 100-continue`), so that one that is refused is not sent in vain, and its answer not lost
 * in a closed connection. As the SDK does; it costs a connection of its own.
 */
const ASK_FIRST_BYTES = 2 * 1024 * 1024;

/** Less than so much is held in memory, and sent at once. */
const DIRECT_BYTES = ASK_FIRST_BYTES;

/** A client of the SDK, or what makes one once it is asked. */
export interface S3Sender {
  send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig>,
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<Output>;
  readonly config: Pick<S3Client['config'], 'region'>;
}

export interface ConnectionOptions {
  readonly client: S3Sender;
  /** Asked before the client. */
  readonly direct?: DirectS3;
  readonly bucket: string;
  /** Twelve digits. S3 then refuses every request if the bucket is not this account's. */
  readonly expectedOwner?: string;
  readonly profile?: string;
  readonly signal?: AbortSignal;
  readonly onRequest?: (operation: string) => void;
}

/** The SDK is loaded by who asks it: others do without. */
async function commandOf<O extends Operation>(operation: O, input: InputOf<O>): Promise<Command<O>> {
  const commands = await import('./s3-commands.ts');
  return commands.commandOf(operation, input);
}

/** One bucket, and how to ask it. */
export class S3Connection {
  /** Stands in every request. */
  readonly target: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  readonly bucket: string;
  readonly owner: string | undefined;
  readonly #client: S3Sender;
  readonly #options: ConnectionOptions;
  #bucketSeen = false;
  #bucketLookedFor: Promise<void> | undefined;
  /** Asked once, when something is denied. */
  #ofAnother: Promise<boolean> | undefined;

  constructor(options: ConnectionOptions) {
    const { client, bucket, expectedOwner } = options;
    this.bucket = bucket;
    this.owner = expectedOwner;
    this.target = { Bucket: bucket, ...(expectedOwner !== undefined && { ExpectedBucketOwner: expectedOwner }) };
    this.#client = client;
    this.#options = options;
  }

  /** Rejects with the SDK's own error: `explained` says what it means. */
  async send<O extends Operation>(
    operation: O,
    input: InputOf<O>,
    ...ends: readonly AbortSignal[]
  ): Promise<OutputOf<O>> {
    this.#options.onRequest?.(operation);
    const asked = await this.#ask(operation, input, this.#signalOf(ends));
    return asked ?? (await this.#sendBySdk(await commandOf(operation, input), ends));
  }

  /** `undefined`: the SDK is to be asked. */
  async #ask<O extends Operation>(
    operation: O,
    input: InputOf<O>,
    signal: AbortSignal | undefined,
    body?: { readonly bytes: Uint8Array; readonly sha256: Digest },
  ): Promise<OutputOf<O> | undefined> {
    const asked = { signal, ...(body !== undefined && { body }) };
    const answer = await this.#options.direct?.ask(operation, input as InputOf<O> & { readonly Bucket: string }, asked);
    return this.#seen(answer as OutputOf<O> | undefined);
  }

  async #sendBySdk<O extends Operation>(command: Command<O>, ends: readonly AbortSignal[]): Promise<OutputOf<O>> {
    const signal = this.#signalOf(ends);
    return this.#seen(await this.#client.send(command, signal && { abortSignal: signal }));
  }

  #signalOf(ends: readonly AbortSignal[]): AbortSignal | undefined {
    const { signal } = this.#options;
    const signals = signal === undefined ? ends : [...ends, signal];
    return signals.length < 2 ? signals[0] : AbortSignal.any([...signals]);
  }

  #seen<T>(answer: T): T {
    if (answer !== undefined) this.#bucketSeen = true;
    return answer;
  }

  /** As `send`, but not interrupted once it is under way: for what must be known to be undone, and for undoing it. */
  async sendWhole<O extends Operation>(operation: O, input: InputOf<O>): Promise<OutputOf<O>> {
    this.#options.onRequest?.(operation);
    return await this.#client.send(await commandOf(operation, input));
  }

  /** As `send`, for what is asked once. @throws what went wrong, explained */
  async answer<O extends Operation>(
    call: Omit<S3Call, 'bucket'> & { readonly operation: O },
    input: InputOf<O>,
  ): Promise<OutputOf<O>> {
    try {
      return await this.send(call.operation, input);
    } catch (error) {
      throw await this.explained(error, call);
    }
  }

  /** @throws whatever the interruption's reason is; `explained` knows it */
  requireUninterrupted(): void {
    this.#options.signal?.throwIfAborted();
  }

  /**
   * Sends a command with a body whose digest is known, and signed with it: S3 verifies it before anything is stored. The SDK retries
   * with a fresh reading each time, which it would not do with a stream. If the body can't be read, the request is torn down, and the
   * rejection is a ContentFailure.
   */
  async sendBody<O extends 'PutObject' | 'UploadPart'>(
    operation: O,
    input: InputOf<O>,
    body: RequestBody,
    { asksFirst }: { readonly asksFirst: boolean },
    ...ends: readonly AbortSignal[]
  ): Promise<OutputOf<O>> {
    this.#options.onRequest?.(operation);
    if (this.#options.direct !== undefined && body.size < DIRECT_BYTES) {
      const signal = this.#signalOf(ends);
      const whole = { bytes: await wholeOf(body, signal), sha256: body.sha256 };
      const answer = await this.#ask(operation, input, signal, whole);
      if (answer !== undefined) return answer;
    }
    const command = await commandOf(operation, input);
    const torn = new AbortController();
    // The stack of any command: only the types of input and output differ.
    const stack = command.middlewareStack as unknown as PutObjectCommand['middlewareStack'];
    let failure: ContentFailure | undefined;
    stack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        headers['x-amz-content-sha256'] = body.sha256;
        if (asksFirst && body.size >= ASK_FIRST_BYTES) headers['expect'] = '100-continue';
        return next(args);
      },
      { step: 'build', name: 'cfnArtifactsBodyHeaders' },
    );
    stack.add(
      (next) => async (args) => {
        const stream = Readable.from(body.read());
        stream.on('error', (error) => {
          failure ??= failureOf(error);
          torn.abort();
        });
        const request: unknown = Object.assign(
          Object.create(Object.getPrototypeOf(args.request) as object),
          args.request,
          { body: stream },
        );
        try {
          return await next({ ...args, request });
        } finally {
          stream.destroy();
        }
      },
      // Innermost, inside the retries.
      { step: 'deserialize', priority: 'low', name: 'cfnArtifactsBody' },
    );
    try {
      return await this.#sendBySdk(command, [torn.signal, ...ends]);
    } catch (error) {
      throw failure ?? error;
    }
  }

  /**
   * Runs a conditional write until it is decided. `decided` says which error codes are answers; a write that S3 could not decide (409) is
   * asked again, and so is one that ends in one of `restarts`.
   */
  async settled<T>(
    call: Omit<S3Call, 'bucket'>,
    decided: Readonly<Record<string, T>>,
    write: (attempt: number) => Promise<T>,
    restarts: readonly string[] = [],
  ): Promise<T> {
    let undecided: unknown;
    for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS; attempt += 1) {
      try {
        return await write(attempt);
      } catch (error) {
        const answer = Object.entries(decided).find(([code]) => hasCode(error, code));
        if (answer !== undefined) return answer[1];
        if (!isUndecided(error) && !hasCode(error, ...restarts)) throw await this.explained(error, call);
        undecided = error;
      }
      await this.#pause(attempt, call);
    }
    const { bucket } = this;
    throw new ArtifactError('CONTENTION', `others write '${bucket}/${call.key ?? ''}' all the time`, {
      remedy: 'Run it again when less is going on.',
      cause: undecided,
    });
  }

  /** What a rejection of `send` means for the user. May ask S3 for more. */
  async explained(error: unknown, call: Omit<S3Call, 'bucket'>): Promise<unknown> {
    const { signal, profile } = this.#options;
    if (signal?.aborted === true && !(error instanceof ArtifactError)) {
      return new ArtifactError('INTERRUPTED', `interrupted while '${this.bucket}' was asked`, { cause: error });
    }
    if (isDenied(error) && (await (this.#ofAnother ??= this.#belongsToAnother()))) {
      return new ArtifactError(
        'WRONG_OWNER',
        `bucket '${this.bucket}' does not belong to account ${this.owner ?? ''}`,
        {
          remedy: 'Somebody else has a bucket of this name. Name one of your own, or the account that owns it.',
          cause: error,
        },
      );
    }
    return explained(error, { ...call, bucket: this.bucket }, profile === undefined ? {} : { profile });
  }

  /**
   * An answer that has no body, to HEAD, does not tell a missing bucket from a missing key. Asks once, if nothing has shown so far that
   * there is a bucket.
   * @throws ArtifactError BUCKET_NOT_FOUND
   */
  async requireBucket(): Promise<void> {
    if (!this.#bucketSeen) await (this.#bucketLookedFor ??= this.#lookForBucket());
  }

  async #lookForBucket(): Promise<void> {
    try {
      await this.send('HeadBucket', this.target);
    } catch (error) {
      if (statusOf(error) === 404) {
        throw await this.explained(Object.assign(error as Error, { name: 'NoSuchBucket' }), {
          operation: 'HeadBucket',
        });
      }
      // Any other refusal is one of a bucket that is there.
    }
    this.#bucketSeen = true;
  }

  /** Full jitter: those who met don't meet again. */
  async #pause(attempt: number, call: Omit<S3Call, 'bucket'>): Promise<void> {
    const longest = Math.min(CONFLICT_PAUSE_MS * 2 ** attempt, CONFLICT_PAUSE_CEILING_MS);
    const { signal } = this.#options;
    try {
      await pause(Math.random() * longest, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw await this.explained(error, call);
    }
  }

  /** S3 answers 403 where the owner is not the expected one, as where access is denied: it differs if no owner is expected. */
  async #belongsToAnother(): Promise<boolean> {
    if (this.owner === undefined) return false;
    const mayHead = async (input: { Bucket: string }): Promise<boolean> => {
      try {
        await this.sendWhole('HeadBucket', input);
        return true;
      } catch {
        return false;
      }
    };
    return !(await mayHead(this.target)) && (await mayHead({ Bucket: this.bucket }));
  }
}

/**
 * Where a bucket is. S3 tells it even to those who may do nothing with the bucket, and who asked in another region.
 * @param owner S3 refuses if the bucket is not this account's
 * @throws ArtifactError BUCKET_NOT_FOUND, WRONG_OWNER, ACCESS_DENIED, NO_CREDENTIALS, STORE_UNAVAILABLE
 */
export async function bucketRegion(
  client: S3Sender,
  bucket: string,
  owner?: string,
  signal?: AbortSignal,
  direct?: DirectS3,
): Promise<string> {
  const connection = connectionTo(client, bucket, owner, signal, direct);
  const call = { operation: 'HeadBucket', actions: ['s3:ListBucket'] };
  try {
    const { BucketRegion } = await connection.send('HeadBucket', connection.target);
    if (BucketRegion !== undefined) return BucketRegion;
  } catch (error) {
    const region = regionTold(error);
    // A refusal for the owner's sake tells the region as well.
    if (region !== undefined && (isWrongRegion(error) || (isDenied(error) && owner === undefined))) return region;
    if (statusOf(error) === 404) Object.assign(error as Error, { name: 'NoSuchBucket' });
    throw await connection.explained(await reasonOf(error, connection), call);
  }
  return await client.config.region();
}

/** The answer to a HEAD has no body: asks something like it to learn why it is refused. */
async function reasonOf(error: unknown, connection: S3Connection): Promise<unknown> {
  const status = statusOf(error);
  if (status !== 400 && status !== 403) return error;
  try {
    await connection.send('GetBucketLocation', connection.target);
    return error;
  } catch (reason) {
    // What is missing is the permission for the HEAD, not for this.
    return isDenied(reason) ? error : reason;
  }
}

/**
 * Whether a bucket keeps versions. Needs s3:GetBucketVersioning.
 * @throws ArtifactError as `bucketRegion`
 */
export async function bucketVersioning(
  client: S3Sender,
  bucket: string,
  owner?: string,
  signal?: AbortSignal,
): Promise<'Enabled' | 'Suspended' | 'Off'> {
  const connection = connectionTo(client, bucket, owner, signal);
  try {
    const { Status } = await connection.send('GetBucketVersioning', connection.target);
    return Status ?? 'Off';
  } catch (error) {
    throw await connection.explained(error, { operation: 'GetBucketVersioning' });
  }
}

/**
 * The bucket's policy, in JSON; `undefined` where it has none. Needs s3:GetBucketPolicy.
 * @throws ArtifactError as `bucketRegion`
 */
export async function bucketPolicy(
  client: S3Sender,
  bucket: string,
  owner?: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const connection = connectionTo(client, bucket, owner, signal);
  try {
    const { Policy } = await connection.send('GetBucketPolicy', connection.target);
    return Policy;
  } catch (error) {
    if (hasCode(error, 'NoSuchBucketPolicy')) return undefined;
    throw await connection.explained(error, { operation: 'GetBucketPolicy' });
  }
}

/**
 * The KMS key with which the bucket encrypts what comes; `undefined` where it does so with keys of S3. Needs s3:GetEncryptionConfiguration.
 * @throws ArtifactError as `bucketRegion`
 */
export async function bucketKmsKey(
  client: S3Sender,
  bucket: string,
  owner?: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const connection = connectionTo(client, bucket, owner, signal);
  const call = { operation: 'GetBucketEncryption', actions: ['s3:GetEncryptionConfiguration'] } as const;
  try {
    const { ServerSideEncryptionConfiguration: found } = await connection.send(call.operation, connection.target);
    return found?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
  } catch (error) {
    if (hasCode(error, 'ServerSideEncryptionConfigurationNotFoundError')) return undefined;
    throw await connection.explained(error, call);
  }
}

function connectionTo(
  client: S3Sender,
  bucket: string,
  owner: string | undefined,
  signal: AbortSignal | undefined,
  direct?: DirectS3,
): S3Connection {
  return new S3Connection({
    ...{ client, bucket },
    ...(direct !== undefined && { direct }),
    ...(owner !== undefined && { expectedOwner: owner }),
    ...(signal !== undefined && { signal }),
  });
}
