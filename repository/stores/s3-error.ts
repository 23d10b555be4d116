import { ArtifactError, hasCode } from '../error.ts';

/** What was asked of S3 when it failed. */
export interface S3Call {
  /** As the API reference names it: `PutObject`. */
  readonly operation: string;
  readonly bucket: string;
  readonly key?: string;
  /** What the caller must be allowed, where it is not `s3:` and the operation's name. */
  readonly actions?: readonly string[];
}

/** Whose credentials, for the remedies. */
export interface S3Caller {
  /** The profile of the AWS configuration that they came from. */
  readonly profile?: string;
}

/** An error of the AWS SDK, as far as it tells. Asked for its fields, never for its class. */
export interface AwsFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** Of a redirect, where S3 says it in the body. */
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Bytes to send that could not be read: the error is their own, whatever its code looks like. */
export class ContentFailure extends Error {
  constructor(cause: unknown) {
    super('the content cannot be read', { cause });
    this.name = 'ContentFailure';
  }
}

/** What is copied in parts is no longer what it was at the first of them. */
export class SourceMoved extends Error {
  constructor(cause: unknown) {
    super('the source of a copy was replaced', { cause });
    this.name = 'SourceMoved';
  }
}

const CREDENTIAL_CODES: readonly string[] = [
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSecurity',
  'MissingAuthenticationToken',
  'NotSignedUp',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
];

const NETWORK_CODES: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'TimeoutError',
];

const THROTTLING_CODES: readonly string[] = [
  'RequestLimitExceeded',
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
];

/** What is wrong with an endpoint, and what to do about it. */
export interface EndpointProblem {
  readonly what: string;
  readonly remedy: string;
}

/** By Node.js', OpenSSL's and the SDK's names for it; the first that fits. */
const ENDPOINT_PROBLEMS: readonly (EndpointProblem & { readonly codes: RegExp })[] = [
  {
    codes: /ALTNAME/,
    what: 'has the certificate of another host',
    remedy: 'Look at its URL, and at what stands between here and it.',
  },
  {
    codes: /CERT|^UNABLE_TO_/,
    what: 'has a certificate that is not trusted',
    remedy: 'Name the certificate authority of your network with --ca-bundle or in AWS_CA_BUNDLE.',
  },
  {
    codes: /^EPROTO$|^HPE_/,
    what: 'speaks another protocol',
    remedy: 'Look at its URL: http:// or https://.',
  },
  { codes: /^EndpointError$/, what: 'does not go with what else is set', remedy: 'Leave out one of the two.' },
];

const WRONG_REGION_CODES: readonly string[] = [
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
  'TemporaryRedirect',
];

/** The HTTP status; `undefined` where no answer came. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<AwsFailure> | undefined)?.$metadata?.httpStatusCode;
}

/** S3 can't say whether the write took place: another one was under way. It has to be asked again. */
export function isUndecided(error: unknown): boolean {
  return hasCode(error, 'ConditionalRequestConflict', 'OperationAborted');
}

/** No answer came: nobody knows whether the request was carried out. */
export function isNetworkFailure(error: unknown): boolean {
  return hasCode(error, ...NETWORK_CODES);
}

/** The service can't be reached, or can't answer now: the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  const status = statusOf(error);
  if (status === 501) return false;
  return isNetworkFailure(error) || hasCode(error, ...THROTTLING_CODES) || (status ?? 0) >= 500 || status === 429;
}

/** Refused for what the caller may do, not for who they are. */
export function isDenied(error: unknown): boolean {
  return statusOf(error) === 403 && !hasCode(error, ...CREDENTIAL_CODES, 'RequestTimeTooSkewed');
}

/** The bucket is in another region than the one that was asked, or that the request was signed for. */
export function isWrongRegion(error: unknown): boolean {
  return hasCode(error, ...WRONG_REGION_CODES) || statusOf(error) === 301 || statusOf(error) === 307;
}

/** The region that an answer of S3 names as the bucket's, errors included. */
export function regionTold(error: unknown): string | undefined {
  const failure = error as Partial<AwsFailure> | undefined;
  return failure?.$response?.headers?.['x-amz-bucket-region'] ?? failure?.Region;
}

/**
 * What an error of an AWS client means for the user; what is not recognised (a defect, a failure of the content) comes back as it
 * is. Other clients' errors are understood too: of STS, say.
 */
export function explained(error: unknown, call: S3Call, caller: S3Caller = {}): unknown {
  if (error instanceof ContentFailure) return error.cause;
  if (error instanceof ArtifactError || typeof error !== 'object' || error === null) return error;
  return credentialProblem(error, caller) ?? connectionProblem(error, call) ?? refusal(error, call) ?? error;
}

/** Of any AWS client's error: `undefined` where it is not about credentials. */
export function credentialProblem(error: unknown, { profile }: S3Caller = {}): ArtifactError | undefined {
  if (!hasCode(error, ...CREDENTIAL_CODES)) return undefined;
  const failure = error as AwsFailure;
  const option = profile === undefined ? '' : ` --profile ${profile}`;
  const login = `Sign in again with 'aws sso login${option}', or renew the temporary credentials that the environment holds.`;
  const remedies: Readonly<Record<string, string>> = {
    CredentialsProviderError: /sso/i.test(failure.message)
      ? `Run 'aws sso login${option}'.`
      : `Run 'aws configure${option}' or 'aws sso login${option}', or name a profile with --profile or AWS_PROFILE.`,
    TokenProviderError: `Run 'aws sso login${option}'.`,
    InvalidAccessKeyId: `The access key is of no account here: look at 'aws configure list${option}', and at AWS_ACCESS_KEY_ID.`,
    SignatureDoesNotMatch: `The secret key does not belong to the access key: look at 'aws configure list${option}', and at AWS_SECRET_ACCESS_KEY.`,
  };
  return new ArtifactError('NO_CREDENTIALS', `no valid AWS credentials: ${told(failure)}`, {
    remedy: remedies[failure.name] ?? login,
    cause: error,
  });
}

