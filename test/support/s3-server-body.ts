import type { IncomingHttpHeaders } from 'node:http';
import { headerText } from './s3-server-auth.ts';
import type { ChecksumAlgorithm, Digests, Spool, StoredBytes } from './s3-server-bytes.ts';
import { CHECKSUM_ALGORITHMS, CHECKSUM_BYTES, Digester } from './s3-server-bytes.ts';
import { S3Error } from './s3-server-error.ts';

/** A request's body, whole and verified against everything that the request says of it. */
export interface ReceivedBody {
  readonly bytes: StoredBytes;
  readonly digests: Digests;
  /** The one checksum that came with it, in a header or a trailer. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

interface Announcement {
  /** Bytes, after decoding. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  readonly payloadHash: string | undefined;
  readonly contentMd5: Buffer | undefined;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Buffer } | undefined;
  /** Announced as a trailer; its value comes behind the last chunk. */
  readonly trailer: ChecksumAlgorithm | undefined;
}

/**
 * Reads and keeps a body.
 * @throws S3Error BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, InvalidDigest, InvalidRequest as S3 does
 */
export async function receiveBody(
  source: AsyncIterable<Uint8Array>,
  headers: IncomingHttpHeaders,
  spool: Spool,
): Promise<ReceivedBody> {
  const announced = announcement(headers);
  const algorithm = announced.checksum?.algorithm ?? announced.trailer;
  const digester = new Digester(algorithm === undefined ? [] : [algorithm]);
  const trailers = new Map<string, string>();
  const decoded = announced.chunked ? decodeChunks(source, trailers) : source;
  const bytes = await spool.store(hashed(decoded, digester));
  try {
    const digests = digester.digest();
    verify(announced, bytes.size, digests, trailers);
    const digest = algorithm === undefined ? undefined : digests.checksums.get(algorithm);
    return {
      bytes,
      digests,
      checksum: algorithm === undefined || digest === undefined ? undefined : { algorithm, digest },
    };
  } catch (error) {
    bytes.release();
    throw error;
  }
}

/** The checksum algorithm that a request names in a header, which for a multipart upload's beginning has no value. */
export function algorithmNamed(text: string | undefined): ChecksumAlgorithm | undefined {
  if (text === undefined) return undefined;
  const found = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === text.toUpperCase());
  if (found === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  }
  return found;
}

function announcement(headers: IncomingHttpHeaders): Announcement {
  const payload = headerText(headers, 'x-amz-content-sha256');
  const chunked =
    payload?.startsWith('STREAMING-') === true ||
    (headerText(headers, 'content-encoding') ?? '').split(',').some((one) => one.trim() === 'aws-chunked');
  const length = headerText(headers, chunked ? 'x-amz-decoded-content-length' : 'content-length');
  const checksum = checksumHeader(headers);
  const trailer = headerText(headers, 'x-amz-trailer');
  const algorithm = algorithmNamed(headerText(headers, 'x-amz-sdk-checksum-algorithm'));
  if (algorithm !== undefined && checksum === undefined && trailer === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return {
    length: length === undefined ? undefined : Number(length),
    chunked,
    payloadHash: payload !== undefined && /^[0-9a-f]{64}$/.test(payload) ? payload : undefined,
    contentMd5: digestHeader(headers, 'content-md5', 16),
    checksum,
    trailer: trailer === undefined ? undefined : algorithmNamed(trailer.trim().replace(/^x-amz-checksum-/, '')),
  };
}

function checksumHeader(headers: IncomingHttpHeaders): Announcement['checksum'] {
  const named = CHECKSUM_ALGORITHMS.filter((one) => headers[`x-amz-checksum-${one.toLowerCase()}`] !== undefined);
  const [algorithm] = named;
  if (algorithm === undefined) return undefined;
  if (named.length > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  const value = headerText(headers, `x-amz-checksum-${algorithm.toLowerCase()}`) ?? '';
  // A multipart upload's Complete names the checksum of its parts' checksums: `value-N`.
  return { algorithm, value: checksumValue(value.replace(/-\d+$/, ''), algorithm) };
}

function checksumValue(base64: string, algorithm: ChecksumAlgorithm): Buffer {
  const value = Buffer.from(base64, 'base64');
  if (value.length !== CHECKSUM_BYTES[algorithm] || value.toString('base64') !== base64) {
    throw new S3Error('InvalidRequest', `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  }
  return value;
}

function digestHeader(headers: IncomingHttpHeaders, name: string, bytes: number): Buffer | undefined {
  const text = headerText(headers, name);
  if (text === undefined) return undefined;
  const value = Buffer.from(text, 'base64');
  if (value.length !== bytes) throw new S3Error('InvalidDigest');
  return value;
}

async function* hashed(body: AsyncIterable<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    digester.update(piece);
    yield piece;
  }
}

function verify(announced: Announcement, size: number, digests: Digests, trailers: ReadonlyMap<string, string>): void {
  if (announced.length !== undefined && announced.length !== size) throw new S3Error('IncompleteBody');
  const sha256 = digests.checksums.get('SHA256');
  if (announced.payloadHash !== undefined && announced.payloadHash !== sha256?.toString('hex')) {
    throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
      details: {
        ClientComputedContentSHA256: announced.payloadHash,
        S3ComputedContentSHA256: sha256?.toString('hex') ?? '',
      },
    });
  }
  if (announced.contentMd5 !== undefined && !announced.contentMd5.equals(digests.md5)) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const { checksum, trailer } = announced;
  const expected = checksum ?? (trailer === undefined ? undefined : trailing(trailer, trailers));
  if (expected !== undefined && digests.checksums.get(expected.algorithm)?.equals(expected.value) !== true) {
    throw new S3Error('BadDigest', `The ${expected.algorithm} you specified did not match the calculated checksum.`);
  }
}

function trailing(algorithm: ChecksumAlgorithm, trailers: ReadonlyMap<string, string>): Announcement['checksum'] {
  const value = trailers.get(`x-amz-checksum-${algorithm.toLowerCase()}`);
  if (value === undefined)
    throw new S3Error('InvalidRequest', 'The request is missing the trailer that x-amz-trailer announces');
  return { algorithm, value: checksumValue(value, algorithm) };
}

/** `aws-chunked`: `SIZE[;chunk-signature=…]CRLF data CRLF … 0 CRLF trailers CRLF`. */
async function* decodeChunks(
  source: AsyncIterable<Uint8Array>,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array> {
  const reader = new LineReader(source);
  for (;;) {
    const header = await reader.line();
    const size = header === undefined ? Number.NaN : Number.parseInt(header.split(';', 1)[0] ?? '', 16);
    if (Number.isNaN(size)) throw new S3Error('IncompleteBody');
    if (size === 0) break;
    yield* reader.bytes(size);
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody');
  }
  for (let line = await reader.line(); line !== undefined && line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

class LineReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      if (!(await this.#fill())) {
        const line = this.#rest.length === 0 ? undefined : this.#rest.toString('latin1');
        this.#rest = Buffer.alloc(0);
        return line;
      }
    }
  }

  async *bytes(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#fill())) throw new S3Error('IncompleteBody');
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}
