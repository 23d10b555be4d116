import type { BinaryLike } from 'node:crypto';
import { createHash, createHmac } from 'node:crypto';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Checksum, SourceData } from '@smithy/types';
import { s3ClientDefaults } from '../../repository/stores/s3-connection.ts';
import type { DirectConfig } from '../../repository/stores/s3-direct.ts';
import type { ClientConfig } from './client-config.ts';
import { regionalS3 } from './partition.ts';
import { userAgent } from './user-agent.ts';

/**
 * What a client of S3 that is made with these settings would have, for requests without it: to load the SDK takes longer than most of what a repeated run does.
 * Knows the endpoints that nearly everybody uses, and throws where others are asked for.
 * @param clockOffset by how many milliseconds S3's clock is ahead, as far as that was seen
 */
export function directConfig(settings: ClientConfig, forcePathStyle: boolean, clockOffset: () => number): DirectConfig {
  const { region, endpoint, retryMode, maxAttempts = s3ClientDefaults.maxAttempts } = settings;
  const { credentials, userAgentAppId, useFipsEndpoint, useDualstackEndpoint } = settings;
  const of =
    <T>(value: T) =>
    async (): Promise<T> =>
      value;
  return {
    ...{ bucketEndpoint: false, ignoreConfiguredEndpointUrls: true, isCustomEndpoint: endpoint !== undefined },
    ...{ forcePathStyle, useAccelerateEndpoint: false, useGlobalEndpoint: of(false) },
    ...{ useFipsEndpoint: of(useFipsEndpoint), useDualstackEndpoint: of(useDualstackEndpoint) },
    ...{ region: of(region), retryMode: of(retryMode), maxAttempts: of(maxAttempts) },
    responseChecksumValidation: of('WHEN_REQUIRED' as const),
    ...(endpoint !== undefined && { endpoint: async () => addressIn(endpoint) }),
    endpointProvider,
    requestHandler: new NodeHttpHandler(settings.requestHandler),
    signer: async ({ signingRegion }) =>
      new SignatureV4({ credentials, region: signingRegion, service: 's3', sha256: Sha256, uriEscapePath: false }),
    defaultUserAgentProvider: async () => userAgent(),
    userAgentAppId,
    get systemClockOffset() {
      return clockOffset();
    },
  };
}

type Address = Awaited<ReturnType<NonNullable<DirectConfig['endpoint']>>>;

/** @throws TypeError where it is none */
function addressIn(endpoint: string): Address {
  const { protocol, hostname, port, pathname, search } = new URL(endpoint);
  if (search !== '') throw new TypeError('an endpoint has no query');
  return { protocol, hostname, path: pathname, ...(port !== '' && { port: Number(port) }) };
}

/** Of the rules of the SDK those for a bucket in a Region, and for one on a server of another name. https://docs.aws.amazon.com/general/latest/gr/s3.html */
const endpointProvider: DirectConfig['endpointProvider'] = (asked) => {
  const { Bucket: bucket = '', Region: region = '', Endpoint: endpoint, ForcePathStyle: inPath } = asked;
  if (asked.UseFIPS || asked.UseDualStack || asked.Accelerate || asked.UseGlobalEndpoint)
    throw unknownTo('it is special');
  // Directory buckets, Outposts and whatever else has a name with an ending.
  if (bucket.includes('--') || !REGION.test(region)) throw unknownTo(`${bucket} in ${region}`);
  if (endpoint !== undefined && !inPath) throw unknownTo('a host for each bucket on a server of another name');
  const base = endpoint ?? regionalS3(region);
  const isHost = endpoint === undefined && !inPath && !bucket.includes('.');
  const url = isHost ? base.replace('://', `://${bucket}.`) : `${base.replace(/\/+$/, '')}/${bucket}`;
  return {
    url: new URL(url),
    properties: { authSchemes: [{ name: 'sigv4', signingName: 's3', signingRegion: region, properties: {} }] },
  };
};

/** Of a Region that has its own endpoint. */
const REGION = /^(?!fips-)[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;

function unknownTo(what: string): Error {
  return new Error(`the SDK knows the endpoint: ${what}`);
}

/** As the signer wants it. */
class Sha256 implements Checksum {
  #hash;
  readonly #secret: BinaryLike | undefined;

  constructor(secret?: SourceData) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
    this.#hash = this.#begun();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begun();
  }

  #begun() {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: SourceData): BinaryLike {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