/** Of any AWS client's error: `undefined` where it is not about the endpoint. */
export function endpointProblem(error: unknown): EndpointProblem | undefined {
  const { name = '', code = '' } = error as Partial<AwsFailure>;
  return ENDPOINT_PROBLEMS.find(({ codes }) => codes.test(name) || codes.test(code));
}

function connectionProblem(error: object, call: S3Call): ArtifactError | undefined {
  const failure = error as AwsFailure;
  const subject = nameOf(call);
  const endpoint = endpointProblem(error);
  if (endpoint !== undefined) {
    const { what, remedy } = endpoint;
    const message = `the endpoint for '${subject}' ${what}: ${told(failure)}`;
    return new ArtifactError('INVALID_CONFIGURATION', message, { remedy, cause: error });
  }
  if (hasCode(error, 'RequestTimeTooSkewed')) {
    return new ArtifactError('INVALID_CONFIGURATION', `the clock of this machine is wrong: ${told(failure)}`, {
      remedy: 'Set the clock; AWS allows a difference of 15 minutes.',
      cause: error,
    });
  }
  if (isUnavailable(error)) {
    return new ArtifactError(
      'STORE_UNAVAILABLE',
      `S3 did not answer ${call.operation} of '${subject}': ${told(failure)}`,
      {
        remedy: 'Look at the network and at the endpoint, then run it again: what is done is not done twice.',
        cause: error,
      },
    );
  }
  return undefined;
}

function refusal(error: object, call: S3Call): ArtifactError | undefined {
  const failure = error as AwsFailure;
  const { bucket } = call;
  const subject = nameOf(call);
  const make = (code: ArtifactError['code'], message: string, remedy?: string): ArtifactError =>
    new ArtifactError(code, message, { cause: error, ...(remedy !== undefined && { remedy }) });
  if (hasCode(error, 'NoSuchBucket')) {
    return make(
      'BUCKET_NOT_FOUND',
      `there is no bucket '${bucket}': ${told(failure)}`,
      `Create it with 'aws s3 mb s3://${bucket}', or name another one.`,
    );
  }
  if (isWrongRegion(error)) {
    const region = regionTold(error);
    return region === undefined
      ? make(
          'INVALID_CONFIGURATION',
          `bucket '${bucket}' is in another region: ${told(failure)}`,
          "Name the bucket's region with --region.",
        )
      : make(
          'INVALID_CONFIGURATION',
          `bucket '${bucket}' is in region '${region}': ${told(failure)}`,
          `Run it with --region ${region}.`,
        );
  }
  if (isDenied(error)) {
    const actions = deniedAction(failure) ?? actionsOf(call).join(' and ');
    const [on, its] = actions.startsWith('kms:') ? ['the KMS key', 'the key'] : [`s3://${subject}`, 'the bucket'];
    return make(
      'ACCESS_DENIED',
      `access to '${subject}' is denied, ${actions} is needed: ${told(failure)}`,
      `Allow ${actions} on ${on} in the policies of these credentials and of ${its}, or use others.`,
    );
  }
  if (hasCode(error, 'BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest')) {
    return make(
      'DIGEST_MISMATCH',
      `the content for '${subject}' is not what was announced: ${told(failure)}`,
      'Nothing was stored. Something changed the content while it was read: run it again.',
    );
  }
  if (hasCode(error, 'KeyTooLongError'))
    return make('INVALID_KEY', `the object key '${call.key ?? ''}' is too long: ${told(failure)}`);
  if (hasCode(error, 'NotImplemented') || statusOf(error) === 501) {
    return make(
      'UNSUPPORTED_STORE',
      `the store of bucket '${bucket}' lacks ${call.operation} as it is needed: ${told(failure)}`,
      'It must have conditional writes as Amazon S3 has them.',
    );
  }
  if (failure.name.startsWith('KMS.')) {
    return make(
      'INVALID_CONFIGURATION',
      `the KMS key for '${subject}' cannot be used: ${told(failure)}`,
      'Look at the key: its state, region and policy.',
    );
  }
  if (statusOf(error) === undefined) return undefined;
  return make('INVALID_ARGUMENT', `S3 refused ${call.operation} of '${subject}': ${told(failure)}`);
}

/** S3's own words with its code and the number under which AWS's support finds the request. */
function told({ name, message, code, $metadata }: AwsFailure): string {
  const words = message === '' || message === 'UnknownError' ? undefined : message.trim().replace(/\.$/, '');
  const status = $metadata?.httpStatusCode;
  const label =
    name === 'Error' || name === 'Unknown' ? (code ?? (status === undefined ? name : `status ${status}`)) : name;
  const request = $metadata?.requestId;
  const facts = [label, ...(request === undefined ? [] : [`request ID ${request}`])].join(', ');
  return words === undefined ? facts : `${words} (${facts})`;
}

/** Where S3 says itself what was missing, it is a KMS action at times. */
function deniedAction({ message }: AwsFailure): string | undefined {
  return /not authorized to perform: (?<action>[a-z0-9-]+:\w+)/.exec(message)?.groups?.['action'];
}

function actionsOf({ operation, actions }: S3Call): readonly string[] {
  return actions ?? [`s3:${operation}`];
}

function nameOf({ bucket, key }: S3Call): string {
  return key === undefined ? bucket : `${bucket}/${key}`;
}

/** 405: the version asked for is a delete marker. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'NoSuchKey', 'NotFound', 'NoSuchVersion', 'MethodNotAllowed');
}
