import type { Readable } from 'node:stream';
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { ArtifactError, hasCode } from '../error.ts';
import type { ObjectKey } from '../object-store.ts';
import type { S3Connection } from './s3-connection.ts';
import type { S3Call } from './s3-error.ts';
import { isAbsent, isNetworkFailure } from './s3-error.ts';

/** A body that breaks off is read on from there, so many times. */
const RESUMPTIONS = 5;

type StoreCall = Omit<S3Call, 'bucket'>;

/** What is read, and nothing else. */
export type ExactVersion =
  { readonly VersionId: string } | { readonly IfMatch: string } | Readonly<Record<string, never>>;

/** Bytes of the object, also where the answer has a part of it. */
export function wholeSize({
  ContentLength = 0,
  ContentRange,
}: Pick<GetObjectCommandOutput, 'ContentLength' | 'ContentRange'>): number {
  const whole = /^bytes \d+-\d+\/(?<size>\d+)$/.exec(ContentRange ?? '')?.groups?.['size'];
  return whole === undefined ? ContentLength : Number(whole);
}

/** A body is whole or an error: one that breaks off is read on from there. @param from where the answer was asked to begin */
export async function* wholeBody(
  s3: S3Connection,
  key: ObjectKey,
  exactly: ExactVersion,
  answer: GetObjectCommandOutput,
  from: number,
): AsyncGenerator<Uint8Array> {
  const call = { operation: 'GetObject', key };
  const size = wholeSize(answer);
  let body = answer.Body as Readable;
  let received = from;
  for (let resumed = 0; ; resumed += 1) {
    let failure: unknown;
    try {
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        received += piece.byteLength;
        yield piece;
      }
    } catch (error) {
      if (!isNetworkFailure(error)) throw await damaged(s3, error, call);
      failure = error;
    } finally {
      body.destroy();
    }
    if (received === size) return;
    if (resumed === RESUMPTIONS) {
      throw new ArtifactError(
        'STORE_UNAVAILABLE',
        `'${s3.bucket}/${key}' breaks off after ${received} of ${size} bytes`,
        { remedy: 'Look at the network, then run it again.', cause: failure },
      );
    }
    body = await rest(s3, call, key, { ...exactly, IfMatch: answer.ETag, Range: `bytes=${received}-` });
  }
}

/** A client that verifies S3's checksums by itself fails here with an error of its own. */
async function damaged(s3: S3Connection, error: unknown, call: StoreCall): Promise<unknown> {
  const explained = await s3.explained(error, call);
  if (explained !== error) return explained;
  const { message } = error as Error;
  return new ArtifactError('DIGEST_MISMATCH', `'${s3.bucket}/${call.key ?? ''}' arrives damaged: ${message}`, {
    remedy: 'Run it again. If it stays so, what is stored is damaged.',
    cause: error,
  });
}

async function rest(
  s3: S3Connection,
  call: StoreCall,
  key: ObjectKey,
  part: Pick<GetObjectCommandInput, 'IfMatch' | 'Range'>,
): Promise<Readable> {
  try {
    return (await s3.send('GetObject', { ...s3.target, ...part, Key: key })).Body as Readable;
  } catch (error) {
    if (isAbsent(error) || hasCode(error, 'PreconditionFailed')) {
      throw new ArtifactError('STORE_UNAVAILABLE', `'${s3.bucket}/${key}' was replaced while it was read`, {
        remedy: 'Run it again.',
        cause: error,
      });
    }
    throw await s3.explained(error, call);
  }
}
